//! How far an attempt has come: what a timeout is named after.

use std::net::SocketAddr;
use std::time::Duration;

use hookyard_model::attempt::{DeliveryError, ErrorKind};

use crate::endpoint::{Endpoint, Host};

/// What an attempt is waiting for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// A token for the destination, from its token endpoint.
    Token,
    /// A connection that another attempt is opening, and that can be shared.
    Sharing,
    /// The name to be resolved.
    Resolving,
    /// A TCP connection to this address.
    Connecting(SocketAddr),
    /// The TLS handshake with this address.
    Handshaking(SocketAddr),
    /// The head of the answer.
    Waiting,
    /// The rest of the answer's body.
    Reading {
        /// The status code that came.
        status: u16,
        /// How much of the body came.
        body_bytes: u64,
    },
}

impl Stage {
    /// The error of an exchange whose time ran out here.
    pub fn timed_out(self, endpoint: &Endpoint, timeout: Duration) -> DeliveryError {
        let within = Seconds(timeout);
        let detail = match self {
            Self::Token => {
                let detail = format!("the token endpoint gave no token within {within}");
                return DeliveryError { kind: ErrorKind::Token, detail };
            }
            Self::Sharing => {
                format!("the connection that another attempt was opening was not ready within {within}")
            }
            Self::Resolving => match &endpoint.host {
                Host::Name(name) => format!("the name `{name}` did not resolve within {within}"),
                Host::Address(address) => format!("nothing was sent to {address} within {within}"),
            },
            Self::Connecting(address) => format!("{address} did not accept a connection within {within}"),
            Self::Handshaking(address) => {
                format!("{address} did not complete the TLS handshake within {within}")
            }
            Self::Waiting => format!("no answer within {within}"),
            Self::Reading { status, body_bytes } => format!(
                "the answer was not complete within {within}: status {status} and {body_bytes} bytes of its body came"
            ),
        };
        DeliveryError { kind: ErrorKind::Timeout, detail }
    }
}

/// A duration as a person writes it: `30 s`, `250 ms`.
struct Seconds(Duration);

impl std::fmt::Display for Seconds {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let ms = self.0.as_millis();
        if ms >= 1000 && ms.is_multiple_of(1000) {
            write!(out, "{} s", ms / 1000)
        } else {
            write!(out, "{ms} ms")
        }
    }
}
