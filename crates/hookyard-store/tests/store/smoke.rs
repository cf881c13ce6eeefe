//! The whole path once: accepted, read back, routed, taken, attempted, and all of it again after a restart.

use std::time::Duration;

use hookyard_model::event::EventState;
use hookyard_model::request::RejectCause;
use hookyard_store::accept::Rejection;
use hookyard_store::history::{EventFilter, Page, RequestFilter, RequestKind, Status};

use crate::harness::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_request_goes_its_way_and_is_there_after_a_restart() {
    let yard = Yard::new();
    let store = yard.open();
    store.recovered().await;
    let mut arrivals = store.arrivals();

    let id = accept(&store, "first body").await.unwrap();
    let request = store.request(PROJECT, id).await.unwrap().unwrap();
    assert_eq!((request.id, &request.body[..], &request.head), (id, &b"first body"[..], &arrival("").head));

    let lane = Filled::new(&store, DESTINATION);
    let events = route(&store, &mut arrivals, 1).await;
    let ready = lane.take().await;
    assert_eq!((ready.event, ready.attempts), (events[0], 0));
    assert_eq!(*store.request_of(&ready).await.unwrap(), request);
    let due_at = START.plus(Duration::from_secs(5));
    let first = attempt(&ready, 500, EventState::Scheduled, due_at);
    store.record_attempt(&ready, &first);
    store.settle().await;
    let settled = store.event(PROJECT, events[0]).await.unwrap().unwrap();
    assert_eq!((settled.state, settled.due_at, settled.attempts), (EventState::Scheduled, due_at, 1));
    lane.stop().await;
    store.close();
    drop((arrivals, store));

    let store = yard.open();
    store.recovered().await;
    yard.clock.advance(Duration::from_secs(6));
    let lane = Filled::new(&store, DESTINATION);
    let ready = lane.take().await;
    assert_eq!((ready.event, ready.attempts), (events[0], 1));
    assert_eq!(*store.request_of(&ready).await.unwrap(), request);
    let second = deliver(&store, &ready);
    store.settle().await;
    let attempts = store.attempts(PROJECT, events[0]).await.unwrap().unwrap();
    assert_eq!(attempts, [first, second]);
    assert_eq!(store.health().undelivered, 0);
    lane.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_and_rejections() {
    let yard = Yard::new();
    let store = yard.open();
    let one = accept(&store, "1").await.unwrap();
    let two = accept(&store, "2").await.unwrap();
    let template = arrival("");
    store.reject(Rejection {
        project: PROJECT,
        source: None,
        received_at: START,
        remote: template.remote,
        head: template.head,
        body: "3".into(),
        body_bytes: 1,
        cause: RejectCause::UnknownSource,
        detail: "no source has this token".to_owned(),
    });
    store.settle().await;
    let page = Page { before: None, limit: 10 };
    let all = store.requests(PROJECT, RequestFilter::default(), page).await.unwrap();
    assert_eq!(all.len(), 3);
    assert_eq!(
        (all[0].status, all[1].id, all[2].id),
        (Status::Rejected(RejectCause::UnknownSource), two, one)
    );
    let accepted = RequestFilter { kind: Some(RequestKind::Accepted), ..RequestFilter::default() };
    assert_eq!(store.requests(PROJECT, accepted, page).await.unwrap().len(), 2);
    let older =
        store.requests(PROJECT, RequestFilter::default(), Page { before: Some(two), limit: 10 }).await;
    assert_eq!(older.unwrap().len(), 1);
    assert_eq!(
        store.events(PROJECT, EventFilter::default(), Page { before: None, limit: 10 }).await.unwrap(),
        []
    );
}
