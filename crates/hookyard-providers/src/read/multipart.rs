//! Parts of a `multipart/form-data` body (RFC 7578).
//!
//! Only what senders of webhooks make: a boundary, parts with a name, contents as they are. No content
//! codings, no nesting.

use memchr::memmem;

use crate::read::Why;

/// The longest boundary (RFC 2046, section 5.1.1).
const BOUNDARY_BYTES_MAX: usize = 70;

/// The content of the first part of this name.
pub(super) fn part<'a>(content_type: &[u8], body: &'a [u8], name: &str) -> Result<&'a [u8], Why> {
    let boundary = boundary(content_type).ok_or(Why::Malformed("the content type names no boundary"))?;
    let delimiter = [b"--", boundary].concat();
    let finder = memmem::Finder::new(&delimiter);
    let mut rest = body;
    // What stands before the first delimiter is no part.
    let start = finder.find(rest).ok_or(Why::Missing)?;
    rest = rest.get(start + delimiter.len()..).unwrap_or_default();
    while let Some(part) = rest.strip_prefix(b"\r\n") {
        let end = finder.find(part).ok_or(Why::Malformed("the last part has no end"))?;
        let (inside, behind) = part.split_at_checked(end).ok_or(Why::Missing)?;
        if let Some(content) = content_if_named(inside, name) {
            return Ok(content);
        }
        rest = behind.get(delimiter.len()..).unwrap_or_default();
    }
    Err(Why::Missing)
}

fn content_if_named<'a>(part: &'a [u8], name: &str) -> Option<&'a [u8]> {
    let end = memmem::find(part, b"\r\n\r\n")?;
    let (head, behind) = part.split_at_checked(end)?;
    let content = behind.strip_prefix(b"\r\n\r\n")?.strip_suffix(b"\r\n")?;
    let disposition = head.split(|byte| *byte == b'\n').find_map(|line| {
        let (field, value) = line.split_at_checked(memchr::memchr(b':', line)?)?;
        field.trim_ascii().eq_ignore_ascii_case(b"content-disposition").then_some(value)
    })?;
    (parameter(disposition, b"name")? == name.as_bytes()).then_some(content)
}

fn boundary(content_type: &[u8]) -> Option<&[u8]> {
    let kind = content_type.split(|byte| *byte == b';').next()?;
    let boundary = parameter(content_type, b"boundary")?;
    let fits = kind.trim_ascii().eq_ignore_ascii_case(b"multipart/form-data")
        && (1..=BOUNDARY_BYTES_MAX).contains(&boundary.len());
    fits.then_some(boundary)
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

#[cfg(test)]
mod tests {
    use super::*;

    const TYPE: &[u8] = b"multipart/form-data; boundary=\"xx\"";
    const BODY: &[u8] = b"preamble\r\n--xx\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n2\r\n--xx\r\n\
        content-type: text/plain\r\ncontent-disposition: form-data; filename=n; name=json\r\n\r\n{}\r\n--xx--\r\n";

    #[test]
    fn parts_are_found_by_name() {
        assert_eq!(part(TYPE, BODY, "a"), Ok(&b"1\r\n2"[..]));
        assert_eq!(part(TYPE, BODY, "json"), Ok(&b"{}"[..]));
        assert_eq!(part(TYPE, BODY, "b"), Err(Why::Missing));
        assert_eq!(part(b"Multipart/Form-Data;BOUNDARY=xx", BODY, "a"), Ok(&b"1\r\n2"[..]));
    }

    #[test]
    fn what_is_no_form_or_has_no_end_is_said_to_be_so() {
        for content_type in
            [&b"text/plain; boundary=xx"[..], b"multipart/form-data", b"multipart/form-data; boundary="]
        {
            assert!(matches!(part(content_type, BODY, "a"), Err(Why::Malformed(_))));
        }
        let cut = BODY.strip_suffix(b"--xx--\r\n").unwrap();
        assert!(matches!(part(TYPE, cut, "json"), Err(Why::Malformed(_))));
        assert_eq!(part(TYPE, b"", "a"), Err(Why::Missing));
    }
}
