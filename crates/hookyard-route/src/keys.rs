//! Fetching keys: one fetch at a time for each, however many wait for it, and what came of the last one.
//!
//! No provider is asked more often than `rate` allows. After a failure nobody asks again before a wait that doubles from time to time. That there is no such
//! key is remembered for a while as well.
//!
//! **Invariant:** what is remembered here is bounded, and losing it costs a fetch and nothing more.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hookyard_model::clock::{Clock, Timestamp};
use hookyard_outgoing::connector::Connector;
use hookyard_outgoing::fetch::Fetcher;
use hookyard_providers::definition::FetchFormat;
use hookyard_providers::{CacheKey, FetchProblem, KeyCache, KeyRequest};
use rustc_hash::FxHashMap;
use tracing::{info, warn};

use crate::document::{self, DocumentError};
use crate::limits::Limits;
use crate::metrics::Metrics;
use crate::rate::Rate;

/// How long it is remembered that there is no such key.
const ABSENT_FOR: Duration = Duration::from_secs(30);
/// Keys whose last fetch is remembered.
const REMEMBERED_MAX: usize = 1_024;

/// How a fetch is counted that was not begun because of the rate.
const HELD_BACK: &str = "held_back";

/// What came of a fetch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Obtained {
    /// The document is there, as of this time: judge again.
    Fetched(Timestamp),
    /// Not now; ask again at this time.
    Later(Timestamp, String),
    /// There is no such key.
    Never(String),
}

/// Fetches keys; clones share what they remember.
#[derive(Clone, Debug)]
pub(crate) struct Keys {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    connector: Connector,
    fetcher: Fetcher,
    cache: KeyCache,
    clock: Clock,
    retry: (Duration, Duration),
    rate: Rate,
    metrics: Metrics,
    keys: Mutex<FxHashMap<CacheKey, Arc<Key>>>,
}

/// One key: whoever holds the lock fetches it, and the others find here what came of that.
#[derive(Debug, Default)]
struct Key {
    /// How many fetches of it succeeded.
    fetched: AtomicU64,
    last: tokio::sync::Mutex<Last>,
}

#[derive(Debug, Default)]
struct Last {
    /// When the last successful fetch began.
    fetched_at: Option<Timestamp>,
    /// Failed fetches since then.
    failures: u32,
    /// Until when this holds without asking again.
    failed: Option<(Timestamp, Obtained)>,
}

impl Keys {
    /// Keys that are fetched over connections of `connector`, and kept in `cache`.
    pub(crate) fn new(
        connector: &Connector,
        fetcher: Fetcher,
        cache: KeyCache,
        clock: Clock,
        limits: &Limits,
        metrics: Metrics,
    ) -> Self {
        let (connector, retry) = (connector.clone(), (limits.retry_first, limits.retry_max));
        let (rate, keys) = (Rate::new(limits.fetches_per_minute_max), Mutex::default());
        let shared = Shared { connector, fetcher, cache, clock, retry, rate, metrics, keys };
        Self { shared: Arc::new(shared) }
    }

    /// Has the document fetched, unless that was done since `asked_at` or meanwhile, or failed just now.
    pub(crate) async fn obtain(&self, wanted: &KeyRequest, asked_at: Timestamp) -> Obtained {
        let key = self.key(wanted.cache_key());
        let fetched = key.fetched.load(Ordering::Acquire);
        let mut last = key.last.lock().await;
        let is_new = key.fetched.load(Ordering::Acquire) > fetched;
        let now = self.shared.clock.now();
        if let Some(at) = last.fetched_at.filter(|at| is_new || *at >= asked_at) {
            return Obtained::Fetched(at);
        }
        if let Some((until, obtained)) = &last.failed
            && *until > now
        {
            return obtained.clone();
        }
        if let Err(at) = self.shared.rate.take(&wanted.hosts, now) {
            self.shared.metrics.note_fetch(Err(HELD_BACK));
            let why = format!("{}: its provider was asked for too many keys within a minute", wanted.url);
            return Obtained::Later(at, why);
        }
        let obtained = self.fetch(wanted, last.failures, now).await;
        match &obtained {
            Obtained::Fetched(at) => {
                *last = Last { fetched_at: Some(*at), ..Last::default() };
                key.fetched.fetch_add(1, Ordering::AcqRel);
            }
            Obtained::Later(at, _) => {
                last.failures += 1;
                last.failed = Some((*at, obtained.clone()));
            }
            Obtained::Never(_) => {
                let until = self.shared.clock.now().plus(ABSENT_FOR);
                last.failed = Some((until, obtained.clone()));
            }
        }
        obtained
    }

    async fn fetch(&self, wanted: &KeyRequest, failures: u32, begun_at: Timestamp) -> Obtained {
        let Shared { fetcher, cache, clock, metrics, .. } = &*self.shared;
        let url = wanted.url.as_str();
        let error = match document::fetch(fetcher, wanted).await {
            Ok(document) => match self.keep(wanted, &document).await {
                Ok(()) => {
                    metrics.note_fetch(Ok(()));
                    info!(url, bytes = document.len(), "a key is fetched");
                    return Obtained::Fetched(begun_at);
                }
                Err(error) => error,
            },
            Err(error) => error,
        };
        metrics.note_fetch(Err(error.name()));
        if error.is_final() {
            warn!(url, %error, "there is no key where a request says");
            cache.refuse(wanted, clock.now().s());
            return Obtained::Never(format!("{url}: {error}"));
        }
        let wait = self.wait(failures);
        warn!(url, %error, ?wait, "a key cannot be fetched; requests wait for it");
        Obtained::Later(clock.now().plus(wait), format!("{url}: {error}"))
    }

    async fn keep(&self, wanted: &KeyRequest, document: &[u8]) -> Result<(), DocumentError> {
        let Shared { connector, cache, clock, .. } = &*self.shared;
        let now_s = clock.now().s();
        let kept = match wanted.format {
            // Its certificates have to lead to a root of the web.
            FetchFormat::X509 => {
                let roots = connector.roots().await.map_err(DocumentError::Roots)?;
                cache.accept(wanted, document, &roots.roots, now_s)
            }
            _ => cache.accept(wanted, document, &[], now_s),
        };
        kept.map_err(|problem: FetchProblem| DocumentError::NoKey(problem.to_string()))
    }

    /// How long to wait after so many failures and one more.
    fn wait(&self, failures: u32) -> Duration {
        let (first, max) = self.shared.retry;
        first.saturating_mul(2_u32.saturating_pow(failures.min(31))).min(max)
    }

    fn key(&self, cache_key: CacheKey) -> Arc<Key> {
        let mut keys = self.shared.keys.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(key) = keys.get(&cache_key) {
            return Arc::clone(key);
        }
        if keys.len() >= REMEMBERED_MAX {
            // Those that somebody waits for stay.
            keys.retain(|_, key| Arc::strong_count(key) > 1);
        }
        Arc::clone(keys.entry(cache_key).or_default())
    }
}
