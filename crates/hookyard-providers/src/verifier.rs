//! The way in: a source's configuration, compiled once, that judges requests.

use std::fmt;

use crate::catalogue;
use crate::configuration::{ConfigError, Configuration};
use crate::definition::Provider;
use crate::engine::Compiled;
use crate::key_cache::KeyCache;
use crate::read::Reader;
use crate::request::Request;
use crate::settings::Settings;
use crate::verdict::Verdict;

/// Judges the requests of one source. Cheap to use, not so cheap to make: make one and keep it.
pub struct Verifier {
    settings: Settings,
    secrets: usize,
    compiled: Compiled,
}

impl Verifier {
    /// Prepares everything that does not depend on a request.
    ///
    /// # Errors
    /// [`ConfigError`], which names what to change and never holds a secret.
    pub fn new(configuration: &Configuration<'_>) -> Result<Self, ConfigError> {
        let provider = catalogue::find(configuration.provider)?;
        let settings = Settings::new(provider, configuration.settings)?;
        let compiled = Compiled::new(&settings, configuration)?;
        Ok(Self { settings, secrets: configuration.secrets.len(), compiled })
    }

    /// Decides whether `request` comes from the provider; `now_s` is the time of its arrival in
    /// seconds since the Unix epoch. Fetched keys come from `keys`.
    pub fn verify(&self, request: &Request<'_>, keys: &KeyCache, now_s: u64) -> Verdict {
        self.compiled.verify(Reader::new(request, &self.settings), keys, now_s)
    }

    /// Whether nothing is checked: whoever knows the URL can send.
    pub fn is_unsigned(&self) -> bool {
        matches!(self.compiled, Compiled::Unsigned)
    }

    /// The provider.
    pub fn provider(&self) -> &'static Provider {
        self.settings.provider()
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Verifier")
            .field("provider", &self.provider().name)
            .field("secrets", &self.secrets)
            .finish_non_exhaustive()
    }
}
