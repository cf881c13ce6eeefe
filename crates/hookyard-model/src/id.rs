//! Identity: 64-bit time-ordered numbers inside, typed text at the edge.
//!
//! Layout of the number, from the top: 42 bits of milliseconds since 2025-01-01, 8 bits of node,
//! 14 bits of sequence. Text is a prefix and 13 characters of Crockford's base 32 in lower case, so
//! text sorts as the number does.
//!
//! **Invariant:** an event's id is made of its request's and its connection's, and an attempt's of its
//! event's and its number. Routing a request twice can make no second event.

use std::fmt;
use std::str::FromStr;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::clock::Timestamp;

/// 2025-01-01T00:00:00Z in milliseconds since the Unix epoch.
const EPOCH_MS: u64 = 1_735_689_600_000;
const SEQUENCE_BITS: u32 = 14;
const NODE_BITS: u32 = 8;
pub(crate) const TEXT_CHARS: usize = 13;
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// Text that is not an id of the wanted kind.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a valid id: expected `{prefix}_` and {chars} letters or digits")]
pub struct ParseError {
    text: String,
    prefix: &'static str,
    chars: usize,
}

/// Hands out ids that only ever grow, also when the clock steps back.
#[derive(Debug)]
pub struct Generator {
    node: u64,
    /// Milliseconds and sequence of the newest id, without the node between them.
    newest: AtomicU64,
}

impl Generator {
    /// A generator for the node with this number.
    pub const fn new(node: u8) -> Self {
        Self { node: node as u64, newest: AtomicU64::new(0) }
    }

    /// The next id; its time is `now`, or just past the newest id's where that is later.
    pub fn next(&self, now: Timestamp) -> u64 {
        let floor = now.ms().saturating_sub(EPOCH_MS) << SEQUENCE_BITS;
        let step = |newest: u64| floor.max(newest.saturating_add(1));
        let before =
            self.newest.fetch_update(Ordering::AcqRel, Ordering::Acquire, |newest| Some(step(newest)));
        let counter = step(before.unwrap_or_else(|newest| newest));
        let sequence = counter & ((1 << SEQUENCE_BITS) - 1);
        ((counter >> SEQUENCE_BITS) << (SEQUENCE_BITS + NODE_BITS)) | (self.node << SEQUENCE_BITS) | sequence
    }

    /// Makes every later id greater than `id`, which an earlier run handed out.
    pub fn advance_past(&self, id: u64) {
        let ms = id >> (SEQUENCE_BITS + NODE_BITS);
        let counter = (ms << SEQUENCE_BITS) | (id & ((1 << SEQUENCE_BITS) - 1));
        self.newest.fetch_max(counter, Ordering::AcqRel);
    }
}

/// The smallest number an id made at `time` can have; for reading a time range as an id range.
pub fn floor_at(time: Timestamp) -> u64 {
    time.ms().saturating_sub(EPOCH_MS) << (SEQUENCE_BITS + NODE_BITS)
}

/// When the id with this number was made, to the millisecond.
pub fn made_at(id: u64) -> Timestamp {
    Timestamp::from_ms((id >> (SEQUENCE_BITS + NODE_BITS)) + EPOCH_MS)
}

pub(crate) fn write_base32(number: u64, out: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mut text = [0_u8; TEXT_CHARS];
    for (place, slot) in text.iter_mut().rev().enumerate() {
        let digit = (number >> (place * 5)) & 31;
        *slot = ALPHABET.get(digit as usize).copied().unwrap_or(b'0');
    }
    out.write_str(std::str::from_utf8(&text).unwrap_or_default())
}

pub(crate) fn read_base32(text: &[u8]) -> Option<u64> {
    if text.len() != TEXT_CHARS {
        return None;
    }
    let mut number: u64 = 0;
    for (place, byte) in text.iter().enumerate() {
        let digit = ALPHABET.iter().position(|known| known == byte)? as u64;
        if place == 0 && digit > 15 {
            return None;
        }
        number = (number << 5) | digit;
    }
    Some(number)
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub u64);

        impl $name {
            /// What the text form starts with, before the underscore.
            pub const PREFIX: &'static str = $prefix;
        }

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str(concat!($prefix, "_"))?;
                write_base32(self.0, out)
            }
        }

        impl FromStr for $name {
            type Err = ParseError;

            fn from_str(text: &str) -> Result<Self, ParseError> {
                text.strip_prefix(concat!($prefix, "_"))
                    .and_then(|digits| read_base32(digits.as_bytes()))
                    .map(Self)
                    .ok_or_else(|| ParseError { text: text.to_owned(), prefix: $prefix, chars: TEXT_CHARS })
            }
        }
    };
}

