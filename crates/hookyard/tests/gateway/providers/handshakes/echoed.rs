//! Handshakes that want back what they brought, in a body or a header.

use super::super::Expected::Text;
use super::super::{ROW, Row};
use super::{JSON, TEXT};

const HUB: &str = "?hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=meet-me-at-the-yard";

pub(super) const ROWS: &[Row] = &[
    Row {
        provider: "tebex",
        signed: true,
        body: r#"{"id":"7ab9b8a2-d5c1-4b2b-8e1f-0c1d2e3f4a5b","type":"validation.webhook","subject":{}}"#,
        answered: JSON,
        expected: Text(r#"{"id":"7ab9b8a2-d5c1-4b2b-8e1f-0c1d2e3f4a5b"}"#),
        ..ROW
    },
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
        expected: Text("3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P"),
        ..ROW
    },
    Row {
        provider: "ringcentral",
        headers: &[("validation-token", "0a5e-77")],
        answered: &[("validation-token", "0a5e-77")],
        ..ROW
    },
    Row {
        provider: "ms-graph",
        suffix: "?validationToken=Validation%3a+Testing+%3cb%3e",
        answered: TEXT,
        expected: Text("Validation: Testing &lt;b&gt;"),
        ..ROW
    },
    Row {
        provider: "azure-event-grid",
        headers: &[("aeg-event-type", "SubscriptionValidation")],
        body: r#"[{"id":"1","data":{"validationCode":"512d38b6"},"eventType":"Microsoft.EventGrid.SubscriptionValidationEvent"}]"#,
        answered: JSON,
        expected: Text(r#"{"validationResponse":"512d38b6"}"#),
        ..ROW
    },
    Row {
        provider: "azure-event-grid",
        method: "OPTIONS",
        headers: &[("webhook-request-origin", "eventgrid.azure.net")],
        answered: &[("webhook-allowed-origin", "eventgrid.azure.net")],
        ..ROW
    },
    Row { provider: "meta", method: "GET", suffix: HUB, answered: TEXT, expected: Text("1158201444"), ..ROW },
    Row {
        provider: "whatsapp",
        method: "GET",
        suffix: HUB,
        answered: TEXT,
        expected: Text("1158201444"),
        ..ROW
    },
    Row {
        provider: "twitch",
        signed: true,
        headers: &[("twitch-eventsub-message-type", "webhook_callback_verification")],
        body: r#"{"challenge":"pogchamp-kappa-360noscope-vohiyo","subscription":{"id":"f1c2"}}"#,
        answered: TEXT,
        expected: Text("pogchamp-kappa-360noscope-vohiyo"),
        ..ROW
    },
    Row {
        provider: "websub",
        method: "GET",
        suffix: "?hub.mode=subscribe&hub.topic=https%3A%2F%2Fexample.com%2Ffeed&hub.challenge=14532&hub.lease_seconds=432000",
        answered: TEXT,
        expected: Text("14532"),
        ..ROW
    },
    Row {
        provider: "websub",
        settings: &[("unsubscribe", "yes")],
        method: "GET",
        suffix: "?hub.mode=unsubscribe&hub.topic=https%3A%2F%2Fexample.com%2Ffeed&hub.challenge=90210",
        answered: TEXT,
        expected: Text("90210"),
        ..ROW
    },
    Row {
        provider: "strava",
        method: "GET",
        suffix: "?hub.verify_token=meet-me-at-the-yard&hub.challenge=15f7d1a91c1f40f8a748fd134752feb3&hub.mode=subscribe",
        answered: JSON,
        expected: Text(r#"{"hub.challenge":"15f7d1a91c1f40f8a748fd134752feb3"}"#),
        ..ROW
    },
    Row {
        provider: "oura",
        method: "GET",
        suffix: "?verification_token=meet-me-at-the-yard&challenge=3a5b",
        answered: JSON,
        expected: Text(r#"{"challenge":"3a5b"}"#),
        ..ROW
    },
    Row {
        provider: "adobe-io-events",
        method: "GET",
        suffix: "?challenge=8ec8d794",
        answered: TEXT,
        expected: Text("8ec8d794"),
        ..ROW
    },
    Row {
        provider: "onfleet",
        method: "GET",
        suffix: "?check=fsda7f6a",
        answered: TEXT,
        expected: Text("fsda7f6a"),
        ..ROW
    },
    Row {
        provider: "nylas",
        method: "GET",
        suffix: "?challenge=bd6b",
        answered: TEXT,
        expected: Text("bd6b"),
        ..ROW
    },
    Row {
        provider: "front",
        headers: &[("x-front-challenge", "c5e1")],
        body: "{}",
        answered: TEXT,
        expected: Text("c5e1"),
        ..ROW
    },
    Row {
        provider: "monday",
        body: r#"{"challenge":"3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P"}"#,
        answered: JSON,
        expected: Text(r#"{"challenge":"3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P"}"#),
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
        expected: Text("q8Xf"),
        ..ROW
    },
    Row {
        provider: "okta",
        method: "GET",
        headers: &[("x-okta-verification-challenge", "My verification challenge")],
        answered: JSON,
        expected: Text(r#"{"verification":"My verification challenge"}"#),
        ..ROW
    },
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
        expected: Text(r#"{"challenge":"d2f1"}"#),
        ..ROW
    },
];
