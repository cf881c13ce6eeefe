//! Attempts over real sockets: what arrives at the destination, and what is made of its answer.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on fails")]

#[path = "attempt/answers.rs"]
mod answers;
#[path = "attempt/auth.rs"]
mod auth;
#[path = "attempt/failures.rs"]
mod failures;
#[path = "attempt/headers.rs"]
mod headers;
#[path = "attempt/http2.rs"]
mod http2;
#[path = "attempt/mtls.rs"]
mod mtls;
#[path = "attempt/oauth2.rs"]
mod oauth2;
#[path = "attempt/peer.rs"]
mod peer;
#[path = "attempt/reuse.rs"]
mod reuse;
#[path = "attempt/tls.rs"]
mod tls;
