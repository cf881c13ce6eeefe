//! Outgoing connections: the one way in which this program reaches other machines.
//!
//! ```text
//!   Url ──► Connector::open ─► resolve ─► guard ─► connect ─► tls ──► OpenConnection ─► exchange
//!                                         (asked about the very address that is connected to)
//! ```
//! Delivery and the fetching of keys share it, and with it the guard. Redirects are never followed: an
//! answer is an answer, whatever its status.
//!
//! - [`endpoint`]: a URL taken apart. [`guard`]: which addresses may be reached.
//! - [`connector`]: making a connection, for HTTP or bare. `resolve`, `tls`: its parts. [`identity`]: a client certificate.
//! - [`exchange`]: one request and its answer. [`alarm`], [`stage`]: its time limit, and where it ran out.
//! - [`fetch`]: a small document, from beginning to end.

pub mod endpoint;
pub mod guard;

pub mod connector;
pub mod identity;
mod resolve;
mod tls;

pub mod alarm;
pub mod exchange;
pub mod stage;

pub mod fetch;
