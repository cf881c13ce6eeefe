//! Templates and values: the two kinds of text in a description, taken apart.
//!
//! ```text
//! template = { text | "{" value "}" | "[?" template "]" }      "{{" and "}}" are braces
//! value    = place { "|" filter }
//! ```
//! A value that stands nowhere in a request makes the template it is part of unfillable; a group in
//! `[?…]` is left out instead. Nothing here looks at a request.

use http::HeaderName;

/// Text with values in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    /// Its parts, in order.
    pub parts: Vec<Part>,
}

/// A part of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// Text as it is.
    Text(String),
    /// What stands at a place of the request.
    Value(Value),
    /// Left out where a value in it stands nowhere, or is empty.
    Optional(Vec<Part>),
}

/// Where something stands, and what is made of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Value {
    /// Where it stands.
    pub place: Place,
    /// What is made of it, in order.
    pub filters: Vec<Filter>,
}

/// A place in a request, or in what is known beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// `body`: the body as sent, or decoded where the scheme says so.
    Body,
    /// `method`: as sent.
    Method,
    /// `url`: the URL as registered with the provider: the source's public URL and what followed it.
    Url,
    /// `base_url`: the source's public URL, without what followed it.
    BaseUrl,
    /// `url_target`: path and query of the registered URL; as sent where that is not known.
    UrlTarget,
    /// `target`: path and query as sent.
    Target,
    /// `path`: the path of the target.
    Path,
    /// `query_string`: what stands behind the `?`, or nothing.
    QueryString,
    /// `host`: the host of the registered URL.
    Host,
    /// `secret`: a secret of the source; each is tried.
    Secret,
    /// `timestamp`: the signed time as it was written.
    Timestamp,
    /// `header:NAME`: the only value of this header.
    Header(Name),
    /// `query:NAME`: the only parameter of this name, decoded.
    Query(String),
    /// `form:NAME`: the only field of this name in a form body, decoded.
    Form(String),
    /// `multipart:NAME`: the part of this name in a multipart body.
    Multipart(String),
    /// `form_sorted`: names and values of a form body, sorted by name, without separators.
    FormSorted,
    /// `query_sorted`: the same of the query.
    QuerySorted,
    /// `json:POINTER`: a string's text, or a number, true or false as written. `*` is every element.
    Json(String),
    /// `json_raw:POINTER`: the bytes of a JSON value as they stand in the body.
    JsonRaw(String),
    /// `signature:KEY`: a named or numbered element beside the signature.
    Signature(String),
    /// `token:POINTER`: a claim of the verified token (and `token_header:POINTER` of its header).
    Token(String),
    /// `token_header:POINTER`: of the token's header.
    TokenHeader(String),
    /// `setting:NAME`: a setting of the source.
    Setting(String),
    /// `text`: the handshake's `text`; only in its answers.
    Text,
    /// `adapter:NAME`: what code in `adapters/` makes of the request, for signed texts that this
    /// language cannot put together.
    Adapter(String),
    /// `request_id`: the id under which the request was stored; only in answers.
    RequestId,
}

/// A name that is fixed, or stands in a setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Name {
    /// The name itself.
    Fixed(HeaderName),
    /// `$NAME`: the value of a setting.
    Setting(String),
}

/// What is made of a value's bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Filter {
    /// `lower`: ASCII letters in lower case.
    Lower,
    /// `upper`: ASCII letters in upper case.
    Upper,
    /// `trim`: without white space around it.
    Trim,
    /// `nfkd`: in Unicode's compatibility decomposition (UAX #15).
    Nfkd,
    /// `md5`, as bytes.
    Md5,
    /// `sha1`, as bytes.
    Sha1,
    /// `sha256`, as bytes.
    Sha256,
    /// `sha512`, as bytes.
    Sha512,
    /// `crc32`: the checksum in decimal.
    Crc32,
    /// `hmac-sha1`, as bytes, with the key that the scheme makes of the source's first secret.
    HmacSha1,
    /// `hmac-sha256`, as bytes, with the same key.
    HmacSha256,
    /// `hex`: lower case.
    Hex,
    /// `base64`: standard alphabet, padded.
    Base64,
    /// `base64url`: alphabet for URLs, without padding.
    Base64url,
    /// `unbase64`: decoded, of either alphabet.
    Unbase64,
    /// `unpercent`: with `%2B` and its like decoded (RFC 3986); a `+` stays.
    Unpercent,
    /// `json`: as a JSON string, in quotes.
    JsonString,
    /// `json:POINTER`: what stands there, the value taken as JSON.
    Json(String),
    /// `json_sorted`: JSON with the members of every object sorted by name, and no white space.
    JsonSorted,
    /// `xml:PATH`: the text of the first element on a path of local names.
    Xml(String),
    /// `before:TEXT`: what stands before the first TEXT, or all.
    Before(String),
    /// `after:TEXT`: what stands behind the first TEXT; nothing where there is none.
    After(String),
    /// `html`: with `& < > " '` escaped.
    Html,
}

