//! A signature in a header of the receiver's own choice: which header, which hash, and over what text.

use super::Value;
use super::read::{AuthError, Reader};
use crate::secret::Secret;

/// A signature in a header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hmac {
    /// The key, as the bytes of this text.
    pub secret: Secret,
    /// The header that holds the signature.
    pub header: String,
    /// The hash.
    pub algorithm: Algorithm,
    /// How the signature is written.
    pub encoding: Encoding,
    /// What stands before it in the header; without the body.
    pub prefix: Template,
    /// What is signed; with the body, once.
    pub message: Template,
    /// A header that holds the timestamp, besides `webhook-timestamp`.
    pub timestamp_header: Option<String>,
}

/// The hash of a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// Only because receivers ask for it.
    Sha1,
    /// The usual one.
    Sha256,
    /// The longest one.
    Sha512,
}

/// How a signature is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// In lower case.
    Hex,
    /// With padding.
    Base64,
}

/// Text with places that are filled in for each attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    text: String,
    parts: Vec<Part>,
}

/// A part of a [`Template`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// As it stands.
    Text(String),
    /// `{body}`: the request's body.
    Body,
    /// `{timestamp}`: when the attempt is made, in seconds since 1970.
    Timestamp,
    /// `{id}`: the event's id, which is the same on every attempt.
    Id,
}

const ALGORITHMS: [(&str, Algorithm); 3] =
    [("sha256", Algorithm::Sha256), ("sha1", Algorithm::Sha1), ("sha512", Algorithm::Sha512)];
const ENCODINGS: [(&str, Encoding); 2] = [("hex", Encoding::Hex), ("base64", Encoding::Base64)];

impl Hmac {
    pub(super) fn read(reader: &Reader<'_>) -> Result<Self, AuthError> {
        Ok(Self {
            secret: reader.secret("secret")?,
            header: reader.header("header")?,
            algorithm: reader.word("algorithm", &ALGORITHMS)?,
            encoding: reader.word("encoding", &ENCODINGS)?,
            prefix: reader.parsed("prefix", "", Template::prefix)?,
            message: reader.parsed("message", "{body}", Template::message)?,
            timestamp_header: reader.optional_header("timestamp_header")?,
        })
    }

    pub(super) fn settings(&self) -> Vec<(&'static str, Value)> {
        let shown = |text: &str| Value::Shown(text.to_owned());
        let mut settings = vec![
            ("secret", Value::Hidden(self.secret.clone())),
            ("header", shown(&self.header)),
            ("algorithm", shown(name(&ALGORITHMS, self.algorithm))),
            ("encoding", shown(name(&ENCODINGS, self.encoding))),
            ("prefix", shown(&self.prefix.text)),
            ("message", shown(&self.message.text)),
        ];
        settings.extend(self.timestamp_header.as_deref().map(|header| ("timestamp_header", shown(header))));
        settings
    }
}

fn name<T: PartialEq>(words: &[(&'static str, T)], wanted: T) -> &'static str {
    words.iter().find(|(_, meaning)| *meaning == wanted).map_or("", |(word, _)| word)
}

impl Template {
    /// Its parts in their order.
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    fn message(text: &str) -> Result<Self, String> {
        let parts = parse(text)?;
        match parts.iter().filter(|part| **part == Part::Body).count() {
            1 => Ok(Self { text: text.to_owned(), parts }),
            _ => Err("the message must hold `{body}` once, like `{timestamp}.{body}`".to_owned()),
        }
    }

    fn prefix(text: &str) -> Result<Self, String> {
        if !text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) || text.starts_with(' ') {
            return Err("a header carries printable ASCII only, and no space at its beginning".to_owned());
        }
        let parts = parse(text)?;
        if parts.contains(&Part::Body) {
            return Err("a prefix stands in a header and cannot hold `{body}`".to_owned());
        }
        Ok(Self { text: text.to_owned(), parts })
    }
}

fn parse(text: &str) -> Result<Vec<Part>, String> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((place, after)) = after.split_once('}') else {
            return Err("a `{` has no `}` after it".to_owned());
        };
        if !before.is_empty() {
            parts.push(Part::Text(before.to_owned()));
        }
        parts.push(match place {
            "body" => Part::Body,
            "timestamp" => Part::Timestamp,
            "id" => Part::Id,
            other => {
                return Err(format!(
                    "`{{{other}}}` stands for nothing: use `{{body}}`, `{{timestamp}}` or `{{id}}`"
                ));
            }
        });
        rest = after;
    }
    if !rest.is_empty() {
        parts.push(Part::Text(rest.to_owned()));
    }
    Ok(parts)
}
