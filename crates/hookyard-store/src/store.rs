//! The one handle all stages share: how the store is opened, what it consists of, how it is closed.

use std::fs::File;
use std::io::{self, Write as _};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, AtomicUsize};
use std::sync::{Arc, RwLock};
use std::time::Duration;

use hookyard_model::clock::Clock;
use hookyard_model::id::{DestinationId, Generator};
use rustc_hash::FxHashMap;

use crate::alerts::Trials;
use crate::bookmarks::{self, Bookmarks};
use crate::bulk;
use crate::catalog::{self, Catalog, SecretKey, audit};
use crate::claims::Claims;
use crate::database;
use crate::idempotency;
use crate::index::{self, follower};
use crate::issues;
use crate::journal::disk::Faults;
use crate::journal::record::Position;
use crate::journal::{self, Journal, writer};
use crate::lanes::Lane;
use crate::latest::Latest;
use crate::replays::Replays;
use crate::search::{self, Searches};
use crate::series;

/// The number of this node in ids; one process uses one data directory.
const NODE: u8 = 0;

/// The longest time from one commit to the next while requests gather for it. Each commit costs some
/// 50 to 80 µs of processor time, however much is in it; waiting for longer leaves the processor idle.
const COMMIT_PACE: Duration = Duration::from_micros(600);

/// Where and how a store keeps its data.
#[derive(Clone, Debug)]
pub struct Options {
    /// Directory of everything; made where it is missing.
    pub data_dir: PathBuf,
    /// Where time comes from.
    pub clock: Clock,
    /// The key that secrets are encrypted with; none to keep one in `data_dir/secrets.key`.
    pub secret_key: Option<SecretKey>,
    /// Size at which a journal segment is finished, in bytes; at most 2 GiB.
    pub segment_bytes: u32,
    /// Age at which a journal segment is finished.
    pub segment_age: Duration,
    /// How long requests are kept; none for ever.
    pub retention: Option<Duration>,
    /// Free space below which requests are refused, in bytes.
    pub reserve_bytes: u64,
    /// Bytes waiting for the journal, beyond which requests are refused.
    pub pending_bytes_max: usize,
    /// Events that one lane keeps in memory.
    pub lane_events_max: usize,
    /// Order keys that a lane remembers as blocked, or as waiting in the index; beyond them the index is looked at for
    /// all keys, at least once a second.
    pub lane_keys_max: usize,
    /// Bytes of requests that all lanes together keep in memory.
    pub lanes_bytes_max: usize,
    /// Keys of which memory has the newest that was delivered, where connections want only the latest; beyond them
    /// the index is asked.
    pub latest_keys_max: usize,
    /// How much work people's looks at history may be.
    pub search: search::Settings,
    /// How much people may keep as bookmarks.
    pub bookmarks: bookmarks::Settings,
    /// From when on something is an issue.
    pub issues: issues::Settings,
    /// How much of the audit log is kept, and how it looks.
    pub audit: audit::Settings,
    /// How much is kept of calls that clients may repeat.
    pub idempotency: idempotency::Settings,
    /// How much of what was counted is kept.
    pub series: series::Settings,
    /// Faults that a test injects.
    pub faults: Option<Arc<Faults>>,
}

impl Options {
    /// The defaults, in this directory.
    pub fn new(data_dir: impl Into<PathBuf>) -> Self {
        Self {
            data_dir: data_dir.into(),
            clock: Clock::System,
            secret_key: None,
            segment_bytes: 64 << 20,
            segment_age: Duration::from_secs(3600),
            retention: Some(Duration::from_secs(30 * 24 * 3600)),
            reserve_bytes: 64 << 20,
            pending_bytes_max: 64 << 20,
            lane_events_max: 1_024,
            lane_keys_max: 16_384,
            lanes_bytes_max: 64 << 20,
            latest_keys_max: 65_536,
            search: search::Settings::default(),
            bookmarks: bookmarks::Settings::default(),
            issues: issues::Settings::default(),
            audit: audit::Settings::default(),
            idempotency: idempotency::Settings::default(),
            series: series::Settings::default(),
            faults: None,
        }
    }
}

