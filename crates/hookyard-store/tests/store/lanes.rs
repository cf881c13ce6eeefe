//! Lanes: bounded in memory, nothing lost beyond the bound, nothing handed out twice in one run.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hookyard_model::attempt::Trigger;
use hookyard_model::event::EventState;
use hookyard_model::id::{ConnectionId, DestinationId, EventId};
use hookyard_model::request::Fields;
use hookyard_store::arrivals::{Arrivals, NewEvent};
use hookyard_store::by_hand::ByHandError;
use hookyard_store::lanes::NoEvent;
use hookyard_store::store::Store;

use crate::harness::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn beyond_the_bound_nothing_is_lost_or_handed_out_twice() {
    const EVENTS: usize = 3_000;
    let yard = Yard::with(|options| options.lane_events_max = 16);
    let store = yard.open();
    store.recovered().await;
    let taken: Arc<Mutex<HashMap<EventId, Vec<u32>>>> = Arc::default();
    let lane = Filled::new(&store, DESTINATION);
    let workers: Vec<_> = (0..6)
        .map(|_| {
            let (store, taken, lane) = (store.clone(), Arc::clone(&taken), Arc::clone(&lane.lane));
            tokio::spawn(async move {
                loop {
                    let Some(ready) = lane.take() else {
                        lane.work().await;
                        continue;
                    };
                    // One in seven fails at first and is due again at once; one in eleven is put back once.
                    let seed = ready.event.request.0;
                    let tries = {
                        let mut taken = taken.lock().unwrap();
                        let tries = taken.entry(ready.event).or_default();
                        tries.push(ready.attempts);
                        tries.len()
                    };
                    if seed % 11 == 3 && tries == 1 {
                        taken.lock().unwrap().get_mut(&ready.event).unwrap()[0] = u32::MAX;
                        lane.put_back(ready);
                    } else if seed % 7 == 1 && ready.attempts == 0 {
                        store.record_attempt(&ready, &attempt(&ready, 500, EventState::Scheduled, START));
                    } else {
                        deliver(&store, &ready);
                    }
                    tokio::task::yield_now().await;
                }
            })
        })
        .collect();
    let mut arrivals = store.arrivals();
    let router = store.clone();
    let routed = tokio::spawn(async move { route(&router, &mut arrivals, EVENTS).await });
    let accepts: Vec<_> = (0..8)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move {
                for _ in 0..EVENTS / 8 {
                    accept(&store, "body").await.unwrap();
                }
            })
        })
        .collect();
    for task in accepts {
        task.await.unwrap();
    }
    let events = routed.await.unwrap();
    until(async || {
        assert!(lane.lane.waiting() <= 32, "{}", lane.lane.waiting());
        store.settle().await;
        store.health().undelivered == 0
    })
    .await;
    let taken = std::mem::take(&mut *taken.lock().unwrap());
    assert_eq!(taken.len(), EVENTS);
    for event in events {
        let seed = event.request.0;
        let expected: &[u32] = match (seed % 11 == 3, seed % 7 == 1) {
            (false, false) => &[0],
            (false, true) => &[0, 1],
            (true, false) => &[u32::MAX, 0],
            (true, true) => &[u32::MAX, 0, 1],
        };
        assert_eq!(taken[&event], expected, "{event}: handed out with these numbers of attempts before");
    }
    workers.iter().for_each(|worker| worker.abort());
    lane.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scheduled_event_comes_when_its_time_has() {
    let yard = Yard::new();
    let store = yard.open();
    store.recovered().await;
    let mut arrivals = store.arrivals();
    let lane = Filled::new(&store, DESTINATION);
    accept(&store, "body").await.unwrap();
    route(&store, &mut arrivals, 1).await;
    let ready = lane.take().await;
    let due_at = START.plus(Duration::from_secs(3_600));
    store.record_attempt(&ready, &attempt(&ready, 500, EventState::Scheduled, due_at));
    store.settle().await;
    // Another event goes through and is not followed by the first.
    lane.lane.wake();
    accept(&store, "body").await.unwrap();
    let other = route(&store, &mut arrivals, 1).await;
    let next = lane.take().await;
    assert_eq!(next.event, other[0]);
    deliver(&store, &next);
    yard.clock.advance(Duration::from_secs(3_600));
    lane.lane.wake();
    let again = lane.take().await;
    assert_eq!((again.event, again.attempts, again.trigger), (ready.event, 1, Trigger::Retry));
    lane.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_beyond_the_bound_are_read_back() {
    let yard = Yard::with(|options| options.lanes_bytes_max = 10_000);
    let store = yard.open();
    store.recovered().await;
    let mut arrivals = store.arrivals();
    let lane = Filled::new(&store, DESTINATION);
    // The lane has to be there, and filled, to be offered anything.
    accept(&store, "first").await.unwrap();
    route(&store, &mut arrivals, 1).await;
    deliver(&store, &lane.take().await);
    for n in 0..20_u8 {
        accept(&store, vec![n; 4_000]).await.unwrap();
    }
    route(&store, &mut arrivals, 20).await;
    let mut seen = Vec::new();
    for _ in 0..20 {
        let ready = lane.take().await;
        let request = store.request_of(&ready).await.unwrap();
        assert_eq!((request.id, request.body.len()), (ready.event.request, 4_000));
        seen.push(request.body[0]);
        deliver(&store, &ready);
    }
    seen.sort_unstable();
    assert_eq!(seen, (0..20).collect::<Vec<u8>>());
    lane.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn held_released_cancelled() {
    let yard = Yard::new();
    let store = yard.open();
    store.recovered().await;
    let mut arrivals = store.arrivals();
    let lane = Filled::new(&store, DESTINATION);
    for _ in 0..3 {
        accept(&store, "body").await.unwrap();
    }
    let arrived = next_arrived(&mut arrivals, 3).await;
    let on = |connection| NewEvent { connection: ConnectionId(connection), ..queued(&store) };
    let held = |connection| NewEvent { state: EventState::Held, ..on(connection) };
    store.record_routed(&arrived[0], Fields::default(), &[held(7)]);
    store.record_routed(&arrived[1], Fields::default(), &[held(7)]);
    store.record_routed(&arrived[2], Fields::default(), &[held(8), on(9)]);
    store.settle().await;
    let ready = lane.take().await;
    assert_eq!(ready.event.connection, ConnectionId(9));
    store.record_set_aside(&ready, EventState::Held);
    store.settle().await;
    let mut with_held = store.connections_with_held().await.unwrap();
    with_held.sort();
    assert_eq!(with_held, [7, 8, 9].map(ConnectionId));
    assert_eq!(store.undelivered_of(ConnectionId(7)).await.unwrap(), 2);

    assert_eq!(store.release_held_of(ConnectionId(7)).await.unwrap(), 2);
    let mut released = [lane.take().await.event, lane.take().await.event];
    released.sort();
    assert_eq!(released.map(|event| event.request), [arrived[0].request.id, arrived[1].request.id]);
    assert_eq!(store.cancel_undelivered_of(ConnectionId(8)).await.unwrap(), 1);
    assert_eq!(store.undelivered_of(ConnectionId(8)).await.unwrap(), 0);
    assert_eq!(store.connections_with_held().await.unwrap(), [ConnectionId(9)]);
    lane.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_cancelled_leaves_memory_and_stays_cancelled() {
    let yard = Yard::new();
    let store = yard.open();
    store.recovered().await;
    let mut arrivals = store.arrivals();
    let lane = Filled::new(&store, DESTINATION);
    for _ in 0..3 {
        accept(&store, "body").await.unwrap();
    }
    let events = route(&store, &mut arrivals, 3).await;
    let under_way = lane.take().await;
    until(async || lane.lane.waiting() == 2).await;
    assert_eq!(store.cancel_undelivered_of(CONNECTION).await.unwrap(), 3);
    assert!(lane.lane.take().is_none(), "what is cancelled is not handed out");
    // The attempt that was under way is finished, and is the last.
    store.record_attempt(&under_way, &attempt(&under_way, 500, EventState::Scheduled, START));
    store.settle().await;
    for event in events {
        let found = store.event(PROJECT, event).await.unwrap().unwrap();
        assert_eq!(found.state, EventState::Cancelled);
        assert_eq!(found.attempts, u32::from(event == under_way.event));
    }
    assert_eq!(store.health().undelivered, 0);
    lane.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn retried_by_hand() {
    let yard = Yard::new();
    let store = yard.open();
    store.recovered().await;
    let joined = Joined::new(&store).await;
    let project = joined.project;
    let mut arrivals = store.arrivals();
    let lane = Filled::new(&store, joined.destination);
    joined.event(&store, &mut arrivals).await;
    let ready = lane.take().await;
    let mut made = attempt(&ready, 400, EventState::Failed, START);
    made.project = project;
    store.record_attempt(&ready, &made);
    store.settle().await;
    for attempts in 1..4 {
        let summary = store.retry_by_hand(project, ready.event).await.unwrap();
        assert_eq!(summary.state, EventState::Queued);
        let again = lane.take().await;
        assert_eq!((again.event, again.attempts, again.trigger), (ready.event, attempts, Trigger::Manual));
        deliver(&store, &again);
        store.settle().await;
        assert_eq!(store.event(project, ready.event).await.unwrap().unwrap().state, EventState::Successful);
    }
    assert_eq!(store.attempts(project, ready.event).await.unwrap().unwrap().len(), 4);
    let unknown = EventId { connection: ConnectionId(99), ..ready.event };
    assert!(matches!(store.retry_by_hand(project, unknown).await, Err(ByHandError::NotFound)));
    lane.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_lane_keeps_its_events_in_the_index_and_gives_its_bytes_back() {
    let yard = Yard::with(|options| options.lanes_bytes_max = 5_000);
    let store = yard.open();
    store.recovered().await;
    let mut arrivals = store.arrivals();
    for _ in 0..3 {
        let lane = Filled::new(&store, DESTINATION);
        accept(&store, vec![1; 4_000]).await.unwrap();
        route(&store, &mut arrivals, 1).await;
        until(async || lane.lane.waiting() > 0).await;
        lane.stop().await;
        store.close_lane(DESTINATION);
    }
    let lane = Filled::new(&store, DESTINATION);
    for _ in 0..3 {
        let ready = lane.take().await;
        deliver(&store, &ready);
    }
    store.settle().await;
    assert_eq!(store.health().undelivered, 0);
    assert!(Filled::new(&store, DestinationId(77)).lane.take().is_none());
    lane.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_filler_that_is_stopped_midway_leaves_the_lane_behind() {
    let yard = Yard::with(|options| options.lane_events_max = 4);
    let store = yard.open();
    store.recovered().await;
    let mut arrivals = store.arrivals();
    for _ in 0..40 {
        accept(&store, "body").await.unwrap();
    }
    route(&store, &mut arrivals, 40).await;
    let mut taken = std::collections::HashSet::new();
    while taken.len() < 40 {
        // Stopped after whatever it got to.
        let lane = Filled::new(&store, DESTINATION);
        tokio::task::yield_now().await;
        for _ in 0..taken.len() % 3 {
            tokio::task::yield_now().await;
        }
        lane.stop().await;
        let filled = Filled::new(&store, DESTINATION);
        let ready = filled.take().await;
        assert!(taken.insert(ready.event), "handed out twice");
        deliver(&store, &ready);
        filled.stop().await;
    }
}

/// Routes the next request along this connection.
async fn route_along(store: &Store, arrivals: &mut Arrivals, connection: ConnectionId) -> EventId {
    let arrived = next_arrived(arrivals, 1).await.remove(0);
    store.record_routed(&arrived, Fields::default(), &[NewEvent { connection, ..queued(store) }]);
    EventId { request: arrived.request.id, connection }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_with_a_backlog_keeps_no_other_out_of_memory() {
    const BACKLOG: usize = 300;
    let yard = Yard::with(|options| options.lane_events_max = 16);
    let store = yard.open();
    store.recovered().await;
    let mut arrivals = store.arrivals();
    let lane = Filled::new(&store, DESTINATION);
    let (noisy, quiet) = (ConnectionId(5), ConnectionId(6));
    for _ in 0..BACKLOG {
        accept(&store, "noise").await.unwrap();
        route_along(&store, &mut arrivals, noisy).await;
    }
    until(async || lane.lane.waiting() == 16).await;
    accept(&store, "a word").await.unwrap();
    let word = route_along(&store, &mut arrivals, quiet).await;
    assert!(lane.lane.waiting() <= 16);
    let first = [lane.take().await, lane.take().await];
    assert!(first.iter().any(|ready| ready.event == word), "{first:?}");
    first.iter().for_each(|ready| drop(deliver(&store, ready)));
    // What gave way is not lost, and comes once.
    let mut seen = std::collections::HashSet::from(first.map(|ready| ready.event));
    while seen.len() < BACKLOG + 1 {
        let ready = lane.take().await;
        assert!(seen.insert(ready.event), "handed out twice");
        assert!(lane.lane.waiting() <= 16);
        deliver(&store, &ready);
    }
    store.settle().await;
    assert_eq!(store.health().undelivered, 0);
    lane.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_storm_of_retries_lets_fresh_events_pass_and_a_restart_is_fair_too() {
    const STORM: usize = 100;
    let yard = Yard::with(|options| options.lane_events_max = 16);
    let store = yard.open();
    store.recovered().await;
    let mut arrivals = store.arrivals();
    let lane = Filled::new(&store, DESTINATION);
    let soon = START.plus(Duration::from_secs(60));
    for _ in 0..STORM {
        accept(&store, "body").await.unwrap();
        route(&store, &mut arrivals, 1).await;
        let ready = lane.take().await;
        store.record_attempt(&ready, &attempt(&ready, 503, EventState::Scheduled, soon));
    }
    store.settle().await;
    yard.clock.advance(Duration::from_secs(60));
    lane.lane.wake();
    until(async || lane.lane.waiting() == 16).await;
    for _ in 0..3 {
        accept(&store, "body").await.unwrap();
        let fresh = route(&store, &mut arrivals, 1).await[0];
        let next = [lane.take().await, lane.take().await];
        assert!(next.iter().any(|ready| ready.event == fresh), "{next:?}");
        next.iter().for_each(|ready| drop(deliver(&store, ready)));
    }
    // Of what a restart finds, other connections and fresh events are not behind all that was due before.
    for _ in 0..3 {
        accept(&store, "body").await.unwrap();
    }
    let late = [
        route_along(&store, &mut arrivals, CONNECTION).await,
        route_along(&store, &mut arrivals, ConnectionId(8)).await,
        route_along(&store, &mut arrivals, ConnectionId(9)).await,
    ];
    store.settle().await;
    lane.stop().await;
    drop(arrivals);
    drop(store);
    let store = yard.open();
    store.recovered().await;
    let lane = Filled::new(&store, DESTINATION);
    until(async || lane.lane.left_over().is_some()).await;
    assert_eq!(lane.lane.left_over(), Some(16));
    let mut next = Vec::new();
    for _ in 0..8 {
        next.push(lane.take().await.event);
    }
    assert!(late.iter().all(|event| next.contains(event)), "{late:?} {next:?}");
    lane.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_governed_lane_gives_and_nobody_takes() {
    let yard = Yard::new();
    let store = yard.open();
    store.recovered().await;
    let mut arrivals = store.arrivals();
    let lane = Filled::new(&store, DESTINATION);
    let waiting = {
        let lane = Arc::clone(&lane.lane);
        tokio::spawn(async move { lane.next().await.map(|ready| ready.event) })
    };
    lane.lane.govern(true);
    assert_eq!(waiting.await.unwrap(), Err(NoEvent::Governed));
    accept(&store, "body").await.unwrap();
    let event = route(&store, &mut arrivals, 1).await[0];
    assert_eq!(lane.take().await.event, event);
    accept(&store, "body").await.unwrap();
    let other = route(&store, &mut arrivals, 1).await[0];
    until(async || lane.lane.waiting() == 1).await;
    assert_eq!(lane.lane.next().await.map(|ready| ready.event), Err(NoEvent::Governed));
    lane.lane.govern(false);
    assert_eq!(lane.lane.next().await.map(|ready| ready.event), Ok(other));
    lane.stop().await;
}
