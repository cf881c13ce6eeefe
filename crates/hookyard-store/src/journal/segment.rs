//! Segment files: their names, and the header each begins with.
//!
//! ```text
//!  0       8        12       16         20     24           32            40                44      60
//!  │ magic │ version│ number │ previous │ zero │ first id   │ created, µs │ previous's end  │ zeros │ crc
//! ```
//! `previous` and its end say where the valid part of the segment before ends: a reader goes no further
//! there, whatever the file holds behind it.

use std::io;
use std::path::{Path, PathBuf};

use hookyard_model::clock::Timestamp;

/// Bytes before the first record.
pub(crate) const HEADER_BYTES: usize = 64;
/// Segments are written in whole blocks of so many bytes (what a file system writes at a time), zeros behind
/// the last record. Otherwise the kernel would have to read the rest of a block before it can take a part.
pub(crate) const BLOCK_BYTES: usize = 4_096;
/// Version of the segment form this code writes, and the only one so far.
pub(crate) const VERSION: u32 = 1;
const MAGIC: &[u8; 8] = b"HOOKYARD";

/// What a segment says about itself and the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    /// Its number, from 1.
    pub(crate) number: u32,
    /// The number of the segment before; 0 for none.
    pub(crate) previous: u32,
    /// Where the valid part of the segment before ends.
    pub(crate) previous_end: u32,
    /// No record in it has a smaller id, none in an earlier segment a greater or equal one.
    pub(crate) first_id: u64,
    /// When it was begun.
    pub(crate) created_at: Timestamp,
}

/// A file that is not a segment of a version this code reads.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BadSegment {
    #[error("{path} is not a journal segment, or its header is damaged")]
    NotASegment { path: PathBuf },
    #[error("{path} has format version {version}; this Hookyard reads up to {VERSION}: use a newer one")]
    TooNew { path: PathBuf, version: u32 },
    #[error("cannot read {path}: {error}")]
    Io { path: PathBuf, error: io::Error },
}

impl Header {
    pub(crate) fn encode(&self) -> [u8; HEADER_BYTES] {
        let mut bytes = Vec::with_capacity(HEADER_BYTES);
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&VERSION.to_le_bytes());
        bytes.extend_from_slice(&self.number.to_le_bytes());
        bytes.extend_from_slice(&self.previous.to_le_bytes());
        bytes.extend_from_slice(&[0; 4]);
        bytes.extend_from_slice(&self.first_id.to_le_bytes());
        bytes.extend_from_slice(&self.created_at.us().to_le_bytes());
        bytes.extend_from_slice(&self.previous_end.to_le_bytes());
        bytes.resize(HEADER_BYTES - 4, 0);
        bytes.extend_from_slice(&crc32c::crc32c(&bytes).to_le_bytes());
        let mut header = [0; HEADER_BYTES];
        header.copy_from_slice(&bytes);
        header
    }

    pub(crate) fn decode(bytes: &[u8; HEADER_BYTES], path: &Path) -> Result<Self, BadSegment> {
        let four =
            |at: usize| bytes.get(at..at + 4).and_then(|b| b.try_into().ok()).map_or(0, u32::from_le_bytes);
        let eight =
            |at: usize| bytes.get(at..at + 8).and_then(|b| b.try_into().ok()).map_or(0, u64::from_le_bytes);
        let whole = bytes.starts_with(MAGIC)
            && bytes.get(..HEADER_BYTES - 4).map(crc32c::crc32c) == Some(four(HEADER_BYTES - 4));
        if !whole {
            return Err(BadSegment::NotASegment { path: path.to_owned() });
        }
        if four(8) != VERSION {
            return Err(BadSegment::TooNew { path: path.to_owned(), version: four(8) });
        }
        Ok(Self {
            number: four(12),
            previous: four(16),
            first_id: eight(24),
            created_at: Timestamp::from_us(eight(32)),
            previous_end: four(40),
        })
    }
}

/// The path of a segment.
pub(crate) fn path(directory: &Path, number: u32) -> PathBuf {
    directory.join(format!("{number:010}.segment"))
}

/// Where the next segment is prepared before it has a number.
pub(crate) fn spare_path(directory: &Path, number: u64) -> PathBuf {
    directory.join(format!("{number}.spare"))
}

/// The numbers of all segments in a directory, ascending.
pub(crate) fn list(directory: &Path) -> io::Result<Vec<u32>> {
    let mut numbers = Vec::new();
    for entry in std::fs::read_dir(directory)? {
        let name = entry?.file_name();
        let number =
            name.to_str().and_then(|name| name.strip_suffix(".segment")).and_then(|n| n.parse::<u32>().ok());
        numbers.extend(number);
    }
    numbers.sort_unstable();
    Ok(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_round_trips_and_no_flipped_byte_passes() {
        let header = Header {
            number: 5,
            previous: 4,
            previous_end: 4_096,
            first_id: 99,
            created_at: Timestamp::from_us(1_234_567),
        };
        let bytes = header.encode();
        assert_eq!(Header::decode(&bytes, Path::new("x")).unwrap(), header);
        for at in 0..HEADER_BYTES {
            let mut damaged = bytes;
            damaged[at] ^= 0x10;
            assert!(Header::decode(&damaged, Path::new("x")).is_err(), "{at}");
        }
    }
}
