//! Hostile scripts: each ends in the limit that is named for it, and the engine goes on.

use std::time::Duration;

use hookyard_transform::engine::Engine;
use hookyard_transform::input::Input;
use hookyard_transform::limits::{EngineLimits, Limits};
use hookyard_transform::outcome::{FailureKind, RunError};
use hookyard_transform::script::Script;

use crate::harness::{Harness, handler, json, tight};
use FailureKind::{Cpu, Memory, NeverSettles, Output, Result as Shape, Stack, Threw, UnhandledRejection};

/// What a script does, and the kinds of failure that it may end in.
const HOSTILE: &[(&str, &[FailureKind])] = &[
    // CPU time.
    ("for (;;);", &[Cpu]),
    ("while (true) { try { while (true); } catch {} finally { while (true); } }", &[Cpu]),
    ("const f = () => { try { for (;;); } finally { return f() } }; return f()", &[Cpu, Stack]),
    ("function* g() { for (;;) yield 1 } for (const x of g());", &[Cpu]),
    ("/(a+)+$/.test('a'.repeat(40) + 'b'); return request", &[Cpu]),
    ("try { /(a|a)*b/.test('a'.repeat(50)) } catch {} for (;;);", &[Cpu]),
    ("return { get body() { for (;;); } }", &[Cpu]),
    ("return { body: { toJSON() { for (;;); } } }", &[Cpu]),
    ("return { body: new Proxy({}, { ownKeys() { for (;;); } }) }", &[Cpu]),
    ("return new Proxy({}, { ownKeys() { for (;;); } })", &[Cpu]),
    ("return new Proxy({}, { getPrototypeOf() { for (;;); }, get() { for (;;); } })", &[Cpu]),
    ("return { then() { for (;;); } }", &[Cpu]),
    ("return { get then() { for (;;); } }", &[Cpu]),
    ("throw { get stack() { for (;;); } }", &[Cpu]),
    ("throw Object.defineProperty(new Error(), 'message', { get() { for (;;); } })", &[Cpu]),
    ("throw new Proxy({}, { getPrototypeOf() { for (;;); } })", &[Cpu]),
    ("console.log({ toJSON() { for (;;); } })", &[Cpu]),
    ("`${{ [Symbol.toPrimitive]() { for (;;); } }}`", &[Cpu]),
    ("return { headers: { get a() { for (;;); } } }", &[Cpu]),
    ("[].sort.call({ length: 1e9 }, () => 0)", &[Cpu, Memory]),
    ("new Array(1e9).join('x'); for (;;);", &[Cpu, Memory, Threw]),
    ("let s = 1n; for (;;) s = (s << 1n) + 1n", &[Cpu, Threw, Memory]),
    (
        "Promise.resolve().then(function again() { return Promise.resolve().then(again) }); return request",
        &[Cpu, Memory],
    ),
    (
        "const ping = () => queueMicrotask(pong), pong = () => queueMicrotask(ping); ping(); return request",
        &[Cpu],
    ),
    ("(async () => { for (;;) await null })(); return request", &[Cpu]),
    ("(async () => { for (;;) { try { await null; for (;;); } catch {} } })(); return request", &[Cpu]),
    ("return (async () => { for (;;) await Promise.resolve() })()", &[Cpu]),
    ("return (async function* () { for (;;) yield 1 })().next().then(() => { for (;;); })", &[Cpu]),
    // Memory.
    ("const a = []; for (;;) a.push(new Array(1000).fill(1))", &[Memory]),
    ("let s = 'x'; for (;;) s += s", &[Memory, Threw]),
    (
        "let s = 'x'; for (;;) { s += s; s.charCodeAt(0); try { JSON.stringify(s) } catch {} }",
        &[Memory, Threw, Cpu],
    ),
    ("new ArrayBuffer(1e9)", &[Memory, Threw]),
    ("const a = []; for (;;) a.push(new Uint8Array(1e6))", &[Memory, Threw]),
    ("'x'.repeat(1e9)", &[Memory, Threw]),
    ("'x'.padEnd(1e9)", &[Memory, Threw]),
    ("for (let i = 1; ; i *= 2) new RegExp('(a|b)'.repeat(i))", &[Memory, Threw, Cpu, Stack]),
    ("const m = new Map(); for (let i = 0; ; i++) m.set(i, { i })", &[Memory]),
    (
        "const f = (x) => new Promise(() => f(x)); const a = []; for (;;) a.push(new Promise(() => {}))",
        &[Memory],
    ),
    ("const keep = []; for (;;) { try { for (;;) keep.push({}) } catch {} }", &[Memory, Cpu]),
    ("let o = {}; for (let i = 0; ; i++) o['k' + i] = i", &[Memory]),
    ("Array.from({ length: 1e9 })", &[Memory]),
    ("throw null", &[Memory]),
    ("return { body: 'x'.repeat(5e6).split('') }", &[Memory, Output, Cpu]),
    // Stack.
    ("const f = () => f() + 1; f()", &[Stack]),
    ("const f = () => { try { f() } catch { f() } }; f(); for (;;);", &[Cpu]),
    ("JSON.parse('['.repeat(1e6))", &[Stack, Threw]),
    ("let a = []; for (let i = 0; i < 1e5; i++) a = [a]; return { body: a }", &[Stack]),
    ("let a = {}; for (let i = 0; i < 1e5; i++) a = { a }; JSON.stringify(a)", &[Stack]),
    ("new RegExp('('.repeat(1e5) + ')'.repeat(1e5)).test('a')", &[Stack, Threw, Memory]),
    ("const h = {}; let a = {}; for (let i = 0; i < 2e4; i++) a = new Proxy(a, h); a.x", &[Stack]),
    ("const o = { get x() { return this.x } }; o.x", &[Stack]),
    ("throw { toJSON() { const f = () => f(); return f() } }", &[Threw]),
    // Size.
    ("return { body: 'x'.repeat(2e6) }", &[Output]),
    ("return { body: 'ä'.repeat(7e5) }", &[Output]),
    ("return { body: { a: 'x'.repeat(2e6) } }", &[Output]),
    ("return { body: new Uint8Array(2e6) }", &[Output]),
    ("return { headers: { a: 'x'.repeat(1e5) } }", &[Shape]),
    // What is never answered.
    ("return new Promise(() => {})", &[NeverSettles]),
    ("return (async () => { await new Promise(() => {}) })()", &[NeverSettles]),
    ("return { then() {} }", &[NeverSettles]),
    ("Promise.reject(new Error('lost')); return request", &[UnhandledRejection]),
    ("(async () => { throw 5 })(); return request", &[UnhandledRejection]),
];

