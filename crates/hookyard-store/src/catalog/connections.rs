//! Connections: create, update, delete, disable, enable; and the form they are stored in.

use std::sync::Arc;

use hookyard_model::clock::Timestamp;
use hookyard_model::connection::{Connection, DisableCause, Disabled};
use hookyard_model::id::{ConnectionId, DestinationId, ProjectId, SourceId};
use hookyard_model::order::Order;
use hookyard_model::retry::Retry;
use hookyard_model::rule::Rule;
use hookyard_model::source::ManagedBy;
use rusqlite::{Row, params};

use super::Catalog;
use super::check::{self, Noun, Problem};
use super::key::SecretKey;
use super::open::{LoadError, managed_by_from, managed_by_name, unsigned};
use super::stored_order;
use super::stored_retry;
use super::stored_rules;
use super::write::{Draft, WriteError};

/// What is wanted of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewConnection {
    /// Its name: 1 to 100 letters, digits, `-`, `_`, `.`; unique among the project's connections.
    pub name: String,
    /// Where its events come from; of the same project.
    pub source: SourceId,
    /// Where its events go; of the same project.
    pub destination: DestinationId,
    /// What its events go through, in this order.
    pub rules: Vec<Rule>,
    /// Which of its events go out one after the other.
    pub order: Order,
    /// When failed attempts are made again; waits of 1 ms to 365 days, in whole milliseconds.
    pub retry: Retry,
    /// Whether it takes events. False disables it by hand; true enables it whatever had disabled it.
    pub enabled: bool,
}

impl NewConnection {
    /// Everything about it that breaks a rule, other than what it joins.
    pub fn problems(&self) -> Vec<Problem> {
        check::connection(&self.name, &self.rules, &self.retry)
    }
}

impl Catalog {
    /// Makes a connection. Durable and in the snapshot when this returns.
    ///
    /// # Errors
    /// [`WriteError`] where it is not valid, its name is taken, it joins what the project does not have, or
    /// it cannot be stored.
    pub async fn create_connection(
        &self,
        project: ProjectId,
        new: NewConnection,
    ) -> Result<Arc<Connection>, WriteError> {
        self.write(move |draft| {
            draft.require_project(project)?;
            WriteError::refuse(Noun::Connection, &new.name, new.problems())?;
            let disabled = (!new.enabled).then_some(Disabled { cause: DisableCause::ByHand, at: draft.now });
            let connection = Connection {
                id: ConnectionId(draft.ids.next(draft.now)),
                project,
                name: new.name,
                source: new.source,
                destination: new.destination,
                rules: new.rules,
                order: new.order,
                retry: new.retry,
                disabled,
                managed_by: ManagedBy::Api,
                created_at: draft.now,
                updated_at: draft.now,
            };
            draft.require_fit(&connection)?;
            draft.put_connection(connection)
        })
        .await
    }

    /// Replaces all settings of a connection. Durable and in the snapshot when this returns; nothing happens
    /// where nothing is different. A connection that is disabled already keeps its cause.
    ///
    /// Of a connection that comes from the configuration file, only what its destination did can be undone.
    ///
    /// # Errors
    /// [`WriteError`] where there is none such, it comes from the configuration file, it is not valid, its
    /// name is taken, it joins what the project does not have, or it cannot be stored.
    pub async fn update_connection(
        &self,
        project: ProjectId,
        id: ConnectionId,
        new: NewConnection,
    ) -> Result<Arc<Connection>, WriteError> {
        self.write(move |draft| {
            let old = draft.connection(project, id)?;
            WriteError::refuse(Noun::Connection, &new.name, new.problems())?;
            let disabled = match (&old.disabled, new.enabled) {
                (_, true) => None,
                (Some(disabled), false) => Some(disabled.clone()),
                (None, false) => Some(Disabled { cause: DisableCause::ByHand, at: draft.now }),
            };
            let connection = Connection {
                name: new.name,
                source: new.source,
                destination: new.destination,
                rules: new.rules,
                order: new.order,
                retry: new.retry,
                disabled,
                ..Connection::clone(&old)
            };
            if !undoes_the_destinations(&old, &connection) {
                WriteError::refuse_managed_by_file(Noun::Connection, &old.name, old.managed_by)?;
            }
            if connection == *old {
                return Ok(old);
            }
            draft.require_fit(&connection)?;
            draft.put_connection(Connection { updated_at: draft.now, ..connection })
        })
        .await
    }

