//! Deleting a connection says what becomes of its undelivered events, and waits for a decision.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use hookyard_api::server::Options;
use hookyard_model::event::EventState;
use hookyard_store::Faults;
use serde_json::json;

use crate::harness::{ENOSPC, Server};
use crate::traffic::{PLAIN_HEAD, Yard, answered};

#[tokio::test]
async fn undelivered_events_stop_a_deletion_until_they_may_be_cancelled() {
    let server = Server::start().await;
    let mut yard = Yard::lay_out(&server).await;
    let delivered = yard.event(&server).await;
    yard.attempt(&server, answered(200, b""), EventState::Successful).await;
    let undelivered = [yard.event(&server).await, yard.event(&server).await];
    let path = format!("/api/v1/connections/{}", yard.connection);

    for query in ["", "?cancel_events=false"] {
        let refused = server.delete(&format!("{path}{query}")).await;
        assert_eq!(refused.problem(), (409, "events_undelivered".to_owned(), None));
        assert_eq!(refused.json()["undelivered_events"], 2);
    }
    server.get(&path).await.ok();

    let deleted = server.delete(&format!("{path}?cancel_events=true")).await;
    assert_eq!((deleted.status.as_u16(), deleted.json()), (200, json!({"cancelled_events": 2})));
    assert_eq!(server.get(&path).await.problem().0, 404);
    for (event, state) in
        [(delivered, "successful"), (undelivered[0], "cancelled"), (undelivered[1], "cancelled")]
    {
        let shown = server.get(&format!("/api/v1/events/{event}")).await.ok();
        assert_eq!(shown["state"], state);
    }
    let retry = server.call("POST", &format!("/api/v1/events/{delivered}/retry"), None).await;
    assert_eq!(retry.problem(), (409, "not_deliverable".to_owned(), None));
}

#[tokio::test]
async fn a_connection_that_is_done_goes_without_a_question() {
    let server = Server::start().await;
    let mut yard = Yard::lay_out(&server).await;
    yard.event(&server).await;
    yard.attempt(&server, answered(204, b""), EventState::Successful).await;
    let answer = server.delete(&format!("/api/v1/connections/{}", yard.connection)).await;
    assert_eq!((answer.status.as_u16(), answer.body.len()), (204, 0));
}

#[tokio::test]
async fn nothing_undelivered_is_nothing_cancelled() {
    let server = Server::start().await;
    let yard = Yard::lay_out(&server).await;
    let answer = server.delete(&format!("/api/v1/connections/{}?cancel_events=true", yard.connection)).await;
    assert_eq!((answer.status.as_u16(), answer.json()), (200, json!({"cancelled_events": 0})));
}

#[tokio::test]
async fn nothing_is_deleted_while_the_store_could_not_cancel() {
    let faults = Arc::new(Faults::default());
    let server = Server::with_faults(Options::default(), Arc::clone(&faults)).await;
    let mut yard = Yard::lay_out(&server).await;
    let event = yard.event(&server).await;
    faults.write.store(ENOSPC, Ordering::Relaxed);
    faults.create.store(ENOSPC, Ordering::Relaxed);
    assert!(yard.try_accept(&server, PLAIN_HEAD, b"").await.is_err());
    let path = format!("/api/v1/connections/{}", yard.connection);
    let answer = server.delete(&format!("{path}?cancel_events=true")).await;
    assert_eq!(answer.problem(), (503, "store_unavailable".to_owned(), None));
    assert!(answer.header("retry-after").parse::<u32>().unwrap() > 0);
    server.get(&path).await.ok();
    assert_eq!(server.get(&format!("/api/v1/events/{event}")).await.ok()["state"], "queued");

    faults.write.store(0, Ordering::Relaxed);
    faults.create.store(0, Ordering::Relaxed);
    server.get_until("/readyz", |answer| answer.status == 200).await;
    let answer = server.delete(&format!("{path}?cancel_events=true")).await;
    assert_eq!(answer.ok(), json!({"cancelled_events": 1}));
}
