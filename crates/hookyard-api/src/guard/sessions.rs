//! Logins of the dashboard: a cookie instead of the key. They are in memory, by a digest of the cookie, so that nothing
//! on disk lets anybody in; a restart ends them all.
//!
//! **Invariant:** a session lets in for no more than the key that it was begun with does now: it ends when that key is
//! deleted, rotated or over.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hookyard_model::access::KeyDigest;
use hookyard_model::clock::Timestamp;
use hookyard_model::id::ApiKeyId;
use ring::digest::{SHA256, digest};

/// Random bytes of a token.
const TOKEN_BYTES: usize = 32;

/// The key that a session was begun with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BegunWith {
    /// The configured one.
    AdminKey,
    /// This one, as it was.
    ApiKey(ApiKeyId, KeyDigest),
}

/// A session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Session {
    pub(super) begun_with: BegunWith,
    /// The host name that it was begun under. A browser sends its cookie to no other, so whoever does is none.
    pub(super) host: Option<String>,
    pub(super) ends_at: Timestamp,
}

/// All sessions.
#[derive(Debug)]
pub(super) struct Sessions {
    lifetime: Duration,
    sessions_max: usize,
    by_token: Mutex<HashMap<[u8; 32], Session>>,
}

impl Sessions {
    pub(super) fn new(lifetime: Duration, sessions_max: usize) -> Self {
        Self { lifetime, sessions_max, by_token: Mutex::default() }
    }

    /// Begins a session; its token, and when it ends.
    ///
    /// # Errors
    /// Where the operating system gives no random bytes.
    pub(super) fn begin(
        &self,
        begun_with: BegunWith,
        host: Option<String>,
        now: Timestamp,
    ) -> Result<(String, Timestamp), getrandom::Error> {
        let mut random = [0_u8; TOKEN_BYTES];
        getrandom::fill(&mut random)?;
        let token = URL_SAFE_NO_PAD.encode(random);
        let ends_at = now.plus(self.lifetime);
        let mut by_token = self.lock();
        by_token.retain(|_, session| now < session.ends_at);
        if by_token.len() >= self.sessions_max {
            let first = by_token.iter().min_by_key(|(_, session)| session.ends_at).map(|(token, _)| *token);
            first.map(|token| by_token.remove(&token));
        }
        by_token.insert(digest_of(&token), Session { begun_with, host, ends_at });
        Ok((token, ends_at))
    }

    /// The session with this token. The look-up is by digest, so that its time tells nothing of a token.
    pub(super) fn find(&self, token: &str, now: Timestamp) -> Option<Session> {
        self.lock().get(&digest_of(token)).filter(|session| now < session.ends_at).cloned()
    }

    /// Ends a session.
    pub(super) fn end(&self, token: &str) {
        self.lock().remove(&digest_of(token));
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<[u8; 32], Session>> {
        self.by_token.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn digest_of(token: &str) -> [u8; 32] {
    digest(&SHA256, token.as_bytes()).as_ref().try_into().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_ms(1_800_000_000_000);

    #[test]
    fn a_session_ends_in_time_or_when_it_is_ended() {
        let sessions = Sessions::new(Duration::from_secs(60), 10);
        let (one, ends_at) = sessions.begin(BegunWith::AdminKey, None, NOW).unwrap();
        let (other, _) = sessions.begin(BegunWith::AdminKey, Some("here".to_owned()), NOW).unwrap();
        assert_eq!((ends_at, one.len()), (NOW.plus(Duration::from_secs(60)), 43));
        assert_eq!(sessions.find(&other, NOW).unwrap().host.as_deref(), Some("here"));
        sessions.end(&other);
        assert_eq!(sessions.find(&other, NOW), None);
        assert!(sessions.find(&one, NOW).is_some());
        assert_eq!(sessions.find(&one, ends_at), None);
        for wrong in ["", "x", &one[1..]] {
            assert_eq!(sessions.find(wrong, NOW), None, "{wrong}");
        }
    }

    #[test]
    fn there_are_so_many_sessions_and_the_one_that_ends_first_makes_room() {
        let sessions = Sessions::new(Duration::from_secs(60), 2);
        let begin =
            |s| sessions.begin(BegunWith::AdminKey, None, NOW.plus(Duration::from_secs(s))).unwrap().0;
        let tokens = [begin(0), begin(1), begin(2)];
        let now = NOW.plus(Duration::from_secs(3));
        assert_eq!(tokens.map(|token| sessions.find(&token, now).is_some()), [false, true, true]);
        let (_, begun) = (begin(100), sessions.lock().len());
        assert_eq!(begun, 1, "those that have ended are forgotten");
    }
}
