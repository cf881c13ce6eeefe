//! Opening the database: bring the schema up to date, make sure the key is the right one, load the first
//! snapshot.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hookyard_model::clock::{Clock, Timestamp};
use hookyard_model::id::{Generator, ProjectId};
use hookyard_model::project::{self, Project};
use hookyard_model::source::ManagedBy;
use rusqlite::{Connection, ErrorCode, OptionalExtension, Row, TransactionBehavior, params};
use rustc_hash::FxHashMap;
use tokio::sync::watch;

use super::audit::{self, Author};
use super::key::SecretKey;
use super::key_uses::KeyUses;
use super::schema::{self, SchemaError};
use super::seal::{self, Place, SealError};
use super::{Catalog, Shared, Snapshot, alerts, api_keys, connections, destinations, sources};

pub(crate) const FILE: &str = "catalog.sqlite";
/// For a reader from outside, such as a backup; Hookyard itself has one connection only.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
const KEY_CHECK: Place = Place { table: "catalog", column: "key_check", row: 1 };
const KEY_CHECK_TEXT: &[u8] = b"the key fits";

/// The configuration database cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The file cannot be read, written or made.
    #[error("cannot open the configuration database {}: {cause}", path.display())]
    Unreadable {
        /// The database file.
        path: PathBuf,
        /// What SQLite says.
        cause: String,
    },
    /// Something in it is not as Hookyard wrote it.
    #[error(
        "the configuration database {} is damaged ({what}): put back a copy of it, or move it away to start \
         with an empty configuration",
        path.display()
    )]
    Damaged {
        /// The database file.
        path: PathBuf,
        /// Where and how.
        what: String,
    },
    /// A newer version of Hookyard wrote it.
    #[error(
        "the configuration database {} has schema version {found}, and this version of hookyard knows up to \
         {known}: run the version that wrote it, or a newer one",
        path.display()
    )]
    TooNew {
        /// The database file.
        path: PathBuf,
        /// Its schema version.
        found: u32,
        /// The newest that is known.
        known: u32,
    },
    /// Its secrets were encrypted with another key.
    #[error(
        "the secret key is not the one that the configuration database {} was made with: put back the \
         secrets.key file (or HOOKYARD_SECRET_KEY) of that time",
        path.display()
    )]
    WrongKey {
        /// The database file.
        path: PathBuf,
    },
    /// The operating system gives no random bytes.
    #[error("the operating system gives no random bytes")]
    NoRandomness,
}

/// What can go wrong underneath [`Catalog::open`], before the file's name is added.
#[derive(Debug)]
pub(super) enum LoadError {
    Sqlite(rusqlite::Error),
    Damaged(String),
    TooNew { found: u32, known: u32 },
    WrongKey,
    NoRandomness,
}

impl Catalog {
    /// Opens `catalog.sqlite` in `directory`, or makes it with the `default` project in it. Blocks.
    /// Ids from `ids` will be greater than all that are in the database. What changes is the process' own doing, as
    /// far as [`Catalog::by`] says nothing else.
    ///
    /// # Errors
    /// [`OpenError`] where the database is damaged, too new, or encrypted with another key.
    pub fn open(
        directory: &Path,
        key: SecretKey,
        clock: Clock,
        ids: Arc<Generator>,
        audit: audit::Settings,
    ) -> Result<Self, OpenError> {
        let path = directory.join(FILE);
        let in_file = |error: LoadError| error.in_file(&path);
        let (database, snapshot) = open(&path, &key, clock.now(), &ids).map_err(in_file)?;
        let key_uses = KeyUses::load(&database).map_err(in_file)?;
        let current = watch::Sender::new(Arc::new(snapshot));
        let shared = Shared { current, database: Mutex::new(database), key, clock, ids, audit, key_uses };
        Ok(Self { shared: Arc::new(shared), author: Arc::new(Author::system()), condition: None })
    }
}

fn open(
    path: &Path,
    key: &SecretKey,
    now: Timestamp,
    ids: &Generator,
) -> Result<(Connection, Snapshot), LoadError> {
    let mut database = Connection::open(path)?;
    database.busy_timeout(BUSY_TIMEOUT)?;
    // Returns the mode it ended in; without a write-ahead log commits are as durable, only slower.
    database.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
    // FULL syncs the log at every commit: what was acknowledged survives a power cut.
    database.pragma_update(None, "synchronous", "FULL")?;
    database.pragma_update(None, "foreign_keys", true)?;
    let verdict: String = database.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if verdict != "ok" {
        return Err(LoadError::Damaged(verdict));
    }
    schema::migrate(&mut database)?;
    fill(&mut database, key, now, ids)?;
    let snapshot = load(&database, key)?;
    let newest = (snapshot.sources.keys().map(|id| id.0))
        .chain(snapshot.destinations.keys().map(|id| id.0))
        .chain(snapshot.connections.keys().map(|id| id.0))
        .chain(snapshot.alerts.keys().map(|id| id.0))
        .chain(snapshot.projects.iter().map(|project| project.id.0))
        .chain(snapshot.api_keys.keys().map(|id| id.0))
        .chain(newest_retired(&database)?)
        .chain(audit::newest(&database)?)
        .max();
    ids.advance_past(newest.unwrap_or_default());
    Ok((database, snapshot))
}

