//! Destinations: where events go, and how they get there.

use std::time::Duration;

use crate::auth::Auth;
use crate::clock::Timestamp;
use crate::id::{DestinationId, ProjectId};
use crate::pacing::Pacing;
use crate::secret::Secret;
use crate::source::ManagedBy;

/// How long an attempt may take where nothing is said.
pub const TIMEOUT_DEFAULT: Duration = Duration::from_secs(30);
/// How many attempts run at the same time where nothing is said.
pub const CONCURRENCY_DEFAULT: u32 = 16;
/// How many events of a pull destination are leased at the same time where nothing is said.
pub const LEASES_DEFAULT: u32 = 1_000;
/// How long an event is leased where nothing is said.
pub const LEASE_DEFAULT: Duration = Duration::from_secs(30);
/// The shortest time that an event can be leased for.
pub const LEASE_MIN: Duration = Duration::from_secs(1);
/// The longest.
pub const LEASE_MAX: Duration = Duration::from_secs(12 * 3600);
/// How long a signing secret that is rotated out goes on signing where nothing is said.
pub const OVERLAP_DEFAULT: Duration = Duration::from_secs(24 * 3600);
/// The longest that one can.
pub const OVERLAP_MAX: Duration = Duration::from_secs(30 * 24 * 3600);

/// Which version of HTTP a destination is spoken to in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HttpVersion {
    /// `https`: HTTP/2 where the server picks it, otherwise HTTP/1.1. `http`: HTTP/1.1.
    #[default]
    Auto,
    /// HTTP/1.1.
    One,
    /// HTTP/2, also without TLS ("prior knowledge").
    Two,
}

impl HttpVersion {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Auto, Self::One, Self::Two];

    /// The name in the API, the configuration file and stored forms.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::One => "1.1",
            Self::Two => "2",
        }
    }

    /// The one with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|version| version.name() == name)
    }
}

/// Where events are delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destination {
    /// Its identity.
    pub id: DestinationId,
    /// The project it belongs to.
    pub project: ProjectId,
    /// Its name, unique among the project's destinations.
    pub name: String,
    /// How events get there.
    pub reach: Reach,
    /// How many attempts run at the same time, at least 1.
    pub concurrency: u32,
    /// How fast it is sent to, and what is done while it fails.
    pub pacing: Pacing,
    /// Since when nothing is delivered to it, because a person said so; none while it is not paused. Its
    /// events wait.
    pub paused_at: Option<Timestamp>,
    /// Since when every attempt has failed, where that was for long enough to be noted.
    pub failing_since: Option<Timestamp>,
    /// Standard Webhooks secrets; all of them sign, those that are being rotated out until their end.
    /// Never empty, and the first has no end.
    pub signing_secrets: Vec<SigningSecret>,
    /// Who may change it.
    pub managed_by: ManagedBy,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// How events get to a destination. It is settled when the destination is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Hookyard sends them to a URL.
    Http(Http),
    /// A consumer asks for them, and says what became of each.
    Pull(Pull),
}

/// An HTTP endpoint that events are sent to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Http {
    /// Absolute `http` or `https` URL without user info and fragment.
    pub url: String,
    /// Whether the request's path (behind the source token) and query are appended to the URL.
    pub append_path: bool,
    /// How long one attempt may take: connecting, headers and body together.
    pub timeout: Duration,
    /// Which version of HTTP is spoken.
    pub http_version: HttpVersion,
    /// How the destination is told besides that it is us.
    pub auth: Auth,
}

/// What consumers are given where they do not ask for something else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pull {
    /// How long an event is leased: from [`LEASE_MIN`] to [`LEASE_MAX`].
    pub lease: Duration,
}

impl Reach {
    /// The name of its type in the API and the configuration file.
    pub const fn type_name(&self) -> &'static str {
        match self {
            Self::Http(_) => "http",
            Self::Pull(_) => "pull",
        }
    }

    /// Whether it is of the same type as another.
    pub const fn is_like(&self, other: &Self) -> bool {
        matches!((self, other), (Self::Http(_), Self::Http(_)) | (Self::Pull(_), Self::Pull(_)))
    }

    /// The endpoint, where there is one.
    pub const fn http(&self) -> Option<&Http> {
        match self {
            Self::Http(http) => Some(http),
            Self::Pull(_) => None,
        }
    }

    /// The URL, where there is one.
    pub fn url(&self) -> Option<&str> {
        self.http().map(|http| http.url.as_str())
    }
}

impl Http {
    /// An endpoint with the defaults for all but its URL.
    pub fn at(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            append_path: false,
            timeout: TIMEOUT_DEFAULT,
            http_version: HttpVersion::Auto,
            auth: Auth::None,
        }
    }
}

impl Default for Pull {
    fn default() -> Self {
        Self { lease: LEASE_DEFAULT }
    }
}

/// A Standard Webhooks secret that deliveries are signed with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SigningSecret {
    /// `whsec_` and the base64 of an HMAC key, or `whsk_` and that of an Ed25519 key.
    pub secret: Secret,
    /// What an Ed25519 secret's signatures are verified with; none of an HMAC key.
    pub public_key: Option<PublicKey>,
    /// When it stops signing; none for as long as it is there.
    pub ends_at: Option<Timestamp>,
}

/// An Ed25519 public key (RFC 8032).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PublicKey(pub [u8; 32]);

impl SigningSecret {
    /// Whether it signs at this time.
    pub fn signs_at(&self, now: Timestamp) -> bool {
        self.ends_at.is_none_or(|end| now < end)
    }
}
