//! What a provider wants to be called after one of its requests was verified, such as a confirmation that
//! somebody listens here.
//!
//! A call is tried a few times and then given up: whoever set the source up sees in the log that it failed,
//! and has the provider ask again.

use std::time::Duration;

use bytes::Bytes;
use hookyard_model::id::RequestId;
use hookyard_outgoing::fetch::{Fetch, Fetcher};
use hookyard_providers::Call;
use http::{HeaderMap, Method};
use tracing::{info, warn};

use crate::metrics::Metrics;

/// How long to wait after the first failed try; each further wait is five times as long.
const FIRST_WAIT: Duration = Duration::from_secs(1);
/// How often a call is made at most.
const TRIES: u32 = 5;

/// Makes the call that a verified request asks for.
pub(crate) async fn see_through(fetcher: &Fetcher, metrics: &Metrics, request: RequestId, call: Call) {
    let fetch = Fetch {
        method: Method::GET,
        url: call.url,
        headers: HeaderMap::new(),
        body: Bytes::new(),
        hosts: call.hosts,
    };
    let (url, mut wait) = (fetch.url.as_str(), FIRST_WAIT);
    for number in 1..=TRIES {
        let made = fetcher.fetch(&fetch).await;
        metrics.note_follow_up(made.as_ref().map(|_| ()));
        match made {
            Ok(_) => return info!(%request, url, "the provider was called, as it asked"),
            Err(error) if number == TRIES || error.is_final() => {
                return warn!(%request, url, %error, "a call that the provider asks for is given up");
            }
            Err(error) => warn!(%request, url, %error, ?wait, "a call that the provider asks for failed"),
        }
        tokio::time::sleep(wait).await;
        wait *= 5;
    }
}
