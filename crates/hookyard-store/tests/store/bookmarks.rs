//! A bookmark is a copy: it is there whatever becomes of its request.

use std::time::Duration;

use bytes::Bytes;
use hookyard_model::id::RequestId;
use hookyard_model::request::{Proof, Request, Verdict};
use hookyard_store::accept::Arrival;
use hookyard_store::bookmarks::{BookmarkChange, BookmarkError, NewBookmark, Settings, TriggerError};
use hookyard_store::history::{Page, RequestFilter};

use crate::harness::*;

const ALL: Page<hookyard_model::id::BookmarkId> = Page { before: None, limit: 100 };

fn of(request: RequestId) -> NewBookmark {
    NewBookmark { name: "the odd one".to_owned(), note: String::new(), request, event: None }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bookmark_outlives_its_request_and_receives_it_once_more() {
    let yard = Yard::with(|options| {
        options.retention = Some(Duration::from_secs(60));
        options.segment_bytes = 1 << 20;
        options.segment_age = Duration::from_secs(1);
    });
    let store = yard.open();
    store.recovered().await;
    let joined = Joined::new(&store).await;
    let mut arrivals = store.arrivals();
    let request = joined.accept(&store).await;
    let arrived = next_arrived(&mut arrivals, 1).await.remove(0);
    store.record_routed(&arrived, Default::default(), &[]);
    store.settle().await;
    let before = store.request_details(joined.project, request).await.unwrap().unwrap();
    let bookmark = store.create_bookmark(joined.project, of(request)).await.unwrap();
    assert_eq!(
        (bookmark.request, bookmark.source, bookmark.method.as_str()),
        (request, joined.source, "POST")
    );

    yard.clock.advance(Duration::from_secs(120));
    until(async || {
        // Another segment has to begin before the first can go.
        let one_more = joined.accept(&store).await;
        let arrived = next_arrived(&mut arrivals, 1).await.remove(0);
        assert_eq!(arrived.request.id, one_more);
        store.record_routed(&arrived, Default::default(), &[]);
        yard.clock.advance(Duration::from_secs(2));
        store.request(joined.project, request).await.unwrap().is_none()
    })
    .await;
    drop((store, arrivals));

    let store = yard.open();
    assert_eq!(store.bookmarks(joined.project, ALL).await.unwrap(), std::slice::from_ref(&bookmark));
    let kept = store.bookmark_request(joined.project, bookmark.id).await.unwrap().unwrap();
    assert_eq!(kept, before);
    let again = store.trigger_bookmark(joined.project, bookmark.id).await.unwrap();
    let again = store.request(joined.project, again).await.unwrap().unwrap();
    let Request { head, body, verdict, source, .. } = again;
    assert_eq!((head, body), (kept.request.head, kept.request.body));
    assert_eq!((verdict, source), (Verdict::Accepted(Proof::NotAsked), Some(joined.source)));

    assert!(store.delete_bookmark(joined.project, bookmark.id).await.unwrap());
    assert!(!store.delete_bookmark(joined.project, bookmark.id).await.unwrap());
    let gone = store.trigger_bookmark(joined.project, bookmark.id).await;
    assert!(matches!(gone, Err(TriggerError::NotFound)), "{gone:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn bookmarks_are_bounded_changed_and_found_in_the_list_of_requests() {
    let yard = Yard::with(|options| options.bookmarks = Settings { count_max: 2, bytes_max: 400 });
    let store = yard.open();
    let mut ids = Vec::new();
    for _ in 0..4 {
        ids.push(accept(&store, "body").await.unwrap());
    }
    let large = store.accept(Arrival { body: Bytes::from(vec![0; 500]), ..arrival("") }).await.unwrap();
    let unknown = store.create_bookmark(PROJECT, of(RequestId(1))).await;
    assert!(matches!(unknown, Err(BookmarkError::NoRequest(_))), "{unknown:?}");
    let too_large = store.create_bookmark(PROJECT, of(large)).await;
    assert!(matches!(too_large, Err(BookmarkError::TooLarge(400))), "{too_large:?}");
    let first = store.create_bookmark(PROJECT, of(ids[2])).await.unwrap();
    let second = store.create_bookmark(PROJECT, of(ids[0])).await.unwrap();
    let third = store.create_bookmark(PROJECT, of(ids[1])).await;
    assert!(matches!(third, Err(BookmarkError::TooMany(2))), "{third:?}");

    let change = BookmarkChange { name: Some("better".to_owned()), note: None };
    let changed = store.change_bookmark(PROJECT, first.id, change).await.unwrap().unwrap();
    assert_eq!((changed.name.as_str(), changed.note.as_str()), ("better", ""));
    assert_eq!(store.bookmarks(PROJECT, ALL).await.unwrap(), [second.clone(), changed]);
    let filter = RequestFilter { is_bookmarked: true, ..RequestFilter::default() };
    let listed = store.list_requests(PROJECT, filter, Page { before: None, limit: 10 }).await.unwrap();
    assert_eq!(listed.rows.iter().map(|row| row.id).collect::<Vec<_>>(), [ids[2], ids[0]]);
    assert_eq!(listed.progress, None);
    let deleted = store.trigger_bookmark(PROJECT, second.id).await;
    assert!(matches!(deleted, Err(TriggerError::SourceDeleted)), "{deleted:?}");
}
