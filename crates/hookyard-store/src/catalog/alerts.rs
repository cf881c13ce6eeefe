//! Alerts: create, update, delete, declare; and the form they are stored in.

use std::sync::Arc;
use std::time::Duration;

use hookyard_model::alert::{ALERTS_MAX, Alert, CONNECTIONS_MAX, Channel, INTERVAL_MAX};
use hookyard_model::clock::Timestamp;
use hookyard_model::id::{AlertId, ConnectionId, ProjectId};
use hookyard_model::issue::Kind;
use hookyard_model::source::ManagedBy;
use rusqlite::{Row, params};
use rustc_hash::FxHashSet;

use super::Catalog;
use super::apply::{Changes, require_distinct};
use super::check::{self, Noun, Problem};
use super::key::SecretKey;
use super::open::{LoadError, managed_by_from, managed_by_name, unsigned};
use super::stored_channel;
use super::write::{Draft, WriteError};

/// What is wanted of an alert.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewAlert {
    /// Its name: 1 to 100 letters, digits, `-`, `_`, `.`; unique among the project's alerts.
    pub name: String,
    /// The kinds of issue that it tells of, in any order; at least one.
    pub on: Vec<Kind>,
    /// The connections that it tells of, of the same project; empty for all.
    pub connections: Vec<ConnectionId>,
    /// Whether it also tells that an issue is resolved.
    pub resolutions: bool,
    /// How long an issue that opens again and again is told once: at most 30 days, in whole milliseconds.
    pub interval: Duration,
    /// Whether it tells anything.
    pub enabled: bool,
    /// How.
    pub channel: Channel,
}

/// An alert as it is declared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeclaredAlert {
    /// Its name.
    pub name: String,
    /// The kinds of issue that it tells of.
    pub on: Vec<Kind>,
    /// The names of the connections that it tells of; empty for all.
    pub connections: Vec<String>,
    /// Whether it also tells that an issue is resolved.
    pub resolutions: bool,
    /// How long an issue that opens again and again is told once.
    pub interval: Duration,
    /// Whether it tells anything.
    pub enabled: bool,
    /// How.
    pub channel: Channel,
}

impl DeclaredAlert {
    /// Everything about it that breaks a rule, other than the connections it names.
    pub fn problems(&self) -> Vec<Problem> {
        self.clone().naming(Vec::new()).problems()
    }

    /// The alert with the connections that it names.
    fn naming(self, connections: Vec<ConnectionId>) -> NewAlert {
        let Self { name, on, connections: _, resolutions, interval, enabled, channel } = self;
        NewAlert { name, on, connections, resolutions, interval, enabled, channel }
    }
}

