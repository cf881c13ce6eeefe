//! What a transformation costs, warm: a body of 1 KB and twelve headers, in and out.
//!
//! `engine` is all of it: the queue, the thread, both conversions, and the answer. It is measured one at a time,
//! where waking threads is most of it, and with 64 under way, where it is not.

#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a benchmark that panics has failed, and prints"
)]

use std::hint::black_box;

use bytes::Bytes;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use hookyard_transform::engine::Engine;
use hookyard_transform::input::{Body, Context, Env, Input, Request};
use hookyard_transform::limits::{EngineLimits, Limits};
use hookyard_transform::script::Script;

const SCRIPTS: [(&str, &str); 4] = [
    ("pass_through", r#"addHandler("transform", (request, context) => request);"#),
    (
        "read_body",
        r#"addHandler("transform", (request) => { if (request.body.id === "") throw 1; return {...request}; });"#,
    ),
    (
        "add_header",
        r#"addHandler("transform", (request) => { request.headers["x-type"] = request.body.type; return request; });"#,
    ),
    ("change_body", r#"addHandler("transform", (request) => { request.body.extra = 1; return request; });"#),
];

fn input() -> Input {
    let items: Vec<String> = (0..6)
        .map(|n| format!(r#"{{"id":"item_{n}","price":1{n}99,"currency":"eur","title":"A thing of some kind {n}","paid":true,"note":null}}"#))
        .collect();
    let body = format!(
        r#"{{"id":"evt_1NG8Du2eZvKYlo2CUI79vXWy","type":"order.created","created":1700000000,"data":{{"object":{{"customer":"cus_9s6XKzkNRiz8i3","items":[{}]}}}},"livemode":false,"api_version":"2024-06-20","pending_webhooks":2,"request":{{"id":"req_1","idempotency_key":"8d5e7c1f-4b0a-4a1b-9a55-0f4ef6c8a1a2"}}}}"#,
        items.join(",")
    );
    let headers = (0..11).map(|n| (format!("x-header-{n}"), format!("some value {n}")));
    let content_type = ("content-type".to_owned(), "application/json".to_owned());
    Input {
        request: Request {
            method: "POST".to_owned(),
            path: "/orders".to_owned(),
            query: String::new(),
            headers: std::iter::once(content_type).chain(headers).collect(),
            body: Body::Json(Bytes::from(body)),
        },
        context: Context::default(),
        env: Env::default(),
        now_ms: 1_700_000_000_000,
        seed: 1,
    }
}

fn engine(c: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let engine = Engine::start(EngineLimits::default()).unwrap();
    let input = input();
    for (name, code) in SCRIPTS {
        let script = Script::compile(code).unwrap();
        let once = async || engine.run(&script, input.clone(), Limits::default()).await.unwrap();
        let cpu = runtime.block_on(async {
            for _ in 0..100 {
                once().await;
            }
            let mut total = std::time::Duration::ZERO;
            for _ in 0..1000 {
                total += once().await.cpu;
            }
            total / 1000
        });
        eprintln!("{name}: {:.1} µs of CPU time on the engine's thread", cpu.as_secs_f64() * 1e6);
        let mut group = c.benchmark_group(name);
        group.bench_function("engine", |b| b.iter(|| black_box(runtime.block_on(once()))));
        group.throughput(Throughput::Elements(64));
        group.bench_function("engine_64", |b| {
            b.iter(|| {
                runtime.block_on(async {
                    let runs: Vec<_> = (0..64)
                        .map(|_| {
                            let (engine, script, input) = (engine.clone(), script.clone(), input.clone());
                            async move { engine.run(&script, input, Limits::default()).await }
                        })
                        .collect();
                    for run in join_all(runs).await {
                        black_box(run.unwrap());
                    }
                })
            })
        });
        group.finish();
    }
}

/// Starts all, then takes the answers in order.
async fn join_all<F: Future + 'static>(futures: Vec<F>) -> Vec<F::Output>
where
    F::Output: 'static,
{
    let local = tokio::task::LocalSet::new();
    local
        .run_until(async {
            let tasks: Vec<_> = futures.into_iter().map(tokio::task::spawn_local).collect();
            let mut outputs = Vec::with_capacity(tasks.len());
            for task in tasks {
                outputs.push(task.await.unwrap());
            }
            outputs
        })
        .await
}

fn compile(c: &mut Criterion) {
    c.bench_function("compile", |b| b.iter(|| Script::compile(black_box(SCRIPTS[2].1)).unwrap()));
    let large =
        format!("{}{}", "function f(a, b) { return a.map((x) => x * b) }\n".repeat(2000), SCRIPTS[0].1);
    c.bench_function("compile_88_kb", |b| b.iter(|| Script::compile(black_box(&large)).unwrap()));
}

criterion_group!(benches, engine, compile);
criterion_main!(benches);
