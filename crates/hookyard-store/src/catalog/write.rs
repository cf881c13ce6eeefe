//! The one way in which anything changes: a draft of the next snapshot beside an open transaction.
//!
//! Checks are made against the draft, since all writers take turns and it always shows what the
//! database holds. The tables' own constraints stand behind them and are never expected to act.

use std::sync::{Arc, PoisonError};

use hookyard_model::clock::Timestamp;
use hookyard_model::id::{Generator, ProjectId};
use hookyard_model::source::ManagedBy;
use rusqlite::{Transaction, TransactionBehavior};

use super::audit::{self, Author};
use super::check::{Noun, Problem};
use super::key::SecretKey;
use super::seal::SealError;
use super::{Catalog, Shared, Snapshot};

/// A change to the configuration was not made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// There is no such thing in the project.
    #[error("no such {noun} in this project")]
    NotFound {
        /// What was looked for.
        noun: Noun,
    },
    /// Another one has the name.
    #[error("another {noun} has the name `{name}`: choose a different one")]
    NameTaken {
        /// What was to get the name.
        noun: Noun,
        /// The name.
        name: String,
    },
    /// Another source, of this project or another, has the token.
    #[error("another source has this token: choose a different one, or leave it out to have one made")]
    TokenTaken,
    /// The name breaks the rules for names.
    #[error(
        "`{name}` is not a name for a {noun}: use 1 to 100 letters, digits, `-`, `_` and `.`, and start with a \
         letter or digit"
    )]
    InvalidName {
        /// What was to get the name.
        noun: Noun,
        /// The name.
        name: String,
    },
    /// Another setting breaks its rules.
    #[error("the {noun} `{name}` has an invalid `{setting}`: {reason}")]
    Invalid {
        /// What the setting belongs to.
        noun: Noun,
        /// The name of what it belongs to.
        name: String,
        /// The setting's name in the API and the configuration file.
        setting: &'static str,
        /// What is wrong, and what would be right.
        reason: String,
    },
    /// Connections use what was to be deleted.
    #[error("the {noun} is used by {}: delete these connections first", by.join(", "))]
    InUse {
        /// What was to be deleted.
        noun: Noun,
        /// The names of the connections, in order.
        by: Vec<String>,
    },
    /// Alerts are restricted to the connection that was to be deleted.
    #[error("alerts tell of this connection: {}; take it from their connections, or delete them, first", by.join(", "))]
    Alerted {
        /// The names of the alerts, in order.
        by: Vec<String>,
    },
    /// The project has as many alerts as it can have.
    #[error("a project has at most {} alerts: delete one first", hookyard_model::alert::ALERTS_MAX)]
    TooManyAlerts,
    /// The project has as many API keys as it can have.
    #[error("a project has at most {} API keys: delete one first", hookyard_model::access::API_KEYS_MAX)]
    TooManyApiKeys,
    /// What the caller made a condition of the change does not hold; nothing was changed.
    #[error("it is not as it was when you looked: look at it again, and repeat the change")]
    ConditionFailed,
    /// The configuration file declares it, so the API does not change it.
    #[error("the {noun} `{name}` comes from the configuration file: change it there")]
    ManagedByFile {
        /// What was to be changed.
        noun: Noun,
        /// Its name.
        name: String,
    },
    /// It is no longer as it was when the change was worked out; nothing was changed.
    #[error("the {noun} was changed at the same time: look at it again, and repeat the change")]
    ChangedMeanwhile {
        /// What was to be changed.
        noun: Noun,
    },
    /// A connection names a source or destination, or an alert a connection, that the project does not have.
    #[error("the {noun} does not exist in this project: create it first")]
    UnknownReference {
        /// What is named.
        noun: Noun,
    },
    /// The database refused; nothing was changed.
    #[error("the configuration database cannot be written: {0}")]
    Storage(String),
}

impl WriteError {
    /// The error for the first of these problems, if there is one.
    pub(super) fn refuse(noun: Noun, name: &str, problems: Vec<Problem>) -> Result<(), Self> {
        let Some(Problem { setting, reason }) = problems.into_iter().next() else {
            return Ok(());
        };
        if setting == Problem::NAME {
            return Err(Self::InvalidName { noun, name: name.to_owned() });
        }
        Err(Self::Invalid { noun, name: name.to_owned(), setting, reason })
    }

