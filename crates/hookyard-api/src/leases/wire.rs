//! Leased events on the wire.

use std::time::Duration;

use hookyard_model::destination::{LEASE_MAX, LEASE_MIN};
use hookyard_model::id::LeaseId;
use hookyard_store::lanes::{ChangeTo, LeaseState, Leased, Message};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::openapi::{id, names};
use crate::payload::{HeaderLines, HeaderText, Payload, headers};
use crate::problem::Problem;
use crate::time::Rfc3339;

/// Most events in one answer.
const EVENTS_MAX: usize = 100;
const EVENTS_DEFAULT: usize = 10;
/// The longest that a call waits for events.
const WAIT_MAX: Duration = Duration::from_secs(20);
/// Most leases that one call changes.
const LEASES_MAX: usize = 1_000;
/// The longest wait that a consumer can ask for.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(24 * 3600);
/// The longest reason, in bytes.
const REASON_BYTES_MAX: usize = 1_024;

/// What a body says about the events that are wanted.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ReceiveFields {
    /// How many events at most; 10 by default.
    #[schema(minimum = 1, maximum = 100)]
    max: Option<usize>,
    /// How long to wait for the first one; not at all by default.
    #[schema(maximum = 20_000)]
    wait_ms: Option<u64>,
    /// How long the consumer has them; by default the destination's.
    #[schema(minimum = 1000, maximum = 43_200_000)]
    lease_ms: Option<u64>,
}

/// The events that are wanted.
pub(super) struct Wanted {
    pub(super) events_max: usize,
    pub(super) wait: Duration,
    pub(super) lease: Option<Duration>,
}

impl ReceiveFields {
    /// What is wanted.
    ///
    /// # Errors
    /// A value out of its bounds.
    pub(super) fn read(self) -> Result<Wanted, Problem> {
        let events_max = self.max.unwrap_or(EVENTS_DEFAULT);
        if !(1..=EVENTS_MAX).contains(&events_max) {
            return Err(Problem::invalid_field("max", format!("expected a number from 1 to {EVENTS_MAX}")));
        }
        let wait = Duration::from_millis(self.wait_ms.unwrap_or(0));
        if wait > WAIT_MAX {
            let reason = format!("expected at most {} ms: ask again after that", WAIT_MAX.as_millis());
            return Err(Problem::invalid_field("wait_ms", reason));
        }
        Ok(Wanted { events_max, wait, lease: self.lease_ms.map(lease).transpose()? })
    }
}

fn lease(ms: u64) -> Result<Duration, Problem> {
    let lease = Duration::from_millis(ms);
    if (LEASE_MIN..=LEASE_MAX).contains(&lease) {
        return Ok(lease);
    }
    let (min, max) = (LEASE_MIN.as_millis(), LEASE_MAX.as_millis());
    Err(Problem::invalid_field("lease_ms", format!("expected a number from {min} to {max}")))
}

/// What a body says of events that are delivered.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct AcknowledgedFields {
    /// Which leases.
    #[schema(value_type = Vec<id::Lease>, min_items = 1, max_items = 1000, required)]
    pub(super) lease_ids: Option<Vec<String>>,
}

/// What a body says of attempts that have failed.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct NackedFields {
    /// Which leases.
    #[schema(value_type = Vec<id::Lease>, min_items = 1, max_items = 1000, required)]
    lease_ids: Option<Vec<String>>,
    /// The least wait before the next attempt.
    #[schema(maximum = 86_400_000)]
    retry_after_ms: Option<u64>,
    /// Why, for people.
    #[schema(max_length = 1024)]
    reason: Option<String>,
}

impl NackedFields {
    /// Of which leases, and what.
    ///
    /// # Errors
    /// A value out of its bounds.
    pub(super) fn read(self) -> Result<(Option<Vec<String>>, ChangeTo), Problem> {
        let retry_after = self.retry_after_ms.map(Duration::from_millis);
        if retry_after.is_some_and(|wait| wait > RETRY_AFTER_MAX) {
            let reason = format!("expected at most {} ms", RETRY_AFTER_MAX.as_millis());
            return Err(Problem::invalid_field("retry_after_ms", reason));
        }
        if self.reason.as_ref().is_some_and(|reason| reason.len() > REASON_BYTES_MAX) {
            return Err(Problem::invalid_field(
                "reason",
                format!("expected at most {REASON_BYTES_MAX} bytes"),
            ));
        }
        let reason = self.reason.filter(|reason| !reason.is_empty());
        Ok((self.lease_ids, ChangeTo::Nacked { retry_after, reason }))
    }
}

