//! The providers there are: what a person sees when choosing one.
//!
//! How a provider's requests are verified stands in its file in `schemes/`, beside its entry here.

use crate::config::ConfigError;
use crate::schemes::{Scheme, github, hmac, none, standard_webhooks, stripe};
use crate::settings::Settings;

/// A provider and what it needs to be configured.
#[derive(Clone, Copy, Debug)]
pub struct ProviderInfo {
    /// Its name in configuration, for example `standard-webhooks`.
    pub name: &'static str,
    /// Its name for people, for example `Standard Webhooks`.
    pub title: &'static str,
    /// Whether at least one secret must be given; where not, none may be.
    pub secrets_required: bool,
    /// Its settings; any other is refused.
    pub settings: &'static [SettingInfo],
    /// Makes its scheme. Part of the entry, so that there is no entry without one.
    pub(crate) build: fn(&[&str], &Settings<'_>) -> Result<Scheme, ConfigError>,
}

/// One setting of a provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SettingInfo {
    /// Its name in configuration, for example `tolerance_s`.
    pub name: &'static str,
    /// Whether it must be given.
    pub required: bool,
    /// What holds where it is not given.
    pub default: Option<&'static str>,
    /// What it means, in one sentence.
    pub meaning: &'static str,
}

static PROVIDERS: [ProviderInfo; 5] =
    [github::INFO, stripe::INFO, standard_webhooks::INFO, hmac::INFO, none::INFO];

/// All providers.
pub fn providers() -> &'static [ProviderInfo] {
    &PROVIDERS
}

/// The provider with this name.
pub(crate) fn find(name: &str) -> Option<&'static ProviderInfo> {
    PROVIDERS.iter().find(|info| info.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_required_settings_have_no_default() {
        for (index, info) in PROVIDERS.iter().enumerate() {
            assert!(PROVIDERS.iter().skip(index + 1).all(|other| other.name != info.name), "{}", info.name);
            for setting in info.settings {
                assert!(!(setting.required && setting.default.is_some()), "{}.{}", info.name, setting.name);
            }
        }
    }
}
