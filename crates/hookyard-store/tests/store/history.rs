//! Lists find what they are asked for, and nothing else, however little they may do in one call; and histograms count
//! the same.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use hookyard_model::attempt::{Attempt, DeliveryError, ErrorKind, Outcome};
use hookyard_model::clock::Timestamp;
use hookyard_model::event::EventState;
use hookyard_model::id::{AttemptId, ConnectionId, EventId, RequestId, SourceId};
use hookyard_model::request::{Fields, RejectCause};
use hookyard_model::rule::{DiscardCause, RuleKind, Ruling, Step};
use hookyard_store::accept::{Arrival, Rejection};
use hookyard_store::arrivals::{Arrivals, NewEvent};
use hookyard_store::history::{
    Content, EventFilter, EventSummary, Grid, ListError, Page, Period, RequestFilter, RequestKind, Statuses,
};
use hookyard_store::search::Settings;
use hookyard_store::store::Store;
use serde_json::json;

use crate::harness::*;

/// Several blocks, and several partitions.
const REQUESTS: usize = 1_700;
const RARE: SourceId = SourceId(77);
const OTHER: ConnectionId = ConnectionId(30);

/// What is known of a request besides what lists show.
struct Sent {
    id: RequestId,
    topic: String,
    provider_event_id: String,
    method: &'static str,
    has_word: bool,
}

/// A store of which every call may do as little as it can.
fn patient() -> Yard {
    Yard::in_memory(|options| {
        options.segment_bytes = 24 << 10;
        options.search = Settings {
            index_time_max: Duration::ZERO,
            bodies_time_max: Duration::ZERO,
            busy_percent: 100,
            ..Settings::default()
        };
    })
}

fn arrival_of(n: usize, at: Timestamp) -> Arrival {
    let method = method_of(n);
    let word = if has_word(n) { "Straße nach SANSIBAR" } else { "nothing of the kind" };
    Arrival {
        source: if n % 400 == 7 { RARE } else { SOURCE },
        received_at: at,
        head: format!("{method} /token/p?x={n} HTTP/1.1\r\nHost: here\r\nX-Number: n-{n}\r\nContent-Type: application/json\r\n\r\n").into(),
        ..arrival(json!({"n": n, "words": [word], "of": {"ten": n % 10}}).to_string())
    }
}

fn method_of(n: usize) -> &'static str {
    if n % 90 == 4 { "PURGE" } else { "POST" }
}

fn has_word(n: usize) -> bool {
    n % 333 == 5
}

fn fields(n: usize) -> Fields {
    let topic = if n % 250 == 9 { "rare.topic".to_owned() } else { format!("topic.{}", n % 4) };
    Fields { provider_event_id: Some(format!("evt_{}", n / 2)), topic: Some(topic), provider_time: None }
}

fn legs(store: &Store, n: usize) -> Vec<NewEvent> {
    let mut legs = vec![queued(store)];
    if n % 100 == 3 {
        let detail = "it had come before".to_owned();
        let cause = if n % 300 == 3 { DiscardCause::Duplicate } else { DiscardCause::Filtered };
        let steps = vec![Step { kind: RuleKind::Filter, detail, execution: None }];
        let ruling = Ruling { discarded: Some(cause), steps, ..Ruling::default() };
        legs.push(NewEvent { connection: OTHER, state: EventState::Discarded, ruling, ..queued(store) });
    } else if n % 100 == 50 {
        legs.push(NewEvent { connection: OTHER, state: EventState::Held, ..queued(store) });
    }
    legs
}

