//! What the language of `definition` cannot say, a file for each.
//!
//! Most of them only put a signed text together (`{adapter:NAME}` in a template) and leave keys,
//! algorithm and comparison to the engine. [`Adapter`] has those that judge a whole request, because
//! they look at several signatures that must all hold, or try several messages.

mod adyen;
mod apple;
mod atlassian_qsh;
mod aws_sns;
mod contentful;
mod easypost;
mod hubspot_url;
pub(crate) mod percent;
mod plivo_v3;
mod truelayer;
mod twilio;

use std::borrow::Cow;

use http::HeaderMap;
use ring::hmac;

pub(crate) use adyen::Adyen;
pub(crate) use apple::Apple;
pub(crate) use twilio::Twilio;

use crate::configuration::Configuration;
use crate::definition;
use crate::read::{Reader, Why};
use crate::request::Request;
use crate::verdict::{Refusal, Verified};

/// The text that an adapter makes of a request.
pub(crate) fn text<'a>(name: &str, reader: &Reader<'a>) -> Result<Cow<'a, [u8]>, Why> {
    match name {
        "atlassian-qsh" => atlassian_qsh::text(reader),
        "aws-sns" => aws_sns::text(reader),
        "contentful" => contentful::text(reader),
        "easypost" => easypost::text(reader),
        "hubspot-url" => hubspot_url::text(reader),
        "plivo-v3" => plivo_v3::text(reader),
        "truelayer" => truelayer::text(reader),
        _ => Err(Why::Malformed("it has no adapter")),
    }
}

/// Whether what an adapter makes depends on the URL that is registered with the provider.
pub(crate) fn needs_url(name: &str) -> bool {
    matches!(name, "hubspot-url" | "plivo-v3" | "twilio" | "twilio-sha256")
}

/// An adapter that judges whole requests.
#[derive(Debug)]
pub(crate) enum Adapter {
    Adyen(Adyen),
    Apple(Box<Apple>),
    Twilio(Twilio),
}

impl Adapter {
    /// Prepares the adapter that a scheme names. An error says which secret cannot be used, and why: a
    /// clause whose subject is the secret.
    pub(crate) fn new(
        adapter: &definition::Adapter,
        configuration: &Configuration<'_>,
    ) -> Result<Self, (usize, &'static str)> {
        match adapter.name.as_str() {
            "adyen" => Adyen::new(configuration.secrets).map(Self::Adyen),
            "apple-app-store" => {
                let bundle_id = configuration.settings.get("bundle_id").cloned();
                Ok(Self::Apple(Box::new(Apple::new(bundle_id))))
            }
            "twilio" => {
                Ok(Self::Twilio(Twilio::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, configuration.secrets)))
            }
            "twilio-sha256" => Ok(Self::Twilio(Twilio::new(hmac::HMAC_SHA256, configuration.secrets))),
            _ => Err((0, "belongs to an adapter that there is not")),
        }
    }

    /// Judges a request.
    pub(crate) fn verify(&self, request: &Request<'_>, now_s: u64) -> Result<Verified, Refusal> {
        match self {
            Self::Adyen(adyen) => adyen.verify(request),
            Self::Apple(apple) => apple.verify(request, now_s),
            Self::Twilio(twilio) => twilio.verify(request),
        }
    }

    /// Makes a request one that holds: the headers to add, and the body to send. None where nobody but the
    /// provider can sign.
    pub(crate) fn sign(&self, method: &str, url: &str, headers: &HeaderMap, body: &[u8]) -> Option<Signed> {
        match self {
            Self::Adyen(adyen) => adyen.sign(body),
            Self::Apple(_) => None,
            Self::Twilio(twilio) => twilio.sign(method, url, headers, body),
        }
    }
}

/// What signing makes of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Signed {
    /// Header lines to add.
    pub(crate) headers: Vec<(&'static str, String)>,
    /// The body to send.
    pub(crate) body: Vec<u8>,
}
