//! What it was to run a transformation: what it printed, and what it took.

use std::time::Duration;

/// One run of a transformation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Execution {
    /// What the code printed.
    pub console: Console,
    /// Processor time that the run took.
    pub cpu: Duration,
}

/// What code printed, within its limits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Console {
    /// The lines in their order.
    pub lines: Vec<ConsoleLine>,
    /// How many lines more there were.
    pub dropped: u64,
}

/// One line of the console.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsoleLine {
    /// How it was printed.
    pub level: Level,
    /// The text; several arguments are joined by a space, objects are JSON.
    pub text: String,
}

/// The level of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Level {
    /// `console.debug`
    Debug,
    /// `console.log`
    Log,
    /// `console.info`
    Info,
    /// `console.warn`
    Warn,
    /// `console.error`
    Error,
}

impl Level {
    /// All of them, from the lowest.
    pub const ALL: [Self; 5] = [Self::Debug, Self::Log, Self::Info, Self::Warn, Self::Error];

    /// The name in the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Log => "log",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
        }
    }

    /// The number in stored forms; never reused for another level.
    pub const fn code(self) -> u8 {
        match self {
            Self::Debug => 1,
            Self::Log => 2,
            Self::Info => 3,
            Self::Warn => 4,
            Self::Error => 5,
        }
    }

    /// The level with this number.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.code() == code)
    }
}
