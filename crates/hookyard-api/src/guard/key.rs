//! The admin key: kept only as a digest, and compared in constant time.

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

    /// An empty guess is never right, also where someone managed to set an empty key.
    pub(super) fn is(&self, guess: &str) -> bool {
        !guess.is_empty() && hmac::verify(&self.digest_key, guess.as_bytes(), self.digest.as_ref()).is_ok()
    }
}

impl std::fmt::Debug for AdminKey {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("AdminKey(…)")
    }
}
