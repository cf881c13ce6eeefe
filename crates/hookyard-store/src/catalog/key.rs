//! The key that encrypts secrets at rest: 32 random bytes in a file of its own, or given by the operator.
//!
//! A key file is used only while nobody but its owner can read it, and it never changes once it exists:
//! what was encrypted with it cannot be read with another.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

const KEY_BYTES: usize = 32;
/// More than any key text has; a longer file is not a key.
const FILE_BYTES_MAX: u64 = 1024;

/// The key that secrets are encrypted with at rest.
#[derive(Clone)]
pub struct SecretKey([u8; KEY_BYTES]);

/// There is no usable key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file cannot be read or written.
    #[error("cannot {verb} the secret key {}: {source}", path.display())]
    Io {
        /// What was tried.
        verb: &'static str,
        /// The key file.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// Others than the owner may read the file.
    #[error(
        "the secret key {0} can be read by others (mode {mode:03o}): run `chmod 600 {0}`, and change the \
         secrets it protects if someone may have seen it",
        path.display()
    )]
    TooOpen {
        /// The key file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The file holds something else.
    #[error(
        "the secret key {} does not hold 32 bytes in base64 (44 characters): put back the file that was made \
         at the first start; without it the stored secrets cannot be read",
        path.display()
    )]
    MalformedFile {
        /// The key file.
        path: PathBuf,
    },
    /// The text is something else.
    #[error("a secret key is 32 bytes in base64 (44 characters), as `openssl rand -base64 32` prints")]
    MalformedText,
    /// The operating system gives no random bytes.
    #[error("the operating system gives no random bytes: {0}")]
    NoRandomness(getrandom::Error),
}

impl SecretKey {
    /// The key in the file at `path`; where there is no such file, a new key, written there with mode
    /// 0600 and synced to disk together with its directory entry.
    ///
    /// # Errors
    /// [`KeyError`] where the file cannot be read or made, is readable by others, or is not a key.
    pub fn load_or_create(path: &Path) -> Result<Self, KeyError> {
        match File::open(path) {
            Ok(file) => Self::load(file, path),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Self::create(path),
            Err(source) => Err(KeyError::Io { verb: "open", path: path.to_owned(), source }),
        }
    }

    /// The key in this text: 32 bytes in base64; white space around it is ignored.
    ///
    /// # Errors
    /// [`KeyError::MalformedText`] where it is something else.
    pub fn from_base64(text: &str) -> Result<Self, KeyError> {
        STANDARD
            .decode(text.trim())
            .ok()
            .and_then(|bytes| bytes.try_into().ok())
            .map(Self)
            .ok_or(KeyError::MalformedText)
    }

    pub(super) const fn bytes(&self) -> &[u8; KEY_BYTES] {
        &self.0
    }

    fn load(file: File, path: &Path) -> Result<Self, KeyError> {
        let failed = |source| KeyError::Io { verb: "read", path: path.to_owned(), source };
        let mode = file.metadata().map_err(failed)?.mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(KeyError::TooOpen { path: path.to_owned(), mode });
        }
        let mut bytes = Vec::new();
        file.take(FILE_BYTES_MAX).read_to_end(&mut bytes).map_err(failed)?;
        std::str::from_utf8(&bytes)
            .ok()
            .and_then(|text| Self::from_base64(text).ok())
            .ok_or_else(|| KeyError::MalformedFile { path: path.to_owned() })
    }

    /// Writes a new key beside `path` and then links it there: the name appears with the whole key behind
    /// it or not at all, and never replaces a key that another process made in the meantime.
    fn create(path: &Path) -> Result<Self, KeyError> {
        let mut random = [0_u8; KEY_BYTES + 8];
        getrandom::fill(&mut random).map_err(KeyError::NoRandomness)?;
        let [key @ .., _, _, _, _, _, _, _, _] = random;
        let [.., a, b, c, d, e, f, g, h] = random;
        let suffix = u64::from_be_bytes([a, b, c, d, e, f, g, h]);
        let draft = path.with_extension(format!("{suffix:016x}.new"));

        let linked =
            write_synced(&draft, &STANDARD.encode(key)).and_then(|()| std::fs::hard_link(&draft, path));
        let removed = std::fs::remove_file(&draft);
        match linked {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                return Self::load_or_create(path);
            }
            Err(source) => return Err(KeyError::Io { verb: "write", path: path.to_owned(), source }),
        }
        removed.and_then(|()| sync_parent(path)).map_err(|source| KeyError::Io {
            verb: "write",
            path: path.to_owned(),
            source,
        })?;
        Ok(Self(key))
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("SecretKey(…)")
    }
}

fn write_synced(path: &Path, text: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    writeln!(file, "{text}")?;
    file.sync_all()
}

fn sync_parent(path: &Path) -> io::Result<()> {
    let parent = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    File::open(parent)?.sync_all()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_key_is_made_once_and_found_again() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("secrets.key");
        let made = SecretKey::load_or_create(&path).unwrap();
        let found = SecretKey::load_or_create(&path).unwrap();
        assert_eq!(made.bytes(), found.bytes());
        assert_eq!(std::fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        let names: Vec<_> =
            std::fs::read_dir(directory.path()).unwrap().map(|it| it.unwrap().file_name()).collect();
        assert_eq!(names, ["secrets.key"]);

        let elsewhere = tempfile::tempdir().unwrap();
        let other = SecretKey::load_or_create(&elsewhere.path().join("secrets.key")).unwrap();
        assert_ne!(made.bytes(), other.bytes());
    }

    #[test]
    fn threads_that_start_together_agree_on_one_key() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("secrets.key");
        let barrier = std::sync::Barrier::new(8);
        let keys: Vec<_> = std::thread::scope(|scope| {
            let started: Vec<_> = (0..8)
                .map(|_| {
                    scope.spawn(|| {
                        barrier.wait();
                        *SecretKey::load_or_create(&path).unwrap().bytes()
                    })
                })
                .collect();
            started.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(keys.iter().all(|key| *key == keys[0]));
    }

    #[test]
    fn a_key_that_others_can_read_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("secrets.key");
        SecretKey::load_or_create(&path).unwrap();
        for mode in [0o640, 0o604, 0o660, 0o644] {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            let error = SecretKey::load_or_create(&path).unwrap_err();
            assert!(error.to_string().contains("chmod 600"), "{error}");
        }
    }

    #[test]
    fn what_is_not_a_key_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("secrets.key");
        for text in ["", "hello", "AAAA", &"A".repeat(4000)] {
            std::fs::write(&path, text).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
            let error = SecretKey::load_or_create(&path).unwrap_err();
            assert!(matches!(error, KeyError::MalformedFile { .. }), "{error}");
            assert!(SecretKey::from_base64(text).is_err());
        }
        let key = SecretKey::from_base64(&format!(" {}\n", STANDARD.encode([7; 32]))).unwrap();
        assert_eq!(key.bytes(), &[7; 32]);
        assert_eq!(format!("{key:?}"), "SecretKey(…)");
    }

    #[test]
    fn a_missing_directory_is_named() {
        let directory = tempfile::tempdir().unwrap();
        let error = SecretKey::load_or_create(&directory.path().join("none/secrets.key")).unwrap_err();
        assert!(error.to_string().contains("none/secrets.key"), "{error}");
    }
}
