//! The handshakes of every provider that has one, as the provider makes them: the exact answer, over HTTP,
//! and what must not be answered.

use std::collections::BTreeMap;

use hookyard_providers::sign::{Wanted, sample};
use hookyard_providers::{Configuration, provider, providers};
use ring::{digest, hmac};
use serde_json::{Value, json};

use crate::client::{Answer, ask_once};
use crate::gateway::{Gateway, Yard};

const URL: &str = "https://hooks.example.com";

/// A handshake and its answer.
struct Row {
    provider: &'static str,
    /// Settings beside the examples of those that must be given.
    settings: &'static [(&'static str, &'static str)],
    method: &'static str,
    suffix: &'static str,
    headers: &'static [(&'static str, &'static str)],
    body: &'static str,
    /// Whether the provider signs it.
    signed: bool,
    status: u16,
    /// Header lines that the answer must have.
    answered: &'static [(&'static str, &'static str)],
    expected: Expected,
}

/// A body.
enum Expected {
    Text(&'static str),
    Made(fn() -> String),
}

const ROW: Row = Row {
    provider: "",
    settings: &[],
    method: "POST",
    suffix: "",
    headers: &[],
    body: "",
    signed: false,
    status: 200,
    answered: &[],
    expected: Expected::Text(""),
};
const JSON: &[(&str, &str)] = &[("content-type", "application/json")];
const TEXT: &[(&str, &str)] = &[("content-type", "text/plain"), ("x-content-type-options", "nosniff")];
const HUB: &str = "?hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=meet-me-at-the-yard";

/// The public half of `hookyard-providers/tests/keys/ed25519.pem`, as Discord writes it.
const ED25519: &str = "4f24b843ff070f912bf65ad70f1e962288de785024cd1b3b5873edaee58e91a7";

/// The secret of a provider's source here: the description's example, or the key we can sign with.
fn secret(name: &str) -> &'static str {
    if name == "discord" {
        return ED25519;
    }
    provider(name).unwrap().secret.as_ref().unwrap().example.as_deref().unwrap()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn mac(algorithm: hmac::Algorithm, key: &[u8], text: &str) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(algorithm, key), text.as_bytes()).as_ref().to_vec()
}

fn sha256(text: &str) -> String {
    hex(digest::digest(&digest::SHA256, text.as_bytes()).as_ref())
}

