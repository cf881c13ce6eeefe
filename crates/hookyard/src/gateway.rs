//! All stages together: started in the order of an event's path, stopped in the same order.
//!
//! Shutdown, on SIGTERM or Ctrl-C:
//! 1. Ingest stops accepting connections and finishes the requests under way.
//! 2. Bulk operations finish the batch under way, and go on after the next start.
//! 3. Routing stops; what is accepted and not routed is routed after the next start.
//! 4. Lanes take no further events; attempts under way may finish until the grace is over. Consumers that wait for
//!    events are answered that there are none, and those that have some may answer for a moment.
//! 5. Alerts: what is being sent is finished, within a grace; what is not told is told after the next start.
//! 6. The API stops; live streams end at once, and calls under way may finish.
//! 7. The store writes the outcomes and closes.
//!
//! A second signal ends the process at once. That is safe: nothing acknowledged is only in memory.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use hookyard_alert::send::Sender as AlertSender;
use hookyard_alert::tell;
use hookyard_api::server::{Api, Options as ApiOptions};
use hookyard_deliver::deliver::{self, Parts};
use hookyard_deliver::jitter::Jitter;
use hookyard_deliver::send::Sender;
use hookyard_ingest::ingest::Ingest;
use hookyard_ingest::tls;
use hookyard_outgoing::connector::Connector;
use hookyard_outgoing::exchange::AnswerLimits;
use hookyard_outgoing::guard::Guard;
use hookyard_outgoing::own::Own;
use hookyard_providers::KeyCache;
use hookyard_route::limits::Limits as RouteLimits;
use hookyard_route::route::Router;
use hookyard_store::store::Store;
use hookyard_transform::runner::Runner;
use prometheus_client::registry::Registry;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio::time::timeout;
use tracing::{info, warn};

use crate::config::{Config, Transformations};

/// How long requests under way may take to finish at shutdown.
const INGEST_GRACE: Duration = Duration::from_secs(5);

/// How long the batch of a bulk operation may take at shutdown; one that is cut off is taken up after the start.
const BULK_GRACE: Duration = Duration::from_secs(5);

/// How long messages under way may take at shutdown; one that is cut off is sent again after the start.
const ALERT_GRACE: Duration = Duration::from_secs(5);

/// The two listeners, bound, and the signals that end it all.
pub(crate) struct Listening {
    pub(crate) public: TcpListener,
    pub(crate) admin: TcpListener,
    stop: StopSignals,
}

/// SIGTERM and Ctrl-C. From when this is made on, neither ends the process by itself.
struct StopSignals {
    terminate: Signal,
    interrupt: Signal,
}

/// Runs a future on the gateway's runtime.
pub(crate) fn run(work: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .thread_name("gateway")
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    let outcome = runtime.block_on(work);
    runtime.shutdown_timeout(Duration::from_secs(1));
    outcome
}

/// Binds both listeners, and listens for signals: whoever is told that the gateway runs may stop it.
pub(crate) async fn listen(config: &Config) -> anyhow::Result<Listening> {
    let server = &config.server;
    let stop = StopSignals::new()?;
    let public = bind(server.public, "webhooks", "--public").await?;
    let admin = bind(server.admin, "the API", "--admin").await?;
    Ok(Listening { public, admin, stop })
}

async fn bind(address: std::net::SocketAddr, what: &str, flag: &str) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| {
        format!(
            "cannot listen on {address} for {what}: stop what uses that port, or choose another with {flag}"
        )
    })
}

