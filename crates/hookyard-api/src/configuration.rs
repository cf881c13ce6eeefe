//! `/api/v1/configuration`: all sources, destinations, connections and alerts as one document, which is exported, planned
//! and applied as a whole.
//!
//! **Invariant:** what is exported and applied again changes nothing.

mod document;
mod shown;

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use hookyard_model::connection::Connection;
use hookyard_model::id::ProjectId;
use hookyard_model::source::ManagedBy;
use hookyard_store::catalog::audit::Resource;
use hookyard_store::catalog::{Change, Declaration, Outcome, Snapshot};
use rustc_hash::FxHashMap;
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::alerts::DeclaredAlertFields;
use crate::body::JsonBody;
use crate::caller::Caller;
use crate::configured;
use crate::connections::{self, DeclaredConnectionFields};
use crate::destinations::DestinationFields;
use crate::diff::{self, FieldChange};
use crate::openapi::names;
use crate::openapi::wrap::Creating;
use crate::problem::Problem;
use crate::project::InProject;
use crate::query::NoQuery;
use crate::server::Shared;
use crate::sources::SourceFields;
use document::{Document, Generated};
use shown::Names;

/// A document as it is exported: what the API manages. What the configuration file declares stands there.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ExportedConfiguration)]
pub(crate) struct DocumentView {
    #[schema(value_type = Vec<Creating<SourceFields>>)]
    sources: Vec<Map<String, Value>>,
    #[schema(value_type = Vec<Creating<DestinationFields>>)]
    destinations: Vec<Map<String, Value>>,
    #[schema(value_type = Vec<DeclaredConnectionFields>)]
    connections: Vec<Map<String, Value>>,
    #[schema(value_type = Vec<DeclaredAlertFields>)]
    alerts: Vec<Map<String, Value>>,
}

/// What a document changes.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ConfigurationPlan)]
pub(crate) struct PlanView {
    /// The configuration's version that it was worked out for.
    version: u64,
    /// What is created, updated and deleted.
    changes: Vec<ChangeView>,
    /// How many things are as the document has them.
    unchanged: usize,
    /// What the API manages and the document does not have.
    undeclared: Vec<Undeclared>,
    /// Undelivered events of the connections that are deleted.
    undelivered_events: u64,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ConfigurationChange)]
struct ChangeView {
    #[schema(value_type = names::ConfigurationAction)]
    action: &'static str,
    #[schema(value_type = names::ConfigurationResource)]
    resource_type: &'static str,
    name: String,
    /// None while it is not made yet.
    id: Option<String>,
    fields: Vec<FieldChange>,
    /// The secret that was made for it, in full.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    secret_generated: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = UndeclaredThing)]
struct Undeclared {
    #[schema(value_type = names::ConfigurationResource)]
    resource_type: &'static str,
    name: String,
}

/// Export the configuration
///
/// What the API manages, as a document that can be applied. Secrets are not in it.
#[utoipa::path(get, path = "/api/v1/configuration", operation_id = "exportConfiguration",
    responses((status = 200, body = DocumentView)))]
pub(crate) async fn export(
    State(api): State<Arc<Shared>>,
    InProject(project): InProject,
    _: NoQuery,
) -> Json<DocumentView> {
    let snapshot = api.store.catalog().snapshot();
    let names = Names::of(&snapshot);
    let brief = |managed: Vec<Resource>| managed.iter().map(|it| shown::brief(it, &names)).collect();
    let Managed { sources, destinations, connections, alerts } = Managed::of(&snapshot, project);
    Json(DocumentView {
        sources: brief(sources),
        destinations: brief(destinations),
        connections: brief(connections),
        alerts: brief(alerts),
    })
}

/// Plan a document
///
/// What applying it would do: all of it is checked, and nothing is changed.
#[utoipa::path(post, path = "/api/v1/configuration/plan", operation_id = "planConfiguration",
    request_body = Document, responses((status = 200, body = PlanView)))]
pub(crate) async fn plan(
    State(api): State<Arc<Shared>>,
    InProject(project): InProject,
    _: NoQuery,
    JsonBody(document): JsonBody<Document>,
) -> Result<Json<PlanView>, Problem> {
    let (declaration, _) = document.declaration(&api, project, true)?;
    let before = api.store.catalog().snapshot();
    let sources = &declaration.declared.sources;
    let tokenless: Vec<String> =
        sources.iter().filter(|it| it.token.is_none()).map(|it| it.name.clone()).collect();
    let outcome = api.store.catalog().declare(project, declaration).await?;
    let mut plan = PlanView::new(&Managed::of(&before, project), &before, &outcome);
    plan.undelivered_events = undelivered(&api, &outcome).await?;
    for change in plan.changes.iter_mut().filter(|it| it.action == "create") {
        // What is made anew each time is not told before it stays.
        change.id = None;
        let has_token = change.resource_type != "source" || !tokenless.contains(&change.name);
        change.fields.retain(|it| has_token || it.field != "token");
    }
    Ok(Json(plan))
}

/// Apply a document
///
/// Makes the configuration what it says: all of it, or nothing.
#[utoipa::path(post, path = "/api/v1/configuration/apply", operation_id = "applyConfiguration",
    request_body = Document, responses((status = 200, body = PlanView)))]
