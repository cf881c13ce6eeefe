//! The keys that a token may be signed with, and the choice among them.

use ring::hmac;

use super::{Token, TokenProblem};
use crate::definition::JwtAlgorithm;
use crate::key_cache::FetchedKey;
use crate::public_key::{KeyAlgorithm, PublicKey};

/// Keys from a source's own secrets.
pub(crate) enum JwtKeys {
    /// A secret's bytes made into the keys of the algorithms that are accepted.
    Shared(Vec<Vec<(JwtAlgorithm, hmac::Key)>>),
    /// Public keys.
    Public(Vec<PublicKey>),
}

/// How fetched keys are chosen among.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyChoice<'a> {
    /// By id. A set whose keys have no ids is tried whole.
    Id(&'a str),
    /// Every key is tried.
    Any,
}

impl JwtKeys {
    /// Keys of these secrets for `algorithms`, which are all of HMAC.
    pub(crate) fn shared(secrets: &[Vec<u8>], algorithms: &[JwtAlgorithm]) -> Self {
        let keys = |secret: &Vec<u8>| {
            algorithms
                .iter()
                .filter_map(|algorithm| {
                    hmac_algorithm(*algorithm).map(|hmac| (*algorithm, hmac::Key::new(hmac, secret)))
                })
                .collect()
        };
        Self::Shared(secrets.iter().map(keys).collect())
    }

    /// Which key, counted from 0, made the token's signature over `signed`.
    ///
    /// # Errors
    /// [`TokenProblem::Signature`].
    pub(crate) fn find(
        &self,
        algorithm: JwtAlgorithm,
        signed: &[u8],
        token: &Token<'_>,
    ) -> Result<usize, TokenProblem> {
        let found = match self {
            Self::Shared(secrets) => {
                let holds = |keys: &Vec<(JwtAlgorithm, hmac::Key)>| {
                    keys.iter().any(|(of, key)| {
                        *of == algorithm && hmac::verify(key, signed, token.signature()).is_ok()
                    })
                };
                // Every secret is tried, so that the time does not tell which one it was.
                secrets
                    .iter()
                    .map(holds)
                    .enumerate()
                    .fold(None, |found, (index, holds)| found.or(holds.then_some(index)))
            }
            Self::Public(keys) => {
                let algorithm = KeyAlgorithm::of_jwt(algorithm).ok_or(TokenProblem::Signature)?;
                keys.iter().position(|key| key.verifies(algorithm, signed, token.signature()))
            }
        };
        found.ok_or(TokenProblem::Signature)
    }
}

const fn hmac_algorithm(algorithm: JwtAlgorithm) -> Option<hmac::Algorithm> {
    match algorithm {
        JwtAlgorithm::HS256 => Some(hmac::HMAC_SHA256),
        JwtAlgorithm::HS384 => Some(hmac::HMAC_SHA384),
        JwtAlgorithm::HS512 => Some(hmac::HMAC_SHA512),
        _ => None,
    }
}

/// Whether a fetched key made the token's signature over `signed`.
///
/// # Errors
/// [`TokenProblem::UnknownKey`] where the choice names none, [`TokenProblem::Signature`].
pub(crate) fn check_fetched(
    keys: &[FetchedKey],
    choice: KeyChoice<'_>,
    algorithm: JwtAlgorithm,
    signed: &[u8],
    token: &Token<'_>,
    now_s: u64,
) -> Result<(), TokenProblem> {
    let key_algorithm = KeyAlgorithm::of_jwt(algorithm).ok_or(TokenProblem::Signature)?;
    let mut tried = false;
    for key in chosen(keys, choice, now_s) {
        tried = true;
        let for_it = key.algorithm.as_deref().is_none_or(|name| name == super::algorithm_name(algorithm));
        if for_it && key.key.verifies(key_algorithm, signed, token.signature()) {
            return Ok(());
        }
    }
    Err(if tried { TokenProblem::Signature } else { TokenProblem::UnknownKey })
}

/// The keys that a choice leaves, without those that have expired.
pub(crate) fn chosen<'a>(
    keys: &'a [FetchedKey],
    choice: KeyChoice<'a>,
    now_s: u64,
) -> impl Iterator<Item = &'a FetchedKey> {
    let no_ids = keys.iter().all(|key| key.id.is_none());
    keys.iter().filter(move |key| {
        let chosen = match choice {
            KeyChoice::Any => true,
            KeyChoice::Id(id) => no_ids || key.id.as_deref() == Some(id),
        };
        chosen && key.valid_until_s.is_none_or(|until_s| now_s < until_s)
    })
}
