//! One API server per test, on a port of its own, and a client that remembers every answer.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use hookyard_api::configured::describe;
use hookyard_api::server::{Api, Logins, Options};
use hookyard_model::access::Scope;
use hookyard_model::clock::{Clock, Timestamp};
use hookyard_model::id::ProjectId;
use hookyard_model::secret::Secret;
use hookyard_store::Faults;
use hookyard_store::catalog::NewApiKey;
use hookyard_store::catalog::audit;
use hookyard_store::store::{Options as StoreOptions, Store};
use http::{HeaderMap, Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use prometheus_client::registry::Registry;
use serde_json::Value;
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// When a test begins; the clock stands still unless a test moves it.
pub(crate) const START: Timestamp = Timestamp::from_ms(1_800_000_000_000);

/// The system's number for "no space left on device".
pub(crate) const ENOSPC: i32 = 28;

/// A running API and its store.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) store: Store,
    pub(crate) clock: Clock,
    pub(crate) shutdown: watch::Sender<bool>,
    pub(crate) serving: JoinHandle<std::io::Result<()>>,
    /// The key that calls show unless they bring their own credentials.
    key: Option<String>,
    /// Every answer's head and body so far.
    answers: Mutex<Vec<u8>>,
    _directory: TempDir,
}

/// An API key that a test made.
pub(crate) struct SeededKey {
    pub(crate) id: String,
    pub(crate) text: String,
}

/// An answer, read to its end; of a stream only the head.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    /// The body as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {:?}", String::from_utf8_lossy(&self.body)))
    }

    /// A header's value, empty where there is none.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }

    /// Checks the shape that every error has, and returns its code and the field it names.
    pub(crate) fn problem(&self) -> (u16, String, Option<String>) {
        assert_eq!(self.header("content-type"), "application/problem+json", "{self:?}");
        let json = self.json();
        let text = |name: &str| json[name].as_str().unwrap_or_default().to_owned();
        assert_eq!(json["status"], self.status.as_u16());
        assert_eq!(text("type"), format!("/problems/{}", text("code").replace('_', "-")));
        assert!(!text("title").is_empty() && !text("detail").is_empty(), "{json}");
        (self.status.as_u16(), text("code"), json["field"].as_str().map(str::to_owned))
    }

    /// The JSON of a call that succeeded.
    pub(crate) fn ok(&self) -> Value {
        assert!(self.status.is_success(), "{} {}", self.status, String::from_utf8_lossy(&self.body));
        self.json()
    }
}

impl Server {
    /// A server without a key.
    pub(crate) async fn start() -> Self {
        Self::with(Options::default()).await
    }

    /// A server with these options.
    pub(crate) async fn with(options: Options) -> Self {
        Self::with_faults(options, Arc::default()).await
    }

    /// A server with these options, whose journal can be made to fail.
    pub(crate) async fn with_faults(options: Options, faults: Arc<Faults>) -> Self {
        Self::at("127.0.0.1:0", options, faults).await
    }

    /// A server that is not on loopback only, so that calls need a key.
    pub(crate) async fn beyond_loopback(options: Options) -> Self {
        Self::at("0.0.0.0:0", options, Arc::default()).await
    }

    async fn at(listen: &str, mut options: Options, faults: Arc<Faults>) -> Self {
        if options.logins == Logins::default() {
            // Tests guess a lot, and wait for nothing.
            options.logins.failures_per_minute_max = u32::MAX;
            options.logins.failure_delay = Duration::ZERO;
        }
        let directory = tempfile::tempdir().unwrap();
        let clock = Clock::manual(START);
        let store_options = StoreOptions {
            clock: clock.clone(),
            faults: Some(faults),
            audit: audit::Settings { describe: audit::Describe(describe), ..audit::Settings::default() },
            ..StoreOptions::new(directory.path())
        };
        let store = Store::open(store_options).unwrap();
        store.recovered().await;
        let listener = TcpListener::bind(listen).await.unwrap();
        let address = SocketAddr::from(([127, 0, 0, 1], listener.local_addr().unwrap().port()));
        let (shutdown, stop) = watch::channel(false);
        let key = options.admin_key.as_ref().map(|key| key.expose().to_owned());
        let mut registry = Registry::default();
        let counter = prometheus_client::metrics::counter::Counter::<u64>::default();
        counter.inc_by(7);
        registry.register("stage_things", "Things", counter);
        let api = Api::new(store.clone(), clock.clone(), options, Arc::new(registry));
        let serving = tokio::spawn(api.serve(listener, stop));
        let answers = Mutex::default();
        Self { address, store, clock, shutdown, serving, key, answers, _directory: directory }
    }

    /// A server with this admin key.
    pub(crate) async fn with_key(key: &str) -> Self {
        Self::with(Options { admin_key: Some(Secret::new(key)), ..Options::default() }).await
    }

    /// The project everything is in.
    pub(crate) fn project(&self) -> ProjectId {
        self.store.catalog().snapshot().default_project
    }

