//! Client credentials against a token endpoint that does what it is told: when tokens are fetched, how often, and
//! what an attempt comes to where there is none. `crates/hookyard/tests/gateway/auth.rs` has a real one.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use hookyard_deliver::send::{Sender, Sent, Shipment};
use hookyard_deliver::target::Target;
use hookyard_model::attempt::ErrorKind;
use hookyard_model::auth::{Auth, ClientAuth, OAuth2};
use hookyard_model::clock::Timestamp;
use hookyard_model::destination::Http;
use hookyard_model::secret::Secret;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use crate::peer::{self, Act, NOW, OK, Peer};

const REFUSED: &[u8] = b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n";

/// A token endpoint that numbers its tokens: `token-0`, `token-1`, each for so many seconds.
struct TokenServer {
    url: String,
    asked: Arc<AtomicUsize>,
    requests: mpsc::UnboundedReceiver<String>,
}

impl TokenServer {
    async fn start(expires_in_s: u64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/token", listener.local_addr().unwrap());
        let asked = Arc::<AtomicUsize>::default();
        let counter = Arc::clone(&asked);
        let (seen, requests) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let (counter, seen) = (Arc::clone(&counter), seen.clone());
                tokio::spawn(async move {
                    while let Some(request) = peer::read_request(&mut stream).await {
                        seen.send(String::from_utf8(request).unwrap()).unwrap();
                        let number = counter.fetch_add(1, Ordering::SeqCst);
                        let body = format!(
                            "{{\"access_token\":\"token-{number}\",\"token_type\":\"Bearer\",\"expires_in\":{expires_in_s}}}"
                        );
                        let answer =
                            format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len());
                        let _ = stream.write_all(answer.as_bytes()).await;
                    }
                });
            }
        });
        Self { url, asked, requests }
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

fn target_within(peer: &Peer, token_url: &str, timeout: Duration) -> Target {
    let auth = Auth::OAuth2(OAuth2 {
        token_url: token_url.to_owned(),
        client_id: "me".to_owned(),
        client_secret: Secret::new("hunter2"),
        client_auth: ClientAuth::Basic,
        scope: Some("write".to_owned()),
        audience: Some("https://api.test".to_owned()),
    });
    Target::new(&peer::endpoint(Http { auth, timeout, ..Http::at(peer.url()) })).unwrap()
}

fn target(peer: &Peer, token_url: &str) -> Target {
    target_within(peer, token_url, Duration::from_secs(60))
}

async fn post_at(sender: &Sender, target: &Target, now: Timestamp) -> Sent {
    let request = peer::request(b"POST /t HTTP/1.1\r\nAuthorization: Bearer of-the-sender\r\n\r\n", b"hello");
    sender.attempt(&mut None, target, &Shipment { now, ..peer::shipment(&request) }).await
}

/// The `authorization` lines of the next request that arrives.
async fn authorization(peer: &mut Peer) -> Vec<String> {
    let arrived = String::from_utf8(peer.request().await).unwrap();
    arrived.lines().filter_map(|line| line.strip_prefix("authorization: ")).map(str::to_owned).collect()
}

#[tokio::test]
async fn a_token_is_fetched_once_and_again_shortly_before_its_end() {
    let mut tokens = TokenServer::start(600).await;
    let mut peer = Peer::answering(OK).await;
    let (sender, target) = (peer::sender(), target(&peer, &tokens.url));
    for (after_s, expected) in [(0, 0), (1, 0), (539, 0), (540, 1), (541, 1)] {
        let sent = post_at(&sender, &target, NOW.plus(Duration::from_secs(after_s))).await;
        assert_eq!(peer::response(sent).status, 200);
        assert_eq!(authorization(&mut peer).await, [format!("Bearer token-{expected}")], "after {after_s} s");
    }
    assert_eq!(tokens.asked(), 2);
    let asked = tokens.requests.recv().await.unwrap();
    assert!(asked.starts_with("POST /token HTTP/1.1\r\n"), "{asked}");
    assert!(asked.contains("\r\nauthorization: Basic bWU6aHVudGVyMg==\r\n"), "{asked}");
    let body = "\r\n\r\ngrant_type=client_credentials&scope=write&audience=https%3A%2F%2Fapi.test";
    assert!(asked.ends_with(body), "{asked}");
}

