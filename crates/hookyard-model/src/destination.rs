//! Destinations: where events go.

use std::time::Duration;

use crate::clock::Timestamp;
use crate::id::{DestinationId, ProjectId};
use crate::pacing::Pacing;
use crate::secret::Secret;
use crate::source::ManagedBy;

/// How long an attempt may take where nothing is said.
pub const TIMEOUT_DEFAULT: Duration = Duration::from_secs(30);
/// How many attempts run at the same time where nothing is said.
pub const CONCURRENCY_DEFAULT: u32 = 16;

/// An HTTP endpoint that events are delivered to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destination {
    /// Its identity.
    pub id: DestinationId,
    /// The project it belongs to.
    pub project: ProjectId,
    /// Its name, unique among the project's destinations.
    pub name: String,
    /// Absolute `http` or `https` URL without user info and fragment.
    pub url: String,
    /// Whether the request's path (behind the source token) and query are appended to the URL.
    pub append_path: bool,
    /// How long one attempt may take: connecting, headers and body together.
    pub timeout: Duration,
    /// How many attempts run at the same time, at least 1.
    pub concurrency: u32,
    /// How fast it is sent to, and what is done while it fails.
    pub pacing: Pacing,
    /// Since when nothing is delivered to it, because a person said so; none while it is not paused. Its
    /// events wait.
    pub paused_at: Option<Timestamp>,
    /// Since when every attempt has failed, where that was for long enough to be noted.
    pub failing_since: Option<Timestamp>,
    /// Standard Webhooks secrets (`whsec_` and base64); the first signs, the others sign too while
    /// they are being rotated out. Never empty.
    pub signing_secrets: Vec<Secret>,
    /// Who may change it.
    pub managed_by: ManagedBy,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}
