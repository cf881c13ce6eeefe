//! A source's settings, with the defaults of its provider's description.
//!
//! Two settings are made by the engine: `scheme`, where a provider has several, and `tolerance_s`, where
//! a scheme has a time that can be looked at.

use std::collections::BTreeMap;

use crate::configuration::ConfigError;
use crate::definition::{Provider, Scheme, Setting};

/// The setting that chooses among a provider's schemes.
pub(crate) const SCHEME: &str = "scheme";
/// The setting that says how old a signature may be.
pub(crate) const TOLERANCE: &str = "tolerance_s";

const TOLERANCE_S_MAX: u64 = 7 * 24 * 3600;

/// Settings whose names are all known, whose required ones are there, and whose values may be.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    provider: &'static Provider,
    /// As given, and otherwise the defaults.
    values: BTreeMap<String, String>,
}

/// Every setting that a source of this provider can have, those made by the engine included.
pub fn settings_of(provider: &Provider) -> Vec<Setting> {
    let mut settings = provider.setting.clone();
    if let Some(first) = provider.scheme.first().filter(|_| provider.scheme.len() > 1) {
        settings.push(made(
            SCHEME,
            "How the provider signs, where it has several ways.",
            first.name.clone(),
            provider.scheme.iter().filter_map(|scheme| scheme.name.clone()).collect(),
        ));
    }
    if provider.scheme.iter().any(has_time) {
        let default = provider.scheme.iter().find_map(tolerance_s);
        settings.push(made(
            TOLERANCE,
            "How far the signed time may lie from the time of arrival, either way, in seconds; \
             1 to 604800 (a week).",
            default.map(|seconds| seconds.to_string()),
            Vec::new(),
        ));
    }
    settings
}

fn made(name: &str, meaning: &str, default: Option<String>, values: Vec<String>) -> Setting {
    Setting {
        name: name.to_owned(),
        meaning: meaning.to_owned(),
        required: false,
        default,
        values,
        secret: false,
        example: None,
    }
}

/// Whether a scheme has a time that a tolerance can be set for.
fn has_time(scheme: &Scheme) -> bool {
    scheme.signature.as_ref().is_some_and(|signature| signature.timestamp.is_some())
        || scheme.jwt.is_some()
        || tolerance_s(scheme).is_some()
}

/// The tolerance that a scheme has by itself.
fn tolerance_s(scheme: &Scheme) -> Option<u64> {
    let of_signature = || scheme.signature.as_ref()?.timestamp.as_ref()?.tolerance_s;
    let of_token_header = || scheme.jwt.as_ref()?.timestamp.as_ref()?.tolerance_s;
    let of_jwt = || scheme.jwt.as_ref()?.issued_within_s.or_else(of_token_header);
    let of_adapter = || scheme.adapter.as_ref()?.tolerance_s;
    of_signature().or_else(of_jwt).or_else(of_adapter)
}

impl Settings {
    pub(crate) fn new(
        provider: &'static Provider,
        given: &BTreeMap<String, String>,
    ) -> Result<Self, ConfigError> {
        let known = settings_of(provider);
        for name in given.keys() {
            if !known.iter().any(|setting| setting.name == *name) {
                return Err(ConfigError::UnknownSetting {
                    provider: &provider.name,
                    name: name.clone(),
                    known: known.into_iter().map(|setting| setting.name).collect(),
                });
            }
        }
        let mut values = given.clone();
        for setting in known {
            match given.get(&setting.name) {
                None if setting.required => return Err(missing(provider, &setting.name, "")),
                // The tolerance's default is that of the scheme in use.
                None if setting.name == TOLERANCE => {}
                None => values.extend(setting.default.map(|default| (setting.name, default))),
                Some(value) => allowed(provider, &setting, value)?,
            }
        }
        Ok(Self { provider, values })
    }

    /// The provider whose settings these are.
    pub(crate) fn provider(&self) -> &'static Provider {
        self.provider
    }

    /// The value given, or else the default.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    /// The scheme in use.
    pub(crate) fn scheme(&self) -> Result<&'static Scheme, ConfigError> {
        let chosen = self.get(SCHEME);
        let mut schemes = self.provider.scheme.iter();
        schemes
            .find(|scheme| chosen.is_none() || scheme.name.as_deref() == chosen)
            .ok_or_else(|| self.bad(SCHEME, "there is no such scheme"))
    }

    /// The tolerance of times in seconds: as given, or else the scheme's own, or else none.
    pub(crate) fn tolerance_s(&self, scheme: &Scheme) -> Result<Option<u64>, ConfigError> {
        let Some(text) = self.get(TOLERANCE) else { return Ok(tolerance_s(scheme)) };
        if !has_time(scheme) {
            return Err(self.bad(TOLERANCE, "it has no effect, as this scheme signs no time"));
        }
        match text.parse() {
            Ok(tolerance_s) if (1..=TOLERANCE_S_MAX).contains(&tolerance_s) => Ok(Some(tolerance_s)),
            _ => Err(self
                .bad(TOLERANCE, format!("it must be a whole number of seconds from 1 to {TOLERANCE_S_MAX}"))),
        }
    }

    /// The error for a setting whose value cannot be used.
    pub(crate) fn bad(&self, name: &str, why: impl Into<String>) -> ConfigError {
        let value = self.get(name).unwrap_or_default();
        bad(self.provider, name, value, why)
    }

    /// The error for a setting that becomes necessary by another.
    pub(crate) fn missing(&self, name: &str, why: &'static str) -> ConfigError {
        missing(self.provider, name, why)
    }
}

/// Whether a setting may have this value.
fn allowed(provider: &'static Provider, setting: &Setting, value: &str) -> Result<(), ConfigError> {
    if !setting.values.is_empty() && !setting.values.iter().any(|known| known == value) {
        let known: Vec<_> = setting.values.iter().map(|known| format!("`{known}`")).collect();
        let why = format!("it must be one of {}", known.join(", "));
        return Err(bad(provider, &setting.name, value, why));
    }
    if setting.required && value.trim().is_empty() {
        return Err(missing(provider, &setting.name, "it is empty"));
    }
    Ok(())
}

fn bad(provider: &'static Provider, name: &str, value: &str, why: impl Into<String>) -> ConfigError {
    let secret = provider.setting.iter().any(|setting| setting.name == name && setting.secret);
    ConfigError::BadSetting {
        provider: &provider.name,
        name: name.to_owned(),
        value: if secret { "…".to_owned() } else { value.to_owned() },
        why: why.into(),
    }
}

fn missing(provider: &'static Provider, name: &str, why: &'static str) -> ConfigError {
    ConfigError::MissingSetting { provider: &provider.name, name: name.to_owned(), why }
}
