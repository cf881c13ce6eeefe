//! What is counted is what happened: while it runs, after a stop, and after a crash.

use std::path::Path;
use std::time::Duration;

use hookyard_model::clock::Timestamp;
use hookyard_model::event::EventState;
use hookyard_model::request::RejectCause;
use hookyard_store::accept::Rejection;
use hookyard_store::series::{Counts, Gauges, Points, Subject};
use hookyard_store::store::{Options, Store};

use crate::harness::{Filled, Joined, START, Yard};

const STEP: Duration = Duration::from_secs(10);
const SPAN: Duration = Duration::from_secs(10);

/// What was counted from the start to now, span by span.
async fn points(store: &Store, subject: Subject, step: Duration) -> Points {
    store.series(subject, START, store.clock().now(), step).await.unwrap()
}

/// The same of all spans together: requests accepted and rejected, events, discarded, attempts successful and failed.
async fn total(store: &Store, subject: Subject) -> [u64; 6] {
    let points = points(store, subject, STEP).await.points;
    let numbers = |counts: &Counts| {
        [
            counts.requests_accepted,
            counts.requests_rejected,
            counts.events,
            counts.discarded,
            counts.attempts_successful,
            counts.attempts_failed,
        ]
    };
    points.iter().fold([0; 6], |sum, (_, counts)| {
        let these = numbers(counts);
        std::array::from_fn(|place| sum[place] + these[place])
    })
}

fn reject(store: &Store, joined: &Joined, is_known: bool) {
    store.reject(Rejection {
        project: joined.project,
        source: is_known.then_some(joined.source),
        received_at: store.clock().now(),
        remote: [192, 0, 2, 8].into(),
        head: bytes::Bytes::from_static(b"POST / HTTP/1.1\r\n\r\n"),
        body: bytes::Bytes::new(),
        body_bytes: 0,
        cause: RejectCause::VerificationFailed,
        detail: String::new(),
    });
}

/// Three events: one delivered after a failure, one failed, one that waits; and two refused requests, one of nobody's.
async fn happen(store: &Store, joined: &Joined) {
    let mut arrivals = store.arrivals();
    let lane = Filled::new(store, joined.destination);
    joined.event(store, &mut arrivals).await;
    joined.attempt(store, &lane, 200, EventState::Successful).await;
    joined.event(store, &mut arrivals).await;
    joined.attempt(store, &lane, 404, EventState::Failed).await;
    joined.event(store, &mut arrivals).await;
    joined.attempt(store, &lane, 503, EventState::Scheduled).await;
    reject(store, joined, true);
    reject(store, joined, false);
    lane.stop().await;
    store.settle().await;
}

fn subjects(joined: &Joined) -> [(Subject, [u64; 6]); 4] {
    [
        (Subject::Project(joined.project), [3, 2, 3, 0, 1, 2]),
        (Subject::Source(joined.source), [3, 1, 3, 0, 1, 2]),
        (Subject::Connection(joined.connection), [0, 0, 3, 0, 1, 2]),
        (Subject::Destination(joined.destination), [0, 0, 3, 0, 1, 2]),
    ]
}

#[tokio::test]
async fn everything_is_counted_for_what_it_belongs_to() {
    let yard = Yard::new();
    let store = yard.open();
    let joined = Joined::new(&store).await;
    happen(&store, &joined).await;
    for (subject, expected) in subjects(&joined) {
        assert_eq!(total(&store, subject).await, expected, "{subject:?}");
    }
    let now = store.current().await.unwrap();
    let counts = &now.counts[&Subject::Destination(joined.destination)];
    assert_eq!((counts.attempts_successful, counts.attempts_failed), (1, 2));
    assert_eq!(now.backlog.undelivered, [((joined.connection, joined.destination), 1)].into_iter().collect());
    assert_eq!(now.backlog.oldest.keys().collect::<Vec<_>>(), [&joined.destination]);
    assert!(now.used_bytes > 0 && now.free_bytes.is_some());
}

#[tokio::test]
async fn times_are_told_by_percentiles() {
    let yard = Yard::new();
    let store = yard.open();
    let joined = Joined::new(&store).await;
    happen(&store, &joined).await;
    let points = points(&store, Subject::Connection(joined.connection), STEP).await.points;
    let (_, counts) = points.iter().find(|(_, counts)| !counts.attempt.is_empty()).unwrap();
    // Each attempt took 3 ms, and so did the delivery, as the clock stands still.
    for histogram in [&counts.attempt, &counts.delivery] {
        let us = histogram.per_mille(990).unwrap().as_micros();
        assert!((2_900..=3_100).contains(&us), "{us}");
    }
}

#[tokio::test]
async fn what_is_counted_survives_a_stop() {
    let yard = Yard::new();
    let store = yard.open();
    let joined = Joined::new(&store).await;
    happen(&store, &joined).await;
    drop(store);
    let store = yard.open();
    for (subject, expected) in subjects(&joined) {
        assert_eq!(total(&store, subject).await, expected, "{subject:?}");
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let (path, name) = entry.map(|entry| (entry.path(), entry.file_name())).unwrap();
        if path.is_dir() {
            copy(&path, &to.join(&name));
        } else {
            std::fs::copy(&path, to.join(&name)).unwrap();
        }
    }
}

