//! Transformations through the public interface: what they mean, that they stay in their limits, that they leave
//! nothing behind, and that the documentation is true.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed")]

mod behaviour;
mod documentation;
mod harness;
mod hostile;
mod isolation;
mod passing_through;
