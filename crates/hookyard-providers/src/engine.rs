//! A scheme compiled, with a source's secrets and settings, into something that judges requests.
//!
//! All that can be wrong with a configuration is found here, so that judging has only the request to
//! doubt. `front` finds signatures, time and message in a request, and is shared by all that sign one;
//! what then proves them is a file of its own.

pub(crate) mod content;
mod credential;
pub(crate) mod encoding;
pub(crate) mod front;
pub(crate) mod hmac_settings;
mod jwt;
mod key_source;
pub(crate) mod key_text;
pub(crate) mod mac;
pub(crate) mod prepare;
mod public_key;
mod required;
pub(crate) mod secrets;
mod signatures;
pub(crate) mod symmetric;
pub(crate) mod timestamp;

pub use secrets::SECRETS_MAX;
pub use signatures::SIGNATURES_MAX;

use crate::adapters::{self, Adapter};
use crate::configuration::{ConfigError, Configuration};
use crate::definition::{self, Scheme};
use crate::engine::credential::Credential;
use crate::engine::jwt::Jwt;
use crate::engine::prepare::Site;
use crate::engine::public_key::Asymmetric;
use crate::engine::required::Required;
use crate::engine::symmetric::Symmetric;
use crate::key_cache::KeyCache;
use crate::public_key::KeyAlgorithm;
use crate::read::Reader;
use crate::settings::Settings;
use crate::verdict::{Refusal, Verdict, Verified};

/// The adapter that is a scheme made of settings.
pub(crate) const GENERIC_HMAC: &str = "hmac";

/// A scheme, ready to judge.
pub(crate) enum Compiled {
    /// A signature made with a secret that both sides have.
    Symmetric(Box<Symmetric>),
    /// A signature made with a private key.
    Asymmetric(Box<Asymmetric>),
    /// A signed token.
    Jwt(Box<Jwt>),
    /// Code of its own.
    Adapter(Box<Adapter>),
    /// A password or token.
    Credential(Credential),
    /// A scheme, and what must hold beside it.
    Both(Box<(Required, Compiled)>),
    /// Nothing is checked.
    Unsigned,
    /// Nothing passes until a handshake has brought the secret.
    NoSecretYet,
}

impl Compiled {
    /// Compiles the scheme that the settings choose.
    pub(crate) fn new(settings: &Settings, configuration: &Configuration<'_>) -> Result<Self, ConfigError> {
        let scheme = settings.scheme()?;
        secrets::check(settings, scheme, configuration.secrets)?;
        if configuration.secrets.is_empty() && secrets::are_used(settings.provider(), scheme) {
            return Ok(Self::NoSecretYet);
        }
        let site = Site { settings, secrets: configuration.secrets, public_url: configuration.public_url };
        let compiled = Self::of_scheme(scheme, &site, configuration)?;
        if scheme.require.is_empty() {
            return Ok(compiled);
        }
        Ok(Self::Both(Box::new((Required::new(&scheme.require, &site)?, compiled))))
    }

    fn of_scheme(
        scheme: &'static Scheme,
        site: &Site<'_>,
        configuration: &Configuration<'_>,
    ) -> Result<Self, ConfigError> {
        let settings = site.settings;
        let tolerance_s = settings.tolerance_s(scheme)?;
        if let Some(signature) = &scheme.signature {
            if let Some(algorithm) = KeyAlgorithm::of_signature(signature.algorithm) {
                let asymmetric = Asymmetric::new(signature, algorithm, tolerance_s, site)?;
                return Ok(Self::Asymmetric(Box::new(asymmetric)));
            }
            return Ok(Self::Symmetric(Box::new(Symmetric::new(signature, tolerance_s, site)?)));
        }
        if let Some(credential) = &scheme.credential {
            return Ok(Self::Credential(Credential::new(credential, site)?));
        }
        if scheme.adapter.as_ref().is_some_and(|adapter| adapter.name == GENERIC_HMAC) {
            return Ok(Self::Symmetric(Box::new(hmac_settings::compile(tolerance_s, site)?)));
        }
        if let Some(jwt) = &scheme.jwt {
            return Ok(Self::Jwt(Box::new(Jwt::new(jwt, tolerance_s, site)?)));
        }
        if let Some(adapter) = &scheme.adapter {
            return adapter_of(adapter, configuration, site).map(Self::Adapter);
        }
        if scheme.unsigned.is_some() {
            return Ok(Self::Unsigned);
        }
        Err(site.bad_description("it has no scheme"))
    }

    /// Judges one request.
    pub(crate) fn verify(&self, reader: Reader<'_>, keys: &KeyCache, now_s: u64) -> Verdict {
        let judged = match self {
            Self::Symmetric(symmetric) => symmetric.verify(reader, now_s),
            Self::Asymmetric(asymmetric) => return asymmetric.verify(reader, keys, now_s),
            Self::Jwt(jwt) => return jwt.verify(reader, keys, now_s),
            Self::Adapter(adapter) => adapter.verify(reader.request(), now_s),
            Self::Both(both) => match both.0.check(&reader) {
                Ok(()) => return both.1.verify(reader, keys, now_s),
                Err(refusal) => Err(refusal),
            },
            Self::Credential(credential) => credential.verify(&reader),
            Self::Unsigned => Ok(Verified { secret: None }),
            Self::NoSecretYet => Err(Refusal::NoSecretYet),
        };
        match judged {
            Ok(verified) => Verdict::Verified(verified),
            Err(refusal) => Verdict::Refused(refusal),
        }
    }
}

fn adapter_of(
    adapter: &definition::Adapter,
    configuration: &Configuration<'_>,
    site: &Site<'_>,
) -> Result<Box<Adapter>, ConfigError> {
    let provider = site.provider();
    if adapters::needs_url(&adapter.name) && site.public_url.is_none() {
        return Err(ConfigError::NoPublicUrl { provider });
    }
    let adapter = Adapter::new(adapter, configuration);
    adapter.map(Box::new).map_err(|(index, why)| ConfigError::MalformedSecret {
        provider,
        index,
        why: why.to_owned(),
    })
}

#[cfg(test)]
mod tests;
