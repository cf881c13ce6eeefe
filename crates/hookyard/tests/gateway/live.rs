//! A live stream of the whole gateway: across a kill, and up to its end.

use crate::client::{Client, request};
use crate::gateway::{Gateway, Yard};
use crate::process::within;
use crate::sink::{OK, Sink};

/// Opens a stream; behind `after` where there is one.
async fn stream(gateway: &Gateway, after: &str) -> Client {
    let mut client = Client::connect(gateway.admin).await.unwrap();
    let after = if after.is_empty() { String::new() } else { format!("?after={after}") };
    client.send(&request("GET", &format!("/api/v1/live{after}"), gateway.admin, &[], b"")).await.unwrap();
    let answer = within("a stream begins", client.head()).await.unwrap();
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("text/event-stream")));
    client
}

/// The `id` of the message about a request's delivered event.
async fn told_of(client: &mut Client, request: &str) -> String {
    let find = |text: &str| {
        let delivered = |block: &&str| {
            block.starts_with("event: event") && block.contains(request) && block.contains("\"successful\"")
        };
        let messages = text.split("event: ").map(|rest| format!("event: {rest}"));
        let found: Vec<String> = messages.collect();
        let found = found.iter().map(String::as_str).find(delivered)?.to_owned();
        Some(found.lines().find_map(|line| line.strip_prefix("id: "))?.to_owned())
    };
    within("the stream tells of it", client.text_until(find)).await.unwrap()
}

#[tokio::test]
async fn a_stream_goes_on_behind_a_kill_and_ends_with_the_gateway() {
    let sink = Sink::start(OK).await;
    let yard = Yard::to(&sink);
    let gateway = yard.start().await;
    let mut client = stream(&gateway, "").await;
    let first = gateway.take(b"one").await;
    let seen = told_of(&mut client, &first).await;
    let missed = gateway.take(b"two").await;
    gateway.event_in(&missed, "successful").await;
    gateway.process.kill();

    let gateway = yard.start().await;
    let mut client = stream(&gateway, &seen).await;
    told_of(&mut client, &missed).await;
    // What was counted is neither lost nor doubled.
    let series = gateway.get("/api/v1/metrics/series").await;
    let sum = |field: &str| -> u64 {
        series["points"].as_array().unwrap().iter().map(|point| point[field].as_u64().unwrap()).sum()
    };
    assert_eq!((sum("requests_accepted"), sum("events"), sum("attempts_successful")), (2, 2, 2), "{series}");
    let last = gateway.take(b"three").await;
    told_of(&mut client, &last).await;
    let ended = gateway.stop().await;
    assert!(!ended.stderr.contains("cut off"), "{}", ended.stderr);
}
