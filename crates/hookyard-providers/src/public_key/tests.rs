//! Keys in all their forms, signatures made by openssl, and what must not verify.

use base64::Engine as _;
use proptest::prelude::*;

use super::*;

const ED25519: &str = include_str!("../../tests/keys/ed25519.pub.pem");
const P256: &str = include_str!("../../tests/keys/p256.pub.pem");
const P384: &str = include_str!("../../tests/keys/p384.pub.pem");
const P521: &str = include_str!("../../tests/keys/p521.pub.pem");
const RSA: &str = include_str!("../../tests/keys/rsa.pub.pem");
const SIGNATURES: &str = include_str!("../../tests/keys/signatures.txt");

const ALL: [KeyAlgorithm; 12] = [
    KeyAlgorithm::Ed25519,
    KeyAlgorithm::EcdsaP256Sha256,
    KeyAlgorithm::EcdsaP256Sha1,
    KeyAlgorithm::EcdsaP256Sha256Fixed,
    KeyAlgorithm::EcdsaP384Sha384Fixed,
    KeyAlgorithm::EcdsaP521Sha512Fixed,
    KeyAlgorithm::RsaPkcs1Sha1,
    KeyAlgorithm::RsaPkcs1Sha256,
    KeyAlgorithm::RsaPkcs1Sha384,
    KeyAlgorithm::RsaPkcs1Sha512,
    KeyAlgorithm::RsaPssSha256,
    KeyAlgorithm::RsaPssSha512,
];

fn keys() -> Vec<PublicKey> {
    [ED25519, P256, P384, P521, RSA].iter().map(|pem| PublicKey::from_pem(pem).unwrap()).collect()
}

fn der(pem: &str) -> Vec<u8> {
    pem_blocks(pem).unwrap().remove(0).bytes
}

#[test]
fn what_openssl_signed_verifies_with_that_key_and_algorithm_alone() {
    let lines: Vec<Vec<&str>> = SIGNATURES
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| line.split(' ').collect())
        .collect();
    assert_eq!(lines.len(), 9);
    for line in lines {
        let (pem, algorithm) = match (line[0], line[1]) {
            ("rsa", "pkcs1-sha1") => (RSA, KeyAlgorithm::RsaPkcs1Sha1),
            ("rsa", "pkcs1-sha256") => (RSA, KeyAlgorithm::RsaPkcs1Sha256),
            ("rsa", "pkcs1-sha384") => (RSA, KeyAlgorithm::RsaPkcs1Sha384),
            ("rsa", "pkcs1-sha512") => (RSA, KeyAlgorithm::RsaPkcs1Sha512),
            ("rsa", "pss-sha256") => (RSA, KeyAlgorithm::RsaPssSha256),
            ("rsa", "pss-sha512") => (RSA, KeyAlgorithm::RsaPssSha512),
            ("p256", "ecdsa-sha1") => (P256, KeyAlgorithm::EcdsaP256Sha1),
            ("p256", "ecdsa-sha256") => (P256, KeyAlgorithm::EcdsaP256Sha256),
            ("ed25519", _) => (ED25519, KeyAlgorithm::Ed25519),
            other => panic!("{other:?}"),
        };
        let signature = BASE64.decode(line[2]).unwrap();
        let key = PublicKey::from_pem(pem).unwrap();
        let message = b"signed by openssl";
        for other in ALL {
            assert_eq!(key.verifies(other, message, &signature), other == algorithm, "{line:?} {other:?}");
        }
        assert!(!key.verifies(algorithm, b"signed by opensst", &signature));
        assert!(!key.verifies(algorithm, message, &signature[..signature.len() - 1]));
        let mut flipped = signature.clone();
        flipped[10] ^= 1;
        assert!(!key.verifies(algorithm, message, &flipped));
        for key in keys().iter().filter(|key| !key.fits(algorithm)) {
            assert!(!key.verifies(algorithm, message, &signature), "{key:?}");
        }
    }
}

#[test]
fn what_private_keys_sign_their_public_keys_verify() {
    for (private, public, algorithms) in [
        (include_str!("../../tests/keys/ed25519.pem"), ED25519, &[KeyAlgorithm::Ed25519][..]),
        (include_str!("../../tests/keys/p256.pem"), P256, &ALL[1..4]),
        (include_str!("../../tests/keys/p521.pem"), P521, &[KeyAlgorithm::EcdsaP521Sha512Fixed]),
        (include_str!("../../tests/keys/rsa.pem"), RSA, &ALL[6..]),
    ] {
        let (private, public) =
            (PrivateKey::from_pem(private).unwrap(), PublicKey::from_pem(public).unwrap());
        for algorithm in ALL {
            let signature = private.sign(algorithm, b"a message");
            assert_eq!(signature.is_some(), algorithms.contains(&algorithm), "{algorithm:?}");
            if let Some(signature) = signature {
                assert!(public.verifies(algorithm, b"a message", &signature), "{algorithm:?}");
                assert!(!public.verifies(algorithm, b"a massage", &signature), "{algorithm:?}");
            }
        }
    }
    assert!(PrivateKey::from_pem(RSA).is_err());
}

