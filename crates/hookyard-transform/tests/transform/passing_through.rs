//! What a script does not change keeps its bytes.

use bytes::Bytes;
use hookyard_transform::input::Body;
use proptest::prelude::*;

use crate::harness::{Harness, handler, json, tight, with_body};
use hookyard_transform::script::Script;

const READS: [&str; 6] = [
    "return request",
    "JSON.stringify(request.body); return request",
    "return {...request}",
    "return {body: request.body, headers: request.headers}",
    "request.body = JSON.parse(JSON.stringify(request.body)); return request",
    "return Object.freeze(request)",
];

#[tokio::test]
async fn bodies_that_javascript_would_write_differently_keep_their_bytes() {
    let engine = Harness::new();
    let bodies = [
        r#"{ "id" : 12345678901234567890, "ratio": 1.50, "e": 1E3 }"#,
        "{\"b\":1,\"10\":2,\"2\":3,\n\"b\":4}",
        r#"["\u0041\/\ud800", -0, 1e999, 0.1000]"#,
        "\"text\"",
        " null ",
        "12345678901234567890",
        "{\"__proto__\":{\"a\":1},\"constructor\":2}",
        "[]",
    ];
    for statements in READS {
        let script = Script::compile(&handler(statements)).unwrap();
        for body in bodies {
            let request = engine.run_script(&script, json(body), tight()).await.unwrap().request;
            assert_eq!(request.body.bytes(), body.as_bytes(), "{statements}");
            assert!(!request.body_changed, "{statements} {body}");
            assert_eq!(request.headers, json(body).request.headers, "{statements}");
            assert_eq!(request.query, "a=1&b=2&b=3");
        }
        for body in
            [Body::Empty, Body::Text(Bytes::from_static(b"a=1&b=%20")), Body::Text(Bytes::from_static(b" "))]
        {
            let request = engine.run_script(&script, with_body(body.clone()), tight()).await.unwrap().request;
            assert_eq!((request.body, request.body_changed), (body, false), "{statements}");
        }
    }
    let bytes = Body::Binary(Bytes::from_static(b"\xff\xfe\x00"));
    let code = handler("request.body[0]; return {...request}");
    let request = engine.run(&code, with_body(bytes.clone())).await.unwrap().request;
    assert_eq!((request.body, request.body_changed), (bytes, false));
}

fn value() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<f64>().prop_map(Into::into),
        any::<String>().prop_map(Into::into),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Into::into),
            prop::collection::vec(("[a-c0-2_\\PC]{0,3}", inner), 0..6)
                .prop_map(|entries| serde_json::Value::Object(entries.into_iter().collect())),
        ]
    })
}

#[test]
fn every_json_passes_and_every_change_is_seen() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let engine = Harness::new();
    let reads = Script::compile(&handler("request.body; return {...request}")).unwrap();
    let wraps = Script::compile(&handler("return {body: [request.body]}")).unwrap();
    proptest!(ProptestConfig::with_cases(300), |(value in value(), pretty in any::<bool>())| {
        let text = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) }.unwrap();
        let kept = runtime.block_on(engine.run_script(&reads, json(&text), tight())).unwrap().request;
        prop_assert_eq!(kept.body.bytes(), text.as_bytes());
        prop_assert!(!kept.body_changed);
        let wrapped = runtime.block_on(engine.run_script(&wraps, json(&text), tight())).unwrap().request;
        prop_assert!(wrapped.body_changed);
        let read: serde_json::Value = serde_json::from_slice(&wrapped.body.bytes()).unwrap();
        prop_assert_eq!(read.as_array().map(Vec::len), Some(1));
    });
}
