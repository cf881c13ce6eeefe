//! Vectors whose key has to be fetched: asked for where the vector has it, and then judged with it.

use std::path::Path;

use hookyard_providers::definition::{Provider, Vector};
use hookyard_providers::{Configuration, KeyCache, Request, Verdict, Verifier};
use http::{HeaderMap, HeaderName, HeaderValue};

/// Every description with its name.
fn descriptions() -> Vec<Provider> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("catalogue");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files
        .map(|file| {
            let mut provider: Provider = toml::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
            provider.name = file.file_stem().unwrap().to_str().unwrap().to_owned();
            provider
        })
        .collect()
}

fn judge(verifier: &Verifier, vector: &Vector, body: &[u8], cache: &KeyCache) -> Verdict {
    let url = vector.url.as_deref().unwrap_or("https://hooks.example.com/in");
    let path = url.rsplit_once('/').unwrap().1;
    let headers: HeaderMap = vector
        .headers
        .iter()
        .map(|(name, value)| {
            (HeaderName::try_from(name).unwrap(), HeaderValue::from_bytes(value.as_bytes()).unwrap())
        })
        .collect();
    let target = format!("/{path}{}", vector.suffix);
    let method = vector.method.as_deref().unwrap_or("POST");
    let request = Request { method, target: &target, headers: &headers, body, public_url: Some(url) };
    verifier.verify(&request, cache, vector.now_s)
}

#[test]
fn every_vector_asks_for_its_document_and_holds_with_it() {
    let mut tried = Vec::new();
    for provider in descriptions() {
        for vector in provider.vector.iter().filter(|vector| !vector.fetched.is_empty()) {
            let mut settings = vector.settings.clone();
            settings.extend(vector.scheme.clone().map(|scheme| ("scheme".to_owned(), scheme)));
            let secrets: Vec<&str> = vector.secrets.iter().map(String::as_str).collect();
            let verifier = Verifier::new(&Configuration {
                provider: &provider.name,
                secrets: &secrets,
                settings: &settings,
                public_url: Some(vector.url.as_deref().unwrap_or("https://hooks.example.com/in")),
            })
            .unwrap();
            let cache = KeyCache::default();
            let body = vector.body.as_bytes();
            let Verdict::KeyNeeded(request) = judge(&verifier, vector, body, &cache) else {
                panic!("{}: nothing is asked for", provider.name)
            };
            let document = vector.fetched.get(&request.url);
            let document = document.unwrap_or_else(|| panic!("{}: asks for {}", provider.name, request.url));
            cache.accept(&request, document.as_bytes(), &[], vector.now_s).unwrap();
            let verdict = judge(&verifier, vector, body, &cache);
            assert!(matches!(verdict, Verdict::Verified(_)), "{}: {verdict:?}", provider.name);
            let place = vector.body.find("00").or_else(|| vector.body.find("49f")).unwrap_or(2) + 1;
            let mut changed = body.to_vec();
            changed[place] ^= 1;
            let verdict = judge(&verifier, vector, &changed, &cache);
            assert!(!matches!(verdict, Verdict::Verified(_)), "{}: {verdict:?}", provider.name);
            tried.push(provider.name.clone());
        }
    }
    tried.sort();
    tried.dedup();
    assert_eq!(tried, ["aws-sns", "ebay", "truelayer"]);
}
