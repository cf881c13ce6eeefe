//! Where a provider says what its event is.

use serde::{Deserialize, Serialize};

use super::scheme::Unit;

/// Where event id, topic and time stand.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fields {
    /// Templates for the id that stays the same when an event is sent again; the first that can be
    /// filled counts.
    #[serde(default)]
    pub id: Vec<String>,
    /// Templates for what happened, for example `invoice.paid`.
    #[serde(default)]
    pub topic: Vec<String>,
    /// When it happened.
    pub time: Option<FieldTime>,
}

/// When an event happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FieldTime {
    /// Where it stands; a value.
    pub from: String,
    /// How it is written.
    #[serde(default)]
    pub unit: Unit,
}
