//! Secrets that a source no longer has. They verify nothing: they are kept for a while only so that the
//! diagnosis of a refused request can say "signed with the secret that you took away on Monday".
//!
//! **Invariant:** of each source the last [`KEPT_MAX`] at most, none longer than [`KEPT_FOR`], all sealed,
//! and never in a snapshot.

use std::sync::PoisonError;
use std::time::Duration;

use hookyard_model::clock::Timestamp;
use hookyard_model::id::SourceId;
use hookyard_model::secret::Secret;
use hookyard_model::source::Source;
use rusqlite::{Connection, params};

use super::Catalog;
use super::key::SecretKey;
use super::open::unsigned;
use super::seal::{self, Place};
use super::write::{Draft, WriteError};

/// How many of a source are kept.
const KEPT_MAX: u32 = 4;
/// How long they are kept.
const KEPT_FOR: Duration = Duration::from_secs(30 * 24 * 3600);

/// A secret that a source no longer has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetiredSecret {
    /// The secret.
    pub secret: Secret,
    /// When it was taken away.
    pub retired_at: Timestamp,
}

impl Catalog {
    /// The secrets that a source had, newest first. Reads the database.
    ///
    /// # Errors
    /// [`WriteError::Storage`] where it cannot be read.
    pub async fn retired_secrets(&self, source: SourceId) -> Result<Vec<RetiredSecret>, WriteError> {
        let shared = std::sync::Arc::clone(&self.shared);
        let read = tokio::task::spawn_blocking(move || {
            let database = shared.database.lock().unwrap_or_else(PoisonError::into_inner);
            read(&database, &shared.key, source, oldest_kept(shared.clock.now()))
        });
        read.await.unwrap_or_else(|error| Err(WriteError::Storage(error.to_string())))
    }
}

impl Draft<'_> {
    /// Notes which of its secrets a source is about to lose.
    pub(super) fn retire_secrets(&self, next: &Source) -> Result<(), WriteError> {
        let oldest = oldest_kept(self.now).us().cast_signed();
        self.tx.execute("DELETE FROM retired_secrets WHERE retired_at_us < ?1", [oldest])?;
        let Some(old) = self.next.sources.get(&next.id) else { return Ok(()) };
        let kept = &next.verification.secrets;
        for secret in old.verification.secrets.iter().filter(|secret| !kept.contains(secret)) {
            self.retire(next.id, secret)?;
        }
        self.tx.prepare_cached(PRUNE)?.execute(params![next.id.0.cast_signed(), KEPT_MAX])?;
        Ok(())
    }

    fn retire(&self, source: SourceId, secret: &Secret) -> Result<(), WriteError> {
        // The id is part of what the secret is sealed for, so it is made before the row.
        let id = self.ids.next(self.now);
        let sealed = seal::seal(self.key, place(id), secret.expose().as_bytes())?;
        self.tx.prepare_cached(PUT)?.execute(params![
            id.cast_signed(),
            source.0.cast_signed(),
            sealed,
            self.now.us().cast_signed()
        ])?;
        Ok(())
    }

    /// Forgets all of a source that is about to be deleted.
    pub(super) fn forget_retired(&self, source: SourceId) -> Result<(), WriteError> {
        self.tx.execute("DELETE FROM retired_secrets WHERE source = ?1", [source.0.cast_signed()])?;
        Ok(())
    }
}

const PUT: &str = "INSERT INTO retired_secrets (id, source, secret, retired_at_us) VALUES (?1, ?2, ?3, ?4)";

const PRUNE: &str = "
    DELETE FROM retired_secrets WHERE source = ?1 AND id NOT IN
        (SELECT id FROM retired_secrets WHERE source = ?1 ORDER BY id DESC LIMIT ?2)";

const GET: &str = "
    SELECT id, secret, retired_at_us FROM retired_secrets
    WHERE source = ?1 AND retired_at_us >= ?2 ORDER BY id DESC";

fn read(
    database: &Connection,
    key: &SecretKey,
    source: SourceId,
    oldest: Timestamp,
) -> Result<Vec<RetiredSecret>, WriteError> {
    let mut statement = database.prepare_cached(GET)?;
    let mut rows = statement.query([source.0.cast_signed(), oldest.us().cast_signed()])?;
    let mut retired = Vec::new();
    while let Some(row) = rows.next()? {
        let plain = seal::unseal(key, place(unsigned(row, 0)?), &row.get::<_, Vec<u8>>(1)?)?;
        // What was a secret is text; anything else is nobody's secret.
        let Ok(secret) = String::from_utf8(plain) else { continue };
        let retired_at = Timestamp::from_us(unsigned(row, 2)?);
        retired.push(RetiredSecret { secret: Secret::new(secret), retired_at });
    }
    Ok(retired)
}

fn oldest_kept(now: Timestamp) -> Timestamp {
    Timestamp::from_us(now.us().saturating_sub(u64::try_from(KEPT_FOR.as_micros()).unwrap_or(u64::MAX)))
}

const fn place(id: u64) -> Place {
    Place { table: "retired_secrets", column: "secret", row: id }
}
