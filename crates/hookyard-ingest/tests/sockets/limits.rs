//! Every limit, and that the answer says which.

use std::time::Duration;

use hookyard_ingest::limits::Limits;

use crate::gateway::Gateway;

const SHORT: Duration = Duration::from_millis(50);

fn small_bodies() -> Limits {
    Limits { body_bytes_max: 1_000, ..Limits::default() }
}

#[tokio::test]
async fn a_body_announced_too_long_is_refused_before_it_is_sent() {
    let gateway = Gateway::with_limits(small_bodies()).await;
    let mut client = gateway.client().await;
    let answer =
        client.ask("POST /open HTTP/1.1\r\nContent-Length: 1001\r\nExpect: 100-continue\r\n\r\n").await;
    assert_eq!((answer.status, answer.code()), (413, "body_too_large"));
    assert!(answer.body.contains("1000 bytes"), "{}", answer.body);
    client.closed().await;
    let rejected = gateway.rejected().await;
    assert_eq!(rejected.len(), 1);
    assert_eq!((rejected[0].body.len(), rejected[0].body_bytes), (0, 0));
}

#[tokio::test]
async fn a_body_that_grows_too_long_is_refused_while_it_is_sent() {
    let gateway = Gateway::with_limits(small_bodies()).await;
    let mut client = gateway.client().await;
    let chunk = format!("258\r\n{}\r\n", "x".repeat(600));
    client.send("POST /open HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n").await;
    client.send(&chunk).await;
    client.send(&chunk).await;
    // The body has no end: only an answer given before it can arrive.
    let answer = client.answer().await;
    assert_eq!((answer.status, answer.code()), (413, "body_too_large"));
    assert_eq!(answer.header("connection"), Some("close"));
    // Nor is who sends on cut off before having had time to read it.
    for _ in 0..10 {
        client.send(&chunk).await;
    }
    client.end_sending().await;
    client.closed().await;
    let rejected = gateway.rejected().await;
    assert_eq!(rejected.len(), 1);
    assert_eq!((rejected[0].body.len(), rejected[0].body_bytes), (1_000, 1_200));
}

#[tokio::test]
async fn a_body_of_the_longest_length_is_taken() {
    let gateway = Gateway::with_limits(small_bodies()).await;
    let mut client = gateway.client().await;
    let body = "y".repeat(1_000);
    let head = "POST /open HTTP/1.1\r\nContent-Length: 1000\r\n\r\n";
    let id = client.ask(format!("{head}{body}")).await.request_id();
    assert_eq!(gateway.stored(id).await.body, body);
    client.send("POST /open HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n").await;
    for half in [&body[..500], &body[500..]] {
        client.send(format!("1f4\r\n{half}\r\n")).await;
    }
    let id = client.ask("0\r\n\r\n").await.request_id();
    assert_eq!(gateway.stored(id).await.body, body);
}

#[tokio::test]
async fn a_long_body_in_many_pieces_arrives_whole() {
    let gateway = Gateway::start().await;
    let mut client = gateway.client().await;
    let body: Vec<u8> = (0..3_000_000_u32).map(|at| (at % 251) as u8).collect();
    client.send(format!("POST /open HTTP/1.1\r\nContent-Length: {}\r\n\r\n", body.len())).await;
    let id = client.ask(&body).await.request_id();
    assert!(gateway.stored(id).await.body == body);
    assert_eq!(gateway.in_flight_bytes(), 0);
}

#[tokio::test]
async fn a_sender_that_expects_to_be_asked_is_asked() {
    let gateway = Gateway::start().await;
    let mut client = gateway.client().await;
    client.send("POST /open HTTP/1.1\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n").await;
    assert_eq!(client.head().await.status, 100);
    client.ask("ok").await.request_id();
}

#[tokio::test]
async fn a_slow_body_is_given_up() {
    let gateway = Gateway::with_limits(Limits { body_read_timeout: SHORT, ..Limits::default() }).await;
    let mut client = gateway.client().await;
    let answer = client.ask("POST /open HTTP/1.1\r\nContent-Length: 9\r\n\r\nabc").await;
    assert_eq!((answer.status, answer.code()), (408, "body_timeout"));
    assert_eq!(gateway.in_flight_bytes(), 0);
    client.closed().await;
}

#[tokio::test]
async fn a_slow_head_is_cut() {
    let gateway = Gateway::with_limits(Limits { header_read_timeout: SHORT, ..Limits::default() }).await;
    for beginning in ["", "P", "POST /open HTTP/1.1\r\nContent-Le", "PRI * HTTP/2.0\r\n"] {
        let mut client = gateway.client().await;
        client.send(beginning).await;
        client.closed().await;
    }
    // Also the second head of a connection.
    let mut client = gateway.client().await;
    client.ask("POST /open HTTP/1.1\r\nContent-Length: 0\r\n\r\n").await.request_id();
    client.send("POST").await;
    client.closed().await;
}

