//! What was sent is what is kept and what is delivered, byte for byte.

use crate::gateway::{OPEN_SOURCE, Yard, leg};
use crate::process::within;
use crate::sink::{OK, Sink};

#[tokio::test]
async fn head_and_body_are_kept_as_they_came() {
    let mut sink = Sink::start(OK).await;
    let yard = Yard::to(&sink);
    let gateway = yard.start().await;
    let body: Vec<u8> = (0..=255).rev().chain([13, 10, 0, 13, 10]).collect();
    let mut head = b"PUT /in/a%2Fb//c;v=1?x=%zz&x=&&y=\xc3\xa4 HTTP/1.1\r\n".to_vec();
    head.extend_from_slice(b"X-Twice: second comes first\r\nhOsT: Example.TEST:1\r\nx-twice:first\r\n");
    head.extend_from_slice(b"X-Empty:\r\nX-Latin: caf\xe9 \t\r\nX-TWICE:   padded   \r\n");
    head.extend_from_slice(format!("CONTENT-length: {}\r\n\r\n", body.len()).as_bytes());
    let mut client = gateway.client().await;
    let answer = within("an answer", client.ask(&[head.as_slice(), &body].concat())).await.unwrap();
    let id = answer.request_id();

    let kept = gateway.call("GET", &format!("/api/v1/requests/{id}/head"), "").await;
    assert_eq!(kept.body.escape_ascii().to_string(), head.escape_ascii().to_string());
    let kept = gateway.call("GET", &format!("/api/v1/requests/{id}/body"), "").await;
    assert_eq!(kept.body, body);
    assert_eq!(sink.next().await.body, body);
}

#[tokio::test]
async fn path_and_query_are_appended_where_that_is_wanted() {
    let (mut sink, mut plain) = (Sink::start(OK).await, Sink::start(OK).await);
    let appended = leg("appended", &sink, "append_path = true", "");
    let yard = Yard::new(format!("{OPEN_SOURCE}{appended}{}", leg("plain", &plain, "", "")));
    let gateway = yard.start().await;
    for (target, expected) in [
        ("/in", "/hook"),
        ("/in/a%2Fb//c;v=1?x=%2b&x=", "/hook/a%2Fb//c;v=1?x=%2b&x="),
        ("/in/../up?q", "/hook/up?q"),
    ] {
        assert_eq!(gateway.post(target, &[], b"").await.status, 200);
        assert_eq!(
            (sink.next().await.target.as_str(), plain.next().await.target.as_str()),
            (expected, "/hook")
        );
    }
}

#[tokio::test]
async fn chunks_are_put_together() {
    let mut sink = Sink::start(OK).await;
    let yard = Yard::to(&sink);
    let gateway = yard.start().await;
    let mut client = gateway.client().await;
    let head = "POST /in HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
    let chunks = "3;ext=1\r\nabc\r\n0a\r\n0123456789\r\n0\r\nTrailer: t\r\n\r\n";
    let id =
        within("an answer", client.ask(format!("{head}{chunks}").as_bytes())).await.unwrap().request_id();
    let kept = gateway.call("GET", &format!("/api/v1/requests/{id}/head"), "").await;
    assert_eq!(kept.text(), head);
    let delivered = sink.next().await;
    assert_eq!(delivered.body, b"abc0123456789");
    assert_eq!(delivered.header("content-length"), Some("13"));
    assert_eq!(delivered.header("transfer-encoding"), None);
}
