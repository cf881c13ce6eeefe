//! The examples of the RFCs, and the ways in which tokens lie.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::key_cache::FetchedKey;
use crate::public_key::{Jwk, PrivateKey, PublicKey};

/// RFC 7515, appendix A.1.
const HS256: &str = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const HS256_KEY: &str =
    "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow";
/// Appendix A.2.
const RS256: &str = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";
const RS256_KEY: &str = r#"{"kty":"RSA","e":"AQAB","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"}"#;
/// Appendix A.3.
const ES256: &str = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
const ES256_KEY: &str = r#"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#;
/// Appendix A.4.
const ES512: &str = "eyJhbGciOiJFUzUxMiJ9.UGF5bG9hZA.AdwMgeerwtHoh-l192l60hp9wAHZFVJbLfD_UxMi70cwnZOYaRI1bKPWROc-mZZqwqT2SI-KGDKB34XO0aw_7XdtAG8GaSwFKdCAPZgoXD2YBJZCPEX3xKpRwcdOO8KpEHwJjyqOgzDO7iKvU8vcnwNrmxYbSW9ERBXukOXolLzeO_Jn";
const ES512_KEY: &str = r#"{"kty":"EC","crv":"P-521","x":"AekpBQ8ST8a8VcfVOTNl353vSrDCLLJXmPk06wTjxrrjcBpXp5EOnYG_NjFZ6OvLFV1jSfS9tsz4qUxcWceqwQGk","y":"ADSmRA43Z1DSNx_RvcLI87cdL07l6jQyyBXMoxVg_l2Th-x3S1WDhjDly79ajL4Kkd0AZMaZmh9ubmf63e3kyMj2"}"#;
/// RFC 8037, appendix A.4.
const EDDSA: &str = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
const EDDSA_KEY: &str = r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
/// RFC 7797, section 4.2: the payload `$.02` as it is; section 4.1: encoded.
const UNENCODED: &str =
    "eyJhbGciOiJIUzI1NiIsImI2NCI6ZmFsc2UsImNyaXQiOlsiYjY0Il19..A5dxf2s96_n5FLueVuW1Z_vh161FwXZC4YLPff6dmDY";
const ENCODED: &str = "eyJhbGciOiJIUzI1NiJ9..5mvfOroL-g7HyqJoozehmsaqmvTYGEq5jTI1gVvoEoQ";

use JwtAlgorithm as A;

fn public(key: &str) -> JwtKeys {
    JwtKeys::Public(vec![Jwk::from_json(&serde_json::from_str(key).unwrap()).unwrap().key])
}

fn shared(key: &[u8]) -> JwtKeys {
    JwtKeys::shared(&[key.to_vec()], &[A::HS256, A::HS384, A::HS512])
}

fn rfc_secret() -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(HS256_KEY).unwrap()
}

fn judge(text: &str, accepted: &[A], keys: &JwtKeys, payload: Payload<'_>) -> Result<(), TokenProblem> {
    let token = Token::parse(text.as_bytes())?;
    let algorithm = token.algorithm(accepted)?;
    let signed = token.signed(payload)?;
    keys.find(algorithm, &signed, &token).map(drop)
}

fn token(header: &str, payload: &str, signature: &[u8]) -> String {
    [header.as_bytes(), payload.as_bytes(), signature].map(|part| URL_SAFE_NO_PAD.encode(part)).join(".")
}

#[test]
fn the_examples_of_the_rfcs_hold() {
    for (text, algorithm, keys) in [
        (HS256, A::HS256, shared(&rfc_secret())),
        (RS256, A::RS256, public(RS256_KEY)),
        (ES256, A::ES256, public(ES256_KEY)),
        (ES512, A::ES512, public(ES512_KEY)),
        (EDDSA, A::EdDSA, public(EDDSA_KEY)),
    ] {
        assert_eq!(judge(text, &[algorithm], &keys, Payload::Within), Ok(()), "{algorithm:?}");
        for (index, _) in text.char_indices().filter(|(_, letter)| *letter != '.') {
            let mut bent = text.as_bytes().to_vec();
            bent[index] = if bent[index] == b'A' { b'B' } else { b'A' };
            let bent = String::from_utf8(bent).unwrap();
            assert!(judge(&bent, &[algorithm], &keys, Payload::Within).is_err(), "{bent}");
        }
        for end in 0..text.len() {
            assert!(judge(&text[..end], &[algorithm], &keys, Payload::Within).is_err(), "{end}");
        }
    }
    let keys = shared(&rfc_secret());
    assert_eq!(judge(UNENCODED, &[A::HS256], &keys, Payload::Unencoded(b"$.02")), Ok(()));
    assert_eq!(judge(ENCODED, &[A::HS256], &keys, Payload::Detached(b"$.02")), Ok(()));
}

