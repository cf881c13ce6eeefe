//! JSON bodies, read strictly: bounded in size and time, declared as JSON, no unknown fields, and every
//! complaint names the field.

use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{FromRequest, Request};
use bytes::Bytes;
use http::{HeaderMap, header};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeOwned, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::error::Category;

use crate::problem::{Kind, Problem};

/// Longest body, in bytes.
const BODY_BYTES_MAX: usize = 1024 * 1024;
/// How long a body may take to arrive.
const BODY_TIME_MAX: Duration = Duration::from_secs(30);

/// A body that is a JSON object with the fields of `T`.
#[derive(Debug)]
pub(crate) struct JsonBody<T>(pub(crate) T);

impl<S: Sync, T: DeserializeOwned> FromRequest<S> for JsonBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _state: &S) -> Result<Self, Problem> {
        if !is_json(request.headers()) {
            return Err(not_json());
        }
        let body = collect(request.into_body()).await?;
        parse(&body).map(Self)
    }
}

/// For calls that need no body: there is none, or it is an empty JSON object.
#[derive(Debug)]
pub(crate) struct NoBody;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NoFields {}

impl<S: Sync> FromRequest<S> for NoBody {
    type Rejection = Problem;

    async fn from_request(request: Request, _state: &S) -> Result<Self, Problem> {
        let body = collect(request.into_body()).await?;
        if !body.is_empty() {
            let NoFields {} = parse(&body)?;
        }
        Ok(Self)
    }
}

/// For calls that need no body, and take one: none means the defaults.
pub(crate) struct OptionalBody<T>(pub(crate) T);

impl<S: Sync, T: DeserializeOwned + Default> FromRequest<S> for OptionalBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _state: &S) -> Result<Self, Problem> {
        let is_json = is_json(request.headers());
        let body = collect(request.into_body()).await?;
        match body.is_empty() {
            true => Ok(Self(T::default())),
            false if is_json => parse(&body).map(Self),
            false => Err(not_json()),
        }
    }
}

/// A JSON object with the fields of `T`; serde's own structs also take an array of values in order, which
/// nobody means.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(crate) struct Object<T>(pub(crate) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ObjectVisitor(PhantomData)).map(Self)
    }
}

struct ObjectVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
    type Value = T;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map))
    }
}

fn not_json() -> Problem {
    Problem::new(Kind::UnsupportedMediaType, "send the body with `Content-Type: application/json`")
}

fn is_json(headers: &HeaderMap) -> bool {
    let declared =
        headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media_type = declared.split(';').next().unwrap_or_default().trim();
    ["application/json", "application/merge-patch+json"]
        .iter()
        .any(|known| media_type.eq_ignore_ascii_case(known))
}

/// The whole body.
///
/// # Errors
/// It is too long, takes too long, or breaks off.
pub(crate) async fn collect(body: Body) -> Result<Bytes, Problem> {
    match tokio::time::timeout(BODY_TIME_MAX, Limited::new(body, BODY_BYTES_MAX).collect()).await {
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => {
            Err(Problem::new(Kind::BodyTooLarge, format!("a body has at most {BODY_BYTES_MAX} bytes")))
        }
        Ok(Err(_)) => Err(Problem::new(Kind::MalformedBody, "the body broke off: send it again")),
        Err(_elapsed) => {
            let detail = format!("the body has to arrive within {} s", BODY_TIME_MAX.as_secs());
            Err(Problem::new(Kind::BodyTimeout, detail))
        }
    }
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    let mut reader = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize::<_, Object<T>>(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        explain(&path, error.inner())
    })?;
    reader.end().map_err(|error| explain(".", &error))?;
    Ok(value.0)
}

/// Says what is wrong without repeating values: a secret in the wrong place must not come back.
fn explain(path: &str, error: &serde_json::Error) -> Problem {
    if error.classify() != Category::Data {
        let (line, column) = (error.line(), error.column());
        let detail = format!("the body is not valid JSON: look at line {line}, column {column}");
        return Problem::new(Kind::MalformedBody, detail);
    }
    let message = error.to_string();
    if let Some(rest) = message.strip_prefix("unknown field `") {
        let name = rest.split('`').next().unwrap_or_default();
        let field = qualified(path, name);
        let known = rest.split_once(", expected ").map(|(_, known)| without_position(known));
        let detail = format!("`{field}` is not a field here: expected {}", known.unwrap_or("no fields"));
        return Problem::with_field(Kind::UnknownField, &field, detail);
    }
    if let Some(rest) = message.strip_prefix("duplicate field `") {
        let field = qualified(path, rest.split('`').next().unwrap_or_default());
        return Problem::invalid_field(&field, "it is given more than once: give it once");
    }
    let expected =
        message.rsplit_once(", expected ").map_or("another value", |(_, what)| without_position(what));
    match path {
        "." => Problem::new(Kind::InvalidField, "the body has to be a JSON object"),
        field => Problem::invalid_field(field, format!("expected {expected}")),
    }
}

/// The full path of the field `name` that was met while reading the object at `path`.
fn qualified(path: &str, name: &str) -> String {
    match path {
        "." => name.to_owned(),
        path if path == name || path.ends_with(&format!(".{name}")) => path.to_owned(),
        path => format!("{path}.{name}"),
    }
}

/// serde_json closes its messages with the position, which means nothing to most callers.
fn without_position(message: &str) -> &str {
    message.split(" at line ").next().unwrap_or(message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::merge::Field;

    #[derive(Debug, Default, Deserialize)]
    #[serde(default, deny_unknown_fields)]
    struct Outer {
        secrets: Field<Vec<String>>,
        count: Field<u32>,
        inner: Field<Object<Inner>>,
    }

    #[derive(Debug, Default, Deserialize)]
    #[serde(default, deny_unknown_fields)]
    struct Inner {
        status: Field<u16>,
    }

    fn complaint(body: &str) -> (Kind, Option<String>) {
        let problem = parse::<Outer>(body.as_bytes()).unwrap_err();
        (problem.kind(), problem.field().map(str::to_owned))
    }

    #[test]
    fn every_complaint_names_its_field() {
        for (body, kind, field) in [
            (r#"{"counts":1}"#, Kind::UnknownField, Some("counts")),
            (r#"{"inner":{"code":1}}"#, Kind::UnknownField, Some("inner.code")),
            (r#"{"inner":{"inner":1}}"#, Kind::UnknownField, Some("inner.inner")),
            (r#"{"count":"1"}"#, Kind::InvalidField, Some("count")),
            (r#"{"count":-1}"#, Kind::InvalidField, Some("count")),
            (r#"{"inner":{"status":70000}}"#, Kind::InvalidField, Some("inner.status")),
            (r#"{"secrets":["a",1]}"#, Kind::InvalidField, Some("secrets[1]")),
            (r#"{"count":1,"count":2}"#, Kind::InvalidField, Some("count")),
            (r#"{"inner":[200]}"#, Kind::InvalidField, Some("inner")),
            ("[]", Kind::InvalidField, None),
            ("null", Kind::InvalidField, None),
            ("\"text\"", Kind::InvalidField, None),
            ("{", Kind::MalformedBody, None),
            ("", Kind::MalformedBody, None),
            ("{} x", Kind::MalformedBody, None),
        ] {
            assert_eq!(complaint(body), (kind, field.map(str::to_owned)), "{body}");
        }
    }

    #[test]
    fn a_misplaced_secret_does_not_come_back() {
        let problem = parse::<Outer>(br#"{"secrets":"whsec_topsecret"}"#).unwrap_err();
        assert!(!format!("{problem:?}").contains("topsecret"), "{problem:?}");
    }
}
