//! Secrets on the wire: they come in as text, and nothing but a hint goes out again; only a signing
//! secret that was generated here is shown, once, in the answer to the call that made it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hookyard_model::destination::SigningSecret;
use hookyard_model::secret::Secret;
use hookyard_store::catalog::SigningAlgorithm;
use serde::Serialize;
use utoipa::ToSchema;

use crate::problem::Problem;
use crate::time::Rfc3339;

/// What is shown of a secret.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct SecretHint {
    hint: String,
}

/// The hints of secrets, in their order.
pub(crate) fn hints(secrets: &[Secret]) -> Vec<SecretHint> {
    secrets.iter().map(hint).collect()
}

/// The hint of one.
pub(crate) fn hint(secret: &Secret) -> SecretHint {
    SecretHint { hint: format!("…{}", secret.hint()) }
}

/// What is shown of a signing secret.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct SigningSecretView {
    hint: String,
    /// What an Ed25519 secret's signatures are verified with.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    public_key: Option<String>,
    /// When it stops signing.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    ends_at: Option<Rfc3339>,
}

impl SigningSecretView {
    pub(crate) fn new(signing: &SigningSecret) -> Self {
        let SigningSecret { secret, public_key, ends_at } = signing;
        Self {
            hint: format!("…{}", secret.hint()),
            public_key: public_key.map(|key| format!("whpk_{}", STANDARD.encode(key.0))),
            ends_at: ends_at.map(Rfc3339),
        }
    }
}

/// A new signing secret.
///
/// # Errors
/// Where the machine gives no randomness.
pub(crate) fn generate(algorithm: SigningAlgorithm) -> Result<Secret, Problem> {
    algorithm.new_secret().map_err(|error| Problem::internal(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generated_secrets_differ_and_only_their_end_is_shown() {
        let new = || generate(SigningAlgorithm::Hmac).unwrap();
        let (one, other) = (new(), new());
        assert_ne!(one, other);
        let shown = serde_json::to_string(&hints(std::slice::from_ref(&one))).unwrap();
        assert_eq!(shown, format!("[{{\"hint\":\"…{}\"}}]", &one.expose()[one.expose().len() - 4..]));
    }
}
