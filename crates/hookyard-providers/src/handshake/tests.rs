//! Handshakes as the providers make them, and everything that has to be refused. Over HTTP, and for all
//! providers, they are tested with the gateway.

use std::collections::BTreeMap;

use http::{HeaderMap, HeaderName};

use super::*;
use crate::read::filter;
use crate::verdict::Verified;

struct Source {
    provider: &'static str,
    secrets: Vec<&'static str>,
    settings: BTreeMap<String, String>,
}

/// A request to it: method, target, header lines, body.
type Asked<'a> = (&'a str, &'a str, &'a [(&'a str, &'a str)], &'a str);

fn source(provider: &'static str, secret: &'static str) -> Source {
    Source {
        provider,
        secrets: Vec::from_iter((!secret.is_empty()).then_some(secret)),
        settings: BTreeMap::new(),
    }
}

impl Source {
    fn with(mut self, name: &str, value: &str) -> Self {
        self.settings.insert(name.to_owned(), value.to_owned());
        self
    }

    fn handshakes(&self) -> Handshakes {
        Handshakes::new(&Configuration {
            provider: self.provider,
            secrets: &self.secrets,
            settings: &self.settings,
            public_url: Some("https://hooks.example.com/tok"),
        })
        .unwrap()
    }

    fn ask(&self, asked: Asked<'_>, verdict: Verdict) -> Option<Outcome> {
        let headers = headers(asked.2);
        self.handshakes().answer(&request(asked, &headers), || verdict)
    }

    #[track_caller]
    fn answered(&self, asked: Asked<'_>) -> HandshakeAnswer {
        match self.ask(asked, Verdict::Verified(Verified { secret: Some(0) })) {
            Some(Outcome::Answered(answer)) => answer,
            other => panic!("{other:?}"),
        }
    }
}

