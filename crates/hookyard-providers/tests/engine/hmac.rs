//! Generic HMAC, with test case 2 of RFC 2202 (SHA-1) and RFC 4231 (SHA-2). The signatures over
//! templates were computed with Python's `hmac` module.

use hookyard_providers::{Refusal, Verifier};

use crate::{NOW_S, Sample, accepted, build, doubled, malformed, missing, unmatched};

const HEADER: &str = "x-signature";
const HEX: &str = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";

fn verifier(pairs: &[(&str, &str)]) -> Verifier {
    build("hmac", &["Jefe"], &[&[("header", "X-Signature")], pairs].concat()).unwrap()
}

fn sample(signature: &str) -> Sample {
    Sample::new(&[(HEADER, signature)], b"what do ya want for nothing?")
}

#[test]
fn every_algorithm_in_both_encodings() {
    for (algorithm, hex, base64) in [
        ("sha1", "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79", "7/zfauXrL6LSdBbV8YTfnCWafHk="),
        ("sha256", HEX, "W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEM="),
        (
            "sha384",
            "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c78b3239ecfab21649",
            "r0XS43ZIQDFhf3jStYprG5x+9GT1oBtH5C7Dc2MiRF6OIkDKXmnix4syOez6shZJ",
        ),
        (
            "sha512",
            "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554\
             9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737",
            "Fkt6e/z4GeLjlfvnO1bgo4e9ZCIugx/WECcM1+olBVSXWL91wFqZSm0DT2X48Ob9yuqxo01Ka0tjbgcKOLznNw==",
        ),
    ] {
        for (encoding, signature) in [("hex", hex), ("base64", base64)] {
            let verifier = verifier(&[("algorithm", algorithm), ("encoding", encoding)]);
            assert_eq!(sample(signature).judged_by(&verifier), accepted(0), "{algorithm} {encoding}");
            let changed = sample(signature).flipped(0).judged_by(&verifier);
            assert_eq!(changed, unmatched(1, 1), "{algorithm} {encoding}");
            let truncated = sample(&signature[..signature.len() - 4]).judged_by(&verifier);
            let why = "the signature has the wrong length";
            assert_eq!(truncated, malformed(HEADER, why), "{algorithm} {encoding}");
        }
    }
}

#[test]
fn sha256_in_hex_over_the_body_is_the_default() {
    assert_eq!(sample(HEX).judged_by(&verifier(&[])), accepted(0));
}

#[test]
fn secrets_in_each_encoding_make_the_same_key() {
    for (encoding, secret) in
        [("utf8", "Jefe"), ("hex", "4a656665"), ("hex", "4A656665"), ("base64", "SmVmZQ==")]
    {
        let pairs = [("header", HEADER), ("secret_encoding", encoding)];
        let verifier = build("hmac", &["wrong", secret], &pairs);
        // "wrong" is a good secret as text only.
        let verifier = verifier.or_else(|_| build("hmac", &["00ff", secret], &pairs)).unwrap();
        assert_eq!(sample(HEX).judged_by(&verifier), accepted(1), "{encoding}");
    }
}

#[test]
fn a_prefix_must_be_there_exactly() {
    let verifier = verifier(&[("prefix", "sha256=")]);
    assert_eq!(sample(&format!("sha256={HEX}")).judged_by(&verifier), accepted(0));
    for value in [HEX.to_owned(), format!("SHA256={HEX}"), format!("sha256 {HEX}"), String::new()] {
        let why = "it does not begin with `sha256=`";
        assert_eq!(sample(&value).judged_by(&verifier), malformed(HEADER, why), "{value}");
    }
}

#[test]
fn a_template_binds_method_target_and_timestamp() {
    let verifier = build(
        "hmac",
        &["key"],
        &[
            ("header", HEADER),
            ("encoding", "base64"),
            ("message", "{method} {target}\n{timestamp}:{body}"),
            ("timestamp_header", "X-Time"),
            ("tolerance_s", "60"),
        ],
    )
    .unwrap();
    let good = Sample::new(
        &[(HEADER, "qheOQUBQT+1+kMI0k30v3pniG2Bh/Hco9dQvZfB2fy8="), ("x-time", "1700000000")],
        br#"{"a":1}"#,
    );
    assert_eq!(good.judged_by(&verifier), accepted(0));
    assert_eq!(good.clone().flipped(3).judged_by(&verifier), unmatched(1, 1));
    assert_eq!(good.clone().with("x-time", "1700000001").judged_by(&verifier), unmatched(1, 1));
    assert_eq!(Sample { method: "PUT", ..good.clone() }.judged_by(&verifier), unmatched(1, 1));
    assert_eq!(Sample { target: "/in?x=2", ..good.clone() }.judged_by(&verifier), unmatched(1, 1));
    assert_eq!(
        good.clone().at(NOW_S + 61).judged_by(&verifier),
        Err(Refusal::TimestampTooOld { age_s: 61, tolerance_s: 60 })
    );
    assert_eq!(
        good.clone().at(NOW_S - 61).judged_by(&verifier),
        Err(Refusal::TimestampInFuture { ahead_s: 61, tolerance_s: 60 })
    );
    assert_eq!(good.clone().without("x-time").judged_by(&verifier), missing("x-time"));
    assert_eq!(good.and("x-time", "1700000000").judged_by(&verifier), doubled("x-time"));
}

#[test]
fn what_is_refused_is_named() {
    let wrong_length = "the signature has the wrong length";
    for (value, why) in [
        (HEX.to_uppercase(), "the signature is not lower-case hex"),
        (HEX[..63].to_owned(), wrong_length),
        (format!("{HEX} "), wrong_length),
        (format!(" {HEX}"), wrong_length),
        (format!("{HEX},{HEX}"), wrong_length),
        (String::new(), wrong_length),
    ] {
        assert_eq!(sample(&value).judged_by(&verifier(&[])), malformed(HEADER, why), "{value:?}");
    }
    assert_eq!(sample(HEX).without(HEADER).judged_by(&verifier(&[])), missing(HEADER));
    assert_eq!(sample(HEX).and(HEADER, HEX).judged_by(&verifier(&[])), doubled(HEADER));
}
