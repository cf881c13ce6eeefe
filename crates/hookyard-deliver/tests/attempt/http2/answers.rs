//! What goes out as a stream, and what is made of the answer that comes back in it.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use hookyard_deliver::target::Target;
use hookyard_model::attempt::{ErrorKind, Outcome};
use hookyard_model::destination::{Http, HttpVersion};
use hookyard_outgoing::exchange::AnswerLimits;
use hookyard_rules::retry::RetryAfter;
use http::{HeaderMap, Request, Response};
use http_body::Frame;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;

use super::frames::{Act, Frames};
use super::server::{Answering, Making, Server};
use crate::peer::{self, NOW, OK, Peer};

/// 16 KiB are kept, and 64 KiB more are read.
const KEPT: usize = 16 * 1024;
const READ: usize = KEPT + 64 * 1024;

async fn answering(
    answer: impl Fn(Request<Incoming>) -> Answering + Clone + Send + Sync + 'static,
) -> Server {
    Server::start(Making::usual(), answer).await
}

fn with_body(body: impl Into<Bytes>) -> Response<http_body_util::combinators::BoxBody<Bytes, Infallible>> {
    Response::new(Full::new(body.into()).boxed())
}

#[tokio::test]
async fn the_request_is_that_of_http1_with_the_host_in_its_url() {
    let head = b"PUT /token/more?x=1 HTTP/1.1\r\nHost: in.test\r\nUser-Agent: GitHub-Hookshot/1\r\n\
        Connection: X-Gone\r\nX-Gone: 1\r\nTE: trailers\r\nKeep-Alive: 5\r\nUpgrade: h2c\r\nTransfer-Encoding: chunked\r\n\
        X-B: 1\r\nX-A: 2\r\nX-B: \xfc\r\nCookie: a=b\r\nExpect: 100-continue\r\n\r\n";
    let request = peer::request(head, b"{\"paid\":true}");

    let arrived = Arc::new(Mutex::new(None));
    let seen = Arc::clone(&arrived);
    let server = answering(move |request| {
        let seen = Arc::clone(&seen);
        Box::pin(async move {
            let (head, body) = request.into_parts();
            let body = body.collect().await.unwrap().to_bytes();
            *seen.lock().unwrap() = Some((head, body));
            with_body("fine")
        })
    })
    .await;
    let url = format!("https://localhost:{}/hook?k=v", server.address.port());
    let changed = |url: &str| peer::endpoint(Http { append_path: true, ..Http::at(url) });
    let target = Target::new(&changed(&url)).unwrap();
    let sent = server.sender().attempt(&mut None, &target, &peer::shipment(&request)).await;
    assert_eq!(peer::response(sent).body, "fine");
    let (head, body) = arrived.lock().unwrap().take().unwrap();
    assert_eq!((head.method.as_str(), head.version), ("PUT", http::Version::HTTP_2));
    assert_eq!(
        head.uri.to_string(),
        format!("https://localhost:{}/hook/more?k=v&x=1", server.address.port())
    );
    assert_eq!(body, "{\"paid\":true}");

    let mut peer = Peer::answering(OK).await;
    let target = Target::new(&changed(&format!("{}hook?k=v", peer.url()))).unwrap();
    let sent = peer::sender().attempt(&mut None, &target, &peer::shipment(&request)).await;
    assert_eq!(peer::response(sent).status, 200);
    let plain: String = peer.request().await.into_iter().map(char::from).collect();
    let (plain, _) = plain.split_once("\r\n\r\n").unwrap();
    assert!(plain.contains("webhook-signature: v1,") && plain.contains("x-b: \u{fc}"), "{plain}");
    let lines = head.headers.iter().map(|(name, value)| {
        let value: String = value.as_bytes().iter().copied().map(char::from).collect();
        format!("{name}: {value}")
    });
    assert_eq!(lines.collect::<Vec<_>>(), plain.lines().skip(2).collect::<Vec<_>>());
}

