//! Decides whether a webhook request comes from the provider it claims to come from.
//!
//! A [`Verifier`] is built once from a provider's name, the secrets that are valid now and the
//! provider's settings; it then judges any number of requests, from any number of threads. Nothing
//! here does I/O, reads a clock or keeps state between requests: the time is an argument.
//!
//! ```
//! use std::collections::BTreeMap;
//! use hookyard_providers::{Refusal, Request, Verifier};
//!
//! let verifier = Verifier::new("github", &["It's a Secret to Everybody"], &BTreeMap::new())?;
//!
//! let mut headers = http::HeaderMap::new();
//! headers.insert(
//!     "x-hub-signature-256",
//!     "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17".parse()?,
//! );
//! let mut request =
//!     Request { method: "POST", target: "/hooks", headers: &headers, body: b"Hello, World!" };
//! let now_s = 1_700_000_000;
//! assert_eq!(verifier.verify(&request, now_s)?.secret, Some(0));
//!
//! request.body = b"Hello, World?";
//! assert_eq!(
//!     verifier.verify(&request, now_s),
//!     Err(Refusal::NoSignatureMatches { secrets: 1, signatures: 1 })
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
//! - A verifier without a secret cannot be built, except for the provider `none`.
//!
//! # Layout
//! `verifier` is the way in; `catalogue` lists the providers; each file in `schemes/` is one provider
//! and uses the building blocks `settings`, `headers`, `timestamp`, `signatures` and `keys`.

mod catalogue;
mod config;
mod request;
mod verifier;

mod headers;
mod keys;
mod schemes;
mod settings;
mod signatures;
mod timestamp;

pub use catalogue::{ProviderInfo, SettingInfo, providers};
pub use config::ConfigError;
pub use keys::SECRETS_MAX;
pub use request::{Refusal, Request, Verified};
pub use signatures::SIGNATURES_MAX;
pub use verifier::Verifier;
