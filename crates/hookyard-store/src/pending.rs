//! Route's side of the store: requests whose verification is pending, source by source.
//!
//! They arrive like all others ([`crate::arrivals`]) and wait in the route stage's memory, as far as there
//! is room. The rest is found here, in the index, once there is room again.
//!
//! **Invariant:** the answer holds no request that was decided before the call: what is decided is made
//! durable and taken into the index first.

use std::sync::Arc;

use hookyard_model::id::{RequestId, SourceId};
use rustc_hash::FxHashSet;
use tracing::error;

use crate::arrivals::Arrived;
use crate::history::ReadError;
use crate::index::query;
use crate::journal::read;
use crate::store::Store;

/// Some of a source's pending requests.
#[derive(Debug)]
pub struct PendingPage {
    /// Oldest first.
    pub requests: Vec<Arrived>,
    /// Whether there are more behind the last of them.
    pub more: bool,
    /// Every pending request with this id or a smaller one was to be found by this call.
    pub up_to: RequestId,
}

impl Store {
    /// Pending requests of a source that are not among the `known` ones, oldest first: at most
    /// `count_max`, and no more once their bytes reach `bytes_max`.
    ///
    /// # Errors
    /// [`ReadError`] where the index cannot be read, or lags behind because it cannot be written.
    pub async fn pending_requests(
        &self,
        source: SourceId,
        known: FxHashSet<RequestId>,
        count_max: usize,
        bytes_max: usize,
    ) -> Result<PendingPage, ReadError> {
        self.recovered().await;
        self.inner.journal.queue.flush().await;
        let (_, newest_id) = self.inner.journal.tail.committed();
        if !self.inner.index.index.settle(newest_id).await {
            return Err(ReadError("the index cannot be written and lags behind".to_owned()));
        }
        self.look_up(move |inner| {
            let limit = known.len() + count_max;
            let rows = query::pending(&inner.index.index, source.0, limit)?;
            let mut reader = read::Reader::new(&inner.journal.directory);
            let mut page =
                PendingPage { requests: Vec::new(), more: rows.len() == limit, up_to: RequestId(newest_id) };
            let mut bytes = 0;
            for (id, row) in rows {
                if known.contains(&RequestId(id)) {
                    continue;
                }
                if bytes >= bytes_max || page.requests.len() == count_max {
                    page.more = true;
                    break;
                }
                match inner.read_request(&mut reader, id, row.position) {
                    Ok(request) => {
                        bytes += request.head.len() + request.body.len();
                        let request = Arc::new(request);
                        page.requests.push(Arrived { request, position: row.position });
                    }
                    Err(error) => error!(request = %RequestId(id), %error, "a request cannot be verified"),
                }
            }
            Ok(page)
        })
        .await
    }
}
