//! What people look for in requests themselves: a condition of the filter language, and a text.

use hookyard_model::request::{Head, Request};
use hookyard_rules::filter::{Filter, FilterError};
use hookyard_rules::values::{Parts, Values};
use regex::bytes::{Regex, RegexBuilder};

/// Longest text to search for, in characters.
pub const SEARCH_CHARS_MAX: usize = 256;
/// Longest condition, in bytes of JSON.
pub const MATCH_BYTES_MAX: usize = 8 << 10;

/// What a request's head and body have to be like; nothing restricts nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Content {
    /// A condition of the filter language, on the request as it arrived.
    pub matching: Option<serde_json::Value>,
    /// A text that occurs in its head or body, whatever the case.
    pub search: Option<String>,
}

/// What is asked of the content cannot be looked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ContentError {
    /// The condition.
    #[error(transparent)]
    Matching(#[from] FilterError),
    /// The text.
    #[error("expected a text of 1 to {SEARCH_CHARS_MAX} characters")]
    Search,
}

/// The same, compiled.
#[derive(Debug)]
pub(crate) struct Probe {
    filter: Option<Filter>,
    text: Option<Regex>,
}

impl Content {
    /// Whether requests have to be read for it.
    pub const fn is_wanted(&self) -> bool {
        self.matching.is_some() || self.search.is_some()
    }

    /// Whether it can be looked for.
    ///
    /// # Errors
    /// [`ContentError`], the first thing found wrong.
    pub fn check(&self) -> Result<(), ContentError> {
        self.probe().map(drop)
    }

    /// Compiles it; none where nothing is asked.
    pub(crate) fn probe(&self) -> Result<Option<Probe>, ContentError> {
        if !self.is_wanted() {
            return Ok(None);
        }
        let filter = self.matching.as_ref().map(Filter::compile).transpose()?;
        let text = self.search.as_deref().map(finder).transpose()?;
        Ok(Some(Probe { filter, text }))
    }
}

/// Finds a text, whatever its case by Unicode's simple rules.
fn finder(text: &str) -> Result<Regex, ContentError> {
    if !(1..=SEARCH_CHARS_MAX).contains(&text.chars().count()) {
        return Err(ContentError::Search);
    }
    let built = RegexBuilder::new(&regex::escape(text)).case_insensitive(true).build();
    built.map_err(|_too_large| ContentError::Search)
}

impl Probe {
    /// Whether the topic has to be known.
    pub(crate) const fn wants_topic(&self) -> bool {
        self.filter.is_some()
    }

    /// Whether a request is like that. A head that is no HTTP request's meets no condition.
    pub(crate) fn finds(&self, request: &Request, topic: Option<&str>) -> bool {
        let has_text = |text: &Regex| text.is_match(&request.body) || text.is_match(&request.head);
        if self.text.as_ref().is_some_and(|text| !has_text(text)) {
            return false;
        }
        let Some(filter) = &self.filter else { return true };
        let Ok(head) = Head::parse(&request.head) else { return false };
        filter.matches(&Values::new(Parts::of(&head, topic, &request.body)))
    }
}
