//! Requests signed by the providers' own npm packages: accepted as they are, refused when bent.
//!
//! The packages come from `tests-sdk/install.sh`; without them these tests fail and say so.

#![expect(clippy::expect_used, reason = "a test that panics has failed, as it should")]

use std::collections::BTreeMap;

use hookyard_providers::{Refusal, Request, Verified, Verifier};
use hookyard_test_sdk::{Signer, VerifierProcess};
use http::{HeaderMap, HeaderName, HeaderValue};

const NOW_S: u64 = 1_700_000_000;
const BODY: &[u8] = "{\"id\": \"evt_1\",\r\n \"name\": \"Zo\u{eb} \u{1f4e6}\"}".as_bytes();

/// One provider's signer, seen from the test.
struct Case {
    provider: &'static str,
    secret: &'static str,
    other_secret: &'static str,
    signature_header: &'static str,
    signs_timestamp: bool,
}

const CASES: [Case; 3] = [
    Case {
        provider: "github",
        secret: "It's a Secret to Everybody",
        other_secret: "It's a secret to everybody",
        signature_header: "x-hub-signature-256",
        signs_timestamp: false,
    },
    Case {
        provider: "stripe",
        secret: "whsec_5f8a1cbb2e",
        other_secret: "whsec_5f8a1cbb2f",
        signature_header: "stripe-signature",
        signs_timestamp: true,
    },
    Case {
        provider: "standard-webhooks",
        secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        other_secret: "whsec_NfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        signature_header: "webhook-signature",
        signs_timestamp: true,
    },
];

impl Case {
    fn judge(
        &self,
        secrets: &[&str],
        headers: &[(String, String)],
        body: &[u8],
    ) -> Result<Verified, Refusal> {
        let verifier = Verifier::new(self.provider, secrets, &BTreeMap::new()).expect("the case is usable");
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(
                HeaderName::from_bytes(name.as_bytes()).expect("an SDK sends header names"),
                HeaderValue::from_str(value).expect("an SDK sends header values"),
            );
        }
        verifier.verify(&Request { method: "POST", target: "/", headers: &map, body }, NOW_S)
    }
}

fn unmatched(secrets: usize) -> Result<Verified, Refusal> {
    Err(Refusal::NoSignatureMatches { secrets, signatures: 1 })
}

#[test]
fn what_the_sdks_sign_is_accepted() {
    let signer = Signer::start();
    for case in CASES {
        for body in [BODY, b"0", b"not json"] {
            let headers = signer.sign(case.provider, case.secret, body, NOW_S);
            let judged = case.judge(&[case.other_secret, case.secret], &headers, body);
            assert_eq!(judged, Ok(Verified { secret: Some(1) }), "{} {body:?}", case.provider);
        }
    }
}

#[test]
fn a_flipped_byte_and_another_secret_are_refused() {
    let signer = Signer::start();
    for case in CASES {
        let headers = signer.sign(case.provider, case.secret, BODY, NOW_S);
        for index in 0..BODY.len() {
            let mut body = BODY.to_vec();
            body[index] ^= 1;
            assert_eq!(
                case.judge(&[case.secret], &headers, &body),
                unmatched(1),
                "{} {index}",
                case.provider
            );
        }
        assert_eq!(case.judge(&[case.other_secret], &headers, BODY), unmatched(1), "{}", case.provider);
    }
}

#[test]
fn an_old_and_a_future_timestamp_are_refused() {
    let signer = Signer::start();
    for case in CASES.into_iter().filter(|case| case.signs_timestamp) {
        let signed_at = |timestamp_s| signer.sign(case.provider, case.secret, BODY, timestamp_s);
        assert!(case.judge(&[case.secret], &signed_at(NOW_S - 300), BODY).is_ok(), "{}", case.provider);
        assert_eq!(
            case.judge(&[case.secret], &signed_at(NOW_S - 301), BODY),
            Err(Refusal::TimestampTooOld { age_s: 301, tolerance_s: 300 }),
        );
        assert_eq!(
            case.judge(&[case.secret], &signed_at(NOW_S + 301), BODY),
            Err(Refusal::TimestampInFuture { ahead_s: 301, tolerance_s: 300 }),
        );
    }
}

#[test]
fn a_truncated_signature_is_refused() {
    let signer = Signer::start();
    for case in CASES {
        let mut headers = signer.sign(case.provider, case.secret, BODY, NOW_S);
        let (name, value) =
            headers.iter_mut().find(|(name, _)| name == case.signature_header).expect("it is signed");
        value.truncate(value.len() - 2);
        let expected = Err(Refusal::HeaderMalformed {
            header: HeaderName::from_bytes(name.as_bytes()).unwrap(),
            why: "the signature has the wrong length",
        });
        assert_eq!(case.judge(&[case.secret], &headers, BODY), expected, "{}", case.provider);
    }
}

#[test]
fn the_verifying_sdk_says_yes_and_no_where_it_should() {
    let (signer, verifier) = (Signer::start(), VerifierProcess::start());
    let secret = CASES[2].secret;
    #[expect(
        clippy::disallowed_methods,
        reason = "the package reads the machine's clock, so must its signer"
    )]
    let now_s = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let headers = signer.sign("standard-webhooks", secret, BODY, now_s);
    assert_eq!(verifier.verify(secret, &headers, BODY), Ok(()));
    let unmatched = Err("No matching signature found".to_owned());
    assert_eq!(verifier.verify(secret, &headers, b"{}"), unmatched);
    assert_eq!(verifier.verify(CASES[2].other_secret, &headers, BODY), unmatched);
    let old = signer.sign("standard-webhooks", secret, BODY, NOW_S);
    assert_eq!(verifier.verify(secret, &old, BODY), Err("Message timestamp too old".to_owned()));
    assert_eq!(verifier.verify(secret, &[], BODY), Err("Missing required headers".to_owned()));
}
