//! Retention: what is old and done goes, with its rows; what is still to be done stays.

use std::time::Duration;

use hookyard_model::event::EventState;
use hookyard_model::id::{EventId, RequestId};
use hookyard_model::request::Fields;
use hookyard_store::history::{EventFilter, Page};
use hookyard_store::store::Store;

use crate::harness::*;

const KEPT: Duration = Duration::from_secs(24 * 3_600);

fn yard() -> Yard {
    Yard::with(|options| {
        options.segment_bytes = 2 << 10;
        options.retention = Some(KEPT);
    })
}

/// Accepts and delivers so many, each some 600 bytes.
async fn delivered(
    store: &Store,
    arrivals: &mut hookyard_store::arrivals::Arrivals,
    count: usize,
) -> Vec<RequestId> {
    let lane = Filled::new(store, DESTINATION);
    let mut done = Vec::new();
    for _ in 0..count {
        accept(store, vec![b'x'; 500]).await.unwrap();
        route(store, arrivals, 1).await;
        let ready = lane.take().await;
        deliver(store, &ready);
        done.push(ready.event.request);
    }
    store.settle().await;
    lane.stop().await;
    done
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_old_and_delivered_goes() {
    let yard = yard();
    let store = yard.open();
    store.recovered().await;
    let mut arrivals = store.arrivals();
    let old = delivered(&store, &mut arrivals, 60).await;
    let segments = yard.segments().len();
    assert!(segments > 20, "{segments}");
    yard.clock.advance(KEPT + Duration::from_secs(60));
    let young = delivered(&store, &mut arrivals, 12).await;
    until(async || ids(&store).await.len() < young.len() + 6).await;
    assert!(yard.segments().len() < 12, "{:?}", yard.segments());
    // The segment that the young ones began in has a few old ones as well.
    let left = ids(&store).await;
    assert!(left.ends_with(&young), "{left:?}");
    assert_eq!(store.request(PROJECT, old[0]).await.unwrap(), None);
    let event = EventId { request: old[0], connection: CONNECTION };
    assert_eq!(store.event(PROJECT, event).await.unwrap(), None);
    assert_eq!(store.attempts(PROJECT, event).await.unwrap(), None);
    let events =
        store.events(PROJECT, EventFilter::default(), Page { before: None, limit: 1_000 }).await.unwrap();
    assert_eq!(events.len(), left.len());
    assert!(yard.partitions().len() <= 3, "{:?}", yard.partitions());
    // The same again from the journal alone, and after a restart.
    let answers_before = answers(&store).await;
    store.reindex().await;
    assert_eq!(answers(&store).await, answers_before);
    drop((store, arrivals));
    assert_eq!(answers(&yard.open()).await, answers_before);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_still_to_be_done_stays_until_it_is() {
    let yard = yard();
    let store = yard.open();
    store.recovered().await;
    let mut arrivals = store.arrivals();
    delivered(&store, &mut arrivals, 8).await;
    // One is held, and its segment full behind it.
    let held = accept(&store, "held").await.unwrap();
    let arrived = next_arrived(&mut arrivals, 1).await.remove(0);
    let leg = hookyard_store::arrivals::NewEvent { state: EventState::Held, ..queued(&store) };
    store.record_routed(&arrived, Fields::default(), &[leg]);
    delivered(&store, &mut arrivals, 30).await;
    yard.clock.advance(KEPT * 2);
    let before = yard.segments().len();
    delivered(&store, &mut arrivals, 6).await;
    until(async || yard.segments().len() < before).await;
    assert_eq!(store.request(PROJECT, held).await.unwrap().unwrap().body, "held");
    let kept = answers(&store).await;
    store.reindex().await;
    assert_eq!(answers(&store).await, kept, "a rebuild makes nothing undelivered again");

    assert_eq!(store.release_held_of(CONNECTION).await.unwrap(), 1);
    let lane = Filled::new(&store, DESTINATION);
    let ready = lane.take().await;
    assert_eq!(store.request_of(&ready).await.unwrap().body, "held");
    deliver(&store, &ready);
    lane.stop().await;
    until(async || store.request(PROJECT, held).await.unwrap().is_none()).await;

    // Neither does what was never routed go.
    let unrouted = accept(&store, "unrouted").await.unwrap();
    for _ in 0..20 {
        accept(&store, vec![b'x'; 500]).await.unwrap();
    }
    drop((store, arrivals));
    yard.clock.advance(KEPT * 2);
    let store = yard.open();
    store.recovered().await;
    let mut arrivals = store.arrivals();
    let first = arrivals.next().await;
    assert_eq!(first[0].request.id, unrouted);
    first.iter().for_each(|arrived| store.record_routed(arrived, Fields::default(), &[]));
    delivered(&store, &mut arrivals, 6).await;
    until(async || store.request(PROJECT, unrouted).await.unwrap().is_none()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_between_the_steps_is_made_up_for() {
    let yard = yard();
    let store = yard.open();
    store.recovered().await;
    let mut arrivals = store.arrivals();
    delivered(&store, &mut arrivals, 60).await;
    yard.clock.advance(KEPT + Duration::from_secs(60));
    let young = delivered(&store, &mut arrivals, 3).await;
    drop((store, arrivals));
    // As after a crash behind the first step: segments are gone, rows and partitions are not.
    let segments = yard.segments();
    for segment in &segments[..segments.len() / 2] {
        std::fs::remove_file(segment).unwrap();
    }
    let store = yard.open();
    until(async || ids(&store).await.len() < 10).await;
    assert!(ids(&store).await.ends_with(&young));
    drop(store);
    let rows: i64 = yard.partitions().iter().map(|path| rows_of(path)).sum();
    assert!(rows < 10, "{rows} rows are left");
}

fn rows_of(partition: &std::path::Path) -> i64 {
    let file = rusqlite::Connection::open(partition).unwrap();
    file.query_row("SELECT count(*) FROM requests", [], |row| row.get(0)).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_number_of_index_files_is_bounded() {
    let yard = yard();
    let store = yard.open();
    store.recovered().await;
    let mut arrivals = store.arrivals();
    for _ in 0..60 {
        yard.clock.advance(KEPT / 10);
        delivered(&store, &mut arrivals, 4).await;
        let count = yard.partitions().len();
        assert!(count <= 24, "{count} partitions");
        if count > 12 {
            until(async || yard.partitions().len() <= 12).await;
        }
    }
}