    /// Lets the API change only what the API manages.
    pub(super) fn refuse_managed_by_file(noun: Noun, name: &str, managed_by: ManagedBy) -> Result<(), Self> {
        match managed_by {
            ManagedBy::Api => Ok(()),
            ManagedBy::File => Err(Self::ManagedByFile { noun, name: name.to_owned() }),
        }
    }
}

impl From<rusqlite::Error> for WriteError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Storage(error.to_string())
    }
}

impl From<SealError> for WriteError {
    fn from(error: SealError) -> Self {
        Self::Storage(error.to_string())
    }
}

/// The next snapshot in the making, and the transaction that makes it durable.
///
/// Whoever changes a row changes `next` in the same breath and counts it in `changes`.
pub(super) struct Draft<'a> {
    pub(super) tx: &'a Transaction<'a>,
    pub(super) key: &'a SecretKey,
    pub(super) ids: &'a Generator,
    pub(super) now: Timestamp,
    pub(super) next: Snapshot,
    pub(super) changes: usize,
}

impl Draft<'_> {
    /// Refuses a project that does not exist.
    pub(super) fn require_project(&self, project: ProjectId) -> Result<(), WriteError> {
        if self.next.projects.iter().any(|known| known.id == project) {
            return Ok(());
        }
        Err(WriteError::NotFound { noun: Noun::Project })
    }
}

impl Catalog {
    /// Runs one change as one transaction on a thread that may block. It is carried through also where
    /// the caller stops waiting for it.
    pub(super) async fn write<T, F>(&self, change: F) -> Result<T, WriteError>
    where
        F: FnOnce(&mut Draft<'_>) -> Result<T, WriteError> + Send + 'static,
        T: Send + 'static,
    {
        self.write_or_try(false, change).await
    }

    /// As [`Catalog::write`] where it is no trial; a trial does and says the same, and leaves nothing behind.
    pub(super) async fn write_or_try<T, F>(&self, is_trial: bool, change: F) -> Result<T, WriteError>
    where
        F: FnOnce(&mut Draft<'_>) -> Result<T, WriteError> + Send + 'static,
        T: Send + 'static,
    {
        let Self { shared, author, condition } = self.clone();
        let holds = move |snapshot: &Snapshot| condition.is_none_or(|condition| condition(snapshot));
        match tokio::task::spawn_blocking(move || shared.write(&author, is_trial, holds, change)).await {
            Ok(written) => written,
            Err(failed) => match failed.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(_) => Err(WriteError::Storage("hookyard is shutting down".to_owned())),
            },
        }
    }
}

impl Shared {
    fn write<T>(
        &self,
        author: &Author,
        is_trial: bool,
        holds: impl FnOnce(&Snapshot) -> bool,
        change: impl FnOnce(&mut Draft<'_>) -> Result<T, WriteError>,
    ) -> Result<T, WriteError> {
        // A writer that panicked has rolled back, so what it leaves behind is whole.
        let mut database = self.database.lock().unwrap_or_else(PoisonError::into_inner);
        let tx = database.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let before = Arc::clone(&self.current.borrow());
        if !holds(&before) {
            return Err(WriteError::ConditionFailed);
        }
        let (now, next) = (self.clock.now(), Snapshot::clone(&before));
        let mut draft = Draft { tx: &tx, key: &self.key, ids: &self.ids, now, next, changes: 0 };
        let result = change(&mut draft)?;
        let Draft { mut next, changes, .. } = draft;
        if changes == 0 || is_trial {
            return Ok(result);
        }
        next.version += 1;
        next.group_by_source();
        tx.execute("UPDATE catalog SET version = ?1", [next.version.cast_signed()])?;
        audit::note_differences(&tx, &self.ids, now, (author, &self.audit), (&before, &next))?;
        tx.commit()?;
        self.current.send_replace(Arc::new(next));
        Ok(result)
    }
}
