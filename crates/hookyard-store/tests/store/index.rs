//! The index is nothing but a fold over the journal: thrown away, damaged, stale or set back, it comes out
//! the same.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use hookyard_model::attempt::{Attempt, Outcome};
use hookyard_model::clock::Timestamp;
use hookyard_model::event::EventState;
use hookyard_model::execution::{Console, ConsoleLine, Execution, Level};
use hookyard_model::id::{ConnectionId, EventId, RequestId};
use hookyard_model::order::OrderKey;
use hookyard_model::request::{Fields, Proof, RejectCause, Request};
use hookyard_model::rule::{self, ClaimKey, DiscardCause, Revision, RevisionKey, RuleKind, Ruling};
use hookyard_store::accept::{Answered, Arrival, Rejection};
use hookyard_store::arrivals::{Arrived, NewEvent};
use hookyard_store::history::{Page, RequestFilter, Status};
use hookyard_store::store::Store;
use proptest::collection::vec;
use proptest::prelude::*;

use crate::harness::*;

/// What the provider says about the n-th request: everything, a part, nothing.
fn fields(n: usize) -> Fields {
    Fields {
        provider_event_id: (n % 3 < 2).then(|| format!("evt_{n}")),
        topic: n.is_multiple_of(3).then(|| "order.paid".to_owned()),
        provider_time: n.is_multiple_of(3).then_some(Timestamp::from_us(START.us() - n as u64)),
    }
}

/// Requests whose verification was pending: verified, refused, and not decided; and a handshake.
async fn some_pending(store: &Store, arrivals: &mut hookyard_store::arrivals::Arrivals) {
    for n in 0..6_usize {
        let pending = Arrival { proof: None, ..arrival(vec![b'p'; 100 * n]) };
        store.accept(pending).await.unwrap();
        let arrived = next_arrived(arrivals, 1).await.remove(0);
        assert!(arrived.is_pending());
        match n % 3 {
            0 => store.record_verified(&arrived, Proof::Verified, fields(n), &[]),
            1 => store.record_refused(&arrived, RejectCause::VerificationFailed, format!("refused {n}")),
            _ => {} // Not decided.
        }
    }
    let template = arrival("");
    store.note_answered(Answered {
        project: PROJECT,
        source: SOURCE,
        received_at: START,
        remote: template.remote,
        head: template.head,
        body: "are you there?".into(),
        body_bytes: 14,
        detail: "a challenge".to_owned(),
    });
}

/// What rules make of a duplicate that they let claim a key before.
fn ruling() -> Ruling {
    let step = |kind, detail: &str| rule::Step { kind, detail: detail.to_owned(), execution: None };
    Ruling {
        discarded: Some(DiscardCause::Duplicate),
        duplicate_of: Some(RequestId(1)),
        claims: vec![ClaimKey([7; 16])],
        steps: vec![step(RuleKind::Filter, ""), step(RuleKind::Deduplicate, "it came first")],
        ..Ruling::default()
    }
}

/// What a rule makes of an event that tells of a thing as of then, of which a newer one was delivered or not.
fn latest(at: Timestamp, superseded_by: Option<RequestId>) -> Ruling {
    let detail = superseded_by.map_or_else(String::new, |_| "a newer one was delivered".to_owned());
    Ruling {
        discarded: superseded_by.map(|_| DiscardCause::Stale),
        superseded_by,
        revision: Some(Revision { of: RevisionKey([9; 16]), at }),
        steps: vec![rule::Step { kind: RuleKind::Stale, detail, execution: None }],
        ..Ruling::default()
    }
}

