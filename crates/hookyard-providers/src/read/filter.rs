//! What is made of a value on its way into a message, an answer or a field.

use std::borrow::Cow;
use std::fmt::Write as _;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use md5::Digest as _;
use ring::{digest, hmac};
use unicode_normalization::UnicodeNormalization as _;

use crate::read::{Why, json, json_sorted, xml};
use crate::template::Filter;

const INDIFFERENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const ANY_PADDING: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, INDIFFERENT);
const ANY_PADDING_URL: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, INDIFFERENT);

const NOT_UTF8: Why = Why::Malformed("it is not UTF-8");

/// Applies one filter; `key` is that of those that sign.
pub(super) fn apply<'a>(
    filter: &Filter,
    value: Cow<'a, [u8]>,
    key: Option<&[u8]>,
) -> Result<Cow<'a, [u8]>, Why> {
    let owned = match filter {
        Filter::Before(text) => return part(value, |bytes| Some(before(bytes, text.as_bytes()))),
        Filter::After(text) => return part(value, |bytes| after(bytes, text.as_bytes())),
        Filter::Trim => return part(value, |bytes| Some(bytes.trim_ascii())),
        Filter::Json(pointer) => return json_at(value, pointer),
        Filter::Lower if !value.iter().any(u8::is_ascii_uppercase) => return Ok(value),
        Filter::Upper if !value.iter().any(u8::is_ascii_lowercase) => return Ok(value),
        Filter::Lower => value.to_ascii_lowercase(),
        Filter::Upper => value.to_ascii_uppercase(),
        Filter::Nfkd if value.is_ascii() => return Ok(value),
        Filter::Nfkd => nfkd(&value).ok_or(NOT_UTF8)?,
        Filter::Md5 => md5(&value),
        Filter::Sha1 => digested(&digest::SHA1_FOR_LEGACY_USE_ONLY, &value),
        Filter::Sha256 => digested(&digest::SHA256, &value),
        Filter::Sha512 => digested(&digest::SHA512, &value),
        Filter::Crc32 => crc32fast::hash(&value).to_string().into_bytes(),
        Filter::HmacSha1 => signed(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, key, &value)?,
        Filter::HmacSha256 => signed(hmac::HMAC_SHA256, key, &value)?,
        Filter::Hex => hex(&value).into_bytes(),
        Filter::Base64 => STANDARD.encode(&value).into_bytes(),
        Filter::Base64url => URL_SAFE_NO_PAD.encode(&value).into_bytes(),
        Filter::Unbase64 => unbase64(&value).ok_or(Why::Malformed("it is not base64"))?,
        Filter::JsonSorted => json_sorted::sorted(&value)?,
        Filter::Xml(path) => xml::text(&value, path)?,
        Filter::Unpercent if !value.contains(&b'%') => return Ok(value),
        Filter::Unpercent => unpercent(&value),
        Filter::JsonString => json_string(&value).ok_or(NOT_UTF8)?,
        Filter::Html => html(&value),
    };
    Ok(Cow::Owned(owned))
}

fn nfkd(text: &[u8]) -> Option<Vec<u8>> {
    Some(std::str::from_utf8(text).ok()?.nfkd().collect::<String>().into_bytes())
}

/// The MD5 digest.
pub(crate) fn md5(bytes: &[u8]) -> Vec<u8> {
    md5::Md5::digest(bytes).to_vec()
}

/// Lower-case hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Base64 of either alphabet, padded or not.
pub(crate) fn unbase64(text: &[u8]) -> Option<Vec<u8>> {
    // Lines of 60 or 76 characters are how some write it.
    let joined: Vec<u8>;
    let text = if text.iter().any(u8::is_ascii_whitespace) {
        joined = text.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
        &joined
    } else {
        text
    };
    let for_urls = text.iter().any(|byte| matches!(byte, b'-' | b'_'));
    if for_urls { ANY_PADDING_URL.decode(text).ok() } else { ANY_PADDING.decode(text).ok() }
}

fn part<'a>(value: Cow<'a, [u8]>, cut: impl Fn(&[u8]) -> Option<&[u8]>) -> Result<Cow<'a, [u8]>, Why> {
    match value {
        Cow::Borrowed(bytes) => cut(bytes).map(Cow::Borrowed),
        Cow::Owned(bytes) => cut(&bytes).map(|part| Cow::Owned(part.to_vec())),
    }
    .ok_or(Why::Missing)
}

fn before<'a>(bytes: &'a [u8], text: &[u8]) -> &'a [u8] {
    memchr::memmem::find(bytes, text).and_then(|end| bytes.get(..end)).unwrap_or(bytes)
}

fn after<'a>(bytes: &'a [u8], text: &[u8]) -> Option<&'a [u8]> {
    bytes.get(memchr::memmem::find(bytes, text)? + text.len()..)
}

