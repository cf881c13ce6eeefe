//! What happens is shown as rows of lists, from any earlier place on.

use std::collections::HashMap;

use hookyard_model::event::EventState;
use hookyard_store::history::{EventFilter, Page, RequestFilter};
use hookyard_store::live::{Content, Cursor, Row, Rows, RowsError};
use hookyard_store::store::Store;

use crate::harness::{DESTINATION, Filled, PROJECT, Yard, accept, deliver, next_arrived, route};

const ALL: u64 = u64::MAX;

/// The rows up to where the journal ends now.
async fn rows_up_to_now(rows: &mut Rows) -> Vec<Row> {
    let mut found = Vec::new();
    while !rows.is_at_end() {
        found.extend(rows.next().await.unwrap().rows);
    }
    found
}

async fn behind(store: &Store, cursor: Cursor) -> Vec<Row> {
    rows_up_to_now(&mut store.rows_behind(PROJECT, cursor, ALL).await.unwrap()).await
}

/// What each row is of, and what it says.
fn texts(rows: &[Row]) -> Vec<(String, String)> {
    let text = |row: &Row| match &row.content {
        Content::Request(request) => (request.id.to_string(), format!("{request:?}")),
        Content::Event(event) => (event.id.to_string(), format!("{event:?}")),
        Content::Attempt(attempt) => (attempt.id.to_string(), format!("{attempt:?}")),
    };
    rows.iter().map(text).collect()
}

/// Requests, their events, and attempts of most of them.
async fn happen(store: &Store, count: usize) {
    let mut arrivals = store.arrivals();
    for number in 0..count {
        accept(store, format!("body {number}")).await.unwrap();
    }
    route(store, &mut arrivals, count).await;
    let lane = Filled::new(store, DESTINATION);
    for _ in 0..count - 1 {
        deliver(store, &lane.take().await);
    }
    lane.stop().await;
    store.settle().await;
}

#[tokio::test]
async fn what_happens_is_shown_as_lists_show_it() {
    let yard = Yard::new();
    let store = yard.open();
    let start = store.now();
    happen(&store, 5).await;
    let mut newest: HashMap<String, String> = HashMap::new();
    let mut seen = Vec::new();
    for row in behind(&store, start).await {
        seen.push(row.clone());
        newest.extend(texts(&[row]));
    }
    let page = Page { before: None, limit: 100 };
    let mut expected = HashMap::new();
    for request in store.requests(PROJECT, RequestFilter::default(), page).await.unwrap() {
        assert!(request.events == Some(1) && !request.method.is_empty(), "{request:?}");
        expected.insert(request.id.to_string(), format!("{request:?}"));
    }
    let page = Page { before: None, limit: 100 };
    for event in store.events(PROJECT, EventFilter::default(), page).await.unwrap() {
        expected.insert(event.id.to_string(), format!("{event:?}"));
        for attempt in store.attempts(PROJECT, event.id).await.unwrap().unwrap() {
            expected.insert(attempt.id.to_string(), format!("{attempt:?}"));
        }
    }
    assert_eq!(expected.len(), 5 + 5 + 4);
    assert_eq!(newest, expected);
    let about = |row: &Row| (row.about.source, row.about.destination.is_some());
    assert!(seen.iter().all(|row| about(row).0 == Some(crate::harness::SOURCE)));
    assert_eq!(seen.iter().filter(|row| !about(row).1).count(), 5, "only requests have no destination");
}

#[tokio::test]
async fn whoever_goes_on_behind_a_row_misses_nothing() {
    let yard = Yard::new();
    let store = yard.open();
    let start = store.now();
    happen(&store, 4).await;
    let all = behind(&store, start).await;
    for (place, row) in all.iter().enumerate() {
        let rest = texts(&behind(&store, row.cursor).await);
        for wanted in texts(&all[place + 1..]) {
            assert!(rest.contains(&wanted), "{wanted:?} is missing behind {place}");
        }
    }
    assert!(texts(&behind(&store, all.last().unwrap().cursor).await).is_empty());
}

#[tokio::test]
async fn a_cursor_holds_across_a_restart() {
    let yard = Yard::new();
    let store = yard.open();
    happen(&store, 2).await;
    let cursor: Cursor = store.now().to_string().parse().unwrap();
    accept(&store, "later").await.unwrap();
    drop(store);
    let store = yard.open();
    accept(&store, "after the start").await.unwrap();
    let found = behind(&store, cursor).await;
    assert_eq!(found.len(), 2, "{found:?}");
}

#[tokio::test]
async fn what_is_not_at_hand_is_a_gap() {
    let yard = Yard::new();
    let store = yard.open();
    let start = store.now();
    happen(&store, 2).await;
    let refused = async |cursor: &str, bytes_max| {
        let rows = store.rows_behind(PROJECT, cursor.parse().unwrap(), bytes_max).await;
        matches!(rows, Err(RowsError::Gone))
    };
    assert!(!refused(&start.to_string(), ALL).await);
    assert!(refused(&start.to_string(), 100).await, "too much has happened");
    assert!(refused("1-72", ALL).await, "no record begins there");
    assert!(refused("0-64", ALL).await, "there is no such segment any more");
    assert!(refused("7-64", ALL).await, "of another journal");
    assert!(refused("1-4294967288", ALL).await, "of another journal");
}

#[tokio::test]
async fn who_waits_is_told_of_what_comes() {
    let yard = Yard::new();
    let store = yard.open();
    let mut rows = store.rows(PROJECT);
    let mut arrivals = store.arrivals();
    let (round, id) = tokio::join!(rows.next(), accept(&store, "body"));
    let id = id.unwrap();
    let round = round.unwrap();
    assert_eq!(texts(&round.rows)[0].0, id.to_string());
    let arrived = next_arrived(&mut arrivals, 1).await.remove(0);
    store.record_routed(&arrived, hookyard_model::request::Fields::default(), &[]);
    let round = rows.next().await.unwrap();
    let Content::Request(request) = &round.rows[0].content else { panic!("{round:?}") };
    assert_eq!((request.id, request.events, request.target.as_str()), (id, Some(0), "/token/path?x=1"));
}

#[tokio::test]
async fn a_change_by_hand_is_shown() {
    let yard = Yard::new();
    let store = yard.open();
    happen(&store, 1).await;
    let start = store.now();
    let page = Page { before: None, limit: 1 };
    let event = store.events(PROJECT, EventFilter::default(), page).await.unwrap()[0].id;
    store.act(hookyard_store::by_hand::Action::Cancel, PROJECT, event).await.unwrap();
    let found = behind(&store, start).await;
    let Content::Event(event) = &found[0].content else { panic!("{found:?}") };
    assert_eq!((event.state, found.len()), (EventState::Cancelled, 1));
}
