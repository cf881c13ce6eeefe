//! What the fuzzers run: bytes in, and no panic, whatever they are. Each target is a plain function, so
//! that `cargo fuzz` drives it (`fuzz_targets/`), and a test of `hookyard-providers` with fewer inputs.
//!
//! An input for [`judge`] is a request as text: a line with the provider's name (and its scheme, behind a
//! space), a line with method and target, header lines, an empty line, the body. Nobody can sign by
//! accident, so a verdict of "verified" is a finding, except where nothing is signed: a credential may stand
//! in an example.
//!
//! [`jwt`], [`form`], [`multipart`] and [`xml`] each lead to one reader. The first byte of an input chooses
//! among the providers that use it, and the rest is what is read: behind a signature of the right form, or
//! even a right one, as a reader is not asked before.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hookyard_providers::definition::{JwtAlgorithm, Provider, Scheme};
use hookyard_providers::sign::{SignedRequest, Wanted, sample};
use hookyard_providers::template::{Template, Value};
use hookyard_providers::{
    Configuration, Evidence, FieldReader, Handshakes, KeyCache, Request, Verdict, Verifier, diagnose,
    provider, provider_names,
};
use http::{HeaderMap, HeaderName, HeaderValue};
use ring::hmac;

/// The time at which requests are judged: that of the examples in the catalogue.
const NOW_S: u64 = 1_700_000_000;
const URL: &str = "https://hooks.example.com/token";

/// Providers that read forms, multipart bodies and XML, with their schemes.
const FORMS: [&str; 8] =
    ["braintree", "jotform", "mailgun routes", "mandrill", "paypro-global", "plivo", "slack", "twilio"];
const MULTIPARTS: [&str; 3] = ["dropbox-sign", "jotform", "mailgun routes-multipart"];
const XMLS: [&str; 2] = ["salesforce", "braintree"];

/// One provider, ready to judge.
struct Subject {
    verifier: Verifier,
    handshakes: Handshakes,
    fields: FieldReader,
    secrets: Vec<&'static str>,
    settings: BTreeMap<String, String>,
    scheme: &'static Scheme,
    signs_nothing: bool,
    /// The provider's example, signed; none where only the provider can do that.
    sample: Option<SignedRequest>,
}

/// Judges a request, answers it as a handshake, and reads its fields.
pub fn judge(input: &[u8]) {
    read(input, |subject, request| {
        let verified = judged(subject, request);
        assert!(!verified || subject.signs_nothing, "{} was forged", subject.verifier.provider().name);
    });
}

/// Whether it is verified.
fn judged(subject: &Subject, request: &Request<'_>) -> bool {
    let verdict = subject.verifier.verify(request, &KeyCache::default(), NOW_S);
    let verified = matches!(verdict, Verdict::Verified(_));
    subject.handshakes.answer(request, || verdict);
    subject.handshakes.answer_for_host(request);
    subject.fields.read(request);
    verified
}

/// Judges a token: a line with its header, a line with its claims, the body of the request. It is signed with
/// HMAC and the source's secret, so that the claims are read; where the provider's keys are others, it is
/// forged.
pub fn jwt(input: &[u8]) {
    static SIGNERS: OnceLock<Vec<&str>> = OnceLock::new();
    let signers = SIGNERS.get_or_init(|| {
        let all = subjects().iter().filter(|(_, subject)| subject.scheme.jwt.is_some());
        all.map(|(name, _)| name.as_str()).collect()
    });
    let Some((subject, rest)) = chosen(signers, input) else { return };
    let (Some(jwt), Some((header, rest))) = (&subject.scheme.jwt, line(rest)) else { return };
    let Some((claims, body)) = line(rest) else { return };
    let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    let key = hmac::Key::new(hmac::HMAC_SHA256, subject.secrets.first().unwrap_or(&"").as_bytes());
    let token = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(hmac::sign(&key, signed.as_bytes())));
    let mut headers = subject.sample.as_ref().map(|sample| sample.headers.clone()).unwrap_or_default();
    let mut body = body;
    match jwt.from.first().and_then(|from| from.strip_prefix("header:")) {
        Some(name) => {
            let value = format!("{}{token}", jwt.prefix.as_deref().unwrap_or_default());
            headers.insert(HeaderName::from_bytes(name.as_bytes()).unwrap(), value.parse().unwrap());
        }
        None => body = token.as_bytes(),
    }
    let request =
        Request { method: "POST", target: "/token", headers: &headers, body, public_url: Some(URL) };
    let verified = judged(subject, &request);
    let shared = jwt.algorithms.contains(&JwtAlgorithm::HS256);
    assert!(!verified || shared, "{} was forged", subject.verifier.provider().name);
}

/// Reads a form: a body, and the same as a query.
pub fn form(input: &[u8]) {
    instead_of_sample(&FORMS, "application/x-www-form-urlencoded", input);
}

/// Reads a body in parts: a line with the boundary, and the body.
pub fn multipart(input: &[u8]) {
    let Some((boundary, _)) = line(input.get(1..).unwrap_or_default()) else { return };
    let content_type = format!("multipart/form-data; boundary={}", String::from_utf8_lossy(boundary));
    let body = [&input[..1], &input[boundary.len() + 2..]].concat();
    instead_of_sample(&MULTIPARTS, &content_type, &body);
}

