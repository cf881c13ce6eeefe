//! Sources change while the gateway runs.

use hookyard_model::source::Answer;

use crate::gateway::{Gateway, source};

#[tokio::test]
async fn a_new_source_is_taken_at_once_and_a_deleted_one_no_more() {
    let gateway = Gateway::start().await;
    let mut client = gateway.client().await;
    let request = "POST /late HTTP/1.1\r\nContent-Length: 0\r\n\r\n";
    assert_eq!(client.ask(request).await.status, 404);
    let late = gateway.create(source("late")).await;
    let id = client.ask(request).await.request_id();
    assert_eq!(gateway.stored(id).await.source, Some(late.id));
    gateway.store.catalog().delete_source(late.project, late.id).await.unwrap();
    while client.ask(request).await.status != 404 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_source_answers_what_it_was_told_to() {
    let gateway = Gateway::start().await;
    let mut custom = source("custom");
    let body = "<Response/>".to_owned();
    custom.answer = Some(Answer { status: 202, content_type: Some("text/xml".to_owned()), body });
    gateway.create(custom).await;
    let answer = gateway.client().await.ask("POST /custom HTTP/1.1\r\nContent-Length: 0\r\n\r\n").await;
    assert_eq!((answer.status, answer.body.as_str()), (202, "<Response/>"));
    assert_eq!(answer.header("content-type"), Some("text/xml"));
}

#[tokio::test]
async fn a_changed_secret_replaces_the_old_one() {
    let gateway = Gateway::start().await;
    let hub = gateway.create_github("hub", "another secret").await;
    let signature =
        "x-hub-signature-256: sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
    let request = format!("POST /hub HTTP/1.1\r\nContent-Length: 13\r\n{signature}\r\n\r\nHello, World!");
    let mut client = gateway.client().await;
    assert_eq!(client.ask(&request).await.status, 401);
    gateway.set_github_secret(&hub, "It's a Secret to Everybody").await;
    while client.ask(&request).await.status != 200 {
        tokio::task::yield_now().await;
    }
}
