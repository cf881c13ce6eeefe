//! Searches of history, as far as they are work that nobody may want any more.

use serde_json::json;
use tokio::task::JoinSet;

use crate::client::{Client, request};
use crate::gateway::{Gateway, Yard};
use crate::lanes::metric;
use crate::process::within;
use crate::sink::{OK, Sink};

/// Enough for several blocks of the index: a search rests between two of them.
const REQUESTS: usize = 2_000;
const SENDERS: usize = 16;

async fn fill(gateway: &Gateway) {
    let public = gateway.public;
    let mut senders = JoinSet::new();
    for _ in 0..SENDERS {
        senders.spawn(async move {
            let mut client = Client::connect(public).await.unwrap();
            for _ in 0..REQUESTS / SENDERS {
                let webhook = request("POST", "/in", public, &[], b"{\"paid\":true}");
                client.ask(&webhook).await.unwrap().request_id();
            }
        });
    }
    within("requests are taken", senders.join_all()).await;
    gateway
        .get_until("/api/v1/requests?limit=1", "in the index", |list| list["data"][0]["events"] == 1)
        .await;
}

#[tokio::test]
async fn a_search_stops_when_its_caller_goes_away() {
    let sink = Sink::start(OK).await;
    let mut yard = Yard::to(&sink);
    yard.settings.push_str("[search]\nat_a_time_max = 1\nbodies_time_max = \"1m\"\nbusy_percent = 1\n");
    let gateway = yard.start().await;
    fill(&gateway).await;
    let matching = "%7B%22body%22%3A%7B%22paid%22%3Afalse%7D%7D";
    for (number, path) in [
        "/api/v1/requests?search=nowhere".to_owned(),
        format!("/api/v1/requests?match={matching}"),
        format!("/api/v1/events?match={matching}"),
    ]
    .into_iter()
    .enumerate()
    {
        let stopped = async {
            // One that comes to its end before anybody could go away proves nothing.
            while metric(&gateway, "hookyard_searches_abandoned_total").await <= number as f64 {
                let mut caller = Client::connect(gateway.admin).await.unwrap();
                caller.send(&request("GET", &path, gateway.admin, &[], b"")).await.unwrap();
                let begun = async { while metric(&gateway, "hookyard_searches_under_way").await < 1.0 {} };
                tokio::select! {
                    () = begun => drop(caller),
                    answer = caller.answer() => assert_eq!(answer.unwrap().status, 200),
                }
                while metric(&gateway, "hookyard_searches_under_way").await > 0.0 {}
            }
        };
        within(&format!("{path} stops"), stopped).await;
    }
    let whole = gateway.get("/api/v1/requests?search=nowhere").await;
    assert_eq!((&whole["data"], &whole["progress"]["complete"]), (&json!([]), &json!(true)), "{whole}");
    assert_eq!(metric(&gateway, "hookyard_searches_under_way").await, 0.0);
    gateway.stop().await;
}
