//! API keys on the wire.

use std::time::Duration;

use hookyard_model::access::{ApiKey, KEY_OVERLAP_DEFAULT, Scope};
use hookyard_model::clock::Timestamp;
use hookyard_store::catalog::NewApiKey;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::merge::Field;
use crate::openapi::wrap::Create;
use crate::openapi::{id, names};
use crate::problem::Problem;
use crate::time::Rfc3339;

/// An API key as it is shown.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ApiKeyView {
    #[schema(value_type = id::ApiKey)]
    id: String,
    name: String,
    /// What it may be used for.
    #[schema(value_type = names::Scope)]
    scope: &'static str,
    /// The end of its text.
    hint: String,
    /// When it stops being taken; null for never.
    expires_at: Option<Rfc3339>,
    last_used_at: Option<Rfc3339>,
    /// Until when the text before the last rotation is taken too.
    previous_valid_until: Option<Rfc3339>,
    /// Its text, in the answer to the call that made it and in no other.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    key_generated: Option<String>,
    created_at: Rfc3339,
    updated_at: Rfc3339,
}

impl ApiKeyView {
    pub(crate) fn new(
        key: &ApiKey,
        used_at: Option<Timestamp>,
        generated: Option<&str>,
        now: Timestamp,
    ) -> Self {
        let previous = key.previous.as_ref().filter(|previous| now < previous.until);
        Self {
            id: key.id.to_string(),
            name: key.name.clone(),
            scope: key.scope.name(),
            hint: format!("…{}", key.hint),
            expires_at: key.expires_at.map(Rfc3339),
            last_used_at: used_at.map(Rfc3339),
            previous_valid_until: previous.map(|previous| Rfc3339(previous.until)),
            key_generated: generated.map(str::to_owned),
            created_at: Rfc3339(key.created_at),
            updated_at: Rfc3339(key.updated_at),
        }
    }
}

/// What a body says about an API key.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ApiKeyFields {
    #[schema(value_type = Option<String>, pattern = "^[A-Za-z0-9][A-Za-z0-9._-]*$", min_length = 1, max_length = 100)]
    name: Field<String>,
    #[schema(value_type = Option<names::Scope>)]
    scope: Field<String>,
    /// When it stops being taken: a time to come, in UTC; null for never.
    #[schema(value_type = Option<Rfc3339>)]
    expires_at: Field<Rfc3339>,
}

impl Create for ApiKeyFields {
    const NEEDED: &'static [&'static str] = &["name", "scope"];
}

impl ApiKeyFields {
    /// The key that results: from nothing, or from the one there is.
    ///
    /// # Errors
    /// A missing field, or a scope that there is not.
    pub(crate) fn onto(self, current: Option<&ApiKey>) -> Result<NewApiKey, Problem> {
        let scope = self.scope.required(current.map(|key| key.scope.name().to_owned()), "scope")?;
        let unknown = || Problem::invalid_field("scope", "expected `read`, `operate` or `admin`");
        let expires_at = self.expires_at.over_option(current.and_then(|key| key.expires_at.map(Rfc3339)));
        Ok(NewApiKey {
            name: self.name.required(current.map(|key| key.name.clone()), "name")?,
            scope: Scope::from_name(&scope).ok_or_else(unknown)?,
            expires_at: expires_at.map(|Rfc3339(at)| at),
        })
    }
}

/// What a body says about a rotation.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(as = ApiKeyRotationFields)]
pub(crate) struct RotationFields {
    /// How long the text until now is taken beside the new one.
    #[schema(value_type = Option<u64>, minimum = 0, maximum = 2_592_000_000_u64)]
    overlap_ms: Field<u64>,
}

impl RotationFields {
    pub(crate) fn overlap(self) -> Duration {
        let default = u64::try_from(KEY_OVERLAP_DEFAULT.as_millis()).unwrap_or(u64::MAX);
        Duration::from_millis(self.overlap_ms.over(default, default))
    }
}
