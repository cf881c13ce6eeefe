//! The two ends of a run: the texts that go in, and reading what the prelude's `finish` gives back.
//!
//! Headers, query and body travel as text, as the engine's own `JSON.parse` and `JSON.stringify` are the fastest
//! way into and out of it; they are parsed only when the script looks at them. Everything that comes back is
//! compared with what went in, so that what was not changed keeps its form.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use rquickjs::Array;
use serde::de::{Deserializer as _, MapAccess, Visitor};
use serde_json::Value;

use super::{Halt, failure};
use crate::input::{Body, Input, is_json};
use crate::limits::{HEADER_BYTES_MAX, HEADER_LINES_MAX, Limits, TARGET_BYTES_MAX};
use crate::outcome::{FailureKind, Transformed};
use crate::unchanged;

/// The script did not touch the body.
pub(super) const KEPT: i32 = 0;
/// There is no body.
pub(super) const EMPTY: i32 = 1;
/// The body is a string.
pub(super) const TEXT: i32 = 2;
/// The body is bytes.
pub(super) const BYTES: i32 = 3;
/// The body is the text of a JSON value.
pub(super) const JSON: i32 = 4;

/// The parts of an input as JSON.
pub(super) struct Texts {
    pub(super) headers: String,
    pub(super) query: String,
    pub(super) context: String,
    pub(super) env: String,
}

impl Texts {
    pub(super) fn of(input: &Input) -> Self {
        Self {
            headers: headers_json(&input.request.headers),
            query: parsed_query(&input.request.query),
            context: serde_json::to_string(&input.context).unwrap_or_default(),
            env: input.env.json(),
        }
    }
}

/// Headers by name in lower case.
fn headers_json(lines: &[(String, String)]) -> String {
    let mut json =
        String::with_capacity(lines.iter().map(|(name, value)| name.len() + value.len() + 8).sum());
    json.push('{');
    for (at, (name, value)) in lines.iter().enumerate() {
        let same = |(other, _): &&(String, String)| other.eq_ignore_ascii_case(name);
        let (before, after) = lines.split_at(at);
        if before.iter().find(same).is_some() {
            continue;
        }
        if json.len() > 1 {
            json.push(',');
        }
        push_json(&mut json, &name.to_ascii_lowercase());
        json.push(':');
        if after.iter().filter(same).count() == 1 {
            push_json(&mut json, value);
        } else {
            push_json(&mut json, &joined(name, after.iter().filter(same)));
        }
    }
    json.push('}');
    json
}

fn push_json(json: &mut String, text: &str) {
    // A string cannot fail to be JSON.
    json.push_str(&serde_json::to_string(text).unwrap_or_default());
}

/// Lines of one name are one value to the script, as RFC 9110 section 5.3 has it.
fn joined<'a>(name: &str, lines: impl Iterator<Item = &'a (String, String)>) -> String {
    let values: Vec<&str> = lines.map(|(_, value)| value.as_str()).collect();
    values.join(if name.eq_ignore_ascii_case("cookie") { "; " } else { ", " })
}

/// A JSON object with its keys in this order.
fn object<'a>(entries: impl Iterator<Item = (&'a str, Value)>) -> String {
    let entries: Vec<String> =
        entries.map(|(name, value)| format!("{}:{value}", Value::from(name))).collect();
    format!("{{{}}}", entries.join(","))
}

/// Parameters by name; several of one name are an array.
fn parsed_query(query: &str) -> String {
    if query.is_empty() {
        return "{}".to_owned();
    }
    let mut names: Vec<(String, Vec<String>)> = Vec::new();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        match names.iter_mut().find(|(known, _)| *known == name) {
            Some((_, values)) => values.push(value.into_owned()),
            None => names.push((name.into_owned(), vec![value.into_owned()])),
        }
    }
    object(names.iter().map(|(name, values)| match values.as_slice() {
        [one] => (name.as_str(), Value::from(one.as_str())),
        several => (name.as_str(), Value::from(several)),
    }))
}

fn wrong(message: impl Into<String>) -> Halt {
    Halt::Known(FailureKind::Result, message.into())
}

