//! Handshakes that want to hear that they arrived: a status, here and there a fixed text.

use super::super::Expected::Text;
use super::super::{ROW, Row};
use super::{JSON, TEXT};

pub(super) const ROWS: &[Row] = &[
    Row { provider: "wise", headers: &[("x-test-notification", "true")], body: "{}", ..ROW },
    Row { provider: "xero", signed: true, body: r#"{"events":[],"lastEventSequence":0}"#, ..ROW },
    Row { provider: "circle", method: "HEAD", ..ROW },
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
        expected: Text(r#"{"type":1}"#),
        ..ROW
    },
    Row { provider: "line", signed: true, body: r#"{"destination":"U8e7","events":[]}"#, ..ROW },
    Row { provider: "viber", signed: true, body: r#"{"event":"webhook","timestamp":1457764197627}"#, ..ROW },
    Row { provider: "fitbit", method: "GET", suffix: "?verify=5a3c7bb3b1dd5a6e0d0f8e2c", status: 204, ..ROW },
    Row { provider: "websub", method: "GET", suffix: "?hub.mode=denied&hub.topic=a&hub.reason=spam", ..ROW },
    Row {
        provider: "woocommerce",
        headers: &[("content-type", "application/x-www-form-urlencoded")],
        body: "webhook_id=7",
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
    Row { provider: "intercom", method: "HEAD", ..ROW },
    Row {
        provider: "intercom",
        signed: true,
        body: r#"{"type":"notification_event","topic":"ping"}"#,
        ..ROW
    },
    Row { provider: "trello", method: "HEAD", ..ROW },
    Row { provider: "surveymonkey", method: "HEAD", ..ROW },
    Row {
        provider: "dropbox-sign",
        signed: true,
        body: "--yard\r\nContent-Disposition: form-data; name=\"json\"\r\n\r\n{\"event\":{\"event_type\":\"callback_test\",\
               \"event_time\":\"1700000000\",\"event_hash\":\"\"}}\r\n--yard--\r\n",
        answered: TEXT,
        expected: Text("Hello API Event Received"),
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
        provider: "ashby",
        signed: true,
        body: r#"{"action":"ping","data":{"webhookActionId":"1"}}"#,
        ..ROW
    },
    Row { provider: "figma", signed: true, body: r#"{"event_type":"PING","webhook_id":"22"}"#, ..ROW },
    Row {
        provider: "moralis",
        body: r#"{"abi":[],"block":{"hash":"","number":"","timestamp":""},"txs":[],"chainId":"","streamId":""}"#,
        ..ROW
    },
    Row { provider: "exact-online", method: "GET", ..ROW },
    Row { provider: "exact-online", ..ROW },
];
