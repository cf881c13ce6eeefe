//! Access: who calls the API, and what a key may be used for.
//!
//! A key's text is `hky_`, its id, and 256 random bits. The id says which key it claims to be, so that the claim
//! is compared with one digest only; the prefix lets scanners for leaked secrets find it.

use std::fmt;
use std::time::Duration;

use crate::clock::Timestamp;
use crate::id::{ApiKeyId, ProjectId, TEXT_CHARS, read_base32, write_base32};
use crate::secret::Secret;

/// API keys of a project.
pub const API_KEYS_MAX: usize = 100;
/// How long the text before a rotation is taken beside the new one, where nothing is said.
pub const KEY_OVERLAP_DEFAULT: Duration = Duration::from_secs(24 * 3600);
/// The longest that it can be.
pub const KEY_OVERLAP_MAX: Duration = Duration::from_secs(30 * 24 * 3600);

/// What the text of every key begins with.
const KEY_PREFIX: &str = "hky_";
/// Its random bits, in numbers of 64.
const KEY_WORDS: usize = 4;

/// What a caller may do; each includes those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// Look at everything but the audit log, the keys and the settings.
    Read,
    /// Also act on what is there: retry, cancel, replay, acknowledge, pause.
    Operate,
    /// Everything.
    Admin,
}

impl Scope {
    /// All of them, the least first.
    pub const ALL: [Self; 3] = [Self::Read, Self::Operate, Self::Admin];

    /// The name in the API and in the database.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Operate => "operate",
            Self::Admin => "admin",
        }
    }

    /// The scope with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.name() == name)
    }

    /// Whether it is enough for what needs `needed`.
    pub fn covers(self, needed: Self) -> bool {
        self >= needed
    }
}

/// Who does something.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Actor {
    /// Somebody on this machine, who needs no key.
    Local,
    /// Whoever has the configured admin key.
    AdminKey,
    /// Whoever has this key.
    ApiKey {
        /// The key.
        id: ApiKeyId,
        /// Its name at that time.
        name: String,
    },
    /// The configuration file, at start.
    File,
    /// Hookyard itself.
    System,
    /// Somebody who did not show a key that is right.
    Unknown,
}

impl Actor {
    /// The names of all kinds.
    pub const TYPES: [&'static str; 6] = ["local", "admin_key", "api_key", "file", "system", "unknown"];

    /// The name of its kind in the API and in the database.
    pub const fn type_name(&self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::AdminKey => "admin_key",
            Self::ApiKey { .. } => "api_key",
            Self::File => "file",
            Self::System => "system",
            Self::Unknown => "unknown",
        }
    }
}

/// A key that callers of the API show. Its text is not kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    /// Its identity.
    pub id: ApiKeyId,
    /// The project it belongs to.
    pub project: ProjectId,
    /// Its name, unique among the project's keys.
    pub name: String,
    /// What it may be used for.
    pub scope: Scope,
    /// The last characters of its text, for telling keys apart on a screen.
    pub hint: String,
    /// What its text is compared by.
    pub digest: KeyDigest,
    /// The text before the last rotation, while that is still taken.
    pub previous: Option<PreviousKey>,
    /// When it stops being taken; none for never.
    pub expires_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl ApiKey {
    /// Whether it is taken at this time.
    pub fn is_valid_at(&self, now: Timestamp) -> bool {
        self.expires_at.is_none_or(|end| now < end)
    }
}

/// The text that a key had before it was rotated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreviousKey {
    /// What it is compared by.
    pub digest: KeyDigest,
    /// When it stops being taken.
    pub until: Timestamp,
}

/// The SHA-256 of a key's text: of 256 random bits nothing slower is needed.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyDigest(pub [u8; 32]);

impl fmt::Debug for KeyDigest {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("KeyDigest(…)")
    }
}

/// The text of the key with this id and these random bits.
pub fn key_text(id: ApiKeyId, random: [u64; KEY_WORDS]) -> Secret {
    Secret::new(KeyText { id, random }.to_string())
}

/// Which key a text claims to be; none where it does not look like a key.
pub fn key_claimed(text: &str) -> Option<ApiKeyId> {
    let digits = text.strip_prefix(KEY_PREFIX)?.as_bytes();
    if digits.len() != TEXT_CHARS * (1 + KEY_WORDS) {
        return None;
    }
    let mut words = digits.chunks(TEXT_CHARS).map(read_base32);
    let id = ApiKeyId(words.next()??);
    words.all(|word| word.is_some()).then_some(id)
}

struct KeyText {
    id: ApiKeyId,
    random: [u64; KEY_WORDS],
}

impl fmt::Display for KeyText {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(KEY_PREFIX)?;
        write_base32(self.id.0, out)?;
        self.random.iter().try_for_each(|word| write_base32(*word, out))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_includes_those_before_it() {
        for (has, needs, is_enough) in [
            (Scope::Read, Scope::Read, true),
            (Scope::Read, Scope::Operate, false),
            (Scope::Operate, Scope::Read, true),
            (Scope::Operate, Scope::Admin, false),
            (Scope::Admin, Scope::Operate, true),
        ] {
            assert_eq!(has.covers(needs), is_enough, "{has:?} {needs:?}");
        }
        for scope in Scope::ALL {
            assert_eq!(Scope::from_name(scope.name()), Some(scope));
        }
    }

    #[test]
    fn a_key_says_which_one_it_claims_to_be() {
        let id = ApiKeyId(132_271_570_944_000_000);
        let text = key_text(id, [u64::MAX, 0, 1, 7]);
        assert_eq!(key_claimed(text.expose()), Some(id));
        assert_eq!(text.expose().len(), 4 + 13 * 5);
        assert!(!format!("{text:?}").contains("hky_"));
    }

    #[test]
    fn other_texts_claim_nothing() {
        let text = key_text(ApiKeyId(7), [3; 4]);
        let text = text.expose();
        for other in [
            "".to_owned(),
            "hky_".to_owned(),
            text.replace("hky_", "hkx_"),
            text.replace("hky_", ""),
            text.to_uppercase(),
            format!("{text}0"),
            text[..text.len() - 1].to_owned(),
            format!("{}u", &text[..text.len() - 1]),
            format!("hky_{}", "é".repeat(32) + "0"),
        ] {
            assert_eq!(key_claimed(&other), None, "{other}");
        }
    }
}
