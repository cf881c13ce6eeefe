//! What a signer says about itself. `case.mjs` explains the fields where they are written.

use std::collections::BTreeMap;

use serde::Deserialize;

/// One way in which one provider signs.
#[derive(Clone, Debug, Deserialize)]
pub struct Case {
    /// The provider's slug in Hookyard's catalogue.
    pub provider: String,
    /// Which of its ways, where it has several.
    pub scheme: Option<String>,
    /// The packages, with versions, whose code signed or verified, or the address of a published example.
    pub source: String,
    /// A valid secret, in the form in which the provider gives it; of a key pair the public key.
    pub secret: String,
    /// Another valid one.
    pub other_secret: String,
    /// What else the verifier must be told.
    pub settings: BTreeMap<String, String>,
    /// Where the signature stands.
    pub signature: Place,
    /// What it is written in: `hex`, `base64`, `base64url`, `jwt` or `text`.
    pub encoding: String,
    /// The signed timestamp, if there is one.
    pub timestamp: Option<Timestamp>,
    /// What the signature covers.
    pub signs: Signed,
    /// A body as the provider would send it; what is sent may differ, as some signatures stand in the body.
    pub body: String,
    /// Whether any other text can be signed too; some SDKs take no other bytes.
    #[serde(default)]
    pub any_body: bool,
    /// A piece of the sent body that is signed, where not every byte is.
    pub covered: Option<String>,
    /// Names of the bends that the SDK itself accepts.
    #[serde(default)]
    pub lax: Vec<String>,
}

/// Where a signature stands in a request.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Place {
    /// The header of this name, in lower case.
    Header(String),
    /// A form field of this name.
    Form(String),
    /// The text in the body that follows this one, up to the next quotation mark.
    After(String),
    /// The body as a whole, a JWT.
    Body(bool),
}

/// A timestamp that is signed.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Timestamp {
    /// How old it may be in seconds; `None` where neither SDK nor provider says.
    pub tolerance_s: Option<u64>,
}

/// What a signature covers besides a timestamp.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Signed {
    /// How much of the body.
    pub body: SignedBody,
    /// The URL's host.
    pub host: bool,
    /// The URL's path.
    pub path: bool,
    /// The URL's query.
    pub query: bool,
}

/// How much of the body a signature covers.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum SignedBody {
    /// Every byte.
    Bytes,
    /// What it says, or some of it, however it is written.
    Fields,
    /// Nothing of it.
    None,
}

impl Case {
    /// `provider` or `provider/scheme`, for messages and as a name.
    pub fn name(&self) -> String {
        match &self.scheme {
            Some(scheme) => format!("{}/{scheme}", self.provider),
            None => self.provider.clone(),
        }
    }
}
