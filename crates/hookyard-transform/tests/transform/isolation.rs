//! A run leaves nothing behind for another one, of the same script or not.

use std::num::NonZeroUsize;

use hookyard_transform::engine::Engine;
use hookyard_transform::input::{Env, Input};
use hookyard_transform::limits::EngineLimits;
use hookyard_transform::script::Script;

use crate::harness::{Harness, handler, json, tight};

/// One thread, so that every run of a script is in the same realm.
fn one_thread() -> Harness {
    let limits = EngineLimits { threads: NonZeroUsize::MIN, ..EngineLimits::default() };
    Harness(Engine::start(limits).unwrap())
}

/// Each tries to leave a mark; the body says whether it found one.
const MARKS: [&str; 30] = [
    "globalThis.mark = 1",
    "self.mark = 1",
    "Object.prototype.mark = 1",
    "Array.prototype.push = () => 'mark'",
    "Array.prototype[0] = 'mark'",
    "Object.prototype.toJSON = () => 'mark'",
    "Object.setPrototypeOf(globalThis, {mark: 1})",
    "Object.setPrototypeOf(Array.prototype, {mark: 1})",
    "Object.defineProperty(globalThis, 'mark', {value: 1})",
    "({}).__proto__.mark = 1",
    "({}).constructor.prototype.mark = 1",
    "(function* () {}).constructor.prototype.mark = 1",
    "Object.getPrototypeOf(Object.getPrototypeOf((function* () {})())).mark = 1",
    "Object.getPrototypeOf([].values()).next = () => 'mark'",
    "Object.getPrototypeOf(async function () {}).mark = 1",
    "Math.random = () => 'mark'",
    "Math.mark = 1",
    "JSON.parse = () => 'mark'",
    "JSON.stringify.mark = 1",
    "Error.prepareStackTrace = () => 'mark'",
    "Error.stackTraceLimit = 1",
    "console.mark = 1",
    "process.mark = 1",
    "process.env = {mark: 1}",
    "addHandler.mark = 1",
    "Date.now = () => 'mark'",
    "Symbol.mark = 1",
    "Reflect.ownKeys = () => ['mark']",
    "delete globalThis.Array",
    "globalThis.JSON = 'mark'",
];

#[tokio::test]
async fn marks_do_not_stay() {
    let engine = one_thread();
    let probe = "JSON.stringify([typeof mark, Object.prototype.mark, [].mark, [].push(1), (function* () {}).mark, Math.mark,
        typeof Math.random(), console.mark, process.mark, process.env.mark, addHandler.mark, typeof Date.now(), Symbol.mark,
        typeof Array, typeof JSON.parse('1'), (async () => {}).mark, Error.stackTraceLimit, new Error('x').stack.length > 9,
        [...'ab'].length, Reflect.ownKeys({}).length, [][0], JSON.stringify.mark])";
    for mark in MARKS {
        let code =
            handler(&format!("const before = {probe}; try {{ {mark} }} catch {{}} return {{body: before}}"));
        let script = Script::compile(&code).unwrap();
        let mut seen = Vec::new();
        for _ in 0..3 {
            let outcome = engine.run_script(&script, json("{}"), tight()).await.unwrap();
            seen.push(outcome.request.body.bytes());
        }
        assert!(seen.windows(2).all(|two| two[0] == two[1]), "{mark}: {seen:?}");
    }
}

#[tokio::test]
async fn top_level_code_runs_anew() {
    let engine = one_thread();
    for code in [
        "let n = 0; const seen = []; addHandler('transform', r => { n++; seen.push(1); return {body: [n, seen.length]} })",
        "var n = 0; class C { static n = 0 } function f() {} \n export default r => { n++; C.n++; f.n = (f.n ?? 0) + 1; return {body: [n, Math.max(C.n, f.n)]} }",
        "const tag = s => s; let n = 0; export default r => { try { tag`a`.x = 1; n = 9 } catch {} n++; return {body: [n, tag`a`.x ?? 1]} }",
        "await 1; let n = 0; export default r => { n++; return {body: [n, /a/g.lastIndex + 1]} }",
        "let n = 0; try { import.meta.n = 1 } catch {} export default r => { n++; return {body: [n, import.meta.n ?? 1]} }",
    ] {
        let script = Script::compile(code).unwrap();
        for _ in 0..3 {
            let body = engine.run_script(&script, json("{}"), tight()).await.unwrap().request.body.bytes();
            assert_eq!(body, "[1,1]", "{code}");
        }
    }
}

