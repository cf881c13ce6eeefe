//! What is refused: the answer to the sender, and the record for the owner.

use hookyard_model::request::{RejectCause, Verdict};

use crate::gateway::{Gateway, source};

#[tokio::test]
async fn an_unknown_source_is_recorded() {
    let gateway = Gateway::start().await;
    let mut client = gateway.client().await;
    let head = "POST /nobody/x?y HTTP/1.1\r\nX-A: 1\r\nContent-Length: 4\r\n\r\n";
    let answer = client.ask(format!("{head}body")).await;
    assert_eq!((answer.status, answer.code()), (404, "unknown_source"));
    let rejected = gateway.rejected().await;
    assert_eq!(rejected.len(), 1);
    assert_eq!(String::from_utf8_lossy(&rejected[0].head), head);
    assert_eq!((&rejected[0].body[..], rejected[0].body_bytes), (&b"body"[..], 4));
    assert_eq!(rejected[0].source, None);
    assert_eq!(rejected[0].project, gateway.project());
    assert!(matches!(&rejected[0].verdict, Verdict::Rejected { cause: RejectCause::UnknownSource, .. }));
    // The connection goes on.
    client.ask("POST /open HTTP/1.1\r\nContent-Length: 0\r\n\r\n").await.request_id();
}

#[tokio::test]
async fn tokens_are_neither_decoded_nor_shortened() {
    let gateway = Gateway::start().await;
    for target in ["/%6Fpen", "/ope", "/openn", "/OPEN", "//open", "/open;x"] {
        let answer = gateway.client().await.ask(format!("GET {target} HTTP/1.1\r\n\r\n")).await;
        assert_eq!(answer.status, 404, "{target}");
    }
    for target in ["/open", "/open/", "/open?", "/open/%6F", "http://any.example/open"] {
        gateway.client().await.ask(format!("GET {target} HTTP/1.1\r\n\r\n")).await.request_id();
    }
}

#[tokio::test]
async fn what_every_server_is_asked_for_is_not_recorded() {
    let gateway = Gateway::start().await;
    for target in ["/", "/favicon.ico", "/robots.txt", "/?x"] {
        assert_eq!(gateway.client().await.ask(format!("GET {target} HTTP/1.1\r\n\r\n")).await.status, 404);
    }
    assert_eq!(gateway.rejected().await.len(), 0);
}

#[tokio::test]
async fn another_method_is_told_which_are_taken() {
    let gateway = Gateway::start().await;
    let mut posts = source("posts");
    posts.methods = vec!["POST".to_owned(), "PUT".to_owned()];
    let posts = gateway.create(posts).await;
    let answer = gateway.client().await.ask("DELETE /posts HTTP/1.1\r\n\r\n").await;
    assert_eq!((answer.status, answer.code()), (405, "method_not_allowed"));
    assert_eq!(answer.header("allow"), Some("post, put"));
    gateway.client().await.ask("PUT /posts HTTP/1.1\r\nContent-Length: 0\r\n\r\n").await.request_id();
    let rejected = gateway.rejected().await;
    assert_eq!(rejected.len(), 1);
    assert_eq!(rejected[0].source, Some(posts.id));
    assert!(matches!(&rejected[0].verdict, Verdict::Rejected { cause: RejectCause::MethodNotAllowed, .. }));
}

#[tokio::test]
async fn a_wrong_signature_is_refused_without_a_diagnosis_and_recorded_with_one() {
    let gateway = Gateway::start().await;
    gateway.create_github("hub", "It's a Secret to Everybody").await;
    // The example in GitHub's documentation of webhook validation.
    let signature =
        "x-hub-signature-256: sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
    let head = format!("POST /hub HTTP/1.1\r\nContent-Length: 13\r\n{signature}\r\n\r\n");
    let mut client = gateway.client().await;
    client.ask(format!("{head}Hello, World!")).await.request_id();
    let answer = client.ask(format!("{head}Hello, World?")).await;
    assert_eq!((answer.status, answer.code()), (401, "verification_failed"));
    let rejected = gateway.rejected().await;
    assert_eq!(rejected.len(), 1);
    assert_eq!(rejected[0].body, "Hello, World?");
    let Verdict::Rejected { cause: RejectCause::VerificationFailed, detail } = &rejected[0].verdict else {
        panic!("{:?}", rejected[0].verdict);
    };
    assert!(detail.contains("no signature matches"), "{detail}");
    assert!(!answer.body.contains("signature"), "{}", answer.body);
}

/// A long body is verified beside the runtime, and just as strictly.
#[tokio::test]
async fn a_long_body_is_verified_too() {
    let gateway = Gateway::start().await;
    gateway.create_github("hub", "It's a Secret to Everybody").await;
    let signature =
        "x-hub-signature-256: sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
    let mut client = gateway.client().await;
    client.send(format!("POST /hub HTTP/1.1\r\nContent-Length: 1000000\r\n{signature}\r\n\r\n")).await;
    assert_eq!(client.ask("x".repeat(1_000_000)).await.status, 401);
    let rejected = gateway.rejected().await;
    assert_eq!((rejected[0].body.len(), rejected[0].body_bytes), (16 << 10, 1_000_000));
}

#[tokio::test]
async fn a_source_without_a_usable_verifier_accepts_nothing() {
    let gateway = Gateway::start().await;
    let mut broken = source("broken");
    broken.verification.provider = "github".to_owned();
    gateway.create(broken).await;
    let answer = gateway.client().await.ask("POST /broken HTTP/1.1\r\nContent-Length: 0\r\n\r\n").await;
    assert_eq!((answer.status, answer.code()), (503, "source_unavailable"));
    assert!(answer.header("retry-after").is_some());
}

#[tokio::test]
async fn head_requests_are_answered_without_a_body() {
    let gateway = Gateway::start().await;
    let mut client = gateway.client().await;
    client.send("HEAD /open HTTP/1.1\r\n\r\nHEAD /nobody HTTP/1.1\r\n\r\n").await;
    assert_eq!(client.head().await.status, 200);
    // Were there a body, it would stand in the way of this answer.
    assert_eq!(client.head().await.status, 404);
}
