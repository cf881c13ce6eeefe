//! Destinations on the wire.

use std::time::Duration;

use hookyard_model::destination::{CONCURRENCY_DEFAULT, Destination, TIMEOUT_DEFAULT};
use hookyard_model::secret::Secret;
use hookyard_store::catalog::NewDestination;
use serde::{Deserialize, Serialize};

use crate::managed::managed_by;
use crate::merge::Field;
use crate::problem::Problem;
use crate::secrets::{SecretHint, generate, hints};
use crate::time::Rfc3339;

/// A destination as it is shown.
#[derive(Debug, Serialize)]
pub(crate) struct DestinationView {
    id: String,
    name: String,
    url: String,
    append_path: bool,
    timeout_ms: u64,
    concurrency: u32,
    signing_secrets: Vec<SecretHint>,
    /// The secret that this very call made, in full.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    signing_secrets_generated: Vec<String>,
    managed_by: &'static str,
    created_at: Rfc3339,
    updated_at: Rfc3339,
}

impl DestinationView {
    /// Shows a destination, and in full the secret that was just generated for it.
    pub(crate) fn new(destination: &Destination, generated: Option<&Secret>) -> Self {
        Self {
            id: destination.id.to_string(),
            name: destination.name.clone(),
            url: destination.url.clone(),
            append_path: destination.append_path,
            timeout_ms: u64::try_from(destination.timeout.as_millis()).unwrap_or(u64::MAX),
            concurrency: destination.concurrency,
            signing_secrets: hints(&destination.signing_secrets),
            signing_secrets_generated: generated
                .map(|secret| secret.expose().to_owned())
                .into_iter()
                .collect(),
            managed_by: managed_by(destination.managed_by),
            created_at: Rfc3339(destination.created_at),
            updated_at: Rfc3339(destination.updated_at),
        }
    }
}

/// What a body says about a destination. No `Debug`: it holds secrets.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct DestinationFields {
    name: Field<String>,
    url: Field<String>,
    append_path: Field<bool>,
    timeout_ms: Field<u64>,
    concurrency: Field<u32>,
    signing_secrets: Field<Vec<String>>,
}

impl DestinationFields {
    /// The destination that results, from nothing or from the one there is, and the signing secret that
    /// was generated for want of another.
    ///
    /// # Errors
    /// A missing field.
    pub(crate) fn onto(
        self,
        current: Option<&Destination>,
    ) -> Result<(NewDestination, Option<Secret>), Problem> {
        let name = self.name.required(current.map(|it| it.name.clone()), "name")?;
        let url = self.url.required(current.map(|it| it.url.clone()), "url")?;
        let timeout = match self.timeout_ms {
            Field::Keep => current.map_or(TIMEOUT_DEFAULT, |it| it.timeout),
            Field::Reset => TIMEOUT_DEFAULT,
            Field::Set(ms) => Duration::from_millis(ms),
        };
        let concurrency = current.map_or(CONCURRENCY_DEFAULT, |it| it.concurrency);
        let (signing_secrets, generated) = match (self.signing_secrets, current) {
            (Field::Set(secrets), _) if secrets.is_empty() => {
                let reason = "give at least one, or `null` to have one made";
                return Err(Problem::invalid_field("signing_secrets", reason));
            }
            (Field::Set(secrets), _) => (secrets.into_iter().map(Secret::new).collect(), None),
            (Field::Keep, Some(current)) => (current.signing_secrets.clone(), None),
            (Field::Keep, None) | (Field::Reset, _) => {
                let generated = generate()?;
                (vec![generated.clone()], Some(generated))
            }
        };
        let new = NewDestination {
            name,
            url,
            append_path: self.append_path.over(current.is_some_and(|it| it.append_path), false),
            timeout,
            concurrency: self.concurrency.over(concurrency, CONCURRENCY_DEFAULT),
            signing_secrets,
        };
        Ok((new, generated))
    }
}

/// The destination as it is, for a change of one part.
pub(crate) fn unchanged(destination: &Destination) -> NewDestination {
    NewDestination {
        name: destination.name.clone(),
        url: destination.url.clone(),
        append_path: destination.append_path,
        timeout: destination.timeout,
        concurrency: destination.concurrency,
        signing_secrets: destination.signing_secrets.clone(),
    }
}