#[tokio::test]
async fn a_resting_connection_is_closed() {
    let limits = Limits { idle_timeout: SHORT, header_read_timeout: SHORT, ..Limits::default() };
    let gateway = Gateway::with_limits(limits).await;
    let mut client = gateway.client().await;
    client.ask("POST /open HTTP/1.1\r\nContent-Length: 0\r\n\r\n").await.request_id();
    client.closed().await;
    // HTTP/2 is at rest from its preface on.
    let mut client = gateway.client().await;
    client.send("PRI * HTTP/2.0\r\n\r\n").await;
    client.closed().await;
}

#[tokio::test]
async fn a_head_over_the_limit_is_refused() {
    let gateway = Gateway::with_limits(Limits { header_bytes_max: 8 << 10, ..Limits::default() }).await;
    let mut client = gateway.client().await;
    // As long as the limit to the byte, so that nothing is left unread.
    let beginning = "POST /open HTTP/1.1\r\nx: ";
    let answer = client.ask(format!("{beginning}{}", "y".repeat((8 << 10) - beginning.len()))).await;
    assert_eq!(answer.status, 431);
    let mut client = gateway.client().await;
    let lines: String = (0..129).map(|line| format!("x{line}: y\r\n")).collect();
    assert_eq!(client.ask(format!("POST /open HTTP/1.1\r\n{lines}\r\n")).await.status, 431);
}

#[tokio::test]
async fn one_connection_too_many_is_told_so() {
    let gateway = Gateway::with_limits(Limits { connections_max: 1, ..Limits::default() }).await;
    let mut first = gateway.client().await;
    first.ask("POST /open HTTP/1.1\r\nContent-Length: 0\r\n\r\n").await.request_id();
    let mut second = gateway.client().await;
    let answer = second.answer().await;
    assert_eq!((answer.status, answer.code()), (503, "too_many_connections"));
    assert_eq!(answer.header("retry-after"), Some("1"));
    second.end_sending().await;
    second.closed().await;
    first.ask("POST /open HTTP/1.1\r\nContent-Length: 0\r\n\r\n").await.request_id();
    assert!(gateway.metrics().contains("hookyard_ingest_connections_turned_away_total 1\n"));
}

#[tokio::test]
async fn a_used_up_budget_refuses_until_bytes_are_given_back() {
    let gateway = Gateway::with_limits(Limits { in_flight_bytes_max: 1_000, ..Limits::default() }).await;
    let mut holder = gateway.client().await;
    holder.send(format!("POST /open HTTP/1.1\r\nContent-Length: 900\r\n\r\n{}", "x".repeat(800))).await;
    gateway.until(|gateway| gateway.in_flight_bytes() == 800).await;
    let body = "y".repeat(201);
    let announced = "POST /open HTTP/1.1\r\nContent-Length: 201\r\n\r\n";
    let arriving =
        format!("POST /open HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nc9\r\n{body}\r\n0\r\n\r\n");
    // The first is refused before any of it is sent.
    for request in [announced, &arriving] {
        let answer = gateway.client().await.ask(request).await;
        assert_eq!((answer.status, answer.code()), (503, "overloaded"));
        assert_eq!(answer.header("retry-after"), Some("1"));
    }
    // What fits is still taken.
    gateway.client().await.ask("POST /open HTTP/1.1\r\nContent-Length: 2\r\n\r\nok").await.request_id();
    holder.ask("x".repeat(100)).await.request_id();
    for request in [format!("{announced}{body}"), arriving] {
        gateway.client().await.ask(request).await.request_id();
    }
    assert_eq!(gateway.in_flight_bytes(), 0);
}

#[tokio::test]
async fn a_store_that_takes_nothing_is_not_acknowledged() {
    let gateway = Gateway::start().await;
    gateway.store.close();
    let answer = gateway.client().await.ask("POST /open HTTP/1.1\r\nContent-Length: 2\r\n\r\nno").await;
    assert_eq!((answer.status, answer.code()), (503, "unavailable"));
    assert!(answer.header("retry-after").is_some_and(|seconds| seconds.parse::<u32>().unwrap() > 0));
}

#[tokio::test]
async fn a_flood_of_junk_is_recorded_only_so_far() {
    let limits = Limits { rejected_per_minute_max: 5, rejected_body_bytes_max: 10, ..Limits::default() };
    let gateway = Gateway::with_limits(limits).await;
    let junk = format!("POST /nobody HTTP/1.1\r\nContent-Length: 100\r\n\r\n{}", "j".repeat(100));
    for _ in 0..50 {
        assert_eq!(gateway.client().await.ask(&junk).await.status, 404);
    }
    let rejected = gateway.rejected().await;
    assert_eq!(rejected.len(), 5);
    assert!(rejected.iter().all(|request| request.body == "j".repeat(10)), "{rejected:?}");
    assert!(gateway.metrics().contains("hookyard_ingest_rejections_suppressed_total 45\n"));
    gateway.clock.advance(Duration::from_secs(12));
    gateway.client().await.ask(&junk).await;
    assert_eq!(gateway.rejected().await.len(), 6);
}
