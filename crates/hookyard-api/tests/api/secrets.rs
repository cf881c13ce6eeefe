//! Secrets go in and do not come out again.

use std::time::Duration;

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

    let ending = |secret: &str, ends_at: &str| json!({"hint": hint(secret)["hint"], "ends_at": ends_at});
    let second = generated(&server.call("POST", &format!("{path}/rotate-secret"), None).await.ok());
    let shown = server.get(&path).await.ok();
    let first_ends = ending(&first, "2027-01-16T08:00:00.000Z");
    assert_eq!(shown["signing_secrets"], json!([hint(&second), first_ends]));
    assert_eq!(shown.get("signing_secrets_generated"), None);

    let hour = json!({"overlap_ms": 3_600_000});
    let third = generated(&server.post(&format!("{path}/rotate-secret"), hour).await.ok());
    let shown = server.patch(&path, json!({"concurrency": 2})).await.ok();
    let second_ends = ending(&second, "2027-01-15T09:00:00.000Z");
    assert_eq!(shown["signing_secrets"], json!([hint(&third), second_ends, first_ends]));
    server.clock.advance(Duration::from_secs(3_600));
    let shown = server.get(&path).await.ok();
    assert_eq!(shown["signing_secrets"], json!([hint(&third), first_ends]));

    let fourth = generated(&server.patch(&path, json!({"signing_secrets": null})).await.ok());
    assert_eq!(server.get(&path).await.ok()["signing_secrets"], json!([hint(&fourth)]));
    let snapshot = server.store.catalog().snapshot();
    let stored = snapshot.destinations.values().next().unwrap();
    assert_eq!(stored.signing_secrets[0].secret.expose(), fourth);

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
    let id = server.create("/api/v1/destinations", json!({"name": "a", "url": "https://example.com/"})).await;
    let path = &format!("/api/v1/destinations/{id}/rotate-secret");
    for (body, field) in [
        (json!({"keep": 1}), "keep"),
        (json!({"algorithm": "rsa"}), "algorithm"),
        (json!({"algorithm": "hmac", "secret": "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3"}), "algorithm"),
        (json!({"secret": "hunter2"}), "signing_secrets"),
        (json!({"overlap_ms": 2_592_000_001_u64}), "overlap_ms"),
    ] {
        let refused = server.post(path, body).await.problem();
        assert_eq!((refused.0, refused.2.as_deref()), (422, Some(field)));
    }
    assert_eq!(server.times_shown("hunter2"), 0);
}

#[tokio::test]
async fn of_an_ed25519_secret_only_the_public_key_is_shown() {
    let server = Server::start().await;
    let body = json!({"name": "a", "url": "https://example.com/"});
    let path = format!("/api/v1/destinations/{}", server.create("/api/v1/destinations", body).await);
    let rotate = format!("{path}/rotate-secret");
    let rotated = server.post(&rotate, json!({"algorithm": "ed25519", "overlap_ms": 0})).await.ok();
    assert_eq!(rotated.get("signing_secrets_generated"), None);
    let [signing] = rotated["signing_secrets"].as_array().unwrap().as_slice() else { panic!("{rotated}") };
    let public_key = signing["public_key"].as_str().unwrap();
    assert!(public_key.starts_with("whpk_") && public_key.len() == 49, "{public_key}");
    // The next one is of the same kind, unless another is named.
    let again = server.call("POST", &rotate, None).await.ok();
    assert_eq!(again["signing_secrets"].as_array().unwrap().len(), 2);
    assert_ne!(again["signing_secrets"][0]["public_key"], signing["public_key"]);
    assert_eq!(again["signing_secrets"][1]["public_key"], signing["public_key"]);
    generated(&server.post(&rotate, json!({"algorithm": "hmac"})).await.ok());
    let given = "whsk_VEVTVFNJR05JTkdLRVlET05PVFVTRVRISVNGT1JBTlk=";
    let rotated = server.post(&rotate, json!({"secret": given})).await.ok();
    assert!(rotated["signing_secrets"][0]["public_key"].as_str().unwrap().starts_with("whpk_"));
    let snapshot = server.store.catalog().snapshot();
    let stored = snapshot.destinations.values().next().unwrap();
    assert_eq!(stored.signing_secrets.len(), 4);
    assert_eq!(stored.signing_secrets[0].secret.expose(), given);
    for secret in stored.signing_secrets.iter().filter(|it| it.public_key.is_some()) {
        assert_eq!(server.times_shown(secret.secret.expose()), 0);
    }
}

#[tokio::test]
async fn what_authenticates_us_is_in_no_answer() {
    let server = Server::start().await;
    let path = "/api/v1/destinations";
    for (number, (auth, shown)) in [
        (
            json!({"kind": "basic", "username": "me", "password": "hunter2-basic"}),
            json!({"kind": "basic", "username": "me"}),
        ),
        (json!({"kind": "bearer", "token": "hunter2-bearer"}), json!({"kind": "bearer"})),
        (
            json!({"kind": "api_key", "name": "X-Key", "key": "hunter2-key"}),
            json!({"kind": "api_key", "name": "X-Key", "in": "header"}),
        ),
        (
            json!({"kind": "hmac", "header": "X-Sig", "secret": "hunter2-hmac", "prefix": "sha256="}),
            json!({"kind": "hmac", "header": "X-Sig", "algorithm": "sha256", "encoding": "hex",
                   "prefix": "sha256=", "message": "{body}"}),
        ),
        (
            json!({"kind": "oauth2", "token_url": "https://a.test/", "client_id": "me", "client_secret": "hunter2-oauth"}),
            json!({"kind": "oauth2", "token_url": "https://a.test/", "client_id": "me", "client_auth": "basic"}),
        ),
        (
            json!({"kind": "aws_sigv4", "access_key_id": "AKIA", "secret_access_key": "hunter2-aws",
                   "session_token": "hunter2-session", "region": "eu-central-1", "service": "lambda"}),
            json!({"kind": "aws_sigv4", "access_key_id": "AKIA", "region": "eu-central-1", "service": "lambda"}),
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let body = json!({"name": format!("d{number}"), "url": "https://example.com/", "auth": auth});
        let created = server.post(path, body).await.ok();
        assert_eq!(created["auth"], shown);
        let one = format!("{path}/{}", created["id"].as_str().unwrap());
        assert_eq!(server.patch(&one, json!({"concurrency": 3})).await.ok()["auth"], shown);
        let snapshot = server.store.catalog().snapshot();
        let stored = snapshot.destinations.values().max_by_key(|it| it.id).unwrap();
        for (name, value) in stored.reach.http().unwrap().auth.settings() {
            if let Some(given) = auth[name].as_str() {
                assert_eq!(value.expose(), given, "{name}");
            }
        }
        assert_eq!(server.patch(&one, json!({"auth": null})).await.ok()["auth"], Value::Null);
        let refused = json!({"auth": {"kind": "bearer", "token": "hunter2 refused"}});
        assert_eq!(server.patch(&one, refused).await.problem().2.as_deref(), Some("auth.token"));
        let misplaced = json!({"auth": {"kind": "bearer", "token": ["hunter2-misplaced"]}});
        assert_eq!(server.patch(&one, misplaced).await.problem().0, 422);
    }
    let token_url =
        json!({"kind": "oauth2", "token_url": "ftp://a", "client_id": "me", "client_secret": "hunter2-url"});
    let body = json!({"name": "x", "url": "https://example.com/", "auth": token_url});
    assert_eq!(server.post(path, body).await.problem().2.as_deref(), Some("auth.token_url"));
    server.get(path).await.ok();
    assert_eq!(server.times_shown("hunter2"), 0);
}
