//! Adyen's standard webhooks: a batch of items, each with a signature of its own over eight of its fields.
//! <https://docs.adyen.com/development-resources/webhooks/secure-webhooks/verify-hmac-signatures>
//!
//! **Invariant:** a batch holds only if every item in it does, with one and the same key. An empty
//! batch holds not.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;

use super::Signed;
use crate::engine::key_text::decode_hex;
use crate::read::{Unreadable, Why, json};
use crate::request::Request;
use crate::template::Place;
use crate::verdict::{Refusal, Verified};

const ITEMS: &str = "/notificationItems/*/NotificationRequestItem";
const SIGNATURE: &str = "/additionalData/hmacSignature";
/// In the order in which they are signed. One that is missing is signed as an empty text.
const FIELDS: [&str; 8] = [
    "/pspReference",
    "/originalReference",
    "/merchantAccountCode",
    "/merchantReference",
    "/amount/value",
    "/amount/currency",
    "/eventCode",
    "/success",
];

/// The keys of one source.
#[derive(Debug)]
pub(crate) struct Adyen {
    keys: Vec<hmac::Key>,
}

impl Adyen {
    pub(super) fn new(secrets: &[&str]) -> Result<Self, (usize, &'static str)> {
        let key = |(index, secret): (usize, &&str)| {
            let bytes = decode_hex(secret.as_bytes()).filter(|bytes| !bytes.is_empty());
            let bytes = bytes.ok_or((index, "is not hex"))?;
            Ok(hmac::Key::new(hmac::HMAC_SHA256, &bytes))
        };
        Ok(Self { keys: secrets.iter().enumerate().map(key).collect::<Result<_, _>>()? })
    }

    pub(super) fn verify(&self, request: &Request<'_>) -> Result<Verified, Refusal> {
        let items = json::find(request.body, ITEMS).map_err(|why| refusal(ITEMS, why))?;
        let mut holds = vec![true; self.keys.len()];
        for item in &items {
            let item = item.get().as_bytes();
            let signature = json::text(item, SIGNATURE).map_err(|why| refusal(SIGNATURE, why))?;
            let malformed = || refusal(SIGNATURE, Why::Malformed("it is not base64"));
            let signature = STANDARD.decode(&*signature).map_err(|_| malformed())?;
            let message = message(item).map_err(|why| refusal(ITEMS, why))?;
            for (key, holds) in self.keys.iter().zip(&mut holds) {
                *holds &= hmac::verify(key, &message, &signature).is_ok();
            }
        }
        match holds.iter().position(|holds| *holds) {
            Some(index) => Ok(Verified { secret: Some(index) }),
            None => Err(Refusal::NoSignatureMatches { secrets: self.keys.len(), signatures: items.len() }),
        }
    }

    /// Puts the signature into every item.
    pub(super) fn sign(&self, body: &[u8]) -> Option<Signed> {
        let key = self.keys.first()?;
        let mut body: serde_json::Value = serde_json::from_slice(body).ok()?;
        for item in body.get_mut("notificationItems")?.as_array_mut()? {
            let item = item.get_mut("NotificationRequestItem")?.as_object_mut()?;
            let message = message(&serde_json::to_vec(item).ok()?).ok()?;
            let signature = STANDARD.encode(hmac::sign(key, &message));
            item.entry("additionalData")
                .or_insert_with(|| serde_json::Value::Object(serde_json::Map::new()))
                .as_object_mut()?
                .insert("hmacSignature".to_owned(), signature.into());
        }
        Some(Signed { headers: Vec::new(), body: serde_json::to_vec(&body).ok()? })
    }
}

fn message(item: &[u8]) -> Result<Vec<u8>, Why> {
    let mut message = Vec::new();
    for (index, field) in FIELDS.iter().enumerate() {
        if index > 0 {
            message.push(b':');
        }
        match json::text(item, field) {
            Ok(value) => message.extend_from_slice(&value),
            Err(Why::Missing) => {}
            Err(why) => return Err(why),
        }
    }
    Ok(message)
}

fn refusal(pointer: &str, why: Why) -> Refusal {
    Unreadable { place: &Place::Json(pointer.to_owned()), why }.into()
}
