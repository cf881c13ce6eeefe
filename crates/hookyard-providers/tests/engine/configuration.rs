//! What a verifier refuses to be built from, and what its errors and its `Debug` never show.

use hookyard_providers::definition::Provider;
use hookyard_providers::{ConfigError, Configuration, SECRETS_MAX, Verified, Verifier, provider, providers};

use crate::{Sample, build, settings};

const HEADER: (&str, &str) = ("header", "x-signature");

/// The message of the error that this configuration causes.
fn error(provider: &str, secrets: &[&str], pairs: &[(&str, &str)]) -> String {
    match build(provider, secrets, pairs) {
        Ok(_) => panic!("{provider} was built from {pairs:?}"),
        Err(error) => error.to_string(),
    }
}

/// The settings that a provider cannot do without, with the values of its description.
fn required(provider: &Provider) -> Vec<(&str, &str)> {
    let examples = provider.setting.iter().filter(|setting| setting.required).filter_map(|setting| {
        let example = setting.example.as_deref().or(setting.values.first().map(String::as_str))?;
        Some((setting.name.as_str(), example))
    });
    examples.collect()
}

#[test]
fn every_provider_in_the_catalogue_can_be_built_and_no_other() {
    let mut without_engine = Vec::new();
    for provider in providers() {
        let example = provider.secret.as_ref().and_then(|secret| secret.example.as_deref());
        let secrets: Vec<&str> = example.into_iter().collect();
        let built = build(&provider.name, &secrets, &required(provider));
        match built {
            Ok(built) => assert!(std::ptr::eq(built.provider(), provider)),
            Err(ConfigError::BadDescription { .. }) => without_engine.push(provider),
            Err(error) => panic!("{error}"),
        }
    }
    // Public keys, tokens and adapters.
    let symmetric = |provider: &&Provider| {
        let scheme = &provider.scheme[0];
        let algorithm = scheme.signature.as_ref().map(|signature| format!("{:?}", signature.algorithm));
        scheme.credential.is_some() || algorithm.is_some_and(|name| name.starts_with("Hmac"))
    };
    assert_eq!(without_engine.into_iter().find(symmetric), None);
    let message = error("no-such-provider", &["s"], &[]);
    let known = format!("`hookyard providers` lists all {}", providers().count());
    assert!(message.starts_with("there is no provider `no-such-provider`"), "{message}");
    assert!(message.contains(&known), "{message}");
}

#[test]
fn nothing_is_ever_verified_without_a_secret() {
    for name in ["github", "stripe", "standard-webhooks", "hmac", "gitlab"] {
        let provider = provider(name).unwrap();
        let settings = required(provider);
        let built = |secrets: &[&str]| build(name, secrets, &settings);
        assert_eq!(built(&[]).unwrap_err(), ConfigError::NoSecret { provider: &provider.name });
    }
    for provider in providers().filter(|provider| provider.secret.is_some()) {
        let built = |secrets: &[&str]| build(&provider.name, secrets, &required(provider));
        for empty in ["", " ", "\t\n", "\u{a0}\u{2003}"] {
            let secret = provider.secret.as_ref().unwrap().example.as_deref().unwrap_or("c2VjcmV0");
            for (index, secrets) in [(0, &[empty][..]), (1, &[secret, empty])] {
                let expected =
                    ConfigError::BadSecret { provider: &provider.name, index, why: "is empty".to_owned() };
                assert_eq!(built(secrets).unwrap_err(), expected, "{empty:?}");
            }
        }
    }
}

#[test]
fn a_provider_that_signs_the_url_needs_to_be_told_it() {
    let provider = provider("trello").unwrap();
    let settings = settings(&required(provider));
    let secrets = ["c2VjcmV0"];
    let told = Configuration { provider: "trello", secrets: &secrets, settings: &settings, public_url: None };
    assert_eq!(
        Verifier::new(&told).unwrap_err().to_string(),
        "provider `trello` signs the URL: set `public_url` to the URL that is registered there"
    );
}

