//! HTTP/2 to destinations, against node's own server: what arrives, over how many connections, and what becomes of
//! events when the server is restarted.

use std::collections::BTreeSet;

use hookyard_test_sdk::{Http2Delivery, Http2Server, VerifierProcess};

use crate::gateway::{Gateway, OPEN_SOURCE, Yard};
use crate::tls::Certificate;

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// A server, and a gateway with a destination that leads there, whose further settings these are.
async fn joined(streams_max: u32, meeting: usize, destination: &str) -> (Http2Server, Gateway, Yard) {
    let certificate = Certificate::of("localhost");
    let server = Http2Server::start(&certificate.key_pem, &certificate.pem, streams_max, meeting);
    let mut yard = Yard::new(format!(
        "{OPEN_SOURCE}[[destination]]\nname = \"out\"\nurl = \"https://localhost:{}/hook?k=v\"\n\
         signing_secrets = [\"{SECRET}\"]\n{destination}\n\
         [[connection]]\nsource = \"in\"\ndestination = \"out\"\nretry = {{ custom = [] }}\n",
        server.port
    ));
    let roots = yard.path().join("roots.pem");
    std::fs::write(&roots, &certificate.pem).unwrap();
    yard.env.insert("SSL_CERT_FILE".to_owned(), roots.to_str().unwrap().to_owned());
    let gateway = yard.start().await;
    (server, gateway, yard)
}

fn bodies(deliveries: &[Http2Delivery]) -> BTreeSet<Vec<u8>> {
    deliveries.iter().map(Http2Delivery::body).collect()
}

/// Sends so many webhooks, each with its number.
async fn take(gateway: &Gateway, numbers: std::ops::Range<usize>) -> BTreeSet<Vec<u8>> {
    let mut sent = BTreeSet::new();
    for number in numbers {
        let body = format!("{{\"number\":{number},\"text\":\"schön\"}}").into_bytes();
        gateway.take(&body).await;
        sent.insert(body);
    }
    sent
}

async fn successful(gateway: &Gateway, number: usize) {
    let path = "/api/v1/events?state=successful&limit=250";
    gateway.get_until(path, "all", |it| it["data"].as_array().unwrap().len() == number).await;
}

#[tokio::test]
async fn deliveries_share_a_connection_and_are_verified_by_the_customers_package() {
    let (server, gateway, _yard) = joined(100, 1, "").await;
    let verifier = VerifierProcess::start();
    let sent = take(&gateway, 0..40).await;
    let deliveries = server.take(40);
    assert_eq!(bodies(&deliveries), sent);
    for delivery in &deliveries {
        verifier.verify(SECRET, &delivery.headers, &delivery.body()).unwrap();
        assert_eq!(delivery.url, format!("https://localhost:{}/hook?k=v", server.port));
        let host = delivery.headers.iter().find(|(name, _)| ["host", "connection"].contains(&name.as_str()));
        assert_eq!((delivery.method.as_str(), delivery.connection, host), ("POST", 0, None));
    }
    let tampered = [deliveries[0].body(), b" ".to_vec()].concat();
    verifier.verify(SECRET, &deliveries[0].headers, &tampered).unwrap_err();
    successful(&gateway, 40).await;
    assert_eq!(server.connections().opened, 1);
}

#[tokio::test]
async fn a_server_that_is_restarted_costs_no_attempt() {
    let (server, gateway, _yard) = joined(100, 1, "concurrency = 4").await;
    let mut sent = take(&gateway, 0..10).await;
    let mut deliveries = server.take(10);
    for round in 1..4 {
        server.leave();
        sent.extend(take(&gateway, round * 10..(round + 1) * 10).await);
        deliveries.extend(server.take(10));
    }
    assert_eq!(bodies(&deliveries), sent);
    // Each with a single try, as no other is allowed.
    successful(&gateway, 40).await;
    let connections = server.connections();
    assert!(connections.opened >= 4 && connections.open_max <= 4, "{connections:?}");
}

#[tokio::test]
async fn there_are_never_more_connections_than_attempts_at_the_same_time() {
    // It allows one request on each connection, and answers when four are waiting.
    let (server, gateway, _yard) = joined(1, 4, "concurrency = 4").await;
    let sent = take(&gateway, 0..40).await;
    let deliveries = server.take(40);
    assert_eq!(bodies(&deliveries), sent);
    successful(&gateway, 40).await;
    let connections = server.connections();
    assert_eq!((connections.opened, connections.open_max), (4, 4));
}
