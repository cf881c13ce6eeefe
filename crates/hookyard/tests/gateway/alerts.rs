//! Alerts over real connections: people are told when an issue opens and when it is over, by webhook, Slack and email;
//! also after a kill, and whatever another channel does.

use std::path::PathBuf;
use std::sync::Arc;

use hookyard_test_sdk::{MailServer, Security, VerifierProcess};
use serde_json::{Value, json};

use crate::gateway::{Gateway, OPEN_SOURCE, Yard, leg};
use crate::process::within;
use crate::sink::{Act, Delivery, OK, Sink};
use crate::tls::Certificate;

const PATH: &str = "/api/v1/alerts";
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const PASSWORD: &str = "correct-horse-battery-staple";
/// The bounds of a test that has something fail first.
const SOON: &str = "[alerts]\ntimeout = \"5s\"\nretry_first = \"10ms\"\nretry_max = \"10ms\"\n";

/// A yard whose one destination fails for good at once, with these alerts.
fn yard(app: &Sink, alerts: &str) -> Yard {
    Yard::new(format!("{OPEN_SOURCE}{}{alerts}", leg("out", app, "", "retry = { custom = [] }")))
}

fn alert(name: &str, channel: &str) -> String {
    format!("[[alert]]\nname = \"{name}\"\ninterval = \"0s\"\nchannel = {{ {channel} }}\n")
}

fn webhook(sink: &Sink) -> String {
    format!("type = \"webhook\", url = \"{}\", secret = \"{SECRET}\"", sink.url())
}

fn slack(sink: &Sink) -> String {
    format!("type = \"slack\", url = \"{}\"", sink.url())
}

/// Has an event of the one destination fail for good.
async fn fail(gateway: &Gateway, app: &mut Sink) {
    let request = gateway.take(b"one").await;
    app.next().await;
    gateway.event_in(&request, "failed").await;
}

/// The alert of this name, once it is as wanted.
async fn alert_until(gateway: &Gateway, name: &str, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    let find = |list: &Value| list["data"].as_array().unwrap().iter().find(|it| it["name"] == name).cloned();
    let list = gateway.get_until(PATH, what, |list| find(list).is_some_and(|it| wanted(&it))).await;
    find(&list).unwrap()
}

