//! Amazon SNS from its first question to a delivery. Its certificate comes from its own host only, and so does what
//! confirms a subscription; the test is that host, in a network of its own.

use std::path::Path;
use std::process::Command;

use hookyard_providers::definition::Vector;

use crate::gateway::{OPEN_SOURCE, Yard, leg};
use crate::namespace::{is_inside, run};
use crate::sink::{Act, OK, Sink};
use crate::tls::Certificate;

const HOST: &str = "sns.us-east-1.amazonaws.com";
const SOURCE: &str = "[[source]]\nname = \"sns\"\ntoken = \"sns\"\nprovider = \"aws-sns\"\n\
    settings = { topic_arn = \"arn:aws:sns:us-east-1:123456789012:MyTopic\" }\n\
    [[connection]]\nsource = \"sns\"\ndestination = \"out\"\n";

/// A message of SNS's newer scheme from the catalogue's file, signed with a certificate of our own. The program
/// itself holds no vectors.
fn vector(kind: &str) -> Vector {
    let file = include_str!("../../../hookyard-providers/catalogue/aws-sns.toml");
    let described: toml::Table = file.parse().unwrap();
    let vectors = described["vector"].clone().try_into::<Vec<Vector>>().unwrap();
    let is_kind = |vector: &Vector| vector.headers.get("x-amz-sns-message-type").is_some_and(|it| it == kind);
    let mut wanted = vectors.into_iter().filter(|vector| vector.scheme.as_deref() == Some("v2"));
    wanted.find(is_kind).unwrap()
}

/// Makes this machine SNS's host; there is no other in its network.
fn become_host(hosts: &Path) {
    run(Command::new("ip").args(["link", "set", "lo", "up"]));
    std::fs::write(hosts, format!("127.0.0.1 localhost {HOST}\n")).unwrap();
    run(Command::new("mount").arg("--bind").arg(hosts).arg("/etc/hosts"));
}

#[tokio::test]
async fn a_topic_is_confirmed_and_its_messages_are_delivered() {
    if !is_inside("sns::a_topic_is_confirmed_and_its_messages_are_delivered", "mn") {
        return;
    }
    let (confirmation, notification) = (vector("SubscriptionConfirmation"), vector("Notification"));
    let mut yard = Yard::new(SOURCE);
    become_host(&yard.path().join("hosts"));
    let certificate = Certificate::of(HOST);
    let trusted = yard.path().join("roots.pem");
    std::fs::write(&trusted, &certificate.pem).unwrap();
    yard.env.insert("SSL_CERT_FILE".to_owned(), trusted.to_str().unwrap().to_owned());
    let served = Act::Page(notification.fetched.values().next().unwrap().clone().leak());
    let mut sns = Sink::at("127.0.0.1:443", served, Some(certificate.acceptor())).await;
    let mut sink = Sink::start(OK).await;
    yard.declared = format!("{OPEN_SOURCE}{}{SOURCE}", leg("out", &sink, "", ""));
    let gateway = yard.start().await;

    let id = gateway.post("/sns", &[], confirmation.body.as_bytes()).await.request_id();
    for target in ["/SimpleNotificationService-yard.pem", "/?Action=ConfirmSubscription&Token=2336"] {
        let asked = sns.next().await;
        assert_eq!((asked.method.as_str(), asked.target.as_str()), ("GET", target));
    }
    let path = format!("/api/v1/requests/{id}");
    let shown = gateway.get_until(&path, "confirmed", |it| it["status"] == "accepted").await;
    assert_eq!(
        (&shown["verification"], shown["events"]["data"].as_array().map(Vec::len)),
        (&"verified".into(), Some(0))
    );

    let id = gateway.post("/sns", &[], notification.body.as_bytes()).await.request_id();
    assert_eq!(sink.next().await.body, notification.body.as_bytes());
    gateway.event_in(&id, "successful").await;
    let shown = gateway.get(&format!("/api/v1/requests/{id}")).await;
    assert_eq!(shown["provider_event_id"], "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324");

    let changed = notification.body.replace("Hello", "Hallo");
    assert_eq!(gateway.post("/sns", &[], changed.as_bytes()).await.status, 401);
    // The certificate is asked for once, and nothing of what was refused is delivered.
    assert!(sns.already().is_none() && sink.already().is_none());
    gateway.stop().await;
}
