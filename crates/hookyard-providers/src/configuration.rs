//! What a source is configured with, and what can be wrong with it.
//!
//! **Invariant:** no message holds a secret or a part of one.

use std::collections::BTreeMap;
use std::fmt;

use crate::catalogue;
use crate::definition::Provider;
use crate::nearest::nearest;

/// What makes a source able to judge requests.
#[derive(Clone, Copy)]
pub struct Configuration<'a> {
    /// The provider's name.
    pub provider: &'a str,
    /// The secrets that are valid now: a signature made with any one of them is accepted, so that they
    /// can be rotated.
    pub secrets: &'a [&'a str],
    /// The provider's settings.
    pub settings: &'a BTreeMap<String, String>,
    /// The URL that is registered with the provider, up to and including the source's token.
    pub public_url: Option<&'a str>,
}

impl Configuration<'_> {
    /// The description of the provider.
    pub(crate) fn described(&self) -> Result<&'static Provider, ConfigError> {
        catalogue::find(self.provider)
    }
}

impl fmt::Debug for Configuration<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Configuration")
            .field("provider", &self.provider)
            .field("secrets", &self.secrets.len())
            .finish_non_exhaustive()
    }
}

/// Why a verifier cannot be built.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// No provider has this name.
    #[error("there is no provider `{name}`{}", meant(*near, *known))]
    UnknownProvider {
        /// The name given.
        name: String,
        /// The name that may have been meant.
        near: Option<&'static str>,
        /// How many there are.
        known: usize,
    },
    /// The provider needs a secret and there is none.
    #[error("provider `{provider}` needs at least one secret{}", sought(provider))]
    NoSecret {
        /// The provider.
        provider: &'static str,
    },
    /// A secret cannot be used, whatever its form is.
    #[error("secret {} of {provider} {why}", index + 1)]
    BadSecret {
        /// The provider.
        provider: &'static str,
        /// Which one, counted from 0 (the message counts from 1).
        index: usize,
        /// What is wrong with it: a clause whose subject is the secret.
        why: String,
    },
    /// A secret has not the form that this provider's have.
    #[error("secret {} of {provider} {why}{}", index + 1, sought(provider))]
    MalformedSecret {
        /// The provider.
        provider: &'static str,
        /// Which one, counted from 0 (the message counts from 1).
        index: usize,
        /// What is wrong with it: a clause whose subject is the secret.
        why: String,
    },
    /// The provider has no such setting.
    #[error("provider `{provider}` has no setting `{name}`; {}", known_settings(known))]
    UnknownSetting {
        /// The provider.
        provider: &'static str,
        /// The name given.
        name: String,
        /// The names there are.
        known: Vec<String>,
    },
    /// A setting must be given and is not.
    #[error("provider `{provider}` needs the setting `{name}`{}", if_any(why))]
    MissingSetting {
        /// The provider.
        provider: &'static str,
        /// The setting.
        name: String,
        /// What makes it necessary; empty where it always is.
        why: &'static str,
    },
    /// A setting's value cannot be used.
    #[error("setting `{name}` of provider `{provider}` is `{value}`, but {why}")]
    BadSetting {
        /// The provider.
        provider: &'static str,
        /// The setting.
        name: String,
        /// The value given.
        value: String,
        /// What is wrong with it: a whole clause.
        why: String,
    },
    /// The provider signs the URL, and nobody has said what it is.
    #[error("provider `{provider}` signs the URL: set `public_url` to the URL that is registered there")]
    NoPublicUrl {
        /// The provider.
        provider: &'static str,
    },
    /// The provider's description asks for something that does not exist.
    #[error("provider `{provider}` cannot be used: {why}")]
    BadDescription {
        /// The provider.
        provider: &'static str,
        /// What is wrong with it: a whole clause.
        why: String,
    },
}

impl ConfigError {
    /// The error for a name that no provider has.
    pub fn unknown_provider(name: &str) -> Self {
        let known = catalogue::provider_names();
        let near = nearest(&name.to_ascii_lowercase(), catalogue::provider_names());
        Self::UnknownProvider { name: name.to_owned(), near, known: known.count() }
    }
}

fn meant(near: Option<&str>, known: usize) -> String {
    match near {
        Some(near) => format!(": did you mean `{near}`? `hookyard providers` lists all {known}"),
        None => format!("; `hookyard providers` lists all {known}"),
    }
}

/// Which secret is wanted, and where a person finds it.
fn sought(provider: &str) -> String {
    let Some(secret) = catalogue::provider(provider).and_then(|provider| provider.secret.as_ref()) else {
        return String::new();
    };
    match &secret.found {
        Some(found) => format!("; give the {}: {found}", secret.called),
        None => format!("; give the {}", secret.called),
    }
}

fn list(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

fn known_settings(known: &[String]) -> String {
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    if known.is_empty() { "it has none".to_owned() } else { format!("known are {}", list(&known)) }
}

fn if_any(why: &str) -> String {
    if why.is_empty() { String::new() } else { format!(" ({why})") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_name_what_to_change() {
        let error = ConfigError::BadSecret { provider: "stripe", index: 1, why: "is empty".to_owned() };
        assert_eq!(error.to_string(), "secret 2 of stripe is empty");
        let error = ConfigError::NoSecret { provider: "basic" };
        assert_eq!(
            error.to_string(),
            "provider `basic` needs at least one secret; give the user name and password: make them up, and enter them \
             with the sender; here as `user:password`"
        );
        let error = ConfigError::UnknownSetting { provider: "github", name: "x".to_owned(), known: vec![] };
        assert_eq!(error.to_string(), "provider `github` has no setting `x`; it has none");
        let error = ConfigError::MissingSetting { provider: "hmac", name: "header".to_owned(), why: "" };
        assert_eq!(error.to_string(), "provider `hmac` needs the setting `header`");
    }

    #[test]
    fn a_name_that_no_provider_has_is_guessed() {
        let all = catalogue::provider_names().count();
        for (name, near) in [("strippe", "stripe"), ("GitHub", "github"), ("bitbucket-cloud", "bitbucket")] {
            assert_eq!(
                ConfigError::unknown_provider(name).to_string(),
                format!(
                    "there is no provider `{name}`: did you mean `{near}`? `hookyard providers` lists all {all}"
                )
            );
        }
        assert_eq!(
            ConfigError::unknown_provider("qqqqqqqq").to_string(),
            format!("there is no provider `qqqqqqqq`; `hookyard providers` lists all {all}")
        );
    }
}
