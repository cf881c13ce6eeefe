//! The transform rule: a person's JavaScript changes a request on its way along a connection.
//!
//! ```text
//!   code ──Script::compile──► Script ──┐                    ┌─► Outcome: the changed request, console, CPU time
//!   Input (request, context, env) ─────┴──► Engine::run ────┤
//!                                                           └─► RunError: what went wrong, where, console
//! ```
//!
//! What a person reads about the language is docs/transformations.md. This crate knows no HTTP, no store and
//! no clock: what a script sees of time and chance is part of the [`Input`](input::Input). The engine inside is
//! QuickJS-ng.
//!
//! **Invariants:**
//! - A script runs on a thread of the [`Engine`](engine::Engine), never on one of an async runtime.
//! - A run sees nothing of another run, also not of the same script: top-level code runs anew each time, all
//!   built-ins are frozen, and scripts never share a realm (`realm.rs`).
//! - A run ends within its [`Limits`](limits::Limits), whatever the script does; what it cannot be stopped in
//!   (one very long call into the engine) is left behind on a thread of the lowest priority, and the engine goes on.
//! - What a script did not change keeps its bytes.
//!
//! In reading order: what goes in and comes out, what bounds it, the parts that do it.

pub mod input;
pub mod limits;
pub mod outcome;

pub mod engine;
pub mod runner;
pub mod script;

mod realm;
mod unchanged;
mod watch;
