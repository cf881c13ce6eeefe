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

/// How many are held without asking for memory: one, and one more while a secret is rotated.
const INLINE: usize = 2;

/// Decoded signatures, at most [`SIGNATURES_MAX`].
pub(crate) struct Signatures {
    inline: [[u8; DIGEST_BYTES_MAX]; INLINE],
    more: Vec<[u8; DIGEST_BYTES_MAX]>,
    digest_bytes: usize,
    count: usize,
}

impl Signatures {
    /// No signatures yet, for an algorithm whose digests have `digest_bytes` bytes.
    pub(crate) fn new(digest_bytes: usize) -> Self {
        Self {
            inline: [[0; DIGEST_BYTES_MAX]; INLINE],
            more: Vec::new(),
            digest_bytes: digest_bytes.min(DIGEST_BYTES_MAX),
            count: 0,
        }
    }

    /// Adds one signature; the error says what is wrong with it.
    pub(crate) fn push(&mut self, text: &[u8], encoding: Encoding) -> Result<(), &'static str> {
        if self.count >= SIGNATURES_MAX {
            return Err(TOO_MANY);
        }
        if self.count >= INLINE {
            self.more.push([0; DIGEST_BYTES_MAX]);
        }
        let place = self.inline.get_mut(self.count).or(self.more.last_mut());
        let digest = place.and_then(|digest| digest.get_mut(..self.digest_bytes)).ok_or(TOO_MANY)?;
        encoding::decode_exact(text, encoding, digest)?;
        self.count += 1;
        Ok(())
    }

    pub(crate) fn len(&self) -> usize {
        self.count
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let digests = self.inline.iter().chain(&self.more).take(self.count);
        digests.filter_map(|digest| digest.get(..self.digest_bytes))
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
}