#[tokio::test]
async fn large_bodies_arrive_whole() {
    let server = answering(|request| {
        Box::pin(async move {
            let length = request.headers()["content-length"].to_str().unwrap().to_owned();
            let body = request.into_body().collect().await.unwrap().to_bytes();
            assert_eq!(length, body.len().to_string());
            with_body(format!("{}", crc(&body)))
        })
    })
    .await;
    let (sender, target, mut kept) = (server.sender(), server.target(), None);
    for bytes in [0, 1, 65_535, 65_536, 5_000_000] {
        let body: Vec<u8> =
            (0..bytes).map(|at: u32| at.wrapping_mul(2_654_435_761).to_be_bytes()[0]).collect();
        let request = peer::request(b"POST /t HTTP/1.1\r\n\r\n", body.leak());
        let sent = sender.attempt(&mut kept, &target, &peer::shipment(&request)).await;
        assert_eq!(peer::response(sent).body, crc(&request.body).to_string(), "{bytes}");
    }
    assert_eq!(server.connections(), 1);
}

/// Enough to tell bodies apart.
fn crc(bytes: &[u8]) -> u64 {
    bytes.iter().fold(7, |sum: u64, byte| sum.wrapping_mul(31).wrapping_add(u64::from(*byte)))
}

#[tokio::test]
async fn a_body_is_kept_dropped_or_cut_off_by_its_length_and_the_connection_stays() {
    for (bytes, kept_bytes, truncated) in [
        (0, 0, false),
        (KEPT, KEPT, false),
        (KEPT + 1, KEPT, true),
        (READ, KEPT, true),
        (READ + 1, KEPT, true),
    ] {
        let server = answering(move |_| Box::pin(async move { with_body(vec![b'x'; bytes]) })).await;
        let (sender, target, mut kept) = (server.sender(), server.target(), None);
        for _ in 0..3 {
            let response = peer::response(peer::post(&sender, &mut kept, &target).await);
            assert_eq!((response.body.len(), response.body_truncated), (kept_bytes, truncated), "{bytes}");
        }
        assert_eq!(server.connections(), 1, "{bytes}");
    }
}

/// A body without end, which counts its parts.
struct Endless(Arc<AtomicUsize>);

impl http_body::Body for Endless {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.fetch_add(1, Ordering::SeqCst);
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(&[b'x'; 8192])))))
    }
}

#[tokio::test]
async fn of_an_endless_body_the_stream_is_reset() {
    let parts = Arc::<AtomicUsize>::default();
    let count = Arc::clone(&parts);
    let server = answering(move |_| {
        let endless = Endless(Arc::clone(&count));
        Box::pin(async move { Response::new(endless.boxed()) })
    })
    .await;
    let (sender, target, mut kept) = (server.sender(), server.target(), None);
    for _ in 0..3 {
        let response = peer::response(peer::post(&sender, &mut kept, &target).await);
        assert_eq!((response.body.len(), response.body_truncated), (KEPT, true));
    }
    assert_eq!(server.connections(), 1);
    // What windows and buffers hold was taken; the rest was not.
    assert!(parts.load(Ordering::SeqCst) < 1000);
}

