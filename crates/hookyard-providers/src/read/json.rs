//! What stands at a pointer in a JSON text, found in one walk without building a tree.
//!
//! Numbers come back as they were written, and raw values as the bytes in the text, because both are
//! signed that way. A text that is not JSON to its end holds nothing.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::read::Why;

/// The most values that a pointer with `*` may find; more are refused.
const VALUES_MAX: usize = 1024;

const NOT_JSON: Why = Why::Malformed("it is not JSON");
const NOT_TEXT: Why = Why::Malformed("it holds a text that is no Unicode");

/// A string's text, or a number, true or false as written. Several found by `*` stand behind each other.
pub(crate) fn text<'a>(json: &'a [u8], pointer: &str) -> Result<Cow<'a, [u8]>, Why> {
    joined(texts(json, pointer)?)
}

/// The same, each for itself; at least one.
pub(super) fn texts<'a>(json: &'a [u8], pointer: &str) -> Result<Vec<Cow<'a, [u8]>>, Why> {
    find(json, pointer)?.into_iter().map(|value| text_of(value)?.ok_or(Why::Missing)).collect()
}

/// The bytes of a value.
pub(super) fn raw<'a>(json: &'a [u8], pointer: &str) -> Result<Cow<'a, [u8]>, Why> {
    joined(find(json, pointer)?.into_iter().map(|value| Cow::Borrowed(value.get().as_bytes())).collect())
}

fn joined(mut values: Vec<Cow<'_, [u8]>>) -> Result<Cow<'_, [u8]>, Why> {
    if values.len() > 1 {
        return Ok(Cow::Owned(values.concat()));
    }
    values.pop().ok_or(Why::Missing)
}

/// The values at a pointer, in order; at least one.
pub(crate) fn find<'a>(json: &'a [u8], pointer: &str) -> Result<Vec<&'a RawValue>, Why> {
    let mut found = Vec::new();
    let mut deserializer = serde_json::Deserializer::from_slice(json);
    let walked = At { pointer, found: &mut found }.deserialize(&mut deserializer);
    if walked.and_then(|()| deserializer.end()).is_err() {
        return Err(if found.len() > VALUES_MAX {
            Why::Malformed("it has more than 1024 values where they are looked for")
        } else {
            NOT_JSON
        });
    }
    if found.is_empty() { Err(Why::Missing) } else { Ok(found) }
}

/// The text of a string, number or truth value; none where it is something else.
pub(crate) fn text_of(value: &RawValue) -> Result<Option<Cow<'_, [u8]>>, Why> {
    let written = value.get();
    match written.as_bytes().first() {
        Some(b'"') => {
            serde_json::Deserializer::from_str(written).deserialize_str(Text).map(Some).map_err(|_| NOT_TEXT)
        }
        Some(b'n' | b'[' | b'{') | None => Ok(None),
        Some(_) => Ok(Some(Cow::Borrowed(written.as_bytes()))),
    }
}

/// Goes where the pointer leads and keeps what stands there.
struct At<'p, 'f, 'de> {
    pointer: &'p str,
    found: &'f mut Vec<&'de RawValue>,
}

impl<'p, 'de> At<'p, '_, 'de> {
    /// The pointer's first segment, as it is written, and its rest.
    fn step(&self) -> (&'p str, &'p str) {
        let inner = self.pointer.strip_prefix('/').unwrap_or(self.pointer);
        inner.find('/').and_then(|end| inner.split_at_checked(end)).unwrap_or((inner, ""))
    }

    fn down<'f>(&'f mut self, pointer: &'p str) -> At<'p, 'f, 'de> {
        At { pointer, found: self.found }
    }
}

impl<'de> DeserializeSeed<'de> for At<'_, '_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        if !self.pointer.is_empty() {
            return deserializer.deserialize_any(self);
        }
        self.found.push(<&RawValue as serde::Deserialize>::deserialize(deserializer)?);
        if self.found.len() > VALUES_MAX { Err(D::Error::custom("too many values")) } else { Ok(()) }
    }
}

impl<'de> Visitor<'de> for At<'_, '_, 'de> {
    type Value = ();

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut members: A) -> Result<(), A::Error> {
        let (name, rest) = self.step();
        let before = self.found.len();
        while let Some(is_it) = members.next_key_seed(IsName(name))? {
            if is_it {
                self.found.truncate(before);
                members.next_value_seed(self.down(rest))?;
            } else {
                members.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut elements: A) -> Result<(), A::Error> {
        let (step, rest) = self.step();
        let wanted = if step == "*" { None } else { Some(index(step)) };
        for position in 0_usize.. {
            let is_it = wanted.is_none_or(|wanted| wanted == Some(position));
            let more = if is_it {
                elements.next_element_seed(self.down(rest))?.is_some()
            } else {
                elements.next_element::<IgnoredAny>()?.is_some()
            };
            if !more {
                break;
            }
        }
        Ok(())
    }

    // Behind a text, number, truth value or null the pointer leads nowhere.

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}

/// An index as RFC 6901 writes it.
fn index(step: &str) -> Option<usize> {
    let is_index = step == "0" || (!step.starts_with('0') && step.bytes().all(|byte| byte.is_ascii_digit()));
    if is_index { step.parse().ok() } else { None }
}

/// Whether a member's name is that of a pointer's segment, in which `~1` is `/` and `~0` is `~`.
struct IsName<'p>(&'p str);

