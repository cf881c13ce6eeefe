//! Was the body changed on its way? Tries what proxies and frameworks are known to do to bodies.
//!
//! JSON is written anew on its text, so that order and numbers stay as they are where only the white space
//! is in question.

use std::fmt::Write as _;

use super::{Case, Finding, finding};
use crate::engine::content;
use crate::request::Request;

/// Re-serialisations: what is done to white space, and how that is called.
const LAYOUTS: [(Layout, &str); 5] = [
    (Layout { item: ",", key: ":", indent: 0 }, "without white space"),
    (Layout { item: ", ", key: ": ", indent: 0 }, "with a space behind commas and colons"),
    (Layout { item: ",", key: ": ", indent: 2 }, "indented by two"),
    (Layout { item: ",", key: ": ", indent: 4 }, "indented by four"),
    (Layout { item: ",", key: ": ", indent: 1 }, "indented by tabs"),
];

#[derive(Clone, Copy)]
struct Layout {
    item: &'static str,
    key: &'static str,
    /// 1 stands for a tab.
    indent: usize,
}

const RE_SERIALISED: &str = "something between the provider and Hookyard parses the body and writes it anew: have it \
                             pass the bytes through";

/// What the body was when it was signed.
pub(super) fn find(case: &Case<'_>) -> Option<Finding> {
    let body = case.evidence.request.body;
    let holds = |body: &[u8]| {
        let request = Request { body, ..case.evidence.request };
        case.holds(case.configuration, &request)
    };
    let trimmed = body.trim_ascii_end();
    if trimmed.len() < body.len() && holds(trimmed) {
        return finding(
            "the signature matches without the white space at the end of the body",
            "something on the way appends a line break: have it pass the bytes through",
        );
    }
    if !case.is_short() {
        return None;
    }
    if let Some(found) = line_ends(body, &holds).or_else(|| decompressed(case, &holds)) {
        return Some(found);
    }
    let text = std::str::from_utf8(body).ok()?;
    let json: serde_json::Value = serde_json::from_str(text).ok()?;
    re_serialised(text, &json, &holds)
}

fn line_ends(body: &[u8], holds: &dyn Fn(&[u8]) -> bool) -> Option<Finding> {
    for end in [&b"\n"[..], b"\r\n"] {
        if holds(&[body, end].concat()) {
            return finding(
                "the signature matches with a line break at the end of the body",
                "something on the way trims the body: have it pass the bytes through",
            );
        }
    }
    let text = std::str::from_utf8(body).ok().filter(|text| text.contains('\n'))?;
    let unix = text.replace("\r\n", "\n");
    let changed = if unix.len() < text.len() { unix } else { text.replace('\n', "\r\n") };
    if holds(changed.as_bytes()) {
        return finding(
            "the signature matches with other line ends in the body",
            "something on the way converts line ends (LF, CRLF): have it pass the bytes through",
        );
    }
    None
}

fn decompressed(case: &Case<'_>, holds: &dyn Fn(&[u8]) -> bool) -> Option<Finding> {
    let request = &case.evidence.request;
    let decoded = content::decoded(request.headers, request.body).ok()?;
    if decoded.len() > super::GUESSED_BYTES_MAX || *decoded == *request.body || !holds(&decoded) {
        return None;
    }
    finding(
        "the signature matches the body after decompression",
        "the provider signs before it compresses: tell us, as the description says otherwise",
    )
}

fn re_serialised(text: &str, json: &serde_json::Value, holds: &dyn Fn(&[u8]) -> bool) -> Option<Finding> {
    // Without the feature `preserve_order` a JSON object of serde is sorted by name.
    let sorted = json.to_string();
    for (original, order) in [(text, ""), (sorted.as_str(), " and the names sorted")] {
        for (layout, how) in LAYOUTS {
            let written = laid_out(original, layout);
            for (change, letters) in [
                (None, ""),
                (Some(escaped as fn(&str) -> String), ", letters beyond ASCII escaped"),
                (Some(unescaped as fn(&str) -> String), ", letters beyond ASCII not escaped"),
                (Some(slashed as fn(&str) -> String), ", slashes escaped"),
            ] {
                let mut written = change.map_or_else(|| written.clone(), |change| change(&written));
                // SendGrid signs a line break behind the JSON.
                for (end, behind) in [("", ""), ("\r\n", ", and a line break behind it")] {
                    written.push_str(end);
                    if holds(written.as_bytes()) {
                        return finding(
                            format!(
                                "the signature matches the same JSON written {how}{order}{letters}{behind}: the \
                                 body was changed on its way"
                            ),
                            RE_SERIALISED,
                        );
                    }
                }
            }
        }
    }
    None
}

