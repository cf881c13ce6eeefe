//! `/api/v1/requests`: what arrived, byte for byte.

mod diagnosis;
mod wire;

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use bytes::Bytes;
use hookyard_model::id::{ProjectId, RequestId};
use hookyard_model::request::{Fields, Head, RejectCause, Request};
use hookyard_store::history::{EventFilter, Page, RequestDetails, RequestFilter, RequestKind};
use http::{HeaderMap, HeaderName, HeaderValue, header};
use utoipa::IntoParams;

use crate::events::EventView;
use crate::list::{LIMIT_MAX, List};
use crate::openapi::paging::NewestFirst;
use crate::openapi::wrap::Bytes as RawBytes;
use crate::openapi::{id, names};
use crate::problem::Problem;
use crate::project::{Id, InProject};
use crate::query::{NoQuery, Parameters, Query};
use crate::server::Shared;
use wire::{RequestSummaryView, RequestView};

/// The original `Content-Type` of a raw body, which is itself served as bytes without meaning.
const ORIGINAL_CONTENT_TYPE: HeaderName = HeaderName::from_static("hookyard-content-type");
/// Present where only the beginning of a body was kept.
const BODY_TRUNCATED: HeaderName = HeaderName::from_static("hookyard-body-truncated");

/// List requests
///
/// Newest first.
#[utoipa::path(get, path = "/api/v1/requests", operation_id = "listRequests",
    params(NewestFirst<id::Request>, RequestParameters),
    responses((status = 200, body = List<RequestSummaryView>)))]
pub(crate) async fn list(
    State(api): State<Arc<Shared>>,
    InProject(project): InProject,
    query: Query,
) -> Result<Json<List<RequestSummaryView>>, Problem> {
    let (cursor, filter) = query.read(|query| Ok((query.cursor("before")?, filter(query)?)))?;
    let page = Page { before: cursor.past, limit: cursor.rows_wanted() };
    let rows = api.store.requests(project, filter, page).await?;
    Ok(Json(List::of(rows, cursor.limit, |row| row.id, RequestSummaryView::from)))
}

/// Which requests are listed, described: what [`filter`] reads.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it describes only")]
pub(crate) struct RequestParameters {
    /// Of this source.
    #[param(inline)]
    source_id: Option<id::Source>,
    /// With this status.
    #[param(inline)]
    status: Option<names::RequestStatus>,
    /// Rejected for this.
    #[param(inline)]
    cause: Option<names::RejectCause>,
    /// With this id of the provider's.
    #[param(min_length = 1, max_length = 256)]
    provider_event_id: Option<String>,
    /// Of this kind, as the provider calls it.
    #[param(min_length = 1, max_length = 256)]
    topic: Option<String>,
}

fn filter(query: &mut Parameters) -> Result<RequestFilter, Problem> {
    Ok(RequestFilter {
        source: query.optional("source_id")?,
        kind: query.with("status", |status| match status {
            "accepted" => Ok(RequestKind::Accepted),
            "pending" => Ok(RequestKind::Pending),
            "handshake" => Ok(RequestKind::Handshake),
            "rejected" => Ok(RequestKind::Rejected),
            _ => Err("expected `accepted`, `pending`, `handshake` or `rejected`".to_owned()),
        })?,
        cause: query.with("cause", |name| {
            let cause = RejectCause::ALL.into_iter().find(|cause| cause.name() == name);
            cause.ok_or_else(|| {
                format!("expected one of {}", RejectCause::ALL.map(RejectCause::name).join(", "))
            })
        })?,
        provider_event_id: query.with("provider_event_id", provider_text)?,
        topic: query.with("topic", provider_text)?,
    })
}

/// A text that a provider says about an event, as long as such a text is kept.
fn provider_text(text: &str) -> Result<String, String> {
    match text.len() {
        1..=Fields::TEXT_BYTES_MAX => Ok(text.to_owned()),
        _ => Err(format!("expected 1 to {} bytes", Fields::TEXT_BYTES_MAX)),
    }
}

/// Show a request
///
/// With the first page of its events.
#[utoipa::path(get, path = "/api/v1/requests/{id}", operation_id = "getRequest",
    params(("id" = id::Request, Path)), responses((status = 200, body = RequestView)))]
pub(crate) async fn show(
    State(api): State<Arc<Shared>>,
    InProject(project): InProject,
    Id(id): Id<RequestId>,
    _: NoQuery,
) -> Result<Json<RequestView>, Problem> {
    let details = find(&api, project, id).await?;
    let filter = EventFilter { request: Some(id), ..EventFilter::default() };
    let page = Page { before: None, limit: LIMIT_MAX + 1 };
    let events = api.store.events(project, filter, page).await?;
    let events = List::of(events, LIMIT_MAX, |event| event.id, |event| EventView::new(&api.store, &event));
    let diagnosis = diagnosis::of(&api, &details.request).await;
    Ok(Json(RequestView::new(&details, diagnosis, events)))
}

/// Download the body of a request
///
/// Byte for byte, as far as it was kept.
#[utoipa::path(get, path = "/api/v1/requests/{id}/body", operation_id = "getRequestBody",
    params(("id" = id::Request, Path)),
    responses((status = 200, body = RawBytes, content_type = "application/octet-stream",
        headers(
            ("Hookyard-Content-Type" = String, description = "The `Content-Type` it came with."),
            ("Hookyard-Body-Truncated" = String, description = "`true` where only its beginning was kept."),
        ))))]
pub(crate) async fn body(
    State(api): State<Arc<Shared>>,
    InProject(project): InProject,
    Id(id): Id<RequestId>,
    _: NoQuery,
) -> Result<impl IntoResponse, Problem> {
    let request = find(&api, project, id).await?.request;
    Ok(raw_body(&id.to_string(), request))
}

/// The bytes of a body, for a file of this name.
pub(crate) fn raw_body(name: &str, request: Request) -> (HeaderMap, Bytes) {
    let mut headers = download(&format!("{name}.body"));
    let original = Head::parse(&request.head).ok().and_then(|head| head.header("content-type"));
    if let Some(value) = original.and_then(|value| HeaderValue::from_bytes(value).ok()) {
        headers.insert(ORIGINAL_CONTENT_TYPE, value);
    }
    if (request.body.len() as u64) < request.body_bytes {
        headers.insert(BODY_TRUNCATED, HeaderValue::from_static("true"));
    }
    (headers, request.body)
}

/// Download the head of a request
///
/// Request line and header lines as they came over the wire.
#[utoipa::path(get, path = "/api/v1/requests/{id}/head", operation_id = "getRequestHead",
    params(("id" = id::Request, Path)),
    responses((status = 200, body = RawBytes, content_type = "application/octet-stream")))]
pub(crate) async fn head(
    State(api): State<Arc<Shared>>,
    InProject(project): InProject,
    Id(id): Id<RequestId>,
    _: NoQuery,
) -> Result<impl IntoResponse, Problem> {
    let request = find(&api, project, id).await?.request;
    Ok((download(&format!("{id}.head")), request.head))
}

fn download(file_name: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("sandbox"));
    if let Ok(value) = HeaderValue::try_from(format!("attachment; filename=\"{file_name}\"")) {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    headers
}

async fn find(api: &Shared, project: ProjectId, id: RequestId) -> Result<RequestDetails, Problem> {
    let found = api.store.request_details(project, id).await?;
    found.ok_or_else(|| Problem::not_found_or_dropped("request", id))
}
