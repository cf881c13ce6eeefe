//! `/api/v1/filters`: trying a filter on a request, one that is stored or one that is made up. Nothing is stored.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use hookyard_model::id::{ProjectId, RequestId};
use hookyard_model::request::{BadHead, Head};
use hookyard_rules::filter::Filter;
use hookyard_rules::values::{Parts, Values};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::body::{JsonBody, Object};
use crate::openapi::id;
use crate::problem::{Kind, Problem};
use crate::project::InProject;
use crate::query::NoQuery;
use crate::server::Shared;
use crate::transformations::SampleFields;

/// Which filter, and on what: `request` or `request_id`.
#[derive(Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(as = FilterRunFields)]
pub(crate) struct RunFields {
    /// As a rule of type `filter` has it, without its `type`.
    #[schema(value_type = Object, required)]
    filter: Option<Map<String, Value>>,
    /// A request that is made up.
    #[schema(value_type = Option<SampleFields>)]
    request: Option<Object<SampleFields>>,
    /// What kind of event that is, by its provider's word.
    topic: Option<String>,
    /// A stored request.
    #[schema(value_type = Option<id::Request>)]
    request_id: Option<String>,
}

/// Whether the filter lets it pass.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FilterRun)]
pub(crate) struct RunView {
    passes: bool,
    /// Which condition it does not meet, like `/body/amount (a number) does not meet $gte 100`; none where it passes.
    why: Option<String>,
}

/// Try a filter
///
/// On a stored request, or on one that is made up. One that does not pass is an answer like any other, and no error.
#[utoipa::path(post, path = "/api/v1/filters/run", operation_id = "runFilter",
    request_body = RunFields, responses((status = 200, body = RunView)))]
pub(crate) async fn run(
    State(api): State<Arc<Shared>>,
    InProject(project): InProject,
    _: NoQuery,
    JsonBody(fields): JsonBody<RunFields>,
) -> Result<Json<RunView>, Problem> {
    let RunFields { filter, request, topic, request_id } = fields;
    let filter = Value::Object(filter.ok_or_else(|| Problem::missing_field("filter"))?);
    let filter = Filter::compile(&filter).map_err(|error| Problem::invalid_field("filter", error))?;
    match (request, request_id) {
        (Some(Object(sample)), None) => Ok(Json(on_sample(filter, sample, topic).await?)),
        (None, Some(id)) if topic.is_none() => Ok(Json(on_stored(&api, project, filter, &id).await?)),
        (None, Some(_)) => Err(Problem::invalid_field("topic", "a stored request has its own: leave it out")),
        (None, None) => Err(Problem::missing_field("request")),
        (Some(_), Some(_)) => Err(Problem::invalid_field("request_id", "give this or `request`, not both")),
    }
}

async fn on_sample(filter: Filter, sample: SampleFields, topic: Option<String>) -> Result<RunView, Problem> {
    let sample = sample.into_request();
    let body = sample.body.bytes();
    judged(move || {
        let headers: Vec<(&str, &[u8])> =
            sample.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
        let parts = Parts {
            method: &sample.method,
            path: &sample.path,
            query: &sample.query,
            headers: &headers,
            topic: topic.as_deref(),
            body: &body,
        };
        Ok(RunView::of(&filter, parts))
    })
    .await
}

async fn on_stored(api: &Shared, project: ProjectId, filter: Filter, id: &str) -> Result<RunView, Problem> {
    let unknown = |reason: String| Problem::with_field(Kind::UnknownReference, "request_id", reason);
    let id: RequestId = id.parse().map_err(|error| unknown(format!("`request_id`: {error}")))?;
    let found = api.store.request_details(project, id).await?;
    let details = found.ok_or_else(|| unknown(format!("`request_id`: there is no request `{id}`")))?;
    judged(move || {
        let head = Head::parse(&details.request.head)?;
        Ok(RunView::of(&filter, Parts::of(&head, details.fields.topic.as_deref(), &details.request.body)))
    })
    .await
}

/// A large body takes a while: that is for a blocking thread.
async fn judged(
    judge: impl FnOnce() -> Result<RunView, BadHead> + Send + 'static,
) -> Result<RunView, Problem> {
    let judged = tokio::task::spawn_blocking(judge).await.map_err(|error| Problem::internal(&error))?;
    judged.map_err(|error| Problem::invalid_field("request_id", error))
}

impl RunView {
    fn of(filter: &Filter, parts: Parts<'_>) -> Self {
        let values = Values::new(parts);
        match filter.matches(&values) {
            true => Self { passes: true, why: None },
            false => {
                Self { passes: false, why: filter.explain(&values).map(|mismatch| mismatch.to_string()) }
            }
        }
    }
}
