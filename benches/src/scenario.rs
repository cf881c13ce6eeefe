//! The scenarios, one file each. What they find goes into the [`Figures`].

mod backlog;
mod beside;
mod crash;
mod dashboard;
mod delivery;
mod footprint;
mod history;
mod ingest;
mod isolation;
mod latency;
mod many;
mod overload;
mod rate;
mod recovery;
mod rules;
mod throttle;

use crate::bench::Bench;
use crate::figures::Figures;
use crate::ledger::{Accounts, Row};

/// More events than any closed loop sends in a window: 40 s at 100,000/s.
const CLOSED_ROWS: Row = 4_000_000;

/// A scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Name {
    /// Only what bare hyper does.
    Floors,
    /// Acknowledged per second.
    Ingest,
    /// Delivered per second.
    E2e,
    /// The same with rules, and in order.
    Rules,
    /// A destination with a rate.
    Throttle,
    /// Latency at a steady rate.
    Latency,
    /// More is offered than can be delivered.
    Overload,
    /// A million events behind a dead destination.
    #[value(name = "backlog_1m")]
    Backlog,
    /// A dead destination comes back.
    Recovery,
    /// SIGKILL with undelivered events.
    Crash,
    /// A healthy destination beside three bad ones.
    Isolation,
    /// A thousand destinations, twenty of them bad.
    Many,
    /// A million stored events are looked at.
    History,
    /// The same in the browser, and events as they come in.
    Dashboard,
    /// Start, memory and disk.
    Footprint,
}

impl Name {
    /// Those that make up a whole benchmark; the floors are measured in each that has one.
    pub(crate) const ALL: [Self; 14] = [
        Self::Footprint,
        Self::Ingest,
        Self::E2e,
        Self::Rules,
        Self::Throttle,
        Self::Latency,
        Self::Overload,
        Self::Recovery,
        Self::Crash,
        Self::Isolation,
        Self::Many,
        Self::History,
        Self::Dashboard,
        Self::Backlog,
    ];

    /// Its name on the command line.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Floors => "floors",
            Self::Ingest => "ingest",
            Self::E2e => "e2e",
            Self::Rules => "rules",
            Self::Throttle => "throttle",
            Self::Latency => "latency",
            Self::Overload => "overload",
            Self::Backlog => "backlog_1m",
            Self::Recovery => "recovery",
            Self::Crash => "crash",
            Self::Isolation => "isolation",
            Self::Many => "many",
            Self::History => "history",
            Self::Dashboard => "dashboard",
            Self::Footprint => "footprint",
        }
    }

    /// What it does, for whoever waits for it.
    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::Floors => "floors: bare hyper alone",
            Self::Ingest => "ingest: 64 connections, nothing to deliver",
            Self::E2e => "e2e: 64 connections, everything delivered",
            Self::Rules => "rules: the same with a filter, a transformation, an order",
            Self::Throttle => "throttle: a destination with a rate of 100/s",
            Self::Latency => "latency: 50/s and 1,000/s",
            Self::Overload => "overload: 256 connections",
            Self::Backlog => "backlog_1m: a dead destination",
            Self::Recovery => "recovery: a destination that was dead comes back",
            Self::Crash => "crash: SIGKILL under load",
            Self::Isolation => "isolation: one healthy destination of four",
            Self::Many => "many: a thousand destinations, ten hanging and ten failing",
            Self::History => "history: lists, filters and searches over a million events",
            Self::Dashboard => "dashboard: first paint, size, and 1,000 events/s in the browser",
            Self::Footprint => "footprint: start, memory, disk",
        }
    }

    /// Whether it needs the binary under test.
    pub(crate) fn needs_hookyard(self) -> bool {
        self != Self::Floors
    }

    /// Runs it.
    ///
    /// # Errors
    /// When something under test fails, or does not answer.
    pub(crate) fn run(self, bench: &Bench, figures: &mut Figures) -> anyhow::Result<()> {
        match self {
            Self::Floors => {
                for _ in 0..bench.plan.rounds {
                    ingest::floor(bench, figures)?;
                    delivery::floor(bench, figures)?;
                }
                Ok(())
            }
            Self::Ingest => ingest::run(bench, figures),
            Self::E2e => delivery::run(bench, figures),
            Self::Rules => rules::run(bench, figures),
            Self::Throttle => throttle::run(bench, figures),
            Self::Latency => latency::run(bench, figures),
            Self::Overload => overload::run(bench, figures),
            Self::Backlog => backlog::run(bench, figures),
            Self::Recovery => recovery::run(bench, figures),
            Self::Crash => crash::run(bench, figures),
            Self::Isolation => isolation::run(bench, figures),
            Self::Many => many::run(bench, figures),
            Self::History => history::run(bench, figures),
            Self::Dashboard => dashboard::run(bench, figures),
            Self::Footprint => footprint::run(bench, figures),
        }
    }
}

/// Adds a run's losses and duplicates to the totals, and says so where there are any.
fn settle_accounts(figures: &mut Figures, accounts: Accounts) {
    if accounts.lost > 0 || accounts.strays > 0 {
        println!("  {accounts:?}");
    }
    figures.add("lost", accounts.lost);
    figures.add("duplicates", accounts.duplicates);
}
