//! The providers' and customers' own packages against the gateway: what they sign is accepted, what it
//! signs they verify, and neither takes anything else.

use std::net::SocketAddr;

use hookyard_model::clock::Clock;
use hookyard_test_sdk::{Signer, VerifierProcess};

use crate::client::{Answer, ask_once};
use crate::gateway::{OPEN_SOURCE, Yard, leg};
use crate::sink::{OK, Sink};

const PROVIDERS: [(&str, &str); 3] = [
    ("github", "It's a Secret to Everybody"),
    ("stripe", "whsec_a1b2c3d4e5f6a1b2c3d4e5f6a1b2c3d4"),
    ("standard-webhooks", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
];
const OTHER_SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
const BODY: &str = "{\"type\":\"thing.happened\",\"text\":\"schön \\u00fc\",\"n\":1.0}\n";

fn now_s() -> u64 {
    Clock::System.now().s()
}

async fn send(address: SocketAddr, provider: &str, headers: &[(String, String)], body: &[u8]) -> Answer {
    let headers: Vec<(&str, &str)> =
        headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    ask_once("POST", &format!("/{provider}"), address, &headers, body).await
}

#[tokio::test]
async fn what_the_providers_packages_sign_is_accepted_and_nothing_else() {
    let signer = Signer::start();
    let mut declared = String::new();
    for (provider, secret) in PROVIDERS {
        declared.push_str(&format!(
            "[[source]]\nname = \"{provider}\"\ntoken = \"{provider}\"\nprovider = \"{provider}\"\nsecrets = [\"{secret}\"]\n"
        ));
    }
    let yard = Yard::new(declared);
    let gateway = yard.start().await;
    for (provider, secret) in PROVIDERS {
        let body = BODY.as_bytes();
        let headers = signer.sign(provider, secret, body, now_s());
        let accepted = send(gateway.public, provider, &headers, body).await;
        let id = accepted.request_id();
        let kept = gateway.call("GET", &format!("/api/v1/requests/{id}/body"), "").await;
        assert_eq!(kept.body, body);

        let flipped: Vec<u8> = body.iter().enumerate().map(|(at, byte)| byte ^ u8::from(at == 20)).collect();
        let refused = send(gateway.public, provider, &headers, &flipped).await;
        assert_eq!(refused.status, 401, "{provider}: a flipped bit");
        let other = signer.sign(provider, OTHER_SECRET, body, now_s());
        assert_eq!(
            send(gateway.public, provider, &other, body).await.status,
            401,
            "{provider}: another secret"
        );
        assert_eq!(send(gateway.public, provider, &[], body).await.status, 401, "{provider}: no signature");
        if provider != "github" {
            for at in [now_s() - 360, now_s() + 360] {
                let old = signer.sign(provider, secret, body, at);
                assert_eq!(
                    send(gateway.public, provider, &old, body).await.status,
                    401,
                    "{provider}: at {at}"
                );
            }
        }
    }
    // Nobody waits for refused requests to be written, so they may come a moment later.
    let rejected = "/api/v1/requests?status=rejected&cause=verification_failed";
    let all = 3 * 3 + 2 * 2;
    gateway
        .get_until(rejected, "all that was refused", |it| it["data"].as_array().unwrap().len() == all)
        .await;
    let accepted = gateway.get("/api/v1/requests?status=accepted").await;
    assert_eq!(accepted["data"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn deliveries_are_verified_by_the_customers_package() {
    let verifier = VerifierProcess::start();
    let mut sink = Sink::start(OK).await;
    let secrets = format!("signing_secrets = [\"{}\", \"{OTHER_SECRET}\"]", PROVIDERS[2].1);
    let yard = Yard::new(format!("{OPEN_SOURCE}{}", leg("out", &sink, &secrets, "")));
    let gateway = yard.start().await;
    gateway.take(BODY.as_bytes()).await;
    let delivery = sink.next().await;
    for secret in [PROVIDERS[2].1, OTHER_SECRET] {
        verifier.verify(secret, &delivery.headers, &delivery.body).unwrap();
    }
    let foreign = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    verifier.verify(foreign, &delivery.headers, &delivery.body).unwrap_err();
    let tampered = BODY.replace("1.0", "1.1");
    verifier.verify(OTHER_SECRET, &delivery.headers, tampered.as_bytes()).unwrap_err();
    for name in ["webhook-id", "webhook-timestamp"] {
        let mut headers = delivery.headers.clone();
        let (_, value) = headers.iter_mut().find(|(known, _)| known == name).unwrap();
        value.replace_range(value.len() - 1.., if value.ends_with('1') { "2" } else { "1" });
        verifier.verify(OTHER_SECRET, &headers, &delivery.body).unwrap_err();
    }
}
