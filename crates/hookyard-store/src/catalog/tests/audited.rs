//! The audit log: an entry of every change, in the same transaction; bounded; nothing without a change.

use hookyard_model::access::{Actor, Scope};
use hookyard_model::connection::DisableCause;
use hookyard_model::id::{ApiKeyId, AuditEntryId};
use serde_json::{Value, json};

use super::*;
use crate::catalog::audit::{
    Author, Change, Describe, Entry, Filter, NewEntry, Resource, Settings, VALUE_BYTES_MAX,
};
use crate::history::Page;

/// Shows names, and whether a connection is enabled.
fn describe(from: Option<&Resource>, to: Option<&Resource>) -> Vec<Change> {
    let shown = |it: Option<&Resource>| match it {
        Some(Resource::Source(it)) => json!(it.name),
        Some(Resource::Destination(it)) => json!(it.name),
        Some(Resource::Connection(it)) => json!([it.name, it.disabled.is_none()]),
        Some(Resource::Alert(it)) => json!(it.name),
        Some(Resource::ApiKey(it)) => json!(it.name),
        None => Value::Null,
    };
    let (from, to) = (shown(from), shown(to));
    if from == to { Vec::new() } else { vec![Change { field: "name".to_owned(), from, to }] }
}

const SETTINGS: Settings =
    Settings { retention: Some(Duration::from_secs(600)), entries_max: 50, describe: Describe(describe) };

fn audited(settings: Settings) -> Fixture {
    let directory = tempfile::tempdir().unwrap();
    let clock = Clock::manual(START);
    let catalog = open_with(&directory, &clock, 1, settings).unwrap();
    Fixture { directory, clock, catalog }
}

fn person(action: Option<&'static str>) -> Author {
    let actor = Actor::ApiKey { id: ApiKeyId(7), name: "ci".to_owned() };
    Author { actor, remote: Some([10, 0, 0, 1].into()), action }
}

impl Fixture {
    async fn entries(&self, filter: Filter) -> Vec<Entry> {
        self.catalog.audit_entries(filter, Page { before: None, limit: 1_000 }).await.unwrap()
    }

    /// What was done by whom, oldest first.
    async fn told(&self) -> Vec<String> {
        let entries = self.entries(Filter::default()).await;
        let told = entries.iter().rev().map(|it| format!("{} {}", it.actor_type, it.action));
        told.collect()
    }
}

#[tokio::test]
async fn every_change_has_an_entry_with_its_author() {
    let fixture = audited(SETTINGS);
    let catalog = fixture.catalog.by(person(None));
    let project = fixture.project();
    let made = catalog.create_source(project, source("one")).await.unwrap();
    let renamed = catalog.update_source(project, Arc::clone(&made), source("two")).await.unwrap();
    // Nothing is different, so nothing is told.
    catalog.update_source(project, renamed, source("two")).await.unwrap();
    let destination = fixture.destination("out").await;
    let joined = fixture.connection("joined", made.id, destination.id).await;
    fixture.catalog.disable_connection(joined.id, DisableCause::DestinationGone).await.unwrap();
    let pausing = fixture.catalog.by(person(Some("connection.enable")));
    pausing.enable_connection(project, joined.id).await.unwrap();
    fixture.catalog.note_failing(destination.id, Some(START)).await.unwrap();
    catalog.delete_connection(project, joined.id).await.unwrap();
    catalog
        .create_api_key(project, NewApiKey { name: "k".into(), scope: Scope::Read, expires_at: None })
        .await
        .unwrap();
    let expected = [
        "api_key source.create",
        "api_key source.update",
        "system destination.create",
        "system connection.create",
        "system connection.update",
        "api_key connection.enable",
        "api_key connection.delete",
        "api_key api_key.create",
    ];
    assert_eq!(fixture.told().await, expected);

    let fixture = fixture.reopened();
    let of_source = Filter { resource_id: Some(made.id.to_string()), ..Filter::default() };
    let [update, create] = &fixture.entries(of_source).await[..] else { panic!() };
    assert_eq!(create.changes, [Change { field: "name".into(), from: Value::Null, to: json!("one") }]);
    assert_eq!(update.changes, [Change { field: "name".into(), from: json!("one"), to: json!("two") }]);
    assert_eq!((update.actor_id, update.actor_name.as_deref()), (Some(ApiKeyId(7)), Some("ci")));
    assert_eq!((update.remote.as_deref(), update.at), (Some("10.0.0.1"), START));
    assert_eq!(update.resource_type, "source");
}

