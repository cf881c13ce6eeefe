//! Why a request was refused, as its owner is told.

use std::collections::BTreeMap;

use bytes::Bytes;
use hookyard_api::server::Options;
use hookyard_model::id::SourceId;
use hookyard_model::request::RejectCause;
use hookyard_providers::{Configuration, KeyCache, Verdict, Verifier};
use hookyard_store::accept::Rejection;
use http::HeaderMap;
use serde_json::{Value, json};

use crate::harness::{START, Server};

/// A key of Circle's, of which the private half is RFC 7515's; and a signature that is nobody's.
const KEY: &str = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEf83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEXH8UTNG72bfocs3+257rn0s2ldbqkLJK2KRiMohYjlrQ==";
const SIGNATURE: &str = "MAYCAQECAQE=";
const SECRET: &str = "TEST_API_KEY:a:b";

/// Has a request to a source of Circle's refused, and gives back its diagnosis.
async fn diagnosis(server: &Server, kept: &str, body_bytes: u64) -> Value {
    let body = json!({"name": "circle", "provider": "circle", "secrets": [SECRET]});
    let source: SourceId = server.create("/api/v1/sources", body).await.parse().unwrap();
    let head = format!(
        "POST /t HTTP/1.1\r\nHost: h\r\nX-Circle-Key-Id: k\r\nX-Circle-Signature: {SIGNATURE}\r\n\r\n"
    );
    server.store.reject(Rejection {
        project: server.project(),
        source: Some(source),
        received_at: server.clock.now(),
        remote: [192, 0, 2, 8].into(),
        head: Bytes::from(head),
        body: Bytes::copy_from_slice(kept.as_bytes()),
        body_bytes,
        cause: RejectCause::VerificationFailed,
        detail: "no signature matches".to_owned(),
    });
    server.store.settle().await;
    let newest = server.get("/api/v1/requests?limit=1").await.ok()["data"][0]["id"].clone();
    server.get(&format!("/api/v1/requests/{}", newest.as_str().unwrap())).await.ok()["diagnosis"].clone()
}

/// A cache with the key in it, as the route stage leaves it.
fn keys() -> KeyCache {
    let settings = BTreeMap::new();
    let configuration =
        Configuration { provider: "circle", secrets: &[SECRET], settings: &settings, public_url: None };
    let mut headers = HeaderMap::new();
    headers.insert("x-circle-key-id", "k".parse().unwrap());
    headers.insert("x-circle-signature", SIGNATURE.parse().unwrap());
    let request = hookyard_providers::Request {
        method: "POST",
        target: "/t",
        headers: &headers,
        body: b"{}",
        public_url: None,
    };
    let keys = KeyCache::default();
    let verdict = Verifier::new(&configuration).unwrap().verify(&request, &keys, START.s());
    let Verdict::KeyNeeded(wanted) = verdict else { panic!("{verdict:?}") };
    let document = json!({"data": {"publicKey": KEY}}).to_string();
    keys.accept(&wanted, document.as_bytes(), &[], START.s()).unwrap();
    keys
}

#[tokio::test]
async fn what_a_fetched_key_refuses_is_looked_into_with_that_key() {
    let server = Server::with(Options { keys: keys(), ..Options::default() }).await;
    let told = diagnosis(&server, "{}", 2).await;
    assert_eq!(told["check"], "signature", "{told}");
    assert!(told["reason"].as_str().unwrap().starts_with("no signature matches"), "{told}");
    // Without the key nothing is known.
    assert_eq!(diagnosis(&Server::start().await, "{}", 2).await, Value::Null);
}

#[tokio::test]
async fn of_a_body_that_was_cut_nothing_is_guessed() {
    let server = Server::with(Options { keys: keys(), ..Options::default() }).await;
    let told = diagnosis(&server, "{\"a\":", 100_000).await;
    assert_eq!(told["check"], "signature", "{told}");
    assert!(told["reason"].as_str().unwrap().starts_with("only the first 5 bytes"), "{told}");
    assert!(told["suggestion"].as_str().unwrap().contains("rejected_body_bytes_max"), "{told}");
}
