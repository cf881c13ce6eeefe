//! How a record lies in a segment.
//!
//! ```text
//!  0        4        8    9     10      16         24            24 + len
//!  │ len u32│ crc u32│kind│ ver │ zero  │ id u64   │ payload      │ zeros to the next multiple of 8
//! ```
//! Little-endian. The checksum (CRC32C) covers the segment's number and the record's offset as well, so
//! that bytes copied or left over from elsewhere never pass. A `len` of zero ends the written part.

use std::ops::Range;

/// Bytes before the payload.
pub(crate) const HEADER_BYTES: usize = 24;
/// Records begin at multiples of this, so that a reader finds the next one behind damage.
pub(crate) const ALIGNMENT: usize = 8;
/// Longest payload; anything above is damage. 1 GiB, far above the largest configurable body.
pub(crate) const PAYLOAD_BYTES_MAX: usize = 1 << 30;

/// Where a record begins: a segment and an offset in it. Sorts along the journal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Position {
    pub(crate) segment: u32,
    pub(crate) offset: u32,
}

impl Position {
    /// As one number, for stored forms; zero is no position, as segments count from 1.
    pub(crate) const fn to_u64(self) -> u64 {
        ((self.segment as u64) << 32) | self.offset as u64
    }

    pub(crate) const fn from_u64(number: u64) -> Self {
        Self { segment: (number >> 32) as u32, offset: number as u32 }
    }
}

/// What a record says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A request arrived, accepted or rejected.
    Request,
    /// A request was routed: these are its events.
    Routed,
    /// An attempt was made, and this is what became of the event.
    Attempt,
    /// Events changed state without an attempt.
    Changed,
    /// A request whose verification was pending is refused.
    Refused,
    /// An event went through its connection's rules once more.
    Replayed,
}

impl Kind {
    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Request => 1,
            Self::Routed => 2,
            Self::Attempt => 3,
            Self::Changed => 4,
            Self::Refused => 5,
            Self::Replayed => 6,
        }
    }

    /// The version of its payload's form that is written; all up to it are read.
    pub(crate) const fn version(self) -> u8 {
        match self {
            // The form of both is the same.
            Self::Routed | Self::Replayed => 5,
            Self::Request | Self::Attempt | Self::Changed => 2,
            Self::Refused => 1,
        }
    }

    pub(crate) const fn from_code(code: u8) -> Option<Self> {
        match code {
            1 => Some(Self::Request),
            2 => Some(Self::Routed),
            3 => Some(Self::Attempt),
            4 => Some(Self::Changed),
            5 => Some(Self::Refused),
            6 => Some(Self::Replayed),
            _ => None,
        }
    }
}

/// A record found in a buffer: where in the buffer, and its fixed fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) kind: Kind,
    /// Which form the payload has.
    pub(crate) version: u8,
    pub(crate) id: u64,
    /// The payload's place in the buffer.
    pub(crate) payload: Range<usize>,
    /// Where the next record begins in the buffer.
    pub(crate) next: usize,
}

/// What lies at a place of a buffer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Look {
    /// A whole record.
    Record(Found),
    /// The buffer ends before the record does: this many bytes from its beginning are needed.
    Short(usize),
    /// Nothing was written here.
    Blank,
    /// Something that is not a whole record with a right checksum.
    Damaged,
}

/// How much room a payload takes with header and padding.
pub(crate) const fn record_bytes(payload_bytes: usize) -> usize {
    (HEADER_BYTES + payload_bytes).next_multiple_of(ALIGNMENT)
}

fn checksum(position: Position, payload_bytes: u32, after_crc: &[u8]) -> u32 {
    let place = crc32c::crc32c(&position.to_u64().to_le_bytes());
    crc32c::crc32c_append(crc32c::crc32c_append(place, &payload_bytes.to_le_bytes()), after_crc)
}

/// Appends a record to `buffer`, the first of whose bytes will lie at `base`.
pub(crate) fn append(buffer: &mut Vec<u8>, base: Position, kind: Kind, id: u64, parts: [&[u8]; 2]) {
    let start = buffer.len();
    let payload_bytes = parts[0].len() + parts[1].len();
    buffer.reserve(record_bytes(payload_bytes));
    buffer.extend_from_slice(&(payload_bytes as u32).to_le_bytes());
    buffer.extend_from_slice(&[0; 4]);
    buffer.extend_from_slice(&[kind.code(), kind.version(), 0, 0, 0, 0, 0, 0]);
    buffer.extend_from_slice(&id.to_le_bytes());
    buffer.extend_from_slice(parts[0]);
    buffer.extend_from_slice(parts[1]);
    let position = Position { segment: base.segment, offset: base.offset + start as u32 };
    let (before, written) = buffer.split_at_mut(start + 8);
    let crc = checksum(position, payload_bytes as u32, written);
    if let Some(slot) = before.get_mut(start + 4..) {
        slot.copy_from_slice(&crc.to_le_bytes());
    }
    buffer.resize(start + record_bytes(payload_bytes), 0);
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..at + 4).and_then(|four| four.try_into().ok()).map_or(0, u32::from_le_bytes)
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    bytes.get(at..at + 8).and_then(|eight| eight.try_into().ok()).map_or(0, u64::from_le_bytes)
}

