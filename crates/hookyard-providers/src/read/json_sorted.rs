//! JSON with the members of every object sorted by name, and no white space: what NOWPayments signs.
//!
//! Names and values stay as they are written, so that a number keeps its form. Of two members of one
//! name the last counts, as with most parsers.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::read::Why;

const NOT_JSON: Why = Why::Malformed("it is not JSON");
/// The deepest nesting. Each level reads its text once more, so this also bounds the time.
const DEPTH_MAX: usize = 32;

pub(super) fn sorted(json: &[u8]) -> Result<Vec<u8>, Why> {
    let value: &RawValue = serde_json::from_slice(json).map_err(|_| NOT_JSON)?;
    let mut text = Vec::with_capacity(json.len());
    write(value.get(), 0, &mut text)?;
    Ok(text)
}

fn write(json: &str, depth: usize, into: &mut Vec<u8>) -> Result<(), Why> {
    if depth > DEPTH_MAX {
        return Err(Why::Malformed("it is nested more than 32 deep"));
    }
    match json.as_bytes().first() {
        Some(b'{') => {
            let members: BTreeMap<Name<'_>, &RawValue> = serde_json::from_str(json).map_err(|_| NOT_JSON)?;
            into.push(b'{');
            for (index, (name, value)) in members.iter().enumerate() {
                if index > 0 {
                    into.push(b',');
                }
                serde_json::to_writer(&mut *into, &name.0).map_err(|_| NOT_JSON)?;
                into.push(b':');
                write(value.get(), depth + 1, into)?;
            }
            into.push(b'}');
        }
        Some(b'[') => {
            let elements: Vec<&RawValue> = serde_json::from_str(json).map_err(|_| NOT_JSON)?;
            into.push(b'[');
            for (index, value) in elements.iter().enumerate() {
                if index > 0 {
                    into.push(b',');
                }
                write(value.get(), depth + 1, into)?;
            }
            into.push(b']');
        }
        _ => into.extend_from_slice(json.as_bytes()),
    }
    Ok(())
}

#[derive(PartialEq, Eq, PartialOrd, Ord, Deserialize)]
struct Name<'a>(#[serde(borrow)] std::borrow::Cow<'a, str>);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_sorted_at_every_level_and_values_kept() {
        let json = r#" { "b" : [ {"z":1.0, "a":"\u00e9 x"} , null ], "a\n": 1e3, "B":{}, "b2":[] } "#;
        let expected = r#"{"B":{},"a\n":1e3,"b":[{"a":"\u00e9 x","z":1.0},null],"b2":[]}"#;
        assert_eq!(String::from_utf8(sorted(json.as_bytes()).unwrap()).unwrap(), expected);
        assert_eq!(sorted(b"{\"a\":"), Err(NOT_JSON));
        let deep = "[".repeat(60) + &"]".repeat(60);
        assert_eq!(sorted(deep.as_bytes()), Err(Why::Malformed("it is nested more than 32 deep")));
    }
}
