//! Handshakes on their way through ingest: answered at once, noted like refusals, never routed.
//!
//! **Invariant:** a secret that a handshake brings is durable before the provider is told that it arrived.

use std::sync::Arc;

use bytes::Bytes;
use hookyard_model::clock::Timestamp;
use hookyard_model::secret::Secret;
use hookyard_providers::{HandshakeAnswer, Outcome, Request, Verdict};
use http::header::X_CONTENT_TYPE_OPTIONS;
use http::{HeaderValue, Response};
use http_body_util::Full;

use crate::answer::{self, Answer};
use crate::receive::Received;
use crate::sources::Entry;

/// Longest body of a handshake. They are small, and a large body is not searched for one.
const BODY_BYTES_MAX: usize = 64 << 10;

/// What a request turns out to be.
pub(crate) enum Asked {
    /// It is answered; there is nothing more to do.
    Answered(Answer),
    /// It is a handshake that can only be finished once a key is there, or that ends in a call: it is made
    /// durable, and finished behind the acknowledgement.
    Unfinished,
    /// It is no handshake.
    Nothing,
}

impl Received<'_> {
    /// Answers the request if it is a handshake of the source's provider.
    pub(crate) async fn handshake(&self, entry: &Arc<Entry>, body: &Bytes, received_at: Timestamp) -> Asked {
        let Some(handshakes) = entry.handshakes.as_ref().filter(|_| body.len() <= BODY_BYTES_MAX) else {
            return Asked::Nothing;
        };
        let request = self.request(entry, body);
        let verified = || match &entry.verifier {
            Some(verifier) => verifier.verify(&request, &self.shared.keys, received_at.s()),
            None => Verdict::Refused(hookyard_providers::Refusal::NoSecretYet),
        };
        match handshakes.answer(&request, verified) {
            None => Asked::Nothing,
            Some(Outcome::Unverified(refusal)) => {
                Asked::Answered(self.verification_failed(entry, body, received_at, &refusal))
            }
            Some(Outcome::KeyNeeded(_)) => Asked::Unfinished,
            Some(Outcome::Answered(HandshakeAnswer { then: Some(_), refused: None, .. })) => {
                Asked::Unfinished
            }
            Some(Outcome::Answered(answered)) => {
                Asked::Answered(self.answer_handshake(entry, answered, body, received_at).await)
            }
        }
    }

    /// Answers what a provider asks the host, for all sources of that provider together.
    pub(crate) fn host_handshake(&self) -> Option<Answer> {
        let asked = self.shared.sources.asked_at_host();
        let answers: Vec<_> = asked
            .iter()
            .filter_map(|entry| {
                let answered = entry.handshakes.as_ref()?.answer_for_host(&self.request(entry, b""))?;
                Some((entry, answered))
            })
            .collect();
        let (first, answered) = answers.first()?;
        let now = self.shared.clock.now();
        self.note_handshake(first, answered.name, None, &Bytes::new(), now);
        let lines: Vec<&[u8]> =
            answers.iter().filter_map(|(_, answered)| answered.answer.body.as_deref()).collect();
        let body = lines.join(&b'\n');
        Some(sent(hookyard_providers::Answer { body: Some(body), ..answered.answer.clone() }))
    }

    async fn answer_handshake(
        &self,
        entry: &Arc<Entry>,
        answered: HandshakeAnswer,
        body: &Bytes,
        received_at: Timestamp,
    ) -> Answer {
        let HandshakeAnswer { name, answer, capture, mut refused, then: _ } = answered;
        let mut answer = sent(answer);
        if let Some(secret) = capture {
            match self.shared.store.catalog().capture_secret(entry.source.id, Secret::new(secret)).await {
                Ok(true) => self.shared.sources.refresh(),
                Ok(false) => {
                    refused = Some("another handshake has brought the source's secret already".to_owned());
                    answer = answer::handshake_refused();
                }
                Err(error) => {
                    tracing::error!(source = %entry.source.id, %error, "a handshake's secret was not saved");
                    self.shared.metrics.store_unavailable.inc();
                    return answer::store_unavailable(1);
                }
            }
        }
        self.note_handshake(entry, name, refused, body, received_at);
        answer
    }

    /// The request as `hookyard-providers` wants it.
    pub(crate) fn request<'r>(&'r self, entry: &'r Entry, body: &'r [u8]) -> Request<'r> {
        Request {
            method: self.parts.method.as_str(),
            target: &self.target,
            headers: &self.parts.headers,
            body,
            public_url: entry.url.as_deref(),
        }
    }
}

/// An answer as HTTP. What was echoed is not to be taken for a page.
pub(crate) fn sent(answer: hookyard_providers::Answer) -> Answer {
    let mut response = Response::new(Full::new(Bytes::from(answer.body.unwrap_or_default())));
    *response.status_mut() = answer.status;
    response.headers_mut().insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response.headers_mut().extend(answer.headers);
    response
}
