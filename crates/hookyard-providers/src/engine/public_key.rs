//! Signatures made with a private key, and checked with the public one.

use crate::configuration::ConfigError;
use crate::definition::{Digest, Encoding, Signature};
use crate::engine::encoding;
use crate::engine::front::Front;
use crate::engine::key_source::{FetchPlan, Found, OwnKey, choice, own_keys};
use crate::engine::key_text;
use crate::engine::prepare::Site;
use crate::engine::signatures::{SIGNATURES_MAX, TOO_MANY};
use crate::jwt::chosen;
use crate::key_cache::KeyCache;
use crate::public_key::KeyAlgorithm;
use crate::read::Reader;
use crate::verdict::{Refusal, Verdict, Verified};

/// Checks every signature of a request with every key that may have made it.
pub(crate) struct Asymmetric {
    front: Front,
    encoding: Encoding,
    algorithm: KeyAlgorithm,
    keys: Keys,
    /// The hash function whose digest stands for the message.
    hashed: Option<Digest>,
}

enum Keys {
    Own(Vec<OwnKey>),
    Fetched(Box<FetchPlan>),
}

impl Asymmetric {
    pub(crate) fn new(
        signature: &'static Signature,
        algorithm: KeyAlgorithm,
        tolerance_s: Option<u64>,
        site: &Site<'_>,
    ) -> Result<Self, ConfigError> {
        let keys = match &signature.key.fetch {
            Some(fetch) => Keys::Fetched(Box::new(FetchPlan::new(fetch, site)?)),
            None => Keys::Own(own_keys(&signature.key, &[algorithm], site)?),
        };
        if matches!(&keys, Keys::Own(keys) if keys.is_empty()) {
            return Err(ConfigError::NoSecret { provider: site.provider() });
        }
        let front = Front::new(signature, tolerance_s, site)?;
        Ok(Self { front, encoding: signature.encoding, algorithm, keys, hashed: signature.hashed })
    }

    pub(crate) fn verify(&self, reader: Reader<'_>, cache: &KeyCache, now_s: u64) -> Verdict {
        let judged = self.front.judge(
            reader,
            now_s,
            Vec::new,
            |signatures: &mut Vec<Vec<u8>>, text| {
                if signatures.len() == SIGNATURES_MAX {
                    return Err(TOO_MANY);
                }
                signatures.push(encoding::decode(text, self.encoding)?);
                Ok(())
            },
            |signatures, reader, message| {
                let mut message = reader.template(message)?;
                if let Some(hashed) = self.hashed {
                    message = key_text::digest(hashed, &message);
                }
                self.find(signatures, reader, &message, cache, now_s)
            },
        );
        judged.unwrap_or_else(Verdict::Refused)
    }

    fn find(
        &self,
        signatures: &[Vec<u8>],
        reader: &Reader<'_>,
        message: &[u8],
        cache: &KeyCache,
        now_s: u64,
    ) -> Result<Verdict, Refusal> {
        let plan = match &self.keys {
            Keys::Own(keys) => return self.find_own(keys, signatures, message).map(Verdict::Verified),
            Keys::Fetched(plan) => plan,
        };
        let (keys, request) = match plan.look_up(reader, cache, now_s)? {
            Found::Keys(keys, request) => (keys, request),
            Found::Needed(request) => return Ok(Verdict::KeyNeeded(request)),
        };
        let id = plan.key_id(reader)?;
        let mut tried = 0;
        for key in chosen(&keys.keys, choice(id.as_deref()), now_s) {
            tried += 1;
            if signatures.iter().any(|signature| key.key.verifies(self.algorithm, message, signature)) {
                return Ok(Verdict::Verified(Verified { secret: None }));
            }
        }
        let replaced = tried > 0 && id.is_none() && plan.is_fixed() && keys.may_be_replaced(now_s);
        if replaced || tried == 0 && keys.may_be_outdated(now_s) {
            return Ok(Verdict::KeyNeeded(request));
        }
        if tried == 0 {
            return Err(Refusal::KeyRefused { why: "the provider has no such key".to_owned() });
        }
        Err(Refusal::NoSignatureMatches { secrets: tried, signatures: signatures.len() })
    }

    fn find_own(&self, keys: &[OwnKey], signatures: &[Vec<u8>], message: &[u8]) -> Result<Verified, Refusal> {
        let made = |own: &&OwnKey| {
            signatures.iter().any(|signature| own.key.verifies(self.algorithm, message, signature))
        };
        match keys.iter().find(made) {
            Some(own) => Ok(Verified { secret: own.secret }),
            None => Err(Refusal::NoSignatureMatches { secrets: keys.len(), signatures: signatures.len() }),
        }
    }
}
