//! Secrets on the wire: they come in as text, and nothing but a hint goes out again; only a signing
//! secret that was generated here is shown, once, in the answer to the call that made it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hookyard_model::secret::Secret;
use serde::Serialize;

use crate::problem::Problem;

/// Bytes of randomness in a generated signing secret; Standard Webhooks asks for 24 to 64.
const SIGNING_SECRET_BYTES: usize = 32;

/// What is shown of a secret.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct SecretHint {
    hint: String,
}

/// The hints of secrets, in their order.
pub(crate) fn hints(secrets: &[Secret]) -> Vec<SecretHint> {
    secrets.iter().map(|secret| SecretHint { hint: format!("…{}", secret.hint()) }).collect()
}

/// A new signing secret: `whsec_` and base64.
///
/// # Errors
/// Where the machine gives no randomness.
pub(crate) fn generate() -> Result<Secret, Problem> {
    let mut bytes = [0_u8; SIGNING_SECRET_BYTES];
    getrandom::fill(&mut bytes).map_err(|error| Problem::internal(&error))?;
    Ok(Secret::new(format!("whsec_{}", STANDARD.encode(bytes))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generated_secrets_differ_and_only_their_end_is_shown() {
        let (one, other) = (generate().unwrap(), generate().unwrap());
        assert_ne!(one, other);
        let shown = serde_json::to_string(&hints(std::slice::from_ref(&one))).unwrap();
        assert_eq!(shown, format!("[{{\"hint\":\"…{}\"}}]", &one.expose()[one.expose().len() - 4..]));
    }
}
