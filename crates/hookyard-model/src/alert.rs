//! Alerts: who is told of issues, of which, and how.

use std::time::Duration;

use crate::clock::Timestamp;
use crate::id::{AlertId, ConnectionId, ProjectId};
use crate::issue::Kind;
use crate::secret::Secret;
use crate::source::ManagedBy;

/// How often an alert tells of one issue at most, where nothing is said.
pub const INTERVAL_DEFAULT: Duration = Duration::from_secs(3600);
/// The rarest that it can.
pub const INTERVAL_MAX: Duration = Duration::from_secs(30 * 24 * 3600);
/// Alerts of a project.
pub const ALERTS_MAX: usize = 100;
/// Connections that an alert can be restricted to.
pub const CONNECTIONS_MAX: usize = 100;
/// Whom one email goes to.
pub const RECIPIENTS_MAX: usize = 20;

/// Tells people when an issue opens, opens again, or is resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    /// Its identity.
    pub id: AlertId,
    /// The project it belongs to.
    pub project: ProjectId,
    /// Its name, unique among the project's alerts.
    pub name: String,
    /// The kinds of issue that it tells of, in the order of [`Kind::ALL`]; never empty.
    pub on: Vec<Kind>,
    /// The connections that it tells of; empty for all.
    pub connections: Vec<ConnectionId>,
    /// Whether it also tells that an issue is resolved.
    pub resolutions: bool,
    /// That an issue has opened is told once in this time; what happens meanwhile is told together when it is over.
    /// Zero to tell every time.
    pub interval: Duration,
    /// Whether it tells anything.
    pub enabled: bool,
    /// How.
    pub channel: Channel,
    /// Who may change it.
    pub managed_by: ManagedBy,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// How people are told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Channel {
    /// A signed request.
    Webhook(Webhook),
    /// An incoming webhook of Slack, or of what takes the same.
    Slack(Slack),
    /// An email.
    Email(Email),
}

/// A request that is signed after Standard Webhooks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Webhook {
    /// Absolute `http` or `https` URL without user info and fragment.
    pub url: String,
    /// `whsec_` and the base64 of the key.
    pub secret: Secret,
}

/// An incoming webhook as Slack has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slack {
    /// Its URL; whoever knows it can post.
    pub url: Secret,
}

/// An email that is handed to a mail server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Email {
    /// The mail server: a host name or an address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection to it is encrypted.
    pub security: Security,
    /// As whom it is logged in; none for without.
    pub login: Option<Login>,
    /// The sender's address.
    pub from: String,
    /// The addresses of those who are told; never empty.
    pub to: Vec<String>,
}

/// A name and its password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    /// The name.
    pub user: String,
    /// The password.
    pub password: Secret,
}

/// How a connection to a mail server is encrypted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Security {
    /// From the first byte on (RFC 8314).
    Tls,
    /// After `STARTTLS` (RFC 3207), or not at all: nothing is sent to a server that does not offer it.
    #[default]
    StartTls,
    /// It is not.
    None,
}

impl Channel {
    /// The names of all kinds.
    pub const TYPES: [&'static str; 3] = ["webhook", "slack", "email"];

    /// The name of its kind in the API, in the configuration file, in metrics and in stored forms.
    pub const fn type_name(&self) -> &'static str {
        match self {
            Self::Webhook(_) => "webhook",
            Self::Slack(_) => "slack",
            Self::Email(_) => "email",
        }
    }
}

impl Security {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Tls, Self::StartTls, Self::None];

    /// The name in the API, in the configuration file and in stored forms.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tls => "tls",
            Self::StartTls => "starttls",
            Self::None => "none",
        }
    }

    /// What goes by this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|security| security.name() == name)
    }

    /// The port that mail servers listen at for it.
    pub const fn port(self) -> u16 {
        match self {
            Self::Tls => 465,
            Self::StartTls => 587,
            Self::None => 25,
        }
    }
}
