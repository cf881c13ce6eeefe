//! `/api/v1/configuration`: all sources, destinations, connections and alerts as one document, which is exported, planned
//! and applied as a whole.
//!
//! **Invariant:** what is exported and applied again changes nothing.

mod document;
mod shown;

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use hookyard_model::alert::Alert;
use hookyard_model::connection::Connection;
use hookyard_model::destination::Destination;
use hookyard_model::id::ProjectId;
use hookyard_model::source::{ManagedBy, Source};
use hookyard_store::catalog::{Change, Declaration, Outcome, Snapshot};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::alerts::DeclaredAlertFields;
use crate::body::JsonBody;
use crate::caller::Caller;
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
    let now = api.clock.now();
    let Managed { sources, destinations, connections, alerts } = Managed::of(&snapshot, project);
    Json(DocumentView {
        sources: sources.iter().map(|it| shown::export_source(it, &api)).collect(),
        destinations: destinations.iter().map(|it| shown::export_destination(it, now)).collect(),
        connections: connections.iter().map(|it| shown::export_connection(it, &names)).collect(),
        alerts: alerts.iter().map(|it| shown::export_alert(it, &names)).collect(),
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
    let mut plan = PlanView::new(&api, &Managed::of(&before, project), &before, &outcome);
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
    let mut plan = PlanView::new(&api, &Managed::of(&before, project), &before, &outcome);
    plan.show(generated);
    // As where a single one is deleted: no event can be made of it any more, so now all there are can be cancelled.
    for connection in deleted_connections(&outcome) {
        plan.undelivered_events += connections::cancel_events_of(&api, connection.id).await?;
    }
    Ok(Json(plan))
}

/// How much of a thing is told.
#[derive(Clone, Copy)]
enum Form {
    /// As it is exported: what is new is told by what is special about it.
    Brief,
    /// All of it, with hints of secrets.
    Whole,
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
    sources: Vec<Arc<Source>>,
    destinations: Vec<Arc<Destination>>,
    connections: Vec<Arc<Connection>>,
    alerts: Vec<Arc<Alert>>,
}

impl Managed {
    fn of(snapshot: &Snapshot, project: ProjectId) -> Self {
        let is_its = |of: ProjectId, managed_by| of == project && managed_by == ManagedBy::Api;
        let mut managed = Self {
            sources: picked(snapshot.sources.values(), |it| is_its(it.project, it.managed_by)),
            destinations: picked(snapshot.destinations.values(), |it| is_its(it.project, it.managed_by)),
            connections: picked(snapshot.connections.values(), |it| is_its(it.project, it.managed_by)),
            alerts: picked(snapshot.alerts.values(), |it| is_its(it.project, it.managed_by)),
        };
        managed.sources.sort_unstable_by_key(|it| it.id);
        managed.destinations.sort_unstable_by_key(|it| it.id);
        managed.connections.sort_unstable_by_key(|it| it.id);
        managed.alerts.sort_unstable_by_key(|it| it.id);
        managed
    }
}

fn picked<'a, T: 'a>(all: impl Iterator<Item = &'a Arc<T>>, is_its: impl Fn(&T) -> bool) -> Vec<Arc<T>> {
    all.filter(|it| is_its(it)).map(Arc::clone).collect()
}

impl PlanView {
    fn new(api: &Shared, managed: &Managed, before: &Snapshot, outcome: &Outcome) -> Self {
        let mut names = Names::of(before);
        outcome.sources.iter().filter_map(|it| it.after.as_ref()).for_each(|it| names.note_source(it));
        outcome
            .destinations
            .iter()
            .filter_map(|it| it.after.as_ref())
            .for_each(|it| names.note_destination(it));
        outcome
            .connections
            .iter()
            .filter_map(|it| it.after.as_ref())
            .for_each(|it| names.note_connection(it));
        let now = api.clock.now();
        let mut plan = Self {
            version: outcome.version,
            changes: Vec::new(),
            unchanged: 0,
            undeclared: Vec::new(),
            undelivered_events: 0,
        };
        let id = |it: &Source| (it.id.to_string(), it.name.clone());
        plan.add("source", &outcome.sources, &managed.sources, id, |it, form| match form {
            Form::Brief => shown::export_source(it, api),
            Form::Whole => shown::source(it, api),
        });
        let id = |it: &Destination| (it.id.to_string(), it.name.clone());
        plan.add("destination", &outcome.destinations, &managed.destinations, id, |it, form| match form {
            Form::Brief => shown::export_destination(it, now),
            Form::Whole => shown::destination(it, now),
        });
        let id = |it: &Connection| (it.id.to_string(), it.name.clone());
        plan.add("connection", &outcome.connections, &managed.connections, id, |it, form| match form {
            Form::Brief => shown::export_connection(it, &names),
            Form::Whole => shown::connection(it, &names),
        });
        let id = |it: &Alert| (it.id.to_string(), it.name.clone());
        plan.add("alert", &outcome.alerts, &managed.alerts, id, |it, form| match form {
            Form::Brief => shown::export_alert(it, &names),
            Form::Whole => shown::alert(it, &names),
        });
        plan
    }

    fn add<T: PartialEq>(
        &mut self,
        resource_type: &'static str,
        changes: &[Change<T>],
        managed: &[Arc<T>],
        identity: impl Fn(&T) -> (String, String),
        show: impl Fn(&T, Form) -> Map<String, Value>,
    ) {
        let mut told: Vec<String> = Vec::new();
        for change in changes {
            let (before, after) = (change.before.as_deref(), change.after.as_deref());
            let Some((id, name)) = after.or(before).map(&identity) else { continue };
            told.push(id.clone());
            if before == after {
                self.unchanged += 1;
                continue;
            }
            let shown = |it: &T, form| Value::Object(show(it, form));
            let (action, fields) = match (before, after) {
                (None, None) => continue,
                (None, Some(new)) => {
                    let mut told = diff::changes(&Value::Null, &shown(new, Form::Brief));
                    told.retain(|it| it.field != "name");
                    ("create", told)
                }
                (Some(_), None) => ("delete", Vec::new()),
                (Some(old), Some(new)) => {
                    let changed = diff::changes(&shown(old, Form::Whole), &shown(new, Form::Whole));
                    // Secrets can differ where their hints do not.
                    let of_secret = changed.is_empty().then(FieldChange::of_a_secret);
                    ("update", changed.into_iter().chain(of_secret).collect())
                }
            };
            let secret_generated = None;
            self.changes.push(ChangeView {
                action,
                resource_type,
                name,
                id: Some(id),
                fields,
                secret_generated,
            });
        }
        for (id, name) in managed.iter().map(|it| identity(it)) {
            if !told.contains(&id) {
                self.undeclared.push(Undeclared { resource_type, name });
            }
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