/// Reads XML: as it is, and in base64 in a form.
pub fn xml(input: &[u8]) {
    let Some((first, text)) = input.split_first() else { return };
    instead_of_sample(&XMLS[..1], "text/xml", input);
    let form = format!("bt_signature=key|00&bt_payload={}", URL_SAFE_NO_PAD.encode(text));
    instead_of_sample(
        &XMLS[1..],
        "application/x-www-form-urlencoded",
        &[&[*first], form.as_bytes()].concat(),
    );
}

/// Judges a provider's signed example with another body. Not all sign the whole body, so it may hold.
fn instead_of_sample(names: &[&str], content_type: &str, input: &[u8]) {
    let Some((subject, body)) = chosen(names, input) else { return };
    let Some(sample) = &subject.sample else { return };
    let Ok(content_type) = HeaderValue::from_str(content_type) else { return };
    let mut headers = sample.headers.clone();
    headers.insert("content-type", content_type);
    let query =
        std::str::from_utf8(body).ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_graphic()));
    for target in [sample.target("token"), format!("/token?{}", query.unwrap_or_default())] {
        let request = Request {
            method: &sample.method,
            target: &target,
            headers: &headers,
            body,
            public_url: Some(URL),
        };
        judged(subject, &request);
    }
}

fn chosen<'i>(names: &[&str], input: &'i [u8]) -> Option<(&'static Subject, &'i [u8])> {
    let (first, rest) = input.split_first()?;
    let name = names[usize::from(*first) % names.len()];
    Some((subject(name).unwrap_or_else(|| panic!("{name} is not in the catalogue")), rest))
}

/// Says why a request was refused.
pub fn explain(input: &[u8]) {
    read(input, |subject, request| {
        let configuration = Configuration {
            provider: &subject.verifier.provider().name,
            secrets: &subject.secrets,
            settings: &subject.settings,
            public_url: request.public_url,
        };
        let evidence = Evidence { request: *request, is_whole: true, arrived_s: NOW_S, retired: &[] };
        diagnose(&configuration, &evidence, &KeyCache::default());
    });
}

fn read(input: &[u8], judge: impl FnOnce(&Subject, &Request<'_>)) {
    let Some((name, rest)) = line(input) else { return };
    let Some(subject) = std::str::from_utf8(name).ok().and_then(subject) else { return };
    let Some((first, mut rest)) = line(rest) else { return };
    let Some((method, target)) = std::str::from_utf8(first).ok().and_then(|text| text.split_once(' ')) else {
        return;
    };
    let mut headers = HeaderMap::new();
    while let Some((header, behind)) = line(rest) {
        rest = behind;
        if header.is_empty() {
            break;
        }
        let Some(colon) = header.iter().position(|byte| *byte == b':') else { continue };
        let name = HeaderName::from_bytes(&header[..colon]);
        let value = HeaderValue::from_bytes(header[colon + 1..].trim_ascii());
        if let (Ok(name), Ok(value)) = (name, value) {
            headers.append(name, value);
        }
    }
    let request = Request { method, target, headers: &headers, body: rest, public_url: Some(URL) };
    judge(subject, &request);
}

/// Takes a template, and a value, apart.
pub fn template(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    if let Ok(template) = Template::parse(text) {
        template.values();
    }
    let _ = Value::parse(text);
}

/// What comes before the next line feed, and what behind it.
fn line(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    Some((&bytes[..end], &bytes[end + 1..]))
}

/// The provider of this name, or one of its schemes.
fn subject(name: &str) -> Option<&'static Subject> {
    subjects().get(name)
}

/// Every provider with every scheme, prepared once with the examples of its description. The first scheme
/// goes by the provider's name alone.
fn subjects() -> &'static BTreeMap<String, Subject> {
    static SUBJECTS: OnceLock<BTreeMap<String, Subject>> = OnceLock::new();
    SUBJECTS.get_or_init(|| {
        let mut subjects = BTreeMap::new();
        for name in provider_names() {
            let provider = provider(name).unwrap();
            for (index, scheme) in provider.scheme.iter().enumerate() {
                let of_scheme = scheme.name.as_deref().filter(|_| index > 0);
                let name = of_scheme.map_or_else(|| name.to_owned(), |scheme| format!("{name} {scheme}"));
                subjects.insert(name, prepare(provider, scheme));
            }
        }
        subjects
    })
}

fn prepare(provider: &'static Provider, scheme: &'static Scheme) -> Subject {
    let secret = provider.secret.as_ref().and_then(|secret| secret.example.as_deref());
    let secrets: Vec<&str> = secret.into_iter().collect();
    let mut settings: BTreeMap<String, String> = provider
        .setting
        .iter()
        .filter_map(|setting| Some((setting.name.clone(), setting.example.clone()?)))
        .collect();
    settings.extend(scheme.name.clone().map(|name| ("scheme".to_owned(), name)));
    let configuration = Configuration {
        provider: &provider.name,
        secrets: &secrets,
        settings: &settings,
        public_url: Some(URL),
    };
    let signs_nothing = scheme.unsigned.is_some() || scheme.credential.is_some();
    let verifier = Verifier::new(&configuration).unwrap_or_else(|error| panic!("{error}"));
    let handshakes = Handshakes::new(&configuration).unwrap_or_else(|error| panic!("{error}"));
    let fields = FieldReader::new(&configuration).unwrap_or_else(|error| panic!("{error}"));
    let sample = sample(&configuration, &Wanted { now_s: NOW_S, ..Wanted::default() }).ok();
    Subject { verifier, handshakes, fields, secrets, settings, scheme, signs_nothing, sample }
}
