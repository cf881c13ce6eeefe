//! Decides whether a webhook request comes from the provider it claims to come from.
//!
//! A [`Verifier`] is built once from a provider's name, the secrets that are valid now and the
//! provider's settings; it then judges any number of requests, from any number of threads. Nothing
//! here does I/O, reads a clock or keeps state between requests: the time is an argument.
//!
//! ```
//! use std::collections::BTreeMap;
//! use hookyard_providers::{Configuration, KeyCache, Refusal, Request, Verdict, Verified, Verifier};
//!
//! let verifier = Verifier::new(&Configuration {
//!     provider: "github",
//!     secrets: &["It's a Secret to Everybody"],
//!     settings: &BTreeMap::new(),
//!     public_url: None,
//! })?;
//! let keys = KeyCache::default();
//!
//! let mut headers = http::HeaderMap::new();
//! headers.insert(
//!     "x-hub-signature-256",
//!     "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17".parse()?,
//! );
//! let mut request = Request {
//!     method: "POST",
//!     target: "/hooks",
//!     headers: &headers,
//!     body: b"Hello, World!",
//!     public_url: None,
//! };
//! let now_s = 1_700_000_000;
//! let verified = Verdict::Verified(Verified { secret: Some(0) });
//! assert_eq!(verifier.verify(&request, &keys, now_s), verified);
//!
//! request.body = b"Hello, World?";
//! assert_eq!(
//!     verifier.verify(&request, &keys, now_s),
//!     Verdict::Refused(Refusal::NoSignatureMatches { secrets: 1, signatures: 1 })
//! );
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Promises
//! - Every signature in the request is compared with every secret, in constant time, whether or not
//!   an earlier one matched. A request may carry at most [`SIGNATURES_MAX`] signatures and a verifier
//!   hold at most [`SECRETS_MAX`] secrets, so the work for one request has a bound.
//! - No bytes in headers or body cause a panic, and a refusal never tells what the signature should
//!   have been.
//! - A verifier that lacks a secret it needs cannot be built; where a handshake brings the secret, it
//!   refuses everything until then.
//!
//! # Layout
//! `verifier` is the way in. `catalogue` has the providers' descriptions, in the language of `definition`
//! and `template`; `settings` and `configuration` are what a source adds. `read` reads values and fills
//! templates; `engine` compiles a scheme into something that judges requests. `handshake` and `answer` say what
//! a provider is answered, `diagnose` why a request was refused, `explain` what a description says in words;
//! `sign` makes requests that are accepted, and `nearest` guesses which name was meant.

mod answer;
mod catalogue;
// The build script's; here only for tests that make descriptions up.
#[cfg(test)]
mod check;
mod condition;
mod configuration;
mod diagnose;
mod fields;
mod handshake;
mod key_cache;
mod nearest;
mod request;
mod settings;
mod verdict;
mod verifier;

mod adapters;
mod engine;
mod jwt;
mod public_key;
mod read;

pub mod definition;
pub mod explain;
pub mod sign;
pub mod template;

pub use answer::{AcceptedAnswer, Answer};
pub use catalogue::{provider, provider_names, providers};
pub use configuration::{ConfigError, Configuration};
pub use diagnose::{Diagnosis, Evidence, GUESSED_BYTES_MAX, RetiredSecret, diagnose};
pub use engine::{SECRETS_MAX, SIGNATURES_MAX};
pub use fields::{FIELD_BYTES_MAX, FieldReader, Fields};
pub use handshake::{Call, HandshakeAnswer, Handshakes, Outcome};
pub use jwt::TokenProblem;
pub use key_cache::{
    AuthorizeRequest, CacheKey, DOCUMENT_BYTES_MAX, FetchProblem, HostProblem, KeyCache, KeyRequest,
    check_host,
};
pub use nearest::nearest;
pub use request::Request;
pub use settings::settings_of;
pub use verdict::{Refusal, Verdict, Verified};
pub use verifier::Verifier;