impl Template {
    /// Takes a template apart.
    ///
    /// # Errors
    /// A clause that says what is wrong.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut rest = text;
        let parts = parts(&mut rest, false)?;
        if rest.is_empty() { Ok(Self { parts }) } else { Err(format!("`{rest}` cannot be read")) }
    }

    /// Every value in it, those of optional groups included.
    pub fn values(&self) -> Vec<&Value> {
        fn collect<'a>(parts: &'a [Part], values: &mut Vec<&'a Value>) {
            for part in parts {
                match part {
                    Part::Text(_) => {}
                    Part::Value(value) => values.push(value),
                    Part::Optional(parts) => collect(parts, values),
                }
            }
        }
        let mut values = Vec::new();
        collect(&self.parts, &mut values);
        values
    }

    /// Whether a value in it stands at this place, as it is.
    pub fn has(&self, place: &Place) -> bool {
        self.values().iter().any(|value| value.place == *place)
    }
}

/// Parts up to the end, or up to the `]` that ends an optional group.
fn parts(rest: &mut &str, in_group: bool) -> Result<Vec<Part>, String> {
    let mut parts = Vec::new();
    let mut text = String::new();
    while let Some(next) = rest.chars().next() {
        let special = if let Some(after) = rest.strip_prefix("{{") {
            text.push('{');
            *rest = after;
            continue;
        } else if let Some(after) = rest.strip_prefix("}}") {
            text.push('}');
            *rest = after;
            continue;
        } else if let Some(after) = rest.strip_prefix("[?").filter(|_| !in_group) {
            *rest = after;
            let group = self::parts(rest, true)?;
            *rest = rest.strip_prefix(']').ok_or("a group `[?…` has no `]`")?;
            Some(Part::Optional(group))
        } else if let Some(after) = rest.strip_prefix('{') {
            let (value, after) = after.split_once('}').ok_or("a `{` has no `}`")?;
            *rest = after;
            Some(Part::Value(Value::parse(value)?))
        } else {
            None
        };
        match special {
            Some(part) => {
                if !text.is_empty() {
                    parts.push(Part::Text(std::mem::take(&mut text)));
                }
                parts.push(part);
            }
            None if next == '}' => {
                return Err("a `}` has no `{`; a brace that is meant is doubled".to_owned());
            }
            None if next == ']' && in_group => break,
            None => {
                text.push(next);
                *rest = rest.get(next.len_utf8()..).unwrap_or_default();
            }
        }
    }
    if !text.is_empty() {
        parts.push(Part::Text(text));
    }
    Ok(parts)
}

impl Value {
    /// Takes a value apart.
    ///
    /// # Errors
    /// A clause that says what is wrong.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut pieces = text.split('|');
        let place = Place::parse(pieces.next().unwrap_or_default())?;
        let filters = pieces.map(Filter::parse).collect::<Result<_, _>>()?;
        Ok(Self { place, filters })
    }
}

/// The values that code puts together: a file in `adapters/` each.
pub const ADAPTERS: &[&str] =
    &["atlassian-qsh", "aws-sns", "contentful", "easypost", "hubspot-url", "plivo-v3", "truelayer"];

