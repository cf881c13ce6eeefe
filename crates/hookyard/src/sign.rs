//! `hookyard sign`: a request as a provider would send it, signed, as a `curl` command that can be pasted.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, bail};
use hookyard_model::clock::Clock;
use hookyard_providers::definition::Provider;
use hookyard_providers::sign::{SampleError, Wanted, sample};
use hookyard_providers::{ConfigError, Configuration, provider};

use crate::args::SignArgs;
use crate::log::say;

/// The URL of a source that `hookyard dev` shows, as far as it can be known.
const URL_DEFAULT: &str = "http://127.0.0.1:4400/TOKEN";

/// Prints the command.
pub(crate) fn run(args: &SignArgs) -> anyhow::Result<()> {
    let described = provider(&args.provider).ok_or_else(|| ConfigError::unknown_provider(&args.provider))?;
    let example = described.secret.as_ref().and_then(|secret| secret.example.clone());
    let secret = args.secret.clone().or(example);
    let secrets: Vec<&str> = secret.as_deref().into_iter().collect();
    let settings = settings(args, described)?;
    let url = args.url.as_deref().unwrap_or(URL_DEFAULT).trim_end_matches('/');
    let cannot_read = |what: &str, file: &Path| format!("cannot read the {what} from {}", file.display());
    let body = args.body.as_deref().map(|file| fs::read(file).with_context(|| cannot_read("body", file)));
    let private_key = args
        .private_key
        .as_deref()
        .map(|file| fs::read_to_string(file).with_context(|| cannot_read("private key", file)));
    let (body, private_key) = (body.transpose()?, private_key.transpose()?);
    let configuration = Configuration {
        provider: &args.provider,
        secrets: &secrets,
        settings: &settings,
        public_url: Some(url),
    };
    let wanted = Wanted {
        body: body.as_deref(),
        topic: args.topic.as_deref(),
        private_key: private_key.as_deref(),
        now_s: Clock::System.now().s(),
    };
    let signed = match sample(&configuration, &wanted) {
        Ok(signed) => signed,
        Err(SampleError::PrivateKeyNeeded(name)) if described.secret.is_none() => {
            bail!(
                "only {name} has the private key, and its public key is fetched from there: with --private-key you \
                 get a request of the right form, which no source accepts"
            )
        }
        Err(SampleError::PrivateKeyNeeded(name)) => {
            bail!(
                "{name} signs with a private key: give one with --private-key, and its public key to the source"
            )
        }
        Err(error) => bail!("no request of {} can be made: {error}", args.provider),
    };
    let to = args.to.as_deref().map_or(url, |to| to.trim_end_matches('/'));
    say(signed.curl(to)?);
    Ok(())
}

/// Settings as given, and made-up ones for those that must be given.
fn settings(args: &SignArgs, described: &Provider) -> anyhow::Result<BTreeMap<String, String>> {
    let mut settings = BTreeMap::new();
    for setting in described.setting.iter().filter(|setting| setting.required) {
        settings.extend(setting.example.clone().map(|example| (setting.name.clone(), example)));
    }
    for pair in &args.setting {
        let Some((name, value)) = pair.split_once('=') else {
            bail!("`--setting {pair}` has no `=`: write it like `--setting scheme=v2`")
        };
        settings.insert(name.to_owned(), value.to_owned());
    }
    Ok(settings)
}
