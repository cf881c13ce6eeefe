//! Secrets made into HMAC keys once, and the search for the one that made a signature.
//!
//! **Invariant:** how long the search takes depends on how many keys and signatures there are and how
//! long the message is, not on what the keys are or which of them matches.

use ring::hmac;
use subtle::{Choice, ConstantTimeEq as _};

use crate::catalogue::ProviderInfo;
use crate::config::ConfigError;
use crate::request::{Refusal, Verified};
use crate::signatures::Signatures;

/// The most secrets one verifier may hold.
pub const SECRETS_MAX: usize = 16;

/// Checks what holds for the secrets of every provider.
pub(crate) fn check_secrets(info: &'static ProviderInfo, secrets: &[&str]) -> Result<(), ConfigError> {
    let bad = |index, why| Err(ConfigError::BadSecret { provider: info.name, index, why });
    if !info.secrets_required {
        let why = "is of no use, because this provider checks none";
        return if secrets.is_empty() { Ok(()) } else { bad(0, why) };
    }
    if secrets.is_empty() {
        return Err(ConfigError::NoSecret { provider: info.name });
    }
    for (index, secret) in secrets.iter().enumerate() {
        if index >= SECRETS_MAX {
            return bad(index, "is one too many: there can be at most 16");
        }
        if secret.trim().is_empty() {
            return bad(index, "is empty");
        }
        if secret.chars().any(char::is_control) {
            return bad(index, "holds a control character, perhaps the end of a line");
        }
        if secrets.iter().take(index).any(|earlier| earlier == secret) {
            return bad(index, "stands there twice");
        }
    }
    Ok(())
}

/// The HMAC keys of one verifier.
pub(crate) struct Keys {
    algorithm: hmac::Algorithm,
    keys: Vec<hmac::Key>,
}

impl Keys {
    /// Prepares a key of each secret; `decode` makes the key's bytes of the text, or says what is
    /// wrong with it.
    pub(crate) fn new(
        provider: &'static str,
        algorithm: hmac::Algorithm,
        secrets: &[&str],
        decode: impl Fn(&str) -> Result<Vec<u8>, &'static str>,
    ) -> Result<Self, ConfigError> {
        let mut keys = Vec::with_capacity(secrets.len());
        for (index, secret) in secrets.iter().enumerate() {
            match decode(secret) {
                // An empty key would be one that everybody knows.
                Ok(bytes) if bytes.is_empty() => {
                    return Err(ConfigError::BadSecret { provider, index, why: "is empty" });
                }
                Ok(bytes) => keys.push(hmac::Key::new(algorithm, &bytes)),
                Err(why) => return Err(ConfigError::BadSecret { provider, index, why }),
            }
        }
        Ok(Self { algorithm, keys })
    }

    /// An empty list of signatures of the right size.
    pub(crate) fn signatures(&self) -> Signatures {
        Signatures::new(self.algorithm.digest_algorithm().output_len())
    }

    /// Finds the first key that makes one of `signatures` over the message, which `feed` hands over
    /// in pieces.
    pub(crate) fn find(
        &self,
        signatures: &Signatures,
        feed: impl Fn(&mut hmac::Context),
    ) -> Result<Verified, Refusal> {
        let mut secret = None;
        for (index, key) in self.keys.iter().enumerate() {
            let mut context = hmac::Context::with_key(key);
            feed(&mut context);
            let tag = context.sign();
            let mut matches = Choice::from(0);
            for signature in signatures.iter() {
                matches |= signature.ct_eq(tag.as_ref());
            }
            if bool::from(matches) && secret.is_none() {
                secret = Some(index);
            }
        }
        match secret {
            Some(_) => Ok(Verified { secret }),
            None => {
                Err(Refusal::NoSignatureMatches { secrets: self.keys.len(), signatures: signatures.len() })
            }
        }
    }
}
