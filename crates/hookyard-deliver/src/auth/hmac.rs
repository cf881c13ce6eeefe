//! A signature in a header of the receiver's own choice, as GitHub, Stripe and Slack have theirs.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hookyard_model::auth::{Algorithm, Encoding, Hmac, Part, Template};
use http::header::{HeaderMap, HeaderName, HeaderValue};
use ring::hmac;

use super::AuthProblem;
use crate::send::Shipment;

/// Signs, and says so in a header.
#[derive(Clone, Debug)]
pub(crate) struct Signer {
    key: hmac::Key,
    header: HeaderName,
    timestamp_header: Option<HeaderName>,
    encoding: Encoding,
    prefix: Template,
    message: Template,
}

impl Signer {
    pub(super) fn new(hmac: &Hmac) -> Result<Self, AuthProblem> {
        let algorithm = match hmac.algorithm {
            Algorithm::Sha1 => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
            Algorithm::Sha256 => hmac::HMAC_SHA256,
            Algorithm::Sha512 => hmac::HMAC_SHA512,
        };
        let header = |name: &String| HeaderName::from_bytes(name.as_bytes());
        Ok(Self {
            key: hmac::Key::new(algorithm, hmac.secret.expose().as_bytes()),
            header: header(&hmac.header)?,
            timestamp_header: hmac.timestamp_header.as_ref().map(header).transpose()?,
            encoding: hmac.encoding,
            prefix: hmac.prefix.clone(),
            message: hmac.message.clone(),
        })
    }

    /// Adds the signature, and the timestamp where a header is named for it.
    pub(super) fn apply(&self, headers: &mut HeaderMap, shipment: &Shipment<'_>) -> Result<(), String> {
        let timestamp_s = shipment.now.s().to_string();
        let id = shipment.event.to_string();
        let mut context = hmac::Context::with_key(&self.key);
        for part in self.message.parts() {
            context.update(match part {
                Part::Text(text) => text.as_bytes(),
                Part::Body => &shipment.request.body,
                Part::Timestamp => timestamp_s.as_bytes(),
                Part::Id => id.as_bytes(),
            });
        }
        let tag = context.sign();
        let mut signature = String::new();
        for part in self.prefix.parts() {
            signature.push_str(match part {
                Part::Text(text) => text,
                // The model lets no body into a prefix.
                Part::Body => "",
                Part::Timestamp => &timestamp_s,
                Part::Id => &id,
            });
        }
        match self.encoding {
            Encoding::Base64 => STANDARD.encode_string(tag, &mut signature),
            Encoding::Hex => tag.as_ref().iter().for_each(|byte| signature.push_str(&format!("{byte:02x}"))),
        }
        let value = |text: String| HeaderValue::try_from(text).map_err(|error| error.to_string());
        if let Some(name) = &self.timestamp_header {
            headers.insert(name, value(timestamp_s)?);
        }
        headers.insert(&self.header, value(signature)?);
        Ok(())
    }
}
