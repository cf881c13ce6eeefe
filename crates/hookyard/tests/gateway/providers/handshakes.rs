//! The handshakes of every provider that has one, as the provider makes them: the exact answer, over HTTP,
//! and what must not be answered.
//!
//! The tables are by what the answer is made of: `acknowledged` (nothing that came), `echoed`, `computed` and
//! `captured` (a secret that came is kept).

mod acknowledged;
mod captured;
mod computed;
mod echoed;
mod refused;

use std::collections::BTreeSet;

use hookyard_providers::providers;
use serde_json::{Value, json};

use super::{Expected, Row, ask, sha256, sources};
use crate::client::ask_once;
use crate::gateway::Gateway;

const JSON: &[(&str, &str)] = &[("content-type", "application/json")];
const TEXT: &[(&str, &str)] = &[("content-type", "text/plain"), ("x-content-type-options", "nosniff")];

/// Providers whose handshake is not at the source's URL, or ends in a call; each has a test of its own.
const ELSEWHERE: [&str; 2] = ["fastly", "aws-sns"];

#[tokio::test]
async fn every_handshake_is_answered_exactly() {
    let tables = [
        ("acknowledged", acknowledged::ROWS),
        ("echoed", echoed::ROWS),
        ("computed", computed::ROWS),
        ("captured", captured::ROWS),
    ];
    let rows: Vec<&Row> = tables.iter().flat_map(|(_, rows)| *rows).collect();
    let names: BTreeSet<&str> = rows.iter().map(|row| row.provider).collect();
    let settings: Vec<_> = rows.iter().map(|row| (row.provider, row.settings)).collect();
    let yard = sources(&Vec::from_iter(names.iter().copied()), &settings);
    let gateway = yard.start().await;
    for row in &rows {
        let answer = ask(&gateway, row).await;
        let expected = match row.expected {
            Expected::Text(text) => text.to_owned(),
            Expected::Made(made) => made(),
        };
        let got = (answer.status, answer.text());
        assert_eq!(got, (row.status, expected), "{} {}", row.provider, answer.head);
        for (name, value) in row.answered {
            // The test's client reads heads in lower case.
            assert_eq!(answer.header(name), Some(value.to_lowercase().as_str()), "{} {name}", row.provider);
        }
    }
    assert_eq!(noted(&gateway, rows.len()).await, described());
    for (kind, rows) in tables {
        println!("{} {kind}", rows.len());
    }
    println!("{} handshakes of {} providers, beside {ELSEWHERE:?}", rows.len(), names.len());
}

/// The names of the handshakes that were noted, sorted; none was routed.
async fn noted(gateway: &Gateway, count: usize) -> Vec<String> {
    let all = |list: &Value| list["data"].as_array().is_some_and(|noted| noted.len() == count);
    let list = gateway.get_until("/api/v1/requests?limit=250", "every handshake is noted", all).await;
    let mut names = Vec::new();
    for request in list["data"].as_array().unwrap() {
        assert_eq!((&request["status"], &request["events"]), (&json!("handshake"), &json!(0)), "{request}");
        let request = gateway.get(&format!("/api/v1/requests/{}", request["id"].as_str().unwrap())).await;
        names.push(request["detail"].as_str().unwrap().to_owned());
    }
    names.sort_unstable();
    names
}

/// The names of all handshakes that the catalogue has for a source's URL, sorted.
fn described() -> Vec<String> {
    let here = providers().filter(|provider| !ELSEWHERE.contains(&provider.name.as_str()));
    let mut names: Vec<String> =
        here.flat_map(|provider| &provider.handshake).map(|handshake| handshake.name.clone()).collect();
    names.sort_unstable();
    names
}

#[tokio::test]
async fn the_host_answers_fastly_for_all_sources() {
    let path = "/.well-known/fastly/logging/challenge";
    let none = sources(&["github"], &[]).start().await;
    assert_eq!(ask_once("GET", path, none.public, &[], b"").await.status, 404);
    let yard = sources(&["fastly"], &[]);
    let any = yard.start().await;
    let answer = ask_once("GET", path, any.public, &[], b"").await;
    assert_eq!((answer.status, answer.text().as_str()), (200, "*"));
    any.stop().await;
    let yard = sources(&["fastly"], &[("fastly", &[("service_id", "SU1Z0isxPaozGVKXdv0eY")])]);
    let one = yard.start().await;
    let answer = ask_once("GET", path, one.public, &[], b"").await;
    assert_eq!((answer.status, answer.text()), (200, sha256("SU1Z0isxPaozGVKXdv0eY")));
    assert_eq!(ask_once("POST", path, one.public, &[], b"").await.status, 404);
}
