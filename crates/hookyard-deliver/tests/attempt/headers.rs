//! The outgoing request, byte for byte as `docs/delivery.md` describes it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hookyard_deliver::send::Shipment;
use hookyard_deliver::target::Target;
use hookyard_model::attempt::Trigger;
use hookyard_model::destination::Http;
use ring::hmac;

use crate::peer::{self, NOW, OK, Peer};

const ID: &str = "evt_00000000000070000000000009";

/// What Standard Webhooks asks for, written out once more.
fn signature(key: &[u8], body: &[u8]) -> String {
    let signed = [ID.as_bytes(), b".784111777.", body].concat();
    let key = hmac::Key::new(hmac::HMAC_SHA256, key);
    format!("v1,{}", STANDARD.encode(hmac::sign(&key, &signed)))
}

/// Sends a request with this head and body and returns what arrived, as text (bytes over 127 as Latin-1).
async fn arriving(head: &'static [u8], body: &'static [u8]) -> (String, Peer) {
    let mut peer = Peer::answering(OK).await;
    let request = peer::request(head, body);
    let target = peer::target(&peer.url());
    let sent = peer::sender().attempt(&mut None, &target, &peer::shipment(&request)).await;
    assert!(sent.outcome.is_success(), "{sent:?}");
    let arrived = peer.request().await.into_iter().map(char::from).collect();
    (arrived, peer)
}

/// The lines between the destination's `host` and Hookyard's own headers.
fn passed_on(arrived: &str) -> Vec<&str> {
    arrived.lines().skip(2).take_while(|line| !line.starts_with("webhook-id: ")).collect()
}

