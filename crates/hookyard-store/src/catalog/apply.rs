//! The configuration file's content becomes configuration: all of it, or nothing.
//!
//! **Invariant:** nothing is ever deleted here. What the file no longer declares is released to the API,
//! and a connection or alert that was released is disabled.

use std::sync::Arc;

use hookyard_model::connection::{Connection, DisableCause, Disabled};
use hookyard_model::destination::Destination;
use hookyard_model::id::{ConnectionId, DestinationId, ProjectId, SourceId};
use hookyard_model::order::Order;
use hookyard_model::retry::Retry;
use hookyard_model::rule::Rule;
use hookyard_model::source::{ManagedBy, Source};
use rustc_hash::FxHashSet;

use super::Catalog;
use super::alerts::DeclaredAlert;
use super::check::{self, Noun, Problem};
use super::destinations::NewDestination;
use super::seal;
use super::sources::NewSource;
use super::write::{Draft, WriteError};

/// All that a configuration file, or a document of the API, declares.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Declared {
    /// The sources.
    pub sources: Vec<NewSource>,
    /// The destinations.
    pub destinations: Vec<NewDestination>,
    /// The connections.
    pub connections: Vec<DeclaredConnection>,
    /// The alerts.
    pub alerts: Vec<DeclaredAlert>,
}

/// A connection as it is declared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeclaredConnection {
    /// Its name.
    pub name: String,
    /// The name of the source its events come from.
    pub source: String,
    /// The name of the destination its events go to.
    pub destination: String,
    /// What its events go through, in this order.
    pub rules: Vec<Rule>,
    /// Which of its events go out one after the other.
    pub order: Order,
    /// When failed attempts are made again.
    pub retry: Retry,
    /// Whether it takes events.
    pub enabled: bool,
}

impl DeclaredConnection {
    /// Everything about it that breaks a rule, other than what it joins.
    pub fn problems(&self) -> Vec<Problem> {
        check::connection(&self.name, &self.rules, &self.retry)
    }
}

/// What applying a configuration file changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Applied {
    /// What became of sources.
    pub sources: Changes,
    /// What became of destinations.
    pub destinations: Changes,
    /// What became of connections.
    pub connections: Changes,
    /// What became of alerts.
    pub alerts: Changes,
}

/// Names of things of one kind, by what became of them; each list in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// New ones.
    pub created: Vec<String>,
    /// Those that are different now, or that the API had managed until now.
    pub updated: Vec<String>,
    /// Those that were as declared already.
    pub unchanged: Vec<String>,
    /// Those that are no longer declared, and that the API manages from now on.
    pub released: Vec<String>,
}

impl Catalog {
    /// Makes the project's configuration what a file declares, in one transaction; durable and in the
    /// snapshot when this returns.
    ///
    /// Things are matched by name. One that the API made is taken over, and keeps its id, and its token and
    /// signing secrets where none are declared. A connection that its destination disabled stays disabled
    /// until it goes to another URL.
    ///
    /// # Errors
    /// [`WriteError`] where something is not valid, two things share a name or token, or the database
    /// refuses; nothing is changed then.
    pub async fn apply_file(&self, project: ProjectId, declared: Declared) -> Result<Applied, WriteError> {
        self.write(move |draft| {
            draft.require_project(project)?;
            let sources = draft.apply_sources(project, declared.sources)?;
            let (destinations, moved) = draft.apply_destinations(project, declared.destinations)?;
            let connections = draft.apply_connections(project, declared.connections, &moved)?;
            let alerts = draft.apply_alerts(project, declared.alerts)?;
            let mut applied = Applied { sources, destinations, connections, alerts };
            let Applied { sources, destinations, connections, alerts } = &mut applied;
            for changes in [sources, destinations, connections, alerts] {
                changes.sort();
            }
            Ok(applied)
        })
        .await
    }
}

impl Changes {
    /// Files `name` under what became of it; says whether it has to be written.
    pub(super) fn note(&mut self, name: &str, is_new: bool, is_different: bool) -> bool {
        let list = match (is_new, is_different) {
            (true, _) => &mut self.created,
            (false, true) => &mut self.updated,
            (false, false) => &mut self.unchanged,
        };
        list.push(name.to_owned());
        is_new || is_different
    }

    fn sort(&mut self) {
        for list in [&mut self.created, &mut self.updated, &mut self.unchanged, &mut self.released] {
            list.sort_unstable();
        }
    }
}

