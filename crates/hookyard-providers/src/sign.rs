//! Requests as a provider would send them, signed: to try a source out, and to test what verifies.
//!
//! The same description is read the other way round: where a verifier finds a signature, this puts one.
//! Nothing here is for what goes to others.

mod credential;
mod curl;
mod draft;
mod signature;
mod time;
mod token;
mod topic;

use http::{HeaderMap, HeaderName, HeaderValue};

use crate::configuration::{ConfigError, Configuration};
use crate::engine::prepare::Site;
use crate::settings::Settings;
pub use curl::NotText;
use draft::Draft;

/// What is asked of a sample beyond the configuration.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wanted<'a> {
    /// The body; none for the description's example.
    pub body: Option<&'a [u8]>,
    /// The topic that its provider is to tell of; none for whichever it is.
    pub topic: Option<&'a str>,
    /// A private key as PEM, for schemes whose secret is a public key.
    pub private_key: Option<&'a str>,
    /// When it is signed, in seconds since the Unix epoch.
    pub now_s: u64,
}

/// A request that the configuration it was made with accepts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedRequest {
    /// The method.
    pub method: String,
    /// What follows the source's URL: further path, and query.
    pub suffix: String,
    /// The header lines.
    pub headers: HeaderMap,
    /// The body.
    pub body: Vec<u8>,
}

impl SignedRequest {
    /// The request target at a source with this token.
    pub fn target(&self, token: &str) -> String {
        format!("/{token}{}", self.suffix)
    }
}

/// Why no sample can be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SampleError {
    /// The configuration cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Only who has the private key can sign.
    #[error("{0} is signed with a private key: give one whose public key the source has")]
    PrivateKeyNeeded(&'static str),
    /// The description cannot be read the other way round, or the body lacks what is signed.
    #[error("{0}")]
    Impossible(String),
}

/// Makes a request that a source with this configuration accepts at `wanted.now_s`.
///
/// # Errors
/// [`SampleError`], which says what is missing.
pub fn sample(configuration: &Configuration<'_>, wanted: &Wanted<'_>) -> Result<SignedRequest, SampleError> {
    let settings = Settings::new(configuration.described()?, configuration.settings)?;
    sample_of(&settings, configuration, wanted)
}

fn sample_of(
    settings: &Settings,
    configuration: &Configuration<'_>,
    wanted: &Wanted<'_>,
) -> Result<SignedRequest, SampleError> {
    let site = Site { settings, secrets: configuration.secrets, public_url: configuration.public_url };
    let mut draft = Draft::new(&settings.provider().example, wanted.body, &site);
    if let Some(topic) = wanted.topic {
        topic::put(&mut draft, &settings.provider().fields.topic, topic)?;
    }
    let scheme = settings.scheme()?;
    for condition in &scheme.require {
        draft.satisfy(condition, &site)?;
    }
    if let Some(signature) = &scheme.signature {
        let message = site.template(&signature.message)?;
        signature::sign(&mut draft, signature, &message, wanted, &site)?;
    } else if let Some(jwt) = &scheme.jwt {
        token::sign(&mut draft, jwt, wanted, &site)?;
    } else if let Some(credential) = &scheme.credential {
        credential::put(&mut draft, credential, &site)?;
    } else if let Some(adapter) = &scheme.adapter {
        if adapter.name == crate::engine::GENERIC_HMAC {
            let (signature, message) =
                crate::engine::hmac_settings::described(settings.tolerance_s(scheme)?, &site)?;
            signature::sign(&mut draft, &signature, &message, wanted, &site)?;
        } else {
            draft.adapt(adapter, configuration)?;
        }
    }
    draft.finish()
}

/// The headers of a sample; none where a name or value is none.
fn header_map(lines: &[(String, String)]) -> Option<HeaderMap> {
    let mut headers = HeaderMap::with_capacity(lines.len());
    for (name, value) in lines {
        headers.append(name.parse::<HeaderName>().ok()?, HeaderValue::from_str(value).ok()?);
    }
    Some(headers)
}

#[cfg(test)]
mod tests;
