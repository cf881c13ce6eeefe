//! A destination's authentication, compiled: what can be computed once is computed once, when the configuration
//! changes, and an attempt does the rest.
//!
//! One file per kind. The Standard Webhooks signature is not one of them, as every delivery carries it
//! ([`crate::sign`]).
//!
//! **Invariant:** where a destination has any of these, the sender's own `Authorization` does not reach it, and
//! what is set here replaces what the sender set.

mod api_key;
mod basic;
mod bearer;
mod hmac;
pub(crate) mod oauth2;
mod sigv4;

use std::sync::Arc;

use bytes::Bytes;
use hookyard_model::attempt::{DeliveryError, ErrorKind};
use hookyard_model::auth as model;
use hookyard_outgoing::endpoint::UrlError;
use hookyard_outgoing::identity::{Identity, IdentityError};
use http::header::{AUTHORIZATION, HeaderName, HeaderValue, InvalidHeaderName, InvalidHeaderValue};
use http_body_util::Full;

use crate::send::Shipment;

/// How an attempt shows who we are.
#[derive(Clone, Debug)]
pub(crate) enum Auth {
    /// By its signature alone.
    None,
    /// With a header that is always the same.
    Header(HeaderName, HeaderValue),
    /// With a parameter in the query.
    Parameter(api_key::Parameter),
    /// With a signature in a header.
    Hmac(Box<hmac::Signer>),
    /// With a token that is fetched.
    Token(Arc<oauth2::Tokens>),
    /// With a signature over nearly everything.
    SigV4(Box<sigv4::Signer>),
    /// In the TLS handshake.
    Certificate(Identity),
}

/// Why an authentication cannot be used. The catalog refuses such settings before it comes to this.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuthProblem {
    /// A name that no header can have.
    #[error("the authentication's header has no valid name")]
    Name,
    /// A value that no header can carry.
    #[error("a header cannot carry the authentication's value")]
    Value,
    /// No token can be asked for.
    #[error("the token endpoint cannot be asked: {0}")]
    TokenUrl(UrlError),
    /// There is no such certificate.
    #[error(transparent)]
    Identity(#[from] IdentityError),
}

impl Auth {
    /// Compiles a destination's authentication.
    pub(crate) fn new(auth: &model::Auth) -> Result<Self, AuthProblem> {
        Ok(match auth {
            model::Auth::None => Self::None,
            model::Auth::Basic { username, password } => {
                Self::Header(AUTHORIZATION, basic::value(username, password)?)
            }
            model::Auth::Bearer { token } => Self::Header(AUTHORIZATION, bearer::value(token.expose())?),
            model::Auth::ApiKey { place: model::Place::Header, name, key } => {
                Self::Header(HeaderName::from_bytes(name.as_bytes())?, secret_value(key.expose())?)
            }
            model::Auth::ApiKey { place: model::Place::Query, name, key } => {
                Self::Parameter(api_key::Parameter::new(name, key))
            }
            model::Auth::Hmac(hmac) => Self::Hmac(Box::new(hmac::Signer::new(hmac)?)),
            model::Auth::OAuth2(oauth2) => Self::Token(Arc::new(oauth2::Tokens::new(oauth2)?)),
            model::Auth::AwsSigV4(aws) => Self::SigV4(Box::new(sigv4::Signer::new(aws)?)),
            model::Auth::Mtls(model::Mtls { certificate, key, ca }) => {
                Self::Certificate(Identity::parse(certificate, key.expose(), ca.as_deref())?)
            }
        })
    }

    /// Who we are where TLS asks.
    pub(crate) const fn identity(&self) -> Option<&Identity> {
        match self {
            Self::Certificate(identity) => Some(identity),
            _ => None,
        }
    }

    /// Adds to a request that is otherwise complete what shows who we are; `token` is what
    /// [`Auth::Token`] has come to.
    #[inline]
    pub(crate) fn apply(
        &self,
        request: &mut http::Request<Full<Bytes>>,
        shipment: &Shipment<'_>,
        token: Option<&HeaderValue>,
    ) -> Result<(), DeliveryError> {
        match self {
            Self::None => Ok(()),
            other => other.apply_some(request, shipment, token),
        }
    }

    fn apply_some(
        &self,
        request: &mut http::Request<Full<Bytes>>,
        shipment: &Shipment<'_>,
        token: Option<&HeaderValue>,
    ) -> Result<(), DeliveryError> {
        request.headers_mut().remove(AUTHORIZATION);
        match self {
            Self::None | Self::Certificate(_) => {}
            Self::Header(name, value) => drop(request.headers_mut().insert(name, value.clone())),
            Self::Token(_) => {
                if let Some(token) = token {
                    request.headers_mut().insert(AUTHORIZATION, token.clone());
                }
            }
            Self::Parameter(parameter) => parameter.apply(request.uri_mut()).map_err(refuse)?,
            Self::Hmac(signer) => signer.apply(request.headers_mut(), shipment).map_err(refuse)?,
            Self::SigV4(signer) => {
                signer.apply(request, &shipment.request.body, shipment.now).map_err(refuse)?;
            }
        }
        Ok(())
    }
}

/// A header's value that shows up in no log.
fn secret_value(text: &str) -> Result<HeaderValue, InvalidHeaderValue> {
    let mut value = HeaderValue::try_from(text)?;
    value.set_sensitive(true);
    Ok(value)
}

fn refuse(detail: String) -> DeliveryError {
    DeliveryError { kind: ErrorKind::Request, detail }
}

impl From<InvalidHeaderName> for AuthProblem {
    fn from(_: InvalidHeaderName) -> Self {
        Self::Name
    }
}

impl From<InvalidHeaderValue> for AuthProblem {
    fn from(_: InvalidHeaderValue) -> Self {
        Self::Value
    }
}
