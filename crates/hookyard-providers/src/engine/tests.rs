//! Schemes of every shape that the language has, each with a request that it takes and many that it must
//! not. Signatures are made with ring and with the hash crates directly, not with the engine.

use std::collections::BTreeMap;
use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderName, HeaderValue};
use ring::hmac;

use crate::configuration::{ConfigError, Configuration};
use crate::definition::Provider;
use crate::engine::Compiled;
use crate::key_cache::KeyCache;
use crate::read::Reader;
use crate::read::filter::hex;
use crate::request::Request;
use crate::settings::Settings;
use crate::verdict::{Refusal, Verdict, Verified};

const NOW_S: u64 = 1_700_000_000;
const URL: &str = "https://hooks.example/in/token";
const BODY: &str = r#"{"id": "evt_1", "amount": 1.50, "items": [{"token": "one"}, {"token": "one"}]}"#;

/// A provider made up for a test; it lives as long as the catalogue's.
struct Made {
    settings: Settings,
    compiled: Compiled,
}

fn make(scheme: &str, secrets: &[&str], pairs: &[(&str, &str)]) -> Result<Made, ConfigError> {
    let text = format!(
        "title = 'Made up'\ncategory = 'test'\nconfidence = 'high'\n[secret]\ncalled = 'secret'\n\
         [[setting]]\nname = 'user'\nmeaning = 'A user.'\n[[scheme]]\n{scheme}"
    );
    let mut provider: Provider = toml::from_str(&text).unwrap_or_else(|error| panic!("{text}: {error}"));
    "made-up".clone_into(&mut provider.name);
    crate::check::check(&provider).unwrap_or_else(|problems| panic!("{problems:?}"));
    let provider = &*Box::leak(Box::new(provider));
    let given: BTreeMap<String, String> =
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let settings = Settings::new(provider, &given)?;
    let configuration =
        Configuration { provider: "made-up", secrets, settings: &given, public_url: Some(URL) };
    let compiled = Compiled::new(&settings, &configuration)?;
    Ok(Made { settings, compiled })
}

/// What is sent, beside a target and method that do not matter.
#[derive(Clone)]
struct Sent {
    headers: Vec<(String, String)>,
    target: String,
    body: Vec<u8>,
}

fn sent(headers: &[(&str, &str)], body: impl AsRef<[u8]>) -> Sent {
    Sent {
        headers: headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        target: "/token/more?b=2&a=1".to_owned(),
        body: body.as_ref().to_vec(),
    }
}

impl Made {
    fn judge(&self, sent: &Sent) -> Result<Verified, Refusal> {
        let mut headers = HeaderMap::new();
        for (name, value) in &sent.headers {
            headers.append(name.parse::<HeaderName>().unwrap(), HeaderValue::from_str(value).unwrap());
        }
        let request = Request {
            method: "POST",
            target: &sent.target,
            headers: &headers,
            body: &sent.body,
            public_url: Some(URL),
        };
        match self.compiled.verify(Reader::new(&request, &self.settings), &KeyCache::default(), NOW_S) {
            Verdict::Verified(verified) => Ok(verified),
            Verdict::Refused(refusal) => Err(refusal),
            Verdict::KeyNeeded(_) => panic!("nothing here is fetched"),
        }
    }

    fn takes(&self, sent: &Sent, secret: usize) {
        assert_eq!(self.judge(sent), Ok(Verified { secret: Some(secret) }));
    }

    /// The refusal's sentence.
    fn refuses(&self, sent: &Sent) -> String {
        self.judge(sent).unwrap_err().to_string()
    }
}

fn sha256(key: &str, message: &str) -> Vec<u8> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes());
    hmac::sign(&key, message.as_bytes()).as_ref().to_vec()
}

fn sha256_hex(key: &str, message: &str) -> String {
    hex(&sha256(key, message))
}

const NO_MATCH: &str = "no signature matches";

#[test]
fn json_values_are_signed_as_they_are_written() {
    let made = make(
        "[scheme.signature]\nalgorithm = 'hmac-sha256'\nfrom = ['json:/sig']\nencoding = 'base64'\n\
         message = '{json:/id}|{json:/amount}|{json_raw:/items}|{json:/items/*/token}'",
        &["other", "key"],
        &[],
    )
    .unwrap();
    let message = r#"evt_1|1.50|[{"token": "one"}, {"token": "one"}]|oneone"#;
    let signature = STANDARD.encode(sha256("key", message));
    let signed = |signature: &str| BODY.replacen('{', &format!("{{\"sig\": \"{signature}\", "), 1);
    made.takes(&sent(&[], signed(&signature)), 1);
    let changed = signed(&signature).replace("1.50", "1.5");
    assert!(made.refuses(&sent(&[], changed)).starts_with(NO_MATCH));
    assert_eq!(made.refuses(&sent(&[], BODY)), "the JSON value `/sig` is missing");
    assert_eq!(made.refuses(&sent(&[], "")), "the JSON value `/sig` is malformed: it is not JSON");
    let without_id = signed(&signature).replace("\"id\"", "\"no\"");
    assert_eq!(made.refuses(&sent(&[], without_id)), "the JSON value `/id` is missing");
}

