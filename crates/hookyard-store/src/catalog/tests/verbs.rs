//! Create, update, delete, disable, enable: what they do, and everything they refuse.

use hookyard_model::connection::DisableCause;
use hookyard_model::id::ConnectionId;
use hookyard_model::source::ManagedBy;

use super::*;

const NOWHERE: ProjectId = ProjectId(1);

#[tokio::test]
async fn what_is_left_out_is_made_and_then_kept() {
    let fixture = Fixture::new();
    let made = fixture.source("a").await;
    assert_eq!(made.token.len(), 32);
    assert_eq!((made.created_at, made.updated_at, made.managed_by), (START, START, ManagedBy::Api));
    let mut new = source("b");
    new.methods.clear();
    fixture.later();
    let changed = fixture.catalog.update_source(fixture.project(), made.clone(), new).await.unwrap();
    assert_eq!((changed.id, &changed.token, changed.name.as_str()), (made.id, &made.token, "b"));
    assert_eq!(changed.created_at, START);
    assert_eq!(changed.updated_at, START.plus(Duration::from_secs(60)));

    let made = fixture.destination("d").await;
    let [secret] = made.signing_secrets.as_slice() else { panic!("{made:?}") };
    assert!(secret.secret.expose().starts_with("whsec_") && secret.ends_at.is_none());
    let new = NewDestination { concurrency: 1, ..destination("d") };
    let changed = fixture.catalog.update_destination(fixture.project(), made.id, new).await.unwrap();
    assert_eq!((&changed.signing_secrets, changed.concurrency), (&made.signing_secrets, 1));
}

#[tokio::test]
async fn a_secret_that_a_handshake_brings_is_not_lost_to_a_change_worked_out_before() {
    let fixture = Fixture::new();
    let (project, catalog) = (fixture.project(), &fixture.catalog);
    let mut without = source("a");
    without.verification.secrets.clear();
    let known = catalog.create_source(project, without.clone()).await.unwrap();
    assert!(catalog.capture_secret(known.id, Secret::new("brought")).await.unwrap());
    without.name = "b".to_owned();
    let refused = catalog.update_source(project, Arc::clone(&known), without.clone()).await;
    assert_eq!(refused.unwrap_err(), WriteError::ChangedMeanwhile { noun: Noun::Source });
    let now = Arc::clone(&catalog.snapshot().sources[&known.id]);
    assert_eq!((now.name.as_str(), &*now.verification.secrets), ("a", &[Secret::new("brought")][..]));
    let mut with = without;
    with.verification.secrets.clone_from(&now.verification.secrets);
    assert_eq!(catalog.update_source(project, now, with).await.unwrap().name, "b");
}

#[tokio::test]
async fn an_update_that_changes_nothing_is_no_change() {
    let fixture = Fixture::new();
    let (a, d) = (fixture.source("a").await, fixture.destination("d").await);
    let c = fixture.connection("c", a.id, d.id).await;
    let before = content(&fixture.catalog.snapshot());
    fixture.later();
    let project = fixture.project();
    fixture.catalog.update_source(project, a.clone(), source("a")).await.unwrap();
    fixture.catalog.update_destination(project, d.id, destination("d")).await.unwrap();
    fixture.catalog.update_connection(project, c.id, connection("c", a.id, d.id)).await.unwrap();
    fixture.catalog.enable_connection(project, c.id).await.unwrap();
    assert_eq!(content(&fixture.catalog.snapshot()), before);
}

