//! What a transformation means.

use bytes::Bytes;
use hookyard_model::execution::Level;
use hookyard_transform::input::Body;
use hookyard_transform::outcome::{FailureKind, Position};
use hookyard_transform::script::{Script, ScriptError};

use crate::harness::{Harness, handler, json, tight, with_body};

#[tokio::test]
async fn every_form_of_a_script_runs() {
    let engine = Harness::new();
    for code in [
        r#"addHandler("transform", (request, context) => { request.body = {ok: 1}; return request })"#,
        r#"addHandler('transform', async (request) => { await null; request.body = {ok: 1}; return request })"#,
        "export default (request) => ({ ...request, body: {ok: 1} })",
        "export default async (request) => { await 1; return { body: {ok: 1} } }",
        "const f = r => ({body: {ok: 1}})\nexport default f\n",
        "export default function (r) { return {body: {ok: 1}} }\n(() => { throw 1 }).name",
        "export default function change(r) { return {body: again()} }\nfunction again() { return change.ok }\nchange.ok = {ok: 1}",
        "export default async function change(r) { return {body: {ok: 1}} }",
        "const ok = await Promise.resolve(1)\nexport default r => ({body: {ok}})",
        "const ok = await 1;\naddHandler('transform', r => ({body: {ok}})) // at the end",
        "addHandler('transform', r => ({ then(done) { done({body: {ok: 1}}) } }))",
        "'use strict'\nlet n = 0; n++; const {a = 1} = {}; addHandler('transform', r => ({body: {ok: n * a}}))",
    ] {
        let outcome =
            engine.run(code, json("{}")).await.unwrap_or_else(|failure| panic!("{failure:?}: {code}"));
        assert_eq!(outcome.request.body, Body::Json(Bytes::from_static(b"{\"ok\":1}")), "{code}");
    }
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    let at = |line, column| Position { line, column };
    let cases = [
        ("addHandler('transform', (r) => {\n  const a = ;\n})", at(2, 13)),
        ("export default r => r\n\n}", at(3, 1)),
        ("const a = 1;\n  import b from 'b'", at(2, 3)),
        ("export const a = 1", at(1, 1)),
        ("export default r => r;\nexport default r => r", at(2, 1)),
        ("}); addHandler('transform', (() => {", at(1, 1)),
        ("return addHandler", at(1, 1)),
    ];
    for (code, position) in cases {
        match Script::compile(code).unwrap_err() {
            ScriptError::Syntax { position: found, message } => {
                assert_eq!(found, position, "{code}: {message}");
                assert!(!message.is_empty());
            }
            other => panic!("{other:?}: {code}"),
        }
    }
    assert_eq!(Script::compile("const a = 1").unwrap_err(), ScriptError::NoHandler);
    assert_eq!(Script::compile("addHandler\0").unwrap_err(), ScriptError::Zero);
    assert!(matches!(Script::compile(&" ".repeat(2 << 20)).unwrap_err(), ScriptError::TooLong(_)));
    let deep = format!("addHandler;{}", "(".repeat(100_000));
    assert!(matches!(
        Script::compile(&deep).unwrap_err(),
        ScriptError::TooLarge | ScriptError::Syntax { .. }
    ));
}

