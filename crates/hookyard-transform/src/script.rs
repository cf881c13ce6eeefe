//! A script: checked once, then handed to the engine's threads as code that makes a handler.
//!
//! Both forms become a module whose default export is a function around the person's code. Each run calls it, so
//! that top-level code runs anew and its variables are new ones, while the code is parsed once on each thread
//! that runs it:
//!
//! ```text
//!   addHandler("transform", f)          ─►  export default () => { let $; …code…; return $ }
//!   export default f                    ─►  export default () => { let $; …; $ = f; …; return $ }
//! ```
//!
//! The code is parsed as it stands first. What is whole by itself cannot close the function around it, and lines
//! and columns in messages are those of the person's code in any case.

mod scan;

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Weak};

use hookyard_model::rule::CODE_BYTES_MAX;
use rquickjs::{Context, Ctx, Module, Runtime};

use self::scan::{Export, Exported, scan};
use crate::outcome::Position;
use crate::realm::position;

/// What the code of a script is called in stack traces.
pub(crate) const FILE_NAME: &str = "transformation.js";
/// What holds the default export within the wrapped code: as long as `export default` at most.
const HOLDER: &str = "$default";

/// A script that parses.
///
/// Cheap to clone; all clones are one script, whose readied forms the engine keeps.
#[derive(Clone)]
pub struct Script(Arc<Inner>);

struct Inner {
    id: u64,
    /// The module around the code.
    wrapped: String,
    /// Whether the code has `await` at its top level.
    later: bool,
    /// Whether its last run was stopped for its CPU time. The engine then gives it one thread at most.
    slow: AtomicBool,
    /// Whether a run of it was left behind and still goes on. The engine then starts no other.
    hanging: AtomicBool,
}

/// Why code is no script.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScriptError {
    /// It is too long.
    #[error("the code has {0} bytes; {CODE_BYTES_MAX} are possible")]
    TooLong(usize),
    /// It has a zero character, which no text has.
    #[error("the code has a zero character; remove it")]
    Zero,
    /// It does not parse, or has what a transformation cannot have.
    #[error("{message} at {position}")]
    Syntax {
        /// What is wrong.
        message: String,
        /// Where.
        position: Position,
    },
    /// It neither calls `addHandler` nor has a default export.
    #[error(
        "the code has no handler; write addHandler(\"transform\", (request, context) => request) or export a \
         function by default"
    )]
    NoHandler,
    /// There was not enough memory to parse it.
    #[error("the code needs too much memory or is too deeply nested to be parsed")]
    TooLarge,
}

impl Script {
    /// Checks code and prepares it. Runs nothing of it.
    ///
    /// Holds up the caller for as long as parsing takes: 0.3 ms, and some 50 ms for the longest code.
    ///
    /// # Errors
    /// [`ScriptError`], for the person who wrote the code.
    pub fn compile(code: &str) -> Result<Self, ScriptError> {
        if code.len() > CODE_BYTES_MAX {
            return Err(ScriptError::TooLong(code.len()));
        }
        if code.contains('\0') {
            return Err(ScriptError::Zero);
        }
        let found = scan(code);
        if let Some((at, message)) = found.refused {
            return Err(ScriptError::Syntax { message: message.to_owned(), position: position_of(code, at) });
        }
        parse(code, 0)?;
        if found.export.is_none() && !found.adds_handler {
            return Err(ScriptError::NoHandler);
        }
        let body = found
            .export
            .map_or_else(|| (code.to_owned(), HOLDER.to_owned()), |export| rewrite(code, &export));
        // `await` at the top level parses only where the function around it is async.
        let now = wrap(&body, false);
        let (wrapped, later) = match parse(&now, 1) {
            Ok(()) => (now, false),
            Err(_) => (wrap(&body, true), true),
        };
        if later {
            parse(&wrapped, 1)?;
        }
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let id = NEXT.fetch_add(1, Ordering::Relaxed);
        Ok(Self(Arc::new(Inner {
            id,
            wrapped,
            later,
            slow: AtomicBool::new(false),
            hanging: AtomicBool::new(false),
        })))
    }

    pub(crate) fn id(&self) -> u64 {
        self.0.id
    }

