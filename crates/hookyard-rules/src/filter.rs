//! The filter rule: does this event pass?
//!
//! The language is Hookdeck's, documented with examples in docs/filters.md: a filter is JSON shaped like what it looks
//! at. npm's `simple-json-match` decides what it means, odd corners included; a property test compares the two
//! (`tests/filter_oracle.rs`). Where that package throws, or ignores a condition without a word, we do what the filter
//! says; the page lists each such place.
//!
//! ```
//! use hookyard_rules::filter::Filter;
//! use hookyard_rules::values::{Parts, Values};
//!
//! let filter = Filter::compile(&serde_json::json!({ "body": { "order": { "total": { "$gte": 100 } } } }))?;
//! let values = Values::new(Parts {
//!     method: "POST",
//!     path: "",
//!     query: "",
//!     headers: &[("content-type", b"application/json")],
//!     topic: None,
//!     body: br#"{"order": {"total": 80}}"#,
//! });
//! assert!(!filter.matches(&values));
//! let why = filter.explain(&values).unwrap().to_string();
//! assert_eq!(why, "/body/order/total (a number) does not meet $gte 100");
//! # Ok::<(), hookyard_rules::filter::FilterError>(())
//! ```
//!
//! **Invariants:** matching never fails, never panics, and ends after [`STEPS_MAX`] steps, whatever was sent; what
//! takes longer does not pass. What a filter is compared with is data, never language: a key `$gte` in a body means
//! nothing. No text of a request stands in a [`Mismatch`].
//!
//! # Layout
//! `compile` makes of JSON the `condition`s that `evaluate` walks through beside the values, with `reference` for
//! `$ref` and `compare` for what is equal and what is less; `explain` looks for the condition that failed.

mod compare;
mod compile;
mod condition;
mod evaluate;
mod explain;
mod reference;

use std::cell::Cell;
use std::fmt;

use condition::Conditions;

use crate::values::Values;

pub use explain::{Found, MISMATCH_CHARS_MAX, Mismatch};

/// The deepest nesting of a filter.
pub const FILTER_DEPTH_MAX: usize = 32;
/// The most conditions in a filter: every value, operator and name counts as one.
pub const CONDITIONS_MAX: usize = 1_000;
/// The most entries in the list of an operator.
pub const LIST_MAX: usize = 1_000;
/// The longest regular expression, in bytes.
pub const REGEX_BYTES_MAX: usize = 1_024;
/// The most memory that one regular expression compiles to, in bytes.
pub const REGEX_MEMORY_BYTES_MAX: usize = 256 * 1024;
/// The most regular expressions in a filter.
pub const REGEXES_MAX: usize = 20;
/// The most steps that matching takes: a value looked at is one, and so are sixteen bytes of a text searched.
pub const STEPS_MAX: u64 = 20_000_000;

/// A compiled filter.
#[derive(Debug)]
pub struct Filter {
    conditions: Conditions,
}

/// Why a filter is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{problem}", Place(path))]
pub struct FilterError {
    /// JSON pointer to the bad part of the filter; empty for the whole.
    pub path: String,
    /// What is wrong with it, and what to write instead.
    pub problem: String,
}

/// The place of an error in front of it.
struct Place<'a>(&'a str);

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() { Ok(()) } else { write!(f, "{}: ", self.0) }
    }
}

impl Filter {
    /// Compiles a filter: an object with a condition for each part of the request that it looks at, such as
    /// `{"body": {"type": "order.paid"}, "headers": {"x-env": "live"}}`. One without conditions passes everything.
    ///
    /// # Errors
    /// [`FilterError`], the first thing found wrong.
    pub fn compile(filter: &serde_json::Value) -> Result<Self, FilterError> {
        compile::compile(filter).map(|conditions| Self { conditions })
    }

    /// Whether an event passes.
    pub fn matches(&self, values: &Values<'_>) -> bool {
        let steps = Cell::new(0);
        evaluate::request(&self.conditions, values, &steps) && steps.get() <= STEPS_MAX
    }

    /// Which condition it is that an event does not meet; none where it passes.
    pub fn explain(&self, values: &Values<'_>) -> Option<Mismatch> {
        explain::request(&self.conditions, values)
    }
}

#[cfg(test)]
mod tests;