#[tokio::test]
async fn names_are_unique_per_kind_and_tokens_over_all() {
    let fixture = Fixture::new();
    let (project, catalog) = (fixture.project(), &fixture.catalog);
    let (a, d) = (fixture.source("same").await, fixture.destination("same").await);
    fixture.connection("same", a.id, d.id).await;
    let taken = |noun| WriteError::NameTaken { noun, name: "same".to_owned() };

    let other_source = fixture.source("other").await;
    assert_eq!(catalog.create_source(project, source("same")).await.unwrap_err(), taken(Noun::Source));
    let renamed = catalog.update_source(project, other_source.clone(), source("same")).await;
    assert_eq!(renamed.unwrap_err(), taken(Noun::Source));
    let other_destination = fixture.destination("other").await;
    let created = catalog.create_destination(project, destination("same")).await;
    assert_eq!(created.unwrap_err(), taken(Noun::Destination));
    let renamed = catalog.update_destination(project, other_destination.id, destination("same")).await;
    assert_eq!(renamed.unwrap_err(), taken(Noun::Destination));
    let other_connection = fixture.connection("other", a.id, d.id).await;
    let created = catalog.create_connection(project, connection("same", a.id, d.id)).await;
    assert_eq!(created.unwrap_err(), taken(Noun::Connection));
    let renamed =
        catalog.update_connection(project, other_connection.id, connection("same", a.id, d.id)).await;
    assert_eq!(renamed.unwrap_err(), taken(Noun::Connection));

    let with_token = |name: &str, token: &str| NewSource { token: Some(token.to_owned()), ..source(name) };
    assert_eq!(
        catalog.create_source(project, with_token("third", &a.token)).await.unwrap_err(),
        WriteError::TokenTaken
    );
    assert_eq!(
        catalog
            .update_source(project, other_source.clone(), with_token("other", &a.token))
            .await
            .unwrap_err(),
        WriteError::TokenTaken
    );
    assert_eq!(catalog.snapshot().sources.len(), 2);
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let fixture = Fixture::new();
    let (project, catalog) = (fixture.project(), &fixture.catalog);
    let (a, d) = (fixture.source("a").await, fixture.destination("d").await);
    let made = Arc::clone(&a);
    let c = fixture.connection("c", a.id, d.id).await;
    let not_found = |noun| WriteError::NotFound { noun };

    assert_eq!(catalog.create_source(NOWHERE, source("x")).await.unwrap_err(), not_found(Noun::Project));
    let created = catalog.create_destination(NOWHERE, destination("x")).await;
    assert_eq!(created.unwrap_err(), not_found(Noun::Project));
    let created = catalog.create_connection(NOWHERE, connection("x", a.id, d.id)).await;
    assert_eq!(created.unwrap_err(), not_found(Noun::Project));
    assert_eq!(catalog.apply_file(NOWHERE, Declared::default()).await.unwrap_err(), not_found(Noun::Project));

    // With another project's id, and with an id of nothing.
    for (project, a, d, c) in
        [(NOWHERE, a.id, d.id, c.id), (project, SourceId(5), DestinationId(5), ConnectionId(5))]
    {
        let wanted = connection("x", a, d);
        let known = Arc::new(Source { id: a, ..Source::clone(&made) });
        assert_eq!(
            catalog.update_source(project, known, source("x")).await.unwrap_err(),
            not_found(Noun::Source)
        );
        assert_eq!(catalog.delete_source(project, a).await.unwrap_err(), not_found(Noun::Source));
        assert_eq!(
            catalog.update_destination(project, d, destination("x")).await.unwrap_err(),
            not_found(Noun::Destination)
        );
        assert_eq!(catalog.delete_destination(project, d).await.unwrap_err(), not_found(Noun::Destination));
        assert_eq!(
            catalog.update_connection(project, c, wanted).await.unwrap_err(),
            not_found(Noun::Connection)
        );
        assert_eq!(catalog.enable_connection(project, c).await.unwrap_err(), not_found(Noun::Connection));
        assert_eq!(catalog.delete_connection(project, c).await.unwrap_err(), not_found(Noun::Connection));
    }
    let disabled = catalog.disable_connection(ConnectionId(5), DisableCause::ByHand).await;
    assert_eq!(disabled.unwrap_err(), not_found(Noun::Connection));
}

#[tokio::test]
async fn invalid_settings_are_refused_by_name() {
    let fixture = Fixture::new();
    let (project, catalog) = (fixture.project(), &fixture.catalog);
    let (a, d) = (fixture.source("a").await, fixture.destination("d").await);
    let error = catalog.create_source(project, source("no/slash")).await.unwrap_err();
    assert_eq!(error, WriteError::InvalidName { noun: Noun::Source, name: "no/slash".to_owned() });

    let setting = |error: WriteError| match error {
        WriteError::Invalid { setting, .. } => setting,
        other => panic!("{other:?}"),
    };
    let bad = NewSource { token: Some("no/slash".into()), ..source("x") };
    assert_eq!(setting(catalog.create_source(project, bad).await.unwrap_err()), "token");
    let bad = NewSource { methods: vec!["post".into()], ..source("x") };
    assert_eq!(setting(catalog.update_source(project, a.clone(), bad).await.unwrap_err()), "methods");
    let bad = NewDestination { reach: Reach::Http(Http::at("example.com")), ..destination("x") };
    assert_eq!(setting(catalog.create_destination(project, bad).await.unwrap_err()), "url");
    let bad = NewDestination { concurrency: 0, ..destination("x") };
    assert_eq!(setting(catalog.update_destination(project, d.id, bad).await.unwrap_err()), "concurrency");
    for (bad, named) in [
        (NewDestination { pacing: Pacing::default(), ..pulled("x") }, "breaker"),
        (
            NewDestination { pacing: Pacing { slow_start: true, ..Pacing::pulled() }, ..pulled("x") },
            "slow_start",
        ),
        (
            NewDestination { reach: Reach::Pull(Pull { lease: Duration::from_millis(999) }), ..pulled("x") },
            "lease",
        ),
        (
            NewDestination {
                reach: Reach::Pull(Pull { lease: Duration::from_micros(1_000_001) }),
                ..pulled("x")
            },
            "lease",
        ),
    ] {
        assert_eq!(setting(catalog.create_destination(project, bad).await.unwrap_err()), named);
    }
    // Of another type it would be another destination.
    assert_eq!(setting(catalog.update_destination(project, d.id, pulled("d")).await.unwrap_err()), "type");
    let bad = NewConnection {
        retry: Retry::on(Schedule::Custom(vec![Duration::ZERO])),
        ..connection("x", a.id, d.id)
    };
    assert_eq!(setting(catalog.create_connection(project, bad).await.unwrap_err()), "retry");
}

