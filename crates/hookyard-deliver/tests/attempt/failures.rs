//! What goes wrong, stage by stage, each under its own name.

use std::time::Duration;

use hookyard_model::attempt::{ErrorKind, Outcome};
use hookyard_outgoing::exchange::AnswerLimits;
use hookyard_outgoing::guard::Guard;
use proptest::prelude::*;
use tokio::net::{TcpListener, TcpSocket, TcpStream};

use crate::peer::{self, Act, OK, Peer};

const SHORT: Duration = Duration::from_millis(100);

#[tokio::test]
async fn a_name_that_does_not_exist() {
    let sent = peer::post_once(&peer::target("http://nonexistent.invalid/")).await;
    peer::assert_error(sent, ErrorKind::Dns, "the name `nonexistent.invalid` does not resolve: ");
}

#[tokio::test]
async fn an_address_that_the_guard_refuses() {
    let peer = Peer::answering(OK).await;
    let port = peer.address.port();
    let sender = peer::sender_with(Guard::default(), AnswerLimits::default());
    for (host, part) in [
        ("127.0.0.1", "127.0.0.1:"),
        ("localhost", "`localhost` resolves to "),
        ("[::ffff:127.0.0.1]", "127.0.0.0/8"),
        // Other ways to write 127.0.0.1, which only the resolver understands.
        ("2130706433", "127.0.0.0/8"),
        ("0x7f.1", "127.0.0.0/8"),
    ] {
        let target = peer::target(&format!("http://{host}:{port}/"));
        let sent = peer::post(&sender, &mut None, &target).await;
        peer::assert_error(sent.clone(), ErrorKind::AddressRefused, part);
        peer::assert_error(sent, ErrorKind::AddressRefused, "delivery.allow_networks");
    }
    assert_eq!(peer.connections(), 0);
}

#[tokio::test]
async fn a_port_where_nobody_listens() {
    let address = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let sent = peer::post_once(&peer::target(&format!("http://{address}/"))).await;
    peer::assert_error(sent, ErrorKind::Connect, &format!("connection refused by {address}"));
}

/// The queue of connections that wait to be accepted is full, so the kernel leaves the next one waiting.
#[tokio::test]
async fn a_timeout_while_connecting() {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    let _waiting = [TcpStream::connect(address).await.unwrap(), TcpStream::connect(address).await.unwrap()];
    let sent = peer::post_once(&peer::target_within(&format!("http://{address}/"), SHORT)).await;
    peer::assert_error(sent, ErrorKind::Timeout, "did not accept a connection within 100 ms");
}

#[tokio::test]
async fn timeouts_while_waiting_for_head_and_body() {
    for (begun, part) in [
        (&b""[..], "no answer within 100 ms"),
        (b"HTTP/1.1 200 OK\r\nContent-", "no answer within 100 ms"),
        (b"HTTP/1.1 100 Continue\r\n\r\n", "no answer within 100 ms"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", "status 200 and 0 bytes of its body came"),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
            "status 200 and 3 bytes of its body came",
        ),
    ] {
        let peer = Peer::start(move |_, _| vec![Act::Write(begun), Act::Hang]).await;
        let mut connection = None;
        let sent =
            peer::post(&peer::sender(), &mut connection, &peer::target_within(&peer.url(), SHORT)).await;
        peer::assert_error(sent, ErrorKind::Timeout, part);
        assert!(connection.is_none());
    }
}

#[tokio::test]
async fn a_connection_that_breaks() {
    for (begun, part) in [
        (&b""[..], "before the answer came"),
        (b"HTTP/1.1 20", "before the answer came"),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc",
            "before the answer was complete: status 200 and 3 bytes",
        ),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nabc",
            "before the answer was complete: status 200 and 3 bytes",
        ),
    ] {
        let peer = Peer::start(move |_, _| vec![Act::Write(begun), Act::Close]).await;
        peer::assert_error(peer::post_once(&peer::target(&peer.url())).await, ErrorKind::Reset, part);
        // Data that was not read yet may be lost with a RST, so only the kind is certain.
        let peer = Peer::start(move |_, _| vec![Act::Write(begun), Act::Reset]).await;
        peer::assert_error(
            peer::post_once(&peer::target(&peer.url())).await,
            ErrorKind::Reset,
            "before the answer",
        );
    }
}

#[tokio::test]
async fn an_answer_that_is_not_http() {
    let mut many_lines = b"HTTP/1.1 200 OK\r\n".to_vec();
    many_lines.extend(b"a: b\r\n".repeat(101));
    let many_lines: &[u8] = many_lines.leak();
    let mut long_head = b"HTTP/1.1 200 OK\r\nA: ".to_vec();
    long_head.resize(70_000, b'x');
    let long_head: &[u8] = long_head.leak();
    for (answer, part) in [
        (&b"220 mail.test ESMTP\r\n\r\n"[..], "not HTTP/1.1"),
        (b"SSH-2.0-OpenSSH_9.9\r\n", "not HTTP/1.1"),
        (b"HTTP/1.1 abc OK\r\n\r\n", "not HTTP/1.1"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n", "not HTTP/1.1"),
        (b"HTTP/1.1 200 OK\r\nbad name: x\r\n\r\n", "not HTTP/1.1"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", "not HTTP/1.1"),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
            "body of the answer is not HTTP/1.1",
        ),
        (many_lines, "more than 100 lines"),
        (long_head, "larger than 65536 bytes"),
    ] {
        let peer = Peer::start(move |_, _| vec![Act::Write(answer), Act::Hang]).await;
        peer::assert_error(peer::post_once(&peer::target(&peer.url())).await, ErrorKind::Protocol, part);
    }
}

#[tokio::test]
async fn a_request_that_cannot_be_sent() {
    let peer = Peer::answering(OK).await;
    let target = peer::target(&peer.url());
    for (head, part) in [
        (&b"not a head"[..], "stored head"),
        (b"", "stored head"),
        (b"CONNECT a.test:443 HTTP/1.1\r\n\r\n", "CONNECT"),
    ] {
        let request = peer::request(head, b"");
        let sent = peer::sender().attempt(&mut None, &target, &peer::shipment(&request)).await;
        peer::assert_error(sent, ErrorKind::Request, part);
    }
    assert_eq!(peer.connections(), 0);
}

/// Answers that were good once: cut off, with a piece replaced, and then the end of the connection.
fn damaged() -> impl Strategy<Value = Vec<u8>> {
    let good = proptest::sample::select(vec![
        &b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"[..],
        b"HTTP/1.1 202 Accepted\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 429 Slow\r\nRetry-After: 5\r\nContent-Length: 0\r\n\r\n",
    ]);
    let piece = proptest::collection::vec(any::<u8>(), 0..8);
    (good, any::<prop::sample::Index>(), any::<prop::sample::Index>(), piece).prop_map(
        |(good, at, end, piece)| {
            let at = at.index(good.len());
            let mut answer = [&good[..at], &piece, &good[(at + piece.len()).min(good.len())..]].concat();
            answer.truncate(end.index(answer.len() + 1));
            answer
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]
    #[test]
    fn any_bytes_as_an_answer_end_the_attempt_in_good_order(answer in damaged()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let outcome = runtime.block_on(async {
            let answer: &'static [u8] = answer.leak();
            let peer = Peer::start(move |_, _| vec![Act::Write(answer), Act::Close]).await;
            peer::post_once(&peer::target(&peer.url())).await.outcome
        });
        if let Outcome::Error(error) = outcome {
            prop_assert!(matches!(error.kind, ErrorKind::Reset | ErrorKind::Protocol), "{error:?}");
        }
    }
}
