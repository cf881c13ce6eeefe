//! One request, from its complete head to its answer.
//!
//! The order of the checks is by what they cost: nothing is read that will be refused anyway, nothing is
//! verified that is too long, and the store hears only of what was verified.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use hookyard_model::clock::Timestamp;
use hookyard_model::request::{Proof, token};
use hookyard_providers::{KeyCache, Refusal, Verdict};
use hookyard_store::accept::Arrival;
use http::header::CONNECTION;
use http::request::Parts;
use http::{HeaderValue, Method, Request, Version};
use hyper::body::Incoming;
use tokio::time::Instant;

use crate::answer::{self, Answer};
use crate::body::{BodyReader, Shortfall};
use crate::connection::Peer;
use crate::handshake::Asked;
use crate::head;
use crate::ingest::Shared;
use crate::sources::Entry;

/// From this length on, in bytes, a body is verified beside the runtime: a hash over 10 MiB would keep
/// every other connection of this thread waiting.
const OFFLOAD_BYTES: usize = 256 << 10;

/// A request whose head is known.
pub(crate) struct Received<'a> {
    pub(crate) peer: &'a Peer,
    pub(crate) shared: &'a Shared,
    pub(crate) parts: &'a Parts,
    pub(crate) target: Cow<'a, str>,
    pub(crate) head: Bytes,
}

/// Answers one request.
pub(crate) async fn receive(peer: &Peer, request: Request<Incoming>) -> Answer {
    let _busy = peer.activity.begin();
    let shared = &*peer.shared;
    let (parts, body) = request.into_parts();
    let mut body = BodyReader::new(body, shared.limits.body_read_timeout);
    let target = match parts.version {
        Version::HTTP_2 => Cow::Borrowed(head::path(&parts.uri)),
        _ => head::target(&parts.uri),
    };
    let head = head::of(&parts, &target, &peer.raw_heads);
    let received = Received { peer, shared, parts: &parts, target, head };
    let mut answer = received.answer(&mut body).await;
    if parts.method == Method::HEAD {
        *answer.body_mut() = http_body_util::Full::default();
    }
    if !body.is_at_end() && parts.version < Version::HTTP_2 {
        answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    peer.body_unread.store(!body.is_at_end(), Ordering::Release);
    answer
}

impl Received<'_> {
    async fn answer(&self, body: &mut BodyReader) -> Answer {
        let Self { shared, parts, .. } = *self;
        let limits = &shared.limits;
        if self.head.len() > limits.header_bytes_max {
            return answer::head_too_large(limits.header_bytes_max);
        }
        let Some(entry) = shared.sources.find(token(&self.target)) else {
            return self.unknown_source(body).await;
        };
        if !entry.takes(&parts.method) {
            return self.method_not_allowed(&entry, body).await;
        }
        if entry.verifier.is_none() {
            shared.metrics.source_unavailable.inc();
            return answer::source_unavailable();
        }
        let announced_bytes = body.announced_bytes().unwrap_or(0);
        if announced_bytes > limits.body_bytes_max as u64 {
            return self.body_too_large(&entry, Bytes::new(), announced_bytes, body.read_bytes());
        }
        if !shared.budget.has_room_for(announced_bytes) {
            shared.metrics.no_room.inc();
            return answer::no_room();
        }
        let mut hold = shared.budget.hold();
        match body.read_all(limits.body_bytes_max, &mut hold).await {
            Ok(whole) => self.verify_and_accept(&entry, whole).await,
            Err(Shortfall::TooLarge(beginning)) => {
                self.body_too_large(&entry, beginning, announced_bytes, body.read_bytes())
            }
            Err(Shortfall::NoRoom) => {
                shared.metrics.no_room.inc();
                answer::no_room()
            }
            Err(Shortfall::TimedOut) => {
                shared.metrics.incomplete.inc();
                answer::body_timeout()
            }
            Err(Shortfall::Broken) => {
                shared.metrics.incomplete.inc();
                answer::body_incomplete()
            }
        }
    }

    async fn verify_and_accept(&self, entry: &Arc<Entry>, body: Bytes) -> Answer {
        let arrived = Instant::now();
        let received_at = self.shared.clock.now();
        let proof = match self.handshake(entry, &body, received_at).await {
            Asked::Answered(answer) => return answer,
            // The route stage finishes it, as it may ask others.
            Asked::Unfinished => Ok(None),
            Asked::Nothing if !entry.takes_webhooks(&self.parts.method) => {
                return self.method_not_taken(entry, &body, received_at);
            }
            Asked::Nothing => self.verify(entry, &body, received_at).await,
        };
        let proof = match proof {
            Ok(proof) => proof,
            Err(Unverified::Refused(refusal)) => {
                return self.verification_failed(entry, &body, received_at, &refusal);
            }
            Err(Unverified::NotChecked) => {
                self.shared.metrics.source_unavailable.inc();
                return answer::source_unavailable();
            }
        };
        // A body that is not needed for the answer is given away: a second handle would keep it in memory.
        let needed = if entry.answers_itself() { body.clone() } else { Bytes::new() };
        let arrival = Arrival {
            project: entry.source.project,
            source: entry.source.id,
            proof,
            received_at,
            remote: self.peer.remote,
            head: self.head.clone(),
            body,
        };
        match self.shared.store.accept(arrival).await {
            Ok(id) => {
                self.shared.metrics.accepted.inc();
                self.shared.metrics.ack.observe(arrived.elapsed());
                entry.answer(&self.request(entry, &needed), id)
            }
            Err(unavailable) => {
                self.shared.metrics.store_unavailable.inc();
                tracing::debug!(%unavailable, "request not stored");
                answer::store_unavailable(unavailable.retry_after_s)
            }
        }
    }

    async fn verify(
        &self,
        entry: &Arc<Entry>,
        body: &Bytes,
        now: Timestamp,
    ) -> Result<Option<Proof>, Unverified> {
        if body.len() < OFFLOAD_BYTES {
            let keys = &self.shared.keys;
            return check(entry, keys, &self.parts.method, &self.target, &self.parts.headers, body, now);
        }
        let (entry, body) = (Arc::clone(entry), body.clone());
        let (method, headers) = (self.parts.method.clone(), self.parts.headers.clone());
        let (target, keys) = (self.target.clone().into_owned(), self.shared.keys.clone());
        tokio::task::spawn_blocking(move || check(&entry, &keys, &method, &target, &headers, &body, now))
            .await
            .unwrap_or(Err(Unverified::NotChecked))
    }
}

/// Why a request is not verified.
enum Unverified {
    Refused(Refusal),
    /// It could not be checked at all, which is nobody's proof of anything.
    NotChecked,
}

fn check(
    entry: &Entry,
    keys: &KeyCache,
    method: &Method,
    target: &str,
    headers: &http::HeaderMap,
    body: &[u8],
    now: Timestamp,
) -> Result<Option<Proof>, Unverified> {
    let verifier = entry.verifier.as_ref().ok_or(Unverified::NotChecked)?;
    let public_url = entry.url.as_deref();
    let request = hookyard_providers::Request { method: method.as_str(), target, headers, body, public_url };
    match verifier.verify(&request, keys, now.s()) {
        Verdict::Verified(_) if verifier.is_unsigned() => Ok(Some(Proof::NotAsked)),
        Verdict::Verified(_) => Ok(Some(Proof::Verified)),
        Verdict::Refused(refusal) => Err(Unverified::Refused(refusal)),
        // The route stage has it fetched.
        Verdict::KeyNeeded(_) => Ok(None),
    }
}
