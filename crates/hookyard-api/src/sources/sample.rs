//! `POST /api/v1/sources/{id}/sample`: a request as the source's provider would send it, signed with the source's own
//! secret, and sent over a connection like the provider's.
//!
//! It is the console's first step, and it shows a signature, never the secret.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use hookyard_model::id::SourceId;
use hookyard_model::source::Source;
use hookyard_outgoing::own::{Answer, Own, Unanswered};
use hookyard_providers::Configuration;
use hookyard_providers::sign::{SampleError, SignedRequest, Wanted, sample};
use http::{Request, Uri, header};
use http_body_util::Full;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::find;
use crate::body::OptionalBody;
use crate::openapi::id;
use crate::payload::{HeaderLines, HeaderText};
use crate::problem::{Kind, Problem};
use crate::project::{Id, InProject};
use crate::query::NoQuery;
use crate::server::Shared;

/// What the sample is to be.
#[derive(Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct SampleFields {
    /// Whether it is sent, or only made.
    send: bool,
    /// The body; by default the provider's example.
    body: Option<String>,
    /// The topic that it tells of; by default the example's.
    topic: Option<String>,
}

impl Default for SampleFields {
    fn default() -> Self {
        Self { send: true, body: None, topic: None }
    }
}

/// A sample, and what came of it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SampleView {
    method: String,
    /// Where a provider would send it to.
    url: String,
    #[schema(value_type = Vec<(String, HeaderText)>)]
    headers: HeaderLines,
    /// The body where it is UTF-8.
    body: Option<String>,
    /// The body in base64 where it is not.
    body_base64: Option<String>,
    /// The command that sends it; none where it is not text.
    curl: Option<String>,
    /// None where it was only made.
    sent: Option<SentView>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SentSample)]
struct SentView {
    status: u16,
    /// The request that was made of it; none where the answer does not say, as a custom one or a refusal.
    #[schema(value_type = Option<id::Request>)]
    request_id: Option<String>,
    /// The body of the answer.
    answer: String,
}

#[derive(Deserialize)]
struct Received {
    request_id: String,
}

/// Send a signed sample
///
/// A request as the source's provider would send it, signed with the source's own secret, and sent to the gateway's own
/// public listener like any other.
#[utoipa::path(post, path = "/api/v1/sources/{id}/sample", operation_id = "sendSample",
    params(("id" = id::Source, Path)), request_body = Option<SampleFields>,
    responses((status = 200, body = SampleView)))]
pub(crate) async fn send_sample(
    State(api): State<Arc<Shared>>,
    InProject(project): InProject,
    Id(id): Id<SourceId>,
    _: NoQuery,
    OptionalBody(fields): OptionalBody<SampleFields>,
) -> Result<Json<SampleView>, Problem> {
    let source = find(&api, project, id)?;
    let signed = sign(&api, &source, &fields)?;
    let url = source.url(api.public_url.as_deref());
    let url = url.unwrap_or_else(|| format!("{}/{}", api.listening_url, source.token));
    let sent = match (fields.send, &api.own) {
        (false, _) => None,
        (true, Some(own)) => Some(deliver(own, &source, &signed, &url).await?),
        (true, None) => return Err(not_reached("there is no public listener")),
    };
    Ok(Json(SampleView::new(signed, url, sent)))
}

fn sign(api: &Shared, source: &Source, fields: &SampleFields) -> Result<SignedRequest, Problem> {
    let verification = &source.verification;
    let url = source.url(api.public_url.as_deref());
    let configuration = Configuration {
        provider: &verification.provider,
        secrets: &verification.exposed_secrets(),
        settings: &verification.settings,
        public_url: url.as_deref(),
    };
    let wanted = Wanted {
        body: fields.body.as_deref().map(str::as_bytes),
        topic: fields.topic.as_deref(),
        private_key: None,
        now_s: api.clock.now().s(),
    };
    sample(&configuration, &wanted).map_err(|error| match error {
        SampleError::PrivateKeyNeeded(name) => no_sample(format!(
            "{name} signs with a private key that only it has: have it send a request, or sign one with a key of your \
             own (`hookyard sign --private-key`) whose public key the source has"
        )),
        error => no_sample(format!("no sample can be made: {error}")),
    })
}

async fn deliver(own: &Own, source: &Source, signed: &SignedRequest, url: &str) -> Result<SentView, Problem> {
    let authority = url.parse::<Uri>().ok().and_then(|url| url.authority().map(ToString::to_string));
    let mut request = Request::builder().method(signed.method.as_str()).uri(signed.target(&source.token));
    if let (Some(headers), Some(authority)) = (request.headers_mut(), authority) {
        headers.extend(signed.headers.clone());
        // A header of that name in the sample is signed, so it stays.
        if !headers.contains_key(header::HOST) {
            headers.extend(authority.parse().ok().map(|host| (header::HOST, host)));
        }
    }
    let body = Full::new(Bytes::from(signed.body.clone()));
    let request = request.body(body).map_err(|error| no_sample(format!("it cannot be sent: {error}")))?;
    let answered = own.send(request).await;
    answered.map(SentView::from).map_err(|error: Unanswered| not_reached(&error.to_string()))
}

impl From<Answer> for SentView {
    fn from(answer: Answer) -> Self {
        let received = serde_json::from_slice(&answer.body).ok();
        Self {
            status: answer.status.as_u16(),
            request_id: received.map(|Received { request_id }| request_id),
            answer: String::from_utf8_lossy(&answer.body).into_owned(),
        }
    }
}

impl SampleView {
    fn new(signed: SignedRequest, url: String, sent: Option<SentView>) -> Self {
        let curl = signed.curl(&url).ok();
        let header = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
            (name.to_string(), HeaderText::from(value.as_bytes()))
        };
        let headers = signed.headers.iter().map(header).collect();
        let (body, body_base64) = match String::from_utf8(signed.body) {
            Ok(text) => (Some(text), None),
            Err(error) => (None, Some(STANDARD.encode(error.as_bytes()))),
        };
        let url = format!("{url}{}", signed.suffix);
        Self { method: signed.method, url, headers, body, body_base64, curl, sent }
    }
}

fn no_sample(detail: String) -> Problem {
    Problem::new(Kind::NoSample, detail)
}

fn not_reached(why: &str) -> Problem {
    Problem::new(Kind::ListenerUnreachable, format!("the sample could not be sent: {why}"))
}
