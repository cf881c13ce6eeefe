//! The admin listener: its limits, the table of routes, and its end.
//!
//! It does not decide whether it may listen where it does: the binary refuses an address other than
//! loopback without an admin key.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::middleware::{from_fn_with_state, map_response};
use axum::response::Response;
use hookyard_model::clock::{Clock, Timestamp};
use hookyard_model::secret::Secret;
use hookyard_outgoing::own::Own;
use hookyard_providers::KeyCache;
use hookyard_store::store::Store;
use hookyard_transform::runner::Runner;
use http::{HeaderValue, Method, header};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use ipnet::IpNet;
use prometheus_client::registry::Registry;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use utoipa_axum::routes;

use crate::carry;
use crate::endpoints;
use crate::guard::{self, Guard, Remote};
use crate::live::{self, Hub};
use crate::metrics::StoreMetrics;
use crate::openapi::{self, Table};
use crate::problem::{Kind, Problem};
use crate::settings::{self, Setting};
use crate::transformations;
use crate::unread::Impatient;
use crate::{
    alerts, api_keys, attempts, audit_entries, bookmarks, bulk_operations, configuration, connections,
    dashboard, destinations, events, filters, health, issues, lanes, leases, metrics, providers, requests,
    session, sources,
};

/// Most connections at a time; further ones wait to be taken.
const CONNECTIONS_MAX: usize = 256;
/// Most calls that wait for events at a time; further ones are refused, so that other calls find a connection.
const RECEIVING_MAX: usize = CONNECTIONS_MAX / 2;
/// How long a head may take to arrive, and an idle connection stays open.
const HEAD_TIME_MAX: Duration = Duration::from_secs(30);
/// How long a client may take nothing of an answer.
const WRITE_TIME_MAX: Duration = Duration::from_secs(30);
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
    /// The bounds of logins.
    pub logins: Logins,
    /// Where everything durable lives, to be shown.
    pub data_directory: String,
    /// The settings of the process, to be shown.
    pub settings: Vec<Setting>,
    /// The public listener, for samples; none where there is none.
    pub own: Option<Own>,
    /// The bounds of live streams.
    pub live: live::Limits,
}

/// The bounds of logins, and of guessing keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logins {
    /// Wrong keys from one address in a minute, beyond which no guess from there is looked at.
    pub failures_per_minute_max: u32,
    /// How long the answer to a wrong key waits.
    pub failure_delay: Duration,
    /// How long a session lasts.
    pub session_lifetime: Duration,
    /// Sessions at a time; the one that ends first makes room.
    pub sessions_max: usize,
    /// Reverse proxies that are believed who called them.
    pub trusted_proxies: Vec<IpNet>,
}

impl Default for Logins {
    fn default() -> Self {
        Self {
            failures_per_minute_max: 10,
            failure_delay: Duration::from_secs(1),
            session_lifetime: Duration::from_secs(12 * 3600),
            sessions_max: 1_000,
            trusted_proxies: Vec::new(),
        }
    }
}

/// The API, ready to be served.
#[derive(Debug)]
pub struct Api {
    admin_key: Option<Secret>,
    logins: Logins,
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
    /// The public listener.
    pub(crate) own: Option<Own>,
    /// One for each call that may wait for events.
    pub(crate) receiving: Semaphore,
    /// What live streams share.
    pub(crate) live: Arc<Hub>,
    /// True once the listener stops: what goes on without end ends then.
    pub(crate) stopping: watch::Sender<bool>,
    /// Held from reading a resource to writing its new form, so that no change is lost between.
    pub(crate) writing: tokio::sync::Mutex<()>,
    pub(crate) started_at: Timestamp,
    pub(crate) data_directory: String,
    pub(crate) settings: Vec<Setting>,
}

impl Api {
    /// The API over this store. `registry` holds what `/metrics` shows besides the store's state.
    pub fn new(store: Store, clock: Clock, options: Options, registry: Arc<Registry>) -> Self {
        let listening_url = options.listening_url.unwrap_or_else(|| LISTENING_URL_DEFAULT.to_owned());
        let shared = Shared {
            started_at: clock.now(),
            data_directory: options.data_directory,
            settings: options.settings,
            store_metrics: StoreMetrics::new(store.clone(), clock.clone()),
            store,
            clock,
            public_url: options.public_url,
            listening_url,
            undelivered_age_max: options.undelivered_age_max,
            keys: options.keys,
            registry,
            transformations: options.transformations,
            own: options.own,
            receiving: Semaphore::new(RECEIVING_MAX),
            live: Hub::new(options.live),
            stopping: watch::Sender::new(false),
            writing: tokio::sync::Mutex::new(()),
        };
        Self { admin_key: options.admin_key, logins: options.logins, shared: Arc::new(shared) }
    }

