//! Applying a configuration file: once, again, changed, and beside what the API made.

use hookyard_model::connection::DisableCause;
use hookyard_model::source::ManagedBy;

use super::*;

pub(super) fn declared_connection(name: &str, source: &str, destination: &str) -> DeclaredConnection {
    DeclaredConnection {
        name: name.to_owned(),
        source: source.to_owned(),
        destination: destination.to_owned(),
        rules: Vec::new(),
        order: hookyard_model::order::Order::Free,
        retry: Retry::default(),
        enabled: true,
    }
}

pub(super) fn declared() -> Declared {
    Declared {
        sources: vec![source("github"), source("stripe")],
        destinations: vec![destination("api")],
        connections: vec![
            declared_connection("github-api", "github", "api"),
            declared_connection("stripe-api", "stripe", "api"),
        ],
        alerts: Vec::new(),
    }
}

pub(super) fn names(list: &[&str]) -> Vec<String> {
    list.iter().map(|name| (*name).to_owned()).collect()
}

impl Fixture {
    async fn apply(&self, declared: Declared) -> Applied {
        self.catalog.apply_file(self.project(), declared).await.unwrap()
    }

    fn cause(&self, connection: &str) -> Option<DisableCause> {
        let snapshot = self.catalog.snapshot();
        snapshot.connection_named(self.project(), connection).unwrap().disabled.as_ref().map(|it| it.cause)
    }
}

#[tokio::test]
async fn applying_twice_changes_nothing_the_second_time() {
    let fixture = Fixture::new();
    let applied = fixture.apply(declared()).await;
    assert_eq!(applied.sources.created, names(&["github", "stripe"]));
    assert_eq!(applied.destinations.created, names(&["api"]));
    assert_eq!(applied.connections.created, names(&["github-api", "stripe-api"]));
    let before = content(&fixture.catalog.snapshot());

    let fixture = fixture.reopened();
    fixture.later();
    let mut followed = fixture.catalog.subscribe();
    let applied = fixture.apply(declared()).await;
    assert_eq!(applied.sources, Changes { unchanged: names(&["github", "stripe"]), ..Changes::default() });
    assert_eq!(applied.connections.unchanged, names(&["github-api", "stripe-api"]));
    assert_eq!(content(&fixture.catalog.snapshot()), before);
    assert!(!followed.has_changed().unwrap());
    followed.mark_unchanged();
}

#[tokio::test]
async fn only_what_is_different_is_touched() {
    let fixture = Fixture::new();
    fixture.apply(declared()).await;
    let before = fixture.catalog.snapshot();
    fixture.later();
    let mut changed = declared();
    changed.sources[1].verification.secrets = vec![Secret::new("rotated")];
    changed.connections[0].retry = Retry::on(Schedule::Custom(vec![Duration::from_secs(9)]));
    let applied = fixture.apply(changed).await;
    assert_eq!(applied.sources.updated, names(&["stripe"]));
    assert_eq!(applied.connections.updated, names(&["github-api"]));
    assert!(applied.destinations.updated.is_empty());
    let after = fixture.catalog.snapshot();
    let project = fixture.project();
    let updated_at = |name: &str| after.source_named(project, name).unwrap().updated_at;
    assert_eq!(updated_at("github"), START);
    assert_eq!(updated_at("stripe"), START.plus(Duration::from_secs(60)));
    let ids = |snapshot: &Snapshot| {
        ["github", "stripe"].map(|name| {
            let source = snapshot.source_named(project, name).unwrap();
            (source.id, source.token.clone())
        })
    };
    assert_eq!(ids(&before), ids(&after));
}

#[tokio::test]
async fn what_the_api_made_is_taken_over_with_its_id_and_secrets() {
    let fixture = Fixture::new();
    let (source, destination) = (fixture.source("github").await, fixture.destination("api").await);
    let connection = fixture.connection("github-api", source.id, destination.id).await;
    fixture.catalog.disable_connection(connection.id, DisableCause::ByHand).await.unwrap();
    let applied = fixture.apply(declared()).await;
    assert_eq!(applied.sources.updated, names(&["github"]));
    let snapshot = fixture.catalog.snapshot();
    let taken = &snapshot.sources[&source.id];
    assert_eq!((&taken.token, taken.managed_by), (&source.token, ManagedBy::File));
    let taken = &snapshot.destinations[&destination.id];
    assert_eq!((&taken.signing_secrets, taken.managed_by), (&destination.signing_secrets, ManagedBy::File));
    let taken = &snapshot.connections[&connection.id];
    assert_eq!((&taken.disabled, taken.managed_by), (&None, ManagedBy::File), "the file has the last word");
}

