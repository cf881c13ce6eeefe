//! What goes into a run: the request as the script sees it, where it is, and what it may know.

use std::collections::BTreeMap;
use std::fmt;

use bytes::Bytes;

/// Everything that a run depends on. The same input and script give the same outcome.
#[derive(Clone, Debug)]
pub struct Input {
    /// The request to change.
    pub request: Request,
    /// Where on its way the request is.
    pub context: Context,
    /// What `process.env` holds.
    pub env: Env,
    /// What the script's clock shows, from the start of the run to its end: milliseconds since 1970.
    pub now_ms: i64,
    /// What `Math.random` starts from.
    pub seed: u64,
}

/// The request as a script sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The method, which a script can read only.
    pub method: String,
    /// The path behind the source's token, empty or beginning with `/`.
    pub path: String,
    /// The query without its `?`.
    pub query: String,
    /// The header lines in their order. The script sees names in lower case, and lines of one name joined.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Body,
}

/// A body, by what the script sees of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// No body: `null`.
    Empty,
    /// JSON: the value.
    Json(Bytes),
    /// Text that is no JSON, XML and forms for example: a string.
    Text(Bytes),
    /// What is not UTF-8: a `Uint8Array`.
    Binary(Bytes),
}

impl Body {
    /// Decides how a script sees a body: JSON where the content type says so (or says nothing) and it is JSON,
    /// text where it is UTF-8, otherwise bytes.
    pub fn of(content_type: Option<&str>, bytes: Bytes) -> Self {
        if bytes.is_empty() {
            return Self::Empty;
        }
        if std::str::from_utf8(&bytes).is_err() {
            return Self::Binary(bytes);
        }
        let says_json = content_type.is_none_or(is_json);
        if says_json && serde_json::from_slice::<serde::de::IgnoredAny>(&bytes).is_ok() {
            Self::Json(bytes)
        } else {
            Self::Text(bytes)
        }
    }

    /// The bytes.
    pub fn bytes(&self) -> Bytes {
        match self {
            Self::Empty => Bytes::new(),
            Self::Json(bytes) | Self::Text(bytes) | Self::Binary(bytes) => bytes.clone(),
        }
    }
}

/// Whether a content type is JSON: `application/json`, `text/json`, or one that ends in `+json`.
pub fn is_json(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence == "application/json" || essence == "text/json" || essence.ends_with("+json")
}

/// Where on its way the request is: the handler's second argument.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Context {
    /// The connection it goes along.
    pub connection: Named,
    /// The source it came in at.
    pub source: Named,
    /// The destination it goes to.
    pub destination: Named,
    /// The event it becomes.
    pub event_id: String,
    /// The request it was.
    pub request_id: String,
}

/// Something with an id and a name.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Named {
    /// Its id, as the API shows it.
    pub id: String,
    /// Its name.
    pub name: String,
}

/// Environment variables; they may be secrets, so that `Debug` shows their names only.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Env(BTreeMap<String, String>);

impl Env {
    /// Takes variables by name.
    pub fn new(variables: BTreeMap<String, String>) -> Self {
        Self(variables)
    }

    /// As one JSON object.
    pub(crate) fn json(&self) -> String {
        // A map of strings cannot fail to be JSON.
        serde_json::to_string(&self.0).unwrap_or_default()
    }
}

impl fmt::Debug for Env {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_json_where_type_and_bytes_say_so() {
        let cases: &[(Option<&str>, &[u8], &str)] = &[
            (Some("application/json"), b"{}", "json"),
            (Some("application/vnd.api+json; charset=utf-8"), b"[1]", "json"),
            (Some("TEXT/JSON"), b"null", "json"),
            (None, b"{\"a\":1}", "json"),
            (None, b"a=1", "text"),
            (Some("application/json"), b"{", "text"),
            (Some("text/plain"), b"{}", "text"),
            (Some("application/json"), b"\xff", "binary"),
            (Some("application/json"), b"", "empty"),
        ];
        for (content_type, bytes, expected) in cases {
            let kind = match Body::of(*content_type, Bytes::copy_from_slice(bytes)) {
                Body::Empty => "empty",
                Body::Json(_) => "json",
                Body::Text(_) => "text",
                Body::Binary(_) => "binary",
            };
            assert_eq!(kind, *expected, "{content_type:?} {bytes:?}");
        }
    }

    #[test]
    fn debug_shows_no_value() {
        let env = Env::new([("KEY".to_owned(), "hunter2".to_owned())].into());
        assert_eq!(format!("{env:?}"), r#"{"KEY"}"#);
    }
}
