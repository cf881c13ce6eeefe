//! Keyed hashes of a message that arrives in pieces: HMAC, and plain hash functions with the secret in
//! the message.

use ::hmac::{Hmac, KeyInit as _, Mac as _};
use md5::Md5;
use ring::{digest, hmac};
use sha3::{Digest as _, Keccak256};
use subtle::{Choice, ConstantTimeEq as _};

use crate::definition::Algorithm;
use crate::engine::encoding::{DIGEST_BYTES_MAX, PaddedDigest};

/// One key, ready to make tags.
pub(crate) enum MacKey {
    Ring(hmac::Key),
    /// HMAC over MD5, which ring does not have.
    Md5(Box<Hmac<Md5>>),
    /// A plain hash: the secret is part of the message.
    Hash(Hash),
}

/// Plain hash functions.
#[derive(Clone, Copy)]
pub(crate) enum Hash {
    Ring(&'static digest::Algorithm),
    Md5,
    Keccak256,
}

/// What a key makes of a message.
pub(crate) struct Tag {
    padded: PaddedDigest,
    len: usize,
}

impl Tag {
    fn of(tag: &[u8]) -> Self {
        let mut padded = [0; DIGEST_BYTES_MAX];
        let len = tag.len().min(DIGEST_BYTES_MAX);
        if let Some((place, tag)) = padded.get_mut(..len).zip(tag.get(..len)) {
            place.copy_from_slice(tag);
        }
        Self { padded, len }
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.padded.get(..self.len).unwrap_or_default()
    }

    /// Whether a signature, which has the length of the algorithm's tags, is this one; always in the same time.
    pub(crate) fn is(&self, signature: &PaddedDigest) -> Choice {
        let (words, _) = self.padded.as_chunks();
        let (others, _) = signature.as_chunks();
        let differing = words.iter().zip(others).fold(0, |differing, (word, other)| {
            differing | (u64::from_ne_bytes(*word) ^ u64::from_ne_bytes(*other))
        });
        differing.ct_eq(&0)
    }
}

impl MacKey {
    /// A key of these bytes; none for an algorithm that is no HMAC.
    pub(crate) fn hmac(algorithm: Algorithm, bytes: &[u8]) -> Option<Self> {
        let ring = |algorithm| Some(Self::Ring(hmac::Key::new(algorithm, bytes)));
        match algorithm {
            Algorithm::HmacMd5 => Hmac::new_from_slice(bytes).ok().map(|key| Self::Md5(Box::new(key))),
            Algorithm::HmacSha1 => ring(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY),
            Algorithm::HmacSha256 => ring(hmac::HMAC_SHA256),
            Algorithm::HmacSha384 => ring(hmac::HMAC_SHA384),
            Algorithm::HmacSha512 => ring(hmac::HMAC_SHA512),
            _ => None,
        }
    }

    /// The tag of a message that `feed` hands over in pieces; its error ends it.
    pub(crate) fn tag<E>(&self, feed: impl FnOnce(&mut dyn FnMut(&[u8])) -> Result<(), E>) -> Result<Tag, E> {
        match self {
            Self::Ring(key) => {
                let mut context = hmac::Context::with_key(key);
                feed(&mut |piece| context.update(piece))?;
                Ok(Tag::of(context.sign().as_ref()))
            }
            Self::Md5(key) => {
                let mut context = (**key).clone();
                feed(&mut |piece| context.update(piece))?;
                Ok(Tag::of(&context.finalize().into_bytes()))
            }
            Self::Hash(hash) => hash.tag(feed),
        }
    }
}

impl Hash {
    /// The hash function of an algorithm; none where it is no plain hash.
    pub(crate) fn of(algorithm: Algorithm) -> Option<Self> {
        match algorithm {
            Algorithm::Md5 => Some(Self::Md5),
            Algorithm::Sha1 => Some(Self::Ring(&digest::SHA1_FOR_LEGACY_USE_ONLY)),
            Algorithm::Sha256 => Some(Self::Ring(&digest::SHA256)),
            Algorithm::Sha512 => Some(Self::Ring(&digest::SHA512)),
            Algorithm::Keccak256 => Some(Self::Keccak256),
            _ => None,
        }
    }

