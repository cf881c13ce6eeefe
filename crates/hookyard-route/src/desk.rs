//! A desk: the requests of one source that cannot be routed at once. They are pending, and grouped by the key they wait
//! for; or accepted, and go through code that takes its time. Each kind has a desk of its own.
//!
//! ```text
//!   arrived, or found in the store ─► pending: judged ─► verified ─► planned ─► routed
//!                               │                ▲ │ ├──► refused      ▲
//!                               │                │ ▼ └──► too old: refused
//!                               │             group of a key ─► fetched│(one at a time for each key)
//!                               └─► accepted ──────────────────────────┘
//! ```
//! All of a kind pass their desk once there is one, and only the desk decides them: so none is decided twice.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use hookyard_model::clock::Timestamp;
use hookyard_model::id::{RequestId, SourceId};
use hookyard_model::request::{Fields, Proof, RejectCause, Request};
use hookyard_providers::{CacheKey, Call, KeyRequest};
use hookyard_store::arrivals::Arrived;
use hookyard_store::history::ReadError;
use hookyard_store::unrouted::{Unrouted, UnroutedPage};
use rustc_hash::FxHashSet;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tracing::{error, info};

use crate::desks::{Behind, Parts};
use crate::follow_up;
use crate::keys::Obtained;
use crate::plans::{Planned, Plans, ToPlan};
use crate::verify::{Judge, Judgement};

/// From this length on, in bytes, a body is judged beside the runtime, as ingest does.
const OFFLOAD_BYTES: usize = 256 << 10;
/// How long the desk rests where the store cannot be read, or the source is not set up.
const NOT_NOW: Duration = Duration::from_secs(5);

/// How much of what transformations made may wait to be written, in bytes; then the desk waits as well.
const UNSYNCED_BYTES_MAX: usize = 8 << 20;

/// What a group waits for; none where no key would help now.
type Awaited = Option<CacheKey>;

/// Requests that wait for the same key.
#[derive(Debug, Default)]
struct Group {
    wanted: Option<KeyRequest>,
    waiting: Vec<Arrived>,
    is_being_fetched: bool,
    /// Not before this time.
    retry_at: Option<Timestamp>,
    /// What went wrong last.
    why: String,
}

/// What has been done beside the desk.
enum Done {
    Fetched(CacheKey, Obtained),
    /// The call that a request asked for was made, or given up.
    Called(Arrived),
    /// The store was looked through.
    Looked(Result<UnroutedPage, ReadError>),
}

/// One source's requests of one kind that cannot be routed at once.
pub(crate) struct Desk {
    parts: Parts,
    source: SourceId,
    kind: Unrouted,
    behind: Arc<Behind>,
    groups: HashMap<Awaited, Group>,
    /// The requests in the groups and in calls, and their bytes.
    known: FxHashSet<RequestId>,
    bytes: usize,
    /// The store is being looked through. Those that arrive meanwhile come behind what is found, and wait.
    is_looking: bool,
    /// Up to this id the store was looked through: those that arrive now have been found there.
    looked_up_to: RequestId,
    work: JoinSet<Done>,
    plans: Plans,
    /// What transformations made since everything recorded was last made durable, in bytes.
    unsynced_bytes: usize,
}

impl Desk {
    pub(crate) fn new(parts: Parts, source: SourceId, kind: Unrouted, behind: Arc<Behind>) -> Self {
        let plans = Plans::new(parts.planner.clone(), parts.limits.plans_max);
        Self {
            plans,
            unsynced_bytes: 0,
            parts,
            source,
            kind,
            behind,
            groups: HashMap::new(),
            known: FxHashSet::default(),
            bytes: 0,
            is_looking: false,
            looked_up_to: RequestId(0),
            work: JoinSet::new(),
        }
    }

