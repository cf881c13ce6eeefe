//! HTTP/2: how connections are shared and how many there are, and what becomes of an attempt where one is left.

#[path = "http2/answers.rs"]
mod answers;
#[path = "http2/frames.rs"]
mod frames;
#[path = "http2/refusals.rs"]
mod refusals;
#[path = "http2/server.rs"]
mod server;
#[path = "http2/sharing.rs"]
mod sharing;
