//! The signatures a request carries, decoded into memory of fixed size.
//!
//! **Invariant:** every signature held has exactly the length that the algorithm makes, so that a
//! truncated one can never match and all comparisons take the same time.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The most signatures one request may carry.
pub const SIGNATURES_MAX: usize = 16;

/// The longest digest: SHA-512.
const DIGEST_BYTES_MAX: usize = 64;

/// How a signature is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// Two lower-case digits per byte. Signers write lower case; taking both would make many
    /// spellings of one signature.
    Hex,
    /// Standard alphabet, with padding.
    Base64,
}

/// Decoded signatures, at most [`SIGNATURES_MAX`].
pub(crate) struct Signatures {
    digests: [[u8; DIGEST_BYTES_MAX]; SIGNATURES_MAX],
    digest_bytes: usize,
    count: usize,
}

impl Signatures {
    /// No signatures yet, for an algorithm whose digests have `digest_bytes` bytes.
    pub(crate) fn new(digest_bytes: usize) -> Self {
        Self {
            digests: [[0; DIGEST_BYTES_MAX]; SIGNATURES_MAX],
            digest_bytes: digest_bytes.min(DIGEST_BYTES_MAX),
            count: 0,
        }
    }

    /// Adds one signature; the error says what is wrong with it.
    pub(crate) fn push(&mut self, text: &[u8], encoding: Encoding) -> Result<(), &'static str> {
        let Some(digest) =
            self.digests.get_mut(self.count).and_then(|digest| digest.get_mut(..self.digest_bytes))
        else {
            return Err("it holds more than 16 signatures");
        };
        match encoding {
            Encoding::Hex => decode_hex(text, digest)?,
            Encoding::Base64 => decode_base64(text, digest)?,
        }
        self.count += 1;
        Ok(())
    }

    pub(crate) fn len(&self) -> usize {
        self.count
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        self.digests.iter().take(self.count).filter_map(|digest| digest.get(..self.digest_bytes))
    }
}

fn decode_hex(text: &[u8], digest: &mut [u8]) -> Result<(), &'static str> {
    if text.len() != digest.len() * 2 {
        return Err("the signature has the wrong length");
    }
    for (byte, pair) in digest.iter_mut().zip(text.chunks_exact(2)) {
        let &[high, low] = pair else { continue };
        let (Some(high), Some(low)) = (hex_digit(high), hex_digit(low)) else {
            return Err("the signature is not lower-case hex");
        };
        *byte = high << 4 | low;
    }
    Ok(())
}

fn hex_digit(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

fn decode_base64(text: &[u8], digest: &mut [u8]) -> Result<(), &'static str> {
    if text.len() != digest.len().div_ceil(3) * 4 {
        return Err("the signature has the wrong length");
    }
    // The decoder wants room for whole groups of three bytes.
    let mut groups = [0; DIGEST_BYTES_MAX + 2];
    match STANDARD.decode_slice(text, &mut groups) {
        Ok(count) if count == digest.len() => {
            for (byte, decoded) in digest.iter_mut().zip(groups) {
                *byte = decoded;
            }
            Ok(())
        }
        Ok(_) => Err("the signature has the wrong length"),
        Err(_) => Err("the signature is not standard base64"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pushed(text: &str, encoding: Encoding, digest_bytes: usize) -> Result<Vec<u8>, &'static str> {
        let mut signatures = Signatures::new(digest_bytes);
        signatures.push(text.as_bytes(), encoding)?;
        Ok(signatures.iter().flatten().copied().collect())
    }

    #[test]
    fn every_digest_size_decodes() {
        for digest_bytes in [20, 32, 48, 64] {
            let digest: Vec<u8> = (0..digest_bytes).map(|byte| byte as u8 ^ 0xa5).collect();
            let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!(pushed(&hex, Encoding::Hex, digest_bytes).as_ref(), Ok(&digest));
            assert_eq!(pushed(&STANDARD.encode(&digest), Encoding::Base64, digest_bytes), Ok(digest));
        }
    }

    #[test]
    fn anything_but_the_one_spelling_is_refused() {
        let hex = |text: &str| pushed(text, Encoding::Hex, 2).is_err();
        assert!(!hex("beef"));
        for text in ["", "bee", "beefe", "beefbe", "BEEF", "beEf", "be f", "0xbe", "be\u{e9}"] {
            assert!(hex(text), "{text}");
        }
        let base64 = |text: &str| pushed(text, Encoding::Base64, 20).is_err();
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
    }

    #[test]
    fn the_seventeenth_is_refused() {
        let mut signatures = Signatures::new(1);
        for _ in 0..SIGNATURES_MAX {
            assert_eq!(signatures.push(b"00", Encoding::Hex), Ok(()));
        }
        assert_eq!(signatures.push(b"00", Encoding::Hex), Err("it holds more than 16 signatures"));
        assert_eq!(signatures.len(), SIGNATURES_MAX);
    }
}
