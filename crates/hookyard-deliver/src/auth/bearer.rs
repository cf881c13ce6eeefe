//! `Authorization: Bearer` (RFC 6750, section 2.1).

use http::header::{HeaderValue, InvalidHeaderValue};

/// The header's value.
pub(super) fn value(token: &str) -> Result<HeaderValue, InvalidHeaderValue> {
    super::secret_value(&format!("Bearer {token}"))
}
