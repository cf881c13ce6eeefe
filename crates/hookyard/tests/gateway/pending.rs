//! A provider whose keys have to be fetched, and whose server cannot be reached: its requests wait, through a
//! kill as well, and nobody else's do.
//!
//! What follows once the key can be had is shown where the provider's server can be played: in `sns`, and in
//! the tests of the route stage.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use crate::gateway::{Gateway, LOOPBACK, OPEN_SOURCE, Yard, leg};
use crate::sink::{OK, Sink};

/// A name that never resolves (RFC 6761, section 6.4).
const SOURCE: &str = "[[source]]\nname = \"auth\"\ntoken = \"auth\"\nprovider = \"kinde\"\n\
    settings = { kinde_url = \"https://kinde.hookyard.invalid\" }\n\
    [[connection]]\nsource = \"auth\"\ndestination = \"out\"\n";
const QUICK: &str = "[verification]\nretry_first = \"1ms\"\nretry_max = \"50ms\"\n";

/// A token that somebody signed.
fn token() -> Vec<u8> {
    let part = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let head = part(br#"{"alg":"RS256","typ":"JWT","kid":"k1"}"#);
    format!("{head}.{}.{}", part(br#"{"event_id":"e1"}"#), part(&[7; 256])).into_bytes()
}

async fn request(gateway: &Gateway, id: &str) -> Value {
    gateway.get(&format!("/api/v1/requests/{id}")).await
}

async fn is_pending(gateway: &Gateway, id: &str) {
    let shown = request(gateway, id).await;
    assert_eq!(
        (shown["status"].as_str(), shown["verification"].as_str()),
        (Some("pending"), Some("pending"))
    );
    assert_eq!(shown["events"]["data"], Value::Array(Vec::new()), "{shown}");
}

#[tokio::test]
async fn what_waits_for_a_key_waits_alone_and_outlives_the_process() {
    let mut sink = Sink::start(OK).await;
    let mut yard = Yard::new(format!("{OPEN_SOURCE}{}{SOURCE}", leg("out", &sink, "", "")));
    yard.settings = format!("{LOOPBACK}{QUICK}");
    let gateway = yard.start().await;
    let id = gateway.post("/auth", &[], &token()).await.request_id();
    is_pending(&gateway, &id).await;
    gateway.process.stderr.containing("requests wait for it").await;
    let other = gateway.take(b"somebody else's").await;
    assert_eq!(sink.next().await.body, b"somebody else's");
    gateway.event_in(&other, "successful").await;
    let found = gateway.get("/api/v1/requests?status=pending").await;
    assert_eq!(found["data"][0]["id"], *id);
    // What is no token at all needs no key to be told so.
    assert_eq!(gateway.post("/auth", &[], b"no token").await.status, 401);

    gateway.process.kill();
    let gateway = yard.start().await;
    gateway.ready().await;
    is_pending(&gateway, &id).await;
    gateway.stop().await;

    yard.settings = format!("{LOOPBACK}{QUICK}pending_age_max = \"1s\"\n");
    let gateway = yard.start().await;
    let path = format!("/api/v1/requests/{id}");
    let shown = gateway.get_until(&path, "given up", |it| it["status"] == "rejected").await;
    assert_eq!((shown["cause"].as_str(), &shown["late"]), (Some("key_unavailable"), &Value::Bool(true)));
    assert!(shown["detail"].as_str().unwrap().contains("kinde.hookyard.invalid"), "{shown}");
    assert!(sink.already().is_none());
    gateway.stop().await;
}