#[tokio::test]
async fn a_change_that_is_refused_has_no_entry() {
    let fixture = audited(SETTINGS);
    let made = fixture.source("one").await;
    let never = fixture.catalog.clone().only_if(|_| false);
    let refused = never.delete_source(fixture.project(), made.id).await.unwrap_err();
    assert_eq!(refused, WriteError::ConditionFailed);
    assert!(fixture.catalog.create_source(fixture.project(), source("one")).await.is_err());
    assert_eq!(fixture.told().await, ["system source.create"]);
    let named = fixture.catalog.clone().only_if(|snapshot| snapshot.sources.len() == 1);
    named.delete_source(fixture.project(), made.id).await.unwrap();
    assert_eq!(fixture.told().await, ["system source.create", "system source.delete"]);
}

/// The entry and the change are one transaction: where the log cannot be written, nothing is changed.
#[tokio::test]
async fn a_change_whose_entry_cannot_be_written_is_not_made() {
    let fixture = audited(SETTINGS);
    let block =
        "CREATE TRIGGER block BEFORE INSERT ON audit_entries BEGIN SELECT raise(ABORT, 'no entry'); END";
    fixture.catalog.shared.database.lock().unwrap().execute_batch(block).unwrap();
    let refused = fixture.catalog.create_source(fixture.project(), source("one")).await.unwrap_err();
    assert!(refused.to_string().contains("no entry"), "{refused}");
    assert!(fixture.catalog.snapshot().sources.is_empty());
    let count: i64 = {
        let database = fixture.catalog.shared.database.lock().unwrap();
        database.query_row("SELECT count(*) FROM sources", [], |row| row.get(0)).unwrap()
    };
    assert_eq!(count, 0);
}

#[tokio::test]
async fn what_was_done_elsewhere_can_be_noted_and_looked_for() {
    let fixture = audited(SETTINGS);
    let note = async |action, resource_id: &str, author: Author| {
        let entry = NewEntry {
            action,
            resource_type: "event",
            resource_id: Some(resource_id.to_owned()),
            changes: Vec::new(),
        };
        fixture.catalog.by(author).note(entry).await.unwrap();
    };
    note("event.retry", "evt_1", person(None)).await;
    note("event.cancel", "evt_2", Author { actor: Actor::Local, ..person(None) }).await;
    note("event.retry", "evt_2", Author { actor: Actor::AdminKey, remote: None, action: None }).await;
    let all = Filter::default;
    for (filter, expected) in [
        (all(), 3),
        (Filter { actor_type: Some("local".into()), ..all() }, 1),
        (Filter { actor_id: Some(ApiKeyId(7)), ..all() }, 1),
        (Filter { actor_id: Some(ApiKeyId(8)), ..all() }, 0),
        (Filter { action: Some("event.retry".into()), ..all() }, 2),
        (Filter { resource_type: Some("event".into()), resource_id: Some("evt_2".into()), ..all() }, 2),
        (Filter { resource_type: Some("source".into()), ..all() }, 0),
        (Filter { action: Some("event.retry".into()), resource_id: Some("evt_2".into()), ..all() }, 1),
    ] {
        assert_eq!(fixture.entries(filter.clone()).await.len(), expected, "{filter:?}");
    }
    let mut before: Option<AuditEntryId> = None;
    for expected in ["evt_2", "evt_2", "evt_1"] {
        let page = fixture.catalog.audit_entries(all(), Page { before, limit: 1 }).await.unwrap();
        assert_eq!(page[0].resource_id.as_deref(), Some(expected));
        before = Some(page[0].id);
    }
}

#[tokio::test]
async fn the_log_is_bounded_by_age_and_by_number() {
    let fixture = audited(Settings { entries_max: 3, ..SETTINGS });
    for number in 0..5 {
        fixture.source(&format!("s{number}")).await;
    }
    let kept = |fixture: &Fixture| -> i64 {
        let database = fixture.catalog.shared.database.lock().unwrap();
        database.query_row("SELECT count(*) FROM audit_entries", [], |row| row.get(0)).unwrap()
    };
    assert_eq!((fixture.told().await.len(), kept(&fixture)), (3, 3));
    fixture.clock.advance(Duration::from_secs(601));
    assert_eq!(fixture.told().await.len(), 0, "what is too old is not shown");
    fixture.source("later").await;
    assert_eq!((fixture.told().await.len(), kept(&fixture)), (1, 1), "and is dropped by the next entry");
}

#[tokio::test]
async fn long_values_are_named_by_their_length() {
    let fixture = audited(SETTINGS);
    let changes = vec![Change {
        field: "code".to_owned(),
        from: json!("x".repeat(VALUE_BYTES_MAX)),
        to: json!("short"),
    }];
    let entry = NewEntry { action: "a.b", resource_type: "a", resource_id: None, changes };
    fixture.catalog.note(entry).await.unwrap();
    let [entry] = &fixture.entries(Filter::default()).await[..] else { panic!() };
    assert_eq!(entry.changes[0].from, json!(format!("({} bytes of JSON)", VALUE_BYTES_MAX + 2)));
    assert_eq!(entry.changes[0].to, json!("short"));
}
