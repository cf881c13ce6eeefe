//! The end: nothing new is taken, and what is under way is finished.

use tokio::net::TcpStream;

use crate::gateway::Gateway;

#[tokio::test]
async fn requests_under_way_are_finished_and_resting_connections_closed() {
    let gateway = Gateway::start().await;
    let mut resting = gateway.client().await;
    resting.ask("POST /open HTTP/1.1\r\nContent-Length: 0\r\n\r\n").await.request_id();
    let untouched = gateway.client().await;
    let mut busy = gateway.client().await;
    busy.send("POST /open HTTP/1.1\r\nContent-Length: 6\r\n\r\nfir").await;
    gateway.until(|gateway| gateway.in_flight_bytes() == 3).await;
    gateway.until(|gateway| gateway.metrics().contains("hookyard_ingest_connections_open 3\n")).await;

    gateway.shutdown.send(true).unwrap();
    resting.closed().await;
    untouched.closed().await;
    while TcpStream::connect(gateway.address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    let answer = busy.ask("st!").await;
    let stored = gateway.stored(answer.request_id()).await;
    assert_eq!(stored.body, "first!");
    busy.closed().await;
    gateway.serving.await.unwrap();
}

#[tokio::test]
async fn a_lost_owner_ends_it_too() {
    let gateway = Gateway::start().await;
    drop(gateway.shutdown);
    gateway.serving.await.unwrap();
}