#[test]
fn form_and_query_are_signed_in_order() {
    let made = make(
        "[scheme.signature]\nalgorithm = 'hmac-sha1'\nfrom = ['header:x-sig', 'query:sig']\n\
         encoding = 'base64'\nmessage = '{url}{form_sorted}'",
        &["key"],
        &[],
    )
    .unwrap();
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, b"key");
    let message = format!("{URL}/more?b=2&a=1A xB\u{e9}a1");
    let signature = STANDARD.encode(hmac::sign(&key, message.as_bytes()).as_ref());
    let good = sent(&[("x-sig", &signature)], "a=1&B=%C3%A9&A=+x");
    made.takes(&good, 0);
    let elsewhere = Sent { target: "/token/more?b=2&a=2".to_owned(), ..good.clone() };
    assert!(made.refuses(&elsewhere).starts_with(NO_MATCH));
    let other_token = Sent { target: "/other/more?b=2&a=1".to_owned(), ..good.clone() };
    made.takes(&other_token, 0);
    let mut doubled = good.clone();
    doubled.headers.extend(good.headers);
    assert_eq!(made.refuses(&doubled), "the header `x-sig` occurs more than once");
}

#[test]
fn numbered_headers_count_each_for_itself() {
    let made = make(
        "[scheme.signature]\nalgorithm = 'hmac-sha256'\nfrom = ['headers:x-sig-*']\nencoding = 'hex'\n\
         message = '{body}'",
        &["key"],
        &[],
    )
    .unwrap();
    let (good, other) = (sha256_hex("key", BODY), sha256_hex("other", BODY));
    made.takes(&sent(&[("x-sig-1", &other), ("x-sig-2", &good)], BODY), 0);
    made.takes(&sent(&[("x-sig-100", &good)], BODY), 0);
    for name in ["x-sig-0", "x-sig-01", "x-sig-101", "x-sig-", "x-sig-+1", "x-sig-1a"] {
        assert_eq!(made.refuses(&sent(&[(name, &good)], BODY)), "the header `x-sig-1` is missing", "{name}");
    }
    let short = made.refuses(&sent(&[("x-sig-1", &good), ("x-sig-2", "ab")], BODY));
    assert_eq!(short, "the header `x-sig-2` is malformed: the signature has the wrong length");
    let many: Vec<(String, String)> =
        (1..=17).map(|number| (format!("x-sig-{number}"), other.clone())).collect();
    let refused = made.refuses(&Sent { headers: many, ..sent(&[], BODY) });
    assert!(refused.ends_with("it holds more than 16 signatures"), "{refused}");
}

#[test]
fn positional_elements_hold_time_and_signatures() {
    let made = make(
        "[scheme.signature]\nalgorithm = 'hmac-sha256'\nfrom = ['header:x-sig']\nencoding = 'hex-upper'\n\
         format = 'positional'\nseparator = ';'\nelement = '1'\nmessage = '{timestamp}.{body}'\n\
         timestamp = { from = 'signature:0', unit = 'ms', tolerance_s = 60 }",
        &["key"],
        &[],
    )
    .unwrap();
    let value_at = |time: u64| {
        let signature = sha256_hex("key", &format!("{time}.{BODY}")).to_uppercase();
        format!("{time};{signature}")
    };
    made.takes(&sent(&[("x-sig", &value_at(NOW_S * 1000))], BODY), 0);
    let old = made.refuses(&sent(&[("x-sig", &value_at((NOW_S - 61) * 1000))], BODY));
    assert_eq!(old, "the request was signed 61 s ago, which is more than the 60 s allowed");
    let lower = value_at(NOW_S * 1000).to_lowercase();
    let refused = made.refuses(&sent(&[("x-sig", &lower)], BODY));
    assert_eq!(refused, "the header `x-sig` is malformed: the signature is not upper-case hex");
    for (value, why) in [("", "it holds no signature"), ("1700000000000", "it holds no signature")] {
        let refused = made.refuses(&sent(&[("x-sig", value)], BODY));
        assert_eq!(refused, format!("the header `x-sig` is malformed: {why}"), "{value}");
    }
    let trailing = format!("{};", value_at(NOW_S * 1000));
    assert!(made.refuses(&sent(&[("x-sig", &trailing)], BODY)).ends_with("wrong length"));
}

