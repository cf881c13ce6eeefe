//! What a connection does with an event on its way: whether it passes, and when a failed attempt is made again.
//!
//! Everything here is pure: time and randomness are passed in, and nothing waits or does I/O.
//!
//! # Layout
//! [`values`] is a request as values, whatever form its body has; [`field`] names one of them; [`filter`] decides
//! by them whether an event passes; [`latest`] says which thing an event tells of, and as of when; [`pipeline`] applies a
//! connection's rules in their order; [`order`] says which events go out one after the other; [`retry`] says when a failed
//! attempt is made again.

pub mod field;
pub mod filter;
mod key;
pub mod latest;
mod moment;
pub mod order;
pub mod pipeline;
pub mod retry;
pub mod values;
