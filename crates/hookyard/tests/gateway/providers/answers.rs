//! How a provider is answered where it wants more, or other, than the request's id.

use ring::hmac;

use super::{ROW, Row, ask, hex, mac, sources};

#[tokio::test]
async fn providers_are_answered_as_they_want_and_the_owner_has_the_last_word() {
    let names = ["github", "airtable", "gocardless", "discord", "websub", "xero"];
    let mut yard = sources(&names, &[]);
    yard.declared.push_str(
        "[[source]]\nname = \"own\"\ntoken = \"own\"\nprovider = \"gocardless\"\nsecrets = [\"s\"]\n\
         answer = { status = 202, body = \"thanks\" }\n",
    );
    let gateway = yard.start().await;
    let body = r#"{"type":9,"events":[{"id":"EV1"}]}"#;
    for (provider, accepted, said, refused) in [
        ("airtable", 200, Some(""), 401),
        ("gocardless", 204, Some(""), 498),
        ("discord", 204, Some(""), 401),
        ("xero", 200, Some(""), 401),
        ("websub", 200, Some(""), 200),
        ("github", 200, None, 401),
    ] {
        let row = Row { provider, body, signed: true, ..ROW };
        let answer = ask(&gateway, &row).await;
        assert_eq!(answer.status, accepted, "{provider}: {}", answer.text());
        match said {
            Some(said) => assert_eq!(answer.text(), said, "{provider}"),
            None => assert!(answer.json()["request_id"].is_string(), "{provider}"),
        }
        let answer = ask(&gateway, &Row { signed: false, ..row }).await;
        assert_eq!(answer.status, refused, "{provider}");
    }
    let signature = hex(&mac(hmac::HMAC_SHA256, b"s", body));
    let answer = gateway.post("/own", &[("webhook-signature", &signature)], body.as_bytes()).await;
    assert_eq!((answer.status, answer.text().as_str()), (202, "thanks"));
}
