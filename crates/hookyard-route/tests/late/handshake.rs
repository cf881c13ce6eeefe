//! A handshake that ends in a call: made once the request is verified, and again after a crash.

use hookyard_model::request::{Proof, RejectCause, Verdict};

use crate::harness::{Yard, until};
use crate::key_server::{Act, KeyServer};
use crate::sender::{sns_certificate, sns_confirmation};

const DONE: &str = "hookyard_route_follow_ups_total{outcome=\"done\"}";

#[tokio::test(flavor = "multi_thread")]
async fn a_verified_confirmation_is_confirmed_and_not_routed() {
    let mut keys = KeyServer::start(Act::Close).await;
    let yard = Yard::new();
    let running = yard.start(&keys).await;
    let source = running.sns().await;
    let id = running.pending(source, sns_confirmation("?Action=Confirm")).await;
    assert_eq!(keys.asked().await, "/key.pem");
    assert_eq!(running.verdict(id).await, Verdict::Pending);
    keys.act(sns_certificate());
    while keys.asked().await != "/?Action=Confirm" {}
    assert_eq!(running.decided(id).await, Verdict::Accepted(Proof::Verified));
    assert_eq!(running.events(id).await, 0);
    assert_eq!(running.metric(DONE), "1");
    // A second one finds the certificate at hand.
    let id = running.pending(source, sns_confirmation("?Action=Again")).await;
    assert_eq!(keys.asked().await, "/?Action=Again");
    assert_eq!(running.decided(id).await, Verdict::Accepted(Proof::Verified));
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unverified_confirmation_calls_nobody() {
    let mut keys = KeyServer::start(sns_certificate()).await;
    let yard = Yard::new();
    let running = yard.start(&keys).await;
    let source = running.sns().await;
    let (head, body) = sns_confirmation("?Action=Confirm");
    let id = running.pending(source, (head, body.replace("?Action=Confirm", "?Action=Confirn"))).await;
    assert_eq!(running.refused(id).await.0, RejectCause::VerificationFailed);
    assert_eq!(keys.already(), ["/key.pem"]);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_a_crash_cut_off_is_made_after_the_start() {
    let mut keys = KeyServer::start(sns_certificate()).await;
    let yard = Yard::new();
    let running = yard.start(&keys).await;
    let source = running.sns().await;
    let first = running.pending(source, sns_confirmation("?Action=First")).await;
    running.decided(first).await;
    keys.act(Act::Hang);
    let id = running.pending(source, sns_confirmation("?Action=Confirm")).await;
    while keys.asked().await != "/?Action=Confirm" {}
    assert_eq!(running.verdict(id).await, Verdict::Pending);
    running.kill().await;

    keys.act(sns_certificate());
    let running = yard.start(&keys).await;
    while keys.asked().await != "/?Action=Confirm" {}
    assert_eq!(running.decided(id).await, Verdict::Accepted(Proof::Verified));
    // One that is given up ends as well.
    keys.act(Act::Answer(410, String::new()));
    let id = running.pending(source, sns_confirmation("?Action=Gone")).await;
    assert_eq!(running.decided(id).await, Verdict::Accepted(Proof::Verified));
    until(async || running.metric("hookyard_route_follow_ups_total{outcome=\"status\"}") == "1").await;
    running.stop().await;
}
