//! What is left of a journal after its files were cut, flipped or added to: every whole record, in
//! order, and nothing else; and it can be written on.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use std::{fmt, fs};

use bytes::Bytes;
use hookyard_model::clock::{Clock, Timestamp};
use hookyard_model::id::Generator;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use tempfile::TempDir;

use super::follow::Item;
use super::record::{HEADER_BYTES, Kind, Position, record_bytes};
use super::writer::Settings;
use super::{Journal, segment};

const START: Timestamp = Timestamp::from_ms(1_767_225_600_000);
const KINDS: [Kind; 4] = [Kind::Request, Kind::Routed, Kind::Attempt, Kind::Changed];

/// A record and where it lies.
#[derive(Clone, PartialEq, Eq)]
struct Written {
    position: Position,
    kind: Kind,
    id: u64,
    payload: Vec<u8>,
}

impl fmt::Debug for Written {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { position, kind, id, payload } = self;
        write!(out, "{}:{} {kind:?} {id} {} B", position.segment, position.offset, payload.len())
    }
}

impl Written {
    /// Its bytes in its segment's file, with padding.
    fn place(&self) -> Range<usize> {
        let start = self.position.offset as usize;
        start..start + record_bytes(self.payload.len())
    }
}

fn open(directory: &Path, segment_bytes: u32) -> Journal {
    let settings = Settings {
        segment_bytes,
        segment_age: Duration::from_secs(3_600),
        reserve_bytes: 0,
        pace: Duration::ZERO,
    };
    let ids = Arc::new(Generator::new(0));
    Journal::open(directory, settings, 1 << 20, &Clock::manual(START), &ids, None).unwrap()
}

fn write(journal: &Journal, kind: Kind, payload: Vec<u8>) {
    let written = journal.queue.append_awaited(kind, payload, Bytes::new());
    written.unwrap().1.blocking_recv().unwrap().unwrap();
}

/// All records, and the places where one should be.
fn read(journal: &Journal) -> (Vec<Written>, Vec<Position>) {
    let (mut written, mut damages) = (Vec::new(), Vec::new());
    let mut position = Position::default();
    while let Some(batch) = journal.tail.next(position).unwrap() {
        let mut items = batch.items();
        for item in items.by_ref() {
            match item {
                Item::Record { position, kind, id, payload, .. } => {
                    written.push(Written { position, kind, id, payload: payload.to_vec() });
                }
                Item::Damage { from, .. } => damages.push(from),
            }
        }
        assert!(items.reached() > position, "reading does not get on at {position:?}");
        position = items.reached();
    }
    (written, damages)
}

/// A closed journal of several segments.
struct Fixture {
    directory: TempDir,
    written: Vec<Written>,
}

impl Fixture {
    fn new(payloads: &[(usize, Vec<u8>)]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let journal = open(directory.path(), 1_024);
        for (kind, payload) in payloads {
            write(&journal, KINDS[kind % 4], payload.clone());
        }
        let (written, damages) = read(&journal);
        assert_eq!((written.len(), damages), (payloads.len(), vec![]));
        Self { directory, written }
    }

    /// 24 records of some 100 bytes.
    fn plain() -> Self {
        let payloads: Vec<_> =
            (0..24_u8).map(|n| (usize::from(n), vec![n + 1; 61 + usize::from(n)])).collect();
        Self::new(&payloads)
    }

    /// The numbers of the segments that hold records.
    fn segments(&self) -> Vec<u32> {
        let mut numbers: Vec<u32> = self.written.iter().map(|it| it.position.segment).collect();
        numbers.dedup();
        numbers
    }

    /// A copy with one segment's bytes changed.
    fn with(&self, number: u32, change: impl FnOnce(&mut Vec<u8>)) -> TempDir {
        let copy = tempfile::tempdir().unwrap();
        for entry in fs::read_dir(self.directory.path()).unwrap() {
            let from = entry.unwrap().path();
            fs::copy(&from, copy.path().join(from.file_name().unwrap())).unwrap();
        }
        let path = segment::path(copy.path(), number);
        let mut bytes = fs::read(&path).unwrap();
        change(&mut bytes);
        fs::write(&path, bytes).unwrap();
        copy
    }
}

