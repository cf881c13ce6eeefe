//! In which order a connection's events go out.
//!
//! It only says what is wanted. Which fields there are is `hookyard-rules`' business, and what holds an event back the
//! lanes'.

use std::num::NonZeroU64;

/// Most fields that make up a key.
pub const ORDER_FIELDS_MAX: usize = 16;

/// Which events of a connection go out one after the other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// None: each goes out when it can.
    #[default]
    Free,
    /// All of them, together with those of every other connection to the same destination that says so.
    Destination,
    /// Those in which all of these fields are the same, and of which at least one is there.
    Key(Vec<String>),
}

/// What events have in common that go out one after the other: a short hash, so that two keys may share one and then
/// wait for each other; they are never mixed up in any other way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OrderKey(pub NonZeroU64);

impl OrderKey {
    /// The one of all events that are ordered by their destination.
    pub const DESTINATION: Self = Self(NonZeroU64::MIN);

    /// The key that a hash makes; never that of a destination. Of a hash 63 bits count, so that the smallest number
    /// that a database has is no key.
    pub fn from_hash(hash: u64) -> Self {
        Self(NonZeroU64::new(hash >> 1).filter(|hash| hash.get() > 1).unwrap_or(NonZeroU64::MAX))
    }

    /// The key with this stored form; none for 0.
    pub fn from_stored(stored: u64) -> Option<Self> {
        NonZeroU64::new(stored).map(Self)
    }

    /// Its stored form, which is not 0.
    pub const fn stored(self) -> u64 {
        self.0.get()
    }
}
