//! The audit log: who did what. It stands in the catalog's database, so that a change of configuration and its entry
//! are one transaction.
//!
//! Every change passes one place (`write`), which compares the snapshots before and after and makes an entry of each
//! thing that differs: no verb can forget its entry. What happens elsewhere (events, issues, bulk operations, logins)
//! is noted by whoever did it, right after it was done; a crash between the two loses that entry.
//!
//! How a thing is shown in an entry is not known here: [`Settings::describe`] says, which shows no secret.

use std::fmt;
use std::net::IpAddr;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use hookyard_model::access::{Actor, ApiKey};
use hookyard_model::alert::Alert;
use hookyard_model::clock::Timestamp;
use hookyard_model::connection::Connection;
use hookyard_model::destination::Destination;
use hookyard_model::id::{ApiKeyId, AuditEntryId, Generator, floor_at};
use hookyard_model::source::Source;
use rusqlite::{Row, Transaction, TransactionBehavior, params};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::write::WriteError;
use super::{Catalog, Snapshot};
use crate::history::Page;

/// The longest value of a change that is kept whole, in bytes of JSON.
pub const VALUE_BYTES_MAX: usize = 16 * 1024;
/// The oldest entries that are dropped at once, so that no change waits for long.
const DROPPED_AT_ONCE: u32 = 1_000;

/// How much is kept, and how it looks.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// How long entries are kept; none for ever.
    pub retention: Option<Duration>,
    /// How many are kept.
    pub entries_max: u64,
    /// What is shown of a change.
    pub describe: Describe,
}

impl Default for Settings {
    fn default() -> Self {
        let retention = Some(Duration::from_secs(365 * 24 * 3600));
        Self { retention, entries_max: 100_000, describe: Describe(|_, _| Vec::new()) }
    }
}

/// Says what became different between two states of a thing, without secrets; none before it was made and after it
/// was deleted.
#[derive(Clone, Copy)]
pub struct Describe(pub fn(Option<&Resource>, Option<&Resource>) -> Vec<Change>);

impl fmt::Debug for Describe {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Describe")
    }
}

/// Something that is configured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resource {
    /// A source.
    Source(Arc<Source>),
    /// A destination.
    Destination(Arc<Destination>),
    /// A connection.
    Connection(Arc<Connection>),
    /// An alert.
    Alert(Arc<Alert>),
    /// An API key.
    ApiKey(Arc<ApiKey>),
}

impl Resource {
    /// What it is called in entries.
    pub const fn type_name(&self) -> &'static str {
        match self {
            Self::Source(_) => "source",
            Self::Destination(_) => "destination",
            Self::Connection(_) => "connection",
            Self::Alert(_) => "alert",
            Self::ApiKey(_) => "api_key",
        }
    }

    /// Its id.
    pub fn id(&self) -> String {
        match self {
            Self::Source(it) => it.id.to_string(),
            Self::Destination(it) => it.id.to_string(),
            Self::Connection(it) => it.id.to_string(),
            Self::Alert(it) => it.id.to_string(),
            Self::ApiKey(it) => it.id.to_string(),
        }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        match self {
            Self::Source(it) => &it.name,
            Self::Destination(it) => &it.name,
            Self::Connection(it) => &it.name,
            Self::Alert(it) => &it.name,
            Self::ApiKey(it) => &it.name,
        }
    }
}

/// Who changes something, from where, and what it is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Author {
    /// Who.
    pub actor: Actor,
    /// From which address; none from within the process.
    pub remote: Option<IpAddr>,
    /// What the change is called, like `destination.pause`; none for `create`, `update` or `delete`, as it is.
    pub action: Option<&'static str>,
}

impl Author {
    /// The process itself.
    pub const fn system() -> Self {
        Self { actor: Actor::System, remote: None, action: None }
    }
}

/// One value that is different.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// The field's name in the API.
    pub field: String,
    /// What it was; null where there was none.
    pub from: Value,
    /// What it is; null where there is none.
    pub to: Value,
}

/// Something that was done and is to be noted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEntry {
    /// What was done, like `event.retry`.
    pub action: &'static str,
    /// To what.
    pub resource_type: &'static str,
    /// To which one.
    pub resource_id: Option<String>,
    /// What became different.
    pub changes: Vec<Change>,
}

/// Something that was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its identity.
    pub id: AuditEntryId,
    /// When.
    pub at: Timestamp,
    /// The kind of actor.
    pub actor_type: String,
    /// Which key it was.
    pub actor_id: Option<ApiKeyId>,
    /// The key's name then.
    pub actor_name: Option<String>,
    /// The address that it came from.
    pub remote: Option<String>,
    /// What was done.
    pub action: String,
    /// To what.
    pub resource_type: String,
    /// To which one.
    pub resource_id: Option<String>,
    /// What became different.
    pub changes: Vec<Change>,
}

/// Which entries are wanted; none for all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Of this kind of actor.
    pub actor_type: Option<String>,
    /// Of this key.
    pub actor_id: Option<ApiKeyId>,
    /// This was done.
    pub action: Option<String>,
    /// To this kind of thing.
    pub resource_type: Option<String>,
    /// To this one.
    pub resource_id: Option<String>,
}