id!(
    /// A project: a closed set of everything below.
    ProjectId, "prj"
);
id!(
    /// A source.
    SourceId, "src"
);
id!(
    /// A bulk operation: one change that a person makes to many events.
    BulkOperationId, "bulk"
);
id!(
    /// A bookmark: a request that a person keeps.
    BookmarkId, "bkm"
);
id!(
    /// An issue: failures of one kind and cause.
    IssueId, "iss"
);
id!(
    /// An alert: who is told of issues.
    AlertId, "alert"
);
id!(
    /// A key that callers of the API show.
    ApiKeyId, "key"
);
id!(
    /// An entry of the audit log: something that somebody did.
    AuditEntryId, "aud"
);
id!(
    /// A destination.
    DestinationId, "dst"
);
id!(
    /// A connection.
    ConnectionId, "conn"
);
id!(
    /// A request, accepted or rejected.
    RequestId, "req"
);

/// An event: one request on its way along one connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventId {
    /// The request that is on its way.
    pub request: RequestId,
    /// The connection it takes.
    pub connection: ConnectionId,
}

impl EventId {
    /// What the text form starts with, before the underscore.
    pub const PREFIX: &'static str = "evt";
}

impl fmt::Display for EventId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("evt_")?;
        write_base32(self.request.0, out)?;
        write_base32(self.connection.0, out)
    }
}

impl FromStr for EventId {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let parse = || {
            let (request, connection) = text.strip_prefix("evt_")?.as_bytes().split_at_checked(TEXT_CHARS)?;
            Some(Self {
                request: RequestId(read_base32(request)?),
                connection: ConnectionId(read_base32(connection)?),
            })
        };
        parse().ok_or_else(|| ParseError { text: text.to_owned(), prefix: "evt", chars: 2 * TEXT_CHARS })
    }
}

/// A lease: an event that a consumer has asked for and not answered yet. 128 random bits, so that nobody guesses
/// another's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LeaseId(pub [u64; 2]);

impl LeaseId {
    /// What the text form starts with, before the underscore.
    pub const PREFIX: &'static str = "lease";
}

impl fmt::Display for LeaseId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("lease_")?;
        self.0.iter().try_for_each(|half| write_base32(*half, out))
    }
}

impl FromStr for LeaseId {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let parse = || {
            let (first, second) = text.strip_prefix("lease_")?.as_bytes().split_at_checked(TEXT_CHARS)?;
            Some(Self([read_base32(first)?, read_base32(second)?]))
        };
        let wrong = || ParseError { text: text.to_owned(), prefix: Self::PREFIX, chars: 2 * TEXT_CHARS };
        parse().ok_or_else(wrong)
    }
}

/// An attempt: the `number`-th try (from 1) to deliver an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AttemptId {
    /// The event that was tried.
    pub event: EventId,
    /// Which try it was, from 1.
    pub number: u32,
}

impl fmt::Display for AttemptId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("att_")?;
        write_base32(self.event.request.0, out)?;
        write_base32(self.event.connection.0, out)?;
        write!(out, "_{}", self.number)
    }
}

impl FromStr for AttemptId {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let parse = || {
            let (event, number) = text.strip_prefix("att_")?.split_once('_')?;
            Some(Self { event: format!("evt_{event}").parse().ok()?, number: number.parse().ok()? })
        };
        parse().ok_or_else(|| ParseError { text: text.to_owned(), prefix: "att", chars: 2 * TEXT_CHARS })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_grow_when_the_clock_steps_back() {
        let ids = Generator::new(3);
        let late = ids.next(Timestamp::from_ms(EPOCH_MS + 5_000));
        let early = ids.next(Timestamp::from_ms(EPOCH_MS + 1_000));
        assert!(early > late);
        assert_eq!(made_at(early), Timestamp::from_ms(EPOCH_MS + 5_000));
    }

    #[test]
    fn a_full_millisecond_runs_over_into_the_next() {
        let ids = Generator::new(0);
        let now = Timestamp::from_ms(EPOCH_MS + 1);
        let mut newest = 0;
        for _ in 0..40_000 {
            let id = ids.next(now);
            assert!(id > newest);
            newest = id;
        }
    }

    #[test]
    fn a_new_run_continues_after_the_old_one() {
        let old = Generator::new(1).next(Timestamp::from_ms(EPOCH_MS + 9_999));
        let ids = Generator::new(1);
        ids.advance_past(old);
        assert!(ids.next(Timestamp::from_ms(EPOCH_MS)) > old);
    }

    #[test]
    fn text_round_trips_and_sorts_like_the_number() {
        for number in [0, 1, 31, 32, u64::from(u32::MAX), u64::MAX] {
            let id = RequestId(number);
            assert_eq!(id.to_string().parse(), Ok(id));
        }
        assert!(RequestId(9).to_string() < RequestId(1 << 40).to_string());
        let event = EventId { request: RequestId(77), connection: ConnectionId(5) };
        assert_eq!(event.to_string().parse(), Ok(event));
        let attempt = AttemptId { event, number: 12 };
        assert_eq!(attempt.to_string().parse(), Ok(attempt));
        let lease = LeaseId([u64::MAX, 3]);
        assert_eq!(lease.to_string().parse(), Ok(lease));
    }

    #[test]
    fn foreign_text_is_refused() {
        for text in ["", "req_", "req_0", "src_0000000000001", "req_g000000000000", "req_000000000000I"] {
            assert!(text.parse::<RequestId>().is_err(), "{text}");
        }
    }
}
