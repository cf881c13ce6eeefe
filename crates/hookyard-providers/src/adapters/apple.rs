//! Apple's App Store server notifications (version 2): a token in the body that brings the certificates of its
//! key along. <https://developer.apple.com/documentation/appstoreservernotifications/responsebodyv2>
//!
//! **Invariant:** nothing but a chain to Apple's own root counts, and in it only certificates with Apple's
//! marks for this purpose; Apple's root has signed those of every developer, too.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::digest;
use rustls_pki_types::{CertificateDer, TrustAnchor};
use serde_json::Value;
use x509_cert::der::asn1::ObjectIdentifier;

use crate::definition::JwtAlgorithm;
use crate::jwt::{Payload, Times, Token, TokenProblem, check_times};
use crate::public_key::{Chain, KeyAlgorithm, chain_key, pem_blocks};
use crate::read::{Unreadable, json};
use crate::request::Request;
use crate::template::Place;
use crate::verdict::{Refusal, Verified};

/// Apple Root CA - G3, as published at <https://www.apple.com/certificateauthority/>.
const ROOT: &str = include_str!("apple-root-ca-g3.pem");
/// Its SHA-256 fingerprint begins so.
const ROOT_FINGERPRINT: [u8; 8] = [0x63, 0x34, 0x3a, 0xbf, 0xb8, 0x9a, 0x6a, 0x03];

const TOKEN: &str = "/signedPayload";
/// That a certificate signs what the App Store sends, and that its issuer is the one of those.
const MARKS: [ObjectIdentifier; 2] = [
    ObjectIdentifier::new_unwrap("1.2.840.113635.100.6.11.1"),
    ObjectIdentifier::new_unwrap("1.2.840.113635.100.6.2.1"),
];
/// Signer, issuer, root.
const CERTIFICATES: usize = 3;
/// Where the app's id stands, by kind of notification.
const BUNDLE_IDS: [&str; 4] =
    ["/data/bundleId", "/summary/bundleId", "/externalPurchaseToken/bundleId", "/appData/bundleId"];

/// What one source accepts.
#[derive(Debug)]
pub(crate) struct Apple {
    root: Option<TrustAnchor<'static>>,
    bundle_id: Option<String>,
}

impl Apple {
    pub(super) fn new(bundle_id: Option<String>) -> Self {
        let blocks = pem_blocks(ROOT).unwrap_or_default();
        let root = blocks.into_iter().next().map(|block| block.bytes).filter(|der| is_apples(der));
        Self { root: root.as_deref().and_then(anchor), bundle_id }
    }

    #[cfg(test)]
    fn with_root(root: &[u8], bundle_id: &str) -> Self {
        Self { root: anchor(root), bundle_id: Some(bundle_id.to_owned()) }
    }

    pub(super) fn verify(&self, request: &Request<'_>, now_s: u64) -> Result<Verified, Refusal> {
        let place = Place::Json(TOKEN.to_owned());
        let text = json::text(request.body, TOKEN)
            .map_err(|why| Refusal::from(Unreadable { place: &place, why }))?;
        self.judge(&text, now_s)?;
        Ok(Verified { secret: None })
    }

    fn judge(&self, text: &[u8], now_s: u64) -> Result<(), Refusal> {
        let token = Token::parse(text).map_err(refused)?;
        token.algorithm(&[JwtAlgorithm::ES256]).map_err(refused)?;
        let certificates = certificates(&token).ok_or(Refusal::KeyRefused {
            why: "the token does not bring three certificates along".to_owned(),
        })?;
        // The root that is trusted is the one that is compiled in; the one in the token is not looked at.
        let signer_and_issuer = certificates.get(..CERTIFICATES - 1).unwrap_or_default();
        let chain = Chain { roots: self.root.as_slice(), names: &[], marks: &MARKS };
        let (key, _) = chain_key(signer_and_issuer, &chain, now_s)
            .map_err(|why| Refusal::KeyRefused { why: format!("the token's certificate {why}") })?;
        let signed = token.signed(Payload::Within).map_err(refused)?;
        if !key.verifies(KeyAlgorithm::EcdsaP256Sha256Fixed, &signed, token.signature()) {
            return Err(refused(TokenProblem::Signature));
        }
        let (claims, _) = token.claims().map_err(refused)?;
        check_times(&claims, Times::default(), now_s).map_err(refused)?;
        self.check_bundle_id(&claims)
    }

    fn check_bundle_id(&self, claims: &Value) -> Result<(), Refusal> {
        let Some(expected) = &self.bundle_id else { return Ok(()) };
        let stated = BUNDLE_IDS.iter().find_map(|place| claims.pointer(place));
        if stated.and_then(Value::as_str) == Some(expected) {
            Ok(())
        } else {
            Err(refused(TokenProblem::Claim("bundleId")))
        }
    }
}

fn is_apples(der: &[u8]) -> bool {
    digest::digest(&digest::SHA256, der).as_ref().starts_with(&ROOT_FINGERPRINT)
}

fn anchor(der: &[u8]) -> Option<TrustAnchor<'static>> {
    let der = CertificateDer::from(der);
    webpki::anchor_from_trusted_cert(&der).ok().map(|anchor| anchor.to_owned())
}

fn certificates(token: &Token<'_>) -> Option<Vec<Vec<u8>>> {
    let listed = token.header.get("x5c")?.as_array()?;
    if listed.len() != CERTIFICATES {
        return None;
    }
    listed.iter().map(|der| STANDARD.decode(der.as_str()?).ok()).collect()
}

fn refused(problem: TokenProblem) -> Refusal {
    Refusal::TokenRefused { why: problem.to_string() }
}

#[cfg(test)]
#[path = "apple/tests.rs"]
mod tests;