#[test]
fn of_repeated_values_one_that_holds_is_enough() {
    let made = make(
        "[scheme.signature]\nalgorithm = 'hmac-sha256'\nfrom = ['header:x-sig']\nencoding = 'hex'\n\
         format = 'pairs'\nelement = 'v1'\nrepeated = ' '\nmessage = '{timestamp}.{body}'\n\
         timestamp = { from = 'signature:t', unit = 's', tolerance_s = 60 }",
        &["key"],
        &[],
    )
    .unwrap();
    let value = |key: &str, time: u64| format!("t={time},v1={}", sha256_hex(key, &format!("{time}.{BODY}")));
    let good = value("key", NOW_S);
    let (other, old) = (value("other", NOW_S), value("key", NOW_S - 61));
    for list in [good.clone(), format!("{good} {other}"), format!("{other} {old} {good}")] {
        made.takes(&sent(&[("x-sig", &list)], BODY), 0);
    }
    let refuse = |list: &str| made.refuses(&sent(&[("x-sig", list)], BODY));
    assert!(refuse(&format!("{other} {other}")).starts_with(NO_MATCH));
    assert!(refuse(&format!("{old} {other}")).starts_with("the request was signed 61 s ago"));
    // The time of one value does not make the signature of another hold.
    let mixed = format!("t={NOW_S},v1={} {old}", sha256_hex("other", BODY));
    assert!(refuse(&mixed).starts_with(NO_MATCH));
    assert!(refuse(&format!("{good} ")).ends_with("it holds no `v1` signature"));
    assert!(refuse(&[good.as_str(); 17].join(" ")).ends_with("it holds more than 16 signatures"));
}

#[test]
fn the_message_of_a_plain_hash_holds_the_secret() {
    let made = make(
        "[scheme.signature]\nalgorithm = 'sha256'\nfrom = ['header:x-sig']\nencoding = 'hex-any'\n\
         message = '{json:/id}{secret}'",
        &["other", "key"],
        &[],
    )
    .unwrap();
    let digest = ring::digest::digest(&ring::digest::SHA256, b"evt_1key");
    made.takes(&sent(&[("x-sig", &hex(digest.as_ref()).to_uppercase())], BODY), 1);
    let empty = ring::digest::digest(&ring::digest::SHA256, b"evt_1");
    assert!(made.refuses(&sent(&[("x-sig", &hex(empty.as_ref()))], BODY)).starts_with(NO_MATCH));
}

#[test]
fn a_message_may_be_hashed_before_it_is_signed_and_the_key_derived() {
    let made = make(
        "[scheme.signature]\nalgorithm = 'hmac-sha256'\nfrom = ['header:x-sig']\nencoding = 'hex0x'\n\
         message = '{body}'\nhashed = 'sha1'\nkey = { text = '{setting:user}:{secret}', derive = 'md5' }",
        &["key"],
        &[("user", "me")],
    );
    let made = made.unwrap();
    let digest = ring::digest::digest(&ring::digest::SHA1_FOR_LEGACY_USE_ONLY, BODY.as_bytes());
    let key = hmac::Key::new(hmac::HMAC_SHA256, &<md5::Md5 as md5::Digest>::digest(b"me:key"));
    let signature = format!("0x{}", hex(hmac::sign(&key, digest.as_ref()).as_ref()));
    made.takes(&sent(&[("x-sig", &signature)], BODY), 0);
    assert!(made.refuses(&sent(&[("x-sig", &signature)], "{}")).starts_with(NO_MATCH));
}

#[test]
fn a_compressed_body_is_signed_as_it_was_before() {
    let made = make(
        "[scheme.signature]\nalgorithm = 'hmac-sha256'\nfrom = ['header:x-sig']\nencoding = 'hex'\n\
         message = '{json:/id}{body}'\ncontent_decoded = true",
        &["key"],
        &[],
    )
    .unwrap();
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(BODY.as_bytes()).unwrap();
    let compressed = encoder.finish().unwrap();
    let signature = sha256_hex("key", &format!("evt_1{BODY}"));
    let headers = [("x-sig", signature.as_str()), ("content-encoding", "gzip")];
    made.takes(&sent(&headers, &compressed), 0);
    made.takes(&sent(&headers[..1], BODY), 0);
    let refused = made.refuses(&sent(&headers, BODY));
    assert_eq!(refused, "the body is malformed: it is not compressed as its content-encoding says");
}

