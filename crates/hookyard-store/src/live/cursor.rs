//! A place in the journal as text that is given out, and taken back to go on from there.

use std::fmt;
use std::str::FromStr;

use crate::journal::record::Position;

/// Behind something that has happened. Stays what it is across restarts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cursor(pub(crate) Position);

/// A text that is no [`Cursor`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected the `id` of an earlier message, like `3-65536`")]
pub struct NoCursor;

impl fmt::Display for Cursor {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}-{}", self.0.segment, self.0.offset)
    }
}

impl FromStr for Cursor {
    type Err = NoCursor;

    fn from_str(text: &str) -> Result<Self, NoCursor> {
        // No signs, spaces or leading zeros: one place has one text.
        let number = |text: &str| text.parse().ok().filter(|number: &u32| number.to_string() == text);
        let (segment, offset) = text.split_once('-').ok_or(NoCursor)?;
        let (segment, offset) = (number(segment).ok_or(NoCursor)?, number(offset).ok_or(NoCursor)?);
        Ok(Self(Position { segment, offset }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_given_out_is_taken_back() {
        let cursor = Cursor(Position { segment: 3, offset: u32::MAX });
        assert_eq!(cursor.to_string(), "3-4294967295");
        assert_eq!(cursor.to_string().parse(), Ok(cursor));
        for wrong in ["", "3", "3-", "-3", "3-+4", "03-4", "3-4-5", "3- 4", "3-4294967296"] {
            assert_eq!(wrong.parse::<Cursor>(), Err(NoCursor), "{wrong}");
        }
    }
}
