//! The secrets that deliveries are signed with: what they look like, how they are made, and how one takes the
//! place of another without a delivery that the receiver cannot verify.
//!
//! **Invariant:** a secret that was rotated out signs until its end, however often the process starts again, and
//! is gone from the database soon after.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hookyard_model::clock::Timestamp;
use hookyard_model::destination::{Destination, OVERLAP_MAX, PublicKey, SigningSecret};
use hookyard_model::id::{DestinationId, ProjectId};
use hookyard_model::secret::Secret;
use ring::signature::{Ed25519KeyPair, KeyPair as _};

use super::Catalog;
use super::check::{Noun, Problem, SECRETS_MAX};
use super::open::LoadError;
use super::seal::SealError;
use super::write::WriteError;

/// Of a secret that is made here.
const HMAC_KEY_BYTES: usize = 32;
/// What Standard Webhooks asks of an HMAC key.
const HMAC_KEY_BYTES_KNOWN: std::ops::RangeInclusive<usize> = 24..=64;
/// Half of an Ed25519 key as some write it; the other half is the public key.
const SEED_BYTES: usize = 32;

/// What a signing secret is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SigningAlgorithm {
    /// HMAC-SHA256: who verifies could sign too.
    #[default]
    Hmac,
    /// Ed25519: who verifies has the public key only.
    Ed25519,
}

impl SigningAlgorithm {
    /// A new secret of this kind.
    ///
    /// # Errors
    /// Where the operating system gives no random bytes.
    pub fn new_secret(self) -> Result<Secret, getrandom::Error> {
        let mut random = [0_u8; HMAC_KEY_BYTES];
        getrandom::fill(&mut random)?;
        let prefix = match self {
            Self::Hmac => "whsec_",
            Self::Ed25519 => "whsk_",
        };
        Ok(Secret::new(format!("{prefix}{}", STANDARD.encode(random))))
    }
}

/// Secrets that a Standard Webhooks library can verify with.
pub(super) fn problem(secrets: &[Secret]) -> Option<Problem> {
    let reason = if secrets.len() > SECRETS_MAX {
        format!("keep at most {SECRETS_MAX} secrets at a time")
    } else if secrets.iter().all(|secret| read(secret).is_some()) {
        return None;
    } else {
        "each must be `whsec_` and the base64 of 24 to 64 random bytes, or `whsk_` and that of an Ed25519 key; leave \
         them out to have one made"
            .to_owned()
    };
    Some(Problem { setting: "signing_secrets", reason })
}

/// A secret that signs for as long as it is there. One that is no signing secret has no public key.
pub(super) fn lasting(secret: Secret) -> SigningSecret {
    SigningSecret { public_key: read(&secret).flatten(), secret, ends_at: None }
}

/// None where it is no signing secret; of one, its public key where it has one.
fn read(secret: &Secret) -> Option<Option<PublicKey>> {
    if let Some(text) = secret.expose().strip_prefix("whsec_") {
        let key = STANDARD.decode(text).ok()?;
        return HMAC_KEY_BYTES_KNOWN.contains(&key.len()).then_some(None);
    }
    let key = STANDARD.decode(secret.expose().strip_prefix("whsk_")?).ok()?;
    let (seed, public) = key.split_at_checked(SEED_BYTES)?;
    let pair = Ed25519KeyPair::from_seed_unchecked(seed).ok()?;
    let belongs = public.is_empty() || public == pair.public_key().as_ref();
    let public_key = pair.public_key().as_ref().try_into().ok().map(PublicKey)?;
    belongs.then_some(Some(public_key))
}

/// The stored form of when they end.
pub(super) fn encode_ends(secrets: &[SigningSecret]) -> Result<String, WriteError> {
    let ends: Vec<Option<u64>> = secrets.iter().map(|it| it.ends_at.map(Timestamp::us)).collect();
    serde_json::to_string(&ends).map_err(|error| WriteError::Storage(error.to_string()))
}

/// Secrets and what [`encode_ends`] made of their ends.
pub(super) fn decode(secrets: Vec<Secret>, ends: &str) -> Result<Vec<SigningSecret>, LoadError> {
    let ends: Vec<Option<u64>> = serde_json::from_str(ends)
        .map_err(|error| LoadError::Damaged(format!("the ends of signing secrets: {error}")))?;
    let ends = ends.into_iter().chain(std::iter::repeat(None));
    let with_end = |(secret, end): (Secret, Option<u64>)| SigningSecret {
        ends_at: end.map(Timestamp::from_us),
        ..lasting(secret)
    };
    Ok(secrets.into_iter().zip(ends).map(with_end).collect())
}

