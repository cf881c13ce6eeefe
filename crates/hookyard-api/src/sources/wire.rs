//! Sources on the wire.

use std::collections::BTreeMap;

use hookyard_model::secret::Secret;
use hookyard_model::source::{self, Answer, Source, Verification};
use hookyard_providers::{ConfigError, Configuration, Verifier};
use hookyard_store::catalog::NewSource;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::body::Object;
use crate::managed::managed_by;
use crate::merge::Field;
use crate::openapi::wrap::Create;
use crate::openapi::{id, names};
use crate::problem::Problem;
use crate::secrets::{SecretHint, hints};
use crate::server::Shared;
use crate::time::Rfc3339;

/// Status of a custom answer that names none.
const ANSWER_STATUS_DEFAULT: u16 = 200;

/// A source as it is shown.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SourceView {
    #[schema(value_type = id::Source)]
    id: String,
    name: String,
    /// The first segment of the URL's path.
    token: String,
    /// Where the provider sends to.
    url: String,
    /// That URL, where it was given for this source.
    public_url: Option<String>,
    /// Whose webhooks come here.
    provider: String,
    secrets: Vec<SecretHint>,
    /// The provider's further settings, by name.
    settings: BTreeMap<String, String>,
    /// Methods that it takes; none for all.
    methods: Vec<String>,
    /// What accepted requests are answered; `null` for `200` with the request's id.
    answer: Option<AnswerView>,
    #[schema(value_type = names::ManagedBy)]
    managed_by: &'static str,
    created_at: Rfc3339,
    updated_at: Rfc3339,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SourceAnswer)]
struct AnswerView {
    status: u16,
    content_type: Option<String>,
    body: String,
}

impl SourceView {
    /// Shows a source.
    pub(crate) fn new(source: &Source, api: &Shared) -> Self {
        Self::at(source, api.public_url.as_deref(), &api.listening_url)
    }

    /// Shows a source of a server with this public URL, or else at this address.
    pub(crate) fn at(source: &Source, public_url: Option<&str>, listening_url: &str) -> Self {
        let url = source.url(public_url);
        Self {
            id: source.id.to_string(),
            name: source.name.clone(),
            token: source.token.clone(),
            url: url.unwrap_or_else(|| format!("{listening_url}/{}", source.token)),
            public_url: source.public_url.clone(),
            provider: source.verification.provider.clone(),
            secrets: hints(&source.verification.secrets),
            settings: source.verification.settings.clone(),
            methods: source.methods.clone(),
            answer: source.answer.clone().map(|answer| AnswerView {
                status: answer.status,
                content_type: answer.content_type,
                body: answer.body,
            }),
            managed_by: managed_by(source.managed_by),
            created_at: Rfc3339(source.created_at),
            updated_at: Rfc3339(source.updated_at),
        }
    }
}

/// What a body says about a source.
// No `Debug`: it holds secrets.
#[derive(Clone, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct SourceFields {
    /// 1 to 100 letters, digits, `-`, `_` and `.`; unique.
    #[schema(value_type = Option<String>, pattern = "^[A-Za-z0-9][A-Za-z0-9._-]*$", min_length = 1, max_length = 100)]
    name: Field<String>,
    /// The first segment of the URL's path; by default a random one.
    #[schema(value_type = Option<String>, pattern = "^[A-Za-z0-9_-]*$", min_length = 1, max_length = 128)]
    token: Field<String>,
    /// The whole URL that the provider was given, where it is not the server's `public_url` and the token.
    #[schema(value_type = Option<String>, pattern = "^[Hh][Tt][Tt][Pp][Ss]?://[^/?#@]+", max_length = 4096)]
    public_url: Field<String>,
    /// Whose webhooks come here; `none` accepts everything.
    provider: Field<String>,
    /// What the provider signs with, any of which is accepted.
    #[schema(value_type = Option<Vec<String>>, max_items = 16)]
    secrets: Field<Vec<String>>,
    /// The provider's further settings, by name; `null` takes one away.
    settings: Field<BTreeMap<String, Option<String>>>,
    /// Methods that it takes, in upper case; none for all.
    #[schema(value_type = Option<Vec<String>>, max_items = 20)]
    methods: Field<Vec<String>>,
    /// What accepted requests are answered; `null` for `200` with the request's id.
    #[schema(value_type = Option<AnswerFields>)]
    answer: Field<Object<AnswerFields>>,
}

