//! A password or token that stands in the request as it is.
//!
//! It proves that the sender knows it, and nothing about the body. Compared in constant time with what
//! every secret makes of it.

use std::borrow::Cow;

use subtle::{Choice, ConstantTimeEq as _};

use crate::configuration::ConfigError;
use crate::definition;
use crate::engine::key_text;
use crate::engine::prepare::Site;
use crate::read::{Reader, filter};
use crate::template::Value;
use crate::verdict::{Refusal, Verified};

/// What stands before the credentials of HTTP Basic; the name of a scheme has no case (RFC 9110,
/// section 11.1).
const BASIC: &[u8] = b"basic ";

/// Compares what stands in a request with what should.
pub(crate) struct Credential {
    from: Value,
    prefix: Option<&'static str>,
    basic: bool,
    /// What it may be, and which secret made it so.
    expected: Vec<(Option<usize>, Vec<u8>)>,
}

impl Credential {
    pub(crate) fn new(
        credential: &'static definition::Credential,
        site: &Site<'_>,
    ) -> Result<Self, ConfigError> {
        let expected = key_text::texts(&credential.equals, site)?;
        // An empty credential would be one that everybody knows.
        if expected.is_empty() || expected.iter().any(|(_, text)| text.is_empty()) {
            return Err(ConfigError::NoSecret { provider: site.provider() });
        }
        Ok(Self {
            from: site.value(&credential.from)?,
            prefix: credential.prefix.as_deref(),
            basic: credential.basic,
            expected,
        })
    }

    /// Where there are several values, each must hold.
    pub(crate) fn verify(&self, reader: &Reader<'_>) -> Result<Verified, Refusal> {
        let mut secret = None;
        for given in reader.values(&self.from)? {
            let given = self.bare(given)?;
            match self.find(&given) {
                Some(found) => secret = secret.or(found),
                None => return Err(Refusal::CredentialWrong { place: self.from.place.clone() }),
            }
        }
        Ok(Verified { secret })
    }

    /// Which secret makes this credential; none where none does.
    fn find(&self, given: &[u8]) -> Option<Option<usize>> {
        let mut found = None;
        for (secret, expected) in &self.expected {
            let matches: Choice = expected.ct_eq(given);
            if bool::from(matches) && found.is_none() {
                found = Some(*secret);
            }
        }
        found
    }

    fn bare<'r>(&self, given: Cow<'r, [u8]>) -> Result<Cow<'r, [u8]>, Refusal> {
        let malformed =
            |why: Cow<'static, str>| Refusal::ValueMalformed { place: self.from.place.clone(), why };
        let mut bare = given;
        if let Some(prefix) = self.prefix {
            bare = match bare.strip_prefix(prefix.as_bytes()) {
                Some(rest) => Cow::Owned(rest.to_vec()),
                None => return Err(malformed(format!("it does not begin with `{prefix}`").into())),
            };
        }
        if self.basic {
            let encoded = bare
                .split_at_checked(BASIC.len())
                .filter(|(scheme, _)| scheme.eq_ignore_ascii_case(BASIC))
                .ok_or_else(|| malformed("it does not begin with `Basic `".into()))?
                .1;
            let decoded = filter::unbase64(encoded.trim_ascii());
            bare = Cow::Owned(decoded.ok_or_else(|| malformed("it is not base64".into()))?);
        }
        Ok(bare)
    }
}
