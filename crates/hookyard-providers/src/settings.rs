//! A provider's settings as given, with the defaults of its entry in the catalogue.

use std::collections::BTreeMap;

use http::HeaderName;

use crate::catalogue::{ProviderInfo, SettingInfo};
use crate::config::ConfigError;

/// The setting that says how old a signature may be.
pub(crate) const TOLERANCE: SettingInfo = SettingInfo {
    name: "tolerance_s",
    required: false,
    default: Some("300"),
    meaning: "How far the signed timestamp may lie from the time of arrival, either way, in seconds; \
              1 to 604800 (a week).",
};

const TOLERANCE_S_MAX: u64 = 7 * 24 * 3600;

/// Settings whose names are all known and whose required ones are there.
pub(crate) struct Settings<'a> {
    info: &'static ProviderInfo,
    given: &'a BTreeMap<String, String>,
}

impl<'a> Settings<'a> {
    pub(crate) fn new(
        info: &'static ProviderInfo,
        given: &'a BTreeMap<String, String>,
    ) -> Result<Self, ConfigError> {
        for name in given.keys() {
            if !info.settings.iter().any(|setting| setting.name == name) {
                return Err(ConfigError::UnknownSetting {
                    provider: info.name,
                    name: name.clone(),
                    known: info.settings.iter().map(|setting| setting.name).collect(),
                });
            }
        }
        for setting in info.settings {
            if setting.required && !given.contains_key(setting.name) {
                return Err(ConfigError::MissingSetting { provider: info.name, name: setting.name, why: "" });
            }
        }
        Ok(Self { info, given })
    }

    /// The value given, or else the default.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let default = || self.info.settings.iter().find(|setting| setting.name == name)?.default;
        self.given(name).or_else(default)
    }

    /// The value given, without regard to the default.
    pub(crate) fn given(&self, name: &str) -> Option<&'a str> {
        self.given.get(name).map(String::as_str)
    }

    /// The tolerance of timestamps in seconds.
    pub(crate) fn tolerance_s(&self) -> Result<u64, ConfigError> {
        let text = self.get(TOLERANCE.name).unwrap_or_default();
        match text.parse() {
            Ok(tolerance_s) if (1..=TOLERANCE_S_MAX).contains(&tolerance_s) => Ok(tolerance_s),
            _ => Err(self.bad(
                TOLERANCE.name,
                format!("it must be a whole number of seconds from 1 to {TOLERANCE_S_MAX}"),
            )),
        }
    }

    /// A setting that names a header; none where it is not given.
    pub(crate) fn header(&self, name: &'static str) -> Result<Option<HeaderName>, ConfigError> {
        let Some(text) = self.get(name) else { return Ok(None) };
        match HeaderName::from_bytes(text.as_bytes()) {
            Ok(header) => Ok(Some(header)),
            Err(_) => Err(self.bad(name, "that is not the name of a header")),
        }
    }

    /// A setting that takes one of a few values, looked up in `values`.
    pub(crate) fn one_of<T: Copy>(
        &self,
        name: &'static str,
        values: &[(&'static str, T)],
    ) -> Result<T, ConfigError> {
        let text = self.get(name).unwrap_or_default();
        if let Some((_, value)) = values.iter().find(|(known, _)| *known == text) {
            return Ok(*value);
        }
        let known: Vec<_> = values.iter().map(|(known, _)| format!("`{known}`")).collect();
        Err(self.bad(name, format!("it must be one of {}", known.join(", "))))
    }

    /// The error for a setting whose value cannot be used.
    pub(crate) fn bad(&self, name: &'static str, why: impl Into<String>) -> ConfigError {
        ConfigError::BadSetting {
            provider: self.info.name,
            name,
            value: self.get(name).unwrap_or_default().to_owned(),
            why: why.into(),
        }
    }

    /// The error for a setting that becomes necessary by another.
    pub(crate) fn missing(&self, name: &'static str, why: &'static str) -> ConfigError {
        ConfigError::MissingSetting { provider: self.info.name, name, why }
    }
}
