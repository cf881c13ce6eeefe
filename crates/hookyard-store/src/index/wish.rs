//! Rows of requests and events that meet conditions, newest first: over all partitions, or in one run of a scan.
//!
//! Every function here may block on the disk: call them from a blocking thread.

use hookyard_model::id::EventId;
use rusqlite::types::Value;
use rusqlite::{OptionalExtension, Row};

use super::fold::{EVENT_COLUMNS, EventRow, RequestRow, hash_of};
use super::query::{REQUEST_COLUMNS, all, first_of, request_row};
use super::scan::{Bounds, Run};
use super::{Error, Index};

/// Conditions of a `WHERE` clause and their parameters, all joined by `AND`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Conditions {
    pub(super) sql: String,
    pub(super) parameters: Vec<Value>,
}

impl Conditions {
    /// Adds one that has no parameter.
    pub(crate) fn fixed(&mut self, condition: &str) {
        if !self.sql.is_empty() {
            self.sql.push_str(" AND ");
        }
        self.sql.push_str(condition);
    }

    /// Adds `column operator value`.
    pub(crate) fn compare(&mut self, comparison: &str, value: u64) {
        self.parameters.push(Value::Integer(value as i64));
        let place = self.parameters.len();
        self.fixed(&format!("{comparison} ?{place}"));
    }

    /// Adds `column operator text`.
    pub(crate) fn compare_text(&mut self, comparison: &str, value: String) {
        self.parameters.push(Value::Text(value));
        let place = self.parameters.len();
        self.fixed(&format!("{comparison} ?{place}"));
    }

    /// Adds "the provider gave it this event id".
    pub(crate) fn provider_event(&mut self, id: String) {
        self.parameters.push(Value::Integer(hash_of(&id)));
        let place = self.parameters.len();
        self.fixed(&format!("provider_event_hash = ?{place}"));
        self.compare_text("provider_event_id =", id);
    }

    /// Adds "the event's request is of this topic".
    pub(crate) fn event_topic(&mut self, topic: String) {
        self.parameters.push(Value::Text(topic));
        let place = self.parameters.len();
        self.fixed(&format!(
            "EXISTS (SELECT 1 FROM requests WHERE requests.id = events.request AND requests.topic = ?{place})"
        ));
    }

    /// Adds "the provider gave the event's request this event id".
    pub(crate) fn event_of_provider_event(&mut self, id: String) {
        self.parameters.push(Value::Integer(hash_of(&id)));
        self.parameters.push(Value::Text(id));
        let place = self.parameters.len();
        self.fixed(&format!(
            "request IN (SELECT id FROM requests WHERE provider_event_hash = ?{} AND provider_event_id = ?{place})",
            place - 1
        ));
    }

    /// Adds "the event is older than this one", in the order lists have.
    pub(crate) fn event_before(&mut self, event: EventId) {
        self.parameters.push(Value::Integer(event.request.0 as i64));
        self.parameters.push(Value::Integer(event.connection.0 as i64));
        let place = self.parameters.len();
        self.fixed(&format!("(request, connection) < (?{}, ?{place})", place - 1));
    }
}

/// What is looked for in a table: its conditions, and the index through which.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wish<'a> {
    pub(crate) conditions: &'a Conditions,
    /// None where SQLite may choose.
    pub(crate) through: Option<&'static str>,
    /// At most this many rows.
    pub(crate) limit: usize,
}

impl Wish<'_> {
    /// `SELECT … FROM …` with what all have: the conditions, ids from the last but one parameter on to before the last.
    pub(super) fn sql(&self, columns: &str, table: &str, id: &str, order: &str) -> String {
        let through = self.through.map_or_else(String::new, |index| format!(" INDEXED BY {index}"));
        let (conditions, first) = (&self.conditions.sql, self.conditions.parameters.len() + 1);
        format!(
            "SELECT {columns} FROM {table}{through} WHERE {conditions} AND {id} >= ?{first} AND {id} < ?{}{order}",
            first + 1
        )
    }

    pub(super) fn parameters(&self, from: u64, before: u64) -> Vec<Value> {
        let mut parameters = self.conditions.parameters.clone();
        parameters.extend([from, before].map(|id| Value::Integer(id.cast_signed())));
        parameters
    }
}