#[test]
fn unusable_secrets_are_named_by_their_place_and_never_shown() {
    let many: Vec<String> = (0..=SECRETS_MAX).map(|index| format!("secret-{index}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    for (provider, secrets, pairs, message) in [
        (
            "github",
            &["good", "hunter2\n"][..],
            &[][..],
            "secret 2 of github holds a control character, perhaps the end of a line",
        ),
        ("github", &["hunter2", "hunter2"], &[], "secret 2 of github stands there twice"),
        ("github", &many, &[], "secret 17 of github is one too many: there can be at most 16"),
        ("none", &["hunter2"], &[], "secret 1 of none is of no use, because this provider checks none"),
        (
            "standard-webhooks",
            &["whsec_hunter!"],
            &[],
            "secret 1 of standard-webhooks is not base64, with or without `whsec_` before it; give the signing secret: \
             wherever the sender shows it: base64, usually behind `whsec_`",
        ),
        (
            "standard-webhooks",
            &["whsec_"],
            &[],
            "secret 1 of standard-webhooks is empty; give the signing secret: wherever the sender shows it: base64, \
             usually behind `whsec_`",
        ),
        (
            "hmac",
            &["hunter2"],
            &[HEADER, ("secret_encoding", "hex")],
            "secret 1 of hmac is not hex, as `secret_encoding` says; give the secret: agreed on with the sender",
        ),
        (
            "hmac",
            &["abc"],
            &[HEADER, ("secret_encoding", "hex")],
            "secret 1 of hmac is not hex, as `secret_encoding` says; give the secret: agreed on with the sender",
        ),
        (
            "hmac",
            &["hunter2"],
            &[HEADER, ("secret_encoding", "base64")],
            "secret 1 of hmac is not base64, as `secret_encoding` says; give the secret: agreed on with the sender",
        ),
    ] {
        let error = error(provider, secrets, pairs);
        assert_eq!(error, message);
        assert!(!error.contains("hunter"), "{error}");
    }
}

#[test]
fn unknown_and_missing_settings_say_what_to_change() {
    for (provider, pairs, message) in [
        (
            "github",
            &[("tolerance_s", "1")][..],
            "provider `github` has no setting `tolerance_s`; it has none",
        ),
        ("none", &[("a", "b")], "provider `none` has no setting `a`; it has none"),
        (
            "stripe",
            &[("tolerance", "1")],
            "provider `stripe` has no setting `tolerance`; known are `tolerance_s`",
        ),
        ("hmac", &[], "provider `hmac` needs the setting `header`"),
        (
            "hmac",
            &[HEADER, ("message", "{timestamp}{body}")],
            "provider `hmac` needs the setting `timestamp_header` (the message has a `{timestamp}`)",
        ),
    ] {
        let secrets: &[&str] = if provider == "none" { &[] } else { &["c2VjcmV0"] };
        assert_eq!(error(provider, secrets, pairs), message);
    }
}

#[test]
fn bad_settings_say_what_to_change() {
    let seconds = "it must be a whole number of seconds from 1 to 604800";
    let braces = "`{` begins one of `{body}`, `{timestamp}`, `{method}` and `{target}` only";
    let unused = "it has no effect without `{timestamp}` in the message";
    let algorithms = "it must be one of `sha1`, `sha256`, `sha384`, `sha512`";
    for (provider, name, value, why) in [
        ("stripe", "tolerance_s", "0", seconds),
        ("stripe", "tolerance_s", "off", seconds),
        ("stripe", "tolerance_s", "-5", seconds),
        ("standard-webhooks", "tolerance_s", "604801", seconds),
        ("hmac", "header", "no such", "that is not the name of a header"),
        ("hmac", "algorithm", "md5", algorithms),
        ("hmac", "encoding", "base64url", "it must be one of `hex`, `base64`"),
        ("hmac", "secret_encoding", "", "it must be one of `utf8`, `hex`, `base64`"),
        ("hmac", "message", "{url}{body}", braces),
        ("hmac", "message", "{method}", "it must contain `{body}`"),
        ("hmac", "message", "", "it must contain `{body}`"),
        ("hmac", "message", "{body}{body}", "each placeholder can stand there only once"),
        ("hmac", "timestamp_header", "x-time", unused),
        ("hmac", "tolerance_s", "60", unused),
    ] {
        let mut pairs = vec![(name, value)];
        if provider == "hmac" && name != HEADER.0 {
            pairs.push(HEADER);
        }
        assert_eq!(
            error(provider, &["c2VjcmV0"], &pairs),
            format!("setting `{name}` of provider `{provider}` is `{value}`, but {why}")
        );
    }
}

#[test]
fn without_verification_everything_is_accepted_and_no_secret_claimed() {
    let verifier = build("none", &[], &[]).unwrap();
    assert_eq!(Sample::new(&[], b"").judged_by(&verifier), Ok(Verified { secret: None }));
}

#[test]
fn a_verifier_can_be_shared_and_shows_no_secret() {
    fn shareable<T: Send + Sync>(_: &T) {}
    let verifier = build("stripe", &["whsec_hunter2"], &[]).unwrap();
    shareable::<Verifier>(&verifier);
    assert_eq!(format!("{verifier:?}"), "Verifier { provider: \"stripe\", secrets: 1, .. }");
}
