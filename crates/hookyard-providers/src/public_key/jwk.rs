//! JSON Web Keys (RFC 7517, RFC 7518 section 6, RFC 8037): public keys only.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use super::PublicKey;

/// A public key with what a key set says about it.
#[derive(Clone, Debug)]
pub(crate) struct Jwk {
    pub(crate) id: Option<Box<str>>,
    /// The one algorithm it is for, where that is said.
    pub(crate) algorithm: Option<Box<str>>,
    pub(crate) key: PublicKey,
    /// From when on it is no longer to be used, in seconds since the Unix epoch (Plaid's `expired_at`).
    pub(crate) expired_at_s: Option<u64>,
}

/// Whether a key is there to verify signatures.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum JwkUse {
    Signatures,
    /// For encryption, or of a type that is not known here: passed over.
    Other,
}

impl Jwk {
    /// Reads one key. A private or a symmetric key is an error: whoever publishes it has lost it.
    ///
    /// # Errors
    /// A clause whose subject is the key.
    pub(crate) fn from_json(value: &Value) -> Result<Self, &'static str> {
        if ["d", "k", "p"].iter().any(|secret| value.get(secret).is_some()) {
            return Err("is a JSON Web Key with its secret part");
        }
        let text = |name: &str| value.get(name).and_then(Value::as_str);
        let bytes = |name: &str| {
            let digits = text(name).unwrap_or_default().trim_end_matches('=');
            URL_SAFE_NO_PAD.decode(digits).map_err(|_| "is a JSON Web Key that is damaged")
        };
        let key = match (text("kty"), text("crv")) {
            (Some("RSA"), _) => PublicKey::from_rsa(&bytes("n")?, &bytes("e")?)?,
            (Some("OKP"), Some("Ed25519")) => bytes("x")?
                .try_into()
                .map(PublicKey::Ed25519)
                .map_err(|_| "is an Ed25519 key of the wrong length")?,
            (Some("EC"), Some("P-256")) => PublicKey::from_p256(&point(&bytes("x")?, &bytes("y")?, 32)?)?,
            (Some("EC"), Some("P-384")) => PublicKey::from_p384(&point(&bytes("x")?, &bytes("y")?, 48)?)?,
            (Some("EC"), Some("P-521")) => PublicKey::from_p521(&point(&bytes("x")?, &bytes("y")?, 66)?)?,
            _ => return Err("is a JSON Web Key of a type other than RSA, P-256, P-384, P-521 and Ed25519"),
        };
        Ok(Self {
            id: text("kid").map(Box::from),
            algorithm: text("alg").map(Box::from),
            key,
            expired_at_s: value.get("expired_at").and_then(Value::as_u64),
        })
    }

    /// What a key set says a key is for.
    pub(crate) fn purpose(value: &Value) -> JwkUse {
        let text = |name: &str| value.get(name).and_then(Value::as_str);
        let verifies = value
            .get("key_ops")
            .and_then(Value::as_array)
            .is_none_or(|operations| operations.iter().any(|operation| operation == "verify"));
        let known = matches!(
            (text("kty"), text("crv")),
            (Some("RSA"), _)
                | (Some("OKP"), Some("Ed25519"))
                | (Some("EC"), Some("P-256" | "P-384" | "P-521"))
        );
        if known && verifies && matches!(text("use"), None | Some("sig")) {
            JwkUse::Signatures
        } else {
            JwkUse::Other
        }
    }
}

/// The uncompressed form of a point (SEC 1, section 2.3.3).
fn point(x: &[u8], y: &[u8], size: usize) -> Result<Vec<u8>, &'static str> {
    // RFC 7518, section 6.2.1.2: the full size. Some leave leading zeros out.
    if x.len() > size || y.len() > size {
        return Err("is a JSON Web Key that is damaged");
    }
    let mut point = vec![4];
    for number in [x, y] {
        point.extend(std::iter::repeat_n(0, size - number.len()));
        point.extend_from_slice(number);
    }
    Ok(point)
}
