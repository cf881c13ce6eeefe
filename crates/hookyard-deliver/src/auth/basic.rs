//! `Authorization: Basic` (RFC 7617), in UTF-8.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hookyard_model::secret::Secret;
use http::header::{HeaderValue, InvalidHeaderValue};

/// The header's value.
pub(super) fn value(username: &str, password: &Secret) -> Result<HeaderValue, InvalidHeaderValue> {
    let credentials = format!("{username}:{}", password.expose());
    super::secret_value(&format!("Basic {}", STANDARD.encode(credentials)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Both are examples of the RFC: sections 2 and 2.1.
    #[test]
    fn the_examples_of_the_rfc() {
        for (username, password, expected) in [
            ("Aladdin", "open sesame", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="),
            ("test", "123\u{a3}", "Basic dGVzdDoxMjPCow=="),
        ] {
            let value = value(username, &Secret::new(password)).unwrap();
            assert_eq!(value, expected);
            assert_eq!(format!("{value:?}"), "Sensitive");
        }
    }
}
