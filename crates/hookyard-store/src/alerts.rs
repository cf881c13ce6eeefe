//! Telling people of issues: what is to be told and how that went, for the stage that tells it.
//!
//! ```text
//!   issue opens ──► outbox ──► tellings, one for each alert and issue ──► the alert stage ──► told, or tried again
//!     (one transaction)    (as alerts are configured now)
//! ```
//! Both stand in the database of issues. An outbox that nobody empties is bounded: its oldest news is dropped, and that
//! is logged. There is at most one telling for each alert and issue, in which what happens meanwhile is gathered.
//!
//! **Invariant:** what is told is noted only after it was: after a crash it is told once more, under the same id.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use hookyard_model::alert::Alert;
use hookyard_model::clock::Timestamp;
use hookyard_model::id::AlertId;
use rustc_hash::{FxHashMap, FxHashSet};
use tokio::sync::{mpsc, oneshot, watch};

use crate::issues::{Issue, StoreError};
use crate::store::Store;

/// Samples that wait to be sent; one more is refused.
const TRIALS_MAX: usize = 8;

/// What became of an issue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    /// It opened.
    Opened,
    /// It opened again.
    Reopened,
    /// It was resolved.
    Resolved,
}

/// Something that an alert has to tell now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Telling {
    /// The alert.
    pub alert: Arc<Alert>,
    /// The issue, as it is now.
    pub issue: Issue,
    /// What became of it.
    pub news: News,
    /// When.
    pub happened_at: Timestamp,
    /// How often it opened since it was told last.
    pub openings: u64,
    /// What the alert has told of this issue before, or has given up.
    pub number: u64,
    /// How often telling it has failed.
    pub tries: u32,
    /// When it was due first.
    pub since: Timestamp,
}

/// What is to be told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Due {
    /// Now; at most one of each alert.
    pub tellings: Vec<Telling>,
    /// When something else is.
    pub next_at: Option<Timestamp>,
}

/// How telling has gone with an alert.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mark {
    /// When it has told something last, and that was taken.
    pub sent_at: Option<Timestamp>,
    /// When and how it has failed since.
    pub error: Option<(Timestamp, String)>,
}

/// What came of sending: the status that was answered, of HTTP or SMTP.
pub type Outcome = Result<u16, SendError>;

/// Something was not sent, or not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct SendError {
    /// What was answered, where there was an answer.
    pub status: Option<u16>,
    /// Why, for a person; no secret is in it.
    pub detail: String,
}

/// A sample that a person wants to be sent.
#[derive(Debug)]
pub struct Trial {
    /// How.
    pub alert: Arc<Alert>,
    answer: oneshot::Sender<Outcome>,
}

/// A sample was not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TrialError {
    /// Too many wait.
    #[error("{TRIALS_MAX} samples wait to be sent already: try again when they are")]
    Busy,
    /// Nobody is there who sends it.
    #[error("nothing is sent now: hookyard is starting or stopping")]
    Stopping,
}

/// The way of samples from who wants them to who sends them.
pub(crate) struct Trials {
    sender: mpsc::Sender<Trial>,
    receiver: Mutex<Option<mpsc::Receiver<Trial>>>,
}

impl News {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Opened, Self::Reopened, Self::Resolved];

    /// The name in what is told, and in the database.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Reopened => "reopened",
            Self::Resolved => "resolved",
        }
    }

    /// The news with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|news| news.name() == name)
    }
}

impl Trial {
    /// Says what came of it.
    pub fn answer(self, outcome: Outcome) {
        // Who asked may have gone.
        let _ = self.answer.send(outcome);
    }
}

impl Default for Trials {
    fn default() -> Self {
        let (sender, receiver) = mpsc::channel(TRIALS_MAX);
        Self { sender, receiver: Mutex::new(Some(receiver)) }
    }
}

impl fmt::Debug for Trials {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Trials").finish_non_exhaustive()
    }
}

impl Store {
    /// What is to be told now, as alerts are configured now, but for those that are `busy`.
    ///
    /// # Errors
    /// [`StoreError`] where that cannot be read, or not be dealt out.
    pub async fn tellings_due(&self, busy: FxHashSet<AlertId>) -> Result<Due, StoreError> {
        let snapshot = self.inner.catalog.snapshot();
        self.inner.issues.issues.tellings_due(snapshot, busy).await
    }

    /// Changes whenever something became of an issue. To be had before [`Store::tellings_due`] is asked.
    pub fn alert_news(&self) -> watch::Receiver<u64> {
        self.inner.issues.issues.news()
    }

    /// Notes that something was told.
    ///
    /// # Errors
    /// [`StoreError`] where that is not durable; it is told once more then.
    pub async fn told(&self, telling: Telling) -> Result<(), StoreError> {
        self.inner.issues.issues.told(telling).await
    }

    /// Notes that telling something failed, and when it is tried again; none for not at all.
    ///
    /// # Errors
    /// [`StoreError`] where that is not durable; it is tried again at once then.
    pub async fn not_told(
        &self,
        telling: Telling,
        detail: String,
        again_at: Option<Timestamp>,
    ) -> Result<(), StoreError> {
        self.inner.issues.issues.not_told(telling, detail, again_at).await
    }

    /// How telling has gone, by alert; those that have told nothing are left out.
    ///
    /// # Errors
    /// [`StoreError`] where that cannot be read.
    pub async fn alert_marks(&self) -> Result<FxHashMap<AlertId, Mark>, StoreError> {
        self.inner.issues.issues.marks().await
    }

    /// Has a sample sent, and waits for what comes of it.
    ///
    /// # Errors
    /// [`TrialError`] where nobody sends it.
    pub async fn try_alert(&self, alert: Arc<Alert>) -> Result<Outcome, TrialError> {
        let trials = &self.inner.trials;
        let is_nobody_there = trials.receiver.lock().unwrap_or_else(PoisonError::into_inner).is_some()
            || trials.sender.is_closed();
        if is_nobody_there {
            return Err(TrialError::Stopping);
        }
        let (answer, outcome) = oneshot::channel();
        trials.sender.try_send(Trial { alert, answer }).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => TrialError::Busy,
            mpsc::error::TrySendError::Closed(_) => TrialError::Stopping,
        })?;
        outcome.await.map_err(|_| TrialError::Stopping)
    }

    /// The samples that people want to be sent; none where somebody has taken them already.
    pub fn alert_trials(&self) -> Option<mpsc::Receiver<Trial>> {
        self.inner.trials.receiver.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}
