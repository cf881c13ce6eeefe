//! Keys that are fetched, late, twice asked for, missing, or never to be had.

use std::time::Duration;

use hookyard_model::request::{Proof, RejectCause, Verdict};

use crate::harness::{Yard, until};
use crate::key_server::{Act, KeyServer};
use crate::sender::Circle;

/// Where Circle has its keys.
const PATH: &str = "/v2/notifications/publicKey";

fn status(status: u16) -> Act {
    Act::Answer(status, String::new())
}

#[tokio::test(flavor = "multi_thread")]
async fn one_fetch_decides_all_that_wait_for_the_key() {
    let mut keys = KeyServer::start(Act::Hang).await;
    let (yard, circle) = (Yard::new(), Circle::new());
    let running = yard.start(&keys).await;
    let (one, other) = (running.circle("one").await, running.circle("other").await);
    let mut good = vec![running.pending(one, circle.sign("k", "e0")).await];
    assert_eq!(keys.asked().await, format!("{PATH}/k"));
    // While it is being fetched, also for another source.
    good.push(running.pending(one, circle.sign("k", "e1")).await);
    good.push(running.pending(other, circle.sign("k", "e2")).await);
    let stranger = Circle::new();
    let bad = running.pending(one, stranger.sign("k", "e3")).await;
    assert_eq!(running.verdict(good[1]).await, Verdict::Pending);
    keys.act(circle.key());
    for id in &good {
        running.verified(*id).await;
    }
    let refused = running.refused(bad).await;
    assert_eq!(refused.0, RejectCause::VerificationFailed);
    assert!(refused.1.starts_with("no signature matches"), "{}", refused.1);
    let details = running.store.request_details(running.project, good[2]).await.unwrap().unwrap();
    assert!(details.is_late);
    assert_eq!(details.fields.provider_event_id.as_deref(), Some("e2"));
    // The other source's desk may have come to ask only when the first fetch had ended.
    assert!(keys.already().len() <= 1);
    assert_eq!(running.metric("hookyard_route_pending_verified_total"), "3");
    assert_eq!(running.metric("hookyard_route_pending_rejected_total"), "1");
    // What comes now finds the key at once.
    keys.act(Act::Hang);
    let next = running.pending(one, circle.sign("k", "e4")).await;
    running.verified(next).await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_key_server_is_down_requests_wait() {
    let mut keys = KeyServer::start(Act::Close).await;
    let (yard, circle) = (Yard::new(), Circle::new());
    let running = yard.start(&keys).await;
    let source = running.circle("one").await;
    let id = running.pending(source, circle.sign("k", "e")).await;
    for act in [status(503), status(429), status(302)] {
        assert_eq!(keys.asked().await, format!("{PATH}/k"));
        keys.act(act);
    }
    assert_eq!(keys.asked().await, format!("{PATH}/k"));
    assert_eq!(running.verdict(id).await, Verdict::Pending);
    keys.act(circle.key());
    running.verified(id).await;
    assert_ne!(running.metric("hookyard_route_key_fetches_total{outcome=\"status\"}"), "");
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_server_that_hangs_holds_up_nobody_else() {
    let mut keys = KeyServer::start(Act::Hang).await;
    let (yard, circle) = (Yard::new(), Circle::new());
    let running = yard.start(&keys).await;
    let (stuck, free) = (running.circle("stuck").await, running.circle("free").await);
    // More than the desk fetches at a time, and more than it keeps in memory.
    let mut waiting = Vec::new();
    for number in 0..600 {
        waiting.push(running.pending(stuck, circle.sign(&format!("k{}", number % 7), "e")).await);
    }
    for _ in 0..yard.limits.fetches_max {
        keys.asked().await;
    }
    let at_once = running.accept(free, Some(Proof::Verified), circle.sign("k", "e")).await;
    until(async || running.events(at_once).await == 1).await;
    let same_source = running.accept(stuck, Some(Proof::Verified), circle.sign("k", "e")).await;
    until(async || running.events(same_source).await == 1).await;
    assert!(keys.already().is_empty());
    keys.act(circle.key());
    for id in waiting {
        running.verified(id).await;
    }
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_does_not_exist_is_asked_for_once() {
    let mut keys = KeyServer::start(status(404)).await;
    let (yard, circle) = (Yard::new(), Circle::new());
    let running = yard.start(&keys).await;
    let source = running.circle("one").await;
    let id = running.pending(source, circle.sign("k", "e")).await;
    let (cause, detail) = running.refused(id).await;
    assert_eq!(cause, RejectCause::KeyUnavailable);
    assert!(detail.contains("/k: the answer has status 404"), "{detail}");
    for number in 0..3 {
        // Also ingest knows by now, and would have refused it.
        let id = running.pending(source, circle.sign("k", &format!("e{number}"))).await;
        let (cause, detail) = running.refused(id).await;
        assert_eq!(cause, RejectCause::VerificationFailed);
        assert!(detail.contains("the key cannot be used"), "{detail}");
    }
    keys.act(Act::Answer(200, "{}".to_owned()));
    let id = running.pending(source, circle.sign("other", "e")).await;
    let (cause, detail) = running.refused(id).await;
    assert!(
        cause == RejectCause::KeyUnavailable && detail.contains("nothing where the key should stand"),
        "{detail}"
    );
    assert_eq!(keys.already(), ["k", "other"].map(|key| format!("{PATH}/{key}")));
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn made_up_keys_do_not_have_a_provider_asked_without_end() {
    let mut keys = KeyServer::start(status(404)).await;
    let (mut yard, circle) = (Yard::new(), Circle::new());
    yard.limits.fetches_per_minute_max = 3;
    let running = yard.start(&keys).await;
    // Of two sources: it is the same server that is asked.
    let sources = [running.circle("one").await, running.circle("other").await];
    let mut sent = Vec::new();
    for number in 0..10 {
        let message = circle.sign(&format!("made-up-{number}"), "e");
        sent.push(running.pending(sources[number % 2], message).await);
    }
    let held_back = "hookyard_route_key_fetches_total{outcome=\"held_back\"}";
    until(async || running.metric(held_back).parse().is_ok_and(|count: u64| count >= 7)).await;
    until(async || running.metric("hookyard_route_pending_rejected_total") == "3").await;
    assert_eq!(keys.already().len(), 3);
    // What is refused is written with whatever is written next.
    until(async || {
        let mut pending = 0;
        for id in &sent {
            pending += usize::from(running.verdict(*id).await == Verdict::Pending);
        }
        pending == 7
    })
    .await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_for_too_long_is_given_up() {
    let mut keys = KeyServer::start(Act::Hang).await;
    let (mut yard, circle) = (Yard::new(), Circle::new());
    yard.limits.pending_age_max = Duration::from_millis(300);
    let running = yard.start(&keys).await;
    let source = running.circle("one").await;
    let id = running.pending(source, circle.sign("k", "e")).await;
    assert_eq!(keys.asked().await, format!("{PATH}/k"));
    let (cause, detail) = running.refused(id).await;
    assert_eq!(cause, RejectCause::KeyUnavailable);
    assert!(detail.starts_with("the key that verifies it could not be had within 300ms"), "{detail}");
    running.stop().await;
}