fn attempt_of(n: usize, ready: &hookyard_store::lanes::Ready) -> Attempt {
    let made = match n % 50 {
        11 => attempt(ready, 503, EventState::Failed, START),
        12 => attempt(ready, 404, EventState::Failed, START),
        13 => attempt(ready, 503, EventState::Scheduled, START.plus(Duration::from_secs(1 << 30))),
        _ => attempt(ready, 200, EventState::Successful, START),
    };
    let number = if n % 7 == 1 { 1 + (n % 5) as u32 } else { 1 };
    let id = AttemptId { number, ..made.id };
    let timeout = DeliveryError { kind: ErrorKind::Timeout, detail: "slow".to_owned() };
    match n % 200 {
        12 => Attempt { id, outcome: Outcome::Error(timeout), ..made },
        _ => Attempt { id, ..made },
    }
}

/// Fills a store, and says what was sent.
async fn filled(store: &Store, yard: &Yard) -> Vec<Sent> {
    let lane = Filled::new(store, DESTINATION);
    lane.lane.looked().await;
    let mut arrivals = store.arrivals();
    let mut sent = Vec::new();
    while sent.len() < REQUESTS {
        some(store, yard, &lane, &mut arrivals, &mut sent).await;
    }
    lane.stop().await;
    store.settle().await;
    sent
}

async fn some(store: &Store, yard: &Yard, lane: &Filled, arrivals: &mut Arrivals, sent: &mut Vec<Sent>) {
    let first = sent.len();
    for n in first..first + 100 {
        yard.clock.advance(Duration::from_secs(1));
        let id = store.accept(arrival_of(n, yard.clock.now())).await.unwrap();
        let Fields { provider_event_id, topic, .. } = fields(n);
        sent.push(Sent {
            id,
            topic: topic.unwrap(),
            provider_event_id: provider_event_id.unwrap(),
            method: method_of(n),
            has_word: has_word(n),
        });
        if n % 60 == 2 {
            reject(store, yard, n);
        }
    }
    let mut attempted = Vec::new();
    for (at, arrived) in next_arrived(arrivals, 100).await.into_iter().enumerate() {
        let n = first + at;
        store.record_routed(&arrived, fields(n), &legs(store, n));
        attempted.push(n);
    }
    for n in attempted {
        let ready = lane.take().await;
        assert_eq!(ready.event.request, sent[n].id);
        // The last few are on their way.
        if n < REQUESTS - 5 {
            store.record_attempt(&ready, &attempt_of(n, &ready));
        }
    }
}

fn reject(store: &Store, yard: &Yard, n: usize) {
    let Arrival { head, body, remote, .. } = arrival_of(n, yard.clock.now());
    store.reject(Rejection {
        project: PROJECT,
        source: Some(SOURCE),
        received_at: yard.clock.now(),
        remote,
        head,
        body_bytes: body.len() as u64,
        body,
        cause: if n % 120 == 2 { RejectCause::BodyTooLarge } else { RejectCause::VerificationFailed },
        detail: "refused".to_owned(),
    });
}

/// All pages of `limit`, and whether any had to say how far it had come.
async fn events(store: &Store, filter: &EventFilter, limit: usize) -> (Vec<EventSummary>, bool) {
    let (mut rows, mut before, mut went) = (Vec::new(), None, false);
    loop {
        let listed = store.list_events(PROJECT, filter.clone(), Page { before, limit }).await.unwrap();
        assert!(listed.rows.len() <= limit);
        went |= listed.progress.is_some();
        if let Some(progress) = listed.progress {
            assert_eq!(progress.is_complete, listed.resume.is_none());
        }
        rows.extend(listed.rows);
        match listed.resume {
            Some(resume) => before = Some(resume),
            None => return (rows, went),
        }
    }
}

async fn requests(store: &Store, filter: &RequestFilter, limit: usize) -> Vec<RequestId> {
    let (mut rows, mut before) = (Vec::new(), None);
    loop {
        let listed = store.list_requests(PROJECT, filter.clone(), Page { before, limit }).await.unwrap();
        rows.extend(listed.rows.into_iter().map(|row| row.id));
        match listed.resume {
            Some(resume) => before = Some(resume),
            None => return rows,
        }
    }
}

/// Every filter of events, alone and with others, and what it should let through.
type Lets = fn(&EventSummary, &Sent) -> bool;

