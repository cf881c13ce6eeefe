//! What is equal and what is less: JavaScript's `==` and `<`, as the language has them.
//!
//! `$eq` of an array or an object goes through all of it, but without regard to the order of keys, which is where
//! `simple-json-match` is stricter. A text equals an array or an object where it is its JSON, as it does there.

use std::cmp::Ordering;
use std::fmt::{self, Write};

use crate::values::{Number, Value, json_text, number_of_text};

/// The longest text that can be a number, in bytes; JavaScript has no limit, and would go through all of a long one.
const NUMBER_BYTES_MAX: usize = 1024;

/// `==` between values of which none is an array or an object; false where one is.
pub(super) fn loosely_equal(left: Value<'_>, right: Value<'_>) -> bool {
    match (left, right) {
        (Value::Null, Value::Null) => true,
        (Value::Text(left), Value::Text(right)) => left == right,
        (Value::Null, _) | (_, Value::Null) => false,
        _ => number(left).zip(number(right)).is_some_and(|(left, right)| left == right),
    }
}

/// `$eq`; where there is nothing, it equals null.
pub(super) fn equal(left: Option<Value<'_>>, right: Value<'_>) -> bool {
    let Some(left) = left else {
        return matches!(right, Value::Null);
    };
    match (left, right) {
        (container, Value::Text(text)) | (Value::Text(text), container) if !container.is_scalar() => {
            is_json_of(text, container)
        }
        _ if left.is_scalar() || right.is_scalar() => loosely_equal(left, right),
        _ => same(left, right),
    }
}

/// Equal without any conversion, all the way down.
fn same(left: Value<'_>, right: Value<'_>) -> bool {
    match (left, right) {
        (Value::Null, Value::Null) => true,
        (Value::Bool(left), Value::Bool(right)) => left == right,
        (Value::Number(left), Value::Number(right)) => left == right,
        (Value::Text(left), Value::Text(right)) => left == right,
        (Value::Array(left), Value::Array(right)) => {
            let (mut left, mut right) = (left.iter(), right.iter());
            loop {
                match (left.next(), right.next()) {
                    (None, None) => return true,
                    (Some(left), Some(right)) if same(left, right) => {}
                    _ => return false,
                }
            }
        }
        (Value::Object(left), Value::Object(right)) => {
            let (left, right) = (left.by_key(), right.by_key());
            left.len() == right.len()
                && left
                    .into_iter()
                    .zip(right)
                    .all(|((left_key, left), (right_key, right))| left_key == right_key && same(left, right))
        }
        _ => false,
    }
}

/// Equal without any conversion, as `$in` compares.
pub(super) fn strictly_equal(left: Value<'_>, right: Value<'_>) -> bool {
    left.is_scalar() && same(left, right)
}

/// `<` and its like, between numbers and texts: two texts by their UTF-16 units, all else as numbers.
pub(super) fn order(left: Value<'_>, right: Value<'_>) -> Option<Ordering> {
    match (left, right) {
        (Value::Text(left), Value::Text(right)) => Some(left.encode_utf16().cmp(right.encode_utf16())),
        (Value::Text(_) | Value::Number(_), Value::Text(_) | Value::Number(_)) => {
            number(left)?.partial_cmp(&number(right)?)
        }
        _ => None,
    }
}

/// What JavaScript makes of a text or boolean that is compared with a number.
fn number(value: Value<'_>) -> Option<Number> {
    match value {
        Value::Bool(value) => Some(Number::Integer(value.into())),
        Value::Number(number) => Some(number),
        Value::Text(text) if text.len() <= NUMBER_BYTES_MAX => number_of_text(text),
        Value::Null | Value::Text(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

fn is_json_of(text: &str, value: Value<'_>) -> bool {
    let mut expected = Expected(text);
    text.starts_with(['[', '{']) && json_text(value, &mut expected).is_ok() && expected.0.is_empty()
}

/// Takes what is expected, and nothing else.
struct Expected<'t>(&'t str);

impl Write for Expected<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0 = self.0.strip_prefix(text).ok_or(fmt::Error)?;
        Ok(())
    }
}
