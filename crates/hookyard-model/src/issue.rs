//! What an issue can be about.

/// What fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Events of a connection fail, with no tries left.
    Delivery,
    /// A transformation of a connection fails.
    Transform,
    /// A source's requests are rejected.
    Rejected,
    /// A destination's events wait for too long.
    Backpressure,
    /// A connection was disabled for what its destination did.
    Disabled,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Delivery, Self::Transform, Self::Rejected, Self::Backpressure, Self::Disabled];

    /// The name in the API and in the database.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Delivery => "delivery",
            Self::Transform => "transform",
            Self::Rejected => "rejected",
            Self::Backpressure => "backpressure",
            Self::Disabled => "disabled",
        }
    }

    /// The kind with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}