fn event_filters(sent: &[Sent]) -> Vec<(EventFilter, Lets)> {
    let all = EventFilter::default;
    let middle = Period {
        after: Some(hookyard_model::id::made_at(sent[500].id.0)),
        before: Some(hookyard_model::id::made_at(sent[900].id.0)),
    };
    let server_errors = Statuses { from: 500, to: 599 };
    vec![
        (all(), |_, _| true),
        (EventFilter { source: Some(RARE), ..all() }, |event, _| event.source == RARE),
        (EventFilter { source: Some(SourceId(5)), ..all() }, |_, _| false),
        (EventFilter { connection: Some(OTHER), ..all() }, |event, _| event.id.connection == OTHER),
        (EventFilter { destination: Some(DESTINATION), ..all() }, |_, _| true),
        (EventFilter { state: Some(EventState::Failed), ..all() }, |event, _| {
            event.state == EventState::Failed
        }),
        (EventFilter { state: Some(EventState::Held), ..all() }, |event, _| event.state == EventState::Held),
        (EventFilter { state: Some(EventState::Queued), ..all() }, |event, _| {
            event.state == EventState::Queued
        }),
        (EventFilter { state: Some(EventState::Successful), ..all() }, |event, _| {
            event.state == EventState::Successful
        }),
        (EventFilter { topic: Some("rare.topic".to_owned()), ..all() }, |_, sent| sent.topic == "rare.topic"),
        (EventFilter { provider_event_id: Some("evt_12".to_owned()), ..all() }, |_, sent| {
            sent.provider_event_id == "evt_12"
        }),
        (EventFilter { received: middle, ..all() }, |_, _| true),
        (EventFilter { last_status: Some(server_errors), ..all() }, |event, _| {
            event.last_status == Some(503)
        }),
        (EventFilter { last_status: Some(Statuses { from: 404, to: 404 }), ..all() }, |event, _| {
            event.last_status == Some(404)
        }),
        (EventFilter { last_error: Some(ErrorKind::Timeout), ..all() }, |event, _| {
            event.last_error == Some(ErrorKind::Timeout)
        }),
        (EventFilter { attempts_min: Some(3), ..all() }, |event, _| event.attempts >= 3),
        (EventFilter { attempts_min: Some(1), attempts_max: Some(2), ..all() }, |event, _| {
            (1..=2).contains(&event.attempts)
        }),
        (EventFilter { attempts_max: Some(0), ..all() }, |event, _| event.attempts == 0),
        (EventFilter { discarded: Some(DiscardCause::Duplicate), ..all() }, |event, _| {
            event.discarded == Some(DiscardCause::Duplicate)
        }),
        (
            EventFilter {
                connection: Some(CONNECTION),
                state: Some(EventState::Failed),
                last_status: Some(server_errors),
                topic: Some("topic.1".to_owned()),
                ..all()
            },
            |event, sent| {
                let is_of_connection = event.id.connection == CONNECTION && event.state == EventState::Failed;
                is_of_connection && event.last_status == Some(503) && sent.topic == "topic.1"
            },
        ),
        (EventFilter { content: searched("sansibar"), ..all() }, |_, sent| sent.has_word),
        (EventFilter { content: searched("STRASSE"), ..all() }, |_, _| false),
        (
            EventFilter { content: searched("straße"), connection: Some(CONNECTION), ..all() },
            |event, sent| sent.has_word && event.id.connection == CONNECTION,
        ),
        (
            EventFilter {
                content: Content {
                    matching: Some(json!({"body": {"words": "Straße nach SANSIBAR"}, "topic": "topic.1"})),
                    search: None,
                },
                ..all()
            },
            |_, sent| sent.has_word && sent.topic == "topic.1",
        ),
    ]
}

fn searched(text: &str) -> Content {
    Content { matching: None, search: Some(text.to_owned()) }
}

