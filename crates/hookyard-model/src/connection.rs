//! Connections: a source joined to a destination.

use crate::clock::Timestamp;
use crate::id::{ConnectionId, DestinationId, ProjectId, SourceId};
use crate::order::Order;
use crate::retry::Retry;
use crate::rule::Rule;
use crate::source::ManagedBy;

/// A source joined to a destination, with the rules that hold between them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    /// Its identity.
    pub id: ConnectionId,
    /// The project it belongs to.
    pub project: ProjectId,
    /// Its name, unique among the project's connections.
    pub name: String,
    /// Where its events come from.
    pub source: SourceId,
    /// Where its events go.
    pub destination: DestinationId,
    /// What its events go through before they are delivered, in this order.
    pub rules: Vec<Rule>,
    /// Which of its events go out one after the other.
    pub order: Order,
    /// When failed attempts are made again.
    pub retry: Retry,
    /// None while it is enabled; otherwise why and since when it is not. A disabled connection takes
    /// no new events, and those it has are held.
    pub disabled: Option<Disabled>,
    /// Who may change it.
    pub managed_by: ManagedBy,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// Why a connection is disabled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disabled {
    /// The cause.
    pub cause: DisableCause,
    /// Since when.
    pub at: Timestamp,
}

/// What can disable a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DisableCause {
    /// A person did, in the API or the configuration file.
    ByHand,
    /// The destination answered `410 Gone`.
    DestinationGone,
    /// The destination did nothing but fail for as long as its settings allow.
    DestinationFailing,
    /// It stood in the configuration file and no longer does.
    RemovedFromFile,
}

impl DisableCause {
    /// The name in the API and in stored forms.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ByHand => "by_hand",
            Self::DestinationGone => "destination_gone",
            Self::DestinationFailing => "destination_failing",
            Self::RemovedFromFile => "removed_from_file",
        }
    }

    /// The cause with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::ByHand, Self::DestinationGone, Self::DestinationFailing, Self::RemovedFromFile]
            .into_iter()
            .find(|cause| cause.name() == name)
    }

    /// Whether it is for what the destination did: it then ends when the connection leads elsewhere, and the
    /// API can end it also where the configuration file declares the connection.
    pub const fn is_the_destinations(self) -> bool {
        match self {
            Self::DestinationGone | Self::DestinationFailing => true,
            Self::ByHand | Self::RemovedFromFile => false,
        }
    }
}
