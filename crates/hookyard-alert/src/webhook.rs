//! A request with the issue as JSON, signed after Standard Webhooks.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use hookyard_model::alert::Webhook;
use hookyard_model::clock::Timestamp;
use hookyard_model::secret::Secret;
use hookyard_store::alerts::{Outcome, SendError};
use http::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use ring::hmac;

use crate::message::Message;
use crate::send::{Sender, refuse};
use crate::wire::Body;

/// Sends a message, signed as of `now`.
pub(crate) async fn send(sender: &Sender, webhook: &Webhook, message: &Message, now: Timestamp) -> Outcome {
    let body = serde_json::to_vec(&Body::of(message)).map_err(|error| refuse(error.to_string()))?;
    let headers = headers(&webhook.secret, &message.id, now, &body)?;
    sender.post(&webhook.url, headers, Bytes::from(body), &[]).await
}

fn headers(secret: &Secret, id: &str, now: Timestamp, body: &[u8]) -> Result<HeaderMap, SendError> {
    let timestamp_s = now.s().to_string();
    let signature = signature(secret, id, &timestamp_s, body).ok_or_else(|| {
        refuse("the secret of the webhook is none that can sign: give it another one".to_owned())
    })?;
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    for (name, value) in
        [("webhook-id", id), ("webhook-timestamp", &*timestamp_s), ("webhook-signature", &*signature)]
    {
        let value = HeaderValue::from_str(value).map_err(|error| refuse(error.to_string()))?;
        headers.insert(HeaderName::from_static(name), value);
    }
    Ok(headers)
}

/// The value of `webhook-signature`; none where the secret holds no key.
fn signature(secret: &Secret, id: &str, timestamp_s: &str, body: &[u8]) -> Option<String> {
    let key = STANDARD.decode(secret.expose().strip_prefix("whsec_")?).ok()?;
    let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, &key));
    for part in [id.as_bytes(), b".", timestamp_s.as_bytes(), b".", body] {
        context.update(part);
    }
    Some(format!("v1,{}", STANDARD.encode(context.sign())))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made with Python's hmac module, from the same key, id, time and body.
    #[test]
    fn a_signature_is_what_another_implementation_computes() {
        let secret = Secret::new("whsec_YSBrZXkgb2YgdHdlbnR5LWZvdXIgYnku");
        let signed = signature(&secret, "evt_0abc", "1760000000", br#"{"paid":true}"#);
        assert_eq!(signed.as_deref(), Some("v1,E4xJhudnw4X6ZVSuaTy7jr0a72+QaSkN6+Zw5ZH2UdY="));
        assert_eq!(signature(&Secret::new("whsec_!"), "a", "1", b""), None);
    }
}
