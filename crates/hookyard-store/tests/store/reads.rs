//! Reads see writes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use hookyard_model::id::RequestId;
use hookyard_store::history::{Page, RequestFilter};

use crate::harness::*;

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_can_be_read_at_once_under_load() {
    let yard = Yard::new();
    let store = yard.open();
    let stop = Arc::new(AtomicBool::new(false));
    let load: Vec<_> = (0..4)
        .map(|_| {
            let (store, stop) = (store.clone(), Arc::clone(&stop));
            tokio::spawn(async move {
                while !stop.load(Ordering::Relaxed) {
                    accept(&store, "load").await.unwrap();
                }
            })
        })
        .collect();
    for n in 0..1_000 {
        let body = format!("body {n}");
        let id = accept(&store, body.clone()).await.unwrap();
        if n % 2 == 0 {
            assert_eq!(store.request(PROJECT, id).await.unwrap().unwrap().body, body);
        } else {
            // However many have come since.
            let page = Page { before: Some(RequestId(id.0 + 1)), limit: 200 };
            let newest = store.requests(PROJECT, RequestFilter::default(), page).await.unwrap();
            assert_eq!(newest.first().map(|request| request.id), Some(id), "{n}");
            assert!(newest.is_sorted_by(|a, b| a.id > b.id));
        }
    }
    stop.store(true, Ordering::Relaxed);
    for task in load {
        task.await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_was_only_opened_and_closed_can_be_read() {
    let yard = Yard::new();
    let id = accept(&yard.open(), "once").await.unwrap();
    for _ in 0..3 {
        let store = yard.open();
        assert_eq!(ids(&store).await, [id]);
    }
}
