//! One engine per test, a request to start from, and running a script to its end.

use std::time::Duration;

use bytes::Bytes;
use hookyard_transform::engine::Engine;
use hookyard_transform::input::{Body, Context, Env, Input, Named, Request};
use hookyard_transform::limits::{EngineLimits, Limits};
use hookyard_transform::outcome::{Failure, Outcome, RunError};
use hookyard_transform::script::Script;

/// Small limits, so that hostile scripts end soon.
pub(crate) fn tight() -> Limits {
    Limits {
        cpu: Duration::from_millis(100),
        memory_bytes: 16 << 20,
        output_bytes: 1 << 20,
        console_lines: 20,
        console_bytes: 2_000,
        ..Limits::default()
    }
}

/// A request with this JSON body.
pub(crate) fn json(body: &str) -> Input {
    with_body(Body::Json(Bytes::copy_from_slice(body.as_bytes())))
}

pub(crate) fn with_body(body: Body) -> Input {
    let named = |id: &str, name: &str| Named { id: id.to_owned(), name: name.to_owned() };
    let line = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    Input {
        request: Request {
            method: "POST".to_owned(),
            path: "/orders".to_owned(),
            query: "a=1&b=2&b=3".to_owned(),
            headers: vec![
                line("Content-Type", "application/json"),
                line("X-Tag", "one"),
                line("User-Agent", "test"),
                line("x-tag", "two"),
            ],
            body,
        },
        context: Context {
            connection: named("conn_1", "shop to billing"),
            source: named("src_1", "shop"),
            destination: named("dst_1", "billing"),
            event_id: "evt_1".to_owned(),
            request_id: "req_1".to_owned(),
        },
        env: Env::new([("API_KEY".to_owned(), "k-123".to_owned())].into()),
        now_ms: 1_700_000_000_123,
        seed: 7,
    }
}

pub(crate) struct Harness(pub(crate) Engine);

impl Harness {
    pub(crate) fn new() -> Self {
        Self(Engine::start(EngineLimits::default()).unwrap())
    }

    pub(crate) async fn run(&self, code: &str, input: Input) -> Result<Outcome, Failure> {
        self.run_within(code, input, tight()).await
    }

    pub(crate) async fn run_within(
        &self,
        code: &str,
        input: Input,
        limits: Limits,
    ) -> Result<Outcome, Failure> {
        let script = Script::compile(code).unwrap_or_else(|error| panic!("{error}: {code}"));
        self.run_script(&script, input, limits).await
    }

    pub(crate) async fn run_script(
        &self,
        script: &Script,
        input: Input,
        limits: Limits,
    ) -> Result<Outcome, Failure> {
        match self.0.run(script, input, limits).await {
            Ok(outcome) => Ok(outcome),
            Err(RunError::Failed(failure)) => Err(*failure),
            Err(error) => panic!("{error}"),
        }
    }

    /// Runs the body of a handler, and gives the text of the body that it makes.
    pub(crate) async fn body(&self, statements: &str, input: Input) -> String {
        let outcome = self.run(&handler(statements), input).await;
        let outcome = outcome.unwrap_or_else(|failure| panic!("{failure:?}: {statements}"));
        String::from_utf8(outcome.request.body.bytes().to_vec()).unwrap()
    }

    /// Runs the body of a handler that fails.
    pub(crate) async fn fails(&self, statements: &str, input: Input) -> Failure {
        match self.run(&handler(statements), input).await {
            Ok(outcome) => panic!("{outcome:?}: {statements}"),
            Err(failure) => failure,
        }
    }
}

/// A script around the body of a handler.
pub(crate) fn handler(statements: &str) -> String {
    format!("addHandler(\"transform\", (request, context) => {{\n{statements}\n}});")
}