#[derive(Clone, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(as = SourceAnswerFields)]
struct AnswerFields {
    /// 200 by default.
    #[schema(value_type = Option<u16>, minimum = 200, maximum = 299)]
    status: Field<u16>,
    /// Its `Content-Type`; none by default.
    #[schema(value_type = Option<String>, min_length = 1)]
    content_type: Field<String>,
    /// Empty by default.
    #[schema(value_type = Option<String>, max_length = 65536)]
    body: Field<String>,
}

impl Create for SourceFields {
    const NEEDED: &[&str] = &["name", "provider"];
}

impl SourceFields {
    /// The name it gives.
    pub(crate) fn name(&self) -> Option<&str> {
        self.name.given().map(String::as_str)
    }

    /// The source that results: from nothing, or from the one there is.
    ///
    /// # Errors
    /// A missing field, or a verification that could verify nothing.
    pub(crate) fn onto(self, current: Option<&Source>, api: &Shared) -> Result<NewSource, Problem> {
        let verification = current.map(|source| source.verification.clone());
        let provider = verification.as_ref().map(|verification| verification.provider.clone());
        let before = verification.unwrap_or_default();
        let verification = Verification {
            provider: self.provider.required(provider, "provider")?,
            secrets: match self.secrets {
                Field::Keep => before.secrets,
                Field::Reset => Vec::new(),
                Field::Set(secrets) => secrets.into_iter().map(Secret::new).collect(),
            },
            settings: merged(self.settings, before.settings),
        };
        let new = NewSource {
            name: self.name.required(current.map(|source| source.name.clone()), "name")?,
            token: token(self.token, current)?,
            public_url: self.public_url.over_option(current.and_then(|source| source.public_url.clone())),
            verification,
            methods: self
                .methods
                .over(current.map(|source| source.methods.clone()).unwrap_or_default(), vec![]),
            answer: answer(self.answer, current.and_then(|source| source.answer.clone())),
        };
        check(&new, api)?;
        Ok(new)
    }
}

/// None leaves it to the catalog, which makes a token for a new source and keeps the one of another.
fn token(change: Field<String>, current: Option<&Source>) -> Result<Option<String>, Problem> {
    match (change, current) {
        (Field::Keep, _) | (Field::Reset, None) => Ok(None),
        (change, current) => change.required(current.map(|source| source.token.clone()), "token").map(Some),
    }
}

/// Settings merge by name; one that is `null` goes.
fn merged(
    change: Field<BTreeMap<String, Option<String>>>,
    mut settings: BTreeMap<String, String>,
) -> BTreeMap<String, String> {
    match change {
        Field::Keep => settings,
        Field::Reset => BTreeMap::new(),
        Field::Set(changes) => {
            for (name, value) in changes {
                match value {
                    Some(value) => settings.insert(name, value),
                    None => settings.remove(&name),
                };
            }
            settings
        }
    }
}

fn answer(change: Field<Object<AnswerFields>>, current: Option<Answer>) -> Option<Answer> {
    match change {
        Field::Keep => current,
        Field::Reset => None,
        Field::Set(Object(fields)) => {
            let plain = Answer { status: ANSWER_STATUS_DEFAULT, content_type: None, body: String::new() };
            let current = current.unwrap_or(plain);
            Some(Answer {
                status: fields.status.over(current.status, ANSWER_STATUS_DEFAULT),
                content_type: fields.content_type.over_option(current.content_type),
                body: fields.body.over(current.body, String::new()),
            })
        }
    }
}

/// A source whose secrets or settings its provider cannot use would refuse every request.
fn check(new: &NewSource, api: &Shared) -> Result<(), Problem> {
    let verification = &new.verification;
    // A token that is still to be made is as good as any other.
    let token = new.token.as_deref().unwrap_or_default();
    let url = source::url(new.public_url.as_deref(), api.public_url.as_deref(), token);
    let verifier = Verifier::new(&Configuration {
        provider: &verification.provider,
        secrets: &verification.exposed_secrets(),
        settings: &verification.settings,
        public_url: url.as_deref(),
    });
    let Err(error) = verifier else { return Ok(()) };
    let field = match &error {
        ConfigError::UnknownProvider { .. } | ConfigError::BadDescription { .. } => "provider".to_owned(),
        ConfigError::NoSecret { .. } => "secrets".to_owned(),
        ConfigError::BadSecret { index, .. } | ConfigError::MalformedSecret { index, .. } => {
            format!("secrets[{index}]")
        }
        ConfigError::NoPublicUrl { .. } => "public_url".to_owned(),
        ConfigError::UnknownSetting { name, .. }
        | ConfigError::MissingSetting { name, .. }
        | ConfigError::BadSetting { name, .. } => format!("settings.{name}"),
    };
    Err(Problem::invalid_field(&field, error))
}
