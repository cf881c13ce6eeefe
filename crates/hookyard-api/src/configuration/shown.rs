//! Things as a document has them: what is shown of them elsewhere, with names for ids, without secrets, without what only
//! says how they stand, and, for export, without what is the default anyway.

use hookyard_model::alert::Alert;
use hookyard_model::clock::Timestamp;
use hookyard_model::connection::Connection;
use hookyard_model::destination::Destination;
use hookyard_model::id::{ConnectionId, DestinationId, SourceId};
use hookyard_model::order::Order;
use hookyard_model::retry::Retry;
use hookyard_model::source::Source;
use hookyard_model::standing::Standing;
use hookyard_store::catalog::Snapshot;
use rustc_hash::FxHashMap;
use serde::Serialize;
use serde_json::{Map, Value};

use super::document::bare_destination;
use crate::alerts::AlertView;
use crate::configured::NOT_CONFIGURED;
use crate::connections::ConnectionView;
use crate::destinations::DestinationView;
use crate::server::Shared;
use crate::sources::SourceView;

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
        let mut names = Self::default();
        snapshot.sources.values().for_each(|it| names.note_source(it));
        snapshot.destinations.values().for_each(|it| names.note_destination(it));
        snapshot.connections.values().for_each(|it| names.note_connection(it));
        names
    }

    pub(super) fn note_source(&mut self, source: &Source) {
        self.sources.insert(source.id, source.name.clone());
    }

    pub(super) fn note_destination(&mut self, destination: &Destination) {
        self.destinations.insert(destination.id, destination.name.clone());
    }

    pub(super) fn note_connection(&mut self, connection: &Connection) {
        self.connections.insert(connection.id, connection.name.clone());
    }
}

/// A source's settings, with hints of its secrets.
pub(super) fn source(source: &Source, api: &Shared) -> Map<String, Value> {
    let mut shown = settings(&SourceView::new(source, api));
    // Where it is, which follows from the token and from where this server is.
    shown.remove("url");
    shown
}

/// A destination's settings, with hints of its secrets.
pub(super) fn destination(destination: &Destination, now: Timestamp) -> Map<String, Value> {
    settings(&DestinationView::new(destination, Standing::default(), None, now))
}

/// A connection's settings.
pub(super) fn connection(connection: &Connection, names: &Names) -> Map<String, Value> {
    let mut shown = settings(&ConnectionView::new(connection));
    shown.remove("source_id");
    shown.remove("destination_id");
    shown.insert("source".to_owned(), names.sources.get(&connection.source).cloned().into());
    shown.insert("destination".to_owned(), names.destinations.get(&connection.destination).cloned().into());
    // One that its destination disabled is still declared as one that takes events.
    let by_destination = connection.disabled.as_ref().is_some_and(|it| it.cause.is_the_destinations());
    if by_destination {
        shown.insert("enabled".to_owned(), true.into());
    }
    shown
}

/// An alert's settings.
pub(super) fn alert(alert: &Alert, names: &Names) -> Map<String, Value> {
    let mut shown = settings(&AlertView::new(alert, None, None));
    shown.remove("connection_ids");
    let named = alert.connections.iter().filter_map(|id| names.connections.get(id).cloned());
    shown.insert("connections".to_owned(), named.collect::<Vec<_>>().into());
    shown
}

fn settings(view: &impl Serialize) -> Map<String, Value> {
    let Ok(Value::Object(mut shown)) = serde_json::to_value(view) else { return Map::new() };
    for name in NOT_CONFIGURED.into_iter().chain(NOT_IN_A_DOCUMENT) {
        shown.remove(name);
    }
    shown
}

/// The same without what a document can leave out: what is empty, and what is never in one.
fn brief(mut shown: Map<String, Value>, defaults: &Map<String, Value>) -> Map<String, Value> {
    for name in HINTS {
        shown.remove(name);
    }
    shown.retain(|name, value| name == "name" || !is_empty(value) && defaults.get(name) != Some(value));
    shown
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        _ => false,
    }
}

/// A source for export.
pub(super) fn export_source(it: &Source, api: &Shared) -> Map<String, Value> {
    brief(source(it, api), &Map::new())
}

/// A destination for export.
pub(super) fn export_destination(it: &Destination, now: Timestamp) -> Map<String, Value> {
    let mut defaults = destination(&bare_destination(it), now);
    let of_http = it.reach.http().is_some();
    // These have no default, but the type has.
    for name in ["url", "auth"].into_iter().chain((!of_http).then_some("type")) {
        defaults.remove(name);
    }
    brief(destination(it, now), &defaults)
}

/// A connection for export.
pub(super) fn export_connection(it: &Connection, names: &Names) -> Map<String, Value> {
    let bare = Connection {
        rules: Vec::new(),
        order: Order::Free,
        retry: Retry::default(),
        disabled: None,
        ..it.clone()
    };
    let mut defaults = connection(&bare, names);
    defaults.remove("source");
    defaults.remove("destination");
    brief(connection(it, names), &defaults)
}

/// An alert for export.
pub(super) fn export_alert(it: &Alert, names: &Names) -> Map<String, Value> {
    let mut shown = brief(alert(it, names), &Map::new());
    if let Some(Value::Object(channel)) = shown.get_mut("channel") {
        channel.retain(|_, value| !is_hint(value) && !value.is_null());
    }
    shown
}

/// Whether a value is what is shown of a secret.
fn is_hint(value: &Value) -> bool {
    value.as_object().is_some_and(|fields| fields.len() == 1 && fields.contains_key("hint"))
}
