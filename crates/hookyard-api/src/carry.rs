//! What is around a call that changes something: it is carried through although its caller goes away, it is noted in the
//! audit log, and with an `Idempotency-Key` it is done once however often it is sent.
//!
//! Only calls that succeeded are remembered: one that was refused changed nothing, and may succeed the next time.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use hookyard_store::catalog::audit::{Change, NewEntry};
use hookyard_store::idempotency::{Answer, Begun, Call, StoreError, Ticket};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use http_body_util::BodyExt as _;
use ring::digest::{Context, SHA256};

use crate::body;
use crate::caller::Caller;
use crate::endpoints::{Access, Audit, Endpoint};
use crate::problem::{Kind, Problem};
use crate::server::Shared;

/// The key that a caller gives a call.
pub(crate) const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// Present where an answer is one that was given before.
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
/// The longest key, in bytes.
const KEY_BYTES_MAX: usize = 255;

/// What a handler adds to its answer for the audit log; for actions that the catalog knows nothing of.
#[derive(Clone, Debug)]
pub(crate) struct Noted(pub(crate) Vec<Change>);

/// A call on its way to its handler.
struct Carried {
    api: Arc<Shared>,
    endpoint: &'static Endpoint,
    caller: Caller,
    path: Option<MatchedPath>,
    request: Request,
    next: Next,
}

/// The middleware, behind the guard.
pub(crate) async fn carry(
    State(api): State<Arc<Shared>>,
    path: Option<MatchedPath>,
    request: Request,
    next: Next,
) -> Response {
    let extensions = request.extensions();
    let known = extensions.get::<&'static Endpoint>().copied().zip(extensions.get::<Caller>().cloned());
    let is_change = [Method::POST, Method::PATCH, Method::DELETE].contains(request.method());
    let Some((endpoint, caller)) = known.filter(|_| is_change) else { return next.run(request).await };
    // An answer to a login is a cookie, which is not to be had twice.
    let key = match endpoint.access {
        Access::Scope(_) => idempotency_key(request.headers()),
        Access::Open | Access::Anybody => Ok(None),
    };
    let carried = Carried { api, endpoint, caller, path, request, next };
    match key {
        Ok(Some(key)) => carried.once(key).await.unwrap_or_else(Problem::into_response),
        Ok(None) if matches!(endpoint.audit, Audit::After(_)) => through(carried.noted()).await,
        Ok(None) => carried.next.run(carried.request).await,
        Err(problem) => problem.into_response(),
    }
}

/// Carries something through also where nobody waits for it any more.
async fn through(work: impl Future<Output = Response> + Send + 'static) -> Response {
    match tokio::spawn(work).await {
        Ok(response) => response,
        Err(error) => Problem::internal(&error).into_response(),
    }
}

impl Carried {
    /// Makes the call, and notes it where it succeeds. A crash between the two loses the entry.
    async fn noted(self) -> Response {
        let Self { api, endpoint, caller, path, request, next } = self;
        let target = request.uri().path().to_owned();
        let mut response = next.run(request).await;
        let changes = response.extensions_mut().remove::<Noted>();
        if let Audit::After(action) = endpoint.audit
            && response.status().is_success()
        {
            let resource_id = id_in(path.as_ref().map_or("", MatchedPath::as_str), &target)
                .or_else(|| id_made(response.headers()));
            let entry = NewEntry {
                action,
                resource_type: action.split('.').next().unwrap_or(action),
                resource_id,
                changes: changes.map(|Noted(changes)| changes).unwrap_or_default(),
            };
            if let Err(error) = caller.catalog(&api).note(entry).await {
                tracing::error!(%error, action, "the audit log has no entry of this");
            }
        }
        response
    }

