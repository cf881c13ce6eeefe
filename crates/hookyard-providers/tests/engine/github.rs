//! GitHub, with the example of its documentation ("Validating webhook deliveries").

use hookyard_providers::{Refusal, Verifier};

use crate::{Sample, accepted, build, doubled, header, malformed, missing, unmatched};

const SECRET: &str = "It's a Secret to Everybody";
const HEADER: &str = "x-hub-signature-256";
const HEX: &str = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
const SHA1: &str = "sha1=01dc10d0c83e72ed246219cdd91669667fe2ca59";

fn verifier(secrets: &[&str]) -> Verifier {
    build("github", secrets, &[]).unwrap()
}

fn sample() -> Sample {
    Sample::new(&[(HEADER, &format!("sha256={HEX}"))], b"Hello, World!")
}

#[test]
fn the_documented_example_is_accepted() {
    let verifier = verifier(&[SECRET]);
    assert_eq!(sample().judged_by(&verifier), accepted(0));
    assert_eq!(sample().and("x-hub-signature", SHA1).judged_by(&verifier), accepted(0));
    assert_eq!(verifier.provider().name, "github");
}

#[test]
fn any_of_several_secrets_is_enough_and_is_told() {
    assert_eq!(sample().judged_by(&verifier(&["a", SECRET, "b"])), accepted(1));
    assert_eq!(sample().judged_by(&verifier(&["a", "b", SECRET])), accepted(2));
    assert_eq!(sample().judged_by(&verifier(&["a", "b"])), unmatched(2, 1));
}

#[test]
fn every_flipped_byte_of_the_body_is_noticed() {
    let verifier = verifier(&[SECRET]);
    for index in 0..sample().body.len() {
        assert_eq!(sample().flipped(index).judged_by(&verifier), unmatched(1, 1), "byte {index}");
    }
}

#[test]
fn every_changed_digit_of_the_signature_is_noticed() {
    let verifier = verifier(&[SECRET]);
    for index in 0..HEX.len() {
        let mut hex = HEX.to_owned().into_bytes();
        hex[index] = if hex[index] == b'0' { b'1' } else { b'0' };
        let value = format!("sha256={}", String::from_utf8(hex).unwrap());
        assert_eq!(sample().with(HEADER, &value).judged_by(&verifier), unmatched(1, 1), "digit {index}");
    }
}

#[test]
fn what_is_refused_is_named() {
    let wrong_length = "the signature has the wrong length";
    let no_prefix = "it does not begin with `sha256=`";
    for (value, why) in [
        (format!("sha256={}", HEX.to_uppercase()), "the signature is not lower-case hex"),
        (format!("sha256={}", &HEX[..62]), wrong_length),
        (format!("sha256={}", &HEX[..63]), wrong_length),
        (format!("sha256={HEX}00"), wrong_length),
        (format!("sha256={HEX} "), wrong_length),
        (format!("sha256= {HEX}"), wrong_length),
        ("sha256=".to_owned(), wrong_length),
        (String::new(), no_prefix),
        (HEX.to_owned(), no_prefix),
        (format!(" sha256={HEX}"), no_prefix),
        (format!("SHA256={HEX}"), no_prefix),
        (SHA1.to_owned(), no_prefix),
    ] {
        let judged = sample().with(HEADER, &value).judged_by(&verifier(&[SECRET]));
        assert_eq!(judged, malformed(HEADER, why), "{value:?}");
    }
}

#[test]
fn a_missing_a_doubled_and_an_outdated_header_are_told_apart() {
    let verifier = verifier(&[SECRET]);
    assert_eq!(sample().without(HEADER).judged_by(&verifier), missing(HEADER));
    let twice = sample().and(HEADER, &format!("sha256={HEX}"));
    assert_eq!(twice.judged_by(&verifier), doubled(HEADER));
    let outdated = sample().without(HEADER).and("x-hub-signature", SHA1);
    assert_eq!(
        outdated.judged_by(&verifier),
        Err(Refusal::SignatureOutdated { place: header("x-hub-signature"), needed: header(HEADER) })
    );
}