#[test]
fn a_token_cannot_choose_its_algorithm() {
    let pem = include_str!("../../tests/keys/rsa.pub.pem");
    let rsa = JwtKeys::Public(vec![PublicKey::from_pem(pem).unwrap()]);
    // The public key, which everybody has, as the secret of an HMAC.
    let header = r#"{"alg":"HS256"}"#;
    let input = [header, r#"{"iss":"joe"}"#].map(|part| URL_SAFE_NO_PAD.encode(part)).join(".");
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, pem.as_bytes());
    let tag = ring::hmac::sign(&key, input.as_bytes());
    let confused = format!("{input}.{}", URL_SAFE_NO_PAD.encode(tag.as_ref()));
    assert_eq!(
        judge(&confused, &[A::HS256], &shared(pem.as_bytes()), Payload::Within),
        Ok(()),
        "the forgery itself is made well"
    );
    assert_eq!(judge(&confused, &[A::RS256], &rsa, Payload::Within), Err(TokenProblem::Algorithm));
    assert_eq!(judge(&confused, &[A::RS256, A::HS256], &rsa, Payload::Within), Err(TokenProblem::Signature));

    for alg in ["none", "None", "NONE", "", "rs256", "RS256 ", "ES256K"] {
        for signature in [&b""[..], b"x"] {
            let text = token(&format!(r#"{{"alg":"{alg}"}}"#), r#"{"iss":"joe"}"#, signature);
            assert_eq!(
                judge(&text, &[A::RS256, A::ES256], &rsa, Payload::Within),
                Err(TokenProblem::Algorithm),
                "{alg}"
            );
        }
    }
    for header in ["{}", r#"{"alg":null}"#, r#"{"alg":["RS256"]}"#] {
        assert_eq!(
            judge(&token(header, "{}", b""), &[A::RS256], &rsa, Payload::Within),
            Err(TokenProblem::Algorithm)
        );
    }
}

#[test]
fn headers_that_readers_differ_about_are_refused() {
    for header in
        [r#"{"alg":"RS256","alg":"none"}"#, r#"{"alg":"RS256","x":{"a":1,"a":2}}"#, "[]", "RS256", ""]
    {
        let text = token(header, "{}", b"x");
        assert_eq!(Token::parse(text.as_bytes()).unwrap_err(), TokenProblem::NotJson("header"), "{header}");
    }
    let critical = |header: &str, payload: Payload<'_>| {
        let text =
            if payload == Payload::Within { token(header, "{}", b"x") } else { token(header, "", b"x") };
        Token::parse(text.as_bytes()).unwrap().signed(payload).map(drop)
    };
    for header in [
        r#"{"alg":"RS256","crit":["exp"],"exp":1}"#,
        r#"{"alg":"RS256","crit":[]}"#,
        r#"{"alg":"RS256","crit":"b64"}"#,
        r#"{"alg":"RS256","crit":["b64"],"b64":false}"#,
        r#"{"alg":"RS256","b64":false}"#,
    ] {
        assert_eq!(critical(header, Payload::Within), Err(TokenProblem::Critical), "{header}");
        assert_eq!(critical(header, Payload::Detached(b"x")), Err(TokenProblem::Critical), "{header}");
    }
    let unencoded = |header: &str| critical(header, Payload::Unencoded(b"x"));
    assert_eq!(unencoded(r#"{"alg":"RS256","b64":false,"crit":["b64"]}"#), Ok(()));
    assert_eq!(unencoded(r#"{"alg":"RS256","b64":true,"crit":["b64"]}"#), Err(TokenProblem::Critical));
    assert_eq!(unencoded(r#"{"alg":"RS256","b64":false,"crit":["b64","exp"]}"#), Err(TokenProblem::Critical));
    // Payloads in two places.
    assert_eq!(
        judge(HS256, &[A::HS256], &shared(b"k"), Payload::Detached(b"x")),
        Err(TokenProblem::Payload(true))
    );
    assert_eq!(
        judge(ENCODED, &[A::HS256], &shared(b"k"), Payload::Within),
        Err(TokenProblem::Payload(false))
    );
    for text in ["", ".", "..", "a.b", "a.b.c.d", "a..b..c", "\u{e9}.a.b"] {
        assert!(Token::parse(text.as_bytes()).is_err(), "{text}");
    }
    let long = format!("{}..", "A".repeat(40_000));
    assert_eq!(Token::parse(long.as_bytes()).unwrap_err(), TokenProblem::TooLong("header"));
    let long = format!("..{}", "A".repeat(40_000));
    assert_eq!(Token::parse(long.as_bytes()).unwrap_err(), TokenProblem::TooLong("signature"));
}

#[test]
fn keys_are_chosen_by_id_and_by_their_algorithm() {
    let private = PrivateKey::from_pem(include_str!("../../tests/keys/p256.pem")).unwrap();
    let right = PublicKey::from_pem(include_str!("../../tests/keys/p256.pub.pem")).unwrap();
    let other = PublicKey::from_pem(include_str!("../../tests/keys/rsa.pub.pem")).unwrap();
    let key = |id: Option<&str>, algorithm: Option<&str>, key: &PublicKey, valid_until_s| FetchedKey {
        id: id.map(Box::from),
        algorithm: algorithm.map(Box::from),
        key: key.clone(),
        valid_until_s,
    };
    let input = [r#"{"alg":"ES256","kid":"b"}"#, "{}"].map(|part| URL_SAFE_NO_PAD.encode(part)).join(".");
    let signature =
        private.sign(crate::public_key::KeyAlgorithm::EcdsaP256Sha256Fixed, input.as_bytes()).unwrap();
    let text = format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature));
    let token = Token::parse(text.as_bytes()).unwrap();
    let check = |keys: &[FetchedKey], choice| {
        check_fetched(keys, choice, A::ES256, &token.signed(Payload::Within).unwrap(), &token, 100)
    };
    let by_id = KeyChoice::Id(token.key_id().unwrap());
    let [a, b] = [key(Some("a"), None, &other, None), key(Some("b"), None, &right, None)];
    assert_eq!(check(&[a.clone(), b.clone()], by_id), Ok(()));
    assert_eq!(check(&[a.clone(), b], KeyChoice::Any), Ok(()));
    assert_eq!(check(&[a, key(Some("c"), None, &right, None)], by_id), Err(TokenProblem::UnknownKey));
    assert_eq!(check(&[key(None, None, &right, None)], by_id), Ok(()), "a set without ids");
    assert_eq!(check(&[key(Some("b"), None, &other, None)], by_id), Err(TokenProblem::Signature));
    assert_eq!(check(&[key(Some("b"), Some("ES384"), &right, None)], by_id), Err(TokenProblem::Signature));
    assert_eq!(check(&[key(Some("b"), Some("ES256"), &right, Some(101))], by_id), Ok(()));
    assert_eq!(
        check(&[key(Some("b"), None, &right, Some(100))], by_id),
        Err(TokenProblem::UnknownKey),
        "expired"
    );
}

#[test]
fn times_are_looked_at_with_a_minute_of_leeway() {
    let times = |claims: serde_json::Value, within_s: Option<u64>, expires: bool| {
        check_times(&claims, Times { issued_within_s: within_s, expires }, 10_000)
    };
    assert_eq!(times(json!({"exp": 9_941}), None, true), Ok(()));
    assert_eq!(times(json!({"exp": 9_940.5}), None, false), Err(TokenProblem::Expired(60)));
    assert_eq!(times(json!({}), None, false), Ok(()));
    assert_eq!(times(json!({}), None, true), Err(TokenProblem::Claim("exp")));
    assert_eq!(times(json!({"exp": "9999999999"}), None, false), Err(TokenProblem::Claim("exp")));
    assert_eq!(times(json!({"exp": -1}), None, false), Err(TokenProblem::Claim("exp")));
    assert_eq!(times(json!({"nbf": 10_060}), None, false), Ok(()));
    assert_eq!(times(json!({"nbf": 10_061}), None, false), Err(TokenProblem::NotYet(61)));
    assert_eq!(times(json!({"iat": 9_700}), Some(300), false), Ok(()));
    assert_eq!(
        times(json!({"iat": 9_699}), Some(300), false),
        Err(TokenProblem::TooOld { age_s: 301, tolerance_s: 300 })
    );
    assert_eq!(times(json!({"iat": 10_061}), Some(300), false), Err(TokenProblem::NotYet(61)));
    assert_eq!(times(json!({}), Some(300), false), Err(TokenProblem::Claim("iat")));
}

proptest! {
    #[test]
    fn no_text_panics(text in "\\PC*", header in "\\PC*", payload in "\\PC*") {
        let _ = Token::parse(text.as_bytes());
        let made = token(&header, &payload, text.as_bytes());
        if let Ok(parsed) = Token::parse(made.as_bytes()) {
            let _ = parsed.claims();
            prop_assert!(judge(&made, &[A::HS256, A::ES256], &shared(b"key"), Payload::Within).is_err());
        }
    }
}
