//! The database of bookmarks.
//!
//! **Invariant:** every change is one transaction with a full sync.

use std::net::IpAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use hookyard_model::clock::{Clock, Timestamp};
use hookyard_model::id::{BookmarkId, ConnectionId, EventId, Generator, ProjectId, RequestId, SourceId};
use hookyard_model::request::{Fields, Head, RejectCause, Request, Verdict};
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Row, TransactionBehavior, params};

use super::{Bookmark, BookmarkChange, BookmarkError, NewBookmark, Settings};
use crate::database::{Database, OpenError};
use crate::history::{Page, RequestDetails};
use crate::stored::request::{accepted_code, proof_of, verdict};

const DATABASE: Database =
    Database { of: "bookmarks", file: "bookmarks.sqlite", version: 1, table: "bookmarks" };

/// The database cannot be read or written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the database of bookmarks cannot be used: {0}")]
pub struct StoreError(String);

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        Self(error.to_string())
    }
}

impl From<rusqlite::Error> for BookmarkError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error.into())
    }
}

/// All bookmarks.
#[derive(Debug)]
pub(crate) struct Bookmarks {
    database: Mutex<Connection>,
    settings: Settings,
    clock: Clock,
    ids: Arc<Generator>,
}

impl Bookmarks {
    /// Opens the database, or makes it. Blocks. Ids from `ids` will be greater than all that are in it.
    pub(crate) fn open(
        directory: &Path,
        settings: Settings,
        clock: Clock,
        ids: Arc<Generator>,
    ) -> Result<Self, OpenError> {
        let migrate = |database: &Connection, _| database.execute_batch(include_str!("schema.sql"));
        let database = DATABASE.open(directory, &ids, migrate)?;
        Ok(Self { database: Mutex::new(database), settings, clock, ids })
    }

