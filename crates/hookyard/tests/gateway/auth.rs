//! How destinations are told that it is us, from the configuration file or the API to the socket, held against
//! the receivers' own packages, AWS' signer and a real token server.

use std::collections::BTreeMap;
use std::sync::Arc;

use hookyard_model::clock::Clock;
use hookyard_test_sdk::{
    AwsScope, AwsSigner, PublishedVerifier, SignRequest, SignedRequest, Signer, TokenServer, VerifierProcess,
};
use rcgen::{CertificateParams, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use serde_json::{Value, json};
use tokio_rustls::TlsAcceptor;

use crate::client::ask_once;
use crate::gateway::{Gateway, OPEN_SOURCE, Yard, leg};
use crate::sink::{Act, Delivery, OK, Sink};

fn now_s() -> u64 {
    Clock::System.now().s()
}

/// Whether a provider's own package accepts a delivery that is signed as the provider signs.
fn accepts(signer: &Signer, provider: &str, secret: &str, delivery: &Delivery) -> Result<(), String> {
    let case = signer.cases().into_iter().find(|case| case.provider == provider).unwrap();
    let request =
        SignRequest { secret: secret.to_owned(), ..SignRequest::of(&case, "https://a.test/", now_s()) };
    let sent = SignedRequest {
        method: delivery.method.clone(),
        url: request.url.clone(),
        headers: delivery.headers.clone(),
        body: delivery.body.clone(),
        certificate: None,
        authority: None,
    };
    signer.accepts(&request, &sent, now_s())
}

#[tokio::test]
async fn what_the_file_says_reaches_the_destination_and_no_log() {
    let [mut basic, mut bearer, mut header, mut query] =
        [Sink::start(OK).await, Sink::start(OK).await, Sink::start(OK).await, Sink::start(OK).await];
    let mut yard = Yard::new(format!(
        "{OPEN_SOURCE}{}{}{}{}",
        leg(
            "basic",
            &basic,
            "auth = { kind = \"basic\", username = \"Aladdin\", password = \"${PASSWORD}\" }",
            ""
        ),
        leg("bearer", &bearer, "auth = { kind = \"bearer\", token_file = \"token.txt\" }", ""),
        leg("header", &header, "auth = { kind = \"api_key\", name = \"X-Key\", key = \"hunter2-key\" }", ""),
        leg(
            "query",
            &query,
            "auth = { kind = \"api_key\", in = \"query\", name = \"key\", key = \"hunter2-key\" }",
            ""
        ),
    ));
    yard.env.insert("PASSWORD".to_owned(), "open sesame".to_owned());
    std::fs::write(yard.path().join("token.txt"), "hunter2-token\n").unwrap();
    yard.write_config();
    let checked = yard.run(&["check", "--config", "hookyard.toml"]).await;
    assert!(checked.status.success(), "{checked:?}");
    let gateway = yard.start().await;
    let sent = [("Authorization", "Bearer of-the-sender"), ("X-Key", "of-the-sender")];
    gateway.post("/in", &sent, b"hello").await.request_id();
    let authorization = |delivery: &Delivery| {
        let lines = delivery.headers.iter().filter(|(name, _)| name == "authorization");
        lines.map(|(_, value)| value.clone()).collect::<Vec<_>>()
    };
    assert_eq!(authorization(&basic.next().await), ["Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="]);
    assert_eq!(authorization(&bearer.next().await), ["Bearer hunter2-token"]);
    let delivery = header.next().await;
    assert_eq!((authorization(&delivery).len(), delivery.header("x-key")), (0, Some("hunter2-key")));
    assert_eq!(query.next().await.target, "/hook?key=hunter2-key");

    let shown = gateway.call("GET", "/api/v1/destinations", "").await.text();
    assert!(shown.contains("\"username\":\"Aladdin\"") && shown.contains("\"in\":\"query\""), "{shown}");
    let stored = std::fs::read(yard.data_dir().join("catalog.sqlite")).unwrap();
    let said = gateway.stop().await;
    for secret in ["hunter2", "open sesame"] {
        assert!(!shown.contains(secret) && !said.stderr.contains(secret), "{shown} {said:?}");
        assert!(!stored.windows(secret.len()).any(|window| window == secret.as_bytes()));
    }
}

#[tokio::test]
async fn wrong_settings_are_named_by_check() {
    let sink = Sink::start(OK).await;
    for (auth, part) in [
        ("kind = \"digest\"", "destination.auth.kind: the kind is one of `none`"),
        ("kind = \"bearer\", tokne = \"hunter2\"", "destination.auth.tokne: `tokne` is not a setting"),
        ("kind = \"basic\"", "destination.auth.username: `username` is missing"),
        ("kind = \"bearer\", token_file = \"gone\"", "destination.auth.token_file: gone cannot be read"),
        (
            "kind = \"oauth2\", token_url = \"login.test\", client_id = \"a\", client_secret = \"hunter2\"",
            "destination.auth.token_url: it must start with",
        ),
    ] {
        let yard =
            Yard::new(format!("{OPEN_SOURCE}{}", leg("out", &sink, &format!("auth = {{ {auth} }}"), "")));
        yard.write_config();
        let checked = yard.run(&["check", "--config", "hookyard.toml"]).await;
        assert_eq!(checked.status.code(), Some(1), "{checked:?}");
        assert!(checked.stderr.contains(part) && !checked.stderr.contains("hunter2"), "{checked:?}");
    }
}

#[tokio::test]
async fn signatures_of_the_receivers_own_choice_are_verified_by_their_packages() {
    let signer = Signer::start();
    let (mut github, mut stripe) = (Sink::start(OK).await, Sink::start(OK).await);
    let gateway = Yard::new(format!(
        "{OPEN_SOURCE}{}{}",
        leg(
            "github",
            &github,
            "auth = { kind = \"hmac\", header = \"X-Hub-Signature-256\", prefix = \"sha256=\", secret = \"git-secret\" }",
            ""
        ),
        leg(
            "stripe",
            &stripe,
            "auth = { kind = \"hmac\", header = \"Stripe-Signature\", prefix = \"t={timestamp},v1=\", \
             message = \"{timestamp}.{body}\", secret = \"whsec_stripe\" }",
            ""
        ),
    ));
    let gateway = gateway.start().await;
    gateway.take("{\"id\":\"evt_1\",\"object\":\"event\",\"text\":\"schön\"}".as_bytes()).await;
    for (sink, provider, secret) in
        [(&mut github, "github", "git-secret"), (&mut stripe, "stripe", "whsec_stripe")]
    {
        let mut delivery = sink.next().await;
        accepts(&signer, provider, secret, &delivery).unwrap();
        accepts(&signer, provider, "another-secret", &delivery).unwrap_err();
        delivery.body.push(b' ');
        accepts(&signer, provider, secret, &delivery).unwrap_err();
    }
}

/// Makes a source `in`, a destination with these further fields, and a connection; returns the destination's path.
async fn made(gateway: &Gateway, sink: &Sink, more: Value) -> String {
    let mut paths = Vec::new();
    let mut destination = json!({ "name": "out", "url": sink.url() });
    destination.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    for (noun, fields) in [
        ("sources", json!({ "name": "in", "token": "in", "provider": "none" })),
        ("destinations", destination),
    ] {
        let made = gateway.call("POST", &format!("/api/v1/{noun}"), &fields.to_string()).await;
        assert_eq!(made.status, 201, "{}", made.text());
        paths.push(made.json()["id"].as_str().unwrap().to_owned());
    }
    let retry = json!({ "schedule": "custom", "waits_ms": [3_600_000] });
    let ends = json!({ "name": "c", "source_id": paths[0], "destination_id": paths[1], "retry": retry });
    assert_eq!(gateway.call("POST", "/api/v1/connections", &ends.to_string()).await.status, 201);
    format!("/api/v1/destinations/{}", paths[1])
}

#[tokio::test]
async fn a_rotated_secret_and_the_one_before_are_both_verified() {
    let verifier = VerifierProcess::start();
    let mut sink = Sink::start(OK).await;
    let yard = Yard::new("");
    let gateway = yard.start().await;
    let first = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    let path = made(&gateway, &sink, json!({ "signing_secrets": [first] })).await;
    let rotate = async |gateway: &Gateway, body: Value| {
        let rotated = gateway.call("POST", &format!("{path}/rotate-secret"), &body.to_string()).await;
        assert_eq!(rotated.status, 200, "{}", rotated.text());
        rotated.json()
    };
    let second =
        rotate(&gateway, json!({})).await["signing_secrets_generated"][0].as_str().unwrap().to_owned();
    gateway.process.kill();

    let gateway = yard.start().await;
    gateway.take(b"both").await;
    let delivery = sink.next().await;
    for secret in [first, &second] {
        verifier.verify(secret, &delivery.headers, &delivery.body).unwrap();
    }
    // At once, both of them go.
    let third = rotate(&gateway, json!({ "overlap_ms": 0 })).await;
    let third = third["signing_secrets_generated"][0].as_str().unwrap();
    gateway.take(b"one").await;
    let delivery = sink.next().await;
    verifier.verify(third, &delivery.headers, &delivery.body).unwrap();
    // The first still has the end that it was given.
    verifier.verify(first, &delivery.headers, &delivery.body).unwrap();
    verifier.verify(&second, &delivery.headers, &delivery.body).unwrap_err();
}

#[tokio::test]
async fn published_keys_verify_deliveries() {
    let verifier = PublishedVerifier::start();
    let mut sink = Sink::start(OK).await;
    let yard = Yard::new("");
    let gateway = yard.start().await;
    let path = made(&gateway, &sink, json!({})).await;
    let keys_at = format!("/.well-known/webhook-keys/{}", path.rsplit('/').next().unwrap());
    let published = async || ask_once("GET", &keys_at, gateway.public, &[], b"").await;
    assert_eq!(published().await.status, 404, "it signs with HMAC alone");

    let rotate = async |fields: Value| {
        gateway.call("POST", &format!("{path}/rotate-secret"), &fields.to_string()).await.json()
    };
    let rotated = rotate(json!({ "algorithm": "ed25519" })).await;
    let answer = published().await;
    assert_eq!(answer.header("content-type"), Some("application/jwk-set+json"), "{}", answer.head);
    let old_keys = answer.json();
    assert_eq!(old_keys["keys"][0]["whpk"], rotated["signing_secrets"][0]["public_key"]);
    gateway.take(b"signed by both").await;
    let delivery = sink.next().await;
    let signature = delivery.header("webhook-signature").unwrap();
    assert!(signature.starts_with("v1a,") && signature.contains(" v1,"), "{signature}");
    assert!(verifier.verify(&old_keys, &delivery.headers, &delivery.body));
    assert!(!verifier.verify(&old_keys, &delivery.headers, b"signed by nobody"));

    // Whoever still has the old set verifies during the overlap; afterwards the new one is needed.
    rotate(json!({})).await;
    gateway.take(b"overlap").await;
    let delivery = sink.next().await;
    let new_keys = published().await.json();
    assert_eq!(new_keys["keys"].as_array().unwrap().len(), 2);
    assert!(verifier.verify(&old_keys, &delivery.headers, &delivery.body));
    assert!(verifier.verify(&new_keys, &delivery.headers, &delivery.body));
    let given = json!({ "signing_secrets": ["whsk_VEVTVFNJR05JTkdLRVlET05PVFVTRVRISVNGT1JBTlk="] });
    assert_eq!(gateway.call("PATCH", &path, &given.to_string()).await.status, 200);
    gateway.take(b"given").await;
    let delivery = sink.next().await;
    assert!(!verifier.verify(&new_keys, &delivery.headers, &delivery.body));
    assert!(verifier.verify(&published().await.json(), &delivery.headers, &delivery.body));
    let head = ask_once("POST", &keys_at, gateway.public, &[], b"").await;
    assert_eq!(head.status, 404);
}

fn token_of(delivery: &Delivery) -> String {
    delivery.header("authorization").unwrap().strip_prefix("Bearer ").unwrap().to_owned()
}

#[tokio::test]
async fn tokens_of_a_real_server_are_fetched_kept_and_renewed() {
    // What has to be encoded to get there whole.
    let client = ("hook yard:1", "s3cret&+%/ ~");
    for (client_auth, method) in [("basic", "client_secret_basic"), ("body", "client_secret_post")] {
        let server = TokenServer::start(client, method, "write read", 600);
        let mut sink = Sink::start(OK).await;
        let yard = Yard::new("");
        let gateway = yard.start().await;
        let auth = json!({ "kind": "oauth2", "token_url": server.token_url, "client_id": client.0,
                           "client_secret": client.1, "client_auth": client_auth, "scope": "write" });
        let path = made(&gateway, &sink, json!({ "auth": auth })).await;
        gateway.take(b"one").await;
        let first = token_of(&sink.next().await);
        let known = json!({ "active": true, "client_id": client.0, "scope": "write" });
        assert_eq!(server.inspect(&first), known);
        gateway.take(b"two").await;
        assert_eq!((token_of(&sink.next().await), server.issued()), (first.clone(), 1));

        // It was revoked, so the destination refuses it until there is another.
        server.revoke(&first);
        sink.act(Act::Hang);
        let id = gateway.take(b"three").await;
        assert_eq!(token_of(&sink.next().await), first);
        sink.act(Act::Answer(401, ""));
        sink.next().await;
        let second = token_of(&sink.next().await);
        assert_eq!(server.inspect(&second), known);
        assert_ne!(second, first);
        assert_eq!(server.issued(), 2);
        sink.act(OK);
        let event = gateway.event_in(&id, "scheduled").await;
        assert_eq!(gateway.attempts(&event).await.len(), 1, "both requests are one attempt");

        // With a secret that is wrong there is no token, and the event waits for a better one.
        let wrong = json!({ "auth": { "client_secret": "wrong" } });
        assert_eq!(gateway.call("PATCH", &path, &wrong.to_string()).await.status, 200);
        let id = gateway.take(b"four").await;
        let event = gateway.event_in(&id, "scheduled").await;
        assert_eq!(event["last_error"], "token", "{event}");
        let attempt = &gateway.attempts(&event).await[0];
        let detail = attempt["error_detail"].as_str().unwrap();
        assert!(detail.contains("invalid_client") && !detail.contains("wrong"), "{attempt}");
        assert!(sink.already().is_none());
    }
}

#[tokio::test]
async fn a_token_server_that_hangs_holds_up_its_own_destination_only() {
    let hanging = Sink::start(Act::Hang).await;
    let (mut stuck, mut free) = (Sink::start(OK).await, Sink::start(OK).await);
    let auth = format!(
        "auth = {{ kind = \"oauth2\", token_url = \"{}\", client_id = \"a\", client_secret = \"b\" }}",
        hanging.url()
    );
    let yard =
        Yard::new(format!("{OPEN_SOURCE}{}{}", leg("stuck", &stuck, &auth, ""), leg("free", &free, "", "")));
    let gateway = yard.start().await;
    for number in 0..50 {
        gateway.take(format!("{number}").as_bytes()).await;
    }
    for _ in 0..50 {
        free.next().await;
    }
    assert!(stuck.already().is_none());
    assert_eq!(hanging.connections(), 1, "one fetch at a time");
}

#[tokio::test]
async fn requests_to_aws_are_signed_as_awss_own_signer_does() {
    let signer = AwsSigner::start();
    let [secret, session] = ["wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "AQoDYXdzEPT//////////wEXAMPLE=="];
    let (mut lambda, mut s3) = (Sink::start(OK).await, Sink::start(OK).await);
    let destination = |service: &str, more: &str| {
        format!(
            "append_path = true\nauth = {{ kind = \"aws_sigv4\", access_key_id = \"AKIDEXAMPLE\", \
             secret_access_key = \"{secret}\", region = \"eu-central-1\", service = \"{service}\"{more} }}"
        )
    };
    let with_session = format!(", session_token = \"{session}\"");
    let yard = Yard::new(format!(
        "{OPEN_SOURCE}{}{}",
        leg("lambda", &lambda, &destination("lambda", ""), ""),
        leg("s3", &s3, &destination("s3", &with_session), "")
    ));
    let gateway = yard.start().await;
    let mut signed = 0;
    for target in [
        "/in",
        "/in/",
        "/in/a//b/",
        "/in/%2Fa%20b/%E1%88%B4/a+b:c@d!$&'()*,;=",
        "/in/100%25/~user/%7Euser",
        "/in?b=2&a=1&b=1&a",
        "/in?q=a+b%20c%2Bd&%E1%88%B4=%26&empty=&=nameless",
        "/in/x?a=b=c&d=/path?e",
        "/in?A=1&a=2&a-b=3&a.b=4&a_b=5&a~b=6",
    ] {
        for (method, headers, body) in [
            ("POST", &[("Content-Type", "application/json; charset=utf-8")][..], &b"{\"a\":1}"[..]),
            (
                "PUT",
                &[("X-Amz-Meta-B", "  two   words "), ("x-amz-meta-a", "1"), ("X-Amz-Meta-B", "again")],
                b"",
            ),
            (
                "DELETE",
                &[("Authorization", "of the sender"), ("X-Amz-Date", "19700101T000000Z")],
                b"\x00\xff",
            ),
        ] {
            let taken = ask_once(method, target, gateway.public, headers, body).await;
            assert_eq!(taken.status, 200, "{method} {target}");
            for (sink, service, session_token) in
                [(&mut lambda, "lambda", None), (&mut s3, "s3", Some(session))]
            {
                let scope = AwsScope {
                    access_key_id: "AKIDEXAMPLE",
                    secret_access_key: secret,
                    session_token,
                    region: "eu-central-1",
                    service,
                };
                check_signature(&signer, &scope, &sink.next().await);
                signed += 1;
            }
        }
    }
    println!("{signed} requests were signed as @smithy/signature-v4 signs them");
}

/// Has AWS' signer sign what arrived, and compares.
fn check_signature(signer: &AwsSigner, scope: &AwsScope<'_>, delivery: &Delivery) {
    let ours = delivery.header("authorization").unwrap();
    let names = ours.split_once("SignedHeaders=").unwrap().1.split_once(',').unwrap().0;
    let names: Vec<&str> = names.split(';').collect();
    for wanted in ["host", "x-amz-content-sha256", "x-amz-date"] {
        assert!(names.contains(&wanted), "{ours}");
    }
    // What AWS' signer adds by itself is left to it.
    let added = ["x-amz-content-sha256", "x-amz-date", "x-amz-security-token"];
    let is_given = |name: &str| names.contains(&name) && !added.contains(&name);
    let signed: Vec<(String, String)> =
        delivery.headers.iter().filter(|(name, _)| is_given(name)).cloned().collect();
    assert!(
        delivery
            .headers
            .iter()
            .all(|(name, _)| !name.starts_with("x-amz-") || names.contains(&name.as_str()))
    );
    let time = delivery.header("x-amz-date").unwrap();
    let time_s = seconds_of(time);
    let request = (delivery.method.as_str(), delivery.target.as_str());
    let theirs = signer.authorization(scope, request, &signed, &delivery.body, time_s);
    assert_eq!(ours, theirs, "{} {}", delivery.method, delivery.target);
}

/// The time of `x-amz-date`, which lies within the last minutes.
fn seconds_of(time: &str) -> u64 {
    let digits = |range: std::ops::Range<usize>| time[range].parse::<u64>().unwrap();
    let of_day = digits(9..11) * 3600 + digits(11..13) * 60 + digits(13..15);
    let now = now_s();
    let today = now - now % 86_400;
    if of_day > now % 86_400 + 60 { today - 86_400 + of_day } else { today + of_day }
}

#[tokio::test]
async fn a_destination_that_demands_a_client_certificate_gets_it() {
    let issue = |name: &str| {
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(vec![name.to_owned()]).unwrap().self_signed(&key).unwrap();
        (certificate, key)
    };
    let ((server, server_key), (client, client_key)) = (issue("localhost"), issue("hookyard"));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut clients = RootCertStore::empty();
    clients.add(client.der().clone()).unwrap();
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(clients), Arc::clone(&provider));
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(verifier.build().unwrap())
        .with_single_cert(
            vec![server.der().clone()],
            PrivateKeyDer::try_from(server_key.serialize_der()).unwrap(),
        )
        .unwrap();
    let mut sink = Sink::with_tls(OK, TlsAcceptor::from(Arc::new(config))).await;
    let auth = "auth = { kind = \"mtls\", certificate_file = \"client.pem\", key_file = \"client.key\", ca_file = \"ca.pem\" }";
    let mut yard = Yard::new(format!(
        "{OPEN_SOURCE}{}{}",
        leg("out", &sink, auth, ""),
        leg("bare", &sink, "", "retry = { custom = [] }")
    ));
    let files: BTreeMap<&str, String> =
        [("client.pem", client.pem()), ("client.key", client_key.serialize_pem()), ("ca.pem", server.pem())]
            .into();
    for (name, content) in &files {
        std::fs::write(yard.path().join(name), content).unwrap();
    }
    // The other destination trusts the server too; what it lacks is the certificate.
    yard.env.insert("SSL_CERT_FILE".to_owned(), yard.path().join("ca.pem").to_str().unwrap().to_owned());
    let gateway = yard.start().await;
    gateway.take(b"who are you").await;
    assert_eq!(sink.next().await.body, b"who are you");
    let failed =
        gateway.get_until("/api/v1/events?state=failed", "one", |it| it["data"][0]["id"].is_string()).await;
    // The server says why and closes; the closing may be seen first.
    let error = failed["data"][0]["last_error"].as_str().unwrap();
    assert!(["tls", "reset"].contains(&error), "{failed}");
    let shown = gateway.call("GET", "/api/v1/destinations", "").await.text();
    assert!(shown.contains("BEGIN CERTIFICATE") && !shown.contains("PRIVATE KEY"), "{shown}");
    assert!(sink.already().is_none());
}
