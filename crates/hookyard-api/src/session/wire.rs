//! Sessions on the wire.

use hookyard_model::access::Actor;
use hookyard_model::clock::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::caller::Caller;
use crate::openapi::{id, names};
use crate::time::Rfc3339;

/// Who somebody is.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CallerView)]
pub(crate) struct ActorView {
    #[schema(value_type = names::CallerType)]
    r#type: &'static str,
    /// The id of the API key, where it is one.
    #[schema(value_type = Option<id::ApiKey>)]
    id: Option<String>,
    /// Its name.
    name: Option<String>,
}

impl ActorView {
    fn new(actor: &Actor) -> Self {
        let (id, name) = match actor {
            Actor::ApiKey { id, name } => (Some(id.to_string()), Some(name.clone())),
            _ => (None, None),
        };
        Self { r#type: actor.type_name(), id, name }
    }
}

/// Who the caller is.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SessionView {
    /// Whether calls need a key or a session here.
    login_required: bool,
    /// What the caller may do; null for nothing.
    #[schema(value_type = Option<names::Scope>)]
    scope: Option<&'static str>,
    actor: Option<ActorView>,
    /// When the session ends; null where there is none.
    expires_at: Option<Rfc3339>,
}

impl SessionView {
    pub(crate) fn new(login_required: bool, caller: Option<&Caller>) -> Self {
        Self {
            login_required,
            scope: caller.map(|caller| caller.scope.name()),
            actor: caller.map(|caller| ActorView::new(&caller.actor)),
            expires_at: caller.and_then(|caller| caller.session_ends_at).map(Rfc3339),
        }
    }
}

/// A session that has begun.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LoginView {
    #[schema(value_type = names::Scope)]
    scope: &'static str,
    actor: ActorView,
    expires_at: Rfc3339,
}

impl LoginView {
    pub(crate) fn new(caller: &Caller, ends_at: Timestamp) -> Self {
        let (scope, actor) = (caller.scope.name(), ActorView::new(&caller.actor));
        Self { scope, actor, expires_at: Rfc3339(ends_at) }
    }
}

/// What a body says to log in. No `Debug`: it holds a key.
#[derive(Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct LoginFields {
    /// The admin key, or an API key.
    #[schema(value_type = String, required, min_length = 1)]
    pub(crate) key: Option<String>,
}