    /// Makes the call unless it was made before.
    async fn once(mut self, key: String) -> Result<Response, Problem> {
        let (parts, body) = self.request.into_parts();
        let body = body::collect(body).await?;
        let mut context = Context::new(&SHA256);
        let content_type = parts.headers.get(header::CONTENT_TYPE).map_or(&b""[..], HeaderValue::as_bytes);
        let target = parts.uri.path_and_query().map_or("", |target| target.as_str());
        for part in [parts.method.as_str().as_bytes(), target.as_bytes(), content_type, &body] {
            context.update(&part.len().to_be_bytes());
            context.update(part);
        }
        let fingerprint = context.finish().as_ref().try_into().unwrap_or_default();
        self.request = Request::from_parts(parts, Body::from(body));
        let call = Call { caller: self.caller.identity(), key, fingerprint };
        Ok(through(async move { self.known_or_made(call).await.unwrap_or_else(Problem::into_response) })
            .await)
    }

    async fn known_or_made(self, call: Call) -> Result<Response, Problem> {
        match self.api.store.begin_call(call).await? {
            Begun::First(ticket) => Ok(self.answered(ticket).await),
            Begun::Answered(answer) => Ok(replayed(answer)),
            Begun::AnsweredAtLength => Err(Problem::new(
                Kind::IdempotencyAnswerGone,
                "the call was carried out, and its answer was too long to be kept: look at what it changed",
            )),
            Begun::UnderWay => Err(Problem::new(
                Kind::IdempotencyKeyInUse,
                "a call with this key is being carried out: ask again when it has been answered",
            )),
            Begun::CutOff => Err(Problem::new(
                Kind::IdempotencyCallCutOff,
                "the gateway stopped while the call was carried out, and whether it was is not known: look, and use \
                 another key if it is to be made again",
            )),
            Begun::AnotherCall => Err(Problem::new(
                Kind::IdempotencyKeyReused,
                "the key was used for another call: use a new key for each call",
            )),
        }
    }

    async fn answered(self, ticket: Ticket) -> Response {
        let (parts, body) = self.noted().await.into_parts();
        let body = match body.collect().await {
            Ok(body) => body.to_bytes(),
            Err(error) => return Problem::internal(&error).into_response(),
        };
        let answer = parts.status.is_success().then(|| Answer {
            status: parts.status.as_u16(),
            headers: (parts.headers.iter())
                .map(|(name, value)| (name.to_string(), value.as_bytes().to_vec()))
                .collect(),
            body: body.to_vec(),
        });
        if let Err(error) = ticket.finish(answer).await {
            tracing::error!(%error, "the answer to a call with an idempotency key is not kept");
        }
        Response::from_parts(parts, Body::from(body))
    }
}

fn replayed(answer: Answer) -> Response {
    let mut response = Response::new(Body::from(answer.body));
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or_default();
    let headers = response.headers_mut();
    for (name, value) in answer.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::from_bytes(&value)) {
            headers.append(name, value);
        }
    }
    headers.insert(REPLAYED, HeaderValue::from_static("true"));
    response
}

fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let mut values = headers.get_all(IDEMPOTENCY_KEY).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let is_key = |text: &&str| {
        (1..=KEY_BYTES_MAX).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
    };
    match value.to_str().ok().filter(is_key) {
        Some(key) if values.next().is_none() => Ok(Some(key.to_owned())),
        _ => {
            let detail = format!(
                "`Idempotency-Key`: expected one of 1 to {KEY_BYTES_MAX} visible ASCII characters, such as a UUID"
            );
            Err(Problem::with_field(Kind::InvalidHeader, "Idempotency-Key", detail))
        }
    }
}

/// The segment of a path that stands where the router's has its first parameter.
fn id_in(pattern: &str, path: &str) -> Option<String> {
    let mut segments = pattern.split('/').zip(path.split('/'));
    segments.find(|(pattern, _)| pattern.starts_with('{')).map(|(_, id)| id.to_owned())
}

/// The id of what was made.
fn id_made(headers: &HeaderMap) -> Option<String> {
    let location = headers.get(header::LOCATION)?.to_str().ok()?;
    location.rsplit('/').next().map(str::to_owned)
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "a call with an idempotency key was refused");
        let detail = "nothing was changed: the cause is in the log of the server; try again after that";
        Self::new(Kind::StoreUnavailable, detail)
    }
}
