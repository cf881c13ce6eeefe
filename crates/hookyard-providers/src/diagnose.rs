//! Why a request was refused: the check that failed and its likely reason, found by judging the request
//! again under one assumption at a time. "If the sender's secret were the one you took away, the signature
//! would match" is a reason; so is "if the body were indented".
//!
//! For the source's owner, off the hot path, and never for the sender. Nothing here accepts anything.
//!
//! **Invariants:** the work is bounded, by few assumptions where the body is longer than
//! [`GUESSED_BYTES_MAX`]; no sentence holds a secret.

mod body;
mod key;
mod url;

use std::collections::BTreeMap;

use crate::configuration::Configuration;
use crate::key_cache::KeyCache;
use crate::request::Request;
use crate::settings::SCHEME;
use crate::template::Place;
use crate::verdict::{Refusal, Verdict};
use crate::verifier::Verifier;

/// Longest body, in bytes, with which every assumption is tried.
pub const GUESSED_BYTES_MAX: usize = 256 << 10;

/// A request that was refused, and what else is known.
#[derive(Clone, Copy, Debug)]
pub struct Evidence<'a> {
    /// The request.
    pub request: Request<'a>,
    /// Whether its body is all there; of a long one perhaps only the beginning was kept. Nothing is then
    /// said that the rest could change.
    pub is_whole: bool,
    /// When it arrived, in seconds since the Unix epoch.
    pub arrived_s: u64,
    /// Secrets that the source had, newest first.
    pub retired: &'a [RetiredSecret<'a>],
}

/// A secret that the source no longer has.
#[derive(Clone, Copy)]
pub struct RetiredSecret<'a> {
    /// The secret.
    pub secret: &'a str,
    /// When it was taken away, in words that follow "was taken away".
    pub when: &'a str,
}

impl std::fmt::Debug for RetiredSecret<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("RetiredSecret").field("when", &self.when).finish_non_exhaustive()
    }
}

/// What is wrong with a request, as far as can be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnosis {
    /// The check that failed: `signature`, `timestamp`, `credential`, `token`, `key`, `secret` or
    /// `presence`.
    pub check: &'static str,
    /// What was found, in a sentence.
    pub reason: String,
    /// What to do about it.
    pub suggestion: String,
}

/// Diagnoses a request that was refused; none where there is nothing to add, or the configuration cannot be
/// used.
pub fn diagnose(
    configuration: &Configuration<'_>,
    evidence: &Evidence<'_>,
    keys: &KeyCache,
) -> Option<Diagnosis> {
    let verifier = Verifier::new(configuration).ok()?;
    let refusal = match verifier.verify(&evidence.request, keys, evidence.arrived_s) {
        Verdict::Refused(refusal) => refusal,
        Verdict::KeyNeeded(_) => return None,
        Verdict::Verified(_) => {
            return Some(Diagnosis {
                check: "signature",
                reason: "with the source's present settings the request would be accepted".to_owned(),
                suggestion: "nothing to do but have it sent again: the settings were changed since it came"
                    .to_owned(),
            });
        }
    };
    if !evidence.is_whole && hangs_on_body(&refusal) {
        return Some(cut(&refusal, evidence.request.body.len()));
    }
    let case = Case { configuration, evidence, keys };
    Some(match &refusal {
        Refusal::ValueMissing { .. } | Refusal::ValueDoubled { .. } | Refusal::SignatureOutdated { .. } => {
            case.presence(&refusal)
        }
        Refusal::TimestampTooOld { .. } | Refusal::TimestampInFuture { .. } => timestamp(&refusal),
        Refusal::NoSecretYet => Diagnosis {
            check: "secret",
            reason: refusal.to_string(),
            suggestion: "subscribe the source's URL at the provider: its first request brings the secret"
                .to_owned(),
        },
        Refusal::KeyRefused { .. } => plain(
            "key",
            &refusal,
            "if the request is really the provider's, compare the source's settings with the provider's; \
                 otherwise leave it refused",
        ),
        _ => case.proof(&refusal),
    })
}

