//! Trying a transformation on a sample.

use serde_json::{Value, json};

use crate::harness::Server;

const RUN: &str = "/api/v1/transformations/run";

async fn run(code: &str, request: Value) -> Value {
    let server = Server::start().await;
    let body = json!({"code": code, "request": request, "env": {"REGION": "eu"}});
    server.post(RUN, body).await.ok()
}

#[tokio::test]
async fn what_a_script_makes_of_a_sample_is_shown() {
    let code = r#"addHandler("transform", (request, context) => {
        console.log("total", request.body.total);
        request.body.region = process.env.REGION;
        request.headers["x-checked"] = "yes";
        return request;
    })"#;
    let sample =
        json!({"headers": {"content-type": "application/json"}, "body": {"total": 5}, "query": "a=1"});
    let shown = run(code, sample).await;
    assert_eq!(shown["failure"], Value::Null);
    let body: Value = serde_json::from_str(shown["request"]["body"].as_str().unwrap()).unwrap();
    assert_eq!(body, json!({"total": 5, "region": "eu"}));
    let expected = json!([["content-type", "application/json"], ["x-checked", "yes"]]);
    assert_eq!((&shown["request"]["headers"], &shown["request"]["query"]), (&expected, &json!("a=1")));
    assert_eq!(shown["request"]["body_changed"], true);
    assert_eq!(shown["console"], json!([{"level": "log", "text": "total 5"}]));
    assert!(shown["cpu_us"].as_u64().unwrap() > 0);
}

#[tokio::test]
async fn a_script_that_fails_is_an_answer() {
    for (code, kind) in [
        ("addHandler('transform', () => { throw new Error('no') })", "threw"),
        ("addHandler('transform', () => 5)", "result"),
        ("addHandler('transform', () => { for (;;); })", "cpu_limit"),
    ] {
        let shown = run(code, json!({"body": "text"})).await;
        assert_eq!((&shown["request"], &shown["failure"]["kind"]), (&Value::Null, &json!(kind)), "{shown}");
    }
}

#[tokio::test]
async fn what_is_no_script_is_refused() {
    let server = Server::start().await;
    for (body, code, field) in [
        (json!({}), "missing_field", Some("code")),
        (json!({"code": "addHandler("}), "invalid_field", Some("code")),
        (json!({"code": "1"}), "invalid_field", Some("code")),
        (json!({"code": "1", "sample": {}}), "unknown_field", Some("sample")),
        (json!({"code": "1", "request": {"verb": "GET"}}), "unknown_field", Some("request.verb")),
    ] {
        let refused = server.post(RUN, body.clone()).await.problem();
        assert_eq!((refused.0, refused.1.as_str(), refused.2.as_deref()), (422, code, field), "{body}");
    }
}
