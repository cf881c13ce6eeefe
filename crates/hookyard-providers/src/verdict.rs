//! The ways a judgement ends, and what is told to the source's owner about a refusal.
//!
//! **Invariant:** no refusal holds a secret, a signature that would have matched, or more of the request
//! than the name of a place in it.

use std::borrow::Cow;
use std::fmt;

use crate::key_cache::KeyRequest;
use crate::template::{Name, Place};

/// What became of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It comes from the provider.
    Verified(Verified),
    /// It does not, or does not prove it.
    Refused(Refusal),
    /// It can only be judged with a key that is not in the cache: fetch it, put it there, judge again.
    KeyNeeded(Box<KeyRequest>),
}

/// A request whose origin holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verified {
    /// Which of the verifier's secrets made a signature that matched, counted from 0; none where the
    /// proof needs no secret of the source.
    pub secret: Option<usize>,
}

/// Why a request is refused. The messages are for the source's owner, not for the sender.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Something that the proof needs is not there.
    #[error("{place} is missing")]
    ValueMissing {
        /// Where it should be.
        place: Place,
    },
    /// Something occurs more than once, so it is unclear which one counts.
    #[error("{place} occurs more than once")]
    ValueDoubled {
        /// Where it stands.
        place: Place,
    },
    /// Something does not have the form that the provider gives it.
    #[error("{place} is malformed: {why}")]
    ValueMalformed {
        /// Where it stands.
        place: Place,
        /// What is wrong with it: a clause.
        why: Cow<'static, str>,
    },
    /// Only an older signature is there, which proves too little.
    #[error("only the outdated {} is there; {needed} is needed", without_article(place))]
    SignatureOutdated {
        /// Where the old signature stands.
        place: Place,
        /// Where the one that counts should be.
        needed: Place,
    },
    /// The request was signed too long ago: delayed, replayed, or a clock is wrong.
    #[error("the request was signed {age_s} s ago, which is more than the {tolerance_s} s allowed")]
    TimestampTooOld {
        /// How long ago it was signed, in seconds.
        age_s: u64,
        /// The most that is allowed, in seconds.
        tolerance_s: u64,
    },
    /// The request's timestamp lies too far ahead: a clock is wrong, or it is in another unit.
    #[error("the timestamp is {ahead_s} s in the future, which is more than the {tolerance_s} s allowed")]
    TimestampInFuture {
        /// How far it lies ahead, in seconds.
        ahead_s: u64,
        /// The most that is allowed, in seconds.
        tolerance_s: u64,
    },
    /// Everything is in its place, but no secret or key makes any of the signatures: another secret, or
    /// the request was changed on its way.
    #[error(
        "no signature matches ({signatures} tried with {secrets}): \
         the secret is another one, or the request was changed on its way",
        signatures = counted(*.signatures, "signature"),
        secrets = counted(*.secrets, "secret")
    )]
    NoSignatureMatches {
        /// How many secrets or keys were tried.
        secrets: usize,
        /// How many signatures the request carries.
        signatures: usize,
    },
    /// What stands in the request is not the password or token that the source expects.
    #[error("{place} is not what the source expects")]
    CredentialWrong {
        /// Where it stands.
        place: Place,
    },
    /// The token is not one that counts.
    #[error("the token is refused: {why}")]
    TokenRefused {
        /// What is wrong with it.
        why: String,
    },
    /// The key that made the signature cannot be had.
    #[error("the key cannot be used: {why}")]
    KeyRefused {
        /// What is wrong with it.
        why: String,
    },
    /// The source has no secret yet: a handshake brings it.
    #[error("the source has no secret yet; the provider's handshake brings it")]
    NoSecretYet,
}

fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

fn without_article(place: &Place) -> String {
    let text = place.to_string();
    text.strip_prefix("the ").map(ToOwned::to_owned).unwrap_or(text)
}

/// For people: the words that stand for a place in a sentence.
impl fmt::Display for Place {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Body => out.write_str("the body"),
            Self::Method => out.write_str("the method"),
            Self::Url | Self::BaseUrl | Self::Host => out.write_str("the source's public URL"),
            Self::UrlTarget | Self::Target => out.write_str("the request target"),
            Self::Path => out.write_str("the path"),
            Self::QueryString | Self::QuerySorted => out.write_str("the query"),
            Self::Secret => out.write_str("the secret"),
            Self::Timestamp => out.write_str("the timestamp"),
            Self::Header(Name::Fixed(name)) => write!(out, "the header `{name}`"),
            Self::Header(Name::Setting(name)) => write!(out, "the header that `{name}` names"),
            Self::Query(name) => write!(out, "the query parameter `{name}`"),
            Self::Form(name) => write!(out, "the form field `{name}`"),
            Self::Multipart(name) => write!(out, "the part `{name}` of the form"),
            Self::FormSorted => out.write_str("the form"),
            Self::Json(pointer) | Self::JsonRaw(pointer) if pointer.is_empty() => {
                out.write_str("the JSON body")
            }
            Self::Json(pointer) | Self::JsonRaw(pointer) => write!(out, "the JSON value `{pointer}`"),
            Self::Signature(key) => write!(out, "the element `{key}` beside the signature"),
            Self::Token(pointer) => write!(out, "the token's claim `{pointer}`"),
            Self::TokenHeader(pointer) => write!(out, "the token's header field `{pointer}`"),
            Self::Setting(name) => write!(out, "the setting `{name}`"),
            Self::Text => out.write_str("the text to answer with"),
            Self::Adapter(name) => write!(out, "what is signed (`{name}`)"),
            Self::RequestId => out.write_str("the request's id"),
        }
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderName;

    use super::*;

    #[test]
    fn a_refusal_reads_as_a_sentence() {
        let header = |name| Place::Header(Name::Fixed(HeaderName::from_static(name)));
        for (refusal, sentence) in [
            (
                Refusal::NoSignatureMatches { secrets: 2, signatures: 1 },
                "no signature matches (1 signature tried with 2 secrets): \
                 the secret is another one, or the request was changed on its way",
            ),
            (
                Refusal::TimestampTooOld { age_s: 840, tolerance_s: 300 },
                "the request was signed 840 s ago, which is more than the 300 s allowed",
            ),
            (Refusal::ValueMissing { place: header("x-a") }, "the header `x-a` is missing"),
            (
                Refusal::SignatureOutdated { place: header("x-a"), needed: header("x-b") },
                "only the outdated header `x-a` is there; the header `x-b` is needed",
            ),
        ] {
            assert_eq!(refusal.to_string(), sentence);
        }
    }
}
