//! What is counted, of what, and in which span of time.

use hookyard_model::clock::Timestamp;
use hookyard_model::id::{ConnectionId, DestinationId, ProjectId, SourceId};
use rustc_hash::FxHashMap;

use super::histogram::Histogram;

/// What is counted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Subject {
    /// All of a project.
    Project(ProjectId),
    /// What came in at a source, and what became of it.
    Source(SourceId),
    /// What went along a connection.
    Connection(ConnectionId),
    /// What went to a destination.
    Destination(DestinationId),
}

impl Subject {
    /// The number of its kind and its id, as the database has them.
    pub(super) const fn stored(self) -> (u8, u64) {
        match self {
            Self::Project(ProjectId(id)) => (0, id),
            Self::Source(SourceId(id)) => (1, id),
            Self::Connection(ConnectionId(id)) => (2, id),
            Self::Destination(DestinationId(id)) => (3, id),
        }
    }

    pub(super) const fn from_stored(kind: u8, id: u64) -> Option<Self> {
        match kind {
            0 => Some(Self::Project(ProjectId(id))),
            1 => Some(Self::Source(SourceId(id))),
            2 => Some(Self::Connection(ConnectionId(id))),
            3 => Some(Self::Destination(DestinationId(id))),
            _ => None,
        }
    }
}

/// What happened in a span of time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Requests that were accepted, those that were verified late then.
    pub requests_accepted: u64,
    /// Requests that were rejected and noted.
    pub requests_rejected: u64,
    /// Events that were made, also those that a rule discarded at once.
    pub events: u64,
    /// Events that a rule discarded.
    pub discarded: u64,
    /// Attempts that delivered their event.
    pub attempts_successful: u64,
    /// The others.
    pub attempts_failed: u64,
    /// From the arrival of a request to the end of the attempt that delivered an event of it.
    pub delivery: Histogram,
    /// How long attempts took.
    pub attempt: Histogram,
    /// How it stood at some time in the span; none where nobody looked.
    pub gauges: Gauges,
}

/// How something stood at a time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Gauges {
    /// Events that were undelivered.
    pub undelivered: Option<u64>,
    /// How old the oldest request of one was, in milliseconds; of a project.
    pub oldest_undelivered_ms: Option<u64>,
    /// What the data directory held, in bytes; of a project.
    pub disk_bytes: Option<u64>,
}

impl Counts {
    /// Takes in what was counted later in the same span.
    pub(super) fn merge(&mut self, later: &Self) {
        let Self { requests_accepted, requests_rejected, events, discarded, .. } = later;
        self.requests_accepted += requests_accepted;
        self.requests_rejected += requests_rejected;
        self.events += events;
        self.discarded += discarded;
        self.attempts_successful += later.attempts_successful;
        self.attempts_failed += later.attempts_failed;
        self.delivery.merge(&later.delivery);
        self.attempt.merge(&later.attempt);
        let Gauges { undelivered, oldest_undelivered_ms, disk_bytes } = later.gauges;
        self.gauges = Gauges {
            undelivered: undelivered.or(self.gauges.undelivered),
            oldest_undelivered_ms: oldest_undelivered_ms.or(self.gauges.oldest_undelivered_ms),
            disk_bytes: disk_bytes.or(self.gauges.disk_bytes),
        };
    }
}

/// The length of the shortest spans, in seconds.
pub(super) const SPAN_S: u64 = 10;

/// A span of [`SPAN_S`], by its beginning in seconds since the Unix epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Span(pub(super) u64);

impl Span {
    pub(super) const fn of(at: Timestamp) -> Self {
        let s = at.s();
        Self(s - s % SPAN_S)
    }
}

/// What was counted and is not stored yet.
#[derive(Debug)]
pub(super) struct Pending {
    pub(super) counts: FxHashMap<(Span, Subject), Counts>,
    subjects_max: usize,
    /// Sources, connections and destinations by span.
    subjects: FxHashMap<Span, usize>,
    /// What was counted for the project only, as there were too many others.
    pub(super) dropped: u64,
}

impl Pending {
    pub(super) fn new(subjects_max: usize) -> Self {
        let (counts, subjects) = (FxHashMap::default(), FxHashMap::default());
        Self { counts, subjects_max, subjects, dropped: 0 }
    }

    /// Counts something for each of these.
    pub(super) fn add(
        &mut self,
        at: Timestamp,
        subjects: impl IntoIterator<Item = Subject>,
        count: impl Fn(&mut Counts),
    ) {
        let span = Span::of(at);
        for subject in subjects {
            if let Some(counts) = self.counts.get_mut(&(span, subject)) {
                count(counts);
                continue;
            }
            if !matches!(subject, Subject::Project(_)) {
                let subjects = self.subjects.entry(span).or_default();
                if *subjects >= self.subjects_max {
                    self.dropped += 1;
                    continue;
                }
                *subjects += 1;
            }
            count(self.counts.entry((span, subject)).or_default());
        }
    }

    /// Forgets what is stored now.
    pub(super) fn clear(&mut self) {
        self.counts.clear();
        self.subjects.clear();
        self.dropped = 0;
    }
}
