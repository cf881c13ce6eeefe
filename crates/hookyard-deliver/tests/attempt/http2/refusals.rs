//! What becomes of an attempt where the server, or the connection, leaves it: sent once more, or named.

use std::time::Duration;

use hookyard_deliver::target::Target;
use hookyard_model::attempt::ErrorKind;
use hookyard_model::destination::{Http, HttpVersion};
use hookyard_outgoing::exchange::Kept;

use super::frames::{Act, CANCEL, Frames, HTTP_1_1_REQUIRED, INTERNAL_ERROR, NO_ERROR, REFUSED_STREAM, Seen};
use crate::peer::{self, OK, Peer};

const FINE: &[Act] = &[Act::Answer(b"fine")];

/// A server that acts so for the m-th request of its first connection, and answers well otherwise.
async fn at_first(number: usize, acts: &'static [Act]) -> Frames {
    Frames::start(
        move |connection, request| {
            if (connection, request) == (0, number) { acts.to_vec() } else { FINE.to_vec() }
        },
    )
    .await
}

#[tokio::test]
async fn a_connection_that_the_server_closes_while_idle_is_replaced() {
    for last in [&[Act::Answer(b"fine"), Act::GoAway(1, NO_ERROR)][..], &[Act::Answer(b"fine"), Act::Close]] {
        let frames = at_first(0, last).await;
        let (sender, target, mut kept) = (peer::sender(), frames.target(), None);
        for _ in 0..3 {
            let sent = peer::post(&sender, &mut kept, &target).await;
            assert_eq!(peer::response(sent).body, "fine");
        }
        assert_eq!(frames.connections(), 2);
    }
}

/// The server had decided to close when our request was already on its way.
#[tokio::test]
async fn a_request_that_the_server_surely_did_not_take_goes_out_once_more() {
    for (number, acts) in [
        (0, &[Act::GoAway(0, NO_ERROR)][..]),
        (0, &[Act::GoAway(0, INTERNAL_ERROR), Act::Close]),
        (1, &[Act::GoAway(1, NO_ERROR)]),
        (0, &[Act::Reset(REFUSED_STREAM)]),
        (1, &[Act::Reset(REFUSED_STREAM)]),
        // It had carried a request before, and not a byte came any more.
        (1, &[Act::Close]),
    ] {
        let mut frames = at_first(number, acts).await;
        let (sender, target, mut kept) = (peer::sender(), frames.target(), None);
        for _ in 0..=number {
            let sent = peer::post(&sender, &mut kept, &target).await;
            assert_eq!(peer::response(sent).body, "fine");
        }
        assert_eq!((frames.connections(), frames.requests()), (2, number + 2));
    }
}

#[tokio::test]
async fn once_more_and_no_further() {
    for (act, part) in [
        (Act::Reset(REFUSED_STREAM), "the server refused the request (REFUSED_STREAM)"),
        (Act::GoAway(0, NO_ERROR), "did not take the request (GOAWAY, NO_ERROR)"),
    ] {
        let mut frames = Frames::start(move |_, _| vec![act.clone()]).await;
        let sent = peer::post_once(&frames.target()).await;
        peer::assert_error(sent, ErrorKind::Reset, part);
        assert_eq!((frames.connections(), frames.requests()), (2, 2));
    }
}

#[tokio::test]
async fn a_request_that_the_server_may_have_taken_is_not_sent_again() {
    for (acts, kind, part) in [
        (
            &[Act::Reset(INTERNAL_ERROR)][..],
            ErrorKind::Reset,
            "reset the stream (INTERNAL_ERROR) before the answer came",
        ),
        (&[Act::Reset(HTTP_1_1_REQUIRED)], ErrorKind::Reset, "set the destination's http_version to `1.1`"),
        // Of the first connection the first request.
        (&[Act::Close], ErrorKind::Reset, "the connection broke before the answer came"),
        // Taken, and then forgotten.
        (
            &[Act::GoAway(1, NO_ERROR), Act::Close],
            ErrorKind::Reset,
            "the connection broke before the answer came",
        ),
        (
            &[Act::Head(&[0x88]), Act::Reset(INTERNAL_ERROR)],
            ErrorKind::Reset,
            "(INTERNAL_ERROR) before the answer was complete: status 200 and 0 bytes",
        ),
        (&[Act::Head(&[0x88]), Act::Close], ErrorKind::Reset, "status 200 and 0 bytes of its body came"),
        (&[Act::Write(b"HTTP/1.1 200 OK\r\n\r\n")], ErrorKind::Protocol, "not HTTP/2"),
        // A place that HPACK's table does not have, and a head without a status.
        (&[Act::Head(&[0xff, 0xff, 0x7f])], ErrorKind::Protocol, "not HTTP/2"),
        (&[Act::Head(b"\x00\x01a\x01b")], ErrorKind::Protocol, "not HTTP/2"),
    ] {
        let mut frames = at_first(0, acts).await;
        let sent = peer::post_once(&frames.target()).await;
        peer::assert_error(sent, kind, part);
        assert_eq!((frames.connections(), frames.requests()), (1, 1), "{part}");
    }
}