impl NewAlert {
    /// Everything about it that breaks a rule, other than the connections it names.
    pub fn problems(&self) -> Vec<Problem> {
        let wrong = |setting, reason: String| Some(Problem { setting, reason });
        let none = || wrong("on", "name at least one kind of issue, or leave it out for all".to_owned());
        let many = || wrong("connections", format!("name at most {CONNECTIONS_MAX} connections"));
        let long = || wrong("interval", "it must be at most 30 days, in whole milliseconds".to_owned());
        let is_time = check::whole_ms(self.interval).is_some() && self.interval <= INTERVAL_MAX;
        [
            check::name(&self.name),
            if self.on.is_empty() { none() } else { None },
            if self.connections.len() > CONNECTIONS_MAX { many() } else { None },
            if is_time { None } else { long() },
            stored_channel::problem(&self.channel),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    /// The alert this makes of `old`, or where there is none, as if nothing were changed by that.
    pub(super) fn make(
        mut self,
        draft: &Draft<'_>,
        project: ProjectId,
        old: Option<&Alert>,
        managed_by: ManagedBy,
    ) -> Alert {
        self.connections.sort_unstable();
        self.connections.dedup();
        Alert {
            id: old.map_or_else(|| AlertId(draft.ids.next(draft.now)), |old| old.id),
            project,
            name: self.name,
            on: Kind::ALL.into_iter().filter(|kind| self.on.contains(kind)).collect(),
            connections: self.connections,
            resolutions: self.resolutions,
            interval: self.interval,
            enabled: self.enabled,
            channel: self.channel,
            managed_by,
            created_at: old.map_or(draft.now, |old| old.created_at),
            updated_at: old.map_or(draft.now, |old| old.updated_at),
        }
    }
}

impl Catalog {
    /// Makes an alert. Durable and in the snapshot when this returns.
    ///
    /// # Errors
    /// [`WriteError`] where it is not valid, its name is taken, it names a connection that the project does not have,
    /// there are too many, or it cannot be stored.
    pub async fn create_alert(&self, project: ProjectId, new: NewAlert) -> Result<Arc<Alert>, WriteError> {
        self.write(move |draft| {
            draft.require_project(project)?;
            WriteError::refuse(Noun::Alert, &new.name, new.problems())?;
            let alert = new.make(draft, project, None, ManagedBy::Api);
            draft.put_new_alert(alert)
        })
        .await
    }

    /// Replaces all settings of an alert. Durable and in the snapshot when this returns; nothing happens where nothing
    /// is different.
    ///
    /// # Errors
    /// [`WriteError`] where there is none such, it comes from the configuration file, it is not valid, its name is
    /// taken, it names a connection that the project does not have, or it cannot be stored.
    pub async fn update_alert(
        &self,
        project: ProjectId,
        id: AlertId,
        new: NewAlert,
    ) -> Result<Arc<Alert>, WriteError> {
        self.write(move |draft| {
            let old = draft.api_alert(project, id)?;
            WriteError::refuse(Noun::Alert, &new.name, new.problems())?;
            let alert = new.make(draft, project, Some(&old), ManagedBy::Api);
            if alert == *old {
                return Ok(old);
            }
            draft.require_fit_alert(&alert)?;
            draft.put_alert(Alert { updated_at: draft.now, ..alert })
        })
        .await
    }

    /// Deletes an alert; what it has still to tell is told no more.
    ///
    /// # Errors
    /// [`WriteError`] where there is none such, it comes from the configuration file, or the database refuses.
    pub async fn delete_alert(&self, project: ProjectId, id: AlertId) -> Result<(), WriteError> {
        self.write(move |draft| {
            draft.api_alert(project, id)?;
            draft.remove_alert(id)
        })
        .await
    }
}

impl Draft<'_> {
    /// Makes a project's alerts what a file declares.
    pub(super) fn apply_alerts(
        &mut self,
        project: ProjectId,
        declared: Vec<DeclaredAlert>,
    ) -> Result<Changes, WriteError> {
        require_distinct(Noun::Alert, declared.iter().map(|new| new.name.as_str()))?;
        let mut changes = Changes::default();
        let mut kept: FxHashSet<AlertId> = FxHashSet::default();
        for new in declared {
            let new = self.declared_alert(project, new)?;
            WriteError::refuse(Noun::Alert, &new.name, new.problems())?;
            let old = self.next.alert_named(project, &new.name).map(Arc::clone);
            let alert = new.make(self, project, old.as_deref(), ManagedBy::File);
            kept.insert(alert.id);
            let is_different = old.as_ref().is_some_and(|old| **old != alert);
            if changes.note(&alert.name, old.is_none(), is_different) {
                let alert = Alert { updated_at: self.now, ..alert };
                if old.is_none() {
                    self.put_new_alert(alert)?
                } else {
                    self.put_alert(alert)?
                };
            }
        }
        let of_file = |it: &&Arc<Alert>| it.project == project && it.managed_by == ManagedBy::File;
        let all = self.next.alerts.values().filter(of_file);
        let dropped: Vec<_> = all.filter(|it| !kept.contains(&it.id)).map(Arc::clone).collect();
        for old in dropped {
            changes.released.push(old.name.clone());
            let (managed_by, updated_at) = (ManagedBy::Api, self.now);
            self.put_alert(Alert { managed_by, enabled: false, updated_at, ..Alert::clone(&old) })?;
        }
        Ok(changes)
    }

    /// What a declaration wants of an alert, with the connections that it names.
    pub(super) fn declared_alert(
        &self,
        project: ProjectId,
        new: DeclaredAlert,
    ) -> Result<NewAlert, WriteError> {
        let named = new.connections.iter().map(|name| self.next.connection_named(project, name));
        let named: Option<Vec<ConnectionId>> = named.map(|found| found.map(|it| it.id)).collect();
        let named = named.ok_or(WriteError::UnknownReference { noun: Noun::Connection })?;
        Ok(new.naming(named))
    }

    fn api_alert(&self, project: ProjectId, id: AlertId) -> Result<Arc<Alert>, WriteError> {
        let alert = self.next.alerts.get(&id).filter(|alert| alert.project == project).map(Arc::clone);
        let alert = alert.ok_or(WriteError::NotFound { noun: Noun::Alert })?;
        WriteError::refuse_managed_by_file(Noun::Alert, &alert.name, alert.managed_by)?;
        Ok(alert)
    }

    /// Refuses to delete a connection that alerts are restricted to: without it they would tell of nothing, or of all.
    pub(super) fn require_no_alert(&self, connection: ConnectionId) -> Result<(), WriteError> {
        let restricted = self.next.alerts.values().filter(|alert| alert.connections.contains(&connection));
        let mut by: Vec<String> = restricted.map(|alert| alert.name.clone()).collect();
        if by.is_empty() {
            return Ok(());
        }
        by.sort_unstable();
        Err(WriteError::Alerted { by })
    }

    /// Whether the name is free, and everything that is named is there.
    pub(super) fn require_fit_alert(&self, alert: &Alert) -> Result<(), WriteError> {
        let same_name = self.next.alert_named(alert.project, &alert.name);
        if same_name.is_some_and(|other| other.id != alert.id) {
            return Err(WriteError::NameTaken { noun: Noun::Alert, name: alert.name.clone() });
        }
        let is_there = |id: &ConnectionId| {
            self.next.connections.get(id).is_some_and(|connection| connection.project == alert.project)
        };
        match alert.connections.iter().all(is_there) {
            true => Ok(()),
            false => Err(WriteError::UnknownReference { noun: Noun::Connection }),
        }
    }

    /// Writes an alert that is new, where there is room for it.
    pub(super) fn put_new_alert(&mut self, alert: Alert) -> Result<Arc<Alert>, WriteError> {
        self.require_fit_alert(&alert)?;
        let others = self.next.alerts.values().filter(|other| other.project == alert.project);
        if others.count() >= ALERTS_MAX {
            return Err(WriteError::TooManyAlerts);
        }
        self.put_alert(alert)
    }

    /// Takes an alert away.
    pub(super) fn remove_alert(&mut self, id: AlertId) -> Result<(), WriteError> {
        self.tx.execute("DELETE FROM alerts WHERE id = ?1", [id.0.cast_signed()])?;
        self.next.alerts.remove(&id);
        self.changes += 1;
        Ok(())
    }

    /// Writes an alert, new or changed.
    pub(super) fn put_alert(&mut self, alert: Alert) -> Result<Arc<Alert>, WriteError> {
        let interval_ms = check::whole_ms(alert.interval)
            .ok_or_else(|| WriteError::Storage("an interval has a fraction of a millisecond".to_owned()))?;
        let json = |error: serde_json::Error| WriteError::Storage(error.to_string());
        let kinds: Vec<&str> = alert.on.iter().map(|kind| kind.name()).collect();
        let connections: Vec<u64> = alert.connections.iter().map(|id| id.0).collect();
        self.tx.prepare_cached(PUT)?.execute(params![
            alert.id.0.cast_signed(),
            alert.project.0.cast_signed(),
            alert.name,
            serde_json::to_string(&kinds).map_err(json)?,
            serde_json::to_string(&connections).map_err(json)?,
            alert.resolutions,
            interval_ms.cast_signed(),
            alert.enabled,
            stored_channel::encode(self.key, alert.id, &alert.channel)?,
            managed_by_name(alert.managed_by),
            alert.created_at.us().cast_signed(),
            alert.updated_at.us().cast_signed(),
        ])?;
        let alert = Arc::new(alert);
        self.next.alerts.insert(alert.id, Arc::clone(&alert));
        self.changes += 1;
        Ok(alert)
    }
}

const PUT: &str = "
    INSERT INTO alerts (id, project, name, kinds, connections, resolutions, interval_ms, enabled, channel, managed_by,
                        created_at_us, updated_at_us)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
    ON CONFLICT (id) DO UPDATE SET
        name = excluded.name, kinds = excluded.kinds, connections = excluded.connections,
        resolutions = excluded.resolutions, interval_ms = excluded.interval_ms, enabled = excluded.enabled,
        channel = excluded.channel, managed_by = excluded.managed_by, updated_at_us = excluded.updated_at_us";

const GET_ALL: &str = "
    SELECT id, project, name, kinds, connections, resolutions, interval_ms, enabled, channel, managed_by,
           created_at_us, updated_at_us
    FROM alerts ORDER BY id";

/// All alerts in the database.
pub(super) fn load(database: &rusqlite::Connection, key: &SecretKey) -> Result<Vec<Alert>, LoadError> {
    let mut statement = database.prepare(GET_ALL)?;
    let mut rows = statement.query([])?;
    let mut alerts = Vec::new();
    while let Some(row) = rows.next()? {
        alerts.push(read(row, key)?);
    }
    Ok(alerts)
}

fn read(row: &Row<'_>, key: &SecretKey) -> Result<Alert, LoadError> {
    let id = AlertId(unsigned(row, 0)?);
    let damaged = |what: String| LoadError::Damaged(format!("alert {id}: {what}"));
    let kinds: Vec<String> = serde_json::from_str(row.get_ref(3)?.as_str()?)
        .map_err(|error| damaged(format!("kinds: {error}")))?;
    let kind = |name: &String| Kind::from_name(name).ok_or_else(|| damaged(format!("unknown kind `{name}`")));
    let connections: Vec<u64> = serde_json::from_str(row.get_ref(4)?.as_str()?)
        .map_err(|error| damaged(format!("connections: {error}")))?;
    Ok(Alert {
        id,
        project: ProjectId(unsigned(row, 1)?),
        name: row.get(2)?,
        on: kinds.iter().map(kind).collect::<Result<_, _>>()?,
        connections: connections.into_iter().map(ConnectionId).collect(),
        resolutions: row.get(5)?,
        interval: Duration::from_millis(unsigned(row, 6)?),
        enabled: row.get(7)?,
        channel: stored_channel::decode(key, id, row.get_ref(8)?.as_blob()?)?,
        managed_by: managed_by_from(row, 9)?,
        created_at: Timestamp::from_us(unsigned(row, 10)?),
        updated_at: Timestamp::from_us(unsigned(row, 11)?),
    })
}
