//! Refusing a request: the answer to its sender, and a record for the source's owner.
//!
//! Anybody can send what is refused, so there is a bound on how much of it is recorded; beyond it refused
//! requests are only counted, and their bodies are not even read.

use bytes::Bytes;
use hookyard_model::clock::Timestamp;
use hookyard_model::request::{RejectCause, token};
use hookyard_providers::Refusal;
use hookyard_store::accept::{Answered, Rejection};
use http::header::EXPECT;

use crate::answer::{self, Answer};
use crate::body::BodyReader;
use crate::receive::Received;
use crate::sources::Entry;

/// What browsers and scanners ask every server for. Not worth a record.
const IDLE_QUESTIONS: [&str; 3] = ["", "favicon.ico", "robots.txt"];

impl Received<'_> {
    /// 404 for a URL of no source, unless it is one of the few that others ask the host for.
    pub(crate) async fn unknown_source(&self, body: &mut BodyReader) -> Answer {
        if let Some(answer) = self.published_keys().or_else(|| self.host_handshake()) {
            return answer;
        }
        let token = token(&self.target);
        if !IDLE_QUESTIONS.contains(&token) {
            let cause = RejectCause::UnknownSource;
            self.record_with_beginning(None, cause, "no source has the token in the URL", body).await;
        }
        answer::unknown_source()
    }

    /// 405 for a method the source does not take.
    pub(crate) async fn method_not_allowed(&self, entry: &Entry, body: &mut BodyReader) -> Answer {
        let detail = format!(
            "the source takes {}, and the request came with {}",
            entry.source.methods.join(", "),
            self.parts.method
        );
        self.record_with_beginning(Some(entry), RejectCause::MethodNotAllowed, &detail, body).await;
        answer::method_not_allowed(entry.allow.clone())
    }

    /// 413 for a body over the limit, whether it said so itself or was found to be.
    pub(crate) fn body_too_large(
        &self,
        entry: &Entry,
        beginning: Bytes,
        announced_bytes: u64,
        read_bytes: u64,
    ) -> Answer {
        let bytes_max = self.shared.limits.body_bytes_max;
        let now = self.shared.clock.now();
        if self.may_record(RejectCause::BodyTooLarge, now) {
            let detail = match announced_bytes {
                0 => format!("the body is longer than the limit of {bytes_max} bytes"),
                _ => format!("the body of {announced_bytes} bytes is longer than the limit of {bytes_max}"),
            };
            self.record(Some(entry), RejectCause::BodyTooLarge, detail, now, (&beginning, read_bytes));
        }
        answer::body_too_large(bytes_max)
    }

    /// 401 for a request that is not, or not provably, the provider's.
    pub(crate) fn verification_failed(
        &self,
        entry: &Entry,
        body: &Bytes,
        received_at: Timestamp,
        refusal: &Refusal,
    ) -> Answer {
        let cause = RejectCause::VerificationFailed;
        if self.may_record(cause, received_at) {
            self.record(Some(entry), cause, refusal.to_string(), received_at, (body, body.len() as u64));
        }
        answer::verification_failed(entry.refused_status())
    }

    /// 405 for a method that only the provider's handshakes come with, and this was none of them.
    pub(crate) fn method_not_taken(&self, entry: &Entry, body: &Bytes, received_at: Timestamp) -> Answer {
        let cause = RejectCause::MethodNotAllowed;
        if self.may_record(cause, received_at) {
            let detail = format!(
                "{} is taken for the provider's handshakes only, and the request is none of them",
                self.parts.method
            );
            self.record(Some(entry), cause, detail, received_at, (body, body.len() as u64));
        }
        answer::method_not_allowed(entry.allow.clone())
    }

    async fn record_with_beginning(
        &self,
        entry: Option<&Entry>,
        cause: RejectCause,
        detail: &str,
        body: &mut BodyReader,
    ) {
        if !self.may_record(cause, self.shared.clock.now()) {
            return;
        }
        // Whoever asks before sending a body is told the answer instead.
        let beginning = if self.parts.headers.contains_key(EXPECT) {
            Bytes::new()
        } else {
            body.read_beginning(self.shared.limits.rejected_body_bytes_max).await
        };
        let now = self.shared.clock.now();
        self.record(entry, cause, detail.to_owned(), now, (&beginning, body.read_bytes()));
    }

    /// Counts a handshake, and notes it; `refused` says why its answer is a refusal.
    pub(crate) fn note_handshake(
        &self,
        entry: &Entry,
        name: &str,
        refused: Option<String>,
        body: &Bytes,
        received_at: Timestamp,
    ) {
        if let Some(why) = refused {
            let cause = RejectCause::VerificationFailed;
            if self.may_record(cause, received_at) {
                let detail = format!("the handshake `{name}` is refused: {why}");
                self.record(Some(entry), cause, detail, received_at, (body, body.len() as u64));
            }
            return;
        }
        self.shared.metrics.handshakes.inc();
        if !self.shared.recordings.take(received_at) {
            self.shared.metrics.suppressed.inc();
            return;
        }
        self.shared.store.note_answered(Answered {
            project: entry.source.project,
            source: entry.source.id,
            received_at,
            remote: self.peer.remote,
            head: self.head.clone(),
            body: self.beginning(body),
            body_bytes: body.len() as u64,
            detail: name.to_owned(),
        });
    }

    /// Counts a refusal, and says whether it may be recorded.
    fn may_record(&self, cause: RejectCause, now: Timestamp) -> bool {
        self.shared.metrics.rejected(cause).inc();
        let allowed = self.shared.recordings.take(now);
        if !allowed {
            self.shared.metrics.suppressed.inc();
        }
        allowed
    }

    fn record(
        &self,
        entry: Option<&Entry>,
        cause: RejectCause,
        detail: String,
        received_at: Timestamp,
        (body, body_bytes): (&Bytes, u64),
    ) {
        self.shared.store.reject(Rejection {
            project: entry
                .map_or_else(|| self.shared.sources.default_project(), |entry| entry.source.project),
            source: entry.map(|entry| entry.source.id),
            received_at,
            remote: self.peer.remote,
            head: self.head.clone(),
            body: self.beginning(body),
            body_bytes,
            cause,
            detail,
        });
    }

    /// As much of a body as is recorded of what is not accepted. Copied, as a slice would keep all of a long
    /// body in memory.
    fn beginning(&self, body: &Bytes) -> Bytes {
        let kept_bytes = body.len().min(self.shared.limits.rejected_body_bytes_max);
        Bytes::copy_from_slice(body.get(..kept_bytes).unwrap_or_default())
    }
}
