//! `hookyard sign`: a request as a provider would send it, signed, as a `curl` command that can be pasted.

use std::collections::BTreeMap;

use anyhow::{Context, bail};
use hookyard_model::clock::Clock;
use hookyard_providers::sign::{SampleError, Wanted, sample};
use hookyard_providers::{Configuration, provider};

use crate::args::SignArgs;
use crate::log::say;

/// The URL of a source that `hookyard dev` shows, as far as it can be known.
const URL_DEFAULT: &str = "http://127.0.0.1:4400/TOKEN";

/// Prints the command.
pub(crate) fn run(args: &SignArgs) -> anyhow::Result<()> {
    let described = provider(&args.provider);
    let example = described.and_then(|provider| provider.secret.as_ref()?.example.clone());
    let secret = args.secret.clone().or(example);
    let secrets: Vec<&str> = secret.as_deref().into_iter().collect();
    let settings = settings(args)?;
    let url = args.url.as_deref().unwrap_or(URL_DEFAULT).trim_end_matches('/');
    let body = args.body.as_ref().map(std::fs::read).transpose().context("cannot read the body")?;
    let private_key = args
        .private_key
        .as_ref()
        .map(std::fs::read_to_string)
        .transpose()
        .context("cannot read the private key")?;
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
        Err(SampleError::PrivateKeyNeeded(name))
            if described.is_some_and(|provider| provider.secret.is_none()) =>
        {
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
fn settings(args: &SignArgs) -> anyhow::Result<BTreeMap<String, String>> {
    let mut settings = BTreeMap::new();
    let described = provider(&args.provider);
    for setting in described.iter().flat_map(|provider| &provider.setting).filter(|setting| setting.required)
    {
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