    /// Serves HTTP/1.1 until `shutdown` becomes true or its sender is dropped; then takes no more
    /// connections, ends live streams, lets calls under way finish for up to 5 s, and returns. Dropping the future ends
    /// all connections.
    ///
    /// # Errors
    /// Where the listener has no address, or an endpoint no scope. A failed accept is logged and made again.
    pub async fn serve(self, listener: TcpListener, shutdown: watch::Receiver<bool>) -> io::Result<()> {
        endpoints::check(&openapi::endpoints()).map_err(io::Error::other)?;
        let Shared { store, clock, public_url, .. } = &*self.shared;
        let known = (store.clone(), clock.clone());
        let address = listener.local_addr()?;
        let guard = Guard::new(self.admin_key.as_ref(), address, known, &self.logins, public_url.clone());
        let stopping = self.shared.stopping.clone();
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
                Ok((stream, remote, slot)) => {
                    let serving = serve_connection(stream, remote, router.clone(), stopped(shutdown.clone()));
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
        stopping.send_replace(true);
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
) -> io::Result<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let slot = Arc::clone(slots).acquire_owned().await.map_err(io::Error::other)?;
    let (stream, remote) = listener.accept().await?;
    Ok((stream, remote, slot))
}

/// Returns once a shutdown has begun.
async fn stopped(mut shutdown: watch::Receiver<bool>) {
    // An error means that nobody is left who could ask for it, which is the end too.
    let _ = shutdown.wait_for(|stop| *stop).await;
}

async fn serve_connection(
    stream: TcpStream,
    remote: SocketAddr,
    router: Router,
    stop: impl Future<Output = ()>,
) {
    // Answers are small and one at a time: waiting for more to send together only delays them.
    let _ = stream.set_nodelay(true);
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEAD_TIME_MAX);
    let router = TowerToHyperService::new(router);
    let with_remote = service_fn(move |mut call: http::Request<Incoming>| {
        call.extensions_mut().insert(Remote(remote.ip()));
        router.call(call)
    });
    let stream = TokioIo::new(Impatient::new(stream, WRITE_TIME_MAX));
    let mut connection = pin!(builder.serve_connection(stream, with_remote));
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
    table()
        .into_router()
        .fallback(dashboard::serve)
        .method_not_allowed_fallback(no_such_method)
        .with_state(Arc::clone(&shared))
        .layer(from_fn_with_state(shared, carry::carry))
        .layer(from_fn_with_state(Arc::new(guard), guard::check))
        .layer(map_response(harden))
}

/// All routes. Each handler says its method and path itself, with what else is to be said of it.
pub(crate) fn table() -> Table {
    Table::default()
        .with(routes!(sources::list, sources::create))
        .with(routes!(sources::show, sources::update, sources::delete))
        .with(routes!(destinations::list, destinations::create))
        .with(routes!(destinations::show, destinations::update, destinations::delete))
        .with(routes!(destinations::rotate_secret))
        .with(routes!(destinations::pause))
        .with(routes!(destinations::resume))
        .with(routes!(leases::receive))
        .with(routes!(leases::acknowledge))
        .with(routes!(leases::refuse))
        .with(routes!(leases::extend))
        .with(routes!(connections::list, connections::create))
        .with(routes!(connections::show, connections::update, connections::delete))
        .with(routes!(configuration::export))
        .with(routes!(configuration::plan))
        .with(routes!(configuration::apply))
        .with(routes!(providers::list))
        .with(routes!(providers::show))
        .with(routes!(requests::list))
        .with(routes!(requests::histogram))
        .with(routes!(requests::show))
        .with(routes!(requests::body))
        .with(routes!(requests::head))
        .with(routes!(events::list))
        .with(routes!(events::histogram))
        .with(routes!(events::show))
        .with(routes!(attempts::list))
        .with(routes!(events::body))
        .with(routes!(events::retry))
        .with(routes!(events::cancel))
        .with(routes!(events::replay))
        .with(routes!(bookmarks::list, bookmarks::create))
        .with(routes!(bookmarks::show, bookmarks::update, bookmarks::delete))
        .with(routes!(bookmarks::request))
        .with(routes!(bookmarks::trigger))
        .with(routes!(bulk_operations::list, bulk_operations::start))
        .with(routes!(bulk_operations::plan))
        .with(routes!(bulk_operations::show))
        .with(routes!(bulk_operations::cancel))
        .with(routes!(issues::list))
        .with(routes!(issues::show))
        .with(routes!(issues::acknowledge))
        .with(routes!(issues::resolve))
        .with(routes!(alerts::list, alerts::create))
        .with(routes!(alerts::show, alerts::update, alerts::delete))
        .with(routes!(alerts::test))
        .with(routes!(attempts::show))
        .with(routes!(transformations::run))
        .with(routes!(filters::run))
        .with(routes!(session::show, session::log_in, session::log_out))
        .with(routes!(api_keys::list, api_keys::create))
        .with(routes!(api_keys::show, api_keys::update, api_keys::delete))
        .with(routes!(api_keys::rotate))
        .with(routes!(audit_entries::list))
        .with(routes!(settings::show))
        .with(routes!(transformations::executions::list))
        .with(routes!(sources::sample::send_sample))
        .with(routes!(live::live))
        .with(routes!(lanes::list))
        .with(routes!(lanes::show))
        .with(routes!(metrics::series::series))
        .with(routes!(metrics::current::current))
        .with(routes!(health::healthz))
        .with(routes!(health::readyz))
        .with(routes!(metrics::metrics))
        .with(routes!(openapi::serve))
        .with(routes!(openapi::page::serve))
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
