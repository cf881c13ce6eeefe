//! A structured value in one piece of memory, and views of it.
//!
//! A document is the list of its values in the order of their text, a container before what is in it and with the
//! length of that. So it costs one growing vector instead of an allocation per object, text without escapes is
//! borrowed from the body, and stepping over a container costs nothing. An object has its keys as texts before their
//! values, in the order of the text and with duplicates, of which the last counts, as in JavaScript.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::{self, Write};

use super::VALUES_MAX;
use super::number::Number;

/// A structured value.
#[derive(Clone, Debug, Default)]
pub(crate) struct Document<'a> {
    nodes: Vec<Node<'a>>,
}

#[derive(Clone, Debug)]
enum Node<'a> {
    Null,
    Bool(bool),
    Number(Number),
    Text(Cow<'a, str>),
    /// `length` counts the nodes in it, however deep.
    Array {
        length: u32,
    },
    Object {
        length: u32,
    },
}

/// There are more than [`VALUES_MAX`] values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it has more than {VALUES_MAX} values")]
pub(crate) struct TooManyValues;

/// A container that is being filled.
#[derive(Debug)]
pub(super) struct Open(usize);

impl<'a> Document<'a> {
    /// An object of these texts.
    pub(super) fn of_texts(texts: BTreeMap<String, Cow<'a, str>>) -> Self {
        let length = u32::try_from(texts.len().saturating_mul(2)).unwrap_or(u32::MAX);
        let mut nodes = vec![Node::Object { length }];
        for (name, text) in texts {
            nodes.push(Node::Text(Cow::Owned(name)));
            nodes.push(Node::Text(text));
        }
        Self { nodes }
    }

    /// The whole value; none of an empty document.
    pub(crate) fn root(&self) -> Option<Value<'_>> {
        first(&self.nodes).map(|(value, _)| value)
    }

    pub(super) fn with_capacity(nodes: usize) -> Self {
        Self { nodes: Vec::with_capacity(nodes.min(VALUES_MAX)) }
    }

    fn push(&mut self, node: Node<'a>) -> Result<(), TooManyValues> {
        if self.nodes.len() >= VALUES_MAX {
            return Err(TooManyValues);
        }
        self.nodes.push(node);
        Ok(())
    }

    pub(super) fn null(&mut self) -> Result<(), TooManyValues> {
        self.push(Node::Null)
    }

    pub(super) fn bool(&mut self, value: bool) -> Result<(), TooManyValues> {
        self.push(Node::Bool(value))
    }

    pub(super) fn number(&mut self, value: Number) -> Result<(), TooManyValues> {
        self.push(Node::Number(value))
    }

    pub(super) fn text(&mut self, value: impl Into<Cow<'a, str>>) -> Result<(), TooManyValues> {
        self.push(Node::Text(value.into()))
    }

    /// What is pushed from now on is in this array, until it is closed.
    pub(super) fn open_array(&mut self) -> Result<Open, TooManyValues> {
        self.push(Node::Array { length: 0 })?;
        Ok(Open(self.nodes.len() - 1))
    }

    /// What is pushed from now on is in this object, a key and its value by turns, until it is closed.
    pub(super) fn open_object(&mut self) -> Result<Open, TooManyValues> {
        self.push(Node::Object { length: 0 })?;
        Ok(Open(self.nodes.len() - 1))
    }

    pub(super) fn close(&mut self, open: Open) {
        let inside = u32::try_from(self.nodes.len() - open.0 - 1).unwrap_or(u32::MAX);
        if let Some(Node::Array { length } | Node::Object { length }) = self.nodes.get_mut(open.0) {
            *length = inside;
        }
    }
}

/// A value of a request.
#[derive(Clone, Copy, Debug)]
pub enum Value<'d> {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number.
    Number(Number),
    /// A string.
    Text(&'d str),
    /// A list.
    Array(Array<'d>),
    /// Values by name.
    Object(Object<'d>),
}

impl<'d> Value<'d> {
    /// Whether it is neither an array nor an object.
    pub const fn is_scalar(self) -> bool {
        !matches!(self, Self::Array(_) | Self::Object(_))
    }

    /// About how much work it is to go through all of it: its values, and a value more for sixteen bytes of text.
    pub(crate) const fn weight(self) -> u64 {
        match self {
            Self::Null | Self::Bool(_) | Self::Number(_) => 1,
            Self::Text(text) => 1 + text.len() as u64 / 16,
            Self::Array(Array { nodes }) | Self::Object(Object { nodes }) => 1 + nodes.len() as u64,
        }
    }

    /// The text of a text, number or boolean; none for null, arrays and objects.
    pub fn to_text(self) -> Option<Cow<'d, str>> {
        match self {
            Self::Text(text) => Some(Cow::Borrowed(text)),
            Self::Number(number) => Some(Cow::Owned(number.to_string())),
            Self::Bool(value) => Some(Cow::Borrowed(if value { "true" } else { "false" })),
            Self::Null | Self::Array(_) | Self::Object(_) => None,
        }
    }
}

/// As compact JSON, exactly as JavaScript's `JSON.stringify` writes it, but for integers beyond 2⁵³, which keep all
/// their digits, and for the order of keys like `1`.
impl fmt::Display for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        json_text(*self, f)
    }
}

/// The elements of an array.
#[derive(Clone, Copy, Debug)]
pub struct Array<'d> {
    nodes: &'d [Node<'d>],
}

impl<'d> Array<'d> {
    /// The elements in order.
    pub fn iter(self) -> impl Iterator<Item = Value<'d>> {
        let mut rest = self.nodes;
        std::iter::from_fn(move || next(&mut rest))
    }

    /// How many elements there are; takes a walk over them.
    pub fn len(self) -> usize {
        self.iter().count()
    }

    /// Whether there are none.
    pub const fn is_empty(self) -> bool {
        self.nodes.is_empty()
    }

    /// The element at this place, from 0.
    pub fn get(self, index: usize) -> Option<Value<'d>> {
        self.iter().nth(index)
    }
}