fn headers(lines: &[(&str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in lines {
        headers.append(name.parse::<HeaderName>().unwrap(), value.parse().unwrap());
    }
    headers
}

fn request<'a>((method, target, _, body): Asked<'a>, headers: &'a HeaderMap) -> Request<'a> {
    let public_url = Some("https://hooks.example.com/tok");
    Request { method, target, headers, body: body.as_bytes(), public_url }
}

fn text(answer: &HandshakeAnswer) -> String {
    String::from_utf8(answer.answer.body.clone().unwrap_or_default()).unwrap()
}

#[test]
fn a_challenge_is_signed_only_where_it_cannot_be_a_message() {
    let zoom = source("zoom", "a-secret");
    let ask = |token: &str| {
        let body = serde_json::json!({"event": "endpoint.url_validation", "payload": {"plainToken": token}});
        zoom.answered(("POST", "/tok", &[], &body.to_string()))
    };
    let good = ask("qgg8vlvZRS6UYooatFL8Aw");
    assert_eq!((good.answer.status.as_u16(), &good.refused), (200, &None));
    assert_eq!(
        text(&good),
        r#"{"plainToken":"qgg8vlvZRS6UYooatFL8Aw","encryptedToken":"9c52bd3ce0e2bad94ee8fb0cb1e5a2ec3c45b5c5c3f4d0d4b28a3e18ea22b4a5"}"#
            .replace("9c52bd3ce0e2bad94ee8fb0cb1e5a2ec3c45b5c5c3f4d0d4b28a3e18ea22b4a5", &hmac_hex("a-secret", "qgg8vlvZRS6UYooatFL8Aw"))
    );
    for shaped in ["v0:1700000000:{\"event\":\"meeting.started\"}", "v0:1", "{}", "", &"a".repeat(65)] {
        let refused = ask(shaped);
        assert_eq!(refused.answer.status, StatusCode::FORBIDDEN, "{shaped}");
        assert!(refused.refused.is_some() && text(&refused).is_empty(), "{shaped}");
    }
}

fn hmac_hex(key: &str, text: &str) -> String {
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, key.as_bytes());
    filter::hex(ring::hmac::sign(&key, text.as_bytes()).as_ref())
}

#[test]
fn without_a_secret_nothing_is_signed() {
    let refused = source("x", "").answered(("GET", "/tok?crc_token=abc", &[], ""));
    assert_eq!(
        refused.refused.as_deref(),
        Some("the query parameter `crc_token` is malformed: there is no secret to sign it with")
    );
}

#[test]
fn a_verify_token_decides() {
    let meta = source("meta", "s").with("verify_token", "right");
    let ask = |query: &str| meta.answered(("GET", &format!("/tok?hub.mode=subscribe&{query}"), &[], ""));
    let good = ask("hub.challenge=a%20%3Cb%3E&hub.verify_token=right");
    assert_eq!((text(&good).as_str(), good.name), ("a <b>", "subscription"));
    assert_eq!(good.answer.headers, [(http::header::CONTENT_TYPE, "text/plain".parse().unwrap())]);
    for wrong in
        ["hub.challenge=a&hub.verify_token=wrong", "hub.challenge=a&hub.verify_token=", "hub.challenge=a"]
    {
        let refused = ask(wrong);
        assert_eq!(refused.answer.status, StatusCode::FORBIDDEN, "{wrong}");
        assert!(text(&refused).is_empty() && refused.refused.is_some(), "{wrong}");
    }
    let verdict = || Verdict::Verified(Verified { secret: None });
    assert_eq!(meta.ask(("GET", "/tok?hub.mode=subscribe", &[], ""), verdict()), None, "no challenge");
    assert_eq!(meta.ask(("POST", "/tok?hub.mode=subscribe&hub.challenge=a", &[], ""), verdict()), None);
    assert!(meta.handshakes().takes("GET") && !meta.handshakes().takes("POST"));
}

#[test]
fn what_must_be_verified_is_not_answered_unverified() {
    let slack = source("slack", "s");
    let asked = ("POST", "/tok", &[][..], r#"{"type":"url_verification","challenge":"c"}"#);
    assert_eq!(text(&slack.answered(asked)), "c");
    let refusal = Refusal::NoSignatureMatches { secrets: 1, signatures: 1 };
    assert_eq!(slack.ask(asked, Verdict::Refused(refusal.clone())), Some(Outcome::Unverified(refusal)));
}

#[test]
fn a_header_that_is_echoed_ends_no_line() {
    let asana = source("asana-like", "");
    drop(asana);
    let ringcentral = source("ringcentral", "s");
    let echoed = ringcentral.answered(("POST", "/tok", &[("validation-token", "abc")], ""));
    assert_eq!(echoed.answer.headers, [("validation-token".parse().unwrap(), "abc".parse().unwrap())]);
    // Only where a value is decoded can a line break come into it at all.
    let compiled = Compiled::new(
        &definition::Respond {
            headers: BTreeMap::from([("x-echo".to_owned(), "{query:c}".to_owned())]),
            ..definition::Respond::default()
        },
        StatusCode::OK,
    )
    .unwrap();
    let (headers, settings) =
        (HeaderMap::new(), Settings::new(crate::provider("github").unwrap(), &BTreeMap::new()).unwrap());
    for (target, carried) in
        [("/tok?c=a%0d%0ax-evil:1", false), ("/tok?c=a%00", false), ("/tok?c=a%09b", true)]
    {
        let request = request(("GET", target, &[], ""), &headers);
        assert_eq!(compiled.fill(&Reader::new(&request, &settings)).is_ok(), carried, "{target}");
    }
}

#[test]
fn an_answer_has_a_bound() {
    let dropbox = source("dropbox", "s");
    let ask =
        |length: usize| dropbox.answered(("GET", &format!("/tok?challenge={}", "a".repeat(length)), &[], ""));
    assert_eq!(text(&ask(crate::answer::BODY_BYTES_MAX)).len(), crate::answer::BODY_BYTES_MAX);
    assert!(ask(crate::answer::BODY_BYTES_MAX + 1).refused.is_some());
}

#[test]
fn senders_are_looked_up_in_the_list() {
    let open = source("cloudevents", "s");
    let narrow = source("cloudevents", "s")
        .with("allowed_origins", "a.example, b.example")
        .with("allowed_rate", "120");
    let ask = |source: &Source, origin: &str| {
        source.answered(("OPTIONS", "/tok", &[("webhook-request-origin", origin)], ""))
    };
    let header = |answer: &HandshakeAnswer, name: &str| {
        let found = answer.answer.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.to_str().unwrap().to_owned())
    };
    assert_eq!(header(&ask(&open, "c.example"), "webhook-allowed-origin").as_deref(), Some("c.example"));
    assert_eq!(header(&ask(&open, "c.example"), "webhook-allowed-rate").as_deref(), Some("*"));
    assert_eq!(header(&ask(&narrow, "b.example"), "webhook-allowed-rate").as_deref(), Some("120"));
    for other in ["c.example", "a.example,", "*", "example"] {
        let refused = ask(&narrow, other);
        assert_eq!(
            (refused.answer.status, refused.answer.headers.len()),
            (StatusCode::FORBIDDEN, 0),
            "{other}"
        );
    }
}

#[test]
fn the_host_answers_for_a_source() {
    let path = "/.well-known/fastly/logging/challenge";
    let headers = HeaderMap::new();
    let any = source("fastly", "s").handshakes();
    let one = source("fastly", "s").with("service_id", "SU1Z0isxPaozGVKXdv0eY").handshakes();
    let asked = request(("GET", path, &[], ""), &headers);
    assert_eq!(text(&any.answer_for_host(&asked).unwrap()), "*");
    let digest = ring::digest::digest(&ring::digest::SHA256, b"SU1Z0isxPaozGVKXdv0eY");
    assert_eq!(text(&one.answer_for_host(&asked).unwrap()), filter::hex(digest.as_ref()));
    assert!(any.answer_for_host(&request(("GET", "/tok", &[], ""), &headers)).is_none());
    assert!(any.answer(&asked, || panic!("not asked")).is_none(), "it is no question to the source");
}