#[tokio::test]
async fn the_whole_request() {
    let head = b"PUT /token/more?x=1 HTTP/1.1\r\nHost: in.test\r\nUser-Agent: GitHub-Hookshot/1\r\n\
        Content-Type: application/json\r\nX-B: 1\r\nX-A: 2\r\nX-B: 3\r\nContent-Length: 13\r\n\r\n";
    let (arrived, peer) = arriving(head, br#"{"paid":true}"#).await;
    let host = peer.address;
    let signature = signature(b"a key of twenty-four by.", br#"{"paid":true}"#);
    let expected = format!(
        "PUT / HTTP/1.1\r\nhost: {host}\r\nuser-agent: GitHub-Hookshot/1\r\ncontent-type: application/json\r\n\
         x-b: 1\r\nx-b: 3\r\nx-a: 2\r\nx-forwarded-for: 192.0.2.7\r\nx-forwarded-host: in.test\r\n\
         content-length: 13\r\nwebhook-id: {ID}\r\nwebhook-timestamp: 784111777\r\n\
         webhook-signature: {signature}\r\nidempotency-key: {ID}\r\nhookyard-attempt: 1\r\n\
         hookyard-trigger: initial\r\n\r\n{{\"paid\":true}}"
    );
    assert_eq!(arrived, expected);
}

#[tokio::test]
async fn what_becomes_of_each_header() {
    for (head, expected) in [
        (&b"GET /t HTTP/1.1\r\n\r\n"[..], &["x-forwarded-for: 192.0.2.7"][..]),
        // Hop-by-hop, named by `Connection`, and about framing: gone.
        (
            b"GET /t HTTP/1.1\r\nConnection: X-Gone, close,X-Also\r\nConnection: keep-alive\r\nKeep-Alive: 5\r\n\
              X-Gone: 1\r\nx-also: 2\r\nProxy-Connection: x\r\nProxy-Authenticate: x\r\nProxy-Authorization: x\r\n\
              TE: trailers\r\nTrailer: x\r\nTransfer-Encoding: chunked\r\nUpgrade: h2c\r\nHTTP2-Settings: x\r\n\
              Expect: 100-continue\r\nContent-Length: 0\r\nHookyard-Attempt: 9\r\nHookyard-Trigger: retry\r\n\
              X-Stays: 3\r\n\r\n",
            &["x-stays: 3", "x-forwarded-for: 192.0.2.7"],
        ),
        // The provider's own under another name.
        (
            b"GET /t HTTP/1.1\r\nWebhook-Id: msg_1\r\nWebhook-Timestamp: 5\r\nWebhook-Signature: v1,x\r\n\
              Idempotency-Key: k\r\n\r\n",
            &[
                "hookyard-original-webhook-id: msg_1",
                "hookyard-original-webhook-timestamp: 5",
                "hookyard-original-webhook-signature: v1,x",
                "hookyard-original-idempotency-key: k",
                "x-forwarded-for: 192.0.2.7",
            ],
        ),
        // Proxies on the way here.
        (
            b"GET /t HTTP/1.1\r\nHost: in.test\r\nX-Forwarded-For: 1.1.1.1\r\nX-Forwarded-For: 2.2.2.2, 3.3.3.3\r\n\
              X-Forwarded-Host: front.test\r\nX-Forwarded-Proto: https\r\nForwarded: for=1.1.1.1\r\n\r\n",
            &[
                "x-forwarded-host: front.test",
                "x-forwarded-proto: https",
                "forwarded: for=1.1.1.1",
                "x-forwarded-for: 1.1.1.1, 2.2.2.2, 3.3.3.3, 192.0.2.7",
            ],
        ),
        // Odd but legal bytes: Latin-1, UTF-8, tabs, an empty value, every character a name can have.
        (
            b"GET /t HTTP/1.1\r\nX-L: \xfc\r\nX-U: \xc3\xbc\r\nX-T: a\tb\r\nX-E:\r\n!#$%&'*+-.^_`|~09az: 1\r\n\
              Cookie: a=b; c=\"d\"\r\n\r\n",
            &[
                "x-l: \u{fc}",
                "x-u: \u{c3}\u{bc}",
                "x-t: a\tb",
                "x-e: ",
                "!#$%&'*+-.^_`|~09az: 1",
                "cookie: a=b; c=\"d\"",
                "x-forwarded-for: 192.0.2.7",
            ],
        ),
    ] {
        let (arrived, _peer) = arriving(head, b"").await;
        assert_eq!(passed_on(&arrived), expected);
    }
}

#[tokio::test]
async fn methods_and_lengths() {
    for (head, body, line, length) in [
        (&b"POST /t HTTP/1.1\r\n\r\n"[..], &b""[..], "POST / HTTP/1.1", Some("content-length: 0")),
        (b"GET /t HTTP/1.1\r\n\r\n", b"", "GET / HTTP/1.1", None),
        (b"GET /t HTTP/1.1\r\n\r\n", b"odd", "GET / HTTP/1.1", Some("content-length: 3")),
        (b"DELETE /t HTTP/1.1\r\n\r\n", b"", "DELETE / HTTP/1.1", None),
        (b"PATCH /t HTTP/1.0\r\n\r\n", b"x", "PATCH / HTTP/1.1", Some("content-length: 1")),
        (b"notify /t HTTP/1.1\r\n\r\n", b"", "notify / HTTP/1.1", Some("content-length: 0")),
    ] {
        let (arrived, _peer) = arriving(head, body).await;
        assert_eq!(arrived.lines().next(), Some(line));
        assert_eq!(arrived.lines().find(|line| line.starts_with("content-length")), length, "{line}");
        assert!(!arrived.contains("transfer-encoding"), "{arrived}");
        assert!(arrived.as_bytes().ends_with(body));
    }
}

#[tokio::test]
async fn every_attempt_has_the_id_and_says_which_it_is() {
    let mut peer = Peer::answering(OK).await;
    let url = format!("{}hook?k=v", peer.url());
    let mut destination = peer::endpoint(Http { append_path: true, ..Http::at(url) });
    destination.signing_secrets.push(peer::signing_secret("whsec_bmV3ZXI="));
    let target = Target::new(&destination).unwrap();
    let request = peer::request(b"POST /token/a/b?c=d HTTP/1.1\r\n\r\n", b"body");
    let shipment = Shipment { number: 12, trigger: Trigger::Retry, ..peer::shipment(&request) };
    assert_eq!(shipment.now, NOW);
    assert!(peer::sender().attempt(&mut None, &target, &shipment).await.outcome.is_success());
    let arrived = String::from_utf8(peer.request().await).unwrap();
    let both =
        format!("{} {}", signature(b"a key of twenty-four by.", b"body"), signature(b"newer", b"body"));
    for line in [
        "POST /hook/a/b?k=v&c=d HTTP/1.1".to_owned(),
        format!("webhook-id: {ID}"),
        format!("idempotency-key: {ID}"),
        format!("webhook-signature: {both}"),
        "hookyard-attempt: 12".to_owned(),
        "hookyard-trigger: retry".to_owned(),
    ] {
        assert!(arrived.lines().any(|known| known == line), "{line} is not in {arrived}");
    }
}

#[tokio::test]
async fn a_large_body_arrives_whole() {
    let body: &[u8] = (0..10_000_000_u32).map(|at| (at % 251) as u8).collect::<Vec<_>>().leak();
    let mut peer = Peer::answering(OK).await;
    let request = peer::request(b"POST /t HTTP/1.1\r\n\r\n", body);
    let target = peer::target(&peer.url());
    assert!(peer::sender().attempt(&mut None, &target, &peer::shipment(&request)).await.outcome.is_success());
    assert!(peer.request().await.ends_with(body));
}
