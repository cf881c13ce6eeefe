//! What the desks and the store have between them: more than fits into memory, restarts, deleted sources.

use hookyard_model::request::{RejectCause, Verdict};
use hookyard_store::history::{RequestFilter, RequestKind};

use crate::harness::Yard;
use crate::key_server::{Act, KeyServer};
use crate::sender::Circle;

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_fit_waits_in_the_store_and_is_decided_once() {
    let keys = KeyServer::start(Act::Close).await;
    let (mut yard, circle) = (Yard::new(), Circle::new());
    yard.limits.pending_requests_max = 4;
    let running = yard.start(&keys).await;
    let source = running.circle("one").await;
    let lane = running.store.lane(running.destination);
    let filling = tokio::spawn({
        let lane = lane.clone();
        async move { lane.keep_filled().await }
    });
    let mut ids = Vec::new();
    for number in 0..100 {
        ids.push(running.pending(source, circle.sign("k", &format!("e{number}"))).await);
    }
    keys.act(circle.key());
    // Others arrive while the desk works off what waits.
    for number in 100..130 {
        ids.push(running.pending(source, circle.sign("k", &format!("e{number}"))).await);
    }
    for id in &ids {
        running.verified(*id).await;
    }
    let mut delivered = Vec::new();
    while delivered.len() < ids.len() {
        match lane.take() {
            Some(ready) => delivered.push(ready.event.request),
            None => lane.work().await,
        }
    }
    running.store.settle().await;
    assert!(lane.take().is_none(), "an event was offered twice");
    delivered.sort_unstable();
    assert_eq!(delivered, ids);
    assert_eq!(running.metric("hookyard_route_pending_verified_total"), "130");
    filling.abort();
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_body_is_kept_alone() {
    let keys = KeyServer::start(Act::Close).await;
    let (mut yard, circle) = (Yard::new(), Circle::new());
    yard.limits.pending_bytes_max = 1 << 10;
    let running = yard.start(&keys).await;
    let source = running.circle("one").await;
    let mut ids = Vec::new();
    for number in 0..4 {
        let long = "x".repeat(300 << 10);
        ids.push(running.pending(source, circle.sign("k", &format!("e{number} {long}"))).await);
    }
    keys.act(circle.key());
    for id in ids {
        running.verified(id).await;
    }
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_pending_is_verified_after_a_restart() {
    let keys = KeyServer::start(Act::Close).await;
    let (mut yard, circle) = (Yard::new(), Circle::new());
    yard.limits.pending_requests_max = 8;
    let running = yard.start(&keys).await;
    let source = running.circle("one").await;
    let (stranger, mut ids) = (Circle::new(), Vec::new());
    for number in 0..40 {
        let sender = if number % 10 == 9 { &stranger } else { &circle };
        ids.push(running.pending(source, sender.sign("k", &format!("e{number}"))).await);
    }
    running.kill().await;
    keys.act(circle.key());
    let running = yard.start(&keys).await;
    for (number, id) in ids.iter().enumerate() {
        if number % 10 == 9 {
            assert_eq!(running.refused(*id).await.0, RejectCause::VerificationFailed);
        } else {
            running.verified(*id).await;
        }
    }
    running.kill().await;
    // And is not decided again.
    let running = yard.start(&keys).await;
    let pending = RequestFilter { kind: Some(RequestKind::Pending), ..RequestFilter::default() };
    assert_eq!(running.found(pending).await, []);
    let next = running.pending(source, circle.sign("k", "last")).await;
    running.verified(next).await;
    assert_eq!(running.metric("hookyard_route_pending_verified_total"), "1");
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_source_takes_its_pending_requests_along() {
    let mut keys = KeyServer::start(Act::Close).await;
    let (yard, circle) = (Yard::new(), Circle::new());
    let running = yard.start(&keys).await;
    let source = running.circle("one").await;
    let id = running.pending(source, circle.sign("k", "e")).await;
    keys.asked().await;
    let catalog = running.store.catalog();
    let connection = catalog.snapshot().by_source[&source][0].id;
    catalog.delete_connection(running.project, connection).await.unwrap();
    catalog.delete_source(running.project, source).await.unwrap();
    assert_eq!(running.verdict(id).await, Verdict::Pending);
    keys.act(circle.key());
    let (cause, detail) = running.refused(id).await;
    assert_eq!((cause, detail.as_str()), (RejectCause::VerificationFailed, "its source was deleted"));
    running.stop().await;
}
