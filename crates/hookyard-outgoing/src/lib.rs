//! Outgoing connections: the one way in which this program reaches other machines.
//!
//! ```text
//!   Url ──► Connector ─► resolve ─► guard ─► connect ─► tls ──┬─► http1::OpenConnection ─► exchange
//!                                   (asked about the very     └─► http2::Connection (shared) ─► exchange
//!                                    address connected to)
//! ```
//! Delivery and the fetching of keys share it, and with it the guard. Redirects are never followed: an
//! answer is an answer, whatever its status.
//!
//! - [`endpoint`]: a URL taken apart. [`guard`]: which addresses may be reached.
//! - [`connector`]: making a connection, for HTTP or bare. `resolve`, `tls`: its parts. [`identity`]: a client certificate.
//!   `stream`: the bytes, plain or inside TLS.
//! - [`http1`]: a connection of one's own, and the exchange over it. [`http2`]: one that many share.
//!   [`shared`]: those that the workers of one lane share, and how many there are.
//! - [`exchange`]: what an exchange comes to. [`alarm`], [`stage`]: its time limit, and where it ran out.
//! - [`fetch`]: a small document, from beginning to end.
//! - [`own`]: to our own public listener, which is not another machine.

pub mod endpoint;
pub mod guard;

pub mod connector;
pub mod identity;
mod resolve;
mod stream;
mod tls;

pub mod alarm;
pub mod exchange;
pub mod http1;
pub mod http2;
pub mod shared;
pub mod stage;

pub mod fetch;

pub mod own;
