//! Data directories that earlier versions wrote, opened for ever.

use std::path::Path;

use crate::harness::*;
use crate::index;

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            std::fs::copy(&path, &target).unwrap();
        }
    }
}

/// What is written today is read today. With `HOOKYARD_WRITE_FIXTURE=v6` it is also kept as the fixture of
/// a new version; an old one is never written again.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_written_today_is_read() {
    let yard = Yard::with(|options| options.segment_bytes = 2 << 10);
    index::some_history(&yard).await;
    let store = yard.open();
    store.recovered().await;
    let expected = answers(&store).await;
    store.settle().await;
    drop(store);

    let moved = Yard::with(|options| options.segment_bytes = 2 << 10);
    copy(&yard.directory.path().join("journal"), &moved.directory.path().join("journal"));
    let store = moved.open();
    store.recovered().await;
    assert_eq!(answers(&store).await, expected);
    drop(store);

    if let Some(version) = std::env::var_os("HOOKYARD_WRITE_FIXTURE") {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(version);
        assert!(!root.exists(), "{} is there already", root.display());
        copy(&yard.directory.path().join("journal"), &root.join("journal"));
        std::fs::write(root.join("answers.txt"), expected).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn version_1_is_read() {
    is_read("v1").await;
}

/// Requests whose verification was pending, handshakes, what providers say about their events.
#[tokio::test(flavor = "multi_thread")]
async fn version_2_is_read() {
    is_read("v2").await;
}

/// Events that rules discarded.
#[tokio::test(flavor = "multi_thread")]
async fn version_3_is_read() {
    is_read("v3").await;
}

/// What transformations made, and events that go out one after the other.
#[tokio::test(flavor = "multi_thread")]
async fn version_4_is_read() {
    is_read("v4").await;
}

/// Events that tell of a thing as of a time, and one that was discarded when it was about to go out; an event that a
/// consumer asked for and acknowledged.
#[tokio::test(flavor = "multi_thread")]
async fn version_5_is_read() {
    is_read("v5").await;
}

async fn is_read(version: &str) {
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(version);
    let yard = Yard::with(|options| options.segment_bytes = 2 << 10);
    copy(&fixture, yard.directory.path());
    let store = yard.open();
    store.recovered().await;
    let expected = std::fs::read_to_string(fixture.join("answers.txt")).unwrap();
    assert_eq!(answers(&store).await, expected);
    assert_eq!(store.damages(), (vec![], 0));
    let id = accept(&store, "and written on").await.unwrap();
    assert!(store.request(PROJECT, id).await.unwrap().is_some());
}
