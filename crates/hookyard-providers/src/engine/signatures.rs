//! The signatures a request carries, decoded into memory of fixed size.
//!
//! **Invariant:** every signature held has exactly the length that the algorithm makes, so that a
//! truncated one can never match and all comparisons take the same time.

use crate::definition::Encoding;
use crate::engine::encoding::{self, DIGEST_BYTES_MAX};

/// The most signatures one request may carry.
pub const SIGNATURES_MAX: usize = 16;

/// What is said of more.
pub(crate) const TOO_MANY: &str = "it holds more than 16 signatures";

/// How many bytes are held without asking for memory: with SHA-256 one signature, and one more while a
/// secret is rotated.
const INLINE_BYTES: usize = DIGEST_BYTES_MAX;

/// Decoded signatures, at most [`SIGNATURES_MAX`].
pub(crate) struct Signatures {
    inline: [u8; INLINE_BYTES],
    more: Vec<u8>,
    digest_bytes: usize,
    /// How many fit into `inline`.
    inline_max: usize,
    count: usize,
}

impl Signatures {
    /// No signatures yet, for an algorithm whose digests have `digest_bytes` bytes.
    pub(crate) fn new(digest_bytes: usize) -> Self {
        let digest_bytes = digest_bytes.clamp(1, DIGEST_BYTES_MAX);
        let inline_max = INLINE_BYTES / digest_bytes;
        Self { inline: [0; INLINE_BYTES], more: Vec::new(), digest_bytes, inline_max, count: 0 }
    }

    /// Adds one signature; the error says what is wrong with it.
    pub(crate) fn push(&mut self, text: &[u8], encoding: Encoding) -> Result<(), &'static str> {
        if self.count >= SIGNATURES_MAX {
            return Err(TOO_MANY);
        }
        let (place, start) = if self.count < self.inline_max {
            (&mut self.inline[..], self.count * self.digest_bytes)
        } else {
            let start = self.more.len();
            self.more.resize(start + self.digest_bytes, 0);
            (&mut self.more[..], start)
        };
        let digest = place.get_mut(start..start + self.digest_bytes).ok_or(TOO_MANY)?;
        encoding::decode_exact(text, encoding, digest)?;
        self.count += 1;
        Ok(())
    }

    pub(crate) fn len(&self) -> usize {
        self.count
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let inline = self.inline.chunks_exact(self.digest_bytes).take(self.count);
        inline.chain(self.more.chunks_exact(self.digest_bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_seventeenth_is_refused() {
        let mut signatures = Signatures::new(1);
        for _ in 0..SIGNATURES_MAX {
            assert_eq!(signatures.push(b"00", Encoding::Hex), Ok(()));
        }
        assert_eq!(signatures.push(b"00", Encoding::Hex), Err(TOO_MANY));
        assert_eq!(signatures.len(), SIGNATURES_MAX);
    }

    #[test]
    fn all_are_held_in_order_whatever_their_length() {
        for digest_bytes in [16, 20, 32, 48, 64] {
            let mut signatures = Signatures::new(digest_bytes);
            for byte in 0..SIGNATURES_MAX {
                let text = format!("{byte:02x}").repeat(digest_bytes);
                assert_eq!(signatures.push(text.as_bytes(), Encoding::Hex), Ok(()));
                let held: Vec<u8> = signatures.iter().flatten().copied().collect();
                let expected: Vec<u8> = (0..=byte).flat_map(|byte| vec![byte as u8; digest_bytes]).collect();
                assert_eq!(held, expected, "{digest_bytes} {byte}");
            }
        }
    }
}
