//! A hash over fields of a request: what makes two events the same, puts them in one order, or has them tell of one thing.
//!
//! It is a cryptographic one: senders choose the values, and must not be able to make two events look alike.

use ring::digest::{Context, SHA256};

use crate::field::Field;
use crate::values::Values;

/// A hash that grows with each text.
pub(crate) struct Hash {
    context: Context,
    is_there: bool,
}

impl Hash {
    pub(crate) fn new() -> Self {
        Self { context: Context::new(&SHA256), is_there: false }
    }

    fn add(&mut self, text: &str) {
        self.context.update(&(text.len() as u64).to_le_bytes());
        self.context.update(text.as_bytes());
    }

    /// Adds a number that says of what the hash is.
    pub(crate) fn scope(&mut self, id: u64) {
        self.context.update(&id.to_le_bytes());
    }

    /// Adds a text that says of what the hash is, and is no part of the request.
    pub(crate) fn name(&mut self, text: &str) {
        self.add(text);
    }

    /// Adds a text that is there.
    pub(crate) fn text(&mut self, text: &str) {
        self.is_there = true;
        self.add(text);
    }

    /// Adds fields, each with its name and whether it is there.
    pub(crate) fn fields(&mut self, fields: &[Field], values: &Values<'_>) {
        for field in fields {
            self.add(&field.to_string());
            match field.read_text(values) {
                Some(text) => {
                    self.add("=");
                    self.text(&text);
                }
                None => self.add(""),
            }
        }
    }

    /// The hash; none where nothing that was added is there.
    pub(crate) fn finish(self) -> Option<[u8; 16]> {
        let digest = self.context.finish();
        let (hash, _) = digest.as_ref().split_first_chunk()?;
        self.is_there.then_some(*hash)
    }
}
