//! What a connection does with an event on its way: when a failed attempt is made again.
//!
//! Everything here is pure: time and randomness are passed in, and nothing waits or does I/O.

pub mod retry;
