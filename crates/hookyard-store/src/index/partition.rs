//! One file of the index: its schema, and connections to it.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use rusqlite::{Connection, OpenFlags};

use super::{Applied, Error};
use crate::journal::record::Position;

/// Version of the schema; a file of another version is made anew from the journal.
const VERSION: i64 = 7;
/// Read connections kept for the next reader.
const READERS_KEPT: usize = 2;

/// States are compared by their codes (scheduled 1, queued 2, held 3, successful 5, failed 6, cancelled 7, discarded 8):
/// for `IN` with more than two values SQLite fills a temporary table at every insert.
///
/// `events` is null until the request is routed, or refused after all. Verdicts are those of the journal
/// (accepted 0, 252 and 253, rejected 1 to 200, pending 254), as they stand now; `refused` is the position
/// of the record of a late refusal. Long texts make slow keys, so a provider's event id is looked up by a
/// hash of it. `ruled` is the position of the record that says what rules made of an event, where its connection has
/// any, and what transformations made of its request, where it is `transformed`; `claims` is what deduplication remembers.
/// `revision` is what an event tells of, a key of 16 bytes and behind it a time in µs as 8 bytes, where its connection wants
/// only the latest, unless it is to go out `regardless`; `overruled` is the position of the record that says why it was
/// discarded when it was about to. `delivered` has the newest that was delivered of each thing, `undelivered` how many events
/// of each connection wait.
/// `blocks` and `marks` say roughly where a value occurs (`super::blocks`).
/// Undelivered events with an order key are found by that, in their order, and the others by when they are due. The partial
/// indexes cover what is rare: a request or
/// event that passes through within one transaction of the index never enters them.
const SCHEMA: &str = "
    CREATE TABLE meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE requests (
        id INTEGER PRIMARY KEY,
        project INTEGER NOT NULL,
        source INTEGER NOT NULL,
        position INTEGER NOT NULL,
        verdict INTEGER NOT NULL,
        events INTEGER,
        late INTEGER NOT NULL,
        refused INTEGER,
        provider_event_id TEXT,
        provider_event_hash INTEGER,
        topic TEXT,
        provider_time_us INTEGER,
        method TEXT
    ) STRICT;
    CREATE INDEX requests_unrouted ON requests (id) WHERE events IS NULL;
    CREATE INDEX requests_unrouted_of ON requests (source, id) WHERE events IS NULL;
    CREATE INDEX requests_rejected ON requests (id) WHERE verdict >= 1 AND verdict <= 200;
    CREATE INDEX requests_pending ON requests (id) WHERE verdict = 254;
    CREATE INDEX requests_provider_event ON requests (provider_event_hash, id)
        WHERE provider_event_hash IS NOT NULL;
    CREATE TABLE events (
        request INTEGER NOT NULL,
        connection INTEGER NOT NULL,
        destination INTEGER NOT NULL,
        project INTEGER NOT NULL,
        source INTEGER NOT NULL,
        position INTEGER NOT NULL,
        state INTEGER NOT NULL,
        due_us INTEGER NOT NULL,
        by_hand INTEGER NOT NULL,
        attempts INTEGER NOT NULL,
        last_position INTEGER NOT NULL,
        last_status INTEGER,
        last_error INTEGER,
        last_at_us INTEGER,
        discarded INTEGER,
        ruled INTEGER,
        transformed INTEGER NOT NULL,
        order_key INTEGER,
        revision BLOB,
        regardless INTEGER NOT NULL,
        overruled INTEGER,
        PRIMARY KEY (request, connection)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE claims (
        connection INTEGER NOT NULL,
        key BLOB NOT NULL,
        request INTEGER NOT NULL,
        PRIMARY KEY (connection, key, request)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE delivered (
        connection INTEGER NOT NULL,
        key BLOB NOT NULL,
        at_us INTEGER NOT NULL,
        request INTEGER NOT NULL,
        PRIMARY KEY (connection, key)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE undelivered (
        connection INTEGER NOT NULL,
        destination INTEGER NOT NULL,
        count INTEGER NOT NULL,
        PRIMARY KEY (connection, destination)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE blocks (first_id INTEGER PRIMARY KEY, requests INTEGER NOT NULL) STRICT;
    CREATE TABLE marks (
        field INTEGER NOT NULL,
        value INTEGER NOT NULL,
        block INTEGER NOT NULL,
        PRIMARY KEY (field, value, block)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX events_due ON events (destination, connection, state, due_us)
        WHERE state <= 2 AND order_key IS NULL;
    CREATE INDEX events_ordered ON events (destination, order_key, request, connection)
        WHERE state <= 3 AND order_key IS NOT NULL;
    CREATE INDEX events_open ON events (request) WHERE state <= 3;
    CREATE INDEX events_ended_badly ON events (state, request) WHERE state >= 6;
";

/// One file of the index.
#[derive(Debug)]
pub(crate) struct Partition {
    pub(crate) path: PathBuf,
    /// The first segment whose requests are in it.
    pub(crate) first_segment: u32,
    /// No request in it has a smaller id.
    pub(crate) first_id: u64,
    readers: Mutex<Vec<Connection>>,
    /// Set when retention has deleted it; it then answers as if it were empty.
    pub(super) gone: AtomicBool,
}

/// The path of the partition that begins with a segment.
fn path(directory: &Path, first_segment: u32) -> PathBuf {
    directory.join(format!("{first_segment:010}.sqlite"))
}

/// The first segments of all partitions in a directory, ascending.
pub(crate) fn list(directory: &Path) -> std::io::Result<Vec<u32>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory)? {
        let name = entry?.file_name();
        let number =
            name.to_str().and_then(|name| name.strip_suffix(".sqlite")).and_then(|n| n.parse::<u32>().ok());
        found.extend(number);
    }
    found.sort_unstable();
    Ok(found)
}

/// Deletes a partition's files.
pub(crate) fn delete(directory: &Path, first_segment: u32) -> std::io::Result<()> {
    let path = path(directory, first_segment);
    // The log last: without it, a database that a crash left behind would have an older state.
    for suffix in ["", "-wal", "-shm"] {
        let mut name = path.clone().into_os_string();
        name.push(suffix);
        match std::fs::remove_file(name) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

impl Partition {
    fn at(directory: &Path, first_segment: u32, first_id: u64) -> Self {
        Self {
            path: path(directory, first_segment),
            first_segment,
            first_id,
            readers: Mutex::default(),
            gone: AtomicBool::new(false),
        }
    }

    pub(crate) fn failed(&self, error: rusqlite::Error) -> Error {
        Error::Sqlite { path: self.path.clone(), error }
    }

    /// Makes an empty partition that is as far as `applied` and follows the one that begins with `previous`.
    pub(crate) fn create(
        directory: &Path,
        first_segment: u32,
        first_id: u64,
        previous: u32,
        applied: Applied,
    ) -> Result<(Self, Connection), Error> {
        delete(directory, first_segment)?;
        let partition = Self::at(directory, first_segment, first_id);
        let make = || {
            let connection = Connection::open(&partition.path)?;
            connection.execute_batch("PRAGMA page_size = 8192; PRAGMA journal_mode = WAL;")?;
            connection.execute_batch(SCHEMA)?;
            set_meta(&connection, "first_id", first_id)?;
            set_meta(&connection, "previous", u64::from(previous))?;
            set_meta(&connection, "undelivered", 0)?;
            set_applied(&connection, applied)?;
            connection.pragma_update(None, "user_version", VERSION)?;
            tune_writer(&connection)?;
            Ok(connection)
        };
        let connection = make().map_err(|error| partition.failed(error))?;
        Ok((partition, connection))
    }

    /// Opens a partition that is there; none where it was left unfinished or has another version.
    pub(crate) fn open(directory: &Path, first_segment: u32) -> Result<Option<(Self, Connection)>, Error> {
        let mut partition = Self::at(directory, first_segment, 0);
        let open = || {
            let connection = Connection::open_with_flags(&partition.path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
            let version: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
            if version != VERSION {
                return Ok(None);
            }
            tune_writer(&connection)?;
            let first_id = meta(&connection, "first_id")?;
            Ok(Some((connection, first_id)))
        };
        let opened = open().map_err(|error| partition.failed(error))?;
        Ok(opened.map(|(connection, first_id)| {
            partition.first_id = first_id;
            (partition, connection)
        }))
    }

    /// Makes all that was committed to it durable, whatever SQLite has put off.
    pub(crate) fn sync(&self) -> std::io::Result<()> {
        let mut log = self.path.clone().into_os_string();
        log.push("-wal");
        match std::fs::File::open(log).and_then(|log| log.sync_all()) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        std::fs::File::open(&self.path)?.sync_all()
    }

    /// Runs `read` on a connection that cannot write.
    pub(crate) fn read<T: Default>(
        &self,
        read: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, Error> {
        let kept = self.readers.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let connection = match kept {
            Some(connection) => connection,
            None => match self.open_reader() {
                Err(_deleted) if self.gone.load(Ordering::Acquire) => return Ok(T::default()),
                opened => opened.map_err(|error| self.failed(error))?,
            },
        };
        let answer = read(&connection).map_err(|error| self.failed(error));
        let mut readers = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
        if answer.is_ok() && readers.len() < READERS_KEPT {
            readers.push(connection);
        }
        answer
    }

    fn open_reader(&self) -> rusqlite::Result<Connection> {
        let connection = Connection::open_with_flags(
            &self.path,
            OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
        )?;
        connection.busy_timeout(std::time::Duration::from_secs(5))?;
        connection.execute_batch("PRAGMA cache_size = -2048;")?;
        connection.set_prepared_statement_cache_capacity(32);
        Ok(connection)
    }
}

fn tune_writer(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(std::time::Duration::from_secs(5))?;
    connection.execute_batch(
        "PRAGMA synchronous = NORMAL; PRAGMA cache_size = -8192; PRAGMA journal_size_limit = 16777216;
         PRAGMA wal_autocheckpoint = 1000;",
    )?;
    connection.set_prepared_statement_cache_capacity(32);
    Ok(())
}

pub(crate) fn meta(connection: &Connection, key: &str) -> rusqlite::Result<u64> {
    connection
        .prepare_cached("SELECT value FROM meta WHERE key = ?1")?
        .query_row([key], |row| row.get::<_, i64>(0))
        .map(|value| value as u64)
}

pub(crate) fn set_meta(connection: &Connection, key: &str, value: u64) -> rusqlite::Result<()> {
    connection
        .prepare_cached("INSERT INTO meta VALUES (?1, ?2) ON CONFLICT DO UPDATE SET value = excluded.value")?
        .execute((key, value as i64))?;
    Ok(())
}

pub(crate) fn applied(connection: &Connection) -> rusqlite::Result<Applied> {
    Ok(Applied {
        position: Position::from_u64(meta(connection, "applied_position")?),
        id: meta(connection, "applied_id")?,
        record: Position::from_u64(meta(connection, "applied_record")?),
    })
}

pub(crate) fn set_applied(connection: &Connection, applied: Applied) -> rusqlite::Result<()> {
    set_meta(connection, "applied_position", applied.position.to_u64())?;
    set_meta(connection, "applied_record", applied.record.to_u64())?;
    set_meta(connection, "applied_id", applied.id)
}
