//! What was delivered where only the latest is wanted: of each thing the newest, in memory and in the index, across
//! restarts and rebuilds.

use std::time::Duration;

use hookyard_model::attempt::Attempt;
use hookyard_model::clock::Timestamp;
use hookyard_model::event::EventState;
use hookyard_model::id::{ConnectionId, DestinationId, RequestId};
use hookyard_model::request::Fields;
use hookyard_model::rule::{
    DELIVERED_REMEMBERED, Delivered, DiscardCause, Revision, RevisionKey, RuleKind, Ruling, Step,
};
use hookyard_store::arrivals::{Arrivals, NewEvent};
use hookyard_store::lanes::Ready;
use hookyard_store::store::Store;

use crate::harness::*;

/// What the rule says of an event that tells of a thing as of then.
fn told(thing: u8, at_us: u64) -> Ruling {
    let step = Step { kind: RuleKind::Stale, detail: String::new(), execution: None };
    let revision = Revision { of: RevisionKey([thing; 16]), at: Timestamp::from_us(at_us) };
    Ruling { revision: Some(revision), steps: vec![step], ..Ruling::default() }
}

/// One life of a store.
struct Life {
    store: Store,
    arrivals: Arrivals,
    lane: Filled,
}

impl Life {
    async fn begin(yard: &Yard) -> Self {
        Self::of(yard, DESTINATION).await
    }

    async fn of(yard: &Yard, destination: DestinationId) -> Self {
        let store = yard.open();
        store.recovered().await;
        Self { arrivals: store.arrivals(), lane: Filled::new(&store, destination), store }
    }

    async fn end(self) {
        self.lane.stop().await;
    }

    /// An event of this thing and time, handed out by its lane.
    async fn event(&mut self, connection: u64, thing: u8, at_us: u64) -> Ready {
        accept(&self.store, vec![b'x'; 300]).await.unwrap();
        for arrived in next_arrived(&mut self.arrivals, 1).await {
            let (connection, ruling) = (ConnectionId(connection), told(thing, at_us));
            let new = NewEvent { connection, ruling, ..queued(&self.store) };
            self.store.record_routed(&arrived, Fields::default(), &[new]);
        }
        self.lane.take().await
    }

    async fn delivered(&mut self, connection: u64, thing: u8, at_us: u64) -> RequestId {
        let ready = self.event(connection, thing, at_us).await;
        deliver(&self.store, &ready);
        ready.event.request
    }

    /// The time of the newest that was delivered, in µs, and whose it is.
    async fn newest(&self, connection: u64, thing: u8) -> Option<(u64, RequestId)> {
        let newest = self.store.newest_delivered(ConnectionId(connection), RevisionKey([thing; 16])).await;
        newest.unwrap().map(|Delivered { at, request }| (at.us(), request))
    }
}