/// Runs all stages until the process is told to stop, then stops them in order.
pub(crate) async fn serve(store: Store, config: &Config, listening: Listening) -> anyhow::Result<()> {
    let mut registry = Registry::default();
    let ingest_metrics = hookyard_ingest::metrics::Metrics::register(&mut registry);
    let route_metrics = hookyard_route::metrics::Metrics::register(&mut registry);
    let connector = connector(config);
    let Transformations { limits, engine, at_a_time_max } = config.transformations;
    let runner = Runner::new(engine, limits);
    let limits = RouteLimits { plans_max: at_a_time_max, ..config.verification.clone() };
    let keys = KeyCache::new(config.verification_cache.keys_max, config.verification_cache.bytes_max);
    let public_url = config.server.public_url.clone();
    let router = Router::new(
        store.clone(),
        &connector,
        keys.clone(),
        public_url,
        runner.clone(),
        limits,
        route_metrics,
    );
    let parts = Parts {
        store: store.clone(),
        sender: Sender::new(connector.clone()),
        jitter: Arc::new(Jitter::new(seed()?)),
        metrics: hookyard_deliver::metrics::Metrics::register(&mut registry),
    };
    let alerts = tell::Parts {
        store: store.clone(),
        sender: AlertSender::new(&connector, config.alerts.timeout),
        settings: config.alerts,
        metrics: hookyard_alert::metrics::Metrics::register(&mut registry),
    };
    let files = config.server.tls.as_ref();
    let tls = files.map(|files| tls::load(&files.cert, &files.key)).transpose()?.map(Arc::new);
    let certificate = files.map(|files| tls::certificate(&files.cert)).transpose()?;
    let own = Own::new(listening.public.local_addr()?, certificate);
    let scheme = if tls.is_some() { "https" } else { "http" };
    let api_options = ApiOptions {
        admin_key: config.server.admin_key.clone(),
        public_url: config.server.public_url.clone(),
        listening_url: Some(format!("{scheme}://{}", listening.public.local_addr()?)),
        undelivered_age_max: config.health.undelivered_age_max,
        keys: keys.clone(),
        transformations: runner,
        logins: config.access.logins.clone(),
        data_directory: config.server.data_dir.display().to_string(),
        settings: config.shown(),
        own: Some(own.context("TLS cannot be spoken with the public listener")?),
        live: config.live,
    };
    let ingest = Ingest::new(
        store.clone(),
        store.clock().clone(),
        config.limits.clone(),
        config.server.public_url.clone(),
        keys,
        ingest_metrics,
    );
    let api = Api::new(store.clone(), store.clock().clone(), api_options, Arc::new(registry));

    let [stop_ingest, stop_bulk, stop_route, stop_deliver, stop_alerts, stop_api] =
        std::array::from_fn(|_| watch::Sender::new(false));
    let mut ingest = tokio::spawn(ingest.serve(listening.public, tls, stop_ingest.subscribe()));
    let mut bulk = tokio::spawn(carry_out(store.clone(), stop_bulk.subscribe()));
    let route = tokio::spawn(router.run(stop_route.subscribe()));
    let mut deliver = tokio::spawn(deliver::run(parts, stop_deliver.subscribe()));
    let mut alerts = tokio::spawn(tell::run(alerts, stop_alerts.subscribe()));
    let mut api = tokio::spawn(api.serve(listening.admin, stop_api.subscribe()));

    let mut stop = listening.stop;
    stop.received().await;
    info!("stopping: requests under way are finished, nothing new is taken");
    tokio::spawn(async move {
        stop.received().await;
        warn!("stopped at once; attempts under way are made again after the start");
        std::process::exit(130);
    });
    stop_ingest.send_replace(true);
    if timeout(INGEST_GRACE, &mut ingest).await.is_err() {
        ingest.abort();
    }
    stop_bulk.send_replace(true);
    if timeout(BULK_GRACE, &mut bulk).await.is_err() {
        bulk.abort();
    }
    stop_route.send_replace(true);
    let _ = route.await;
    stop_deliver.send_replace(true);
    if timeout(config.server.shutdown_grace, &mut deliver).await.is_err() {
        warn!("the grace is over; attempts under way are made again after the start");
        deliver.abort();
    }
    stop_alerts.send_replace(true);
    if timeout(ALERT_GRACE, &mut alerts).await.is_err() {
        alerts.abort();
    }
    stop_api.send_replace(true);
    if timeout(INGEST_GRACE, &mut api).await.is_err() {
        api.abort();
    }
    tokio::task::spawn_blocking(move || store.close()).await?;
    info!("stopped; everything acknowledged is on disk");
    Ok(())
}

/// Carries out the bulk operations that people start, and those that an earlier run left.
async fn carry_out(store: Store, stop: watch::Receiver<bool>) {
    store.run_bulk_operations(stop).await;
}

/// Makes every outgoing connection of this process.
fn connector(config: &Config) -> Connector {
    let limits = AnswerLimits {
        response_body_bytes_max: config.delivery.response_body_bytes_max,
        ..AnswerLimits::default()
    };
    Connector::new(Guard::new(config.delivery.allow_networks.clone()), limits)
}

fn seed() -> anyhow::Result<u64> {
    getrandom::u64().map_err(|error| anyhow::anyhow!("the system gives no random numbers: {error}"))
}

impl StopSignals {
    fn new() -> anyhow::Result<Self> {
        let listen = |kind| signal(kind).context("cannot listen for signals");
        Ok(Self { terminate: listen(SignalKind::terminate())?, interrupt: listen(SignalKind::interrupt())? })
    }

    /// Waits for one of them.
    async fn received(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
