//! What a provider asks of a URL, and what it is answered.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What a provider asks of a URL, and the answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Handshake {
    /// Its name, as it is shown on the stored request.
    pub name: String,
    /// The method; `POST` where not given.
    pub method: Option<String>,
    /// The path at which the host is asked, where that is not the source's URL. All sources of the
    /// provider answer together, each with its lines.
    pub path: Option<String>,
    /// What makes a request this handshake: all must hold.
    #[serde(default)]
    pub when: Vec<Condition>,
    /// Whether the request must be verified like any other before it is answered.
    #[serde(default)]
    pub verified: bool,
    /// What must hold beyond `when` for the good answer.
    #[serde(default)]
    pub expect: Vec<Condition>,
    /// Text that the answers hold as the value `text`: a template, for what is made of several values.
    pub text: Option<String>,
    /// The text chosen by the sender that the answer signs, and what it may consist of. Needed where the
    /// answer is made with the source's secret.
    pub signs: Option<Chosen>,
    /// The value that becomes the source's secret, if it has none yet.
    pub capture: Option<String>,
    /// The good answer.
    #[serde(default)]
    pub respond: Respond,
    /// The answer where `expect` does not hold; 403 where not given.
    pub otherwise: Option<Respond>,
    /// What is called afterwards, once the request is verified and durable.
    pub then: Option<Then>,
}

/// Something that holds of a request or not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Condition {
    /// What is looked at; a value.
    pub value: String,
    /// What it must be; a template. Where neither this nor `listed_in` is given, it must only be there.
    pub equals: Option<String>,
    /// A list that it must stand in; a template. Commas or white space separate its elements, and the
    /// element `*` stands for anything.
    pub listed_in: Option<String>,
    /// Whether it must not be there.
    #[serde(default)]
    pub absent: bool,
}

/// Text chosen by the sender that an answer signs. Bounds keep the answer from being a signature that
/// would pass for the provider's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Chosen {
    /// Where it stands; a value.
    pub value: String,
    /// What it may consist of.
    pub characters: Characters,
    /// The most bytes it may have.
    pub bytes_max: usize,
}

/// Sets of characters. None has the brace, quote or colon that every signed message holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Characters {
    /// `0-9 a-f`.
    Hex,
    /// Letters, digits, `-` and `_`.
    Token,
    /// Letters, digits, `-`, `_`, `+`, `/` and `=`.
    Base64,
}

/// An answer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Respond {
    /// The status code; 200 where not given.
    pub status: Option<u16>,
    /// The media type of the body; `text/plain` where there is a body and none is given.
    pub content_type: Option<String>,
    /// The body; a template. Braces that are meant are doubled.
    pub body: Option<String>,
    /// Further headers; templates.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
}

/// A call that completes a handshake.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Then {
    /// The URL to get; a template.
    pub get: String,
    /// Hosts that the URL may name, `*.` standing for any subdomain.
    pub hosts: Vec<String>,
}

/// What the provider wants to be answered, where that is not any 2xx.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// The status for an accepted request, 200 where not given.
    pub status: Option<u16>,
    /// The media type of the body.
    pub content_type: Option<String>,
    /// The body; a template. `{"request_id": …}` where not given.
    pub body: Option<String>,
    /// Further headers; templates.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// The status for a request whose verification failed; 401 where not given.
    pub refused_status: Option<u16>,
    /// What the provider waits for and how it goes on when it does not get it, in words.
    pub retries: Option<String>,
}