#[tokio::test]
async fn a_handler_sees_request_context_and_environment() {
    let engine = Harness::new();
    let seen = engine
        .body(
            "return { body: { h: request.headers, q: request.query, p: request.parsed_query, path: request.path,
             m: request.method, b: request.body, c: context, e: process.env.API_KEY, keys: Object.keys(request) } }",
            json(r#"{"x":[1]}"#),
        )
        .await;
    let seen: serde_json::Value = serde_json::from_str(&seen).unwrap();
    let expected = serde_json::json!({
        "h": { "content-type": "application/json", "x-tag": "one, two", "user-agent": "test" },
        "q": "a=1&b=2&b=3",
        "p": { "a": "1", "b": ["2", "3"] },
        "path": "/orders",
        "m": "POST",
        "b": { "x": [1] },
        "c": {
            "connection": { "id": "conn_1", "name": "shop to billing" },
            "source": { "id": "src_1", "name": "shop" },
            "destination": { "id": "dst_1", "name": "billing" },
            "event_id": "evt_1",
            "request_id": "req_1",
        },
        "e": "k-123",
        "keys": ["headers", "body", "query", "parsed_query", "path", "method"],
    });
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn every_part_can_be_changed() {
    let engine = Harness::new();
    let code = handler(
        "request.headers['X-New'] = 7; request.headers['user-agent'] = ['a', 'b']; delete request.headers['x-tag'];
         request.parsed_query.c = 'ä&'; delete request.parsed_query.b; request.path = '/v2' + request.path;
         request.body.n += 1; return request",
    );
    let request = engine.run(&code, json(r#"{"n":1}"#)).await.unwrap().request;
    let line = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let headers = [
        line("Content-Type", "application/json"),
        line("user-agent", "a"),
        line("user-agent", "b"),
        line("x-new", "7"),
    ];
    assert_eq!(request.headers, headers);
    assert_eq!(request.query, "a=1&c=%C3%A4%26");
    assert_eq!(request.path, "/v2/orders");
    assert_eq!(request.body, Body::Json(Bytes::from_static(b"{\"n\":2}")));
    assert!(request.body_changed);

    let code = handler("request.query = '?z=1'; request.parsed_query = {}; return request");
    let query = engine.run(&code, json("{}"));
    assert_eq!(query.await.unwrap().request.query, "z=1");
}

#[tokio::test]
async fn a_body_can_become_every_kind() {
    let engine = Harness::new();
    let text = || with_body(Body::Text(Bytes::from_static(b"<a/>")));
    let bytes = || with_body(Body::Binary(Bytes::from_static(b"\xff\x00\x01")));
    let cases = [
        ("request.body = 'x'", json("{}"), Body::Text(Bytes::from_static(b"x"))),
        ("request.body = null", json("{}"), Body::Empty),
        ("request.body = undefined", json("{}"), Body::Empty),
        ("request.body = ''", json("{}"), Body::Empty),
        ("request.body = 5", json("{}"), Body::Json(Bytes::from_static(b"5"))),
        ("request.body = {a: request.body.length}", text(), Body::Json(Bytes::from_static(b"{\"a\":4}"))),
        (
            "request.body = request.body.map(b => b ^ 1)",
            bytes(),
            Body::Binary(Bytes::from_static(b"\xfe\x01\x00")),
        ),
        (
            "request.body = new Uint8Array([1, 2, 3]).subarray(1)",
            json("{}"),
            Body::Binary(Bytes::from_static(&[2, 3])),
        ),
        ("request.body = new ArrayBuffer(2)", json("{}"), Body::Binary(Bytes::from_static(&[0, 0]))),
        (
            "request.body = request.body === null ? 'none' : 'some'",
            with_body(Body::Empty),
            Body::Text(Bytes::from_static(b"none")),
        ),
    ];
    for (statement, input, expected) in cases {
        let outcome = engine.run(&handler(&format!("{statement}; return request")), input).await.unwrap();
        assert_eq!(outcome.request.body, expected, "{statement}");
        assert!(outcome.request.body_changed, "{statement}");
    }
}

#[tokio::test]
async fn a_body_that_becomes_json_is_called_json() {
    let engine = Harness::new();
    let content_type = async |statements: &str| {
        let mut input = with_body(Body::Text(Bytes::from_static(b"<a/>")));
        input.request.headers = vec![("Content-Type".to_owned(), "text/xml".to_owned())];
        engine.run(&handler(statements), input).await.unwrap().request.headers
    };
    let line = |name: &str, value: &str| vec![(name.to_owned(), value.to_owned())];
    assert_eq!(content_type("return {body: {}}").await, line("content-type", "application/json"));
    assert_eq!(content_type("return {body: '<b/>'}").await, line("Content-Type", "text/xml"));
    let own = "request.headers['content-type'] = 'x/y'; return {...request, body: {}}";
    assert_eq!(content_type(own).await, line("content-type", "x/y"));
}

#[tokio::test]
async fn a_wrong_result_is_refused_with_what_to_return() {
    let engine = Harness::new();
    let cases = [
        ("", "returned undefined; return the request"),
        ("return null", "returned null; return the request"),
        ("return 'x'", "returned a string; return the request"),
        ("return [request]", "returned an array; return the request"),
        ("return {}", "returned an empty object"),
        ("return request.body", "an object with id"),
        ("return {...request, headers: null}", "request.headers is null"),
        ("return {headers: {a: {}}}", "request.headers[\"a\"] must be a string"),
        ("return {headers: {'a b': 'c'}}", "which no header can have"),
        ("return {headers: {a: 'b\\r\\nc: d'}}", "line break"),
        (
            "return {headers: Object.fromEntries(Array.from({length: 300}, (_, i) => ['h' + i, 'v']))}",
            "300 lines",
        ),
        ("return {path: 'x'}", "request.path must be empty or begin with /"),
        ("return {path: '/x?y'}", "request.path must be empty or begin with /"),
        ("return {path: '/' + 'x'.repeat(10000)}", "request.path has 10001 bytes"),
        ("return {query: 5}", "request.query is a number"),
        ("return {query: 'a#b'}", "request.query must be without #"),
        ("return {parsed_query: {a: {}}}", "request.parsed_query[\"a\"]"),
        ("return {method: 'GET', body: 1}", "request.method cannot be changed"),
        ("return {body: () => 1}", "request.body is a function"),
        ("return {body: Symbol()}", "request.body is a symbol"),
    ];
    for (statements, message) in cases {
        let failure = engine.fails(statements, json(r#"{"id":1}"#)).await;
        assert_eq!(failure.kind, FailureKind::Result, "{failure:?}: {statements}");
        assert!(failure.message.contains(message), "{failure:?}: {statements}");
    }
}

#[tokio::test]
async fn what_is_thrown_is_told_with_its_place() {
    let engine = Harness::new();
    let cases = [
        ("\nthrow new Error('no order')", "Error: no order", Some(3)),
        ("request.body.a.b", "TypeError: cannot read property 'b' of undefined", Some(2)),
        ("throw 'text'", "threw text", None),
        ("throw undefined", "threw undefined", None),
        ("throw { code: 5 }", r#"threw {"code":5}"#, None),
        ("throw Symbol('s')", "threw Symbol(s)", None),
        ("throw 5n", "threw 5n", None),
        ("throw { toJSON() { throw 1 } }", "threw a value that cannot be read", None),
        ("class Odd extends Error { name = 'Odd' }\nthrow new Odd('x')", "Odd: x", None),
        ("throw Object.defineProperty(new Error, 'message', { get() { throw 1 } })", "cannot be read", None),
        ("setTimeout(() => {}, 1)", "there are no timers", Some(2)),
        ("return fetch('http://a')", "there is no network", Some(2)),
        ("require('x')", "bundle what you need", Some(2)),
        ("return {body: 5n}", "TypeError", None),
        ("const a = {}; a.a = a; return {body: a}", "TypeError", None),
        ("addHandler('transform', () => 1)", "one handler", Some(2)),
    ];
    for (statements, message, line) in cases {
        let failure = engine.fails(statements, json("{}")).await;
        assert_eq!(failure.kind, FailureKind::Threw, "{failure:?}: {statements}");
        assert!(failure.message.contains(message), "{failure:?}: {statements}");
        if line.is_some() {
            assert_eq!(failure.position.map(|at| at.line), line, "{failure:?}: {statements}");
        }
    }
    let code = "addHandler('transform', async (r) => {\n await 1;\n throw new Error('late')\n})";
    let failure = engine.run(code, json("{}")).await.unwrap_err();
    assert_eq!(
        (failure.kind, failure.position.map(|at| at.line)),
        (FailureKind::Threw, Some(3)),
        "{failure:?}"
    );
}

#[tokio::test]
async fn a_script_without_a_handler_fails_when_it_runs() {
    let engine = Harness::new();
    for code in ["if (false) addHandler('transform', r => r)", "export default 5", "export default undefined"]
    {
        let failure = engine.run(code, json("{}")).await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::NoHandler, "{failure:?}: {code}");
    }
}

#[tokio::test]
async fn the_console_is_kept_within_its_bounds() {
    let engine = Harness::new();
    let code = handler(
        "console.log('a', 1, {b: [2]}, null, undefined); console.debug(1n); console.warn(new Error('w'));
         console.error(Symbol('s')); console.info(() => 1); return request",
    );
    let console = engine.run(&code, json("{}")).await.unwrap().console;
    let lines: Vec<_> =
        console.lines.iter().map(|line| (line.level, line.text.lines().next().unwrap())).collect();
    let expected = [
        (Level::Log, r#"a 1 {"b":[2]} null undefined"#),
        (Level::Debug, "1n"),
        (Level::Warn, "Error: w"),
        (Level::Error, "Symbol(s)"),
        (Level::Info, "[function ]"),
    ];
    assert_eq!(lines, expected);

    let console =
        engine.run(&handler("for (let i = 0; i < 50; i++) console.log(i); return request"), json("{}")).await;
    let console = console.unwrap().console;
    assert_eq!((console.lines.len(), console.dropped), (tight().console_lines, 30));

    let console =
        engine.run(&handler("for (;;) console.log('ä'.repeat(1e5))"), json("{}")).await.unwrap_err().console;
    let bytes: usize = console.lines.iter().map(|line| line.text.len()).sum();
    assert!(bytes <= tight().console_bytes && bytes > 1_000, "{bytes}");
    assert!(console.dropped > 10);

    let failure = engine.fails("console.log('before'); throw 1", json("{}")).await;
    assert_eq!(failure.console.lines.first().map(|line| line.text.as_str()), Some("before"));
}

#[tokio::test]
async fn time_and_chance_come_from_the_input() {
    let engine = Harness::new();
    let code = "return { body: [Date.now(), new Date().toISOString(), new Date(0).getTime(), new Date(2020, 1).getFullYear(),
                Math.random(), Math.random(), typeof Date(), new Date() instanceof Date, Date.UTC(1970, 0, 2),
                Date.parse('1970-01-02T00:00:00Z'), new (class extends Date {})().getTime(), Date.name, Date.length] }";
    let first = engine.body(code, json("{}")).await;
    assert_eq!(first, engine.body(code, json("{}")).await);
    let values: Vec<serde_json::Value> = serde_json::from_str(&first).unwrap();
    assert_eq!(values[0], 1_700_000_000_123_i64);
    assert_eq!(values[1], "2023-11-14T22:13:20.123Z");
    assert_eq!(values[2], 0);
    assert_eq!(values[3], 2020);
    let (one, two) = (values[4].as_f64().unwrap(), values[5].as_f64().unwrap());
    assert!(one != two && (0.0..1.0).contains(&one) && (0.0..1.0).contains(&two));
    assert_eq!(
        values[6..],
        serde_json::json!(["string", true, 86_400_000, 86_400_000, 1_700_000_000_123_i64, "Date", 7])
            .as_array()
            .unwrap()[..]
    );

    let other = hookyard_transform::input::Input { seed: 8, ..json("{}") };
    assert_ne!(engine.body("return {body: Math.random()}", other).await, one.to_string());
}

#[tokio::test]
async fn what_libraries_do_with_objects_works() {
    let engine = Harness::new();
    let code = "
        function Old(name) { this.name = name }
        Old.prototype = Object.create(Error.prototype);
        Old.prototype.constructor = Old;
        Old.prototype.toString = function () { return 'Old ' + this.name };
        const plain = {}; plain.toString = () => 'mine'; plain.constructor = 1; plain.valueOf = () => 2;
        class Sub extends Map { toString() { return 'sub' } }
        const error = new TypeError('m'); error.name = 'Mine'; error.message = 'n';
        const list = [3, 1, 2]; list.toString = () => 'list';
        return { body: [String(new Old('x')), String(plain), plain.constructor, plain + 1, String(new Sub()), String(error),
            String(list), [].concat(list).sort().join(), JSON.stringify({a: [1, {b: 2}]}), btoa('x'), atob('eA=='),
            new Old('y') instanceof Error, structure([1, [2, [3]]]), /(?<y>\\d+)/.exec('a12').groups.y, typeof self.Map] };
        function structure(x) { return x.flat(Infinity).length }";
    let expected = r#"["Old x","mine",1,3,"sub","Mine: n","list","1,2,3","{\"a\":[1,{\"b\":2}]}","eA==","x",true,3,"12","function"]"#;
    assert_eq!(engine.body(code, json("{}")).await, expected);
}
