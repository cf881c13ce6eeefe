//! `hookyard dev`: the gateway on this machine, with nothing to configure.
//!
//! Makes a source that accepts everything, optionally a destination for it, says how to use them, and
//! then prints a line for each request and each attempt.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use anyhow::Context;
use hookyard_model::destination::{CONCURRENCY_DEFAULT, Http, Reach};
use hookyard_model::id::{DestinationId, ProjectId, SourceId};
use hookyard_model::pacing::Pacing;
use hookyard_model::retry::Retry;
use hookyard_model::source::{Source, Verification};
use hookyard_store::catalog::{NewConnection, NewDestination, NewSource};
use hookyard_store::store::Store;
use std::sync::Arc;

use crate::args::DevArgs;
use crate::config::{Config, Log};
use crate::log::{self, say};
use crate::{gateway, narrate, serve};

const SOURCE: &str = "inbox";
const DESTINATION: &str = "local";
const CONNECTION: &str = "inbox-to-local";

/// Runs until it is told to stop.
pub(crate) fn run(args: &DevArgs) -> anyhow::Result<()> {
    let mut config = Config::default();
    config.server.data_dir.clone_from(&args.data_dir);
    config.server.public = args.public;
    config.server.admin = args.admin;
    config.server.public_url = serve::public_url(args.public_url.as_deref())?;
    config.server.shutdown_grace = Duration::from_secs(5);
    config.server.check()?;
    config.delivery.allow_networks = loopback()?;
    config.log = Log { level: tracing::Level::WARN, ..Log::default() };
    log::start(&config.log);
    gateway::run(async move {
        let store = serve::open(&config)?;
        let project = store.catalog().snapshot().default_project;
        let source = source(&store, project).await?;
        if let Some(url) = &args.to {
            let destination = destination(&store, project, url).await?;
            connect(&store, project, source.id, destination).await?;
        }
        let listening = gateway::listen(&config).await?;
        let public = listening.public.local_addr()?;
        let admin = listening.admin.local_addr()?;
        let public_url = config.server.public_url.get_or_insert_with(|| format!("http://{public}"));
        let url = source.url(Some(public_url)).unwrap_or_default();
        say(narrate::welcome(&url, admin, args.to.as_deref(), &args.data_dir));
        let narrator = tokio::spawn(narrate::happenings(store.clone()));
        let served = gateway::serve(store, &config, listening).await;
        narrator.abort();
        served
    })
}

fn loopback() -> anyhow::Result<Vec<ipnet::IpNet>> {
    Ok(vec![
        ipnet::IpNet::new(IpAddr::V4(Ipv4Addr::new(127, 0, 0, 0)), 8)?,
        ipnet::IpNet::new(IpAddr::V6(Ipv6Addr::LOCALHOST), 128)?,
    ])
}

/// The source that takes everything; made at the first start.
async fn source(store: &Store, project: ProjectId) -> anyhow::Result<Arc<Source>> {
    if let Some(known) = store.catalog().snapshot().source_named(project, SOURCE) {
        return Ok(Arc::clone(known));
    }
    let verification = Verification { provider: "none".to_owned(), ..Verification::default() };
    let new = NewSource {
        name: SOURCE.to_owned(),
        token: None,
        public_url: None,
        verification,
        methods: Vec::new(),
        answer: None,
    };
    Ok(store.catalog().create_source(project, new).await?)
}

/// The destination that `--to` names.
async fn destination(store: &Store, project: ProjectId, url: &str) -> anyhow::Result<DestinationId> {
    let known = store.catalog().snapshot().destination_named(project, DESTINATION).map(Arc::clone);
    let auth = known.as_ref().and_then(|known| known.reach.http()).map(|http| http.auth.clone());
    let auth = auth.unwrap_or_default();
    let new = NewDestination {
        name: DESTINATION.to_owned(),
        reach: Reach::Http(Http { append_path: true, auth, ..Http::at(url) }),
        concurrency: CONCURRENCY_DEFAULT,
        pacing: Pacing::default(),
        paused: None,
        signing_secrets: Vec::new(),
    };
    let made = match known.map(|known| known.id) {
        Some(id) => store.catalog().update_destination(project, id, new).await,
        None => store.catalog().create_destination(project, new).await,
    };
    Ok(made.with_context(|| format!("cannot deliver to {url}"))?.id)
}

async fn connect(
    store: &Store,
    project: ProjectId,
    source: SourceId,
    destination: DestinationId,
) -> anyhow::Result<()> {
    let new = NewConnection {
        name: CONNECTION.to_owned(),
        source,
        destination,
        rules: Vec::new(),
        order: hookyard_model::order::Order::Free,
        retry: Retry::default(),
        enabled: true,
    };
    let known = store.catalog().snapshot().connection_named(project, CONNECTION).map(|known| known.id);
    match known {
        Some(id) => store.catalog().update_connection(project, id, new).await?,
        None => store.catalog().create_connection(project, new).await?,
    };
    Ok(())
}
