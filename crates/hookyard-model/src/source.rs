//! Sources: where webhooks of one provider come in.

use std::collections::BTreeMap;

use crate::clock::Timestamp;
use crate::id::{ProjectId, SourceId};
use crate::secret::Secret;

/// A named entry point for webhooks of one provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Its identity.
    pub id: SourceId,
    /// The project it belongs to.
    pub project: ProjectId,
    /// Its name, unique among the project's sources.
    pub name: String,
    /// The first path segment of its URL; whoever knows it can send.
    pub token: String,
    /// The whole URL that the provider was given, where it is not the server's public URL and the token:
    /// a proxy in front rewrites the path.
    pub public_url: Option<String>,
    /// How a request proves that it comes from the provider.
    pub verification: Verification,
    /// Methods it takes, in upper case; empty for all.
    pub methods: Vec<String>,
    /// What an accepted request is answered with; none for `200 {"request_id": …}`.
    pub answer: Option<Answer>,
    /// Who may change it.
    pub managed_by: ManagedBy,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl Source {
    /// The URL that the provider was given, up to and including the token or what stands for it; none
    /// where neither the source nor the server has a public URL. `server` has no closing slash.
    pub fn url(&self, server: Option<&str>) -> Option<String> {
        url(self.public_url.as_deref(), server, &self.token)
    }
}

/// [`Source::url`], of what is not a source yet.
pub fn url(public_url: Option<&str>, server: Option<&str>, token: &str) -> Option<String> {
    match (public_url, server) {
        (Some(whole), _) => Some(whole.to_owned()),
        (None, Some(server)) => Some(format!("{server}/{token}")),
        (None, None) => None,
    }
}

/// How requests of a source are verified. What the settings mean is `hookyard-providers`' business.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verification {
    /// The provider's name in the catalogue (`github`, `stripe`, `hmac`, …); `none` accepts everything.
    pub provider: String,
    /// Secrets that are valid now; a signature made with any of them is accepted.
    pub secrets: Vec<Secret>,
    /// The provider's further settings by name, for example `header` and `encoding` of `hmac`.
    pub settings: BTreeMap<String, String>,
}

impl Verification {
    /// The secrets' texts, in order, for what verifies with them.
    pub fn exposed_secrets(&self) -> Vec<&str> {
        self.secrets.iter().map(Secret::expose).collect()
    }
}

/// A custom answer to an accepted request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Status code, 200 to 299.
    pub status: u16,
    /// `Content-Type`, none for no such header.
    pub content_type: Option<String>,
    /// The body.
    pub body: String,
}

/// Who may change a source, destination or connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ManagedBy {
    /// The API: whoever holds a key.
    Api,
    /// The configuration file: the API only reads it.
    File,
}
