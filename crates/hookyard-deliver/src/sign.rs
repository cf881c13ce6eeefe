//! Signatures of outgoing requests, as the Standard Webhooks specification has them.
//!
//! What is signed is `id.timestamp.body`; each key gives one `v1,<base64 of HMAC-SHA256>` or
//! `v1a,<base64 of Ed25519>`, and while a secret is being rotated there are several, separated by a space, so that
//! the receiver may know either.

use std::sync::Arc;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use hookyard_model::clock::Timestamp;
use hookyard_model::destination::SigningSecret;
use hookyard_model::secret::Secret;
use ring::hmac;
use ring::signature::Ed25519KeyPair;

/// What a secret for HMAC starts with.
pub const HMAC_PREFIX: &str = "whsec_";
/// What a secret for Ed25519 starts with.
pub const ED25519_PREFIX: &str = "whsk_";
/// An Ed25519 secret is a seed of so many bytes; the public key may follow.
const SEED_BYTES: usize = 32;

/// Secrets are typed and pasted; whether the padding came along does not matter.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// What one secret signs with, and until when.
#[derive(Clone, Debug)]
pub struct Key {
    kind: Kind,
    ends_at: Option<Timestamp>,
}

#[derive(Clone, Debug)]
enum Kind {
    Hmac(hmac::Key),
    Ed25519(Arc<Ed25519KeyPair>),
}

/// Why a text is no signing secret. The text itself is never part of the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// It starts with neither `whsec_` nor `whsk_`.
    #[error("a signing secret starts with `{HMAC_PREFIX}` or `{ED25519_PREFIX}`")]
    NoPrefix,
    /// The rest is not base64.
    #[error("what follows `{HMAC_PREFIX}` or `{ED25519_PREFIX}` in a signing secret must be base64")]
    NotBase64,
    /// There is no key in it.
    #[error(
        "a signing secret must hold a key after `{HMAC_PREFIX}`, or 32 or 64 bytes after `{ED25519_PREFIX}`"
    )]
    NoKey,
}

/// The key of a signing secret.
///
/// # Errors
/// [`SecretError`] where the text is not `whsec_` or `whsk_` and the base64 of a key.
pub fn key(secret: &SigningSecret) -> Result<Key, SecretError> {
    Ok(Key { kind: kind(&secret.secret)?, ends_at: secret.ends_at })
}

fn kind(secret: &Secret) -> Result<Kind, SecretError> {
    let decode = |text| LENIENT.decode(text).map_err(|_| SecretError::NotBase64);
    if let Some(text) = secret.expose().strip_prefix(HMAC_PREFIX) {
        return match decode(text)? {
            key if key.is_empty() => Err(SecretError::NoKey),
            key => Ok(Kind::Hmac(hmac::Key::new(hmac::HMAC_SHA256, &key))),
        };
    }
    let key = decode(secret.expose().strip_prefix(ED25519_PREFIX).ok_or(SecretError::NoPrefix)?)?;
    let pair = match key.split_at_checked(SEED_BYTES).ok_or(SecretError::NoKey)? {
        (seed, []) => Ed25519KeyPair::from_seed_unchecked(seed),
        (seed, public) => Ed25519KeyPair::from_seed_and_public_key(seed, public),
    };
    pair.map(|pair| Kind::Ed25519(Arc::new(pair))).map_err(|_| SecretError::NoKey)
}

/// The value of `webhook-signature`: one signature for each key that signs at `now`, in their order.
pub(crate) fn signature(keys: &[Key], id: &str, timestamp_s: &str, body: &[u8], now: Timestamp) -> String {
    // "v1," and 44 characters of base64, and a space between two; Ed25519 makes it grow.
    let mut text = String::with_capacity(keys.len() * 48);
    for key in keys.iter().filter(|key| key.ends_at.is_none_or(|end| now < end)) {
        let parts = [id.as_bytes(), b".", timestamp_s.as_bytes(), b".", body];
        if !text.is_empty() {
            text.push(' ');
        }
        match &key.kind {
            Kind::Hmac(key) => {
                let mut context = hmac::Context::with_key(key);
                parts.iter().for_each(|part| context.update(part));
                text.push_str("v1,");
                STANDARD.encode_string(context.sign(), &mut text);
            }
            Kind::Ed25519(pair) => {
                text.push_str("v1a,");
                STANDARD.encode_string(pair.sign(&parts.concat()), &mut text);
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const NOW: Timestamp = Timestamp::from_ms(1_760_000_000_000);

    fn secret(text: &str) -> SigningSecret {
        SigningSecret { secret: Secret::new(text), public_key: None, ends_at: None }
    }

    fn signed(secrets: &[SigningSecret], now: Timestamp) -> String {
        let keys: Vec<Key> = secrets.iter().map(|secret| key(secret).unwrap()).collect();
        signature(&keys, "evt_0abc", "1760000000", br#"{"paid":true}"#, now)
    }

    /// Made with Python's hmac module, from the same key, id, time and body.
    #[test]
    fn a_signature_is_what_another_implementation_computes() {
        let signed = signed(&[secret("whsec_YSBrZXkgb2YgdHdlbnR5LWZvdXIgYnku")], NOW);
        assert_eq!(signed, "v1,E4xJhudnw4X6ZVSuaTy7jr0a72+QaSkN6+Zw5ZH2UdY=");
    }

    /// The vector in the tests of the Standard Webhooks library for Go (`TestAsymmetricWebhookSign`).
    #[test]
    fn an_ed25519_signature_is_what_the_standards_own_library_computes() {
        let key = key(&secret("whsk_VEVTVFNJR05JTkdLRVlET05PVFVTRVRISVNGT1JBTlk=")).unwrap();
        let signed =
            signature(&[key], "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", br#"{"test": 2432232314}"#, NOW);
        let expected =
            "v1a,tQ9V2XOqn7jL/DQenEFpqIugdBVtiMmER5mhSkXBNwM0mkATuDe6KYYUuxqtaiHeYGb7KaaBRdM5WqyeFiL8Ag==";
        assert_eq!(signed, expected);
    }

    #[test]
    fn every_key_signs_until_its_end() {
        let (one, two, three) = (
            secret("whsec_AAAA"),
            secret("whsk_VEVTVFNJR05JTkdLRVlET05PVFVTRVRISVNGT1JBTlk="),
            secret("whsec_AAAB"),
        );
        let end = NOW.plus(Duration::from_secs(1));
        let ending = SigningSecret { ends_at: Some(end), ..two.clone() };
        let alone = |secret: &SigningSecret| signed(std::slice::from_ref(secret), NOW);
        let all = [one.clone(), ending, three.clone()];
        assert_eq!(signed(&all, NOW), [alone(&one), alone(&two), alone(&three)].join(" "));
        assert_eq!(signed(&all, end), [alone(&one), alone(&three)].join(" "));
    }

    #[test]
    fn texts_that_are_no_secret_are_refused() {
        let error = |text: &str| key(&secret(text)).err();
        assert_eq!(error("YSBrZXk="), Some(SecretError::NoPrefix));
        assert_eq!(error("whsec_"), Some(SecretError::NoKey));
        assert_eq!(error("whsec_not base64!"), Some(SecretError::NotBase64));
        assert_eq!(error("whsk_YSBrZXk="), Some(SecretError::NoKey));
        assert_eq!(error("whsec_QQ"), None);
        assert_eq!(error("whsec_QQ=="), None);
    }
}
