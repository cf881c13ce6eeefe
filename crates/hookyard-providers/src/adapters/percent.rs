//! Percent encoding in the ways that JavaScript has of it, since that is what most signers run on.

use std::fmt::Write as _;

/// As `encodeURIComponent` with `! ' ( ) *` encoded too (RFC 3986: all but unreserved characters).
pub(super) fn rfc3986(text: &str) -> String {
    encoded(text, |byte| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte))
}

/// As a part of a path, which may have several segments.
pub(crate) fn path(text: &str) -> String {
    encoded(text, |byte| byte.is_ascii_alphanumeric() || b"-_.~/".contains(&byte))
}

/// As `querystring.escape` of Node.js.
pub(super) fn component(text: &str) -> String {
    encoded(text, |byte| byte.is_ascii_alphanumeric() || b"-_.~!'()*".contains(&byte))
}

/// As `encodeURI`.
pub(super) fn uri(text: &str) -> String {
    encoded(text, |byte| byte.is_ascii_alphanumeric() || b"-_.~!'()*;/?:@&=+$,#".contains(&byte))
}

fn encoded(text: &str, plain: impl Fn(u8) -> bool) -> String {
    text.bytes().fold(String::with_capacity(text.len()), |mut out, byte| {
        if plain(byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
        out
    })
}

/// As strings are sorted in JavaScript: by UTF-16 code unit.
pub(super) fn javascript_order(one: &str, other: &str) -> std::cmp::Ordering {
    one.encode_utf16().cmp(other.encode_utf16())
}