#[tokio::test]
async fn work_that_is_left_does_not_run_in_the_next_run() {
    let engine = one_thread();
    let script = Script::compile(&handler(
        "if (request.body.first) Promise.resolve().then(() => console.log('left')).then(() => { request.body.late = 1 });
         return request",
    ))
    .unwrap();
    let first = engine.run_script(&script, json(r#"{"first":true}"#), tight()).await.unwrap();
    assert_eq!(first.console.lines.len(), 1);
    let second = engine.run_script(&script, json("{}"), tight()).await.unwrap();
    assert_eq!(second.console.lines.len(), 0);
}

#[tokio::test]
async fn the_environment_is_each_runs_own() {
    let engine = one_thread();
    let script = Script::compile(&handler(
        "const was = process.env.A; process.env.A = 'x'; return {body: [was ?? 'none']}",
    ))
    .unwrap();
    for value in ["one", "two"] {
        let input = Input { env: Env::new([("A".to_owned(), value.to_owned())].into()), ..json("{}") };
        let body = engine.run_script(&script, input, tight()).await.unwrap().request.body.bytes();
        assert_eq!(body, format!("[\"{value}\"]"));
    }
    let input = Input { env: Env::default(), ..json("{}") };
    assert_eq!(engine.run_script(&script, input, tight()).await.unwrap().request.body.bytes(), "[\"none\"]");
}

/// Walks everything that code can reach, by properties and by syntax, and lists what is not frozen.
const WALK: &str = r#"
const found = [];
const seen = new Set();
const walk = (value, path) => {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null || seen.has(value)) return;
  seen.add(value);
  if (!Object.isFrozen(value)) found.push(path);
  walk(Object.getPrototypeOf(value), `${path}.__proto__`);
  for (const key of Reflect.ownKeys(value)) {
    const { value: inner, get, set } = Object.getOwnPropertyDescriptor(value, key);
    walk(inner, `${path}.${String(key)}`);
    walk(get, `${path}.get ${String(key)}`);
    walk(set, `${path}.set ${String(key)}`);
  }
};
const protos = {
  iterators: [[].values(), new Map().entries(), new Set().keys(), 'a'[Symbol.iterator](), 'a'.matchAll(/a/g), new Uint8Array().values(),
    Iterator.from({ next() {} }), [].values().map((x) => x), [].values().filter((x) => x), [].values().flatMap((x) => x),
    Iterator.concat?.([1]), Iterator.zip?.([[1]]), Iterator.zipKeyed?.({ a: [1] }),
    Object.getPrototypeOf((function* () {})()), Object.getPrototypeOf((async function* () {})()), new Proxy([], {}).values()],
  functions: [() => 1, function () {}, async () => 1, function* () {}, async function* () {}, class {}, { m() {} }.m, (() => 1).bind(null)],
  others: [new Error(''), new TypeError(''), new AggregateError([]), /a/, new Date(), new Promise(() => {}), Symbol('a'), 5n, new ArrayBuffer(1),
    new DataView(new ArrayBuffer(1)), new WeakMap(), new WeakSet(), new Int8Array(), new Float64Array(), new BigInt64Array(), Object(1), Object(''), Object(true),
    (function () { return arguments })(), new DisposableStack(), new AsyncDisposableStack()],
};
for (const [kind, values] of Object.entries(protos)) {
  values.forEach((value, i) => value !== undefined && walk(Object.getPrototypeOf(value), `${kind}[${i}]`));
}
try { atob('*') } catch (error) { walk(Object.getPrototypeOf(error), 'atob') }
for (const key of Reflect.ownKeys(globalThis)) walk(globalThis[key], String(key));
walk(globalThis, 'globalThis');
return { body: { found, count: seen.size } };
"#;

#[tokio::test]
async fn everything_that_can_be_reached_is_frozen() {
    let engine = one_thread();
    let seen: serde_json::Value = serde_json::from_str(&engine.body(WALK, json("{}")).await).unwrap();
    assert_eq!(seen["found"], serde_json::json!([]));
    // The walk is of no use where it does not get far.
    assert!(seen["count"].as_u64().unwrap() > 600, "{seen}");
}

#[tokio::test]
async fn there_is_no_way_to_files_network_threads_clocks_or_code() {
    let engine = one_thread();
    let names = "['require', 'fetch', 'setTimeout', 'setInterval', 'SharedArrayBuffer', 'Atomics', 'WeakRef', 'FinalizationRegistry',
        'performance', 'std', 'os', 'Worker', 'WebAssembly', 'gc', 'print', 'load', 'scriptArgs', 'navigator']";
    let there =
        engine.body(&format!("return {{ body: {names}.filter((n) => n in globalThis) }}"), json("{}")).await;
    assert_eq!(there, "[]");
    for code in [
        "eval('1')",
        "(0, eval)('1')",
        "new Function('return 1')()",
        "(() => 1).constructor('return 1')()",
        "(async () => 1).constructor('return 1')()",
        "(function* () {}).constructor('yield 1')().next()",
        "(async function* () {}).constructor('yield 1')().next()",
        "Reflect.construct(Object.getPrototypeOf((() => 1).constructor).constructor, ['return 1'])()",
        "class F extends Function {} new F('return 1')()",
    ] {
        let failure = engine.fails(&format!("{code}; return {{body: 'ran'}}"), json("{}")).await;
        assert!(failure.message.contains("code in a string is not run"), "{code}: {failure:?}");
    }
    // A script can import itself, and finds nothing there that it could change.
    let script = Script::compile(
        "export default async () => {
           let found = 'none';
           try { const self = await import('transformation.js'); found = self.default.mark ?? found; self.default.mark = 1 } catch {}
           return {body: found};
         }",
    )
    .unwrap();
    for _ in 0..3 {
        let body = engine.run_script(&script, json("{}"), tight()).await.unwrap().request.body.bytes();
        assert_eq!(body, "none");
    }
}
