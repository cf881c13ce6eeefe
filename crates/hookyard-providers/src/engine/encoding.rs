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

/// A digest, and zeros behind it: digests of one algorithm are compared at one length, whatever it is.
pub(crate) type PaddedDigest = [u8; DIGEST_BYTES_MAX];

/// Which letters are digits from 10 on.
#[derive(Clone, Copy)]
struct Letters {
    first: u8,
    /// The bit that makes both cases one, or none.
    fold: u8,
}

const LOWER: Letters = Letters { first: b'a', fold: 0 };
const UPPER: Letters = Letters { first: b'A', fold: 0 };
const ANY_CASE: Letters = Letters { first: b'a', fold: 0x20 };

/// Decodes a signature that has exactly the length of `digest`; the error says what is wrong with it.
pub(crate) fn decode_exact(text: &[u8], encoding: Encoding, digest: &mut [u8]) -> Result<(), &'static str> {
    match encoding {
        Encoding::Hex => hex(text, LOWER, "the signature is not lower-case hex", digest),
        Encoding::HexUpper => hex(text, UPPER, "the signature is not upper-case hex", digest),
        Encoding::HexAny => hex(text, ANY_CASE, "the signature is not hex", digest),
        Encoding::Hex0x => {
            let text = text.strip_prefix(b"0x").ok_or("the signature does not begin with `0x`")?;
            hex(text, LOWER, "the signature is not lower-case hex", digest)
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
            hex(written, LOWER, "the signature is not base64 of lower-case hex", digest)
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

/// How many bytes are read from hex at once: as many as a processor's register has.
const BLOCK_BYTES: usize = 16;
const BLOCK_DIGITS: usize = BLOCK_BYTES * 2;

/// Reads digits without a branch on what they are; whether all were digits shows at the end.
fn hex(text: &[u8], letters: Letters, why: &'static str, digest: &mut [u8]) -> Result<(), &'static str> {
    if text.len() != digest.len() * 2 {
        return Err(WRONG_LENGTH);
    }
    let mut strange = 0;
    let (blocks, rest) = text.as_chunks();
    let (places, rest_place) = digest.as_chunks_mut();
    for (digits, place) in blocks.iter().zip(places) {
        strange |= hex_block(digits, letters, place);
    }
    if !rest.is_empty() {
        let (mut digits, mut bytes) = ([b'0'; BLOCK_DIGITS], [0; BLOCK_BYTES]);
        digits.iter_mut().zip(rest).for_each(|(digit, from)| *digit = *from);
        strange |= hex_block(&digits, letters, &mut bytes);
        rest_place.iter_mut().zip(bytes).for_each(|(byte, from)| *byte = from);
    }
    if strange == 0 { Ok(()) } else { Err(why) }
}

/// Reads one block; not zero if a digit was none. Loops over arrays of fixed size become a few instructions.
fn hex_block(digits: &[u8; BLOCK_DIGITS], letters: Letters, bytes: &mut [u8; BLOCK_BYTES]) -> u8 {
    let mut values = [0; BLOCK_DIGITS];
    let mut strange = 0;
    for (value, digit) in values.iter_mut().zip(digits) {
        let number = digit.wrapping_sub(b'0');
        let letter = (digit | letters.fold).wrapping_sub(letters.first);
        *value = if number < 10 { number } else { letter.wrapping_add(10) };
        strange |= u8::from(number >= 10) & u8::from(letter >= 6);
    }
    for (byte, pair) in bytes.iter_mut().zip(values.as_chunks::<2>().0) {
        let pair = u16::from_le_bytes(*pair);
        *byte = (pair << 4 | pair >> 8) as u8;
    }
    strange
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
