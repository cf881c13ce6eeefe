//! What is found at start: which segments there are, where each one's valid part ends, what is damaged.
//!
//! Of the finished segments only the headers are read. The last one is read whole, from its beginning
//! or from a known good position: its end is behind its last whole record, and what follows there (a
//! write that a crash cut short) is cut off. A run of the process never writes to a segment that an
//! earlier run began.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use hookyard_model::id::made_at;
use tracing::warn;

use super::follow::{Batch, Item, Known, read_up_to};
use super::record::Position;
use super::segment::{self, BadSegment, HEADER_BYTES, Header};

/// The journal cannot be opened.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("cannot read the journal directory {path}: {error}")]
    Directory { path: PathBuf, error: io::Error },
    #[error(transparent)]
    Segment(#[from] BadSegment),
}

/// What an earlier run left behind.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// All segments, by number.
    pub(crate) segments: BTreeMap<u32, Known>,
    /// The id of the last whole record of the last segment, or a lower bound of it.
    pub(crate) newest_id: u64,
}

/// Reads what there is, and removes what a crash left unfinished.
pub(crate) fn recover(directory: &Path) -> Result<Found, Error> {
    let in_directory = |error| Error::Directory { path: directory.to_owned(), error };
    let mut numbers = segment::list(directory).map_err(in_directory)?;
    if let Some(last) = numbers.last().copied()
        && is_unborn(&segment::path(directory, last))?
    {
        std::fs::remove_file(segment::path(directory, last)).map_err(in_directory)?;
        numbers.pop();
    }
    let mut found = Found::default();
    for number in &numbers {
        let header = match read_header(&segment::path(directory, *number)) {
            Err(BadSegment::NotASegment { path }) => {
                warn!(path = %path.display(), "a journal segment's header is damaged; its records are read all the same");
                substitute_header(&path, *number)?
            }
            header => header?,
        };
        if let Some(previous) = found.segments.get_mut(&header.previous) {
            previous.end = header.previous_end;
        }
        found.newest_id = found.newest_id.max(header.first_id);
        let known = Known { end: 0, first_id: header.first_id, created_at: header.created_at };
        found.segments.insert(*number, known);
    }
    let open: Vec<u32> = found.segments.iter().filter(|(_, known)| known.end == 0).map(|(n, _)| *n).collect();
    for number in open {
        let (end, newest_id) = scan(directory, number)?;
        found.newest_id = found.newest_id.max(newest_id);
        if let Some(finished) = found.segments.get_mut(&number) {
            finished.end = end;
        }
    }
    Ok(found)
}

/// Whether a crash came between creating the segment and writing its header.
fn is_unborn(path: &Path) -> Result<bool, Error> {
    let failed = |error| BadSegment::Io { path: path.to_owned(), error };
    let mut start = [0; HEADER_BYTES];
    let file = File::open(path).map_err(failed)?;
    let got = read_up_to(&file, &mut start, 0).map_err(failed)?;
    if got < HEADER_BYTES || start.iter().any(|byte| *byte != 0) {
        return Ok(got < HEADER_BYTES);
    }
    // A header is durable before the first record is written: behind an unwritten one is nothing.
    let bytes = std::fs::read(path).map_err(failed)?;
    Ok(bytes.iter().all(|byte| *byte == 0))
}

pub(crate) fn read_header(path: &Path) -> Result<Header, BadSegment> {
    let failed = |error| BadSegment::Io { path: path.to_owned(), error };
    let mut bytes = [0; HEADER_BYTES];
    let got = read_up_to(&File::open(path).map_err(failed)?, &mut bytes, 0).map_err(failed)?;
    if got < HEADER_BYTES {
        return Err(BadSegment::NotASegment { path: path.to_owned() });
    }
    Header::decode(&bytes, path)
}

/// Stands in for a damaged header: what it said is found from the records.
fn substitute_header(path: &Path, number: u32) -> Result<Header, Error> {
    let bytes = std::fs::read(path).map_err(|error| BadSegment::Io { path: path.to_owned(), error })?;
    let base = Position { segment: number, offset: HEADER_BYTES as u32 };
    let records = HEADER_BYTES.min(bytes.len());
    let body = Batch::whole(base, Bytes::from(bytes).slice(records..));
    let first_id = body.items().find_map(|item| match item {
        Item::Record { id, .. } => Some(id),
        Item::Damage { .. } => None,
    });
    let first_id = first_id.unwrap_or_default();
    Ok(Header { number, previous: 0, previous_end: 0, first_id, created_at: made_at(first_id) })
}

/// Where the last whole record of a segment ends, and its id.
fn scan(directory: &Path, number: u32) -> Result<(u32, u64), Error> {
    let path = segment::path(directory, number);
    let failed = |error| Error::Segment(BadSegment::Io { path: path.clone(), error });
    // What a crash left in the page cache becomes durable before anything is built on it.
    File::open(&path).and_then(|file| file.sync_all()).map_err(failed)?;
    let bytes = Bytes::from(std::fs::read(&path).map_err(failed)?);
    let base = Position { segment: number, offset: HEADER_BYTES as u32 };
    let body = Batch::whole(base, bytes.slice(HEADER_BYTES.min(bytes.len())..));
    let mut end = base.offset;
    let mut newest_id = 0;
    let mut damaged: Vec<Position> = Vec::new();
    let mut items = body.items();
    while let Some(item) = items.next() {
        match item {
            Item::Record { id, .. } => {
                newest_id = id;
                end = items.reached().offset;
                for from in damaged.drain(..) {
                    warn!(
                        segment = number,
                        offset = from.offset,
                        "a damaged journal record is skipped; what follows it is whole"
                    );
                }
            }
            Item::Damage { from, .. } => damaged.push(from),
        }
    }
    let torn = bytes.get(end as usize..).unwrap_or_default();
    if torn.iter().any(|byte| *byte != 0) {
        warn!(segment = number, offset = end, "the end of the journal was cut off at its last whole record");
    }
    Ok((end, newest_id))
}
