//! A password or token, put where it is looked for.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::configuration::ConfigError;
use crate::definition::Credential;
use crate::engine::key_text;
use crate::engine::prepare::Site;
use crate::sign::SampleError;
use crate::sign::draft::Draft;

/// Puts the credential that the first secret makes.
pub(super) fn put(
    draft: &mut Draft<'_>,
    credential: &Credential,
    site: &Site<'_>,
) -> Result<(), SampleError> {
    let no_secret = || ConfigError::NoSecret { provider: site.provider() };
    let (_, text) = key_text::texts(&credential.equals, site)?.into_iter().next().ok_or_else(no_secret)?;
    let text = if credential.basic {
        format!("Basic {}", STANDARD.encode(&text))
    } else {
        String::from_utf8(text)
            .map_err(|_| SampleError::Impossible("the credential is not text".to_owned()))?
    };
    let prefix = credential.prefix.as_deref().unwrap_or_default();
    draft.put(&site.value(&credential.from)?, &format!("{prefix}{text}"))
}
