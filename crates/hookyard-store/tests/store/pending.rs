//! Requests that are acknowledged before they are verified: what they are at each moment, found in pages,
//! decided once, kept from retention, and where they stand after a crash.

use std::time::Duration;

use hookyard_model::event::EventState;
use hookyard_model::id::{EventId, RequestId, SourceId};
use hookyard_model::request::{Fields, Proof, RejectCause, Verdict};
use hookyard_store::accept::Arrival;
use hookyard_store::history::{Page, RequestFilter, RequestKind, Status};
use hookyard_store::live::Happening;
use hookyard_store::store::Store;
use hookyard_store::unrouted::Unrouted;
use rustc_hash::FxHashSet;

use crate::harness::*;

const PAGE: Page<RequestId> = Page { before: None, limit: 1_000 };

async fn accept_pending(store: &Store, body: impl Into<bytes::Bytes>) -> RequestId {
    store.accept(Arrival { proof: None, ..arrival(body) }).await.unwrap()
}

fn fields() -> Fields {
    Fields {
        provider_event_id: Some("evt_1".to_owned()),
        topic: Some("order.paid".to_owned()),
        provider_time: Some(START),
    }
}

async fn found(store: &Store, filter: RequestFilter) -> Vec<(RequestId, Status, bool)> {
    let rows = store.requests(PROJECT, filter, PAGE).await.unwrap();
    rows.iter().map(|row| (row.id, row.status, row.is_late)).collect()
}

fn of_kind(kind: RequestKind) -> RequestFilter {
    RequestFilter { kind: Some(kind), ..RequestFilter::default() }
}

