//! Projects: closed sets of sources, destinations, connections and all that passes through them.

use crate::clock::Timestamp;
use crate::id::ProjectId;

/// Name of the project that exists at start.
pub const DEFAULT: &str = "default";

/// A closed set of everything else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Project {
    /// Its identity.
    pub id: ProjectId,
    /// Its name, unique.
    pub name: String,
    /// When it was made.
    pub created_at: Timestamp,
}
