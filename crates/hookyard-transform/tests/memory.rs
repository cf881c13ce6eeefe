//! The process keeps its memory. A test of its own, since it looks at the memory of the whole process.

use std::time::Duration;

use bytes::Bytes;
use hookyard_transform::engine::Engine;
use hookyard_transform::input::{Body, Context, Env, Input, Request};
use hookyard_transform::limits::{EngineLimits, Limits};
use hookyard_transform::outcome::{FailureKind, RunError};
use hookyard_transform::script::Script;

const BOMBS: [&str; 4] = [
    "export default () => { const a = []; for (;;) a.push(new Array(1000).fill(1)) }",
    "export default () => { const a = []; for (;;) a.push({ a }) }",
    "export default () => { const m = new Map(); for (let i = 0; ; i++) m.set(i, 'x'.repeat(i)) }",
    "export default () => { const a = []; for (;;) a.push(new Uint8Array(1e5)) }",
];

/// Leaves a cycle behind in every run.
const CYCLES: &str = "export default (r) => { const a = {}; a.a = a; r.body.n = [a].length; return r }";

fn input() -> Input {
    let request = Request {
        method: "POST".to_owned(),
        path: String::new(),
        query: String::new(),
        headers: Vec::new(),
        body: Body::Json(Bytes::from_static(b"{}")),
    };
    Input { request, context: Context::default(), env: Env::default(), now_ms: 0, seed: 0 }
}

/// What the process has in memory, where the system tells.
fn resident_bytes() -> Option<usize> {
    let statm = std::fs::read_to_string("/proc/self/statm").ok()?;
    Some(statm.split_whitespace().nth(1)?.parse::<usize>().ok()? * 4096)
}

#[tokio::test]
async fn the_process_keeps_its_memory() {
    let engine = Engine::start(EngineLimits::default()).unwrap();
    let limits = Limits { memory_bytes: 16 << 20, cpu: Duration::from_secs(5), ..Limits::default() };
    let bombs: Vec<_> = BOMBS.iter().map(|code| Script::compile(code).unwrap()).collect();
    let cycles = Script::compile(CYCLES).unwrap();
    let mut before = None;
    for round in 0..20 {
        for bomb in &bombs {
            match engine.run(bomb, input(), limits).await {
                Err(RunError::Failed(failure)) => {
                    assert_eq!(failure.kind, FailureKind::Memory, "{failure:?}")
                }
                other => panic!("{other:?}"),
            }
        }
        for _ in 0..500 {
            engine.run(&cycles, input(), limits).await.unwrap();
        }
        if round == 1 {
            before = resident_bytes();
        }
    }
    let Some(before) = before else { return };
    let grown = resident_bytes().unwrap().saturating_sub(before);
    assert!(grown < 32 << 20, "grown by {grown} bytes");
}
