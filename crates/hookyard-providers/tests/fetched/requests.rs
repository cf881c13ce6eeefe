//! Calls for keys that are made with credentials.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hookyard_providers::{ConfigError, Configuration, KeyCache, Verifier};

use crate::{NOW_S, Posted, build};

#[test]
fn plaid_is_asked_with_the_owners_credentials_and_the_tokens_key_id() {
    let verifier = build("plaid", &["s\"ecret"], &[("client_id", "5cd3"), ("environment", "sandbox")]);
    let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"ES256","kid":"bfbd\"5111"}"#);
    let token = format!("{header}.{}.{}", URL_SAFE_NO_PAD.encode("{}"), URL_SAFE_NO_PAD.encode([0; 64]));
    let posted = Posted::new(&[("plaid-verification", &token)], "{}");
    let needed = posted.needed(&verifier, &KeyCache::default(), NOW_S);
    assert_eq!(needed.url, "https://sandbox.plaid.com/webhook_verification_key/get");
    assert_eq!(needed.method, "POST");
    assert_eq!(needed.headers, [("content-type".to_owned(), "application/json".to_owned())]);
    let body: serde_json::Value = serde_json::from_str(needed.body.as_deref().unwrap()).unwrap();
    let expected = serde_json::json!({"client_id": "5cd3", "secret": "s\"ecret", "key_id": "bfbd\"5111"});
    assert_eq!(body, expected);
    assert!(!format!("{needed:?}").contains("ecret"), "{needed:?}");
}

#[test]
fn ebay_is_asked_for_an_access_token_first() {
    let settings =
        [("client_id", "Yard-1"), ("verification_token", "t"), ("api_host", "api.sandbox.ebay.com")];
    let verifier = build("ebay", &["PRD-1"], &settings);
    let signature = STANDARD.encode(r#"{"alg":"ecdsa","kid":"99/36","signature":"AAAA","digest":"SHA1"}"#);
    let posted = Posted::new(&[("x-ebay-signature", &signature)], "{}");
    let needed = posted.needed(&verifier, &KeyCache::default(), NOW_S);
    assert_eq!(needed.url, "https://api.sandbox.ebay.com/commerce/notification/v1/public_key/99/36");
    let authorize = needed.authorize.as_ref().unwrap();
    assert_eq!(authorize.url, "https://api.sandbox.ebay.com/identity/v1/oauth2/token");
    let basic = format!("Basic {}", STANDARD.encode("Yard-1:PRD-1"));
    assert!(
        authorize.headers.contains(&("authorization".to_owned(), basic.clone())),
        "{:?}",
        authorize.headers
    );
    assert!(authorize.body.starts_with("grant_type=client_credentials&scope="));
    assert_eq!(authorize.pointer, "/access_token");
    assert!(!format!("{needed:?}").contains(&basic));
}

#[test]
fn a_key_that_is_fetched_with_a_secret_needs_one() {
    for (provider, settings) in [
        ("circle", &[][..]),
        ("plaid", &[("client_id", "5cd3")]),
        ("ebay", &[("client_id", "Yard-1"), ("verification_token", "t")]),
    ] {
        let settings =
            settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let configuration = Configuration { provider, secrets: &[], settings: &settings, public_url: None };
        assert_eq!(Verifier::new(&configuration).unwrap_err(), ConfigError::NoSecret { provider });
    }
}