#[tokio::test]
async fn a_connection_joins_only_what_exists() {
    let fixture = Fixture::new();
    let (project, catalog) = (fixture.project(), &fixture.catalog);
    let (a, d) = (fixture.source("a").await, fixture.destination("d").await);
    let no_source = connection("c", SourceId(9), d.id);
    let no_destination = connection("c", a.id, DestinationId(9));
    for (new, noun) in [(no_source, Noun::Source), (no_destination, Noun::Destination)] {
        let error = catalog.create_connection(project, new.clone()).await.unwrap_err();
        assert_eq!(error, WriteError::UnknownReference { noun });
        let c = fixture.connection(&format!("good-{noun}"), a.id, d.id).await;
        let error = catalog.update_connection(project, c.id, new).await.unwrap_err();
        assert_eq!(error, WriteError::UnknownReference { noun });
    }
}

#[tokio::test]
async fn what_connections_use_is_not_deleted() {
    let fixture = Fixture::new();
    let (project, catalog) = (fixture.project(), &fixture.catalog);
    let (a, d) = (fixture.source("a").await, fixture.destination("d").await);
    let second = fixture.connection("second", a.id, d.id).await;
    let first = fixture.connection("first", a.id, d.id).await;
    let by = vec!["first".to_owned(), "second".to_owned()];
    assert_eq!(
        catalog.delete_source(project, a.id).await.unwrap_err(),
        WriteError::InUse { noun: Noun::Source, by: by.clone() }
    );
    assert_eq!(
        catalog.delete_destination(project, d.id).await.unwrap_err(),
        WriteError::InUse { noun: Noun::Destination, by }
    );
    for id in [first.id, second.id] {
        catalog.delete_connection(project, id).await.unwrap();
    }
    assert!(catalog.snapshot().by_source.is_empty());
    catalog.delete_source(project, a.id).await.unwrap();
    catalog.delete_destination(project, d.id).await.unwrap();
    let snapshot = fixture.reopened().catalog.snapshot();
    assert!(
        snapshot.sources.is_empty() && snapshot.destinations.is_empty() && snapshot.connections.is_empty()
    );
}

#[tokio::test]
async fn disabling_keeps_the_first_cause_and_enabling_clears_it() {
    let fixture = Fixture::new();
    let (project, catalog) = (fixture.project(), &fixture.catalog);
    let (a, d) = (fixture.source("a").await, fixture.destination("d").await);
    let c = fixture.connection("c", a.id, d.id).await;
    assert!(catalog.disable_connection(c.id, DisableCause::DestinationGone).await.unwrap());
    assert!(!catalog.disable_connection(c.id, DisableCause::ByHand).await.unwrap());
    let cause = || catalog.snapshot().connections[&c.id].disabled.as_ref().map(|it| it.cause);
    assert_eq!(cause(), Some(DisableCause::DestinationGone));

    let off = NewConnection { enabled: false, ..connection("c", a.id, d.id) };
    catalog.update_connection(project, c.id, off.clone()).await.unwrap();
    assert_eq!(cause(), Some(DisableCause::DestinationGone));
    catalog.enable_connection(project, c.id).await.unwrap();
    assert_eq!(cause(), None);
    catalog.update_connection(project, c.id, off).await.unwrap();
    assert_eq!(cause(), Some(DisableCause::ByHand));
    catalog.update_connection(project, c.id, connection("c", a.id, d.id)).await.unwrap();
    assert_eq!(cause(), None);
}