    pub(crate) fn wrapped(&self) -> &str {
        &self.0.wrapped
    }

    pub(crate) fn later(&self) -> bool {
        self.0.later
    }

    pub(crate) fn is_slow(&self) -> bool {
        self.0.slow.load(Ordering::Relaxed)
    }

    pub(crate) fn set_slow(&self, slow: bool) {
        self.0.slow.store(slow, Ordering::Relaxed);
    }

    pub(crate) fn is_hanging(&self) -> bool {
        self.0.hanging.load(Ordering::Relaxed)
    }

    pub(crate) fn set_hanging(&self, hanging: bool) {
        self.0.hanging.store(hanging, Ordering::Relaxed);
    }

    /// A handle that does not keep the script.
    pub(crate) fn downgrade(&self) -> WeakScript {
        WeakScript(Arc::downgrade(&self.0))
    }
}

/// Tells whether a script is still anybody's.
pub(crate) struct WeakScript(Weak<Inner>);

impl WeakScript {
    pub(crate) fn is_gone(&self) -> bool {
        self.0.strong_count() == 0
    }
}

impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Script").field("id", &self.0.id).finish_non_exhaustive()
    }
}

/// Memory that parsing may take; the longest code takes some 60 MB.
const PARSE_BYTES_MAX: usize = 256 << 20;

/// Lets the engine parse a module without running it. Positions do not count the lines before the person's code.
fn parse(code: &str, lines_before: u32) -> Result<(), ScriptError> {
    let runtime = Runtime::new().map_err(|_| ScriptError::TooLarge)?;
    runtime.set_memory_limit(PARSE_BYTES_MAX);
    let context = Context::full(&runtime).map_err(|_| ScriptError::TooLarge)?;
    context.with(|ctx| match Module::declare(ctx.clone(), FILE_NAME, code) {
        Ok(_) => Ok(()),
        Err(_) => Err(syntax_error(&ctx, lines_before)),
    })
}

fn syntax_error(ctx: &Ctx<'_>, lines_before: u32) -> ScriptError {
    let thrown = ctx.catch();
    let Some(exception) = thrown.as_exception() else { return ScriptError::TooLarge };
    let message = exception.message().unwrap_or_default();
    let Some(position) = exception.stack().and_then(|stack| position(&stack)) else {
        return ScriptError::TooLarge;
    };
    let line = position.line.saturating_sub(lines_before).max(1);
    ScriptError::Syntax { message, position: Position { line, ..position } }
}

/// The line in front of the code. `import.meta` is the one object that the code could reach and that outlives a
/// run without being a built-in.
const OPENING: &str = "Object.freeze(import.meta);export default ";

fn wrap((body, result): &(String, String), later: bool) -> String {
    let keyword = if later { "async " } else { "" };
    format!("{OPENING}{keyword}() => {{ let $default;\n{body}\n;return {result};\n}};\n")
}

/// Turns the default export into an assignment (or, of a named function, into its declaration alone), keeping
/// lines and columns. Gives the code and the expression that is the handler.
fn rewrite(code: &str, export: &Export) -> (String, String) {
    let before = code.get(..export.words.start).unwrap_or_default();
    let words = code.get(export.words.clone()).unwrap_or_default();
    let after = code.get(export.words.end..).unwrap_or_default();
    let blank: String = words.chars().map(|c| if c == '\n' { '\n' } else { ' ' }).collect();
    let assignment = format!(";{HOLDER}=");
    let assigned = format!("{assignment}{}", blank.get(assignment.len()..).unwrap_or_default());
    match &export.what {
        Exported::Named(name) => (format!("{before}{blank}{after}"), name.clone()),
        Exported::Expression => (format!("{before}{assigned}{after}"), HOLDER.to_owned()),
        Exported::Unnamed(end) => {
            let (function, rest) =
                code.get(export.words.end..*end).zip(code.get(*end..)).unwrap_or((after, ""));
            (format!("{before}{assigned}{function};{rest}"), HOLDER.to_owned())
        }
    }
}

fn position_of(code: &str, at: usize) -> Position {
    let before = code.get(..at).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    Position { line: number(line), column: number(column) }
}
