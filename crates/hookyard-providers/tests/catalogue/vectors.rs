//! Requests that others have published with their signatures are accepted, and none of them is accepted
//! with a byte changed where the signature stands.

use std::collections::BTreeMap;

use hookyard_providers::definition::{Provider, Vector};
use hookyard_providers::{Configuration, KeyCache, Request, Verdict, Verifier};
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::{Outcome, descriptions};

const URL: &str = "https://hooks.example.com/in/src_1";

#[test]
fn every_published_vector_is_accepted_and_refused_when_bent() -> Outcome<()> {
    let mut wrong = Vec::new();
    let mut tried = 0;
    for provider in descriptions()? {
        for vector in &provider.vector {
            // A key that has to be fetched first is the matter of the tests of fetched keys.
            if !vector.fetched.is_empty() {
                continue;
            }
            tried += 1;
            let verifier = verifier(&provider, vector)?;
            let verdict = judge(&verifier, vector, &vector.headers, vector.body.as_bytes())?;
            if !matches!(verdict, Verdict::Verified(_)) {
                wrong.push(format!("{} {}: {verdict:?}", provider.name, vector.source));
            }
            for (what, headers, body) in bent(vector) {
                let verdict = judge(&verifier, vector, &headers, &body)?;
                if !matches!(verdict, Verdict::Refused(_)) {
                    wrong.push(format!("{} {}: {what}: {verdict:?}", provider.name, vector.source));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(tried > 20, "only {tried} vectors were found");
    Ok(())
}

fn verifier(provider: &Provider, vector: &Vector) -> Outcome<Verifier> {
    let mut settings = vector.settings.clone();
    if let Some(scheme) = &vector.scheme {
        settings.insert("scheme".to_owned(), scheme.clone());
    }
    let secrets: Vec<&str> = vector.secrets.iter().map(String::as_str).collect();
    Ok(Verifier::new(&Configuration {
        provider: &provider.name,
        secrets: &secrets,
        settings: &settings,
        public_url: Some(vector.url.as_deref().unwrap_or(URL)),
    })
    .map_err(|error| format!("{}: {error}", provider.name))?)
}

type Headers = BTreeMap<String, String>;

fn judge(verifier: &Verifier, vector: &Vector, headers: &Headers, body: &[u8]) -> Outcome<Verdict> {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.append(HeaderName::try_from(name)?, HeaderValue::from_bytes(value.as_bytes())?);
    }
    let url = vector.url.as_deref().unwrap_or(URL);
    let path = url.split_once("://").and_then(|(_, rest)| rest.split_once('/')).map_or("", |(_, path)| path);
    let request = Request {
        method: vector.method.as_deref().unwrap_or("POST"),
        target: &format!("/{path}{}", vector.suffix),
        headers: &map,
        body,
        public_url: Some(url),
    };
    Ok(verifier.verify(&request, &KeyCache::default(), vector.now_s))
}

/// The vector with its signature headers broken, one character at a time, all at once where there are
/// several; and without them.
fn bent(vector: &Vector) -> Vec<(String, Headers, Vec<u8>)> {
    let is_signature = |name: &str| {
        ["signature", "hmac", "digest"].iter().any(|word| name.contains(word))
            && !name.contains("version")
            && !name.contains("algorithm")
            && !name.contains("timestamp")
    };
    if !vector.headers.keys().any(|name| is_signature(name)) {
        return Vec::new();
    }
    let with = |change: &dyn Fn(&str) -> Option<String>| -> Headers {
        let mut headers = Headers::new();
        for (name, value) in &vector.headers {
            let value = if is_signature(name) { change(value) } else { Some(value.clone()) };
            if let Some(value) = value {
                headers.insert(name.clone(), value);
            }
        }
        headers
    };
    let body = || vector.body.clone().into_bytes();
    let other_end = with(&|value| {
        let mut changed = value.to_owned();
        // The last character of base64 may hold bits that stand for nothing, so an earlier one.
        let at = changed.len().saturating_sub(6);
        let replacement = if changed.get(at..=at) == Some("a") { "b" } else { "a" };
        changed.replace_range(at..=at, replacement);
        Some(changed)
    });
    vec![
        ("another signature".to_owned(), other_end, body()),
        ("no signature".to_owned(), with(&|_| None), body()),
        ("half a signature".to_owned(), with(&|value| Some(value[..value.len() / 2].to_owned())), body()),
    ]
}
