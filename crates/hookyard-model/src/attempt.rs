//! Attempts: one try each to deliver an event, and how it ended.

use std::time::Duration;

use bytes::Bytes;

use crate::clock::Timestamp;
use crate::event::EventState;
use crate::id::{AttemptId, DestinationId, ProjectId};

/// One try to deliver an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// Its identity: the event and the number of the try.
    pub id: AttemptId,
    /// The project it belongs to.
    pub project: ProjectId,
    /// Where it went.
    pub destination: DestinationId,
    /// Why it was made.
    pub trigger: Trigger,
    /// When it began.
    pub started_at: Timestamp,
    /// How long it took, to the last byte read.
    pub duration: Duration,
    /// How it ended.
    pub outcome: Outcome,
    /// What became of the event: successful, scheduled (until `due_at`), failed or held.
    pub state: EventState,
    /// When the event is due next, where it is scheduled.
    pub due_at: Timestamp,
}

/// Why an attempt was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trigger {
    /// The event was new.
    Initial,
    /// An earlier attempt failed.
    Retry,
    /// A person asked for it.
    Manual,
}

impl Trigger {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Initial, Self::Retry, Self::Manual];

    /// The name in the API, in metrics and in the `hookyard-trigger` header.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Initial => "initial",
            Self::Retry => "retry",
            Self::Manual => "manual",
        }
    }

    /// The number in stored forms.
    pub const fn code(self) -> u8 {
        match self {
            Self::Initial => 1,
            Self::Retry => 2,
            Self::Manual => 3,
        }
    }

    /// The trigger with this number.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|trigger| trigger.code() == code)
    }
}

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The destination answered.
    Response(Response),
    /// It did not, or not to the end.
    Error(DeliveryError),
    /// A consumer acknowledged the event, which it had asked for.
    Acknowledged,
}

impl Outcome {
    /// Whether the event counts as delivered: any 2xx, read to its end or to the limit, or acknowledged.
    pub const fn is_success(&self) -> bool {
        match self {
            Self::Response(response) => response.status >= 200 && response.status < 300,
            Self::Error(_) => false,
            Self::Acknowledged => true,
        }
    }

    /// The status code, where there was an answer.
    pub const fn status(&self) -> Option<u16> {
        match self {
            Self::Response(response) => Some(response.status),
            Self::Error(_) | Self::Acknowledged => None,
        }
    }

    /// What went wrong, where there was no answer.
    pub const fn error(&self) -> Option<&DeliveryError> {
        match self {
            Self::Error(error) => Some(error),
            Self::Response(_) | Self::Acknowledged => None,
        }
    }
}

/// A destination's answer, as far as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// Header lines: `name: value`, each ended by CRLF; cut to a limit.
    pub headers: Bytes,
    /// The beginning of the body.
    pub body: Bytes,
    /// Whether more of the body came than is kept.
    pub body_truncated: bool,
}

/// What went wrong where there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryError {
    /// The kind, by the stage it happened in.
    pub kind: ErrorKind,
    /// What exactly, for a person.
    pub detail: String,
}

/// Kinds of delivery error, by the stage they happen in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The host name did not resolve.
    Dns,
    /// The address is in a network that deliveries may not reach.
    AddressRefused,
    /// The connection was refused or the host unreachable.
    Connect,
    /// The TLS handshake failed, or the certificate did not hold.
    Tls,
    /// The connection broke before the answer was complete.
    Reset,
    /// The destination's timeout ran out.
    Timeout,
    /// The answer was not HTTP.
    Protocol,
    /// The request could not be read from the store or put into HTTP.
    Request,
    /// The token for the destination could not be had from its token endpoint.
    Token,
    /// The consumer that had asked for the event said that it failed.
    Nacked,
    /// The consumer that had asked for the event said nothing in time.
    LeaseExpired,
}

impl ErrorKind {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Dns,
        Self::AddressRefused,
        Self::Connect,
        Self::Tls,
        Self::Reset,
        Self::Timeout,
        Self::Protocol,
        Self::Request,
        Self::Token,
        Self::Nacked,
        Self::LeaseExpired,
    ];

    /// The name in the API and in metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Dns => "dns",
            Self::AddressRefused => "address_refused",
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::Reset => "reset",
            Self::Timeout => "timeout",
            Self::Protocol => "protocol",
            Self::Request => "request",
            Self::Token => "token",
            Self::Nacked => "nacked",
            Self::LeaseExpired => "lease_expired",
        }
    }

    /// The kind with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// The number in stored forms; never reused for another kind.
    pub const fn code(self) -> u8 {
        match self {
            Self::Dns => 1,
            Self::AddressRefused => 2,
            Self::Connect => 3,
            Self::Tls => 4,
            Self::Reset => 5,
            Self::Timeout => 6,
            Self::Protocol => 7,
            Self::Request => 8,
            Self::Token => 9,
            Self::Nacked => 10,
            Self::LeaseExpired => 11,
        }
    }

    /// The kind with this number.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }
}
