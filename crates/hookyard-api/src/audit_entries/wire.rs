//! Entries of the audit log on the wire.

use hookyard_model::access::Actor;
use hookyard_store::catalog::audit::{Change, Entry, Filter};
use serde::Serialize;
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use crate::openapi::{id, names};
use crate::problem::Problem;
use crate::query::Parameters;
use crate::time::Rfc3339;

/// The longest text that is looked for, in bytes.
const TEXT_BYTES_MAX: usize = 100;

/// Something that somebody did.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AuditEntryView {
    #[schema(value_type = id::AuditEntry)]
    id: String,
    at: Rfc3339,
    actor: AuditActorView,
    /// The address that it came from; null for what came from within.
    remote: Option<String>,
    /// What was done, like `source.update`.
    action: String,
    resource_type: String,
    resource_id: Option<String>,
    /// What became different. Of secrets it only shows that they did.
    changes: Vec<ChangeView>,
}

/// Who did it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ActorView)]
struct AuditActorView {
    #[schema(value_type = names::ActorType)]
    r#type: String,
    /// The id of the API key, where it was one.
    #[schema(value_type = Option<id::ApiKey>)]
    id: Option<String>,
    /// Its name then.
    name: Option<String>,
}

/// One value that is different.
#[derive(Debug, Serialize, ToSchema)]
struct ChangeView {
    field: String,
    /// What it was; null where there was none.
    from: Value,
    /// What it is; null where there is none.
    to: Value,
}

impl AuditEntryView {
    pub(crate) fn new(entry: Entry) -> Self {
        let (id, name) = (entry.actor_id.map(|id| id.to_string()), entry.actor_name);
        let change = |Change { field, from, to }| ChangeView { field, from, to };
        Self {
            id: entry.id.to_string(),
            at: Rfc3339(entry.at),
            actor: AuditActorView { r#type: entry.actor_type, id, name },
            remote: entry.remote,
            action: entry.action,
            resource_type: entry.resource_type,
            resource_id: entry.resource_id,
            changes: entry.changes.into_iter().map(change).collect(),
        }
    }
}

/// What [`filter`] reads.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it is only described")]
pub(crate) struct FilterParams {
    #[param(value_type = Option<names::ActorType>)]
    actor_type: Option<String>,
    /// Of this API key.
    #[param(value_type = Option<id::ApiKey>)]
    actor_id: Option<String>,
    /// Like `source.update`.
    #[param(min_length = 1, max_length = 100)]
    action: Option<String>,
    /// Like `source`.
    #[param(min_length = 1, max_length = 100)]
    resource_type: Option<String>,
    #[param(min_length = 1, max_length = 100)]
    resource_id: Option<String>,
}

/// Which entries a caller asks for.
///
/// # Errors
/// A value that cannot be read.
pub(crate) fn filter(query: &mut Parameters) -> Result<Filter, Problem> {
    Ok(Filter {
        actor_type: query.with("actor_type", |name| match Actor::TYPES.contains(&name) {
            true => Ok(name.to_owned()),
            false => Err(format!("expected one of {}", Actor::TYPES.join(", "))),
        })?,
        actor_id: query.optional("actor_id")?,
        action: query.with("action", text)?,
        resource_type: query.with("resource_type", text)?,
        resource_id: query.with("resource_id", text)?,
    })
}

fn text(text: &str) -> Result<String, String> {
    match text.len() {
        1..=TEXT_BYTES_MAX => Ok(text.to_owned()),
        _ => Err(format!("expected 1 to {TEXT_BYTES_MAX} bytes")),
    }
}
