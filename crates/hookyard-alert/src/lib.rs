//! Alerts: people are told what became of issues.
//!
//! ```text
//!   store: what is due ──► tell ──► send ──► webhook | slack | email ──► outgoing (guarded) ──► people
//!                           ▲         (message: what is said)               │
//!                           └────────── told, tried again, or given up ◄────┘
//! ```
//! It decides neither whom an issue concerns nor when it is told: that stands in the store.
//!
//! - [`tell`]: the stage. One alert waits for no other. [`settings`]: its bounds. [`metrics`]: what it counts.
//! - `message`, `wire`: what is said, for people and for machines.
//! - [`send`]: saying it. `webhook`, `slack`, `email`: one file for each channel.

pub mod metrics;
pub mod settings;
pub mod tell;

mod message;
mod wire;

pub mod send;

mod email;
mod slack;
mod webhook;