/// Opens what is left, compares, writes on, and compares again after a restart.
fn check(directory: &Path, expected: &[Written], what: &str) -> Vec<Position> {
    let journal = open(directory, 1_024);
    let (found, damages) = read(&journal);
    assert_eq!(found, expected, "{what}");
    write(&journal, Kind::Request, b"written after the damage".to_vec());
    drop(journal);
    let (found, _) = read(&open(directory, 1_024));
    let (last, before) = found.split_last().unwrap();
    assert_eq!(before, expected, "{what}, after a restart");
    assert_eq!(last.payload, b"written after the damage", "{what}");
    assert!(expected.last().is_none_or(|newest| newest.id < last.id), "{what}: ids went back");
    damages
}

fn path_of(fixture: &Fixture, number: u32) -> PathBuf {
    segment::path(fixture.directory.path(), number)
}

#[test]
fn cut_at_every_byte_of_the_last_records() {
    let fixture = Fixture::plain();
    let last = *fixture.segments().last().unwrap();
    let end = fs::metadata(path_of(&fixture, last)).unwrap().len() as usize;
    let of_last = fixture.written.iter().filter(|it| it.position.segment == last);
    let third_last = of_last.map(|it| it.place().start).rev().nth(2).unwrap_or(0);
    let header = 0..segment::HEADER_BYTES + 1;
    for cut in header.step_by(9).chain(third_last..end) {
        let whole = |it: &&Written| {
            it.position.segment < last || it.position.offset as usize + HEADER_BYTES + it.payload.len() <= cut
        };
        let expected: Vec<Written> = fixture.written.iter().filter(whole).cloned().collect();
        // As the file system leaves it: short, or long and blank.
        let short = fixture.with(last, |bytes| bytes.truncate(cut));
        check(short.path(), &expected, &format!("cut at {cut}"));
        let blank = fixture.with(last, |bytes| bytes[cut..].fill(0));
        if cut >= segment::HEADER_BYTES {
            // Zero bytes at a record's end do not harm it where they were zero before.
            check(blank.path(), &expected, &format!("blank from {cut}"));
        }
    }
}

#[test]
fn a_flipped_byte_costs_at_most_its_own_record() {
    let fixture = Fixture::plain();
    let segments = fixture.segments();
    let (first, middle, last) = (segments[0], segments[segments.len() / 2], *segments.last().unwrap());
    for number in [first, middle, last] {
        let here: Vec<&Written> = fixture.written.iter().filter(|it| it.position.segment == number).collect();
        // The header, then one record byte by byte with its padding, and the fixed fields of all.
        let mut bytes: Vec<usize> = (0..segment::HEADER_BYTES).collect();
        bytes.extend(here[1].place());
        bytes.extend(here.iter().flat_map(|it| it.place().start..it.place().start + HEADER_BYTES));
        for at in bytes {
            let hit = fixture.written.iter().find(|it| {
                let start = it.position.offset as usize;
                it.position.segment == number
                    && (start..start + HEADER_BYTES + it.payload.len()).contains(&at)
            });
            let what = format!("segment {number}, byte {at}");
            let expected: Vec<Written> =
                fixture.written.iter().filter(|it| Some(*it) != hit).cloned().collect();
            let damaged = fixture.with(number, |bytes| bytes[at] ^= 0x40);
            let damages = check(damaged.path(), &expected, &what);
            // Behind the last whole record of all, damage cannot be told from a torn write.
            let is_tail = hit == fixture.written.last();
            let reported = hit.filter(|_| !is_tail).map(|it| it.position);
            assert_eq!(damages, reported.into_iter().collect::<Vec<_>>(), "{what}");
        }
    }
}

#[test]
fn what_lies_behind_the_end_is_not_read() {
    let fixture = Fixture::plain();
    let segments = fixture.segments();
    for number in [segments[0], *segments.last().unwrap()] {
        let blank = fixture.with(number, |bytes| bytes.resize(bytes.len() + 4_096, 0));
        assert_eq!(check(blank.path(), &fixture.written, "blank tail"), []);
        for at in [0, 3, 8, 24, 100, 4_095] {
            let flipped = fixture.with(number, |bytes| {
                let end = bytes.len();
                bytes.resize(end + 4_096, 0);
                bytes[end + at] = 0x5a;
            });
            assert_eq!(check(flipped.path(), &fixture.written, &format!("blank tail, byte {at}")), []);
        }
        // A copy of a whole record from elsewhere is not a record here.
        let place = fixture.written[0].place();
        let record = fs::read(path_of(&fixture, segments[0])).unwrap()[place].to_vec();
        let stale = fixture.with(number, |bytes| bytes.extend_from_slice(&record));
        assert_eq!(check(stale.path(), &fixture.written, "a stale record"), []);
    }
}