impl Catalog {
    /// Has `new` sign from now on, and the secrets that signed until now for `overlap` more; those that had an
    /// end keep it. Durable and in the snapshot when this returns.
    ///
    /// # Errors
    /// [`WriteError`] where there is no such destination, it comes from the configuration file, the secret or
    /// overlap cannot be used, too many would sign, or it cannot be stored.
    pub async fn rotate_signing_secret(
        &self,
        project: ProjectId,
        id: DestinationId,
        new: Secret,
        overlap: Duration,
    ) -> Result<Arc<Destination>, WriteError> {
        self.write(move |draft| {
            let old = draft.api_destination(project, id)?;
            WriteError::refuse(
                Noun::Destination,
                &old.name,
                problem(std::slice::from_ref(&new)).into_iter().collect(),
            )?;
            let end = draft.now.plus(overlap);
            let mut signing_secrets = vec![lasting(new)];
            for old in &old.signing_secrets {
                let retiring = SigningSecret { ends_at: old.ends_at.or(Some(end)), ..old.clone() };
                if retiring.signs_at(draft.now) && signing_secrets.iter().all(|it| it.secret != old.secret) {
                    signing_secrets.push(retiring);
                }
            }
            WriteError::refuse(Noun::Destination, &old.name, bounds(overlap, signing_secrets.len()))?;
            draft.put_destination(Destination {
                signing_secrets,
                updated_at: draft.now,
                ..Destination::clone(&old)
            })
        })
        .await
    }

    /// Drops the signing secrets whose end has come, from the database too; says how many there were.
    ///
    /// # Errors
    /// [`WriteError::Storage`] where the database refuses; nothing signs with them all the same.
    pub async fn drop_ended_signing_secrets(&self) -> Result<usize, WriteError> {
        let now = self.shared.clock.now();
        if !self.snapshot().destinations.values().any(|it| has_ended(it, now)) {
            return Ok(0);
        }
        self.write(move |draft| {
            let with_ended: Vec<_> =
                draft.next.destinations.values().filter(|it| has_ended(it, now)).cloned().collect();
            let mut dropped = 0;
            for old in with_ended {
                let mut destination = Destination::clone(&old);
                destination.signing_secrets.retain(|it| it.signs_at(now));
                dropped += old.signing_secrets.len() - destination.signing_secrets.len();
                draft.put_destination(destination)?;
            }
            Ok(dropped)
        })
        .await
    }
}

fn has_ended(destination: &Destination, now: Timestamp) -> bool {
    destination.signing_secrets.iter().any(|it| !it.signs_at(now))
}

fn bounds(overlap: Duration, secrets: usize) -> Vec<Problem> {
    let mut problems = Vec::new();
    if overlap > OVERLAP_MAX {
        let reason = format!("it must be at most {} days", OVERLAP_MAX.as_secs() / 86_400);
        problems.push(Problem { setting: "overlap_ms", reason });
    }
    if secrets > SECRETS_MAX {
        let reason = format!(
            "{SECRETS_MAX} secrets sign already: wait until one ends, or rotate with an overlap of 0"
        );
        problems.push(Problem { setting: "signing_secrets", reason });
    }
    problems
}

impl From<getrandom::Error> for WriteError {
    fn from(error: getrandom::Error) -> Self {
        SealError::NoRandomness(error).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_refused(text: String) -> bool {
        problem(&[Secret::new(text)]).is_some()
    }

    #[test]
    fn signing_secrets_are_standard_webhooks_secrets() {
        for bytes in [24, 32, 64] {
            assert!(!is_refused(format!("whsec_{}", STANDARD.encode(vec![1; bytes]))));
        }
        for bytes in [0, 23, 65] {
            assert!(is_refused(format!("whsec_{}", STANDARD.encode(vec![1; bytes]))));
        }
        assert!(is_refused(STANDARD.encode([1; 32])));
        assert!(is_refused("whsec_not base64".to_owned()));
        assert!(problem(&vec![Secret::new(format!("whsec_{}", STANDARD.encode([1; 32]))); 17]).is_some());
    }

    /// The first test vector of RFC 8032, section 7.1.
    #[test]
    fn an_ed25519_secret_is_a_seed_with_or_without_its_public_key() {
        let bytes = |hex: &str| -> Vec<u8> {
            (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
        };
        let seed = bytes("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60");
        let public = bytes("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
        let text = |key: &[u8]| format!("whsk_{}", STANDARD.encode(key));
        for key in [seed.clone(), [seed.clone(), public.clone()].concat()] {
            let read = lasting(Secret::new(text(&key))).public_key.unwrap();
            assert_eq!(read.0.to_vec(), public);
            assert!(!is_refused(text(&key)));
        }
        let foreign = [seed.clone(), seed.clone()].concat();
        for key in [&seed[..31], &foreign, &[]] {
            assert!(is_refused(text(key)));
        }
    }

    #[test]
    fn new_secrets_are_what_they_should_be() {
        for (algorithm, has_public_key) in
            [(SigningAlgorithm::Hmac, false), (SigningAlgorithm::Ed25519, true)]
        {
            let (one, other) = (algorithm.new_secret().unwrap(), algorithm.new_secret().unwrap());
            assert_ne!(one, other);
            assert_eq!(problem(&[one.clone(), other]), None);
            assert_eq!(lasting(one).public_key.is_some(), has_public_key);
        }
    }
}
