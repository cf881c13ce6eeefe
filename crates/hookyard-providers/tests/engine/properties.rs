//! Any bytes anywhere: no panic, and never accepted without the secret.

use hookyard_providers::{KeyCache, Request, Verifier};
use http::{HeaderMap, HeaderName, HeaderValue};
use proptest::prelude::*;

use crate::{build, result};

const NAMES: [&str; 11] = [
    "x-hub-signature-256",
    "x-hub-signature",
    "stripe-signature",
    "webhook-id",
    "webhook-timestamp",
    "webhook-signature",
    "svix-id",
    "svix-timestamp",
    "svix-signature",
    "x-signature",
    "x-time",
];

fn verifiers() -> Vec<Verifier> {
    let template = [
        ("header", "x-signature"),
        ("algorithm", "sha512"),
        ("encoding", "base64"),
        ("prefix", "v1,"),
        ("message", "{timestamp}{method}{target}{body}"),
        ("timestamp_header", "x-time"),
    ];
    vec![
        build("github", &["one", "two"], &[]).unwrap(),
        build("stripe", &["whsec_one"], &[]).unwrap(),
        build("standard-webhooks", &["whsec_c2VjcmV0"], &[]).unwrap(),
        build("hmac", &["one"], &[("header", "x-signature")]).unwrap(),
        build("hmac", &["one"], &template).unwrap(),
    ]
}

/// Pieces that are nearly right, so that the search gets behind the first check.
fn value() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        Just(b"sha256=".to_vec()),
        Just(b"t=".to_vec()),
        Just(b"v1=".to_vec()),
        Just(b"v1,".to_vec()),
        Just(b",".to_vec()),
        Just(b" ".to_vec()),
        Just(b"1700000000".to_vec()),
        Just(vec![b'a'; 64]),
        Just([&[b'A'; 43][..], b"="].concat()),
        Just([&[b'A'; 86][..], b"=="].concat()),
        proptest::collection::vec(any::<u8>(), 0..70),
    ];
    proptest::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn arbitrary_requests_are_refused_without_panic(
        lines in proptest::collection::vec((0..NAMES.len(), value()), 0..8),
        method in ".{0,8}",
        target in ".{0,40}",
        body in proptest::collection::vec(any::<u8>(), 0..200),
        now_s in prop_oneof![Just(1_700_000_000_u64), any::<u64>()],
    ) {
        let mut headers = HeaderMap::new();
        for (name, value) in &lines {
            if let Ok(value) = HeaderValue::from_bytes(value) {
                headers.append(HeaderName::from_static(NAMES[*name]), value);
            }
        }
        let request =
            Request { method: &method, target: &target, headers: &headers, body: &body, public_url: None };
        for verifier in verifiers() {
            let refusal = result(verifier.verify(&request, &KeyCache::default(), now_s)).unwrap_err();
            prop_assert!(!refusal.to_string().is_empty());
        }
    }

    #[test]
    fn arbitrary_configurations_are_built_or_refused_without_panic(
        secret in ".{0,40}",
        message in "[{}a-z]{0,20}|.{0,40}",
        header in ".{0,20}",
        tolerance in ".{0,8}|[0-9]{1,25}",
        encoding in "utf8|hex|base64|.{0,5}",
    ) {
        let pairs = [
            ("header", header.as_str()),
            ("message", message.as_str()),
            ("secret_encoding", encoding.as_str()),
            ("prefix", message.as_str()),
        ];
        for result in [
            build("hmac", &[&secret], &pairs),
            build("stripe", &[&secret], &[("tolerance_s", &tolerance)]),
            build("standard-webhooks", &[&secret], &[]),
        ] {
            if let Err(error) = result {
                prop_assert!(!error.to_string().is_empty());
            }
        }
    }
}