/// The ids of a page of pending requests, whether there are more, and up to which id it reaches.
async fn page(store: &Store, known: &[RequestId], count: usize, bytes: usize) -> (Vec<RequestId>, bool) {
    let known: FxHashSet<RequestId> = known.iter().copied().collect();
    let page = store.unrouted_requests(SOURCE, Unrouted::Pending, known, count, bytes).await.unwrap();
    assert!(page.requests.iter().all(|arrived| arrived.is_pending() && arrived.request.id <= page.up_to));
    (page.requests.iter().map(|arrived| arrived.request.id).collect(), page.more)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pending_request_is_decided_once_and_says_so() {
    let yard = Yard::new();
    let store = yard.open();
    store.recovered().await;
    let (mut arrivals, mut live) = (store.arrivals(), store.live());
    let good = accept_pending(&store, "good").await;
    let bad = accept_pending(&store, "bad").await;
    let waiting = accept_pending(&store, "waiting").await;
    let arrived = next_arrived(&mut arrivals, 3).await;
    let all = found(&store, RequestFilter::default()).await;
    assert_eq!(all, [waiting, bad, good].map(|id| (id, Status::Pending, false)));

    let lane = Filled::new(&store, DESTINATION);
    store.record_verified(&arrived[0], Proof::Verified, fields(), &[queued(&store)]);
    let cause = RejectCause::VerificationFailed;
    store.record_refused(&arrived[1], cause, "no signature matches".to_owned());
    store.settle().await;
    let verified = Status::Accepted(Proof::Verified);
    for (kind, expected) in [
        (RequestKind::Accepted, vec![(good, verified, true)]),
        (RequestKind::Rejected, vec![(bad, Status::Rejected(cause), true)]),
        (RequestKind::Pending, vec![(waiting, Status::Pending, false)]),
        (RequestKind::Handshake, vec![]),
    ] {
        assert_eq!(found(&store, of_kind(kind)).await, expected, "{kind:?}");
    }
    let by_cause = RequestFilter { cause: Some(cause), ..RequestFilter::default() };
    assert_eq!(found(&store, by_cause).await.len(), 1);
    let details = store.request_details(PROJECT, good).await.unwrap().unwrap();
    assert_eq!((details.request.verdict, details.fields), (Verdict::Accepted(Proof::Verified), fields()));
    let details = store.request_details(PROJECT, bad).await.unwrap().unwrap();
    let detail = "no signature matches".to_owned();
    assert_eq!(details.request.verdict, Verdict::Rejected { cause, detail });
    assert_eq!(details.request.body, "bad");

    // Only what was verified is delivered.
    let ready = lane.take().await;
    assert_eq!(ready.event, EventId { request: good, connection: CONNECTION });
    deliver(&store, &ready);
    assert!(lane.lane.take().is_none());
    let mut refused = Vec::new();
    while refused.is_empty() {
        refused.extend(live.next().await.into_iter().filter_map(|happening| match happening {
            Happening::Refused { request, .. } => Some(request),
            _ => None,
        }));
    }
    assert_eq!(refused, [bad]);
    until(async || store.health().pending == 1).await;
    assert_eq!(store.health().oldest_pending_at.map(|at| at.s()), Some(START.s()));
    lane.stop().await;
    let before = answers(&store).await;
    store.reindex().await;
    assert_eq!(answers(&store).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_provider_says_is_found_again() {
    let yard = Yard::new();
    let store = yard.open();
    store.recovered().await;
    let mut arrivals = store.arrivals();
    let mut ids = Vec::new();
    for (event, topic) in [("a", "x"), ("b", "x"), ("a", "y")] {
        ids.push(accept(&store, "body").await.unwrap());
        let arrived = next_arrived(&mut arrivals, 1).await.remove(0);
        let fields = Fields {
            provider_event_id: Some(event.to_owned()),
            topic: Some(topic.to_owned()),
            provider_time: None,
        };
        store.record_routed(&arrived, fields, &[]);
    }
    accept(&store, "not routed").await.unwrap();
    store.settle().await;
    let find = async |event: Option<&str>, topic: Option<&str>| {
        let filter = RequestFilter {
            provider_event_id: event.map(str::to_owned),
            topic: topic.map(str::to_owned),
            ..RequestFilter::default()
        };
        let found = found(&store, filter).await;
        found.into_iter().rev().map(|(id, ..)| id).collect::<Vec<_>>()
    };
    assert_eq!(find(Some("a"), None).await, [ids[0], ids[2]]);
    assert_eq!(find(Some("a"), Some("y")).await, [ids[2]]);
    assert_eq!(find(None, Some("x")).await, [ids[0], ids[1]]);
    assert_eq!(find(Some("c"), None).await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_hold_what_is_neither_known_nor_decided() {
    let yard = Yard::new();
    let store = yard.open();
    store.recovered().await;
    let mut arrivals = store.arrivals();
    let mut ids = Vec::new();
    for _ in 0..5 {
        ids.push(accept_pending(&store, vec![b'x'; 1_000]).await);
    }
    let other = Arrival { proof: None, source: SourceId(99), ..arrival("other") };
    store.accept(other).await.unwrap();
    let arrived = next_arrived(&mut arrivals, 6).await;
    let all = usize::MAX >> 1;
    assert_eq!(page(&store, &[], 9, all).await, (ids.clone(), false));
    assert_eq!(page(&store, &[], 2, all).await, (ids[..2].to_vec(), true));
    assert_eq!(page(&store, &ids[..2], 9, all).await, (ids[2..].to_vec(), false));
    assert_eq!(page(&store, &ids[1..3], 2, all).await, (vec![ids[0], ids[3]], true));
    assert_eq!(page(&store, &[], 9, 1).await, (ids[..1].to_vec(), true));
    // What is decided is gone at once, durable or not.
    store.record_refused(&arrived[0], RejectCause::KeyUnavailable, "too late".to_owned());
    store.record_verified(&arrived[3], Proof::NotAsked, Fields::default(), &[]);
    assert_eq!(page(&store, &[], 9, all).await, (vec![ids[1], ids[2], ids[4]], false));
    let found = store.request(PROJECT, ids[3]).await.unwrap().unwrap();
    assert_eq!(found.verdict, Verdict::Accepted(Proof::NotAsked));
}

/// As after a kill between the acknowledgement and the decision, before and behind a commit of the latter.
#[tokio::test(flavor = "multi_thread")]
async fn after_a_restart_the_undecided_arrive_again_and_the_decided_do_not() {
    let yard = Yard::new();
    let store = yard.open();
    store.recovered().await;
    let mut arrivals = store.arrivals();
    let mut ids = Vec::new();
    for _ in 0..4 {
        ids.push(accept_pending(&store, "body").await);
    }
    let arrived = next_arrived(&mut arrivals, 4).await;
    store.record_verified(&arrived[1], Proof::Verified, fields(), &[queued(&store)]);
    store.record_refused(&arrived[2], RejectCause::VerificationFailed, "wrong".to_owned());
    drop((store, arrivals, arrived));

    for rebuilt in [false, true] {
        if rebuilt {
            yard.partitions().iter().for_each(|file| std::fs::remove_file(file).unwrap());
        }
        let store = yard.open();
        store.recovered().await;
        let mut arrivals = store.arrivals();
        let again: Vec<RequestId> =
            next_arrived(&mut arrivals, 2).await.iter().map(|arrived| arrived.request.id).collect();
        assert_eq!(again, [ids[0], ids[3]], "rebuilt: {rebuilt}");
        assert_eq!(page(&store, &[], 9, 9_999).await, (again, false));
        let event = EventId { request: ids[1], connection: CONNECTION };
        let event = store.event(PROJECT, event).await.unwrap().unwrap();
        assert_eq!(event.state, EventState::Queued);
        drop((store, arrivals));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn retention_waits_for_the_decision() {
    const KEPT: Duration = Duration::from_secs(3_600);
    let yard = Yard::with(|options| {
        options.segment_bytes = 1 << 10;
        options.retention = Some(KEPT);
    });
    let store = yard.open();
    store.recovered().await;
    let mut arrivals = store.arrivals();
    let id = accept_pending(&store, "pending").await;
    let arrived = next_arrived(&mut arrivals, 1).await.remove(0);
    let others = async |arrivals: &mut hookyard_store::arrivals::Arrivals| {
        for _ in 0..6 {
            accept(&store, vec![b'x'; 500]).await.unwrap();
            let arrived = next_arrived(arrivals, 1).await.remove(0);
            store.record_routed(&arrived, Fields::default(), &[]);
        }
        store.settle().await;
    };
    others(&mut arrivals).await;
    yard.clock.advance(KEPT * 2);
    others(&mut arrivals).await;
    let segments = yard.segments().len();
    until(async || store.health().pending == 1).await;
    assert!(yard.segments().len() == segments && store.request(PROJECT, id).await.unwrap().is_some());
    store.record_refused(&arrived, RejectCause::KeyUnavailable, "nobody answered".to_owned());
    others(&mut arrivals).await;
    until(async || store.request(PROJECT, id).await.unwrap().is_none()).await;
}
