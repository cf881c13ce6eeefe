//! Order: a seeded simulation of a lane. Events of some keys arrive, are delivered, fail, are held, cancelled, retried
//! and replayed, while the store is closed and opened at any moment and memory is far too small; whatever happens,
//! no two events of a key are in hand at once, none goes before an older one that still waits, and none is lost.
//!
//! A failing seed is printed; `HOOKYARD_ORDER_SEED=<seed> cargo nextest run -p hookyard-store order` plays it alone, and
//! `<first>-<last>` as many as wanted.

#![expect(clippy::indexing_slicing, reason = "a test that panics is a test that failed")]

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::time::{Duration, Instant};

use hookyard_model::event::EventState;
use hookyard_model::id::{ConnectionId, DestinationId, EventId, ProjectId, SourceId};
use hookyard_model::order::OrderKey;
use hookyard_model::request::Fields;
use hookyard_store::arrivals::{Arrivals, NewEvent};
use hookyard_store::lanes::Ready;
use hookyard_store::replays::Replay;
use hookyard_store::store::Store;
use tokio::sync::mpsc;

use crate::harness::*;

const SEED: &str = "HOOKYARD_ORDER_SEED";
const SEEDS: u64 = 2_000;
/// The shortest and the longest life of a store.
const STEPS: std::ops::Range<u64> = 10..60;
const KEYS: u64 = 6;
/// A seed that has not ended after this hangs.
const GUARD: Duration = Duration::from_secs(30);

/// SplitMix64.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }

    fn ms(&mut self) -> Duration {
        Duration::from_millis(1 + self.below(6))
    }
}

/// What has to be so.
#[derive(Default)]
struct Expected {
    /// The key of every event there ever was; 0 for none.
    key_of: HashMap<EventId, u64>,
    /// Those that have not ended, by key.
    open: BTreeMap<u64, BTreeSet<EventId>>,
    /// Those that ended, were queued once more, and have not been handed out since: when they get into their lane is
    /// not known.
    late: HashSet<EventId>,
    /// Those that were cancelled while in hand.
    cancelled: HashSet<EventId>,
}

impl Expected {
    fn opens(&mut self, event: EventId) {
        self.open.entry(self.key_of[&event]).or_default().insert(event);
    }

    fn ends(&mut self, event: EventId) {
        self.open.entry(self.key_of[&event]).or_default().remove(&event);
        self.late.remove(&event);
    }

    fn is_open(&self, event: EventId) -> bool {
        self.open.get(&self.key_of[&event]).is_some_and(|open| open.contains(&event))
    }
}

/// One run of the store.
struct Run {
    store: Store,
    arrivals: Arrivals,
    replays: mpsc::Receiver<Replay>,
    lane: Filled,
    hand: Vec<Ready>,
}

struct Simulation {
    yard: Yard,
    dice: Dice,
    project: ProjectId,
    source: SourceId,
    destination: DestinationId,
    connections: Vec<ConnectionId>,
    expected: Expected,
    run: Run,
}

fn key(number: u64) -> Option<OrderKey> {
    (number > 0).then(|| OrderKey::from_hash(number * 1_000))
}

async fn open(yard: &Yard, destination: DestinationId) -> Run {
    let store = yard.open();
    Run {
        arrivals: store.arrivals(),
        replays: store.replays().unwrap(),
        lane: Filled::new(&store, destination),
        hand: Vec::new(),
        store,
    }
}

/// A source, a destination and two connections between them.
async fn configure(store: &Store) -> (ProjectId, SourceId, DestinationId, Vec<ConnectionId>) {
    let joined = Joined::new(store).await;
    let connections = vec![joined.connection, joined.connect(store, "another").await];
    (joined.project, joined.source, joined.destination, connections)
}

impl Simulation {
    async fn new(seed: u64) -> Self {
        let mut dice = Dice(seed);
        let (events_max, keys_max) = (2 << dice.below(5), 1 << dice.below(4));
        let yard = Yard::in_memory(|options| {
            options.lane_events_max = events_max;
            options.lane_keys_max = keys_max;
            options.segment_bytes = 16 << 10;
        });
        let store = yard.open();
        let (project, source, destination, connections) = configure(&store).await;
        drop(store);
        let run = open(&yard, destination).await;
        let expected = Expected::default();
        Self { yard, dice, project, source, destination, connections, expected, run }
    }

    async fn step(&mut self) {
        match self.dice.below(31) {
            0..=10 => self.arrive().await,
            11..=20 => self.take().await,
            21..=26 => self.finish().await,
            27 => self.yard.clock.advance(self.dice.ms()),
            28 => self.once_more().await,
            29 if self.dice.below(3) == 0 => self.cancel().await,
            30 => self.release().await,
            _ => tokio::task::yield_now().await,
        }
    }

