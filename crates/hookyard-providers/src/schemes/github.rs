//! GitHub: `X-Hub-Signature-256: sha256=<hex>`, HMAC-SHA256 over the body.
//!
//! GitHub sends `X-Hub-Signature` (SHA-1) beside it for old receivers; that one is never looked at,
//! and alone it is refused. Source: docs.github.com, "Validating webhook deliveries".

use http::HeaderName;
use ring::hmac;

use crate::catalogue::ProviderInfo;
use crate::config::ConfigError;
use crate::headers::{exactly_one, malformed};
use crate::keys::Keys;
use crate::request::{Refusal, Request, Verified};
use crate::schemes::Scheme;
use crate::signatures::Encoding;

pub(crate) const INFO: ProviderInfo = ProviderInfo {
    name: "github",
    title: "GitHub",
    secrets_required: true,
    settings: &[],
    build: |secrets, _| Ok(Scheme::Github(Github::new(secrets)?)),
};

static SIGNATURE: HeaderName = HeaderName::from_static("x-hub-signature-256");
static SIGNATURE_SHA1: HeaderName = HeaderName::from_static("x-hub-signature");

pub(crate) struct Github {
    keys: Keys,
}

impl Github {
    fn new(secrets: &[&str]) -> Result<Self, ConfigError> {
        let keys = Keys::new(INFO.name, hmac::HMAC_SHA256, secrets, |text| Ok(text.as_bytes().to_vec()))?;
        Ok(Self { keys })
    }

    pub(crate) fn verify(&self, request: &Request<'_>) -> Result<Verified, Refusal> {
        let headers = request.headers;
        if headers.contains_key(&SIGNATURE_SHA1) && !headers.contains_key(&SIGNATURE) {
            return Err(Refusal::HeaderOutdated {
                header: SIGNATURE_SHA1.clone(),
                needed: SIGNATURE.clone(),
            });
        }
        let Some(hex) = exactly_one(headers, &SIGNATURE)?.strip_prefix(b"sha256=") else {
            return Err(malformed(&SIGNATURE, "it does not begin with `sha256=`"));
        };
        let mut signatures = self.keys.signatures();
        signatures.push(hex, Encoding::Hex).map_err(|why| malformed(&SIGNATURE, why))?;
        self.keys.find(&signatures, |message| message.update(request.body))
    }
}
