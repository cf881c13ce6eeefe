//! Finds what stands at the top level of a script: `export default`, and whether `addHandler` occurs.
//!
//! This is a scanner, not a parser: it knows comments, strings, templates and regular expressions as far as is
//! needed to tell code from what is not. The engine's parser sees the script before (as it is) and after (as
//! this module rewrote it), so what is misread here ends in a refusal and never in another meaning.

use std::ops::Range;

/// What a script has at its top level.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Found {
    /// The default export, if there is one.
    pub(crate) export: Option<Export>,
    /// Whether the name `addHandler` occurs.
    pub(crate) adds_handler: bool,
    /// Where something stands that a script cannot have, and what to say of it.
    pub(crate) refused: Option<(usize, &'static str)>,
}

/// A default export.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Export {
    /// The two words `export default`.
    pub(crate) words: Range<usize>,
    /// What is exported.
    pub(crate) what: Exported,
}

/// What a default export exports.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Exported {
    /// An expression.
    Expression,
    /// A declaration of a function (or class) with this name.
    Named(String),
    /// A function without a name, whose body ends here.
    Unnamed(usize),
}

const SECOND_EXPORT: &str = "a transformation has one export, the default one";
const NAMED_EXPORT: &str = "only `export default` is possible in a transformation";
const IMPORT: &str = "`import` is not possible in a transformation; bundle what you need";

/// Scans a script.
pub(crate) fn scan(code: &str) -> Found {
    let mut scanner =
        Scanner { code: code.as_bytes(), text: code, at: 0, before: Before::Start, open: Vec::new() };
    let mut found = Found::default();
    while let Some(token) = scanner.next() {
        let Token::Word(word) = token else { continue };
        let start = scanner.at - word.len();
        match word {
            "addHandler" => found.adds_handler = true,
            "import" if scanner.open.is_empty() && !scanner.is_property(start) && found.refused.is_none() => {
                found.refused = Some((start, IMPORT));
            }
            "export" if scanner.open.is_empty() && !scanner.is_property(start) => {
                let refused = match scanner.next() {
                    Some(Token::Word("default")) if found.export.is_none() => {
                        let words = start..scanner.at;
                        found.export = Some(Export { words, what: scanner.exported() });
                        None
                    }
                    Some(Token::Word("default")) => Some((start, SECOND_EXPORT)),
                    _ => Some((start, NAMED_EXPORT)),
                };
                found.refused = found.refused.or(refused);
            }
            _ => {}
        }
    }
    found
}

/// What stands before the place where a `/` may begin a regular expression.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Before {
    Start,
    /// After a value, `/` divides.
    Value,
    Operator,
    /// After `if`, `for`, `while`, `with`: their closing parenthesis is no value.
    Condition,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Open {
    Parenthesis {
        condition: bool,
    },
    Bracket,
    Brace,
    /// `${` in a template.
    Template,
}

enum Token<'a> {
    Word(&'a str),
    Other(u8),
}

struct Scanner<'a> {
    code: &'a [u8],
    text: &'a str,
    at: usize,
    before: Before,
    open: Vec<Open>,
}

impl<'a> Scanner<'a> {
    fn peek(&self, ahead: usize) -> u8 {
        self.code.get(self.at + ahead).copied().unwrap_or(0)
    }

