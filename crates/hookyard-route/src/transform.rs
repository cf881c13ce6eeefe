//! A connection's transformation at work: from a stored request to what its code sees, and back.
//!
//! What the code leaves alone keeps its bytes, header lines that are no UTF-8 included. That too many scripts wait,
//! or that there is no thread, is no script's fault: then it is tried again.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hookyard_model::clock::Timestamp;
use hookyard_model::connection::Connection;
use hookyard_model::event::EventState;
use hookyard_model::execution::Execution;
use hookyard_model::id::EventId;
use hookyard_model::request::{Head, Request, token};
use hookyard_model::rule::{DiscardCause, Rule, Step};
use hookyard_store::arrivals::NewEvent;
use hookyard_store::catalog::Snapshot;
use hookyard_transform::input::{self, Body, Context, Env, Input, Named};
use hookyard_transform::outcome::{Failure, Outcome, RunError, Transformed};
use hookyard_transform::runner::Runner;
use hookyard_transform::script::Script;
use tokio::sync::OnceCell;
use tracing::error;

/// Longest bodies and heads, in bytes, that transformations may make of one request along all of its connections: they
/// stand in one record.
pub(crate) const TRANSFORMED_BYTES_MAX: usize = 64 << 20;
/// How long to wait before a run is tried again that was no script's fault to fail.
const TRY_AGAIN_AFTER: Duration = Duration::from_millis(50);
/// How often a run is tried that takes the engine's thread with it.
const TRIES_MAX: u32 = 3;

/// The transformation of one rule. Its code is parsed when it is first needed.
#[derive(Debug)]
pub(crate) struct Transformation {
    code: String,
    env: Env,
    script: OnceCell<Result<Script, String>>,
}

/// What a run came to that went well.
pub(crate) struct Done {
    /// The request after it; none where it changed nothing.
    pub(crate) request: Option<Request>,
    /// What it changed, for a person.
    pub(crate) detail: String,
    pub(crate) execution: Execution,
}

/// A run that did not.
pub(crate) struct Failed {
    /// What happened and where in the code, for a person.
    pub(crate) why: String,
    pub(crate) execution: Execution,
}

impl Failed {
    fn new(why: String) -> Self {
        Self { why, execution: Execution::default() }
    }
}

impl Transformation {
    /// That of a rule; none where it is another kind of rule.
    pub(crate) fn of(rule: &Rule) -> Option<Self> {
        let Rule::Transform { code, env } = rule else { return None };
        let exposed = env.iter().map(|(name, value)| (name.clone(), value.expose().to_owned()));
        Some(Self { code: code.clone(), env: Env::new(exposed.collect()), script: OnceCell::new() })
    }

    /// Runs the code on a request, whose head this is.
    pub(crate) async fn apply(
        &self,
        runner: &Runner,
        context: Context,
        head: &Head<'_>,
        request: &Request,
        now: Timestamp,
    ) -> Result<Done, Failed> {
        let script = self.script.get_or_init(|| compile(self.code.clone())).await;
        let script = script.as_ref().map_err(|error| Failed::new(format!("its code: {error}")))?;
        let input = Arc::new(Input {
            request: seen_by_code(head, &request.body),
            context,
            env: self.env.clone(),
            now_ms: i64::try_from(now.ms()).unwrap_or(i64::MAX),
            seed: request.id.0,
        });
        let Outcome { request: made, console, cpu } = run(runner, script, &input).await?;
        let execution = Execution { console, cpu };
        match taken_back(head, request, &input.request, made) {
            Ok((request, detail)) => Ok(Done { request, detail, execution }),
            Err(why) => Err(Failed { why, execution }),
        }
    }
}

async fn compile(code: String) -> Result<Script, String> {
    // Parsing takes as long as the code does; that is for a blocking thread.
    let compiled = tokio::task::spawn_blocking(move || Script::compile(&code)).await;
    compiled.map_err(|error| error.to_string())?.map_err(|error| error.to_string())
}

