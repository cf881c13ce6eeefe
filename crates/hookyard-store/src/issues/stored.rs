//! The database of issues, and what people read and do.
//!
//! **Invariant:** every change is one transaction with a full sync.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hookyard_model::clock::{Clock, Timestamp};
use hookyard_model::id::{ConnectionId, DestinationId, Generator, IssueId, ProjectId, RequestId, SourceId};
use hookyard_model::issue::Kind;
use rusqlite::types::{Type, Value};
use rusqlite::{Connection, OptionalExtension, Row, TransactionBehavior, params};
use tokio::sync::watch;
use tracing::error;

use super::apply::{Applied, count_open};
use super::fold::Watched;
use super::outbox;
use super::{Filter, Issue, ResolvedBy, State};
use crate::alerts::News;
use crate::database::{Database, OpenError};
use crate::history::Page;
use crate::rounds::Rounds;

pub(super) const DATABASE: Database =
    Database { of: "issues", file: "issues.sqlite", version: 2, table: "issues" };

/// The database cannot be read or written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the database of issues cannot be used: {0}")]
pub struct StoreError(String);

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        Self(error.to_string())
    }
}

/// A person cannot do that to an issue.
#[derive(Debug, thiserror::Error)]
pub enum ActError {
    /// There is none such in the project.
    #[error("there is no such issue; it may have been forgotten")]
    NotFound,
    /// It is over.
    #[error("the issue is resolved")]
    Resolved,
    /// That cannot be stored.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<rusqlite::Error> for ActError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error.into())
    }
}

/// The database with what is known of it in memory.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) database: Connection,
    pub(super) watched: Watched,
    /// What is in memory may not be what is stored, and neither may be what is thought to be stored.
    pub(super) is_stale: bool,
    /// The configuration that what alerts have told is in line with.
    pub(super) alerts_version: Option<u64>,
}

/// All issues.
#[derive(Debug)]
pub(crate) struct Issues {
    known: Mutex<Known>,
    pub(super) clock: Clock,
    /// What is asked of the follower.
    pub(super) rounds: Arc<Rounds>,
    open: AtomicU64,
    /// News of issues that waits for those who tell it, at most.
    outbox_max: u32,
    /// The place of the newest.
    pub(super) newest: watch::Sender<u64>,
}

impl Known {
    /// Reads anew what is kept in memory.
    fn refresh(&mut self) -> rusqlite::Result<u64> {
        self.watched = Watched::load(&self.database)?;
        count_open(&self.database)
    }
}

impl Issues {
    /// Opens the database, or makes it, to begin at `end`. Blocks. Ids from `ids` will be greater than all in it.
    pub(super) fn open(
        directory: &Path,
        clock: Clock,
        ids: &Generator,
        end: Applied,
        outbox_max: u32,
    ) -> Result<(Self, Applied), OpenError> {
        let sql_failed = |error: rusqlite::Error| DATABASE.failed(directory, error);
        let database = DATABASE.open(directory, ids, |database, found| {
            if found == 0 {
                database.execute_batch(include_str!("schema.sql"))?;
                end.store(database)?;
            }
            database.execute_batch(include_str!("alerts.sql"))
        })?;
        let applied = Applied::load(&database).map_err(sql_failed)?.unwrap_or(end);
        let watched = Watched::default();
        let mut known = Known { database, watched, is_stale: false, alerts_version: None };
        let open = known.refresh().map_err(sql_failed)?;
        let issues = Self {
            known: Mutex::new(known),
            clock,
            rounds: Arc::default(),
            open: AtomicU64::new(open),
            outbox_max,
            newest: watch::Sender::new(0),
        };
        Ok((issues, applied))
    }

