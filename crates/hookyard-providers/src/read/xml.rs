//! The text of one element of an XML text, found in one walk.
//!
//! This is no XML parser for all purposes: it knows elements, attributes (which it skips), text, CDATA,
//! comments and the five entities with numbers. A document type is refused, and with it every entity
//! that could be defined.

use crate::read::Why;

const NOT_XML: Why = Why::Malformed("it is not XML");
/// The deepest nesting.
const DEPTH_MAX: usize = 64;

/// The text of the first element on a path of local names: `/Envelope/Body/id`.
pub(crate) fn text(xml: &[u8], path: &str) -> Result<Vec<u8>, Why> {
    let path: Vec<&[u8]> = path.split('/').skip(1).map(str::as_bytes).collect();
    let mut walk = Walk { rest: xml, open: Vec::new() };
    // How many of the open elements, from the outermost on, are those of the path.
    let mut matched = 0;
    let mut found: Option<Vec<u8>> = None;
    while let Some(piece) = walk.next()? {
        match piece {
            Piece::Open { name, empty } => {
                let on_path = matched == walk.open.len() && path.get(matched) == Some(&local(name));
                if on_path && matched + 1 == path.len() {
                    found.get_or_insert_default();
                }
                if empty {
                    if on_path && matched + 1 == path.len() {
                        return Ok(Vec::new());
                    }
                    continue;
                }
                if walk.open.len() == DEPTH_MAX {
                    return Err(Why::Malformed("it is nested more than 64 deep"));
                }
                walk.open.push(name);
                matched += usize::from(on_path);
            }
            Piece::Close { name } => {
                if walk.open.pop() != Some(name) {
                    return Err(NOT_XML);
                }
                if matched > walk.open.len() {
                    if let Some(text) = found.take() {
                        return Ok(text);
                    }
                    matched = walk.open.len();
                }
            }
            Piece::Text(text) => {
                if let Some(found) = &mut found {
                    unescape(text, found)?;
                }
            }
            Piece::Verbatim(text) => {
                if let Some(found) = &mut found {
                    found.extend_from_slice(text);
                }
            }
        }
    }
    Err(if walk.open.is_empty() { Why::Missing } else { NOT_XML })
}

fn local(name: &[u8]) -> &[u8] {
    name.rsplit(|byte| *byte == b':').next().unwrap_or(name)
}

enum Piece<'a> {
    Open { name: &'a [u8], empty: bool },
    Close { name: &'a [u8] },
    Text(&'a [u8]),
    Verbatim(&'a [u8]),
}

struct Walk<'a> {
    rest: &'a [u8],
    open: Vec<&'a [u8]>,
}

impl<'a> Walk<'a> {
    fn next(&mut self) -> Result<Option<Piece<'a>>, Why> {
        loop {
            let Some(at) = memchr::memchr(b'<', self.rest) else {
                return Ok(None);
            };
            if at > 0 {
                let (text, rest) = self.rest.split_at_checked(at).ok_or(NOT_XML)?;
                self.rest = rest;
                return Ok(Some(Piece::Text(text)));
            }
            if let Some(rest) = self.rest.strip_prefix(b"<!--") {
                self.rest = behind(rest, b"-->")?.1;
            } else if let Some(rest) = self.rest.strip_prefix(b"<?") {
                self.rest = behind(rest, b"?>")?.1;
            } else if let Some(rest) = self.rest.strip_prefix(b"<![CDATA[") {
                let (text, rest) = behind(rest, b"]]>")?;
                self.rest = rest;
                return Ok(Some(Piece::Verbatim(text)));
            } else if self.rest.starts_with(b"<!") {
                return Err(Why::Malformed("it has a document type"));
            } else {
                return self.tag().map(Some);
            }
        }
    }

    fn tag(&mut self) -> Result<Piece<'a>, Why> {
        let inner = self.rest.get(1..).ok_or(NOT_XML)?;
        let end = tag_end(inner).ok_or(NOT_XML)?;
        let (tag, rest) = inner.split_at_checked(end).ok_or(NOT_XML)?;
        self.rest = rest.get(1..).unwrap_or_default();
        if let Some(name) = tag.strip_prefix(b"/") {
            return Ok(Piece::Close { name: name.trim_ascii() });
        }
        let (tag, empty) = match tag.strip_suffix(b"/") {
            Some(tag) => (tag, true),
            None => (tag, false),
        };
        let name = tag.split(u8::is_ascii_whitespace).next().unwrap_or_default();
        if name.is_empty() { Err(NOT_XML) } else { Ok(Piece::Open { name, empty }) }
    }
}