pub(crate) async fn apply(
    State(api): State<Arc<Shared>>,
    caller: Caller,
    InProject(project): InProject,
    _: NoQuery,
    JsonBody(document): JsonBody<Document>,
) -> Result<Json<PlanView>, Problem> {
    let _turn = api.writing.lock().await;
    let cancel_events = document.cancel_events;
    let (declaration, generated) = document.declaration(&api, project, false)?;
    if declaration.prune && !cancel_events {
        let trial = Declaration { is_trial: true, ..declaration.clone() };
        let undelivered = undelivered(&api, &api.store.catalog().declare(project, trial).await?).await?;
        if undelivered > 0 {
            return Err(Problem::events_undelivered_of_document(undelivered));
        }
    }
    let before = api.store.catalog().snapshot();
    let outcome = caller.catalog(&api).declare(project, declaration).await?;
    let mut plan = PlanView::new(&Managed::of(&before, project), &before, &outcome);
    plan.show(generated);
    // As where a single one is deleted: no event can be made of it any more, so now all there are can be cancelled.
    for connection in deleted_connections(&outcome) {
        plan.undelivered_events += connections::cancel_events_of(&api, connection.id).await?;
    }
    Ok(Json(plan))
}

fn deleted_connections(outcome: &Outcome) -> impl Iterator<Item = &Arc<Connection>> {
    outcome.connections.iter().filter(|it| it.after.is_none()).filter_map(|it| it.before.as_ref())
}

async fn undelivered(api: &Shared, outcome: &Outcome) -> Result<u64, Problem> {
    let mut count = 0;
    for connection in deleted_connections(outcome) {
        count += api.store.undelivered_of(connection.id).await?;
    }
    Ok(count)
}

/// What the API manages of a project, each kind oldest first.
struct Managed {
    sources: Vec<Resource>,
    destinations: Vec<Resource>,
    connections: Vec<Resource>,
    alerts: Vec<Resource>,
}

impl Managed {
    fn of(snapshot: &Snapshot, project: ProjectId) -> Self {
        let is_its = |of: ProjectId, managed_by| of == project && managed_by == ManagedBy::Api;
        Self {
            sources: picked(&snapshot.sources, |it| is_its(it.project, it.managed_by), Resource::Source),
            destinations: picked(
                &snapshot.destinations,
                |it| is_its(it.project, it.managed_by),
                Resource::Destination,
            ),
            connections: picked(
                &snapshot.connections,
                |it| is_its(it.project, it.managed_by),
                Resource::Connection,
            ),
            alerts: picked(&snapshot.alerts, |it| is_its(it.project, it.managed_by), Resource::Alert),
        }
    }
}

fn picked<Id: Ord + Copy, T>(
    all: &FxHashMap<Id, Arc<T>>,
    is_its: impl Fn(&T) -> bool,
    wrap: fn(Arc<T>) -> Resource,
) -> Vec<Resource> {
    let mut picked: Vec<_> = all.iter().filter(|(_, it)| is_its(it)).collect();
    picked.sort_unstable_by_key(|(id, _)| **id);
    picked.into_iter().map(|(_, it)| wrap(Arc::clone(it))).collect()
}

impl PlanView {
    fn new(managed: &Managed, before: &Snapshot, outcome: &Outcome) -> Self {
        let mut names = Names::of(before);
        names.note(outcome);
        let mut plan = Self {
            version: outcome.version,
            changes: Vec::new(),
            unchanged: 0,
            undeclared: Vec::new(),
            undelivered_events: 0,
        };
        plan.add(&outcome.sources, &managed.sources, Resource::Source, &names);
        plan.add(&outcome.destinations, &managed.destinations, Resource::Destination, &names);
        plan.add(&outcome.connections, &managed.connections, Resource::Connection, &names);
        plan.add(&outcome.alerts, &managed.alerts, Resource::Alert, &names);
        plan
    }

    fn add<T: PartialEq>(
        &mut self,
        changes: &[Change<T>],
        managed: &[Resource],
        wrap: fn(Arc<T>) -> Resource,
        names: &Names,
    ) {
        let mut told: Vec<String> = Vec::new();
        for change in changes {
            let [before, after] = [&change.before, &change.after].map(|it| it.clone().map(wrap));
            let Some(thing) = after.as_ref().or(before.as_ref()) else { continue };
            told.push(thing.id());
            if change.before == change.after {
                self.unchanged += 1;
                continue;
            }
            let (action, fields) = match (&before, &after) {
                (_, None) => ("delete", Vec::new()),
                (None, Some(new)) => ("create", made(new, names)),
                (Some(old), Some(new)) => ("update", changed(old, new, names)),
            };
            self.changes.push(ChangeView {
                action,
                resource_type: thing.type_name(),
                name: thing.name().to_owned(),
                id: Some(thing.id()),
                fields,
                secret_generated: None,
            });
        }
        for thing in managed.iter().filter(|it| !told.contains(&it.id())) {
            let (resource_type, name) = (thing.type_name(), thing.name().to_owned());
            self.undeclared.push(Undeclared { resource_type, name });
        }
    }

    /// Shows secrets that were made, once, where they belong.
    fn show(&mut self, generated: Vec<Generated>) {
        for Generated { resource_type, name, secret } in generated {
            let mut changes = self.changes.iter_mut();
            let its = changes.find(|it| it.resource_type == resource_type && it.name == name);
            if let Some(change) = its {
                change.secret_generated = Some(secret.expose().to_owned());
            }
        }
    }
}

/// What is special about a new thing.
fn made(new: &Resource, names: &Names) -> Vec<FieldChange> {
    let mut told = diff::changes(&Value::Null, &Value::Object(shown::brief(new, names)));
    told.retain(|it| it.field != "name");
    told
}

/// What is different, with secrets that differ where what is shown of them does not.
fn changed(old: &Resource, new: &Resource, names: &Names) -> Vec<FieldChange> {
    let [before, after] = [old, new].map(|it| Value::Object(shown::whole(it, names)));
    let mut changed = diff::changes(&before, &after);
    for field in configured::unshown(old, new) {
        if !changed.iter().any(|it| it.is_of(field)) {
            changed.push(FieldChange::of_a_secret(field));
        }
    }
    changed
}
