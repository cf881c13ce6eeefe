//! Stripe: `Stripe-Signature: t=<seconds>,v1=<hex>[,v1=<hex>…]`, HMAC-SHA256 over `t.body`.
//!
//! The key is the whole `whsec_…` text, not what its base64 would decode to. Elements of other
//! schemes (`v0` in test mode) are ignored, as Stripe asks, so that nobody can force a weaker one.
//! Source: docs.stripe.com, "Verify webhook signatures manually".

use http::HeaderName;
use ring::hmac;

use crate::catalogue::ProviderInfo;
use crate::config::ConfigError;
use crate::headers::{exactly_one, malformed};
use crate::keys::Keys;
use crate::request::{Refusal, Request, Verified};
use crate::schemes::Scheme;
use crate::settings::{Settings, TOLERANCE};
use crate::signatures::{Encoding, Signatures};
use crate::timestamp;

pub(crate) const INFO: ProviderInfo = ProviderInfo {
    name: "stripe",
    title: "Stripe",
    secrets_required: true,
    settings: &[TOLERANCE],
    build: |secrets, settings| Ok(Scheme::Stripe(Stripe::new(secrets, settings)?)),
};

static SIGNATURE: HeaderName = HeaderName::from_static("stripe-signature");

pub(crate) struct Stripe {
    keys: Keys,
    tolerance_s: u64,
}

impl Stripe {
    fn new(secrets: &[&str], settings: &Settings<'_>) -> Result<Self, ConfigError> {
        let keys = Keys::new(INFO.name, hmac::HMAC_SHA256, secrets, |text| Ok(text.as_bytes().to_vec()))?;
        Ok(Self { keys, tolerance_s: settings.tolerance_s()? })
    }

    pub(crate) fn verify(&self, request: &Request<'_>, now_s: u64) -> Result<Verified, Refusal> {
        let header = exactly_one(request.headers, &SIGNATURE)?;
        let mut signatures = self.keys.signatures();
        let signed_at = read_elements(header, &mut signatures).map_err(|why| malformed(&SIGNATURE, why))?;
        timestamp::check(&SIGNATURE, signed_at, now_s, self.tolerance_s)?;
        self.keys.find(&signatures, |message| {
            message.update(signed_at);
            message.update(b".");
            message.update(request.body);
        })
    }
}

/// Collects the `v1` signatures and returns the text of the timestamp, which is signed as it stands.
fn read_elements<'a>(header: &'a [u8], signatures: &mut Signatures) -> Result<&'a [u8], &'static str> {
    let mut signed_at = None;
    for element in header.split(|byte| *byte == b',') {
        if let Some(text) = element.strip_prefix(b"t=") {
            if signed_at.replace(text).is_some() {
                return Err("it holds more than one timestamp");
            }
        } else if let Some(hex) = element.strip_prefix(b"v1=") {
            signatures.push(hex, Encoding::Hex)?;
        }
    }
    if signatures.len() == 0 {
        return Err("it holds no `v1` signature");
    }
    signed_at.ok_or("it holds no timestamp")
}