#[tokio::test]
async fn what_the_file_no_longer_declares_is_released_and_comes_back() {
    let fixture = Fixture::new();
    fixture.apply(declared()).await;
    let by_hand = fixture.source("made-by-hand").await;
    let before = fixture.catalog.snapshot();
    let mut less = declared();
    less.sources.pop();
    less.connections.pop();
    let applied = fixture.apply(less).await;
    assert_eq!(applied.sources.released, names(&["stripe"]));
    assert_eq!(applied.connections.released, names(&["stripe-api"]));
    assert_eq!(fixture.cause("stripe-api"), Some(DisableCause::RemovedFromFile));
    assert_eq!(fixture.cause("github-api"), None);
    let after = fixture.catalog.snapshot();
    assert_eq!(after.sources.len(), before.sources.len());
    assert_eq!(after.sources[&by_hand.id], by_hand);
    let project = fixture.project();
    let stripe = after.source_named(project, "stripe").unwrap();
    assert_eq!(stripe.managed_by, ManagedBy::Api);

    let applied = fixture.apply(declared()).await;
    assert_eq!(applied.sources.updated, names(&["stripe"]));
    assert_eq!(fixture.cause("stripe-api"), None);
    let again = fixture.catalog.snapshot();
    assert_eq!(again.source_named(project, "stripe").unwrap().id, stripe.id);

    let applied = fixture.apply(Declared::default()).await;
    assert_eq!(applied.destinations.released, names(&["api"]));
    fixture
        .catalog
        .delete_connection(project, before.connections.keys().copied().min().unwrap())
        .await
        .unwrap();
}

#[tokio::test]
async fn a_connection_that_is_gone_stays_disabled_until_it_goes_elsewhere() {
    let fixture = Fixture::new();
    fixture.apply(declared()).await;
    let gone = async || {
        let snapshot = fixture.catalog.snapshot();
        let id = snapshot.connection_named(fixture.project(), "github-api").unwrap().id;
        assert!(fixture.catalog.disable_connection(id, DisableCause::DestinationGone).await.unwrap());
        id
    };
    gone().await;
    fixture.apply(declared()).await;
    assert_eq!(fixture.cause("github-api"), Some(DisableCause::DestinationGone));
    let mut other_retry = declared();
    other_retry.connections[0].retry = Retry::on(Schedule::Custom(vec![]));
    fixture.apply(other_retry).await;
    assert_eq!(fixture.cause("github-api"), Some(DisableCause::DestinationGone));

    let mut moved = declared();
    moved.destinations[0].reach = Reach::Http(Http::at("https://example.com/new"));
    fixture.apply(moved.clone()).await;
    assert_eq!(fixture.cause("github-api"), None);

    gone().await;
    moved.destinations.push(destination("other"));
    moved.connections[0].destination = "other".to_owned();
    fixture.apply(moved.clone()).await;
    assert_eq!(fixture.cause("github-api"), None);

    gone().await;
    moved.connections[0].enabled = false;
    fixture.apply(moved.clone()).await;
    assert_eq!(fixture.cause("github-api"), Some(DisableCause::ByHand));
    let unchanged = fixture.apply(moved).await.connections.unchanged;
    assert_eq!(unchanged, names(&["github-api", "stripe-api"]));
}

#[tokio::test]
async fn the_api_does_not_change_what_the_file_declares() {
    let fixture = Fixture::new();
    fixture.apply(declared()).await;
    let (project, catalog) = (fixture.project(), &fixture.catalog);
    let snapshot = catalog.snapshot();
    let a = snapshot.source_named(project, "github").unwrap();
    let d = snapshot.destination_named(project, "api").unwrap();
    let c = snapshot.connection_named(project, "github-api").unwrap();
    let managed = |noun, name: &str| WriteError::ManagedByFile { noun, name: name.to_owned() };
    let of_source = managed(Noun::Source, "github");
    let of_destination = managed(Noun::Destination, "api");
    let of_connection = managed(Noun::Connection, "github-api");
    let wanted = connection("github-api", a.id, d.id);

    assert_eq!(catalog.update_source(project, a.clone(), source("x")).await.unwrap_err(), of_source);
    assert_eq!(catalog.delete_source(project, a.id).await.unwrap_err(), of_source);
    let updated = catalog.update_destination(project, d.id, destination("x")).await;
    assert_eq!(updated.unwrap_err(), of_destination);
    assert_eq!(catalog.delete_destination(project, d.id).await.unwrap_err(), of_destination);
    assert_eq!(catalog.update_connection(project, c.id, wanted.clone()).await.unwrap_err(), of_connection);
    assert_eq!(catalog.delete_connection(project, c.id).await.unwrap_err(), of_connection);
    let disabled = catalog.disable_connection(c.id, DisableCause::ByHand).await;
    assert_eq!(disabled.unwrap_err(), of_connection);

    // Only a `410 Gone` is noted on it, and can be undone, alone.
    for undo_by_update in [true, false] {
        assert!(catalog.disable_connection(c.id, DisableCause::DestinationGone).await.unwrap());
        let more = NewConnection { retry: Retry::on(Schedule::Custom(vec![])), ..wanted.clone() };
        assert_eq!(catalog.update_connection(project, c.id, more).await.unwrap_err(), of_connection);
        if undo_by_update {
            catalog.update_connection(project, c.id, wanted.clone()).await.unwrap();
        } else {
            catalog.enable_connection(project, c.id).await.unwrap();
        }
        assert_eq!(fixture.cause("github-api"), None);
    }
    let mut off = declared();
    off.connections[0].enabled = false;
    fixture.apply(off).await;
    assert_eq!(catalog.enable_connection(project, c.id).await.unwrap_err(), of_connection);
}

