//! The document: all configuration as one piece, with names where the API has ids.
//!
//! What a document says of a thing is all that there is to say: a setting that is left out has its default. Only what is
//! never shown stays as it is where it is left out: tokens, secrets, the values of a transformation's environment.

use std::collections::BTreeMap;

use hookyard_model::destination::{
    CONCURRENCY_DEFAULT, Destination, Http, HttpVersion, LEASES_DEFAULT, Pull, Reach, TIMEOUT_DEFAULT,
};
use hookyard_model::id::ProjectId;
use hookyard_model::pacing::Pacing;
use hookyard_model::secret::Secret;
use hookyard_model::source::{Source, Verification};
use hookyard_store::catalog::{Declaration, Declared, Snapshot};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::alerts::DeclaredAlertFields;
use crate::body::Object;
use crate::connections::DeclaredConnectionFields;
use crate::destinations::DestinationFields;
use crate::openapi::wrap::Creating;
use crate::problem::{Kind, Problem};
use crate::server::Shared;
use crate::sources::SourceFields;

/// A document, and what is wanted with it. No `Debug`: it holds secrets.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ConfigurationDocument)]
pub(crate) struct Document {
    #[serde(default)]
    #[schema(value_type = Vec<Creating<SourceFields>>)]
    pub(super) sources: Vec<Object<SourceFields>>,
    #[serde(default)]
    #[schema(value_type = Vec<Creating<DestinationFields>>)]
    pub(super) destinations: Vec<Object<DestinationFields>>,
    #[serde(default)]
    #[schema(value_type = Vec<DeclaredConnectionFields>)]
    pub(super) connections: Vec<Object<DeclaredConnectionFields>>,
    #[serde(default)]
    #[schema(value_type = Vec<DeclaredAlertFields>)]
    pub(super) alerts: Vec<Object<DeclaredAlertFields>>,
    /// Whether what is not in the document is deleted.
    #[serde(default)]
    pub(super) prune: bool,
    /// Whether undelivered events of connections that are deleted are cancelled.
    #[serde(default)]
    pub(super) cancel_events: bool,
    /// The version that the plan was made for.
    #[serde(default)]
    pub(super) version: Option<u64>,
}

/// A secret that is made for want of another, and whose it is.
pub(super) struct Generated {
    pub(super) resource_type: &'static str,
    pub(super) name: String,
    pub(super) secret: Secret,
}

impl Document {
    /// What it declares, and the secrets that are made where it gives none.
    ///
    /// # Errors
    /// Names the field, like `destinations[2].url`.
    pub(super) fn declaration(
        self,
        api: &Shared,
        project: ProjectId,
        is_trial: bool,
    ) -> Result<(Declaration, Vec<Generated>), Problem> {
        let snapshot = api.store.catalog().snapshot();
        let mut declared = Declared::default();
        let mut generated = Vec::new();
        for (at, Object(fields)) in self.sources.into_iter().enumerate() {
            let current = fields.name().and_then(|name| snapshot.source_named(project, name));
            let base = current.map(|current| bare_source(current));
            let source =
                fields.onto(base.as_ref(), api).map_err(|it| it.within(&format!("sources[{at}]")))?;
            declared.sources.push(source);
        }
        for (at, Object(fields)) in self.destinations.into_iter().enumerate() {
            let current = fields.name().and_then(|name| snapshot.destination_named(project, name));
            let base = current.map(|current| bare_destination(current));
            let made = fields.declared(base.as_ref());
            let (destination, secret) = made.map_err(|it| it.within(&format!("destinations[{at}]")))?;
            generated.extend(secret.map(|secret| Generated {
                resource_type: "destination",
                name: destination.name.clone(),
                secret,
            }));
            declared.destinations.push(destination);
        }
        for (at, Object(fields)) in self.connections.into_iter().enumerate() {
            let current = fields.name().and_then(|name| snapshot.connection_named(project, name));
            let made = fields.declared(current.map(|current| current.rules.as_slice()));
            let connection = made.map_err(|it| it.within(&format!("connections[{at}]")))?;
            let has = |name: &str| declared.sources.iter().any(|it| it.name == name);
            if !has(&connection.source) && snapshot.source_named(project, &connection.source).is_none() {
                return Err(unknown(&format!("connections[{at}].source"), "source", &connection.source));
            }
            let has = |name: &str| declared.destinations.iter().any(|it| it.name == name);
            let name = &connection.destination;
            if !has(name) && snapshot.destination_named(project, name).is_none() {
                return Err(unknown(&format!("connections[{at}].destination"), "destination", name));
            }
            declared.connections.push(connection);
        }
        for (at, Object(fields)) in self.alerts.into_iter().enumerate() {
            let current = fields.name().and_then(|name| snapshot.alert_named(project, name));
            let made = fields.declared(current.map(|current| &current.channel));
            let (alert, secret) = made.map_err(|it| it.within(&format!("alerts[{at}]")))?;
            generated.extend(secret.map(|secret| Generated {
                resource_type: "alert",
                name: alert.name.clone(),
                secret,
            }));
            let has = |name: &String| declared.connections.iter().any(|it| it.name == *name);
            let lost =
                alert.connections.iter().find(|name| !has(name) && is_unknown(&snapshot, project, name));
            if let Some(name) = lost {
                return Err(unknown(&format!("alerts[{at}].connections"), "connection", name));
            }
            declared.alerts.push(alert);
        }
        Ok((Declaration { declared, prune: self.prune, is_trial, version: self.version }, generated))
    }
}

fn is_unknown(snapshot: &Snapshot, project: ProjectId, connection: &str) -> bool {
    snapshot.connection_named(project, connection).is_none()
}

fn unknown(field: &str, noun: &str, name: &str) -> Problem {
    let detail = format!(
        "`{field}`: there is no {noun} `{name}`, neither in the document nor in this project: declare it"
    );
    Problem::with_field(Kind::UnknownReference, field, detail)
}

/// A source with nothing but its name and what is never shown.
fn bare_source(source: &Source) -> Source {
    let Verification { provider, secrets, settings: _ } = source.verification.clone();
    Source {
        public_url: None,
        verification: Verification { provider, secrets, settings: BTreeMap::new() },
        methods: Vec::new(),
        answer: None,
        ..source.clone()
    }
}

/// The same of a destination. Whether it is paused is no setting, but how it stands.
pub(super) fn bare_destination(destination: &Destination) -> Destination {
    let (reach, concurrency, pacing) = match &destination.reach {
        Reach::Http(Http { url, auth, .. }) => {
            let (url, auth) = (url.clone(), auth.clone());
            let (timeout, http_version) = (TIMEOUT_DEFAULT, HttpVersion::default());
            let reach = Reach::Http(Http { url, append_path: false, timeout, http_version, auth });
            (reach, CONCURRENCY_DEFAULT, Pacing::default())
        }
        Reach::Pull(_) => (Reach::Pull(Pull::default()), LEASES_DEFAULT, Pacing::pulled()),
    };
    Destination { reach, concurrency, pacing, ..destination.clone() }
}
