//! What is made of an answer: status, headers, body up to its limit, `Retry-After`.

use std::time::Duration;

use hookyard_model::attempt::Outcome;
use hookyard_rules::retry::RetryAfter;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::peer::{self, Act, NOW, Peer};

#[tokio::test]
async fn answers_of_every_form_are_read() {
    for (answer, status, body, is_success) in [
        (&b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"[..], 200, &b"hello"[..], true),
        (b"HTTP/1.1 202\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;x=y\r\n world\r\n0\r\nT: 1\r\n\r\n", 202, b"hello world", true),
        (b"HTTP/1.1 204 No Content\r\n\r\n", 204, b"", true),
        (b"HTTP/1.1 299 Fine\r\nContent-Length: 0\r\n\r\n", 299, b"", true),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\nok", 201, b"ok", true),
        (b"HTTP/1.1 301 Moved\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n", 301, b"", false),
        (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", 304, b"", false),
        (b"HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nnope", 404, b"nope", false),
        (b"HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n", 500, b"", false),
        (b"HTTP/1.1 799 What\r\nContent-Length: 0\r\n\r\n", 799, b"", false),
    ] {
        let peer = Peer::answering(answer).await;
        let sent = peer::post_once(&peer::target(&peer.url())).await;
        assert_eq!(sent.outcome.is_success(), is_success, "{status}");
        assert!(sent.retry_after.is_none());
        let response = peer::response(sent);
        assert_eq!((response.status, &response.body[..]), (status, body));
        assert!(!response.body_truncated);
    }
}

#[tokio::test]
async fn a_body_may_end_with_the_connection() {
    for head in [&b"HTTP/1.1 200 OK\r\n\r\nto the end"[..], b"HTTP/1.0 200 OK\r\n\r\nto the end"] {
        let peer = Peer::start(move |_, _| vec![Act::Write(head), Act::Close]).await;
        assert_eq!(peer::response(peer::post_once(&peer::target(&peer.url())).await).body, "to the end");
    }
}

#[tokio::test]
async fn the_answer_to_head_has_no_body() {
    let peer = Peer::answering(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n").await;
    let (sender, target) = (peer::sender(), peer::target(&peer.url()));
    let request = peer::request(b"HEAD /t HTTP/1.1\r\nHost: in.test\r\n\r\n", b"");
    let mut connection = None;
    for _ in 0..2 {
        let sent = sender.attempt(&mut connection, &target, &peer::shipment(&request)).await;
        assert_eq!(peer::response(sent).status, 200);
    }
    assert_eq!(peer.connections(), 1);
}

#[tokio::test]
async fn header_lines_are_kept_up_to_their_limit_and_whole() {
    let peer =
        Peer::answering(b"HTTP/1.1 200 OK\r\nX-One: 1\r\nX-Two: \xfc\r\nContent-Length: 0\r\n\r\n").await;
    let response = peer::response(peer::post_once(&peer::target(&peer.url())).await);
    assert_eq!(&response.headers[..], b"x-one: 1\r\nx-two: \xfc\r\ncontent-length: 0\r\n");

    let mut long = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n".to_vec();
    for number in 10..60 {
        long.extend_from_slice(format!("x-{number}: {}\r\n", "v".repeat(300)).as_bytes());
    }
    long.extend_from_slice(b"\r\n");
    let peer = Peer::answering(long.leak()).await;
    let response = peer::response(peer::post_once(&peer::target(&peer.url())).await);
    // One line of 308 bytes more would exceed 8 KiB.
    assert!((8192 - 308..=8192).contains(&response.headers.len()), "{}", response.headers.len());
    assert!(response.headers.ends_with(b"v\r\n"));
}

/// A body of exactly `bytes`, with a length.
fn sized(bytes: usize) -> &'static [u8] {
    let mut answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {bytes}\r\n\r\n").into_bytes();
    answer.resize(answer.len() + bytes, b'x');
    answer.leak()
}

#[tokio::test]
async fn a_body_is_kept_dropped_or_cut_off_by_its_length() {
    const KEPT: usize = 16 * 1024;
    const READ: usize = KEPT + 64 * 1024;
    for (bytes, kept, truncated, connections) in
        [(KEPT, KEPT, false, 1), (KEPT + 1, KEPT, true, 1), (READ, KEPT, true, 1), (READ + 1, KEPT, true, 2)]
    {
        let peer = Peer::answering(sized(bytes)).await;
        let (sender, target, mut connection) = (peer::sender(), peer::target(&peer.url()), None);
        for _ in 0..2 {
            let response = peer::response(peer::post(&sender, &mut connection, &target).await);
            assert_eq!((response.body.len(), response.body_truncated), (kept, truncated), "{bytes}");
        }
        assert_eq!(peer.connections(), connections, "{bytes}");
    }
}

/// The peer answers at the first bytes of a request that is too long for it, and reads no further.
#[tokio::test]
async fn an_answer_is_heard_while_the_request_is_still_being_written() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let target = peer::target(&format!("http://{}/", listener.local_addr().unwrap()));
    let refusing = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.read_exact(&mut [0; 100]).await.unwrap();
        stream.write_all(b"HTTP/1.1 413 Too Long\r\nContent-Length: 4\r\n\r\nless").await.unwrap();
        stream
    });
    let body: &[u8] = vec![b'x'; 50_000_000].leak();
    let request = peer::request(b"POST /t HTTP/1.1\r\n\r\n", body);
    let mut connection = None;
    let sent = peer::sender().attempt(&mut connection, &target, &peer::shipment(&request)).await;
    let response = peer::response(sent);
    assert_eq!((response.status, &response.body[..]), (413, &b"less"[..]));
    assert!(connection.is_none(), "the rest of the request would be taken for the next one");
    drop(refusing.await.unwrap());
}

