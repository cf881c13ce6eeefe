//! The load generator, in two forms that ask different questions.
//!
//! - [`closed`]: so many connections, each sending its next request as soon as the last is answered.
//!   Asks how much gets through; its latencies say little, as a slow server slows its own load.
//! - [`open`]: so many requests per second, sent when their time has come whether or not earlier ones
//!   are answered. Asks how long an event takes, counted from when it *should* have been sent, so that
//!   a stall is charged to every event that had to wait for it.
//!
//! Both write what they see into the run's [`Ledger`](crate::ledger::Ledger).

pub(crate) mod closed;
pub(crate) mod open;

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::push::Push;

/// Where requests go and how they are signed.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    /// The server's address.
    pub(crate) address: SocketAddr,
    /// The path, with its leading slash.
    pub(crate) path: String,
    /// The secret of the signature.
    pub(crate) secret: String,
}

impl Target {
    /// A request for this target, to be stamped with numbers of this run.
    fn push(&self, run: u32) -> Push {
        Push::new(run, &self.address.to_string(), &self.path, &self.secret)
    }
}

/// What did not go well for the generator.
#[derive(Debug, Default)]
struct Trouble {
    /// Answers other than 2xx.
    refused: AtomicU64,
    /// Requests whose connection failed before the answer was complete.
    broken: AtomicU64,
}

impl Trouble {
    fn refused(&self) {
        self.refused.fetch_add(1, Ordering::Relaxed);
    }

    fn broken(&self) {
        self.broken.fetch_add(1, Ordering::Relaxed);
    }

    fn counts(&self) -> Unacknowledged {
        Unacknowledged {
            refused: self.refused.load(Ordering::Relaxed),
            broken: self.broken.load(Ordering::Relaxed),
        }
    }
}

/// How many requests were sent and not acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unacknowledged {
    /// Answered with something other than 2xx.
    pub(crate) refused: u64,
    /// Not answered: the connection failed, or could not be made.
    pub(crate) broken: u64,
}

impl Unacknowledged {
    /// All of them.
    pub(crate) fn total(self) -> u64 {
        self.refused + self.broken
    }
}
