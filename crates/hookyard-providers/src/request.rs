//! What is judged, and the two ways a judgement ends.

use http::{HeaderMap, HeaderName};

/// A request as it arrived, borrowed.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The method as sent, for example `POST`.
    pub method: &'a str,
    /// The request target as sent: path and query.
    pub target: &'a str,
    /// All headers.
    pub headers: &'a HeaderMap,
    /// The body as sent, before any parsing; after removal of the transfer coding, but not of a
    /// content coding.
    pub body: &'a [u8],
}

/// A request whose origin holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verified {
    /// Which of the verifier's secrets made a signature that matched, counted from 0; none for the
    /// provider `none`.
    pub secret: Option<usize>,
}

/// Why a request is refused. The messages are for the source's owner, not for the sender.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// A header that the signature needs is not there.
    #[error("the header `{header}` is missing")]
    HeaderMissing {
        /// The header.
        header: HeaderName,
    },
    /// Only the header of an older signature is there, which proves too little.
    #[error("only the outdated header `{header}` is there; `{needed}` is needed")]
    HeaderOutdated {
        /// The header that is there.
        header: HeaderName,
        /// The header that should be.
        needed: HeaderName,
    },
    /// A header stands there more than once, so it is unclear which one counts.
    #[error("the header `{header}` occurs more than once")]
    HeaderDoubled {
        /// The header.
        header: HeaderName,
    },
    /// A header does not have the form that the provider gives it.
    #[error("the header `{header}` is malformed: {why}")]
    HeaderMalformed {
        /// The header.
        header: HeaderName,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The request was signed too long ago: delayed, replayed, or a clock is wrong.
    #[error("the request was signed {age_s} s ago, which is more than the {tolerance_s} s allowed")]
    TimestampTooOld {
        /// How long ago it was signed, in seconds.
        age_s: u64,
        /// The most that is allowed, in seconds.
        tolerance_s: u64,
    },
    /// The request's timestamp lies too far ahead: a clock is wrong, or it is not in seconds.
    #[error("the timestamp is {ahead_s} s in the future, which is more than the {tolerance_s} s allowed")]
    TimestampInFuture {
        /// How far it lies ahead, in seconds.
        ahead_s: u64,
        /// The most that is allowed, in seconds.
        tolerance_s: u64,
    },
    /// Everything is in its place, but no secret makes any of the signatures: another secret, or the
    /// request was changed on its way.
    #[error(
        "no signature matches ({signatures} tried with {secrets}): \
         the secret is another one, or the request was changed on its way",
        signatures = counted(*.signatures, "signature"),
        secrets = counted(*.secrets, "secret")
    )]
    NoSignatureMatches {
        /// How many secrets were tried.
        secrets: usize,
        /// How many signatures the request carries.
        signatures: usize,
    },
}

fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_reads_as_a_sentence() {
        assert_eq!(
            Refusal::NoSignatureMatches { secrets: 2, signatures: 1 }.to_string(),
            "no signature matches (1 signature tried with 2 secrets): \
             the secret is another one, or the request was changed on its way"
        );
        assert_eq!(
            Refusal::TimestampTooOld { age_s: 840, tolerance_s: 300 }.to_string(),
            "the request was signed 840 s ago, which is more than the 300 s allowed"
        );
    }
}
