//! Alerts: whom what became of issues concerns, what is told when, and that a crash loses none of it.

use std::sync::Arc;
use std::time::Duration;

use hookyard_model::alert::{Alert, Channel, Slack};
use hookyard_model::connection::DisableCause;
use hookyard_model::event::EventState::{Failed, Successful};
use hookyard_model::issue::Kind;
use hookyard_model::secret::Secret;
use hookyard_store::alerts::{Due, Mark, News, Telling};
use hookyard_store::arrivals::Arrivals;
use hookyard_store::catalog::NewAlert;
use hookyard_store::history::Page;
use hookyard_store::issues::{Filter, Issue};
use hookyard_store::store::Store;

use crate::harness::*;

const INTERVAL: Duration = Duration::from_secs(3600);

fn new(name: &str) -> NewAlert {
    NewAlert {
        name: name.to_owned(),
        on: Kind::ALL.to_vec(),
        connections: Vec::new(),
        resolutions: true,
        interval: INTERVAL,
        enabled: true,
        channel: Channel::Slack(Slack { url: Secret::new("https://hooks.slack.test/x") }),
    }
}

async fn alert(store: &Store, joined: &Joined, new: NewAlert) -> Arc<Alert> {
    store.catalog().create_alert(joined.project, new).await.unwrap()
}

/// The issue that opened last.
async fn newest(store: &Store, joined: &Joined) -> Option<Issue> {
    let page = Page { before: None, limit: 1 };
    store.issues(joined.project, Filter::default(), page).await.unwrap().pop()
}

/// What is due once everything that is durable was taken in.
async fn due(store: &Store, joined: &Joined) -> Due {
    store.flush().await;
    newest(store, joined).await;
    store.tellings_due(rustc_hash::FxHashSet::default()).await.unwrap()
}

/// What is due, as alerts' names, kinds of issue and news.
fn said(due: &Due) -> Vec<(String, Kind, News)> {
    let mut said: Vec<_> =
        due.tellings.iter().map(|it| (it.alert.name.clone(), it.issue.kind, it.news)).collect();
    said.sort_by(|one, other| one.0.cmp(&other.0));
    said
}

/// The one thing that is due.
async fn only(store: &Store, joined: &Joined) -> Telling {
    let mut due = due(store, joined).await;
    assert_eq!(due.tellings.len(), 1, "{due:?}");
    due.tellings.remove(0)
}

struct Traffic {
    arrivals: Arrivals,
    lane: Filled,
}

impl Traffic {
    fn new(store: &Store, joined: &Joined) -> Self {
        Self { arrivals: store.arrivals(), lane: Filled::new(store, joined.destination) }
    }

    async fn fails(&mut self, store: &Store, joined: &Joined) {
        joined.event(store, &mut self.arrivals).await;
        joined.attempt(store, &self.lane, 500, Failed).await;
    }