impl Place {
    fn parse(text: &str) -> Result<Self, String> {
        let (kind, name) = match text.split_once(':') {
            None => (text, None),
            Some((kind, "")) => return Err(format!("`{kind}:` names nothing")),
            Some((kind, name)) => (kind, Some(name)),
        };
        let owned = |name: &str| name.to_owned();
        Ok(match (kind, name) {
            ("body", None) => Self::Body,
            ("method", None) => Self::Method,
            ("url", None) => Self::Url,
            ("base_url", None) => Self::BaseUrl,
            ("url_target", None) => Self::UrlTarget,
            ("target", None) => Self::Target,
            ("path", None) => Self::Path,
            ("query_string", None) => Self::QueryString,
            ("host", None) => Self::Host,
            ("secret", None) => Self::Secret,
            ("timestamp", None) => Self::Timestamp,
            ("form_sorted", None) => Self::FormSorted,
            ("query_sorted", None) => Self::QuerySorted,
            ("text", None) => Self::Text,
            ("request_id", None) => Self::RequestId,
            ("json", None) => Self::Json(String::new()),
            ("json_raw", None) => Self::JsonRaw(String::new()),
            ("header", Some(name)) => Self::Header(Name::parse(name)?),
            ("query", Some(name)) => Self::Query(owned(name)),
            ("form", Some(name)) => Self::Form(owned(name)),
            ("multipart", Some(name)) => Self::Multipart(owned(name)),
            ("json", Some(pointer)) => Self::Json(json_pointer(pointer)?),
            ("json_raw", Some(pointer)) => Self::JsonRaw(json_pointer(pointer)?),
            ("signature", Some(key)) => Self::Signature(owned(key)),
            ("token", Some(pointer)) => Self::Token(json_pointer(pointer)?),
            ("token_header", Some(pointer)) => Self::TokenHeader(json_pointer(pointer)?),
            ("setting", Some(name)) => Self::Setting(owned(name)),
            ("adapter", Some(name)) if ADAPTERS.contains(&name) => Self::Adapter(owned(name)),
            _ => return Err(format!("there is no value `{text}`")),
        })
    }
}

impl Name {
    fn parse(text: &str) -> Result<Self, String> {
        if let Some(setting) = text.strip_prefix('$') {
            return Ok(Self::Setting(setting.to_owned()));
        }
        let is_name = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.');
        match HeaderName::from_bytes(text.as_bytes()) {
            Ok(name) if text.bytes().all(is_name) => Ok(Self::Fixed(name)),
            _ => Err(format!("`{text}` is not the name of a header in lower case")),
        }
    }
}

impl Filter {
    fn parse(text: &str) -> Result<Self, String> {
        Ok(match text.split_once(':') {
            Some(("json", pointer)) => Self::Json(json_pointer(pointer)?),
            Some(("xml", path)) if path.starts_with('/') => Self::Xml(path.to_owned()),
            Some(("before", separator)) if !separator.is_empty() => Self::Before(separator.to_owned()),
            Some(("after", separator)) if !separator.is_empty() => Self::After(separator.to_owned()),
            _ => match text {
                "lower" => Self::Lower,
                "upper" => Self::Upper,
                "trim" => Self::Trim,
                "nfkd" => Self::Nfkd,
                "md5" => Self::Md5,
                "sha1" => Self::Sha1,
                "sha256" => Self::Sha256,
                "sha512" => Self::Sha512,
                "crc32" => Self::Crc32,
                "hmac-sha1" => Self::HmacSha1,
                "hmac-sha256" => Self::HmacSha256,
                "hex" => Self::Hex,
                "base64" => Self::Base64,
                "base64url" => Self::Base64url,
                "unbase64" => Self::Unbase64,
                "unpercent" => Self::Unpercent,
                "json" => Self::JsonString,
                "json_sorted" => Self::JsonSorted,
                "html" => Self::Html,
                _ => return Err(format!("there is no filter `{text}`")),
            },
        })
    }
}

/// A JSON pointer (RFC 6901), in which `*` may stand for every element of an array.
fn json_pointer(text: &str) -> Result<String, String> {
    if text.is_empty() || text.starts_with('/') {
        Ok(text.to_owned())
    } else {
        Err(format!("`{text}` is not a JSON pointer: it begins with `/`"))
    }
}
