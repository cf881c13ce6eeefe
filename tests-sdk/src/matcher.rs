//! `match.mjs` as a process.

use serde_json::{Value, json};

use crate::process::LineProcess;

/// Filters with the `simple-json-match` package. Can be shared between threads.
#[derive(Debug)]
pub struct MatcherProcess {
    process: LineProcess,
}

impl MatcherProcess {
    /// Starts the process.
    ///
    /// # Panics
    /// Where `node` or the packages are not there; the message has the command to run.
    pub fn start() -> Self {
        Self { process: LineProcess::start("match.mjs") }
    }

    /// Whether a body passes a filter.
    ///
    /// # Panics
    /// Where the package throws.
    pub fn matches(&self, filter: &Value, body: &Value) -> bool {
        let answer = self.process.ask(&json!({ "filter": filter, "body": body }));
        match answer.get("matches").and_then(Value::as_bool) {
            Some(matches) => matches,
            None => panic!("the simple-json-match package cannot match {body} with {filter}: {answer}"),
        }
    }
}
