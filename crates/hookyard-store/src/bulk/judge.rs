//! Which events a bulk operation leaves out, and why. Pure: the plan counts by it, and the run acts by it.
//!
//! **Invariant:** what was delivered is sent again only where that was asked for, whatever the query says.

use hookyard_model::event::EventState;
use hookyard_model::id::ConnectionId;
use hookyard_model::rule::DiscardCause;

use super::Order;
use crate::by_hand::Action;
use crate::catalog::Snapshot;

/// Why nothing is done to an event that the query finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LeftOut {
    /// It was delivered, and successful ones were not asked for.
    Successful,
    /// A person or a rule ended it, and the query does not ask for that state.
    StateNotNamed,
    /// Its transformation failed, so that there is nothing to deliver: it can be replayed.
    NotTransformed,
    /// It waits already, and is delivered without being asked to.
    Waiting,
    /// It has ended, so there is nothing to cancel.
    Ended,
    /// Its connection is disabled.
    ConnectionDisabled,
    /// Its connection was deleted.
    ConnectionDeleted,
}

impl LeftOut {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Successful,
        Self::StateNotNamed,
        Self::NotTransformed,
        Self::Waiting,
        Self::Ended,
        Self::ConnectionDisabled,
        Self::ConnectionDeleted,
    ];

    /// The name in the API and in the database.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Successful => "successful",
            Self::StateNotNamed => "state_not_named",
            Self::NotTransformed => "not_transformed",
            Self::Waiting => "waiting",
            Self::Ended => "ended",
            Self::ConnectionDisabled => "connection_disabled",
            Self::ConnectionDeleted => "connection_deleted",
        }
    }
}

/// What the answer depends on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Standing {
    pub(super) state: EventState,
    /// Scheduled, and the time has come.
    pub(super) is_due: bool,
    pub(super) discarded: Option<DiscardCause>,
    pub(super) connection: ConnectionId,
}

/// Why an event is left out; none where it is not.
pub(super) fn left_out(order: &Order, snapshot: &Snapshot, event: Standing) -> Option<LeftOut> {
    if order.action == Action::Cancel {
        return (!event.state.is_undelivered()).then_some(LeftOut::Ended);
    }
    let by_state = match event.state {
        EventState::Successful if !order.include_successful => Some(LeftOut::Successful),
        EventState::Cancelled if !is_named(order, event.state) => Some(LeftOut::StateNotNamed),
        // What rules discarded is what replays are for, but a retry goes around the rules.
        EventState::Discarded if order.action == Action::Retry && !is_named(order, event.state) => {
            Some(LeftOut::StateNotNamed)
        }
        EventState::Discarded
            if order.action == Action::Retry && event.discarded == Some(DiscardCause::TransformError) =>
        {
            Some(LeftOut::NotTransformed)
        }
        EventState::Queued | EventState::Delivering => Some(LeftOut::Waiting),
        // Its attempt may be under way.
        EventState::Scheduled if event.is_due => Some(LeftOut::Waiting),
        EventState::Scheduled | EventState::Held if order.action == Action::Replay => Some(LeftOut::Waiting),
        EventState::Scheduled
        | EventState::Held
        | EventState::Successful
        | EventState::Failed
        | EventState::Cancelled
        | EventState::Discarded => None,
    };
    by_state.or_else(|| by_connection(snapshot, event.connection))
}

fn is_named(order: &Order, state: EventState) -> bool {
    order.filter.state == Some(state)
}

fn by_connection(snapshot: &Snapshot, connection: ConnectionId) -> Option<LeftOut> {
    match snapshot.connections.get(&connection) {
        None => Some(LeftOut::ConnectionDeleted),
        Some(connection) if connection.disabled.is_some() => Some(LeftOut::ConnectionDisabled),
        Some(_) => None,
    }
}