async fn tried(gateway: &Gateway, name: &str) -> Value {
    let alert = alert_until(gateway, name, "it is there", |_| true).await;
    let path = format!("{PATH}/{}/test", alert["id"].as_str().unwrap());
    let answer = gateway.call("POST", &path, "").await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

fn body(delivery: &Delivery) -> Value {
    serde_json::from_slice(&delivery.body).unwrap()
}

#[tokio::test]
async fn a_webhook_tells_what_the_api_shows_signed_when_an_issue_opens_and_when_it_is_over() {
    let verifier = VerifierProcess::start();
    let (mut app, mut people) = (Sink::start(Act::Answer(503, "")).await, Sink::start(OK).await);
    let yard = yard(&app, &alert("ops", &webhook(&people)));
    let gateway = yard.start().await;
    fail(&gateway, &mut app).await;
    let opened = people.next().await;
    verifier.verify(SECRET, &opened.headers, &opened.body).unwrap();
    let list = gateway.get("/api/v1/issues").await;
    let shown = alert_until(&gateway, "ops", "it was sent", |it| !it["last_sent_at"].is_null()).await;
    let told = body(&opened);
    let expected = json!({
        "type": "issue.opened", "timestamp": list["data"][0]["first_seen_at"], "openings": 1,
        "alert": {"id": shown["id"], "name": "ops"}, "data": list["data"][0],
    });
    assert_eq!(told, expected);
    assert_eq!((&told["data"]["kind"], &told["data"]["cause"]), (&json!("delivery"), &json!("503")));

    app.act(OK);
    gateway.take(b"two").await;
    app.next().await;
    let resolved = people.next().await;
    verifier.verify(SECRET, &resolved.headers, &resolved.body).unwrap();
    let told = body(&resolved);
    let list = gateway.get("/api/v1/issues").await;
    assert_eq!((&told["type"], &told["data"]), (&json!("issue.resolved"), &list["data"][0]));
    assert_eq!(told["timestamp"], list["data"][0]["resolved_at"]);
    assert_ne!(opened.header("webhook-id"), resolved.header("webhook-id"));
    let sent = "hookyard_alerts_sent_total{channel=\"webhook\"} 2";
    let counted = async { while !gateway.call("GET", "/metrics", "").await.text().contains(sent) {} };
    within("both are counted", counted).await;
    gateway.stop().await;
}

#[tokio::test]
async fn slack_is_told_again_until_it_takes_it_and_holds_up_nobody() {
    let mut app = Sink::start(Act::Answer(503, "")).await;
    let (mut chat, mut people) = (Sink::start(Act::Answer(500, "")).await, Sink::start(OK).await);
    let hanging = Sink::start(Act::Hang).await;
    let mut yard = yard(
        &app,
        &[alert("hanging", &slack(&hanging)), alert("chat", &slack(&chat)), alert("ops", &webhook(&people))]
            .concat(),
    );
    yard.settings.push_str(SOON);
    let gateway = yard.start().await;
    fail(&gateway, &mut app).await;
    people.next().await;
    let first = chat.next().await;
    let failing = alert_until(&gateway, "chat", "it fails", |it| !it["last_error"].is_null()).await;
    assert_eq!(failing["last_error"]["detail"], "the answer has status 500");
    assert_eq!(failing["last_sent_at"], Value::Null);
    chat.act(OK);
    let last = alert_until(&gateway, "chat", "it is sent", |it| !it["last_sent_at"].is_null()).await;
    assert_eq!(last["last_error"], Value::Null);
    assert_eq!(first.header("content-type"), Some("application/json"));
    let told = body(&first);
    let text = told["text"].as_str().unwrap();
    assert!(text.starts_with("*Issue opened: events of in-to-out fail (503)*\nKind: delivery\n"), "{text}");
    assert!(text.contains("\nDestination: out\n") && text.contains("\nSeen: once\n"), "{text}");
    assert_eq!(told.as_object().unwrap().len(), 1);
    // What its URL says is nobody's business.
    let whole = gateway.get(PATH).await.to_string();
    assert!(
        !whole.contains(&chat.url()) && !gateway.process.stderr.so_far().contains(&chat.url()),
        "{whole}"
    );
    let ended = gateway.stop().await;
    assert!(!ended.stderr.contains(&chat.url()), "{}", ended.stderr);
}

#[tokio::test]
async fn what_was_not_told_when_the_process_is_killed_is_told_after_the_start() {
    let mut app = Sink::start(Act::Answer(503, "")).await;
    let mut people = Sink::start(Act::Hang).await;
    let yard = yard(&app, &alert("ops", &webhook(&people)));
    let gateway = yard.start().await;
    fail(&gateway, &mut app).await;
    let first = people.next().await;
    assert_eq!(first.act, Act::Hang);
    gateway.process.kill();
    people.act(OK);

    let gateway = yard.start().await;
    let again = async {
        loop {
            let delivery = people.next().await;
            if delivery.act == OK {
                return delivery;
            }
        }
    };
    let again = within("it is told", again).await;
    assert_eq!(again.header("webhook-id"), first.header("webhook-id"));
    assert_eq!(body(&again), body(&first));
    alert_until(&gateway, "ops", "it was sent", |it| !it["last_sent_at"].is_null()).await;
    gateway.stop().await;
}

#[tokio::test]
async fn what_nobody_takes_is_given_up_in_the_end() {
    let mut app = Sink::start(Act::Answer(503, "")).await;
    let mut chat = Sink::start(Act::Answer(404, "")).await;
    let mut yard = yard(&app, &alert("chat", &slack(&chat)));
    yard.settings.push_str("[alerts]\nretry_age_max = \"0s\"\n");
    let gateway = yard.start().await;
    fail(&gateway, &mut app).await;
    chat.next().await;
    let line = gateway.process.stderr.containing("an alert is given up").await;
    assert!(line.contains("\"level\":\"ERROR\"") && line.contains("the answer has status 404"), "{line}");
    let alert = alert_until(&gateway, "chat", "it failed", |it| !it["last_error"].is_null()).await;
    assert_eq!(alert["last_error"]["detail"], "the answer has status 404");
    let metrics = gateway.call("GET", "/metrics", "").await.text();
    assert!(metrics.contains("hookyard_alerts_given_up_total{channel=\"slack\"} 1"), "{metrics}");
    // It is over, of which nobody needs to hear who heard of nothing.
    app.act(OK);
    gateway.take(b"two").await;
    gateway.get_until("/api/v1/issues", "it is over", |list| list["data"][0]["state"] == "resolved").await;
    // What is due is taken up before the process ends, and after the sample was.
    chat.act(OK);
    assert_eq!(tried(&gateway, "chat").await["sent"], true);
    gateway.stop().await;
    let sample = body(&chat.next().await);
    assert!(sample["text"].as_str().unwrap().starts_with("*A test of"), "{sample}");
    assert!(chat.already().is_none());
}

/// A certificate's files and a mail server's channel for each security.
fn mail_servers(yard: &Yard) -> Vec<(&'static str, Arc<MailServer>)> {
    let certificate = Certificate::of("localhost");
    let file = |name: &str, text: &str| -> PathBuf {
        let path = yard.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let (pem, key) = (file("mail.pem", &certificate.pem), file("mail.key", &certificate.key_pem));
    let login = Some(("hookyard", PASSWORD));
    let server = |security| Arc::new(MailServer::start(security, login));
    vec![
        ("none", server(Security::None)),
        ("starttls", server(Security::StartTls(&pem, &key))),
        ("tls", server(Security::Tls(&pem, &key))),
    ]
}

fn email(security: &str, server: &MailServer, password: &str) -> String {
    format!(
        "type = \"email\", host = \"localhost\", port = {}, security = \"{security}\", user = \"hookyard\", \
         password = \"{password}\", from = \"hookyard@example.com\", to = [\"ops@example.com\", \"dev@example.com\"]",
        server.port
    )
}

async fn next_mail(server: &Arc<MailServer>) -> Value {
    let server = Arc::clone(server);
    tokio::task::spawn_blocking(move || server.next()).await.unwrap()
}

#[tokio::test]
async fn an_email_is_handed_to_a_mail_server_however_that_is_encrypted() {
    let mut app = Sink::start(Act::Answer(503, "")).await;
    let mut yard = yard(&app, "");
    let servers = mail_servers(&yard);
    for (security, server) in &servers {
        yard.declared.push_str(&alert(security, &email(security, server, PASSWORD)));
    }
    let roots = yard.path().join("mail.pem");
    yard.env.insert("SSL_CERT_FILE".to_owned(), roots.to_str().unwrap().to_owned());
    let gateway = yard.start().await;
    fail(&gateway, &mut app).await;
    for (security, server) in &servers {
        let mail = next_mail(server).await;
        assert_eq!(mail["from"], "hookyard@example.com", "{security}");
        assert_eq!(mail["to"], json!(["ops@example.com", "dev@example.com"]), "{security}");
        assert_eq!((&mail["user"], &mail["is_encrypted"]), (&json!("hookyard"), &json!(*security != "none")));
        let message = mail["message"].as_str().unwrap();
        for part in [
            "\r\nSubject: [Hookyard] Issue opened: events of in-to-out fail (503)\r\n",
            "\r\nTo: ops@example.com, dev@example.com\r\n",
            "\r\nAuto-Submitted: auto-generated\r\n",
            "\r\n\r\nIssue opened: events of in-to-out fail (503)\r\n",
            "\r\nCause: 503\r\n",
        ] {
            assert!(message.contains(part), "{security}: {part:?} is not in {message}");
        }
        assert!(message.contains("\r\nMessage-ID: <alert_") && message.contains("\r\nDate: "), "{message}");
    }
    let ended = gateway.stop().await;
    assert!(!ended.stderr.contains(PASSWORD), "{}", ended.stderr);
}

#[tokio::test]
async fn a_test_says_what_came_of_it() {
    let app = Sink::start(OK).await;
    let (mut chat, people) = (Sink::start(OK).await, Sink::start(Act::Answer(410, "")).await);
    let mut yard = yard(&app, "");
    let servers = mail_servers(&yard);
    let (_, plain) = &servers[0];
    let (_, late) = &servers[1];
    yard.declared.push_str(&alert("chat", &slack(&chat)));
    yard.declared.push_str(&alert("gone", &webhook(&people)));
    yard.declared.push_str(&alert("mail", &email("none", plain, PASSWORD)));
    yard.declared.push_str(&alert("stranger", &email("none", plain, "wrong-password")));
    yard.declared.push_str(&alert("untrusted", &email("starttls", late, PASSWORD)));
    yard.declared.push_str(&alert("no-tls", &email("starttls", plain, PASSWORD)));
    yard.declared.push_str(&alert("wrong-port", &email("tls", plain, PASSWORD)));
    yard.declared.push_str(&alert("metadata", "type = \"slack\", url = \"https://169.254.169.254/x\""));
    yard.declared.push_str(&alert("in-clear", "type = \"slack\", url = \"http://1.1.1.1/x\""));
    let gateway = yard.start().await;
    assert_eq!(tried(&gateway, "chat").await, json!({"sent": true, "status": 200, "error": null}));
    let told = body(&chat.next().await);
    assert!(
        told["text"].as_str().unwrap().starts_with("*A test of the alert chat: nothing has happened*"),
        "{told}"
    );
    assert_eq!(tried(&gateway, "mail").await, json!({"sent": true, "status": 250, "error": null}));
    assert!(next_mail(plain).await["message"].as_str().unwrap().contains("A test of the alert mail"));
    let gone = json!({"sent": false, "status": 410, "error": "the answer has status 410"});
    assert_eq!(tried(&gateway, "gone").await, gone);
    plain.refuse(Some("550 5.7.1 no spam"));
    for (name, status, part) in [
        ("mail", json!(550), "the server did not take the email: 550 5.7.1 no spam"),
        ("stranger", json!(535), "the server took no login: 535"),
        ("untrusted", Value::Null, "the certificate is not issued by an authority"),
        ("no-tls", Value::Null, "the server does not offer STARTTLS"),
        ("wrong-port", Value::Null, "the server does not speak TLS on this port"),
        ("metadata", Value::Null, "it is in the link-local network"),
        ("in-clear", Value::Null, "a public network, which is only crossed with TLS"),
    ] {
        let tried = tried(&gateway, name).await;
        assert_eq!((&tried["sent"], &tried["status"]), (&json!(false), &status), "{name}: {tried}");
        assert!(tried["error"].as_str().unwrap().contains(part), "{name}: {tried}");
    }
    // A sample leaves no mark.
    let list = gateway.get(PATH).await;
    assert!(list["data"].as_array().unwrap().iter().all(|it| it["last_error"].is_null()), "{list}");
    let whole = list.to_string();
    for secret in [PASSWORD, SECRET, &chat.url()] {
        assert!(!whole.contains(secret), "{secret}");
    }
    let ended = gateway.stop().await;
    for secret in [PASSWORD, SECRET, "wrong-password"] {
        assert!(!ended.stderr.contains(secret), "{secret}");
    }
}
