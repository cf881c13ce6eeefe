//! Issues: failures of one kind, grouped by what fails and why, until it works again.
//!
//! ```text
//!   journal ──► fold ──┐
//!                      ├──► issues.sqlite ──► a person looks, acknowledges, resolves
//!   catalog, index ──► look
//! ```
//!
//! - `fold`: what the journal's records say about failures and recoveries.
//! - `look`: what no record says: connections that are disabled, events that wait too long, time that passes.
//! - `apply`: what becomes of issues, in one transaction with how far the journal was read.
//! - `stored`: the database, and what people read and do.
//! - `alerts`, `outbox`, `telling`: what people are told of it; [`crate::alerts`] is what that is asked through.
//! - `follower`: the thread that keeps it up with the journal.
//!
//! Unlike the index they cannot be made anew: what people did stands in them too. So they are in a database of their
//! own, and begin where the journal ends when that is made.
//!
//! **Invariants**
//! 1. How far the journal was read stands in the same transaction as what that changed: after a crash nothing is
//!    missed, and nothing is counted twice.
//! 2. Nothing waits for it: neither ingest nor delivery, nor retention, which may delete what has not been read.
//! 3. What became of an issue stands in the outbox in the same transaction: whatever changes is told.
//! 4. What succeeds along a connection without an unresolved issue touches no database.

mod alerts;
mod apply;
mod fold;
mod follower;
mod look;
mod outbox;
mod stored;
mod telling;

use std::time::Duration;

use hookyard_model::clock::Timestamp;
use hookyard_model::id::{ConnectionId, DestinationId, EventId, IssueId, ProjectId, RequestId, SourceId};
use hookyard_model::issue::Kind;

use crate::history::Page;
use crate::store::Store;

pub(crate) use follower::{Parts, Running, start};
pub use stored::{ActError, StoreError};

/// Within this time of the first one rejected requests are counted together.
pub const REJECTED_WINDOW: Duration = Duration::from_secs(5 * 60);
/// How long an issue that is resolved is kept.
pub const KEPT_FOR: Duration = Duration::from_secs(30 * 24 * 3600);
/// Undelivered events that are looked at, from the oldest on, for those that wait too long.
pub const WAITING_LOOKED_AT_MAX: usize = 100_000;

/// From when on something is an issue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// More rejected requests of one source and cause than these, within [`REJECTED_WINDOW`], are one.
    pub rejected_max: u32,
    /// An event that is undelivered for longer is one of its destination; none for never.
    pub backpressure_age_max: Option<Duration>,
    /// What became of issues and waits to be told by alerts, at most; beyond it the oldest is dropped.
    pub outbox_max: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self { rejected_max: 10, backpressure_age_max: None, outbox_max: 10_000 }
    }
}

/// What fails, and since when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issue {
    /// Its identity.
    pub id: IssueId,
    /// Whose it is.
    pub project: ProjectId,
    /// What fails.
    pub kind: Kind,
    /// Why: an answer's status, the name of an error, or that of a rejection.
    pub cause: String,
    /// The connection that it is about, or on whose way it is.
    pub connection: Option<ConnectionId>,
    /// The source.
    pub source: Option<SourceId>,
    /// The destination.
    pub destination: Option<DestinationId>,
    /// Where it stands.
    pub state: State,
    /// How often that was seen.
    pub count: u64,
    /// How often it came back after it had been resolved.
    pub reopened: u32,
    /// When it was first seen.
    pub first_seen_at: Timestamp,
    /// When it was last seen.
    pub last_seen_at: Timestamp,
    /// The request with which it was last seen; for backpressure the oldest that waits.
    pub sample: Option<RequestId>,
    /// When a person took note.
    pub acknowledged_at: Option<Timestamp>,
    /// When and by whom it was resolved.
    pub resolved: Option<(Timestamp, ResolvedBy)>,
}

impl Issue {
    /// The event with which it was last seen.
    pub fn sample_event(&self) -> Option<EventId> {
        let is_an_events = matches!(self.kind, Kind::Delivery | Kind::Transform);
        Some(EventId { request: self.sample?, connection: self.connection.filter(|_| is_an_events)? })
    }
}

/// Where an issue stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Nobody has taken note.
    Open,
    /// A person has, and it still is one.
    Acknowledged,
    /// It is over; it opens again where it comes back.
    Resolved,
}

impl State {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Open, Self::Acknowledged, Self::Resolved];

    /// The name in the API and in the database.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Acknowledged => "acknowledged",
            Self::Resolved => "resolved",
        }
    }

    /// The state with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }
}

/// Who resolved an issue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResolvedBy {
    /// It was seen to work again.
    Itself,
    /// A person did.
    Person,
}

impl ResolvedBy {
    /// The name in the API and in the database.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Itself => "itself",
            Self::Person => "person",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        [Self::Itself, Self::Person].into_iter().find(|by| by.name() == name)
    }
}

/// Which issues are meant; none restricts nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Those in this state.
    pub state: Option<State>,
    /// Those of this kind.
    pub kind: Option<Kind>,
    /// Those of this connection.
    pub connection: Option<ConnectionId>,
    /// Those of this source.
    pub source: Option<SourceId>,
    /// Those of this destination.
    pub destination: Option<DestinationId>,
}

impl Store {
    /// A page of a project's issues, the one that was opened last first. What is durable when this is called has been
    /// taken in.
    ///
    /// # Errors
    /// [`StoreError`] where they cannot be read.
    pub async fn issues(
        &self,
        project: ProjectId,
        filter: Filter,
        page: Page<IssueId>,
    ) -> Result<Vec<Issue>, StoreError> {
        self.inner.issues.issues.rounds.settle().await;
        self.inner.issues.issues.list(project, filter, page).await
    }

    /// One of a project's issues, as up to date as [`Store::issues`].
    ///
    /// # Errors
    /// [`StoreError`] where it cannot be read.
    pub async fn issue(&self, project: ProjectId, id: IssueId) -> Result<Option<Issue>, StoreError> {
        self.inner.issues.issues.rounds.settle().await;
        self.inner.issues.issues.find(project, id).await
    }

    /// Notes that a person knows of an issue.
    ///
    /// # Errors
    /// [`ActError`] where it is resolved, or unknown.
    pub async fn acknowledge_issue(&self, project: ProjectId, id: IssueId) -> Result<Issue, ActError> {
        self.inner.issues.issues.rounds.settle().await;
        self.inner.issues.issues.acknowledge(project, id).await
    }

    /// Resolves an issue for a person; it opens again where it is seen once more.
    ///
    /// # Errors
    /// [`ActError`] where it is resolved already, or unknown.
    pub async fn resolve_issue(&self, project: ProjectId, id: IssueId) -> Result<Issue, ActError> {
        self.inner.issues.issues.rounds.settle().await;
        self.inner.issues.issues.resolve(project, id).await
    }
}