#[tokio::test]
async fn a_huge_body_is_not_read_to_its_end() {
    const HUGE: usize = 100_000_000;
    let peer = Peer::start(|_, _| {
        vec![Act::Write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n"), Act::Flood(HUGE), Act::Hang]
    })
    .await;
    let mut connection = None;
    let sent = peer::post(&peer::sender(), &mut connection, &peer::target(&peer.url())).await;
    assert!(sent.outcome.is_success());
    let response = peer::response(sent);
    assert_eq!((response.body.len(), response.body_truncated), (16 * 1024, true));
    assert!(connection.is_none());
    // What lies in the two sockets' buffers was taken; the rest was not.
    assert!(peer.flooded() < HUGE / 2, "{}", peer.flooded());
}

#[tokio::test]
async fn retry_after_is_told() {
    let at = |wait_s| Some(RetryAfter::At(NOW.plus(Duration::from_secs(wait_s))));
    for (answer, expected) in [
        (&b"HTTP/1.1 429 Slow\r\nRetry-After: 120\r\nContent-Length: 0\r\n\r\n"[..], at(120)),
        (
            b"HTTP/1.1 503 Down\r\nRetry-After: Sun, 06 Nov 1994 08:50:37 GMT\r\nContent-Length: 0\r\n\r\n",
            at(60),
        ),
        (b"HTTP/1.1 500 Oh\r\nRetry-After: 99999999\r\nContent-Length: 0\r\n\r\n", at(86_400)),
        (b"HTTP/1.1 500 Oh\r\nRetry-After: -1\r\nContent-Length: 0\r\n\r\n", Some(RetryAfter::Never)),
        (b"HTTP/1.1 503 Down\r\nRetry-After: later\r\nContent-Length: 0\r\n\r\n", None),
        (b"HTTP/1.1 200 OK\r\nRetry-After: 120\r\nContent-Length: 0\r\n\r\n", None),
    ] {
        let peer = Peer::answering(answer).await;
        let sent = peer::post_once(&peer::target(&peer.url())).await;
        assert!(matches!(sent.outcome, Outcome::Response(_)));
        assert_eq!(sent.retry_after, expected, "{}", String::from_utf8_lossy(answer));
    }
}