#[tokio::test]
async fn many_attempts_at_once_wait_for_one_fetch() {
    let tokens = TokenServer::start(600).await;
    let peer = Peer::answering(OK).await;
    let (sender, target) = (peer::sender(), target(&peer, &tokens.url));
    let attempts = (0..16).map(|_| {
        let (sender, target) = (sender.clone(), target.clone());
        tokio::spawn(async move { peer::response(post_at(&sender, &target, NOW).await).status })
    });
    for attempt in attempts.collect::<Vec<_>>() {
        assert_eq!(attempt.await.unwrap(), 200);
    }
    assert_eq!(tokens.asked(), 1);
}

#[tokio::test]
async fn a_token_that_is_refused_is_fetched_anew_within_the_attempt() {
    let tokens = TokenServer::start(600).await;
    // The first request on the second connection finds its token revoked; what follows is fine.
    let revoked = |place: (usize, usize)| vec![Act::Write(if place == (1, 0) { REFUSED } else { OK })];
    let mut peer = Peer::start(move |connection, number| revoked((connection, number))).await;
    let (sender, target) = (peer::sender(), target(&peer, &tokens.url));
    assert_eq!(peer::response(post_at(&sender, &target, NOW).await).status, 200);
    assert_eq!(authorization(&mut peer).await, ["Bearer token-0"]);
    assert_eq!(peer::response(post_at(&sender, &target, NOW).await).status, 200);
    assert_eq!(authorization(&mut peer).await, ["Bearer token-0"]);
    assert_eq!(authorization(&mut peer).await, ["Bearer token-1"]);
    assert_eq!(peer::response(post_at(&sender, &target, NOW).await).status, 200);
    assert_eq!(authorization(&mut peer).await, ["Bearer token-1"]);
    assert_eq!((tokens.asked(), peer.connections()), (2, 3));
}

#[tokio::test]
async fn a_new_token_that_is_refused_is_not_fetched_again() {
    let tokens = TokenServer::start(600).await;
    let peer = Peer::answering(REFUSED).await;
    let (sender, target) = (peer::sender(), target(&peer, &tokens.url));
    assert_eq!(peer::response(post_at(&sender, &target, NOW).await).status, 401);
    assert_eq!(tokens.asked(), 1);
    assert_eq!(peer::response(post_at(&sender, &target, NOW).await).status, 401);
    assert_eq!(tokens.asked(), 2);
}

#[tokio::test]
async fn where_there_is_no_token_nothing_is_sent() {
    let peer = Peer::answering(OK).await;
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let refusing = Peer::answering(
        b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 26\r\n\r\n{\"error\":\"invalid_client\"}",
    )
    .await;
    let moved = Peer::answering(b"HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n").await;
    for (url, part) in [
        (format!("http://{closed}/"), "connection refused"),
        (refusing.url(), "answered 401: invalid_client"),
        (moved.url(), "answered 302"),
        // Nothing goes over a public network in the clear, and nothing at all into a private one.
        ("http://192.0.2.1/".to_owned(), "it is in"),
        ("https://10.0.0.1/".to_owned(), "it is in"),
    ] {
        let sent = post_at(&peer::sender(), &target(&peer, &url), NOW).await;
        assert!(!format!("{sent:?}").contains("hunter2"));
        peer::assert_error(sent, ErrorKind::Token, part);
    }
    assert_eq!(peer.connections(), 0);
}

#[tokio::test]
async fn a_token_endpoint_that_hangs_ends_with_the_attempts_timeout() {
    let hanging = Peer::start(|_, _| vec![Act::Hang]).await;
    let peer = Peer::answering(OK).await;
    let target = target_within(&peer, &hanging.url(), Duration::from_millis(100));
    let sent = post_at(&peer::sender(), &target, NOW).await;
    peer::assert_error(sent, ErrorKind::Token, "the token endpoint gave no token within 100 ms");
    assert_eq!(peer.connections(), 0);
}
