//! Numbers as JavaScript has them, with one difference: integers are kept whole, also beyond 2⁵³.
//!
//! Two integers are compared exactly, so that two ids of nineteen digits are two; everything else as doubles.

use std::cmp::Ordering;
use std::fmt;

/// A number.
#[derive(Clone, Copy, Debug)]
pub enum Number {
    /// An integer.
    Integer(i64),
    /// An integer that does not fit into the former.
    Unsigned(u64),
    /// Any other, and integers that were sent with a fraction or an exponent; never NaN.
    Float(f64),
}

impl Number {
    fn integer(self) -> Option<i128> {
        match self {
            Self::Integer(value) => Some(value.into()),
            Self::Unsigned(value) => Some(value.into()),
            Self::Float(_) => None,
        }
    }

    /// As JavaScript has it, rounded where it is long.
    fn double(self) -> f64 {
        match self {
            Self::Integer(value) => value as f64,
            Self::Unsigned(value) => value as f64,
            Self::Float(value) => value,
        }
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.partial_cmp(other) == Some(Ordering::Equal)
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        match (self.integer(), other.integer()) {
            (Some(left), Some(right)) => Some(left.cmp(&right)),
            _ => self.double().partial_cmp(&other.double()),
        }
    }
}

/// As JavaScript writes it (ECMA-262, Number::toString).
impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Integer(value) => write!(f, "{value}"),
            Self::Unsigned(value) => write!(f, "{value}"),
            Self::Float(value) if *value == 0.0 => f.write_str("0"),
            Self::Float(value) if value.is_infinite() => {
                f.write_str(if *value > 0.0 { "Infinity" } else { "-Infinity" })
            }
            Self::Float(value) => {
                // The standard library knows the shortest digits; where it puts them is not what JavaScript does.
                let shortest = format!("{value:e}");
                let (digits, exponent) = shortest.split_once('e').unwrap_or((&shortest, "0"));
                let exponent: i32 = exponent.parse().unwrap_or_default();
                if (-6..21).contains(&exponent) {
                    write!(f, "{value}")
                } else {
                    let sign = if exponent < 0 { "-" } else { "+" };
                    write!(f, "{digits}e{sign}{}", exponent.unsigned_abs())
                }
            }
        }
    }
}

/// The number that JavaScript makes of a text (ECMA-262, StringToNumber): spaces around it are dropped, none at all is
/// zero; hexadecimal, octal and binary have a prefix. None for what is no number.
pub(crate) fn number_of_text(text: &str) -> Option<Number> {
    let text = text.trim_matches(is_space);
    if text.is_empty() {
        return Some(Number::Integer(0));
    }
    let prefixed = |prefix: [&str; 2]| prefix.into_iter().find_map(|prefix| text.strip_prefix(prefix));
    for (prefix, radix) in [(["0x", "0X"], 16), (["0o", "0O"], 8), (["0b", "0B"], 2)] {
        if let Some(digits) = prefixed(prefix) {
            return with_radix(digits, radix);
        }
    }
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    if unsigned == "Infinity" {
        let sign = if text.starts_with('-') { -1.0 } else { 1.0 };
        return Some(Number::Float(f64::INFINITY * sign));
    }
    // The standard library also reads `inf` and `nan`, which JavaScript does not.
    if !unsigned.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'+' | b'-'))
    {
        return None;
    }
    if let Ok(integer) = text.parse() {
        return Some(Number::Integer(integer));
    }
    if let Ok(integer) = text.parse() {
        return Some(Number::Unsigned(integer));
    }
    text.parse().ok().map(Number::Float)
}

/// White space and line ends (ECMA-262, sections 12.2 and 12.3).
fn is_space(letter: char) -> bool {
    letter == '\u{feff}' || (letter.is_whitespace() && letter != '\u{85}')
}

fn with_radix(digits: &str, radix: u32) -> Option<Number> {
    if digits.is_empty() {
        return None;
    }
    let mut value = 0.0;
    let mut exact = Some(0_u64);
    for digit in digits.chars() {
        let digit = digit.to_digit(radix)?;
        value = value * f64::from(radix) + f64::from(digit);
        exact = exact.and_then(|exact| exact.checked_mul(radix.into())?.checked_add(digit.into()));
    }
    Some(exact.map_or(Number::Float(value), Number::Unsigned))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_become_the_numbers_that_javascript_makes_of_them() {
        for (text, expected) in [
            ("", "0"),
            (" \t\u{feff}\u{a0}12\n", "12"),
            ("+5", "5"),
            (".5", "0.5"),
            ("5.", "5"),
            ("1e3", "1000"),
            ("0x1F", "31"),
            ("0b101", "5"),
            ("0o17", "15"),
            ("-Infinity", "-Infinity"),
            ("18446744073709551615", "18446744073709551615"),
            ("1e21", "1e+21"),
            ("123456789012345680000", "123456789012345680000"),
            ("0.000001", "0.000001"),
            ("0.0000001", "1e-7"),
            ("1.5e-9", "1.5e-9"),
            ("-0", "0"),
            ("007", "7"),
        ] {
            assert_eq!(number_of_text(text).unwrap().to_string(), expected, "{text:?}");
        }
        for text in [
            "x", "1 2", "1_0", "inf", "nan", "infinity", "-0x1", "0x", "0xg", ".", "e5", "+", "--1",
            "\u{85}1",
        ] {
            assert!(number_of_text(text).is_none(), "{text:?}");
        }
    }

    #[test]
    fn integers_are_compared_whole_and_with_floats_as_doubles() {
        let big = Number::Integer(9_007_199_254_740_993);
        assert!(big != Number::Integer(9_007_199_254_740_992));
        assert!(big == Number::Float(9_007_199_254_740_992.0));
        assert!(Number::Unsigned(u64::MAX) > Number::Integer(i64::MAX));
        assert!(Number::Float(1.0) == Number::Integer(1));
    }
}