    fn tag<E>(self, feed: impl FnOnce(&mut dyn FnMut(&[u8])) -> Result<(), E>) -> Result<Tag, E> {
        match self {
            Self::Ring(algorithm) => {
                let mut context = digest::Context::new(algorithm);
                feed(&mut |piece| context.update(piece))?;
                Ok(Tag::of(context.finish().as_ref()))
            }
            Self::Md5 => {
                let mut context = Md5::new();
                feed(&mut |piece| context.update(piece))?;
                Ok(Tag::of(&context.finalize()))
            }
            Self::Keccak256 => {
                let mut context = Keccak256::new();
                feed(&mut |piece| context.update(piece))?;
                Ok(Tag::of(&context.finalize()))
            }
        }
    }
}

/// How many bytes an algorithm's tags have; none for those that need a public key.
pub(crate) fn tag_bytes(algorithm: Algorithm) -> Option<usize> {
    match algorithm {
        Algorithm::HmacMd5 | Algorithm::Md5 => Some(16),
        Algorithm::HmacSha1 | Algorithm::Sha1 => Some(20),
        Algorithm::HmacSha256 | Algorithm::Sha256 | Algorithm::Keccak256 => Some(32),
        Algorithm::HmacSha384 => Some(48),
        Algorithm::HmacSha512 | Algorithm::Sha512 => Some(64),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::filter::hex;

    fn tag_of(key: &MacKey, pieces: &[&str]) -> String {
        let tag = key.tag(|take| {
            for piece in pieces {
                take(piece.as_bytes());
            }
            Ok::<_, ()>(())
        });
        hex(tag.unwrap().as_bytes())
    }

    #[test]
    fn every_changed_bit_is_noticed() {
        for len in [16, 20, 32, 48, 64] {
            let bytes: Vec<u8> = (0..len).map(|byte| byte ^ 0x5a).collect();
            let tag = Tag::of(&bytes);
            assert_eq!(tag.as_bytes(), bytes);
            let mut signature = [0; DIGEST_BYTES_MAX];
            signature[..bytes.len()].copy_from_slice(&bytes);
            assert!(bool::from(tag.is(&signature)));
            for bit in 0..DIGEST_BYTES_MAX * 8 {
                let mut changed = signature;
                changed[bit / 8] ^= 1 << (bit % 8);
                assert!(!bool::from(tag.is(&changed)), "{len} {bit}");
            }
        }
    }

    #[test]
    fn published_vectors_of_every_algorithm() {
        let pieces = ["what do ya ", "", "want for nothing?"];
        // RFC 2202 and RFC 4231, test case 2.
        for (algorithm, expected) in [
            (Algorithm::HmacMd5, "750c783e6ab0b503eaa86e310a5db738"),
            (Algorithm::HmacSha1, "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"),
            (Algorithm::HmacSha256, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
            (
                Algorithm::HmacSha384,
                "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c78b3239ecfab21649",
            ),
            (
                Algorithm::HmacSha512,
                "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554\
                 9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737",
            ),
        ] {
            let key = MacKey::hmac(algorithm, b"Jefe").unwrap();
            assert_eq!(tag_of(&key, &pieces), expected, "{algorithm:?}");
            assert_eq!(tag_bytes(algorithm), Some(expected.len() / 2), "{algorithm:?}");
        }
        for (algorithm, expected) in [
            (Algorithm::Md5, "900150983cd24fb0d6963f7d28e17f72"),
            (Algorithm::Sha1, "a9993e364706816aba3e25717850c26c9cd0d89d"),
            (Algorithm::Sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            (Algorithm::Keccak256, "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45"),
        ] {
            let key = MacKey::Hash(Hash::of(algorithm).unwrap());
            assert_eq!(tag_of(&key, &["a", "bc"]), expected, "{algorithm:?}");
            assert_eq!(tag_bytes(algorithm), Some(expected.len() / 2), "{algorithm:?}");
        }
    }
}
