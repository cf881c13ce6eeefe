//! `/api/v1/providers`: what a source can verify, and what it needs for that.
//!
//! The command line shows the same, so the wire types are open to it.

use axum::Json;
use axum::extract::Path;
use hookyard_providers::definition::{self, Confidence, Provider};
use hookyard_providers::{explain, provider, providers, settings_of};
use serde::Serialize;
use utoipa::ToSchema;

use crate::list::List;
use crate::openapi::names;
use crate::problem::Problem;
use crate::query::NoQuery;

/// A line of the list of providers.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProviderSummaryView {
    /// Its name in configuration.
    pub name: &'static str,
    /// Its name for people.
    pub title: &'static str,
    /// The kind of business.
    pub category: &'static str,
    /// What kinds of proof its requests carry.
    pub kinds: Vec<&'static str>,
    /// The names of its handshakes.
    pub handshakes: Vec<&'static str>,
    /// How sure the description is: `high`, `medium` or `low`.
    #[schema(value_type = names::Confidence)]
    pub confidence: &'static str,
    /// Whether a source cannot be saved without a secret.
    pub secrets_required: bool,
    /// Its settings.
    pub settings: Vec<SettingView>,
}

/// A provider as it is shown.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProviderView {
    /// What the list shows.
    #[serde(flatten)]
    pub summary: ProviderSummaryView,
    /// The provider's own document.
    pub docs: Option<&'static str>,
    /// What a person who sets up a source should know beyond the rest.
    pub note: Option<&'static str>,
    /// What the source's secrets are.
    pub secret: Option<SecretView>,
    /// How requests are verified.
    pub schemes: Vec<SchemeView>,
    /// What the provider asks of the URL, and the answers.
    pub handshake: Vec<HandshakeView>,
    /// What the provider is answered.
    pub answer: AnswerView,
}

/// A setting of a source.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ProviderSetting)]
pub struct SettingView {
    name: String,
    required: bool,
    secret: bool,
    default: Option<String>,
    values: Vec<String>,
    meaning: String,
}

/// What the secrets of a source are.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ProviderSecret)]
pub struct SecretView {
    /// What the provider calls it.
    pub called: &'static str,
    /// Where a person finds it.
    pub found: Option<&'static str>,
    /// Whether it need not be hidden.
    pub public: bool,
    /// Whether a handshake brings it.
    pub captured: bool,
}

/// One way in which requests are verified.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ProviderScheme)]
pub struct SchemeView {
    /// Its name, where there are several.
    pub name: Option<&'static str>,
    /// When to choose it, where there are several.
    pub meaning: Option<&'static str>,
    /// The kind of proof.
    pub kind: &'static str,
    /// How it is verified, in sentences.
    pub how: String,
}

/// A handshake.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ProviderHandshake)]
pub struct HandshakeView {
    /// Its name.
    pub name: &'static str,
    /// What is asked and answered, in a sentence.
    pub how: String,
}

/// What the provider is answered.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ProviderAnswer)]
pub struct AnswerView {
    /// The status for an accepted request.
    pub status: u16,
    /// The body; none for the request's id.
    pub body: Option<&'static str>,
    /// The status for a request that is not verified.
    pub refused_status: u16,
    /// What the provider waits for, and how it tries again.
    pub retries: Option<&'static str>,
}

/// List providers
///
/// All of them, on one page.
#[utoipa::path(get, path = "/api/v1/providers", operation_id = "listProviders",
    responses((status = 200, body = List<ProviderSummaryView>)))]
pub(crate) async fn list(_: NoQuery) -> Result<Json<List<ProviderSummaryView>>, Problem> {
    Ok(Json(List { data: providers().map(ProviderSummaryView::new).collect(), next: None }))
}

/// Explain a provider
#[utoipa::path(get, path = "/api/v1/providers/{name}", operation_id = "getProvider",
    params(("name" = String, Path, description = "Its name in configuration.")),
    responses((status = 200, body = ProviderView)))]
pub(crate) async fn show(Path(name): Path<String>, _: NoQuery) -> Result<Json<ProviderView>, Problem> {
    let found = provider(&name).ok_or_else(|| Problem::not_found("provider", &name))?;
    Ok(Json(ProviderView::new(found)))
}

impl ProviderSummaryView {
    /// Shows a provider in one line.
    pub fn new(provider: &'static Provider) -> Self {
        Self {
            name: &provider.name,
            title: &provider.title,
            category: &provider.category,
            kinds: explain::kinds(provider),
            handshakes: provider.handshake.iter().map(|handshake| handshake.name.as_str()).collect(),
            confidence: match provider.confidence {
                Confidence::High => "high",
                Confidence::Medium => "medium",
                Confidence::Low => "low",
            },
            secrets_required: provider.secret.as_ref().is_some_and(|secret| !secret.captured)
                && provider.scheme.iter().all(|scheme| scheme.unsigned.is_none()),
            settings: settings_of(provider).into_iter().map(SettingView::from).collect(),
        }
    }
}

impl ProviderView {
    /// Shows a provider.
    pub fn new(provider: &'static Provider) -> Self {
        Self {
            summary: ProviderSummaryView::new(provider),
            docs: provider.docs.as_deref(),
            note: provider.note.as_deref(),
            secret: provider.secret.as_ref().map(|secret| SecretView {
                called: &secret.called,
                found: secret.found.as_deref(),
                public: secret.public,
                captured: secret.captured,
            }),
            schemes: provider.scheme.iter().map(SchemeView::new).collect(),
            handshake: provider.handshake.iter().map(HandshakeView::new).collect(),
            answer: AnswerView {
                status: provider.answer.status.unwrap_or(200),
                body: provider.answer.body.as_deref(),
                refused_status: provider.answer.refused_status.unwrap_or(401),
                retries: provider.answer.retries.as_deref(),
            },
        }
    }
}

impl SchemeView {
    fn new(scheme: &'static definition::Scheme) -> Self {
        Self {
            name: scheme.name.as_deref(),
            meaning: scheme.meaning.as_deref(),
            kind: explain::kind(scheme),
            how: explain::scheme(scheme),
        }
    }
}

impl HandshakeView {
    fn new(handshake: &'static definition::Handshake) -> Self {
        Self { name: &handshake.name, how: explain::handshake(handshake) }
    }
}

impl SettingView {
    /// Its name in configuration.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it means, with what may be given and what holds otherwise, in one line.
    pub fn line(&self) -> String {
        let needed = if self.required { " (needed)" } else { "" };
        let default = self.default.as_ref().filter(|default| !default.is_empty());
        let default = default.map(|default| format!(" Default: {default}.")).unwrap_or_default();
        let values = if self.values.is_empty() {
            String::new()
        } else {
            format!(" One of {}.", self.values.join(", "))
        };
        format!("{}{needed}{values}{default}", self.meaning)
    }
}

impl From<definition::Setting> for SettingView {
    fn from(setting: definition::Setting) -> Self {
        let definition::Setting { name, meaning, required, default, values, secret, example: _ } = setting;
        Self { name, required, secret, default, values, meaning }
    }
}
