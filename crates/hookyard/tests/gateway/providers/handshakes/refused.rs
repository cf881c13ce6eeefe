//! What is no handshake, or not of the owner of the source.

use super::super::{ROW, Row, ask, sources};

/// Refused: what is asked, of which row's source, and the status.
#[tokio::test]
async fn what_is_no_handshake_of_the_owner_is_not_answered() {
    let row = |provider, method, suffix, body, status| Row { provider, method, suffix, body, status, ..ROW };
    let rows = [
        row("meta", "GET", "?hub.mode=subscribe&hub.challenge=1&hub.verify_token=wrong", "", 403),
        row("meta", "GET", "?hub.mode=subscribe&hub.challenge=1", "", 403),
        row("meta", "GET", "?hub.mode=subscribe&hub.verify_token=meet-me-at-the-yard", "", 405),
        row("strava", "GET", "?hub.mode=subscribe&hub.challenge=1&hub.verify_token=wrong", "", 403),
        row("oura", "GET", "?verification_token=wrong&challenge=1", "", 401),
        row("websub", "GET", "?hub.mode=unsubscribe&hub.topic=a&hub.challenge=1", "", 404),
        // Shaped like what the provider signs.
        row(
            "zoom",
            "POST",
            "",
            r#"{"event":"endpoint.url_validation","payload":{"plainToken":"v0:1:{}"}}"#,
            403,
        ),
        row("x", "GET", "?crc_token=%7B%22a%22%3A1%7D", "", 403),
        row("x", "GET", "?crc_token=", "", 403),
        row("linkedin", "GET", "?challengeCode=hmacsha256%3D%7B%7D", "", 403),
        row("smartcar", "POST", "", r#"{"eventType":"VERIFY","data":{"challenge":"{}"}}"#, 403),
        // Must be verified, and are not.
        row("slack", "POST", "", r#"{"type":"url_verification","challenge":"c"}"#, 401),
        row("discord", "POST", "", r#"{"type":1}"#, 401),
        row("xero", "POST", "", r#"{"events":[]}"#, 401),
        row("adobe-sign", "GET", "", "", 405),
        row("okta", "GET", "", "", 405),
        row("dropbox", "GET", "?challenge2=x", "", 405),
        row("cloudevents", "OPTIONS", "", "", 405),
    ];
    let mut names: Vec<&str> = rows.iter().map(|row| row.provider).collect();
    names.dedup();
    let yard = sources(&names, &[]);
    let gateway = yard.start().await;
    for row in &rows {
        let answer = ask(&gateway, row).await;
        assert_eq!(
            answer.status,
            row.status,
            "{} {} {}: {}",
            row.provider,
            row.suffix,
            row.body,
            answer.text()
        );
        for leaked in ["wrong", "v0:", "hmacsha256", "meet-me"] {
            assert!(!answer.text().contains(leaked), "{}: {}", row.provider, answer.text());
        }
    }
}
