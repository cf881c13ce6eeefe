//! Twilio: HMAC-SHA1, or with a shared key HMAC-SHA256, over the URL and, of a form, its sorted fields; of any other body the URL carries the
//! digest. <https://www.twilio.com/docs/usage/security#validating-requests>
//!
//! Twilio signs the URL with or without its port, whichever product it is; the provider's own packages
//! try both, and so does this. A field that occurs several times is signed once for each different value.

use std::borrow::Cow;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderName};
use ring::{digest, hmac};
use subtle::ConstantTimeEq as _;

use super::Signed;
use super::percent::javascript_order;
use crate::read::{Unreadable, Why, exactly_one, hex, url};
use crate::request::Request;
use crate::template::{Name, Place};
use crate::verdict::{Refusal, Verified};

const HEADER: &str = "x-twilio-signature";
const BODY_DIGEST: &str = "bodySHA256";
/// The most fields that are put in order.
const FIELDS_MAX: usize = 10_000;

/// The keys of one source.
pub(crate) struct Twilio {
    keys: Vec<hmac::Key>,
}

impl fmt::Debug for Twilio {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Twilio").field("keys", &self.keys.len()).finish()
    }
}

impl Twilio {
    pub(super) fn new(algorithm: hmac::Algorithm, secrets: &[&str]) -> Self {
        let key = |secret: &&str| hmac::Key::new(algorithm, secret.as_bytes());
        Self { keys: secrets.iter().map(key).collect() }
    }

    pub(super) fn verify(&self, request: &Request<'_>) -> Result<Verified, Refusal> {
        let place = || Place::Header(Name::Fixed(HeaderName::from_static(HEADER)));
        let signature = exactly_one(request.headers, HEADER).map_err(|why| refusal(place(), why))?;
        let signature = STANDARD.decode(signature);
        let malformed = || refusal(place(), Why::Malformed("it is not base64"));
        let signature = signature.map_err(|_| malformed())?;
        let public_url = request.public_url.ok_or(Refusal::ValueMissing { place: Place::Url })?;
        let url = url::joined(public_url, url::suffix(request.target));
        let url =
            std::str::from_utf8(&url).map_err(|_| refusal(Place::Url, Why::Malformed("it is no text")))?;
        let fields = fields(request.headers, url, request.body)?;
        let mut found = None;
        for (index, key) in self.keys.iter().enumerate() {
            for url in [Cow::Borrowed(url), without_port(url), with_port(url)] {
                let mut context = hmac::Context::with_key(key);
                context.update(url.as_bytes());
                context.update(fields.as_bytes());
                if bool::from(context.sign().as_ref().ct_eq(&signature)) {
                    found = found.or(Some(index));
                }
            }
        }
        match found {
            Some(index) => Ok(Verified { secret: Some(index) }),
            None => Err(Refusal::NoSignatureMatches { secrets: self.keys.len(), signatures: 1 }),
        }
    }

    /// Signs a request. The URL of one whose body is no form must carry the body's digest already.
    pub(super) fn sign(&self, _: &str, url: &str, headers: &HeaderMap, body: &[u8]) -> Option<Signed> {
        let fields = fields(headers, url, body).ok()?;
        let mut context = hmac::Context::with_key(self.keys.first()?);
        context.update(url.as_bytes());
        context.update(fields.as_bytes());
        let headers = vec![(HEADER, STANDARD.encode(context.sign()))];
        Some(Signed { headers, body: body.to_vec() })
    }
}

/// What is signed behind the URL.
fn fields(headers: &HeaderMap, url: &str, body: &[u8]) -> Result<String, Refusal> {
    let query = url.split_once('?').map_or("", |(_, query)| query);
    let digest_of = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == BODY_DIGEST);
    let place = || Place::Query(BODY_DIGEST.to_owned());
    if let Some((_, stated)) = digest_of {
        let actual = hex(digest::digest(&digest::SHA256, body).as_ref());
        return if bool::from(actual.as_bytes().ct_eq(stated.as_bytes())) {
            Ok(String::new())
        } else {
            Err(refusal(place(), Why::Malformed("it is not the digest of the body")))
        };
    }
    let is_form = headers
        .get("content-type")
        .is_some_and(|value| value.as_bytes().starts_with(b"application/x-www-form-urlencoded"));
    if !is_form && !body.is_empty() {
        // Nothing would bind the body to the signature.
        return Err(Refusal::ValueMissing { place: place() });
    }
    let mut fields: Vec<_> = form_urlencoded::parse(body).take(FIELDS_MAX + 1).collect();
    if fields.len() > FIELDS_MAX {
        return Err(refusal(Place::Body, Why::Malformed("it has more than 10000 fields")));
    }
    fields.sort_by(|(one, first), (other, second)| {
        javascript_order(one, other).then_with(|| javascript_order(first, second))
    });
    fields.dedup();
    let mut text = String::with_capacity(body.len());
    for (name, value) in &fields {
        text.push_str(name);
        text.push_str(value);
    }
    Ok(text)
}

/// A URL in parts: up to the host, the port with its colon, the rest.
fn parts(url: &str) -> Option<(&str, &str, &str)> {
    let start = url.find("://")? + 3;
    let (scheme, behind) = url.split_at_checked(start)?;
    let end = behind.find(['/', '?', '#']).unwrap_or(behind.len());
    let (authority, rest) = behind.split_at_checked(end)?;
    let port_at = authority.rfind(':').filter(|at| !authority.get(*at..).unwrap_or("]").contains(']'));
    let (host, port) = authority.split_at_checked(port_at.unwrap_or(authority.len()))?;
    url.get(..scheme.len() + host.len()).map(|host| (host, port, rest))
}

fn without_port(url: &str) -> Cow<'_, str> {
    match parts(url) {
        Some((host, port, rest)) if !port.is_empty() => Cow::Owned(format!("{host}{rest}")),
        _ => Cow::Borrowed(url),
    }
}

fn with_port(url: &str) -> Cow<'_, str> {
    let usual = if url.starts_with("https://") { ":443" } else { ":80" };
    match parts(url) {
        Some((host, "", rest)) => Cow::Owned(format!("{host}{usual}{rest}")),
        _ => Cow::Borrowed(url),
    }
}

fn refusal(place: Place, why: Why) -> Refusal {
    Unreadable { place: &place, why }.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The same text, as Twilio's own package signs it with the Auth Token, and under HMAC-SHA256.
    #[test]
    fn a_shared_key_changes_the_hash_and_nothing_else() {
        let body = b"CallSid=CA1234567890ABCDE&Caller=%2B14158675309&Digits=1234&From=%2B14158675309&To=%2B18005551212";
        let mut headers = HeaderMap::new();
        headers.insert("content-type", "application/x-www-form-urlencoded".parse().unwrap());
        let (sha1, sha256) = (hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, hmac::HMAC_SHA256);
        for (signature, algorithm) in
            [("RSOYDt4T1cUTdK1PDd93/VVr8B8=", sha1), ("033hgUJA9M/hXIZsYjwkerEP/DBm35nEri5FhCYjA5s=", sha256)]
        {
            headers.insert(HEADER, signature.parse().unwrap());
            let request = Request {
                method: "POST",
                target: "/token?foo=1&bar=2",
                headers: &headers,
                body,
                public_url: Some("https://mycompany.com/myapp.php"),
            };
            for known in [sha1, sha256] {
                let judged = Twilio::new(known, &["12345"]).verify(&request);
                assert_eq!(judged.is_ok(), known == algorithm, "{signature}");
            }
        }
    }
}