/// Where a tag ends: at the first `>` outside of quotes.
fn tag_end(inner: &[u8]) -> Option<usize> {
    let mut quote = None;
    inner.iter().position(|byte| match (quote, byte) {
        (None, b'>') => true,
        (None, b'"' | b'\'') => {
            quote = Some(*byte);
            false
        }
        (Some(open), byte) if open == *byte => {
            quote = None;
            false
        }
        _ => false,
    })
}

fn behind<'a>(bytes: &'a [u8], end: &[u8]) -> Result<(&'a [u8], &'a [u8]), Why> {
    let at = memchr::memmem::find(bytes, end).ok_or(NOT_XML)?;
    let (before, rest) = bytes.split_at_checked(at).ok_or(NOT_XML)?;
    Ok((before, rest.get(end.len()..).unwrap_or_default()))
}

fn unescape(text: &[u8], into: &mut Vec<u8>) -> Result<(), Why> {
    let mut rest = text;
    while let Some(at) = memchr::memchr(b'&', rest) {
        let (before, behind_it) = rest.split_at_checked(at).ok_or(NOT_XML)?;
        into.extend_from_slice(before);
        // The longest is `&#x10FFFF;`.
        let end = behind_it.iter().take(12).position(|byte| *byte == b';').ok_or(NOT_XML)?;
        let entity = behind_it.get(1..end).and_then(|entity| std::str::from_utf8(entity).ok());
        let letter = match entity.ok_or(NOT_XML)? {
            "amp" => '&',
            "lt" => '<',
            "gt" => '>',
            "quot" => '"',
            "apos" => '\'',
            number => numbered(number).ok_or(NOT_XML)?,
        };
        into.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
        rest = behind_it.get(end + 1..).unwrap_or_default();
    }
    into.extend_from_slice(rest);
    Ok(())
}

fn numbered(entity: &str) -> Option<char> {
    let number = entity.strip_prefix('#')?;
    let code = match number.strip_prefix('x') {
        Some(hex) => u32::from_str_radix(hex, 16),
        None => number.parse(),
    };
    char::from_u32(code.ok()?)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SOAP: &str = r#"<?xml version="1.0"?><!-- <a> --><s:Envelope xmlns:s="http://x?a>b">
        <s:Body><notifications xmlns="http://soap.sforce.com"><OrganizationId>00D<![CDATA[<1>]]>&amp;&#x41;</OrganizationId>
        <Notification><Id>04l1</Id></Notification><Notification><Id>04l2</Id></Notification><Empty/></notifications></s:Body></s:Envelope>"#;

    fn at(path: &str) -> Result<String, Why> {
        text(SOAP.as_bytes(), path).map(|text| String::from_utf8(text).unwrap())
    }

    #[test]
    fn elements_are_found_by_their_path() {
        let inner = "/Envelope/Body/notifications";
        assert_eq!(at(&format!("{inner}/OrganizationId")).unwrap(), "00D<1>&A");
        assert_eq!(at(&format!("{inner}/Notification/Id")).unwrap(), "04l1");
        assert_eq!(at(&format!("{inner}/Empty")).unwrap(), "");
        for missing in ["/Envelope/OrganizationId", "/Body", "/Id", "/Envelope/Body/notifications/Id", "/"] {
            assert_eq!(at(missing), Err(Why::Missing), "{missing}");
        }
    }

    #[test]
    fn what_is_no_plain_xml_is_refused() {
        let bad = |xml: &str| text(xml.as_bytes(), "/a/b").unwrap_err();
        assert_eq!(
            bad("<!DOCTYPE a [<!ENTITY x \"y\">]><a><b>&x;</b></a>"),
            Why::Malformed("it has a document type")
        );
        for xml in ["<a><b>&x;</b></a>", "<a><b>&#xD800;</b></a>", "<a></b>", "<a", "<a><b>1", "<a><!--"] {
            assert_eq!(bad(xml), NOT_XML, "{xml}");
        }
        assert_eq!(bad(&"<a>".repeat(100)), Why::Malformed("it is nested more than 64 deep"));
        assert_eq!(bad(""), Why::Missing);
    }

    proptest! {
        #[test]
        fn no_bytes_panic(xml in "[<>/ab:&;#x!\\[\\]CDAT\"' -]{0,80}") {
            let _ = text(xml.as_bytes(), "/a/b");
        }
    }
}
