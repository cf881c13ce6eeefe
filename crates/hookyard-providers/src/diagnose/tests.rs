//! Each reason is found for a request that is wrong in just that way.

use std::collections::BTreeMap;

use http::{HeaderMap, HeaderValue};

use super::*;
use crate::sign::{SignedRequest, Wanted, sample};

const NOW_S: u64 = 1_700_000_000;
const URL: &str = "https://hooks.example.com/tok";
const SECRET: &str = "s3cr3t-of-the-tests";
const BODY: &str = "{\"id\":\"evt_1\",\"name\":\"Zoë\",\"url\":\"https://a/b\",\"list\":[1,2]}";

/// What the sender and the source differ in.
struct Differ<'a> {
    provider: &'a str,
    sender: &'a str,
    source: &'a str,
    settings: BTreeMap<String, String>,
    /// The URL as the provider has it, and as the source has it.
    signed_url: &'a str,
    url: &'a str,
    body: &'a str,
}

impl Default for Differ<'_> {
    fn default() -> Self {
        Self {
            provider: "github",
            sender: SECRET,
            source: SECRET,
            settings: BTreeMap::new(),
            signed_url: URL,
            url: URL,
            body: BODY,
        }
    }
}

impl Differ<'_> {
    fn signed(&self) -> SignedRequest {
        let configuration = Configuration {
            provider: self.provider,
            secrets: &[self.sender],
            settings: &self.settings,
            public_url: Some(self.signed_url),
        };
        let wanted = Wanted { body: Some(self.body.as_bytes()), now_s: NOW_S, ..Wanted::default() };
        sample(&configuration, &wanted).unwrap()
    }

    fn found(&self, change: impl FnOnce(&mut SignedRequest)) -> Diagnosis {
        self.found_with(change, NOW_S, true, &[]).unwrap()
    }

    fn found_with(
        &self,
        change: impl FnOnce(&mut SignedRequest),
        arrived_s: u64,
        is_whole: bool,
        retired: &[RetiredSecret<'_>],
    ) -> Option<Diagnosis> {
        let mut signed = self.signed();
        change(&mut signed);
        let configuration = Configuration {
            provider: self.provider,
            secrets: &[self.source],
            settings: &self.settings,
            public_url: Some(self.url),
        };
        let target = signed.target("tok");
        let request = Request {
            method: &signed.method,
            target: &target,
            headers: &signed.headers,
            body: &signed.body,
            public_url: Some(self.url),
        };
        let evidence = Evidence { request, is_whole, arrived_s, retired };
        let diagnosis = diagnose(&configuration, &evidence, &KeyCache::default())?;
        for secret in [self.sender, self.source] {
            assert!(!format!("{diagnosis:?}").contains(secret), "{diagnosis:?}");
        }
        Some(diagnosis)
    }
}

#[track_caller]
fn says(diagnosis: &Diagnosis, check: &str, words: &str) {
    assert_eq!(diagnosis.check, check, "{diagnosis:?}");
    assert!(diagnosis.reason.contains(words), "{words}: {diagnosis:?}");
    assert!(!diagnosis.suggestion.is_empty(), "{diagnosis:?}");
}

#[test]
fn a_body_that_was_written_anew() {
    let json: serde_json::Value = serde_json::from_str(BODY).unwrap();
    let pretty = serde_json::to_string_pretty(&json).unwrap();
    let compact = json.to_string();
    for (sent, came, words) in [
        (
            BODY,
            "{ \"id\": \"evt_1\", \"name\": \"Zoë\", \"url\": \"https://a/b\", \"list\": [1, 2] }",
            "without white space",
        ),
        ("{\"b\": 1, \"a\": [1, 2]}", "{\"b\":1,\"a\":[1,2]}", "a space behind commas and colons"),
        (&pretty, &compact, "indented by two"),
        ("{\"a\":2,\"b\":1}", "{\"b\":1,\"a\":2}", "names sorted"),
        ("{\"n\":\"Zo\\u00eb\"}", "{\"n\":\"Zoë\"}", "beyond ASCII escaped"),
        ("{\"n\":\"Zoë\"}", "{\"n\":\"Zo\\u00eb\"}", "beyond ASCII not escaped"),
        ("{\"u\":\"a\\/b\"}", "{\"u\":\"a/b\"}", "slashes escaped"),
        ("{\"a\":1}\r\n", "{ \"a\": 1 }", "without white space, and a line break behind it"),
        ("a", "a\n", "white space at the end"),
        ("a\n", "a", "line break at the end"),
        ("a\nb", "a\r\nb", "other line ends"),
        ("a\r\nb", "a\nb", "other line ends"),
    ] {
        let found = Differ { body: sent, ..Differ::default() }.found(|signed| signed.body = came.into());
        says(&found, "signature", words);
    }
}