/// Reads what `finish` gave. `canonical` makes the original body's JSON as the engine writes it.
pub(super) fn read(
    found: &Array<'_>,
    input: &Input,
    texts: &Texts,
    limits: &Limits,
    canonical: impl FnOnce() -> rquickjs::Result<String>,
) -> Result<Transformed, Halt> {
    let request = &input.request;
    let (body, body_changed) = match read_body(found, input, limits, canonical)? {
        Some(body) => (body, true),
        None => (request.body.clone(), false),
    };
    let mut headers = match found.get::<Option<String>>(0)? {
        Some(text) if text != texts.headers => read_headers(&text, &request.headers)?,
        _ => request.headers.clone(),
    };
    if body_changed && matches!(body, Body::Json(_)) {
        call_it_json(&mut headers, &request.headers);
    }
    Ok(Transformed {
        path: found.get::<Option<String>>(3)?.map_or(Ok(request.path.clone()), checked_path)?,
        query: read_query(found.get(1)?, found.get(2)?, input, texts)?,
        headers,
        body,
        body_changed,
    })
}

/// The new body; none where it is the original's.
fn read_body(
    found: &Array<'_>,
    input: &Input,
    limits: &Limits,
    canonical: impl FnOnce() -> rquickjs::Result<String>,
) -> Result<Option<Body>, Halt> {
    let original = &input.request.body;
    let kind: i32 = found.get(4)?;
    let body = match kind {
        KEPT => return Ok(None),
        EMPTY => Body::Empty,
        BYTES => {
            // Base64 because reading the engine's memory in place is not safe.
            let text: String = found.get(5)?;
            let bytes =
                BASE64_STANDARD.decode(text).map_err(|_| wrong("request.body could not be read as bytes"))?;
            if bytes.is_empty() { Body::Empty } else { Body::Binary(Bytes::from(bytes)) }
        }
        _ => {
            let text: String = found.get(5)?;
            if kind == JSON && is_unchanged(original, &text, canonical)? {
                return Ok(None);
            }
            let bytes = Bytes::from(text);
            match kind {
                JSON => Body::Json(bytes),
                _ if bytes.is_empty() => Body::Empty,
                _ => Body::Text(bytes),
            }
        }
    };
    let bytes = body.bytes();
    if bytes.len() > limits.output_bytes {
        let (kind, message, _) = failure::too_long(limits);
        return Err(Halt::Known(kind, message));
    }
    let same = bytes == original.bytes();
    Ok((!same).then_some(body))
}

fn is_unchanged(
    original: &Body,
    written: &str,
    canonical: impl FnOnce() -> rquickjs::Result<String>,
) -> Result<bool, Halt> {
    let Body::Json(bytes) = original else { return Ok(false) };
    let Ok(text) = std::str::from_utf8(bytes) else { return Ok(false) };
    Ok(unchanged::same(text, written) || (unchanged::rearranges(text) && canonical()? == written))
}

/// A body that has become JSON is called so, unless the script said something about it.
fn call_it_json(headers: &mut Vec<(String, String)>, before: &[(String, String)]) {
    let content_type = |headers: &[(String, String)]| {
        headers
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case("content-type"))
            .map(|(_, value)| value.clone())
    };
    let now = content_type(headers);
    if now.as_deref().is_some_and(is_json) || now != content_type(before) {
        return;
    }
    headers.retain(|(name, _)| !name.eq_ignore_ascii_case("content-type"));
    headers.push(("content-type".to_owned(), "application/json".to_owned()));
}

/// The entries of a JSON object in their order.
struct Entries(Vec<(String, Value)>);

fn entries(text: &str) -> Result<Vec<(String, Value)>, Halt> {
    struct InOrder;
    impl<'de> Visitor<'de> for InOrder {
        type Value = Entries;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entries, A::Error> {
            let mut entries = Vec::new();
            while let Some(entry) = map.next_entry()? {
                entries.push(entry);
            }
            Ok(Entries(entries))
        }
    }
    let mut reader = serde_json::Deserializer::from_str(text);
    // A `toJSON` can make something else of an object, and data can be nested too deeply.
    let read = reader.deserialize_map(InOrder);
    read.map(|entries| entries.0)
        .map_err(|_| wrong("request.headers and request.parsed_query must be flat objects"))
}

/// The values that an entry stands for: one for a string, number or boolean, several for an array, none for null.
fn values(field: &str, name: &str, value: Value) -> Result<Vec<String>, Halt> {
    let one = |value: Value| match value {
        Value::String(text) => Ok(text),
        Value::Number(number) => Ok(number.to_string()),
        Value::Bool(flag) => Ok(flag.to_string()),
        _ => Err(wrong(format!("request.{field}[{name:?}] must be a string, or an array of strings"))),
    };
    match value {
        Value::Null => Ok(Vec::new()),
        Value::Array(several) => several.into_iter().map(one).collect(),
        value => one(value).map(|value| vec![value]),
    }
}

