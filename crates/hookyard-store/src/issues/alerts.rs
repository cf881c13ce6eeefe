//! What the stage that tells people asks of the database of issues, each in a transaction of its own.

use std::sync::Arc;

use hookyard_model::clock::Timestamp;
use hookyard_model::id::AlertId;
use rustc_hash::{FxHashMap, FxHashSet};
use tokio::sync::watch;

use super::outbox;
use super::stored::{Issues, StoreError};
use crate::alerts::{Due, Mark, Telling};
use crate::catalog::Snapshot;

impl Issues {
    /// Changes whenever there is news.
    pub(crate) fn news(&self) -> watch::Receiver<u64> {
        self.newest.subscribe()
    }

    pub(crate) async fn tellings_due(
        self: &Arc<Self>,
        snapshot: Arc<Snapshot>,
        busy: FxHashSet<AlertId>,
    ) -> Result<Due, StoreError> {
        self.on_thread(move |issues, known| {
            let is_new = known.alerts_version != Some(snapshot.version);
            let now = issues.clock.now();
            outbox::deal_out(&mut known.database, &snapshot, now, is_new)?;
            known.alerts_version = Some(snapshot.version);
            Ok(outbox::due(&known.database, &snapshot, &busy, now)?)
        })
        .await
    }

    pub(crate) async fn told(self: &Arc<Self>, telling: Telling) -> Result<(), StoreError> {
        self.on_thread(move |issues, known| {
            let now = issues.clock.now();
            let mark = Mark { sent_at: Some(now), error: None };
            let Telling { news, openings, .. } = telling;
            Ok(outbox::settle(&mut known.database, &telling, &mark, |it| it.told(news, openings, now))?)
        })
        .await
    }

    pub(crate) async fn not_told(
        self: &Arc<Self>,
        telling: Telling,
        detail: String,
        again_at: Option<Timestamp>,
    ) -> Result<(), StoreError> {
        self.on_thread(move |issues, known| {
            let now = issues.clock.now();
            let mark = Mark { sent_at: None, error: Some((now, detail)) };
            Ok(outbox::settle(&mut known.database, &telling, &mark, |it| match again_at {
                Some(again_at) => it.failed(telling.news, again_at),
                None => it.give_up(telling.news, now),
            })?)
        })
        .await
    }

    pub(crate) async fn marks(self: &Arc<Self>) -> Result<FxHashMap<AlertId, Mark>, StoreError> {
        self.on_thread(|_, known| Ok(outbox::marks(&known.database)?)).await
    }
}
