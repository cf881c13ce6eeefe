//! The providers' official SDKs, driven from Rust tests: [`Signer`] signs requests as the providers do and says
//! what their SDKs accept, [`VerifierProcess`] verifies deliveries as a customer would, and [`MatcherProcess`] filters
//! as Hookdeck does.
//!
//! Each is one long-running `node` process that answers a line of JSON with a line of JSON (`sign.mjs`,
//! `verify.mjs`, `match.mjs`); it ends when its handle is dropped. Whatever keeps an SDK from being asked (no `node`, packages
//! not installed, a secret the SDK cannot read) panics with what to do, so that a broken harness never looks like a
//! refused signature. Nothing is ever skipped.
//!
//! # Layout
//! `signer`, `verifier` and `matcher` are the processes; `case` is what a signer says about itself, and
//! `configured` what a source needs to take it; [`openapi`] runs programs that know the API by its description; `peers` are other processes that deliveries are held against, and `mail` is one that takes emails; `request` is what is
//! asked for and what comes out; `bend` makes of it what has to be refused.

mod bend;
mod case;
mod configured;
mod mail;
mod matcher;
pub mod openapi;
mod peers;
mod process;
mod request;
mod signer;
mod verifier;

pub use bend::Bend;
pub use case::{Case, Place, Signed, SignedBody, Timestamp};
pub use mail::{MailServer, Security};
pub use matcher::MatcherProcess;
pub use peers::{
    AwsScope, AwsSigner, Http2Connections, Http2Delivery, Http2Server, PublishedVerifier, TokenServer,
};
pub use request::{SignRequest, SignedRequest};
pub use signer::Signer;
pub use verifier::VerifierProcess;