/// JSON with its white space replaced. `text` has been parsed before.
fn laid_out(text: &str, layout: Layout) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 4);
    let mut depth = 0_usize;
    let mut letters = text.chars().peekable();
    let line = |out: &mut String, depth: usize| match layout.indent {
        0 => {}
        1 => {
            let _ = write!(out, "\n{}", "\t".repeat(depth));
        }
        width => {
            let _ = write!(out, "\n{:1$}", "", depth * width);
        }
    };
    while let Some(letter) = letters.next() {
        match letter {
            '"' => {
                out.push('"');
                while let Some(inner) = letters.next() {
                    out.push(inner);
                    match inner {
                        '\\' => out.extend(letters.next()),
                        '"' => break,
                        _ => {}
                    }
                }
            }
            '{' | '[' => {
                out.push(letter);
                while letters.next_if(|next| next.is_ascii_whitespace()).is_some() {}
                if letters.peek().is_some_and(|next| matches!(next, '}' | ']')) {
                    out.extend(letters.next());
                } else {
                    depth += 1;
                    line(&mut out, depth);
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                line(&mut out, depth);
                out.push(letter);
            }
            ',' => {
                out.push_str(layout.item);
                line(&mut out, depth);
            }
            ':' => out.push_str(layout.key),
            space if space.is_ascii_whitespace() => {}
            other => out.push(other),
        }
    }
    out
}

fn escaped(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    let mut units = [0_u16; 2];
    for letter in json.chars() {
        if letter.is_ascii() {
            out.push(letter);
        } else {
            for unit in letter.encode_utf16(&mut units) {
                let _ = write!(out, "\\u{unit:04x}");
            }
        }
    }
    out
}

/// `\uXXXX` beyond ASCII written as the letter itself.
fn unescaped(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    let mut rest = json;
    while let Some(start) = rest.find('\\') {
        let (before, escape) = rest.split_at(start);
        out.push_str(before);
        let (letter, length) = letter_of(escape).map_or((None, 2), |(letter, length)| (Some(letter), length));
        let (escape, behind) = escape.split_at_checked(length).unwrap_or((escape, ""));
        match letter {
            Some(letter) => out.push(letter),
            None => out.push_str(escape),
        }
        rest = behind;
    }
    out + rest
}

/// The letter beyond ASCII that an escape at the beginning of `text` stands for, and the escape's length.
fn letter_of(text: &str) -> Option<(char, usize)> {
    let unit = |text: &str| u16::from_str_radix(text.strip_prefix("\\u")?.get(..4)?, 16).ok();
    let first = unit(text)?;
    if let Some(letter) = char::from_u32(u32::from(first)) {
        return (!letter.is_ascii()).then_some((letter, 6));
    }
    let second = unit(text.get(6..)?)?;
    let letter = char::decode_utf16([first, second]).next()?.ok()?;
    Some((letter, 12))
}

/// As PHP writes slashes.
fn slashed(json: &str) -> String {
    if json.contains("\\/") { json.replace("\\/", "/") } else { json.replace('/', "\\/") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_laid_out_as_others_do() {
        let text = "{ \"a\" :[1,{}, [ ] ,{\"b\":\"x: ,{\\\"\"}],\"c\":null}";
        let expected = [
            r#"{"a":[1,{},[],{"b":"x: ,{\""}],"c":null}"#,
            r#"{"a": [1, {}, [], {"b": "x: ,{\""}], "c": null}"#,
            "{\n  \"a\": [\n    1,\n    {},\n    [],\n    {\n      \"b\": \"x: ,{\\\"\"\n    }\n  ],\n  \"c\": null\n}",
        ];
        for ((layout, how), expected) in LAYOUTS.into_iter().zip(expected) {
            assert_eq!(laid_out(text, layout), expected, "{how}");
        }
        let json: serde_json::Value = serde_json::from_str(text).unwrap();
        assert_eq!(laid_out(text, LAYOUTS[2].0), serde_json::to_string_pretty(&json).unwrap());
    }

    #[test]
    fn letters_are_escaped_and_back() {
        let (plain, ascii) =
            ("{\"a\":\"ä€😀\\n\\\\u00e4\"}", "{\"a\":\"\\u00e4\\u20ac\\ud83d\\ude00\\n\\\\u00e4\"}");
        assert_eq!(escaped(plain), ascii);
        assert_eq!(unescaped(ascii), plain);
        for broken in ["\\", "\\u", "\\u00", "\\ud83d", "\\ud83dx", "\\u0041", "a\\"] {
            assert_eq!(unescaped(broken), broken);
        }
        assert_eq!(slashed("a/b"), "a\\/b");
        assert_eq!(slashed("a\\/b"), "a/b");
    }
}
