//! The admin key: kept only as a digest, and compared in constant time.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hookyard_model::secret::Secret;
use ring::hmac;

/// What turns a key into the digest that is compared. It need not be secret: it only makes the
/// comparison one of digests, whose length and bytes tell nothing about how much of a guess was right.
const DIGEST_KEY: &[u8] = b"hookyard admin key";

/// The admin key's digest.
pub(super) struct AdminKey {
    digest_key: hmac::Key,
    digest: hmac::Tag,
}

impl AdminKey {
    pub(super) fn new(key: &Secret) -> Self {
        let digest_key = hmac::Key::new(hmac::HMAC_SHA256, DIGEST_KEY);
        let digest = hmac::sign(&digest_key, key.expose().as_bytes());
        Self { digest_key, digest }
    }

    /// Whether the value of an `Authorization` header holds the key.
    pub(super) fn admits(&self, credentials: &str) -> bool {
        let Some((scheme, value)) = credentials.split_once(' ') else {
            return false;
        };
        if scheme.eq_ignore_ascii_case("bearer") {
            return self.is(value.trim().as_bytes());
        }
        if scheme.eq_ignore_ascii_case("basic")
            && let Ok(decoded) = STANDARD.decode(value.trim())
            && let Some(colon) = decoded.iter().position(|byte| *byte == b':')
        {
            return self.is(decoded.get(colon + 1..).unwrap_or_default());
        }
        false
    }

    /// An empty guess is never right, also where someone managed to set an empty key.
    fn is(&self, guess: &[u8]) -> bool {
        !guess.is_empty() && hmac::verify(&self.digest_key, guess, self.digest.as_ref()).is_ok()
    }
}

impl std::fmt::Debug for AdminKey {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("AdminKey(…)")
    }
}
