//! What deduplication remembers: exact within its window, in memory and in the index, across restarts.

use std::time::Duration;

use hookyard_model::event::EventState;
use hookyard_model::id::{ConnectionId, RequestId, floor_at};
use hookyard_model::request::Fields;
use hookyard_model::rule::{ClaimKey, RuleKind, Ruling, Step};
use hookyard_store::arrivals::{Arrivals, NewEvent};
use hookyard_store::store::Store;

use crate::harness::*;

const WINDOW: Duration = Duration::from_secs(60);
const KEY: ClaimKey = ClaimKey([1; 16]);

/// Accepts a request, claims the key for it along the connection, and records what came of that.
async fn claim(store: &Store, arrivals: &mut Arrivals, connection: u64, key: ClaimKey) -> Option<RequestId> {
    accept(store, "body").await.unwrap();
    let arrived = next_arrived(arrivals, 1).await.remove(0);
    let connection = ConnectionId(connection);
    let (id, at) = (arrived.request.id, store.clock().now());
    let first = store.claim(connection, key, id, at, WINDOW).await.unwrap();
    assert_eq!(store.claim(connection, key, id, at, WINDOW).await.unwrap(), first, "asked once more");
    let claims = if first.is_none() { vec![key] } else { Vec::new() };
    let steps = vec![Step { kind: RuleKind::Deduplicate, detail: String::new(), execution: None }];
    let ruling = Ruling { duplicate_of: first, claims, steps, ..Ruling::default() };
    let new = NewEvent { connection, state: EventState::Cancelled, ruling, ..queued(store) };
    store.record_routed(&arrived, Fields::default(), &[new]);
    first
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_within_the_window_counts() {
    let yard = Yard::with(|options| options.segment_bytes = 1 << 10);
    let mut store = yard.open();
    store.recovered().await;
    let mut arrivals = store.arrivals();
    assert_eq!(claim(&store, &mut arrivals, 1, KEY).await, None);
    let first = *ids(&store).await.last().unwrap();
    for is_settled in [false, true] {
        if is_settled {
            store.settle().await;
        }
        assert_eq!(claim(&store, &mut arrivals, 1, KEY).await, Some(first), "{is_settled}");
        assert_eq!(claim(&store, &mut arrivals, 1, ClaimKey([2 + u8::from(is_settled); 16])).await, None);
        assert_eq!(claim(&store, &mut arrivals, 2 + u64::from(is_settled), KEY).await, None);
    }
    for is_rebuilt in [false, true] {
        store.settle().await;
        if is_rebuilt {
            store.reindex().await;
        }
        drop((store, arrivals));
        store = yard.open();
        store.recovered().await;
        arrivals = store.arrivals();
        yard.clock.advance(WINDOW / 4);
        assert_eq!(claim(&store, &mut arrivals, 1, KEY).await, Some(first), "{is_rebuilt}");
    }
    // The window is counted from the first one, not from the duplicates.
    yard.clock.advance(WINDOW / 2 + Duration::from_millis(2));
    assert_eq!(claim(&store, &mut arrivals, 1, KEY).await, None);
    let second = *ids(&store).await.last().unwrap();
    store.settle().await;
    assert_eq!(claim(&store, &mut arrivals, 1, KEY).await, Some(second));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_those_who_claim_at_the_same_time_one_is_first() {
    let yard = Yard::new();
    let store = yard.open();
    store.recovered().await;
    let now = store.clock().now();
    let id = |n: u64| RequestId(floor_at(now) + n);
    for round in 0..50 {
        let key = ClaimKey([round; 16]);
        let one = store.claim(ConnectionId(1), key, id(1), now, WINDOW);
        let two = store.claim(ConnectionId(1), key, id(2), now, WINDOW);
        let (one, two) = tokio::join!(one, two);
        let firsts = [one.unwrap(), two.unwrap()];
        assert!(matches!(firsts, [None, Some(_)] | [Some(_), None]), "{firsts:?}");
    }
}
