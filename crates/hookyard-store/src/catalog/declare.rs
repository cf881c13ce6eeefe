//! What a document of the API declares becomes configuration: all of it, or nothing. On trial the same is done, checked and
//! told, and nothing is left of it.
//!
//! Unlike the configuration file a document does not own what it declares: the API goes on changing it. What it does not
//! declare stays, or is deleted where that is asked for. What the configuration file declares it can name, but not change.

use std::sync::Arc;

use hookyard_model::alert::Alert;
use hookyard_model::connection::Connection;
use hookyard_model::destination::Destination;
use hookyard_model::id::{DestinationId, ProjectId};
use hookyard_model::source::{ManagedBy, Source};
use rustc_hash::FxHashSet;

use super::Catalog;
use super::alerts::DeclaredAlert;
use super::apply::{Declared, DeclaredConnection, require_distinct};
use super::check::Noun;
use super::destinations::NewDestination;
use super::sources::NewSource;
use super::write::{Draft, WriteError};

/// What a document wants.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Declaration {
    /// All that there is to be.
    pub declared: Declared,
    /// Whether what the API manages and the document does not declare is deleted.
    pub prune: bool,
    /// Whether nothing is to be changed, only told.
    pub is_trial: bool,
    /// The version of the configuration that it was worked out for; refused where there is another by now.
    pub version: Option<u64>,
}

/// What a document changed, or would change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// The version of the configuration that this was worked out from.
    pub version: u64,
    /// What becomes of each source that is declared or deleted.
    pub sources: Vec<Change<Source>>,
    /// The same of destinations.
    pub destinations: Vec<Change<Destination>>,
    /// The same of connections.
    pub connections: Vec<Change<Connection>>,
    /// The same of alerts.
    pub alerts: Vec<Change<Alert>>,
}

/// What becomes of one thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change<T> {
    /// What it was; none where it is new. Equal to what it is where nothing changes.
    pub before: Option<Arc<T>>,
    /// What it is; none where it is deleted.
    pub after: Option<Arc<T>>,
}

impl<T> Change<T> {
    fn to(before: Option<Arc<T>>, after: Arc<T>) -> Self {
        Self { before, after: Some(after) }
    }

    fn deletion(before: Arc<T>) -> Self {
        Self { before: Some(before), after: None }
    }
}

impl Catalog {
    /// Makes the project's configuration what a document declares, in one transaction; durable and in the snapshot when
    /// this returns, unless it was on trial.
    ///
    /// Things are matched by name, and keep their id, and their token and signing secrets where none are declared. A
    /// connection that its destination disabled stays disabled until it goes to another URL. What becomes of undelivered
    /// events of deleted connections is for the caller to settle.
    ///
    /// # Errors
    /// [`WriteError`] where something is not valid, two things share a name or token, the configuration file declares what
    /// is to be changed, the configuration is of another version, or the database refuses; nothing is changed then.
    pub async fn declare(&self, project: ProjectId, declaration: Declaration) -> Result<Outcome, WriteError> {
        self.write_or_try(declaration.is_trial, move |draft| draft.declare(project, declaration)).await
    }
}

