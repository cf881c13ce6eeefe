//! What can be wrong with a provider's configuration.
//!
//! **Invariant:** no message holds a secret or a part of one.

/// Why a verifier cannot be built.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// No provider has this name.
    #[error("there is no provider `{name}`; known are {}", list(known))]
    UnknownProvider {
        /// The name given.
        name: String,
        /// The names there are.
        known: Vec<&'static str>,
    },
    /// The provider needs a secret and there is none.
    #[error("provider `{provider}` needs at least one secret")]
    NoSecret {
        /// The provider.
        provider: &'static str,
    },
    /// A secret cannot be used.
    #[error("secret {} of {provider} {why}", index + 1)]
    BadSecret {
        /// The provider.
        provider: &'static str,
        /// Which one, counted from 0 (the message counts from 1).
        index: usize,
        /// What is wrong with it: a clause whose subject is the secret.
        why: &'static str,
    },
    /// The provider has no such setting.
    #[error("provider `{provider}` has no setting `{name}`; {}", known_settings(known))]
    UnknownSetting {
        /// The provider.
        provider: &'static str,
        /// The name given.
        name: String,
        /// The names there are.
        known: Vec<&'static str>,
    },
    /// A setting must be given and is not.
    #[error("provider `{provider}` needs the setting `{name}`{}", if_any(why))]
    MissingSetting {
        /// The provider.
        provider: &'static str,
        /// The setting.
        name: &'static str,
        /// What makes it necessary; empty where it always is.
        why: &'static str,
    },
    /// A setting's value cannot be used.
    #[error("setting `{name}` of provider `{provider}` is `{value}`, but {why}")]
    BadSetting {
        /// The provider.
        provider: &'static str,
        /// The setting.
        name: &'static str,
        /// The value given.
        value: String,
        /// What is wrong with it: a whole clause.
        why: String,
    },
}

fn list(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

fn known_settings(known: &[&str]) -> String {
    if known.is_empty() { "it has none".to_owned() } else { format!("known are {}", list(known)) }
}

fn if_any(why: &str) -> String {
    if why.is_empty() { String::new() } else { format!(" ({why})") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_name_what_to_change() {
        let error = ConfigError::BadSecret { provider: "stripe", index: 1, why: "is empty" };
        assert_eq!(error.to_string(), "secret 2 of stripe is empty");
        let error = ConfigError::UnknownSetting { provider: "github", name: "x".to_owned(), known: vec![] };
        assert_eq!(error.to_string(), "provider `github` has no setting `x`; it has none");
        let error = ConfigError::MissingSetting { provider: "hmac", name: "header", why: "" };
        assert_eq!(error.to_string(), "provider `hmac` needs the setting `header`");
    }
}