    /// Deletes a connection. What becomes of its undelivered events is for the caller to settle first.
    ///
    /// # Errors
    /// [`WriteError`] where there is none such, it comes from the configuration file, alerts are restricted to it, or
    /// the database refuses.
    pub async fn delete_connection(&self, project: ProjectId, id: ConnectionId) -> Result<(), WriteError> {
        self.write(move |draft| {
            let old = draft.connection(project, id)?;
            WriteError::refuse_managed_by_file(Noun::Connection, &old.name, old.managed_by)?;
            draft.remove_connection(id)
        })
        .await
    }

    /// Disables a connection, in whatever project, and logs it. Durable and in the snapshot when this
    /// returns. False where it was disabled already; it then keeps its cause.
    ///
    /// # Errors
    /// [`WriteError`] where there is none such, it comes from the configuration file and the cause is
    /// [`DisableCause::ByHand`], or the database refuses.
    pub async fn disable_connection(
        &self,
        id: ConnectionId,
        cause: DisableCause,
    ) -> Result<bool, WriteError> {
        let disabled = self
            .write(move |draft| {
                let old = draft.next.connections.get(&id).map(Arc::clone);
                let old = old.ok_or(WriteError::NotFound { noun: Noun::Connection })?;
                if cause == DisableCause::ByHand {
                    WriteError::refuse_managed_by_file(Noun::Connection, &old.name, old.managed_by)?;
                }
                if old.disabled.is_some() {
                    return Ok(None);
                }
                let disabled = Some(Disabled { cause, at: draft.now });
                let connection = Connection { disabled, updated_at: draft.now, ..Connection::clone(&old) };
                draft.put_connection(connection).map(Some)
            })
            .await?;
        if let Some(connection) = &disabled {
            tracing::warn!(connection = %id, name = connection.name, cause = cause.name(), "connection disabled");
        }
        Ok(disabled.is_some())
    }

    /// Enables a connection. Durable and in the snapshot when this returns; nothing happens where it is
    /// enabled already.
    ///
    /// # Errors
    /// [`WriteError`] where there is none such, the configuration file disabled it, or the database refuses.
    pub async fn enable_connection(
        &self,
        project: ProjectId,
        id: ConnectionId,
    ) -> Result<Arc<Connection>, WriteError> {
        self.write(move |draft| {
            let old = draft.connection(project, id)?;
            if old.disabled.is_none() {
                return Ok(old);
            }
            let connection = Connection { disabled: None, ..Connection::clone(&old) };
            if !undoes_the_destinations(&old, &connection) {
                WriteError::refuse_managed_by_file(Noun::Connection, &old.name, old.managed_by)?;
            }
            draft.put_connection(Connection { updated_at: draft.now, ..connection })
        })
        .await
    }
}

/// Whether all that is different is that a connection which its destination had disabled is enabled again.
fn undoes_the_destinations(old: &Connection, new: &Connection) -> bool {
    old.disabled.as_ref().is_some_and(|disabled| disabled.cause.is_the_destinations())
        && new.disabled.is_none()
        && *new == Connection { disabled: None, ..old.clone() }
}

