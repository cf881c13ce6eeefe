//! Calls that a client may repeat without having them done twice: what was answered to them, for a while.
//!
//! ```text
//!   begin ──► durable: this call is under way ──► (it is carried out) ──► finish: its answer, or forgotten
//!     │ the same key again: its answer, or under way, or another call, or cut off
//! ```
//! A database of its own: answers may be long and go soon, and are no configuration. They are sealed, as they may hold
//! a secret that was just made.
//!
//! **Invariants**
//! 1. That a call is under way is durable before it is carried out. Where the process ends in between, nobody knows
//!    whether it was done, and that is what its repetition hears; it is never done a second time by itself.
//! 2. The number and the bytes of what is kept are bounded; the oldest goes first, and with it its protection.

mod stored;

use std::collections::HashSet;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hookyard_model::clock::{Clock, Timestamp};
use hookyard_model::id::Generator;
use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior, params};

use crate::catalog::SecretKey;
use crate::catalog::seal::{self, Place};
use crate::database::{Database, OpenError};
use crate::store::Store;

const DATABASE: Database =
    Database { of: "repeated calls", file: "idempotency.sqlite", version: 1, table: "calls" };

/// How much is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// How long an answer is kept.
    pub lifetime: Duration,
    /// How many are.
    pub answers_max: u64,
    /// How many bytes of them, sealed.
    pub bytes_max: u64,
    /// The longest body that is kept; of a longer answer only that there was one.
    pub answer_bytes_max: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            lifetime: Duration::from_secs(24 * 3600),
            answers_max: 10_000,
            bytes_max: 64 << 20,
            answer_bytes_max: 4 << 20,
        }
    }
}

/// A call that is to be made once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Whose key it is.
    pub caller: String,
    /// The key that the caller chose.
    pub key: String,
    /// What tells it from other calls: a digest of method, target and body.
    pub fingerprint: [u8; 32],
}

/// What was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// Header lines, in their order.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The body.
    pub body: Vec<u8>,
}

/// What is known of a call.
#[derive(Debug)]
pub enum Begun {
    /// Nothing: it is to be carried out now.
    First(Ticket),
    /// It was carried out, and answered so.
    Answered(Answer),
    /// It was carried out, and its answer was too long to be kept.
    AnsweredAtLength,
    /// It is being carried out.
    UnderWay,
    /// It was begun and not finished, as the process ended; whether it was done is not known.
    CutOff,
    /// The key was used for another call.
    AnotherCall,
}

/// The database cannot be read or written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the database of repeated calls cannot be used: {0}")]
pub struct StoreError(String);

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        Self(error.to_string())
    }
}

/// All calls that were made with a key.
#[derive(Debug)]
pub(crate) struct Calls {
    database: Mutex<Connection>,
    key: SecretKey,
    clock: Clock,
    ids: Arc<Generator>,
    settings: Settings,
    under_way: Mutex<HashSet<i64>>,
}

/// The right to carry a call out. Dropped without [`Ticket::finish`], the call counts as cut off.
#[derive(Debug)]
pub struct Ticket {
    calls: Arc<Calls>,
    id: i64,
}

impl Store {
    /// Begins a call that is to be made once, or says what is known of it. Durable when this returns.
    ///
    /// # Errors
    /// [`StoreError`] where the database cannot be used; the call is not to be carried out then.
    pub async fn begin_call(&self, call: Call) -> Result<Begun, StoreError> {
        let calls = Arc::clone(&self.inner.calls);
        let begun = tokio::task::spawn_blocking(move || calls.begin(&call));
        begun.await.unwrap_or_else(|error| Err(StoreError(error.to_string())))
    }
}

impl Ticket {
    /// Keeps the answer, durable when this returns; none to forget the call, so that it can be made again.
    ///
    /// # Errors
    /// [`StoreError`] where that cannot be stored; the call counts as cut off then.
    pub async fn finish(self, answer: Option<Answer>) -> Result<(), StoreError> {
        let finished = tokio::task::spawn_blocking(move || match answer {
            Some(answer) => self.calls.keep(self.id, &answer),
            None => self.calls.forget(self.id),
        });
        finished.await.unwrap_or_else(|error| Err(StoreError(error.to_string())))
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.calls.under_way().remove(&self.id);
    }
}

/// A call as it stands in the database.
struct Row {
    id: i64,
    begun_at: Timestamp,
    fingerprint: Vec<u8>,
    answer: Option<Vec<u8>>,
}

impl Calls {
    /// Opens the database, or makes it. Blocks. Ids from `ids` will be greater than all that are in it.
    pub(crate) fn open(
        directory: &Path,
        key: SecretKey,
        clock: Clock,
        ids: Arc<Generator>,
        settings: Settings,
    ) -> Result<Self, OpenError> {
        let migrate =
            |database: &Connection, _| database.execute_batch(include_str!("idempotency/schema.sql"));
        let database = DATABASE.open(directory, &ids, migrate)?;
        let (database, under_way) = (Mutex::new(database), Mutex::default());
        Ok(Self { database, key, clock, ids, settings, under_way })
    }

