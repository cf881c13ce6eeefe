//! What the owner of a source is told about a refused request, and its sender is not.

use ring::hmac;
use serde_json::Value;

use super::{hex, mac, newest, sources};
use crate::gateway::Gateway;

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
