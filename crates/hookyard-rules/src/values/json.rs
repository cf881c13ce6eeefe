//! JSON into a document, in one walk.
//!
//! serde_json reads; it ends at its own depth of [`DEPTH_MAX`](super::DEPTH_MAX) and so do we. A number beyond the
//! range of a double is an error to it, and so is half of a surrogate pair.

use std::fmt;

use serde::de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor};

use super::document::{Document, TooManyValues};
use super::number::Number;

/// A guess at how many bytes of JSON there are for a value, for the first allocation.
const BYTES_PER_VALUE: usize = 12;

/// Reads a whole JSON text.
pub(super) fn read(text: &[u8]) -> Result<Document<'_>, serde_json::Error> {
    let mut document = Document::with_capacity(text.len() / BYTES_PER_VALUE + 1);
    let mut reader = serde_json::Deserializer::from_slice(text);
    Pushing(&mut document).deserialize(&mut reader)?;
    reader.end()?;
    Ok(document)
}

/// Pushes what is read.
struct Pushing<'b, 'a>(&'b mut Document<'a>);

impl<'a> DeserializeSeed<'a> for Pushing<'_, 'a> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'a>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_any(self)
    }
}

fn pushed<E: Error>(result: Result<(), TooManyValues>) -> Result<(), E> {
    result.map_err(E::custom)
}

impl<'a> Visitor<'a> for Pushing<'_, 'a> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        pushed(self.0.null())
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<(), E> {
        pushed(self.0.bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<(), E> {
        pushed(self.0.number(Number::Integer(value)))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<(), E> {
        let number = i64::try_from(value).map_or(Number::Unsigned(value), Number::Integer);
        pushed(self.0.number(number))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<(), E> {
        pushed(self.0.number(Number::Float(value)))
    }

    fn visit_borrowed_str<E: Error>(self, value: &'a str) -> Result<(), E> {
        pushed(self.0.text(value))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<(), E> {
        pushed(self.0.text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut items: A) -> Result<(), A::Error> {
        let open = self.0.open_array().map_err(A::Error::custom)?;
        while items.next_element_seed(Pushing(self.0))?.is_some() {}
        self.0.close(open);
        Ok(())
    }

    fn visit_map<A: MapAccess<'a>>(self, mut members: A) -> Result<(), A::Error> {
        let open = self.0.open_object().map_err(A::Error::custom)?;
        while members.next_key_seed(Pushing(self.0))?.is_some() {
            members.next_value_seed(Pushing(self.0))?;
        }
        self.0.close(open);
        Ok(())
    }
}

/// A part of a filter, kept.
impl From<&serde_json::Value> for Document<'static> {
    fn from(value: &serde_json::Value) -> Self {
        let mut document = Self::default();
        // Beyond the limit it ends; compiling a filter refuses it long before.
        let _ = Pushing(&mut document).copy(value);
        document
    }
}

impl Pushing<'_, 'static> {
    fn copy(self, value: &serde_json::Value) -> Result<(), TooManyValues> {
        match value {
            serde_json::Value::Null => self.0.null(),
            serde_json::Value::Bool(value) => self.0.bool(*value),
            serde_json::Value::Number(number) => {
                let number = number
                    .as_i64()
                    .map(Number::Integer)
                    .or_else(|| number.as_u64().map(Number::Unsigned))
                    .unwrap_or_else(|| Number::Float(number.as_f64().unwrap_or_default()));
                self.0.number(number)
            }
            serde_json::Value::String(text) => self.0.text(text.clone()),
            serde_json::Value::Array(items) => {
                let open = self.0.open_array()?;
                for item in items {
                    Pushing(self.0).copy(item)?;
                }
                self.0.close(open);
                Ok(())
            }
            serde_json::Value::Object(members) => {
                let open = self.0.open_object()?;
                for (key, value) in members {
                    self.0.text(key.clone())?;
                    Pushing(self.0).copy(value)?;
                }
                self.0.close(open);
                Ok(())
            }
        }
    }
}
