//! How a destination is told that it is us: each kind as it arrives, and that the sender's own credentials do not.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hookyard_deliver::target::Target;
use hookyard_model::auth::Auth;
use hookyard_model::destination::Http;
use ring::hmac;

use crate::peer::{self, OK, Peer};

fn auth(kind: &str, settings: &[(&str, &str)]) -> Auth {
    let settings: BTreeMap<String, String> =
        settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Auth::read(kind, &settings).unwrap()
}

/// A delivery to a destination with this authentication, as it arrives; the sender tries to bring its own.
async fn arriving(auth: Auth) -> String {
    let mut peer = Peer::answering(OK).await;
    let head = b"POST /t?x=1 HTTP/1.1\r\nAuthorization: Bearer of-the-sender\r\nX-Key: of-the-sender\r\n\
                 X-Signature: of-the-sender\r\nX-Key: twice\r\n\r\n";
    let request = peer::request(head, b"body");
    let destination = peer::endpoint(Http { append_path: true, auth, ..Http::at(peer.url()) });
    let target = Target::new(&destination).unwrap();
    let sent = peer::sender().attempt(&mut None, &target, &peer::shipment(&request)).await;
    assert!(sent.outcome.is_success(), "{sent:?}");
    String::from_utf8(peer.request().await).unwrap()
}

/// The lines of this name.
fn lines<'a>(arrived: &'a str, name: &str) -> Vec<&'a str> {
    arrived.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix(": ")).collect()
}

#[tokio::test]
async fn without_any_the_senders_authorization_passes() {
    let arrived = arriving(Auth::None).await;
    assert_eq!(lines(&arrived, "authorization"), ["Bearer of-the-sender"]);
    assert_eq!(lines(&arrived, "x-key"), ["of-the-sender", "twice"]);
}

#[tokio::test]
async fn what_is_set_replaces_what_the_sender_set() {
    for (auth, expected) in [
        (
            auth("basic", &[("username", "Aladdin"), ("password", "open sesame")]),
            &["Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="][..],
        ),
        (auth("bearer", &[("token", "ours")]), &["Bearer ours"]),
        (auth("api_key", &[("name", "Authorization"), ("key", "Key ours")]), &["Key ours"]),
        (auth("api_key", &[("name", "X-Key"), ("key", "ours")]), &[]),
        (auth("api_key", &[("name", "x"), ("key", "ours"), ("in", "query")]), &[]),
        (auth("hmac", &[("header", "X-Signature"), ("secret", "ours")]), &[]),
    ] {
        let kind = auth.kind();
        let arrived = arriving(auth).await;
        assert_eq!(lines(&arrived, "authorization"), expected, "{kind}: {arrived}");
        assert!(lines(&arrived, "webhook-signature")[0].starts_with("v1,"), "{arrived}");
    }
}

#[tokio::test]
async fn an_api_key_stands_where_it_should() {
    let arrived = arriving(auth("api_key", &[("name", "X-Key"), ("key", "ours")])).await;
    assert_eq!(lines(&arrived, "x-key"), ["ours"]);
    let arrived = arriving(auth("api_key", &[("name", "x"), ("key", "o&rs"), ("in", "query")])).await;
    assert!(arrived.starts_with("POST /?x=o%26rs HTTP/1.1\r\n"), "{arrived}");
    assert_eq!(lines(&arrived, "x-key"), ["of-the-sender", "twice"]);
}

#[tokio::test]
async fn every_hash_encoding_and_template_of_a_signature() {
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    // `NOW` and the id of the peer's shipment.
    let (time, id) = ("784111777", "evt_00000000000070000000000009");
    for (algorithm, name) in [
        (hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, "sha1"),
        (hmac::HMAC_SHA256, "sha256"),
        (hmac::HMAC_SHA512, "sha512"),
    ] {
        let sign = |message: &str| {
            hmac::sign(&hmac::Key::new(algorithm, "schlüssel".as_bytes()), message.as_bytes())
        };
        for (prefix, message, expected_prefix, signed) in [
            ("", "{body}", String::new(), "body".to_owned()),
            ("sha=", "{timestamp}.{body}", "sha=".to_owned(), format!("{time}.body")),
            (
                "t={timestamp},v1=",
                "v0:{timestamp}:{body}:{id}",
                format!("t={time},v1="),
                format!("v0:{time}:body:{id}"),
            ),
        ] {
            let settings = [
                ("header", "X-Signature"),
                ("secret", "schlüssel"),
                ("algorithm", name),
                ("prefix", prefix),
                ("message", message),
                ("timestamp_header", "X-Time"),
            ];
            let arrived = arriving(auth("hmac", &settings)).await;
            let expected = format!("{expected_prefix}{}", hex(sign(&signed).as_ref()));
            assert_eq!(lines(&arrived, "x-signature"), [expected], "{name} {message}");
            assert_eq!(lines(&arrived, "x-time"), [time]);
            let arrived = arriving(auth("hmac", &[&settings[..], &[("encoding", "base64")]].concat())).await;
            let expected = format!("{expected_prefix}{}", STANDARD.encode(sign(&signed)));
            assert_eq!(lines(&arrived, "x-signature"), [expected], "{name} {message}");
        }
    }
}