fn yard(keys_max: usize) -> Yard {
    Yard::with(|options| {
        options.segment_bytes = 1 << 10;
        options.latest_keys_max = keys_max;
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn the_newest_of_each_thing_is_known_whatever_happens() {
    // With room for all, and with room for one only.
    for keys_max in [100, 1] {
        let yard = yard(keys_max);
        let mut life = Life::begin(&yard).await;
        let first = life.delivered(1, 1, 10).await;
        assert_eq!(life.newest(1, 1).await, Some((10, first)));
        assert_eq!((life.newest(1, 2).await, life.newest(2, 1).await), (None, None));
        let failed = life.event(1, 1, 99).await;
        life.store.record_attempt(&failed, &attempt(&failed, 500, EventState::Failed, START));
        let newest = life.delivered(1, 1, 20).await;
        // Of the same time, older, and of others: all far behind it, in other partitions.
        let mut others = Vec::new();
        for number in 0..60 {
            let same = life.delivered(1, 1, 20 - number % 3).await;
            assert_ne!(same, newest);
            others.push((number as u8 + 10, life.delivered(1, number as u8 + 10, 7).await));
        }
        assert_eq!(life.newest(1, 1).await, Some((20, newest)), "{keys_max}");
        let expected = Some((20, newest));
        for is_rebuilt in [false, true] {
            life.store.settle().await;
            assert!(yard.partitions().len() > 2, "{:?}", yard.partitions());
            assert_eq!(life.newest(1, 1).await, expected, "{keys_max} {is_rebuilt}");
            if is_rebuilt {
                life.store.reindex().await;
                assert_eq!(life.newest(1, 1).await, expected, "{keys_max}");
            }
            life.end().await;
            life = Life::begin(&yard).await;
            assert_eq!(life.newest(1, 1).await, expected, "{keys_max} {is_rebuilt}");
            for (thing, request) in &others {
                assert_eq!(life.newest(1, *thing).await, Some((7, *request)), "{keys_max} {is_rebuilt}");
            }
        }
        let newer = life.delivered(1, 1, 21).await;
        assert_eq!(life.newest(1, 1).await, Some((21, newer)), "{keys_max}");
        life.end().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_long_ago_is_not_remembered() {
    for is_in_memory in [true, false] {
        let yard = yard(100);
        let mut life = Life::begin(&yard).await;
        let first = life.delivered(1, 1, 20).await;
        assert_eq!(life.newest(1, 1).await, Some((20, first)));
        yard.clock.advance(DELIVERED_REMEMBERED / 2);
        let second = life.delivered(1, 1, 10).await;
        yard.clock.advance(DELIVERED_REMEMBERED / 2 + Duration::from_millis(2));
        if !is_in_memory {
            life.store.settle().await;
            life.end().await;
            life = Life::begin(&yard).await;
        }
        life.store.settle().await;
        // The index may have forgotten the second, which was not the newest then.
        assert!(matches!(life.newest(1, 1).await, None | Some((10, _))), "{first} {second}");
        let third = life.delivered(1, 1, 5).await;
        life.store.settle().await;
        assert_eq!(life.newest(1, 1).await.map(|(_, of)| of > first), Some(true), "{third}");
        life.end().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_past_retention_is_not_remembered() {
    const KEPT: Duration = Duration::from_secs(24 * 3_600);
    let yard = Yard::with(|options| {
        options.segment_bytes = 1 << 10;
        options.retention = Some(KEPT);
    });
    let mut life = Life::begin(&yard).await;
    let old = life.delivered(1, 1, 20).await;
    // Its segment has to be finished, or it lives on.
    for _ in 0..12 {
        life.delivered(1, 3, 1).await;
    }
    life.store.settle().await;
    assert_eq!(life.newest(1, 1).await, Some((20, old)));
    yard.clock.advance(KEPT * 2);
    for _ in 0..12 {
        life.delivered(1, 2, 1).await;
    }
    until(async || life.store.request(PROJECT, old).await.unwrap().is_none()).await;
    assert_eq!(life.newest(1, 1).await, None);
    life.end().await;
}

/// A life in which people can do something to events.
async fn joined(yard: &Yard) -> (Life, Joined) {
    let store = yard.open();
    store.recovered().await;
    let joined = Joined::new(&store).await;
    drop(store);
    (Life::of(yard, joined.destination).await, joined)
}

impl Life {
    async fn event_along(&mut self, joined: &Joined, at_us: u64) -> Ready {
        joined.accept(&self.store).await;
        for arrived in next_arrived(&mut self.arrivals, 1).await {
            let new = replayable(&self.store, joined, at_us);
            self.store.record_routed(&arrived, Fields::default(), &[new]);
        }
        self.lane.take().await
    }

    fn attempted(&self, joined: &Joined, ready: &Ready, state: EventState) {
        let made = Attempt { project: joined.project, ..attempt(ready, 500, state, START) };
        self.store.record_attempt(ready, &made);
    }
}

fn replayable(store: &Store, joined: &Joined, at_us: u64) -> NewEvent {
    let (connection, destination) = (joined.connection, joined.destination);
    NewEvent { connection, destination, ruling: told(1, at_us), ..queued(store) }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_superseded_is_discarded_for_good_unless_a_person_wants_it() {
    let yard = yard(100);
    let (mut life, joined) = joined(&yard).await;
    let older = life.event_along(&joined, 10).await;
    let newer = life.event_along(&joined, 20).await;
    life.attempted(&joined, &newer, EventState::Successful);
    let (event, newer) = (older.event, newer.event.request);
    assert_eq!(older.may_be_superseded().map(|revision| revision.at.us()), Some(10));
    life.store.record_superseded(&older, newer, "too late".to_owned());
    let shown = async |store: &Store| {
        store.settle().await;
        let details = store.event_details(joined.project, event).await.unwrap().unwrap();
        let steps: Vec<_> = details.ruling.steps.iter().map(|step| step.detail.clone()).collect();
        assert_eq!(details.ruling.revision, told(1, 10).revision);
        (details.summary.state, details.summary.discarded, details.ruling.superseded_by, steps)
    };
    let steps = vec![String::new(), "too late".to_owned()];
    let expected = (EventState::Discarded, Some(DiscardCause::Stale), Some(newer), steps.clone());
    for is_rebuilt in [false, true] {
        assert_eq!(shown(&life.store).await, expected, "{is_rebuilt}");
        assert_eq!(life.store.health().undelivered, 0);
        if is_rebuilt {
            life.store.reindex().await;
        }
        life.end().await;
        life = Life::of(&yard, joined.destination).await;
    }

    // Retried by hand it goes out, also where that takes more than one attempt.
    life.store.retry_by_hand(joined.project, event).await.unwrap();
    for state in [EventState::Scheduled, EventState::Successful] {
        let ready = life.lane.take().await;
        assert_eq!((ready.event, ready.may_be_superseded(), ready.revision().is_some()), (event, None, true));
        life.attempted(&joined, &ready, state);
    }
    let (state, discarded, ..) = shown(&life.store).await;
    assert_eq!((state, discarded), (EventState::Successful, None));
    assert_eq!(life.newest(joined.connection.0, 1).await, Some((20, newer)), "the newest stays that");
    life.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_is_compared_again_also_where_it_was_held() {
    let yard = yard(100);
    let (mut life, joined) = joined(&yard).await;
    let mut replays = life.store.replays().unwrap();
    let first = life.event_along(&joined, 10).await;
    life.attempted(&joined, &first, EventState::Failed);
    life.store.settle().await;
    life.store.retry_by_hand(joined.project, first.event).await.unwrap();
    let regardless = life.lane.take().await;
    assert_eq!(regardless.may_be_superseded(), None);
    life.attempted(&joined, &regardless, EventState::Failed);
    life.store.settle().await;
    let answer = async {
        let replay = replays.recv().await.unwrap();
        let new = replayable(&life.store, &joined, 11);
        life.store.record_replayed(replay, Fields::default(), new).await;
    };
    let replayed = tokio::join!(life.store.replay(joined.project, first.event), answer).0;
    assert_eq!(replayed.unwrap().state, EventState::Queued);
    for round in ["replayed", "released"] {
        let ready = life.lane.take().await;
        assert_eq!(ready.may_be_superseded().map(|revision| revision.at.us()), Some(11), "{round}");
        life.store.record_set_aside(&ready, EventState::Held);
        assert_eq!(life.store.release_held_of(joined.connection).await.unwrap(), 1);
    }
    life.end().await;
}
