//! The signatures a request carries, decoded into memory of fixed size.
//!
//! **Invariant:** every signature held has exactly the length that the algorithm makes, so that a
//! truncated one can never match and all comparisons take the same time.

use crate::definition::Encoding;
use crate::engine::encoding::{self, DIGEST_BYTES_MAX, PaddedDigest};

/// The most signatures one request may carry.
pub const SIGNATURES_MAX: usize = 16;

/// What is said of more.
pub(crate) const TOO_MANY: &str = "it holds more than 16 signatures";

/// How many are held without asking for memory: one, and one more while a secret is rotated.
const INLINE: usize = 2;

/// Decoded signatures, at most [`SIGNATURES_MAX`].
pub(crate) struct Signatures {
    inline: [PaddedDigest; INLINE],
    /// Those that do not fit into `inline`.
    more: Vec<PaddedDigest>,
    digest_bytes: usize,
    count: usize,
}

impl Signatures {
    /// No signatures yet, for an algorithm whose digests have `digest_bytes` bytes.
    pub(crate) fn new(digest_bytes: usize) -> Self {
        Self { inline: [[0; DIGEST_BYTES_MAX]; INLINE], more: Vec::new(), digest_bytes, count: 0 }
    }

    /// Adds one signature; the error says what is wrong with it.
    pub(crate) fn push(&mut self, text: &[u8], encoding: Encoding) -> Result<(), &'static str> {
        if self.count >= SIGNATURES_MAX {
            return Err(TOO_MANY);
        }
        let place = match self.inline.get_mut(self.count) {
            Some(place) => place,
            None => self.more.push_mut([0; DIGEST_BYTES_MAX]),
        };
        let digest = place.get_mut(..self.digest_bytes).ok_or("its algorithm has no such digests")?;
        encoding::decode_exact(text, encoding, digest)?;
        self.count += 1;
        Ok(())
    }

    pub(crate) fn len(&self) -> usize {
        self.count
    }

    /// All of them, in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &PaddedDigest> {
        self.inline.iter().chain(&self.more).take(self.count)
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
                let held: Vec<&PaddedDigest> = signatures.iter().collect();
                assert_eq!(held.len(), byte + 1, "{digest_bytes} {byte}");
                for (expected, signature) in held.iter().enumerate() {
                    let (digest, padding) = signature.split_at(digest_bytes);
                    assert!(
                        digest.iter().all(|held| usize::from(*held) == expected),
                        "{digest_bytes} {byte}"
                    );
                    assert!(padding.iter().all(|held| *held == 0), "{digest_bytes} {byte}");
                }
            }
        }
    }
}