#[tokio::test]
async fn a_crash_counts_nothing_twice_and_misses_nothing() {
    let yard = Yard::new();
    let store = yard.open();
    let joined = Joined::new(&store).await;
    happen(&store, &joined).await;
    for (subject, expected) in subjects(&joined) {
        assert_eq!(total(&store, subject).await, expected, "{subject:?}");
    }
    // What a killed process leaves: once before anything was stored, once after.
    for is_stored in [false, true] {
        if is_stored {
            yard.clock.advance(SPAN);
            points(&store, Subject::Project(joined.project), STEP).await;
        }
        let left = tempfile::tempdir().unwrap();
        copy(yard.directory.path(), left.path());
        let options = Options { data_dir: left.path().to_owned(), ..yard.options.clone() };
        let after = Store::open(options).unwrap();
        after.recovered().await;
        for (subject, expected) in subjects(&joined) {
            assert_eq!(total(&after, subject).await, expected, "{subject:?} {is_stored}");
        }
    }
}

#[tokio::test]
async fn old_counts_are_told_by_the_minute_and_then_go() {
    let yard = Yard::with(|options| options.series.retention = Duration::from_secs(2 * 3600));
    let store = yard.open();
    let joined = Joined::new(&store).await;
    happen(&store, &joined).await;
    let of = Subject::Connection(joined.connection);
    let spans = points(&store, of, STEP).await;
    assert_eq!(spans.step, STEP);
    yard.clock.advance(Duration::from_secs(3600 + 60));
    let minutes = points(&store, of, STEP).await;
    assert_eq!((minutes.step, minutes.points[0].1.events), (Duration::from_secs(60), 3));
    yard.clock.advance(Duration::from_secs(3600));
    // Deleting waits for the end of a span.
    let gone = async || total(&store, of).await == [0; 6];
    crate::harness::until(gone).await;
}

#[tokio::test]
async fn rows_are_bounded_and_those_of_the_project_stay() {
    let yard = Yard::with(|options| options.series.rows_max = 3);
    let store = yard.open();
    let joined = Joined::new(&store).await;
    let mut arrivals = store.arrivals();
    for _ in 0..4 {
        joined.event(&store, &mut arrivals).await;
        store.settle().await;
        yard.clock.advance(Duration::from_secs(60));
        points(&store, Subject::Project(joined.project), STEP).await;
    }
    // From then on it is told by the minute.
    yard.clock.advance(Duration::from_secs(3700));
    let bounded = async || {
        let kept = total(&store, Subject::Connection(joined.connection)).await;
        kept[2] < 4
    };
    crate::harness::until(bounded).await;
    assert_eq!(total(&store, Subject::Project(joined.project)).await[2], 4);
}

#[tokio::test]
async fn too_many_subjects_count_for_the_project_only() {
    let yard = Yard::with(|options| options.series.subjects_max = 1);
    let store = yard.open();
    let joined = Joined::new(&store).await;
    happen(&store, &joined).await;
    assert_eq!(total(&store, Subject::Project(joined.project)).await, [3, 2, 3, 0, 1, 2]);
    let mut counted = 0;
    for (subject, _) in subjects(&joined).into_iter().skip(1) {
        counted += usize::from(total(&store, subject).await != [0; 6]);
    }
    assert_eq!(counted, 1);
}

#[tokio::test]
async fn how_things_stand_is_looked_at_in_each_span() {
    let yard = Yard::new();
    let store = yard.open();
    let joined = Joined::new(&store).await;
    happen(&store, &joined).await;
    yard.clock.advance(SPAN);
    let newest = async |subject| {
        let points = points(&store, subject, STEP).await.points;
        points.last().map(|(at, counts)| (*at, counts.gauges)).unwrap()
    };
    let (at, gauges) = newest(Subject::Project(joined.project)).await;
    assert_eq!(at, Timestamp::from_ms(START.ms() + 10_000));
    let Gauges { undelivered, oldest_undelivered_ms, disk_bytes } = gauges;
    assert_eq!((undelivered, oldest_undelivered_ms.is_some()), (Some(1), true));
    assert!(disk_bytes.unwrap() > 0);
    assert_eq!(newest(Subject::Connection(joined.connection)).await.1.undelivered, Some(1));
    // Once nothing waits any more, that is told as well.
    let page = hookyard_store::history::Page { before: None, limit: 10 };
    let filter = hookyard_store::history::EventFilter::default();
    for event in store.events(joined.project, filter, page).await.unwrap() {
        let _ = store.act(hookyard_store::by_hand::Action::Cancel, joined.project, event.id).await;
    }
    store.settle().await;
    yard.clock.advance(SPAN);
    assert_eq!(newest(Subject::Connection(joined.connection)).await.1.undelivered, Some(0));
}

#[tokio::test]
async fn a_damaged_database_is_thrown_away() {
    let yard = Yard::new();
    let store = yard.open();
    let joined = Joined::new(&store).await;
    happen(&store, &joined).await;
    drop(store);
    std::fs::write(yard.directory.path().join("series.sqlite"), vec![7; 8_192]).unwrap();
    let store = yard.open();
    let joined_again = Joined { connection: joined.connection, ..joined };
    assert_eq!(total(&store, Subject::Project(joined_again.project)).await, [0; 6]);
    let mut arrivals = store.arrivals();
    joined_again.event(&store, &mut arrivals).await;
    store.settle().await;
    assert_eq!(total(&store, Subject::Project(joined_again.project)).await[2], 1);
}