    async fn arrive(&mut self) {
        let mut request = arrival("body");
        (request.project, request.source) = (self.project, self.source);
        self.run.store.accept(request).await.unwrap();
        self.route().await;
    }

    async fn route(&mut self) {
        for arrived in next_arrived(&mut self.run.arrivals, 1).await {
            let connection = self.connections[self.dice.below(2) as usize];
            let number = self.dice.below(KEYS);
            let now = self.run.store.clock().now();
            let (state, due_at) = match self.dice.below(12) {
                0 => (EventState::Scheduled, now.plus(self.dice.ms())),
                1 => (EventState::Held, now),
                _ => (EventState::Queued, now),
            };
            let new = NewEvent {
                connection,
                destination: self.destination,
                state,
                due_at,
                order: key(number),
                ..queued(&self.run.store)
            };
            let event = EventId { request: arrived.request.id, connection };
            self.expected.key_of.insert(event, number);
            self.expected.opens(event);
            self.run.store.record_routed(&arrived, Fields::default(), &[new]);
        }
    }

    /// Takes an event, where there is one soon.
    async fn take(&mut self) {
        let taken = tokio::time::timeout(Duration::from_millis(2), self.run.lane.take()).await;
        let Ok(ready) = taken else { return };
        let event = ready.event;
        assert!(self.expected.is_open(event), "{event} has ended and is handed out");
        let number = self.expected.key_of[&event];
        for other in &self.run.hand {
            assert_ne!(other.event, event, "in two hands");
            let shares_key = number > 0 && self.expected.key_of[&other.event] == number;
            assert!(!shares_key, "{event} is handed out while {} of key {number} is in hand", other.event);
        }
        let mut before = self.expected.open[&number].range(..event);
        let older = before.find(|older| !self.expected.late.contains(*older));
        assert!(
            number == 0 || older.is_none(),
            "{event} goes before {older:?} of key {number}; memory has {}",
            self.yard.options.lane_events_max
        );
        self.expected.late.remove(&event);
        self.run.hand.push(ready);
    }

    async fn finish(&mut self) {
        if self.run.hand.is_empty() {
            return;
        }
        let at = self.dice.below(self.run.hand.len() as u64) as usize;
        let ready = self.run.hand.swap_remove(at);
        let (event, now) = (ready.event, self.run.store.clock().now());
        let was_cancelled = self.expected.cancelled.remove(&event);
        let state = match self.dice.below(11) {
            0..=4 => EventState::Successful,
            5 => EventState::Failed,
            10 => EventState::Discarded,
            6 | 7 => EventState::Scheduled,
            8 => EventState::Held,
            _ if was_cancelled => EventState::Successful,
            _ => return self.run.lane.lane.put_back(ready),
        };
        if state == EventState::Held {
            self.run.store.record_set_aside(&ready, state);
        } else if state == EventState::Discarded {
            self.run.store.record_superseded(&ready, event.request, "it is out of date".to_owned());
        } else {
            let mut made = attempt(&ready, 500, state, now);
            if state == EventState::Scheduled {
                made.due_at = now.plus(self.dice.ms());
            }
            made.project = self.project;
            self.run.store.record_attempt(&ready, &made);
        }
        if was_cancelled || !state.is_undelivered() {
            self.expected.ends(event);
        }
    }

    /// Retries or replays an event that has ended.
    async fn once_more(&mut self) {
        let ended: Vec<EventId> = self.expected.key_of.keys().copied().collect();
        let mut ended: Vec<EventId> = ended.into_iter().filter(|it| !self.expected.is_open(*it)).collect();
        ended.sort_unstable();
        if ended.is_empty() {
            return;
        }
        let event = ended[self.dice.below(ended.len() as u64) as usize];
        self.run.store.settle().await;
        // It is late from here on: its lane may have it before the call returns.
        self.expected.late.insert(event);
        self.expected.opens(event);
        let done = if self.dice.below(2) == 0 {
            self.run.store.retry_by_hand(self.project, event).await
        } else {
            let order = key(self.expected.key_of[&event]);
            let (store, destination) = (self.run.store.clone(), self.destination);
            let answer = async {
                let replay = self.run.replays.recv().await.unwrap();
                let connection = event.connection;
                let new = NewEvent { connection, destination, order, ..queued(&store) };
                store.record_replayed(replay, Fields::default(), new).await;
            };
            tokio::join!(store.replay(self.project, event), answer).0
        };
        done.unwrap();
    }