    /// Works until it is dropped.
    pub(crate) async fn run(mut self, mut inbox: mpsc::Receiver<Arrived>) {
        let behind = Arc::clone(&self.behind);
        loop {
            self.give_up_the_old();
            self.judge_again().await;
            self.look_into_the_store();
            self.start_fetches();
            let rest = self.rest();
            tokio::select! {
                arrived = inbox.recv(), if !self.is_looking => match arrived {
                    Some(arrived) => self.admit(arrived).await,
                    None => return,
                },
                Some(done) = self.work.join_next(), if !self.work.is_empty() => match done {
                    Ok(Done::Fetched(cache_key, obtained)) => self.settle(cache_key, obtained).await,
                    Ok(Done::Called(arrived)) => self.finish(&arrived),
                    Ok(Done::Looked(page)) => self.take_in(page).await,
                    Err(_cancelled) => {}
                },
                planned = self.plans.next() => self.record(planned).await,
                () = behind.raised.notified() => {}
                () = tokio::time::sleep(rest) => {}
            }
        }
    }

    fn has_room(&self) -> bool {
        let limits = &self.parts.limits;
        let is_full =
            self.known.len() >= limits.pending_requests_max || self.bytes >= limits.pending_bytes_max;
        self.known.is_empty() || !is_full
    }

    /// Whether there is room for so many that looking for them in the store is worth it.
    fn wants_look(&self) -> bool {
        let limits = &self.parts.limits;
        let has_room =
            self.known.len() <= limits.pending_requests_max / 2 && self.bytes <= limits.pending_bytes_max / 2;
        self.behind.is_raised() && (self.known.is_empty() || has_room)
    }

    /// Takes a request that has just arrived.
    async fn admit(&mut self, arrived: Arrived) {
        let id = arrived.request.id;
        if id <= self.looked_up_to || self.known.contains(&id) {
            return;
        }
        if self.behind.is_raised() || !self.has_room() {
            // It is in the store, behind others.
            self.behind.raise();
            return;
        }
        self.begin(arrived).await;
    }

    /// Starts a request on its way.
    async fn begin(&mut self, arrived: Arrived) {
        if arrived.is_pending() {
            return self.judge(arrived, None).await;
        }
        let snapshot = self.parts.store.catalog().snapshot();
        let fields = self.parts.verifiers.fields(&snapshot, &arrived.request);
        self.plan(arrived, None, fields);
    }

    /// Has the store looked through for what is not here, beside the desk: that takes as long as the index lags behind.
    fn look_into_the_store(&mut self) {
        if self.is_looking || !self.wants_look() {
            return;
        }
        self.is_looking = true;
        self.behind.lower();
        let limits = &self.parts.limits;
        let count = limits.pending_requests_max.saturating_sub(self.known.len()).max(1);
        let bytes = limits.pending_bytes_max.saturating_sub(self.bytes).max(1);
        let (store, source, kind, known) =
            (self.parts.store.clone(), self.source, self.kind, self.known.clone());
        self.work.spawn(async move {
            let page = store.unrouted_requests(source, kind, known, count, bytes).await;
            if let Err(error) = &page {
                error!(%source, %error, "unrouted requests cannot be looked for");
                tokio::time::sleep(NOT_NOW).await;
            }
            Done::Looked(page)
        });
    }

    /// Takes in what was found in the store.
    async fn take_in(&mut self, page: Result<UnroutedPage, ReadError>) {
        self.is_looking = false;
        let Ok(page) = page else { return self.behind.raise() };
        self.looked_up_to = page.up_to;
        if page.more {
            self.behind.raise();
        }
        for arrived in page.requests {
            self.begin(arrived).await;
        }
    }

    /// Decides a request, or has it wait for its key. `fetched` is the key that has just been fetched, and
    /// as of when.
    async fn judge(&mut self, arrived: Arrived, fetched: Option<(CacheKey, Timestamp)>) {
        // Others run between two requests, also while there is always a next one.
        tokio::task::yield_now().await;
        let snapshot = self.parts.store.catalog().snapshot();
        let Some(judge) = self.parts.verifiers.of(&snapshot, self.source) else {
            return self.refuse(
                &arrived,
                RejectCause::VerificationFailed,
                "its source was deleted".to_owned(),
            );
        };
        match judgement(&judge, &arrived.request).await {
            Judgement::Accepted(proof) => {
                let fields = judge.fields(&arrived.request);
                self.plan(arrived, Some(proof), fields);
            }
            Judgement::Handshake(None) => self.finish(&arrived),
            Judgement::Handshake(Some(call)) => self.call(arrived, call),
            Judgement::Refused(why) => self.refuse(&arrived, RejectCause::VerificationFailed, why),
            Judgement::KeyNeeded(wanted)
                if fetched.is_some_and(|(cache_key, at)| {
                    cache_key == wanted.cache_key() && at >= arrived.request.received_at
                }) =>
            {
                let why = format!("{} does not hold its key", wanted.url);
                self.refuse(&arrived, RejectCause::VerificationFailed, why);
            }
            Judgement::KeyNeeded(wanted) => self.wait(arrived, Some(*wanted), String::new()),
            Judgement::NotNow(why) => self.wait(arrived, None, why),
        }
    }