fn json_at<'a>(value: Cow<'a, [u8]>, pointer: &str) -> Result<Cow<'a, [u8]>, Why> {
    match value {
        Cow::Borrowed(bytes) => json::text(bytes, pointer),
        Cow::Owned(bytes) => json::text(&bytes, pointer).map(|text| Cow::Owned(text.into_owned())),
    }
}

fn digested(algorithm: &'static digest::Algorithm, bytes: &[u8]) -> Vec<u8> {
    digest::digest(algorithm, bytes).as_ref().to_vec()
}

fn signed(algorithm: hmac::Algorithm, key: Option<&[u8]>, bytes: &[u8]) -> Result<Vec<u8>, Why> {
    let key = key.ok_or(Why::Malformed("there is no secret to sign it with"))?;
    Ok(hmac::sign(&hmac::Key::new(algorithm, key), bytes).as_ref().to_vec())
}

/// What is no `%` and two digits stays as it is.
fn unpercent(text: &[u8]) -> Vec<u8> {
    let digit = |digit: &u8| char::from(*digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, behind)) = rest.split_first() {
        rest = behind;
        if let (b'%', [high, low, behind @ ..]) = (first, behind)
            && let (Some(high), Some(low)) = (digit(high), digit(low))
        {
            bytes.push(high << 4 | low);
            rest = behind;
        } else {
            bytes.push(*first);
        }
    }
    bytes
}

fn json_string(bytes: &[u8]) -> Option<Vec<u8>> {
    serde_json::to_vec(std::str::from_utf8(bytes).ok()?).ok()
}

fn html(bytes: &[u8]) -> Vec<u8> {
    let mut escaped = Vec::with_capacity(bytes.len());
    for byte in bytes {
        match byte {
            b'&' => escaped.extend_from_slice(b"&amp;"),
            b'<' => escaped.extend_from_slice(b"&lt;"),
            b'>' => escaped.extend_from_slice(b"&gt;"),
            b'"' => escaped.extend_from_slice(b"&quot;"),
            b'\'' => escaped.extend_from_slice(b"&#39;"),
            other => escaped.push(*other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::Value;

    fn filtered(filters: &str, value: &[u8]) -> Result<Vec<u8>, Why> {
        let parsed = Value::parse(&format!("body|{filters}")).unwrap();
        let read = parsed
            .filters
            .iter()
            .try_fold(Cow::Borrowed(value), |value, filter| apply(filter, value, Some(b"Jefe")));
        read.map(Cow::into_owned)
    }

    #[test]
    fn every_filter_makes_what_it_says() {
        let nothing = "what do ya want for nothing?";
        for (filters, value, expected) in [
            ("lower", "aB\u{c9}", "ab\u{c9}"),
            ("upper", "aB\u{e9}", "AB\u{e9}"),
            ("trim", " \ta b\n", "a b"),
            ("nfkd", "a\u{fb01}\u{e9}\u{2116}", "afie\u{301}No"),
            ("md5|hex", "abc", "900150983cd24fb0d6963f7d28e17f72"),
            ("sha1|hex", "abc", "a9993e364706816aba3e25717850c26c9cd0d89d"),
            ("sha256|base64", "abc", "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0="),
            ("sha256|base64url", "abc", "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0"),
            ("sha512|hex|before:cc417349", "abc", "ddaf35a193617aba"),
            ("crc32", "123456789", "3421780262"),
            ("hmac-sha1|hex", nothing, "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"),
            ("hmac-sha256|hex", nothing, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
            ("unbase64", "_-8", "\u{ff}\u{ef}"),
            ("unpercent", "a%2Bb+%zz%4", "a+b+%zz%4"),
            ("json", "a\"\n", "\"a\\\"\\n\""),
            ("json:/a|upper", "{\"a\":\"x\\u0079\"}", "XY"),
            ("before:--", "a--b--c", "a"),
            ("before:x", "abc", "abc"),
            ("after:--", "a--b--c", "b--c"),
            ("html", "<a b=\"c\">&'", "&lt;a b=&quot;c&quot;&gt;&amp;&#39;"),
        ] {
            let expected =
                if filters == "unbase64" { vec![0xff, 0xef] } else { expected.as_bytes().to_vec() };
            assert_eq!(filtered(filters, value.as_bytes()), Ok(expected), "{filters}");
        }
    }

    #[test]
    fn what_cannot_be_made_is_said() {
        assert_eq!(filtered("after:x", b"abc"), Err(Why::Missing));
        assert_eq!(filtered("unbase64", b"a!"), Err(Why::Malformed("it is not base64")));
        assert_eq!(filtered("json", b"\xff"), Err(Why::Malformed("it is not UTF-8")));
        assert_eq!(filtered("json:/a", b"x"), Err(Why::Malformed("it is not JSON")));
    }
}
