//! The admin listener: its limits, the table of routes, and its end.
//!
//! It does not decide whether it may listen where it does: the binary refuses an address other than
//! loopback without an admin key.

use std::future::Future;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::middleware::{from_fn_with_state, map_response};
use axum::response::Response;
use axum::routing::{get, post};
use hookyard_model::clock::Clock;
use hookyard_model::secret::Secret;
use hookyard_providers::KeyCache;
use hookyard_store::by_hand::Action;
use hookyard_store::store::Store;
use hookyard_transform::runner::Runner;
use http::{HeaderValue, Method, header};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use prometheus_client::registry::Registry;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;

use crate::guard::{self, Guard};
use crate::metrics::StoreMetrics;
use crate::problem::{Kind, Problem};
use crate::transformations;
use crate::{
    alerts, attempts, bulk_operations, connections, dashboard, destinations, events, health, issues, leases,
    metrics, providers, requests, sources,
};

/// Most connections at a time; further ones wait to be taken.
const CONNECTIONS_MAX: usize = 256;
/// Most calls that wait for events at a time; further ones are refused, so that other calls find a connection.
const RECEIVING_MAX: usize = CONNECTIONS_MAX / 2;
/// How long a head may take to arrive, and an idle connection stays open.
const HEAD_TIME_MAX: Duration = Duration::from_secs(30);
/// How long calls under way may take after the shutdown began.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(5);
/// How long to wait after a failed accept, for example for want of file descriptors.
const ACCEPT_RETRY_AFTER: Duration = Duration::from_millis(100);
/// A source's URL begins with this where nothing is known.
const LISTENING_URL_DEFAULT: &str = "http://127.0.0.1:4400";

/// What can be set.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The key that every call has to show; none for no login, which is for loopback only.
    pub admin_key: Option<Secret>,
    /// What the URLs that providers are given begin with, without a closing slash; none where nobody said.
    pub public_url: Option<String>,
    /// What a source's URL begins with where there is no public one: the public listener's address.
    pub listening_url: Option<String>,
    /// `/readyz` fails while an event is undelivered for longer than this; none for never.
    pub undelivered_age_max: Option<Duration>,
    /// The keys that were fetched from providers, for the diagnosis of what was refused with them.
    pub keys: KeyCache,
    /// What tries transformations: the same that runs those of connections.
    pub transformations: Runner,
}

/// The API, ready to be served.
#[derive(Debug)]
pub struct Api {
    admin_key: Option<Secret>,
    shared: Arc<Shared>,
}

/// What the handlers share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) store: Store,
    pub(crate) clock: Clock,
    /// What the URLs that providers are given begin with, without a closing slash.
    pub(crate) public_url: Option<String>,
    /// The same of URLs on this machine.
    pub(crate) listening_url: String,
    pub(crate) undelivered_age_max: Option<Duration>,
    pub(crate) keys: KeyCache,
    /// The metrics of all stages.
    pub(crate) registry: Arc<Registry>,
    /// The metrics that are read from the store at each scrape.
    pub(crate) store_metrics: StoreMetrics,
    /// Tries transformations.
    pub(crate) transformations: Runner,
    /// One for each call that may wait for events.
    pub(crate) receiving: Semaphore,
    /// Held from reading a resource to writing its new form, so that no change is lost between.
    pub(crate) writing: tokio::sync::Mutex<()>,
}

impl Api {
    /// The API over this store. `registry` holds what `/metrics` shows besides the store's state.
    pub fn new(store: Store, clock: Clock, options: Options, registry: Arc<Registry>) -> Self {
        let listening_url = options.listening_url.unwrap_or_else(|| LISTENING_URL_DEFAULT.to_owned());
        let shared = Shared {
            store_metrics: StoreMetrics::new(store.clone(), clock.clone()),
            store,
            clock,
            public_url: options.public_url,
            listening_url,
            undelivered_age_max: options.undelivered_age_max,
            keys: options.keys,
            registry,
            transformations: options.transformations,
            receiving: Semaphore::new(RECEIVING_MAX),
            writing: tokio::sync::Mutex::new(()),
        };
        Self { admin_key: options.admin_key, shared: Arc::new(shared) }
    }