    fn lock(&self) -> MutexGuard<'_, Connection> {
        self.database.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn under_way(&self) -> MutexGuard<'_, HashSet<i64>> {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn begin(self: &Arc<Self>, call: &Call) -> Result<Begun, StoreError> {
        let mut database = self.lock();
        let now = self.clock.now();
        let tx = database.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let found = tx.prepare_cached(GET)?.query_row([&call.caller, &call.key], |row| {
            let begun_at = Timestamp::from_us(row.get::<_, i64>(1)?.cast_unsigned());
            Ok(Row { id: row.get(0)?, begun_at, fingerprint: row.get(2)?, answer: row.get(3)? })
        });
        if let Some(row) = found.optional()? {
            let is_under_way = self.under_way().contains(&row.id);
            if is_under_way || now.since(row.begun_at) < self.settings.lifetime {
                return self.known(call, row, is_under_way);
            }
            tx.execute("DELETE FROM calls WHERE id = ?1", [row.id])?;
        }
        let id = self.ids.next(now).cast_signed();
        let fingerprint = self.seal(id, FINGERPRINT, &call.fingerprint)?;
        let bytes = i64::try_from(fingerprint.len()).unwrap_or(i64::MAX);
        let now_us = now.us().cast_signed();
        tx.prepare_cached(PUT)?.execute(params![id, call.caller, call.key, now_us, bytes, fingerprint])?;
        self.drop_oldest(&tx, now, id)?;
        tx.commit()?;
        self.under_way().insert(id);
        Ok(Begun::First(Ticket { calls: Arc::clone(self), id }))
    }

    fn known(&self, call: &Call, row: Row, is_under_way: bool) -> Result<Begun, StoreError> {
        if self.unseal(row.id, FINGERPRINT, &row.fingerprint)? != call.fingerprint {
            return Ok(Begun::AnotherCall);
        }
        if is_under_way {
            return Ok(Begun::UnderWay);
        }
        match row.answer {
            None => Ok(Begun::CutOff),
            Some(sealed) if sealed.is_empty() => Ok(Begun::AnsweredAtLength),
            Some(sealed) => {
                let plain = self.unseal(row.id, ANSWER, &sealed)?;
                Ok(Begun::Answered(stored::decode(&plain).map_err(StoreError)?))
            }
        }
    }

    fn keep(&self, id: i64, answer: &Answer) -> Result<(), StoreError> {
        let sealed = match answer.body.len() > self.settings.answer_bytes_max {
            true => Vec::new(),
            false => self.seal(id, ANSWER, &stored::encode(answer).map_err(StoreError)?)?,
        };
        let mut database = self.lock();
        let tx = database.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let bytes = i64::try_from(sealed.len()).unwrap_or(i64::MAX);
        tx.prepare_cached(KEEP)?.execute(params![id, sealed, bytes])?;
        self.drop_oldest(&tx, self.clock.now(), id)?;
        Ok(tx.commit()?)
    }

    fn forget(&self, id: i64) -> Result<(), StoreError> {
        self.lock().execute("DELETE FROM calls WHERE id = ?1", [id])?;
        Ok(())
    }

    /// Drops what is too old, and the oldest of what is too much, other than `newest` and what is under way.
    fn drop_oldest(&self, tx: &Connection, now: Timestamp, newest: i64) -> Result<(), StoreError> {
        let oldest = now.minus(self.settings.lifetime).us().cast_signed();
        let (mut count, mut bytes): (i64, i64) =
            tx.prepare_cached(SUMS)?.query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let limit = |max: u64| i64::try_from(max).unwrap_or(i64::MAX);
        let (count_max, bytes_max) = (limit(self.settings.answers_max), limit(self.settings.bytes_max));
        let under_way = self.under_way();
        let mut statement = tx.prepare_cached(OLDEST)?;
        let mut rows = statement.query([])?;
        let mut dropped = Vec::new();
        while let Some(row) = rows.next()? {
            let (id, begun_at, its_bytes): (i64, i64, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
            if begun_at > oldest && count <= count_max && bytes <= bytes_max {
                break;
            }
            if id != newest && !under_way.contains(&id) {
                (count, bytes) = (count - 1, bytes - its_bytes);
                dropped.push(id);
            }
        }
        for id in dropped {
            tx.prepare_cached("DELETE FROM calls WHERE id = ?1")?.execute([id])?;
        }
        Ok(())
    }

    fn seal(&self, id: i64, column: &'static str, plain: &[u8]) -> Result<Vec<u8>, StoreError> {
        seal::seal(&self.key, place(id, column), plain).map_err(|error| StoreError(error.to_string()))
    }

    fn unseal(&self, id: i64, column: &'static str, sealed: &[u8]) -> Result<Vec<u8>, StoreError> {
        seal::unseal(&self.key, place(id, column), sealed).map_err(|error| StoreError(error.to_string()))
    }
}

const FINGERPRINT: &str = "fingerprint";
const ANSWER: &str = "answer";

const fn place(id: i64, column: &'static str) -> Place {
    Place { table: "idempotency calls", column, row: id.cast_unsigned() }
}

const GET: &str = "SELECT id, begun_at_us, fingerprint, answer FROM calls WHERE caller = ?1 AND key = ?2";
const PUT: &str = "
    INSERT INTO calls (id, caller, key, begun_at_us, bytes, fingerprint) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
const KEEP: &str = "UPDATE calls SET answer = ?2, bytes = bytes + ?3 WHERE id = ?1";
const SUMS: &str = "SELECT count(*), coalesce(sum(bytes), 0) FROM calls";
const OLDEST: &str = "SELECT id, begun_at_us, bytes FROM calls ORDER BY id";
