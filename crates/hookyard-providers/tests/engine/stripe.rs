//! Stripe. The signatures were computed with Python:
//! `hmac.new(b"whsec_test_secret", b"1700000000." + body, "sha256").hexdigest()`.

use hookyard_providers::template::Place;
use hookyard_providers::{Refusal, Verifier};

use crate::{NOW_S, Sample, accepted, build, doubled, malformed, missing, unmatched};

const SECRET: &str = "whsec_test_secret";
const HEADER: &str = "stripe-signature";
const HEX: &str = "86d195bdf7fa8d2a41b621d0367baa5f34b0c4861d35227c2012edbaf25cf1a2";
/// Made with the secret `whsec_other`.
const OTHER_HEX: &str = "76ac188b85304f349310e7fd23463d492dabf1a09a453933ffd812c4b3c82640";

fn verifier() -> Verifier {
    build("stripe", &[SECRET], &[]).unwrap()
}

fn sample() -> Sample {
    sample_with(&format!("t={NOW_S},v1={HEX}"))
}

fn sample_with(value: &str) -> Sample {
    Sample::new(&[(HEADER, value)], br#"{"id": "evt_1", "object": "event"}"#)
}

#[test]
fn one_good_signature_among_several_is_enough() {
    for value in [
        format!("t={NOW_S},v1={HEX}"),
        format!("v1={HEX},t={NOW_S}"),
        format!("t={NOW_S},v1={OTHER_HEX},v1={HEX}"),
        format!("t={NOW_S},v1={HEX},v1={OTHER_HEX}"),
        format!("t={NOW_S},v1={HEX},v0={OTHER_HEX}"),
        format!("t={NOW_S},v0=anything,v2=anything,,more,v1={HEX}"),
    ] {
        assert_eq!(sample_with(&value).judged_by(&verifier()), accepted(0), "{value}");
    }
}

#[test]
fn the_secret_that_matched_is_told() {
    let both = build("stripe", &["whsec_other", SECRET], &[]).unwrap();
    assert_eq!(sample().judged_by(&both), accepted(1));
    assert_eq!(sample_with(&format!("t={NOW_S},v1={OTHER_HEX}")).judged_by(&both), accepted(0));
    let neither = build("stripe", &["whsec_a", "whsec_b"], &[]).unwrap();
    let two = sample_with(&format!("t={NOW_S},v1={OTHER_HEX},v1={HEX}"));
    assert_eq!(two.judged_by(&neither), unmatched(2, 2));
}

#[test]
fn body_timestamp_and_scheme_are_bound_to_the_signature() {
    for index in 0..sample().body.len() {
        assert_eq!(sample().flipped(index).judged_by(&verifier()), unmatched(1, 1), "byte {index}");
    }
    let later = sample_with(&format!("t={},v1={HEX}", NOW_S + 1));
    assert_eq!(later.judged_by(&verifier()), unmatched(1, 1));
    // The same number written otherwise is another text, and the text is what is signed.
    let padded = sample_with(&format!("t=0{NOW_S},v1={HEX}"));
    assert_eq!(padded.judged_by(&verifier()), unmatched(1, 1));
    let weaker = sample_with(&format!("t={NOW_S},v0={HEX}"));
    assert_eq!(weaker.judged_by(&verifier()), malformed(HEADER, "it holds no `v1` signature"));
}

#[test]
fn the_tolerance_is_five_minutes_or_as_set() {
    assert_eq!(sample().at(NOW_S + 300).judged_by(&verifier()), accepted(0));
    assert_eq!(sample().at(NOW_S - 300).judged_by(&verifier()), accepted(0));
    assert_eq!(
        sample().at(NOW_S + 301).judged_by(&verifier()),
        Err(Refusal::TimestampTooOld { age_s: 301, tolerance_s: 300 })
    );
    assert_eq!(
        sample().at(NOW_S - 301).judged_by(&verifier()),
        Err(Refusal::TimestampInFuture { ahead_s: 301, tolerance_s: 300 })
    );
    let wider = build("stripe", &[SECRET], &[("tolerance_s", "3600")]).unwrap();
    assert_eq!(sample().at(NOW_S + 3600).judged_by(&wider), accepted(0));
    let narrower = build("stripe", &[SECRET], &[("tolerance_s", "1")]).unwrap();
    assert_eq!(
        sample().at(NOW_S + 2).judged_by(&narrower),
        Err(Refusal::TimestampTooOld { age_s: 2, tolerance_s: 1 })
    );
}

#[test]
fn what_is_refused_is_named() {
    let wrong_length = "the signature has the wrong length";
    let no_signature = "it holds no `v1` signature";
    for (value, why) in [
        (format!("t={NOW_S},v1={}", HEX.to_uppercase()), "the signature is not lower-case hex"),
        (format!("t={NOW_S},v1={}", &HEX[..63]), wrong_length),
        (format!("t={NOW_S},v1={HEX} "), wrong_length),
        (format!("t={NOW_S},v1="), wrong_length),
        (format!("t={NOW_S},v1={HEX},v1={}", &HEX[..10]), wrong_length),
        (format!("t={NOW_S}"), no_signature),
        (format!("t={NOW_S}, v1={HEX}"), no_signature),
        (format!("t={NOW_S},V1={HEX}"), no_signature),
        (String::new(), no_signature),
        (format!("t={NOW_S}{}", format!(",v1={OTHER_HEX}").repeat(17)), "it holds more than 16 signatures"),
    ] {
        assert_eq!(sample_with(&value).judged_by(&verifier()), malformed(HEADER, why), "{value:?}");
    }
    let time = || Place::Signature("t".to_owned());
    let not_a_number = "it is not a number of seconds";
    for (value, refusal) in [
        (format!("v1={HEX}"), Refusal::ValueMissing { place: time() }),
        (format!("t={NOW_S},t={NOW_S},v1={HEX}"), Refusal::ValueDoubled { place: time() }),
        (format!("t=,v1={HEX}"), Refusal::ValueMalformed { place: time(), why: not_a_number.into() }),
        (format!("t=-{NOW_S},v1={HEX}"), Refusal::ValueMalformed { place: time(), why: not_a_number.into() }),
        (format!("t= {NOW_S},v1={HEX}"), Refusal::ValueMalformed { place: time(), why: not_a_number.into() }),
    ] {
        assert_eq!(sample_with(&value).judged_by(&verifier()), Err(refusal), "{value:?}");
    }
}

#[test]
fn a_missing_and_a_doubled_header_are_told_apart() {
    assert_eq!(sample().without(HEADER).judged_by(&verifier()), missing(HEADER));
    let twice = sample().and(HEADER, sample().value(HEADER));
    assert_eq!(twice.judged_by(&verifier()), doubled(HEADER));
}