#[test]
fn a_middle_segment_cut_short_is_reported_to_its_end() {
    let fixture = Fixture::plain();
    let middle = fixture.segments()[1];
    let of_middle: Vec<&Written> =
        fixture.written.iter().filter(|it| it.position.segment == middle).collect();
    for cut in [0, 10, 64, 70, of_middle[1].place().start, of_middle[1].place().start + 30] {
        let whole = |it: &&Written| {
            it.position.segment != middle
                || it.position.offset as usize + HEADER_BYTES + it.payload.len() <= cut
        };
        let expected: Vec<Written> = fixture.written.iter().filter(whole).cloned().collect();
        let short = fixture.with(middle, |bytes| bytes.truncate(cut));
        let damages = check(short.path(), &expected, &format!("middle segment cut at {cut}"));
        assert!(damages.iter().all(|it| it.segment == middle) && !damages.is_empty(), "{cut}: {damages:?}");
    }
}

#[test]
fn a_segment_whose_header_was_zeroed_keeps_its_records() {
    let fixture = Fixture::plain();
    for number in fixture.segments() {
        let zeroed = fixture.with(number, |bytes| bytes[..segment::HEADER_BYTES].fill(0));
        check(zeroed.path(), &fixture.written, &format!("segment {number} without header"));
    }
}

#[test]
fn a_segment_of_a_newer_version_is_refused() {
    let fixture = Fixture::plain();
    let newer = fixture.with(fixture.segments()[0], |bytes| {
        bytes[8] = 2;
        let crc = crc32c::crc32c(&bytes[..segment::HEADER_BYTES - 4]);
        bytes[segment::HEADER_BYTES - 4..segment::HEADER_BYTES].copy_from_slice(&crc.to_le_bytes());
    });
    let ids = Arc::new(Generator::new(0));
    let settings =
        Settings { segment_bytes: 1_024, segment_age: Duration::MAX, reserve_bytes: 0, pace: Duration::ZERO };
    let refused = Journal::open(newer.path(), settings, 1 << 20, &Clock::manual(START), &ids, None);
    assert!(refused.unwrap_err().to_string().contains("format version 2"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_records_survive_random_cuts(
        payloads in vec((0_usize..4, vec(any::<u8>(), 1..700)), 3..25),
        cut in any::<Index>(),
        garbage in vec(any::<u8>(), 0..300),
    ) {
        let fixture = Fixture::new(&payloads);
        let last = *fixture.segments().last().unwrap();
        let end = fs::metadata(path_of(&fixture, last)).unwrap().len() as usize;
        let cut = cut.index(end + 1);
        let expected: Vec<Written> = fixture.written.iter().filter(|it| {
            it.position.segment < last || it.position.offset as usize + HEADER_BYTES + it.payload.len() <= cut
        }).cloned().collect();
        // Garbage behind the cut stands for a page that was written half; in a header it is none.
        let torn = fixture.with(last, |bytes| {
            bytes.truncate(cut);
            if cut >= segment::HEADER_BYTES {
                bytes.extend_from_slice(&garbage);
            }
        });
        check(torn.path(), &expected, &format!("cut at {cut}"));
    }

    #[test]
    fn random_records_survive_random_flips(
        payloads in vec((0_usize..4, vec(any::<u8>(), 1..700)), 3..25),
        segment_at in any::<Index>(),
        byte_at in any::<Index>(),
        bit in 0_u32..8,
    ) {
        let fixture = Fixture::new(&payloads);
        let segments = fixture.segments();
        let number = segments[segment_at.index(segments.len())];
        let end = fs::metadata(path_of(&fixture, number)).unwrap().len() as usize;
        let at = byte_at.index(end);
        let damaged = fixture.with(number, |bytes| bytes[at] ^= 1 << bit);
        let expected: Vec<Written> = fixture.written.iter().filter(|it| {
            let start = it.position.offset as usize;
            it.position.segment != number || !(start..start + HEADER_BYTES + it.payload.len()).contains(&at)
        }).cloned().collect();
        check(damaged.path(), &expected, &format!("segment {number} byte {at} bit {bit}"));
    }
}
