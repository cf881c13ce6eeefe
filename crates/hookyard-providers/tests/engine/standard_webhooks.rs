//! Standard Webhooks, with the vector that its reference libraries share.

use hookyard_providers::{Refusal, Verifier};

use crate::{Sample, accepted, build, doubled, malformed, missing, unmatched};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const ID: &str = "webhook-id";
const TIMESTAMP: &str = "webhook-timestamp";
const SIGNATURE: &str = "webhook-signature";
const SIGNED_S: u64 = 1_614_265_330;
const BASE64: &str = "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
/// The digest of nothing in particular: well formed and wrong.
const OTHER_BASE64: &str = "W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEM=";

fn verifier() -> Verifier {
    build("standard-webhooks", &[SECRET], &[]).unwrap()
}

fn sample() -> Sample {
    let headers = [
        (ID, "msg_p5jXN8AQM9LWM0D4loKWxJek"),
        (TIMESTAMP, "1614265330"),
        (SIGNATURE, &format!("v1,{BASE64}")),
    ];
    Sample::new(&headers, br#"{"test": 2432232314}"#).at(SIGNED_S)
}

fn svix_sample() -> Sample {
    let mut sample = sample();
    for (name, _) in &mut sample.headers {
        *name = match *name {
            ID => "svix-id",
            TIMESTAMP => "svix-timestamp",
            _ => "svix-signature",
        };
    }
    sample
}

#[test]
fn the_published_vector_is_accepted_however_the_secret_is_written() {
    for secret in [SECRET, "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"] {
        let verifier = build("standard-webhooks", &[secret], &[]).unwrap();
        assert_eq!(sample().judged_by(&verifier), accepted(0));
    }
    let rotated = build("standard-webhooks", &["whsec_b3RoZXI", SECRET], &[]).unwrap();
    assert_eq!(sample().judged_by(&rotated), accepted(1));
}

#[test]
fn one_good_signature_among_several_is_enough() {
    for list in [
        format!("v1,{OTHER_BASE64} v1,{BASE64}"),
        format!("v1,{BASE64} v1,{OTHER_BASE64}"),
        format!("v1a,anything v2,anything v1,{BASE64}"),
    ] {
        assert_eq!(sample().with(SIGNATURE, &list).judged_by(&verifier()), accepted(0), "{list}");
    }
    let two = sample().with(SIGNATURE, &format!("v1,{OTHER_BASE64} v1a,{BASE64} v1,{OTHER_BASE64}"));
    assert_eq!(two.judged_by(&verifier()), unmatched(1, 2));
}

#[test]
fn svix_names_are_taken_as_a_whole_or_not_at_all() {
    assert_eq!(svix_sample().judged_by(&verifier()), accepted(0));
    let both =
        svix_sample().and(ID, "a").and(TIMESTAMP, "1614265330").and(SIGNATURE, sample().value(SIGNATURE));
    assert_eq!(both.judged_by(&verifier()), unmatched(1, 1));
    let mixed = sample().without(SIGNATURE).and("svix-signature", sample().value(SIGNATURE));
    assert_eq!(mixed.judged_by(&verifier()), missing(SIGNATURE));
    let incomplete = svix_sample().without("svix-id");
    assert_eq!(incomplete.judged_by(&verifier()), missing("svix-id"));
}

#[test]
fn id_timestamp_and_body_are_bound_to_the_signature() {
    for index in 0..sample().body.len() {
        assert_eq!(sample().flipped(index).judged_by(&verifier()), unmatched(1, 1), "byte {index}");
    }
    assert_eq!(sample().with(ID, "msg_other").judged_by(&verifier()), unmatched(1, 1));
    assert_eq!(sample().with(TIMESTAMP, "1614265331").judged_by(&verifier()), unmatched(1, 1));
    let other = build("standard-webhooks", &["whsec_b3RoZXI="], &[]).unwrap();
    assert_eq!(sample().judged_by(&other), unmatched(1, 1));
}

#[test]
fn the_tolerance_holds_both_ways() {
    assert_eq!(sample().at(SIGNED_S + 300).judged_by(&verifier()), accepted(0));
    assert_eq!(
        sample().at(SIGNED_S + 301).judged_by(&verifier()),
        Err(Refusal::TimestampTooOld { age_s: 301, tolerance_s: 300 })
    );
    assert_eq!(
        sample().at(SIGNED_S - 301).judged_by(&verifier()),
        Err(Refusal::TimestampInFuture { ahead_s: 301, tolerance_s: 300 })
    );
}

#[test]
fn what_is_refused_is_named() {
    let wrong_length = "the signature has the wrong length";
    let not_a_list = "it is a list with an empty element";
    let no_signature = "it holds no `v1` signature";
    let not_base64 = "the signature is not standard base64";
    for (list, why) in [
        (format!("v1,{}", &BASE64[..43]), wrong_length),
        (format!("v1,{}", &BASE64[..20]), wrong_length),
        ("v1,".to_owned(), wrong_length),
        (format!("v1,{BASE64},"), wrong_length),
        (format!("v1,{}", BASE64.replace('+', "-").replace('/', "_")), not_base64),
        // The last digit carries two bits that must be zero: without that check four spellings hold.
        (format!("v1,{}F=", &BASE64[..42]), not_base64),
        (String::new(), not_a_list),
        (BASE64.to_owned(), no_signature),
        (format!("v1,{BASE64} "), not_a_list),
        (format!(" v1,{BASE64}"), not_a_list),
        (format!("v1,{BASE64}  v1,{BASE64}"), not_a_list),
        (format!("v1={BASE64}"), no_signature),
        (format!("v1a,{BASE64}"), no_signature),
        (format!("V1,{BASE64}"), no_signature),
        (vec![format!("v1,{OTHER_BASE64}"); 17].join(" "), "it holds more than 16 signatures"),
    ] {
        let judged = sample().with(SIGNATURE, &list).judged_by(&verifier());
        assert_eq!(judged, malformed(SIGNATURE, why), "{list:?}");
    }
    assert_eq!(sample().with(ID, "").judged_by(&verifier()), malformed(ID, "it is empty"));
    for timestamp in ["", "now", "1614265330.", "+1614265330", "1614265330 "] {
        let judged = sample().with(TIMESTAMP, timestamp).judged_by(&verifier());
        assert_eq!(judged, malformed(TIMESTAMP, "it is not a number of seconds"));
    }
    // The text is what is signed, whatever number it stands for.
    let written_otherwise = sample().with(TIMESTAMP, "1614265330.0").judged_by(&verifier());
    assert_eq!(written_otherwise, unmatched(1, 1));
}

#[test]
fn missing_and_doubled_headers_are_told_apart() {
    for name in [ID, TIMESTAMP, SIGNATURE] {
        assert_eq!(sample().without(name).judged_by(&verifier()), missing(name));
        assert_eq!(sample().and(name, sample().value(name)).judged_by(&verifier()), doubled(name));
    }
}