    async fn cancel(&mut self) {
        let connection = self.connections[self.dice.below(2) as usize];
        self.run.store.cancel_undelivered_of(connection).await.unwrap();
        let open: Vec<EventId> = self.expected.open.values().flatten().copied().collect();
        for event in open.into_iter().filter(|event| event.connection == connection) {
            if self.run.hand.iter().any(|ready| ready.event == event) {
                self.expected.cancelled.insert(event);
            } else {
                self.expected.ends(event);
            }
        }
    }

    async fn release(&mut self) {
        for connection in self.connections.clone() {
            self.run.store.release_held_of(connection).await.unwrap();
        }
    }

    /// The store is gone from one moment to the next, and with it what was in hand.
    async fn restarted(mut self) -> Self {
        let Run { store, arrivals, replays, lane, hand } = self.run;
        lane.stop().await;
        if self.dice.below(2) == 0 {
            store.close();
        }
        drop((store, arrivals, replays, hand));
        self.run = open(&self.yard, self.destination).await;
        for event in std::mem::take(&mut self.expected.cancelled) {
            self.expected.ends(event);
        }
        self
    }

    /// Delivers what is left; all of it has to end.
    async fn drain(&mut self) {
        let began = Instant::now();
        self.release().await;
        while self.expected.open.values().any(|open| !open.is_empty()) {
            assert!(began.elapsed() < GUARD, "these never come: {:?}", self.expected.open);
            self.yard.clock.advance(Duration::from_millis(5));
            self.take().await;
            while let Some(ready) = self.run.hand.pop() {
                self.expected.cancelled.remove(&ready.event);
                deliver(&self.run.store, &ready);
                self.expected.ends(ready.event);
            }
        }
        self.run.store.settle().await;
        assert_eq!(self.run.store.health().undelivered, 0);
        assert!(self.run.lane.lane.take().is_none());
    }
}

async fn simulate(seed: u64) {
    let mut simulation = Simulation::new(seed).await;
    let steps = STEPS.start + simulation.dice.below(STEPS.end - STEPS.start);
    for _ in 0..steps {
        simulation.step().await;
        if simulation.dice.below(50) == 0 {
            simulation = simulation.restarted().await;
        }
    }
    simulation.drain().await;
    simulation.run.lane.stop().await;
}

#[test]
fn whatever_happens_events_of_a_key_go_out_one_after_the_other() {
    let seeds = match std::env::var(SEED) {
        Ok(seeds) => {
            let (first, last) = seeds.split_once('-').unwrap_or((&seeds, &seeds));
            first.parse().unwrap()..=last.parse().unwrap()
        }
        Err(_) => 1..=SEEDS,
    };
    let next = std::sync::atomic::AtomicU64::new(*seeds.start());
    println!("{} lives of a lane", seeds.clone().count());
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                    if seed > *seeds.end() {
                        return;
                    }
                    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                    let run = || runtime.block_on(simulate(seed));
                    if let Err(panic) = std::panic::catch_unwind(std::panic::AssertUnwindSafe(run)) {
                        eprintln!("{SEED}={seed} plays what failed");
                        std::panic::resume_unwind(panic);
                    }
                }
            });
        }
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn thousands_behind_a_blocked_one_cost_a_lane_no_memory() {
    const BEHIND: usize = 2_000;
    let yard = Yard::with(|options| options.lane_events_max = 16);
    let store = yard.open();
    store.recovered().await;
    let mut arrivals = store.arrivals();
    let lane = Filled::new(&store, DESTINATION);
    let mut route_of = async |number: u64, count: usize| {
        let accepts: Vec<_> = (0..count)
            .map(|_| {
                let store = store.clone();
                tokio::spawn(async move { accept(&store, "body").await })
            })
            .collect();
        for accept in accepts {
            accept.await.unwrap().unwrap();
        }
        for arrived in next_arrived(&mut arrivals, count).await {
            let new = NewEvent { order: key(number), ..queued(&store) };
            store.record_routed(&arrived, Fields::default(), &[new]);
        }
    };
    route_of(1, 1).await;
    let first = lane.take().await;
    let due_at = START.plus(Duration::from_secs(3_600));
    store.record_attempt(&first, &attempt(&first, 500, EventState::Scheduled, due_at));
    route_of(1, BEHIND).await;
    for _ in 0..50 {
        route_of(2, 1).await;
        let other = lane.take().await;
        assert_eq!(lane.lane.waiting(), 0);
        deliver(&store, &other);
    }
    yard.clock.advance(Duration::from_secs(3_600));
    lane.lane.wake();
    let mut before = None;
    for _ in 0..=BEHIND {
        let ready = lane.take().await;
        assert!(before < Some(ready.event), "{:?} goes before {before:?}", ready.event);
        assert!(lane.lane.waiting() <= 24);
        before = Some(ready.event);
        deliver(&store, &ready);
    }
    store.settle().await;
    assert_eq!(store.health().undelivered, 0);
    lane.stop().await;
}
