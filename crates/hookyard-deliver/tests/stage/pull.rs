//! Events that are asked for: who gets which when, and what becomes of those that nobody answers.

use std::sync::atomic::Ordering;
use std::time::Duration;

use hookyard_model::attempt::{ErrorKind, Outcome, Trigger};
use hookyard_model::destination::{Pull, Reach};
use hookyard_model::event::EventState;
use hookyard_model::id::{EventId, LeaseId};
use hookyard_model::order::OrderKey;
use hookyard_model::pacing::Pacing;
use hookyard_store::lanes::{ChangeError, ChangeTo, LeaseState, Leased, NotServed};

use crate::yard::{Running, Yard};

const LEASE: Duration = Duration::from_secs(30);
/// The wait before the second attempt.
const WAIT: Duration = Duration::from_millis(10);
const LONG: Duration = Duration::from_secs(600);
const NOW: Duration = Duration::ZERO;

/// The stage at work for a destination whose events are asked for, with two attempts for each.
async fn running(yard: &Yard, concurrency: u32) -> Running {
    let running = yard.start().await;
    let reach = Reach::Pull(Pull { lease: LEASE });
    running.join_to(reach, concurrency, Pacing::pulled(), vec![WAIT]).await;
    running
}

impl Running {
    /// Asks for events. Until the stage has the lane, nobody answers.
    async fn receive(&self, events_max: usize, wait: Duration) -> Vec<Leased> {
        let lane = self.store.lane(self.destination().id);
        loop {
            match lane.receive(events_max, None, wait).await {
                Ok(events) => return events,
                Err(NotServed) => tokio::task::yield_now().await,
            }
        }
    }

    /// The one event that there is.
    async fn receive_one(&self) -> Leased {
        let mut events = self.receive(10, LONG).await;
        assert_eq!(events.len(), 1, "{events:?}");
        events.remove(0)
    }

    async fn change(&self, leases: &[LeaseId], to: ChangeTo) -> Vec<LeaseState> {
        self.store.lane(self.destination().id).change_leases(leases.to_vec(), to).await.unwrap()
    }

    async fn acknowledge(&self, lease: LeaseId) -> LeaseState {
        self.change(&[lease], ChangeTo::Acknowledged).await.remove(0)
    }

    async fn fail(&self, lease: LeaseId) -> LeaseState {
        let reason = Some("no room".to_owned());
        self.change(&[lease], ChangeTo::Nacked { retry_after: None, reason }).await.remove(0)
    }

    /// Waits until so many consumers wait.
    async fn until_waiting(&self, count: usize) {
        let line = format!("hookyard_delivery_consumers_waiting {count}\n");
        while !self.metrics().contains(&line) {
            tokio::task::yield_now().await;
        }
    }

    /// How the attempts of an event ended.
    async fn outcomes(&self, event: EventId) -> Vec<Outcome> {
        let project = self.connection().project;
        let attempts = self.store.attempts(project, event).await.unwrap().unwrap();
        attempts.into_iter().map(|attempt| attempt.outcome).collect()
    }
}

/// Makes a call, and does not wait for its answer.
async fn begin<T: std::fmt::Debug>(call: &mut (impl Future<Output = T> + Unpin)) {
    tokio::select! {
        biased;
        answer = call => panic!("answered at once: {answer:?}"),
        () = std::future::ready(()) => {}
    }
}