    /// Whether the word at `start` is a property's name: `a.import`.
    fn is_property(&self, start: usize) -> bool {
        let before = self.code.get(..start).unwrap_or_default();
        before.iter().rev().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'.')
    }

    fn next(&mut self) -> Option<Token<'a>> {
        loop {
            let byte = *self.code.get(self.at)?;
            match byte {
                b'/' if self.peek(1) == b'/' => self.skip_line(),
                b'/' if self.peek(1) == b'*' => self.skip_comment(),
                _ if byte.is_ascii_whitespace() => self.at += 1,
                _ if is_word(byte) => return Some(self.word()),
                _ => return Some(self.punctuation(byte)),
            }
        }
    }

    fn skip_line(&mut self) {
        while self.at < self.code.len() && self.peek(0) != b'\n' {
            self.at += 1;
        }
    }

    fn skip_comment(&mut self) {
        let rest = self.text.get(self.at + 2..).unwrap_or_default();
        self.at = rest.find("*/").map_or(self.code.len(), |end| self.at + 2 + end + 2);
    }

    fn word(&mut self) -> Token<'a> {
        let start = self.at;
        while is_word(self.peek(0)) {
            self.at += 1;
        }
        let word = self.text.get(start..self.at).unwrap_or_default();
        self.before = match word {
            "if" | "for" | "while" | "with" if !self.is_property(start) => Before::Condition,
            "return" | "typeof" | "case" | "do" | "else" | "in" | "of" | "instanceof" | "new" | "void"
            | "delete" | "throw" | "await" | "yield" | "default" | "extends" => Before::Operator,
            _ => Before::Value,
        };
        Token::Word(word)
    }

    fn punctuation(&mut self, byte: u8) -> Token<'a> {
        self.at += 1;
        match byte {
            b'\'' | b'"' => self.string(byte),
            b'`' => self.template(),
            b'/' if self.before != Before::Value => self.regular_expression(),
            b'(' => self.open.push(Open::Parenthesis { condition: self.before == Before::Condition }),
            b'[' => self.open.push(Open::Bracket),
            b'{' => self.open.push(Open::Brace),
            b')' | b']' | b'}' => return self.close(byte),
            _ => {}
        }
        if !matches!(byte, b'\'' | b'"' | b'`' | b'/') {
            self.before = Before::Operator;
        }
        Token::Other(byte)
    }

    fn close(&mut self, byte: u8) -> Token<'a> {
        self.before = match self.open.pop() {
            Some(Open::Template) => {
                self.template();
                Before::Value
            }
            // A block ends much more often than an object that is then divided.
            Some(Open::Brace) | Some(Open::Parenthesis { condition: true }) => Before::Operator,
            _ => Before::Value,
        };
        Token::Other(byte)
    }

    fn string(&mut self, quote: u8) {
        while self.at < self.code.len() {
            let byte = self.peek(0);
            self.at += if byte == b'\\' { 2 } else { 1 };
            if byte == quote || byte == b'\n' {
                break;
            }
        }
        self.before = Before::Value;
    }

    /// From behind a backtick, or behind the brace that closes a `${`.
    fn template(&mut self) {
        while self.at < self.code.len() {
            match (self.peek(0), self.peek(1)) {
                (b'\\', _) => self.at += 2,
                (b'`', _) => {
                    self.at += 1;
                    break;
                }
                (b'$', b'{') => {
                    self.at += 2;
                    self.open.push(Open::Template);
                    self.before = Before::Operator;
                    return;
                }
                _ => self.at += 1,
            }
        }
        self.before = Before::Value;
    }

    fn regular_expression(&mut self) {
        let mut in_class = false;
        while self.at < self.code.len() {
            let byte = self.peek(0);
            self.at += if byte == b'\\' { 2 } else { 1 };
            match byte {
                b'[' => in_class = true,
                b']' => in_class = false,
                b'/' if !in_class => break,
                b'\n' => break,
                _ => {}
            }
        }
        self.before = Before::Value;
    }

    /// What stands behind `export default`; the scanner is left in front of it but for its name.
    fn exported(&mut self) -> Exported {
        let start = (self.at, self.before);
        let mut next = self.next();
        if matches!(next, Some(Token::Word("async"))) {
            next = self.next();
        }
        let is_class = matches!(next, Some(Token::Word("class")));
        if !is_class && !matches!(next, Some(Token::Word("function"))) {
            (self.at, self.before) = start;
            return Exported::Expression;
        }
        next = self.next();
        if matches!(next, Some(Token::Other(b'*'))) {
            next = self.next();
        }
        match next {
            Some(Token::Word(name)) if name != "extends" => Exported::Named(name.to_owned()),
            _ => Exported::Unnamed(self.end_of_body()),
        }
    }

    /// Behind the brace that closes the next body at the top level.
    fn end_of_body(&mut self) -> usize {
        while let Some(token) = self.next() {
            if matches!(token, Token::Other(b'}')) && self.open.is_empty() {
                break;
            }
        }
        self.at.min(self.code.len())
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'$' || byte >= 0x80
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exported(code: &str) -> Option<Exported> {
        scan(code).export.map(|export| export.what)
    }

    #[test]
    fn finds_the_default_export() {
        let cases = [
            ("export default (r) => r", Exported::Expression),
            ("const a = 1\nexport  default async r => r", Exported::Expression),
            ("export default async\nfunction", Exported::Unnamed(29)),
            ("export default function (r) { return {} } x", Exported::Unnamed(41)),
            ("export default async function*({a}) { `}${1}` } x", Exported::Unnamed(47)),
            ("export default function change(r) {}", Exported::Named("change".to_owned())),
            ("export default class Big {}", Exported::Named("Big".to_owned())),
            ("if (a) /}`/.test(b); export default r => r", Exported::Expression),
            ("const a = b / 2, c = `${{a: `}`}}/`; export default r => r", Exported::Expression),
            ("const r = /[/'\"`{]/g; /* ` */ // '\nexport default r", Exported::Expression),
            ("x = {} \n/'/.test(a)\nexport default r", Exported::Expression),
        ];
        for (code, expected) in cases {
            assert_eq!(exported(code), Some(expected), "{code}");
        }
    }

    #[test]
    fn finds_none_where_there_is_none() {
        for code in [
            "'export default x'",
            "`export default ${`export default`} x`",
            "// export default x",
            "a.export; b = {export: 1}",
            "function f() { export default x }",
        ] {
            assert_eq!(exported(code), None, "{code}");
        }
    }

    #[test]
    fn says_what_cannot_be() {
        assert_eq!(scan("import a from 'a'").refused, Some((0, IMPORT)));
        assert_eq!(scan(" export const a = 1").refused, Some((1, NAMED_EXPORT)));
        assert_eq!(scan("export default 1\nexport default 2").refused, Some((17, SECOND_EXPORT)));
        assert_eq!(scan("a.import(b)").refused, None);
    }

    #[test]
    fn unfinished_code_ends() {
        for code in
            ["'", "`", "`${", "/", "/[", "/*", "export default", "export default function", "\\", "'\\"]
        {
            scan(code);
        }
    }
}
