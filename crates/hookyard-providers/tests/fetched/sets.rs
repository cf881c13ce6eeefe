//! Sets of keys: chosen by id, fetched anew where a key is missing, and tokens that lie about their algorithm.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hookyard_providers::{KeyCache, Verdict};
use ring::hmac;

use crate::{NOW_S, Posted, build, rsa_sha256};

const PUBLIC: &str = include_str!("../keys/rsa.pub.pem");

const SETTINGS: [(&str, &str); 2] = [
    ("audience", "https://hooks.example.com/in"),
    ("service_account", "push@example.iam.gserviceaccount.com"),
];

/// A set that holds the tests' RSA key under this id.
fn set(id: &str) -> String {
    let der: String = PUBLIC.lines().filter(|line| !line.starts_with('-')).collect();
    let der = base64::engine::general_purpose::STANDARD.decode(der).unwrap();
    // The key stands at the end: 256 bytes of modulus, a tag and length, and the exponent.
    let (modulus, exponent) = (&der[der.len() - 261..der.len() - 5], &der[der.len() - 3..]);
    let [n, e] = [modulus, exponent].map(|number| URL_SAFE_NO_PAD.encode(number));
    serde_json::json!({"keys": [{"kty": "RSA", "kid": id, "alg": "RS256", "use": "sig", "n": n, "e": e}]})
        .to_string()
}

fn claims() -> serde_json::Value {
    serde_json::json!({
        "iss": "https://accounts.google.com", "aud": SETTINGS[0].1, "email": SETTINGS[1].1,
        "email_verified": true, "iat": NOW_S - 10, "exp": NOW_S + 3590,
    })
}

fn signed(header: &serde_json::Value, claims: &serde_json::Value) -> Posted {
    let input = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string())).join(".");
    bearer(&format!("{input}.{}", rsa_sha256(input.as_bytes(), &URL_SAFE_NO_PAD)))
}

fn bearer(token: &str) -> Posted {
    Posted::new(&[("authorization", &format!("Bearer {token}"))], r#"{"message":{"messageId":"1"}}"#)
}

fn with_id(id: &str) -> Posted {
    signed(&serde_json::json!({"alg": "RS256", "kid": id}), &claims())
}

#[test]
fn a_token_holds_with_the_key_it_names() {
    let verifier = build("google-pubsub", &[], &SETTINGS);
    let cache = KeyCache::default();
    let needed = with_id("k1").needed(&verifier, &cache, NOW_S);
    assert_eq!(needed.url, "https://www.googleapis.com/oauth2/v3/certs");
    cache.accept(&needed, set("k1").as_bytes(), &[], NOW_S).unwrap();
    assert!(matches!(with_id("k1").judge(&verifier, &cache, NOW_S), Verdict::Verified(_)));
    for (claim, value) in [
        ("iss", serde_json::json!("https://accounts.google.com.evil.example")),
        ("aud", serde_json::json!("https://other.example/in")),
        ("email", serde_json::json!("push@other.iam.gserviceaccount.com")),
        ("email_verified", serde_json::json!(false)),
        ("email_verified", serde_json::Value::Null),
        ("exp", serde_json::json!(NOW_S - 3600)),
        ("exp", serde_json::json!("tomorrow")),
        ("nbf", serde_json::json!(NOW_S + 3600)),
    ] {
        let mut other = claims();
        other[claim] = value;
        let posted = signed(&serde_json::json!({"alg": "RS256", "kid": "k1"}), &other);
        posted.refused(&verifier, &cache, NOW_S);
        let mut missing = claims();
        missing.as_object_mut().unwrap().remove(claim);
        if claim != "nbf" {
            signed(&serde_json::json!({"alg": "RS256", "kid": "k1"}), &missing)
                .refused(&verifier, &cache, NOW_S);
        }
    }
    let mut several = claims();
    several["aud"] = serde_json::json!(["https://other.example", SETTINGS[0].1]);
    let several = signed(&serde_json::json!({"alg": "RS256", "kid": "k1"}), &several);
    assert!(
        matches!(several.judge(&verifier, &cache, NOW_S), Verdict::Verified(_)),
        "one of several audiences"
    );
}

#[test]
fn a_set_is_fetched_anew_for_a_key_that_it_lacks_but_not_all_the_time() {
    let verifier = build("google-pubsub", &[], &SETTINGS);
    let cache = KeyCache::default();
    let needed = with_id("k1").needed(&verifier, &cache, NOW_S);
    cache.accept(&needed, set("k1").as_bytes(), &[], NOW_S).unwrap();
    let why = with_id("k2").refused(&verifier, &cache, NOW_S + 59).to_string();
    assert!(why.contains("names no key that is known"), "{why}");
    let again = with_id("k2").needed(&verifier, &cache, NOW_S + 60);
    assert_eq!(again, needed);
    cache.accept(&again, set("k2").as_bytes(), &[], NOW_S + 60).unwrap();
    assert!(matches!(with_id("k2").judge(&verifier, &cache, NOW_S + 60), Verdict::Verified(_)));
    with_id("k1").refused(&verifier, &cache, NOW_S + 60);
}

#[test]
fn a_public_key_never_serves_as_a_secret() {
    let forged = |alg: &str, key: &[u8]| {
        let header = serde_json::json!({"alg": alg, "kid": "k1"});
        let input = [header, claims()].map(|part| URL_SAFE_NO_PAD.encode(part.to_string())).join(".");
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), input.as_bytes());
        format!("{input}.{}", URL_SAFE_NO_PAD.encode(tag))
    };
    let pubsub = build("google-pubsub", &[], &SETTINGS);
    let cache = KeyCache::default();
    let needed = with_id("k1").needed(&pubsub, &cache, NOW_S);
    cache.accept(&needed, set("k1").as_bytes(), &[], NOW_S).unwrap();
    let wix = build("wix", &[PUBLIC], &[]);
    for alg in ["HS256", "RS256", "none", "hs256"] {
        for key in [PUBLIC, PUBLIC.trim_end(), &set("k1")] {
            let token = forged(alg, key.as_bytes());
            bearer(&token).refused(&pubsub, &cache, NOW_S);
            Posted::new(&[], &token).refused(&wix, &cache, NOW_S);
        }
        let unsigned = forged(alg, b"x").rsplit_once('.').unwrap().0.to_owned();
        for end in [".", ""] {
            bearer(&format!("{unsigned}{end}")).refused(&pubsub, &cache, NOW_S);
        }
    }
}
