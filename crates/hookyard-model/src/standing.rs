//! How a destination's lane stands at this moment: what the deliver stage says of it, for whoever looks.
//! Never stored; a restart begins with a closed breaker.

use crate::clock::Timestamp;

/// How a lane stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Whether a breaker keeps events back.
    pub breaker: BreakerState,
    /// How many attempts may run at the same time, while that is fewer than configured.
    pub slowed_to: Option<u32>,
}

/// What a lane's breaker does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BreakerState {
    /// Events pass.
    #[default]
    Closed,
    /// Events wait.
    Open {
        /// When it opened for the first time since it was last closed.
        since: Timestamp,
        /// When the next probe may be made: one event, to see whether the destination has recovered.
        next_probe_at: Timestamp,
    },
    /// Events wait, and a probe is under way.
    HalfOpen {
        /// When it opened for the first time since it was last closed.
        since: Timestamp,
    },
}

impl BreakerState {
    /// The name in the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open { .. } => "open",
            Self::HalfOpen { .. } => "half_open",
        }
    }

    /// Since when it keeps events back, where it does.
    pub const fn since(self) -> Option<Timestamp> {
        match self {
            Self::Closed => None,
            Self::Open { since, .. } | Self::HalfOpen { since } => Some(since),
        }
    }
}

/// Why an event that could be delivered is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeldBy {
    /// Its connection is disabled.
    ConnectionDisabled,
    /// Its destination is paused.
    DestinationPaused,
    /// Its destination's breaker is open.
    BreakerOpen,
}

impl HeldBy {
    /// The name in the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ConnectionDisabled => "connection_disabled",
            Self::DestinationPaused => "destination_paused",
            Self::BreakerOpen => "breaker_open",
        }
    }
}
