//! The bounds of ingest: everything a sender could otherwise make grow without end.

use std::time::Duration;

/// What ingest takes from the outside, at most. `Default` gives the documented values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Longest body, in bytes; a longer one is answered with 413.
    pub body_bytes_max: usize,
    /// Longest head, in bytes, at least 8 KiB; a longer one is answered with 431.
    pub header_bytes_max: usize,
    /// Most header lines, at most [`hookyard_model::request::HEADER_LINES_MAX`].
    pub header_lines_max: usize,
    /// How long a connection may take for its TLS handshake, for its first head, and for a later head once
    /// that has begun. A slower one is cut.
    pub header_read_timeout: Duration,
    /// How long the whole body may take; then the answer is 408.
    pub body_read_timeout: Duration,
    /// How long a connection may rest between two requests, or with HTTP/2 before the first.
    pub idle_timeout: Duration,
    /// Most open connections per listener; one more is answered with 503 and closed.
    pub connections_max: usize,
    /// Most bytes of bodies in memory, over all connections; beyond it the answer is 503.
    pub in_flight_bytes_max: usize,
    /// Most rejected requests recorded per minute; the others are only counted.
    pub rejected_per_minute_max: u32,
    /// How much of a rejected request's body is recorded, in bytes.
    pub rejected_body_bytes_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes_max: 10 << 20,
            header_bytes_max: 64 << 10,
            header_lines_max: 128,
            header_read_timeout: Duration::from_secs(10),
            body_read_timeout: Duration::from_secs(30),
            idle_timeout: Duration::from_secs(75),
            connections_max: 10_000,
            in_flight_bytes_max: 256 << 20,
            rejected_per_minute_max: 600,
            rejected_body_bytes_max: 16 << 10,
        }
    }
}
