//! Secrets go in and do not come out again.

use serde_json::{Value, json};

use crate::harness::Server;

fn generated(answer: &Value) -> String {
    let all = answer["signing_secrets_generated"].as_array().unwrap();
    assert_eq!(all.len(), 1);
    all[0].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_source_secret_is_in_no_answer() {
    let server = Server::start().await;
    let (first, second) = ("the-first-provider-secret-abcd", "the-second-provider-secret-efgh");
    let body = json!({"name": "a", "provider": "github", "secrets": [first]});
    let id = server.create("/api/v1/sources", body.clone()).await;
    let path = format!("/api/v1/sources/{id}");
    let changed = server.patch(&path, json!({"secrets": [second, first]})).await.ok();
    assert_eq!(changed["secrets"], json!([{"hint": "…efgh"}, {"hint": "…abcd"}]));
    server.patch(&path, json!({"name": "b"})).await.ok();
    server.get(&path).await.ok();
    server.get("/api/v1/sources").await.ok();

    // Refused for many reasons, each with a secret in the body.
    server
        .post("/api/v1/sources", json!({"name": "b", "provider": "github", "secrets": [first]}))
        .await
        .problem();
    server
        .post("/api/v1/sources", json!({"name": "c", "provider": "github", "secrets": first}))
        .await
        .problem();
    server
        .post("/api/v1/sources", json!({"name": "c", "provider": "none", "secrets": [first]}))
        .await
        .problem();
    server.post("/api/v1/sources", json!({"name": "c", "provider": "stripe", "secrets": [first]})).await;
    let not_base64 =
        json!({"name": "d", "provider": "standard-webhooks", "secrets": [format!("whsec_{first}")]});
    server.post("/api/v1/sources", not_base64).await.problem();
    server.patch(&path, json!({"answer": first})).await.problem();
    server.patch(&path, json!({"secrets": {"a": second}})).await.problem();
    let long: Vec<_> = (0..20).map(|_| first).collect();
    server.patch(&path, json!({"secrets": long})).await.problem();
    for secret in [first, second] {
        assert_eq!(server.times_shown(secret), 0);
    }
}

#[tokio::test]
async fn a_generated_signing_secret_is_shown_once() {
    let server = Server::start().await;
    let body = json!({"name": "a", "url": "https://example.com/"});
    let created = server.post("/api/v1/destinations", body).await.ok();
    let first = generated(&created);
    assert!(first.starts_with("whsec_"));
    let path = format!("/api/v1/destinations/{}", created["id"].as_str().unwrap());
    let hint = |secret: &str| json!({"hint": format!("…{}", &secret[secret.len() - 4..])});

    let second = generated(&server.call("POST", &format!("{path}/rotate-secret"), None).await.ok());
    let shown = server.get(&path).await.ok();
    assert_eq!(shown["signing_secrets"], json!([hint(&second), hint(&first)]));
    assert_eq!(shown.get("signing_secrets_generated"), None);

    let third = generated(&server.post(&format!("{path}/rotate-secret"), json!({})).await.ok());
    let shown = server.patch(&path, json!({"concurrency": 2})).await.ok();
    assert_eq!(shown["signing_secrets"], json!([hint(&third), hint(&second)]));

    let fourth = generated(&server.patch(&path, json!({"signing_secrets": null})).await.ok());
    assert_eq!(server.get(&path).await.ok()["signing_secrets"], json!([hint(&fourth)]));
    let snapshot = server.store.catalog().snapshot();
    let stored = snapshot.destinations.values().next().unwrap();
    assert_eq!(stored.signing_secrets[0].expose(), fourth);

    server.get("/api/v1/destinations").await.ok();
    for secret in [&first, &second, &third, &fourth] {
        assert_eq!(server.times_shown(secret), 1, "once, where it was made");
    }
}

#[tokio::test]
async fn a_given_signing_secret_is_in_no_answer() {
    let server = Server::start().await;
    let secret = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3";
    let body = json!({"name": "a", "url": "https://example.com/", "signing_secrets": [secret]});
    let created = server.post("/api/v1/destinations", body).await.ok();
    assert_eq!(created["signing_secrets"], json!([{"hint": "…NTY3"}]));
    assert_eq!(created.get("signing_secrets_generated"), None);
    let refused = json!({"name": "b", "url": "https://example.com/", "signing_secrets": [secret, "plain"]});
    server.post("/api/v1/destinations", refused).await.problem();
    assert_eq!(server.times_shown(secret), 0);
}

#[tokio::test]
async fn rotation_of_nothing_is_not_found_and_takes_no_fields() {
    let server = Server::start().await;
    let path = "/api/v1/destinations/dst_0000000000000/rotate-secret";
    assert_eq!(server.call("POST", path, None).await.problem().0, 404);
    assert_eq!(server.post(path, json!({"keep": 1})).await.problem().2.as_deref(), Some("keep"));
}
