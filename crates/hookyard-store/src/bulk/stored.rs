//! The database of bulk operations: what they are, how far they are, and the batch under way.
//!
//! What ended is forgotten after [`KEPT_FOR`], and beyond the newest [`KEPT_MAX`].
//!
//! **Invariant:** every change is one transaction with a full sync. Of one project at most one operation is running,
//! and the table's own index sees to that.

mod rows;

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hookyard_model::clock::{Clock, Timestamp};
use hookyard_model::id::{BulkOperationId, EventId, Generator, ProjectId};
use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};
use tokio::sync::Notify;

use super::plan::{Plan, before};
use super::{Operation, OperationState, Order, Progress, StartError, StopError};
use crate::database::{Database, OpenError};
use crate::history::Page;
use rows::{COLUMNS, StoredFilter, StoredMark, StoredProgress, json, read, read_work};

/// Version 2 knows more restrictions in `filter`; those of version 1 are read as they are.
const DATABASE: Database =
    Database { of: "bulk operations", file: "bulk.sqlite", version: 2, table: "bulk_operations" };
/// How long an operation that has ended is kept.
const KEPT_FOR: Duration = Duration::from_secs(30 * 24 * 3600);
/// How many of those that have ended are kept.
const KEPT_MAX: u32 = 1_000;

/// The database cannot be read or written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the database of bulk operations cannot be used: {0}")]
pub struct StoreError(String);

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        Self(error.to_string())
    }
}

/// An event of a batch, and how it stood when the batch was stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) event: EventId,
    pub(super) attempts: u32,
    /// Where what rules made of it stood in the journal.
    pub(super) ruled: u64,
}

/// A running operation with what the one who carries it out has to know.
#[derive(Clone, Debug)]
pub(super) struct Work {
    pub(super) operation: Operation,
    /// Everything newer has been looked at.
    pub(super) before: EventId,
    /// What something is to be done to, unless that has happened.
    pub(super) batch: Vec<Mark>,
}

/// All bulk operations.
#[derive(Debug)]
pub(crate) struct Operations {
    database: Mutex<Connection>,
    clock: Clock,
    ids: Arc<Generator>,
    /// Told when there may be another one to carry out, or one less.
    pub(super) changed: Notify,
    /// Which one does not get on at the moment, and why.
    stalled: Mutex<Option<(BulkOperationId, String)>>,
}

impl Operations {
    /// Opens the database, or makes it. Blocks. Ids from `ids` will be greater than all that are in it.
    pub(crate) fn open(directory: &Path, clock: Clock, ids: Arc<Generator>) -> Result<Self, OpenError> {
        let database = DATABASE.open(directory, &ids, |database, found| match found {
            0 => database.execute_batch(include_str!("schema.sql")),
            _ => Ok(()),
        })?;
        let database = Mutex::new(database);
        Ok(Self { database, clock, ids, changed: Notify::new(), stalled: Mutex::default() })
    }

