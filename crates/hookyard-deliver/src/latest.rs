//! Only the latest: what is out of date when it is about to go out is discarded instead.
//!
//! The route stage has asked already, but an event may have waited, been scheduled or held since, while a newer one of the
//! same thing was delivered. Two that are under way at the same time are not compared: that is what an order is for.

use std::time::Duration;

use hookyard_model::rule::{Delivered, Revision};
use hookyard_rules::latest::superseded;
use hookyard_store::lanes::Ready;
use tracing::error;

use crate::deliver::Parts;

/// How long to wait before the index is asked once more for what was delivered.
const ASK_AGAIN_AFTER: Duration = Duration::from_secs(1);

impl Parts {
    /// Whether an event must not go out, as a newer one of the same thing has been delivered; that is recorded then.
    pub(crate) async fn is_superseded(&self, ready: &Ready) -> bool {
        let Some(revision) = ready.may_be_superseded() else { return false };
        let newest = self.newest_delivered(ready, revision).await;
        let Some(newer) = newest.filter(|delivered| delivered.supersedes(revision)) else { return false };
        self.store.record_superseded(ready, newer.request, superseded(revision, &newer));
        self.metrics.superseded();
        true
    }

    /// What was delivered of the same thing, however long it takes to find out: to send what may be out of date is what
    /// the rule is there against.
    async fn newest_delivered(&self, ready: &Ready, revision: &Revision) -> Option<Delivered> {
        let connection = ready.event.connection;
        loop {
            match self.store.newest_delivered(connection, revision.of).await {
                Ok(newest) => return newest,
                Err(error) => {
                    error!(%connection, %error, "what was delivered is not known; it is asked again");
                    tokio::time::sleep(ASK_AGAIN_AFTER).await;
                }
            }
        }
    }
}
