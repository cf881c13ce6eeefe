//! What is stored is what stood on the wire.

use crate::client::Client;
use crate::gateway::Gateway;

#[tokio::test]
async fn heads_are_kept_byte_for_byte() {
    let gateway = Gateway::start().await;
    let mut client = gateway.client().await;
    let head = "PoSt /open/a//b%2F%41?x=1&&x=%zz HTTP/1.1\r\nX-B: 1\r\nhOST:gateway\r\nx-b:  2 \t\r\n\
                X-A:\r\nCONTENT-length: 3\r\nX-B: \u{e9}\r\n\r\n";
    let id = client.ask(format!("{head}abc")).await.request_id();
    let stored = gateway.stored(id).await;
    assert_eq!(String::from_utf8_lossy(&stored.head), head);
    assert_eq!(&stored.body[..], b"abc");
    assert_eq!(stored.source, Some(gateway.open_source().id));
    assert_eq!(stored.remote, gateway.address.ip());
    assert_eq!(stored.received_at, gateway.clock.now());
}

#[tokio::test]
async fn pipelined_requests_each_keep_their_own() {
    let gateway = Gateway::start().await;
    let mut client = gateway.client().await;
    let bait = "POST /open/bait HTTP/1.1\r\ncontent-length: 0\r\n\r\n";
    let chunked = "POST /open/2 HTTP/1.1\r\nTransfer-ENCODING: chunked\r\nN: 2\r\n\r\n";
    let messages = [
        (format!("POST /open/1 HTTP/1.1\r\nN: 1\r\ncontent-length: {}\r\n\r\n", bait.len()), bait.to_owned()),
        (
            chunked.to_owned(),
            format!("{:x};x=\"0\"\r\n{bait}\r\n0\r\nx-trailer: {}\r\n\r\n", bait.len(), "t"),
        ),
        ("GET /open/3 HTTP/1.1\r\nn: 3\r\n\r\n".to_owned(), String::new()),
        (format!("PUT /open/4 HTTP/1.1\r\nn: 4\r\ncontent-length: {}\r\n\r\n", bait.len()), bait.to_owned()),
    ];
    client.send(messages.iter().map(|(head, rest)| format!("{head}{rest}")).collect::<String>()).await;
    for (head, rest) in &messages {
        let stored = gateway.stored(client.answer().await.request_id()).await;
        assert_eq!(String::from_utf8_lossy(&stored.head), *head);
        assert_eq!(String::from_utf8_lossy(&stored.body), if rest.is_empty() { "" } else { bait });
    }
}

#[tokio::test]
async fn a_head_in_single_bytes_is_kept() {
    let gateway = Gateway::start().await;
    let mut client = gateway.client().await;
    let head = "POST /open HTTP/1.1\r\nX-One: 1\r\nx-two: 2\r\nX-one: 3\r\nContent-Length: 2\r\n\r\n";
    for byte in format!("{head}ok").bytes() {
        client.send([byte]).await;
    }
    let stored = gateway.stored(client.answer().await.request_id()).await;
    assert_eq!(String::from_utf8_lossy(&stored.head), head);
}

/// hyper drops the second of two equal lengths, and takes line ends without CR: what it understood is
/// then what is stored, in a form of our own, and the connection goes on.
#[tokio::test]
async fn where_hyper_reads_something_else_its_reading_is_stored() {
    let gateway = Gateway::start().await;
    for (odd, written) in [
        (
            "POST /open HTTP/1.1\r\nContent-Length: 1\r\nX-A: 1\r\ncontent-length: 1\r\n\r\n",
            "POST /open HTTP/1.1\r\ncontent-length: 1\r\nx-a: 1\r\n\r\n",
        ),
        (
            "POST /open HTTP/1.1\nX-A: 1\nContent-Length: 1\n\n",
            "POST /open HTTP/1.1\r\nx-a: 1\r\ncontent-length: 1\r\n\r\n",
        ),
        (
            "POST /open#x HTTP/1.1\r\nContent-Length: 1\r\n\r\n",
            "POST /open HTTP/1.1\r\ncontent-length: 1\r\n\r\n",
        ),
    ] {
        let mut client = gateway.client().await;
        for _ in 0..2 {
            let stored = gateway.stored(client.ask(format!("{odd}b")).await.request_id()).await;
            assert_eq!(String::from_utf8_lossy(&stored.head), written);
            assert_eq!(&stored.body[..], b"b");
        }
    }
}

#[tokio::test]
async fn http_1_0_is_answered_and_closed() {
    let gateway = Gateway::start().await;
    let mut client = gateway.client().await;
    let head = "POST /open HTTP/1.0\r\nContent-Length: 1\r\n\r\n";
    let id = client.ask(format!("{head}b")).await.request_id();
    assert_eq!(String::from_utf8_lossy(&gateway.stored(id).await.head), head);
    client.closed().await;
}

#[tokio::test]
async fn a_sender_that_closed_its_side_gets_its_answer() {
    let gateway = Gateway::start().await;
    let mut client = Client::connect(gateway.address).await;
    client.send("POST /open HTTP/1.1\r\nContent-Length: 1\r\n\r\nb").await;
    client.end_sending().await;
    client.answer().await.request_id();
    client.closed().await;
}