impl<'de> DeserializeSeed<'de> for IsName<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for IsName<'_> {
    type Value = bool;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a name")
    }

    fn visit_str<E>(self, name: &str) -> Result<bool, E> {
        if !self.0.contains('~') {
            return Ok(self.0 == name);
        }
        Ok(self.0.replace("~1", "/").replace("~0", "~") == name)
    }
}

struct Text;

impl<'de> Visitor<'de> for Text {
    type Value = Cow<'de, [u8]>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a text")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(text.as_bytes()))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(text.as_bytes().to_vec()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const JSON: &[u8] = br#" {"a":{"b":"x\n","b":"y"},"n":1.50e0,"t":true,"z":null,"l":[1,{"i":"p"},{"i":7}],
        "o":[{"i":[1,2]},{"i":[3]}],"/~":" ","raw":{ "k" : [1 ,2]}} "#;

    fn read(pointer: &str) -> Result<String, Why> {
        text(JSON, pointer).map(|text| String::from_utf8(text.into_owned()).unwrap())
    }

    #[test]
    fn texts_numbers_and_the_last_of_a_name() {
        for (pointer, expected) in [
            ("/a/b", "y"),
            ("/n", "1.50e0"),
            ("/t", "true"),
            ("/l/0", "1"),
            ("/l/1/i", "p"),
            ("/~1~0", " "),
            ("/o/*/i/*", "123"),
            ("/o/1/i/0", "3"),
        ] {
            assert_eq!(read(pointer).as_deref(), Ok(expected), "{pointer}");
        }
        for nowhere in ["/z", "/a", "/l", "", "/a/b/c", "/n/0", "/l/01", "/l/9", "/l/-", "/x", "/o/*/j"] {
            assert_eq!(read(nowhere), Err(Why::Missing), "{nowhere}");
        }
    }

    #[test]
    fn raw_values_are_the_bytes_of_the_text() {
        assert_eq!(&*raw(JSON, "/raw").unwrap(), br#"{ "k" : [1 ,2]}"#);
        assert_eq!(&*raw(b" [1, 2]\n", "").unwrap(), b"[1, 2]");
        assert_eq!(&*raw(JSON, "/z").unwrap(), b"null");
        let escaped = br#"{"a":"\u00e9\/"}"#;
        assert_eq!(&*raw(escaped, "/a").unwrap(), br#""\u00e9\/""#);
        assert_eq!(&*text(escaped, "/a").unwrap(), "\u{e9}/".as_bytes());
        assert!(matches!(text(br#"{"a":"b"}"#, "/a"), Ok(Cow::Borrowed(b"b"))));
    }

    #[test]
    fn the_last_of_a_name_counts_even_where_it_leads_nowhere() {
        assert_eq!(text(br#"{"a":{"b":1},"a":2}"#, "/a/b"), Err(Why::Missing));
        assert_eq!(&*text(br#"{"a":2,"a":{"b":1}}"#, "/a/b").unwrap(), b"1");
    }

    #[test]
    fn what_is_not_json_to_its_end_holds_nothing() {
        for bad in
            [&b""[..], b"{", b"{\"a\":1", b"{\"a\":1}x", b"{\"a\":1}{}", b"\xef\xbb\xbf{\"a\":1}", b"a=1"]
        {
            assert_eq!(text(bad, "/a"), Err(NOT_JSON), "{bad:?}");
        }
        assert_eq!(text(br#"{"a":"\ud800"}"#, "/a"), Err(NOT_TEXT));
        assert!(text(b"{\"a\":\"\xff\"}", "/a").is_err());
    }

    #[test]
    fn depth_and_number_have_bounds() {
        let deep = [b"[".repeat(100_000), b"]".repeat(100_000)].concat();
        assert_eq!(text(&deep, "/0/0"), Err(Why::Missing));
        assert_eq!(text(&deep, &"/0".repeat(200)), Err(NOT_JSON));
        let many = |count: usize| [&b"["[..], &b"1,".repeat(count - 1), b"1]"].concat();
        assert_eq!(texts(&many(VALUES_MAX), "/*").unwrap().len(), VALUES_MAX);
        assert!(matches!(texts(&many(VALUES_MAX + 1), "/*"), Err(Why::Malformed(_))));
    }
}