    /// How many are open: neither acknowledged nor resolved.
    pub(crate) fn count_open(&self) -> u64 {
        self.open.load(Ordering::Relaxed)
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the database in one transaction, and what is known of it in memory with that.
    pub(super) fn change<T, E: From<rusqlite::Error>>(
        &self,
        known: &mut Known,
        change: impl FnOnce(&Connection) -> Result<T, E>,
    ) -> Result<T, E> {
        known.is_stale = true;
        let tx = known.database.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let changed = change(&tx)?;
        let (newest, dropped) = outbox::bound(&tx, self.outbox_max)?;
        tx.commit()?;
        if dropped > 0 {
            error!(dropped, "alerts are so far behind that news of issues was dropped; nobody is told of it");
        }
        self.newest.send_if_modified(|known| std::mem::replace(known, newest) < newest);
        // It is done, whether it can be read or not.
        let _ = self.refresh(known);
        Ok(changed)
    }

    /// Reads anew what is kept in memory.
    pub(super) fn refresh(&self, known: &mut Known) -> rusqlite::Result<()> {
        self.open.store(known.refresh()?, Ordering::Relaxed);
        known.is_stale = false;
        Ok(())
    }

    /// Runs something on a thread that may block. It is carried through also where the caller stops waiting.
    pub(super) async fn on_thread<T: Send + 'static, E: From<StoreError> + Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Self, &mut Known) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E> {
        let issues = Arc::clone(self);
        let done = tokio::task::spawn_blocking(move || work(&issues, &mut issues.lock()));
        done.await.unwrap_or_else(|error| Err(StoreError(error.to_string()).into()))
    }

    /// One of a project's.
    pub(super) async fn find(
        self: &Arc<Self>,
        project: ProjectId,
        id: IssueId,
    ) -> Result<Option<Issue>, StoreError> {
        self.on_thread(move |_, known| Ok(load(&known.database, project, id)?)).await
    }

