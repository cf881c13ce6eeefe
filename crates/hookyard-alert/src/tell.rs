//! The stage: asks the store what is due, sends it, and notes how that went.
//!
//! **Invariants**
//! 1. No alert waits for another: each has a task of its own while it sends, and tells one thing at a time.
//! 2. Memory is bounded: by the number of alerts, and that of samples that may wait.
//! 3. A failure of the store ends nothing: it is asked again.

use std::sync::Arc;
use std::time::Duration;

use hookyard_model::id::AlertId;
use hookyard_store::alerts::{Telling, Trial};
use hookyard_store::store::Store;
use rustc_hash::{FxHashMap, FxHashSet};
use tokio::sync::watch;
use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::sleep;
use tracing::{error, warn};

use crate::message::Message;
use crate::metrics::Metrics;
use crate::send::Sender;
use crate::settings::Settings;

/// How often the store is asked, whether something has happened or not.
const ASK_EVERY: Duration = Duration::from_secs(1);
/// Samples that are sent at the same time; further ones wait.
const TRIALS_AT_A_TIME_MAX: usize = 8;

/// What the stage works with; cheap to clone.
#[derive(Clone, Debug)]
pub struct Parts {
    /// The store.
    pub store: Store,
    /// What sends.
    pub sender: Sender,
    /// How long, and how often.
    pub settings: Settings,
    /// What is counted.
    pub metrics: Metrics,
}

/// What is being sent.
#[derive(Default)]
struct UnderWay {
    tasks: JoinSet<()>,
    /// The alerts whose tasks they are.
    alerts: FxHashMap<Id, AlertId>,
    trials: JoinSet<()>,
}

/// Tells people, until `stop` becomes true; what is being sent then is finished. Dropping the future ends all of it: what
/// was not noted as told is told again after the start.
pub async fn run(parts: Parts, mut stop: watch::Receiver<bool>) {
    let Some(mut trials) = parts.store.alert_trials() else { return };
    let mut news = parts.store.alert_news();
    let mut under_way = UnderWay::default();
    loop {
        news.mark_unchanged();
        let rest = under_way.take_up(&parts).await;
        let has_room = under_way.trials.len() < TRIALS_AT_A_TIME_MAX;
        tokio::select! {
            _ = stop.wait_for(|stop| *stop) => break,
            _ = news.changed() => {}
            Some(ended) = under_way.tasks.join_next_with_id() => under_way.ended(ended),
            Some(_) = under_way.trials.join_next() => {}
            Some(trial) = trials.recv(), if has_room => {
                under_way.trials.spawn(try_out(parts.clone(), trial));
            }
            () = sleep(rest) => {}
        }
    }
    drop(trials);
    while under_way.tasks.join_next().await.is_some() {}
    while under_way.trials.join_next().await.is_some() {}
}

impl UnderWay {
    /// Begins to send what is due. How long to rest then, at most.
    async fn take_up(&mut self, parts: &Parts) -> Duration {
        let busy: FxHashSet<AlertId> = self.alerts.values().copied().collect();
        let due = match parts.store.tellings_due(busy).await {
            Ok(due) => due,
            Err(error) => {
                error!(%error, "what alerts have to tell cannot be read; it is tried again");
                return ASK_EVERY;
            }
        };
        for telling in due.tellings {
            let alert = telling.alert.id;
            let task = self.tasks.spawn(tell(parts.clone(), telling));
            self.alerts.insert(task.id(), alert);
        }
        let now = parts.store.clock().now();
        due.next_at.map_or(ASK_EVERY, |next_at| next_at.since(now).min(ASK_EVERY))
    }

    fn ended(&mut self, ended: Result<(Id, ()), JoinError>) {
        let id = match ended {
            Ok((id, ())) => id,
            Err(error) => {
                error!(%error, "a task that tells people broke off; it is made again");
                error.id()
            }
        };
        self.alerts.remove(&id);
    }
}

/// Sends what an alert has to tell, and notes how that went.
async fn tell(parts: Parts, telling: Telling) {
    let Parts { store, sender, settings, metrics } = parts;
    let message = Message::of(&telling, &store.catalog().snapshot());
    let outcome = sender.send(&telling.alert, &message, store.clock().now()).await;
    metrics.note(&telling.alert.channel, outcome.is_ok());
    let noted = match outcome {
        Ok(_) => store.told(telling).await,
        Err(failed) => {
            let (alert, issue, tries) = (telling.alert.id, telling.issue.id, telling.tries + 1);
            let (name, reason) = (telling.alert.name.clone(), failed.detail);
            let again_at = store.clock().now().plus(settings.wait(telling.tries));
            let is_last = again_at.since(telling.since) > settings.retry_age_max;
            if is_last {
                error!(%alert, name, %issue, tries, reason, "an alert is given up: nobody is told of this");
                metrics.note_given_up(&telling.alert.channel);
            } else {
                warn!(%alert, name, %issue, tries, reason, "an alert was not sent; it is tried again");
            }
            store.not_told(telling, reason, (!is_last).then_some(again_at)).await
        }
    };
    if let Err(error) = noted {
        error!(%error, "how an alert went is not stored; it may be told once more");
        // It is due still: not at once, or it would be sent again and again.
        sleep(ASK_EVERY).await;
    }
}

/// Sends a sample, and says what came of it to whoever asked.
async fn try_out(parts: Parts, trial: Trial) {
    let now = parts.store.clock().now();
    let alert = Arc::clone(&trial.alert);
    let outcome = parts.sender.send(&alert, &Message::sample(&alert, now), now).await;
    parts.metrics.note(&alert.channel, outcome.is_ok());
    trial.answer(outcome);
}
