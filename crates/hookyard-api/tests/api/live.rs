//! Live streams: what happens is sent as it happens, and who was cut goes on where it was.

use std::time::Duration;

use bytes::Bytes;
use hookyard_api::live::Limits;
use hookyard_api::server::{Logins, Options};
use hookyard_model::event::EventState;
use hookyard_model::request::RejectCause;
use hookyard_model::secret::Secret;
use hookyard_store::accept::Rejection;
use http::{Request, StatusCode};
use http_body_util::{BodyExt as _, Empty};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::harness::Server;
use crate::traffic::{PLAIN_HEAD, Yard, answered};

const PATIENCE: Duration = Duration::from_secs(60);

/// A client of a stream, which reads as an `EventSource` does.
struct Client {
    body: Incoming,
    unread: String,
    /// What it would show to go on.
    last_id: String,
    driving: JoinHandle<()>,
}

#[derive(Clone, Debug, Default, PartialEq)]
struct Message {
    event: String,
    id: String,
    data: Value,
}

impl Drop for Client {
    fn drop(&mut self) {
        self.driving.abort();
    }
}

impl Client {
    async fn open(server: &Server, query: &str, headers: &[(&str, &str)]) -> Self {
        let stream = TcpStream::connect(server.address).await.unwrap();
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
        let driving = tokio::spawn(async move { drop(connection.await) });
        let mut request = Request::builder().uri(format!("/api/v1/live{query}"));
        request = request.header("host", server.address.to_string());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = sender.send_request(request.body(Empty::<Bytes>::new()).unwrap()).await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        assert_eq!(answer.headers()["content-type"], "text/event-stream");
        let body = answer.into_body();
        let mut client = Self { body, unread: String::new(), last_id: String::new(), driving };
        // What it begins with says where it goes on from.
        assert_eq!(client.block().await.unwrap().event, "");
        client
    }

    /// The next block of lines; none where the stream has ended.
    async fn block(&mut self) -> Option<Message> {
        let end = loop {
            if let Some(end) = self.unread.find("\n\n") {
                break end;
            }
            let frame = timeout(PATIENCE, self.body.frame()).await.expect("the stream goes on or ends");
            // One that is cut off does not end, but fails.
            let data = frame?.expect("the stream ends as it should").into_data().unwrap();
            self.unread.push_str(std::str::from_utf8(&data).unwrap());
        };
        let block: String = self.unread.drain(..end + 2).collect();
        let mut message = Message::default();
        for line in block.lines().filter(|line| !line.is_empty() && !line.starts_with(':')) {
            match line.split_once(": ").unwrap() {
                ("event", event) => message.event = event.to_owned(),
                ("id", id) => message.id = id.to_owned(),
                ("data", data) => message.data = serde_json::from_str(data).unwrap(),
                ("retry", ms) => assert_eq!(ms, "1000"),
                other => panic!("{other:?}"),
            }
        }
        self.last_id = message.id.clone();
        Some(message)
    }

    /// The next message.
    async fn next(&mut self) -> Message {
        loop {
            let block = self.block().await.expect("the stream goes on");
            if !block.event.is_empty() {
                return block;
            }
        }
    }

    /// Reads until a message is as wanted.
    async fn until(&mut self, wanted: impl Fn(&Message) -> bool) -> Message {
        loop {
            let message = self.next().await;
            if wanted(&message) {
                return message;
            }
        }
    }

    /// Reads to the end of the stream.
    async fn rest(mut self) -> Vec<Message> {
        let mut messages = Vec::new();
        while let Some(message) = self.block().await {
            messages.push(message);
        }
        messages
    }
}

/// A request that was accepted, routed and delivered.
async fn delivered(server: &Server, yard: &mut Yard) -> String {
    let event = yard.event(server).await;
    yard.attempt(server, answered(200, b""), EventState::Successful).await;
    event.to_string()
}

#[tokio::test]
async fn messages_carry_the_rows_of_lists() {
    let server = Server::start().await;
    let mut yard = Yard::lay_out(&server).await;
    let mut client = Client::open(&server, "", &[]).await;
    let event = delivered(&server, &mut yard).await;
    let request = |message: &Message| message.event == "request" && message.data["events"] == json!(1);
    let request = client.until(request).await;
    let shown =
        client.until(|message| message.event == "event" && message.data["state"] == "successful").await;
    let attempt = client.until(|message| message.event == "attempt").await;
    for (path, message) in [
        ("/api/v1/requests".to_owned(), request),
        ("/api/v1/events".to_owned(), shown),
        (format!("/api/v1/events/{event}/attempts"), attempt),
    ] {
        assert_eq!(server.get(&path).await.ok()["data"], json!([message.data]), "{path}");
    }
}

