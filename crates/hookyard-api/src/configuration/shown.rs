//! Things as a document has them: what is shown of them elsewhere, with names for ids, without secrets, without what only
//! says how they stand, and, for export, without what is the default anyway.

use std::sync::Arc;

use hookyard_model::connection::Connection;
use hookyard_model::id::{ConnectionId, DestinationId, SourceId};
use hookyard_model::order::Order;
use hookyard_model::retry::Retry;
use hookyard_store::catalog::audit::Resource;
use hookyard_store::catalog::{Change, Outcome, Snapshot};
use rustc_hash::FxHashMap;
use serde_json::{Map, Value};

use super::document::bare_destination;
use crate::configured;

/// What a document does not have of what is configured: who may change it, and how it stands.
const NOT_IN_A_DOCUMENT: [&str; 6] =
    ["managed_by", "paused_at", "disabled", "last_sent_at", "last_error", "signing_secrets_generated"];
/// What is shown as a hint only.
const HINTS: [&str; 2] = ["secrets", "signing_secrets"];

/// The names of what connections and alerts refer to.
#[derive(Debug, Default)]
pub(super) struct Names {
    sources: FxHashMap<SourceId, String>,
    destinations: FxHashMap<DestinationId, String>,
    connections: FxHashMap<ConnectionId, String>,
}

impl Names {
    pub(super) fn of(snapshot: &Snapshot) -> Self {
        Self {
            sources: snapshot.sources.values().map(|it| (it.id, it.name.clone())).collect(),
            destinations: snapshot.destinations.values().map(|it| (it.id, it.name.clone())).collect(),
            connections: snapshot.connections.values().map(|it| (it.id, it.name.clone())).collect(),
        }
    }

    /// The names of what a document makes, too.
    pub(super) fn note(&mut self, outcome: &Outcome) {
        let Outcome { sources, destinations, connections, .. } = outcome;
        self.sources.extend(made(sources).map(|it| (it.id, it.name.clone())));
        self.destinations.extend(made(destinations).map(|it| (it.id, it.name.clone())));
        self.connections.extend(made(connections).map(|it| (it.id, it.name.clone())));
    }
}

fn made<T>(changes: &[Change<T>]) -> impl Iterator<Item = &Arc<T>> {
    changes.iter().filter_map(|it| it.after.as_ref())
}

/// The settings of a thing, with hints of its secrets.
pub(super) fn whole(resource: &Resource, names: &Names) -> Map<String, Value> {
    let mut shown = configured::shown(resource);
    shown.retain(|name, _| !NOT_IN_A_DOCUMENT.contains(&name.as_str()));
    match resource {
        Resource::Connection(connection) => {
            shown.remove("source_id");
            shown.remove("destination_id");
            shown.insert("source".to_owned(), names.sources.get(&connection.source).cloned().into());
            let destination = names.destinations.get(&connection.destination);
            shown.insert("destination".to_owned(), destination.cloned().into());
            // One that its destination disabled is still declared as one that takes events.
            if connection.disabled.as_ref().is_some_and(|it| it.cause.is_the_destinations()) {
                shown.insert("enabled".to_owned(), true.into());
            }
        }
        Resource::Alert(alert) => {
            shown.remove("connection_ids");
            let named = alert.connections.iter().filter_map(|id| names.connections.get(id).cloned());
            shown.insert("connections".to_owned(), named.collect::<Vec<_>>().into());
        }
        Resource::Source(_) | Resource::Destination(_) | Resource::ApiKey(_) => {}
    }
    shown
}

/// The same without what a document can leave out: what is empty or the default, and what is never in one.
pub(super) fn brief(resource: &Resource, names: &Names) -> Map<String, Value> {
    let defaults = defaults(resource, names);
    let mut shown = whole(resource, names);
    for name in HINTS {
        shown.remove(name);
    }
    shown.retain(|name, value| name == "name" || !is_empty(value) && defaults.get(name) != Some(value));
    if let (Resource::Alert(_), Some(Value::Object(channel))) = (resource, shown.get_mut("channel")) {
        channel.retain(|_, value| !is_hint(value) && !value.is_null());
    }
    shown
}

/// What a thing has where nothing is said.
fn defaults(resource: &Resource, names: &Names) -> Map<String, Value> {
    let (bare, without): (_, &[&str]) = match resource {
        Resource::Destination(it) => {
            // These have no default, but the type has.
            let without: &[&str] = if it.reach.http().is_some() { &["url", "auth"] } else { &["type"] };
            (Resource::Destination(Arc::new(bare_destination(it))), without)
        }
        Resource::Connection(it) => {
            let (rules, order, retry) = (Vec::new(), Order::Free, Retry::default());
            let bare = Connection { rules, order, retry, disabled: None, ..Connection::clone(it) };
            (Resource::Connection(Arc::new(bare)), &["source", "destination"])
        }
        Resource::Source(_) | Resource::Alert(_) | Resource::ApiKey(_) => return Map::new(),
    };
    let mut defaults = whole(&bare, names);
    defaults.retain(|name, _| !without.contains(&name.as_str()));
    defaults
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        _ => false,
    }
}

/// Whether a value is what is shown of a secret.
fn is_hint(value: &Value) -> bool {
    value.as_object().is_some_and(|fields| fields.len() == 1 && fields.contains_key("hint"))
}
