//! What a failure is called, and where in the script it was.

use crate::limits::Limits;
use crate::outcome::{FailureKind, Position};
use crate::script::FILE_NAME;

/// Kind, message and place.
pub(super) type Described = (FailureKind, String, Option<Position>);

/// The limit of CPU time.
pub(crate) fn out_of_time(limits: &Limits) -> Described {
    (FailureKind::Cpu, format!("the script used more than {} ms of CPU time", limits.cpu.as_millis()), None)
}

/// The limit of memory.
pub(super) fn out_of_memory(limits: &Limits, position: Option<Position>) -> Described {
    let message = format!("the script used more than {} bytes of memory", limits.memory_bytes);
    (FailureKind::Memory, message, position)
}

/// The limit of the result's size.
pub(super) fn too_long(limits: &Limits) -> Described {
    (FailureKind::Output, format!("the result is longer than {} bytes", limits.output_bytes), None)
}

/// Something thrown; `number` is the prelude's name for its kind.
pub(super) fn thrown(number: i32, message: String, stack: &str, limits: &Limits) -> Described {
    let position = position(stack).map(|at| Position { line: at.line.saturating_sub(1).max(1), ..at });
    match number {
        1 => (FailureKind::Result, message, None),
        2 => out_of_memory(limits, position),
        3 => {
            let message = format!(
                "the script used more than {} bytes of stack: its calls or its data are nested too deeply",
                limits.stack_bytes
            );
            (FailureKind::Stack, message, position)
        }
        4 => (FailureKind::NoHandler, message, None),
        5 => too_long(limits),
        _ => (FailureKind::Threw, with_hint(message), position),
    }
}

/// The same, of a rejection that nothing waited for.
pub(super) fn unhandled((kind, message, position): Described) -> Described {
    match kind {
        FailureKind::Threw => {
            let message = format!("a promise was rejected and nothing waited for it: {message}");
            (FailureKind::UnhandledRejection, message, position)
        }
        _ => (kind, message, position),
    }
}

/// The first place of the script in a stack trace, in the lines of the module.
pub(crate) fn position(stack: &str) -> Option<Position> {
    stack.lines().find_map(|line| {
        let (_, place) = line.rsplit_once(FILE_NAME)?;
        let mut numbers = place.trim_start_matches(':').trim_end_matches(')').split(':');
        let line = numbers.next()?.parse().ok()?;
        Some(Position { line, column: numbers.next().and_then(|column| column.parse().ok()).unwrap_or(1) })
    })
}

/// What people look for and what there is instead.
const HINTS: [(&[&str], &str); 5] = [
    (&["setTimeout", "setInterval", "setImmediate"], "there are no timers: a transformation cannot wait"),
    (&["fetch", "XMLHttpRequest", "WebSocket"], "there is no network in a transformation"),
    (&["require", "module", "exports"], "there are no modules in a transformation; bundle what you need"),
    (&["Buffer"], "use Uint8Array, btoa and atob"),
    (&["window", "global", "document"], "use globalThis"),
];

fn with_hint(message: String) -> String {
    let missing =
        message.strip_prefix("ReferenceError: ").and_then(|rest| rest.strip_suffix(" is not defined"));
    let Some(name) = missing.map(|name| name.trim_matches('\'')) else { return message };
    let hint = HINTS.iter().find(|(names, _)| names.contains(&name));
    hint.map_or(message.clone(), |(_, hint)| format!("{message} ({hint})"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_place() {
        let stack = "    at prelude (eval_script:3:4)\n    at f (transformation.js:12:7)\n    at g (transformation.js:1:1)\n";
        assert_eq!(position(stack), Some(Position { line: 12, column: 7 }));
        assert_eq!(position("    at transformation.js:3:9\n"), Some(Position { line: 3, column: 9 }));
        assert_eq!(position("    at f (native)"), None);
    }
}
