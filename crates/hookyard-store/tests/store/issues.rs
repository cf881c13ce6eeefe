//! Issues: what opens them, what resolves them, what people do, and that a crash misses and doubles nothing.

use std::time::Duration;

use bytes::Bytes;
use hookyard_model::connection::DisableCause;
use hookyard_model::event::EventState;
use hookyard_model::id::{EventId, IssueId};
use hookyard_model::issue::Kind;
use hookyard_model::request::{Fields, RejectCause};
use hookyard_model::rule::{DiscardCause, RuleKind, Ruling, Step};
use hookyard_store::accept::Rejection;
use hookyard_store::arrivals::{Arrivals, NewEvent};
use hookyard_store::catalog::NewConnection;
use hookyard_store::history::Page;
use hookyard_store::issues::{ActError, Filter, Issue, ResolvedBy, State};
use hookyard_store::store::Store;

use crate::harness::*;

const ALL: Page<IssueId> = Page { before: None, limit: 100 };

async fn issues(store: &Store, joined: &Joined, filter: Filter) -> Vec<Issue> {
    store.flush().await;
    store.issues(joined.project, filter, ALL).await.unwrap()
}

/// The one issue there is.
async fn only(store: &Store, joined: &Joined) -> Issue {
    let mut all = issues(store, joined, Filter::default()).await;
    assert_eq!(all.len(), 1, "{all:?}");
    all.remove(0)
}

async fn attempted(
    store: &Store,
    joined: &Joined,
    arrivals: &mut Arrivals,
    lane: &Filled,
    status: u16,
    state: EventState,
) -> EventId {
    let event = joined.event(store, arrivals).await;
    joined.attempt(store, lane, status, state).await;
    event
}

/// Routes one request to an event that a transformation was asked about.
async fn transformed(
    store: &Store,
    joined: &Joined,
    arrivals: &mut Arrivals,
    discarded: Option<DiscardCause>,
) {
    let step = Step { kind: RuleKind::Transform, detail: String::new(), execution: None };
    let ruling = Ruling { discarded, steps: vec![step], ..Ruling::default() };
    let state = if discarded.is_some() { EventState::Discarded } else { EventState::Held };
    joined.accept(store).await;
    let arrived = next_arrived(arrivals, 1).await.remove(0);
    let (connection, destination) = (joined.connection, joined.destination);
    let event = NewEvent { connection, destination, state, ruling, ..queued(store) };
    store.record_routed(&arrived, Fields::default(), &[event]);
}