    /// Sends a call with exactly these headers.
    pub(crate) async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Answer {
        let stream = TcpStream::connect(self.address).await.unwrap();
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
        let driving = tokio::spawn(connection);
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::new(body.into())).unwrap();
        let (parts, body) = sender.send_request(request).await.unwrap().into_parts();
        let is_stream =
            parts.headers.get("content-type").is_some_and(|it| it.as_bytes() == b"text/event-stream");
        let body = if is_stream { Bytes::new() } else { body.collect().await.unwrap().to_bytes() };
        drop(sender);
        match is_stream {
            true => driving.abort(),
            false => drop(driving.await),
        }
        let mut answers = self.answers.lock().unwrap();
        answers.extend_from_slice(format!("{:?}\n", parts.headers).as_bytes());
        answers.extend_from_slice(&body);
        Answer { status: parts.status, headers: parts.headers, body }
    }

    /// Sends a call as a well-behaved client does.
    pub(crate) async fn call(&self, method: &str, path: &str, body: Option<&Value>) -> Answer {
        self.showing(self.key.as_deref(), method, path, body).await
    }

    /// Sends a call that shows nothing.
    pub(crate) async fn anonymous(&self, method: &str, path: &str, body: Option<&Value>) -> Answer {
        self.showing(None, method, path, body).await
    }

    /// Sends a call that shows this key.
    pub(crate) async fn as_key(&self, key: &str, method: &str, path: &str, body: Option<&Value>) -> Answer {
        self.showing(Some(key), method, path, body).await
    }

    async fn showing(&self, key: Option<&str>, method: &str, path: &str, body: Option<&Value>) -> Answer {
        let host = self.address.to_string();
        let bearer = key.map(|key| format!("Bearer {key}"));
        let mut headers = vec![("host", host.as_str())];
        headers.extend(bearer.as_deref().map(|bearer| ("authorization", bearer)));
        headers.extend(body.map(|_| ("content-type", "application/json")));
        let body = body.map(|body| serde_json::to_vec(body).unwrap()).unwrap_or_default();
        self.send(method, path, &headers, body).await
    }

    /// Makes an API key of the scope admin, not through the API.
    pub(crate) async fn seed_key(&self, name: &str) -> SeededKey {
        let new = NewApiKey { name: name.to_owned(), scope: Scope::Admin, expires_at: None };
        let made = self.store.catalog().create_api_key(self.project(), new).await.unwrap();
        SeededKey { id: made.key.id.to_string(), text: made.text.expose().to_owned() }
    }

    /// Begins a session with this key; what to send as `Cookie`.
    pub(crate) async fn log_in(&self, key: &str) -> String {
        let body = serde_json::json!({"key": key});
        let answer = self.anonymous("POST", "/api/v1/session", Some(&body)).await;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
        answer.header("set-cookie").split(';').next().unwrap().to_owned()
    }

    /// `GET`.
    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.call("GET", path, None).await
    }

    /// `POST`.
    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.call("POST", path, Some(&body)).await
    }

    /// `PATCH`.
    pub(crate) async fn patch(&self, path: &str, body: Value) -> Answer {
        self.call("PATCH", path, Some(&body)).await
    }

    /// `DELETE`.
    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.call("DELETE", path, None).await
    }

    /// Creates something and returns its id.
    pub(crate) async fn create(&self, path: &str, body: Value) -> String {
        let answer = self.post(path, body).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{answer:?}");
        answer.json()["id"].as_str().unwrap().to_owned()
    }

    /// How often a text was in an answer so far.
    pub(crate) fn times_shown(&self, text: &str) -> usize {
        String::from_utf8_lossy(&self.answers.lock().unwrap()).matches(text).count()
    }

    /// Asks again and again until the answer is as wanted, for what the store finds out on its own time.
    pub(crate) async fn get_until(&self, path: &str, wanted: impl Fn(&Answer) -> bool) -> Answer {
        let asking = async {
            loop {
                let answer = self.get(path).await;
                if wanted(&answer) {
                    return answer;
                }
            }
        };
        let answered = tokio::time::timeout(Duration::from_secs(60), asking).await;
        answered.unwrap_or_else(|_| panic!("{path} never answers as wanted"))
    }

    /// All rows of a list, page by page, and how many pages there were.
    pub(crate) async fn pages(&self, path: &str, cursor: &str, limit: usize) -> (Vec<Value>, usize) {
        let (mut rows, mut pages, mut next) = (Vec::new(), 0, None::<String>);
        let joint = if path.contains('?') { '&' } else { '?' };
        loop {
            let past = next.map(|next| format!("&{cursor}={next}")).unwrap_or_default();
            let page = self.get(&format!("{path}{joint}limit={limit}{past}")).await.ok();
            let data = page["data"].as_array().unwrap();
            assert!(data.len() <= limit);
            rows.extend(data.iter().cloned());
            pages += 1;
            let Some(cursor) = page["next"].as_str() else { return (rows, pages) };
            assert_eq!(data.len(), limit, "a page that is not the last is full");
            next = Some(cursor.to_owned());
        }
    }

    /// Ends the server in the orderly way.
    pub(crate) async fn stop(self) {
        self.shutdown.send(true).unwrap();
        let ended = tokio::time::timeout(Duration::from_secs(20), self.serving).await;
        ended.expect("the server ends").unwrap().unwrap();
    }
}
