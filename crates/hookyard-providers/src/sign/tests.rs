//! For every provider and every of its schemes: a sample is accepted, and what is bent is refused.

use std::collections::{BTreeMap, BTreeSet};

use crate::definition::{Algorithm, JwtAlgorithm, KeyEncoding, Provider, Scheme};
use crate::engine::Compiled;
use crate::public_key::KeyAlgorithm;
use crate::read::{Reader, filter};
use crate::settings::{SCHEME, Settings};
use crate::sign::{SampleError, SignedRequest, Wanted, sample_of};
use crate::{Configuration, FieldReader, Fields, KeyCache, Request, Verdict, explain, providers};

/// Everything the examples name lies at this time.
const NOW_S: u64 = 1_700_000_000;
const URL: &str = "https://hooks.example.com/sample";

const ED25519: (&str, &str) =
    (include_str!("../../tests/keys/ed25519.pem"), include_str!("../../tests/keys/ed25519.pub.pem"));
const P256: (&str, &str) =
    (include_str!("../../tests/keys/p256.pem"), include_str!("../../tests/keys/p256.pub.pem"));
const P521: (&str, &str) =
    (include_str!("../../tests/keys/p521.pem"), include_str!("../../tests/keys/p521.pub.pem"));
const RSA: (&str, &str) =
    (include_str!("../../tests/keys/rsa.pem"), include_str!("../../tests/keys/rsa.pub.pem"));

/// A scheme under test.
struct Subject {
    /// With a key of ours in place of those that the provider has published or that are fetched.
    provider: &'static Provider,
    private_key: Option<&'static str>,
    scheme: &'static Scheme,
    secrets: Vec<String>,
    settings: BTreeMap<String, String>,
}

impl Subject {
    fn new(provider: &'static Provider, scheme: &'static Scheme) -> Self {
        let mut settings: BTreeMap<String, String> = provider
            .setting
            .iter()
            .filter(|setting| setting.required)
            .map(|setting| (setting.name.clone(), setting.example.clone().unwrap_or_default()))
            .collect();
        settings.extend(scheme.name.clone().map(|name| (SCHEME.to_owned(), name)));
        let secret = provider.secret.as_ref().filter(|_| scheme.unsigned.is_none());
        let mut secrets: Vec<String> = secret.and_then(|secret| secret.example.clone()).into_iter().collect();
        let pair = key_pair(scheme);
        let (mut ours, place) = (provider.clone(), scheme_place(provider, scheme));
        if let Some((_, public)) = pair {
            let scheme = &mut ours.scheme[place];
            let of_signature = scheme.signature.as_mut().map(|signature| &mut signature.key);
            if let Some(key) = of_signature.or(scheme.jwt.as_mut().map(|jwt| &mut jwt.key)) {
                if key.fetch.take().is_some() || !key.published.is_empty() {
                    key.published = vec![public.to_owned()];
                } else {
                    secrets = vec![public_key(public, key.encoding)];
                }
            }
        }
        let provider: &'static Provider = Box::leak(Box::new(ours));
        let private_key = pair.map(|(private, _)| private);
        Self { provider, private_key, scheme: &provider.scheme[place], secrets, settings }
    }

    fn name(&self) -> String {
        match &self.scheme.name {
            Some(scheme) => format!("{}/{scheme}", self.provider.name),
            None => self.provider.name.clone(),
        }
    }