/// Requests with ids from `bounds.from` to before `bounds.before` that meet the conditions, newest first.
pub(crate) fn requests(
    index: &Index,
    wish: Wish<'_>,
    bounds: &Bounds,
) -> Result<Vec<(u64, RequestRow)>, Error> {
    let (sql, from) = (requests_sql(wish), bounds.from.max(index.floor()));
    newest_first(index, &sql, &wish.parameters(from, bounds.before), wish.limit, request_row)
}

/// Events of such requests that meet the conditions, newest first.
pub(crate) fn events(
    index: &Index,
    wish: Wish<'_>,
    bounds: &Bounds,
) -> Result<Vec<(EventId, EventRow)>, Error> {
    let (sql, from) = (events_sql(wish), bounds.from.max(index.floor()));
    newest_first(index, &sql, &wish.parameters(from, bounds.before), wish.limit, EventRow::read)
}

/// The same among the requests of a run.
pub(crate) fn requests_in(run: &Run, wish: Wish<'_>) -> Result<Vec<(u64, RequestRow)>, Error> {
    let sql = requests_sql(wish);
    run.partition.read(|file| all(file, &sql, &wish.parameters(run.from, run.to), request_row))
}

/// The same among the events of a run.
pub(crate) fn events_in(run: &Run, wish: Wish<'_>) -> Result<Vec<(EventId, EventRow)>, Error> {
    let sql = events_sql(wish);
    run.partition.read(|file| all(file, &sql, &wish.parameters(run.from, run.to), EventRow::read))
}

/// Request id and one more number of every row of a run that meets the conditions, in no order: `column` of `table`.
pub(crate) fn each_in(
    run: &Run,
    wish: Wish<'_>,
    (table, id, column): (&str, &str, &str),
    mut each: impl FnMut(u64, i64),
) -> Result<(), Error> {
    let sql = wish.sql(&format!("{id}, {column}"), table, id, "");
    run.partition.read(|file| {
        let mut statement = file.prepare_cached(&sql)?;
        let parameters = rusqlite::params_from_iter(wish.parameters(run.from, run.to));
        let mut rows = statement.query(parameters)?;
        while let Some(row) = rows.next()? {
            each(row.get::<_, i64>(0)?.cast_unsigned(), row.get(1)?);
        }
        Ok(())
    })
}

/// The topic of a request, where it is known.
pub(crate) fn topic(index: &Index, request: u64) -> Result<Option<String>, Error> {
    let Some(partition) = index.partition_of(request) else { return Ok(None) };
    partition.read(|file| {
        let mut statement = file.prepare_cached("SELECT topic FROM requests WHERE id = ?1")?;
        statement.query_row([request.cast_signed()], |row| row.get(0)).optional().map(Option::flatten)
    })
}

fn requests_sql(wish: Wish<'_>) -> String {
    wish.sql(REQUEST_COLUMNS, "requests", "id", &format!(" ORDER BY id DESC LIMIT {}", wish.limit))
}

fn events_sql(wish: Wish<'_>) -> String {
    let order = format!(" ORDER BY request DESC, connection DESC LIMIT {}", wish.limit);
    wish.sql(EVENT_COLUMNS, "events", "request", &order)
}

fn newest_first<T>(
    index: &Index,
    sql: &str,
    parameters: &[Value],
    limit: usize,
    read: impl Fn(&Row<'_>) -> rusqlite::Result<T>,
) -> Result<Vec<T>, Error> {
    first_of(index.partitions().into_iter().rev(), sql, parameters, limit, read)
}
