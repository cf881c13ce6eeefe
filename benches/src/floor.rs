//! What Hookyard is measured against: the least that any gateway on hyper has to do.
//!
//! Both run as processes of their own, with the runtime and the allocator that Hookyard has, so that
//! rates, latencies and processor time compare.

pub(crate) mod relay;
pub(crate) mod server;

use anyhow::Context;
use tokio::runtime::{self, Runtime};

/// A 40-byte answer, as long as an acknowledgement that names the request.
const ACKNOWLEDGEMENT: &[u8] = br#"{"request_id":"req_000000000000000000"}."#;

fn two_workers() -> anyhow::Result<Runtime> {
    runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().context("build a runtime")
}