/// A refused request under assumptions.
struct Case<'a> {
    configuration: &'a Configuration<'a>,
    evidence: &'a Evidence<'a>,
    keys: &'a KeyCache,
}

/// What would be accepted, and what that says.
struct Finding {
    reason: String,
    suggestion: String,
}

fn finding(reason: impl Into<String>, suggestion: impl Into<String>) -> Option<Finding> {
    Some(Finding { reason: reason.into(), suggestion: suggestion.into() })
}

impl Case<'_> {
    /// Whether `request` would be accepted with `configuration`.
    fn holds(&self, configuration: &Configuration<'_>, request: &Request<'_>) -> bool {
        Verifier::new(configuration).is_ok_and(|verifier| {
            matches!(verifier.verify(request, self.keys, self.evidence.arrived_s), Verdict::Verified(_))
        })
    }

    fn is_short(&self) -> bool {
        self.evidence.request.body.len() <= GUESSED_BYTES_MAX
    }

    fn presence(&self, refusal: &Refusal) -> Diagnosis {
        if let Some(Finding { reason, suggestion }) = self.other_scheme() {
            return Diagnosis { check: "presence", reason: format!("{refusal}, but {reason}"), suggestion };
        }
        let suggestion = match refusal {
            Refusal::ValueDoubled { .. } => "find out what on the way adds it a second time".to_owned(),
            Refusal::SignatureOutdated { .. } => {
                "have the provider send the newer signature, which its settings offer".to_owned()
            }
            _ if self.configuration.secrets.is_empty() => "check the source's settings".to_owned(),
            _ => {
                "check that a secret is set at the provider, that the request comes from there, and that no \
                  proxy on the way drops headers"
                    .to_owned()
            }
        };
        Diagnosis { check: "presence", reason: refusal.to_string(), suggestion }
    }

    /// A signature, credential or token that is there and does not hold.
    fn proof(&self, refusal: &Refusal) -> Diagnosis {
        let check = check_of(refusal);
        let found = self
            .retired_secret()
            .or_else(|| self.other_scheme())
            .or_else(|| key::find(self))
            .or_else(|| url::find(self))
            .or_else(|| body::find(self));
        match found {
            Some(Finding { reason, suggestion }) => Diagnosis { check, reason, suggestion },
            None => {
                let fewer = if self.is_short() {
                    ""
                } else {
                    " (the body is longer than 256 KiB, so not everything that could explain it was tried)"
                };
                let url = match self.configuration.public_url.filter(|_| self.signs_url()) {
                    Some(url) => {
                        format!("compare the URL at the provider with `{url}`, which is signed too; ")
                    }
                    None => String::new(),
                };
                let suggestion = format!(
                    "{url}compare the secret with the one that the provider shows, and look for a proxy that \
                     changes bodies{fewer}"
                );
                Diagnosis { check, reason: refusal.to_string(), suggestion }
            }
        }
    }

    fn retired_secret(&self) -> Option<Finding> {
        for retired in self.evidence.retired {
            let secrets = [retired.secret];
            let configuration = Configuration { secrets: &secrets, ..*self.configuration };
            if self.holds(&configuration, &self.evidence.request) {
                return finding(
                    format!("it is signed with a secret of the source that was taken away {}", retired.when),
                    "the provider still uses the old secret: change it there, or give the source both until \
                     then",
                );
            }
        }
        None
    }

    fn other_scheme(&self) -> Option<Finding> {
        let provider = crate::provider(self.configuration.provider)?;
        let current = self.configuration.settings.get(SCHEME).map(String::as_str);
        let current = current.or_else(|| provider.scheme.first()?.name.as_deref());
        for scheme in &provider.scheme {
            let Some(name) = scheme.name.as_deref().filter(|name| Some(*name) != current) else { continue };
            if scheme.unsigned.is_some() {
                continue;
            }
            let settings: BTreeMap<String, String> = self
                .configuration
                .settings
                .iter()
                .map(|(name, value)| (name.clone(), value.clone()))
                .chain([(SCHEME.to_owned(), name.to_owned())])
                .collect();
            let configuration = Configuration { settings: &settings, ..*self.configuration };
            if self.holds(&configuration, &self.evidence.request) {
                return finding(
                    format!("it is signed in another way of this provider: `{name}`"),
                    format!("set the source's setting `scheme` to `{name}`, or change it at the provider"),
                );
            }
        }
        None
    }
}

