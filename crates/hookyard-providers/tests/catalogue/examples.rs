//! The made-up secrets and settings in a description are of the right form: with them, and with nothing
//! else, every scheme of every provider makes a verifier. Without the secret none does.

use std::collections::BTreeMap;

use hookyard_providers::definition::{Provider, Scheme};
use hookyard_providers::{ConfigError, Configuration, Verifier};

use crate::{Outcome, descriptions};

/// A verifier from a description's own examples.
fn build(provider: &Provider, scheme: &Scheme, with_secret: bool) -> Result<Verifier, ConfigError> {
    let mut settings: BTreeMap<String, String> = provider
        .setting
        .iter()
        .filter_map(|setting| Some((setting.name.clone(), setting.example.clone()?)))
        .collect();
    if let Some(name) = &scheme.name {
        settings.insert("scheme".to_owned(), name.clone());
    }
    let example = provider.secret.as_ref().and_then(|secret| secret.example.as_deref());
    let secrets: Vec<&str> = example.filter(|_| with_secret).into_iter().collect();
    Verifier::new(&Configuration {
        provider: &provider.name,
        secrets: &secrets,
        settings: &settings,
        public_url: Some("https://hooks.example.com/in/src_1"),
    })
}

#[test]
fn every_scheme_can_be_configured_with_its_examples() -> Outcome<()> {
    let mut wrong = Vec::new();
    for provider in descriptions()? {
        for scheme in &provider.scheme {
            let place = format!("{} {}", provider.name, scheme.name.as_deref().unwrap_or_default());
            let with_secret = scheme.unsigned.is_none();
            if let Err(error) = build(&provider, scheme, with_secret) {
                wrong.push(format!("{place}: {error}"));
            }
            let secret = provider.secret.as_ref().filter(|secret| !secret.captured);
            if secret.is_some() && scheme.credential.is_some() && build(&provider, scheme, false).is_ok() {
                wrong.push(format!("{place}: a credential without a secret"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}