/// What a transformation made of a request: another head and body, and a line on the console.
fn transformed(store: &Store, arrived: &Arrived) -> NewEvent {
    let console =
        Console { lines: vec![ConsoleLine { level: Level::Warn, text: "so large".to_owned() }], dropped: 2 };
    let execution = Execution { console, cpu: Duration::from_micros(44) };
    let (kind, detail) = (RuleKind::Transform, "it changed headers, body".to_owned());
    let request = Request {
        head: "POST /token/path?x=1 HTTP/1.1\r\nx-made: yes\r\n\r\n".into(),
        body: "made of it".into(),
        body_bytes: 10,
        ..(*arrived.request).clone()
    };
    NewEvent {
        ruling: Ruling {
            steps: vec![rule::Step { kind, detail, execution: Some(execution) }],
            ..Ruling::default()
        },
        transformed: Some(request.into()),
        ..queued(store)
    }
}

/// A store with a bit of everything in it, over several segments and partitions; closed again.
pub(crate) async fn some_history(yard: &Yard) {
    let store = yard.open();
    store.recovered().await;
    let mut arrivals = store.arrivals();
    let lane = Filled::new(&store, DESTINATION);
    for n in 0..24_usize {
        if n == 12 {
            some_pending(&store, &mut arrivals).await;
        }
        accept(&store, vec![b'a' + n as u8; 40 * n]).await.unwrap();
        let template = arrival("");
        if n % 5 == 0 {
            store.reject(Rejection {
                project: PROJECT,
                source: None,
                received_at: START,
                remote: template.remote,
                head: template.head,
                body: "refused".into(),
                body_bytes: 7,
                cause: RejectCause::UnknownSource,
                detail: "no source has this token".to_owned(),
            });
        }
        if n == 23 {
            break; // Never routed.
        }
        let arrived = next_arrived(&mut arrivals, 1).await.remove(0);
        let held = NewEvent { connection: ConnectionId(30), state: EventState::Held, ..queued(&store) };
        let legs = if n % 4 == 0 { vec![queued(&store), held] } else { vec![queued(&store)] };
        let discarded = NewEvent { state: EventState::Discarded, ruling: ruling(), ..queued(&store) };
        let older = START.minus(Duration::from_secs(1));
        let newer = Some(RequestId(2));
        let legs = match n {
            7 => vec![discarded],
            10 => vec![transformed(&store, &arrived)],
            9 => vec![NewEvent { ruling: latest(START, None), ..queued(&store) }],
            14 => vec![NewEvent { ruling: latest(older, None), ..queued(&store) }],
            19 => vec![NewEvent { ruling: latest(older, newer), ..discarded }],
            13 => vec![NewEvent { order: Some(OrderKey::DESTINATION), ..queued(&store) }],
            n if n % 6 == 5 => Vec::new(),
            _ => legs,
        };
        store.record_routed(&arrived, fields(n), &legs);
        if matches!(n, 7 | 19) || n % 6 == 5 {
            continue;
        }
        let ready = lane.take().await;
        match n % 3 {
            _ if n == 14 => store.record_superseded(&ready, RequestId(2), "it is out of date".to_owned()),
            // A consumer had asked for it.
            0 if n == 9 => {
                let made = attempt(&ready, 200, EventState::Successful, START);
                let made = Attempt { outcome: Outcome::Acknowledged, ..made };
                store.record_attempt_durably(&ready, &made).await.unwrap();
            }
            0 => drop(deliver(&store, &ready)),
            1 => {
                let due_at = START.plus(Duration::from_secs(60));
                store.record_attempt(&ready, &attempt(&ready, 503, EventState::Scheduled, due_at));
            }
            _ => store.record_attempt(&ready, &attempt(&ready, 400, EventState::Failed, START)),
        }
        store.settle().await;
    }
    // The first ones change once more, late.
    yard.clock.advance(Duration::from_secs(120));
    lane.lane.wake();
    for _ in 0..3 {
        let ready = lane.take().await;
        deliver(&store, &ready);
    }
    store.settle().await;
    lane.stop().await;
    store.close();
}

/// Small segments; a partition for each 32 KiB of them.
fn yard() -> Yard {
    Yard::with(|options| options.segment_bytes = 1 << 10)
}