#[test]
fn groups_are_left_out_where_a_value_is_not_there() {
    let made = make(
        "[scheme.signature]\nalgorithm = 'hmac-sha256'\nfrom = ['header:x-sig']\nencoding = 'hex'\n\
         message = '[?id:{query:id|lower};][?r:{header:x-r};]{body}'",
        &["key"],
        &[],
    )
    .unwrap();
    let to = |target: &str, message: &str, more: &[(&str, &str)]| {
        let signature = sha256_hex("key", message);
        let headers = [&[("x-sig", signature.as_str())], more].concat();
        Sent { target: target.to_owned(), ..sent(&headers, "b") }
    };
    made.takes(&to("/token?id=AB%2F", "id:ab/;b", &[]), 0);
    made.takes(&to("/token?id=", "b", &[]), 0);
    made.takes(&to("/token", "r:1;b", &[("x-r", "1")]), 0);
    made.takes(&to("/token", "b", &[("x-r", "")]), 0);
    assert!(made.refuses(&to("/token?id=AB", "b", &[])).starts_with(NO_MATCH));
    let doubled = to("/token", "b", &[("x-r", "1"), ("x-r", "1")]);
    assert_eq!(made.refuses(&doubled), "the header `x-r` occurs more than once");
}

#[test]
fn credentials_must_be_the_ones_expected_wherever_they_stand() {
    let bearer = "[scheme.credential]\nfrom = 'header:authorization'\nprefix = 'Bearer '";
    let made = make(bearer, &["other", "one"], &[]).unwrap();
    let with = |value: &str| sent(&[("authorization", value)], BODY);
    made.takes(&with("Bearer one"), 1);
    for value in ["Bearer on", "Bearer onee", "Bearer ", "Bearer ONE", "Bearer  one"] {
        assert_eq!(made.refuses(&with(value)), "the header `authorization` is not what the source expects");
    }
    let refused = made.refuses(&with("bearer one"));
    assert_eq!(refused, "the header `authorization` is malformed: it does not begin with `Bearer `");
    assert_eq!(made.refuses(&sent(&[], BODY)), "the header `authorization` is missing");
    assert!(make(bearer, &[], &[]).is_err());

    let basic = "[scheme.credential]\nfrom = 'header:authorization'\nbasic = true\nequals = '{setting:user}:{secret}'";
    let made = make(basic, &["one"], &[("user", "me")]).unwrap();
    made.takes(&with(&format!("basic {}", STANDARD.encode("me:one"))), 0);
    for value in ["me:one".to_owned(), "Basic !".to_owned(), format!("Basic {}", STANDARD.encode("me:two"))] {
        assert!(made.judge(&with(&value)).is_err(), "{value}");
    }
    assert!(matches!(make(basic, &["one"], &[]), Err(ConfigError::MissingSetting { .. })));

    let each = make("[scheme.credential]\nfrom = 'json:/items/*/token'", &["one"], &[]).unwrap();
    each.takes(&sent(&[], BODY), 0);
    let one_wrong = BODY.replacen("\"one\"", "\"two\"", 1);
    assert_eq!(
        each.refuses(&sent(&[], one_wrong)),
        "the JSON value `/items/*/token` is not what the source expects"
    );
    assert_eq!(each.refuses(&sent(&[], r#"{"items": []}"#)), "the JSON value `/items/*/token` is missing");
}

#[test]
fn a_prefix_may_be_missing_only_where_it_is_optional() {
    let scheme = |more: &str| {
        format!(
            "[scheme.signature]\nalgorithm = 'hmac-sha256'\nfrom = ['header:x-sig']\nencoding = 'hex'\n\
             message = '{{body}}'\nprefix = '{{method}}='\n{more}"
        )
    };
    let signature = sha256_hex("key", BODY);
    let (bare, prefixed) = (sent(&[("x-sig", &signature)], BODY), format!("POST={signature}"));
    let prefixed = sent(&[("x-sig", &prefixed)], BODY);
    let strict = make(&scheme(""), &["key"], &[]).unwrap();
    strict.takes(&prefixed, 0);
    assert_eq!(strict.refuses(&bare), "the header `x-sig` is malformed: it does not begin with `POST=`");
    let lenient = make(&scheme("prefix_optional = true"), &["key"], &[]).unwrap();
    lenient.takes(&prefixed, 0);
    lenient.takes(&bare, 0);
}