    async fn succeeds(&mut self, store: &Store, joined: &Joined) {
        joined.event(store, &mut self.arrivals).await;
        joined.attempt(store, &self.lane, 200, Successful).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_issue_is_told_when_it_opens_and_when_it_is_resolved_and_once_in_an_interval() {
    let yard = Yard::new();
    let store = yard.open();
    let joined = Joined::new(&store).await;
    let alert = alert(&store, &joined, new("ops")).await;
    let mut traffic = Traffic::new(&store, &joined);
    assert_eq!(due(&store, &joined).await, Due::default());
    traffic.fails(&store, &joined).await;
    let opened = only(&store, &joined).await;
    assert_eq!((opened.news, opened.openings, opened.number, opened.tries), (News::Opened, 1, 0, 0));
    assert_eq!((opened.alert.id, opened.issue.kind), (alert.id, Kind::Delivery));
    // It is due until it was told; more failures open nothing.
    traffic.fails(&store, &joined).await;
    assert_eq!(only(&store, &joined).await.openings, 1);
    store.told(opened).await.unwrap();
    assert_eq!(due(&store, &joined).await, Due::default());
    let told_at = yard.clock.now();
    assert_eq!(store.alert_marks().await.unwrap()[&alert.id], Mark { sent_at: Some(told_at), error: None });

    traffic.succeeds(&store, &joined).await;
    let resolved = only(&store, &joined).await;
    assert_eq!((resolved.news, resolved.number), (News::Resolved, 1));
    store.told(resolved).await.unwrap();
    // It flaps: nothing is told until the interval is over.
    yard.clock.advance(Duration::from_secs(60));
    for _ in 0..3 {
        traffic.fails(&store, &joined).await;
        assert_eq!(due(&store, &joined).await.next_at, Some(told_at.plus(INTERVAL)));
        traffic.succeeds(&store, &joined).await;
        assert_eq!(due(&store, &joined).await, Due::default());
    }
    traffic.fails(&store, &joined).await;
    assert_eq!(said(&due(&store, &joined).await), []);
    yard.clock.advance(INTERVAL - Duration::from_secs(60));
    let again = only(&store, &joined).await;
    assert_eq!((again.news, again.openings, again.issue.reopened), (News::Reopened, 4, 4));
    store.told(again).await.unwrap();
    // A person resolves it.
    let id = newest(&store, &joined).await.unwrap().id;
    store.resolve_issue(joined.project, id).await.unwrap();
    assert_eq!(only(&store, &joined).await.news, News::Resolved);
    traffic.lane.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_alert_tells_what_concerns_it_as_it_is_configured_when_that_is_dealt_out() {
    let yard = Yard::with(|options| options.issues.rejected_max = 1);
    let store = yard.open();
    let joined = Joined::new(&store).await;
    let other = joined.connect(&store, "other").await;
    alert(&store, &joined, new("all")).await;
    alert(&store, &joined, NewAlert { on: vec![Kind::Rejected, Kind::Disabled], ..new("kinds") }).await;
    alert(&store, &joined, NewAlert { connections: vec![joined.connection], ..new("this-way") }).await;
    alert(&store, &joined, NewAlert { connections: vec![other], ..new("other-way") }).await;
    alert(&store, &joined, NewAlert { enabled: false, ..new("asleep") }).await;
    let mut traffic = Traffic::new(&store, &joined);
    traffic.fails(&store, &joined).await;
    let delivery = |name: &str| (name.to_owned(), Kind::Delivery, News::Opened);
    let first = due(&store, &joined).await;
    assert_eq!(said(&first), [delivery("all"), delivery("this-way")]);
    // What alerts there are is seen when news is dealt out; one that is busy has its turn later.
    let busy = first.tellings.iter().find(|it| it.alert.name == "all").unwrap().alert.id;
    let not_busy = store.tellings_due([busy].into_iter().collect()).await.unwrap();
    assert_eq!(said(&not_busy), [delivery("this-way")]);
    for telling in first.tellings {
        store.told(telling).await.unwrap();
    }
    // What is about a source is on the way of all of its connections.
    store.catalog().disable_connection(other, DisableCause::DestinationGone).await.unwrap();
    let disabled = |name: &str| (name.to_owned(), Kind::Disabled, News::Opened);
    let second = due(&store, &joined).await;
    assert_eq!(said(&second), [disabled("all"), disabled("kinds"), disabled("other-way")]);
    for telling in second.tellings {
        store.told(telling).await.unwrap();
    }
    for _ in 0..2 {
        crate::issues::reject(&store, &joined);
    }
    let rejected = |name: &str| (name.to_owned(), Kind::Rejected, News::Opened);
    let third = due(&store, &joined).await;
    assert_eq!(said(&third), ["all", "kinds", "other-way", "this-way"].map(rejected));
    // What is disabled or deleted tells nothing any more, also of what it had to tell.
    let snapshot = store.catalog().snapshot();
    let id = |name: &str| snapshot.alert_named(joined.project, name).unwrap().id;
    store.catalog().delete_alert(joined.project, id("kinds")).await.unwrap();
    let asleep = NewAlert { enabled: false, ..new("all") };
    store.catalog().update_alert(joined.project, id("all"), asleep).await.unwrap();
    store.catalog().update_alert(joined.project, id("asleep"), new("asleep")).await.unwrap();
    assert_eq!(said(&due(&store, &joined).await), ["other-way", "this-way"].map(rejected));
    let marks = store.alert_marks().await.unwrap();
    assert!(!marks.contains_key(&id("kinds")) && marks.contains_key(&id("all")), "{marks:?}");
    traffic.lane.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fails_is_tried_again_and_given_up() {
    let yard = Yard::new();
    let store = yard.open();
    let joined = Joined::new(&store).await;
    let alert = alert(&store, &joined, new("ops")).await;
    let mut traffic = Traffic::new(&store, &joined);
    traffic.fails(&store, &joined).await;
    let first = only(&store, &joined).await;
    let again_at = yard.clock.now().plus(Duration::from_secs(10));
    store.not_told(first.clone(), "no answer".to_owned(), Some(again_at)).await.unwrap();
    assert_eq!(due(&store, &joined).await, Due { tellings: vec![], next_at: Some(again_at) });
    let error = Some((yard.clock.now(), "no answer".to_owned()));
    assert_eq!(store.alert_marks().await.unwrap()[&alert.id], Mark { sent_at: None, error });
    // Whoever changes the alert may have mended it.
    yard.clock.advance(Duration::from_secs(1));
    let mended = NewAlert { resolutions: true, interval: INTERVAL * 2, ..new("ops") };
    store.catalog().update_alert(joined.project, alert.id, mended).await.unwrap();
    let hurried = only(&store, &joined).await;
    assert_eq!((hurried.news, hurried.tries), (News::Opened, 1));
    let again_at = yard.clock.now().plus(Duration::from_secs(10));
    store.not_told(hurried, "no answer".to_owned(), Some(again_at)).await.unwrap();
    assert_eq!(due(&store, &joined).await.next_at, Some(again_at));
    // It is resolved meanwhile, and told nevertheless.
    traffic.succeeds(&store, &joined).await;
    yard.clock.advance(Duration::from_secs(10));
    let second = only(&store, &joined).await;
    assert_eq!((second.news, second.number, second.tries, second.since), (News::Opened, 0, 2, first.since));
    store.told(second).await.unwrap();
    let resolved = only(&store, &joined).await;
    assert_eq!(resolved.news, News::Resolved);
    store.not_told(resolved, "still nobody".to_owned(), None).await.unwrap();
    assert_eq!(due(&store, &joined).await, Due::default());
    let mark = &store.alert_marks().await.unwrap()[&alert.id];
    assert!(mark.sent_at.is_some() && mark.error.as_ref().unwrap().1 == "still nobody", "{mark:?}");
    traffic.lane.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_became_of_an_issue_stands_with_it_and_survives_whenever_the_process_ends() {
    let yard = Yard::new();
    let store = yard.open();
    let joined = Joined::new(&store).await;
    let mut traffic = Traffic::new(&store, &joined);
    let everybody = alert(&store, &joined, new("ops")).await;
    traffic.fails(&store, &joined).await;
    store.flush().await;
    assert!(newest(&store, &joined).await.is_some());
    // Nobody has asked what is due: it stands in the outbox, in the same database as the issue.
    let count = |table: &str| {
        let database = rusqlite::Connection::open(yard.directory.path().join("issues.sqlite")).unwrap();
        let sql = format!("SELECT count(*) FROM {table}");
        database.query_row(&sql, [], |row| row.get::<_, i64>(0)).unwrap()
    };
    assert_eq!((count("outbox"), count("tellings")), (1, 0));
    traffic.lane.stop().await;
    drop((store, traffic.arrivals));

    let store = yard.open();
    let telling = only(&store, &joined).await;
    assert_eq!((telling.alert.id, telling.news), (everybody.id, News::Opened));
    assert_eq!((count("outbox"), count("tellings")), (0, 1));
    // It was sent, and the process ended before that was noted: it is told once more, as the same.
    drop(store);
    let store = yard.open();
    assert_eq!(only(&store, &joined).await, telling);
    store.told(telling).await.unwrap();
    drop(store);
    let store = yard.open();
    assert_eq!(due(&store, &joined).await, Due::default());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outbox_that_nobody_empties_keeps_the_newest() {
    let yard = Yard::with(|options| options.issues.outbox_max = 2);
    let store = yard.open();
    let joined = Joined::new(&store).await;
    alert(&store, &joined, NewAlert { interval: Duration::ZERO, ..new("ops") }).await;
    let mut traffic = Traffic::new(&store, &joined);
    for _ in 0..2 {
        traffic.fails(&store, &joined).await;
        traffic.succeeds(&store, &joined).await;
    }
    // Opened, resolved, reopened, resolved: the last two are kept.
    assert_eq!(only(&store, &joined).await.news, News::Reopened);
    traffic.lane.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_from_before_alerts_is_taken_on() {
    let yard = Yard::new();
    let store = yard.open();
    let joined = Joined::new(&store).await;
    let mut traffic = Traffic::new(&store, &joined);
    traffic.fails(&store, &joined).await;
    due(&store, &joined).await;
    traffic.lane.stop().await;
    drop((store, traffic.arrivals));
    let database = rusqlite::Connection::open(yard.directory.path().join("issues.sqlite")).unwrap();
    database
        .execute_batch("DROP TABLE outbox; DROP TABLE tellings; DROP TABLE marks; PRAGMA user_version = 1;")
        .unwrap();
    drop(database);
    let store = yard.open();
    alert(&store, &joined, new("ops")).await;
    assert_eq!(due(&store, &joined).await, Due::default(), "what was open before is not told");
    let mut traffic = Traffic::new(&store, &joined);
    traffic.succeeds(&store, &joined).await;
    traffic.fails(&store, &joined).await;
    assert_eq!(only(&store, &joined).await.news, News::Reopened);
    traffic.lane.stop().await;
}

#[tokio::test]
async fn a_sample_goes_to_whoever_sends_and_nowhere_where_nobody_does() {
    use hookyard_store::alerts::TrialError;
    let yard = Yard::new();
    let store = yard.open();
    let joined = Joined::new(&store).await;
    let alert = alert(&store, &joined, new("ops")).await;
    assert_eq!(store.try_alert(Arc::clone(&alert)).await, Err(TrialError::Stopping));
    let mut trials = store.alert_trials().unwrap();
    assert!(store.alert_trials().is_none());
    let asking = tokio::spawn({
        let (store, alert) = (store.clone(), Arc::clone(&alert));
        async move { store.try_alert(alert).await }
    });
    let trial = trials.recv().await.unwrap();
    assert_eq!(trial.alert, alert);
    trial.answer(Ok(204));
    assert_eq!(asking.await.unwrap(), Ok(Ok(204)));
    drop(trials);
    assert_eq!(store.try_alert(alert).await, Err(TrialError::Stopping));
}
