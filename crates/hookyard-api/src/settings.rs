//! `/api/v1/settings`: what the process was started with, and what of it is not the default.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::problem::Problem;
use crate::query::NoQuery;
use crate::server::Shared;
use crate::time::Rfc3339;

/// A setting of the process, as it would be written in the configuration file; a secret only as set or not set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// The section, like `limits`.
    pub section: &'static str,
    /// Its name there.
    pub name: &'static str,
    /// What it is.
    pub value: String,
    /// What it is where nothing is said.
    pub default: String,
}

/// What the process was started with.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SettingsView {
    /// The version of Hookyard.
    version: &'static str,
    started_at: Rfc3339,
    /// Where everything durable lives.
    data_directory: String,
    /// What the URLs that providers are given begin with; null where that is not known.
    public_url: Option<String>,
    settings: Vec<SettingView>,
}

/// A setting, as it would be written in the configuration file.
#[derive(Debug, Serialize, ToSchema)]
struct SettingView {
    section: &'static str,
    name: &'static str,
    /// Secrets are only `set` or `not set`.
    value: String,
    default: String,
    is_default: bool,
}

/// Show the settings
///
/// What the process was started with.
#[utoipa::path(get, path = "/api/v1/settings", operation_id = "getSettings",
    responses((status = 200, body = SettingsView)))]
pub(crate) async fn show(State(api): State<Arc<Shared>>, _: NoQuery) -> Result<Json<SettingsView>, Problem> {
    let view = |setting: &Setting| SettingView {
        section: setting.section,
        name: setting.name,
        value: setting.value.clone(),
        default: setting.default.clone(),
        is_default: setting.value == setting.default,
    };
    Ok(Json(SettingsView {
        version: env!("CARGO_PKG_VERSION"),
        started_at: Rfc3339(api.started_at),
        data_directory: api.data_directory.clone(),
        public_url: api.public_url.clone(),
        settings: api.settings.iter().map(view).collect(),
    }))
}
