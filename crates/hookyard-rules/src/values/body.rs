//! Which reader a body gets, and what it is where none can read it.

use std::borrow::Cow;

use super::document::{Document, TooManyValues};
use super::number::Number;
use super::{form, json, multipart, xml};

/// The byte order mark that some senders put before their text.
const MARK: &[u8] = "\u{feff}".as_bytes();

/// A body as a value; none for an empty one.
pub(super) fn read<'a>(content_type: Option<&[u8]>, body: &'a [u8]) -> Option<Document<'a>> {
    if body.is_empty() {
        return None;
    }
    let media_type = content_type.and_then(media_type);
    structured(media_type.as_deref(), content_type.unwrap_or_default(), body)
        .or_else(|| unstructured(media_type, body).ok())
}

fn structured<'a>(media_type: Option<&str>, content_type: &[u8], body: &'a [u8]) -> Option<Document<'a>> {
    let text = body.strip_prefix(MARK).unwrap_or(body);
    match media_type.unwrap_or_default() {
        "application/x-www-form-urlencoded" => Some(form::read(body)),
        "multipart/form-data" => multipart::read(content_type, body),
        kind if kind.ends_with("/json") || kind.ends_with("+json") => json::read(text).ok(),
        kind if kind.ends_with("/xml") || kind.ends_with("+xml") => xml::read(text),
        // Many send JSON under another name: SNS as text/plain, some as nothing at all.
        _ => matches!(text.trim_ascii_start().first(), Some(b'{' | b'[')).then(|| json::read(text).ok())?,
    }
}

/// The type before its parameters, in lower case.
pub(super) fn media_type(content_type: &[u8]) -> Option<String> {
    let kind = content_type.split(|byte| *byte == b';').next()?.trim_ascii();
    (!kind.is_empty()).then(|| String::from_utf8_lossy(kind).to_ascii_lowercase())
}

fn unstructured(media_type: Option<String>, body: &[u8]) -> Result<Document<'_>, TooManyValues> {
    let mut document = Document::default();
    let object = document.open_object()?;
    size_and_type(body.len(), media_type.map(Cow::Owned), &mut document)?;
    if let Ok(text) = std::str::from_utf8(body) {
        document.text("text")?;
        document.text(text)?;
    }
    document.close(object);
    Ok(document)
}

/// Pushes the two members that everything unstructured has.
pub(super) fn size_and_type<'a>(
    bytes: usize,
    media_type: Option<Cow<'a, str>>,
    document: &mut Document<'a>,
) -> Result<(), TooManyValues> {
    document.text("size")?;
    document.number(Number::Integer(i64::try_from(bytes).unwrap_or(i64::MAX)))?;
    if let Some(media_type) = media_type {
        document.text("type")?;
        document.text(media_type)?;
    }
    Ok(())
}
