//! How many connections there are: as few as the server allows, and never more than workers.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use hookyard_deliver::send::Sender;
use hookyard_deliver::target::Target;
use hookyard_model::attempt::ErrorKind;
use hookyard_model::auth::{Auth, Mtls};
use hookyard_model::destination::{Http, HttpVersion};
use hookyard_model::secret::Secret;
use hookyard_outgoing::exchange::Kept;
use http::{Response, Version};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt as _, Full};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::RootCertStore;
use rustls::server::WebPkiClientVerifier;
use rustls_pki_types::PrivateKeyDer;
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use super::server::{Making, Server};
use crate::peer;

fn fine(version: Version) -> Response<BoxBody<Bytes, std::convert::Infallible>> {
    Response::new(Full::from(format!("{version:?}")).boxed())
}

/// A server that answers nobody before so many have asked.
async fn meeting(making: Making, of: usize) -> Server {
    meeting_for(making, of, usize::MAX).await
}

/// The same, but only so many times; then it answers at once.
async fn meeting_for(making: Making, of: usize, times: usize) -> Server {
    let (met, came) = (Arc::new(Barrier::new(of)), Arc::<AtomicUsize>::default());
    Server::start(making, move |request| {
        let (met, number) = (Arc::clone(&met), came.fetch_add(1, Ordering::SeqCst));
        Box::pin(async move {
            if number / of < times {
                met.wait().await;
            }
            fine(request.version())
        })
    })
    .await
}

/// One attempt of each worker, all at once; what they keep, and over what they went.
async fn at_once(sender: &Sender, target: &Target, workers: Vec<Option<Kept>>) -> (Vec<Option<Kept>>, Bytes) {
    let mut attempts = JoinSet::new();
    for mut kept in workers {
        let (sender, target) = (sender.clone(), target.clone());
        attempts.spawn(async move {
            let sent = peer::post(&sender, &mut kept, &target).await;
            (kept, peer::response(sent).body)
        });
    }
    let (kept, versions): (Vec<_>, Vec<_>) = attempts.join_all().await.into_iter().unzip();
    assert!(versions.iter().all(|version| *version == versions[0]), "{versions:?}");
    (kept, versions[0].clone())
}

