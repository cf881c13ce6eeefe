//! `multipart/form-data` (RFC 7578) as fields.
//!
//! Only what senders of webhooks make: a boundary, parts with a name, contents as they are. No content codings, no
//! nesting. A part with a file name is a file, and so is one that is not UTF-8.

use std::borrow::Cow;

use memchr::memmem;

use super::document::Document;
use super::form::{self, Field};

/// The longest boundary (RFC 2046, section 5.1.1).
const BOUNDARY_BYTES_MAX: usize = 70;
/// The most parts that are read.
const PARTS_MAX: usize = 1_000;
/// The longest head of a part.
const HEAD_BYTES_MAX: usize = 8 * 1024;

/// Reads a whole body; none where it is not of this form.
pub(super) fn read<'a>(content_type: &[u8], body: &'a [u8]) -> Option<Document<'a>> {
    let boundary = parameter(content_type, b"boundary")?;
    if !(1..=BOUNDARY_BYTES_MAX).contains(&boundary.len()) {
        return None;
    }
    let delimiter = [b"--", boundary].concat();
    let finder = memmem::Finder::new(&delimiter);
    let mut fields = Vec::new();
    // What stands before the first delimiter is no part.
    let mut rest = body.get(finder.find(body)? + delimiter.len()..)?;
    while let Some(part) = rest.strip_prefix(b"\r\n") {
        if fields.len() == PARTS_MAX {
            return None;
        }
        let (inside, behind) = part.split_at_checked(finder.find(part)?)?;
        fields.push(field(inside)?);
        rest = behind.get(delimiter.len()..)?;
    }
    rest.starts_with(b"--").then(|| form::object(fields.into_iter()).ok()).flatten()
}

fn field(part: &[u8]) -> Option<(Cow<'_, str>, Field<'_>)> {
    let beginning = part.get(..HEAD_BYTES_MAX).unwrap_or(part);
    let (head, _) = part.split_at_checked(memmem::find(beginning, b"\r\n\r\n")?)?;
    let content = part.get(head.len() + 4..)?.strip_suffix(b"\r\n")?;
    let line = |wanted: &[u8]| {
        head.split(|byte| *byte == b'\n').find_map(|line| {
            let (name, value) = line.split_at_checked(memchr::memchr(b':', line)?)?;
            name.trim_ascii().eq_ignore_ascii_case(wanted).then(|| value.strip_prefix(b":"))?
        })
    };
    let disposition = line(b"content-disposition")?;
    let name = String::from_utf8_lossy(parameter(disposition, b"name")?);
    let file = parameter(disposition, b"filename").map(String::from_utf8_lossy);
    let field = match (file, std::str::from_utf8(content)) {
        (None, Ok(text)) => Field::Text(Cow::Borrowed(text)),
        (name, _) => Field::File {
            bytes: content.len(),
            media_type: line(b"content-type").and_then(super::body::media_type).map(Cow::Owned),
            name,
        },
    };
    Some((name, field))
}

/// A parameter of a header value; quotes around it are taken off.
fn parameter<'a>(value: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    value.split(|byte| *byte == b';').skip(1).find_map(|parameter| {
        let parameter = parameter.trim_ascii();
        let (known, text) = parameter.split_at_checked(memchr::memchr(b'=', parameter)?)?;
        let text = text.strip_prefix(b"=")?;
        let bare = text.strip_prefix(b"\"").and_then(|text| text.strip_suffix(b"\""));
        known.eq_ignore_ascii_case(name).then_some(bare.unwrap_or(text))
    })
}
