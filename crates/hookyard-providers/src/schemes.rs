//! How requests are verified: one file per provider, each with its entry for the catalogue.

pub(crate) mod github;
pub(crate) mod hmac;
pub(crate) mod none;
pub(crate) mod standard_webhooks;
pub(crate) mod stripe;

use crate::request::{Refusal, Request, Verified};

/// One provider's way, with its keys.
pub(crate) enum Scheme {
    Github(github::Github),
    Stripe(stripe::Stripe),
    StandardWebhooks(standard_webhooks::StandardWebhooks),
    Hmac(hmac::Hmac),
    None,
}

impl Scheme {
    pub(crate) fn verify(&self, request: &Request<'_>, now_s: u64) -> Result<Verified, Refusal> {
        match self {
            Self::Github(github) => github.verify(request),
            Self::Stripe(stripe) => stripe.verify(request, now_s),
            Self::StandardWebhooks(standard_webhooks) => standard_webhooks.verify(request, now_s),
            Self::Hmac(hmac) => hmac.verify(request, now_s),
            Self::None => Ok(Verified { secret: None }),
        }
    }
}