/// The server answers at the first bytes of a request that is too long for it, and reads no further.
#[tokio::test]
async fn an_answer_is_heard_while_the_request_is_still_being_written() {
    let server = answering(|request| {
        Box::pin(async move {
            let is_long = request.headers()["content-length"].len() > 3;
            let mut refused = with_body("less");
            *refused.status_mut() = http::StatusCode::PAYLOAD_TOO_LARGE;
            if is_long { refused } else { with_body("fine") }
        })
    })
    .await;
    let (sender, target, mut kept) = (server.sender(), server.target(), None);
    let body: &[u8] = vec![b'x'; 50_000_000].leak();
    let request = peer::request(b"POST /t HTTP/1.1\r\n\r\n", body);
    let sent = sender.attempt(&mut kept, &target, &peer::shipment(&request)).await;
    let response = peer::response(sent);
    assert_eq!((response.status, &response.body[..]), (413, &b"less"[..]));
    assert_eq!(peer::response(peer::post(&sender, &mut kept, &target).await).body, "fine");
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn heads_are_read_to_their_limit() {
    let server = answering(|_| {
        Box::pin(async move {
            let mut response = with_body("fine");
            for number in 0..200 {
                let name = format!("x-{number}").parse::<http::HeaderName>().unwrap();
                response.headers_mut().append(name, "v".repeat(100).parse().unwrap());
            }
            response
        })
    })
    .await;
    let (target, mut kept) = (server.target(), None);
    let response = peer::response(peer::post(&server.sender(), &mut kept, &target).await);
    assert!((8192 - 110..=8192).contains(&response.headers.len()), "{}", response.headers.len());
    assert!(response.headers.ends_with(b"v\r\n"));

    // A server is told the limit and keeps to it, unless it does not.
    let line = [b"\x00\x03x-a\x64", &[b'v'; 100][..]].concat();
    let block: &[u8] = [&[0x88][..], &line.repeat(100)].concat().leak();
    let frames = Frames::start(move |_, _| vec![Act::Last(block)]).await;
    let limits = AnswerLimits { response_head_bytes_max: 9000, ..AnswerLimits::default() };
    let sent = peer::post(&peer::sender_with(peer::loopback(), limits), &mut None, &frames.target()).await;
    peer::assert_error(sent, ErrorKind::Protocol, "or its head is larger than 9000 bytes");
    assert_eq!(peer::response(peer::post_once(&frames.target()).await).status, 200);
}

#[tokio::test]
async fn answers_of_every_form_are_read() {
    // In HPACK: 103, then 200 with `content-length: 9`; 204; 404; 304.
    const EARLY: &[u8] = b"\x08\x03103";
    const LONG: &[u8] = b"\x88\x0f\x0d\x019";
    for (method, acts, status, body) in [
        (&b"POST"[..], vec![Act::Head(EARLY), Act::Answer(b"fine")], 200, "fine"),
        (b"HEAD", vec![Act::Last(LONG)], 200, ""),
        (b"POST", vec![Act::Last(&[0x89])], 204, ""),
        (b"POST", vec![Act::Last(&[0x8d])], 404, ""),
        (b"POST", vec![Act::Last(&[0x8b])], 304, ""),
        // Trailers: `grpc-status: 0`.
        (
            b"POST",
            vec![
                Act::Head(&[0x88]),
                Act::Data(b"fi"),
                Act::Data(b"ne"),
                Act::Last(b"\x00\x0bgrpc-status\x010"),
            ],
            200,
            "fine",
        ),
    ] {
        let frames = Frames::start(move |_, _| acts.clone()).await;
        let head = [method, b" /t HTTP/1.1\r\n\r\n"].concat();
        let request = peer::request(head.leak(), b"");
        let (sender, target, mut kept) = (peer::sender(), frames.target(), None);
        for _ in 0..2 {
            let sent = sender.attempt(&mut kept, &target, &peer::shipment(&request)).await;
            let response = peer::response(sent);
            assert_eq!((response.status, &response.body[..]), (status, body.as_bytes()));
            assert!(!response.body_truncated);
        }
        assert_eq!(frames.connections(), 1);
    }
}

#[tokio::test]
async fn retry_after_is_told() {
    let server = answering(|_| {
        Box::pin(async move {
            let mut response = with_body("");
            *response.status_mut() = http::StatusCode::SERVICE_UNAVAILABLE;
            *response.headers_mut() = HeaderMap::from_iter([(http::header::RETRY_AFTER, 120.into())]);
            response
        })
    })
    .await;
    let sent = peer::post(&server.sender(), &mut None, &server.target_in(HttpVersion::Two)).await;
    assert!(matches!(sent.outcome, Outcome::Response(_)));
    assert_eq!(sent.retry_after, Some(RetryAfter::At(NOW.plus(Duration::from_secs(120)))));
}