fn workers(number: usize) -> Vec<Option<Kept>> {
    std::iter::repeat_with(|| None).take(number).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_connection_carries_what_all_workers_send_at_once() {
    let server = meeting(Making::usual(), 100).await;
    let (sender, target) = (server.sender(), server.target());
    let mut kept = workers(100);
    for _ in 0..5 {
        let version;
        (kept, version) = at_once(&sender, &target, kept).await;
        assert_eq!(version, "HTTP/2.0");
    }
    assert_eq!(server.connections(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_are_opened_where_those_there_are_are_full_and_closed_when_nobody_holds_them() {
    for (streams_max, workers_max, connections) in [(1, 8, 8), (3, 8, 3), (8, 8, 1)] {
        let mut server = meeting(Making { streams_max, ..Making::usual() }, workers_max).await;
        let (sender, target) = (server.sender(), server.target());
        let (kept, _) = at_once(&sender, &target, workers(workers_max)).await;
        let (kept, version) = at_once(&sender, &target, kept).await;
        assert_eq!(version, "HTTP/2.0");
        assert_eq!(server.connections(), connections, "{workers_max} workers, {streams_max} streams");
        server.open(connections).await;
        drop(kept);
        server.open(0).await;
    }
}

#[tokio::test]
async fn a_worker_goes_on_with_the_connection_that_it_holds_and_a_new_one_finds_room() {
    let mut server = meeting_for(Making { streams_max: 1, ..Making::usual() }, 4, 1).await;
    let (sender, target) = (server.sender(), server.target());
    let (mut kept, _) = at_once(&sender, &target, workers(4)).await;
    server.open(4).await;
    for worker in &mut kept {
        assert_eq!(peer::response(peer::post(&sender, worker, &target).await).status, 200);
    }
    server.open(4).await;
    for left in [3, 2, 1] {
        kept.pop();
        server.open(left).await;
    }
    let mut new = None;
    assert_eq!(peer::response(peer::post(&sender, &mut new, &target).await).status, 200);
    // Two hold it now.
    drop(kept);
    assert_eq!(peer::response(peer::post(&sender, &mut new, &target).await).status, 200);
    assert_eq!(server.connections(), 4);
    drop(new);
    server.open(0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_picks_http1_gets_a_connection_for_each_worker() {
    for (protocols, version) in [
        (&["http/1.1"][..], HttpVersion::Auto),
        (&[], HttpVersion::Auto),
        (&["h2", "http/1.1"], HttpVersion::One),
    ] {
        let server = meeting(Making { protocols, ..Making::usual() }, 6).await;
        let (sender, target) = (server.sender(), server.target_in(version));
        let mut kept = workers(6);
        for _ in 0..3 {
            let version;
            (kept, version) = at_once(&sender, &target, kept).await;
            assert_eq!(version, "HTTP/1.1");
        }
        assert_eq!(server.connections(), 6);
    }
}

#[tokio::test]
async fn who_insists_on_http2_is_told_where_there_is_none() {
    for (protocols, kind, part) in [
        (&["http/1.1"][..], ErrorKind::Tls, "NoApplicationProtocol"),
        (&[], ErrorKind::Protocol, "set the destination's http_version to `auto`"),
    ] {
        let server = meeting(Making { protocols, ..Making::usual() }, 1).await;
        let target = server.target_in(HttpVersion::Two);
        peer::assert_error(peer::post(&server.sender(), &mut None, &target).await, kind, part);
    }
    let server = meeting(Making::usual(), 1).await;
    let target = server.target_in(HttpVersion::Two);
    let sent = peer::post(&server.sender(), &mut None, &target).await;
    assert_eq!(peer::response(sent).body, "HTTP/2.0");
}

/// Two lanes, or one before and after its configuration was changed.
#[tokio::test]
async fn targets_share_nothing() {
    let server = meeting(Making::usual(), 2).await;
    let sender = server.sender();
    let (one, other) = (server.target(), server.target());
    let (mut first, mut second) = (None, None);
    let (first, second) =
        tokio::join!(peer::post(&sender, &mut first, &one), peer::post(&sender, &mut second, &other));
    assert_eq!((peer::response(first).status, peer::response(second).status), (200, 200));
    assert_eq!(server.connections(), 2);
}

#[tokio::test]
async fn those_who_wait_for_a_connection_fail_with_it() {
    let (server, mut attempts) = (meeting(Making::usual(), 1).await, JoinSet::new());
    // It does not trust the certificate.
    let (sender, target) = (peer::sender(), server.target());
    for _ in 0..10 {
        let (sender, target) = (sender.clone(), target.clone());
        attempts.spawn(async move { peer::post(&sender, &mut None, &target).await });
    }
    for sent in attempts.join_all().await {
        peer::assert_error(sent, ErrorKind::Tls, "not issued by an authority");
    }
    assert_eq!(server.connections(), 1);
    peer::assert_error(
        peer::post(&sender, &mut None, &target).await,
        ErrorKind::Tls,
        "not issued by an authority",
    );
    assert_eq!(server.connections(), 2);
}

#[tokio::test]
async fn a_client_certificate_is_shown_over_http2_too() {
    let issuer = || {
        let mut params = CertificateParams::new(Vec::<String>::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
    };
    let (known, unknown) = (issuer(), issuer());
    let mut roots = RootCertStore::empty();
    roots.add(known.der().clone()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let clients = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build().unwrap();
    let key = KeyPair::generate().unwrap();
    let own = CertificateParams::new(vec!["localhost".to_owned()]).unwrap().signed_by(&key, &known).unwrap();
    let certificate = (own.der().clone(), PrivateKeyDer::try_from(key.serialize_der()).unwrap());
    let server = meeting(Making { clients, certificate, ..Making::usual() }, 1).await;
    let target = |issuer: &CertifiedIssuer<'_, KeyPair>| {
        let key = KeyPair::generate().unwrap();
        let mine = CertificateParams::new(vec!["me".to_owned()]).unwrap().signed_by(&key, issuer).unwrap();
        let key = Secret::new(key.serialize_pem());
        let auth = Auth::Mtls(Mtls { certificate: mine.pem(), key, ca: Some(known.pem()) });
        Target::new(&peer::endpoint(Http { auth, ..server.http() })).unwrap()
    };
    let (sender, good, bad, mut kept) = (peer::sender(), target(&known), target(&unknown), None);
    for _ in 0..2 {
        assert_eq!(peer::response(peer::post(&sender, &mut kept, &good).await).body, "HTTP/2.0");
    }
    assert_eq!(server.connections(), 1);
    let sent = peer::post(&sender, &mut None, &bad).await;
    peer::assert_error(sent, ErrorKind::Tls, "the server ended the TLS connection");
}
