//! A request as values: what filters and other rules look at.
//!
//! | part | value |
//! |---|---|
//! | `method`, `path` | text as it was sent |
//! | `topic` | text; missing where the provider names none |
//! | `headers` | an object by lower-case name; several lines of one name are one text, joined by `, ` (RFC 9110, section 5.3) |
//! | `query` | an object; a parameter that comes several times is an array |
//! | `body` | see [`body`](mod@crate::values) below; missing where the body is empty |
//!
//! A body is read by its content type: JSON as it is; a form (`application/x-www-form-urlencoded`,
//! `multipart/form-data`) as an object; XML as an object of its elements. A body of another type, or of none, is read
//! as JSON if it begins with `{` or `[`. What cannot be read so, and what is beyond a limit, is an object
//! `{"size": bytes, "type": "…", "text": "…"}`: without `type` where no content type was sent, and without `text`
//! where the body is not UTF-8. docs/filters.md has an example of each.
//!
//! **Invariants:** nothing is read before somebody asks for it, and then once. No body makes reading take more than
//! time and memory linear in its size, or recurse deeper than [`DEPTH_MAX`].

mod body;
mod document;
mod form;
mod json;
mod multipart;
mod number;
mod xml;

use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::fmt;

use hookyard_model::request::Head;

pub use document::{Array, Object, Value};
pub use number::Number;

pub(crate) use document::{Document, json_text};
pub(crate) use number::number_of_text;

/// The deepest nesting of a body that is read as a structure.
pub const DEPTH_MAX: usize = 127;
/// The most values in a body that is read as a structure; keys of objects count.
pub const VALUES_MAX: usize = 1_000_000;

/// A part of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Part {
    /// The HTTP method.
    Method,
    /// The path behind the source's token.
    Path,
    /// The query parameters.
    Query,
    /// The header fields.
    Headers,
    /// What kind of event it is, by its provider's word.
    Topic,
    /// The body.
    Body,
}

impl Part {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Method, Self::Path, Self::Query, Self::Headers, Self::Topic, Self::Body];

    /// Its name in filters and fields.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Method => "method",
            Self::Path => "path",
            Self::Query => "query",
            Self::Headers => "headers",
            Self::Topic => "topic",
            Self::Body => "body",
        }
    }

    /// The part of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|part| part.name() == name)
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What a request is made of.
#[derive(Clone, Copy, Debug)]
pub struct Parts<'a> {
    /// The method, as sent.
    pub method: &'a str,
    /// The path behind the source's token, as sent: `/more/path`, or empty.
    pub path: &'a str,
    /// The query, as sent, without its question mark.
    pub query: &'a str,
    /// Header lines in order; names in any case.
    pub headers: &'a [(&'a str, &'a [u8])],
    /// What kind of event it is, by its provider's word.
    pub topic: Option<&'a str>,
    /// The body, transfer coding removed.
    pub body: &'a [u8],
}

impl<'a> Parts<'a> {
    /// The parts of a stored request.
    pub fn of(head: &'a Head<'_>, topic: Option<&'a str>, body: &'a [u8]) -> Self {
        let suffix = head.suffix();
        let (path, query) = suffix.split_once('?').unwrap_or((suffix, ""));
        Self { method: head.method, path, query, headers: &head.headers, topic, body }
    }
}

/// A request as values.
#[derive(Debug)]
pub struct Values<'a> {
    parts: Parts<'a>,
    headers: OnceCell<Document<'a>>,
    query: OnceCell<Document<'a>>,
    body: OnceCell<Option<Document<'a>>>,
}

impl<'a> Values<'a> {
    /// Takes the parts; reads nothing yet.
    pub const fn new(parts: Parts<'a>) -> Self {
        Self { parts, headers: OnceCell::new(), query: OnceCell::new(), body: OnceCell::new() }
    }

    /// A part as a value; none where it is missing: a topic that is not known, a body that is empty.
    pub fn part(&self, part: Part) -> Option<Value<'_>> {
        match part {
            Part::Method => Some(Value::Text(self.parts.method)),
            Part::Path => Some(Value::Text(self.parts.path)),
            Part::Topic => self.parts.topic.map(Value::Text),
            Part::Query => self.query.get_or_init(|| form::read(self.parts.query.as_bytes())).root(),
            Part::Headers => self.headers.get_or_init(|| headers(self.parts.headers)).root(),
            Part::Body => self
                .body
                .get_or_init(|| body::read(content_type(self.parts.headers), self.parts.body))
                .as_ref()
                .and_then(Document::root),
        }
    }
}

/// The first header line that says what the body is.
fn content_type<'a>(lines: &[(&'a str, &'a [u8])]) -> Option<&'a [u8]> {
    lines.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-type")).map(|(_, value)| *value)
}

fn headers<'a>(lines: &[(&'a str, &'a [u8])]) -> Document<'a> {
    let mut named = BTreeMap::<String, Cow<'a, str>>::new();
    for (name, value) in lines {
        let value = String::from_utf8_lossy(value);
        named
            .entry(name.to_ascii_lowercase())
            .and_modify(|values| {
                let values = values.to_mut();
                values.push_str(", ");
                values.push_str(&value);
            })
            .or_insert(value);
    }
    Document::of_texts(named)
}

#[cfg(test)]
mod tests;
