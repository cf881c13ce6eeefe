//! Sources on the wire.

use std::collections::BTreeMap;

use hookyard_model::secret::Secret;
use hookyard_model::source::{self, Answer, Source, Verification};
use hookyard_providers::{ConfigError, Configuration, Verifier};
use hookyard_store::catalog::NewSource;
use serde::{Deserialize, Serialize};

use crate::body::Object;
use crate::managed::managed_by;
use crate::merge::Field;
use crate::problem::Problem;
use crate::secrets::{SecretHint, hints};
use crate::server::Shared;
use crate::time::Rfc3339;

/// Status of a custom answer that names none.
const ANSWER_STATUS_DEFAULT: u16 = 200;

/// A source as it is shown.
#[derive(Debug, Serialize)]
pub(crate) struct SourceView {
    id: String,
    name: String,
    token: String,
    /// Where the provider sends to.
    url: String,
    /// That URL, where it was given for this source.
    public_url: Option<String>,
    provider: String,
    secrets: Vec<SecretHint>,
    settings: BTreeMap<String, String>,
    methods: Vec<String>,
    answer: Option<AnswerView>,
    managed_by: &'static str,
    created_at: Rfc3339,
    updated_at: Rfc3339,
}

#[derive(Debug, Serialize)]
struct AnswerView {
    status: u16,
    content_type: Option<String>,
    body: String,
}

impl SourceView {
    /// Shows a source.
    pub(crate) fn new(source: &Source, api: &Shared) -> Self {
        let url = source.url(api.public_url.as_deref());
        Self {
            id: source.id.to_string(),
            name: source.name.clone(),
            token: source.token.clone(),
            url: url.unwrap_or_else(|| format!("{}/{}", api.listening_url, source.token)),
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

/// What a body says about a source. No `Debug`: it holds secrets.
#[derive(Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct SourceFields {
    name: Field<String>,
    token: Field<String>,
    public_url: Field<String>,
    provider: Field<String>,
    secrets: Field<Vec<String>>,
    settings: Field<BTreeMap<String, Option<String>>>,
    methods: Field<Vec<String>>,
    answer: Field<Object<AnswerFields>>,
}

#[derive(Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct AnswerFields {
    status: Field<u16>,
    content_type: Field<String>,
    body: Field<String>,
}

impl SourceFields {
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
        ConfigError::BadSecret { index, .. } => format!("secrets[{index}]"),
        ConfigError::NoPublicUrl { .. } => "public_url".to_owned(),
        ConfigError::UnknownSetting { name, .. }
        | ConfigError::MissingSetting { name, .. }
        | ConfigError::BadSetting { name, .. } => format!("settings.{name}"),
    };
    Err(Problem::invalid_field(&field, error))
}
