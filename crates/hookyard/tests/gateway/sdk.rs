//! The providers' and customers' own packages against the gateway: what they sign is accepted, what it
//! signs they verify, and neither takes anything else.

use std::collections::BTreeMap;

use hookyard_model::clock::Clock;
use hookyard_test_sdk::{Bend, Case, SignRequest, SignedRequest, Signer, VerifierProcess};

use crate::client::Answer;
use crate::gateway::{Gateway, OPEN_SOURCE, Yard, leg};
use crate::process::within;
use crate::sink::{OK, Sink};

const SECRETS: [&str; 2] =
    ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"];
/// What the providers know the gateway by; the requests come from a proxy, so to say.
const ORIGIN: &str = "https://hooks.example.com";
const BODY: &str = "{\"type\":\"thing.happened\",\"text\":\"schön \\u00fc\",\"n\":1.0}\n";

fn now_s() -> u64 {
    Clock::System.now().s()
}

/// All whose key stands in the source: what has to be fetched is in `pending.rs`. Apple's root is compiled
/// in, so that nobody else can sign what it verifies.
fn cases(signer: &Signer) -> Vec<Case> {
    let mut cases = signer.cases();
    cases.retain(|case| !case.key_is_fetched() && case.provider != "apple-appstore");
    cases
}

/// The name and token of a case's source.
fn source(case: &Case) -> String {
    case.name().replace('/', "-")
}

/// A text as TOML has it.
fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}

fn declared(case: &Case) -> String {
    let configured = case.configured(&[&case.secret], ORIGIN);
    let settings = configured.settings.iter().map(|(name, value)| format!("{name} = {}\n", quoted(value)));
    let secrets: Vec<String> = configured.secrets.iter().map(|secret| quoted(secret)).collect();
    format!(
        "[[source]]\nname = \"{0}\"\ntoken = \"{0}\"\nprovider = \"{1}\"\nsecrets = [{2}]\n\
         public_url = \"{ORIGIN}/{0}\"\n[source.settings]\n{3}\n",
        source(case),
        case.provider,
        secrets.join(", "),
        settings.collect::<String>(),
    )
}

async fn send(gateway: &Gateway, sent: &SignedRequest) -> Answer {
    let headers: Vec<(&str, &str)> =
        sent.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    gateway.post(sent.target(), &headers, &sent.body).await
}

#[tokio::test]
async fn what_the_providers_packages_sign_is_accepted_and_nothing_else() {
    let signer = Signer::start();
    let cases = cases(&signer);
    let yard = Yard::new(cases.iter().map(declared).collect::<String>());
    let gateway = yard.start().await;
    let mut wrong = Vec::new();
    let mut counts = BTreeMap::<&str, usize>::new();
    let mut refused = 0;
    for case in &cases {
        let url = format!("{ORIGIN}/{}?a=b%20c", source(case));
        let request = SignRequest::of(case, &url, now_s());
        let sent = signer.sign(&request);
        let answer = send(&gateway, &sent).await;
        *counts.entry(&case.provider).or_default() += 1;
        if (200..300).contains(&answer.status) {
            // Some providers want another answer than the request's id.
            let newest = gateway.get("/api/v1/requests?status=accepted&limit=1").await;
            let path = format!("/api/v1/requests/{}/body", newest["data"][0]["id"].as_str().unwrap());
            assert_eq!(gateway.call("GET", &path, "").await.body, sent.body, "{}", case.name());
        } else {
            wrong.push(format!("{}: {} {} to {sent:?}", case.name(), answer.status, answer.text()));
        }
        for bend in Bend::ALL {
            let Some(bent) = bend.bent(&signer, case, &request) else { continue };
            let status = send(&gateway, &bent).await.status;
            *counts.entry(&case.provider).or_default() += 1;
            refused += 1;
            if status != refused_status(case) {
                wrong.push(format!("{}: {status} to {}, {bent:?}", case.name(), bend.name()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    println!("{} providers: {counts:?}", counts.len());
    // Nobody waits for refused requests to be written, so the last may come a moment later.
    let rejected = "/api/v1/requests?status=rejected&cause=verification_failed&limit=250";
    let all = async { while listed(&gateway, rejected).await < refused {} };
    within("all that was refused is listed", all).await;
    assert_eq!(listed(&gateway, rejected).await, refused);
    assert_eq!(listed(&gateway, "/api/v1/requests?status=accepted&limit=250").await, cases.len());
    assert!(counts.len() >= 55, "providers have lost their signers: {counts:?}");
}

/// What the provider is answered where it proves nothing.
fn refused_status(case: &Case) -> u16 {
    hookyard_providers::provider(&case.provider).unwrap().answer.refused_status.unwrap_or(401)
}

/// How many rows a list has on all its pages.
async fn listed(gateway: &Gateway, path: &str) -> usize {
    let (mut rows, mut past) = (0, String::new());
    loop {
        let page = gateway.get(&format!("{path}{past}")).await;
        rows += page["data"].as_array().unwrap().len();
        let Some(next) = page["next"].as_str() else { return rows };
        past = format!("&before={next}");
    }
}

#[tokio::test]
async fn deliveries_are_verified_by_the_customers_package() {
    let verifier = VerifierProcess::start();
    let mut sink = Sink::start(OK).await;
    let secrets = format!("signing_secrets = [\"{}\", \"{}\"]", SECRETS[0], SECRETS[1]);
    let yard = Yard::new(format!("{OPEN_SOURCE}{}", leg("out", &sink, &secrets, "")));
    let gateway = yard.start().await;
    gateway.take(BODY.as_bytes()).await;
    let delivery = sink.next().await;
    for secret in SECRETS {
        verifier.verify(secret, &delivery.headers, &delivery.body).unwrap();
    }
    let foreign = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    verifier.verify(foreign, &delivery.headers, &delivery.body).unwrap_err();
    let tampered = BODY.replace("1.0", "1.1");
    verifier.verify(SECRETS[1], &delivery.headers, tampered.as_bytes()).unwrap_err();
    for name in ["webhook-id", "webhook-timestamp"] {
        let mut headers = delivery.headers.clone();
        let (_, value) = headers.iter_mut().find(|(known, _)| known == name).unwrap();
        value.replace_range(value.len() - 1.., if value.ends_with('1') { "2" } else { "1" });
        verifier.verify(SECRETS[1], &headers, &delivery.body).unwrap_err();
    }
}