async fn run(runner: &Runner, script: &Script, input: &Arc<Input>) -> Result<Outcome, Failed> {
    let mut tries = 0;
    loop {
        tries += 1;
        match runner.run(script, Arc::clone(input)).await {
            Ok(outcome) => return Ok(outcome),
            Err(RunError::Failed(failure)) => return Err(failed(*failure)),
            Err(RunError::Busy) => {}
            Err(RunError::Stopped) if tries < TRIES_MAX => {}
            Err(RunError::Stopped) => return Err(Failed::new("the engine failed at it".to_owned())),
            Err(error @ RunError::NoThread(_)) => error!(%error, "a transformation waits"),
        }
        tokio::time::sleep(TRY_AGAIN_AFTER).await;
    }
}

fn failed(failure: Failure) -> Failed {
    let Failure { kind, message, position, console, cpu } = failure;
    let place = position.map(|position| format!(" ({position})")).unwrap_or_default();
    Failed { why: format!("{}: {message}{place}", kind.name()), execution: Execution { console, cpu } }
}

/// Where a request is, for the code that asks.
pub(crate) fn context(snapshot: &Snapshot, connection: &Connection, request: &Request) -> Context {
    let source = snapshot.sources.get(&connection.source).map(|source| source.name.clone());
    let destination = snapshot.destinations.get(&connection.destination).map(|it| it.name.clone());
    let named = |id: String, name: Option<String>| Named { id, name: name.unwrap_or_default() };
    Context {
        connection: named(connection.id.to_string(), Some(connection.name.clone())),
        source: named(connection.source.to_string(), source),
        destination: named(connection.destination.to_string(), destination),
        event_id: EventId { request: request.id, connection: connection.id }.to_string(),
        request_id: request.id.to_string(),
    }
}

/// Ends events of a request for which transformations made too much to be stored together.
pub(crate) fn keep_within_bounds(events: &mut [NewEvent]) {
    let mut bytes = 0;
    for event in events {
        let Some(made) = &event.transformed else { continue };
        bytes += made.head.len() + made.body.len();
        if bytes <= TRANSFORMED_BYTES_MAX {
            continue;
        }
        event.transformed = None;
        event.state = EventState::Discarded;
        event.ruling.discarded = Some(DiscardCause::TransformError);
        if let Some(Step { detail, .. }) = event.ruling.steps.last_mut() {
            *detail = format!(
                "output_limit: what the transformations of all connections made of the request has more than \
                 {TRANSFORMED_BYTES_MAX} bytes"
            );
        }
    }
}

/// A request as code sees it.
fn seen_by_code(head: &Head<'_>, body: &Bytes) -> input::Request {
    let (path, query) = split(head.suffix());
    let content_type = head.header("content-type").and_then(|value| std::str::from_utf8(value).ok());
    input::Request {
        method: head.method.to_owned(),
        path: path.to_owned(),
        query: query.to_owned(),
        headers: head.headers.iter().map(|(name, value)| ((*name).to_owned(), text(value))).collect(),
        body: Body::of(content_type, body.clone()),
    }
}

fn split(suffix: &str) -> (&str, &str) {
    suffix.split_once('?').unwrap_or((suffix, ""))
}

/// A header's value as text: UTF-8, or else each byte as the character of that number.
fn text(value: &[u8]) -> String {
    match std::str::from_utf8(value) {
        Ok(text) => text.to_owned(),
        Err(_not_utf8) => value.iter().copied().map(char::from).collect(),
    }
}

/// The request after a run, none where nothing of it changed, and what changed.
fn taken_back(
    head: &Head<'_>,
    request: &Request,
    seen: &input::Request,
    made: Transformed,
) -> Result<(Option<Request>, String), String> {
    let changes = [
        ("path", made.path != seen.path),
        ("query", made.query != seen.query),
        ("headers", made.headers != seen.headers),
        ("body", made.body_changed),
    ];
    let changed: Vec<&str> = changes.iter().filter(|(_, is)| *is).map(|(part, _)| *part).collect();
    if changed.is_empty() {
        return Ok((None, "it changed nothing".to_owned()));
    }
    let new_head = write_head(head, seen, &made);
    if Head::parse(&new_head).is_err() {
        return Err("result: its path, query and headers are no HTTP request's".to_owned());
    }
    let body = if made.body_changed { made.body.bytes() } else { request.body.clone() };
    let changed_request =
        Request { head: Bytes::from(new_head), body_bytes: body.len() as u64, body, ..request.clone() };
    Ok((Some(changed_request), format!("it changed {}", changed.join(", "))))
}