async fn assert_all_is_found(store: &Store, sent: &[Sent]) {
    let by_id: BTreeMap<RequestId, &Sent> = sent.iter().map(|sent| (sent.id, sent)).collect();
    let (all, _) = events(store, &EventFilter::default(), 5_000).await;
    assert!(all.len() > sent.len());
    for (filter, lets) in event_filters(sent) {
        let expected: Vec<EventId> = all
            .iter()
            .filter(|event| lets(event, by_id[&event.id.request]))
            .filter(|event| {
                let at = hookyard_model::id::made_at(event.id.request.0);
                filter.received.after.is_none_or(|after| at >= after)
                    && filter.received.before.is_none_or(|before| at < before)
            })
            .map(|event| event.id)
            .collect();
        for limit in [17, 5_000] {
            let (found, _) = events(store, &filter, limit).await;
            let found: Vec<EventId> = found.iter().map(|event| event.id).collect();
            assert_eq!(found, expected, "{filter:?} by {limit}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_filter_finds_what_a_look_at_all_rows_does() {
    let yard = patient();
    let store = yard.open();
    let sent = filled(&store, &yard).await;
    assert!(yard.partitions().len() > 1, "all in one partition");
    assert_all_is_found(&store, &sent).await;
    // What marks say is in the journal, and in the index that an earlier run left.
    store.reindex().await;
    assert_all_is_found(&store, &sent).await;
    drop(store);
    assert_all_is_found(&yard.open(), &sent).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_are_found_by_what_they_are_and_what_became_of_them() {
    let yard = patient();
    let store = yard.open();
    let sent = filled(&store, &yard).await;
    let all = RequestFilter::default;
    let accepted = |lets: &dyn Fn(&Sent) -> bool| -> Vec<RequestId> {
        sent.iter().rev().filter(|sent| lets(sent)).map(|sent| sent.id).collect()
    };
    for (filter, expected) in [
        (
            RequestFilter { source: Some(RARE), ..all() },
            accepted(&|sent| sent.provider_event_id.ends_with("03")),
        ),
        (
            RequestFilter { topic: Some("rare.topic".to_owned()), ..all() },
            accepted(&|sent| sent.topic == "rare.topic"),
        ),
        (
            RequestFilter { method: Some("PURGE".to_owned()), kind: Some(RequestKind::Accepted), ..all() },
            accepted(&|sent| sent.method == "PURGE"),
        ),
        (
            RequestFilter { kind: Some(RequestKind::Accepted), content: searched("sansiBAR"), ..all() },
            accepted(&|sent| sent.has_word),
        ),
        (RequestFilter { kind: Some(RequestKind::Accepted), ..all() }, accepted(&|_| true)),
    ] {
        let expected = match filter.source {
            // By its own list.
            Some(_) => {
                sent.iter().enumerate().rev().filter(|(n, _)| n % 400 == 7).map(|(_, sent)| sent.id).collect()
            }
            None => expected,
        };
        assert_eq!(requests(&store, &filter, 7).await, expected, "{filter:?}");
    }
    let rejected = RequestFilter { kind: Some(RequestKind::Rejected), ..all() };
    let too_large = RequestFilter { cause: Some(RejectCause::BodyTooLarge), ..all() };
    let in_head = RequestFilter { content: searched("X-NUMBER: N-123\r"), ..all() };
    let (rejected, too_large) = (requests(&store, &rejected, 9).await, requests(&store, &too_large, 9).await);
    assert_eq!(requests(&store, &in_head, 9).await, [sent[123].id]);
    assert_eq!((rejected.len(), too_large.len()), (29, 15));
    assert!(too_large.iter().all(|id| rejected.contains(id)));
}

#[tokio::test(flavor = "multi_thread")]
async fn histograms_count_what_lists_show() {
    let yard = patient();
    let store = yard.open();
    let sent = filled(&store, &yard).await;
    let (from, to) = (START.plus(Duration::from_secs(100)), START.plus(Duration::from_secs(1_234)));
    for (filter, _) in event_filters(&sent) {
        let filter = EventFilter { content: Content::default(), ..filter };
        let grid = Grid { from, to, buckets: 10 };
        let histogram = store.event_histogram(PROJECT, filter.clone(), grid).await.unwrap();
        assert_eq!((histogram.buckets.len(), histogram.is_complete), (10, true));
        let mut expected: BTreeMap<(u64, EventState), u64> = BTreeMap::new();
        for event in events(&store, &filter, 5_000).await.0 {
            let at = hookyard_model::id::made_at(event.id.request.0);
            if at >= from && at < to {
                let part = at.since(from).as_millis() as u64 / histogram.bucket.as_millis() as u64;
                *expected.entry((part, event.state)).or_default() += 1;
            }
        }
        let mut counted = BTreeMap::new();
        for (part, (at, counts)) in histogram.buckets.iter().enumerate() {
            assert_eq!(*at, from.plus(histogram.bucket * part as u32));
            counted.extend(counts.iter().map(|(state, count)| ((part as u64, *state), *count)));
        }
        assert_eq!(counted, expected, "{filter:?}");
    }
    let grid = Grid { from: START, to: START.plus(Duration::from_secs(100_000)), buckets: 1 };
    let all = store.request_histogram(PROJECT, RequestFilter::default(), grid).await.unwrap();
    let counts: BTreeMap<RequestKind, u64> = all.buckets[0].1.iter().copied().collect();
    assert_eq!(counts, BTreeMap::from([(RequestKind::Accepted, 1_700), (RequestKind::Rejected, 29)]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_goes_on_where_it_stopped_and_says_how_far_it_came() {
    let yard = patient();
    let store = yard.open();
    let sent = filled(&store, &yard).await;
    let filter = EventFilter { content: searched("no such text anywhere"), ..EventFilter::default() };
    let (mut before, mut searched, mut calls) = (None, 0, 0);
    loop {
        let page = Page { before, limit: 10 };
        let listed = store.list_events(PROJECT, filter.clone(), page).await.unwrap();
        let progress = listed.progress.unwrap();
        assert_eq!(listed.rows, []);
        searched += progress.searched;
        calls += 1;
        let Some(resume) = listed.resume else { break };
        let oldest = hookyard_model::id::made_at(resume.request.0);
        assert_eq!((progress.searched_to, progress.is_complete), (Some(oldest), false));
        before = Some(resume);
    }
    // Its time is up after each block.
    assert!(calls > 3, "{calls} calls");
    assert_eq!(searched, sent.len() as u64 + 29);
}

#[tokio::test(flavor = "multi_thread")]
async fn so_many_search_at_a_time_and_others_hear_that_it_is_so() {
    let yard = Yard::in_memory(|options| {
        options.search = Settings { at_a_time_max: 1, wait_max: Duration::ZERO, ..Settings::default() };
        // Its first rest lasts long enough.
        options.search.busy_percent = 1;
        options.search.bodies_time_max = Duration::from_secs(60);
    });
    let store = Arc::new(yard.open());
    filled(&store, &yard).await;
    let filter = EventFilter { content: searched("no such text anywhere"), ..EventFilter::default() };
    let first = {
        let (store, filter) = (Arc::clone(&store), filter.clone());
        async move {
            loop {
                let _ = store.list_events(PROJECT, filter.clone(), Page { before: None, limit: 10 }).await;
            }
        }
    };
    let first: tokio::task::JoinHandle<()> = tokio::spawn(first);
    let page = Page { before: None, limit: 10 };
    until(async || matches!(store.list_events(PROJECT, filter.clone(), page).await, Err(ListError::Busy(_))))
        .await;
    // Nobody waits for the first any more: it stops, and leaves its place.
    first.abort();
    until(async || store.list_events(PROJECT, filter.clone(), page).await.is_ok()).await;
    // What an index answers is not held up by it.
    assert_eq!(store.events(PROJECT, EventFilter::default(), page).await.unwrap().len(), 10);
}
