//! Keeping a connection: when it is used again, when not, and when the request goes out once more.

use hookyard_model::attempt::ErrorKind;
use hookyard_outgoing::exchange::Kept;

use crate::peer::{self, Act, OK, Peer};

#[tokio::test]
async fn one_connection_carries_many_requests() {
    let peer = Peer::answering(OK).await;
    let (sender, target, mut connection) = (peer::sender(), peer::target(&peer.url()), None);
    for _ in 0..20 {
        assert!(peer::post(&sender, &mut connection, &target).await.outcome.is_success());
    }
    assert_eq!(peer.connections(), 1);
}

#[tokio::test]
async fn an_announced_close_is_heeded() {
    for answer in [
        &b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"[..],
        b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n",
    ] {
        let peer = Peer::answering(answer).await;
        let (sender, target, mut connection) = (peer::sender(), peer::target(&peer.url()), None);
        for _ in 0..3 {
            assert!(peer::post(&sender, &mut connection, &target).await.outcome.is_success());
            assert!(connection.is_none());
        }
        assert_eq!(peer.connections(), 3);
    }
}

#[tokio::test]
async fn a_connection_closed_while_idle_is_replaced() {
    let peer = Peer::start(|_, _| vec![Act::Write(OK), Act::Close]).await;
    let (sender, target, mut connection) = (peer::sender(), peer::target(&peer.url()), None);
    for _ in 0..10 {
        assert!(peer::post(&sender, &mut connection, &target).await.outcome.is_success());
    }
    assert_eq!(peer.connections(), 10);
}

#[tokio::test]
async fn whoever_holds_an_idle_connection_learns_that_it_was_closed() {
    let peer = Peer::start(|_, _| vec![Act::Write(OK), Act::Close]).await;
    let mut connection = None;
    let sent = peer::post(&peer::sender(), &mut connection, &peer::target(&peer.url())).await;
    assert!(sent.outcome.is_success());
    // None where the end came along with the answer.
    if let Some(Kept::Own(connection)) = &mut connection {
        connection.closed().await;
    }
}

/// The peer had decided to close when our request was already on its way.
#[tokio::test]
async fn a_reused_connection_closed_without_an_answer_is_tried_once_more() {
    for last in [Act::Close, Act::Reset] {
        let end = last.clone();
        let mut peer = Peer::start(move |connection, request| match (connection, request) {
            (0, 1) => vec![end.clone()],
            _ => vec![Act::Write(OK)],
        })
        .await;
        let (sender, target, mut connection) = (peer::sender(), peer::target(&peer.url()), None);
        for _ in 0..2 {
            assert!(peer::post(&sender, &mut connection, &target).await.outcome.is_success());
        }
        assert_eq!(peer.connections(), 2);
        let (_, given_up, again) = (peer.request().await, peer.request().await, peer.request().await);
        assert_eq!(given_up, again, "the same request, under the same id");
    }
}

#[tokio::test]
async fn a_fresh_connection_closed_without_an_answer_is_the_outcome() {
    let peer = Peer::start(|_, _| vec![Act::Close]).await;
    let sent = peer::post_once(&peer::target(&peer.url())).await;
    peer::assert_error(sent, ErrorKind::Reset, "closed before the answer came");
    assert_eq!(peer.connections(), 1);
}

#[tokio::test]
async fn a_request_that_was_being_answered_is_not_sent_again() {
    for begun in [&b"HTTP/1.1 20"[..], b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhal"] {
        let peer = Peer::start(move |_, request| match request {
            0 => vec![Act::Write(OK)],
            _ => vec![Act::Write(begun), Act::Close],
        })
        .await;
        let (sender, target, mut connection) = (peer::sender(), peer::target(&peer.url()), None);
        assert!(peer::post(&sender, &mut connection, &target).await.outcome.is_success());
        peer::assert_error(
            peer::post(&sender, &mut connection, &target).await,
            ErrorKind::Reset,
            "closed before",
        );
        assert!(connection.is_none());
        assert_eq!(peer.connections(), 1);
    }
}

#[tokio::test]
async fn a_connection_to_another_endpoint_is_not_used() {
    let (first, second) = (Peer::answering(OK).await, Peer::answering(OK).await);
    let (sender, mut connection) = (peer::sender(), None);
    for peer in [&first, &second, &second] {
        let target = peer::target(&peer.url());
        assert!(peer::post(&sender, &mut connection, &target).await.outcome.is_success());
    }
    assert_eq!((first.connections(), second.connections()), (1, 1));
}

#[tokio::test]
async fn bytes_that_nobody_asked_for_end_the_connection() {
    let peer =
        Peer::answering(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nHTTP/1.1 500 Not yours\r\n\r\n").await;
    let (sender, target, mut connection) = (peer::sender(), peer::target(&peer.url()), None);
    for _ in 0..3 {
        assert_eq!(peer::response(peer::post(&sender, &mut connection, &target).await).status, 200);
    }
    assert_eq!(peer.connections(), 3);
}

/// Compiles only if lanes can run attempts on any thread.
#[test]
fn an_attempt_can_move_between_threads() {
    fn assert_send<T: Send>(_: T) {}
    let (sender, target) = (peer::sender(), peer::target("http://127.0.0.1:1/"));
    assert_send(peer::post(&sender, &mut None, &target));
}
