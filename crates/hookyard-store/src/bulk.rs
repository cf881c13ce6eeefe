//! Bulk operations: one change that a person makes to all events that a query finds.
//!
//! ```text
//!   plan ──► (a person looks) ──► start ──► operation, in a database of its own
//!                                              ▲   │ the newest event first, batch by batch
//!                                     progress │   ▼
//!                                            run ──► by_hand, replays
//! ```
//!
//! - `judge`: what is left out, and why. One pure function, for the plan and for the run.
//! - `plan`: what an operation would do, counted before anything is done.
//! - `stored`: the database: operations, how far they are, and the batch under way.
//! - `run`: the one task that carries them out.
//!
//! Progress is written several times a second and is not configuration, so it stands in a database of its own: the
//! catalog's readers and its copies have nothing to do with it.
//!
//! **Invariants**
//! 1. A batch is stored before anything is done to its events, with how each stood. After a crash each of them is
//!    looked at again, and what had been done to it is not done twice.
//! 2. An operation only ever goes towards older events, so none is met twice, whatever becomes of it.
//! 3. What is in memory is one batch and one page, however many events there are.

mod judge;
mod plan;
mod run;
mod stored;

use std::collections::BTreeMap;

use hookyard_model::clock::Timestamp;
use hookyard_model::id::{BulkOperationId, ProjectId, RequestId};

use crate::by_hand::Action;
use crate::history::{EventFilter, ListError};

pub use judge::LeftOut;
pub use plan::Plan;
pub use stored::StoreError;

pub(crate) use stored::Operations;

/// Events per second where nobody says how many.
pub const RATE_PER_S_DEFAULT: u32 = 100;
/// Most events per second.
pub const RATE_PER_S_MAX: u32 = 10_000;
/// Events beyond which a plan stops counting.
pub const COUNTED_MAX: u64 = 1_000_000;
/// Events shown by a plan.
pub const SAMPLE_MAX: usize = 10;

/// What is to be done to which events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// What to do.
    pub action: Action,
    /// To which events; those of requests that arrive later are never among them.
    pub filter: EventFilter,
    /// Whether events that were delivered are sent once more.
    pub include_successful: bool,
    /// Only events of requests up to this one; none for all there are.
    pub up_to: Option<RequestId>,
}

/// An operation that is to be started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewOperation {
    /// What is to be done.
    pub order: Order,
    /// At most so many events per second.
    pub rate_per_s: u32,
    /// Not started where it would do it to more events than these.
    pub events_max: Option<u64>,
}

/// A bulk operation, and how far it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation {
    /// Its identity.
    pub id: BulkOperationId,
    /// Whose events.
    pub project: ProjectId,
    /// What is done to which.
    pub order: Order,
    /// At most so many events per second.
    pub rate_per_s: u32,
    /// Where it stands.
    pub state: OperationState,
    /// How many events the query found when it was started.
    pub matched: u64,
    /// To how many of them something was to be done then.
    pub to_do: u64,
    /// Whether these two are exact; they are minima otherwise.
    pub is_exact: bool,
    /// What has been done so far.
    pub progress: Progress,
    /// When it was started.
    pub started_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// Why it does not get on at the moment; it tries again by itself.
    pub stalled: Option<String>,
}

/// Where a bulk operation stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OperationState {
    /// It goes on, also after a restart.
    Running,
    /// All events were looked at.
    Finished,
    /// A person stopped it.
    Cancelled,
}

impl OperationState {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Running, Self::Finished, Self::Cancelled];

    /// The name in the API and in the database.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Finished => "finished",
            Self::Cancelled => "cancelled",
        }
    }

    /// The state with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }
}

/// What became of the events so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// It was done.
    pub done: u64,
    /// It was not to be done, by the reason.
    pub left_out: BTreeMap<LeftOut, u64>,
    /// It could not be done, by the reason.
    pub failed: BTreeMap<Failure, u64>,
}

impl Progress {
    fn leave_out(&mut self, why: LeftOut) {
        *self.left_out.entry(why).or_default() += 1;
    }

    fn fail(&mut self, why: Failure) {
        *self.failed.entry(why).or_default() += 1;
    }
}

/// Why something could not be done to an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Failure {
    /// It, or its request, is past retention.
    Gone,
    /// Its request cannot be read; the log says why.
    Unreadable,
}

impl Failure {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Gone, Self::Unreadable];

    /// The name in the API and in the database.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gone => "gone",
            Self::Unreadable => "unreadable",
        }
    }
}

/// A bulk operation is not started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Another one of the project is running.
    #[error("the bulk operation {0} is running: wait for its end, or cancel it")]
    Running(BulkOperationId),
    /// There is more to do than was expected.
    #[error("it would {} {}{to_do} events, and `events_max` is {events_max}", action.name(), at_least(*.is_exact))]
    MoreEvents {
        /// What was to be done.
        action: Action,
        /// To how many events.
        to_do: u64,
        /// Whether there are not even more.
        is_exact: bool,
        /// To how many at most.
        events_max: u64,
    },
    /// The events cannot be counted.
    #[error(transparent)]
    List(#[from] ListError),
    /// The operation cannot be stored.
    #[error(transparent)]
    Store(#[from] StoreError),
}

const fn at_least(is_exact: bool) -> &'static str {
    if is_exact { "" } else { "at least " }
}

/// A bulk operation cannot be stopped.
#[derive(Debug, thiserror::Error)]
pub enum StopError {
    /// There is none such in the project.
    #[error("there is no such bulk operation; it may have been forgotten")]
    NotFound,
    /// It has ended.
    #[error("the bulk operation is {}", .0.name())]
    Ended(OperationState),
    /// That cannot be stored.
    #[error(transparent)]
    Store(#[from] StoreError),
}
