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
use hookyard_store::catalog::key_digest;
use tokio::sync::watch;

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
    by_token: Mutex<HashMap<KeyDigest, Session>>,
    /// Counts those that were ended before their time.
    ended: watch::Sender<u64>,
}

impl Sessions {
    pub(super) fn new(lifetime: Duration, sessions_max: usize) -> Self {
        Self { lifetime, sessions_max, by_token: Mutex::default(), ended: watch::Sender::default() }
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
            self.ended.send_modify(|ended| *ended += 1);
        }
        by_token.insert(key_digest(&token), Session { begun_with, host, ends_at });
        Ok((token, ends_at))
    }

    /// The session whose token has this digest. The look-up is by digest, so that its time tells nothing of a token.
    pub(super) fn find(&self, token: &KeyDigest, now: Timestamp) -> Option<Session> {
        self.lock().get(token).filter(|session| now < session.ends_at).cloned()
    }

    /// Ends a session.
    pub(super) fn end(&self, token: &str) {
        if self.lock().remove(&key_digest(token)).is_some() {
            self.ended.send_modify(|ended| *ended += 1);
        }
    }

    /// Changes whenever a session was ended before its time.
    pub(super) fn ended(&self) -> watch::Receiver<u64> {
        self.ended.subscribe()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<KeyDigest, Session>> {
        self.by_token.lock().unwrap_or_else(PoisonError::into_inner)
    }
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
        let find = |token: &str, now| sessions.find(&key_digest(token), now);
        assert_eq!((ends_at, one.len()), (NOW.plus(Duration::from_secs(60)), 43));
        assert_eq!(find(&other, NOW).unwrap().host.as_deref(), Some("here"));
        sessions.end(&other);
        assert_eq!(find(&other, NOW), None);
        assert!(find(&one, NOW).is_some());
        assert_eq!(find(&one, ends_at), None);
        for wrong in ["", "x", &one[1..]] {
            assert_eq!(find(wrong, NOW), None, "{wrong}");
        }
    }

    #[test]
    fn there_are_so_many_sessions_and_the_one_that_ends_first_makes_room() {
        let sessions = Sessions::new(Duration::from_secs(60), 2);
        let begin =
            |s| sessions.begin(BegunWith::AdminKey, None, NOW.plus(Duration::from_secs(s))).unwrap().0;
        let tokens = [begin(0), begin(1), begin(2)];
        let now = NOW.plus(Duration::from_secs(3));
        assert_eq!(
            tokens.map(|token| sessions.find(&key_digest(&token), now).is_some()),
            [false, true, true]
        );
        let (_, begun) = (begin(100), sessions.lock().len());
        assert_eq!(begun, 1, "those that have ended are forgotten");
    }
}
