//! When API keys were last used: known at once in memory, and written down at most once a minute for each key.
//!
//! This is no configuration: it makes no new snapshot and no audit entry. A crash forgets the last minute.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hookyard_model::clock::Timestamp;
use hookyard_model::id::ApiKeyId;
use rusqlite::params;
use rustc_hash::FxHashMap;

use super::Catalog;
use super::open::LoadError;

/// How often a key's use is written at most.
const WRITTEN_EVERY: Duration = Duration::from_secs(60);

/// When each key was last used.
#[derive(Debug, Default)]
pub(super) struct KeyUses(Mutex<FxHashMap<ApiKeyId, Use>>);

#[derive(Clone, Copy, Debug)]
struct Use {
    at: Timestamp,
    written_at: Timestamp,
}

impl KeyUses {
    /// What the database knows.
    pub(super) fn load(database: &rusqlite::Connection) -> Result<Self, LoadError> {
        let mut statement = database.prepare(GET_ALL)?;
        let mut rows = statement.query([])?;
        let mut uses = FxHashMap::default();
        while let Some(row) = rows.next()? {
            let at = Timestamp::from_us(super::open::unsigned(row, 1)?);
            uses.insert(ApiKeyId(super::open::unsigned(row, 0)?), Use { at, written_at: at });
        }
        Ok(Self(Mutex::new(uses)))
    }

    fn lock(&self) -> MutexGuard<'_, FxHashMap<ApiKeyId, Use>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a use; whether it is time to write that down.
    fn note(&self, id: ApiKeyId, now: Timestamp) -> bool {
        let mut uses = self.lock();
        let known = uses.get(&id).copied();
        let is_due = known.is_none_or(|it| now.since(it.written_at) >= WRITTEN_EVERY);
        let written_at = if is_due { now } else { known.map_or(now, |it| it.written_at) };
        uses.insert(id, Use { at: now, written_at });
        is_due
    }
}

const GET_ALL: &str = "SELECT id, last_used_at_us FROM api_keys WHERE last_used_at_us IS NOT NULL";
const PUT: &str = "UPDATE api_keys SET last_used_at_us = ?2 WHERE id = ?1";

impl Catalog {
    /// When a key was last used.
    pub fn api_key_used_at(&self, id: ApiKeyId) -> Option<Timestamp> {
        self.shared.key_uses.lock().get(&id).map(|it| it.at)
    }

    /// Notes that a key is used now, without waiting for the database. A failure is logged.
    pub fn note_api_key_use(&self, id: ApiKeyId) {
        let now = self.shared.clock.now();
        if !self.shared.key_uses.note(id, now) {
            return;
        }
        let shared = Arc::clone(&self.shared);
        tokio::task::spawn_blocking(move || {
            let database = shared.database.lock().unwrap_or_else(PoisonError::into_inner);
            let written = database.execute(PUT, params![id.0.cast_signed(), now.us().cast_signed()]);
            if let Err(error) = written {
                tracing::warn!(key = %id, %error, "when an API key was last used could not be written");
            }
        });
    }
}
