//! Declaring a document of the API: once, again, on trial, with less in it, and beside a configuration file.

use super::apply::{declared, declared_connection, names};
use hookyard_model::source::ManagedBy;

use super::*;

impl Fixture {
    async fn declare(&self, declaration: Declaration) -> Result<Outcome, WriteError> {
        self.catalog.declare(self.project(), declaration).await
    }
}

fn whole(declared: Declared) -> Declaration {
    Declaration { declared, ..Declaration::default() }
}

/// How many things are new, different, deleted and as they were.
fn counts(outcome: &Outcome) -> [usize; 4] {
    fn kind<T: PartialEq>(change: &Change<T>) -> usize {
        match (&change.before, &change.after) {
            (None, _) => 0,
            (_, None) => 2,
            (before, after) if before == after => 3,
            _ => 1,
        }
    }
    let mut counts = [0; 4];
    outcome.sources.iter().map(kind).for_each(|kind| counts[kind] += 1);
    outcome.destinations.iter().map(kind).for_each(|kind| counts[kind] += 1);
    outcome.connections.iter().map(kind).for_each(|kind| counts[kind] += 1);
    outcome.alerts.iter().map(kind).for_each(|kind| counts[kind] += 1);
    counts
}

#[tokio::test]
async fn declaring_twice_changes_nothing_the_second_time() {
    let fixture = Fixture::new();
    let outcome = fixture.declare(whole(declared())).await.unwrap();
    assert_eq!(counts(&outcome), [5, 0, 0, 0]);
    let before = fixture.catalog.snapshot();
    assert!(before.sources.values().all(|source| source.managed_by == ManagedBy::Api));

    let fixture = fixture.reopened();
    fixture.later();
    let outcome = fixture.declare(whole(declared())).await.unwrap();
    assert_eq!(counts(&outcome), [0, 0, 0, 5]);
    let after = fixture.catalog.snapshot();
    assert_eq!(after.version, before.version);
    assert_eq!(content(&after), content(&before));
}

#[tokio::test]
async fn a_trial_tells_the_same_and_leaves_nothing() {
    let fixture = Fixture::new();
    let before = fixture.catalog.snapshot();
    let trial = Declaration { is_trial: true, ..whole(declared()) };
    let tried = fixture.declare(trial).await.unwrap();
    assert_eq!(counts(&tried), [5, 0, 0, 0]);
    assert_eq!(tried.version, before.version);
    assert_eq!(content(&fixture.catalog.snapshot()), content(&before));
    let fixture = fixture.reopened();
    assert!(fixture.catalog.snapshot().sources.is_empty());
    // What is wrong is found on trial too.
    let wrong = Declared { connections: vec![declared_connection("a", "nowhere", "api")], ..declared() };
    let refused = fixture.declare(Declaration { is_trial: true, ..whole(wrong) }).await;
    assert_eq!(refused, Err(WriteError::UnknownReference { noun: Noun::Source }));
}

#[tokio::test]
async fn what_is_not_declared_stays_or_is_pruned_with_what_refers_to_it() {
    let fixture = Fixture::new();
    fixture.declare(whole(declared())).await.unwrap();
    let less = Declared {
        sources: vec![source("github")],
        destinations: vec![destination("api")],
        connections: vec![declared_connection("github-api", "github", "api")],
        alerts: Vec::new(),
    };
    let outcome = fixture.declare(whole(less.clone())).await.unwrap();
    assert_eq!(counts(&outcome), [0, 0, 0, 3]);
    assert_eq!(fixture.catalog.snapshot().sources.len(), 2);

    let outcome = fixture.declare(Declaration { prune: true, ..whole(less) }).await.unwrap();
    assert_eq!(counts(&outcome), [0, 0, 2, 3]);
    let fixture = fixture.reopened();
    let snapshot = fixture.catalog.snapshot();
    let mut left: Vec<String> = snapshot.sources.values().map(|source| source.name.clone()).collect();
    left.extend(snapshot.connections.values().map(|connection| connection.name.clone()));
    assert_eq!(left, names(&["github", "github-api"]));
}

