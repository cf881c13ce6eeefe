//! `/api/v1/providers`: what a source can verify, and what it needs for that.

use axum::Json;
use hookyard_providers::{ProviderInfo, SettingInfo, providers};
use serde::Serialize;

use crate::list::List;
use crate::problem::Problem;
use crate::query::NoQuery;

/// A provider as it is shown.
#[derive(Debug, Serialize)]
pub(crate) struct ProviderView {
    name: &'static str,
    title: &'static str,
    secrets_required: bool,
    settings: Vec<SettingView>,
}

#[derive(Debug, Serialize)]
struct SettingView {
    name: &'static str,
    required: bool,
    default: Option<&'static str>,
    meaning: &'static str,
}

/// `GET /api/v1/providers`: all of them, on one page.
pub(crate) async fn list(_: NoQuery) -> Result<Json<List<ProviderView>>, Problem> {
    Ok(Json(List { data: providers().iter().map(ProviderView::from).collect(), next: None }))
}

impl From<&ProviderInfo> for ProviderView {
    fn from(info: &ProviderInfo) -> Self {
        Self {
            name: info.name,
            title: info.title,
            secrets_required: info.secrets_required,
            settings: info.settings.iter().map(SettingView::from).collect(),
        }
    }
}

impl From<&SettingInfo> for SettingView {
    fn from(info: &SettingInfo) -> Self {
        let SettingInfo { name, required, default, meaning } = *info;
        Self { name, required, default, meaning }
    }
}