async fn expected(yard: &Yard) -> String {
    let store = yard.open();
    store.recovered().await;
    answers(&store).await
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_happens_to_the_files_the_answers_stay() {
    let yard = yard();
    some_history(&yard).await;
    let expected = expected(&yard).await;
    let partitions = yard.partitions();
    assert!(partitions.len() >= 2 && yard.segments().len() > 10, "{partitions:?}");
    let other = Yard::with(|options| options.segment_bytes = 1 << 10);
    for n in 0..5 {
        other.clock.advance(Duration::from_secs(1));
        accept(&other.open(), vec![n; 700]).await.unwrap();
    }
    let foreign = other.partitions().remove(0);

    type Damage = Box<dyn Fn(&[PathBuf])>;
    let damages: Vec<(&str, Damage)> = vec![
        ("all deleted", Box::new(|files| files.iter().for_each(|file| fs::remove_file(file).unwrap()))),
        ("oldest deleted", Box::new(|files| fs::remove_file(&files[0]).unwrap())),
        ("newest deleted", Box::new(|files| fs::remove_file(files.last().unwrap()).unwrap())),
        ("middle deleted", Box::new(|files| fs::remove_file(&files[files.len() / 2]).unwrap())),
        ("truncated", Box::new(|files| truncate(&files[0], 5_000))),
        ("emptied", Box::new(|files| truncate(files.last().unwrap(), 0))),
        ("garbage", Box::new(|files| fs::write(&files[0], vec![0x5a; 20_000]).unwrap())),
        ("other version", Box::new(|files| sql(&files[0], "PRAGMA user_version = 99"))),
        ("table lost", Box::new(|files| sql(&files[0], "DROP TABLE events"))),
        (
            "set back",
            Box::new(|files| {
                let sql_text = "UPDATE meta SET value = 0 WHERE key LIKE 'applied%'";
                sql(files.last().unwrap(), sql_text);
            }),
        ),
        (
            "from the future",
            Box::new(|files| {
                sql(
                    files.last().unwrap(),
                    "UPDATE meta SET value = value * 2 WHERE key = 'applied_position'",
                );
            }),
        ),
        (
            "another journal's",
            Box::new(move |files| {
                files.iter().for_each(|file| fs::remove_file(file).unwrap());
                fs::copy(&foreign, files[0].with_file_name(foreign.file_name().unwrap())).unwrap();
            }),
        ),
    ];
    for (name, damage) in &damages {
        damage(&yard.partitions());
        let store = yard.open();
        store.recovered().await;
        assert_eq!(answers(&store).await, expected, "{name}");
        assert_eq!(store.damages(), (vec![], 0), "{name}");
    }
}

fn truncate(path: &Path, bytes: u64) {
    fs::File::options().write(true).open(path).unwrap().set_len(bytes).unwrap();
}

fn sql(path: &Path, text: &str) {
    rusqlite::Connection::open(path).unwrap().execute_batch(text).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn damaged_while_open_it_is_made_anew_by_itself() {
    let yard = yard();
    some_history(&yard).await;
    let expected = expected(&yard).await;
    for delete in [false, true] {
        let store = yard.open();
        store.recovered().await;
        for path in yard.partitions() {
            if delete {
                fs::remove_file(&path).unwrap();
            } else {
                let bytes = fs::metadata(&path).unwrap().len() as usize;
                fs::write(&path, vec![0x5a; bytes]).unwrap();
            }
        }
        assert_eq!(answers(&store).await, expected, "deleted: {delete}");
        accept(&store, "it goes on").await.unwrap();
        drop(store);
        // Without what the loop added.
        fs::remove_file(yard.segments().pop().unwrap()).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn made_anew_while_everything_goes_on() {
    let yard = yard();
    some_history(&yard).await;
    let store = yard.open();
    store.recovered().await;
    for n in 0..10 {
        let rebuilding = tokio::spawn({
            let store = store.clone();
            async move { store.reindex().await }
        });
        let id = accept(&store, format!("{n}")).await.unwrap();
        assert!(store.request(PROJECT, id).await.unwrap().is_some(), "{n}");
        rebuilding.await.unwrap();
        assert!(store.request(PROJECT, id).await.unwrap().is_some(), "{n}");
        assert_eq!(ids(&store).await.len(), 24 + 5 + 7 + n + 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn damage_in_the_journal_is_reported_and_costs_only_its_record() {
    let yard = yard();
    let ids_before = {
        let store = yard.open();
        for n in 0..20_u8 {
            accept(&store, vec![n; 200]).await.unwrap();
        }
        ids(&store).await
    };
    // The body of the second segment's first record.
    let path = yard.segments().remove(1);
    let mut bytes = fs::read(&path).unwrap();
    bytes[64 + 24 + 150] ^= 1;
    fs::write(&path, bytes).unwrap();
    let store = yard.open();
    let listed = ids(&store).await;
    assert_eq!(listed, ids_before, "the list does not lose the others");
    let mut damaged = Vec::new();
    for id in &listed {
        match store.request(PROJECT, *id).await {
            Ok(found) => assert!(found.is_some()),
            Err(error) => {
                assert!(error.to_string().contains("segment 2 at offset 64 is damaged"), "{error}");
                damaged.push(*id);
            }
        }
    }
    assert_eq!(damaged.len(), 1);
    store.reindex().await;
    let (places, count) = store.damages();
    assert_eq!((places.len(), count, places[0].segment, places[0].offset), (1, 1, 2, 64));
    let rest: Vec<_> = ids_before.into_iter().filter(|id| !damaged.contains(id)).collect();
    assert_eq!(ids(&store).await, rest);
}

/// One thing that is done to a store.
#[derive(Clone, Copy, Debug)]
enum Step {
    Accept { pending: bool },
    Route { legs: u64, held: bool },
    Attempt(u16),
    SetAside(EventState),
    Cancel(u64),
    Release(u64),
    Settle,
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        5 => any::<bool>().prop_map(|pending| Step::Accept { pending }),
        5 => (0_u64..4, any::<bool>()).prop_map(|(legs, held)| Step::Route { legs, held }),
        8 => prop_oneof![Just(200_u16), Just(500), Just(400)].prop_map(Step::Attempt),
        1 => prop_oneof![Just(EventState::Held), Just(EventState::Cancelled), Just(EventState::Discarded)]
            .prop_map(Step::SetAside),
        1 => (1_u64..4).prop_map(Step::Cancel),
        1 => (1_u64..4).prop_map(Step::Release),
        2 => Just(Step::Settle),
        1 => Just(Step::Restart),
    ]
}

/// What became of each event and each request, told by what was done to them.
type Model = (BTreeMap<EventId, (EventState, u32)>, BTreeMap<RequestId, Status>);

async fn run(yard: &Yard, steps: &[Step]) -> Model {
    let (mut model, mut statuses) = Model::default();
    let mut open = start(yard).await;
    let mut unrouted = 0;
    for step in steps {
        let (store, arrivals, lane) = (&open.0, &mut open.1, &open.2);
        match *step {
            Step::Accept { pending } => {
                let proof = (!pending).then_some(Proof::Verified);
                let id = store.accept(Arrival { proof, ..arrival("body") }).await.unwrap();
                statuses.insert(id, proof.map_or(Status::Pending, Status::Accepted));
                unrouted += 1;
            }
            Step::Route { legs, held } if unrouted > 0 => {
                for arrived in arrivals.next().await {
                    unrouted -= 1;
                    if arrived.is_pending() && legs == 0 {
                        let cause = RejectCause::VerificationFailed;
                        store.record_refused(&arrived, cause, "no signature matches".to_owned());
                        statuses.insert(arrived.request.id, Status::Rejected(cause));
                        continue;
                    }
                    let state = if held { EventState::Held } else { EventState::Queued };
                    let made: Vec<NewEvent> = (1..=legs)
                        .map(|leg| NewEvent { connection: ConnectionId(leg), state, ..queued(store) })
                        .collect();
                    let fields = fields(legs as usize);
                    if arrived.is_pending() {
                        store.record_verified(&arrived, Proof::Verified, fields, &made);
                    } else {
                        store.record_routed(&arrived, fields, &made);
                    }
                    statuses.insert(arrived.request.id, Status::Accepted(Proof::Verified));
                    model.extend(made.iter().map(|event| {
                        (EventId { request: arrived.request.id, connection: event.connection }, (state, 0))
                    }));
                }
            }
            Step::Attempt(status) => {
                let Some(ready) = lane.lane.take() else { continue };
                let state = match status {
                    200 => EventState::Successful,
                    400 => EventState::Failed,
                    _ => EventState::Scheduled,
                };
                store.record_attempt(&ready, &attempt(&ready, status, state, START));
                model.insert(ready.event, (state, ready.attempts + 1));
            }
            Step::SetAside(state) => {
                let Some(ready) = lane.lane.take() else { continue };
                match state {
                    EventState::Discarded => store.record_superseded(&ready, RequestId(1), String::new()),
                    _ => store.record_set_aside(&ready, state),
                }
                model.insert(ready.event, (state, ready.attempts));
            }
            Step::Cancel(connection) => {
                let count = store.cancel_undelivered_of(ConnectionId(connection)).await.unwrap();
                let mut cancelled = 0;
                for (_, (state, _)) in model.iter_mut().filter(|(event, _)| event.connection.0 == connection)
                {
                    if state.is_undelivered() {
                        *state = EventState::Cancelled;
                        cancelled += 1;
                    }
                }
                assert_eq!(count, cancelled);
            }
            Step::Release(connection) => {
                store.release_held_of(ConnectionId(connection)).await.unwrap();
                for (_, (state, _)) in model.iter_mut().filter(|(event, _)| event.connection.0 == connection)
                {
                    if *state == EventState::Held {
                        *state = EventState::Queued;
                    }
                }
            }
            Step::Route { .. } | Step::Settle => store.settle().await,
            Step::Restart => {
                stop(open).await;
                open = start(yard).await;
            }
        }
    }
    stop(open).await;
    (model, statuses)
}

async fn start(yard: &Yard) -> (Store, hookyard_store::arrivals::Arrivals, Filled) {
    let store = yard.open();
    store.recovered().await;
    let arrivals = store.arrivals();
    let lane = Filled::new(&store, DESTINATION);
    (store, arrivals, lane)
}

async fn stop((store, arrivals, lane): (Store, hookyard_store::arrivals::Arrivals, Filled)) {
    lane.stop().await;
    store.close();
    drop((store, arrivals));
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 24,
        max_shrink_iters: 200,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn replay_agrees_with_the_index_and_both_with_the_model(steps in vec(step(), 1..60)) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(async {
            let yard = yard();
            let (model, statuses) = run(&yard, &steps).await;
            let lived = expected(&yard).await;
            // From nothing, and once more on top of what is there.
            yard.partitions().iter().for_each(|file| fs::remove_file(file).unwrap());
            assert_eq!(expected(&yard).await, lived, "from nothing");
            sql(yard.partitions().last().unwrap(), "UPDATE meta SET value = 0 WHERE key LIKE 'applied%'");
            assert_eq!(expected(&yard).await, lived, "applied twice");
            let store = yard.open();
            let mut undelivered = 0;
            for (event, (state, attempts)) in &model {
                let found = store.event(PROJECT, *event).await.unwrap().unwrap();
                assert_eq!((found.state, found.attempts), (*state, *attempts), "{event}");
                undelivered += u64::from(state.is_undelivered());
            }
            assert_eq!(store.health().undelivered, undelivered);
            let page = Page { before: None, limit: 1_000 };
            let found = store.requests(PROJECT, RequestFilter::default(), page).await.unwrap();
            let found: BTreeMap<_, _> = found.iter().map(|row| (row.id, row.status)).collect();
            assert_eq!(found, statuses);
        });
    }
}