fn rows() -> Vec<Row> {
    let text = |body| Expected::Text(body);
    let made = Expected::Made;
    vec![
        Row {
            provider: "braintree",
            method: "GET",
            suffix: "?bt_challenge=20f9f8ed05f77439fe955c977e4c8a53",
            answered: TEXT,
            expected: made(|| {
                let key = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, secret("braintree").as_bytes());
                let challenge = "20f9f8ed05f77439fe955c977e4c8a53";
                let tag = mac(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, key.as_ref(), challenge);
                let settings = &provider("braintree").unwrap().setting;
                let public_key = settings.iter().find(|setting| setting.name == "public_key").unwrap();
                format!("{}|{}", public_key.example.as_deref().unwrap(), hex(&tag))
            }),
            ..ROW
        },
        Row { provider: "wise", headers: &[("x-test-notification", "true")], body: "{}", ..ROW },
        Row { provider: "xero", signed: true, body: r#"{"events":[],"lastEventSequence":0}"#, ..ROW },
        Row { provider: "circle", method: "HEAD", ..ROW },
        Row {
            provider: "tebex",
            signed: true,
            body: r#"{"id":"7ab9b8a2-d5c1-4b2b-8e1f-0c1d2e3f4a5b","type":"validation.webhook","subject":{}}"#,
            answered: JSON,
            expected: text(r#"{"id":"7ab9b8a2-d5c1-4b2b-8e1f-0c1d2e3f4a5b"}"#),
            ..ROW
        },
        Row {
            provider: "github",
            signed: true,
            headers: &[("x-github-event", "ping")],
            body: r#"{"zen":"Design for failure.","hook_id":1}"#,
            ..ROW
        },
        Row {
            provider: "bitbucket-server",
            headers: &[("x-event-key", "diagnostics:ping")],
            body: r#"{"test":true}"#,
            ..ROW
        },
        Row {
            provider: "vercel-log-drain",
            settings: &[("verify", "3f2a9c1d5e7b")],
            body: "[]",
            answered: &[("x-vercel-verify", "3f2a9c1d5e7b")],
            ..ROW
        },
        Row {
            provider: "terraform-cloud",
            signed: true,
            body: r#"{"payload_version":1,"run_id":null,"notifications":[{"trigger":"verification"}]}"#,
            ..ROW
        },
        Row { provider: "snyk", signed: true, headers: &[("x-snyk-event", "ping/v0")], body: "{}", ..ROW },
        Row {
            provider: "cloudevents",
            method: "OPTIONS",
            headers: &[("webhook-request-origin", "events.example.com"), ("webhook-request-rate", "120")],
            answered: &[
                ("webhook-allowed-origin", "events.example.com"),
                ("webhook-allowed-rate", "*"),
                ("allow", "options, post"),
            ],
            ..ROW
        },
        Row {
            provider: "slack",
            signed: true,
            body: r#"{"token":"x","challenge":"3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P","type":"url_verification"}"#,
            answered: TEXT,
            expected: text("3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P"),
            ..ROW
        },
        Row {
            provider: "discord",
            signed: true,
            body: r#"{"version":1,"type":0}"#,
            status: 204,
            answered: JSON,
            ..ROW
        },
        Row {
            provider: "discord",
            signed: true,
            body: r#"{"id":"1","type":1}"#,
            answered: JSON,
            expected: text(r#"{"type":1}"#),
            ..ROW
        },
        Row { provider: "line", signed: true, body: r#"{"destination":"U8e7","events":[]}"#, ..ROW },
        Row {
            provider: "viber",
            signed: true,
            body: r#"{"event":"webhook","timestamp":1457764197627}"#,
            ..ROW
        },
        Row {
            provider: "ringcentral",
            headers: &[("validation-token", "0a5e-77")],
            answered: &[("validation-token", "0a5e-77")],
            ..ROW
        },
        Row {
            provider: "zoom",
            body: r#"{"payload":{"plainToken":"qgg8vlvZRS6UYooatFL8Aw"},"event_ts":1654503849680,"event":"endpoint.url_validation"}"#,
            answered: JSON,
            expected: made(|| {
                let token = "qgg8vlvZRS6UYooatFL8Aw";
                let tag = hex(&mac(hmac::HMAC_SHA256, secret("zoom").as_bytes(), token));
                format!(r#"{{"plainToken":"{token}","encryptedToken":"{tag}"}}"#)
            }),
            ..ROW
        },
        Row {
            provider: "ms-graph",
            suffix: "?validationToken=Validation%3a+Testing+%3cb%3e",
            answered: TEXT,
            expected: text("Validation: Testing &lt;b&gt;"),
            ..ROW
        },
        Row {
            provider: "azure-event-grid",
            headers: &[("aeg-event-type", "SubscriptionValidation")],
            body: r#"[{"id":"1","data":{"validationCode":"512d38b6"},"eventType":"Microsoft.EventGrid.SubscriptionValidationEvent"}]"#,
            answered: JSON,
            expected: text(r#"{"validationResponse":"512d38b6"}"#),
            ..ROW
        },
        Row {
            provider: "azure-event-grid",
            method: "OPTIONS",
            headers: &[("webhook-request-origin", "eventgrid.azure.net")],
            answered: &[("webhook-allowed-origin", "eventgrid.azure.net")],
            ..ROW
        },
        Row {
            provider: "meta",
            method: "GET",
            suffix: HUB,
            answered: TEXT,
            expected: text("1158201444"),
            ..ROW
        },
        Row {
            provider: "whatsapp",
            method: "GET",
            suffix: HUB,
            answered: TEXT,
            expected: text("1158201444"),
            ..ROW
        },
        Row {
            provider: "x",
            method: "GET",
            suffix: "?crc_token=NjYwNGNmZjctZGNlMC00",
            answered: JSON,
            expected: made(|| {
                use base64::Engine as _;
                let tag = mac(hmac::HMAC_SHA256, secret("x").as_bytes(), "NjYwNGNmZjctZGNlMC00");
                let tag = base64::engine::general_purpose::STANDARD.encode(tag);
                format!(r#"{{"response_token":"sha256={tag}"}}"#)
            }),
            ..ROW
        },
        Row {
            provider: "linkedin",
            method: "GET",
            suffix: "?challengeCode=890e4665-4dfe-4ab1-b689-ed553bceeed0",
            answered: JSON,
            expected: made(|| {
                let code = "890e4665-4dfe-4ab1-b689-ed553bceeed0";
                let tag = hex(&mac(hmac::HMAC_SHA256, secret("linkedin").as_bytes(), code));
                format!(r#"{{"challengeCode":"{code}","challengeResponse":"{tag}"}}"#)
            }),
            ..ROW
        },
        Row {
            provider: "twitch",
            signed: true,
            headers: &[("twitch-eventsub-message-type", "webhook_callback_verification")],
            body: r#"{"challenge":"pogchamp-kappa-360noscope-vohiyo","subscription":{"id":"f1c2"}}"#,
            answered: TEXT,
            expected: text("pogchamp-kappa-360noscope-vohiyo"),
            ..ROW
        },
        Row {
            provider: "websub",
            method: "GET",
            suffix: "?hub.mode=subscribe&hub.topic=https%3A%2F%2Fexample.com%2Ffeed&hub.challenge=14532&hub.lease_seconds=432000",
            answered: TEXT,
            expected: text("14532"),
            ..ROW
        },
        Row {
            provider: "strava",
            method: "GET",
            suffix: "?hub.verify_token=meet-me-at-the-yard&hub.challenge=15f7d1a91c1f40f8a748fd134752feb3&hub.mode=subscribe",
            answered: JSON,
            expected: text(r#"{"hub.challenge":"15f7d1a91c1f40f8a748fd134752feb3"}"#),
            ..ROW
        },
        Row {
            provider: "fitbit",
            method: "GET",
            suffix: "?verify=5a3c7bb3b1dd5a6e0d0f8e2c",
            status: 204,
            ..ROW
        },
        Row {
            provider: "oura",
            method: "GET",
            suffix: "?verification_token=meet-me-at-the-yard&challenge=3a5b",
            answered: JSON,
            expected: text(r#"{"challenge":"3a5b"}"#),
            ..ROW
        },
        Row {
            provider: "woocommerce",
            headers: &[("content-type", "application/x-www-form-urlencoded")],
            body: "webhook_id=7",
            ..ROW
        },
        Row {
            provider: "adobe-io-events",
            method: "GET",
            suffix: "?challenge=8ec8d794",
            answered: TEXT,
            expected: text("8ec8d794"),
            ..ROW
        },
        Row {
            provider: "ebay",
            method: "GET",
            suffix: "?challenge_code=a8628072",
            answered: JSON,
            expected: made(|| {
                let settings = &provider("ebay").unwrap().setting;
                let token = settings.iter().find(|setting| setting.name == "verification_token").unwrap();
                let token = token.example.as_deref().unwrap();
                format!(r#"{{"challengeResponse":"{}"}}"#, sha256(&format!("a8628072{token}{URL}/ebay")))
            }),
            ..ROW
        },
        Row {
            provider: "onfleet",
            method: "GET",
            suffix: "?check=fsda7f6a",
            answered: TEXT,
            expected: text("fsda7f6a"),
            ..ROW
        },
        Row { provider: "mandrill", method: "HEAD", ..ROW },
        Row {
            provider: "mandrill",
            headers: &[("content-type", "application/x-www-form-urlencoded"), ("x-mandrill-signature", "x")],
            body: "mandrill_events=%5B%5D",
            ..ROW
        },
        Row { provider: "mailchimp", method: "GET", suffix: "?secret=86d3", ..ROW },
        Row { provider: "sparkpost", body: r#"[{"msys":{}}]"#, ..ROW },
        Row {
            provider: "nylas",
            method: "GET",
            suffix: "?challenge=bd6b",
            answered: TEXT,
            expected: text("bd6b"),
            ..ROW
        },
        Row { provider: "intercom", method: "HEAD", ..ROW },
        Row {
            provider: "intercom",
            signed: true,
            body: r#"{"type":"notification_event","topic":"ping"}"#,
            ..ROW
        },
        Row {
            provider: "front",
            headers: &[("x-front-challenge", "c5e1")],
            body: "{}",
            answered: TEXT,
            expected: text("c5e1"),
            ..ROW
        },
        Row {
            provider: "asana",
            headers: &[("x-hook-secret", "b537207f20cbfa02357cf448134da559")],
            body: "{}",
            answered: &[("x-hook-secret", "b537207f20cbfa02357cf448134da559")],
            ..ROW
        },
        Row {
            provider: "clio",
            headers: &[("x-hook-secret", "a98d3ad0")],
            body: "{}",
            answered: &[("x-hook-secret", "a98d3ad0")],
            ..ROW
        },
        Row { provider: "trello", method: "HEAD", ..ROW },
        Row {
            provider: "notion",
            body: r#"{"verification_token":"secret_tMrlL1qK5vuQAh1b6cZGhFChZTSYJlce98V0pYn7yBl"}"#,
            ..ROW
        },
        Row {
            provider: "monday",
            body: r#"{"challenge":"3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P"}"#,
            answered: JSON,
            expected: text(r#"{"challenge":"3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P"}"#),
            ..ROW
        },
        Row { provider: "surveymonkey", method: "HEAD", ..ROW },
        Row {
            provider: "dropbox-sign",
            signed: true,
            body: "--yard\r\nContent-Disposition: form-data; name=\"json\"\r\n\r\n{\"event\":{\"event_type\":\"callback_test\",\
                   \"event_time\":\"1700000000\",\"event_hash\":\"\"}}\r\n--yard--\r\n",
            answered: TEXT,
            expected: text("Hello API Event Received"),
            ..ROW
        },
        Row {
            provider: "adobe-sign",
            method: "GET",
            headers: &[("x-adobesign-clientid", "CBJCHBCAABAAo5f8a1cbb2e0d4c7f9b61")],
            answered: &[("x-adobesign-clientid", "cbjchbcaabaao5f8a1cbb2e0d4c7f9b61")],
            ..ROW
        },
        Row {
            provider: "dropbox",
            method: "GET",
            suffix: "?challenge=q8Xf",
            answered: TEXT,
            expected: text("q8Xf"),
            ..ROW
        },
        Row { provider: "google-drive", signed: true, headers: &[("x-goog-resource-state", "sync")], ..ROW },
        Row {
            provider: "discourse",
            signed: true,
            headers: &[("x-discourse-event", "ping")],
            body: r#"{"ping":"OK"}"#,
            ..ROW
        },
        Row {
            provider: "okta",
            method: "GET",
            headers: &[("x-okta-verification-challenge", "My verification challenge")],
            answered: JSON,
            expected: text(r#"{"verification":"My verification challenge"}"#),
            ..ROW
        },
        Row {
            provider: "ashby",
            signed: true,
            body: r#"{"action":"ping","data":{"webhookActionId":"1"}}"#,
            ..ROW
        },
        Row { provider: "figma", signed: true, body: r#"{"event_type":"PING","webhook_id":"22"}"#, ..ROW },
        Row {
            provider: "smartsheet",
            headers: &[("smartsheet-hook-challenge", "1a2b")],
            body: r#"{"challenge":"1a2b","webhookId":1}"#,
            answered: &[("smartsheet-hook-response", "1a2b")],
            ..ROW
        },
        Row {
            provider: "miro",
            body: r#"{"challenge":"d2f1"}"#,
            answered: JSON,
            expected: text(r#"{"challenge":"d2f1"}"#),
            ..ROW
        },
        Row {
            provider: "smartcar",
            body: r#"{"eventId":"1","eventType":"VERIFY","data":{"challenge":"5c7a2f3e"}}"#,
            answered: JSON,
            expected: made(|| {
                let tag = hex(&mac(hmac::HMAC_SHA256, secret("smartcar").as_bytes(), "5c7a2f3e"));
                format!(r#"{{"challenge":"{tag}"}}"#)
            }),
            ..ROW
        },
        Row {
            provider: "moralis",
            body: r#"{"abi":[],"block":{"hash":"","number":"","timestamp":""},"txs":[],"chainId":"","streamId":""}"#,
            ..ROW
        },
        Row { provider: "exact-online", method: "GET", ..ROW },
        Row { provider: "exact-online", ..ROW },
    ]
}

/// Providers whose handshake is not at the source's URL, or ends in a call; each has a test of its own.
const ELSEWHERE: [&str; 2] = ["fastly", "aws-sns"];

/// A source of every provider in question, at `/PROVIDER`.
fn sources(names: &[&'static str], more: &[(&'static str, &[(&str, &str)])]) -> Yard {
    let mut declared = String::new();
    for name in names {
        let settings = settings_of(name, more);
        let described = provider(name).unwrap_or_else(|| panic!("there is no {name}"));
        let secret = described.secret.as_ref().filter(|secret| !secret.captured);
        let secrets: Vec<&str> = secret.iter().map(|_| self::secret(name)).collect();
        declared.push_str(&format!(
            "[[source]]\nname = \"{name}\"\ntoken = \"{name}\"\nprovider = \"{name}\"\nmethods = [\"PUT\", \"POST\"]\n\
             secrets = {}\n[source.settings]\n",
            json!(secrets)
        ));
        for (name, value) in settings {
            declared.push_str(&format!("{name} = {}\n", json!(value)));
        }
    }
    let mut yard = Yard::new(declared);
    yard.server.push_str(&format!("public_url = \"{URL}\"\n"));
    yard
}

fn settings_of(name: &str, more: &[(&'static str, &[(&str, &str)])]) -> BTreeMap<String, String> {
    let described = provider(name).unwrap();
    let required = described.setting.iter().filter(|setting| setting.required);
    let examples =
        required.map(|setting| (setting.name.clone(), setting.example.clone().unwrap_or_default()));
    let more = more.iter().filter(|(known, _)| *known == name).flat_map(|(_, settings)| *settings);
    examples.chain(more.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))).collect()
}

/// The same request, signed as the provider does.
fn signed(row: &Row, settings: &BTreeMap<String, String>) -> (String, Vec<(String, String)>, Vec<u8>) {
    let secrets: Vec<&str> = vec![secret(row.provider)];
    let url = format!("{URL}/{}", row.provider);
    let configuration =
        Configuration { provider: row.provider, secrets: &secrets, settings, public_url: Some(&url) };
    let private_key = include_str!("../../../hookyard-providers/tests/keys/ed25519.pem");
    let wanted = Wanted {
        body: Some(row.body.as_bytes()),
        private_key: Some(private_key),
        now_s: hookyard_model::clock::Clock::System.now().s(),
    };
    let signed = sample(&configuration, &wanted).unwrap_or_else(|error| panic!("{}: {error}", row.provider));
    let headers =
        signed.headers.iter().map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()));
    (signed.suffix, headers.collect(), signed.body)
}

async fn ask(gateway: &Gateway, row: &Row) -> Answer {
    let more = [(row.provider, row.settings)];
    let (suffix, mut headers, body) = if row.signed {
        signed(row, &settings_of(row.provider, &more))
    } else {
        (row.suffix.to_owned(), Vec::new(), row.body.into())
    };
    for (name, value) in row.headers {
        headers.retain(|(known, _)| known != name);
        headers.push(((*name).to_owned(), (*value).to_owned()));
    }
    let headers: Vec<(&str, &str)> =
        headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    ask_once(row.method, &format!("/{}{suffix}", row.provider), gateway.public, &headers, &body).await
}

/// The newest of so many requests, whole. Refused ones are written with whatever is written next.
async fn newest(gateway: &Gateway, count: usize) -> Value {
    let written = |list: &Value| list["data"].as_array().is_some_and(|rows| rows.len() == count);
    let list = gateway.get_until("/api/v1/requests", "refused requests are written", written).await;
    gateway.get(&format!("/api/v1/requests/{}", list["data"][0]["id"].as_str().unwrap())).await
}

#[tokio::test]
async fn every_handshake_is_answered_exactly() {
    let rows = rows();
    let tested: Vec<&str> = rows.iter().map(|row| row.provider).chain(ELSEWHERE).collect();
    for provider in providers().filter(|provider| !provider.handshake.is_empty()) {
        assert!(tested.contains(&provider.name.as_str()), "{} has a handshake and no test", provider.name);
    }
    let mut names: Vec<&str> = rows.iter().map(|row| row.provider).collect();
    names.dedup();
    let settings: Vec<_> = rows.iter().map(|row| (row.provider, row.settings)).collect();
    let yard = sources(&names, &settings);
    let gateway = yard.start().await;
    for row in &rows {
        let answer = ask(&gateway, row).await;
        let expected = match row.expected {
            Expected::Text(text) => text.to_owned(),
            Expected::Made(made) => made(),
        };
        assert_eq!(
            (answer.status, answer.text()),
            (row.status, expected),
            "{} {}",
            row.provider,
            answer.head
        );
        for (name, value) in row.answered {
            // The test's client reads heads in lower case.
            assert_eq!(answer.header(name), Some(value.to_lowercase().as_str()), "{} {name}", row.provider);
        }
    }
    let noted = |list: &Value| list["data"].as_array().is_some_and(|noted| noted.len() == rows.len());
    let list = gateway.get_until("/api/v1/requests?limit=250", "every handshake is noted", noted).await;
    for request in list["data"].as_array().unwrap() {
        assert_eq!((&request["status"], &request["events"]), (&json!("handshake"), &json!(0)), "{request}");
    }
    println!("{} handshakes of {} providers", rows.len(), names.len() + ELSEWHERE.len());
}

/// Refused: what is asked, of which row's source, and the status.
#[tokio::test]
async fn what_is_no_handshake_of_the_owner_is_not_answered() {
    let row = |provider, method, suffix, body, status| Row { provider, method, suffix, body, status, ..ROW };
    let rows = [
        row("meta", "GET", "?hub.mode=subscribe&hub.challenge=1&hub.verify_token=wrong", "", 403),
        row("meta", "GET", "?hub.mode=subscribe&hub.challenge=1", "", 403),
        row("meta", "GET", "?hub.mode=subscribe&hub.verify_token=meet-me-at-the-yard", "", 405),
        row("strava", "GET", "?hub.mode=subscribe&hub.challenge=1&hub.verify_token=wrong", "", 403),
        row("oura", "GET", "?verification_token=wrong&challenge=1", "", 401),
        row("websub", "GET", "?hub.mode=unsubscribe&hub.topic=a&hub.challenge=1", "", 404),
        // Shaped like what the provider signs.
        row(
            "zoom",
            "POST",
            "",
            r#"{"event":"endpoint.url_validation","payload":{"plainToken":"v0:1:{}"}}"#,
            403,
        ),
        row("x", "GET", "?crc_token=%7B%22a%22%3A1%7D", "", 403),
        row("x", "GET", "?crc_token=", "", 403),
        row("linkedin", "GET", "?challengeCode=hmacsha256%3D%7B%7D", "", 403),
        row("smartcar", "POST", "", r#"{"eventType":"VERIFY","data":{"challenge":"{}"}}"#, 403),
        // Must be verified, and are not.
        row("slack", "POST", "", r#"{"type":"url_verification","challenge":"c"}"#, 401),
        row("discord", "POST", "", r#"{"type":1}"#, 401),
        row("xero", "POST", "", r#"{"events":[]}"#, 401),
        row("adobe-sign", "GET", "", "", 405),
        row("okta", "GET", "", "", 405),
        row("dropbox", "GET", "?challenge2=x", "", 405),
        row("cloudevents", "OPTIONS", "", "", 405),
    ];
    let mut names: Vec<&str> = rows.iter().map(|row| row.provider).collect();
    names.dedup();
    let yard = sources(&names, &[]);
    let gateway = yard.start().await;
    for row in &rows {
        let answer = ask(&gateway, row).await;
        assert_eq!(
            answer.status,
            row.status,
            "{} {} {}: {}",
            row.provider,
            row.suffix,
            row.body,
            answer.text()
        );
        for leaked in ["wrong", "v0:", "hmacsha256", "meet-me"] {
            assert!(!answer.text().contains(leaked), "{}: {}", row.provider, answer.text());
        }
    }
}

#[tokio::test]
async fn a_secret_comes_with_the_first_handshake_only_and_before_that_nothing_passes() {
    let yard = sources(&["notion"], &[]);
    let gateway = yard.start().await;
    let event = br#"{"id":"1","type":"page.created"}"#;
    let signed = |secret: &str| {
        format!(
            "sha256={}",
            hex(&mac(hmac::HMAC_SHA256, secret.as_bytes(), std::str::from_utf8(event).unwrap()))
        )
    };
    let early = gateway.post("/notion", &[("x-notion-signature", &signed("secret_first"))], event).await;
    assert_eq!(early.status, 401);
    let kept = newest(&gateway, 1).await;
    assert!(kept["detail"].as_str().unwrap().contains("handshake brings it"), "{kept}");

    for not_a_secret in [r#"{"verification_token":""}"#, r#"{"verification_token":"a b"}"#] {
        assert_eq!(gateway.post("/notion", &[], not_a_secret.as_bytes()).await.status, 403);
    }
    assert_eq!(gateway.post("/notion", &[], br#"{"verification_token":"secret_first"}"#).await.status, 200);
    assert_eq!(gateway.post("/notion", &[], br#"{"verification_token":"secret_other"}"#).await.status, 403);
    gateway.stop().await;
    // The file declares no secret; the one that was brought stays all the same.
    for _restart in 0..2 {
        let gateway = yard.start().await;
        let other = gateway.post("/notion", &[("x-notion-signature", &signed("secret_other"))], event).await;
        assert_eq!(other.status, 401);
        let good = gateway.post("/notion", &[("x-notion-signature", &signed("secret_first"))], event).await;
        assert_eq!(good.status, 200, "{}", good.text());
        gateway.stop().await;
    }
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

#[tokio::test]
async fn providers_are_answered_as_they_want_and_the_owner_has_the_last_word() {
    let names = ["github", "airtable", "gocardless", "discord", "websub", "xero"];
    let mut yard = sources(&names, &[]);
    yard.declared.push_str(
        "[[source]]\nname = \"own\"\ntoken = \"own\"\nprovider = \"gocardless\"\nsecrets = [\"s\"]\n\
         answer = { status = 202, body = \"thanks\" }\n",
    );
    let gateway = yard.start().await;
    let body = r#"{"type":9,"events":[{"id":"EV1"}]}"#;
    for (provider, accepted, said, refused) in [
        ("airtable", 200, Some(""), 401),
        ("gocardless", 204, Some(""), 498),
        ("discord", 204, Some(""), 401),
        ("xero", 200, Some(""), 401),
        ("websub", 200, Some(""), 200),
        ("github", 200, None, 401),
    ] {
        let row = Row { provider, body, signed: true, ..ROW };
        let answer = ask(&gateway, &row).await;
        assert_eq!(answer.status, accepted, "{provider}: {}", answer.text());
        match said {
            Some(said) => assert_eq!(answer.text(), said, "{provider}"),
            None => assert!(answer.json()["request_id"].is_string(), "{provider}"),
        }
        let answer = ask(&gateway, &Row { signed: false, ..row }).await;
        assert_eq!(answer.status, refused, "{provider}");
    }
    let signature = hex(&mac(hmac::HMAC_SHA256, b"s", body));
    let answer = gateway.post("/own", &[("webhook-signature", &signature)], body.as_bytes()).await;
    assert_eq!((answer.status, answer.text().as_str()), (202, "thanks"));
}

#[tokio::test]
async fn a_refusal_is_diagnosed_for_the_owner_and_not_for_the_sender() {
    let mut yard = sources(&["stripe"], &[]);
    yard.declared.push_str(
        "[[source]]\nname = \"in\"\ntoken = \"in\"\nprovider = \"github\"\nsecrets = [\"the first secret\"]\n",
    );
    let gateway = yard.start().await;
    let (sent, came) = ("{\"a\": 1, \"b\": [2]}", "{\"a\":1,\"b\":[2]}");
    let tag = |secret: &str, body: &str| {
        format!("sha256={}", hex(&mac(hmac::HMAC_SHA256, secret.as_bytes(), body)))
    };
    let diagnosed = async |gateway: &Gateway, count: usize, headers: &[(&str, &str)], body: &str| {
        let answer = gateway.post("/in", headers, body.as_bytes()).await;
        assert_eq!(answer.status, 401);
        assert_eq!(
            answer.json()["error"]["message"],
            "the request could not be verified; the source's owner can see why"
        );
        newest(gateway, count).await["diagnosis"].clone()
    };
    let changed = tag("the first secret", sent);
    let found = diagnosed(&gateway, 1, &[("x-hub-signature-256", &changed)], came).await;
    assert_eq!(found["check"], "signature", "{found}");
    assert!(found["reason"].as_str().unwrap().contains("a space behind commas and colons"), "{found}");
    assert!(found["suggestion"].as_str().unwrap().contains("pass the bytes through"), "{found}");
    let found = diagnosed(&gateway, 2, &[], came).await;
    assert!(found["reason"].as_str().unwrap().contains("`x-hub-signature-256` is missing"), "{found}");
    gateway.stop().await;

    yard.declared = yard.declared.replace("the first secret", "the second secret");
    let gateway = yard.start().await;
    let old = tag("the first secret", came);
    let found = diagnosed(&gateway, 3, &[("x-hub-signature-256", &old)], came).await;
    assert!(found["reason"].as_str().unwrap().contains("taken away"), "{found}");
    let good = gateway
        .post("/in", &[("x-hub-signature-256", &tag("the second secret", came))], came.as_bytes())
        .await;
    let kept = gateway.get(&format!("/api/v1/requests/{}", good.request_id())).await;
    assert_eq!(kept["diagnosis"], Value::Null);
}
