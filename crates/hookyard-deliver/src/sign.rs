//! Signatures of outgoing requests, as the Standard Webhooks specification has them.
//!
//! What is signed is `id.timestamp.body`; each key gives one `v1,<base64 of HMAC-SHA256>`, and while a
//! secret is being rotated there are several, separated by a space, so that the receiver may know either.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use hookyard_model::secret::Secret;
use ring::hmac;

/// What every signing secret starts with.
pub const SECRET_PREFIX: &str = "whsec_";

/// Secrets are typed and pasted; whether the padding came along does not matter.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Why a text is no signing secret. The text itself is never part of the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// It does not start with `whsec_`.
    #[error("a signing secret starts with `{SECRET_PREFIX}`")]
    NoPrefix,
    /// The rest is not base64.
    #[error("what follows `{SECRET_PREFIX}` in a signing secret must be base64")]
    NotBase64,
    /// There is no key in it.
    #[error("a signing secret must hold a key after `{SECRET_PREFIX}`")]
    Empty,
}

/// The key in a signing secret.
///
/// # Errors
/// [`SecretError`] where the text is not `whsec_` and base64.
pub fn key(secret: &Secret) -> Result<hmac::Key, SecretError> {
    let text = secret.expose().strip_prefix(SECRET_PREFIX).ok_or(SecretError::NoPrefix)?;
    let bytes = LENIENT.decode(text).map_err(|_| SecretError::NotBase64)?;
    if bytes.is_empty() {
        return Err(SecretError::Empty);
    }
    Ok(hmac::Key::new(hmac::HMAC_SHA256, &bytes))
}

/// The value of `webhook-signature`: one signature per key, in their order.
pub(crate) fn signature(keys: &[hmac::Key], id: &str, timestamp_s: &str, body: &[u8]) -> String {
    // "v1," and 44 characters of base64, and a space between two.
    let mut text = String::with_capacity(keys.len() * 48);
    for key in keys {
        let mut context = hmac::Context::with_key(key);
        for part in [id.as_bytes(), b".", timestamp_s.as_bytes(), b".", body] {
            context.update(part);
        }
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str("v1,");
        STANDARD.encode_string(context.sign(), &mut text);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made with Python's hmac module, from the same key, id, time and body.
    #[test]
    fn a_signature_is_what_another_implementation_computes() {
        let key = key(&Secret::new("whsec_YSBrZXkgb2YgdHdlbnR5LWZvdXIgYnku")).unwrap();
        let signed = signature(&[key], "evt_0abc", "1760000000", br#"{"paid":true}"#);
        assert_eq!(signed, "v1,E4xJhudnw4X6ZVSuaTy7jr0a72+QaSkN6+Zw5ZH2UdY=");
    }

    #[test]
    fn every_key_signs() {
        let one = key(&Secret::new("whsec_AAAA")).unwrap();
        let two = key(&Secret::new("whsec_AAAB")).unwrap();
        let both = signature(&[one.clone(), two.clone()], "evt_1", "7", b"x");
        let expected =
            format!("{} {}", signature(&[one], "evt_1", "7", b"x"), signature(&[two], "evt_1", "7", b"x"));
        assert_eq!(both, expected);
    }

    #[test]
    fn texts_that_are_no_secret_are_refused() {
        let error = |text: &str| key(&Secret::new(text)).err();
        assert_eq!(error("YSBrZXk="), Some(SecretError::NoPrefix));
        assert_eq!(error("whsec_"), Some(SecretError::Empty));
        assert_eq!(error("whsec_not base64!"), Some(SecretError::NotBase64));
        assert_eq!(error("whsec_QQ"), None);
        assert_eq!(error("whsec_QQ=="), None);
    }
}
