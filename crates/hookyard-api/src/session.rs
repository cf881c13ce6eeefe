//! `/api/v1/session`: the login of the dashboard, with a key.

mod wire;

use std::sync::Arc;

use axum::extract::State;
use axum::response::IntoResponse;
use axum::{Extension, Json};
use hookyard_model::access::Actor;
use hookyard_model::secret::Secret;
use hookyard_store::catalog::audit::{Author, NewEntry};
use http::{HeaderMap, StatusCode, header};

use crate::body::JsonBody;
use crate::caller::PerhapsCaller;
use crate::guard::{Guard, Remote};
use crate::problem::{Kind, Problem};
use crate::query::NoQuery;
use crate::server::Shared;
use wire::{LoginFields, LoginView, SessionView};

/// Show the session
///
/// Whether a key is needed, and who the caller is.
#[utoipa::path(get, path = "/api/v1/session", operation_id = "getSession",
    responses((status = 200, body = SessionView)))]
pub(crate) async fn show(
    Extension(guard): Extension<Arc<Guard>>,
    PerhapsCaller(caller): PerhapsCaller,
    _: NoQuery,
) -> Result<Json<SessionView>, Problem> {
    Ok(Json(SessionView::new(guard.is_key_needed(), caller.as_ref())))
}

/// Log in
///
/// Sets the cookie of a session. A wrong key is answered late, and many of them are refused.
#[utoipa::path(post, path = "/api/v1/session", operation_id = "logIn",
    request_body = LoginFields, responses((status = 200, body = LoginView)))]
pub(crate) async fn log_in(
    State(api): State<Arc<Shared>>,
    Extension(guard): Extension<Arc<Guard>>,
    remote: Option<Extension<Remote>>,
    headers: HeaderMap,
    _: NoQuery,
    JsonBody(fields): JsonBody<LoginFields>,
) -> Result<impl IntoResponse, Problem> {
    let key = fields.key.filter(|key| !key.is_empty()).ok_or_else(|| Problem::missing_field("key"))?;
    let remote = remote.map(|Extension(Remote(address))| address);
    let nobody = || Author { actor: Actor::Unknown, remote, action: None };
    match guard.log_in(&Secret::new(key), &headers, remote).await {
        Ok(login) => {
            note(&api, login.caller.author(), "session.login").await;
            let view = LoginView::new(&login.caller, login.ends_at);
            Ok(([(header::SET_COOKIE, login.cookie)], Json(view)))
        }
        Err(problem) if problem.is(Kind::Unauthorized) => {
            note(&api, nobody(), "session.login_failed").await;
            Err(problem)
        }
        Err(problem) => Err(problem),
    }
}

/// Log out
///
/// The cookie lets nobody in any more; no error where there was no session.
#[utoipa::path(delete, path = "/api/v1/session", operation_id = "logOut", responses((status = 204)))]
pub(crate) async fn log_out(
    State(api): State<Arc<Shared>>,
    Extension(guard): Extension<Arc<Guard>>,
    PerhapsCaller(caller): PerhapsCaller,
    headers: HeaderMap,
    _: NoQuery,
) -> Result<impl IntoResponse, Problem> {
    let cookie = guard.log_out(&headers);
    if let Some(caller) = caller.filter(|caller| caller.session_ends_at.is_some()) {
        note(&api, caller.author(), "session.logout").await;
    }
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie)]))
}

/// A login goes on where the log cannot be written: whoever has to look at what fails has to get in.
async fn note(api: &Shared, author: Author, action: &'static str) {
    let entry = NewEntry { action, resource_type: "session", resource_id: None, changes: Vec::new() };
    if let Err(error) = api.store.catalog().by(author).note(entry).await {
        tracing::error!(%error, action, "the audit log has no entry of this");
    }
}
