//! Keys that must be fetched: what to fetch, what came back, and the memory of both.
//!
//! Nothing here fetches. A verifier that lacks a key hands out a [`KeyRequest`]; whoever may make
//! outgoing calls makes that one and gives the answer to [`KeyCache::accept`], or says with
//! [`KeyCache::refuse`] that there was none; then the same request can be judged.
//!
//! **Invariants:** a cache holds at most the entries and bytes it was made with. That a key does *not*
//! exist is remembered too, for a minute, and such entries are the first to go: a flood of invented
//! key ids displaces no key. Looking something up takes no lock.

mod document;
mod hosts;
mod request;

pub use document::{DOCUMENT_BYTES_MAX, FetchProblem};
pub(crate) use hosts::host;
pub use hosts::{HostProblem, check_host};
pub use request::{AuthorizeRequest, CacheKey, KeyRequest};

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use rustls_pki_types::TrustAnchor;

use crate::public_key::PublicKey;

/// How long it is remembered that a key does not exist, in seconds.
const ABSENT_S: u64 = 60;
/// A set that lacks a key is fetched again only when it is this old, in seconds.
const REFETCH_AFTER_S: u64 = 60;
/// A document whose keys do not fit is fetched again only when it is this old, in seconds.
const REPLACED_AFTER_S: u64 = 600;
/// What an entry takes beside its keys, in bytes; a generous guess.
const ENTRY_BYTES: usize = 256;

/// A key out of a fetched document.
#[derive(Clone, Debug)]
pub(crate) struct FetchedKey {
    pub(crate) id: Option<Box<str>>,
    /// The one token algorithm it is for, where the document says so.
    pub(crate) algorithm: Option<Box<str>>,
    pub(crate) key: PublicKey,
    /// From when on it is no longer to be used, in seconds since the Unix epoch.
    pub(crate) valid_until_s: Option<u64>,
}

/// The keys of one fetched document.
#[derive(Debug)]
pub(crate) struct FetchedKeys {
    pub(crate) keys: Vec<FetchedKey>,
    fetched_at_s: u64,
}

impl FetchedKeys {
    /// Whether it is worth fetching the document again for a key that it lacks.
    pub(crate) fn may_be_outdated(&self, now_s: u64) -> bool {
        now_s >= self.fetched_at_s.saturating_add(REFETCH_AFTER_S)
    }

    /// Whether it is worth fetching the document again because none of its keys made a signature: the
    /// provider may have changed its key.
    pub(crate) fn may_be_replaced(&self, now_s: u64) -> bool {
        now_s >= self.fetched_at_s.saturating_add(REPLACED_AFTER_S)
    }

    fn bytes(&self) -> usize {
        // A key of 8192 bits, the largest, has 1 KiB; its id is not longer than the document.
        let of = |key: &FetchedKey| 1200 + key.id.as_ref().map_or(0, |id| id.len());
        ENTRY_BYTES + self.keys.iter().map(of).sum::<usize>()
    }
}

/// What a cache knows.
#[derive(Clone, Debug)]
pub(crate) enum Known {
    /// The keys.
    Keys(Arc<FetchedKeys>),
    /// That there are none.
    Absent,
    /// Nothing: ask.
    Nothing,
}

#[derive(Clone)]
struct Entry {
    keys: Option<Arc<FetchedKeys>>,
    until_s: u64,
    bytes: usize,
}

type Entries = HashMap<CacheKey, Entry>;

/// Fetched keys, shared by all verifiers. Clones are handles to the same memory.
#[derive(Clone)]
pub struct KeyCache {
    shared: Arc<Shared>,
}

struct Shared {
    entries: ArcSwap<Entries>,
    /// Held while the entries are replaced.
    writing: Mutex<()>,
    entries_max: usize,
    bytes_max: usize,
}

impl Default for KeyCache {
    /// 1024 entries, 4 MiB.
    fn default() -> Self {
        Self::new(1024, 4 << 20)
    }
}

impl KeyCache {
    /// An empty cache with these bounds.
    pub fn new(entries_max: usize, bytes_max: usize) -> Self {
        let shared = Shared { entries: ArcSwap::default(), writing: Mutex::new(()), entries_max, bytes_max };
        Self { shared: Arc::new(shared) }
    }

    /// Takes the document that a request brought, and keeps its keys for as long as the request and
    /// the keys themselves say. `roots` are the roots of the web; only certificates need them.
    ///
    /// # Errors
    /// [`FetchProblem`], where it holds no key that can be used. Nothing is kept then.
    pub fn accept(
        &self,
        request: &KeyRequest,
        body: &[u8],
        roots: &[TrustAnchor<'_>],
        now_s: u64,
    ) -> Result<(), FetchProblem> {
        let keys = document::read(request, body, roots, now_s)?;
        let keys = FetchedKeys { keys, fetched_at_s: now_s };
        let entry = Entry {
            bytes: keys.bytes(),
            keys: Some(Arc::new(keys)),
            until_s: now_s.saturating_add(request.max_age_s),
        };
        self.put(request.cache_key(), entry, now_s);
        Ok(())
    }

    /// Remembers for a minute that a request brought no key. For answers that say so and documents
    /// that hold none; not for networks that are down.
    pub fn refuse(&self, request: &KeyRequest, now_s: u64) {
        // A set that was there is not lost over one bad answer.
        if matches!(self.get(&request.cache_key(), now_s), Known::Keys(_)) {
            return;
        }
        let entry = Entry { keys: None, until_s: now_s.saturating_add(ABSENT_S), bytes: ENTRY_BYTES };
        self.put(request.cache_key(), entry, now_s);
    }

    /// What is known under a key.
    pub(crate) fn get(&self, key: &CacheKey, now_s: u64) -> Known {
        match self.shared.entries.load().get(key) {
            Some(entry) if now_s < entry.until_s => match &entry.keys {
                Some(keys) => Known::Keys(Arc::clone(keys)),
                None => Known::Absent,
            },
            _ => Known::Nothing,
        }
    }

    fn put(&self, key: CacheKey, entry: Entry, now_s: u64) {
        let _writing = self.shared.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut entries = Entries::clone(&self.shared.entries.load());
        entries.retain(|_, entry| now_s < entry.until_s);
        entries.insert(key, entry);
        let mut bytes: usize = entries.values().map(|entry| entry.bytes).sum();
        while entries.len() > self.shared.entries_max || bytes > self.shared.bytes_max {
            let goes_first = |entry: &Entry| (entry.keys.is_some(), entry.until_s);
            let first = entries.iter().min_by_key(|(_, entry)| goes_first(entry)).map(|(key, _)| *key);
            let Some(gone) = first.and_then(|key| entries.remove(&key)) else { break };
            bytes -= gone.bytes;
        }
        self.shared.entries.store(Arc::new(entries));
    }
}

impl fmt::Debug for KeyCache {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("KeyCache")
            .field("entries", &self.shared.entries.load().len())
            .field("entries_max", &self.shared.entries_max)
            .field("bytes_max", &self.shared.bytes_max)
            .finish()
    }
}

#[cfg(test)]
mod tests;
