//! What lets a caller in, and when that ends: a call that goes on without end ends with it.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use hookyard_model::access::{KeyDigest, Scope};
use hookyard_model::clock::Timestamp;
use hookyard_model::id::ApiKeyId;
use hookyard_store::catalog::key_taken_until;
use http::request::Parts;
use tokio::time::sleep;

use super::sessions::BegunWith;
use super::{Guard, unauthorized};
use crate::caller::Caller;
use crate::problem::Problem;

/// What lets a caller in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pass {
    pub(super) ground: Ground,
    /// What the call needs.
    pub(super) needed: Scope,
}

/// What it rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ground {
    /// That nothing is needed, or the admin key: both last as long as the process.
    Lasting,
    /// A text of this key.
    Key(ApiKeyId, KeyDigest),
    /// The token of a session.
    Session(KeyDigest),
}

/// Why a caller would not be let in any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lapse {
    KeyDeleted,
    KeyExpired,
    KeyRotated,
    /// The key has only this one now, which is not enough.
    ScopeMissing(Scope),
    SessionEnded,
}

impl Lapse {
    /// The name in the API.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::KeyDeleted => "key_deleted",
            Self::KeyExpired => "key_expired",
            Self::KeyRotated => "key_rotated",
            Self::ScopeMissing(_) => "scope_missing",
            Self::SessionEnded => "session_ended",
        }
    }
}

/// For how long a call may go on that waits, or has no end.
#[derive(Debug)]
pub(crate) struct Stay {
    guard: Arc<Guard>,
    pass: Pass,
    unauthorized: Problem,
}

impl<S: Sync> FromRequestParts<S> for Stay {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Caller { pass, .. } = Caller::from_request_parts(parts, state).await?;
        let guard = parts.extensions.get::<Arc<Guard>>().cloned();
        let guard = guard.ok_or_else(|| Problem::internal(&"a call came past the guard"))?;
        Ok(Self { guard, pass, unauthorized: unauthorized(&parts.headers) })
    }
}

impl Stay {
    /// Returns once its caller would not be let in any more, with why. Cancel-safe.
    pub(crate) async fn lapse(&self) -> Lapse {
        self.guard.lapse(&self.pass).await
    }

    /// What such a call is answered.
    pub(crate) fn refusal(self, lapse: Lapse) -> Problem {
        match lapse {
            Lapse::ScopeMissing(has) => Problem::scope_missing(self.pass.needed, has),
            _ => self.unauthorized,
        }
    }
}

impl Guard {
    /// Returns once this pass does not let in any more, with why. Cancel-safe.
    async fn lapse(&self, pass: &Pass) -> Lapse {
        let mut keys = self.store.catalog().subscribe();
        let mut sessions = self.sessions.ended();
        loop {
            // Before anything is looked at, so that no change is missed.
            keys.mark_unchanged();
            sessions.mark_unchanged();
            let now = self.clock.now();
            let until = match self.lasts_until(pass, now) {
                Ok(until) => until,
                Err(lapse) => return lapse,
            };
            // Neither of the two can be gone while the guard is there.
            tokio::select! {
                _ = keys.changed() => {}
                _ = sessions.changed() => {}
                () = sleep(until.since(now)) => {}
            }
        }
    }

    /// Until when a pass lets in, as long as nobody changes its key or ends its session.
    fn lasts_until(&self, pass: &Pass, now: Timestamp) -> Result<Timestamp, Lapse> {
        let (id, digest, session_ends_at) = match pass.ground {
            Ground::Lasting => return Ok(Timestamp::MAX),
            Ground::Key(id, digest) => (id, digest, None),
            Ground::Session(token) => {
                let session = self.sessions.find(&token, now).ok_or(Lapse::SessionEnded)?;
                match session.begun_with {
                    BegunWith::AdminKey => return Ok(session.ends_at),
                    BegunWith::ApiKey(id, digest) => (id, digest, Some(session.ends_at)),
                }
            }
        };
        let snapshot = self.store.catalog().snapshot();
        let key = snapshot.api_keys.get(&id).ok_or(Lapse::KeyDeleted)?;
        if !key.is_valid_at(now) {
            return Err(Lapse::KeyExpired);
        }
        if !key.scope.covers(pass.needed) {
            return Err(Lapse::ScopeMissing(key.scope));
        }
        // A session ends when its key is rotated, also where the text until then is still taken as a key.
        let is_rotated = session_ends_at.is_some() && key.digest != digest;
        let key_ends_at = key_taken_until(key, &digest).filter(|end| now < *end && !is_rotated);
        let key_ends_at = key_ends_at.ok_or(Lapse::KeyRotated)?;
        Ok(session_ends_at.unwrap_or(Timestamp::MAX).min(key_ends_at))
    }
}