/// Where the file declares no secret, and the provider takes that, a handshake brings one: it stays.
fn keep_captured(new: &mut NewSource, old: Option<&Source>) {
    let same = old.filter(|old| old.verification.provider == new.verification.provider);
    if let Some(old) = same
        && new.verification.secrets.is_empty()
    {
        new.verification.secrets.clone_from(&old.verification.secrets);
    }
}

impl Draft<'_> {
    fn apply_sources(&mut self, project: ProjectId, declared: Vec<NewSource>) -> Result<Changes, WriteError> {
        require_distinct(Noun::Source, declared.iter().map(|new| new.name.as_str()))?;
        let mut changes = Changes::default();
        let mut kept: FxHashSet<SourceId> = FxHashSet::default();
        let mut writes: Vec<Source> = Vec::new();
        for mut new in declared {
            WriteError::refuse(Noun::Source, &new.name, new.problems())?;
            let old = self.next.source_named(project, &new.name).map(Arc::clone);
            keep_captured(&mut new, old.as_deref());
            let source = match &old {
                Some(old) => new.replacing(old, ManagedBy::File),
                None => new.make(self, project, ManagedBy::File)?,
            };
            kept.insert(source.id);
            let is_different = old.as_ref().is_some_and(|old| **old != source);
            if changes.note(&source.name, old.is_none(), is_different) {
                writes.push(Source { updated_at: self.now, ..source });
            }
        }
        for old in self.next.sources.values() {
            if old.project == project && old.managed_by == ManagedBy::File && !kept.contains(&old.id) {
                changes.released.push(old.name.clone());
                let released =
                    Source { managed_by: ManagedBy::Api, updated_at: self.now, ..Source::clone(old) };
                writes.push(released);
            }
        }
        self.settle_tokens(&mut writes)?;
        for source in writes {
            self.put_source(source)?;
        }
        Ok(changes)
    }

    /// Sees to it that no two sources have one token once `writes` are written. A source that was renamed in
    /// the file is a new source and a released one; the new one gets the token, since it is declared.
    fn settle_tokens(&self, writes: &mut [Source]) -> Result<(), WriteError> {
        let written: FxHashSet<SourceId> = writes.iter().map(|source| source.id).collect();
        let untouched = self.next.sources.values().filter(|source| !written.contains(&source.id));
        let mut taken: FxHashSet<String> = untouched.map(|source| source.token.clone()).collect();
        for source in writes.iter().filter(|source| source.managed_by == ManagedBy::File) {
            if !taken.insert(source.token.clone()) {
                return Err(WriteError::Invalid {
                    noun: Noun::Source,
                    name: source.name.clone(),
                    setting: "token",
                    reason: "another source has it: give this one a different token, or change or delete \
                             the other one through the API first"
                        .to_owned(),
                });
            }
        }
        for source in writes.iter_mut().filter(|source| source.managed_by == ManagedBy::Api) {
            if !taken.insert(source.token.clone()) {
                source.token = seal::new_token()?;
            }
        }
        for source in writes {
            if self.next.sources.get(&source.id).is_some_and(|old| old.token != source.token) {
                self.park_token(source.id)?;
            }
        }
        Ok(())
    }

    /// Also says which destinations have another URL than before.
    fn apply_destinations(
        &mut self,
        project: ProjectId,
        declared: Vec<NewDestination>,
    ) -> Result<(Changes, FxHashSet<DestinationId>), WriteError> {
        require_distinct(Noun::Destination, declared.iter().map(|new| new.name.as_str()))?;
        let mut changes = Changes::default();
        let mut kept: FxHashSet<DestinationId> = FxHashSet::default();
        let mut moved: FxHashSet<DestinationId> = FxHashSet::default();
        for new in declared {
            WriteError::refuse(Noun::Destination, &new.name, new.problems())?;
            let old = self.next.destination_named(project, &new.name).map(Arc::clone);
            let destination = match &old {
                Some(old) => new.replacing(old, ManagedBy::File, self.now)?,
                None => new.make(self, project, ManagedBy::File)?,
            };
            kept.insert(destination.id);
            if old.as_ref().is_some_and(|old| old.reach.url() != destination.reach.url()) {
                moved.insert(destination.id);
            }
            let is_different = old.as_ref().is_some_and(|old| **old != destination);
            if changes.note(&destination.name, old.is_none(), is_different) {
                self.put_destination(Destination { updated_at: self.now, ..destination })?;
            }
        }
        let of_file = |it: &&Arc<Destination>| it.project == project && it.managed_by == ManagedBy::File;
        let all = self.next.destinations.values().filter(of_file);
        let dropped: Vec<_> = all.filter(|it| !kept.contains(&it.id)).map(Arc::clone).collect();
        for old in dropped {
            changes.released.push(old.name.clone());
            let updated_at = self.now;
            self.put_destination(Destination {
                managed_by: ManagedBy::Api,
                updated_at,
                ..Destination::clone(&old)
            })?;
        }
        Ok((changes, moved))
    }

    fn apply_connections(
        &mut self,
        project: ProjectId,
        declared: Vec<DeclaredConnection>,
        moved: &FxHashSet<DestinationId>,
    ) -> Result<Changes, WriteError> {
        require_distinct(Noun::Connection, declared.iter().map(|new| new.name.as_str()))?;
        let mut changes = Changes::default();
        let mut kept: FxHashSet<ConnectionId> = FxHashSet::default();
        for new in declared {
            WriteError::refuse(Noun::Connection, &new.name, new.problems())?;
            let old = self.next.connection_named(project, &new.name).map(Arc::clone);
            let connection =
                self.declared_connection(project, new, old.as_deref(), moved, ManagedBy::File)?;
            kept.insert(connection.id);
            let is_different = old.as_ref().is_some_and(|old| **old != connection);
            if changes.note(&connection.name, old.is_none(), is_different) {
                self.put_connection(Connection { updated_at: self.now, ..connection })?;
            }
        }
        let of_file = |it: &&Arc<Connection>| it.project == project && it.managed_by == ManagedBy::File;
        let all = self.next.connections.values().filter(of_file);
        let dropped: Vec<_> = all.filter(|it| !kept.contains(&it.id)).map(Arc::clone).collect();
        for old in dropped {
            changes.released.push(old.name.clone());
            let removed = Disabled { cause: DisableCause::RemovedFromFile, at: self.now };
            self.put_connection(Connection {
                managed_by: ManagedBy::Api,
                disabled: Some(old.disabled.clone().unwrap_or(removed)),
                updated_at: self.now,
                ..Connection::clone(&old)
            })?;
        }
        Ok(changes)
    }

    /// The connection a declaration makes of the one of its name, or of nothing.
    pub(super) fn declared_connection(
        &self,
        project: ProjectId,
        new: DeclaredConnection,
        old: Option<&Connection>,
        moved: &FxHashSet<DestinationId>,
        managed_by: ManagedBy,
    ) -> Result<Connection, WriteError> {
        let source = self.next.source_named(project, &new.source).map(|source| source.id);
        let source = source.ok_or(WriteError::UnknownReference { noun: Noun::Source })?;
        let destination = self.next.destination_named(project, &new.destination).map(|it| it.id);
        let destination = destination.ok_or(WriteError::UnknownReference { noun: Noun::Destination })?;

        let goes_elsewhere =
            old.is_none_or(|old| old.destination != destination) || moved.contains(&destination);
        let was = old.and_then(|old| old.disabled.clone());
        let disabled = match was {
            Some(was) if new.enabled && was.cause.is_the_destinations() && !goes_elsewhere => Some(was),
            _ if new.enabled => None,
            Some(was) if was.cause == DisableCause::ByHand => Some(was),
            _ => Some(Disabled { cause: DisableCause::ByHand, at: self.now }),
        };
        Ok(Connection {
            id: old.map_or_else(|| ConnectionId(self.ids.next(self.now)), |old| old.id),
            project,
            name: new.name,
            source,
            destination,
            rules: new.rules,
            order: new.order,
            retry: new.retry,
            disabled,
            managed_by,
            created_at: old.map_or(self.now, |old| old.created_at),
            updated_at: old.map_or(self.now, |old| old.updated_at),
        })
    }
}

/// Refuses a name that is declared twice.
pub(super) fn require_distinct<'a>(
    noun: Noun,
    names: impl Iterator<Item = &'a str>,
) -> Result<(), WriteError> {
    let mut seen: FxHashSet<&str> = FxHashSet::default();
    for name in names {
        if !seen.insert(name) {
            return Err(WriteError::NameTaken { noun, name: name.to_owned() });
        }
    }
    Ok(())
}
