//! The databases of what people did and keep: each a file of its own, with full sync and a version of its own. The catalog
//! has more to check, and series are no loss, so those two open theirs themselves.

use std::fmt::Display;
use std::path::{Path, PathBuf};

use hookyard_model::id::Generator;
use rusqlite::{Connection, TransactionBehavior};

/// A database, as this hookyard knows it.
#[derive(Debug)]
pub(crate) struct Database {
    /// What is in it.
    pub(crate) of: &'static str,
    pub(crate) file: &'static str,
    pub(crate) version: u32,
    /// The table whose ids are made here.
    pub(crate) table: &'static str,
}

/// A database cannot be opened.
#[derive(Debug, thiserror::Error)]
#[error("cannot open the database of {of} {}: {cause}; move it away to go on without what is in it", path.display())]
pub struct OpenError {
    of: &'static str,
    path: PathBuf,
    cause: String,
}

impl Database {
    /// Opens it in the directory, or makes it. Blocks. Ids from `ids` will be greater than all that are in it. `migrate`
    /// brings it from the version that it has, 0 where it is new, to the one that is known.
    pub(crate) fn open(
        &self,
        directory: &Path,
        ids: &Generator,
        migrate: impl FnOnce(&Connection, u32) -> rusqlite::Result<()>,
    ) -> Result<Connection, OpenError> {
        let opened = self.try_open(&directory.join(self.file), ids, migrate);
        let opened = opened.map_err(|error| self.failed(directory, error))?;
        opened.map_err(|found| {
            let cause = format!("it has version {found}, and this hookyard knows up to {}", self.version);
            self.failed(directory, cause)
        })
    }

    /// That it cannot be opened in this directory.
    pub(crate) fn failed(&self, directory: &Path, cause: impl Display) -> OpenError {
        OpenError { of: self.of, path: directory.join(self.file), cause: cause.to_string() }
    }

    /// The database, or its version where that is not known.
    fn try_open(
        &self,
        path: &Path,
        ids: &Generator,
        migrate: impl FnOnce(&Connection, u32) -> rusqlite::Result<()>,
    ) -> rusqlite::Result<Result<Connection, u32>> {
        let mut database = Connection::open(path)?;
        // Returns the mode it ended in; without a write-ahead log commits are as durable, only slower.
        database.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
        database.pragma_update(None, "synchronous", "FULL")?;
        let tx = database.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let found: u32 = tx.pragma_query_value(None, "user_version", |row| row.get(0))?;
        if found > self.version {
            return Ok(Err(found));
        }
        if found < self.version {
            migrate(&tx, found)?;
            tx.pragma_update(None, "user_version", self.version)?;
        }
        tx.commit()?;
        let sql = format!("SELECT max(id) FROM {}", self.table);
        let newest: Option<i64> = database.query_row(&sql, [], |row| row.get(0))?;
        ids.advance_past(newest.unwrap_or_default().cast_unsigned());
        Ok(Ok(database))
    }
}
