//! Handshakes that want to see that the owner has the secret: a tag or digest of what they brought.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hookyard_providers::provider;
use ring::{digest, hmac};

use super::super::Expected::Made;
use super::super::{ROW, Row, URL, hex, mac, secret, sha256};
use super::{JSON, TEXT};

pub(super) const ROWS: &[Row] = &[
    Row {
        provider: "braintree",
        method: "GET",
        suffix: "?bt_challenge=20f9f8ed05f77439fe955c977e4c8a53",
        answered: TEXT,
        expected: Made(|| {
            let key = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, secret("braintree").as_bytes());
            let challenge = "20f9f8ed05f77439fe955c977e4c8a53";
            let tag = mac(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, key.as_ref(), challenge);
            let settings = &provider("braintree").unwrap().setting;
            let public_key = settings.iter().find(|setting| setting.name == "public_key").unwrap();
            format!("{}|{}", public_key.example.as_deref().unwrap(), hex(&tag))
        }),
        ..ROW
    },
    Row {
        provider: "zoom",
        body: r#"{"payload":{"plainToken":"qgg8vlvZRS6UYooatFL8Aw"},"event_ts":1654503849680,"event":"endpoint.url_validation"}"#,
        answered: JSON,
        expected: Made(|| {
            let token = "qgg8vlvZRS6UYooatFL8Aw";
            let tag = hex(&mac(hmac::HMAC_SHA256, secret("zoom").as_bytes(), token));
            format!(r#"{{"plainToken":"{token}","encryptedToken":"{tag}"}}"#)
        }),
        ..ROW
    },
    Row {
        provider: "x",
        method: "GET",
        suffix: "?crc_token=NjYwNGNmZjctZGNlMC00",
        answered: JSON,
        expected: Made(|| {
            let tag = mac(hmac::HMAC_SHA256, secret("x").as_bytes(), "NjYwNGNmZjctZGNlMC00");
            let tag = STANDARD.encode(tag);
            format!(r#"{{"response_token":"sha256={tag}"}}"#)
        }),
        ..ROW
    },
    Row {
        provider: "linkedin",
        method: "GET",
        suffix: "?challengeCode=890e4665-4dfe-4ab1-b689-ed553bceeed0",
        answered: JSON,
        expected: Made(|| {
            let code = "890e4665-4dfe-4ab1-b689-ed553bceeed0";
            let tag = hex(&mac(hmac::HMAC_SHA256, secret("linkedin").as_bytes(), code));
            format!(r#"{{"challengeCode":"{code}","challengeResponse":"{tag}"}}"#)
        }),
        ..ROW
    },
    Row {
        provider: "ebay",
        method: "GET",
        suffix: "?challenge_code=a8628072",
        answered: JSON,
        expected: Made(|| {
            let settings = &provider("ebay").unwrap().setting;
            let token = settings.iter().find(|setting| setting.name == "verification_token").unwrap();
            let token = token.example.as_deref().unwrap();
            format!(r#"{{"challengeResponse":"{}"}}"#, sha256(&format!("a8628072{token}{URL}/ebay")))
        }),
        ..ROW
    },
    Row {
        provider: "smartcar",
        body: r#"{"eventId":"1","eventType":"VERIFY","data":{"challenge":"5c7a2f3e"}}"#,
        answered: JSON,
        expected: Made(|| {
            let tag = hex(&mac(hmac::HMAC_SHA256, secret("smartcar").as_bytes(), "5c7a2f3e"));
            format!(r#"{{"challenge":"{tag}"}}"#)
        }),
        ..ROW
    },
    Row {
        provider: "smartcar",
        body: r#"{"version":"1.0","eventName":"verify","payload":{"challenge":"0f3a"}}"#,
        answered: JSON,
        expected: Made(|| {
            let tag = hex(&mac(hmac::HMAC_SHA256, secret("smartcar").as_bytes(), "0f3a"));
            format!(r#"{{"challenge":"{tag}"}}"#)
        }),
        ..ROW
    },
];
