//! PayPal: a certificate that the request names, which must be PayPal's own.

use base64::engine::general_purpose::STANDARD;
use hookyard_providers::{FetchProblem, KeyCache, Refusal, Verdict};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, PKCS_RSA_SHA256, date_time_ymd};
use rustls_pki_types::{CertificateDer, PrivatePkcs8KeyDer, TrustAnchor};

use crate::{NOW_S, Posted, RSA, build, rsa_sha256};

const WEBHOOK_ID: &str = "1JE4291016473214C";
const URL: &str = "https://api.paypal.com/v1/notifications/certs/CERT-360caa42";
const BODY: &str = r#"{"id":"WH-2WR32451HC0233532","event_type":"PAYMENT.SALE.COMPLETED"}"#;
/// Of the body, as PayPal's document computes it; by Python's `zlib.crc32`.
const BODY_CRC32: &str = "3843534954";

struct Authority {
    issuer: Issuer<'static, KeyPair>,
    der: CertificateDer<'static>,
}

fn authority(name: &str) -> Authority {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::default();
    params.distinguished_name.push(rcgen::DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let der = params.self_signed(&key).unwrap().der().clone();
    Authority { issuer: Issuer::new(params, key), der }
}

/// A certificate of the tests' RSA key.
fn certificate(authority: &Authority, name: &str, until_year: i32) -> String {
    let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    params.not_before = date_time_ymd(2023, 1, 1);
    params.not_after = date_time_ymd(until_year, 1, 1);
    let der: String = RSA.lines().filter(|line| !line.starts_with('-')).collect();
    let der = base64::Engine::decode(&STANDARD, der).unwrap();
    let key =
        KeyPair::from_pkcs8_der_and_sign_algo(&PrivatePkcs8KeyDer::from(der), &PKCS_RSA_SHA256).unwrap();
    params.signed_by(&key, &authority.issuer).unwrap().pem()
}

fn anchor(authority: &Authority) -> TrustAnchor<'static> {
    webpki::anchor_from_trusted_cert(&authority.der).unwrap().to_owned()
}

fn posted(url: &str, body: &str) -> Posted {
    let (id, time) = ("69cd13f0-d67a-11e5-baa3-778b53f4ae55", "2024-07-01T00:00:00Z");
    let signature = rsa_sha256(format!("{id}|{time}|{WEBHOOK_ID}|{BODY_CRC32}").as_bytes(), &STANDARD);
    Posted::new(
        &[
            ("paypal-transmission-id", id),
            ("paypal-transmission-time", time),
            ("paypal-transmission-sig", &signature),
            ("paypal-cert-url", url),
            ("paypal-auth-algo", "SHA256withRSA"),
        ],
        body,
    )
}

#[test]
fn paypals_certificate_is_asked_for_once_and_the_signature_judged_with_it() {
    let verifier = build("paypal", &[], &[("webhook_id", WEBHOOK_ID)]);
    let cache = KeyCache::default();
    let request = posted(URL, BODY).needed(&verifier, &cache, NOW_S);
    assert_eq!((request.url.as_str(), request.method.as_str()), (URL, "GET"));
    let root = authority("root");
    let pem = certificate(&root, "messageverificationcerts.paypal.com", 2025);
    cache.accept(&request, pem.as_bytes(), &[anchor(&root)], NOW_S).unwrap();

    let judged = |posted: &Posted, webhook_id: &str| {
        let verifier = build("paypal", &[], &[("webhook_id", webhook_id)]);
        posted.judge(&verifier, &cache, NOW_S)
    };
    assert!(matches!(judged(&posted(URL, BODY), WEBHOOK_ID), Verdict::Verified(_)));
    let no_match = Refusal::NoSignatureMatches { secrets: 1, signatures: 1 };
    assert_eq!(
        judged(&posted(URL, &BODY.replace("SALE", "SALT")), WEBHOOK_ID),
        Verdict::Refused(no_match.clone())
    );
    assert_eq!(judged(&posted(URL, BODY), "2JE4291016473214C"), Verdict::Refused(no_match));
    // It ages with the certificate, whatever the cache would allow: a day before its end it still counts.
    let end_s = 1_735_689_600;
    cache.accept(&request, pem.as_bytes(), &[anchor(&root)], end_s - 10).unwrap();
    assert!(matches!(posted(URL, BODY).judge(&verifier, &cache, end_s - 1), Verdict::Verified(_)));
    assert!(!matches!(posted(URL, BODY).judge(&verifier, &cache, end_s), Verdict::Verified(_)));
}

#[test]
fn certificates_of_others_are_of_no_use() {
    let verifier = build("paypal", &[], &[("webhook_id", WEBHOOK_ID)]);
    let cache = KeyCache::default();
    let request = posted(URL, BODY).needed(&verifier, &cache, NOW_S);
    let [root, other] = [authority("root"), authority("other")];
    for (pem, why) in [
        (
            certificate(&other, "messageverificationcerts.paypal.com", 2025),
            "does not chain to a trusted root",
        ),
        (certificate(&root, "paypal.com.evil.example", 2025), "is in another name than the provider's"),
        (certificate(&root, "messageverificationcerts.paypal.com", 2024), "has expired"),
    ] {
        let accepted = cache.accept(&request, pem.as_bytes(), &[anchor(&root)], NOW_S);
        assert_eq!(accepted, Err(FetchProblem::BadCertificate(why)));
        assert!(!matches!(posted(URL, BODY).judge(&verifier, &cache, NOW_S), Verdict::Verified(_)));
    }
    cache.refuse(&request, NOW_S);
    assert_eq!(
        posted(URL, BODY).refused(&verifier, &cache, NOW_S).to_string(),
        "the key cannot be used: the provider has no such key"
    );
}