pub(crate) fn reject(store: &Store, joined: &Joined) {
    store.reject(Rejection {
        project: joined.project,
        source: Some(joined.source),
        received_at: store.clock().now(),
        remote: [127, 0, 0, 1].into(),
        cause: RejectCause::VerificationFailed,
        detail: "no signature".to_owned(),
        head: Bytes::from_static(b"POST /token HTTP/1.1\r\n\r\n"),
        body: Bytes::new(),
        body_bytes: 0,
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_that_fails_finally_is_one_until_the_connection_succeeds() {
    use EventState::{Failed, Scheduled, Successful};
    let yard = Yard::new();
    let store = yard.open();
    let joined = Joined::new(&store).await;
    let (mut arrivals, lane) = (store.arrivals(), Filled::new(&store, joined.destination));

    attempted(&store, &joined, &mut arrivals, &lane, 500, Scheduled).await;
    attempted(&store, &joined, &mut arrivals, &lane, 200, Successful).await;
    assert_eq!(issues(&store, &joined, Filter::default()).await, []);

    attempted(&store, &joined, &mut arrivals, &lane, 500, Failed).await;
    let first = only(&store, &joined).await;
    let last = attempted(&store, &joined, &mut arrivals, &lane, 500, Failed).await;
    attempted(&store, &joined, &mut arrivals, &lane, 404, Failed).await;
    let all = issues(&store, &joined, Filter::default()).await;
    assert_eq!(all.iter().map(|it| (&*it.cause, it.count)).collect::<Vec<_>>(), [("404", 1), ("500", 2)]);
    let opened = &all[1];
    assert_eq!((opened.id, opened.kind, opened.state), (first.id, Kind::Delivery, State::Open));
    assert_eq!((opened.source, opened.destination), (Some(joined.source), Some(joined.destination)));
    assert_eq!(opened.sample_event(), Some(last));
    assert_eq!(store.health().open_issues, 2);

    // A success resolves all causes, also of what a person knows of; a later failure opens its own again.
    store.acknowledge_issue(joined.project, opened.id).await.unwrap();
    assert_eq!(store.health().open_issues, 1);
    yard.clock.advance(Duration::from_secs(7));
    attempted(&store, &joined, &mut arrivals, &lane, 200, Successful).await;
    let all = issues(&store, &joined, Filter { state: Some(State::Resolved), ..Filter::default() }).await;
    assert_eq!(all.len(), 2);
    assert!(all.iter().all(|it| it.resolved.is_some_and(|(_, by)| by == ResolvedBy::Itself)), "{all:?}");
    assert_eq!(store.health().open_issues, 0);
    attempted(&store, &joined, &mut arrivals, &lane, 500, Failed).await;
    store.flush().await;
    let again = store.issue(joined.project, first.id).await.unwrap().unwrap();
    assert_eq!((again.state, again.count, again.reopened), (State::Open, 3, 1));
    assert_eq!((again.resolved, again.acknowledged_at), (None, None));
    assert!(again.last_seen_at > again.first_seen_at);

    lane.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_acknowledges_and_resolves_what_is_not_resolved_and_filters_find_it() {
    use EventState::Failed;
    let yard = Yard::new();
    let store = yard.open();
    let joined = Joined::new(&store).await;
    let (mut arrivals, lane) = (store.arrivals(), Filled::new(&store, joined.destination));
    attempted(&store, &joined, &mut arrivals, &lane, 500, Failed).await;
    let id = only(&store, &joined).await.id;
    let known = store.acknowledge_issue(joined.project, id).await.unwrap();
    assert_eq!((known.state, known.acknowledged_at), (State::Acknowledged, Some(START)));
    yard.clock.advance(Duration::from_secs(1));
    assert_eq!(store.acknowledge_issue(joined.project, id).await.unwrap(), known);
    attempted(&store, &joined, &mut arrivals, &lane, 500, Failed).await;
    let counted = only(&store, &joined).await;
    assert_eq!((counted.state, counted.count), (State::Acknowledged, 2));

    let filters = |is_it: bool| {
        let other = u64::from(!is_it);
        let all = Filter::default();
        [
            Filter { state: Some(if is_it { State::Acknowledged } else { State::Open }), ..all },
            Filter { kind: Some(if is_it { Kind::Delivery } else { Kind::Transform }), ..all },
            Filter { connection: Some(hookyard_model::id::ConnectionId(joined.connection.0 + other)), ..all },
            Filter { source: Some(hookyard_model::id::SourceId(joined.source.0 + other)), ..all },
            Filter {
                destination: Some(hookyard_model::id::DestinationId(joined.destination.0 + other)),
                ..all
            },
        ]
    };
    for (is_it, count) in [(true, 1), (false, 0)] {
        for filter in filters(is_it) {
            assert_eq!(issues(&store, &joined, filter).await.len(), count, "{filter:?}");
        }
    }

    let resolved = store.resolve_issue(joined.project, id).await.unwrap();
    assert_eq!(resolved.resolved, Some((yard.clock.now(), ResolvedBy::Person)));
    for refused in
        [store.resolve_issue(joined.project, id).await, store.acknowledge_issue(joined.project, id).await]
    {
        assert!(matches!(refused, Err(ActError::Resolved)), "{refused:?}");
    }
    let unknown = store.resolve_issue(joined.project, IssueId(id.0 + 1)).await;
    assert!(matches!(unknown, Err(ActError::NotFound)), "{unknown:?}");
    // Kept for 30 days, and no longer.
    yard.clock.advance(hookyard_store::issues::KEPT_FOR);
    assert_eq!(only(&store, &joined).await.id, id);
    yard.clock.advance(Duration::from_secs(1));
    assert_eq!(issues(&store, &joined, Filter::default()).await, []);
    lane.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn code_that_fails_is_one_until_it_passes() {
    let yard = Yard::new();
    let store = yard.open();
    let joined = Joined::new(&store).await;
    let mut arrivals = store.arrivals();
    transformed(&store, &joined, &mut arrivals, Some(DiscardCause::TransformError)).await;
    let issue = only(&store, &joined).await;
    assert_eq!((issue.kind, &*issue.cause, issue.count), (Kind::Transform, "transform_error", 1));
    // What another rule ended says nothing about the code.
    transformed(&store, &joined, &mut arrivals, Some(DiscardCause::Filtered)).await;
    joined.event(&store, &mut arrivals).await;
    assert_eq!(only(&store, &joined).await.state, State::Open);
    transformed(&store, &joined, &mut arrivals, None).await;
    assert_eq!(only(&store, &joined).await.state, State::Resolved);
}

#[tokio::test(flavor = "multi_thread")]
async fn rejected_requests_are_one_beyond_a_number_within_a_window() {
    let yard = Yard::with(|options| options.issues.rejected_max = 3);
    let store = yard.open();
    let joined = Joined::new(&store).await;
    let minutes = |count: u64| yard.clock.advance(Duration::from_secs(60 * count));
    for _ in 0..3 {
        reject(&store, &joined);
    }
    assert_eq!(issues(&store, &joined, Filter::default()).await, []);
    minutes(5);
    for _ in 0..3 {
        reject(&store, &joined);
    }
    assert_eq!(issues(&store, &joined, Filter::default()).await, [], "the window is over");
    minutes(4);
    reject(&store, &joined);
    let issue = only(&store, &joined).await;
    assert_eq!((issue.kind, &*issue.cause, issue.count), (Kind::Rejected, "verification_failed", 4));
    assert_eq!((issue.source, issue.connection), (Some(joined.source), None));
    reject(&store, &joined);
    assert_eq!(only(&store, &joined).await.count, 5);
    minutes(4);
    assert_eq!(only(&store, &joined).await.state, State::Open);
    minutes(1);
    assert_eq!(only(&store, &joined).await.state, State::Resolved);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_its_destination_disabled_is_one_until_it_is_enabled_or_deleted() {
    let yard = Yard::new();
    let store = yard.open();
    let joined = Joined::new(&store).await;
    let catalog = store.catalog();
    catalog.disable_connection(joined.connection, DisableCause::DestinationGone).await.unwrap();
    let issue = only(&store, &joined).await;
    assert_eq!((issue.kind, &*issue.cause, issue.count), (Kind::Disabled, "destination_gone", 1));
    // What a person resolved does not come back by a restart.
    store.resolve_issue(joined.project, issue.id).await.unwrap();
    drop(store);
    let store = yard.open();
    assert_eq!(only(&store, &joined).await.state, State::Resolved);

    let enabled = |enabled| NewConnection {
        name: "connection".to_owned(),
        source: joined.source,
        destination: joined.destination,
        rules: Vec::new(),
        order: hookyard_model::order::Order::Free,
        retry: hookyard_model::retry::Retry::default(),
        enabled,
    };
    let catalog = store.catalog();
    catalog.update_connection(joined.project, joined.connection, enabled(true)).await.unwrap();
    yard.clock.advance(Duration::from_secs(1));
    catalog.disable_connection(joined.connection, DisableCause::DestinationGone).await.unwrap();
    let issue = only(&store, &joined).await;
    assert_eq!((issue.state, issue.reopened, issue.count), (State::Open, 1, 2));
    catalog.update_connection(joined.project, joined.connection, enabled(true)).await.unwrap();
    assert_eq!(only(&store, &joined).await.state, State::Resolved);
    // A person's own doing is none.
    catalog.update_connection(joined.project, joined.connection, enabled(false)).await.unwrap();
    assert_eq!(only(&store, &joined).await.state, State::Resolved);
}

#[tokio::test(flavor = "multi_thread")]
async fn events_that_wait_too_long_are_one_of_their_destination() {
    let yard = Yard::with(|options| options.issues.backpressure_age_max = Some(Duration::from_secs(60)));
    let store = yard.open();
    let joined = Joined::new(&store).await;
    let (mut arrivals, lane) = (store.arrivals(), Filled::new(&store, joined.destination));
    let oldest = joined.event(&store, &mut arrivals).await;
    joined.event(&store, &mut arrivals).await;
    store.settle().await;
    assert_eq!(issues(&store, &joined, Filter::default()).await, []);
    yard.clock.advance(Duration::from_secs(61));
    until(async || !issues(&store, &joined, Filter::default()).await.is_empty()).await;
    let issue = only(&store, &joined).await;
    assert_eq!((issue.kind, issue.destination), (Kind::Backpressure, Some(joined.destination)));
    assert_eq!((issue.sample, issue.count, issue.state), (Some(oldest.request), 1, State::Open));
    for _ in 0..2 {
        joined.attempt(&store, &lane, 200, EventState::Successful).await;
    }
    until(async || only(&store, &joined).await.state == State::Resolved).await;
    assert_eq!(only(&store, &joined).await.count, 1);
    lane.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_read_again_after_a_crash_is_counted_once_and_nothing_is_missed() {
    use EventState::{Failed, Successful};
    let yard = Yard::new();
    let copy = tempfile::tempdir().unwrap();
    let file = |name: &str| yard.directory.path().join(name);
    let store = yard.open();
    let joined = Joined::new(&store).await;
    let (mut arrivals, lane) = (store.arrivals(), Filled::new(&store, joined.destination));
    for _ in 0..3 {
        attempted(&store, &joined, &mut arrivals, &lane, 500, Failed).await;
    }
    assert_eq!(only(&store, &joined).await.count, 3);
    // The database as a crash here would leave it: three are in it, and what comes now is not.
    for name in ["issues.sqlite", "issues.sqlite-wal"] {
        std::fs::copy(file(name), copy.path().join(name)).unwrap();
    }
    attempted(&store, &joined, &mut arrivals, &lane, 500, Failed).await;
    attempted(&store, &joined, &mut arrivals, &lane, 200, Successful).await;
    attempted(&store, &joined, &mut arrivals, &lane, 404, Failed).await;
    let expected = issues(&store, &joined, Filter::default()).await;
    assert_eq!(
        expected.iter().map(|it| (&*it.cause, it.count)).collect::<Vec<_>>(),
        [("404", 1), ("500", 4)]
    );
    lane.stop().await;
    drop((store, arrivals));

    for name in ["issues.sqlite", "issues.sqlite-wal"] {
        std::fs::copy(copy.path().join(name), file(name)).unwrap();
    }
    let _ = std::fs::remove_file(file("issues.sqlite-shm"));
    let store = yard.open();
    let read_again = issues(&store, &joined, Filter::default()).await;
    let without_ids = |issues: &[Issue]| -> Vec<Issue> {
        issues.iter().map(|issue| Issue { id: IssueId(0), ..issue.clone() }).collect()
    };
    assert_eq!(without_ids(&read_again), without_ids(&expected));
    drop(store);
    let store = yard.open();
    assert_eq!(issues(&store, &joined, Filter::default()).await, read_again);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_retention_deletes_before_it_is_read_is_passed_over() {
    use EventState::Failed;
    const KEPT: Duration = Duration::from_secs(24 * 3600);
    let yard = Yard::with(|options| {
        options.segment_bytes = 2 << 10;
        options.retention = Some(KEPT);
    });
    let copy = tempfile::tempdir().unwrap();
    let file = |name: &str| yard.directory.path().join(name);
    let store = yard.open();
    let joined = Joined::new(&store).await;
    let (mut arrivals, lane) = (store.arrivals(), Filled::new(&store, joined.destination));
    attempted(&store, &joined, &mut arrivals, &lane, 500, Failed).await;
    assert_eq!(only(&store, &joined).await.count, 1);
    // As far as a follower would be that reads nothing from here on.
    for name in ["issues.sqlite", "issues.sqlite-wal"] {
        std::fs::copy(file(name), copy.path().join(name)).unwrap();
    }
    for _ in 0..40 {
        attempted(&store, &joined, &mut arrivals, &lane, 404, Failed).await;
    }
    store.settle().await;
    let old = yard.segments();
    assert!(old.len() > 5, "{old:?}");
    yard.clock.advance(KEPT + Duration::from_secs(60));
    for _ in 0..12 {
        attempted(&store, &joined, &mut arrivals, &lane, 500, Failed).await;
    }
    until(async || !old[old.len() - 2].exists()).await;
    lane.stop().await;
    drop((store, arrivals));

    for name in ["issues.sqlite", "issues.sqlite-wal"] {
        std::fs::copy(copy.path().join(name), file(name)).unwrap();
    }
    let _ = std::fs::remove_file(file("issues.sqlite-shm"));
    let store = yard.open();
    let all = issues(&store, &joined, Filter::default()).await;
    let count = |cause: &str| all.iter().find(|it| it.cause == cause).map_or(0, |it| it.count);
    assert_eq!(count("500"), 13, "{all:?}");
    assert!(count("404") < 40, "what is gone was not read: {all:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_its_database_it_begins_at_the_end_of_the_journal() {
    let yard = Yard::new();
    let store = yard.open();
    let joined = Joined::new(&store).await;
    let (mut arrivals, lane) = (store.arrivals(), Filled::new(&store, joined.destination));
    attempted(&store, &joined, &mut arrivals, &lane, 500, EventState::Failed).await;
    only(&store, &joined).await;
    lane.stop().await;
    drop((store, arrivals));
    for name in ["issues.sqlite", "issues.sqlite-wal", "issues.sqlite-shm"] {
        let _ = std::fs::remove_file(yard.directory.path().join(name));
    }
    let store = yard.open();
    assert_eq!(issues(&store, &joined, Filter::default()).await, []);
    let (mut arrivals, lane) = (store.arrivals(), Filled::new(&store, joined.destination));
    attempted(&store, &joined, &mut arrivals, &lane, 500, EventState::Failed).await;
    assert_eq!(only(&store, &joined).await.count, 1);
    lane.stop().await;
}
