//! The public keys that a destination's deliveries are verified with, for whoever receives them: a JWK set
//! (RFC 7517, RFC 8037) at `/.well-known/webhook-keys/<destination id>` of the public listener.
//!
//! Each destination has a set of its own: a receiver that trusted all keys of this gateway would take what was
//! signed for another. A destination that signs with HMAC alone has none, and answers like one that is not there.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bytes::Bytes;
use hookyard_model::clock::Timestamp;
use hookyard_model::destination::{Destination, PublicKey};
use hookyard_model::id::DestinationId;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, Method, Response};
use http_body_util::Full;
use ring::digest::{SHA256, digest};

use crate::answer::Answer;
use crate::receive::Received;

/// No source's URL begins like this: a token has no dot.
const PATH: &str = "/.well-known/webhook-keys/";
/// How long a receiver may keep the set. During a rotation both keys sign, so an old set serves as well.
const MAX_AGE: HeaderValue = HeaderValue::from_static("public, max-age=300");
const JWK_SET: HeaderValue = HeaderValue::from_static("application/jwk-set+json");

impl Received<'_> {
    /// Answers a question for a destination's keys, if it is one and there are any.
    pub(crate) fn published_keys(&self) -> Option<Answer> {
        if !matches!(self.parts.method, Method::GET | Method::HEAD) {
            return None;
        }
        let path = self.target.split('?').next()?;
        let id: DestinationId = path.strip_prefix(PATH)?.parse().ok()?;
        let snapshot = self.shared.store.catalog().snapshot();
        let set = set(snapshot.destinations.get(&id)?, self.shared.clock.now())?;
        let mut answer = Response::new(Full::new(Bytes::from(set)));
        answer.headers_mut().insert(CONTENT_TYPE, JWK_SET);
        answer.headers_mut().insert(CACHE_CONTROL, MAX_AGE);
        Some(answer)
    }
}

/// The keys that sign now, the newest first; none where there are none.
fn set(destination: &Destination, now: Timestamp) -> Option<String> {
    let signing = destination.signing_secrets.iter().filter(|secret| secret.signs_at(now));
    let keys: Vec<String> = signing.filter_map(|secret| secret.public_key).map(jwk).collect();
    (!keys.is_empty()).then(|| format!("{{\"keys\":[{}]}}", keys.join(",")))
}

/// One key; `whpk` is how the Standard Webhooks libraries want it. Nothing in it needs escaping.
fn jwk(PublicKey(key): PublicKey) -> String {
    let x = URL_SAFE_NO_PAD.encode(key);
    // RFC 7638: the hash of the required members, in this order and without spaces.
    let required = format!("{{\"crv\":\"Ed25519\",\"kty\":\"OKP\",\"x\":\"{x}\"}}");
    let kid = URL_SAFE_NO_PAD.encode(digest(&SHA256, required.as_bytes()));
    let whpk = STANDARD.encode(key);
    format!(
        "{{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"use\":\"sig\",\"alg\":\"EdDSA\",\"kid\":\"{kid}\",\"x\":\"{x}\",\
         \"whpk\":\"whpk_{whpk}\"}}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 8037, appendices A.2 and A.3.
    #[test]
    fn a_key_and_its_thumbprint_are_those_of_the_rfc() {
        let x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
        let key = URL_SAFE_NO_PAD.decode(x).unwrap().try_into().unwrap();
        let jwk = jwk(PublicKey(key));
        for part in [
            "\"kty\":\"OKP\",\"crv\":\"Ed25519\"",
            "\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"",
            "\"kid\":\"kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k\"",
            "\"whpk\":\"whpk_11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\"",
        ] {
            assert!(jwk.contains(part), "{jwk} has no {part}");
        }
    }
}