#[tokio::test]
async fn a_stream_is_narrowed_down() {
    let server = Server::start().await;
    let mut yard = Yard::lay_out(&server).await;
    let (source, connection, destination) = (yard.source, yard.connection, yard.destination);
    let start = server.store.now();
    server.store.reject(Rejection {
        project: server.project(),
        source: None,
        received_at: server.clock.now(),
        remote: [192, 0, 2, 8].into(),
        head: Bytes::from_static(PLAIN_HEAD),
        body: Bytes::new(),
        body_bytes: 0,
        cause: RejectCause::UnknownSource,
        detail: "no source has this token".to_owned(),
    });
    delivered(&server, &mut yard).await;
    let event = delivered(&server, &mut yard).await;
    let request = server.get(&format!("/api/v1/events/{event}")).await.ok()["request_id"].clone();
    let request = request.as_str().unwrap();
    for (query, kinds, last) in [
        (String::new(), "attempt event request", "attempt"),
        ("types=attempt".to_owned(), "attempt", "attempt"),
        ("types=event,request".to_owned(), "event request", "event"),
        (format!("source_id={source}"), "attempt event request", "attempt"),
        (format!("connection_id={connection}"), "attempt event", "attempt"),
        (format!("destination_id={destination}"), "attempt event", "attempt"),
        (format!("request_id={request}&types=request"), "request", "request"),
    ] {
        let mut client = Client::open(&server, &format!("?after={start}&{query}"), &[]).await;
        let mut seen = Vec::new();
        loop {
            let message = client.next().await;
            seen.push(message.clone());
            let id = message.data[if last == "attempt" { "event_id" } else { "id" }].clone();
            if message.event == last && (id == json!(event) || id == json!(request)) {
                break;
            }
        }
        let mut found: Vec<&str> = seen.iter().map(|message| message.event.as_str()).collect();
        found.sort_unstable();
        found.dedup();
        assert_eq!(found.join(" "), kinds, "{query}");
        let has_rejected = seen.iter().any(|message| message.data["status"] == json!("rejected"));
        let shows_it = query.is_empty() || query.starts_with("types=event");
        assert_eq!(has_rejected, shows_it, "{query}");
        assert!(!query.starts_with("request_id") || seen.len() == 1, "{seen:?}");
    }
}

#[tokio::test]
async fn who_was_cut_goes_on_where_it_was() {
    let server = Server::start().await;
    let mut yard = Yard::lay_out(&server).await;
    let mut client = Client::open(&server, "", &[]).await;
    delivered(&server, &mut yard).await;
    client.until(|message| message.event == "attempt").await;
    let last_id = client.last_id.clone();
    drop(client);
    let missed = delivered(&server, &mut yard).await;
    let of_missed = |message: &Message| message.event == "event" && message.data["id"] == json!(missed);
    let mut client = Client::open(&server, &format!("?after={last_id}"), &[]).await;
    client.until(of_missed).await;
    // A browser shows what it has seen beside the URL that it was given first.
    let header = [("last-event-id", last_id.as_str())];
    let mut resumed = Client::open(&server, "?after=1-64", &header).await;
    let first = resumed.next().await;
    assert_eq!(
        (first.event.as_str(), &first.data["source_id"]),
        ("request", &json!(yard.source.to_string()))
    );
    // What happens from now on reaches both.
    let next = delivered(&server, &mut yard).await;
    for client in [&mut client, &mut resumed] {
        client.until(|message| message.event == "event" && message.data["id"] == json!(next)).await;
    }
}

#[tokio::test]
async fn what_is_not_at_hand_is_told_as_a_gap() {
    let limits = Limits { resume_bytes_max: 64, ..Limits::default() };
    let server = Server::with(Options { live: limits, ..Options::default() }).await;
    let mut yard = Yard::lay_out(&server).await;
    let start = server.store.now().to_string();
    delivered(&server, &mut yard).await;
    for after in [start.as_str(), "1-72", "9-64"] {
        let mut client = Client::open(&server, &format!("?after={after}"), &[]).await;
        let gap = client.next().await;
        let now = server.store.now().to_string();
        assert_eq!((gap.event.as_str(), &gap.id), ("gap", &now));
        assert_eq!(gap.data, json!({"from": after, "to": now}));
        let event = delivered(&server, &mut yard).await;
        client.until(|message| message.event == "event" && message.data["id"] == json!(event)).await;
    }
}