#[tokio::test]
async fn each_ends_in_its_limit_and_the_next_run_works() {
    let engine = Harness::new();
    let good = Script::compile(&handler("request.body.ok = 1; return request")).unwrap();
    for (statements, kinds) in HOSTILE {
        // Filling memory takes a slow machine longer than the little time that the others have.
        let cpu = if kinds.first() == Some(&Memory) { Duration::from_secs(5) } else { tight().cpu };
        let limits = Limits { cpu, ..tight() };
        let ended = engine.run_within(&handler(statements), json("{}"), limits).await;
        let failure = ended.map_or_else(|failure| failure, |outcome| panic!("{outcome:?}: {statements}"));
        assert!(kinds.contains(&failure.kind), "{failure:?}: {statements}");
        assert!(!failure.message.is_empty(), "{statements}");
        let outcome = engine.run_script(&good, json("{}"), tight()).await.unwrap();
        assert_eq!(outcome.request.body.bytes(), "{\"ok\":1}", "after {statements}");
    }
}

/// What could break the conversion of the result, but does not.
#[tokio::test]
async fn tricks_with_the_result_change_nothing_else() {
    let engine = Harness::new();
    let cases = [
        ("return {body: JSON.parse('{\"__proto__\": {\"a\": 1}}')}", r#"{"__proto__":{"a":1}}"#),
        ("let n = 0; return Object.freeze({get body() { return [++n] }})", "[1]"),
        ("return {body: Object.create({inherited: 1}, {own: {value: 2, enumerable: true}})}", r#"{"own":2}"#),
        ("return {body: {toJSON() { return [1] }}}", "[1]"),
        ("return {body: new Proxy([1, 2], {})}", "[1,2]"),
        (
            "return Object.assign(Object.create(null), {body: {a: undefined, b: NaN, c() {}}})",
            r#"{"b":null}"#,
        ),
        ("const p = Promise.reject(1); p.catch(() => 0); return {body: [1]}", "[1]"),
        ("request.body = [1]; Object.freeze(request); return request", "[1]"),
        ("Object.defineProperty(request, 'body', {value: [2]}); return request", "[2]"),
    ];
    for (statements, expected) in cases {
        assert_eq!(engine.body(statements, json("{\"x\":1}")).await, expected, "{statements}");
    }
}

#[tokio::test]
async fn running_out_of_memory_at_any_point_is_a_failure_and_no_crash() {
    let engine = Harness::new();
    let script = Script::compile(&handler(
        "console.log('x'); const m = new Map([[1, request.body]]); const s = JSON.stringify([...m]) + 'y'.repeat(100);
         return Promise.resolve().then(() => ({body: {s, d: new Date(), r: /a(b)/.exec('ab'), e: new Error('e').stack}}))",
    ))
    .unwrap();
    let mut succeeded = 0;
    for step in 0..400_usize {
        let limits = Limits { memory_bytes: step * 64, ..tight() };
        match engine.run_script(&script, json(r#"{"a":[1,2,{"b":"c"}]}"#), limits).await {
            Ok(_) => succeeded += 1,
            // Where there is no memory for a reaction to a promise, the promise stays as it is.
            Err(failure) => assert!(matches!(failure.kind, Memory | NeverSettles), "{step}: {failure:?}"),
        }
    }
    assert!((1..400).contains(&succeeded), "{succeeded}");
}

/// Garbage in cycles stays until the collector comes; it must not count against the next run.
#[tokio::test]
async fn garbage_of_one_run_is_not_the_next_ones() {
    let engine = Harness(
        Engine::start(EngineLimits { threads: std::num::NonZeroUsize::MIN, ..EngineLimits::default() })
            .unwrap(),
    );
    let code = "const a = []; for (let i = 0; i < 40000; i++) a.push({a}); return {body: [a.length]}";
    let script = Script::compile(&handler(code)).unwrap();
    let limits = Limits { memory_bytes: 8 << 20, cpu: Duration::from_secs(5), ..tight() };
    for run in 0..20 {
        let outcome = engine.run_script(&script, json("{}"), limits).await;
        assert!(outcome.is_ok(), "{run}: {outcome:?}");
    }
}

#[tokio::test]
async fn a_call_that_cannot_be_stopped_is_left_behind() {
    let engine = Harness::new();
    // A search that compares 2 million characters at each of 2 million places: minutes in one call.
    let script =
        Script::compile(&handler("'a'.repeat(4e6).indexOf('a'.repeat(2e6) + 'b'); return request")).unwrap();
    let failure = engine.run_script(&script, json("{}"), tight()).await.unwrap_err();
    assert_eq!(failure.kind, Cpu);
    assert!(failure.message.contains("cannot be stopped"), "{failure:?}");
    let again = engine.run_script(&script, json("{}"), tight()).await.unwrap_err();
    assert!(again.message.contains("cannot be stopped"), "{again:?}");
    assert_eq!(engine.body("return {body: [1]}", json("{}")).await, "[1]");
}

#[tokio::test]
async fn waiting_runs_are_bounded_and_taken_in_turns() {
    let one =
        EngineLimits { threads: std::num::NonZeroUsize::MIN, waiting_max: 4, ..EngineLimits::default() };
    let engine = Engine::start(one).unwrap();
    let slow = Script::compile(&handler("for (;;);")).unwrap();
    let quick = Script::compile(&handler("return {body: [1]}")).unwrap();
    let start = |script: &Script, input: Input| {
        let (engine, script) = (engine.clone(), script.clone());
        tokio::spawn(async move {
            engine.run(&script, input, Limits { cpu: Duration::from_millis(300), ..tight() }).await
        })
    };
    let slow_runs: Vec<_> = (0..4).map(|_| start(&slow, json("{}"))).collect();
    tokio::task::yield_now().await;
    let quick_run = start(&quick, json("{}"));
    let mut refused = 0;
    let more: Vec<_> = (0..4).map(|_| start(&slow, json("{}"))).collect();
    let outcome = quick_run.await.unwrap();
    let unfinished = slow_runs.iter().filter(|run| !run.is_finished()).count();
    assert!(unfinished >= 2, "the other script waited for {} slow runs", 4 - unfinished);
    assert!(outcome.is_ok() || outcome == Err(RunError::Busy), "{outcome:?}");
    for run in more {
        refused += usize::from(run.await.unwrap() == Err(RunError::Busy));
    }
    assert!(refused >= 3, "{refused}");
    drop(engine);
}
