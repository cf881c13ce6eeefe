//! Signatures written as text.
//!
//! **Invariant:** each encoding takes exactly one spelling of a signature (`hex-any` and `base64url`
//! where providers themselves differ), so that nobody can make a second one of a signature seen.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE, URL_SAFE_NO_PAD};

use crate::definition::Encoding;

const WRONG_LENGTH: &str = "the signature has the wrong length";

/// The longest digest: SHA-512.
pub(crate) const DIGEST_BYTES_MAX: usize = 64;

/// Decodes a signature that has exactly the length of `digest`; the error says what is wrong with it.
pub(crate) fn decode_exact(text: &[u8], encoding: Encoding, digest: &mut [u8]) -> Result<(), &'static str> {
    match encoding {
        Encoding::Hex => hex(text, &LOWER, "the signature is not lower-case hex", digest),
        Encoding::HexUpper => hex(text, &UPPER, "the signature is not upper-case hex", digest),
        Encoding::HexAny => hex(text, &ANY_CASE, "the signature is not hex", digest),
        Encoding::Hex0x => {
            let text = text.strip_prefix(b"0x").ok_or("the signature does not begin with `0x`")?;
            hex(text, &LOWER, "the signature is not lower-case hex", digest)
        }
        Encoding::Base64 => {
            if text.len() != digest.len().div_ceil(3) * 4 {
                return Err(WRONG_LENGTH);
            }
            base64(text, &STANDARD, "the signature is not standard base64", digest)
        }
        Encoding::Base64url => {
            let padded = text.len() == digest.len().div_ceil(3) * 4;
            if !padded && text.len() != (digest.len() * 4).div_ceil(3) {
                return Err(WRONG_LENGTH);
            }
            let engine = if padded { &URL_SAFE } else { &URL_SAFE_NO_PAD };
            base64(text, engine, "the signature is not base64 for URLs", digest)
        }
        Encoding::Base64Hex => {
            let mut written = [0; DIGEST_BYTES_MAX * 2];
            let written = written.get_mut(..digest.len() * 2).ok_or(WRONG_LENGTH)?;
            if text.len() != written.len().div_ceil(3) * 4 {
                return Err(WRONG_LENGTH);
            }
            base64(text, &STANDARD, "the signature is not standard base64", written)?;
            hex(written, &LOWER, "the signature is not base64 of lower-case hex", digest)
        }
    }
}

/// Decodes a signature of any length; the error says what is wrong with it.
pub(crate) fn decode(text: &[u8], encoding: Encoding) -> Result<Vec<u8>, &'static str> {
    let bare = text.strip_prefix(b"0x").filter(|_| encoding == Encoding::Hex0x).unwrap_or(text);
    let bytes = match encoding {
        Encoding::Base64 => STANDARD.decode(text).map_err(|_| "the signature is not standard base64")?,
        Encoding::Base64url => {
            let engine = if text.ends_with(b"=") { &URL_SAFE } else { &URL_SAFE_NO_PAD };
            engine.decode(text).map_err(|_| "the signature is not base64 for URLs")?
        }
        Encoding::Base64Hex => {
            let written = STANDARD.decode(text).map_err(|_| "the signature is not standard base64")?;
            return decode(&written, Encoding::Hex);
        }
        _ => {
            let mut bytes = vec![0; bare.len() / 2];
            decode_exact(text, encoding, &mut bytes)?;
            bytes
        }
    };
    if bytes.is_empty() { Err("the signature is empty") } else { Ok(bytes) }
}

