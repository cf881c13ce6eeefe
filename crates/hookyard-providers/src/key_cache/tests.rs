//! Documents of every form, the bounds, and what is remembered.

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls_pki_types::CertificateDer;

use super::*;
use crate::definition::FetchFormat;

const P256: &str = include_str!("../../tests/keys/p256.pub.pem");
const SET: &str = r#"{"keys":[
    {"kty":"EC","crv":"P-256","kid":"a","use":"sig","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"},
    {"kty":"EC","crv":"P-256","kid":"b","use":"enc","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"},
    {"kty":"EC","crv":"P-256","kid":"c","x":"broken","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"},
    {"kty":"oct","kid":"d"}]}"#;
/// 2024-07-01.
const NOW_S: u64 = 1_719_792_000;

fn request(url: &str, format: FetchFormat) -> KeyRequest {
    KeyRequest {
        url: url.to_owned(),
        method: "GET".to_owned(),
        headers: Vec::new(),
        body: None,
        authorize: None,
        hosts: Vec::new(),
        format,
        pointer: None,
        names: Vec::new(),
        max_age_s: 3600,
    }
}

fn ids(cache: &KeyCache, request: &KeyRequest, now_s: u64) -> Option<Vec<Option<String>>> {
    match cache.get(&request.cache_key(), now_s) {
        Known::Keys(keys) => Some(keys.keys.iter().map(|key| key.id.as_deref().map(str::to_owned)).collect()),
        Known::Absent | Known::Nothing => None,
    }
}

#[test]
fn documents_of_every_form_are_read() {
    let cache = KeyCache::default();
    let set = request("https://keys.example/set", FetchFormat::Jwks);
    cache.accept(&set, SET.as_bytes(), &[], NOW_S).unwrap();
    assert_eq!(ids(&cache, &set, NOW_S), Some(vec![Some("a".to_owned())]));
    let base64 = P256.lines().filter(|line| !line.starts_with('-')).collect::<String>();
    for (format, pointer, body) in [
        (FetchFormat::Pem, None, P256.to_owned()),
        (FetchFormat::Pem, Some("/a/0"), serde_json::json!({"a": [P256]}).to_string()),
        (FetchFormat::Base64, None, format!("{base64}\n")),
        (
            FetchFormat::Base64,
            Some("/data/publicKey"),
            serde_json::json!({"data":{"publicKey":base64}}).to_string(),
        ),
        (FetchFormat::Jwk, Some("/keys/0"), SET.to_owned()),
    ] {
        let mut request = request("https://keys.example/one", format);
        request.pointer = pointer.map(str::to_owned);
        cache.accept(&request, body.as_bytes(), &[], NOW_S).unwrap();
        assert_eq!(ids(&cache, &request, NOW_S).unwrap().len(), 1, "{format:?}");
        for damaged in ["", "{}", "null", "<html>", &body[..body.len() / 2]] {
            let why = cache.accept(&request, damaged.as_bytes(), &[], NOW_S);
            assert!(why.is_err(), "{format:?} {damaged}");
        }
    }
    let long = vec![b' '; DOCUMENT_BYTES_MAX + 1];
    assert_eq!(cache.accept(&set, &long, &[], NOW_S), Err(FetchProblem::TooLong));
    assert_eq!(
        cache.accept(&set, br#"{"keys":[]}"#, &[], NOW_S),
        Err(FetchProblem::Malformed("the set holds no key for signatures"))
    );
}

#[test]
fn keys_are_kept_until_they_age_and_their_absence_for_a_minute() {
    let cache = KeyCache::default();
    let request = request("https://keys.example/set", FetchFormat::Jwks);
    assert!(matches!(cache.get(&request.cache_key(), 0), Known::Nothing));
    cache.refuse(&request, 0);
    assert!(matches!(cache.get(&request.cache_key(), 59), Known::Absent));
    assert!(matches!(cache.get(&request.cache_key(), 60), Known::Nothing));
    cache.accept(&request, SET.as_bytes(), &[], 60).unwrap();
    cache.refuse(&request, 61);
    let Known::Keys(keys) = cache.get(&request.cache_key(), 60 + 3599) else {
        panic!("a refusal displaced keys")
    };
    assert!(!keys.may_be_outdated(119));
    assert!(keys.may_be_outdated(120));
    assert!(matches!(cache.get(&request.cache_key(), 60 + 3600), Known::Nothing));
}

#[test]
fn the_bounds_hold_and_absences_go_first() {
    let numbered = |index: usize| request(&format!("https://keys.example/{index}"), FetchFormat::Jwks);
    let cache = KeyCache::new(10, usize::MAX);
    for index in 0..5 {
        cache.accept(&numbered(index), SET.as_bytes(), &[], 0).unwrap();
    }
    for index in 5..500 {
        cache.refuse(&numbered(index), 1);
    }
    for index in 0..5 {
        assert!(ids(&cache, &numbered(index), 2).is_some(), "a flood displaced key {index}");
    }
    for index in 600..700 {
        cache.accept(&numbered(index), SET.as_bytes(), &[], index as u64).unwrap();
    }
    assert_eq!(cache.shared.entries.load().len(), 10);
    assert!(ids(&cache, &numbered(699), 700).is_some(), "the newest is kept");
    let small = KeyCache::new(1000, 10_000);
    for index in 0..100 {
        small.accept(&numbered(index), SET.as_bytes(), &[], index as u64).unwrap();
    }
    let bytes: usize = small.shared.entries.load().values().map(|entry| entry.bytes).sum();
    assert!((1..=10_000).contains(&bytes), "{bytes}");
}

#[test]
fn what_is_sent_tells_requests_apart() {
    let plain = request("https://keys.example/set", FetchFormat::Jwks);
    let mut others = vec![plain.clone()];
    let mut with = |change: fn(&mut KeyRequest)| {
        let mut other = plain.clone();
        change(&mut other);
        others.push(other);
    };
    with(|request| request.method = "POST".to_owned());
    with(|request| request.url.push('x'));
    with(|request| request.body = Some("x".to_owned()));
    with(|request| request.pointer = Some("x".to_owned()));
    with(|request| request.format = FetchFormat::Jwk);
    with(|request| request.headers.push(("authorization".to_owned(), "Bearer a".to_owned())));
    with(|request| request.headers.push(("authorization".to_owned(), "Bearer b".to_owned())));
    with(|request| request.names.push("x".to_owned()));
    let keys: std::collections::HashSet<_> = others.iter().map(KeyRequest::cache_key).collect();
    assert_eq!(keys.len(), others.len());
    assert!(!format!("{others:?}").contains("Bearer"), "credentials are not shown");
}

struct Authority {
    issuer: Issuer<'static, KeyPair>,
    der: CertificateDer<'static>,
    pem: String,
}

fn authority() -> Authority {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2040, 1, 1);
    let certificate = params.self_signed(&key).unwrap();
    let (der, pem) = (certificate.der().clone(), certificate.pem());
    Authority { issuer: Issuer::new(params, key), der, pem }
}