    fn wait(&mut self, arrived: Arrived, wanted: Option<KeyRequest>, why: String) {
        self.remember(&arrived);
        let group = self.groups.entry(wanted.as_ref().map(KeyRequest::cache_key)).or_default();
        if wanted.is_none() {
            group.retry_at = Some(self.parts.store.clock().now().plus(NOT_NOW));
            group.why = why;
        }
        group.wanted = wanted;
        group.waiting.push(arrived);
    }

    fn remember(&mut self, arrived: &Arrived) {
        self.known.insert(arrived.request.id);
        self.bytes += bytes_of(arrived);
    }

    fn forget(&mut self, arrived: &Arrived) {
        if self.known.remove(&arrived.request.id) {
            self.bytes = self.bytes.saturating_sub(bytes_of(arrived));
        }
    }

    /// Has the events of an accepted request made.
    fn plan(&mut self, arrived: Arrived, proof: Option<Proof>, fields: Fields) {
        self.remember(&arrived);
        let snapshot = self.parts.store.catalog().snapshot();
        self.plans.push(ToPlan { arrived, proof, fields, snapshot });
    }

    /// Records where a request goes.
    async fn record(&mut self, planned: Planned) {
        let Planned { arrived, proof, fields, events } = planned;
        let Parts { store, metrics, .. } = &self.parts;
        match proof {
            Some(proof) => store.record_verified(&arrived, proof, fields, &events),
            None => store.record_routed(&arrived, fields, &events),
        }
        metrics.verified.inc_by(u64::from(proof.is_some()));
        metrics.note_routed(&events);
        let transformed = events.iter().filter_map(|event| event.transformed.as_ref());
        self.unsynced_bytes += transformed.map(|made| made.head.len() + made.body.len()).sum::<usize>();
        self.forget(&arrived);
        if self.unsynced_bytes >= UNSYNCED_BYTES_MAX {
            self.parts.store.flush().await;
            self.unsynced_bytes = 0;
        }
    }

    /// Makes the call that a verified handshake asks for. The handshake stays pending until that has ended,
    /// so that it is made after a crash as well.
    fn call(&mut self, arrived: Arrived, call: Call) {
        self.remember(&arrived);
        let Parts { fetcher, metrics, .. } = self.parts.clone();
        self.work.spawn(async move {
            follow_up::see_through(&fetcher, &metrics, arrived.request.id, call).await;
            Done::Called(arrived)
        });
    }

    /// A verified handshake is not routed to anything.
    fn finish(&mut self, arrived: &Arrived) {
        self.forget(arrived);
        self.parts.store.record_verified(arrived, Proof::Verified, Fields::default(), &[]);
        self.parts.metrics.verified.inc();
    }

    fn refuse(&self, arrived: &Arrived, cause: RejectCause, why: String) {
        info!(request = %arrived.request.id, cause = cause.name(), why, "an acknowledged request is rejected");
        self.parts.store.record_refused(arrived, cause, why);
        self.parts.metrics.refused.inc();
    }

    /// Takes a group apart: its requests are no longer here, and decided next.
    fn dissolve(&mut self, awaited: Awaited) -> Vec<Arrived> {
        let waiting = self.groups.remove(&awaited).map(|group| group.waiting).unwrap_or_default();
        waiting.iter().for_each(|arrived| self.forget(arrived));
        waiting
    }