/// The head of the request after a run.
fn write_head(head: &Head<'_>, seen: &input::Request, made: &Transformed) -> Vec<u8> {
    let mut written = Vec::with_capacity(1024);
    written.extend_from_slice(head.method.as_bytes());
    written.push(b' ');
    if made.path == seen.path && made.query == seen.query {
        written.extend_from_slice(head.target.as_bytes());
    } else {
        written.push(b'/');
        written.extend_from_slice(token(head.target).as_bytes());
        written.extend_from_slice(made.path.as_bytes());
        if !made.query.is_empty() {
            written.push(b'?');
            written.extend_from_slice(made.query.as_bytes());
        }
    }
    written.extend_from_slice(b" HTTP/1.1\r\n");
    let mut originals: Vec<_> = head.headers.iter().zip(&seen.headers).collect();
    for line in &made.headers {
        let (name, value) = line;
        // A line that was not changed keeps its bytes, which may be no UTF-8.
        let original = originals.iter().position(|(_, seen)| *seen == line).map(|at| originals.remove(at));
        let value = original.map_or(value.as_bytes(), |((_, value), _)| value);
        written.extend_from_slice(name.as_bytes());
        written.extend_from_slice(b": ");
        written.extend_from_slice(value);
        written.extend_from_slice(b"\r\n");
    }
    written.extend_from_slice(b"\r\n");
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &[u8] =
        b"POST /tok/a?b=1 HTTP/1.1\r\nContent-Type: application/json\r\nX-Odd: caf\xe9\r\nX-A: 1\r\n\r\n";

    fn after(change: impl FnOnce(&mut Transformed)) -> (Vec<u8>, String) {
        let head = Head::parse(HEAD).unwrap();
        let seen = seen_by_code(&head, &Bytes::from_static(b"{}"));
        let input::Request { path, query, headers, body, .. } = seen.clone();
        let mut made = Transformed { path, query, headers, body, body_changed: false };
        change(&mut made);
        let request = Request {
            id: hookyard_model::id::RequestId(1),
            project: hookyard_model::id::ProjectId(1),
            source: None,
            received_at: Timestamp::from_ms(1),
            remote: std::net::Ipv4Addr::LOCALHOST.into(),
            verdict: hookyard_model::request::Verdict::Pending,
            head: Bytes::from_static(HEAD),
            body: Bytes::from_static(b"{}"),
            body_bytes: 2,
        };
        match taken_back(&head, &request, &seen, made) {
            Ok((Some(changed), detail)) => (changed.head.to_vec(), detail),
            Ok((None, detail)) => (Vec::new(), detail),
            Err(why) => (Vec::new(), why),
        }
    }

    #[test]
    fn what_code_leaves_alone_keeps_its_bytes() {
        assert_eq!(after(|_| {}), (Vec::new(), "it changed nothing".to_owned()));
        let (head, detail) = after(|made| made.headers[2].1 = "2".to_owned());
        let expected = String::from_utf8_lossy(HEAD).replace("X-A: 1", "X-A: 2");
        assert_eq!(String::from_utf8_lossy(&head), expected);
        assert!(head.windows(5).any(|five| five == b"caf\xe9\r"), "{head:?}");
        assert_eq!(detail, "it changed headers");
    }

    #[test]
    fn path_and_query_stand_behind_the_token() {
        for (path, query, target) in
            [("/x", "b=1", "/tok/x?b=1"), ("", "", "/tok"), ("", "c", "/tok?c"), ("/a", "", "/tok/a")]
        {
            let (head, detail) = after(|made| {
                made.path = path.to_owned();
                made.query = query.to_owned();
            });
            assert_eq!(Head::parse(&head).unwrap().target, target, "{detail}");
        }
    }

    #[test]
    fn what_is_no_request_is_refused() {
        for path in ["/a b", "/a\r\nX: 1"] {
            let (_, why) = after(|made| made.path = path.to_owned());
            assert!(why.starts_with("result: "), "{path:?}: {why}");
        }
    }
}
