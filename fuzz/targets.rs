//! What the fuzzers run: bytes in, and no panic, whatever they are. Each target is a plain function, so
//! that `cargo fuzz` drives it (`fuzz_targets/`), and a test of `hookyard-providers` with fewer inputs.
//!
//! An input for [`judge`] is a request as text: a line with the provider's name, a line with method and
//! target, header lines, an empty line, the body. Nobody can sign by accident, so a verdict of
//! "verified" is a finding, except where nothing is signed: a credential may stand in an example.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use hookyard_providers::definition::Provider;
use hookyard_providers::template::{Template, Value};
use hookyard_providers::{
    Configuration, Evidence, FieldReader, Handshakes, KeyCache, Request, Verdict, Verifier, diagnose,
    provider, provider_names,
};
use http::{HeaderMap, HeaderName, HeaderValue};

/// The time at which requests are judged: that of the examples in the catalogue.
const NOW_S: u64 = 1_700_000_000;

/// One provider, ready to judge.
struct Subject {
    verifier: Verifier,
    handshakes: Handshakes,
    fields: FieldReader,
    secrets: Vec<&'static str>,
    settings: BTreeMap<String, String>,
    signs_nothing: bool,
}

/// Judges a request, answers it as a handshake, and reads its fields.
pub fn judge(input: &[u8]) {
    read(input, |subject, request| {
        let verdict = subject.verifier.verify(request, &KeyCache::default(), NOW_S);
        let verified = matches!(verdict, Verdict::Verified(_));
        assert!(!verified || subject.signs_nothing, "{} was forged", subject.verifier.provider().name);
        subject.handshakes.answer(request, || verdict);
        subject.handshakes.answer_for_host(request);
        subject.fields.read(request);
    });
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
    let public_url = Some("https://hooks.example.com/token");
    let request = Request { method, target, headers: &headers, body: rest, public_url };
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

/// The provider of this name, prepared once with the examples of its description.
fn subject(name: &str) -> Option<&'static Subject> {
    static SUBJECTS: OnceLock<BTreeMap<&'static str, Subject>> = OnceLock::new();
    SUBJECTS
        .get_or_init(|| provider_names().map(|name| (name, prepare(provider(name).unwrap()))).collect())
        .get(name)
}

fn prepare(provider: &'static Provider) -> Subject {
    let secret = provider.secret.as_ref().and_then(|secret| secret.example.as_deref());
    let secrets: Vec<&str> = secret.into_iter().collect();
    let settings = provider
        .setting
        .iter()
        .filter(|setting| setting.required)
        .filter_map(|setting| Some((setting.name.clone(), setting.example.clone()?)))
        .collect();
    let configuration = Configuration {
        provider: &provider.name,
        secrets: &secrets,
        settings: &settings,
        public_url: Some("https://hooks.example.com/token"),
    };
    let signs_nothing =
        provider.scheme.iter().any(|scheme| scheme.unsigned.is_some() || scheme.credential.is_some());
    let verifier = Verifier::new(&configuration).unwrap_or_else(|error| panic!("{error}"));
    let handshakes = Handshakes::new(&configuration).unwrap_or_else(|error| panic!("{error}"));
    let fields = FieldReader::new(&configuration).unwrap_or_else(|error| panic!("{error}"));
    Subject { verifier, handshakes, fields, secrets, settings, signs_nothing }
}