#[tokio::test]
async fn a_stream_that_is_reset_leaves_the_connection_as_it_is() {
    let frames = at_first(1, &[Act::Reset(INTERNAL_ERROR)]).await;
    let (sender, target, mut kept) = (peer::sender(), frames.target(), None);
    for number in 0..4 {
        let sent = peer::post(&sender, &mut kept, &target).await;
        assert_eq!(sent.outcome.is_success(), number != 1);
    }
    assert_eq!(frames.connections(), 1);
}

#[tokio::test]
async fn a_connection_that_is_being_closed_finishes_what_it_has_taken() {
    let frames = at_first(0, &[Act::GoAway(1, NO_ERROR), Act::Answer(b"fine")]).await;
    let (sender, target, mut kept) = (peer::sender(), frames.target(), None);
    for connections in [1, 2, 2] {
        assert_eq!(peer::response(peer::post(&sender, &mut kept, &target).await).body, "fine");
        assert_eq!(frames.connections(), connections);
    }
}

#[tokio::test]
async fn an_attempt_whose_time_runs_out_leaves_the_connection_to_nobody() {
    let mut frames = at_first(1, &[]).await;
    let (sender, target) = (peer::sender(), frames.target_within(Duration::from_millis(100)));
    let mut kept = None;
    assert_eq!(peer::response(peer::post(&sender, &mut kept, &target).await).body, "fine");
    let sent = peer::post(&sender, &mut kept, &target).await;
    peer::assert_error(sent, ErrorKind::Timeout, "no answer within 100 ms");
    assert_eq!(peer::response(peer::post(&sender, &mut kept, &target).await).body, "fine");
    assert_eq!(frames.connections(), 2);
    while frames.next().await != Seen::End(0) {}
}

#[tokio::test]
async fn neighbours_of_an_attempt_that_is_given_up_finish_and_nobody_joins_them() {
    // The first two requests hang; what comes on another connection is answered, and so is the neighbour then.
    let (let_go, told) = tokio::sync::watch::channel(false);
    let mut frames = Frames::start(move |connection, request| match (connection, request) {
        (0, 0) => vec![],
        (0, 1) => vec![Act::When(told.clone()), Act::Answer(b"fine")],
        _ => FINE.to_vec(),
    })
    .await;
    let (sender, target) = (peer::sender(), frames.target());
    let (mut hung, mut neighbour, mut later): (Option<Kept>, Option<Kept>, Option<Kept>) = Default::default();
    let mut hanging = Box::pin(peer::post(&sender, &mut hung, &target));
    tokio::select! {
        sent = &mut hanging => panic!("{sent:?}"),
        seen = frames.next() => assert_eq!(seen, Seen::Request(0, 1)),
    }
    let mut beside = Box::pin(peer::post(&sender, &mut neighbour, &target));
    tokio::select! {
        sent = &mut beside => panic!("{sent:?}"),
        seen = frames.next() => assert_eq!(seen, Seen::Request(0, 3)),
    }
    // As at the end of its time.
    drop(hanging);
    assert_eq!(frames.next().await, Seen::Reset(0, 1, CANCEL));
    let sent = tokio::select! {
        sent = &mut beside => panic!("{sent:?}"),
        sent = peer::post(&sender, &mut later, &target) => sent,
    };
    assert_eq!(peer::response(sent).body, "fine");
    assert_eq!(frames.connections(), 2);
    let_go.send_replace(true);
    assert_eq!(peer::response(beside.await).body, "fine");
    assert_eq!(peer::response(peer::post(&sender, &mut neighbour, &target).await).body, "fine");
    assert_eq!(frames.connections(), 2);
}

#[tokio::test]
async fn a_server_without_http2() {
    let peer = Peer::answering(OK).await;
    let http = Http { http_version: HttpVersion::Two, ..Http::at(peer.url()) };
    let target = Target::new(&peer::endpoint(http));
    peer::assert_error(peer::post_once(&target.unwrap()).await, ErrorKind::Protocol, "not HTTP/2");
}

/// Whoever waits for the connection of another is told so.
#[tokio::test]
async fn a_server_that_says_nothing_takes_the_time_of_those_who_wait() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let timeout = Duration::from_millis(100);
    let http = Http { timeout, http_version: HttpVersion::Two, ..Http::at(url) };
    let (sender, target) = (peer::sender(), Target::new(&peer::endpoint(http)).unwrap());
    let (mut one, mut other) = (None, None);
    let mut first = Box::pin(peer::post(&sender, &mut one, &target));
    let _connected = tokio::select! {
        biased;
        sent = &mut first => panic!("{sent:?}"),
        connected = listener.accept() => connected.unwrap(),
    };
    // Nobody looks at the first one meanwhile, so its time cannot run out before.
    let second = peer::post(&sender, &mut other, &target).await;
    peer::assert_error(second, ErrorKind::Timeout, "another attempt was opening was not ready within 100 ms");
    peer::assert_error(first.await, ErrorKind::Timeout, "within 100 ms");
}
