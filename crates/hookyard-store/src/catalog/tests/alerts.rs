//! Alerts: made, changed, deleted, declared by a file; and what is secret in them.

use hookyard_model::alert::{ALERTS_MAX, Channel, Slack, Webhook};
use hookyard_model::id::ConnectionId;
use hookyard_model::issue::Kind;
use hookyard_model::source::ManagedBy;

use super::*;

const URL: &str = "https://hooks.slack.test/services/T0/B0/only-we-know";

fn slack() -> Channel {
    Channel::Slack(Slack { url: Secret::new(URL) })
}

fn alert(name: &str) -> NewAlert {
    NewAlert {
        name: name.to_owned(),
        on: vec![Kind::Disabled, Kind::Delivery, Kind::Disabled],
        connections: Vec::new(),
        resolutions: true,
        interval: Duration::from_secs(60),
        enabled: true,
        channel: slack(),
    }
}

fn declared(name: &str, connections: &[&str]) -> DeclaredAlert {
    let NewAlert { name, on, resolutions, interval, enabled, channel, .. } = alert(name);
    let connections = connections.iter().map(|name| (*name).to_owned()).collect();
    DeclaredAlert { name, on, connections, resolutions, interval, enabled, channel }
}

#[tokio::test]
async fn they_are_made_changed_and_deleted_and_survive() {
    let fixture = Fixture::new();
    let project = fixture.project();
    let made = fixture.catalog.create_alert(project, alert("ops")).await.unwrap();
    assert_eq!(made.on, [Kind::Delivery, Kind::Disabled], "in their order, and once");
    fixture.later();
    let webhook = Webhook {
        url: "https://a.test/".to_owned(),
        secret: Secret::new("whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
    };
    let new = NewAlert { channel: Channel::Webhook(webhook), enabled: false, ..alert("all") };
    let changed = fixture.catalog.update_alert(project, made.id, new.clone()).await.unwrap();
    assert_eq!((changed.id, changed.created_at, changed.enabled), (made.id, START, false));
    assert!(changed.updated_at > START);
    let again = fixture.catalog.update_alert(project, made.id, new).await.unwrap();
    assert!(Arc::ptr_eq(&again, &changed), "nothing is different");

    let fixture = fixture.reopened();
    assert_eq!(*fixture.catalog.snapshot().alerts[&made.id], *changed);
    let next = fixture.catalog.create_alert(project, alert("ops")).await.unwrap();
    assert!(next.id > made.id);
    let taken = fixture.catalog.update_alert(project, next.id, alert("all")).await.unwrap_err();
    assert_eq!(taken, WriteError::NameTaken { noun: Noun::Alert, name: "all".to_owned() });
    fixture.catalog.delete_alert(project, made.id).await.unwrap();
    let gone = fixture.catalog.delete_alert(project, made.id).await.unwrap_err();
    assert_eq!(gone, WriteError::NotFound { noun: Noun::Alert });
    assert_eq!(fixture.reopened().catalog.snapshot().alerts.len(), 1);
}

#[tokio::test]
async fn what_they_are_restricted_to_is_there_and_stays() {
    let fixture = Fixture::new();
    let project = fixture.project();
    let (source, destination) = (fixture.source("in").await, fixture.destination("out").await);
    let connection = fixture.connection("way", source.id, destination.id).await;
    let unknown = NewAlert { connections: vec![ConnectionId(connection.id.0 + 1)], ..alert("ops") };
    let refused = fixture.catalog.create_alert(project, unknown).await.unwrap_err();
    assert_eq!(refused, WriteError::UnknownReference { noun: Noun::Connection });
    let new = NewAlert { connections: vec![connection.id, connection.id], ..alert("ops") };
    let made = fixture.catalog.create_alert(project, new).await.unwrap();
    assert_eq!(made.connections, [connection.id]);
    let refused = fixture.catalog.delete_connection(project, connection.id).await.unwrap_err();
    assert_eq!(refused, WriteError::Alerted { by: vec!["ops".to_owned()] });
    fixture.catalog.update_alert(project, made.id, alert("ops")).await.unwrap();
    fixture.catalog.delete_connection(project, connection.id).await.unwrap();
}

#[tokio::test]
async fn what_is_wrong_with_one_is_named() {
    let fixture = Fixture::new();
    let hours = |hours: u64| Duration::from_secs(hours * 3600);
    let none = Channel::Slack(Slack { url: Secret::new("hooks.slack.test") });
    for (new, setting) in [
        (NewAlert { on: Vec::new(), ..alert("a") }, "on"),
        (NewAlert { connections: vec![ConnectionId(1); 101], ..alert("a") }, "connections"),
        (NewAlert { interval: hours(30 * 24 + 1), ..alert("a") }, "interval"),
        (NewAlert { interval: Duration::from_micros(1), ..alert("a") }, "interval"),
        (NewAlert { channel: none, ..alert("a") }, "channel.url"),
    ] {
        let error = fixture.catalog.create_alert(fixture.project(), new).await.unwrap_err();
        assert!(
            matches!(&error, WriteError::Invalid { setting: found, .. } if *found == setting),
            "{error:?}"
        );
    }
    for number in 0..ALERTS_MAX {
        fixture.catalog.create_alert(fixture.project(), alert(&format!("a{number}"))).await.unwrap();
    }
    let many = fixture.catalog.create_alert(fixture.project(), alert("one-more")).await.unwrap_err();
    assert_eq!(many, WriteError::TooManyAlerts);
}

#[tokio::test]
async fn a_file_declares_them_and_what_it_no_longer_declares_is_disabled() {
    let fixture = Fixture::new();
    let project = fixture.project();
    let by_hand = fixture.catalog.create_alert(project, alert("ops")).await.unwrap();
    let declare = |alerts: Vec<DeclaredAlert>| Declared {
        sources: vec![source("in")],
        destinations: vec![destination("out")],
        connections: vec![DeclaredConnection {
            name: "way".to_owned(),
            source: "in".to_owned(),
            destination: "out".to_owned(),
            rules: Vec::new(),
            order: hookyard_model::order::Order::Free,
            retry: Retry::default(),
            enabled: true,
        }],
        alerts,
    };
    let two = || declare(vec![declared("ops", &["way"]), declared("all", &[])]);
    let applied = fixture.catalog.apply_file(project, two()).await.unwrap();
    assert_eq!(
        (applied.alerts.created, applied.alerts.updated),
        (vec!["all".to_owned()], vec!["ops".to_owned()])
    );
    let snapshot = fixture.catalog.snapshot();
    let ops = &snapshot.alerts[&by_hand.id];
    assert_eq!((ops.managed_by, ops.connections.len()), (ManagedBy::File, 1));
    let refused = fixture.catalog.delete_alert(project, by_hand.id).await.unwrap_err();
    assert!(matches!(refused, WriteError::ManagedByFile { .. }), "{refused:?}");
    let applied = fixture.catalog.apply_file(project, two()).await.unwrap();
    assert_eq!(applied.alerts.unchanged.len(), 2);
    assert_eq!(fixture.catalog.snapshot().version, snapshot.version);

    let applied = fixture.catalog.apply_file(project, declare(vec![declared("all", &[])])).await.unwrap();
    assert_eq!(applied.alerts.released, ["ops"]);
    let released = Arc::clone(&fixture.catalog.snapshot().alerts[&by_hand.id]);
    assert_eq!((released.managed_by, released.enabled), (ManagedBy::Api, false));
    for wrong in [vec![declared("x", &["nowhere"])], vec![declared("x", &[]), declared("x", &[])]] {
        fixture.catalog.apply_file(project, declare(wrong)).await.unwrap_err();
    }
}

#[tokio::test]
async fn what_is_secret_stands_nowhere_in_plain_text() {
    let fixture = Fixture::new();
    fixture.catalog.create_alert(fixture.project(), alert("ops")).await.unwrap();
    let Fixture { directory, catalog, .. } = fixture;
    assert!(!format!("{:?}", catalog.snapshot()).contains("only-we-know"));
    drop(catalog);
    for entry in std::fs::read_dir(directory.path()).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        assert!(!bytes.windows(12).any(|window| window == b"only-we-know"));
    }
}
