//! Handshakes that bring the secret of everything that follows.

use ring::hmac;

use super::super::{ROW, Row, hex, mac, newest, sources};

pub(super) const ROWS: &[Row] = &[
    Row {
        provider: "asana",
        headers: &[("x-hook-secret", "b537207f20cbfa02357cf448134da559")],
        body: "{}",
        answered: &[("x-hook-secret", "b537207f20cbfa02357cf448134da559")],
        ..ROW
    },
    Row {
        provider: "clio",
        headers: &[("x-hook-secret", "a98d3ad0")],
        body: "{}",
        answered: &[("x-hook-secret", "a98d3ad0")],
        ..ROW
    },
    Row {
        provider: "notion",
        body: r#"{"verification_token":"secret_tMrlL1qK5vuQAh1b6cZGhFChZTSYJlce98V0pYn7yBl"}"#,
        ..ROW
    },
];

#[tokio::test]
async fn a_secret_comes_with_the_first_handshake_only_and_before_that_nothing_passes() {
    let yard = sources(&["notion"], &[]);
    let gateway = yard.start().await;
    let event = br#"{"id":"1","type":"page.created"}"#;
    let signed = |secret: &str| {
        format!(
            "sha256={}",
            hex(&mac(hmac::HMAC_SHA256, secret.as_bytes(), std::str::from_utf8(event).unwrap()))
        )
    };
    let early = gateway.post("/notion", &[("x-notion-signature", &signed("secret_first"))], event).await;
    assert_eq!(early.status, 401);
    let kept = newest(&gateway, 1).await;
    assert!(kept["detail"].as_str().unwrap().contains("handshake brings it"), "{kept}");

    for not_a_secret in [r#"{"verification_token":""}"#, r#"{"verification_token":"a b"}"#] {
        assert_eq!(gateway.post("/notion", &[], not_a_secret.as_bytes()).await.status, 403);
    }
    assert_eq!(gateway.post("/notion", &[], br#"{"verification_token":"secret_first"}"#).await.status, 200);
    assert_eq!(gateway.post("/notion", &[], br#"{"verification_token":"secret_other"}"#).await.status, 403);
    gateway.stop().await;
    // The file declares no secret; the one that was brought stays all the same.
    for _restart in 0..2 {
        let gateway = yard.start().await;
        let other = gateway.post("/notion", &[("x-notion-signature", &signed("secret_other"))], event).await;
        assert_eq!(other.status, 401);
        let good = gateway.post("/notion", &[("x-notion-signature", &signed("secret_first"))], event).await;
        assert_eq!(good.status, 200, "{}", good.text());
        gateway.stop().await;
    }
}
