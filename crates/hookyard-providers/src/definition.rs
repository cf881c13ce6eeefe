//! The language in which a provider is described: what a file in `catalogue/` may say.
//!
//! These types are read twice: by the build script, which refuses a file that says something else, and
//! at run time from the form that the build script made of the files. They hold text as it was written;
//! `template` takes the templates apart, `check` says what is wrong with a description, and the engine
//! compiles one, with a source's secrets, into something that judges requests.
//!
//! Two kinds of text occur throughout. A **value** says where something stands: `header:x-event-id`,
//! `json:/data/id`, `query:challenge|lower`. A **template** is text with values in braces:
//! `v0:{timestamp}:{body}`. `CATALOGUE.md` lists all of both.

// Named by their paths, as the build script reads this file under another one.
#[path = "definition/fields.rs"]
mod fields;
#[path = "definition/handshake.rs"]
mod handshake;
#[path = "definition/key.rs"]
mod key;
#[path = "definition/scheme.rs"]
mod scheme;
#[path = "definition/token.rs"]
mod token;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use fields::*;
pub use handshake::*;
pub use key::*;
pub use scheme::*;
pub use token::*;

/// One provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provider {
    /// The name in configuration: the file's name. Not written in the file.
    #[serde(default)]
    pub name: String,
    /// The name for people.
    pub title: String,
    /// The kind of business, for example `payments`.
    pub category: String,
    /// The provider's own document on its webhooks, where there is a public one.
    pub docs: Option<String>,
    /// How sure the description is.
    pub confidence: Confidence,
    /// What a person who sets up a source should know beyond the rest, in whole sentences.
    pub note: Option<String>,
    /// What the source's secrets are; none where nothing secret is needed.
    pub secret: Option<Secret>,
    /// Further settings of a source, beside those that follow from the rest (`scheme`, `tolerance_s`).
    #[serde(default)]
    pub setting: Vec<Setting>,
    /// How requests prove where they come from. The first is used unless the setting `scheme` names
    /// another.
    pub scheme: Vec<Scheme>,
    /// What the provider asks of a URL before, or between, its webhooks. The first that applies answers.
    #[serde(default)]
    pub handshake: Vec<Handshake>,
    /// What the provider wants to be answered.
    #[serde(default)]
    pub answer: Answer,
    /// Where event id, topic and time stand.
    #[serde(default)]
    pub fields: Fields,
    /// A request as the provider sends it, for `hookyard sign` and for the generated tests.
    #[serde(default)]
    pub example: Example,
    /// Requests with the provider's own signature, from its documents or its own code. Only for tests:
    /// they are not compiled in.
    #[serde(default, skip_serializing)]
    pub vector: Vec<Vector>,
}

/// How sure a description is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Confidence {
    /// Tested against the provider's own code or a published vector.
    High,
    /// From the provider's documents.
    Medium,
    /// Pieced together; try it before you rely on it.
    Low,
}

/// What the secrets of a source are at this provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Secret {
    /// What the provider calls it, for example `signing secret`.
    pub called: String,
    /// Where a person finds it, as a path through the provider's screens or a way to make one.
    pub found: Option<String>,
    /// Whether it is a public key or an identifier, which need not be hidden.
    #[serde(default)]
    pub public: bool,
    /// Whether a source can be saved without one, because a handshake brings it.
    #[serde(default)]
    pub captured: bool,
    /// A value of the right form, for tests and `hookyard sign`; made up.
    pub example: Option<String>,
}

/// A further setting of a source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Setting {
    /// Its name, in lower case with underscores.
    pub name: String,
    /// What it means, in one sentence.
    pub meaning: String,
    /// Whether it must be given.
    #[serde(default)]
    pub required: bool,
    /// What holds where it is not given.
    pub default: Option<String>,
    /// The values it may have; empty for any.
    #[serde(default)]
    pub values: Vec<String>,
    /// Whether it is kept like a secret.
    #[serde(default)]
    pub secret: bool,
    /// A value for tests and `hookyard sign`; made up.
    pub example: Option<String>,
}

/// A request as the provider sends it, apart from what signing adds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Example {
    /// The method; `POST` where not given.
    pub method: Option<String>,
    /// What follows the source's URL: `/more?query`.
    #[serde(default)]
    pub suffix: String,
    /// Header lines beside those that signing adds; `content-type: application/json` where not given.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// The body.
    pub body: Option<String>,
    /// Fields of the token's header beside the algorithm.
    #[serde(default)]
    pub token_header: BTreeMap<String, String>,
}

/// A request with a signature that somebody else made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vector {
    /// Where it was published: a document's address, or a package and its version.
    pub source: String,
    /// The scheme, where the provider has several.
    pub scheme: Option<String>,
    /// The secrets to configure.
    #[serde(default)]
    pub secrets: Vec<String>,
    /// The settings to configure.
    #[serde(default)]
    pub settings: BTreeMap<String, String>,
    /// The source's registered URL, where it is signed.
    pub url: Option<String>,
    /// The method; `POST` where not given.
    pub method: Option<String>,
    /// What follows the source's URL.
    #[serde(default)]
    pub suffix: String,
    /// All header lines that matter.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// The body.
    #[serde(default)]
    pub body: String,
    /// The time at which it is judged, in seconds since the Unix epoch.
    #[serde(default)]
    pub now_s: u64,
    /// Documents that would have to be fetched, by URL.
    #[serde(default)]
    pub fetched: BTreeMap<String, String>,
}