    /// Runs something on a thread that may block. It is carried through also where the caller stops waiting.
    async fn on_thread<T: Send + 'static, E: From<StoreError> + Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Self, &mut Connection) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E> {
        let operations = Arc::clone(self);
        let done = tokio::task::spawn_blocking(move || work(&operations, &mut operations.lock()));
        done.await.unwrap_or_else(|error| Err(StoreError(error.to_string()).into()))
    }

    fn lock(&self) -> MutexGuard<'_, Connection> {
        self.database.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Stores an operation that is to be carried out.
    pub(super) async fn start(
        self: Arc<Self>,
        project: ProjectId,
        order: Order,
        rate_per_s: u32,
        plan: &Plan,
    ) -> Result<Operation, StartError> {
        let (matched, to_do, is_exact, up_to) = (plan.matched, plan.to_do, plan.is_exact, plan.up_to);
        self.on_thread(move |operations, database| {
            let now = operations.clock.now();
            let operation = Operation {
                id: BulkOperationId(operations.ids.next(now)),
                project,
                order,
                rate_per_s,
                state: OperationState::Running,
                matched,
                to_do,
                is_exact,
                progress: Progress::default(),
                started_at: now,
                ended_at: None,
                stalled: None,
            };
            let tx = database.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let running = tx.prepare_cached(RUNNING)?.query_row([project.0.cast_signed()], |row| row.get(0));
            if let Some(running) = running.optional()? {
                return Err(StartError::Running(BulkOperationId(i64::cast_unsigned(running))));
            }
            tx.execute(FORGET, params![oldest_kept(now), KEPT_MAX])?;
            insert(&tx, &operation, before(up_to))?;
            tx.commit()?;
            operations.changed.notify_one();
            Ok(operation)
        })
        .await
    }

    /// One of a project's.
    pub(super) async fn find(
        self: &Arc<Self>,
        project: ProjectId,
        id: BulkOperationId,
    ) -> Result<Option<Operation>, StoreError> {
        self.on_thread(move |operations, database| operations.load(database, project, id)).await
    }

    /// A page of a project's, newest first.
    pub(super) async fn list(
        self: &Arc<Self>,
        project: ProjectId,
        page: Page<BulkOperationId>,
    ) -> Result<Vec<Operation>, StoreError> {
        self.on_thread(move |operations, database| {
            let oldest = oldest_kept(operations.clock.now());
            let before = page.before.map_or(i64::MAX, |before| before.0.cast_signed());
            let sql = format!(
                "SELECT {COLUMNS} FROM bulk_operations WHERE project = ?1 AND id < ?2
                 AND coalesce(ended_at_us, ?3) >= ?3 ORDER BY id DESC LIMIT ?4"
            );
            let mut statement = database.prepare_cached(&sql)?;
            let limit = i64::try_from(page.limit).unwrap_or(i64::MAX);
            let parameters = params![project.0.cast_signed(), before, oldest, limit];
            let rows = statement.query_map(parameters, read)?;
            rows.map(|row| Ok(operations.with_stalled(row?))).collect()
        })
        .await
    }

    /// Stops one; the batch under way is finished.
    pub(super) async fn stop(
        self: &Arc<Self>,
        project: ProjectId,
        id: BulkOperationId,
    ) -> Result<Operation, StopError> {
        self.on_thread(move |operations, database| {
            let found = operations.load(database, project, id)?.ok_or(StopError::NotFound)?;
            if found.state != OperationState::Running {
                return Err(StopError::Ended(found.state));
            }
            let (state, ended_at) = (OperationState::Cancelled, operations.clock.now());
            let parameters = params![id.0.cast_signed(), state.name(), ended_at.us().cast_signed()];
            database.execute(END, parameters).map_err(StoreError::from)?;
            operations.changed.notify_one();
            Ok(Operation { state, ended_at: Some(ended_at), stalled: None, ..found })
        })
        .await
    }

    /// The operation that is to be carried out now.
    pub(super) async fn running(self: &Arc<Self>) -> Result<Option<Work>, StoreError> {
        self.on_thread(|_, database| {
            let sql = format!(
                "SELECT {COLUMNS}, before_request, before_connection, batch FROM bulk_operations
                 WHERE state = 'running' ORDER BY id LIMIT 1"
            );
            let mut statement = database.prepare_cached(&sql)?;
            Ok(statement.query_row([], read_work).optional()?)
        })
        .await
    }

    /// Stores how far an operation is, and the batch that comes next; it ends where there is none. What a person
    /// stopped meanwhile stays so.
    pub(super) async fn advance(self: &Arc<Self>, work: Work, is_finished: bool) -> Result<(), StoreError> {
        self.on_thread(move |operations, database| {
            let id = work.operation.id.0.cast_signed();
            let batch: Vec<StoredMark> = work.batch.iter().map(StoredMark::of).collect();
            let tx = database.transaction_with_behavior(TransactionBehavior::Immediate)?;
            tx.prepare_cached(ADVANCE)?.execute(params![
                id,
                json(&StoredProgress::of(&work.operation.progress)),
                work.before.request.0.cast_signed(),
                work.before.connection.0.cast_signed(),
                json(&batch),
            ])?;
            if is_finished {
                let ended_at = operations.clock.now().us().cast_signed();
                tx.execute(END, params![id, OperationState::Finished.name(), ended_at])?;
            }
            Ok(tx.commit()?)
        })
        .await
    }

    /// Notes why an operation does not get on; none where it does.
    pub(super) fn note_stalled(&self, stalled: Option<(BulkOperationId, String)>) {
        *self.stalled.lock().unwrap_or_else(PoisonError::into_inner) = stalled;
    }

    fn load(
        &self,
        database: &Connection,
        project: ProjectId,
        id: BulkOperationId,
    ) -> Result<Option<Operation>, StoreError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM bulk_operations WHERE id = ?1 AND project = ?2
             AND coalesce(ended_at_us, ?3) >= ?3"
        );
        let oldest = oldest_kept(self.clock.now());
        let parameters = params![id.0.cast_signed(), project.0.cast_signed(), oldest];
        let found = database.prepare_cached(&sql)?.query_row(parameters, read).optional()?;
        Ok(found.map(|operation| self.with_stalled(operation)))
    }

    fn with_stalled(&self, operation: Operation) -> Operation {
        let stalled = self.stalled.lock().unwrap_or_else(PoisonError::into_inner);
        let is_this = |(id, _): &&(BulkOperationId, String)| {
            *id == operation.id && operation.state == OperationState::Running
        };
        let stalled = stalled.as_ref().filter(is_this).map(|(_, why)| why.clone());
        Operation { stalled, ..operation }
    }
}

const RUNNING: &str = "SELECT id FROM bulk_operations WHERE project = ?1 AND state = 'running'";

const FORGET: &str = "
    DELETE FROM bulk_operations WHERE state <> 'running' AND (ended_at_us < ?1 OR id NOT IN
        (SELECT id FROM bulk_operations WHERE state <> 'running' ORDER BY id DESC LIMIT ?2))";

const ADVANCE: &str = "
    UPDATE bulk_operations SET progress = ?2, before_request = ?3, before_connection = ?4, batch = ?5
    WHERE id = ?1";

const END: &str =
    "UPDATE bulk_operations SET state = ?2, ended_at_us = ?3 WHERE id = ?1 AND state = 'running'";

fn insert(database: &Connection, operation: &Operation, before: EventId) -> Result<(), StoreError> {
    let order = &operation.order;
    let sql = format!(
        "INSERT INTO bulk_operations ({COLUMNS}, before_request, before_connection, batch)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, NULL, ?14, ?15, '[]')"
    );
    database.execute(
        &sql,
        params![
            operation.id.0.cast_signed(),
            operation.project.0.cast_signed(),
            order.action.name(),
            json(&StoredFilter::of(&order.filter)),
            order.include_successful,
            order.up_to.unwrap_or(before.request).0.cast_signed(),
            operation.rate_per_s,
            operation.state.name(),
            operation.matched.cast_signed(),
            operation.to_do.cast_signed(),
            operation.is_exact,
            json(&StoredProgress::of(&operation.progress)),
            operation.started_at.us().cast_signed(),
            before.request.0.cast_signed(),
            before.connection.0.cast_signed(),
        ],
    )?;
    Ok(())
}

fn oldest_kept(now: Timestamp) -> i64 {
    now.minus(KEPT_FOR).us().cast_signed()
}

impl From<rusqlite::Error> for StartError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error.into())
    }
}