/// The store cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The data directory cannot be made or used.
    #[error("cannot use the data directory {path}: {error}")]
    Directory {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// Another process has the directory.
    #[error("another Hookyard{by} is using {path}: stop it, or choose another data directory")]
    Locked {
        /// The directory.
        path: PathBuf,
        /// ` (process N)`, where that is known.
        by: String,
    },
    /// The key for secrets cannot be used.
    #[error(transparent)]
    Key(#[from] catalog::KeyError),
    /// The configuration database cannot be opened.
    #[error(transparent)]
    Catalog(#[from] catalog::OpenError),
    /// Another database cannot be opened.
    #[error(transparent)]
    Database(#[from] database::OpenError),
    /// The database of series cannot be opened.
    #[error(transparent)]
    Series(#[from] series::OpenError),
    /// The journal cannot be opened.
    #[error("cannot open the journal: {0}")]
    Journal(String),
    /// The index can neither be opened nor made anew.
    #[error("cannot open the index: {0}")]
    Index(String),
}

/// A handle on the store; clones share it. The last one closes it when dropped.
#[derive(Clone, Debug)]
pub struct Store {
    pub(crate) inner: Arc<Inner>,
}

#[derive(Debug)]
pub(crate) struct Inner {
    /// Where everything lies.
    pub(crate) directory: PathBuf,
    pub(crate) clock: Clock,
    pub(crate) catalog: Catalog,
    pub(crate) journal: Journal,
    /// Before the index, which it looks into: it ends first.
    pub(crate) issues: issues::Running,
    /// Before the index as well.
    pub(crate) series: series::Running,
    pub(crate) index: follower::Running,
    pub(crate) lanes: RwLock<FxHashMap<DestinationId, Arc<Lane>>>,
    pub(crate) lane_events_max: usize,
    pub(crate) lane_keys_max: usize,
    pub(crate) lanes_bytes_max: usize,
    /// Bytes of requests that lanes keep in memory now.
    pub(crate) lanes_bytes: AtomicUsize,
    /// Events that are to go through their rules once more.
    pub(crate) replays: Replays,
    /// What deduplication remembers that is not in the index yet.
    pub(crate) claims: Claims,
    /// What was delivered where only the latest is wanted.
    pub(crate) latest: Latest,
    pub(crate) bulk: Arc<bulk::Operations>,
    /// Calls that clients may repeat.
    pub(crate) calls: Arc<idempotency::Calls>,
    pub(crate) searches: Searches,
    pub(crate) bookmarks: Arc<Bookmarks>,
    /// Samples of alerts that people want to be sent.
    pub(crate) trials: Trials,
    /// Where this run's part of the journal begins: position, and the first id it can have.
    pub(crate) run_start: (Position, u64),
    pub(crate) rejections_dropped: AtomicU64,
    /// Held for as long as the store is open.
    _lock: File,
}

impl Store {
    /// Opens the store, or makes it where there is none. Blocks while the end of the journal is read;
    /// bringing the index up to date goes on in the background.
    ///
    /// # Errors
    /// [`OpenError`], saying what to do about it.
    pub fn open(options: Options) -> Result<Self, OpenError> {
        let data_dir = &options.data_dir;
        let in_directory = |error| OpenError::Directory { path: data_dir.clone(), error };
        // Only its owner may look: webhooks are other people's data.
        let mut private = std::fs::DirBuilder::new();
        private.recursive(true).mode(0o700).create(data_dir).map_err(in_directory)?;
        let lock = lock(data_dir)?;
        let key = match options.secret_key.clone() {
            Some(key) => key,
            None => SecretKey::load_or_create(&data_dir.join("secrets.key"))?,
        };
        let ids = Arc::new(Generator::new(NODE));
        let journal_dir = data_dir.join("journal");
        let settings = writer::Settings {
            segment_bytes: options.segment_bytes,
            segment_age: options.segment_age,
            reserve_bytes: options.reserve_bytes,
            pace: COMMIT_PACE,
        };
        let journal = Journal::open(
            &journal_dir,
            settings,
            options.pending_bytes_max,
            &options.clock,
            &ids,
            options.faults.clone(),
        )
        .map_err(|error: journal::OpenError| OpenError::Journal(error.to_string()))?;
        let (start, newest_id) = journal.tail.committed();
        let calls = idempotency::Calls::open(
            data_dir,
            key.clone(),
            options.clock.clone(),
            Arc::clone(&ids),
            options.idempotency,
        )?;
        let calls = Arc::new(calls);
        let catalog = Catalog::open(data_dir, key, options.clock.clone(), Arc::clone(&ids), options.audit)?;
        let bulk = Arc::new(bulk::Operations::open(data_dir, options.clock.clone(), Arc::clone(&ids))?);
        let bookmarks = Bookmarks::open(data_dir, options.bookmarks, options.clock.clone(), Arc::clone(&ids))
            .map(Arc::new)?;
        let index = follower::start(
            &data_dir.join("index"),
            &journal_dir,
            &journal.tail,
            &options.clock,
            index_settings(&options),
        )
        .map_err(|error: index::Error| OpenError::Index(error.to_string()))?;
        let issues = issues::start(issues::Parts {
            directory: data_dir.clone(),
            settings: options.issues.clone(),
            clock: options.clock.clone(),
            ids,
            catalog: catalog.clone(),
            tail: Arc::clone(&journal.tail),
            index: Arc::clone(&index.index),
        })?;
        let series = series::start(series::Parts {
            directory: data_dir.clone(),
            settings: options.series.clone(),
            clock: options.clock.clone(),
            catalog: catalog.clone(),
            tail: Arc::clone(&journal.tail),
            index: Arc::clone(&index.index),
        })?;
        let inner = Inner {
            directory: data_dir.clone(),
            clock: options.clock,
            catalog,
            journal,
            issues,
            series,
            index,
            lanes: RwLock::default(),
            lane_events_max: options.lane_events_max,
            lane_keys_max: options.lane_keys_max,
            lanes_bytes_max: options.lanes_bytes_max,
            lanes_bytes: AtomicUsize::new(0),
            replays: Replays::default(),
            claims: Claims::default(),
            latest: Latest::new(options.latest_keys_max),
            bulk,
            calls,
            searches: Searches::new(options.search),
            bookmarks,
            trials: Trials::default(),
            run_start: (start, newest_id + 1),
            rejections_dropped: AtomicU64::new(0),
            _lock: lock,
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// The configuration.
    pub fn catalog(&self) -> &Catalog {
        &self.inner.catalog
    }

    /// Where time comes from.
    pub fn clock(&self) -> &Clock {
        &self.inner.clock
    }

    /// Writes all that waits and lets nothing further in. Blocks. What a failing disk does not take is
    /// done again after the next start.
    pub fn close(&self) {
        self.inner.journal.close();
    }

    /// Has the index made anew from the journal, while everything goes on; returns when it is.
    pub async fn reindex(&self) {
        self.recovered().await;
        self.inner.index.index.rebuild();
        self.recovered().await;
    }

    /// Waits until the index holds what earlier runs left in the journal.
    pub async fn recovered(&self) {
        self.inner.index.index.recovered().await;
    }

    /// Waits until all that was recorded before this call is durable.
    pub async fn flush(&self) {
        self.inner.journal.queue.flush().await;
    }

    /// Waits until all that was recorded before this call is durable and in the index.
    pub async fn settle(&self) {
        self.flush().await;
        let (_, newest_id) = self.inner.journal.tail.committed();
        self.inner.index.index.settle_patiently(newest_id).await;
    }
}

/// Whether a store was opened in this directory before.
pub fn is_there(data_dir: &Path) -> bool {
    data_dir.join(catalog::FILE).exists()
}

/// A partition spans 16 segments or a day, and less where retention is short.
fn index_settings(options: &Options) -> follower::Settings {
    const DAY: Duration = Duration::from_secs(24 * 3600);
    let share = options.retention.map_or(DAY, |retention| retention / 8);
    follower::Settings {
        partition_bytes: u64::from(options.segment_bytes) * 16,
        partition_age: share.min(DAY),
        retention: options.retention,
    }
}

/// Takes the data directory for this process; the lock goes with the process, however it ends.
fn lock(data_dir: &Path) -> Result<File, OpenError> {
    let in_directory = |error| OpenError::Directory { path: data_dir.to_owned(), error };
    let path = data_dir.join("lock");
    let mut file = File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path)
        .map_err(in_directory)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(std::fs::TryLockError::WouldBlock) => {
            let by = io::read_to_string(&mut file).unwrap_or_default();
            let by = if by.trim().is_empty() { String::new() } else { format!(" (process {})", by.trim()) };
            return Err(OpenError::Locked { path: data_dir.to_owned(), by });
        }
        Err(std::fs::TryLockError::Error(error)) => return Err(in_directory(error)),
    }
    let note = file.set_len(0).and_then(|()| write!(file, "{}", std::process::id()));
    note.map_err(in_directory)?;
    Ok(file)
}