#[test]
fn a_body_that_was_signed_before_it_was_compressed() {
    use std::io::Write as _;
    let found = Differ::default().found(|signed| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(&signed.body).unwrap();
        signed.body = encoder.finish().unwrap();
        signed.headers.insert("content-encoding", HeaderValue::from_static("gzip"));
    });
    says(&found, "signature", "after decompression");
}

#[test]
fn a_secret_that_is_read_in_another_way() {
    let base64 = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    let standard =
        |sender, source| Differ { provider: "standard-webhooks", sender, source, ..Differ::default() };
    let found = Differ { source: " s3cr3t-of-the-tests ", ..Differ::default() }.found(|_| {});
    says(&found, "signature", "white space or quotes around it");
    let mut signed_raw = standard(base64, base64);
    signed_raw.settings.clear();
    // The same request, signed by somebody who does not decode the secret.
    let found = signed_raw.found(|signed| {
        let header = |name: &str| signed.headers[name].to_str().unwrap().to_owned();
        let message = format!("{}.{}.{BODY}", header("webhook-id"), header("webhook-timestamp"));
        let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, base64.as_bytes());
        use base64::Engine as _;
        let tag =
            base64::engine::general_purpose::STANDARD.encode(ring::hmac::sign(&key, message.as_bytes()));
        signed.headers.insert("webhook-signature", format!("v1,{tag}").parse().unwrap());
    });
    says(&found, "signature", "as it is written, not decoded");
}

#[test]
fn another_algorithm_or_spelling() {
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA512, SECRET.as_bytes());
    let tag = crate::read::filter::hex(ring::hmac::sign(&key, BODY.as_bytes()).as_ref());
    let found = Differ::default().found(|signed| {
        signed.headers.insert("x-hub-signature-256", format!("sha256={tag}").parse().unwrap());
    });
    says(&found, "signature", "matches as HMAC-SHA512");
    let found = Differ::default().found(|signed| {
        let text = signed.headers["x-hub-signature-256"].to_str().unwrap();
        let upper = format!("sha256={}", text["sha256=".len()..].to_uppercase());
        signed.headers.insert("x-hub-signature-256", upper.parse().unwrap());
    });
    says(&found, "signature", "upper-case hex");
}

#[test]
fn a_secret_of_before() {
    let differ = Differ { sender: "0ld-s3cr3t", ..Differ::default() };
    let retired = [
        RetiredSecret { secret: "one between", when: "2 days ago" },
        RetiredSecret { secret: "0ld-s3cr3t", when: "3 days ago" },
    ];
    says(&differ.found_with(|_| {}, NOW_S, true, &retired).unwrap(), "signature", "taken away 3 days ago");
}

#[test]
fn what_is_missing_doubled_or_late() {
    let found = Differ::default().found(|signed| {
        signed.headers.remove("x-hub-signature-256");
    });
    says(&found, "presence", "`x-hub-signature-256` is missing");
    let found = Differ::default().found(|signed| {
        let value = signed.headers["x-hub-signature-256"].clone();
        signed.headers.append("x-hub-signature-256", value);
    });
    says(&found, "presence", "more than once");
    let stripe = Differ { provider: "stripe", ..Differ::default() };
    let late = |seconds: u64| stripe.found_with(|_| {}, NOW_S + seconds, true, &[]).unwrap();
    says(&late(14 * 60), "timestamp", "14 min before it came; 5 min are allowed");
    let early = stripe.found_with(|_| {}, NOW_S - 3 * 86_400, true, &[]).unwrap();
    says(&early, "timestamp", "3 days ahead");
    let ms = stripe.found_with(
        |signed| {
            let text = signed.headers["stripe-signature"].to_str().unwrap();
            let ms = text.replace("t=1700000000,", "t=1700000000000,");
            signed.headers.insert("stripe-signature", ms.parse().unwrap());
        },
        NOW_S,
        true,
        &[],
    );
    says(&ms.unwrap(), "timestamp", "milliseconds where seconds are expected");
}

