//! Encryption of single values at rest: XChaCha20-Poly1305 with a random nonce.
//!
//! **Invariant:** a sealed value is bound to its table, column and row, so that one copied to another
//! place is refused there.
//!
//! Layout of a sealed value: one byte of version (1), 24 bytes of nonce, ciphertext and tag.

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use hookyard_model::secret::Secret;

use super::key::SecretKey;

const VERSION: u8 = 1;
const NONCE_BYTES: usize = 24;
const TOKEN_BYTES: usize = 20;
const TOKEN_ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// Where a sealed value stands; it opens nowhere else.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) table: &'static str,
    pub(crate) column: &'static str,
    pub(crate) row: u64,
}

/// A value cannot be sealed or opened.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SealError {
    /// The operating system gives no random bytes.
    #[error("the operating system gives no random bytes: {0}")]
    NoRandomness(getrandom::Error),
    /// The value is too long for the cipher.
    #[error("the secret is too long")]
    TooLong,
    /// It was sealed by a newer version.
    #[error("it is encrypted in form {0}, which this version does not know")]
    UnknownVersion(u8),
    /// The key is another, the value stood elsewhere, or it was altered.
    #[error("it cannot be decrypted: the key is another one, or the value was altered or moved")]
    Refused,
}

/// Encrypts `plain` for `place`.
pub(crate) fn seal(key: &SecretKey, place: Place, plain: &[u8]) -> Result<Vec<u8>, SealError> {
    let mut nonce = [0_u8; NONCE_BYTES];
    getrandom::fill(&mut nonce).map_err(SealError::NoRandomness)?;
    let context = context(place);
    let sealed = XChaCha20Poly1305::new(key.bytes().into())
        .encrypt(XNonce::from_slice(&nonce), Payload { msg: plain, aad: &context })
        .map_err(|_| SealError::TooLong)?;
    Ok([&[VERSION], nonce.as_slice(), &sealed].concat())
}

/// Decrypts what [`seal`] made for the same `place`.
pub(crate) fn unseal(key: &SecretKey, place: Place, sealed: &[u8]) -> Result<Vec<u8>, SealError> {
    let (version, rest) = sealed.split_first().ok_or(SealError::Refused)?;
    if *version != VERSION {
        return Err(SealError::UnknownVersion(*version));
    }
    let (nonce, ciphertext) = rest.split_at_checked(NONCE_BYTES).ok_or(SealError::Refused)?;
    let context = context(place);
    XChaCha20Poly1305::new(key.bytes().into())
        .decrypt(XNonce::from_slice(nonce), Payload { msg: ciphertext, aad: &context })
        .map_err(|_| SealError::Refused)
}

/// Encrypts a list of secrets for `place`.
pub(super) fn seal_secrets(key: &SecretKey, place: Place, secrets: &[Secret]) -> Result<Vec<u8>, SealError> {
    let exposed: Vec<&str> = secrets.iter().map(Secret::expose).collect();
    let plain = serde_json::to_vec(&exposed).map_err(|_| SealError::TooLong)?;
    seal(key, place, &plain)
}

/// Decrypts what [`seal_secrets`] made for the same `place`.
pub(super) fn unseal_secrets(key: &SecretKey, place: Place, sealed: &[u8]) -> Result<Vec<Secret>, SealError> {
    let plain = unseal(key, place, sealed)?;
    let exposed: Vec<String> = serde_json::from_slice(&plain).map_err(|_| SealError::Refused)?;
    Ok(exposed.into_iter().map(Secret::new).collect())
}

/// A new source token: 160 random bits in lower-case base 32.
pub(super) fn new_token() -> Result<String, SealError> {
    let mut random = [0_u8; TOKEN_BYTES];
    getrandom::fill(&mut random).map_err(SealError::NoRandomness)?;
    let mut token = String::with_capacity(TOKEN_BYTES * 8 / 5);
    for five in random.chunks_exact(5) {
        let bits = five.iter().fold(0_u64, |bits, byte| (bits << 8) | u64::from(*byte));
        for place in (0..8).rev() {
            let digit = usize::try_from((bits >> (place * 5)) & 31).unwrap_or_default();
            token.push(TOKEN_ALPHABET.get(digit).copied().map_or('0', char::from));
        }
    }
    Ok(token)
}

fn context(place: Place) -> Vec<u8> {
    format!("hookyard catalog\0{}\0{}\0{:016x}", place.table, place.column, place.row).into_bytes()
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    const HERE: Place = Place { table: "sources", column: "secrets", row: 7 };

    fn key(byte: u8) -> SecretKey {
        SecretKey::from_base64(&STANDARD.encode([byte; 32])).unwrap()
    }

    #[test]
    fn a_value_opens_only_where_it_was_sealed_and_with_its_key() {
        let sealed = seal(&key(1), HERE, b"whsec_x").unwrap();
        assert_eq!(unseal(&key(1), HERE, &sealed).unwrap(), b"whsec_x");
        assert_eq!(unseal(&key(2), HERE, &sealed), Err(SealError::Refused));
        for elsewhere in [
            Place { table: "destinations", ..HERE },
            Place { column: "signing_secrets", ..HERE },
            Place { row: 8, ..HERE },
        ] {
            assert_eq!(unseal(&key(1), elsewhere, &sealed), Err(SealError::Refused));
        }
    }

    #[test]
    fn every_altered_or_missing_byte_is_noticed() {
        let sealed = seal(&key(1), HERE, b"secret").unwrap();
        for place in 0..sealed.len() {
            let mut altered = sealed.clone();
            altered[place] ^= 1;
            assert!(unseal(&key(1), HERE, &altered).is_err(), "byte {place}");
            assert!(unseal(&key(1), HERE, &sealed[..place]).is_err(), "cut at {place}");
        }
    }

    #[test]
    fn sealing_twice_gives_different_bytes() {
        assert_ne!(seal(&key(1), HERE, b"x").unwrap(), seal(&key(1), HERE, b"x").unwrap());
    }

    #[test]
    fn a_sealed_value_of_the_first_version_opens_for_ever() {
        let sealed = STANDARD.decode(include_str!("fixtures/sealed_v1.base64").trim()).unwrap();
        assert_eq!(unseal_secrets(&key(9), HERE, &sealed).unwrap(), [Secret::new("whsec_fixture")]);
    }

    #[test]
    fn new_tokens_have_their_form() {
        let token = new_token().unwrap();
        assert_eq!(token.len(), 32);
        assert!(token.bytes().all(|byte| TOKEN_ALPHABET.contains(&byte)));
        assert_ne!(token, new_token().unwrap());
    }
}