/// Looks at what lies at `at` in `buffer`, whose first byte lies at `base` in the journal.
pub(crate) fn look(buffer: &[u8], at: usize, base: Position) -> Look {
    match outline(buffer, at) {
        Look::Record(found) => {
            let after_crc = buffer.get(at + 8..found.payload.end).unwrap_or_default();
            let position = Position { segment: base.segment, offset: base.offset + at as u32 };
            let payload_bytes = found.payload.len() as u32;
            let crc = buffer.get(at..).map_or(0, |header| u32_at(header, 4));
            if checksum(position, payload_bytes, after_crc) == crc {
                Look::Record(found)
            } else {
                Look::Damaged
            }
        }
        other => other,
    }
}

/// As [`look`], of bytes that were never out of this process's memory: the checksum is not computed.
pub(crate) fn outline(buffer: &[u8], at: usize) -> Look {
    let Some(header) = buffer.get(at..at + HEADER_BYTES) else { return Look::Short(HEADER_BYTES) };
    let payload_bytes = u32_at(header, 0) as usize;
    if payload_bytes == 0 {
        return if header.iter().all(|byte| *byte == 0) { Look::Blank } else { Look::Damaged };
    }
    let (Some(kind), Some(&version)) = (header.get(8).copied().and_then(Kind::from_code), header.get(9))
    else {
        return Look::Damaged;
    };
    if !(1..=kind.version()).contains(&version) {
        return Look::Damaged;
    }
    if payload_bytes > PAYLOAD_BYTES_MAX || header.get(10..16) != Some(&[0; 6]) {
        return Look::Damaged;
    }
    let end = at + HEADER_BYTES + payload_bytes;
    if end > buffer.len() {
        return Look::Short(record_bytes(payload_bytes));
    }
    Look::Record(Found {
        kind,
        version,
        id: u64_at(header, 16),
        payload: at + HEADER_BYTES..end,
        next: at + record_bytes(payload_bytes),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: Position = Position { segment: 7, offset: 64 };

    fn two_records() -> Vec<u8> {
        let mut buffer = Vec::new();
        append(&mut buffer, BASE, Kind::Request, 11, [b"head", b"body of eleven"]);
        append(&mut buffer, BASE, Kind::Routed, 12, [b"x", b""]);
        buffer
    }

    #[test]
    fn what_was_appended_is_found() {
        let buffer = two_records();
        let Look::Record(first) = look(&buffer, 0, BASE) else { panic!() };
        assert_eq!(
            (first.kind, first.id, &buffer[first.payload]),
            (Kind::Request, 11, &b"headbody of eleven"[..])
        );
        let Look::Record(second) = look(&buffer, first.next, BASE) else { panic!() };
        assert_eq!((second.kind, second.id, second.next), (Kind::Routed, 12, buffer.len()));
    }

    #[test]
    fn no_flipped_bit_passes() {
        let buffer = two_records();
        let Look::Record(first) = look(&buffer, 0, BASE) else { panic!() };
        for byte in 0..first.payload.end {
            for bit in 0..8 {
                let mut damaged = buffer.clone();
                damaged[byte] ^= 1 << bit;
                assert!(!matches!(look(&damaged, 0, BASE), Look::Record(_)), "byte {byte} bit {bit}");
            }
        }
    }

    #[test]
    fn a_record_from_another_place_does_not_pass() {
        let buffer = two_records();
        for base in [Position { segment: 8, offset: 64 }, Position { segment: 7, offset: 72 }] {
            assert_eq!(look(&buffer, 0, base), Look::Damaged);
        }
    }

    #[test]
    fn a_cut_record_is_short_and_blank_space_is_blank() {
        let buffer = two_records();
        for end in 0..HEADER_BYTES + 18 {
            assert!(matches!(look(&buffer[..end], 0, BASE), Look::Short(_)), "{end}");
        }
        assert_eq!(look(&[0; 64], 0, BASE), Look::Blank);
    }
}