/// The members of an object.
#[derive(Clone, Copy, Debug)]
pub struct Object<'d> {
    nodes: &'d [Node<'d>],
}

impl<'d> Object<'d> {
    /// The members as they were sent: of two with one key, the last is the one that counts.
    pub(crate) fn sent(self) -> impl Iterator<Item = (&'d str, Value<'d>)> {
        let mut rest = self.nodes;
        std::iter::from_fn(move || {
            let Some(Value::Text(key)) = next(&mut rest) else {
                return None;
            };
            Some((key, next(&mut rest)?))
        })
    }

    /// The value of this key; also says how many members were looked at.
    pub(crate) fn find(self, wanted: &str) -> (Option<Value<'d>>, usize) {
        let mut found = None;
        let mut seen = 0;
        for (key, value) in self.sent() {
            seen += 1;
            if key == wanted {
                found = Some(value);
            }
        }
        (found, seen)
    }

    /// The value of this key.
    pub fn get(self, key: &str) -> Option<Value<'d>> {
        self.find(key).0
    }

    /// The members that count, in the order in which JavaScript has them: keys like `1` by number, then the others
    /// as they were sent.
    pub fn members(self) -> Vec<(&'d str, Value<'d>)> {
        let mut places = BTreeMap::new();
        let mut members = Vec::new();
        for (key, value) in self.sent() {
            let place = *places.entry(key).or_insert(members.len());
            match members.get_mut(place) {
                Some(known) => *known = (key, value),
                None => members.push((key, value)),
            }
        }
        // The sort is stable, so keys of the second kind stay as they are.
        members.sort_by_key(|(key, _)| index_of(key).map_or((1, 0), |index| (0, index)));
        members
    }

    /// How many members count; takes a walk over them.
    pub fn len(self) -> usize {
        self.by_key().len()
    }

    /// Whether there are none.
    pub const fn is_empty(self) -> bool {
        self.nodes.is_empty()
    }

    /// The members that count, sorted by key.
    pub(crate) fn by_key(self) -> BTreeMap<&'d str, Value<'d>> {
        self.sent().collect()
    }
}

/// What JavaScript takes for an index of an array (ECMA-262, section 6.1.7).
fn index_of(key: &str) -> Option<u32> {
    let plain = key == "0" || !key.starts_with('0');
    (plain && key.bytes().all(|byte| byte.is_ascii_digit()))
        .then(|| key.parse().ok().filter(|index| *index < u32::MAX))
        .flatten()
}

fn next<'d>(rest: &mut &'d [Node<'d>]) -> Option<Value<'d>> {
    let (value, behind) = first(rest)?;
    *rest = behind;
    Some(value)
}

/// The first value, and the nodes behind it.
fn first<'d>(nodes: &'d [Node<'d>]) -> Option<(Value<'d>, &'d [Node<'d>])> {
    let (node, rest) = nodes.split_first()?;
    let container = |length: u32| rest.split_at_checked(length as usize);
    Some(match node {
        Node::Null => (Value::Null, rest),
        Node::Bool(value) => (Value::Bool(*value), rest),
        Node::Number(value) => (Value::Number(*value), rest),
        Node::Text(text) => (Value::Text(text), rest),
        Node::Array { length } => {
            let (nodes, rest) = container(*length)?;
            (Value::Array(Array { nodes }), rest)
        }
        Node::Object { length } => {
            let (nodes, rest) = container(*length)?;
            (Value::Object(Object { nodes }), rest)
        }
    })
}

/// Writes compact JSON.
pub(crate) fn json_text(value: Value<'_>, out: &mut impl Write) -> fmt::Result {
    match value {
        Value::Null => out.write_str("null"),
        Value::Bool(value) => write!(out, "{value}"),
        Value::Number(number) => write!(out, "{number}"),
        Value::Text(text) => json_string(text, out),
        Value::Array(items) => {
            out.write_char('[')?;
            for (place, item) in items.iter().enumerate() {
                if place > 0 {
                    out.write_char(',')?;
                }
                json_text(item, out)?;
            }
            out.write_char(']')
        }
        Value::Object(object) => {
            out.write_char('{')?;
            for (place, (key, value)) in object.members().into_iter().enumerate() {
                if place > 0 {
                    out.write_char(',')?;
                }
                json_string(key, out)?;
                out.write_char(':')?;
                json_text(value, out)?;
            }
            out.write_char('}')
        }
    }
}

fn json_string(text: &str, out: &mut impl Write) -> fmt::Result {
    out.write_char('"')?;
    for piece in text.split_inclusive(|letter: char| letter < ' ' || letter == '"' || letter == '\\') {
        let Some(last) = piece.chars().next_back() else { continue };
        let plain = piece.len() - last.len_utf8();
        match last {
            '"' | '\\' | '\0'..' ' => {
                out.write_str(piece.get(..plain).unwrap_or_default())?;
                match last {
                    '"' => out.write_str("\\\"")?,
                    '\\' => out.write_str("\\\\")?,
                    '\n' => out.write_str("\\n")?,
                    '\r' => out.write_str("\\r")?,
                    '\t' => out.write_str("\\t")?,
                    '\u{8}' => out.write_str("\\b")?,
                    '\u{c}' => out.write_str("\\f")?,
                    other => write!(out, "\\u{:04x}", u32::from(other))?,
                }
            }
            _ => out.write_str(piece)?,
        }
    }
    out.write_char('"')
}
