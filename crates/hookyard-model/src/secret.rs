//! A secret that cannot slip into a log: its `Debug` shows nothing, and it has no `Display`.

use std::fmt;

/// A signing or verification secret, as the person typed it (for example `whsec_…`).
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Box<str>);

impl Secret {
    /// Wraps the text.
    pub fn new(text: impl Into<Box<str>>) -> Self {
        Self(text.into())
    }

    /// The text itself; never put it in a message, a log or an answer.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Up to four closing characters, for telling secrets apart on a screen; empty for a short one.
    pub fn hint(&self) -> &str {
        match self.0.char_indices().rev().nth(3) {
            Some((start, _)) if self.0.chars().count() >= 16 => self.0.get(start..).unwrap_or_default(),
            _ => "",
        }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Secret(…)")
    }
}
