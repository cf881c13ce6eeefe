//! The way in: a provider's configuration, compiled once, that judges requests.

use std::collections::BTreeMap;
use std::fmt;

use crate::catalogue::{self, ProviderInfo};
use crate::config::ConfigError;
use crate::keys;
use crate::request::{Refusal, Request, Verified};
use crate::schemes::Scheme;
use crate::settings::Settings;

/// Judges the requests of one source. Cheap to use, not so cheap to make: make one and keep it.
pub struct Verifier {
    info: &'static ProviderInfo,
    secrets: usize,
    scheme: Scheme,
}

impl Verifier {
    /// Prepares the keys for `provider`, which is one of [`providers`](crate::providers).
    ///
    /// A signature made with any one of `secrets` is accepted, so that secrets can be rotated.
    ///
    /// # Errors
    /// [`ConfigError`], which names what to change and never holds a secret.
    pub fn new(
        provider: &str,
        secrets: &[&str],
        settings: &BTreeMap<String, String>,
    ) -> Result<Self, ConfigError> {
        let Some(info) = catalogue::find(provider) else {
            return Err(ConfigError::UnknownProvider {
                name: provider.to_owned(),
                known: catalogue::providers().iter().map(|info| info.name).collect(),
            });
        };
        keys::check_secrets(info, secrets)?;
        let settings = Settings::new(info, settings)?;
        Ok(Self { info, secrets: secrets.len(), scheme: (info.build)(secrets, &settings)? })
    }

    /// Decides whether `request` comes from the provider; `now_s` is the time of its arrival in
    /// seconds since the Unix epoch.
    ///
    /// # Errors
    /// [`Refusal`], which says for the source's owner what does not hold.
    pub fn verify(&self, request: &Request<'_>, now_s: u64) -> Result<Verified, Refusal> {
        self.scheme.verify(request, now_s)
    }

    /// The provider's name.
    pub fn provider(&self) -> &'static str {
        self.info.name
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Verifier")
            .field("provider", &self.info.name)
            .field("secrets", &self.secrets)
            .finish_non_exhaustive()
    }
}
