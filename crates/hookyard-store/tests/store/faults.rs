//! Writes, syncs and creations that fail: who waits is told, nothing refused ever shows, what must not be
//! lost is kept, and all goes on once the disk works again.

use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};

use hookyard_model::event::EventState;
use hookyard_store::Faults;
use hookyard_store::store::Store;

use crate::harness::*;

const EIO: i32 = 5;
const ENOSPC: i32 = 28;

/// A yard whose disk can be made to fail.
fn yard() -> (Yard, Arc<Faults>) {
    let faults = Arc::new(Faults::default());
    let injected = Arc::clone(&faults);
    // Small segments, so that creating one comes up as well.
    let yard = Yard::with(|options| {
        options.faults = Some(injected);
        options.segment_bytes = 4 << 10;
    });
    (yard, faults)
}

/// A name, what fails, and with which error.
type Fault = (&'static str, fn(&Faults) -> &AtomicI32, i32);

const KINDS: [Fault; 4] = [
    ("write EIO", |faults| &faults.write, EIO),
    ("write ENOSPC", |faults| &faults.write, ENOSPC),
    ("sync EIO", |faults| &faults.sync, EIO),
    ("create ENOSPC", |faults| &faults.create, ENOSPC),
];

/// Accepts until one is refused, at most a segment's worth; all that were taken.
async fn until_refused(store: &Store) -> Vec<hookyard_model::id::RequestId> {
    let mut taken = Vec::new();
    for _ in 0..100 {
        match accept(store, vec![b'x'; 300]).await {
            Ok(id) => taken.push(id),
            Err(refused) => {
                assert!(refused.cause.contains("journal cannot be written"), "{refused}");
                assert!(refused.retry_after_s > 0);
                return taken;
            }
        }
    }
    panic!("the injected fault was never met");
}

#[tokio::test(flavor = "multi_thread")]
async fn refused_requests_never_show_and_all_goes_on() {
    for (name, which, errno) in KINDS {
        let (yard, faults) = yard();
        let store = yard.open();
        let mut known = vec![accept(&store, "before").await.unwrap()];
        // Several in a row.
        for _ in 0..3 {
            which(&faults).store(errno, Ordering::Relaxed);
            known.extend(until_refused(&store).await);
            assert!(store.health().unavailable.is_some(), "{name}");
            assert_eq!(ids(&store).await, known, "{name}: reads go on");
            assert_eq!(store.request(PROJECT, known[0]).await.unwrap().unwrap().body, "before", "{name}");
            which(&faults).store(0, Ordering::Relaxed);
            known.push(accept_at_last(&store, "afterwards").await);
        }
        assert_eq!(ids(&store).await, known, "{name}");
        assert!(store.health().unavailable.is_none(), "{name}");
        drop(store);
        assert_eq!(ids(&yard.open()).await, known, "{name}: after a restart");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_waiting_requests_are_all_told() {
    for (name, which, errno) in &KINDS[..3] {
        let (yard, faults) = yard();
        let store = yard.open();
        let first = accept(&store, "before").await.unwrap();
        which(&faults).store(*errno, Ordering::Relaxed);
        let waiting: Vec<_> = (0..40)
            .map(|_| {
                let store = store.clone();
                tokio::spawn(async move { accept(&store, "waiting").await })
            })
            .collect();
        for accepted in waiting {
            assert!(accepted.await.unwrap().is_err(), "{name}");
        }
        assert_eq!(ids(&store).await, [first], "{name}");
        // Closed and opened again with the fault still there for the closing.
        store.close();
        drop(store);
        which(&faults).store(0, Ordering::Relaxed);
        let store = yard.open();
        store.recovered().await;
        assert_eq!(ids(&store).await, [first], "{name}: what was refused came back");
        let mut arrivals = store.arrivals();
        assert_eq!(next_arrived(&mut arrivals, 1).await[0].request.id, first, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn outcomes_are_kept_until_they_can_be_written() {
    for (name, which, errno) in &KINDS[..3] {
        let (yard, faults) = yard();
        let store = yard.open();
        store.recovered().await;
        let mut arrivals = store.arrivals();
        let lane = Filled::new(&store, DESTINATION);
        for body in ["1", "2", "3"] {
            accept(&store, body).await.unwrap();
        }
        let events = route(&store, &mut arrivals, 3).await;
        let ready = [lane.take().await, lane.take().await, lane.take().await];
        store.settle().await;
        which(&faults).store(*errno, Ordering::Relaxed);
        let attempts: Vec<_> = ready.iter().map(|ready| deliver(&store, ready)).collect();
        until(async || store.health().unavailable.is_some()).await;
        assert!(accept(&store, "refused").await.is_err());
        let event = store.event(PROJECT, events[0]).await.unwrap().unwrap();
        assert_eq!(event.state, EventState::Queued, "{name}: not durable, so not to be seen");
        which(&faults).store(0, Ordering::Relaxed);
        store.settle().await;
        for made in &attempts {
            let found = store.attempts(PROJECT, made.id.event).await.unwrap().unwrap();
            assert_eq!(found, std::slice::from_ref(made), "{name}");
        }
        assert_eq!(store.health().undelivered, 0, "{name}");
        lane.stop().await;
        drop((arrivals, store));
        let store = yard.open();
        for made in &attempts {
            assert_eq!(
                store.attempts(PROJECT, made.id.event).await.unwrap().unwrap(),
                std::slice::from_ref(made),
                "{name}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn closing_on_a_failing_disk_ends_and_nobody_waits_for_ever() {
    for (name, which, errno) in &KINDS[..3] {
        let (yard, faults) = yard();
        let store = yard.open();
        store.recovered().await;
        let mut arrivals = store.arrivals();
        let lane = Filled::new(&store, DESTINATION);
        accept(&store, "1").await.unwrap();
        let events = route(&store, &mut arrivals, 1).await;
        let ready = lane.take().await;
        store.settle().await;
        which(&faults).store(*errno, Ordering::Relaxed);
        deliver(&store, &ready);
        store.close();
        assert!(accept(&store, "late").await.is_err(), "{name}");
        // Both would wait for a writer that is gone.
        deliver(&store, &ready);
        store.settle().await;
        lane.stop().await;
        drop((arrivals, store));
        which(&faults).store(0, Ordering::Relaxed);
        let store = yard.open();
        let lane = Filled::new(&store, DESTINATION);
        assert_eq!(lane.take().await.event, events[0], "{name}: it is delivered again");
        lane.stop().await;
    }
}
