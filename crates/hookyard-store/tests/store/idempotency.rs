//! Calls that are repeated: answered once, known across a restart, cut off by a crash, bounded.

use std::time::Duration;

use hookyard_model::clock::{Clock, Timestamp};
use hookyard_store::idempotency::{Answer, Begun, Call, Settings, Ticket};
use hookyard_store::store::{Options, Store};
use tempfile::TempDir;

const START: Timestamp = Timestamp::from_ms(1_800_000_000_000);

struct Yard {
    directory: TempDir,
    clock: Clock,
    settings: Settings,
}

impl Yard {
    fn new(settings: Settings) -> Self {
        Self { directory: tempfile::tempdir().unwrap(), clock: Clock::manual(START), settings }
    }

    fn open(&self) -> Store {
        let (clock, idempotency) = (self.clock.clone(), self.settings);
        Store::open(Options { clock, idempotency, ..Options::new(self.directory.path()) }).unwrap()
    }
}

fn call(key: &str, content: u8) -> Call {
    Call { caller: "local".to_owned(), key: key.to_owned(), fingerprint: [content; 32] }
}

fn answer(text: &str) -> Answer {
    let headers = vec![("location".to_owned(), b"/x".to_vec())];
    Answer { status: 201, headers, body: text.as_bytes().to_vec() }
}

async fn first(store: &Store, key: &str) -> Ticket {
    match store.begin_call(call(key, 1)).await.unwrap() {
        Begun::First(ticket) => ticket,
        other => panic!("{other:?}"),
    }
}

async fn answered(store: &Store, key: &str) -> Option<String> {
    match store.begin_call(call(key, 1)).await.unwrap() {
        Begun::Answered(Answer { body, .. }) => Some(String::from_utf8(body).unwrap()),
        Begun::First(ticket) => {
            ticket.finish(None).await.unwrap();
            None
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_call_is_answered_once_and_again_after_a_restart() {
    let yard = Yard::new(Settings::default());
    let store = yard.open();
    let ticket = first(&store, "k").await;
    assert!(matches!(store.begin_call(call("k", 1)).await.unwrap(), Begun::UnderWay));
    assert!(matches!(store.begin_call(call("k", 2)).await.unwrap(), Begun::AnotherCall));
    let other_caller = Call { caller: "key_1".to_owned(), ..call("k", 2) };
    assert!(matches!(store.begin_call(other_caller).await.unwrap(), Begun::First(_)));
    ticket.finish(Some(answer("made"))).await.unwrap();
    drop(store);
    let store = yard.open();
    let Begun::Answered(again) = store.begin_call(call("k", 1)).await.unwrap() else { panic!() };
    assert_eq!(again, answer("made"));
    assert!(matches!(store.begin_call(call("k", 2)).await.unwrap(), Begun::AnotherCall));
    yard.clock.advance(Duration::from_secs(24 * 3600));
    assert_eq!(answered(&store, "k").await, None, "after a day the key is free");
}

#[tokio::test]
async fn a_call_that_was_cut_off_is_not_made_again() {
    let yard = Yard::new(Settings::default());
    let store = yard.open();
    let ticket = first(&store, "k").await;
    // As a crash does: the process ends, and nothing is said of the call.
    drop((ticket, store));
    let store = yard.open();
    assert!(matches!(store.begin_call(call("k", 1)).await.unwrap(), Begun::CutOff));
    let ticket = first(&store, "refused").await;
    ticket.finish(None).await.unwrap();
    assert_eq!(answered(&store, "refused").await, None, "a call that changed nothing can be made again");
}

#[tokio::test]
async fn answers_are_sealed_on_disk() {
    let yard = Yard::new(Settings::default());
    let store = yard.open();
    first(&store, "the-key").await.finish(Some(answer("hky_a-secret-that-was-made"))).await.unwrap();
    let mut all = Vec::new();
    for name in ["idempotency.sqlite", "idempotency.sqlite-wal"] {
        all.extend(std::fs::read(yard.directory.path().join(name)).unwrap_or_default());
    }
    let holds = |text: &[u8]| all.windows(text.len()).any(|window| window == text);
    assert!(holds(b"the-key"), "what is not secret is found by this search");
    assert!(!holds(b"a-secret-that-was-made") && !holds(&[1; 32]));
}

#[tokio::test]
async fn what_is_kept_is_bounded_and_the_oldest_goes_first() {
    let yard = Yard::new(Settings { answers_max: 3, ..Settings::default() });
    let store = yard.open();
    let under_way = first(&store, "under way").await;
    for key in ["a", "b", "c"] {
        first(&store, key).await.finish(Some(answer(key))).await.unwrap();
    }
    assert_eq!(answered(&store, "c").await.as_deref(), Some("c"));
    assert_eq!(answered(&store, "b").await.as_deref(), Some("b"));
    assert_eq!(answered(&store, "a").await, None);
    assert!(matches!(store.begin_call(call("under way", 1)).await.unwrap(), Begun::UnderWay));
    drop(under_way);

    let yard = Yard::new(Settings { bytes_max: 1_500, answer_bytes_max: 1_000, ..Settings::default() });
    let store = yard.open();
    for key in ["a", "b"] {
        first(&store, key).await.finish(Some(answer(&key.repeat(1_000)))).await.unwrap();
    }
    assert_eq!(answered(&store, "a").await, None);
    assert_eq!(answered(&store, "b").await.map(|text| text.len()), Some(1_000));
    first(&store, "long").await.finish(Some(answer(&"x".repeat(1_001)))).await.unwrap();
    assert!(matches!(store.begin_call(call("long", 1)).await.unwrap(), Begun::AnsweredAtLength));
}
