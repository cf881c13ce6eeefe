//! A destination that does nothing but fail for days is given up, also over restarts; one that works now and
//! then is not.

use std::time::Duration;

use hookyard_model::connection::DisableCause;
use hookyard_model::event::EventState;

use crate::yard::{Service, Yard};

const HOUR: Duration = Duration::from_secs(3_600);
const DAYS_5: Duration = Duration::from_secs(5 * 24 * 3_600);

#[tokio::test(flavor = "multi_thread")]
async fn days_of_nothing_but_failure_disable_the_connection() {
    let (yard, service) = (Yard::new(), Service::start().await);
    let mut running = yard.start().await;
    running.join(&service.url, Some(DAYS_5)).await;
    assert_eq!(running.event().await, EventState::Successful);
    service.answer(500);
    let began = yard.clock.now();
    assert_eq!(running.event().await, EventState::Failed);
    assert_eq!(running.destination().failing_since, None, "an hour's failures are nothing to note");
    yard.clock.advance(HOUR);
    assert_eq!(running.event().await, EventState::Failed);
    running.until(|it| it.destination().failing_since == Some(began)).await;

    // The days are counted on over a restart, in which the destination fails in another way.
    running.stop().await;
    service.answer(404);
    yard.clock.advance(DAYS_5 - 2 * HOUR);
    let mut running = yard.start().await;
    assert_eq!(running.event().await, EventState::Failed);
    assert!(running.connection().disabled.is_none());
    yard.clock.advance(HOUR);
    assert_eq!(running.event().await, EventState::Failed);
    running.until(|it| it.connection().disabled.is_some() && it.destination().failing_since.is_none()).await;
    assert_eq!(running.connection().disabled.clone().unwrap().cause, DisableCause::DestinationFailing);
    let counted = "hookyard_delivery_connections_disabled_total{cause=\"destination_failing\"} 1";
    assert!(running.metrics().contains(counted), "{}", running.metrics());

    // Enabled again, it has as long again.
    let connection = running.connection();
    running.store.catalog().enable_connection(connection.project, connection.id).await.unwrap();
    yard.clock.advance(HOUR);
    assert_eq!(running.event().await, EventState::Failed);
    yard.clock.advance(HOUR);
    assert_eq!(running.event().await, EventState::Failed);
    running.until(|it| it.destination().failing_since.is_some()).await;
    assert!(running.connection().disabled.is_none());
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_single_success_begins_the_days_anew() {
    let (yard, service) = (Yard::new(), Service::start().await);
    let mut running = yard.start().await;
    running.join(&service.url, Some(DAYS_5)).await;
    service.answer(500);
    for _ in 0..2 {
        assert_eq!(running.event().await, EventState::Failed);
        yard.clock.advance(DAYS_5 - HOUR);
    }
    service.answer(200);
    assert_eq!(running.event().await, EventState::Successful);
    running.until(|it| it.destination().failing_since.is_none()).await;
    service.answer(500);
    assert_eq!(running.event().await, EventState::Failed);
    yard.clock.advance(DAYS_5 - HOUR);
    assert_eq!(running.event().await, EventState::Failed);
    assert!(running.connection().disabled.is_none());
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn never_means_never() {
    let (yard, service) = (Yard::new(), Service::start().await);
    let mut running = yard.start().await;
    running.join(&service.url, None).await;
    service.answer(500);
    for _ in 0..3 {
        assert_eq!(running.event().await, EventState::Failed);
        yard.clock.advance(100 * DAYS_5);
    }
    assert!(running.connection().disabled.is_none());
    running.stop().await;
}
