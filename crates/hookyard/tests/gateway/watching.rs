//! What the gateway tells of itself, and what it keeps to itself.

use std::collections::HashMap;
use std::path::Path;

use crate::client::github_signature;
use crate::gateway::{Gateway, Yard};
use crate::sink::{Act, OK, Sink};

const PROVIDER_SECRET: &str = "provider-secret-7f3a9c51d2";
const SIGNING_SECRET: &str = "whsec_c2lnbmluZy1zZWNyZXQtb2YtdGhlLXRlc3Q5OTk5";
const ADMIN_KEY: &str = "admin-key-5b1e77c0a4f2";

/// The value of each sample that has no labels, and the type of each metric.
fn parse(text: &str) -> (HashMap<String, f64>, HashMap<String, String>) {
    let (mut values, mut types) = (HashMap::new(), HashMap::new());
    for line in text.lines() {
        let words: Vec<&str> = line.split(' ').collect();
        match words.as_slice() {
            ["#", "TYPE", name, kind] => {
                assert!(["counter", "gauge", "histogram"].contains(kind), "{line}");
                types.insert((*name).to_owned(), (*kind).to_owned());
            }
            ["#", "HELP" | "UNIT", _, ..] | ["#", "EOF"] => {}
            [_, .., value] => {
                let (name, value) = (&line[..line.len() - value.len() - 1], value.parse::<f64>());
                let value = value.unwrap_or_else(|error| panic!("{line}: {error}"));
                let valid = name.chars().all(|c| c.is_ascii_graphic() || c == ' ');
                assert!(name.starts_with("hookyard_") && valid, "{line}");
                values.insert(name.to_owned(), value);
            }
            _ => panic!("no line of the Prometheus text format: `{line}`"),
        }
    }
    (values, types)
}

#[tokio::test]
async fn metrics_count_what_happens() {
    let mut sink = Sink::start(OK).await;
    let yard = Yard::to(&sink);
    let gateway = yard.start().await;
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(gateway.take(b"count me").await);
    }
    assert_eq!(gateway.post("/nobody", &[], b"").await.status, 404);
    for id in &ids {
        sink.next().await;
        gateway.event_in(id, "successful").await;
    }
    let answer = gateway.call("GET", "/metrics", "").await;
    assert!(answer.header("content-type").unwrap().contains("text"), "{}", answer.head);
    let (values, types) = parse(&answer.text());
    for (name, value) in [
        ("hookyard_ingest_requests_accepted_total", 3.0),
        ("hookyard_ingest_requests_rejected_total{cause=\"unknown_source\"}", 1.0),
        ("hookyard_ingest_ack_seconds_count", 3.0),
        ("hookyard_delivery_attempts_total{outcome=\"2xx\"}", 3.0),
        ("hookyard_delivery_attempts_total{outcome=\"5xx\"}", 0.0),
        ("hookyard_delivery_events_delivered_total", 3.0),
        ("hookyard_undelivered_events", 0.0),
        ("hookyard_store_available", 1.0),
    ] {
        assert_eq!(values.get(name), Some(&value), "{name} in\n{}", answer.text());
    }
    assert_eq!(types["hookyard_ingest_ack_seconds"], "histogram");
    assert!(answer.text().ends_with("# EOF\n"));
}

#[tokio::test]
async fn it_is_not_ready_while_something_waits_too_long() {
    let sink = Sink::start(Act::Hang).await;
    let mut yard = Yard::to(&sink);
    yard.settings.push_str("[health]\nundelivered_age_max = \"1s\"\n");
    let gateway = yard.start().await;
    gateway.ready().await;
    let id = gateway.take(b"in time?").await;
    gateway.get_until("/readyz", "too old", |it| it["reasons"][0]["code"] == "undelivered_too_old").await;
    assert_eq!(gateway.call("GET", "/readyz", "").await.status, 503);
    assert_eq!(gateway.call("GET", "/healthz", "").await.status, 200);
    sink.act(OK);
    gateway.event_in(&id, "successful").await;
    gateway.ready().await;
}

async fn everything_told(gateway: &Gateway) -> Vec<String> {
    let key = [("Authorization", format!("Bearer {ADMIN_KEY}"))];
    let key = key.each_ref().map(|(name, value)| (*name, value.as_str()));
    let mut told = Vec::new();
    for path in ["sources", "destinations", "connections", "requests", "events", "providers"] {
        let path = format!("/api/v1/{path}");
        let answer = crate::client::ask_once("GET", &path, gateway.admin, &key, b"").await;
        assert_eq!(answer.status, 200, "{path}");
        told.push(answer.text());
    }
    for (method, path) in [("GET", "/metrics"), ("GET", "/api/v1/nothing"), ("POST", "/api/v1/sources")] {
        told.push(crate::client::ask_once(method, path, gateway.admin, &key, b"{\"x\":1}").await.text());
    }
    told
}

/// All files below a directory.
fn files(directory: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(self::files(&path));
        } else {
            files.push((path.display().to_string(), std::fs::read(&path).unwrap()));
        }
    }
    files
}

fn holds(bytes: &[u8], secret: &str) -> bool {
    bytes.windows(secret.len()).any(|window| window == secret.as_bytes())
}

#[tokio::test]
async fn secrets_are_neither_logged_nor_told_nor_stored_as_they_are() {
    let mut sink = Sink::start(OK).await;
    let mut yard = Yard::new(format!(
        "[[source]]\nname = \"in\"\ntoken = \"in\"\nprovider = \"github\"\nsecrets = [\"${{PROVIDER_SECRET}}\"]\n\
         [[destination]]\nname = \"out\"\nurl = \"{}\"\nsigning_secrets = [\"${{SIGNING_SECRET}}\"]\n\
         [[connection]]\nsource = \"in\"\ndestination = \"out\"\n",
        sink.url()
    ));
    yard.settings = yard.settings.replace("[delivery]", "level = \"trace\"\n[delivery]");
    yard.server.push_str("admin_key = \"${ADMIN}\"\n");
    for (name, value) in
        [("PROVIDER_SECRET", PROVIDER_SECRET), ("SIGNING_SECRET", SIGNING_SECRET), ("ADMIN", ADMIN_KEY)]
    {
        yard.env.insert(name.to_owned(), value.to_owned());
    }
    let gateway = yard.start().await;
    let signature = github_signature(PROVIDER_SECRET, b"hello");
    let headers = [("X-Hub-Signature-256", signature.as_str())];
    gateway.post("/in", &headers, b"hello").await.request_id();
    assert_eq!(gateway.post("/in", &headers, b"changed").await.status, 401);
    sink.next().await;
    let told = everything_told(&gateway).await;
    let ended = gateway.stop().await;
    assert!(ended.stderr.lines().count() > 3, "{ended:?}");
    let stored = files(&yard.data_dir());
    assert!(stored.len() >= 4, "{stored:?}");
    for secret in
        [PROVIDER_SECRET, SIGNING_SECRET, &SIGNING_SECRET[6..], "signing-secret-of-the-test9999", ADMIN_KEY]
    {
        assert!(!ended.stderr.contains(secret), "{secret} is logged");
        assert!(!ended.stdout.contains(secret), "{secret} is printed");
        assert!(told.iter().all(|text| !text.contains(secret)), "{secret} is told by the API");
        for (path, bytes) in &stored {
            assert!(!holds(bytes, secret), "{secret} is in {path}");
        }
    }
    let key = yard.data_dir().join("secrets.key");
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(key).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
}
