//! SIGTERM: what is under way is finished as far as the grace allows, and nothing is lost.

use crate::client::request;
use crate::gateway::{Gateway, Yard};
use crate::sink::{Act, OK, Sink};

/// The line that says that the shutdown has begun.
const STOPPING: &str = "stopping:";

#[tokio::test]
async fn an_attempt_under_way_is_finished_and_recorded() {
    let mut sink = Sink::start(Act::Hang).await;
    let yard = Yard::to(&sink);
    let gateway = yard.start().await;
    let id = gateway.take(b"one").await;
    assert_eq!(sink.next().await.act, Act::Hang);
    gateway.process.terminate();
    gateway.process.stderr.containing(STOPPING).await;
    sink.act(OK);
    let ended = gateway.process.ended().await;
    assert!(ended.status.success(), "{ended:?}");
    assert!(!ended.stderr.contains("the grace is over"), "{ended:?}");

    let gateway = yard.start().await;
    gateway.ready().await;
    let event = gateway.event_in(&id, "successful").await;
    assert_eq!(event["attempts"], 1, "{event}");
    // What comes next is another request: the first one is not delivered again.
    gateway.take(b"two").await;
    assert_eq!((sink.next().await.body, sink.next().await.body), (b"one".to_vec(), b"two".to_vec()));
}

#[tokio::test]
async fn the_grace_ends_an_attempt_that_hangs_and_it_is_made_again() {
    let mut sink = Sink::start(Act::Hang).await;
    let mut yard = Yard::to(&sink);
    yard.server.push_str("shutdown_grace = \"200ms\"\n");
    let gateway = yard.start().await;
    let id = gateway.take(b"one").await;
    let first = sink.next().await;
    gateway.process.terminate();
    let ended = gateway.process.ended().await;
    assert!(ended.status.success(), "{ended:?}");
    assert!(ended.stderr.contains("the grace is over"), "{ended:?}");

    sink.act(OK);
    let gateway = yard.start().await;
    let second = sink.next().await;
    assert_eq!((second.act, &second.body), (OK, &first.body));
    assert_eq!(second.header("webhook-id"), first.header("webhook-id"));
    gateway.event_in(&id, "successful").await;
}

#[tokio::test]
async fn a_request_under_way_is_answered() {
    let mut sink = Sink::start(OK).await;
    let yard = Yard::to(&sink);
    let gateway = yard.start().await;
    let mut client = gateway.client().await;
    let head = request("POST", "/in", gateway.public, &[("Expect", "100-continue")], b"all of it");
    let (head, body) = head.split_at(head.len() - b"all of it".len());
    client.send(head).await.unwrap();
    assert_eq!(client.head().await.unwrap().status, 100);
    gateway.process.terminate();
    gateway.process.stderr.containing(STOPPING).await;
    client.send(body).await.unwrap();
    let id = client.answer().await.unwrap().request_id();
    let ended = gateway.process.ended().await;
    assert!(ended.status.success(), "{ended:?}");

    let gateway: Gateway = yard.start().await;
    gateway.event_in(&id, "successful").await;
    assert_eq!(sink.next().await.body, b"all of it");
}