fn leaf(authority: &Authority, name: &str) -> String {
    let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    params.not_before = date_time_ymd(2024, 1, 1);
    params.not_after = date_time_ymd(2025, 1, 1);
    params.signed_by(&KeyPair::generate().unwrap(), &authority.issuer).unwrap().pem()
}

#[test]
fn certificates_must_chain_be_valid_now_and_carry_the_name() {
    let [trusted, other] = [authority(), authority()];
    let anchor = webpki::anchor_from_trusted_cert(&trusted.der).unwrap().to_owned();
    let mut request = request("https://keys.example/cert", FetchFormat::X509);
    request.names = vec!["signer.example".to_owned()];
    let accept = |request: &KeyRequest, pem: &str, now_s: u64| {
        KeyCache::default().accept(request, pem.as_bytes(), std::slice::from_ref(&anchor), now_s)
    };
    let good = leaf(&trusted, "signer.example");
    assert_eq!(accept(&request, &good, NOW_S), Ok(()));
    assert_eq!(accept(&request, &format!("{good}{}", trusted.pem), NOW_S), Ok(()));
    let bad = |pem: &str, now_s| match accept(&request, pem, now_s) {
        Err(FetchProblem::BadCertificate(why)) => why,
        other => panic!("{other:?}"),
    };
    let year_s = 366 * 86_400;
    assert_eq!(bad(&good, NOW_S + year_s), "has expired");
    assert_eq!(bad(&good, NOW_S - year_s), "is not valid yet");
    assert_eq!(bad(&leaf(&trusted, "evil.example"), NOW_S), "is in another name than the provider's");
    assert_eq!(bad(&leaf(&other, "signer.example"), NOW_S), "does not chain to a trusted root");
    let chain = format!("{}{}", leaf(&other, "signer.example"), other.pem);
    assert_eq!(bad(&chain, NOW_S), "does not chain to a trusted root");
    // Without issuers: valid now is all that is asked.
    request.format = FetchFormat::Certificate;
    let alone = leaf(&other, "signer.example");
    assert_eq!(accept(&request, &alone, NOW_S), Ok(()));
    assert_eq!(accept(&request, &alone, NOW_S + year_s), Err(FetchProblem::BadCertificate("has expired")));
    let cache = KeyCache::default();
    cache.accept(&request, alone.as_bytes(), &[], NOW_S).unwrap();
    let Known::Keys(keys) = cache.get(&request.cache_key(), NOW_S) else { panic!("not kept") };
    assert_eq!(keys.keys[0].valid_until_s, Some(1_735_689_600));
}