#[tokio::test]
async fn who_is_too_slow_is_cut_with_a_gap() {
    let limits = Limits { buffer_bytes_max: 1, ..Limits::default() };
    let server = Server::with(Options { live: limits, ..Options::default() }).await;
    let mut yard = Yard::lay_out(&server).await;
    // Nothing is kept for it, so whatever it does not hear at once it misses.
    let client = Client::open(&server, "", &[]).await;
    yard.event(&server).await;
    let messages = client.rest().await;
    let gap = messages.last().unwrap();
    assert_eq!(gap.event, "gap", "{messages:?}");
    assert_eq!(gap.data["to"], json!(gap.id));
}

#[tokio::test]
async fn streams_end_with_the_server_at_once() {
    let server = Server::start().await;
    let client = Client::open(&server, "", &[]).await;
    let reading = tokio::spawn(client.rest());
    server.stop().await;
    reading.await.expect("it is not cut off when the time of calls under way is over");
}

#[tokio::test]
async fn streams_are_bounded_and_give_their_place_back() {
    let limits = Limits { streams_max: 1, ..Limits::default() };
    let server = Server::with(Options { live: limits, ..Options::default() }).await;
    let client = Client::open(&server, "", &[]).await;
    let refused = server.get("/api/v1/live").await;
    assert_eq!(refused.problem(), (503, "busy".to_owned(), None));
    assert!(!refused.header("retry-after").is_empty());
    drop(client);
    let ended = async {
        // What answers with a stream would not end: a call with a wrong parameter is judged before there is a place.
        loop {
            let stream = TcpStream::connect(server.address).await.unwrap();
            let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
            let driving = tokio::spawn(async move { drop(connection.await) });
            let request = Request::builder().uri("/api/v1/live").header("host", server.address.to_string());
            let answer = sender.send_request(request.body(Empty::<Bytes>::new()).unwrap()).await.unwrap();
            driving.abort();
            if answer.status() == StatusCode::OK {
                break;
            }
        }
    };
    timeout(PATIENCE, ended).await.expect("a place is given back");
}

#[tokio::test]
async fn a_stream_ends_at_its_time() {
    let limits = Limits { stream_time_max: Duration::from_millis(1), ..Limits::default() };
    let server = Server::with(Options { live: limits, ..Options::default() }).await;
    let client = Client::open(&server, "", &[]).await;
    assert_eq!(client.rest().await, []);
}

/// What a stream that was opened with these headers tells last once `ending` has happened.
async fn end_of(server: &Server, headers: &[(&str, &str)], ending: impl AsyncFnOnce()) -> Message {
    let client = Client::open(server, "", headers).await;
    ending().await;
    let told = client.rest().await.pop().expect("it is told why it ends");
    let host = server.address.to_string();
    let again = [&[("host", host.as_str())][..], headers].concat();
    assert_eq!(server.send("GET", "/api/v1/live", &again, "").await.status, 401);
    told
}

