//! `/api/v1/audit_entries`: who did what.

mod wire;

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use hookyard_store::history::Page;

use crate::list::List;
use crate::openapi::id;
use crate::openapi::paging::NewestFirst;
use crate::problem::Problem;
use crate::query::Query;
use crate::server::Shared;
use wire::{AuditEntryView, FilterParams, filter};

/// List audit entries
///
/// Who did what, newest first.
#[utoipa::path(get, path = "/api/v1/audit_entries", operation_id = "listAuditEntries",
    params(NewestFirst<id::AuditEntry>, FilterParams), responses((status = 200, body = List<AuditEntryView>)))]
pub(crate) async fn list(
    State(api): State<Arc<Shared>>,
    query: Query,
) -> Result<Json<List<AuditEntryView>>, Problem> {
    let (cursor, filter) = query.read(|query| Ok((query.cursor("before")?, filter(query)?)))?;
    let page = Page { before: cursor.past, limit: cursor.rows_wanted() };
    let rows = api.store.catalog().audit_entries(filter, page).await?;
    Ok(Json(List::of(rows, cursor.limit, |row| row.id, AuditEntryView::new)))
}
