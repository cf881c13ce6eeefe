//! Bodies and headers of strangers inside a JSON answer: text where they are text, base64 where not.

use std::str;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use serde::Serialize;
use utoipa::ToSchema;

/// Most bytes of a body that are shown inside JSON; the raw form has all.
pub(crate) const SHOWN_BYTES_MAX: usize = 64 * 1024;

/// A body, or its beginning.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Payload {
    /// How long the body was, in bytes; none where it was not read to its end.
    size: Option<u64>,
    /// Its beginning, where that is UTF-8.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    text: Option<String>,
    /// Its beginning in base64, where it is not UTF-8.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    base64: Option<String>,
    /// Whether less than all of it is shown here.
    truncated: bool,
}

impl Payload {
    /// Shows what is `kept` of a body that was `size` bytes long.
    pub(crate) fn new(kept: &[u8], size: u64) -> Self {
        let shown = kept.get(..SHOWN_BYTES_MAX).unwrap_or(kept);
        Self::cut(shown, Some(size), (shown.len() as u64) < size)
    }

    /// Shows all of a body.
    pub(crate) fn whole(body: &[u8]) -> Self {
        Self::cut(body, Some(body.len() as u64), false)
    }

    /// Shows what is `kept` of a destination's answer, which may have been longer by nobody knows what.
    pub(crate) fn of_response(kept: &[u8], truncated: bool) -> Self {
        let shown = kept.get(..SHOWN_BYTES_MAX).unwrap_or(kept);
        let size = (!truncated).then_some(kept.len() as u64);
        Self::cut(shown, size, truncated || shown.len() < kept.len())
    }

    fn cut(shown: &[u8], size: Option<u64>, truncated: bool) -> Self {
        match text_prefix(shown, truncated) {
            Some(text) => Self { size, text: Some(text.to_owned()), base64: None, truncated },
            None => Self { size, text: None, base64: Some(STANDARD.encode(shown)), truncated },
        }
    }
}

/// The bytes as text; a character that the cut went through is left out.
fn text_prefix(bytes: &[u8], cut: bool) -> Option<&str> {
    match str::from_utf8(bytes) {
        Ok(text) => Some(text),
        Err(error) if cut && error.error_len().is_none() => {
            bytes.get(..error.valid_up_to()).and_then(|whole| str::from_utf8(whole).ok())
        }
        Err(_) => None,
    }
}

/// A header's value: a string, or `{"base64": …}` where it is not UTF-8.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = HeaderValue)]
pub(crate) enum HeaderText {
    /// UTF-8.
    Text(String),
    /// Anything else.
    Bytes {
        /// The value in base64.
        base64: String,
    },
}

impl From<&[u8]> for HeaderText {
    fn from(value: &[u8]) -> Self {
        str::from_utf8(value).map_or_else(
            |_| Self::Bytes { base64: STANDARD.encode(value) },
            |text| Self::Text(text.to_owned()),
        )
    }
}

/// Headers in order, each line `[name, value]`.
pub(crate) fn headers(headers: &HeaderMap) -> HeaderLines {
    let lines = headers.iter();
    lines.map(|(name, value)| (name.as_str().to_owned(), HeaderText::from(value.as_bytes()))).collect()
}

/// Header lines in order, each `[name, value]`.
pub(crate) type HeaderLines = Vec<(String, HeaderText)>;

/// Reads kept header lines, `name: value` each ended by CRLF; a line without a colon is all name.
pub(crate) fn header_lines(kept: &[u8]) -> HeaderLines {
    kept.split(|byte| *byte == b'\n')
        .map(<[u8]>::trim_ascii)
        .filter(|line| !line.is_empty())
        .map(|line| {
            let mut halves = line.splitn(2, |byte| *byte == b':');
            let name = String::from_utf8_lossy(halves.next().unwrap_or_default()).into_owned();
            (name, HeaderText::from(halves.next().unwrap_or_default().trim_ascii()))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_stays_text_and_bytes_become_base64() {
        assert_eq!(
            serde_json::to_value(Payload::new("{\"ü\":1}".as_bytes(), 8)).unwrap(),
            serde_json::json!({"size": 8, "text": "{\"ü\":1}", "truncated": false})
        );
        assert_eq!(
            serde_json::to_value(Payload::new(&[0xff, 0x00], 2)).unwrap(),
            serde_json::json!({"size": 2, "base64": "/wA=", "truncated": false})
        );
    }

    #[test]
    fn a_long_body_is_cut_between_characters() {
        let body = "ü".repeat(SHOWN_BYTES_MAX);
        let mut odd = b"x".to_vec();
        odd.extend_from_slice(body.as_bytes());
        let shown = Payload::new(&odd, odd.len() as u64);
        assert_eq!(shown.text.as_deref().map(str::len), Some(SHOWN_BYTES_MAX - 1));
        assert!(shown.truncated);
    }

    #[test]
    fn half_a_character_at_the_end_of_a_whole_body_is_not_text() {
        let shown = Payload::new(&[b'a', 0xc3], 2);
        assert_eq!((shown.text, shown.base64.as_deref()), (None, Some("YcM=")));
    }

    #[test]
    fn header_lines_keep_order_duplicates_and_bytes() {
        let lines = header_lines(b"X-A: 1\r\nx-b:\xff\r\nX-A: a:b\r\n");
        assert_eq!(
            serde_json::to_value(lines).unwrap(),
            serde_json::json!([["X-A", "1"], ["x-b", {"base64": "/w=="}], ["X-A", "a:b"]])
        );
    }
}
