//! Requests signed by the providers' own SDKs: accepted as they are, refused when bent.
//!
//! The SDKs come from `tests-sdk/install.sh`; without them these tests fail and say so.

#![expect(clippy::expect_used, reason = "a test that panics has failed, as it should")]

use std::collections::BTreeMap;

use hookyard_providers::{Configuration, KeyCache, Refusal, Request, Verdict, Verified, Verifier};
use hookyard_test_sdk::{Bend, Case, SignRequest, SignedBody, SignedRequest, Signer, VerifierProcess};
use http::{HeaderMap, HeaderName, HeaderValue};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;

const NOW_S: u64 = 1_700_000_000;
const ORIGIN: &str = "https://hooks.example.com";
const PUBLIC_URL: &str = "https://hooks.example.com/in";
const URL: &str = "https://hooks.example.com/in?a=b";
const BODY: &[u8] = "{\"id\": \"evt_1\",\r\n \"name\": \"Zo\u{eb} \u{1f4e6}\"}".as_bytes();

/// All but Apple's, whose root is compiled in: nobody else can sign what it verifies.
fn cases(signer: &Signer) -> Vec<Case> {
    let mut cases = signer.cases();
    cases.retain(|case| case.provider != "apple-appstore");
    cases
}

fn judge(case: &Case, secrets: &[&str], sent: &SignedRequest) -> Result<Verified, Refusal> {
    let configured = case.configured(secrets, ORIGIN);
    let of_source: Vec<&str> = configured.secrets.iter().map(String::as_str).collect();
    let configuration = Configuration {
        provider: &case.provider,
        secrets: &of_source,
        settings: &configured.settings,
        public_url: Some(PUBLIC_URL),
    };
    let verifier = Verifier::new(&configuration)
        .unwrap_or_else(|error| panic!("{} cannot be configured: {error}", case.name()));
    let mut headers = HeaderMap::new();
    for (name, value) in &sent.headers {
        headers.append(
            HeaderName::from_bytes(name.as_bytes()).expect("an SDK sends header names"),
            HeaderValue::from_str(value).expect("an SDK sends header values"),
        );
    }
    let request = Request {
        method: &sent.method,
        target: sent.target(),
        headers: &headers,
        body: &sent.body,
        public_url: Some(PUBLIC_URL),
    };
    let keys = KeyCache::default();
    let mut verdict = verifier.verify(&request, &keys, NOW_S);
    if let Verdict::KeyNeeded(needed) = &verdict {
        let document = case.document(sent, secrets.last().expect("there is one"));
        let authority = sent.authority.as_deref().or(sent.certificate.as_deref());
        let authority =
            authority.map(|pem| CertificateDer::from_pem_slice(pem.as_bytes()).expect("it is PEM"));
        let roots: Vec<_> = authority
            .iter()
            .map(|der| webpki::anchor_from_trusted_cert(der).expect("it is a root"))
            .collect();
        keys.accept(needed, document.as_bytes(), &roots, NOW_S)
            .unwrap_or_else(|error| panic!("{}: {error}: {document}", case.name()));
        verdict = verifier.verify(&request, &keys, NOW_S);
    }
    match verdict {
        Verdict::Verified(verified) => Ok(verified),
        Verdict::Refused(refusal) => Err(refusal),
        Verdict::KeyNeeded(needed) => panic!("{}: the key is not enough: {needed:?}", case.name()),
    }
}