#[tokio::test]
async fn sources_may_trade_their_tokens() {
    let fixture = Fixture::new();
    let with_tokens = |github: &str, stripe: &str| {
        let mut declared = declared();
        declared.sources[0].token = Some(github.to_owned());
        declared.sources[1].token = Some(stripe.to_owned());
        declared
    };
    fixture.apply(with_tokens("one", "two")).await;
    fixture.apply(with_tokens("two", "one")).await;
    let fixture = fixture.reopened();
    let token =
        |name| fixture.catalog.snapshot().source_named(fixture.project(), name).unwrap().token.clone();
    assert_eq!((token("github").as_str(), token("stripe").as_str()), ("two", "one"));
}

#[tokio::test]
async fn a_source_renamed_in_the_file_takes_its_token_along() {
    let fixture = Fixture::new();
    let with_source = |name: &str| Declared {
        sources: vec![NewSource { token: Some("the-token".into()), ..source(name) }],
        ..Declared::default()
    };
    fixture.apply(with_source("old")).await;
    let applied = fixture.apply(with_source("new")).await;
    assert_eq!((applied.sources.created, applied.sources.released), (names(&["new"]), names(&["old"])));
    let fixture = fixture.reopened();
    let snapshot = fixture.catalog.snapshot();
    let token = |name| snapshot.source_named(fixture.project(), name).unwrap().token.clone();
    assert_eq!(token("new"), "the-token");
    assert_eq!(token("old").len(), 32);
}

#[tokio::test]
async fn a_declaration_that_does_not_hold_changes_nothing() {
    let fixture = Fixture::new();
    let mut by_hand = source("by-hand");
    by_hand.token = Some("taken".to_owned());
    fixture.catalog.create_source(fixture.project(), by_hand).await.unwrap();
    fixture.apply(declared()).await;
    let before = content(&fixture.catalog.snapshot());

    let mut cases: Vec<(Declared, &str)> = Vec::new();
    let mut case = |edit: fn(&mut Declared), message| {
        let mut declared = declared();
        declared.sources[0].methods.clear();
        edit(&mut declared);
        cases.push((declared, message));
    };
    case(|it| it.sources.push(source("github")), "another source has the name `github`");
    case(|it| it.destinations.push(destination("api")), "another destination has the name `api`");
    case(|it| it.connections.push(it.connections[0].clone()), "another connection has the name `github-api`");
    case(|it| it.sources[1].token = Some("taken".into()), "`stripe` has an invalid `token`");
    case(|it| it.sources.iter_mut().for_each(|it| it.token = Some("x".into())), "invalid `token`");
    case(|it| it.connections[1].source = "nobody".into(), "source does not exist");
    case(|it| it.connections[1].destination = "nobody".into(), "destination does not exist");
    case(|it| it.connections[1].name = "a b".into(), "`a b` is not a name for a connection");
    case(|it| it.destinations[0] = pulled("api"), "`api` has an invalid `type`");
    case(|it| it.destinations[0].reach = Reach::Http(Http::at("x")), "`api` has an invalid `url`");
    for (declared, message) in cases {
        let error = fixture.catalog.apply_file(fixture.project(), declared).await.unwrap_err();
        assert!(error.to_string().contains(message), "{error}");
        assert_eq!(content(&fixture.catalog.snapshot()), before);
    }
    assert_eq!(content(&fixture.reopened().catalog.snapshot()), before);
}