#[test]
fn a_url_that_people_give_instead() {
    let (http, inside) = ("http://hooks.example.com/tok", "https://inside.example/tok");
    for (provider, url, signed_url, header, words) in [
        ("twilio", URL, http, None, "http and https differ"),
        ("twilio", http, URL, None, "http and https differ"),
        ("hubspot", URL, "https://hooks.example.com/tok/", None, "a slash at the end"),
        ("hubspot", URL, "https://hooks.example.com:443/tok", None, "with the port"),
        ("hubspot", http, "http://hooks.example.com:80/tok", None, "with the port"),
        ("hubspot", "https://hooks.example.com:8443/tok", URL, None, "without the port"),
        ("twilio", URL, inside, Some(("host", "inside.example")), "the host differs"),
        ("twilio", URL, inside, Some(("x-forwarded-host", "inside.example")), "the host differs"),
        ("twilio", URL, "http://inside.example/tok", Some(("host", "inside.example")), "the host differs"),
        (
            "twilio",
            "https://hooks.example.com/in/tok",
            URL,
            Some(("host", "hooks.example.com")),
            "the path differs",
        ),
    ] {
        let found = Differ { provider, url, signed_url, ..Differ::default() }.found(|signed| {
            if let Some((name, value)) = header {
                signed.headers.insert(name, HeaderValue::from_static(value));
            }
        });
        says(&found, "signature", &format!("the signature matches the URL `{signed_url}`: {words}"));
        assert!(found.suggestion.contains(&format!("give the provider `{url}`")), "{found:?}");
    }
    let found = Differ { provider: "hubspot", ..Differ::default() }.found(|signed| {
        signed.suffix = "?utm_source=proxy".to_owned();
    });
    says(&found, "signature", "the URL without its query");
}

#[test]
fn a_url_that_nobody_can_guess() {
    let elsewhere = "https://elsewhere.example/a/b";
    let found = Differ { provider: "twilio", signed_url: elsewhere, ..Differ::default() }.found(|_| {});
    assert!(
        found.suggestion.starts_with(&format!("compare the URL at the provider with `{URL}`")),
        "{found:?}"
    );
    let unsigned = Differ { sender: "an0ther-s3cr3t", ..Differ::default() }.found(|_| {});
    assert!(!unsigned.suggestion.contains("URL"), "{unsigned:?}");
}

#[test]
fn nothing_is_guessed_of_half_a_body_and_little_of_a_long_one() {
    let differ = Differ { sender: "an0ther-s3cr3t", ..Differ::default() };
    let half = differ.found_with(|_| {}, NOW_S, false, &[]).unwrap();
    says(&half, "signature", "only the first 61 bytes of its body were kept");
    assert!(half.suggestion.contains("`limits.rejected_body_bytes_max`"), "{half:?}");
    // What stands in the headers is there in any case.
    let unsigned = differ.found_with(|signed| signed.headers.clear(), NOW_S, false, &[]).unwrap();
    says(&unsigned, "presence", "`x-hub-signature-256` is missing");
    let stripe = Differ { provider: "stripe", ..Differ::default() };
    says(&stripe.found_with(|_| {}, NOW_S + 900, false, &[]).unwrap(), "timestamp", "15 min before it came");
    // Mailgun's signature stands in the body, here behind its end.
    let mailgun = Differ { provider: "mailgun", ..Differ::default() };
    let cut = mailgun.found_with(|signed| signed.body.truncate(10), NOW_S, false, &[]).unwrap();
    says(&cut, "signature", "only the first 10 bytes");
    let long = "x".repeat(GUESSED_BYTES_MAX + 1);
    let found = Differ { body: &long, ..differ }.found(|_| {});
    assert!(found.suggestion.contains("longer than 256 KiB"), "{found:?}");
}

#[test]
fn what_would_be_accepted_now_is_said() {
    says(&Differ::default().found(|_| {}), "signature", "would be accepted");
    let headers = HeaderMap::new();
    let request = Request { method: "POST", target: "/tok", headers: &headers, body: b"", public_url: None };
    let evidence = Evidence { request, is_whole: true, arrived_s: NOW_S, retired: &[] };
    let settings = BTreeMap::new();
    let unusable = Configuration { provider: "nobody", secrets: &[], settings: &settings, public_url: None };
    assert_eq!(diagnose(&unusable, &evidence, &KeyCache::default()), None);
}