// One test, as starting all the SDKs takes seconds.
#[test]
fn what_the_sdks_sign_is_accepted_and_what_is_bent_refused() {
    let signer = Signer::start();
    let mut wrong = Vec::new();
    let mut counts = BTreeMap::<String, usize>::new();
    for case in cases(&signer) {
        // With two secrets, of which the second is right.
        let mut check = |what: &str, sent: &SignedRequest, accepted: bool| {
            *counts.entry(case.provider.clone()).or_default() += 1;
            let judged = judge(&case, &[&case.other_secret, &case.secret], sent);
            let expected = if case.key_is_fetched() { None } else { Some(1) };
            if judged.as_ref().map(|it| it.secret).ok() != accepted.then_some(expected) {
                wrong.push(format!("{}: {judged:?} to {what}: {sent:?}", case.name()));
            }
        };
        accepted_bodies(&signer, &case, &mut check);
        every_byte(&signer, &case, &mut check);
        timestamps(&signer, &case, &mut check);
    }
    for case in cases(&signer) {
        let request = SignRequest::of(&case, URL, NOW_S);
        for bend in Bend::ALL {
            let Some(bent) = bend.bent(&signer, &case, &request) else { continue };
            *counts.entry(case.provider.clone()).or_default() += 1;
            if judge(&case, &[&case.secret], &bent).is_ok() {
                wrong.push(format!("{}: accepted with {}: {bent:?}", case.name(), bend.name()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    println!("{} providers: {counts:?}", counts.len());
    assert!(counts.len() >= 60, "providers have lost their signers: {counts:?}");
}

type Check<'a> = dyn FnMut(&str, &SignedRequest, bool) + 'a;

fn accepted_bodies(signer: &Signer, case: &Case, check: &mut Check<'_>) {
    let request = SignRequest::of(case, URL, NOW_S);
    check("its own body", &signer.sign(&request), true);
    if case.any_body {
        for body in [BODY, b"0"] {
            check(
                "another body",
                &signer.sign(&SignRequest { body: body.to_vec(), ..request.clone() }),
                true,
            );
        }
    }
}

fn every_byte(signer: &Signer, case: &Case, check: &mut Check<'_>) {
    if case.any_body && case.signs.body == SignedBody::Bytes {
        let sent = signer.sign(&SignRequest { body: BODY.to_vec(), ..SignRequest::of(case, URL, NOW_S) });
        for index in 0..BODY.len() {
            let mut bent = sent.clone();
            *bent.body.get_mut(index).expect("it is in the body") ^= 1;
            check("a flipped bit", &bent, false);
        }
    }
}

fn timestamps(signer: &Signer, case: &Case, check: &mut Check<'_>) {
    let Some(tolerance_s) = case.timestamp.and_then(|it| it.tolerance_s) else { return };
    let at = |timestamp_s| signer.sign(&SignRequest::of(case, URL, timestamp_s));
    check("the oldest timestamp tolerated", &at(NOW_S - tolerance_s), true);
    // A token's times have a minute of leeway.
    let leeway_s = if case.encoding == "jwt" { 60 } else { 0 };
    check("a timestamp that is too old", &at(NOW_S - tolerance_s - leeway_s - 1), false);
}

#[test]
fn timestamps_in_the_future_are_refused() {
    let signer = Signer::start();
    for case in
        cases(&signer).iter().filter(|case| ["stripe", "standard-webhooks"].contains(&&*case.provider))
    {
        let sent = signer.sign(&SignRequest::of(case, URL, NOW_S + 301));
        let ahead = Refusal::TimestampInFuture { ahead_s: 301, tolerance_s: 300 };
        assert_eq!(judge(case, &[&case.secret], &sent), Err(ahead), "{}", case.name());
    }
}

#[test]
fn the_verifying_sdk_says_yes_and_no_where_it_should() {
    let (signer, verifier) = (Signer::start(), VerifierProcess::start());
    let cases = cases(&signer);
    let case = cases.iter().find(|case| case.provider == "standard-webhooks").expect("it is there");
    #[expect(
        clippy::disallowed_methods,
        reason = "the package reads the machine's clock, so must its signer"
    )]
    let now_s = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let request = SignRequest { body: BODY.to_vec(), ..SignRequest::of(case, URL, now_s) };
    let headers = signer.sign(&request).headers;
    assert_eq!(verifier.verify(&case.secret, &headers, BODY), Ok(()));
    let unmatched = Err("No matching signature found".to_owned());
    assert_eq!(verifier.verify(&case.secret, &headers, b"{}"), unmatched);
    assert_eq!(verifier.verify(&case.other_secret, &headers, BODY), unmatched);
    let old = signer.sign(&SignRequest { timestamp_s: NOW_S, ..request }).headers;
    assert_eq!(verifier.verify(&case.secret, &old, BODY), Err("Message timestamp too old".to_owned()));
    assert_eq!(verifier.verify(&case.secret, &[], BODY), Err("Missing required headers".to_owned()));
}