    fn with<T>(&self, secrets: &[&str], then: impl FnOnce(&Configuration<'_>) -> T) -> T {
        then(&Configuration {
            provider: &self.provider.name,
            secrets,
            settings: &self.settings,
            public_url: Some(URL),
        })
    }

    fn sample(&self) -> Result<SignedRequest, SampleError> {
        let secrets: Vec<&str> = self.secrets.iter().map(String::as_str).collect();
        self.with(&secrets, |configuration| {
            let wanted = Wanted { now_s: NOW_S, private_key: self.private_key, ..Wanted::default() };
            let settings = Settings::new(self.provider, configuration.settings)?;
            sample_of(&settings, configuration, &wanted)
        })
    }

    fn verdict(&self, secrets: &[&str], signed: &SignedRequest) -> Result<Verdict, String> {
        self.with(secrets, |configuration| {
            let settings =
                Settings::new(self.provider, configuration.settings).map_err(|error| error.to_string())?;
            let compiled = Compiled::new(&settings, configuration).map_err(|error| error.to_string())?;
            let target = signed.target("sample");
            let request = Request {
                method: &signed.method,
                target: &target,
                headers: &signed.headers,
                body: &signed.body,
                public_url: Some(URL),
            };
            Ok(compiled.verify(Reader::new(&request, &settings), &KeyCache::default(), NOW_S))
        })
    }

    /// What is read of a request, with the headers whose names are `wanted`.
    fn fields(&self, signed: &SignedRequest, wanted: impl Fn(&FieldReader, &str) -> bool) -> Fields {
        let reader = self.with(&[], |configuration| FieldReader::new(configuration).unwrap());
        let kept = signed.headers.iter().filter(|(name, _)| wanted(&reader, name.as_str()));
        reader.read(&Request {
            method: &signed.method,
            target: &signed.target("sample"),
            headers: &kept.map(|(name, value)| (name.clone(), value.clone())).collect(),
            body: &signed.body,
            public_url: Some(URL),
        })
    }

    fn own(&self, signed: &SignedRequest) -> Result<Verdict, String> {
        let secrets: Vec<&str> = self.secrets.iter().map(String::as_str).collect();
        self.verdict(&secrets, signed)
    }

    /// Whether every byte of the body is signed.
    fn binds_body(&self) -> bool {
        let signed = |text: &String| text.contains("{body") || text.contains("body}");
        let signature = self.scheme.signature.as_ref().map(|signature| &signature.message);
        let jwt = self.scheme.jwt.as_ref().and_then(|jwt| jwt.payload.as_ref());
        signature.or(jwt).is_some_and(signed) || self.provider.name == "hmac"
    }

    /// What is wrong with how the scheme judges; empty where nothing is.
    fn faults(&self) -> Vec<String> {
        let signed = match self.sample() {
            Ok(signed) => signed,
            Err(error) => return vec![format!("no sample: {error}")],
        };
        let mut faults = Vec::new();
        let is_accepted = |verdict: &Result<Verdict, String>| matches!(verdict, Ok(Verdict::Verified(_)));
        let verdict = self.own(&signed);
        if !is_accepted(&verdict) {
            faults.push(format!("its sample is not accepted: {verdict:?}"));
        }
        if self.scheme.unsigned.is_some() {
            return faults;
        }
        let mut bare = signed.clone();
        bare.headers.retain_signing(&self.provider.example.headers);
        bare.suffix = self.provider.example.suffix.clone();
        if let Some(body) = &self.provider.example.body
            && !self.signs_in_body()
        {
            bare.body = body.clone().into_bytes();
        }
        if !self.signs_in_body() && is_accepted(&self.own(&bare)) {
            faults.push("it is accepted without what proves it".to_owned());
        }
        if let Some(secret) = self.secrets.first() {
            // Another text of the same form: the last letter or digit that is not padding is another.
            let other = bent(secret);
            if self.private_key.is_none() && is_accepted(&self.verdict(&[&other], &signed)) {
                faults.push("it is accepted with another secret".to_owned());
            }
        }
        if self.binds_body() && !signed.body.is_empty() {
            let mut changed = signed.clone();
            let place = changed.body.len() / 2;
            changed.body[place] ^= 1;
            if is_accepted(&self.own(&changed)) {
                faults.push("it is accepted with another body".to_owned());
            }
        }
        faults
    }

    fn signs_in_body(&self) -> bool {
        let from = match self.scheme {
            Scheme { signature: Some(signature), .. } => signature.from.first(),
            Scheme { jwt: Some(jwt), .. } => jwt.from.first(),
            Scheme { credential: Some(credential), .. } => Some(&credential.from),
            _ => None,
        };
        from.is_some_and(|from| {
            ["json", "form:", "multipart:", "body"].iter().any(|place| from.starts_with(place))
        })
    }
}

/// A public key as the description wants it written.
fn public_key(pem: &str, encoding: KeyEncoding) -> String {
    let base64: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    match encoding {
        // Ed25519's bare key are the last 32 bytes of its DER form.
        KeyEncoding::Hex => {
            let der = filter::unbase64(base64.as_bytes()).unwrap();
            filter::hex(&der[der.len() - 32..])
        }
        KeyEncoding::Base64 => base64,
        KeyEncoding::Raw | KeyEncoding::Pem => pem.to_owned(),
    }
}

fn scheme_place(provider: &Provider, scheme: &Scheme) -> usize {
    provider.scheme.iter().position(|other| other == scheme).unwrap()
}

/// A key pair for a scheme that needs one.
fn key_pair(scheme: &Scheme) -> Option<(&'static str, &'static str)> {
    if let Some(signature) = &scheme.signature {
        return match signature.algorithm {
            Algorithm::Ed25519 => Some(ED25519),
            Algorithm::EcdsaP256Sha256 | Algorithm::EcdsaP256Sha1 => Some(P256),
            algorithm if KeyAlgorithm::of_signature(algorithm).is_some() => Some(RSA),
            _ => None,
        };
    }
    match scheme.jwt.as_ref()?.algorithms.first()? {
        JwtAlgorithm::HS256 | JwtAlgorithm::HS384 | JwtAlgorithm::HS512 => None,
        JwtAlgorithm::EdDSA => Some(ED25519),
        JwtAlgorithm::ES512 => Some(P521),
        JwtAlgorithm::ES256 => Some(P256),
        _ => Some(RSA),
    }
}

trait RetainSigning {
    fn retain_signing(&mut self, example: &BTreeMap<String, String>);
}

impl RetainSigning for http::HeaderMap {
    /// Only what the example has without a signature.
    fn retain_signing(&mut self, example: &BTreeMap<String, String>) {
        let names: Vec<_> =
            self.keys().filter(|name| !example.contains_key(name.as_str())).cloned().collect();
        for name in names {
            self.remove(name);
        }
    }
}

fn bent(secret: &str) -> String {
    let place = secret.len() / 2;
    let letter = if secret.as_bytes()[place] == b'1' { "2" } else { "1" };
    let mut other = secret.to_owned();
    other.replace_range(place..=place, letter);
    other
}

#[test]
fn every_scheme_takes_its_sample_and_refuses_what_is_bent() {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let mut faults = BTreeMap::new();
    let mut names = BTreeSet::new();
    for provider in providers() {
        for scheme in &provider.scheme {
            let subject = Subject::new(provider, scheme);
            assert!(names.insert(subject.name()));
            *counts.entry(explain::kind(scheme)).or_default() += 1;
            let found = subject.faults();
            if provider.name == "apple-appstore" {
                // Nobody but Apple has a key that its root vouches for; `adapters/apple/tests.rs` has one.
                assert_eq!(found, ["no sample: only the provider itself can sign for `apple-app-store`"]);
                continue;
            }
            if !found.is_empty() {
                faults.insert(subject.name(), found);
            }
        }
    }
    println!("schemes by kind, of {} providers:", providers().count());
    for (kind, count) in &counts {
        println!("{count:5}  {kind}");
    }
    let lines: Vec<String> =
        faults.iter().map(|(name, found)| format!("{name}: {}", found.join("; "))).collect();
    assert!(lines.is_empty(), "{} of {}:\n{}", lines.len(), names.len(), lines.join("\n"));
}

#[test]
fn fields_need_no_header_but_those_that_are_said_to_be_read() {
    let mut in_headers = 0;
    for provider in providers() {
        let subject = Subject::new(provider, &provider.scheme[0]);
        let Ok(signed) = subject.sample() else { continue };
        let all = subject.fields(&signed, |_, _| true);
        // In any case, as heads have them.
        let needed = subject.fields(&signed, |reader, name| reader.reads_header(&name.to_uppercase()));
        assert_eq!(needed, all, "{}", provider.name);
        in_headers += usize::from(subject.fields(&signed, |_, _| false) != all);
    }
    assert!(in_headers > 20, "{in_headers} providers have fields in headers");
}
