//! Reading one kind's settings, and what is said where that fails.

use std::collections::BTreeMap;

use super::{Auth, PEM_BYTES_MAX, SETTING_BYTES_MAX};
use crate::secret::Secret;

/// What Hookyard says itself in every delivery, or HTTP for this hop: no credential can stand there.
const OWN_HEADERS: [&str; 16] = [
    "connection",
    "content-length",
    "content-type",
    "expect",
    "host",
    "idempotency-key",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "webhook-id",
    "webhook-signature",
    "webhook-timestamp",
    "x-forwarded-for",
    "x-forwarded-host",
];

/// A kind and its settings come to nothing. No value that was given is repeated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuthError {
    /// There is no such kind.
    #[error("the kind is one of {known}")]
    UnknownKind {
        /// Those there are.
        known: String,
    },
    /// The kind has no such setting.
    #[error("`{name}` is not a setting of the kind `{kind}`, which {known}")]
    Unknown {
        /// The kind.
        kind: &'static str,
        /// What was given.
        name: String,
        /// Those there are, as the end of a sentence.
        known: String,
    },
    /// The kind needs a setting that is not there.
    #[error("`{name}` is missing: the kind `{kind}` needs it")]
    Missing {
        /// The kind.
        kind: &'static str,
        /// The setting.
        name: &'static str,
    },
    /// A value cannot be used.
    #[error("{reason}")]
    Invalid {
        /// The setting.
        name: &'static str,
        /// What is wrong, and what would be right.
        reason: String,
    },
}

impl AuthError {
    /// The setting it is about; `kind` where it is that.
    pub fn setting(&self) -> &str {
        match self {
            Self::UnknownKind { .. } => "kind",
            Self::Unknown { name, .. } => name,
            Self::Missing { name, .. } | Self::Invalid { name, .. } => name,
        }
    }
}

