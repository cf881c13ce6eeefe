//! Rules: what happens to an event between its request and its destination.
//!
//! A connection has a list of them, applied in their order by the route stage; `hookyard-rules` compiles and
//! evaluates them. Fields of a request are named as that crate's `Field` reads them: `/body/order/id`.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::clock::Timestamp;
use crate::execution::Execution;
use crate::id::RequestId;
use crate::secret::Secret;

/// Most rules of one connection.
pub const RULES_MAX: usize = 32;
/// Longest condition of a filter, as JSON, in bytes.
pub const CONDITION_BYTES_MAX: usize = 64 * 1024;
/// Most fields that say which thing an event is about.
pub const LATEST_FIELDS_MAX: usize = 16;
/// How long it is remembered that an event was delivered, from the arrival of its request on, where only the latest
/// ones are wanted.
pub const DELIVERED_REMEMBERED: Duration = Duration::from_secs(30 * 24 * 3600);
/// Most fields that one rule deduplicates by.
pub const DEDUPLICATE_FIELDS_MAX: usize = 16;
/// Shortest and longest window of a deduplication.
pub const WINDOW_MIN: Duration = Duration::from_secs(1);
/// The longest window of a deduplication.
pub const WINDOW_MAX: Duration = Duration::from_secs(30 * 24 * 3600);
/// Longest delay, and the farthest time in the future that one can wait for.
pub const DELAY_MAX: Duration = Duration::from_secs(30 * 24 * 3600);

/// Longest code of a transformation, in bytes.
pub const CODE_BYTES_MAX: usize = 1 << 20;
/// Most environment variables of one transformation.
pub const VARIABLES_MAX: usize = 64;
/// Longest name and value of an environment variable, in bytes.
pub const VARIABLE_BYTES_MAX: usize = 16 << 10;

/// One rule of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rule {
    /// Discards what does not meet a condition.
    Filter {
        /// The condition, as compact JSON.
        condition: String,
    },
    /// Discards what came before within the window.
    Deduplicate {
        /// The fields that make two events the same; none for the provider's event id.
        by: Vec<String>,
        /// How long the first one is remembered, from its arrival on.
        window: Duration,
    },
    /// Discards what is out of date. At least one of the two is given.
    Stale {
        /// The greatest age: what its provider says happened longer ago than this when it arrived is discarded.
        older_than: Option<Duration>,
        /// What is older than what was delivered of the same thing is discarded.
        latest: Option<Latest>,
    },
    /// Delivers later.
    Delay(Delay),
    /// Changes what is delivered.
    Transform {
        /// JavaScript with a handler.
        code: String,
        /// What the code finds in `process.env`, by name.
        env: BTreeMap<String, Secret>,
    },
}

/// Which events tell of the same thing, and which of two is the newer one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Latest {
    /// Those in which all of these fields are the same, and of which at least one is there.
    pub by: Vec<String>,
    /// The field with the time that each is of, in a form that [`Delay::Until`] reads; none for when it happened by its
    /// provider's word.
    pub time: Option<String>,
}

/// Until when a delay lasts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delay {
    /// So long after the request arrived.
    For(Duration),
    /// Until the time that stands in this field: RFC 3339, or seconds or milliseconds since the Unix epoch.
    Until(String),
}

impl Rule {
    /// Its kind.
    pub const fn kind(&self) -> RuleKind {
        match self {
            Self::Filter { .. } => RuleKind::Filter,
            Self::Deduplicate { .. } => RuleKind::Deduplicate,
            Self::Stale { .. } => RuleKind::Stale,
            Self::Delay(_) => RuleKind::Delay,
            Self::Transform { .. } => RuleKind::Transform,
        }
    }
}

/// The kinds of rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RuleKind {
    /// [`Rule::Filter`]
    Filter,
    /// [`Rule::Deduplicate`]
    Deduplicate,
    /// [`Rule::Stale`]
    Stale,
    /// [`Rule::Delay`]
    Delay,
    /// [`Rule::Transform`]
    Transform,
}

impl RuleKind {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Filter, Self::Deduplicate, Self::Stale, Self::Delay, Self::Transform];

    /// The name in the API, the configuration file and explanations.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Filter => "filter",
            Self::Deduplicate => "deduplicate",
            Self::Stale => "stale",
            Self::Delay => "delay",
            Self::Transform => "transform",
        }
    }

    /// The number in stored forms; never reused for another kind.
    pub const fn code(self) -> u8 {
        match self {
            Self::Filter => 1,
            Self::Deduplicate => 2,
            Self::Stale => 3,
            Self::Delay => 4,
            Self::Transform => 5,
        }
    }

    /// The kind with this number.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }
}

/// What a connection's rules made of an event, rule by rule up to the one that ended it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ruling {
    /// Why it was discarded; none where it goes on.
    pub discarded: Option<DiscardCause>,
    /// The request whose event along the same connection came first, where it is a duplicate.
    pub duplicate_of: Option<RequestId>,
    /// The request whose event along the same connection is newer and had been delivered, where one had.
    pub superseded_by: Option<RequestId>,
    /// What it is remembered by, where the connection deduplicates and it came first.
    pub claims: Vec<ClaimKey>,
    /// What it tells of, and as of when, where the connection delivers only the latest.
    pub revision: Option<Revision>,
    /// What each rule did, in their order.
    pub steps: Vec<Step>,
}

/// What one rule did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Which kind of rule.
    pub kind: RuleKind,
    /// What came of it, in a sentence for a person; empty where there is nothing to say.
    pub detail: String,
    /// What it was to run the code, where it is a transformation that ran.
    pub execution: Option<Execution>,
}

/// A hash of what makes two events along one connection the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClaimKey(pub [u8; 16]);

/// Which thing an event tells of, and as of when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Revision {
    /// The thing.
    pub of: RevisionKey,
    /// As of when; any number that grows with the thing's changes does.
    pub at: Timestamp,
}

/// A hash of what makes two events along one connection tell of the same thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RevisionKey(pub [u8; 16]);

/// The newest that was delivered of a thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delivered {
    /// As of when it tells of the thing.
    pub at: Timestamp,
    /// The request whose event it was.
    pub request: RequestId,
}

impl Delivered {
    /// Whether it makes an event stale that tells of the same thing. One of the same time is not: which of two is the
    /// newer one is not known then, and both may be the same.
    pub fn supersedes(&self, revision: &Revision) -> bool {
        self.at > revision.at
    }
}

/// Why a rule ended an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DiscardCause {
    /// It did not meet a filter's condition.
    Filtered,
    /// It had come before.
    Duplicate,
    /// It was too old, or a newer one of the same thing had been delivered.
    Stale,
    /// A transformation of it failed.
    TransformError,
}

impl DiscardCause {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Filtered, Self::Duplicate, Self::Stale, Self::TransformError];

    /// The name in the API and in metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Filtered => "filtered",
            Self::Duplicate => "duplicate",
            Self::Stale => "stale",
            Self::TransformError => "transform_error",
        }
    }

    /// The cause with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|cause| cause.name() == name)
    }

    /// The number in stored forms; never reused for another cause.
    pub const fn code(self) -> u8 {
        match self {
            Self::Filtered => 1,
            Self::Duplicate => 2,
            Self::Stale => 3,
            Self::TransformError => 4,
        }
    }

    /// The cause with this number.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|cause| cause.code() == code)
    }
}
