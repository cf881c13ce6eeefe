//! `/api/v1/requests`: what arrived, byte for byte.

pub(crate) mod diagnosis;
mod filter;
mod wire;

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use bytes::Bytes;
use hookyard_model::id::{ProjectId, RequestId};
use hookyard_model::request::{Head, Request};
use hookyard_store::history::{EventFilter, Page, RequestDetails, RequestKind};
use http::{HeaderMap, HeaderName, HeaderValue, header};

use crate::events::EventView;
use crate::histogram::{HistogramParameters, HistogramView, grid};
use crate::list::{LIMIT_MAX, List, Searched};
use crate::openapi::id;
use crate::openapi::paging::NewestFirst;
use crate::openapi::wrap::Bytes as RawBytes;
use crate::problem::Problem;
use crate::project::{Id, InProject};
use crate::query::{NoQuery, Query};
use crate::server::Shared;
use crate::wanted::ContentParameters;
use filter::RequestParameters;
pub(crate) use wire::{RequestSummaryView, RequestView};

/// The original `Content-Type` of a raw body, which is itself served as bytes without meaning.
const ORIGINAL_CONTENT_TYPE: HeaderName = HeaderName::from_static("hookyard-content-type");
/// Present where only the beginning of a body was kept.
const BODY_TRUNCATED: HeaderName = HeaderName::from_static("hookyard-body-truncated");

/// List requests
///
/// Newest first.
#[utoipa::path(get, path = "/api/v1/requests", operation_id = "listRequests",
    params(NewestFirst<id::Request>, RequestParameters, ContentParameters),
    responses((status = 200, body = Searched<RequestSummaryView>)))]
pub(crate) async fn list(
    State(api): State<Arc<Shared>>,
    InProject(project): InProject,
    query: Query,
) -> Result<Json<Searched<RequestSummaryView>>, Problem> {
    let (cursor, filter) =
        query.read(|query| Ok((query.cursor("before")?, filter::of_parameters(query)?)))?;
    let page = Page { before: cursor.past, limit: cursor.rows_wanted() };
    let listed = api.store.list_requests(project, filter, page).await?;
    Ok(Json(Searched::of(listed, cursor.limit, |row| row.id, RequestSummaryView::from)))
}

/// Count requests over time
///
/// By status.
#[utoipa::path(get, path = "/api/v1/requests/histogram", operation_id = "countRequests",
    params(HistogramParameters, RequestParameters), responses((status = 200, body = HistogramView)))]
pub(crate) async fn histogram(
    State(api): State<Arc<Shared>>,
    InProject(project): InProject,
    query: Query,
) -> Result<Json<HistogramView>, Problem> {
    let now = api.clock.now();
    let (grid, filter) = query.read(|query| Ok((grid(query, now)?, filter::of_index(query)?)))?;
    let counted = api.store.request_histogram(project, filter, grid).await?;
    Ok(Json(HistogramView::new(grid, counted, RequestKind::name)))
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
    Ok(Json(view(&api, project, &details).await?))
}

/// A request with what is known about it besides.
pub(crate) async fn view(
    api: &Shared,
    project: ProjectId,
    details: &RequestDetails,
) -> Result<RequestView, Problem> {
    let filter = EventFilter { request: Some(details.request.id), ..EventFilter::default() };
    let page = Page { before: None, limit: LIMIT_MAX + 1 };
    let events = api.store.events(project, filter, page).await?;
    let events = List::of(events, LIMIT_MAX, |event| event.id, |event| EventView::new(&api.store, &event));
    let diagnosis = diagnosis::of(api, &details.request).await;
    Ok(RequestView::new(details, diagnosis, events))
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
