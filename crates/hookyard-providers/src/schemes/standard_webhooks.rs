//! Standard Webhooks: `webhook-id`, `webhook-timestamp` and `webhook-signature`, a list of
//! `v1,<base64>` separated by spaces; HMAC-SHA256 over `id.timestamp.body`.
//!
//! The key is what the base64 behind `whsec_` decodes to. Signatures of other versions (`v1a` is
//! asymmetric) are ignored. The same three headers under Svix' older names (`svix-…`) are taken where
//! there is no `webhook-…` header at all; a header of one set never completes the other, because then
//! two receivers could understand one request differently.
//! Source: the Standard Webhooks specification, "Signature scheme".

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use http::{HeaderMap, HeaderName};
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
    name: "standard-webhooks",
    title: "Standard Webhooks",
    secrets_required: true,
    settings: &[TOLERANCE],
    build: |secrets, settings| Ok(Scheme::StandardWebhooks(StandardWebhooks::new(secrets, settings)?)),
};

/// The three headers under one family of names.
struct Names {
    id: HeaderName,
    timestamp: HeaderName,
    signature: HeaderName,
}

static STANDARD: Names = Names {
    id: HeaderName::from_static("webhook-id"),
    timestamp: HeaderName::from_static("webhook-timestamp"),
    signature: HeaderName::from_static("webhook-signature"),
};

static SVIX: Names = Names {
    id: HeaderName::from_static("svix-id"),
    timestamp: HeaderName::from_static("svix-timestamp"),
    signature: HeaderName::from_static("svix-signature"),
};

impl Names {
    fn any_in(&self, headers: &HeaderMap) -> bool {
        [&self.id, &self.timestamp, &self.signature].into_iter().any(|name| headers.contains_key(name))
    }
}

pub(crate) struct StandardWebhooks {
    keys: Keys,
    tolerance_s: u64,
}

impl StandardWebhooks {
    fn new(secrets: &[&str], settings: &Settings<'_>) -> Result<Self, ConfigError> {
        let keys = Keys::new(INFO.name, hmac::HMAC_SHA256, secrets, decode_secret)?;
        Ok(Self { keys, tolerance_s: settings.tolerance_s()? })
    }

    pub(crate) fn verify(&self, request: &Request<'_>, now_s: u64) -> Result<Verified, Refusal> {
        let headers = request.headers;
        let names = if !STANDARD.any_in(headers) && SVIX.any_in(headers) { &SVIX } else { &STANDARD };
        let id = exactly_one(headers, &names.id)?;
        let signed_at = exactly_one(headers, &names.timestamp)?;
        let list = exactly_one(headers, &names.signature)?;
        if id.is_empty() {
            return Err(malformed(&names.id, "it is empty"));
        }
        let mut signatures = self.keys.signatures();
        read_list(list, &mut signatures).map_err(|why| malformed(&names.signature, why))?;
        timestamp::check(&names.timestamp, signed_at, now_s, self.tolerance_s)?;
        self.keys.find(&signatures, |message| {
            for part in [id, b".", signed_at, b".", request.body] {
                message.update(part);
            }
        })
    }
}

fn read_list(list: &[u8], signatures: &mut Signatures) -> Result<(), &'static str> {
    for element in list.split(|byte| *byte == b' ') {
        if let Some(base64) = element.strip_prefix(b"v1,") {
            signatures.push(base64, Encoding::Base64)?;
        } else if !element.contains(&b',') {
            return Err("it is not a list of `version,signature` separated by single spaces");
        }
    }
    if signatures.len() == 0 { Err("it holds no `v1` signature") } else { Ok(()) }
}

/// Some platforms leave out the padding of the secrets they show.
const SECRET_BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

fn decode_secret(text: &str) -> Result<Vec<u8>, &'static str> {
    SECRET_BASE64
        .decode(text.strip_prefix("whsec_").unwrap_or(text))
        .map_err(|_| "is not base64, with or without `whsec_` before it")
}