#[tokio::test]
async fn a_stream_ends_with_its_key() {
    let server = Server::with_key("the-admin-key-of-this-test").await;
    let made = async |fields: Value| {
        let made = server.post("/api/v1/api_keys", fields).await.ok();
        let text = made["key_generated"].as_str().unwrap().to_owned();
        (format!("/api/v1/api_keys/{}", made["id"].as_str().unwrap()), format!("Bearer {text}"))
    };
    let mut yard = Yard::lay_out(&server).await;
    let bearer = ("authorization", "Bearer the-admin-key-of-this-test");
    let mut other = Client::open(&server, "", &[bearer]).await;

    let (path, bearer) = made(json!({"name": "deleted", "scope": "read"})).await;
    let headers = [("authorization", bearer.as_str())];
    let told = end_of(&server, &headers, async || drop(server.delete(&path).await)).await;
    assert_eq!((told.event.as_str(), told.data), ("end", json!({"reason": "key_deleted"})));
    assert_eq!(told.id, "", "what was sent before may not have got there");

    // The text until now goes on for its overlap, and no longer.
    let (path, bearer) = made(json!({"name": "rotated", "scope": "read"})).await;
    let headers = [("authorization", bearer.as_str())];
    let rotate = async |overlap_ms: u64| {
        server.post(&format!("{path}/rotate"), json!({"overlap_ms": overlap_ms})).await.ok();
    };
    let told = end_of(&server, &headers, async || {
        rotate(60_000).await;
        let mut goes_on = Client::open(&server, "", &headers).await;
        delivered(&server, &mut yard).await;
        goes_on.until(|message| message.event == "attempt").await;
        rotate(0).await;
    });
    assert_eq!(told.await.data, json!({"reason": "key_rotated"}));
    let (path, bearer) = made(json!({"name": "rotated-too", "scope": "read"})).await;
    server.post(&format!("{path}/rotate"), json!({"overlap_ms": 20})).await.ok();
    let headers = [("authorization", bearer.as_str())];
    let over = async || server.clock.advance(Duration::from_millis(20));
    assert_eq!(end_of(&server, &headers, over).await.data, json!({"reason": "key_rotated"}));

    let expires_at = "2027-01-15T08:00:00.100Z";
    let (_, bearer) = made(json!({"name": "over", "scope": "read", "expires_at": expires_at})).await;
    let headers = [("authorization", bearer.as_str())];
    let over = async || server.clock.advance(Duration::from_millis(80));
    assert_eq!(end_of(&server, &headers, over).await.data, json!({"reason": "key_expired"}));

    let event = delivered(&server, &mut yard).await;
    other.until(|message| message.event == "event" && message.data["id"] == json!(event)).await;
}

#[tokio::test]
async fn a_stream_ends_with_its_session() {
    let logins = Logins { session_lifetime: Duration::from_secs(1), ..Logins::default() };
    let admin_key = Some(Secret::new("the-admin-key-of-this-test"));
    let server = Server::with(Options { admin_key, logins, ..Options::default() }).await;
    let host = server.address.to_string();
    let log_out = async |cookie: &str| {
        let headers = [("host", host.as_str()), ("sec-fetch-site", "same-origin"), ("cookie", cookie)];
        assert_eq!(server.send("DELETE", "/api/v1/session", &headers, "").await.status, 204);
    };
    let ended = json!({"reason": "session_ended"});
    let cookie = server.log_in("the-admin-key-of-this-test").await;
    let told = end_of(&server, &[("cookie", &cookie)], async || log_out(&cookie).await).await;
    assert_eq!((told.event.as_str(), &told.data), ("end", &ended));

    let seeded = server.seed_key("someone").await;
    let cookie = server.log_in(&seeded.text).await;
    let path = format!("/api/v1/api_keys/{}", seeded.id);
    let rotate = async || drop(server.post(&format!("{path}/rotate"), json!({})).await.ok());
    let told = end_of(&server, &[("cookie", &cookie)], rotate).await;
    assert_eq!(told.data, json!({"reason": "key_rotated"}), "though the old text is still taken as a key");

    let cookie = server.log_in(&seeded.text).await;
    let told = end_of(&server, &[("cookie", &cookie)], async || drop(server.delete(&path).await)).await;
    assert_eq!(told.data, json!({"reason": "key_deleted"}));

    let cookie = server.log_in("the-admin-key-of-this-test").await;
    let over = async || server.clock.advance(Duration::from_secs(1));
    assert_eq!(end_of(&server, &[("cookie", &cookie)], over).await.data, ended);
}

#[tokio::test]
async fn wrong_cursors_and_types_are_named() {
    let server = Server::start().await;
    for (query, field) in [
        ("types=requests", "types"),
        ("types=", "types"),
        ("types=event,,attempt", "types"),
        ("after=", "after"),
        ("after=12", "after"),
        ("source_id=x", "source_id"),
        ("limit=5", "limit"),
    ] {
        let (status, code, named) = server.get(&format!("/api/v1/live?{query}")).await.problem();
        let expected = if field == "limit" { "unknown_parameter" } else { "invalid_parameter" };
        assert_eq!((status, code.as_str(), named.as_deref()), (422, expected, Some(field)), "{query}");
    }
    let host = server.address.to_string();
    let headers = [("host", host.as_str()), ("last-event-id", "new")];
    let (status, code, named) = server.send("GET", "/api/v1/live", &headers, "").await.problem();
    assert_eq!((status, code.as_str(), named.as_deref()), (422, "invalid_parameter", Some("Last-Event-ID")));
}
