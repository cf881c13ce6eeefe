//! Signed samples, sent to the gateway's own public listener.

use serde_json::{Value, json};

use crate::gateway::{Gateway, Yard, leg};
use crate::sink::{OK, Sink};
use crate::tls::Certificate;

/// A source with a secret, and one whose provider signs with a private key.
const SOURCES: &str = "[[source]]\nname = \"in\"\ntoken = \"in\"\nprovider = \"github\"\nsecrets = [\"sample-secret\"]\n\
    [[source]]\nname = \"mail\"\ntoken = \"mail\"\nprovider = \"paypal\"\nsettings = {webhook_id = \"WH-1\"}\n";

async fn source(gateway: &Gateway, name: &str) -> String {
    let list = gateway.get("/api/v1/sources").await;
    let found = list["data"].as_array().unwrap().iter().find(|source| source["name"] == name).unwrap();
    found["id"].as_str().unwrap().to_owned()
}

async fn sample(gateway: &Gateway, name: &str, fields: &Value) -> Value {
    let path = format!("/api/v1/sources/{}/sample", source(gateway, name).await);
    let answer = gateway.call("POST", &path, &fields.to_string()).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

#[tokio::test]
async fn a_sample_is_accepted_and_delivered_like_any_request() {
    let mut sink = Sink::start(OK).await;
    let yard = Yard::new(format!("{SOURCES}{}", leg("out", &sink, "", "")));
    let gateway = yard.start().await;
    let sent = sample(&gateway, "in", &json!({"body": "{\"ref\":\"x\"}", "topic": "push"})).await;
    assert_eq!((&sent["sent"]["status"], &sent["body"]), (&json!(200), &json!("{\"ref\":\"x\"}")), "{sent}");
    let id = sent["sent"]["request_id"].as_str().unwrap();
    assert_eq!(sink.next().await.body, b"{\"ref\":\"x\"}");
    // Its topic is read when it is routed, and that is durable with its delivery.
    gateway.event_in(id, "successful").await;
    let request = gateway.get(&format!("/api/v1/requests/{id}")).await;
    assert_eq!((&request["verification"], &request["topic"]), (&json!("verified"), &json!("push")));
    let curl = sent["curl"].as_str().unwrap();
    assert!(curl.starts_with("curl -X 'POST' 'http://127.0.0.1:") && curl.contains("/in'"), "{curl}");
    assert!(!sent.to_string().contains("sample-secret"), "{sent}");

    let made = sample(&gateway, "in", &json!({"send": false})).await;
    assert_eq!(made["sent"], Value::Null);
    assert!(
        made["headers"].as_array().unwrap().iter().any(|line| line[0] == "x-hub-signature-256"),
        "{made}"
    );
    assert_eq!(
        gateway.get("/api/v1/requests").await["data"].as_array().unwrap().len(),
        1,
        "only one was sent"
    );

    let path = format!("/api/v1/sources/{}/sample", source(&gateway, "mail").await);
    let refused = gateway.call("POST", &path, "{}").await;
    assert_eq!((refused.status, &refused.json()["code"]), (409, &json!("no_sample")), "{}", refused.text());
}

#[tokio::test]
async fn a_sample_is_sent_over_tls_to_a_name_that_is_not_this_machine() {
    let certificate = Certificate::of("hooks.example.com");
    let sink = Sink::start(OK).await;
    let mut yard = Yard::new(format!("{SOURCES}{}", leg("out", &sink, "", "")));
    std::fs::write(yard.path().join("cert.pem"), &certificate.pem).unwrap();
    std::fs::write(yard.path().join("key.pem"), &certificate.key_pem).unwrap();
    yard.server.push_str("public_url = \"https://hooks.example.com\"\n");
    yard.settings.push_str("[server.tls]\ncert = \"cert.pem\"\nkey = \"key.pem\"\n");
    let gateway = yard.start().await;
    let sent = sample(&gateway, "in", &json!({})).await;
    assert_eq!(
        (&sent["sent"]["status"], &sent["url"]),
        (&json!(200), &json!("https://hooks.example.com/in")),
        "{sent}"
    );
    let id = sent["sent"]["request_id"].as_str().unwrap();
    let request = gateway.get(&format!("/api/v1/requests/{id}")).await;
    let host = request["headers"].as_array().unwrap().iter().find(|line| line[0] == "host").unwrap();
    assert_eq!(host[1], "hooks.example.com");
}
