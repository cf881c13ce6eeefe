//! Signatures made with a secret that both sides have: HMAC, and hash functions over a message that
//! holds the secret.
//!
//! **Invariant:** how long the search takes depends on how many keys and signatures there are and how
//! long the message is, not on what the keys are or which of them matches.

use subtle::Choice;

use crate::configuration::ConfigError;
use crate::definition::{Digest, Encoding, Signature};
use crate::engine::front::Front;
use crate::engine::key_text;
use crate::engine::mac::{Hash, MacKey, Tag, tag_bytes};
use crate::engine::prepare::Site;
use crate::engine::signatures::Signatures;
use crate::read::{Reader, Unreadable};
use crate::template::Template;
use crate::verdict::{Refusal, Verified};

/// Compares every signature of a request with what every key makes of its message.
pub(crate) struct Symmetric {
    front: Front,
    encoding: Encoding,
    tag_bytes: usize,
    keys: Vec<Key>,
    /// Whether the message is read once for all keys instead of once for each.
    message_first: bool,
    /// The hash function whose digest stands for the message.
    hashed: Option<Digest>,
}

struct Key {
    mac: MacKey,
    /// Which secret it is, counted from 0.
    secret: Option<usize>,
    /// The secret's text, where it is part of the message.
    text: Option<String>,
}

impl Symmetric {
    pub(crate) fn new(
        signature: &Signature,
        tolerance_s: Option<u64>,
        site: &Site<'_>,
    ) -> Result<Self, ConfigError> {
        Self::with_front(Front::new(signature, tolerance_s, site)?, signature, site)
    }

    /// The same where the request's parts are already known.
    pub(crate) fn with_front(
        front: Front,
        signature: &Signature,
        site: &Site<'_>,
    ) -> Result<Self, ConfigError> {
        let unknown = || site.bad_description("its algorithm is no keyed hash");
        if signature.hashed.is_some() && Hash::of(signature.algorithm).is_some() {
            return Err(site.bad_description("`hashed` is not for plain hashes"));
        }
        let keys: Vec<Key> = match Hash::of(signature.algorithm) {
            Some(hash) => hashed_keys(hash, signature, site)?,
            None => key_text::keys(&signature.key, site)?
                .into_iter()
                .map(|key| {
                    let mac = MacKey::hmac(signature.algorithm, &key.bytes).ok_or_else(unknown)?;
                    Ok(Key { mac, secret: key.secret, text: None })
                })
                .collect::<Result<_, ConfigError>>()?,
        };
        if keys.is_empty() {
            return Err(ConfigError::NoSecret { provider: site.provider() });
        }
        Ok(Self {
            message_first: keys.iter().all(|key| key.text.is_none())
                && (signature.hashed.is_some() || (keys.len() > 1 && !front.is_message_plain())),
            front,
            hashed: signature.hashed,
            encoding: signature.encoding,
            tag_bytes: tag_bytes(signature.algorithm).ok_or_else(unknown)?,
            keys,
        })
    }

    pub(crate) fn verify(&self, reader: Reader<'_>, now_s: u64) -> Result<Verified, Refusal> {
        self.front.judge(
            reader,
            now_s,
            || Signatures::new(self.tag_bytes),
            |signatures, text| signatures.push(text, self.encoding),
            |signatures, reader, message| self.find(signatures, reader, message),
        )
    }

    /// Finds the first key that makes one of the signatures.
    fn find(
        &self,
        signatures: &Signatures,
        reader: &Reader<'_>,
        message: &Template,
    ) -> Result<Verified, Refusal> {
        let mut whole = if self.message_first { Some(reader.template(message)?) } else { None };
        if let Some(hashed) = self.hashed {
            whole = whole.map(|whole| key_text::digest(hashed, &whole));
        }
        let mut found = None;
        for key in &self.keys {
            let tag = match &whole {
                Some(whole) => key.mac.tag(|take| {
                    take(whole);
                    Ok(())
                }),
                None => key.tag(reader, message),
            }?;
            let mut matches = Choice::from(0);
            for signature in signatures.iter() {
                matches |= tag.is(signature);
            }
            if bool::from(matches) && found.is_none() {
                found = Some(Verified { secret: key.secret });
            }
        }
        let none = || Refusal::NoSignatureMatches { secrets: self.keys.len(), signatures: signatures.len() };
        found.ok_or_else(none)
    }
}

impl Key {
    fn tag<'v>(&self, reader: &Reader<'_>, message: &'v Template) -> Result<Tag, Unreadable<'v>> {
        self.mac.tag(|mut take| match &self.text {
            Some(text) => reader.with_secret(text).feed(message, &mut take),
            None => reader.feed(message, &mut take),
        })
    }
}

/// One key for each secret, whose text the message holds.
fn hashed_keys(hash: Hash, signature: &Signature, site: &Site<'_>) -> Result<Vec<Key>, ConfigError> {
    let texts = key_text::texts(&signature.key.text, site)?;
    texts
        .into_iter()
        .map(|(secret, bytes)| {
            let text = String::from_utf8(bytes)
                .map_err(|_| site.bad_description("its secret is not text as the message needs it"))?;
            Ok(Key { mac: MacKey::Hash(hash), secret, text: Some(text) })
        })
        .collect()
}