#[tokio::test]
async fn one_mistake_refuses_all_of_it() {
    let fixture = Fixture::new();
    fixture.declare(whole(declared())).await.unwrap();
    let before = content(&fixture.catalog.snapshot());
    let twice = Declared { sources: vec![source("new"), source("new")], ..declared() };
    let refused = fixture.declare(whole(twice)).await;
    assert_eq!(refused, Err(WriteError::NameTaken { noun: Noun::Source, name: "new".to_owned() }));
    let bad = NewSource { token: Some("no token".to_owned()), ..source("late") };
    let late = Declared { sources: vec![source("new"), bad], ..declared() };
    assert!(matches!(fixture.declare(whole(late)).await, Err(WriteError::Invalid { setting: "token", .. })));
    assert_eq!(content(&fixture.catalog.snapshot()), before);
}

#[tokio::test]
async fn a_plan_that_is_out_of_date_is_not_carried_out() {
    let fixture = Fixture::new();
    let planned = fixture.declare(Declaration { is_trial: true, ..whole(declared()) }).await.unwrap();
    fixture.catalog.create_source(fixture.project(), source("meanwhile")).await.unwrap();
    let late = Declaration { version: Some(planned.version), ..whole(declared()) };
    let refused = fixture.declare(late.clone()).await;
    assert_eq!(refused, Err(WriteError::ChangedMeanwhile { noun: Noun::Project }));
    let planned =
        fixture.declare(Declaration { is_trial: true, version: None, ..late.clone() }).await.unwrap();
    let outcome = fixture.declare(Declaration { version: Some(planned.version), ..late }).await.unwrap();
    assert_eq!(counts(&outcome), [5, 0, 0, 0]);
}

#[tokio::test]
async fn what_the_file_declares_can_be_named_but_not_changed() {
    let fixture = Fixture::new();
    let of_file = Declared { sources: vec![source("github")], ..Declared::default() };
    fixture.catalog.apply_file(fixture.project(), of_file).await.unwrap();
    // The same as it is, and a connection from it; nothing of the file's is pruned.
    let outcome = fixture.declare(Declaration { prune: true, ..whole(declared()) }).await.unwrap();
    assert_eq!(counts(&outcome), [4, 0, 0, 1]);
    let empty = Declaration { prune: true, ..Declaration::default() };
    assert_eq!(counts(&fixture.declare(empty).await.unwrap()), [0, 0, 4, 0]);

    let other = NewSource { methods: vec!["PUT".to_owned()], ..source("github") };
    let refused = fixture.declare(whole(Declared { sources: vec![other], ..Declared::default() })).await;
    assert_eq!(refused, Err(WriteError::ManagedByFile { noun: Noun::Source, name: "github".to_owned() }));
}

#[tokio::test]
async fn ids_tokens_and_signing_secrets_survive() {
    let fixture = Fixture::new();
    fixture.declare(whole(declared())).await.unwrap();
    let before = fixture.catalog.snapshot();
    let changed = Declared {
        sources: vec![NewSource { methods: vec!["PUT".to_owned()], token: None, ..source("github") }],
        destinations: vec![NewDestination {
            concurrency: 3,
            signing_secrets: Vec::new(),
            ..destination("api")
        }],
        ..Declared::default()
    };
    let outcome = fixture.declare(whole(changed)).await.unwrap();
    assert_eq!(counts(&outcome), [0, 2, 0, 0]);
    let after = fixture.catalog.snapshot();
    let project = fixture.project();
    let sources = [&before, &after].map(|it| it.source_named(project, "github").unwrap());
    assert_eq!((sources[0].id, &sources[0].token), (sources[1].id, &sources[1].token));
    let destinations = [&before, &after].map(|it| it.destination_named(project, "api").unwrap());
    assert_eq!(destinations[0].id, destinations[1].id);
    assert_eq!(destinations[0].signing_secrets, destinations[1].signing_secrets);
}
