//! From the wire on: ingest answers at once, and what follows is the router's.

use std::net::SocketAddr;

use hookyard_ingest::ingest::Ingest;
use hookyard_ingest::limits::Limits;
use hookyard_ingest::metrics::Metrics;
use hookyard_model::id::RequestId;
use hookyard_model::request::{Proof, RejectCause, Verdict};
use prometheus_client::registry::Registry;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::harness::{Running, Yard};
use crate::key_server::{Act, KeyServer};
use crate::sender::{Circle, Message, sns_certificate, sns_confirmation};

/// The public address, in front of a store and a router.
struct Front {
    address: SocketAddr,
    _stop: watch::Sender<bool>,
}

impl Front {
    async fn of(running: &Running) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let metrics = Metrics::register(&mut Registry::default());
        let (store, keys) = (running.store.clone(), running.cache.clone());
        let clock = store.clock().clone();
        let ingest = Ingest::new(store, clock, Limits::default(), None, keys, metrics);
        let (stop, stopped) = watch::channel(false);
        tokio::spawn(ingest.serve(listener, None, stopped));
        Self { address, _stop: stop }
    }

    /// Sends a message and has the answer's status and body.
    async fn send(&self, (head, body): Message) -> (u16, String) {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let head = head.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n");
        stream.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
    }

    /// Sends a message that has to be taken.
    async fn take(&self, sent: Message) -> RequestId {
        let (status, body) = self.send(sent).await;
        assert_eq!(status, 200, "{body}");
        body.split('"').nth(3).unwrap().parse().unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_request_is_answered_before_its_key_is_there() {
    let mut keys = KeyServer::start(Act::Hang).await;
    let (yard, circle, stranger) = (Yard::new(), Circle::new(), Circle::new());
    let running = yard.start(&keys).await;
    running.circle("circle").await;
    let front = Front::of(&running).await;
    let good = front.take(circle.sign("k", "evt_1")).await;
    let bad = front.take(stranger.sign("k", "evt_2")).await;
    assert_eq!(running.verdict(good).await, Verdict::Pending);
    keys.act(circle.key());
    running.verified(good).await;
    let details = running.store.request_details(running.project, good).await.unwrap().unwrap();
    assert_eq!(details.fields.provider_event_id.as_deref(), Some("evt_1"));
    assert_eq!(details.fields.topic.as_deref(), Some("payments"));
    assert_eq!(running.refused(bad).await.0, RejectCause::VerificationFailed);

    // From now on the key is at hand, and the answer says what it is worth.
    keys.already();
    let next = front.take(circle.sign("k", "evt_3")).await;
    assert_eq!(running.verdict(next).await, Verdict::Accepted(Proof::Verified));
    assert_eq!(front.send(stranger.sign("k", "evt_4")).await.0, 401);
    assert!(keys.already().is_empty());
    running.kill().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subscription_is_confirmed() {
    let mut keys = KeyServer::start(sns_certificate()).await;
    let yard = Yard::new();
    let running = yard.start(&keys).await;
    running.sns().await;
    let front = Front::of(&running).await;
    for path in ["?Action=Confirm", "?Action=Again"] {
        let id = front.take(sns_confirmation(path)).await;
        while keys.asked().await != format!("/{path}") {}
        assert_eq!(running.decided(id).await, Verdict::Accepted(Proof::Verified));
    }
    running.kill().await;
}
