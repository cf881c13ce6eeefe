//! Why a request was refused, worked out when its owner looks at it: from the stored bytes, with the time of
//! their arrival and the source's settings as they are now.

use std::sync::Arc;

use hookyard_model::clock::Timestamp;
use hookyard_model::request::{Head, RejectCause, Request, Verdict};
use hookyard_model::source::Source;
use hookyard_providers::{Configuration, Diagnosis, Evidence, KeyCache, RetiredSecret, diagnose};
use http::{HeaderMap, HeaderName, HeaderValue};
use serde::Serialize;
use utoipa::ToSchema;

use crate::server::Shared;

/// A diagnosis as it is shown.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DiagnosisView {
    /// Which check failed.
    check: &'static str,
    /// What was found.
    reason: String,
    /// What to do about it.
    suggestion: String,
}

impl From<Diagnosis> for DiagnosisView {
    fn from(diagnosis: Diagnosis) -> Self {
        let Diagnosis { check, reason, suggestion } = diagnosis;
        Self { check, reason, suggestion }
    }
}

/// Diagnoses a request whose verification failed; none for any other, and where its source is gone.
pub(crate) async fn of(api: &Shared, request: &Request) -> Option<DiagnosisView> {
    let Verdict::Rejected { cause: RejectCause::VerificationFailed, .. } = request.verdict else {
        return None;
    };
    let source = api.store.catalog().snapshot().sources.get(&request.source?).map(Arc::clone)?;
    let retired = api.store.catalog().retired_secrets(source.id).await.unwrap_or_default();
    let retired: Vec<(String, String)> = retired
        .into_iter()
        .map(|one| (one.secret.expose().to_owned(), ago(one.retired_at, api.clock.now())))
        .collect();
    let (request, url) = (request.clone(), source.url(api.public_url.as_deref()));
    let keys = api.keys.clone();
    // Some hundred hashes over the body: not beside what others wait for.
    let diagnosed =
        tokio::task::spawn_blocking(move || diagnosed(&source, url.as_deref(), &request, &retired, &keys));
    diagnosed.await.ok().flatten().map(DiagnosisView::from)
}

fn diagnosed(
    source: &Source,
    url: Option<&str>,
    request: &Request,
    retired: &[(String, String)],
    keys: &KeyCache,
) -> Option<Diagnosis> {
    let head = Head::parse(&request.head).ok()?;
    let mut headers = HeaderMap::with_capacity(head.headers.len());
    for (name, value) in &head.headers {
        headers.append(HeaderName::from_bytes(name.as_bytes()).ok()?, HeaderValue::from_bytes(value).ok()?);
    }
    let configuration = Configuration {
        provider: &source.verification.provider,
        secrets: &source.verification.exposed_secrets(),
        settings: &source.verification.settings,
        public_url: url,
    };
    let retired: Vec<RetiredSecret<'_>> =
        retired.iter().map(|(secret, when)| RetiredSecret { secret, when }).collect();
    let evidence = Evidence {
        request: hookyard_providers::Request {
            method: head.method,
            target: head.target,
            headers: &headers,
            body: &request.body,
            public_url: url,
        },
        is_whole: request.body.len() as u64 == request.body_bytes,
        arrived_s: request.received_at.s(),
        retired: &retired,
    };
    diagnose(&configuration, &evidence, keys)
}

/// How long ago something was, for people.
fn ago(then: Timestamp, now: Timestamp) -> String {
    match now.s().saturating_sub(then.s()) {
        0..120 => "just now".to_owned(),
        seconds @ 120..7_200 => format!("{} minutes ago", seconds / 60),
        seconds @ 7_200..172_800 => format!("{} hours ago", seconds / 3_600),
        seconds => format!("{} days ago", seconds / 86_400),
    }
}
