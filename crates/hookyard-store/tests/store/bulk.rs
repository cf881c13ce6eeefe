//! Bulk operations: what a plan says, what is left out, the rate, cancelling, and taking one up after a crash.

use std::time::Duration;

use hookyard_model::event::EventState;
use hookyard_model::id::{BulkOperationId, EventId};
use hookyard_store::arrivals::Arrivals;
use hookyard_store::bulk::{LeftOut, NewOperation, Operation, OperationState, Order, StartError, StopError};
use hookyard_store::by_hand::{Action, ByHandError};
use hookyard_store::history::{EventFilter, Page};
use hookyard_store::store::Store;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::harness::*;

fn order(action: Action, state: Option<EventState>) -> Order {
    let filter = EventFilter { state, ..EventFilter::default() };
    Order { action, filter, include_successful: false, up_to: None }
}

fn at_rate(order: Order, rate_per_s: u32) -> NewOperation {
    NewOperation { order, rate_per_s, events_max: None }
}

/// The task that carries operations out, until this is told to stop.
struct Runner {
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Runner {
    fn start(store: &Store) -> Self {
        let (stop, stopped) = watch::channel(false);
        let store = store.clone();
        Self { stop, task: tokio::spawn(async move { store.run_bulk_operations(stopped).await }) }
    }

    async fn stop(self) {
        self.stop.send_replace(true);
        self.task.await.unwrap();
    }
}

/// The operation once it is as wanted.
async fn operation_until(
    store: &Store,
    joined: &Joined,
    id: BulkOperationId,
    wanted: impl Fn(&Operation) -> bool,
) -> Operation {
    let mut found = None;
    until(async || {
        found = store.bulk_operation(joined.project, id).await.unwrap();
        found.as_ref().is_some_and(&wanted)
    })
    .await;
    found.unwrap()
}

async fn ended(store: &Store, joined: &Joined, id: BulkOperationId) -> Operation {
    operation_until(store, joined, id, |it| it.state != OperationState::Running).await
}

/// Events in these states, each from one attempt, oldest first.
async fn events_in(
    store: &Store,
    joined: &Joined,
    arrivals: &mut Arrivals,
    lane: &Filled,
    states: &[EventState],
) -> Vec<EventId> {
    let mut events = Vec::new();
    for state in states {
        let event = joined.event(store, arrivals).await;
        let status = if *state == EventState::Successful { 200 } else { 500 };
        assert_eq!(joined.attempt(store, lane, status, *state).await, event);
        store.settle().await;
        events.push(event);
    }
    events
}

async fn state_of(store: &Store, joined: &Joined, event: EventId) -> (EventState, u32) {
    let found = store.event(joined.project, event).await.unwrap().unwrap();
    (found.state, found.attempts)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_counts_what_a_run_then_does_and_what_was_delivered_is_left_alone() {
    use EventState::{Failed, Scheduled, Successful};
    let yard = Yard::new();
    let store = yard.open();
    let joined = Joined::new(&store).await;
    let (mut arrivals, lane) = (store.arrivals(), Filled::new(&store, joined.destination));
    let events =
        events_in(&store, &joined, &mut arrivals, &lane, &[Failed, Successful, Failed, Scheduled, Failed])
            .await;
    store.cancel(joined.project, events[4]).await.unwrap_err();
    store.cancel(joined.project, events[3]).await.unwrap();

    let everything = order(Action::Retry, None);
    let plan = store.plan_bulk(joined.project, everything.clone()).await.unwrap();
    assert_eq!((plan.matched, plan.to_do, plan.is_exact), (5, 3, true));
    assert_eq!(plan.states, [(Successful, 1), (Failed, 3), (EventState::Cancelled, 1)]);
    let left_out = [(LeftOut::Successful, 1), (LeftOut::StateNotNamed, 1)];
    assert_eq!(plan.left_out, left_out.into());
    let sample: Vec<EventId> = plan.sample.iter().map(|event| event.id).collect();
    assert_eq!(sample, [events[4], events[2], events[0]]);

    // More has failed than the plan said; without looking at what came later, it has not.
    let later = events_in(&store, &joined, &mut arrivals, &lane, &[Failed]).await[0];
    let guarded = NewOperation { events_max: Some(3), ..at_rate(everything.clone(), 1_000) };
    let refused = store.start_bulk(joined.project, guarded.clone()).await;
    assert!(matches!(refused, Err(StartError::MoreEvents { to_do: 4, events_max: 3, .. })), "{refused:?}");
    let frozen = Order { up_to: Some(plan.up_to), ..everything };
    let started = store.start_bulk(joined.project, NewOperation { order: frozen, ..guarded.clone() }).await;
    let id = started.unwrap().id;
    let second = store.start_bulk(joined.project, NewOperation { events_max: None, ..guarded }).await;
    assert!(matches!(second, Err(StartError::Running(running)) if running == id), "{second:?}");

    let runner = Runner::start(&store);
    let done = ended(&store, &joined, id).await;
    assert_eq!((done.state, done.progress.done), (OperationState::Finished, 3));
    assert_eq!((done.matched, done.to_do, done.progress.left_out), (5, 3, left_out.into()));
    assert!(done.progress.failed.is_empty());
    for _ in 0..3 {
        joined.attempt(&store, &lane, 200, Successful).await;
    }
    store.settle().await;
    for event in [events[0], events[2], events[4]] {
        assert_eq!(state_of(&store, &joined, event).await, (Successful, 2));
    }
    assert_eq!(state_of(&store, &joined, events[1]).await, (Successful, 1));
    assert_eq!(state_of(&store, &joined, events[3]).await, (EventState::Cancelled, 1));
    assert_eq!(state_of(&store, &joined, later).await, (Failed, 1));

    // Asked for, they are sent once more; the rate counts what was sent before.
    yard.clock.advance(Duration::from_secs(1));
    let again = Order { include_successful: true, ..order(Action::Retry, Some(Successful)) };
    let id = store.start_bulk(joined.project, at_rate(again, 1_000)).await.unwrap().id;
    assert_eq!(ended(&store, &joined, id).await.progress.done, 4);
    runner.stop().await;
    lane.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rate_holds_and_a_cancelled_operation_goes_no_further() {
    let yard = Yard::new();
    let store = yard.open();
    let joined = Joined::new(&store).await;
    let (mut arrivals, lane) = (store.arrivals(), Filled::new(&store, joined.destination));
    let events = events_in(&store, &joined, &mut arrivals, &lane, &[EventState::Failed; 12]).await;
    let new = at_rate(order(Action::Retry, Some(EventState::Failed)), 8);
    let id = store.start_bulk(joined.project, new).await.unwrap().id;
    let runner = Runner::start(&store);
    // Half a second's worth at a time, the newest first, and the clock stands still.
    for batch in 1..3_u64 {
        operation_until(&store, &joined, id, |it| it.progress.done == batch * 4).await;
        for _ in 0..4 {
            joined.attempt(&store, &lane, 200, EventState::Successful).await;
        }
        assert!(lane.lane.take().is_none());
        if batch == 1 {
            yard.clock.advance(Duration::from_millis(499));
            assert_eq!(store.bulk_operation(joined.project, id).await.unwrap().unwrap().progress.done, 4);
            yard.clock.advance(Duration::from_millis(1));
        }
    }
    let stopped = store.cancel_bulk(joined.project, id).await.unwrap();
    assert_eq!(stopped.state, OperationState::Cancelled);
    let again = store.cancel_bulk(joined.project, id).await;
    assert!(matches!(again, Err(StopError::Ended(OperationState::Cancelled))), "{again:?}");
    yard.clock.advance(Duration::from_secs(60));
    // Another one is begun behind it: the first does not go on.
    let none = order(Action::Cancel, Some(EventState::Held));
    let other = store.start_bulk(joined.project, at_rate(none, 8)).await.unwrap();
    assert_eq!(ended(&store, &joined, other.id).await.progress.done, 0);
    store.settle().await;
    for (place, event) in events.iter().enumerate() {
        let expected = if place < 4 { (EventState::Failed, 1) } else { (EventState::Successful, 2) };
        assert_eq!(state_of(&store, &joined, *event).await, expected, "{place}");
    }
    let page = Page { before: None, limit: 10 };
    let listed = store.bulk_operations(joined.project, page).await.unwrap();
    assert_eq!(listed.iter().map(|it| it.id).collect::<Vec<_>>(), [other.id, id]);
    runner.stop().await;
    lane.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_done_before_a_crash_is_not_done_again() {
    let yard = Yard::new();
    let store = yard.open();
    let joined = Joined::new(&store).await;
    let (mut arrivals, lane) = (store.arrivals(), Filled::new(&store, joined.destination));
    let events = events_in(&store, &joined, &mut arrivals, &lane, &[EventState::Failed; 12]).await;
    let new = at_rate(order(Action::Retry, Some(EventState::Failed)), 8);
    let id = store.start_bulk(joined.project, new).await.unwrap().id;
    let runner = Runner::start(&store);
    operation_until(&store, &joined, id, |it| it.progress.done == 4).await;
    runner.stop().await;
    for _ in 0..4 {
        joined.attempt(&store, &lane, 500, EventState::Failed).await;
    }
    // The second batch, events 7 to 4, is stored. That the process dies within it looks like this: it was done to
    // three of them; of these one waits still, one was delivered, one has failed again.
    for (event, outcome) in [
        (events[7], Some((200, EventState::Successful))),
        (events[6], Some((500, EventState::Failed))),
        (events[5], None),
    ] {
        store.act(Action::Retry, joined.project, event).await.unwrap();
        if let Some((status, state)) = outcome {
            assert_eq!(joined.attempt(&store, &lane, status, state).await, event);
        }
    }
    store.settle().await;
    lane.stop().await;
    drop((store, arrivals));

    let store = yard.open();
    yard.clock.advance(Duration::from_secs(60));
    let runner = Runner::start(&store);
    let lane = Filled::new(&store, joined.destination);
    // Its rest of the batch, and the one waiting from before.
    operation_until(&store, &joined, id, |it| it.progress.done == 8).await;
    yard.clock.advance(Duration::from_secs(60));
    let done = ended(&store, &joined, id).await;
    assert_eq!((done.state, done.progress.done), (OperationState::Finished, 12));
    assert!(done.progress.left_out.is_empty() && done.progress.failed.is_empty(), "{done:?}");
    for _ in 0..6 {
        joined.attempt(&store, &lane, 200, EventState::Successful).await;
    }
    store.settle().await;
    assert!(lane.lane.take().is_none());
    for event in events {
        assert_eq!(state_of(&store, &joined, event).await.1, 2, "{event}");
    }
    runner.stop().await;
    lane.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cancelling_in_bulk_takes_events_out_of_memory() {
    let yard = Yard::new();
    let store = yard.open();
    let joined = Joined::new(&store).await;
    let lane = Filled::new(&store, joined.destination);
    let mut arrivals = store.arrivals();
    let mut events = Vec::new();
    for _ in 0..5 {
        events.push(joined.event(&store, &mut arrivals).await);
    }
    until(async || lane.lane.waiting() == 5).await;
    let under_way = lane.take().await;
    let id = store.start_bulk(joined.project, at_rate(order(Action::Cancel, None), 1_000)).await.unwrap().id;
    let runner = Runner::start(&store);
    let done = ended(&store, &joined, id).await;
    assert_eq!((done.progress.done, done.progress.left_out.len()), (5, 0));
    assert_eq!(lane.lane.waiting(), 0);
    // The attempt that was under way is finished, and its success counts.
    let due_at = store.clock().now();
    let mut made = attempt(&under_way, 200, EventState::Successful, due_at);
    made.project = joined.project;
    store.record_attempt(&under_way, &made);
    store.settle().await;
    for event in events {
        let expected = if event == under_way.event { EventState::Successful } else { EventState::Cancelled };
        assert_eq!(state_of(&store, &joined, event).await.0, expected);
    }
    let again = store.cancel(joined.project, under_way.event).await;
    assert!(matches!(again, Err(ByHandError::NotCancellable(EventState::Successful))), "{again:?}");
    assert_eq!(store.health().undelivered, 0);
    runner.stop().await;
    lane.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ended_operations_are_forgotten_after_a_month() {
    let yard = Yard::new();
    let store = yard.open();
    let joined = Joined::new(&store).await;
    let runner = Runner::start(&store);
    let nothing = at_rate(order(Action::Cancel, None), 10);
    let first = store.start_bulk(joined.project, nothing.clone()).await.unwrap().id;
    ended(&store, &joined, first).await;
    yard.clock.advance(Duration::from_secs(30 * 24 * 3600));
    assert!(store.bulk_operation(joined.project, first).await.unwrap().is_some());
    yard.clock.advance(Duration::from_millis(1));
    assert!(store.bulk_operation(joined.project, first).await.unwrap().is_none());
    let second = store.start_bulk(joined.project, nothing).await.unwrap().id;
    assert!(second > first);
    let page = Page { before: None, limit: 10 };
    let listed = store.bulk_operations(joined.project, page).await.unwrap();
    assert_eq!(listed.iter().map(|it| it.id).collect::<Vec<_>>(), [second]);
    runner.stop().await;
}
