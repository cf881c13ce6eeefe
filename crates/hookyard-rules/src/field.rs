//! A field of a request, named by a JSON pointer (RFC 6901) into its parts: `/body/order/id`,
//! `/headers/x-github-delivery`, `/query/shop`, `/topic`.
//!
//! What deduplicates, orders or delays says with it what it goes by. The names are those of a filter and of what a
//! filter's [`Mismatch`](crate::filter::Mismatch) points at.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use crate::values::{Part, Value, Values};

/// The longest text of a field, in bytes.
pub const FIELD_BYTES_MAX: usize = 1024;

/// A field of a request.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Field {
    part: Part,
    /// Unescaped; of headers in lower case.
    steps: Vec<String>,
}

/// Why a text names no field.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadField {
    /// It does not begin as one.
    #[error(
        "a field begins with its part: /body/…, /headers/…, /query/…, /path, /topic or /method, such as /body/order/id"
    )]
    Part,
    /// It goes on behind a text.
    #[error("/{0} is a text, so nothing can stand behind it")]
    Inside(Part),
    /// It goes on behind a header.
    #[error("a header is named by one name: /headers/x-request-id; a slash in it is written ~1")]
    Header,
    /// A tilde that escapes nothing.
    #[error("a tilde is written ~0, and a slash in a name ~1")]
    Escape,
    /// It is too long.
    #[error("a field has at most {FIELD_BYTES_MAX} bytes")]
    TooLong,
}

impl Field {
    /// The part that it is in.
    pub const fn part(&self) -> Part {
        self.part
    }

    /// Its value; none where there is nothing. An array's elements are named by their number, from 0.
    pub fn read<'d>(&self, values: &'d Values<'_>) -> Option<Value<'d>> {
        self.steps.iter().try_fold(values.part(self.part)?, |value, step| match value {
            Value::Object(object) => object.get(step),
            Value::Array(items) => items.get(index(step)?),
            _ => None,
        })
    }

    /// The text of its value where that is a text, a number, `true` or `false`; none for null, arrays, objects and
    /// where there is nothing.
    pub fn read_text<'d>(&self, values: &'d Values<'_>) -> Option<Cow<'d, str>> {
        self.read(values)?.to_text()
    }
}

/// RFC 6901 has no leading zeros.
fn index(step: &str) -> Option<usize> {
    let plain = step == "0" || step.bytes().next().is_some_and(|first| matches!(first, b'1'..=b'9'));
    plain.then(|| step.parse().ok()).flatten()
}

impl FromStr for Field {
    type Err = BadField;

    fn from_str(text: &str) -> Result<Self, BadField> {
        if text.len() > FIELD_BYTES_MAX {
            return Err(BadField::TooLong);
        }
        let mut steps = text.strip_prefix('/').ok_or(BadField::Part)?.split('/');
        let part = steps.next().and_then(Part::named).ok_or(BadField::Part)?;
        let mut steps = steps.map(unescape).collect::<Result<Vec<_>, _>>()?;
        match part {
            Part::Method | Part::Path | Part::Topic if !steps.is_empty() => Err(BadField::Inside(part)),
            Part::Headers if steps.len() > 1 => Err(BadField::Header),
            _ => {
                if part == Part::Headers {
                    steps.iter_mut().for_each(|name| name.make_ascii_lowercase());
                }
                Ok(Self { part, steps })
            }
        }
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "/{}", self.part)?;
        self.steps.iter().try_for_each(|step| write!(f, "/{}", escape(step)))
    }
}

fn unescape(step: &str) -> Result<String, BadField> {
    let mut name = String::with_capacity(step.len());
    let mut letters = step.chars();
    while let Some(letter) = letters.next() {
        name.push(match letter {
            '~' => match letters.next() {
                Some('0') => '~',
                Some('1') => '/',
                _ => return Err(BadField::Escape),
            },
            other => other,
        });
    }
    Ok(name)
}

/// A name as a step of a pointer.
pub(crate) fn escape(name: &str) -> Cow<'_, str> {
    if name.contains(['~', '/']) {
        Cow::Owned(name.replace('~', "~0").replace('/', "~1"))
    } else {
        Cow::Borrowed(name)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::values::Parts;

    fn read(field: &str) -> Option<String> {
        let values = Values::new(Parts {
            method: "POST",
            path: "/hooks",
            query: "shop=1&shop=2&q=+x",
            headers: &[("X-Id", b"7"), ("Content-Type", b"application/json"), ("x-id", b"8")],
            topic: Some("order.paid"),
            body: br#"{"order":{"id":12.50,"a/b":{"~":true}},"lines":[{"n":null},{"n":"two"}],"":"empty"}"#,
        });
        field.parse::<Field>().unwrap().read_text(&values).map(Cow::into_owned)
    }

    #[test]
    fn every_part_can_be_read() {
        for (field, expected) in [
            ("/method", Some("POST")),
            ("/path", Some("/hooks")),
            ("/topic", Some("order.paid")),
            ("/query/q", Some(" x")),
            ("/query/shop/1", Some("2")),
            ("/query/shop", None),
            ("/headers/X-ID", Some("7, 8")),
            ("/headers/x-none", None),
            ("/body/order/id", Some("12.5")),
            ("/body/order/a~1b/~0", Some("true")),
            ("/body/lines/1/n", Some("two")),
            ("/body/lines/0/n", None),
            ("/body/lines/01/n", None),
            ("/body/lines/2/n", None),
            ("/body/", Some("empty")),
            ("/body", None),
            ("/body/order/id/x", None),
        ] {
            assert_eq!(read(field).as_deref(), expected, "{field}");
        }
    }

    #[test]
    fn what_names_no_field_is_refused_with_what_to_write() {
        for (field, expected) in [
            ("", BadField::Part),
            ("body/id", BadField::Part),
            ("/", BadField::Part),
            ("/cookies/a", BadField::Part),
            ("/topic/x", BadField::Inside(Part::Topic)),
            ("/headers/a/b", BadField::Header),
            ("/body/~2", BadField::Escape),
            ("/body/~", BadField::Escape),
        ] {
            assert_eq!(field.parse::<Field>(), Err(expected), "{field}");
        }
        assert_eq!(format!("/body/{}", "a".repeat(FIELD_BYTES_MAX)).parse::<Field>(), Err(BadField::TooLong));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(steps in prop::collection::vec("[a-z/~0é ]{0,4}", 0..5)) {
            let field = Field { part: Part::Body, steps };
            prop_assert_eq!(field.to_string().parse::<Field>(), Ok(field));
        }
    }
}