fn kinds(outcomes: &[Outcome]) -> Vec<ErrorKind> {
    outcomes.iter().filter_map(|outcome| outcome.error().map(|error| error.kind)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_acknowledged_is_delivered_and_says_so_again() {
    let yard = Yard::new();
    let mut running = running(&yard, 10).await;
    let event = running.take(None).await;
    let leased = running.receive_one().await;
    assert_eq!((leased.event, leased.number, leased.trigger), (event, 1, Trigger::Initial));
    assert_eq!(leased.ends_at, yard.clock.now().plus(LEASE));
    let message = &leased.message;
    assert_eq!((message.method.as_str(), message.path.as_str()), ("POST", "/path"));
    assert_eq!((message.query.as_deref(), &message.body[..]), (Some("x=1"), b"body".as_slice()));
    assert_eq!(message.headers["webhook-id"], event.to_string());
    assert_eq!(
        (&message.headers["x-b"], &message.headers["hookyard-attempt"]),
        (&"c".parse().unwrap(), &"1".parse().unwrap())
    );
    assert!(!message.headers.contains_key("host") && !message.headers.contains_key("content-length"));
    let counted = |metric: &str| running.metrics().contains(&format!("hookyard_delivery_{metric}\n"));
    assert!(counted("leases_out 1") && counted("attempts_under_way 1"), "{}", running.metrics());

    for _ in 0..2 {
        assert_eq!(running.acknowledge(leased.lease).await, LeaseState::Acknowledged);
    }
    assert_eq!(running.fail(leased.lease).await, LeaseState::Acknowledged);
    assert_eq!(running.acknowledge(LeaseId([1, 2])).await, LeaseState::Unknown);
    assert!(counted("leases_out 0") && counted("attempts_under_way 0"), "{}", running.metrics());
    assert!(counted("attempts_total{outcome=\"acknowledged\"} 1"), "{}", running.metrics());
    let shown = running.shown(event, |state| state == EventState::Successful).await;
    assert_eq!((shown.attempts, shown.last_status, shown.last_error), (1, None, None));
    assert_eq!(running.outcomes(event).await, [Outcome::Acknowledged]);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lease_that_ends_without_a_word_is_a_failed_attempt() {
    let yard = Yard::new();
    let mut running = running(&yard, 10).await;
    let event = running.take(None).await;
    let first = running.receive_one().await;
    yard.clock.advance(LEASE);
    assert_eq!(running.acknowledge(first.lease).await, LeaseState::Expired);
    let shown = running.shown(event, |state| state == EventState::Scheduled).await;
    assert_eq!(shown.last_error, Some(ErrorKind::LeaseExpired));
    yard.clock.advance(WAIT);
    let second = running.receive_one().await;
    assert_eq!((second.event, second.number, second.trigger), (event, 2, Trigger::Retry));
    assert_ne!(second.lease, first.lease);
    // The first lease says nothing about the second attempt.
    assert_eq!(running.acknowledge(first.lease).await, LeaseState::Expired);
    assert_eq!(running.fail(second.lease).await, LeaseState::Nacked);
    running.shown(event, |state| state == EventState::Failed).await;
    let outcomes = running.outcomes(event).await;
    assert_eq!(kinds(&outcomes), [ErrorKind::LeaseExpired, ErrorKind::Nacked]);
    assert_eq!(outcomes[1].error().unwrap().detail, "no room");
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lease_is_extended_from_now() {
    let yard = Yard::new();
    let mut running = running(&yard, 10).await;
    running.take(None).await;
    let leased = running.receive_one().await;
    yard.clock.advance(LEASE / 2);
    let until = yard.clock.now().plus(LEASE);
    assert_eq!(running.change(&[leased.lease], ChangeTo::Extended(LEASE)).await, [LeaseState::Leased(until)]);
    yard.clock.advance(LEASE / 2);
    assert!(running.receive(10, NOW).await.is_empty());
    assert_eq!(running.acknowledge(leased.lease).await, LeaseState::Acknowledged);
    let extended = running.change(&[leased.lease], ChangeTo::Extended(LEASE)).await;
    assert_eq!(extended, [LeaseState::Acknowledged]);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_events_are_out_than_the_concurrency() {
    let yard = Yard::new();
    let mut running = running(&yard, 2).await;
    let mut events = Vec::new();
    for _ in 0..5 {
        events.push(running.take(None).await);
    }
    let mut out = Vec::new();
    while out.len() < 2 {
        out.extend(running.receive(10, LONG).await);
    }
    assert_eq!(out.len(), 2);
    assert!(running.receive(10, NOW).await.is_empty());
    let mut seen: Vec<EventId> = out.iter().map(|leased| leased.event).collect();
    while seen.len() < events.len() {
        assert_eq!(running.acknowledge(out.remove(0).lease).await, LeaseState::Acknowledged);
        let next = running.receive_one().await;
        seen.push(next.event);
        out.push(next);
    }
    assert_eq!(seen, events);
    assert!(running.receive(10, NOW).await.is_empty());
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_destination_gives_nothing_until_it_is_resumed() {
    let yard = Yard::new();
    let mut running = running(&yard, 10).await;
    running.take(None).await;
    let leased = running.receive_one().await;
    let (catalog, destination) = (running.store.catalog().clone(), running.destination());
    let pause =
        async |paused| catalog.pause_destination(destination.project, destination.id, paused).await.unwrap();
    pause(true).await;
    let event = running.take(None).await;
    assert!(running.receive(10, NOW).await.is_empty());
    // What is out can be answered.
    assert_eq!(running.acknowledge(leased.lease).await, LeaseState::Acknowledged);
    let lane = running.store.lane(destination.id);
    let waiting = tokio::spawn(async move { lane.receive(10, None, LONG).await });
    pause(false).await;
    assert_eq!(waiting.await.unwrap().unwrap()[0].event, event);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_event_of_a_key_waits_for_the_end_of_the_one_before() {
    let yard = Yard::new();
    let mut running = running(&yard, 10).await;
    let key = Some(OrderKey::DESTINATION);
    let (first, second) = (running.take(key).await, running.take(key).await);
    let leased = running.receive_one().await;
    assert_eq!(leased.event, first);
    assert!(running.receive(10, NOW).await.is_empty());
    running.fail(leased.lease).await;
    // The first one is scheduled; it keeps its place.
    running.shown(first, |state| state == EventState::Scheduled).await;
    assert!(running.receive(10, NOW).await.is_empty());
    yard.clock.advance(WAIT);
    let again = running.receive_one().await;
    assert_eq!((again.event, again.number), (first, 2));
    assert!(running.receive(10, NOW).await.is_empty());
    running.acknowledge(again.lease).await;
    assert_eq!(running.receive_one().await.event, second);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_asked_for_by_somebody_who_went_away_is_nobodys() {
    let yard = Yard::new();
    let mut running = running(&yard, 10).await;
    assert!(running.receive(10, NOW).await.is_empty());
    let lane = running.store.lane(running.destination().id);
    let mut gone = Box::pin(lane.receive(10, None, LONG));
    begin(&mut gone).await;
    running.until_waiting(1).await;
    drop(gone);
    let event = running.take(None).await;
    let leased = running.receive_one().await;
    assert_eq!((leased.event, leased.number), (event, 1));
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn retry_after_puts_the_next_attempt_off() {
    let yard = Yard::new();
    let mut running = running(&yard, 10).await;
    let event = running.take(None).await;
    let leased = running.receive_one().await;
    let hour = Duration::from_secs(3_600);
    let to = ChangeTo::Nacked { retry_after: Some(hour), reason: None };
    assert_eq!(running.change(&[leased.lease], to).await, [LeaseState::Nacked]);
    let shown = running.shown(event, |state| state == EventState::Scheduled).await;
    assert_eq!(shown.due_at, yard.clock.now().plus(hour));
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_goes_along_a_disabled_connection() {
    let yard = Yard::new();
    let mut running = running(&yard, 10).await;
    let connection = running.connection();
    let by_hand = hookyard_model::connection::DisableCause::ByHand;
    running.store.catalog().disable_connection(connection.id, by_hand).await.unwrap();
    let event = running.take(None).await;
    assert!(running.receive(10, NOW).await.is_empty());
    running.shown(event, |state| state == EventState::Held).await;
    running.store.catalog().enable_connection(connection.project, connection.id).await.unwrap();
    assert_eq!(running.receive_one().await.event, event);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_disk_does_not_take_is_not_acknowledged_and_can_be_said_again() {
    const EIO: i32 = 5;
    let yard = Yard::new();
    let mut running = running(&yard, 10).await;
    let event = running.take(None).await;
    let leased = running.receive_one().await;
    let lane = running.store.lane(running.destination().id);
    let acknowledge = async || lane.change_leases(vec![leased.lease], ChangeTo::Acknowledged).await;
    yard.faults.sync.store(EIO, Ordering::SeqCst);
    for _ in 0..3 {
        let refused = acknowledge().await;
        assert!(matches!(refused, Err(ChangeError::Unavailable(_))), "{refused:?}");
    }
    assert!(running.receive(10, NOW).await.is_empty(), "the event is still out");
    yard.faults.sync.store(0, Ordering::SeqCst);
    let acknowledged = loop {
        match acknowledge().await {
            Ok(states) => break states,
            Err(_refused) => tokio::task::yield_now().await,
        }
    };
    assert_eq!(acknowledged, [LeaseState::Acknowledged]);
    running.shown(event, |state| state == EventState::Successful).await;
    assert_eq!(running.outcomes(event).await, [Outcome::Acknowledged]);
    drop(lane);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn at_the_shutdown_who_waits_is_answered_and_who_has_events_can_answer() {
    let yard = Yard::new();
    let mut running = running(&yard, 10).await;
    let (first, second) = (running.take(None).await, running.take(None).await);
    let mut out = Vec::new();
    while out.len() < 2 {
        out.extend(running.receive(10, LONG).await);
    }
    let store = running.store.clone();
    let lane = store.lane(running.destination().id);
    let mut waiting = Box::pin(lane.receive(10, None, LONG));
    begin(&mut waiting).await;
    running.until_waiting(1).await;
    let stopping = tokio::spawn(running.stop());
    assert_eq!(waiting.await, Ok(vec![]));
    let acknowledged = lane.change_leases(vec![out[0].lease], ChangeTo::Acknowledged).await;
    assert_eq!(acknowledged, Ok(vec![LeaseState::Acknowledged]));
    assert_eq!(lane.receive(10, None, LONG).await, Err(NotServed));
    stopping.await.unwrap();
    let late = lane.change_leases(vec![out[1].lease], ChangeTo::Acknowledged).await;
    assert_eq!(late, Err(ChangeError::NotServed(NotServed)));
    drop((lane, store));

    // What nobody answered comes again; the lease is forgotten.
    let running = yard.start().await;
    let again = running.receive_one().await;
    assert_eq!((out[0].event, again.event, again.number), (first, second, 1));
    assert_eq!(running.acknowledge(out[1].lease).await, LeaseState::Unknown);
    running.stop().await;
}
