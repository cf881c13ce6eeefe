//! Reading one record whose position is known.

use std::fs::File;
use std::io;
use std::path::Path;

use bytes::Bytes;

use super::follow::read_up_to;
use super::record::{self, Kind, Look, Position};
use super::segment;

/// Bytes read at first; most records fit.
const FIRST_READ_BYTES: usize = 8 << 10;
/// Bytes read at a time where records behind this one are wanted too.
const AHEAD_BYTES: usize = 256 << 10;

/// A record could not be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// Its segment is past retention.
    #[error("its journal segment {0} has been deleted by retention")]
    Gone(u32),
    /// The checksum does not hold.
    #[error("the journal record in segment {} at offset {} is damaged", .0.segment, .0.offset)]
    Damaged(Position),
    #[error("cannot read journal segment {segment}: {error}")]
    Io { segment: u32, error: io::Error },
}

/// A record's fixed fields and payload.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    pub(crate) kind: Kind,
    /// Which form the payload has.
    pub(crate) version: u8,
    pub(crate) id: u64,
    pub(crate) payload: Bytes,
}

/// Reads records one by one, keeping the segment read last open.
#[derive(Debug)]
pub(crate) struct Reader<'a> {
    directory: &'a Path,
    open: Option<(u32, File)>,
    /// What was read ahead, and where its first byte lies.
    ahead: Option<(Position, Bytes)>,
}

impl<'a> Reader<'a> {
    pub(crate) const fn new(directory: &'a Path) -> Self {
        Self { directory, open: None, ahead: None }
    }

    fn file(&mut self, segment: u32) -> io::Result<&File> {
        if self.open.as_ref().is_none_or(|(open, _)| *open != segment) {
            let file = File::open(segment::path(self.directory, segment))?;
            self.open = Some((segment, file));
        }
        self.open.as_ref().map(|(_, file)| file).ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    /// Reads the record at `position`, checked.
    pub(crate) fn record(&mut self, position: Position) -> Result<Record, Error> {
        self.read(position, FIRST_READ_BYTES).map(|(record, _)| record)
    }

    /// The same for whoever goes through the journal forward: what lies behind it is read with it, and kept.
    pub(crate) fn record_ahead(&mut self, position: Position) -> Result<Record, Error> {
        if let Some((start, bytes)) = &self.ahead
            && start.segment == position.segment
            && let Some(at) = position.offset.checked_sub(start.offset)
            && let Look::Record(found) = record::look(bytes, at as usize, *start)
        {
            let payload = bytes.slice(found.payload);
            return Ok(Record { kind: found.kind, version: found.version, id: found.id, payload });
        }
        let (record, bytes) = self.read(position, AHEAD_BYTES)?;
        self.ahead = Some((position, bytes));
        Ok(record)
    }

    /// Reads a record, and `want` bytes from its beginning on, or as many as it has.
    fn read(&mut self, position: Position, mut want: usize) -> Result<(Record, Bytes), Error> {
        let failed = |error: io::Error| match error.kind() {
            io::ErrorKind::NotFound => Error::Gone(position.segment),
            _ => Error::Io { segment: position.segment, error },
        };
        let file = self.file(position.segment).map_err(failed)?;
        loop {
            let mut bytes = vec![0; want];
            let got = read_up_to(file, &mut bytes, u64::from(position.offset)).map_err(failed)?;
            bytes.truncate(got);
            match record::look(&bytes, 0, position) {
                Look::Record(found) => {
                    let bytes = Bytes::from(bytes);
                    let payload = bytes.slice(found.payload);
                    let record = Record { kind: found.kind, version: found.version, id: found.id, payload };
                    return Ok((record, bytes));
                }
                Look::Short(need) if need > want => want = need,
                _ => return Err(Error::Damaged(position)),
            }
        }
    }
}
