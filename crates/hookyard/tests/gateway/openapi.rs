//! The API by its description alone: programs that read nothing else find that it does what it says.

use hookyard_test_sdk::openapi::{Api, run_client, run_schemathesis};
use serde_json::{Value, json};

use crate::client::ask_once;
use crate::gateway::{Gateway, Yard};
use crate::sink::{OK, Sink};

const KEY: &str = "admin-key-77c0a4f25b1e";

/// A gateway that asks for a key.
fn guarded(declared: &str) -> Yard {
    let mut yard = Yard::new(declared);
    yard.server.push_str(&format!("admin_key = \"{KEY}\"\n"));
    yard
}

/// Runs `with` the URL of the API, beside this test's own work.
async fn beside<T: Send + 'static>(gateway: &Gateway, with: impl FnOnce(&str) -> T + Send + 'static) -> T {
    let url = format!("http://{}", gateway.admin);
    tokio::task::spawn_blocking(move || with(&url)).await.unwrap()
}

#[tokio::test]
async fn a_client_that_is_made_of_the_description_drives_the_api() {
    let mut sink = Sink::start(OK).await;
    let yard = guarded("");
    let gateway = yard.start().await;
    let credentials = format!("Bearer {KEY}");
    let headers = [("Authorization", credentials.as_str())];
    let description = ask_once("GET", "/api/v1/openapi.json", gateway.admin, &headers, b"").await;
    let (public_url, receiver) = (format!("http://{}", gateway.public), sink.url());
    let seen = beside(&gateway, move |url| {
        run_client(Api { url, key: KEY }, &description.body, &public_url, &receiver)
    });
    let seen: Value = serde_json::from_str(&seen.await.unwrap_or_else(|error| panic!("{error}"))).unwrap();
    assert!(seen["event_id"].as_str().unwrap().starts_with("evt_"), "{seen}");
    assert_eq!(seen["attempts"], json!([200]));
    assert_eq!(seen["wrong"], json!(["invalid_field", "answer.status"]));
    assert_eq!(seen["nothing"], 404);
    assert_eq!(sink.next().await.body, b"{\"paid\":true}");
}

#[tokio::test]
async fn schemathesis_finds_nothing_that_is_not_described() {
    let sink = Sink::start(OK).await;
    // Something to look at: requests, events and attempts.
    let declared = Yard::to(&sink).declared;
    let mut yard = guarded(&declared);
    // Streams end soon, and wrong keys are not slowed: hundreds of both are tried.
    yard.settings.push_str("[live]\nstream_time_max = \"1s\"\n");
    yard.settings.push_str("[access]\nfailure_delay = \"0s\"\nfailures_per_minute_max = 1000000\n");
    let gateway = yard.start().await;
    for _ in 0..3 {
        gateway.take(b"{\"n\": 1}").await;
    }
    let told = beside(&gateway, |url| run_schemathesis(Api { url, key: KEY })).await;
    let told = told.unwrap_or_else(|error| panic!("{error}"));
    println!("{}", told.rsplit_once("SUMMARY").map_or(told.as_str(), |(_, summary)| summary));
}
