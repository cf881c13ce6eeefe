//! What verifying a request costs beside the bare hash over its body.
//!
//! `cargo bench -p hookyard-providers` prints both; the ratio of a provider to `bare` is the engine's
//! overhead. All hash the same kilobyte with HMAC-SHA256. Stripe signs a time before it: `bare, time before it` is the
//! hash of these bytes where they lie, as no gateway should copy a body in order to hash it.

#![expect(clippy::unwrap_used, reason = "a benchmark that panics has failed")]

use std::collections::BTreeMap;
use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use hookyard_providers::{Configuration, KeyCache, Request, Verdict, Verifier};
use http::{HeaderMap, HeaderName, HeaderValue};
use ring::hmac;

const NOW_S: u64 = 1_700_000_000;
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// A request as a gateway gets it: with a dozen headers that nobody asks for.
fn headers(signing: &[(&'static str, String)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in [
        ("host", "hooks.example.com"),
        ("user-agent", "Hookshot/044aadd"),
        ("accept", "*/*"),
        ("accept-encoding", "gzip, deflate, br"),
        ("content-type", "application/json"),
        ("content-length", "1024"),
        ("x-forwarded-for", "192.0.2.1"),
        ("x-forwarded-proto", "https"),
        ("x-request-id", "bb56a2f1-6aae-46ac-982e-9dcd3581d08e"),
        ("x-github-event", "issues"),
        ("x-github-delivery", "72d3162e-cc78-11e3-81ab-4c9367dc0958"),
        ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
    ] {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    for (name, value) in signing {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap());
    }
    headers
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn verify(criterion: &mut Criterion) {
    let body: Vec<u8> = (0..1024_u32).map(|index| b' ' + (index % 90) as u8).collect();
    let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
    let mut group = criterion.benchmark_group("hmac-sha256 over 1 KiB");
    group.bench_function("bare", |bencher| bencher.iter(|| hmac::sign(&key, black_box(&body))));
    group.bench_function("bare, time before it", |bencher| {
        bencher.iter(|| {
            let mut context = hmac::Context::with_key(&key);
            context.update(black_box(b"1700000000."));
            context.update(black_box(&body));
            context.sign()
        });
    });

    let plain = hex(hmac::sign(&key, &body).as_ref());
    let timed = hex(hmac::sign(&key, &[b"1700000000.", &*body].concat()).as_ref());
    let stripe = format!("t={NOW_S},v1={timed}");
    for (provider, settings, signing) in [
        ("github", vec![], vec![("x-hub-signature-256", format!("sha256={plain}"))]),
        ("stripe", vec![], vec![("stripe-signature", stripe)]),
        ("hmac", vec![("header", "x-signature")], vec![("x-signature", plain.clone())]),
    ] {
        let settings: BTreeMap<String, String> =
            settings.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let configuration =
            Configuration { provider, secrets: &[SECRET], settings: &settings, public_url: None };
        let (verifier, keys) = (Verifier::new(&configuration).unwrap(), KeyCache::default());
        let headers = headers(&signing);
        let request =
            Request { method: "POST", target: "/token", headers: &headers, body: &body, public_url: None };
        assert!(matches!(verifier.verify(&request, &keys, NOW_S), Verdict::Verified(_)), "{provider}");
        group.bench_function(provider, |bencher| {
            bencher.iter(|| verifier.verify(black_box(&request), &keys, NOW_S));
        });
    }
    group.finish();
}

criterion_group!(benches, verify);
criterion_main!(benches);
