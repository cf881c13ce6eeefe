//! Only the latest: what was overtaken by a newer one of the same thing while it waited does not go out any more.

use std::time::Duration;

use hookyard_model::clock::Timestamp;
use hookyard_model::event::EventState;
use hookyard_model::id::EventId;
use hookyard_model::rule::{DiscardCause, Revision, RevisionKey, RuleKind, Ruling, Step};

use crate::yard::{Running, Service, Yard};

const WAIT: Duration = Duration::from_secs(60);

/// What the rule says of an event that tells of a thing as of so many seconds.
fn told(thing: u8, at_s: u64) -> Ruling {
    let step = Step { kind: RuleKind::Stale, detail: String::new(), execution: None };
    let revision = Revision { of: RevisionKey([thing; 16]), at: Timestamp::from_ms(at_s * 1_000) };
    Ruling { revision: Some(revision), steps: vec![step], ..Ruling::default() }
}

impl Running {
    async fn event_in(&self, event: EventId, state: EventState, attempts: u32) {
        let found = self.shown(event, |it| it == state).await;
        assert_eq!(found.attempts, attempts, "{found:?}");
    }

    /// Lets so much time go by, and has the lane look for what is due.
    fn later(&self, yard: &Yard) {
        yard.clock.advance(WAIT);
        self.store.lane(self.destination().id).wake();
    }
}

/// An older event has failed and is to be tried again; meanwhile a newer one is delivered.
async fn overtaken(running: &mut Running, service: &Service) -> (EventId, EventId) {
    running.join_with(&service.url, None, vec![WAIT; 3]).await;
    service.answer(500);
    let older = running.take_ruled(None, told(1, 10)).await;
    running.event_in(older, EventState::Scheduled, 1).await;
    service.answer(200);
    let newer = running.take_ruled(None, told(1, 20)).await;
    running.event_in(newer, EventState::Successful, 1).await;
    (older, newer)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_that_was_overtaken_is_discarded_and_says_why() {
    for restarts in [false, true] {
        let (yard, service) = (Yard::new(), Service::start().await);
        let mut running = yard.start().await;
        let (older, newer) = overtaken(&mut running, &service).await;
        if restarts {
            running.stop().await;
            running = yard.start().await;
        }
        running.later(&yard);
        running.event_in(older, EventState::Discarded, 1).await;
        let project = running.connection().project;
        let details = running.store.event_details(project, older).await.unwrap().unwrap();
        assert_eq!(details.summary.discarded, Some(DiscardCause::Stale));
        assert_eq!(details.ruling.superseded_by, Some(newer.request));
        let steps: Vec<_> = details.ruling.steps.iter().map(|step| step.detail.as_str()).collect();
        let why = format!(
            "it is of 1970-01-01T00:00:10.000Z, and the event of {}, of 1970-01-01T00:00:20.000Z, had been \
             delivered",
            newer.request
        );
        assert_eq!(steps, ["", why.as_str()], "{restarts}");
        assert!(running.metrics().contains("hookyard_delivery_events_superseded_total 1"));
        running.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_of_the_same_time_or_of_another_thing_goes_out() {
    let (yard, service) = (Yard::new(), Service::start().await);
    let mut running = yard.start().await;
    overtaken(&mut running, &service).await;
    for (ruling, state) in [
        (told(1, 19), EventState::Discarded),
        (told(1, 20), EventState::Successful),
        (told(2, 1), EventState::Successful),
        (Ruling::default(), EventState::Successful),
        (told(1, 21), EventState::Successful),
        (told(1, 20), EventState::Discarded),
    ] {
        let event = running.take_ruled(None, ruling.clone()).await;
        let attempts = u32::from(state == EventState::Successful);
        running.event_in(event, state, attempts).await;
    }
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_failed_for_good_supersedes_nothing() {
    let (yard, service) = (Yard::new(), Service::start().await);
    let mut running = yard.start().await;
    running.join(&service.url, None).await;
    service.answer(500);
    let newer = running.take_ruled(None, told(1, 20)).await;
    running.event_in(newer, EventState::Failed, 1).await;
    service.answer(200);
    let older = running.take_ruled(None, told(1, 10)).await;
    running.event_in(older, EventState::Successful, 1).await;
    // A person has the newer one delivered after all.
    let project = running.connection().project;
    running.store.retry_by_hand(project, newer).await.unwrap();
    running.event_in(newer, EventState::Successful, 2).await;
    let late = running.take_ruled(None, told(1, 15)).await;
    running.event_in(late, EventState::Discarded, 0).await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_has_it_sent_regardless_however_often_it_takes() {
    let (yard, service) = (Yard::new(), Service::start().await);
    let mut running = yard.start().await;
    let (older, _) = overtaken(&mut running, &service).await;
    running.later(&yard);
    running.event_in(older, EventState::Discarded, 1).await;

    service.answer(500);
    let project = running.connection().project;
    running.store.retry_by_hand(project, older).await.unwrap();
    running.event_in(older, EventState::Scheduled, 2).await;
    running.stop().await;
    let mut running = yard.start().await;
    service.answer(200);
    running.later(&yard);
    running.event_in(older, EventState::Successful, 3).await;

    // What it told was not the newest, and does not become that.
    let late = running.take_ruled(None, told(1, 15)).await;
    running.event_in(late, EventState::Discarded, 0).await;
    running.stop().await;
}