impl Catalog {
    /// Notes something that was done outside of the catalog. Durable when this returns.
    ///
    /// # Errors
    /// [`WriteError::Storage`] where it cannot be stored.
    pub async fn note(&self, entry: NewEntry) -> Result<(), WriteError> {
        let (shared, author) = (Arc::clone(&self.shared), Arc::clone(&self.author));
        let noted = tokio::task::spawn_blocking(move || {
            let mut database = shared.database.lock().unwrap_or_else(PoisonError::into_inner);
            let tx = database.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let now = shared.clock.now();
            let NewEntry { action, resource_type, resource_id, changes } = entry;
            put(&tx, &shared.ids, now, &author, (action, resource_type, resource_id, changes))?;
            drop_oldest(&tx, &shared.audit, now)?;
            tx.commit()?;
            Ok(())
        });
        noted.await.unwrap_or_else(|error| Err(WriteError::Storage(error.to_string())))
    }

    /// A page of the log, newest first. Reads the database.
    ///
    /// # Errors
    /// [`WriteError::Storage`] where it cannot be read.
    pub async fn audit_entries(
        &self,
        filter: Filter,
        page: Page<AuditEntryId>,
    ) -> Result<Vec<Entry>, WriteError> {
        let shared = Arc::clone(&self.shared);
        let read = tokio::task::spawn_blocking(move || {
            let database = shared.database.lock().unwrap_or_else(PoisonError::into_inner);
            list(&database, &filter, page, oldest_kept(&shared.audit, shared.clock.now()))
        });
        read.await.unwrap_or_else(|error| Err(WriteError::Storage(error.to_string())))
    }
}

/// Makes an entry of each thing that differs between two snapshots.
pub(super) fn note_differences(
    tx: &Transaction<'_>,
    ids: &Generator,
    now: Timestamp,
    (author, settings): (&Author, &Settings),
    (before, after): (&Snapshot, &Snapshot),
) -> Result<(), WriteError> {
    for (old, new) in differences(before, after) {
        let Some(thing) = new.as_ref().or(old.as_ref()) else { continue };
        let changes = (settings.describe.0)(old.as_ref(), new.as_ref());
        let verb = match (&old, &new) {
            (None, _) => "create",
            (_, None) => "delete",
            // What is not shown, like since when a destination fails, is nobody's doing.
            _ if changes.is_empty() => continue,
            _ => "update",
        };
        let resource_type = thing.type_name();
        let named = author.action.filter(|action| action.split('.').next() == Some(resource_type));
        let action = named.map_or_else(|| format!("{resource_type}.{verb}"), str::to_owned);
        put(tx, ids, now, author, (&action, resource_type, Some(thing.id()), changes))?;
    }
    drop_oldest(tx, settings, now)
}

type Difference = (Option<Resource>, Option<Resource>);

fn differences(before: &Snapshot, after: &Snapshot) -> Vec<Difference> {
    let mut found = Vec::new();
    of_one_kind(&before.sources, &after.sources, Resource::Source, &mut found);
    of_one_kind(&before.destinations, &after.destinations, Resource::Destination, &mut found);
    of_one_kind(&before.connections, &after.connections, Resource::Connection, &mut found);
    of_one_kind(&before.alerts, &after.alerts, Resource::Alert, &mut found);
    of_one_kind(&before.api_keys, &after.api_keys, Resource::ApiKey, &mut found);
    found
}

fn of_one_kind<Id: std::hash::Hash + Ord + Copy, T>(
    before: &rustc_hash::FxHashMap<Id, Arc<T>>,
    after: &rustc_hash::FxHashMap<Id, Arc<T>>,
    wrap: impl Fn(Arc<T>) -> Resource,
    found: &mut Vec<Difference>,
) {
    let is_same = |id: &Id| match (before.get(id), after.get(id)) {
        (Some(old), Some(new)) => Arc::ptr_eq(old, new),
        _ => false,
    };
    let mut changed: Vec<Id> = before.keys().chain(after.keys()).copied().filter(|id| !is_same(id)).collect();
    changed.sort_unstable();
    changed.dedup();
    for id in changed {
        found.push((before.get(&id).cloned().map(&wrap), after.get(&id).cloned().map(&wrap)));
    }
}

fn put(
    tx: &Transaction<'_>,
    ids: &Generator,
    now: Timestamp,
    author: &Author,
    (action, resource_type, resource_id, changes): (&str, &str, Option<String>, Vec<Change>),
) -> Result<(), WriteError> {
    let (actor_id, actor_name) = match &author.actor {
        Actor::ApiKey { id, name } => (Some(id.0.cast_signed()), Some(name.as_str())),
        _ => (None, None),
    };
    let changes: Vec<Change> = changes.into_iter().map(Change::bounded).collect();
    let changes = serde_json::to_string(&changes).map_err(|error| WriteError::Storage(error.to_string()))?;
    tx.prepare_cached(PUT)?.execute(params![
        ids.next(now).cast_signed(),
        now.us().cast_signed(),
        author.actor.type_name(),
        actor_id,
        actor_name,
        author.remote.map(|remote| remote.to_string()),
        action,
        resource_type,
        resource_id,
        changes,
    ])?;
    Ok(())
}