    /// Serves HTTP/1.1 until `shutdown` becomes true or its sender is dropped; then takes no more
    /// connections, lets calls under way finish for up to 5 s, and returns. Dropping the future ends
    /// all connections.
    ///
    /// # Errors
    /// Where the listener has no address. A failed accept is logged and made again.
    pub async fn serve(self, listener: TcpListener, shutdown: watch::Receiver<bool>) -> io::Result<()> {
        let guard = Guard::new(self.admin_key.as_ref(), listener.local_addr()?);
        let router = router(self.shared, guard);
        let slots = Arc::new(Semaphore::new(CONNECTIONS_MAX));
        let mut connections = JoinSet::new();
        let mut stop = pin!(stopped(shutdown.clone()));
        loop {
            let accepted = tokio::select! {
                accepted = accept(&listener, &slots) => accepted,
                () = &mut stop => break,
            };
            match accepted {
                Ok((stream, slot)) => {
                    let serving = serve_connection(stream, router.clone(), stopped(shutdown.clone()));
                    connections.spawn(async move {
                        serving.await;
                        drop(slot);
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "the admin listener failed to accept a connection");
                    tokio::time::sleep(ACCEPT_RETRY_AFTER).await;
                }
            }
            while connections.try_join_next().is_some() {}
        }
        drop(listener);
        let finished = async { while connections.join_next().await.is_some() {} };
        if tokio::time::timeout(SHUTDOWN_GRACE, finished).await.is_err() {
            tracing::warn!("API calls that were still under way were cut off");
        }
        Ok(())
    }
}

/// Takes the next connection once there is a slot for it.
async fn accept(
    listener: &TcpListener,
    slots: &Arc<Semaphore>,
) -> io::Result<(TcpStream, OwnedSemaphorePermit)> {
    let slot = Arc::clone(slots).acquire_owned().await.map_err(io::Error::other)?;
    let (stream, _) = listener.accept().await?;
    Ok((stream, slot))
}

/// Returns once a shutdown has begun.
async fn stopped(mut shutdown: watch::Receiver<bool>) {
    // An error means that nobody is left who could ask for it, which is the end too.
    let _ = shutdown.wait_for(|stop| *stop).await;
}

async fn serve_connection(stream: TcpStream, router: Router, stop: impl Future<Output = ()>) {
    // Answers are small and one at a time: waiting for more to send together only delays them.
    let _ = stream.set_nodelay(true);
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEAD_TIME_MAX);
    let mut connection =
        pin!(builder.serve_connection(TokioIo::new(stream), TowerToHyperService::new(router)));
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection to the admin listener broke");
    }
}

fn router(shared: Arc<Shared>, guard: Guard) -> Router {
    Router::new()
        .route("/api/v1/sources", get(sources::list).post(sources::create))
        .route("/api/v1/sources/{id}", get(sources::show).patch(sources::update).delete(sources::delete))
        .route("/api/v1/destinations", get(destinations::list).post(destinations::create))
        .route(
            "/api/v1/destinations/{id}",
            get(destinations::show).patch(destinations::update).delete(destinations::delete),
        )
        .route("/api/v1/destinations/{id}/rotate-secret", post(destinations::rotate_secret))
        .route("/api/v1/destinations/{id}/pause", destinations::pausing(true))
        .route("/api/v1/destinations/{id}/resume", destinations::pausing(false))
        .route("/api/v1/destinations/{id}/receive", post(leases::receive))
        .route("/api/v1/destinations/{id}/ack", post(leases::acknowledge))
        .route("/api/v1/destinations/{id}/nack", post(leases::refuse))
        .route("/api/v1/destinations/{id}/extend", post(leases::extend))
        .route("/api/v1/connections", get(connections::list).post(connections::create))
        .route(
            "/api/v1/connections/{id}",
            get(connections::show).patch(connections::update).delete(connections::delete),
        )
        .route("/api/v1/providers", get(providers::list))
        .route("/api/v1/providers/{name}", get(providers::show))
        .route("/api/v1/requests", get(requests::list))
        .route("/api/v1/requests/{id}", get(requests::show))
        .route("/api/v1/requests/{id}/body", get(requests::body))
        .route("/api/v1/requests/{id}/head", get(requests::head))
        .route("/api/v1/events", get(events::list))
        .route("/api/v1/events/{id}", get(events::show))
        .route("/api/v1/events/{id}/attempts", get(attempts::list))
        .route("/api/v1/events/{id}/body", get(events::body))
        .route("/api/v1/events/{id}/retry", events::acting(Action::Retry))
        .route("/api/v1/events/{id}/cancel", events::acting(Action::Cancel))
        .route("/api/v1/events/{id}/replay", events::acting(Action::Replay))
        .route("/api/v1/bulk_operations", get(bulk_operations::list).post(bulk_operations::start))
        .route("/api/v1/bulk_operations/plan", post(bulk_operations::plan))
        .route("/api/v1/bulk_operations/{id}", get(bulk_operations::show))
        .route("/api/v1/bulk_operations/{id}/cancel", post(bulk_operations::cancel))
        .route("/api/v1/issues", get(issues::list))
        .route("/api/v1/issues/{id}", get(issues::show))
        .route("/api/v1/issues/{id}/acknowledge", post(issues::acknowledge))
        .route("/api/v1/issues/{id}/resolve", post(issues::resolve))
        .route("/api/v1/alerts", get(alerts::list).post(alerts::create))
        .route("/api/v1/alerts/{id}", get(alerts::show).patch(alerts::update).delete(alerts::delete))
        .route("/api/v1/alerts/{id}/test", post(alerts::test))
        .route("/api/v1/attempts/{id}", get(attempts::show))
        .route("/api/v1/transformations/run", post(transformations::run))
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .route("/metrics", get(metrics::metrics))
        .fallback(dashboard::serve)
        .method_not_allowed_fallback(no_such_method)
        .with_state(shared)
        .layer(from_fn_with_state(Arc::new(guard), guard::check))
        .layer(map_response(harden))
}

async fn no_such_method(method: Method) -> Problem {
    Problem::new(
        Kind::MethodNotAllowed,
        format!("the path does not take {method}: see `Allow` for what it takes"),
    )
}

/// Answers hold what strangers sent: no cache keeps them, and no browser guesses what they are. The dashboard's files say
/// themselves how long they are good for.
async fn harden(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}