    /// Acts upon the end of a fetch.
    async fn settle(&mut self, cache_key: CacheKey, obtained: Obtained) {
        match obtained {
            Obtained::Fetched(at) => {
                for arrived in self.dissolve(Some(cache_key)) {
                    self.judge(arrived, Some((cache_key, at))).await;
                }
            }
            Obtained::Never(why) => {
                for arrived in self.dissolve(Some(cache_key)) {
                    self.refuse(&arrived, RejectCause::KeyUnavailable, why.clone());
                }
            }
            Obtained::Later(at, why) => {
                if let Some(group) = self.groups.get_mut(&Some(cache_key)) {
                    group.is_being_fetched = false;
                    group.retry_at = Some(at);
                    group.why = why;
                }
            }
        }
    }

    /// Has the keys fetched that are wanted now, as many at a time as are allowed.
    fn start_fetches(&mut self) {
        let now = self.parts.store.clock().now();
        let mut room = self.room_for_fetches();
        for group in self.groups.values_mut() {
            let is_due = !group.is_being_fetched && group.retry_at.is_none_or(|at| at <= now);
            let Some(wanted) = group.wanted.clone().filter(|_| is_due) else { continue };
            if room == 0 {
                return;
            }
            room -= 1;
            group.is_being_fetched = true;
            // A set that was fetched before the last of these arrived may lack what that one needs.
            let newest = group.waiting.iter().map(|arrived| arrived.request.received_at).max();
            let keys = self.parts.keys.clone();
            self.work.spawn(async move {
                let obtained = keys.obtain(&wanted, newest.unwrap_or(now)).await;
                Done::Fetched(wanted.cache_key(), obtained)
            });
        }
    }

    fn room_for_fetches(&self) -> usize {
        let under_way = self.groups.values().filter(|group| group.is_being_fetched).count();
        self.parts.limits.fetches_max.saturating_sub(under_way)
    }

    /// Judges again what no key would have helped, where it is time for that.
    async fn judge_again(&mut self) {
        let now = self.parts.store.clock().now();
        let retry_at = self.groups.get(&None).and_then(|group| group.retry_at);
        if retry_at.is_some_and(|at| at <= now) {
            for arrived in self.dissolve(None) {
                self.judge(arrived, None).await;
            }
        }
    }

    /// Refuses what has waited for too long.
    fn give_up_the_old(&mut self) {
        let (now, age_max) = (self.parts.store.clock().now(), self.parts.limits.pending_age_max);
        let mut old = Vec::new();
        for group in self.groups.values_mut() {
            let is_old = |arrived: &mut Arrived| now.since(arrived.request.received_at) >= age_max;
            old.extend(group.waiting.extract_if(.., is_old).map(|arrived| (arrived, group.why.clone())));
        }
        self.groups.retain(|_, group| !group.waiting.is_empty() || group.is_being_fetched);
        for (arrived, why) in old {
            self.forget(&arrived);
            let why = if why.is_empty() { "it was being fetched".to_owned() } else { why };
            let why = format!("the key that verifies it could not be had within {age_max:?}: {why}");
            self.refuse(&arrived, RejectCause::KeyUnavailable, why);
        }
    }

    /// How long there is nothing to do, unless something happens.
    fn rest(&self) -> Duration {
        let (now, age_max) = (self.parts.store.clock().now(), self.parts.limits.pending_age_max);
        let is_free = self.room_for_fetches() > 0;
        let retries = self.groups.values().filter(|group| is_free && !group.is_being_fetched);
        let retries = retries.filter_map(|group| group.retry_at);
        let waiting = self.groups.values().flat_map(|group| &group.waiting);
        let ends = waiting.map(|arrived| arrived.request.received_at.plus(age_max));
        let next = retries.chain(ends).min();
        next.map_or(age_max, |at| at.since(now).max(Duration::from_millis(1)))
    }
}

fn bytes_of(arrived: &Arrived) -> usize {
    arrived.request.head.len() + arrived.request.body.len()
}

/// What is made of a request; beside the runtime where that takes long.
async fn judgement(judge: &Arc<Judge>, request: &Arc<Request>) -> Judgement {
    if request.body.len() < OFFLOAD_BYTES {
        return judge.judge(request);
    }
    let (judge, request) = (Arc::clone(judge), Arc::clone(request));
    let judged = tokio::task::spawn_blocking(move || judge.judge(&request)).await;
    judged.unwrap_or_else(|_| Judgement::NotNow("it could not be checked".to_owned()))
}