impl Change {
    /// Long values, such as code, are only named: the log says that they changed, and how long they are.
    fn bounded(mut self) -> Self {
        for value in [&mut self.from, &mut self.to] {
            let bytes = value.to_string().len();
            if bytes > VALUE_BYTES_MAX {
                *value = Value::String(format!("({bytes} bytes of JSON)"));
            }
        }
        self
    }
}

/// Drops what is too old or too much, a bounded number at a time.
fn drop_oldest(tx: &Transaction<'_>, settings: &Settings, now: Timestamp) -> Result<(), WriteError> {
    let oldest = oldest_kept(settings, now).cast_signed();
    let entries_max = i64::try_from(settings.entries_max).unwrap_or(i64::MAX);
    tx.prepare_cached(DROP)?.execute(params![oldest, entries_max, DROPPED_AT_ONCE])?;
    Ok(())
}

/// The smallest id that is kept.
fn oldest_kept(settings: &Settings, now: Timestamp) -> u64 {
    settings.retention.map_or(0, |retention| floor_at(now.minus(retention)))
}

const PUT: &str = "
    INSERT INTO audit_entries (id, at_us, actor_type, actor_id, actor_name, remote, action, resource_type, resource_id,
                               changes)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";

/// Ids and numbers grow together, so the entries to drop are a prefix of both.
const DROP: &str = "
    DELETE FROM audit_entries WHERE number <= max(
        coalesce((SELECT number FROM audit_entries WHERE id < ?1 ORDER BY id DESC LIMIT 1), 0),
        coalesce((SELECT max(number) FROM audit_entries), 0) - ?2)
    AND number < (SELECT min(number) FROM audit_entries) + ?3";

/// All parameters stand in each form of it, so that they are bound alike.
fn list_sql(filter: &Filter) -> String {
    let mut sql = "
    SELECT id, at_us, actor_type, actor_id, actor_name, remote, action, resource_type, resource_id, changes
    FROM audit_entries WHERE id < ?1 AND id >= ?2"
        .to_owned();
    for (is_wanted, column, parameter) in [
        (filter.actor_type.is_some(), "actor_type", 3),
        (filter.actor_id.is_some(), "actor_id", 4),
        (filter.action.is_some(), "action", 5),
        (filter.resource_type.is_some(), "resource_type", 6),
        (filter.resource_id.is_some(), "resource_id", 7),
    ] {
        // What is not asked for is left out, so that the index is found for what is.
        match is_wanted {
            true => sql.push_str(&format!(" AND {column} = ?{parameter}")),
            false => sql.push_str(&format!(" AND ?{parameter} IS NULL")),
        }
    }
    sql.push_str(" ORDER BY id DESC LIMIT ?8");
    sql
}

/// The newest id in the log.
pub(super) fn newest(database: &rusqlite::Connection) -> Result<Option<u64>, rusqlite::Error> {
    let newest: Option<i64> =
        database.query_row("SELECT max(id) FROM audit_entries", [], |row| row.get(0))?;
    Ok(newest.map(i64::cast_unsigned))
}

fn list(
    database: &rusqlite::Connection,
    filter: &Filter,
    page: Page<AuditEntryId>,
    oldest: u64,
) -> Result<Vec<Entry>, WriteError> {
    let mut statement = database.prepare_cached(&list_sql(filter))?;
    let parameters = params![
        page.before.map_or(i64::MAX, |before| before.0.cast_signed()),
        oldest.cast_signed(),
        filter.actor_type,
        filter.actor_id.map(|id| id.0.cast_signed()),
        filter.action,
        filter.resource_type,
        filter.resource_id,
        i64::try_from(page.limit).unwrap_or(i64::MAX),
    ];
    let rows = statement.query_map(parameters, |row| Ok(read(row)))?;
    rows.map(|row| row?).collect()
}

fn read(row: &Row<'_>) -> Result<Entry, WriteError> {
    let changes = serde_json::from_str(row.get_ref(9)?.as_str().map_err(rusqlite::Error::from)?);
    Ok(Entry {
        id: AuditEntryId(row.get::<_, i64>(0)?.cast_unsigned()),
        at: Timestamp::from_us(row.get::<_, i64>(1)?.cast_unsigned()),
        actor_type: row.get(2)?,
        actor_id: row.get::<_, Option<i64>>(3)?.map(|id| ApiKeyId(id.cast_unsigned())),
        actor_name: row.get(4)?,
        remote: row.get(5)?,
        action: row.get(6)?,
        resource_type: row.get(7)?,
        resource_id: row.get(8)?,
        changes: changes.map_err(|error| WriteError::Storage(error.to_string()))?,
    })
}
