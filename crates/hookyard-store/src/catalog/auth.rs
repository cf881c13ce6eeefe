//! The stored form of a destination's authentication, and what the catalog asks of it.
//!
//! All of it is sealed, the settings that are no secrets too: nobody searches for them, and one form serves
//! every kind. What a kind's settings are is [`Auth`]'s business.

use std::collections::BTreeMap;

use hookyard_model::auth::Auth;
use hookyard_model::id::DestinationId;
use serde::{Deserialize, Serialize};

use super::check::{self, Problem};
use super::key::SecretKey;
use super::open::LoadError;
use super::seal::{self, Place, SealError};

/// The stored form. A new one gets a variant of its own, and this one stays readable.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum StoredAuth {
    SettingsV1 { kind: String, settings: BTreeMap<String, String> },
}

/// Whether it can be used for a destination with this URL.
pub(super) fn problem(auth: &Auth, url: &str) -> Option<Problem> {
    match auth {
        Auth::OAuth2(oauth2) => {
            let Problem { reason, .. } = check::url(&oauth2.token_url)?;
            Some(Problem { setting: "auth.token_url", reason })
        }
        Auth::Mtls(_) if !url.to_ascii_lowercase().starts_with("https://") => {
            let reason = "a client certificate is shown in TLS only: give the destination an `https://` URL";
            Some(Problem { setting: "auth.certificate", reason: reason.to_owned() })
        }
        _ => None,
    }
}

/// The sealed form; none where there is nothing to store.
pub(super) fn encode(key: &SecretKey, id: DestinationId, auth: &Auth) -> Result<Option<Vec<u8>>, SealError> {
    if *auth == Auth::None {
        return Ok(None);
    }
    let settings = auth.settings().into_iter();
    let stored = StoredAuth::SettingsV1 {
        kind: auth.kind().to_owned(),
        settings: settings.map(|(name, value)| (name.to_owned(), value.expose().to_owned())).collect(),
    };
    let plain = serde_json::to_vec(&stored).map_err(|_| SealError::TooLong)?;
    seal::seal(key, place(id), &plain).map(Some)
}

/// What [`encode`] made for the same destination.
pub(super) fn decode(key: &SecretKey, id: DestinationId, sealed: Option<&[u8]>) -> Result<Auth, LoadError> {
    let Some(sealed) = sealed else { return Ok(Auth::None) };
    let damaged = |what: String| LoadError::Damaged(format!("destination {id}: authentication: {what}"));
    let plain = seal::unseal(key, place(id), sealed).map_err(|error| damaged(error.to_string()))?;
    // serde_json repeats values in its messages.
    let stored = serde_json::from_slice(&plain).map_err(|_| damaged("its form is unknown".to_owned()))?;
    let StoredAuth::SettingsV1 { kind, settings } = stored;
    Auth::read(&kind, &settings).map_err(|error| damaged(error.to_string()))
}

const fn place(id: DestinationId) -> Place {
    Place { table: "destinations", column: "auth", row: id.0 }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use hookyard_model::auth::{ClientAuth, Mtls, OAuth2};
    use hookyard_model::secret::Secret;

    use super::*;

    fn key() -> SecretKey {
        SecretKey::from_base64(&STANDARD.encode([9; 32])).unwrap()
    }

    #[test]
    fn a_client_certificate_needs_tls_and_a_token_an_endpoint() {
        let pem = "-----BEGIN X-----".to_owned();
        let mtls = Auth::Mtls(Mtls { certificate: pem.clone(), key: Secret::new(pem), ca: None });
        assert_eq!(problem(&mtls, "HTTPS://a.test/"), None);
        assert_eq!(problem(&mtls, "http://a.test/").unwrap().setting, "auth.certificate");
        let oauth2 = |token_url: &str| {
            Auth::OAuth2(OAuth2 {
                token_url: token_url.to_owned(),
                client_id: "me".to_owned(),
                client_secret: Secret::new("s"),
                client_auth: ClientAuth::Basic,
                scope: None,
                audience: None,
            })
        };
        assert_eq!(problem(&oauth2("https://a.test/token"), "http://a.test/"), None);
        assert_eq!(problem(&oauth2("a.test/token"), "http://a.test/").unwrap().setting, "auth.token_url");
    }

    #[test]
    fn the_first_form_is_read_for_ever() {
        let plain =
            br#"{"settings_v1":{"kind":"basic","settings":{"password":"open sesame","username":"ali"}}}"#;
        let sealed = seal::seal(&key(), place(DestinationId(3)), plain).unwrap();
        let auth = decode(&key(), DestinationId(3), Some(&sealed)).unwrap();
        assert_eq!(auth, Auth::Basic { username: "ali".to_owned(), password: Secret::new("open sesame") });
        let again = encode(&key(), DestinationId(3), &auth).unwrap().unwrap();
        assert_eq!(seal::unseal(&key(), place(DestinationId(3)), &again).unwrap(), plain);
    }

    #[test]
    fn what_is_unknown_is_damage_and_no_value_is_repeated() {
        for plain in [
            r#"{"settings_v2":{"kind":"hunter2"}}"#,
            r#"{"settings_v1":{"kind":"bearer","settings":{"token":"hunter2 2"}}}"#,
            r#"{"settings_v1":{"kind":"bearer","settings":{"token":["hunter2"]}}}"#,
            r#"{"settings_v1":{"kind":"later","settings":{"token":"hunter2"}}}"#,
        ] {
            let sealed = seal::seal(&key(), place(DestinationId(3)), plain.as_bytes()).unwrap();
            let error = decode(&key(), DestinationId(3), Some(&sealed)).unwrap_err();
            let LoadError::Damaged(what) = error else { panic!("{error:?}") };
            assert!(what.contains("authentication") && !what.contains("hunter2"), "{what}");
        }
    }
}