    /// Runs something on a thread that may block. It is carried through also where the caller stops waiting.
    async fn on_thread<T: Send + 'static, E: From<StoreError> + Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Self, &mut Connection) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E> {
        let bookmarks = Arc::clone(self);
        let done = tokio::task::spawn_blocking(move || work(&bookmarks, &mut bookmarks.lock()));
        done.await.unwrap_or_else(|error| Err(StoreError(error.to_string()).into()))
    }

    fn lock(&self) -> MutexGuard<'_, Connection> {
        self.database.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Stores a bookmark of a request that came in at this source.
    pub(super) async fn create(
        self: &Arc<Self>,
        project: ProjectId,
        source: SourceId,
        new: NewBookmark,
        details: RequestDetails,
    ) -> Result<Bookmark, BookmarkError> {
        self.on_thread(move |bookmarks, database| {
            let tx = database.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let request = &details.request;
            bookmarks.check_room(&tx, project, (request.head.len() + request.body.len()) as u64)?;
            let created_at = bookmarks.clock.now();
            let bookmark = Bookmark {
                id: BookmarkId(bookmarks.ids.next(created_at)),
                name: new.name,
                note: new.note,
                request: new.request,
                event: new.event,
                source,
                created_at,
                method: Head::parse(&request.head)
                    .map_or_else(|_| String::new(), |head| head.method.to_owned()),
                topic: details.fields.topic.clone(),
                body_bytes: request.body_bytes,
            };
            insert(&tx, project, &bookmark, &details)?;
            tx.commit()?;
            Ok(bookmark)
        })
        .await
    }

    fn check_room(&self, tx: &Connection, project: ProjectId, bytes: u64) -> Result<(), BookmarkError> {
        let Settings { count_max, bytes_max } = self.settings;
        let sql = "SELECT count(*), coalesce(sum(kept_bytes), 0) FROM bookmarks WHERE project = ?1";
        let (count, kept): (u64, u64) =
            tx.query_row(sql, [project.0.cast_signed()], |row| Ok((id(row, 0)?, id(row, 1)?)))?;
        if count >= count_max {
            return Err(BookmarkError::TooMany(count));
        }
        match kept + bytes > bytes_max {
            true => Err(BookmarkError::TooLarge(bytes_max)),
            false => Ok(()),
        }
    }

    /// A page of a project's, newest first.
    pub(super) async fn list(
        self: &Arc<Self>,
        project: ProjectId,
        page: Page<BookmarkId>,
    ) -> Result<Vec<Bookmark>, StoreError> {
        self.on_thread(move |_, database| {
            let before = page.before.map_or(i64::MAX, |before| before.0.cast_signed());
            let limit = i64::try_from(page.limit).unwrap_or(i64::MAX);
            let sql = format!(
                "SELECT {COLUMNS} FROM bookmarks WHERE project = ?1 AND id < ?2 ORDER BY id DESC LIMIT ?3"
            );
            let mut statement = database.prepare_cached(&sql)?;
            let rows = statement.query_map(params![project.0.cast_signed(), before, limit], read)?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
        .await
    }

    /// One of a project's.
    pub(super) async fn find(
        self: &Arc<Self>,
        project: ProjectId,
        id: BookmarkId,
    ) -> Result<Option<Bookmark>, StoreError> {
        self.on_thread(move |_, database| Ok(load(database, project, id)?)).await
    }

    /// The request that one keeps.
    pub(super) async fn request(
        self: &Arc<Self>,
        project: ProjectId,
        id: BookmarkId,
    ) -> Result<Option<RequestDetails>, StoreError> {
        self.on_thread(move |_, database| {
            let mut statement = database.prepare_cached(REQUEST)?;
            let key = params![id.0.cast_signed(), project.0.cast_signed()];
            Ok(statement.query_row(key, |row| read_request(project, row)).optional()?)
        })
        .await
    }

    /// Changes the words of one.
    pub(super) async fn change(
        self: &Arc<Self>,
        project: ProjectId,
        id: BookmarkId,
        change: BookmarkChange,
    ) -> Result<Option<Bookmark>, StoreError> {
        self.on_thread(move |_, database| {
            let sql = "UPDATE bookmarks SET name = coalesce(?3, name), note = coalesce(?4, note)
                WHERE id = ?1 AND project = ?2";
            let key = (id.0.cast_signed(), project.0.cast_signed());
            database.execute(sql, params![key.0, key.1, change.name, change.note])?;
            Ok(load(database, project, id)?)
        })
        .await
    }

    /// Deletes one. False where there is none such.
    pub(super) async fn delete(
        self: &Arc<Self>,
        project: ProjectId,
        id: BookmarkId,
    ) -> Result<bool, StoreError> {
        self.on_thread(move |_, database| {
            let sql = "DELETE FROM bookmarks WHERE id = ?1 AND project = ?2";
            Ok(database.execute(sql, [id.0.cast_signed(), project.0.cast_signed()])? > 0)
        })
        .await
    }

    /// The requests of all of a project's.
    pub(super) async fn requests(self: &Arc<Self>, project: ProjectId) -> Result<Vec<RequestId>, StoreError> {
        self.on_thread(move |_, database| {
            let sql = "SELECT DISTINCT request FROM bookmarks WHERE project = ?1";
            let mut statement = database.prepare_cached(sql)?;
            let rows = statement.query_map([project.0.cast_signed()], |row| id(row, 0).map(RequestId))?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
        .await
    }
}

/// Columns of a bookmark, in the order that [`read`] takes.
const COLUMNS: &str = "id, name, note, request, connection, source, created_at_us, method, topic, body_bytes";

const REQUEST: &str = "
    SELECT request, source, received_at_us, remote, verdict, detail, late, provider_event_id, topic,
        provider_time_us, head, body, body_bytes
    FROM bookmarks WHERE id = ?1 AND project = ?2";

fn insert(
    tx: &Connection,
    project: ProjectId,
    bookmark: &Bookmark,
    details: &RequestDetails,
) -> rusqlite::Result<()> {
    let RequestDetails { request, is_late, fields } = details;
    let (code, detail) = match &request.verdict {
        Verdict::Accepted(proof) => (accepted_code(*proof), ""),
        Verdict::Pending => (verdict::PENDING, ""),
        Verdict::Handshake { detail } => (verdict::HANDSHAKE, detail.as_str()),
        Verdict::Rejected { cause, detail } => (cause.code(), detail.as_str()),
    };
    let sql =
        "INSERT INTO bookmarks VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16,
        ?17, ?18, ?19, ?20, ?21)";
    tx.execute(
        sql,
        params![
            bookmark.id.0.cast_signed(),
            project.0.cast_signed(),
            bookmark.name,
            bookmark.note,
            bookmark.created_at.us().cast_signed(),
            bookmark.request.0.cast_signed(),
            bookmark.event.map(|event| event.connection.0.cast_signed()),
            bookmark.source.0.cast_signed(),
            request.received_at.us().cast_signed(),
            request.remote.to_string(),
            code,
            detail,
            is_late,
            fields.provider_event_id,
            fields.topic,
            fields.provider_time.map(|time| time.us().cast_signed()),
            bookmark.method,
            request.body_bytes.cast_signed(),
            ((request.head.len() + request.body.len()) as u64).cast_signed(),
            request.head.as_ref(),
            request.body.as_ref(),
        ],
    )?;
    Ok(())
}

fn load(database: &Connection, project: ProjectId, id: BookmarkId) -> rusqlite::Result<Option<Bookmark>> {
    let sql = format!("SELECT {COLUMNS} FROM bookmarks WHERE id = ?1 AND project = ?2");
    let key = params![id.0.cast_signed(), project.0.cast_signed()];
    database.prepare_cached(&sql)?.query_row(key, read).optional()
}

fn read(row: &Row<'_>) -> rusqlite::Result<Bookmark> {
    let request = RequestId(id(row, 3)?);
    let connection = row.get::<_, Option<i64>>(4)?.map(|id| ConnectionId(id.cast_unsigned()));
    Ok(Bookmark {
        id: BookmarkId(id(row, 0)?),
        name: row.get(1)?,
        note: row.get(2)?,
        request,
        event: connection.map(|connection| EventId { request, connection }),
        source: SourceId(id(row, 5)?),
        created_at: Timestamp::from_us(id(row, 6)?),
        method: row.get(7)?,
        topic: row.get(8)?,
        body_bytes: id(row, 9)?,
    })
}

fn read_request(project: ProjectId, row: &Row<'_>) -> rusqlite::Result<RequestDetails> {
    let remote: String = row.get(3)?;
    let request = Request {
        id: RequestId(id(row, 0)?),
        project,
        source: Some(SourceId(id(row, 1)?)),
        received_at: Timestamp::from_us(id(row, 2)?),
        remote: remote.parse::<IpAddr>().map_err(|error| damaged(3, Type::Text, error))?,
        verdict: read_verdict(row)?,
        head: Bytes::from(row.get::<_, Vec<u8>>(10)?),
        body: Bytes::from(row.get::<_, Vec<u8>>(11)?),
        body_bytes: id(row, 12)?,
    };
    let provider_time = row.get::<_, Option<i64>>(9)?.map(|us| Timestamp::from_us(us.cast_unsigned()));
    let fields = Fields { provider_event_id: row.get(7)?, topic: row.get(8)?, provider_time };
    Ok(RequestDetails { request, is_late: row.get(6)?, fields })
}

fn read_verdict(row: &Row<'_>) -> rusqlite::Result<Verdict> {
    let (code, detail): (u8, String) = (row.get(4)?, row.get(5)?);
    match (proof_of(code), RejectCause::from_code(code)) {
        (Some(proof), _) => Ok(Verdict::Accepted(proof)),
        (None, Some(cause)) => Ok(Verdict::Rejected { cause, detail }),
        (None, None) if code == verdict::PENDING => Ok(Verdict::Pending),
        (None, None) if code == verdict::HANDSHAKE => Ok(Verdict::Handshake { detail }),
        (None, None) => Err(rusqlite::Error::IntegralValueOutOfRange(4, i64::from(code))),
    }
}

fn damaged(
    column: usize,
    kind: Type,
    error: impl std::error::Error + Send + Sync + 'static,
) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, kind, Box::new(error))
}

/// A number that is stored as a signed one, bit for bit.
fn id(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    row.get::<_, i64>(column).map(i64::cast_unsigned)
}