    /// A page of a project's, newest first.
    pub(super) async fn list(
        self: &Arc<Self>,
        project: ProjectId,
        filter: Filter,
        page: Page<IssueId>,
    ) -> Result<Vec<Issue>, StoreError> {
        self.on_thread(move |_, known| {
            let before = page.before.map_or(i64::MAX, |before| before.0.cast_signed());
            let limit = i64::try_from(page.limit).unwrap_or(i64::MAX);
            let (conditions, mut parameters) = conditions(filter);
            let sql = format!(
                "SELECT {COLUMNS} FROM issues WHERE project = ? {conditions} AND id < ? ORDER BY id DESC LIMIT ?"
            );
            parameters.insert(0, Value::Integer(project.0.cast_signed()));
            parameters.extend([Value::Integer(before), Value::Integer(limit)]);
            let mut statement = known.database.prepare_cached(&sql)?;
            let rows = statement.query_map(rusqlite::params_from_iter(parameters), read)?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
        .await
    }

    /// Notes that a person knows of one; that it is so already changes nothing.
    pub(super) async fn acknowledge(
        self: &Arc<Self>,
        project: ProjectId,
        id: IssueId,
    ) -> Result<Issue, ActError> {
        self.act(project, id, ACKNOWLEDGE, None).await
    }

    /// Resolves one for a person.
    pub(super) async fn resolve(
        self: &Arc<Self>,
        project: ProjectId,
        id: IssueId,
    ) -> Result<Issue, ActError> {
        self.act(project, id, RESOLVE, Some(News::Resolved)).await
    }

    /// Runs a statement on an issue that is not resolved, with its id and the time; alerts tell what becomes of it.
    async fn act(
        self: &Arc<Self>,
        project: ProjectId,
        id: IssueId,
        statement: &'static str,
        news: Option<News>,
    ) -> Result<Issue, ActError> {
        self.on_thread(move |issues, known| {
            let at = issues.clock.now();
            let found = load(&known.database, project, id)?.ok_or(ActError::NotFound)?;
            if found.state == State::Resolved {
                return Err(ActError::Resolved);
            }
            issues.change(known, |database| {
                database.execute(statement, params![id.0.cast_signed(), at.us().cast_signed()])?;
                if let Some(news) = news {
                    outbox::push(database, id.0, news, at)?;
                }
                load(database, project, id)?.ok_or(ActError::NotFound)
            })
        })
        .await
    }
}

const ACKNOWLEDGE: &str = "
    UPDATE issues SET state = 'acknowledged', acknowledged_at_us = ?2 WHERE id = ?1 AND state = 'open'";

const RESOLVE: &str = "
    UPDATE issues SET state = 'resolved', resolved_at_us = ?2, resolved_by = 'person' WHERE id = ?1";

fn conditions(filter: Filter) -> (String, Vec<Value>) {
    let (mut sql, mut parameters) = (String::new(), Vec::new());
    let mut equal = |column: &str, value: Option<Value>| {
        let Some(value) = value else { return };
        sql.push_str(&format!(" AND {column} = ?"));
        parameters.push(value);
    };
    let id = |id: u64| Value::Integer(id.cast_signed());
    equal("state", filter.state.map(|state| Value::Text(state.name().to_owned())));
    equal("kind", filter.kind.map(|kind| Value::Text(kind.name().to_owned())));
    equal("connection", filter.connection.map(|it| id(it.0)));
    equal("source", filter.source.map(|it| id(it.0)));
    equal("destination", filter.destination.map(|it| id(it.0)));
    (sql, parameters)
}

const COLUMNS: &str = "id, project, kind, cause, connection, source, destination, state, count, reopened, \
    first_seen_us, last_seen_us, sample_request, acknowledged_at_us, resolved_at_us, resolved_by";

fn load(database: &Connection, project: ProjectId, id: IssueId) -> rusqlite::Result<Option<Issue>> {
    let sql = format!("SELECT {COLUMNS} FROM issues WHERE id = ?1 AND project = ?2");
    let parameters = params![id.0.cast_signed(), project.0.cast_signed()];
    database.prepare_cached(&sql)?.query_row(parameters, read).optional()
}

/// One of whatever project.
pub(super) fn find_any(database: &Connection, id: IssueId) -> rusqlite::Result<Option<Issue>> {
    let sql = format!("SELECT {COLUMNS} FROM issues WHERE id = ?1");
    database.prepare_cached(&sql)?.query_row([id.0.cast_signed()], read).optional()
}

fn read(row: &Row<'_>) -> rusqlite::Result<Issue> {
    let number = |at: usize| row.get::<_, i64>(at).map(i64::cast_unsigned);
    let optional = |at: usize| row.get::<_, Option<i64>>(at).map(|it| it.map(i64::cast_unsigned));
    let resolved_by = row.get::<_, Option<String>>(15)?;
    let resolved_by = resolved_by.map(|name| named(15, &name, ResolvedBy::from_name)).transpose()?;
    Ok(Issue {
        id: IssueId(number(0)?),
        project: ProjectId(number(1)?),
        kind: named(2, &row.get::<_, String>(2)?, Kind::from_name)?,
        cause: row.get(3)?,
        connection: optional(4)?.map(ConnectionId),
        source: optional(5)?.map(SourceId),
        destination: optional(6)?.map(DestinationId),
        state: named(7, &row.get::<_, String>(7)?, State::from_name)?,
        count: number(8)?,
        reopened: row.get(9)?,
        first_seen_at: Timestamp::from_us(number(10)?),
        last_seen_at: Timestamp::from_us(number(11)?),
        sample: optional(12)?.map(RequestId),
        acknowledged_at: optional(13)?.map(Timestamp::from_us),
        resolved: optional(14)?.map(Timestamp::from_us).zip(resolved_by),
    })
}

fn named<T>(column: usize, name: &str, from: impl Fn(&str) -> Option<T>) -> rusqlite::Result<T> {
    from(name).ok_or_else(|| {
        let why = format!("unknown name `{name}`");
        rusqlite::Error::FromSqlConversionFailure(column, Type::Text, why.into())
    })
}