/// What a body says of leases that are to end later.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ExtendedFields {
    /// Which leases.
    #[schema(value_type = Vec<id::Lease>, min_items = 1, max_items = 1000, required)]
    lease_ids: Option<Vec<String>>,
    /// They end after this time from now.
    #[schema(value_type = u64, minimum = 1000, maximum = 43_200_000, required)]
    lease_ms: Option<u64>,
}

impl ExtendedFields {
    /// Which leases, and until when.
    ///
    /// # Errors
    /// No time, or one out of its bounds.
    pub(super) fn read(self) -> Result<(Option<Vec<String>>, ChangeTo), Problem> {
        let ms = self.lease_ms.ok_or_else(|| Problem::missing_field("lease_ms"))?;
        Ok((self.lease_ids, ChangeTo::Extended(lease(ms)?)))
    }
}

/// The leases that are meant.
///
/// # Errors
/// None, too many, or text that is no lease.
pub(super) fn lease_ids(given: Option<Vec<String>>) -> Result<Vec<LeaseId>, Problem> {
    let given = given.ok_or_else(|| Problem::missing_field("lease_ids"))?;
    if !(1..=LEASES_MAX).contains(&given.len()) {
        let reason = format!("expected from 1 to {LEASES_MAX} ids");
        return Err(Problem::invalid_field("lease_ids", reason));
    }
    let read = |(place, text): (usize, &String)| {
        let wrong = |error| Problem::invalid_field(&format!("lease_ids[{place}]"), error);
        text.parse().map_err(wrong)
    };
    given.iter().enumerate().map(read).collect()
}

/// Events that a consumer is given.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReceivedView {
    events: Vec<LeasedView>,
}

#[derive(Debug, Serialize, ToSchema)]
struct LeasedView {
    #[schema(value_type = id::Event)]
    event_id: String,
    #[schema(value_type = id::Lease)]
    lease_id: String,
    lease_ends_at: Rfc3339,
    /// Which attempt this is, from 1.
    attempt: u32,
    #[schema(value_type = names::Trigger)]
    trigger: &'static str,
    request: MessageView,
}

#[derive(Debug, Serialize, ToSchema)]
struct MessageView {
    method: String,
    /// Behind the source's token.
    path: String,
    query: Option<String>,
    #[schema(value_type = Vec<(String, HeaderText)>)]
    headers: HeaderLines,
    body: Payload,
    received_at: Rfc3339,
}

impl ReceivedView {
    pub(super) fn new(events: Vec<Leased>) -> Self {
        Self { events: events.into_iter().map(LeasedView::from).collect() }
    }
}

impl From<Leased> for LeasedView {
    fn from(leased: Leased) -> Self {
        let Leased { event, lease, ends_at, number, trigger, message } = leased;
        Self {
            event_id: event.to_string(),
            lease_id: lease.to_string(),
            lease_ends_at: Rfc3339(ends_at),
            attempt: number,
            trigger: trigger.name(),
            request: MessageView::from(message),
        }
    }
}

impl From<Message> for MessageView {
    fn from(message: Message) -> Self {
        Self {
            headers: headers(&message.headers),
            body: Payload::whole(&message.body),
            received_at: Rfc3339(message.received_at),
            method: message.method,
            path: message.path,
            query: message.query,
        }
    }
}

/// What leases are after a call that changes them.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LeasesView {
    leases: Vec<LeaseView>,
}

#[derive(Debug, Serialize, ToSchema)]
struct LeaseView {
    #[schema(value_type = id::Lease)]
    lease_id: String,
    #[schema(value_type = names::LeaseState)]
    state: &'static str,
    /// Where it is leased.
    lease_ends_at: Option<Rfc3339>,
}

impl LeasesView {
    pub(super) fn new(leases: &[LeaseId], states: &[LeaseState]) -> Self {
        let view = |(id, state): (&LeaseId, &LeaseState)| LeaseView {
            lease_id: id.to_string(),
            state: state.name(),
            lease_ends_at: match state {
                LeaseState::Leased(ends_at) => Some(Rfc3339(*ends_at)),
                _ => None,
            },
        };
        Self { leases: leases.iter().zip(states).map(view).collect() }
    }
}