/// Checks the key; in a new database, writes what it is checked against and the `default` project.
fn fill(
    database: &mut Connection,
    key: &SecretKey,
    now: Timestamp,
    ids: &Generator,
) -> Result<(), LoadError> {
    let tx = database.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let key_check: Option<Vec<u8>> =
        tx.query_row("SELECT key_check FROM catalog", [], |row| row.get(0)).optional()?;
    if let Some(sealed) = key_check {
        return match seal::unseal(key, KEY_CHECK, &sealed) {
            Ok(text) if text == KEY_CHECK_TEXT => Ok(()),
            Ok(_) | Err(SealError::Refused) => Err(LoadError::WrongKey),
            Err(error) => Err(LoadError::Damaged(format!("key check: {error}"))),
        };
    }
    let sealed = seal::seal(key, KEY_CHECK, KEY_CHECK_TEXT).map_err(|_| LoadError::NoRandomness)?;
    tx.execute("INSERT INTO catalog (one, version, key_check) VALUES (1, 1, ?1)", [sealed])?;
    tx.execute(
        "INSERT INTO projects (id, name, created_at_us) VALUES (?1, ?2, ?3)",
        params![ids.next(now).cast_signed(), project::DEFAULT, now.us().cast_signed()],
    )?;
    tx.commit()?;
    Ok(())
}

fn load(database: &Connection, key: &SecretKey) -> Result<Snapshot, LoadError> {
    let version = database.query_row("SELECT version FROM catalog", [], |row| row.get::<_, i64>(0))?;
    let projects = load_projects(database)?;
    let default_project = projects
        .iter()
        .find(|project| project.name == project::DEFAULT)
        .map(|project| project.id)
        .ok_or_else(|| LoadError::Damaged(format!("there is no project `{}`", project::DEFAULT)))?;
    let mut snapshot = Snapshot {
        version: version.cast_unsigned(),
        default_project,
        projects,
        sources: by_id(sources::load(database, key)?, |source| source.id),
        destinations: by_id(destinations::load(database, key)?, |destination| destination.id),
        connections: by_id(connections::load(database, key)?, |connection| connection.id),
        by_source: FxHashMap::default(),
        alerts: by_id(alerts::load(database, key)?, |alert| alert.id),
        api_keys: by_id(api_keys::load(database)?, |key| key.id),
    };
    snapshot.group_by_source();
    Ok(snapshot)
}

fn newest_retired(database: &Connection) -> Result<Option<u64>, LoadError> {
    let newest: Option<i64> =
        database.query_row("SELECT max(id) FROM retired_secrets", [], |row| row.get(0))?;
    Ok(newest.map(i64::cast_unsigned))
}

fn load_projects(database: &Connection) -> Result<Vec<Arc<Project>>, LoadError> {
    let mut statement = database.prepare("SELECT id, name, created_at_us FROM projects ORDER BY id")?;
    let mut rows = statement.query([])?;
    let mut projects = Vec::new();
    while let Some(row) = rows.next()? {
        projects.push(Arc::new(Project {
            id: ProjectId(unsigned(row, 0)?),
            name: row.get(1)?,
            created_at: Timestamp::from_us(unsigned(row, 2)?),
        }));
    }
    Ok(projects)
}

fn by_id<Id: std::hash::Hash + Eq, T>(all: Vec<T>, id: impl Fn(&T) -> Id) -> FxHashMap<Id, Arc<T>> {
    all.into_iter().map(|one| (id(&one), Arc::new(one))).collect()
}

/// An id or time: stored as a signed integer bit for bit.
pub(super) fn unsigned(row: &Row<'_>, column: usize) -> Result<u64, rusqlite::Error> {
    row.get::<_, i64>(column).map(i64::cast_unsigned)
}

pub(super) const fn managed_by_name(managed_by: ManagedBy) -> &'static str {
    match managed_by {
        ManagedBy::Api => "api",
        ManagedBy::File => "file",
    }
}

pub(super) fn managed_by_from(row: &Row<'_>, column: usize) -> Result<ManagedBy, LoadError> {
    match row.get::<_, String>(column)?.as_str() {
        "api" => Ok(ManagedBy::Api),
        "file" => Ok(ManagedBy::File),
        other => Err(LoadError::Damaged(format!("`{other}` manages nothing"))),
    }
}

impl LoadError {
    fn in_file(self, path: &Path) -> OpenError {
        let path = path.to_owned();
        match self {
            Self::Sqlite(error) if is_damage(&error) => OpenError::Damaged { path, what: error.to_string() },
            Self::Sqlite(error) => OpenError::Unreadable { path, cause: error.to_string() },
            Self::Damaged(what) => OpenError::Damaged { path, what },
            Self::TooNew { found, known } => OpenError::TooNew { path, found, known },
            Self::WrongKey => OpenError::WrongKey { path },
            Self::NoRandomness => OpenError::NoRandomness,
        }
    }
}

/// Whether the file's content is at fault, and not the access to it.
fn is_damage(error: &rusqlite::Error) -> bool {
    match error {
        rusqlite::Error::SqliteFailure(failure, _) => {
            matches!(failure.code, ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase | ErrorCode::Unknown)
        }
        // Tables or values of another kind than the migrations made.
        _ => true,
    }
}

impl From<rusqlite::Error> for LoadError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl From<rusqlite::types::FromSqlError> for LoadError {
    fn from(error: rusqlite::types::FromSqlError) -> Self {
        Self::Damaged(error.to_string())
    }
}

impl From<SchemaError> for LoadError {
    fn from(error: SchemaError) -> Self {
        match error {
            SchemaError::TooNew { found, known } => Self::TooNew { found, known },
            SchemaError::Sqlite(error) => Self::Sqlite(error),
        }
    }
}