#[test]
fn every_form_of_a_key_is_the_same_key() {
    let same = |one: &PublicKey, other: &PublicKey| format!("{one:?}") == format!("{other:?}");
    let rsa = PublicKey::from_pem(RSA).unwrap();
    let pkcs1 = include_str!("../../tests/keys/rsa.pkcs1.pem");
    assert!(same(&PublicKey::from_pem(pkcs1).unwrap(), &rsa));
    assert!(same(&PublicKey::from_bytes(&der(RSA)).unwrap(), &rsa));
    assert!(same(&PublicKey::from_bytes(&der(pkcs1)).unwrap(), &rsa));
    assert!(same(&PublicKey::from_bytes(RSA.as_bytes()).unwrap(), &rsa));
    // As eBay sends it: on one line.
    let one_line = P256.replace('\n', "");
    let p256 = PublicKey::from_pem(P256).unwrap();
    assert!(same(&PublicKey::from_pem(&one_line).unwrap(), &p256));
    // The last 65 bytes are the point, the last 32 the key.
    let spki = der(P256);
    assert!(same(&PublicKey::from_bytes(&spki[spki.len() - 65..]).unwrap(), &p256));
    let spki = der(ED25519);
    assert!(same(
        &PublicKey::from_bytes(&spki[spki.len() - 32..]).unwrap(),
        &PublicKey::from_pem(ED25519).unwrap()
    ));
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = rcgen::CertificateParams::default().self_signed(&key).unwrap();
    assert!(same(
        &PublicKey::from_pem(&certificate.pem()).unwrap(),
        &PublicKey::from_pem(&key.public_key_pem()).unwrap()
    ));
}

#[test]
fn what_is_no_key_that_can_be_trusted_is_refused_with_the_reason() {
    let why = |pem: &str| PublicKey::from_pem(pem).err().unwrap();
    assert_eq!(why("secret"), "is not PEM: there is no `-----BEGIN …-----`");
    assert_eq!(
        why(include_str!("../../tests/keys/rsa.pem")),
        "is a private key; the public key belonging to it is needed"
    );
    let short = include_str!("../../tests/keys/rsa1024.pub.pem");
    assert_eq!(why(short), "is an RSA key of less than 2048 bits");
    assert_eq!(why(&RSA.replace("END PUBLIC", "END RSA PUBLIC")), "is PEM that is damaged");
    assert_eq!(why(&RSA.replace("MIIB", "M*IB")), "is PEM that is damaged");
    assert_eq!(PublicKey::from_bytes(&[4; 65]).err(), Some("is no point on the curve P-256"));
}

#[test]
fn json_web_keys_are_read_and_secret_ones_refused() {
    let json = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
    let p521 = json(
        r#"{"kty":"EC","crv":"P-521","kid":"a",
        "x":"AekpBQ8ST8a8VcfVOTNl353vSrDCLLJXmPk06wTjxrrjcBpXp5EOnYG_NjFZ6OvLFV1jSfS9tsz4qUxcWceqwQGk",
        "y":"ADSmRA43Z1DSNx_RvcLI87cdL07l6jQyyBXMoxVg_l2Th-x3S1WDhjDly79ajL4Kkd0AZMaZmh9ubmf63e3kyMj2"}"#,
    );
    let key = Jwk::from_json(&p521).unwrap();
    assert_eq!(key.id.as_deref(), Some("a"));
    assert!(key.key.fits(KeyAlgorithm::EcdsaP521Sha512Fixed));
    let mut off_curve = p521.clone();
    off_curve["y"] = off_curve["x"].clone();
    assert!(Jwk::from_json(&off_curve).is_err());
    let mut secret = p521;
    secret["d"] = "AY5pb7A0".into();
    assert!(Jwk::from_json(&secret).is_err());
    assert!(Jwk::from_json(&json(r#"{"kty":"oct","k":"AyM1"}"#)).is_err());
    for other in
        [r#"{"kty":"RSA","use":"enc"}"#, r#"{"kty":"RSA","key_ops":["encrypt"]}"#, r#"{"kty":"oct"}"#, "[]"]
    {
        assert!(Jwk::purpose(&json(other)) == JwkUse::Other, "{other}");
    }
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400), at in 0usize..300, to in any::<u8>()) {
        let _ = PublicKey::from_bytes(&bytes);
        let _ = PublicKey::from_pem(&String::from_utf8_lossy(&bytes));
        let _ = leaf_key(&bytes, 0);
        for pem in [ED25519, P256, P384, P521, RSA] {
            let mut damaged = der(pem);
            if let Some(byte) = damaged.get_mut(at) {
                *byte = to;
            }
            if let Ok(key) = PublicKey::from_bytes(&damaged) {
                for algorithm in ALL {
                    prop_assert!(!key.verifies(algorithm, b"message", &bytes));
                }
            }
        }
    }
}
