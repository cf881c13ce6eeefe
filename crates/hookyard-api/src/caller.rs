//! Who makes a call, as the guard has found out: what changes through the call is theirs.

use std::convert::Infallible;
use std::net::IpAddr;

use axum::extract::FromRequestParts;
use hookyard_model::access::{Actor, Scope};
use hookyard_model::clock::Timestamp;
use hookyard_store::catalog::Catalog;
use hookyard_store::catalog::audit::Author;
use http::request::Parts;

use crate::guard::pass::Pass;
use crate::problem::Problem;
use crate::server::Shared;

/// Somebody who may call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Caller {
    /// Who.
    pub(crate) actor: Actor,
    /// What for.
    pub(crate) scope: Scope,
    /// From which address; that of a proxy where it is not a trusted one.
    pub(crate) remote: Option<IpAddr>,
    /// What lets them in.
    pub(crate) pass: Pass,
    /// When the session ends; none where a key is shown, or none is needed.
    pub(crate) session_ends_at: Option<Timestamp>,
    /// Whether nothing but API keys lets anybody in here.
    pub(crate) needs_api_keys: bool,
    /// What the endpoint's change is called in the audit log.
    pub(crate) action: Option<&'static str>,
}

impl Caller {
    /// The configuration, whose changes are this caller's.
    pub(crate) fn catalog(&self, api: &Shared) -> Catalog {
        api.store.catalog().by(self.author())
    }

    /// The author of what this call does.
    pub(crate) fn author(&self) -> Author {
        Author { actor: self.actor.clone(), remote: self.remote, action: self.action }
    }

    /// A text that only this caller has, whichever way the key was shown.
    pub(crate) fn identity(&self) -> String {
        match &self.actor {
            Actor::ApiKey { id, .. } => id.to_string(),
            other => other.type_name().to_owned(),
        }
    }
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        let caller = parts.extensions.get::<Self>().cloned();
        caller.ok_or_else(|| Problem::internal(&"an endpoint that is open to everybody asked who calls"))
    }
}

/// Who calls an endpoint that is open to everybody; none where that is not known.
#[derive(Debug)]
pub(crate) struct PerhapsCaller(pub(crate) Option<Caller>);

impl<S: Sync> FromRequestParts<S> for PerhapsCaller {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        Ok(Self(parts.extensions.get::<Caller>().cloned()))
    }
}
