//! What comes out of a run: the changed request, or what went wrong and where.

use std::fmt;
use std::time::Duration;

use hookyard_model::execution::Console;

use crate::input::Body;

/// A run that went well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The request after it.
    pub request: Transformed,
    /// What the script printed.
    pub console: Console,
    /// CPU time that the run took.
    pub cpu: Duration,
}

/// The request after a run. The method is never changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transformed {
    /// The path, empty or beginning with `/`; it has neither `?` nor `#`.
    pub path: String,
    /// The query without its `?`.
    pub query: String,
    /// The header lines. Lines whose value the script did not change are the original ones, in their order;
    /// what it added follows.
    pub headers: Vec<(String, String)>,
    /// The body. The original's bytes where it is equal to the original, as JSON or otherwise.
    pub body: Body,
    /// Whether the body is not the original's bytes.
    pub body_changed: bool,
}

/// A run that did not go well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The kind, for metrics and for grouping.
    pub kind: FailureKind,
    /// What happened, for the script's owner. What the script threw is in it, so it is the script's own text.
    pub message: String,
    /// Where in the script, as far as it is known.
    pub position: Option<Position>,
    /// What the script had printed until then.
    pub console: Console,
    /// CPU time that the run took.
    pub cpu: Duration,
}

/// The kinds of failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FailureKind {
    /// The script threw, or a promise that it returned was rejected.
    Threw,
    /// A promise was rejected, and nothing in the script waited for it.
    UnhandledRejection,
    /// The script registered no handler.
    NoHandler,
    /// The handler returned something that is no request.
    Result,
    /// The handler returned a promise that nothing can settle any more.
    NeverSettles,
    /// The limit of CPU time.
    Cpu,
    /// The limit of memory.
    Memory,
    /// The limit of the stack: too deep a recursion, or too deeply nested data.
    Stack,
    /// The limit of the result's size.
    Output,
}

impl FailureKind {
    /// The name in the API and in metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Threw => "threw",
            Self::UnhandledRejection => "unhandled_rejection",
            Self::NoHandler => "no_handler",
            Self::Result => "result",
            Self::NeverSettles => "never_settles",
            Self::Cpu => "cpu_limit",
            Self::Memory => "memory_limit",
            Self::Stack => "stack_limit",
            Self::Output => "output_limit",
        }
    }
}

/// A place in a script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// The line, from 1.
    pub line: u32,
    /// The column, from 1.
    pub column: u32,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

/// Why there is no outcome.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RunError {
    /// The script failed. Running it again with the same input fails again.
    #[error("{}", .0.message)]
    Failed(Box<Failure>),
    /// Too many runs wait. The script was not started; try again later.
    #[error("too many transformations wait for a thread; try again later")]
    Busy,
    /// The system gives no thread. The script was not started; try again later.
    #[error("there is no thread for transformations: {0}")]
    NoThread(String),
    /// The engine is gone. The script was perhaps not started.
    #[error("the transformation engine has stopped")]
    Stopped,
}