impl Draft<'_> {
    fn declare(&mut self, project: ProjectId, declaration: Declaration) -> Result<Outcome, WriteError> {
        self.require_project(project)?;
        let Declaration { declared, prune, version, .. } = declaration;
        if version.is_some_and(|version| version != self.next.version) {
            return Err(WriteError::ChangedMeanwhile { noun: Noun::Project });
        }
        let mut outcome = Outcome { version: self.next.version, ..Outcome::default() };
        outcome.sources = self.declare_sources(project, declared.sources)?;
        let (destinations, moved) = self.declare_destinations(project, declared.destinations)?;
        outcome.destinations = destinations;
        outcome.connections = self.declare_connections(project, declared.connections, &moved)?;
        outcome.alerts = self.declare_alerts(project, declared.alerts)?;
        if prune {
            self.prune(project, &mut outcome)?;
        }
        Ok(outcome)
    }

    fn declare_sources(
        &mut self,
        project: ProjectId,
        declared: Vec<NewSource>,
    ) -> Result<Vec<Change<Source>>, WriteError> {
        require_distinct(Noun::Source, declared.iter().map(|new| new.name.as_str()))?;
        let mut changes = Vec::with_capacity(declared.len());
        for new in declared {
            WriteError::refuse(Noun::Source, &new.name, new.problems())?;
            let old = self.next.source_named(project, &new.name).map(Arc::clone);
            let source = match &old {
                Some(old) => new.replacing(old, old.managed_by),
                None => new.make(self, project, ManagedBy::Api)?,
            };
            let after = match &old {
                Some(old) if **old == source => Arc::clone(old),
                _ => {
                    WriteError::refuse_managed_by_file(Noun::Source, &source.name, source.managed_by)?;
                    self.require_free(&source)?;
                    self.put_source(Source { updated_at: self.now, ..source })?
                }
            };
            changes.push(Change::to(old, after));
        }
        Ok(changes)
    }

    /// Also says which destinations have another URL than before.
    fn declare_destinations(
        &mut self,
        project: ProjectId,
        declared: Vec<NewDestination>,
    ) -> Result<(Vec<Change<Destination>>, FxHashSet<DestinationId>), WriteError> {
        require_distinct(Noun::Destination, declared.iter().map(|new| new.name.as_str()))?;
        let mut changes = Vec::with_capacity(declared.len());
        let mut moved: FxHashSet<DestinationId> = FxHashSet::default();
        for new in declared {
            WriteError::refuse(Noun::Destination, &new.name, new.problems())?;
            let old = self.next.destination_named(project, &new.name).map(Arc::clone);
            let destination = match &old {
                Some(old) => new.replacing(old, old.managed_by, self.now)?,
                None => new.make(self, project, ManagedBy::Api)?,
            };
            if old.as_ref().is_some_and(|old| old.reach.url() != destination.reach.url()) {
                moved.insert(destination.id);
            }
            let after = match &old {
                Some(old) if **old == destination => Arc::clone(old),
                _ => {
                    let (name, managed_by) = (&destination.name, destination.managed_by);
                    WriteError::refuse_managed_by_file(Noun::Destination, name, managed_by)?;
                    self.require_free_destination_name(&destination)?;
                    self.put_destination(Destination { updated_at: self.now, ..destination })?
                }
            };
            changes.push(Change::to(old, after));
        }
        Ok((changes, moved))
    }

    fn declare_connections(
        &mut self,
        project: ProjectId,
        declared: Vec<DeclaredConnection>,
        moved: &FxHashSet<DestinationId>,
    ) -> Result<Vec<Change<Connection>>, WriteError> {
        require_distinct(Noun::Connection, declared.iter().map(|new| new.name.as_str()))?;
        let mut changes = Vec::with_capacity(declared.len());
        for new in declared {
            WriteError::refuse(Noun::Connection, &new.name, new.problems())?;
            let old = self.next.connection_named(project, &new.name).map(Arc::clone);
            let managed_by = old.as_ref().map_or(ManagedBy::Api, |old| old.managed_by);
            let connection = self.declared_connection(project, new, old.as_deref(), moved, managed_by)?;
            let after = match &old {
                Some(old) if **old == connection => Arc::clone(old),
                _ => {
                    WriteError::refuse_managed_by_file(Noun::Connection, &connection.name, managed_by)?;
                    self.require_fit(&connection)?;
                    self.put_connection(Connection { updated_at: self.now, ..connection })?
                }
            };
            changes.push(Change::to(old, after));
        }
        Ok(changes)
    }

    fn declare_alerts(
        &mut self,
        project: ProjectId,
        declared: Vec<DeclaredAlert>,
    ) -> Result<Vec<Change<Alert>>, WriteError> {
        require_distinct(Noun::Alert, declared.iter().map(|new| new.name.as_str()))?;
        let mut changes = Vec::with_capacity(declared.len());
        for new in declared {
            let new = self.declared_alert(project, new)?;
            WriteError::refuse(Noun::Alert, &new.name, new.problems())?;
            let old = self.next.alert_named(project, &new.name).map(Arc::clone);
            let managed_by = old.as_ref().map_or(ManagedBy::Api, |old| old.managed_by);
            let alert = new.make(self, project, old.as_deref(), managed_by);
            let after = match &old {
                None => self.put_new_alert(alert)?,
                Some(old) if **old == alert => Arc::clone(old),
                Some(_) => {
                    WriteError::refuse_managed_by_file(Noun::Alert, &alert.name, managed_by)?;
                    self.require_fit_alert(&alert)?;
                    self.put_alert(Alert { updated_at: self.now, ..alert })?
                }
            };
            changes.push(Change::to(old, after));
        }
        Ok(changes)
    }

    /// Deletes what the API manages and `outcome` does not have: first what refers to others.
    fn prune(&mut self, project: ProjectId, outcome: &mut Outcome) -> Result<(), WriteError> {
        let is_of_api = |of: ProjectId, managed_by| of == project && managed_by == ManagedBy::Api;
        let alerts = self.next.alerts.values().filter(|it| is_of_api(it.project, it.managed_by));
        for alert in undeclared(alerts, &outcome.alerts, |it| it.id.0) {
            self.remove_alert(alert.id)?;
            outcome.alerts.push(Change::deletion(alert));
        }
        let connections = self.next.connections.values().filter(|it| is_of_api(it.project, it.managed_by));
        for connection in undeclared(connections, &outcome.connections, |it| it.id.0) {
            self.remove_connection(connection.id)?;
            outcome.connections.push(Change::deletion(connection));
        }
        let destinations = self.next.destinations.values().filter(|it| is_of_api(it.project, it.managed_by));
        for destination in undeclared(destinations, &outcome.destinations, |it| it.id.0) {
            self.remove_destination(destination.id)?;
            outcome.destinations.push(Change::deletion(destination));
        }
        let sources = self.next.sources.values().filter(|it| is_of_api(it.project, it.managed_by));
        for source in undeclared(sources, &outcome.sources, |it| it.id.0) {
            self.remove_source(source.id)?;
            outcome.sources.push(Change::deletion(source));
        }
        Ok(())
    }
}

/// Those of `all` that no change is about, oldest first.
fn undeclared<'a, T: 'a>(
    all: impl Iterator<Item = &'a Arc<T>>,
    changes: &[Change<T>],
    id: impl Fn(&T) -> u64,
) -> Vec<Arc<T>> {
    let declared: FxHashSet<u64> = changes.iter().filter_map(|it| it.after.as_deref()).map(&id).collect();
    let mut undeclared: Vec<Arc<T>> = all.filter(|it| !declared.contains(&id(it))).map(Arc::clone).collect();
    undeclared.sort_unstable_by_key(|it| id(it));
    undeclared
}
