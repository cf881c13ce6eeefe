//! `[destination.auth]`: a kind and its settings. What they are is [`Auth`]'s business; here every setting can
//! also be read from a file of its own, as secrets often are: `NAME_file` for `NAME`.

use std::collections::BTreeMap;
use std::path::Path;

use hookyard_model::auth::{Auth, Mtls};
use hookyard_outgoing::identity::Identity;

use super::table::{Reader, Table};

/// Longest file that is read, in bytes; the settings have narrower bounds.
const FILE_BYTES_MAX: u64 = 1024 * 1024;
const FILE_SUFFIX: &str = "_file";

/// Reads the table; none where something in it is wrong. Paths are taken from `directory`.
pub(super) fn read(table: Table<'_>, reader: &mut Reader<'_>, directory: &Path) -> Option<Auth> {
    let at = table.at;
    let settings = table.all_texts(reader)?;
    match build(settings, directory) {
        Ok(auth) => Some(auth),
        Err((setting, reason)) => {
            reader.note(at, format!("destination.auth.{setting}: {reason}"));
            None
        }
    }
}

fn build(mut settings: BTreeMap<String, String>, directory: &Path) -> Result<Auth, (String, String)> {
    let kind = settings.remove("kind");
    let kind =
        kind.ok_or_else(|| ("kind".to_owned(), "it is missing: say which one, like `bearer`".to_owned()))?;
    let mut read = BTreeMap::new();
    for (name, value) in settings {
        let (name, value) = match name.strip_suffix(FILE_SUFFIX) {
            None => (name, value),
            Some(setting) => {
                let content = content(&directory.join(value)).map_err(|reason| (name.clone(), reason))?;
                (setting.to_owned(), content)
            }
        };
        if read.insert(name.clone(), value).is_some() {
            return Err((name, "give it here or in a file, not both".to_owned()));
        }
    }
    let auth = Auth::read(&kind, &read).map_err(|error| (error.setting().to_owned(), error.to_string()))?;
    if let Auth::Mtls(Mtls { certificate, key, ca }) = &auth {
        Identity::parse(certificate, key.expose(), ca.as_deref())
            .map_err(|error| (error.setting().to_owned(), error.to_string()))?;
    }
    Ok(auth)
}

/// A file's text, without the line break that editors put at its end.
pub(super) fn content(path: &Path) -> Result<String, String> {
    let unreadable = |error: std::io::Error| format!("{} cannot be read: {error}", path.display());
    if std::fs::metadata(path).map_err(unreadable)?.len() > FILE_BYTES_MAX {
        return Err(format!("{} is longer than {FILE_BYTES_MAX} bytes", path.display()));
    }
    let text = std::fs::read_to_string(path).map_err(unreadable)?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

#[cfg(test)]
mod tests {
    use hookyard_model::secret::Secret;

    use super::*;

    fn build(settings: &[(&str, &str)], directory: &Path) -> Result<Auth, String> {
        let settings =
            settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        super::build(settings, directory).map_err(|(setting, reason)| format!("{setting}: {reason}"))
    }

    #[test]
    fn a_setting_can_stand_in_a_file() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("token"), "from-a-file\n").unwrap();
        let bearer =
            |settings: &[(&str, &str)]| build(&[&[("kind", "bearer")], settings].concat(), directory.path());
        let expected = Ok(Auth::Bearer { token: Secret::new("from-a-file") });
        assert_eq!(bearer(&[("token_file", "token")]), expected);
        let absolute = directory.path().join("token");
        assert_eq!(bearer(&[("token_file", absolute.to_str().unwrap())]), expected);
        let error = bearer(&[("token_file", "missing")]).unwrap_err();
        assert!(error.starts_with("token_file: ") && error.contains("missing cannot be read"), "{error}");
        let error = bearer(&[("token_file", "token"), ("token", "too")]).unwrap_err();
        assert_eq!(error, "token: give it here or in a file, not both");
        let error = bearer(&[("other_file", "token")]).unwrap_err();
        assert!(error.starts_with("other: `other` is not a setting"), "{error}");
    }

    #[test]
    fn what_cannot_be_used_is_named() {
        let error = |settings: &[(&str, &str)]| build(settings, Path::new("")).unwrap_err();
        assert!(error(&[("token", "x")]).starts_with("kind: it is missing"));
        assert!(error(&[("kind", "digest")]).starts_with("kind: the kind is one of `none`"));
        let pem = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----";
        let mtls = error(&[("kind", "mtls"), ("certificate", pem), ("key", pem)]);
        assert!(mtls.starts_with("key: no private key"), "{mtls}");
    }
}
