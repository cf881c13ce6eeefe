//! `hookyard serve`: the gateway with a configuration file.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use hookyard_api::configured::describe;
use hookyard_model::access::Actor;
use hookyard_model::secret::Secret;
use hookyard_store::catalog::audit::{self, Author};
use hookyard_store::catalog::{SecretKey, public_url_problem};
use hookyard_store::store::{Options, Store};
use tracing::{info, warn};

use crate::args::{CONFIG_FILE, Overrides, ServeArgs};
use crate::config::Config;
use crate::gateway;
use crate::log;

/// Runs until it is told to stop.
pub(crate) fn run(args: &ServeArgs) -> anyhow::Result<()> {
    let file = file(args)?;
    let config = configure(file.as_deref(), &args.overrides)?;
    log::start(&config.log);
    gateway::run(async {
        let store = open(&config)?;
        if let Some(file) = &file {
            apply(&store, &config, file).await?;
        }
        let listening = gateway::listen(&config).await?;
        info!(
            public = %listening.public.local_addr()?,
            admin = %listening.admin.local_addr()?,
            data_dir = %config.server.data_dir.display(),
            "hookyard takes webhooks"
        );
        gateway::serve(store, &config, listening).await
    })
}

/// The file, then flags and environment over it; checked as a whole.
pub(crate) fn configure(file: Option<&Path>, overrides: &Overrides) -> anyhow::Result<Config> {
    let env = |name: &str| std::env::var(name).ok();
    let mut config = match file {
        Some(path) => Config::load(path, &env)?,
        None => Config::default(),
    };
    if let Some(data_dir) = &overrides.data_dir {
        config.server.data_dir.clone_from(data_dir);
    }
    config.server.public = overrides.public.unwrap_or(config.server.public);
    config.server.admin = overrides.admin.unwrap_or(config.server.admin);
    if let Some(url) = public_url(overrides.public_url.as_deref())? {
        config.server.public_url = Some(url);
    }
    override_key(&mut config);
    config.server.check()?;
    config.check_urls().map_err(anyhow::Error::msg)?;
    Ok(config)
}

/// A public URL of the command line or environment.
pub(crate) fn public_url(url: Option<&str>) -> anyhow::Result<Option<String>> {
    let Some(url) = url.map(|url| url.trim_end_matches('/')) else { return Ok(None) };
    match public_url_problem(url) {
        None => Ok(Some(url.to_owned())),
        Some(problem) => bail!("the public URL `{url}` cannot be used: {}", problem.reason),
    }
}

/// The admin key of the environment, over the file's.
fn override_key(config: &mut Config) {
    if let Ok(key) = std::env::var("HOOKYARD_ADMIN_KEY") {
        config.server.admin_key = Some(Secret::new(key));
    }
}

/// Opens the store as the configuration says, and makes sure that nobody unknown can use the API.
pub(crate) fn open(config: &Config) -> anyhow::Result<Store> {
    let secret_key = match std::env::var("HOOKYARD_SECRET_KEY") {
        Ok(text) => Some(SecretKey::from_base64(&text).context("HOOKYARD_SECRET_KEY is not a key")?),
        Err(_unset) => None,
    };
    let options = Options {
        secret_key,
        segment_bytes: config.storage.segment_bytes,
        segment_age: config.storage.segment_age,
        retention: config.storage.retention,
        reserve_bytes: config.storage.reserve_bytes,
        lane_events_max: config.delivery.lane_events_max,
        lane_keys_max: config.delivery.lane_keys_max,
        latest_keys_max: config.delivery.latest_keys_max,
        lanes_bytes_max: config.delivery.lanes_bytes_max,
        search: config.search,
        bookmarks: config.bookmarks,
        issues: config.issues.clone(),
        audit: audit::Settings {
            retention: config.access.audit_retention,
            entries_max: config.access.audit_entries_max,
            describe: audit::Describe(describe),
        },
        idempotency: config.access.idempotency,
        series: config.series.clone(),
        ..Options::new(&config.server.data_dir)
    };
    let store = Store::open(options)?;
    let (snapshot, now) = (store.catalog().snapshot(), store.clock().now());
    config.server.check_api_keys(snapshot.api_keys.values().any(|key| key.is_valid_at(now)))?;
    Ok(store)
}

/// The file that was asked for; otherwise the one that is at hand, if there is one.
fn file(args: &ServeArgs) -> anyhow::Result<Option<PathBuf>> {
    if args.config.is_some() {
        return Ok(args.config.clone());
    }
    let at_hand = PathBuf::from(CONFIG_FILE);
    let is_there = at_hand.try_exists().with_context(|| format!("cannot look for {CONFIG_FILE}"))?;
    Ok(is_there.then_some(at_hand))
}

/// Brings the catalog in step with the file.
async fn apply(store: &Store, config: &Config, file: &Path) -> anyhow::Result<()> {
    info!(file = %file.display(), "the configuration file has the last word about what it declares");
    let project = store.catalog().snapshot().default_project;
    let by_file = Author { actor: Actor::File, remote: None, action: None };
    let applied = store.catalog().by(by_file).apply_file(project, config.declared()).await?;
    for (noun, changes) in [
        ("source", applied.sources),
        ("destination", applied.destinations),
        ("connection", applied.connections),
        ("alert", applied.alerts),
    ] {
        for name in changes.created {
            info!(noun, name, "created from the configuration file");
        }
        for name in changes.updated {
            info!(noun, name, "updated from the configuration file");
        }
        for name in changes.released {
            warn!(
                noun,
                name,
                "no longer in the configuration file: kept, but connections and alerts are disabled; delete it through the API"
            );
        }
    }
    Ok(())
}
