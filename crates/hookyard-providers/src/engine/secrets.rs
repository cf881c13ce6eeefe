//! What holds for the secrets of every source.

use crate::configuration::ConfigError;
use crate::definition::{Fetch, Key, KeyEncoding, Provider, Scheme};
use crate::settings::Settings;
use crate::template::{Place, Template};

/// The most secrets one verifier may hold.
pub const SECRETS_MAX: usize = 16;

/// Checks number and form of the secrets.
pub(crate) fn check(settings: &Settings, scheme: &Scheme, secrets: &[&str]) -> Result<(), ConfigError> {
    let description = settings.provider();
    let provider = description.name.as_str();
    let bad = |index, why: &str| ConfigError::BadSecret { provider, index, why: why.to_owned() };
    let Some(about) = &description.secret else {
        let why = "is of no use, because this provider checks none";
        return if secrets.is_empty() { Ok(()) } else { Err(bad(0, why)) };
    };
    if secrets.is_empty() && are_used(description, scheme) && !about.captured {
        return Err(ConfigError::NoSecret { provider });
    }
    // Of any scheme: a source keeps its secrets when another one is chosen.
    let is_pem = |scheme: &Scheme| key_of(scheme).is_some_and(|key| key.encoding == KeyEncoding::Pem);
    let of_lines = description.scheme.iter().any(is_pem);
    for (index, secret) in secrets.iter().enumerate() {
        if index >= SECRETS_MAX {
            return Err(bad(index, "is one too many: there can be at most 16"));
        }
        if secret.trim().is_empty() {
            return Err(bad(index, "is empty"));
        }
        let is_strange = |letter: char| letter.is_control() && !(of_lines && matches!(letter, '\n' | '\r'));
        if secret.chars().any(is_strange) {
            return Err(bad(index, "holds a control character, perhaps the end of a line"));
        }
        if secrets.iter().take(index).any(|earlier| earlier == secret) {
            return Err(bad(index, "stands there twice"));
        }
    }
    Ok(())
}

/// Whether a scheme proves anything by the source's secrets.
pub(crate) fn are_used(provider: &Provider, scheme: &Scheme) -> bool {
    if provider.secret.is_none() || scheme.unsigned.is_some() {
        return false;
    }
    if let Some(credential) = &scheme.credential {
        return names_secret(&credential.equals);
    }
    let of_signature = || scheme.signature.as_ref().is_some_and(|signature| names_secret(&signature.message));
    let of_claims =
        || scheme.jwt.as_ref().is_some_and(|jwt| jwt.claim.iter().any(|claim| names_secret(&claim.equals)));
    let of_key = |key: &Key| match &key.fetch {
        Some(fetch) => fetch_names_secret(fetch),
        None => key.published.is_empty() && names_secret(&key.text),
    };
    of_signature() || of_claims() || key_of(scheme).is_some_and(of_key)
}

fn key_of(scheme: &Scheme) -> Option<&Key> {
    let of_signature = scheme.signature.as_ref().map(|signature| &signature.key);
    let of_jwt = scheme.jwt.as_ref().map(|jwt| &jwt.key);
    of_signature.or(of_jwt).or_else(|| scheme.adapter.as_ref().map(|adapter| &adapter.key))
}

/// Whether the call that brings the key is made with a secret.
fn fetch_names_secret(fetch: &Fetch) -> bool {
    let authorize = fetch.authorize.iter().flat_map(|authorize| {
        authorize.headers.values().chain([&authorize.url, &authorize.body]).chain(&authorize.basic)
    });
    fetch
        .headers
        .values()
        .chain(&fetch.body)
        .chain([&fetch.url])
        .chain(authorize)
        .any(|text| names_secret(text))
}

fn names_secret(text: &str) -> bool {
    Template::parse(text)
        .is_ok_and(|template| template.values().iter().any(|value| value.place == Place::Secret))
}