#[tokio::test]
async fn the_connections_of_a_source_are_listed_oldest_first() {
    let fixture = Fixture::new();
    let (a, b, d) = (fixture.source("a").await, fixture.source("b").await, fixture.destination("d").await);
    let first = fixture.connection("z", a.id, d.id).await;
    let second = fixture.connection("y", a.id, d.id).await;
    let third = fixture.connection("x", a.id, d.id).await;
    let ids = |source: &Source| -> Vec<_> {
        let snapshot = fixture.catalog.snapshot();
        snapshot.by_source.get(&source.id).map_or(Vec::new(), |list| list.iter().map(|it| it.id).collect())
    };
    assert_eq!(ids(&a), [first.id, second.id, third.id]);
    let moved = connection("y", b.id, d.id);
    fixture.catalog.update_connection(fixture.project(), second.id, moved).await.unwrap();
    assert_eq!((ids(&a), ids(&b)), (vec![first.id, third.id], vec![second.id]));
}

#[tokio::test]
async fn followers_see_every_change_when_it_is_durable() {
    let fixture = Fixture::new();
    let mut followed = fixture.catalog.subscribe();
    assert!(!followed.has_changed().unwrap());
    let source = fixture.source("a").await;
    assert!(followed.has_changed().unwrap());
    let seen = Arc::clone(&followed.borrow_and_update());
    assert_eq!(seen.sources[&source.id], source);
    assert!(fixture.catalog.create_source(fixture.project(), super::source("a")).await.is_err());
    assert!(!followed.has_changed().unwrap(), "a refused change is no change");
    fixture.catalog.clone().delete_source(fixture.project(), source.id).await.unwrap();
    let then = Arc::clone(&followed.borrow_and_update());
    assert!(then.version > seen.version);
    assert_eq!(seen.sources.len(), 1, "an old snapshot stays as it was");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_writers_at_a_time_lose_nothing_and_share_no_name() {
    let fixture = Fixture::new();
    let project = fixture.project();
    let mut writers = tokio::task::JoinSet::new();
    for number in 0..40 {
        let catalog = fixture.catalog.clone();
        // Every name is wanted twice.
        let new = source(&format!("source-{}", number / 2));
        writers.spawn(async move { catalog.create_source(project, new).await });
    }
    let results = writers.join_all().await;
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 20);
    let refused = results.iter().filter_map(|result| result.as_ref().err());
    assert!(refused.into_iter().all(|error| matches!(error, WriteError::NameTaken { .. })));
    let before = content(&fixture.catalog.snapshot());
    assert_eq!(fixture.catalog.snapshot().sources.len(), 20);
    assert_eq!(content(&fixture.reopened().catalog.snapshot()), before);
}

#[tokio::test]
async fn a_secret_that_a_handshake_brings_is_taken_once_and_survives_file_and_reopening() {
    let fixture = Fixture::new();
    let (project, catalog) = (fixture.project(), &fixture.catalog);
    let mut bare = source("bare");
    bare.verification.secrets.clear();
    let id = catalog.create_source(project, bare.clone()).await.unwrap().id;
    assert!(catalog.capture_secret(id, Secret::new("brought")).await.unwrap());
    assert!(!catalog.capture_secret(id, Secret::new("another")).await.unwrap(), "it has one");
    assert!(catalog.capture_secret(SourceId(1), Secret::new("x")).await.is_err());
    let declared = Declared { sources: vec![bare], ..Declared::default() };
    catalog.apply_file(project, declared).await.unwrap();
    let snapshot = fixture.reopened().catalog.snapshot();
    assert_eq!(snapshot.sources[&id].verification.secrets, [Secret::new("brought")]);
    assert_eq!(snapshot.sources[&id].managed_by, ManagedBy::File);
}

#[tokio::test]
async fn an_empty_secret_is_not_captured() {
    let fixture = Fixture::new();
    let mut bare = source("bare");
    bare.verification.secrets.clear();
    let id = fixture.catalog.create_source(fixture.project(), bare).await.unwrap().id;
    for bad in ["", &"x".repeat(5000)] {
        let refused = fixture.catalog.capture_secret(id, Secret::new(bad)).await.unwrap_err();
        assert!(matches!(refused, WriteError::Invalid { setting: "secrets", .. }), "{refused}");
    }
    assert!(fixture.catalog.snapshot().sources[&id].verification.secrets.is_empty());
}
