//! Verifying a request whose signature stands in its headers allocates nothing: neither the catalogue nor
//! a template is looked up, and neither message nor body is copied.

use std::collections::BTreeMap;

use hookyard_providers::sign::{Wanted, sample};
use hookyard_providers::{Configuration, KeyCache, Request, Verdict, Verifier, provider};

const NOW_S: u64 = 1_700_000_000;

#[test]
fn verifying_allocates_nothing() {
    for name in ["github", "stripe", "standard-webhooks", "slack", "hmac", "shopify"] {
        let provider = provider(name).unwrap();
        let secret = provider.secret.as_ref().unwrap().example.as_deref().unwrap();
        let settings: BTreeMap<String, String> = provider
            .setting
            .iter()
            .filter_map(|setting| Some((setting.name.clone(), setting.example.clone()?)))
            .collect();
        let configuration = Configuration {
            provider: name,
            secrets: &[secret, "MDEyMzQ1Njc4OQ"],
            settings: &settings,
            public_url: None,
        };
        let signed = sample(&configuration, &Wanted { now_s: NOW_S, ..Wanted::default() }).unwrap();
        let (verifier, keys) = (Verifier::new(&configuration).unwrap(), KeyCache::default());
        let target = signed.target("token");
        let request = Request {
            method: &signed.method,
            target: &target,
            headers: &signed.headers,
            body: &signed.body,
            public_url: None,
        };
        let mut verdict = None;
        let used = allocation_counter::measure(|| {
            verdict = Some(verifier.verify(&request, &keys, NOW_S));
        });
        assert!(matches!(verdict, Some(Verdict::Verified(_))), "{name}: {verdict:?}");
        assert_eq!(used.count_total, 0, "{name}");
    }
}