fn read_headers(text: &str, before: &[(String, String)]) -> Result<Vec<(String, String)>, Halt> {
    let mut given: Vec<(String, Vec<String>)> = Vec::new();
    for (name, value) in entries(text)? {
        let values = values("headers", &name, value)?;
        let name = checked_name(&name)?;
        for value in &values {
            check_value(&name, value)?;
        }
        // Two spellings of one name: the later one counts.
        given.retain(|(known, _)| *known != name);
        given.push((name, values));
    }
    let headers = in_order(given, before);
    let bytes: usize = headers.iter().map(|(name, value)| name.len() + value.len()).sum();
    if headers.len() > HEADER_LINES_MAX || bytes > HEADER_BYTES_MAX {
        return Err(wrong(format!(
            "request.headers has {} lines and {bytes} bytes; {HEADER_LINES_MAX} and {HEADER_BYTES_MAX} are possible",
            headers.len()
        )));
    }
    Ok(headers)
}

/// The original's lines where their joined value is what was given, otherwise the given ones, in the original's
/// order; then what is new.
fn in_order(mut given: Vec<(String, Vec<String>)>, before: &[(String, String)]) -> Vec<(String, String)> {
    let mut headers = Vec::with_capacity(given.len());
    let mut done: Vec<String> = Vec::new();
    for (name, _) in before {
        let name = name.to_ascii_lowercase();
        if done.contains(&name) {
            continue;
        }
        let lines: Vec<&(String, String)> =
            before.iter().filter(|(other, _)| other.eq_ignore_ascii_case(&name)).collect();
        let joined = joined(&name, lines.iter().copied());
        if let Some(at) = given.iter().position(|(other, _)| *other == name) {
            let (name, values) = given.remove(at);
            match values.as_slice() {
                [value] if *value == joined => headers.extend(lines.into_iter().cloned()),
                _ => headers.extend(values.into_iter().map(|value| (name.clone(), value))),
            }
        }
        done.push(name);
    }
    for (name, values) in given {
        headers.extend(values.into_iter().map(|value| (name.clone(), value)));
    }
    headers
}

/// RFC 9110 section 5.6.2, in lower case.
fn checked_name(name: &str) -> Result<String, Halt> {
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if name.is_empty() || !name.bytes().all(is_token) {
        return Err(wrong(format!("request.headers has the name {name:?}, which no header can have")));
    }
    Ok(name.to_ascii_lowercase())
}

fn check_value(name: &str, value: &str) -> Result<(), Halt> {
    if value.bytes().any(|byte| byte.is_ascii_control() && byte != b'\t') {
        return Err(wrong(format!(
            "request.headers[{name:?}] has a line break or another control character"
        )));
    }
    Ok(())
}

fn checked_path(path: String) -> Result<String, Halt> {
    let is_fine = path.is_empty() || path.starts_with('/');
    if !is_fine || path.bytes().any(|byte| byte.is_ascii_control() || matches!(byte, b'?' | b'#')) {
        return Err(wrong("request.path must be empty or begin with /, without ?, # and control characters"));
    }
    short("path", path)
}

fn short(field: &str, text: String) -> Result<String, Halt> {
    if text.len() > TARGET_BYTES_MAX {
        return Err(wrong(format!(
            "request.{field} has {} bytes; {TARGET_BYTES_MAX} are possible",
            text.len()
        )));
    }
    Ok(text)
}

/// The query: the string where it was changed, otherwise the parameters where they were.
fn read_query(
    query: Option<String>,
    parsed: Option<String>,
    input: &Input,
    texts: &Texts,
) -> Result<String, Halt> {
    let original = &input.request.query;
    if let Some(query) = query.filter(|query| query != original) {
        if query.bytes().any(|byte| byte.is_ascii_control() || byte == b'#') {
            return Err(wrong("request.query must be without # and control characters"));
        }
        return short("query", query.trim_start_matches('?').to_owned());
    }
    let Some(parsed) = parsed.filter(|parsed| *parsed != texts.query) else { return Ok(original.clone()) };
    let mut writer = form_urlencoded::Serializer::new(String::new());
    for (name, value) in entries(&parsed)? {
        for value in values("parsed_query", &name, value)? {
            writer.append_pair(&name, &value);
        }
    }
    short("query", writer.finish())
}
