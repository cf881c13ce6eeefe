//! A process that is killed while it writes, rotates, deletes and indexes: what it acknowledged is there.

use std::io::{BufRead, BufReader, Write as _};
use std::process::{Command, Stdio};
use std::time::Duration;

use hookyard_model::clock::Clock;
use hookyard_model::id::RequestId;
use hookyard_model::request::{Fields, Proof};
use hookyard_store::accept::Arrival;
use hookyard_store::history::{Page, RequestFilter, Status};
use hookyard_store::store::{Options, Store};

use crate::harness::*;

const DIRECTORY: &str = "HOOKYARD_STORE_TEST_WRITER";
const ROUNDS: u64 = 12;

fn options(directory: &str, retention: Option<Duration>) -> Options {
    let mut options = Options::new(directory);
    options.clock = Clock::System;
    options.segment_bytes = 8 << 10;
    options.reserve_bytes = 0;
    options.retention = retention;
    options
}

/// The process that is killed; does nothing in an ordinary test run. Prints each id once it is acknowledged.
#[test]
fn writer() {
    let Ok(directory) = std::env::var(DIRECTORY) else { return };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        // What is delivered is past retention at once.
        let store = Store::open(options(&directory, Some(Duration::ZERO))).unwrap();
        let mut arrivals = store.arrivals();
        let router = store.clone();
        tokio::spawn(async move {
            loop {
                for arrived in arrivals.next().await {
                    if arrived.is_pending() {
                        let proof = Proof::Verified;
                        router.record_verified(&arrived, proof, Fields::default(), &[queued(&router)]);
                    } else {
                        router.record_routed(&arrived, Fields::default(), &[queued(&router)]);
                    }
                }
            }
        });
        let lane = Filled::new(&store, DESTINATION);
        let deliverer = store.clone();
        tokio::spawn(async move {
            loop {
                let ready = lane.take().await;
                // Said first: once it is recorded, retention may take the request at any time.
                say(&format!("delivered {}", ready.event.request));
                deliver(&deliverer, &ready);
            }
        });
        loop {
            let bodies = (0..8).map(|n| {
                let proof = (n % 2 == 0).then_some(Proof::Verified);
                store.accept(Arrival { proof, ..arrival(vec![b'x'; 500]) })
            });
            for accepted in futures_of(bodies).await {
                say(&format!("accepted {accepted}"));
            }
        }
    });
}

/// Runs all at the same time.
async fn futures_of(
    accepts: impl Iterator<Item = impl Future<Output = Result<RequestId, hookyard_store::accept::Unavailable>>>,
) -> Vec<RequestId> {
    let mut waiting: Vec<_> = accepts.map(Box::pin).collect();
    let mut ids = Vec::new();
    std::future::poll_fn(|context| {
        waiting.retain_mut(|accept| match accept.as_mut().poll(context) {
            std::task::Poll::Ready(id) => {
                ids.push(id.unwrap());
                false
            }
            std::task::Poll::Pending => true,
        });
        if waiting.is_empty() { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    ids
}

/// One whole line, past the test harness's capture.
fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").unwrap();
}

/// How many requests were killed while they were pending. Those, and whatever else was not routed, arrive
/// again, and nothing else does.
async fn undecided(store: &Store) -> usize {
    let page = Page { before: None, limit: 1_000_000 };
    let mut rows = store.requests(PROJECT, RequestFilter::default(), page).await.unwrap();
    assert!(rows.iter().all(|row| row.is_late || row.status != Status::Pending || row.events.is_none()));
    rows.retain(|row| row.events.is_none());
    let mut arrivals = store.arrivals();
    let again = if rows.is_empty() { Vec::new() } else { next_arrived(&mut arrivals, rows.len()).await };
    let again: Vec<_> = again.iter().map(|arrived| (arrived.request.id, arrived.is_pending())).collect();
    let expected = rows.iter().rev().map(|row| (row.id, row.status == Status::Pending));
    assert_eq!(again, expected.collect::<Vec<_>>());
    rows.iter().filter(|row| row.status == Status::Pending).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_outlives_the_process() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().to_str().unwrap().to_owned();
    let (mut accepted_count, mut delivered_count, mut again_count, mut undecided_count) = (0, 0, 0, 0);
    for round in 0..ROUNDS {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "kill::writer", "--nocapture", "--test-threads=1"])
            .env(DIRECTORY, &path)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // Killed after another number of lines in each round, wherever the other threads are then.
        let lines_max = 40 + 97 * ((round * 7) % ROUNDS);
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut seen: Vec<String> = Vec::new();
        while (seen.len() as u64) < lines_max {
            seen.extend(lines.next().map(|line| line.unwrap()));
        }
        child.kill().unwrap();
        seen.extend(lines.map_while(Result::ok));
        child.wait().unwrap();
        let ids_of = |what: &str| -> Vec<RequestId> {
            let lines = seen.iter().filter_map(|line| line.strip_prefix(what));
            lines.filter_map(|id| id.trim().parse().ok()).collect()
        };
        let (accepted, delivered) = (ids_of("accepted "), ids_of("delivered "));

        let store = Store::open(options(&path, None)).unwrap();
        store.recovered().await;
        // Each is there, or was delivered and is past retention.
        for id in &accepted {
            let found = store.request(PROJECT, *id).await.unwrap();
            assert!(found.is_some() || delivered.contains(id), "round {round}: {id} is lost");
        }
        // What is neither there to be routed nor to be delivered was delivered.
        let live = answers(&store).await;
        store.reindex().await;
        assert_eq!(answers(&store).await, live, "round {round}: a rebuild differs");
        assert_eq!(store.damages(), (vec![], 0), "round {round}");
        undecided_count += undecided(&store).await;
        let undelivered = store.health().undelivered;
        accepted_count += accepted.len();
        delivered_count += delivered.len();
        again_count += undelivered;
        let files = std::fs::read_dir(directory.path().join("index")).unwrap().count();
        assert!(files < 60, "round {round}: {files} index files");
    }
    say(&format!(
        "{ROUNDS} kills: {accepted_count} acknowledged, {delivered_count} delivered, {again_count} left to deliver again, {undecided_count} left to verify, 0 lost"
    ));
    assert!(accepted_count > 1_000);
}
