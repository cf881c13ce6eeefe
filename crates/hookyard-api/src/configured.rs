//! What is configured of a thing, as the API shows it: without secrets, and without what happens by itself. The audit log
//! shows how it differs, tags are made of it, and documents.

use std::collections::BTreeSet;

use hookyard_store::catalog::audit::{Change, Resource};
use serde_json::{Map, Value};

use crate::{alerts, api_keys, connections, destinations, sources};

/// Fields of answers that nobody configures: identity, what follows from other fields, and what happens by itself.
const NOT_CONFIGURED: [&str; 5] = ["id", "lane", "failing_since", "created_at", "updated_at"];

/// The configured fields of a thing.
pub(crate) fn shown(resource: &Resource) -> Map<String, Value> {
    let view = match resource {
        Resource::Source(it) => serde_json::to_value(sources::configured(it)),
        Resource::Destination(it) => serde_json::to_value(destinations::configured(it)),
        Resource::Connection(it) => serde_json::to_value(connections::configured(it)),
        Resource::Alert(it) => serde_json::to_value(alerts::configured(it)),
        Resource::ApiKey(it) => serde_json::to_value(api_keys::configured(it)),
    };
    let Ok(Value::Object(mut fields)) = view else { return Map::new() };
    if matches!(resource, Resource::Source(_)) {
        // Made of the token and where this server is.
        fields.remove("url");
    }
    fields.retain(|name, _| !NOT_CONFIGURED.contains(&name.as_str()));
    fields
}

/// What became different, for the audit log.
pub fn describe(from: Option<&Resource>, to: Option<&Resource>) -> Vec<Change> {
    let [before, after] = [from, to].map(|it| it.map(shown).unwrap_or_default());
    let value = |of: &Map<String, Value>, name: &str| of.get(name).cloned().unwrap_or_default();
    let mut names: BTreeSet<&str> = before.keys().chain(after.keys()).map(String::as_str).collect();
    let unshown = from.zip(to).map(|(from, to)| unshown(from, to)).unwrap_or_default();
    names.retain(|name| value(&before, name) != value(&after, name) || unshown.contains(name));
    let change = |field: &str| Change {
        field: field.to_owned(),
        from: value(&before, field),
        to: value(&after, field),
    };
    names.into_iter().map(change).collect()
}

/// Fields whose secrets are different, which need not show in them.
pub(crate) fn unshown(from: &Resource, to: &Resource) -> Vec<&'static str> {
    let differences = match (from, to) {
        (Resource::Source(from), Resource::Source(to)) => {
            vec![("secrets", from.verification.secrets != to.verification.secrets)]
        }
        (Resource::Destination(from), Resource::Destination(to)) => {
            let auth =
                |it: &hookyard_model::destination::Destination| it.reach.http().map(|it| it.auth.clone());
            vec![
                ("signing_secrets", from.signing_secrets != to.signing_secrets),
                ("auth", auth(from) != auth(to)),
            ]
        }
        (Resource::Connection(from), Resource::Connection(to)) => vec![("rules", from.rules != to.rules)],
        (Resource::Alert(from), Resource::Alert(to)) => vec![("channel", from.channel != to.channel)],
        (Resource::ApiKey(from), Resource::ApiKey(to)) => vec![("hint", from.digest != to.digest)],
        _ => Vec::new(),
    };
    differences.into_iter().filter(|(_, is_different)| *is_different).map(|(name, _)| name).collect()
}
