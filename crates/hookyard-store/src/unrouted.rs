//! Route's side of the store: requests that cannot be routed at once, source by source.
//!
//! They arrive like all others ([`crate::arrivals`]) and wait in the route stage's memory, as far as there
//! is room, for their verification or their transformation. The rest is found here, in the index, once there is
//! room again.
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

/// Why a request is not routed yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Unrouted {
    /// Its verification is pending.
    Pending,
    /// It is accepted, and waits for its turn.
    Accepted,
}

/// Some of a source's requests that have been neither routed nor refused.
#[derive(Debug)]
pub struct UnroutedPage {
    /// Oldest first.
    pub requests: Vec<Arrived>,
    /// Whether there are more behind the last of them.
    pub more: bool,
    /// Every such request with this id or a smaller one was to be found by this call.
    pub up_to: RequestId,
}

impl Store {
    /// Unrouted requests of a source and this kind that are not among the `known` ones, oldest first: at most
    /// `count_max`, and no more once their bytes reach `bytes_max`.
    ///
    /// # Errors
    /// [`ReadError`] where the index cannot be read, or lags behind because it cannot be written.
    pub async fn unrouted_requests(
        &self,
        source: SourceId,
        kind: Unrouted,
        known: FxHashSet<RequestId>,
        count_max: usize,
        bytes_max: usize,
    ) -> Result<UnroutedPage, ReadError> {
        self.recovered().await;
        self.inner.journal.queue.flush().await;
        let (_, newest_id) = self.inner.journal.tail.committed();
        if !self.inner.index.index.settle(newest_id).await {
            return Err(ReadError("the index cannot be written and lags behind".to_owned()));
        }
        self.look_up(move |inner| {
            let limit = known.len() + count_max;
            let rows = query::unrouted_of(&inner.index.index, source.0, kind == Unrouted::Pending, limit)?;
            let mut reader = read::Reader::new(&inner.journal.directory);
            let mut page =
                UnroutedPage { requests: Vec::new(), more: rows.len() == limit, up_to: RequestId(newest_id) };
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
                    Err(error) => error!(request = %RequestId(id), %error, "a request cannot be routed"),
                }
            }
            Ok(page)
        })
        .await
    }
}