impl Draft<'_> {
    fn connection(&self, project: ProjectId, id: ConnectionId) -> Result<Arc<Connection>, WriteError> {
        self.next
            .connections
            .get(&id)
            .filter(|connection| connection.project == project)
            .map(Arc::clone)
            .ok_or(WriteError::NotFound { noun: Noun::Connection })
    }

    /// Takes a connection away that no alert is restricted to.
    pub(super) fn remove_connection(&mut self, id: ConnectionId) -> Result<(), WriteError> {
        self.require_no_alert(id)?;
        self.tx.execute("DELETE FROM connections WHERE id = ?1", [id.0.cast_signed()])?;
        self.next.connections.remove(&id);
        self.changes += 1;
        Ok(())
    }

    /// Refuses a connection whose name is taken, or that joins what its project does not have.
    pub(super) fn require_fit(&self, connection: &Connection) -> Result<(), WriteError> {
        let project = connection.project;
        match self.next.connection_named(project, &connection.name) {
            Some(other) if other.id != connection.id => {
                return Err(WriteError::NameTaken { noun: Noun::Connection, name: connection.name.clone() });
            }
            _ => {}
        }
        if self.next.sources.get(&connection.source).is_none_or(|it| it.project != project) {
            return Err(WriteError::UnknownReference { noun: Noun::Source });
        }
        if self.next.destinations.get(&connection.destination).is_none_or(|it| it.project != project) {
            return Err(WriteError::UnknownReference { noun: Noun::Destination });
        }
        Ok(())
    }

    /// Refuses to go on where a connection uses what is to be deleted.
    pub(super) fn require_unused(
        &self,
        noun: Noun,
        uses: impl Fn(&Connection) -> bool,
    ) -> Result<(), WriteError> {
        let connections = self.next.connections.values();
        let mut by: Vec<String> = connections.filter(|it| uses(it)).map(|it| it.name.clone()).collect();
        if by.is_empty() {
            return Ok(());
        }
        by.sort_unstable();
        Err(WriteError::InUse { noun, by })
    }

    /// Writes a connection, new or changed.
    pub(super) fn put_connection(&mut self, connection: Connection) -> Result<Arc<Connection>, WriteError> {
        let disabled = connection.disabled.as_ref();
        self.tx.prepare_cached(PUT)?.execute(params![
            connection.id.0.cast_signed(),
            connection.project.0.cast_signed(),
            connection.name,
            connection.source.0.cast_signed(),
            connection.destination.0.cast_signed(),
            stored_retry::encode(&connection.retry)?,
            stored_rules::encode(self.key, connection.id, &connection.rules)?,
            stored_order::encode(&connection.order)?,
            disabled.map(|it| it.cause.name()),
            disabled.map(|it| it.at.us().cast_signed()),
            managed_by_name(connection.managed_by),
            connection.created_at.us().cast_signed(),
            connection.updated_at.us().cast_signed(),
        ])?;
        let connection = Arc::new(connection);
        self.next.connections.insert(connection.id, Arc::clone(&connection));
        self.changes += 1;
        Ok(connection)
    }
}

const PUT: &str = "
    INSERT INTO connections (id, project, name, source, destination, retry, rules, event_order, disabled_cause,
                             disabled_at_us, managed_by, created_at_us, updated_at_us)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)
    ON CONFLICT (id) DO UPDATE SET
        name = excluded.name, source = excluded.source, destination = excluded.destination,
        retry = excluded.retry, rules = excluded.rules,
        event_order = excluded.event_order, disabled_cause = excluded.disabled_cause,
        disabled_at_us = excluded.disabled_at_us, managed_by = excluded.managed_by,
        updated_at_us = excluded.updated_at_us";

const GET_ALL: &str = "
    SELECT id, project, name, source, destination, retry, disabled_cause, disabled_at_us, managed_by,
           created_at_us, updated_at_us, rules, event_order
    FROM connections ORDER BY id";

/// All connections in the database.
pub(super) fn load(database: &rusqlite::Connection, key: &SecretKey) -> Result<Vec<Connection>, LoadError> {
    let mut statement = database.prepare(GET_ALL)?;
    let mut rows = statement.query([])?;
    let mut connections = Vec::new();
    while let Some(row) = rows.next()? {
        connections.push(read(row, key)?);
    }
    Ok(connections)
}

fn read(row: &Row<'_>, key: &SecretKey) -> Result<Connection, LoadError> {
    let id = ConnectionId(unsigned(row, 0)?);
    let damaged = |what: String| LoadError::Damaged(format!("connection {id}: {what}"));
    let disabled = match row.get::<_, Option<String>>(6)? {
        Some(name) => Some(Disabled {
            cause: DisableCause::from_name(&name)
                .ok_or_else(|| damaged(format!("unknown cause `{name}` of being disabled")))?,
            at: Timestamp::from_us(unsigned(row, 7)?),
        }),
        None => None,
    };
    Ok(Connection {
        id,
        project: ProjectId(unsigned(row, 1)?),
        name: row.get(2)?,
        source: SourceId(unsigned(row, 3)?),
        destination: DestinationId(unsigned(row, 4)?),
        retry: stored_retry::decode(row.get_ref(5)?.as_str()?)
            .map_err(|error| damaged(format!("retry: {error}")))?,
        rules: stored_rules::decode(key, id, row.get_ref(11)?.as_str()?)
            .map_err(|error| damaged(format!("rules: {error}")))?,
        order: stored_order::decode(row.get_ref(12)?.as_str()?)
            .map_err(|error| damaged(format!("order: {error}")))?,
        disabled,
        managed_by: managed_by_from(row, 8)?,
        created_at: Timestamp::from_us(unsigned(row, 9)?),
        updated_at: Timestamp::from_us(unsigned(row, 10)?),
    })
}