/// The settings of one kind, all of them known.
pub(super) struct Reader<'a> {
    kind: &'static str,
    settings: &'a BTreeMap<String, String>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(kind: &str, settings: &'a BTreeMap<String, String>) -> Result<Self, AuthError> {
        let Some((kind, known)) = Auth::KINDS.iter().find(|(name, _)| *name == kind) else {
            let known = alternatives(Auth::KINDS.iter().map(|(name, _)| *name));
            return Err(AuthError::UnknownKind { known });
        };
        if let Some(name) = settings.keys().find(|name| !known.contains(&name.as_str())) {
            let known = match known {
                [] => "has no settings".to_owned(),
                known => format!("has {}", quoted(known.iter().copied()).join(", ")),
            };
            return Err(AuthError::Unknown { kind, name: name.clone(), known });
        }
        Ok(Self { kind, settings })
    }

    fn invalid<T>(name: &'static str, reason: impl Into<String>) -> Result<T, AuthError> {
        Err(AuthError::Invalid { name, reason: reason.into() })
    }

    fn given(&self, name: &'static str, bytes_max: usize) -> Result<Option<&str>, AuthError> {
        match self.settings.get(name) {
            Some(text) if text.len() > bytes_max => {
                Self::invalid(name, format!("it is longer than {bytes_max} bytes"))
            }
            Some(text) => Ok(Some(text)),
            None => Ok(None),
        }
    }

    fn needed(&self, name: &'static str, bytes_max: usize) -> Result<&str, AuthError> {
        match self.given(name, bytes_max)? {
            None => Err(AuthError::Missing { kind: self.kind, name }),
            Some("") => Self::invalid(name, "it is empty: give its value"),
            Some(text) => Ok(text),
        }
    }

    /// A line of text that may be left out.
    pub(super) fn optional(&self, name: &'static str) -> Result<Option<String>, AuthError> {
        match self.given(name, SETTING_BYTES_MAX)? {
            Some(text) if text.chars().any(char::is_control) => {
                Self::invalid(name, "it holds line breaks or other control characters: leave them out")
            }
            text => Ok(text.map(str::to_owned)),
        }
    }

    /// A line of text.
    pub(super) fn text(&self, name: &'static str) -> Result<String, AuthError> {
        self.needed(name, SETTING_BYTES_MAX)?;
        Ok(self.optional(name)?.unwrap_or_default())
    }

    /// A line of text that nobody may see.
    pub(super) fn secret(&self, name: &'static str) -> Result<Secret, AuthError> {
        self.text(name).map(Secret::new)
    }

    /// A user name as RFC 7617 has it.
    pub(super) fn username(&self, name: &'static str) -> Result<String, AuthError> {
        let username = self.text(name)?;
        if username.contains(':') {
            return Self::invalid(
                name,
                "a user name cannot hold a colon: basic authentication ends it there",
            );
        }
        Ok(username)
    }

    /// A secret that can stand in a header, also with spaces.
    pub(super) fn header_text(&self, name: &'static str) -> Result<Secret, AuthError> {
        let text = self.needed(name, SETTING_BYTES_MAX)?;
        let fits = text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) && text.trim() == text;
        match fits {
            true => Ok(Secret::new(text)),
            false => Self::invalid(name, "a header carries printable ASCII only, and no space at its ends"),
        }
    }

    /// The same, where it may be left out.
    pub(super) fn optional_header_text(&self, name: &'static str) -> Result<Option<Secret>, AuthError> {
        self.settings.contains_key(name).then(|| self.header_text(name)).transpose()
    }

    /// A token: [`Reader::header_text`] without spaces.
    pub(super) fn token(&self, name: &'static str) -> Result<Secret, AuthError> {
        let token = self.header_text(name)?;
        if token.expose().contains(' ') {
            return Self::invalid(name, "a token is printable ASCII without spaces");
        }
        Ok(token)
    }

    /// A part of a credential scope.
    pub(super) fn scope(&self, name: &'static str) -> Result<String, AuthError> {
        let text = self.text(name)?;
        if !text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte)) {
            return Self::invalid(name, "it has letters, digits, `-`, `_` and `.` only");
        }
        Ok(text)
    }

    /// A header name that Hookyard does not use itself.
    pub(super) fn header(&self, name: &'static str) -> Result<String, AuthError> {
        let header = self.text(name)?;
        let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        if !header.bytes().all(is_token) {
            return Self::invalid(name, format!("`{header}` is not a header name, like `X-Signature`"));
        }
        let lower = header.to_ascii_lowercase();
        if OWN_HEADERS.contains(&lower.as_str()) || lower.starts_with("hookyard-") {
            let reason = format!("`{header}` is a header that Hookyard sends or sets itself: choose another");
            return Self::invalid(name, reason);
        }
        Ok(header)
    }

    /// The same, where it may be left out.
    pub(super) fn optional_header(&self, name: &'static str) -> Result<Option<String>, AuthError> {
        self.settings.contains_key(name).then(|| self.header(name)).transpose()
    }

    /// One of these words; the first where it is left out.
    pub(super) fn word<T: Copy>(
        &self,
        name: &'static str,
        words: &[(&'static str, T)],
    ) -> Result<T, AuthError> {
        let found = match self.given(name, SETTING_BYTES_MAX)? {
            None => words.first(),
            Some(text) => words.iter().find(|(word, _)| *word == text),
        };
        match found {
            Some((_, meaning)) => Ok(*meaning),
            None => {
                Self::invalid(name, format!("it is {}", alternatives(words.iter().map(|(word, _)| *word))))
            }
        }
    }

    /// A text of this kind; the default where it is left out.
    pub(super) fn parsed<T>(
        &self,
        name: &'static str,
        default: &str,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Result<T, AuthError> {
        let text = self.given(name, SETTING_BYTES_MAX)?.unwrap_or(default);
        parse(text).map_err(|reason| AuthError::Invalid { name, reason })
    }

    /// One or more blocks of PEM, which nobody has looked into yet.
    pub(super) fn pem(&self, name: &'static str) -> Result<String, AuthError> {
        let text = self.needed(name, PEM_BYTES_MAX)?;
        match text.contains("-----BEGIN ") {
            true => Ok(text.to_owned()),
            false => Self::invalid(name, "it must be in PEM form, from `-----BEGIN …` to `-----END …`"),
        }
    }

    /// The same, where it may be left out.
    pub(super) fn optional_pem(&self, name: &'static str) -> Result<Option<String>, AuthError> {
        self.settings.contains_key(name).then(|| self.pem(name)).transpose()
    }
}

fn quoted<'a>(words: impl Iterator<Item = &'a str>) -> Vec<String> {
    words.map(|word| format!("`{word}`")).collect()
}

/// `a`, `b` or `c`.
fn alternatives<'a>(words: impl Iterator<Item = &'a str>) -> String {
    let quoted = quoted(words);
    match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
        None => String::new(),
    }
}
