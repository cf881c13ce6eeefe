//! Chains made like Apple's, with a root of our own; Apple's marks, left out and put on others.

use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::HeaderMap;
use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, IsCa, Issuer, KeyPair, PKCS_ECDSA_P256_SHA256,
    date_time_ymd,
};

use super::*;
use crate::public_key::PrivateKey;

/// 2024-07-01.
const NOW_S: u64 = 1_719_792_000;
const SIGNER: [u64; 7] = [1, 2, 840, 113_635, 100, 6, 11];
const ISSUER: [u64; 7] = [1, 2, 840, 113_635, 100, 6, 2];

struct Made {
    root: Vec<u8>,
    chain: Vec<Vec<u8>>,
    key: PrivateKey,
}

/// A chain of three, whose first two carry these marks.
fn made(marks: [&[u64]; 2], until_year: i32) -> Made {
    let params = |mark: Option<&[u64]>, ca: bool, name: &str| {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(rcgen::DnType::CommonName, name);
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(until_year, 1, 1);
        params.is_ca = if ca { IsCa::Ca(BasicConstraints::Unconstrained) } else { IsCa::ExplicitNoCa };
        if let Some(mark) = mark {
            let arc: Vec<u64> = mark.iter().copied().chain([1]).collect();
            // The value is NULL, as Apple's.
            params.custom_extensions.push(CustomExtension::from_oid_content(&arc, vec![5, 0]));
        }
        params
    };
    let key = || KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
    let (root_params, root_key) = (params(None, true, "root"), key());
    let root = root_params.self_signed(&root_key).unwrap().der().to_vec();
    let root_issuer = Issuer::new(root_params, root_key);
    let (issuer_params, issuer_key) = (params(Some(marks[1]), true, "issuer"), key());
    let issuer = issuer_params.signed_by(&issuer_key, &root_issuer).unwrap().der().to_vec();
    let issuer_issuer = Issuer::new(issuer_params, issuer_key);
    let signer_key = key();
    let signer = params(Some(marks[0]), false, "signer").signed_by(&signer_key, &issuer_issuer).unwrap();
    let chain = vec![signer.der().to_vec(), issuer, root.clone()];
    Made { root, chain, key: PrivateKey::from_pem(&signer_key.serialize_pem()).unwrap() }
}

fn body(made: &Made, claims: &str) -> String {
    let x5c: Vec<String> = made.chain.iter().map(|der| STANDARD.encode(der)).collect();
    let header = serde_json::json!({"alg": "ES256", "x5c": x5c}).to_string();
    let input = [header.as_str(), claims].map(|part| URL_SAFE_NO_PAD.encode(part)).join(".");
    let signature = made.key.sign(KeyAlgorithm::EcdsaP256Sha256Fixed, input.as_bytes()).unwrap();
    serde_json::json!({"signedPayload": format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature))}).to_string()
}

fn judged(apple: &Apple, body: &str) -> Result<Verified, String> {
    let headers = HeaderMap::new();
    let request =
        Request { method: "POST", target: "/t", headers: &headers, body: body.as_bytes(), public_url: None };
    apple.verify(&request, NOW_S).map_err(|refusal| refusal.to_string())
}

const CLAIMS: &str = r#"{"notificationUUID":"1","data":{"bundleId":"com.example"}}"#;

#[test]
fn a_chain_with_apples_marks_to_the_root_holds() {
    let good = made([&SIGNER, &ISSUER], 2030);
    let apple = Apple::with_root(&good.root, "com.example");
    assert_eq!(judged(&apple, &body(&good, CLAIMS)), Ok(Verified { secret: None }));
    let summary = r#"{"summary":{"bundleId":"com.example"}}"#;
    assert_eq!(judged(&apple, &body(&good, summary)), Ok(Verified { secret: None }));
    let why = |body: &str| judged(&apple, body).unwrap_err();
    assert!(why(&body(&good, r#"{"data":{"bundleId":"com.other"}}"#)).contains("`bundleId`"));
    assert!(why(&body(&good, "{}")).contains("`bundleId`"));
    assert_eq!(why("{}"), "the JSON value `/signedPayload` is missing");
    let mut short = made([&SIGNER, &ISSUER], 2030);
    short.chain.pop();
    assert!(why(&body(&short, CLAIMS)).contains("three certificates"));
    // Another key than the certificate's.
    let mut other = made([&SIGNER, &ISSUER], 2030);
    other.chain = good.chain;
    assert!(why(&body(&other, CLAIMS)).contains("no key makes its signature"));
}

#[test]
fn other_chains_are_refused() {
    let why =
        |made: &Made| judged(&Apple::with_root(&made.root, "com.example"), &body(made, CLAIMS)).unwrap_err();
    for marks in [[&ISSUER[..], &ISSUER], [&SIGNER, &SIGNER], [&ISSUER, &SIGNER]] {
        assert!(why(&made(marks, 2030)).contains("is not one for this purpose"), "{marks:?}");
    }
    assert!(why(&made([&SIGNER, &ISSUER], 2024)).contains("has expired"));
    // A chain of somebody's own with all the marks, against the real root.
    let own = made([&SIGNER, &ISSUER], 2030);
    let apple = Apple::new(Some("com.example".to_owned()));
    assert!(apple.root.is_some(), "the compiled-in root is read");
    assert!(judged(&apple, &body(&own, CLAIMS)).unwrap_err().contains("does not chain to a trusted root"));
}
