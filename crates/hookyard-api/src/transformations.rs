//! `/api/v1/transformations`: trying a transformation on a sample. Nothing is stored, and nothing is sent.

pub(crate) mod executions;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use hookyard_model::execution::{Console, ConsoleLine};
use hookyard_transform::input::{Body, Context, Env, Input, Request};
use hookyard_transform::outcome::{Outcome, RunError, Transformed};
use hookyard_transform::script::Script;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::body::{JsonBody, Object};
use crate::openapi::names;
use crate::problem::Problem;
use crate::query::NoQuery;
use crate::server::Shared;

/// What to run on what.
// No `Debug`: the variables may be secrets.
#[derive(Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(as = TransformationRunFields)]
pub(crate) struct RunFields {
    /// JavaScript.
    #[schema(min_length = 1, required)]
    code: String,
    /// The sample that it runs on.
    #[schema(value_type = SampleFields)]
    request: Object<SampleFields>,
    /// The variables in `process.env`.
    env: BTreeMap<String, String>,
}

/// The sample: what is left out is empty.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(as = SampleRequestFields)]
pub(crate) struct SampleFields {
    method: String,
    path: String,
    query: String,
    headers: BTreeMap<String, String>,
    /// A text is taken as it is; anything else is the JSON that it is.
    body: Value,
}

impl Default for SampleFields {
    fn default() -> Self {
        Self {
            method: "POST".to_owned(),
            path: String::new(),
            query: String::new(),
            headers: BTreeMap::new(),
            body: Value::Null,
        }
    }
}

/// What came of it: either a request or a failure.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TransformationRun)]
pub(crate) struct RunView {
    request: Option<RequestView>,
    failure: Option<FailureView>,
    console: Vec<LineView>,
    /// Lines of the console that were too many.
    console_dropped: u64,
    /// Processor time that the run took, in microseconds.
    cpu_us: u64,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TransformedRequest)]
struct RequestView {
    path: String,
    query: String,
    /// Name and value of each line, in their order.
    headers: Vec<(String, String)>,
    /// The body where it is UTF-8.
    body: Option<String>,
    /// The body in base64 where it is not.
    body_base64: Option<String>,
    body_changed: bool,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TransformationFailure)]
struct FailureView {
    kind: &'static str,
    message: String,
    line: Option<u32>,
    column: Option<u32>,
}

/// A line of the console.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ConsoleLine)]
pub(crate) struct LineView {
    #[schema(value_type = names::LineLevel)]
    level: &'static str,
    text: String,
}

impl From<ConsoleLine> for LineView {
    fn from(line: ConsoleLine) -> Self {
        Self { level: line.level.name(), text: line.text }
    }
}

/// Try a transformation
///
/// On a sample; nothing is stored, and nothing is sent. A script that fails is an answer like any other, and no error.
#[utoipa::path(post, path = "/api/v1/transformations/run", operation_id = "runTransformation",
    request_body = RunFields, responses((status = 200, body = RunView)))]
pub(crate) async fn run(
    State(api): State<Arc<Shared>>,
    _: NoQuery,
    JsonBody(fields): JsonBody<RunFields>,
) -> Result<Json<RunView>, Problem> {
    let RunFields { code, request: Object(sample), env } = fields;
    if code.is_empty() {
        return Err(Problem::missing_field("code"));
    }
    // Parsing takes as long as the code does; that is for a blocking thread.
    let compiled = tokio::task::spawn_blocking(move || Script::compile(&code)).await;
    let compiled = compiled.map_err(|error| Problem::internal(&error))?;
    let script = compiled.map_err(|error| Problem::invalid_field("code", error))?;
    let now = api.clock.now();
    let input = Input {
        request: sample.into_request(),
        context: Context::default(),
        env: Env::new(env),
        now_ms: i64::try_from(now.ms()).unwrap_or(i64::MAX),
        seed: now.us(),
    };
    match api.transformations.run(&script, input).await {
        Ok(outcome) => Ok(Json(RunView::done(outcome))),
        Err(RunError::Failed(failure)) => {
            let position = failure.position;
            let shown = FailureView {
                kind: failure.kind.name(),
                message: failure.message,
                line: position.map(|position| position.line),
                column: position.map(|position| position.column),
            };
            Ok(Json(RunView::new(None, Some(shown), failure.console, failure.cpu)))
        }
        Err(error @ (RunError::Busy | RunError::NoThread(_) | RunError::Stopped)) => {
            Err(Problem::busy(error.to_string()))
        }
    }
}

impl SampleFields {
    /// The request that it describes.
    pub(crate) fn into_request(self) -> Request {
        let bytes = match self.body {
            Value::Null => Bytes::new(),
            Value::String(text) => Bytes::from(text),
            json => Bytes::from(json.to_string()),
        };
        let named = |(name, _): &(&String, &String)| name.eq_ignore_ascii_case("content-type");
        let content_type = self.headers.iter().find(named).map(|(_, value)| value.clone());
        Request {
            method: self.method,
            path: self.path,
            query: self.query,
            headers: self.headers.into_iter().collect(),
            body: Body::of(content_type.as_deref(), bytes),
        }
    }
}

impl RunView {
    fn done(outcome: Outcome) -> Self {
        let Transformed { path, query, headers, body, body_changed } = outcome.request;
        let (body, body_base64) = match String::from_utf8(body.bytes().to_vec()) {
            Ok(text) => (Some(text), None),
            Err(error) => (None, Some(STANDARD.encode(error.as_bytes()))),
        };
        let request = RequestView { path, query, headers, body, body_base64, body_changed };
        Self::new(Some(request), None, outcome.console, outcome.cpu)
    }

    fn new(
        request: Option<RequestView>,
        failure: Option<FailureView>,
        console: Console,
        cpu: Duration,
    ) -> Self {
        Self {
            request,
            failure,
            console: console.lines.into_iter().map(LineView::from).collect(),
            console_dropped: console.dropped,
            cpu_us: u64::try_from(cpu.as_micros()).unwrap_or(u64::MAX),
        }
    }
}