/// Reads digits without a branch on what they are; whether all were digits shows at the end.
fn hex(text: &[u8], values: &[u8; 256], why: &'static str, digest: &mut [u8]) -> Result<(), &'static str> {
    let (pairs, rest) = text.as_chunks::<2>();
    if pairs.len() != digest.len() || !rest.is_empty() {
        return Err(WRONG_LENGTH);
    }
    let value = |digit: u8| values.get(usize::from(digit)).copied().unwrap_or(NO_DIGIT);
    let mut all = 0;
    for (byte, [high, low]) in digest.iter_mut().zip(pairs) {
        let (high, low) = (value(*high), value(*low));
        *byte = high << 4 | (low & 0xf);
        all |= high | low;
    }
    if all < NO_DIGIT { Ok(()) } else { Err(why) }
}

/// What stands in a table for what is no digit.
const NO_DIGIT: u8 = 0x80;
static LOWER: [u8; 256] = digit_values(b"abcdef");
static UPPER: [u8; 256] = digit_values(b"ABCDEF");
static ANY_CASE: [u8; 256] = digit_values(b"abcdefABCDEF");

#[expect(clippy::indexing_slicing, reason = "when it is compiled, every index is known")]
/// The value of every byte as a hex digit, where these letters are digits from 10 on, over and over.
const fn digit_values(letters: &[u8]) -> [u8; 256] {
    let mut values = [NO_DIGIT; 256];
    let mut number = 0;
    while number < 10 {
        values[b'0' as usize + number as usize] = number;
        number += 1;
    }
    let mut place = 0;
    while place < letters.len() {
        values[letters[place] as usize] = 10 + (place % 6) as u8;
        place += 1;
    }
    values
}

fn base64(
    text: &[u8],
    engine: &base64::engine::GeneralPurpose,
    why: &'static str,
    digest: &mut [u8],
) -> Result<(), &'static str> {
    // The decoder wants room for whole groups of three bytes.
    let mut groups = [0; DIGEST_BYTES_MAX * 2 + 2];
    match engine.decode_slice(text, &mut groups) {
        Ok(count) if count == digest.len() => {
            for (byte, decoded) in digest.iter_mut().zip(groups) {
                *byte = decoded;
            }
            Ok(())
        }
        Ok(_) => Err(WRONG_LENGTH),
        Err(_) => Err(why),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::filter::hex as to_hex;

    const ENCODINGS: [Encoding; 7] = [
        Encoding::Hex,
        Encoding::HexUpper,
        Encoding::HexAny,
        Encoding::Hex0x,
        Encoding::Base64,
        Encoding::Base64url,
        Encoding::Base64Hex,
    ];

    fn written(bytes: &[u8], encoding: Encoding) -> String {
        match encoding {
            Encoding::Hex | Encoding::HexAny => to_hex(bytes),
            Encoding::HexUpper => to_hex(bytes).to_uppercase(),
            Encoding::Hex0x => format!("0x{}", to_hex(bytes)),
            Encoding::Base64 => STANDARD.encode(bytes),
            Encoding::Base64url => URL_SAFE_NO_PAD.encode(bytes),
            Encoding::Base64Hex => STANDARD.encode(to_hex(bytes)),
        }
    }

    fn exact(text: &str, encoding: Encoding, bytes: usize) -> Result<Vec<u8>, &'static str> {
        let mut digest = vec![0; bytes];
        decode_exact(text.as_bytes(), encoding, &mut digest).map(|()| digest)
    }

    #[test]
    fn every_digest_size_decodes_in_every_encoding() {
        for encoding in ENCODINGS {
            for bytes in [16, 20, 32, 48, 64] {
                let digest: Vec<u8> = (0..bytes).map(|byte| byte ^ 0xa5).collect();
                let text = written(&digest, encoding);
                assert_eq!(exact(&text, encoding, digest.len()).as_ref(), Ok(&digest), "{text}");
                assert_eq!(decode(text.as_bytes(), encoding).as_ref(), Ok(&digest), "{text}");
                for cut in 1..text.len() {
                    assert!(exact(&text[..cut], encoding, digest.len()).is_err(), "{encoding:?} {cut}");
                }
                for more in ["0", "00", "=", " ", "A", "AAAA", "\n"] {
                    // Padding is optional there.
                    if encoding == Encoding::Base64url && more == "=" {
                        continue;
                    }
                    assert!(exact(&format!("{text}{more}"), encoding, digest.len()).is_err(), "{encoding:?}");
                }
                assert!(decode(b"", encoding).is_err(), "{encoding:?}");
            }
        }
    }

    #[test]
    fn exactly_the_digits_are_digits() {
        for digit in 0..=u8::MAX {
            let pair = [b'0', digit];
            for (encoding, letters) in [
                (Encoding::Hex, "abcdef"),
                (Encoding::HexUpper, "ABCDEF"),
                (Encoding::HexAny, "abcdefABCDEF"),
            ] {
                let mut byte = [0];
                let is_digit = digit.is_ascii_digit() || letters.as_bytes().contains(&digit);
                let expected = is_digit.then(|| char::from(digit).to_digit(16).unwrap());
                let read = decode_exact(&pair, encoding, &mut byte).ok().map(|()| u32::from(byte[0]));
                assert_eq!(read, expected, "{encoding:?} {digit}");
            }
        }
    }

    #[test]
    fn anything_but_the_one_spelling_is_refused() {
        let hex = |text: &str| exact(text, Encoding::Hex, 2).is_err();
        assert!(!hex("beef"));
        for text in ["", "bee", "beefe", "beefbe", "BEEF", "beEf", "be f", "0xbe", "be\u{e9}"] {
            assert!(hex(text), "{text}");
        }
        assert!(exact("BEEF", Encoding::HexUpper, 2).is_ok());
        assert!(exact("bEEF", Encoding::HexUpper, 2).is_err());
        assert!(exact("bEEF", Encoding::HexAny, 2).is_ok());
        assert!(exact("beef", Encoding::Hex0x, 2).is_err());
        assert!(exact("0Xbeef", Encoding::Hex0x, 2).is_err());
        let base64 = |text: &str| exact(text, Encoding::Base64, 20).is_err();
        assert!(!base64("//79/Pv6+fj39vX08/Lx8O/u7ew="));
        for text in [
            "",
            "//79/Pv6+fj39vX08/Lx8O/u7ew",
            "__79_Pv6-fj39vX08_Lx8O_u7ew=",
            "//79/Pv6+fj39vX08/Lx8O/u7ex=",
            "//79/Pv6+fj39vX08/Lx8O/u7e==",
            "//79/Pv6+fj39vX08/Lx8O/u7ewA",
            "//79/Pv6+fj39vX08/Lx8O/u7e =",
        ] {
            assert!(base64(text), "{text}");
        }
        let url = |text: &str| exact(text, Encoding::Base64url, 20);
        assert_eq!(url("__79_Pv6-fj39vX08_Lx8O_u7ew=").unwrap(), url("__79_Pv6-fj39vX08_Lx8O_u7ew").unwrap());
        assert!(url("//79/Pv6+fj39vX08/Lx8O/u7ew=").is_err());
    }
}