/// What a proof that does not hold is called.
fn check_of(refusal: &Refusal) -> &'static str {
    match refusal {
        Refusal::CredentialWrong { .. } => "credential",
        Refusal::TokenRefused { .. } => "token",
        _ => "signature",
    }
}

/// Whether a refusal could be another one with the rest of the body.
fn hangs_on_body(refusal: &Refusal) -> bool {
    match refusal {
        Refusal::ValueMissing { place }
        | Refusal::ValueDoubled { place }
        | Refusal::ValueMalformed { place, .. }
        | Refusal::CredentialWrong { place } => matches!(
            place,
            Place::Body
                | Place::Form(_)
                | Place::FormSorted
                | Place::Multipart(_)
                | Place::Json(_)
                | Place::JsonRaw(_)
                | Place::Adapter(_)
        ),
        Refusal::NoSignatureMatches { .. } | Refusal::TokenRefused { .. } => true,
        Refusal::SignatureOutdated { .. }
        | Refusal::TimestampTooOld { .. }
        | Refusal::TimestampInFuture { .. }
        | Refusal::KeyRefused { .. }
        | Refusal::NoSecretYet => false,
    }
}

/// What is said where too little of a body was kept: nothing about its cause.
fn cut(refusal: &Refusal, kept_bytes: usize) -> Diagnosis {
    Diagnosis {
        check: check_of(refusal),
        reason: format!(
            "only the first {kept_bytes} bytes of its body were kept, so what was wrong cannot be looked into"
        ),
        suggestion: "raise `limits.rejected_body_bytes_max`, and have it sent again".to_owned(),
    }
}

fn plain(check: &'static str, refusal: &Refusal, suggestion: &str) -> Diagnosis {
    Diagnosis { check, reason: refusal.to_string(), suggestion: suggestion.to_owned() }
}

/// Fifty years: what is further ahead is in another unit.
const ANOTHER_UNIT_S: u64 = 50 * 365 * 86_400;

fn timestamp(refusal: &Refusal) -> Diagnosis {
    let (reason, suggestion) = match refusal {
        Refusal::TimestampInFuture { ahead_s, .. } if *ahead_s > ANOTHER_UNIT_S => (
            "the timestamp is in another unit than the provider's: milliseconds where seconds are expected"
                .to_owned(),
            "check that the source has the right provider, and that nothing on the way writes the header anew",
        ),
        Refusal::TimestampTooOld { age_s, .. } if *age_s > ANOTHER_UNIT_S => (
            "the timestamp is in another unit than the provider's: seconds where milliseconds are expected"
                .to_owned(),
            "check that the source has the right provider, and that nothing on the way writes the header anew",
        ),
        Refusal::TimestampTooOld { age_s, tolerance_s } => (
            format!("it was signed {} before it came; {} are allowed", span(*age_s), span(*tolerance_s)),
            "if it was delayed or sent again by hand, raise the setting `tolerance_s`; otherwise compare this \
             machine's clock",
        ),
        Refusal::TimestampInFuture { ahead_s, tolerance_s } => (
            format!("its time lies {} ahead; {} are allowed", span(*ahead_s), span(*tolerance_s)),
            "compare this machine's clock, and the sender's",
        ),
        other => (other.to_string(), ""),
    };
    Diagnosis { check: "timestamp", reason, suggestion: suggestion.to_owned() }
}

/// A span of time in the largest unit that has at least two of it.
fn span(seconds: u64) -> String {
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3600),
        _ => format!("{} days", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests;
