//! Whether a body that a script gave back is the one that it was given.
//!
//! A body goes through `JSON.parse` and `JSON.stringify`, which change its bytes without changing what it says:
//! white space, escapes, and how numbers are written. Numbers beyond 2^53 even change their value. Where nothing
//! else is different, the original's bytes are kept.
//!
//! **Invariant:** [`same`] answers yes only where both texts are the same value to JavaScript.

use std::collections::HashSet;

/// Whether `JSON.stringify` wrote, in `written`, what stands in `original`, key for key. Both must be valid JSON.
///
/// "No" can be wrong where [`rearranges`] says that JavaScript changes the order of the keys.
pub(crate) fn same(original: &str, written: &str) -> bool {
    if original == written {
        return true;
    }
    let (mut a, mut b) = (Reader::new(original), Reader::new(written));
    loop {
        match (a.next(), b.next()) {
            (None, None) => return true,
            (Some(Token::Mark(x)), Some(Token::Mark(y))) if x == y => {}
            (Some(Token::Word(x)), Some(Token::Word(y))) if x == y || same_number(x, y) => {}
            (Some(Token::Text(x)), Some(Token::Text(y))) if x == y || units(x).eq(units(y)) => {}
            _ => return false,
        }
    }
}

/// Whether JavaScript may write the keys of this JSON text in another order, or fewer of them: keys that are whole
/// numbers go to the front, and of equal keys one is kept. Says yes too often rather than not often enough.
pub(crate) fn rearranges(original: &str) -> bool {
    let mut reader = Reader::new(original);
    let mut open: Vec<HashSet<&str>> = Vec::new();
    while let Some(token) = reader.next() {
        match token {
            Token::Mark(b'{') => open.push(HashSet::new()),
            Token::Mark(b'}') => {
                open.pop();
            }
            Token::Text(key) if reader.is_behind_key() => {
                let is_number = !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_digit());
                let is_new = open.last_mut().is_some_and(|keys| keys.insert(key));
                if is_number || !is_new || key.contains('\\') {
                    return true;
                }
            }
            _ => {}
        }
    }
    false
}

/// A piece of a JSON text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token<'a> {
    /// `{`, `}`, `[`, `]`, `,` or `:`.
    Mark(u8),
    /// A string, without its quotes.
    Text(&'a str),
    /// A number, `true`, `false` or `null`.
    Word(&'a str),
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn next(&mut self) -> Option<Token<'a>> {
        while self.peek()?.is_ascii_whitespace() {
            self.at += 1;
        }
        let start = self.at;
        match self.peek()? {
            mark @ (b'{' | b'}' | b'[' | b']' | b',' | b':') => {
                self.at += 1;
                Some(Token::Mark(mark))
            }
            b'"' => Some(Token::Text(self.string())),
            _ => {
                while self.peek().is_some_and(|byte| !b"{}[],:\" \t\r\n".contains(&byte)) {
                    self.at += 1;
                }
                Some(Token::Word(self.text.get(start..self.at).unwrap_or_default()))
            }
        }
    }

    fn string(&mut self) -> &'a str {
        self.at += 1;
        let start = self.at;
        while let Some(byte) = self.peek() {
            match byte {
                b'"' => break,
                b'\\' => self.at += 2,
                _ => self.at += 1,
            }
        }
        let end = self.at.min(self.text.len());
        self.at += 1;
        self.text.get(start..end).unwrap_or_default()
    }

    /// Whether the string that was just read is a key.
    fn is_behind_key(&self) -> bool {
        self.text.get(self.at..).unwrap_or_default().trim_ascii_start().starts_with(':')
    }
}

/// Whether two words are one number to JavaScript, which writes an infinite one as `null`.
fn same_number(original: &str, written: &str) -> bool {
    let Ok(number) = original.parse::<f64>() else { return false };
    if number.is_infinite() {
        return written == "null";
    }
    written.parse::<f64>().is_ok_and(|other| other == number)
}

/// The UTF-16 code units of a string as it stands between its quotes; halves of pairs may stand alone.
fn units(text: &str) -> impl Iterator<Item = u16> + '_ {
    let mut chars = text.chars();
    let mut second = None;
    std::iter::from_fn(move || {
        if let Some(unit) = second.take() {
            return Some(unit);
        }
        let char = match chars.next()? {
            '\\' => match chars.next()? {
                'u' => return u16::from_str_radix(&chars.by_ref().take(4).collect::<String>(), 16).ok(),
                'b' => '\u{8}',
                'f' => '\u{c}',
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                other => other,
            },
            char => char,
        };
        let mut both = [0; 2];
        let units = char.encode_utf16(&mut both);
        second = units.get(1).copied();
        units.first().copied()
    })
}

#[cfg(test)]
mod tests {
    use super::{rearranges, same};

    #[test]
    fn tells_writing_from_meaning() {
        let cases = [
            (r#"{"a":1}"#, r#"{"a":1}"#, true),
            ("{ \"a\" :\n1 }", r#"{"a":1}"#, true),
            ("[1.0, 1e3, -0, 12345678901234567890, 1e400]", "[1,1000,0,12345678901234567000,null]", true),
            (r#"["\u0061\/\ud83d\ude00\ud800\n"]"#, r#"["a/😀\ud800\n"]"#, true),
            (r#"[true,null,""]"#, r#"[true,null,""]"#, true),
            ("[1]", "[2]", false),
            ("[1]", "[null]", false),
            ("[1]", r#"["1"]"#, false),
            ("[true]", "[false]", false),
            (r#"["a"]"#, r#"["b"]"#, false),
            (r#"["a"]"#, r#"["a\u0000"]"#, false),
            (r#"["\ud800"]"#, r#"["\ud801"]"#, false),
            (r#"{"a":1}"#, r#"{"a":1,"b":2}"#, false),
            (r#"{"a":1}"#, "{}", false),
        ];
        for (original, written, expected) in cases {
            assert_eq!(same(original, written), expected, "{original} {written}");
        }
    }

    #[test]
    fn tells_whose_keys_javascript_moves() {
        let cases = [
            (r#"{"b":1,"1":2}"#, true),
            (r#"{"a":{"c":1,"c":2}}"#, true),
            (r#"{"a":1,"\u0061":2}"#, true),
            (r#"{"a":{"a":{"a":1}},"b":["a","a","1"]}"#, false),
            (r#"[{"a":1},{"a":1}]"#, false),
        ];
        for (original, expected) in cases {
            assert_eq!(rearranges(original), expected, "{original}");
        }
    }
}
