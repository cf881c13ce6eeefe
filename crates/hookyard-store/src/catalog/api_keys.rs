//! API keys: create, update, rotate, delete, recognise; and the form they are stored in.
//!
//! **Invariant:** the text of a key is given out once, by the call that makes it. What is kept is its digest, and
//! digests are compared in constant time.

use std::sync::Arc;
use std::time::Duration;

use hookyard_model::access::{
    API_KEYS_MAX, ApiKey, KEY_OVERLAP_MAX, KeyDigest, PreviousKey, Scope, key_claimed, key_text,
};
use hookyard_model::clock::Timestamp;
use hookyard_model::id::{ApiKeyId, ProjectId};
use hookyard_model::secret::Secret;
use ring::digest;
use rusqlite::{Row, params};
use subtle::ConstantTimeEq as _;

use super::check::{self, Noun, Problem};
use super::open::{LoadError, unsigned};
use super::write::{Draft, WriteError};
use super::{Catalog, Snapshot};

/// What is wanted of an API key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewApiKey {
    /// Its name: 1 to 100 letters, digits, `-`, `_`, `.`; unique among the project's keys.
    pub name: String,
    /// What it may be used for.
    pub scope: Scope,
    /// When it stops being taken; none for never.
    pub expires_at: Option<Timestamp>,
}

/// A key and its text, which nobody can ask for again.
#[derive(Clone, Debug)]
pub struct GeneratedKey {
    /// The key.
    pub key: Arc<ApiKey>,
    /// What callers show.
    pub text: Secret,
}

impl Snapshot {
    /// The project's API key of this name.
    pub fn api_key_named(&self, project: ProjectId, name: &str) -> Option<&Arc<ApiKey>> {
        self.api_keys.values().find(|key| key.project == project && key.name == name)
    }

    /// The API key that has this text now, also where it had that before a rotation whose overlap is not over.
    pub fn api_key_of(&self, text: &str, now: Timestamp) -> Option<&Arc<ApiKey>> {
        let key = self.api_keys.get(&key_claimed(text)?)?;
        (now < key_taken_until(key, &key_digest(text))?).then_some(key)
    }
}

/// Until when a text of this key is taken, as long as nobody changes the key; none where it is not the key's any more.
pub fn key_taken_until(key: &ApiKey, shown: &KeyDigest) -> Option<Timestamp> {
    let is = |digest: &KeyDigest| bool::from(shown.0.ct_eq(&digest.0));
    let end = key.expires_at.unwrap_or(Timestamp::MAX);
    let of_previous = || key.previous.as_ref().filter(|it| is(&it.digest)).map(|it| it.until.min(end));
    if is(&key.digest) { Some(end) } else { of_previous() }
}

/// What the text of a key is compared by.
pub fn key_digest(text: &str) -> KeyDigest {
    let digest = digest::digest(&digest::SHA256, text.as_bytes());
    KeyDigest(digest.as_ref().try_into().unwrap_or_default())
}

impl Catalog {
    /// Makes an API key. Durable and in the snapshot when this returns.
    ///
    /// # Errors
    /// [`WriteError`] where it is not valid, its name is taken, there are too many, or it cannot be stored.
    pub async fn create_api_key(
        &self,
        project: ProjectId,
        new: NewApiKey,
    ) -> Result<GeneratedKey, WriteError> {
        self.write(move |draft| {
            draft.require_project(project)?;
            WriteError::refuse(Noun::ApiKey, &new.name, new.problems(draft.now, None))?;
            if draft.next.api_keys.values().filter(|it| it.project == project).count() >= API_KEYS_MAX {
                return Err(WriteError::TooManyApiKeys);
            }
            let id = ApiKeyId(draft.ids.next(draft.now));
            let text = new_text(id)?;
            let key = draft.put_api_key(ApiKey {
                id,
                project,
                name: new.name,
                scope: new.scope,
                hint: text.hint().to_owned(),
                digest: key_digest(text.expose()),
                previous: None,
                expires_at: new.expires_at,
                created_at: draft.now,
                updated_at: draft.now,
            })?;
            Ok(GeneratedKey { key, text })
        })
        .await
    }

    /// Replaces the settings of an API key; its text stays. Durable and in the snapshot when this returns; nothing
    /// happens where nothing is different.
    ///
    /// # Errors
    /// [`WriteError`] where there is none such, it is not valid, its name is taken, or it cannot be stored.
    pub async fn update_api_key(
        &self,
        project: ProjectId,
        id: ApiKeyId,
        new: NewApiKey,
    ) -> Result<Arc<ApiKey>, WriteError> {
        self.write(move |draft| {
            let old = draft.api_key(project, id)?;
            WriteError::refuse(Noun::ApiKey, &new.name, new.problems(draft.now, Some(&old)))?;
            let NewApiKey { name, scope, expires_at } = new;
            let key = ApiKey { name, scope, expires_at, ..ApiKey::clone(&old) };
            if key == *old {
                return Ok(old);
            }
            draft.put_api_key(ApiKey { updated_at: draft.now, ..key })
        })
        .await
    }

    /// Gives a key a new text; the one it had is taken for `overlap` more, at most 30 days, and one before that no
    /// longer. Durable and in the snapshot when this returns.
    ///
    /// # Errors
    /// [`WriteError`] where there is none such, the overlap is too long, or it cannot be stored.
    pub async fn rotate_api_key(
        &self,
        project: ProjectId,
        id: ApiKeyId,
        overlap: Duration,
    ) -> Result<GeneratedKey, WriteError> {
        self.write(move |draft| {
            let old = draft.api_key(project, id)?;
            let long = (overlap > KEY_OVERLAP_MAX).then(|| {
                let reason = format!("it must be at most {} days", KEY_OVERLAP_MAX.as_secs() / 86_400);
                Problem { setting: "overlap_ms", reason }
            });
            WriteError::refuse(Noun::ApiKey, &old.name, long.into_iter().collect())?;
            let text = new_text(id)?;
            let previous = PreviousKey { digest: old.digest, until: draft.now.plus(overlap) };
            let key = draft.put_api_key(ApiKey {
                hint: text.hint().to_owned(),
                digest: key_digest(text.expose()),
                previous: (!overlap.is_zero()).then_some(previous),
                updated_at: draft.now,
                ..ApiKey::clone(&old)
            })?;
            Ok(GeneratedKey { key, text })
        })
        .await
    }

    /// Deletes an API key; it is not taken any more when this returns.
    ///
    /// # Errors
    /// [`WriteError`] where there is none such, or the database refuses.
    pub async fn delete_api_key(&self, project: ProjectId, id: ApiKeyId) -> Result<(), WriteError> {
        self.write(move |draft| {
            draft.api_key(project, id)?;
            draft.tx.execute("DELETE FROM api_keys WHERE id = ?1", [id.0.cast_signed()])?;
            draft.next.api_keys.remove(&id);
            draft.changes += 1;
            Ok(())
        })
        .await
    }
}

impl NewApiKey {
    /// Everything about it that breaks a rule. A key whose end has come may keep it.
    fn problems(&self, now: Timestamp, old: Option<&ApiKey>) -> Vec<Problem> {
        let is_new_end = old.is_none_or(|old| old.expires_at != self.expires_at);
        let past = self.expires_at.filter(|end| is_new_end && *end <= now).map(|_| Problem {
            setting: "expires_at",
            reason: "it lies in the past: give a time to come, or null for a key without an end".to_owned(),
        });
        check::name(&self.name).into_iter().chain(past).collect()
    }
}

impl Draft<'_> {
    fn api_key(&self, project: ProjectId, id: ApiKeyId) -> Result<Arc<ApiKey>, WriteError> {
        let key = self.next.api_keys.get(&id).filter(|key| key.project == project);
        key.cloned().ok_or(WriteError::NotFound { noun: Noun::ApiKey })
    }

    /// Writes a key, new or changed.
    fn put_api_key(&mut self, key: ApiKey) -> Result<Arc<ApiKey>, WriteError> {
        let same_name = self.next.api_key_named(key.project, &key.name);
        if same_name.is_some_and(|other| other.id != key.id) {
            return Err(WriteError::NameTaken { noun: Noun::ApiKey, name: key.name });
        }
        let previous = key.previous.as_ref();
        self.tx.prepare_cached(PUT)?.execute(params![
            key.id.0.cast_signed(),
            key.project.0.cast_signed(),
            key.name,
            key.scope.name(),
            key.hint,
            key.digest.0,
            previous.map(|it| it.digest.0),
            previous.map(|it| it.until.us().cast_signed()),
            key.expires_at.map(|it| it.us().cast_signed()),
            key.created_at.us().cast_signed(),
            key.updated_at.us().cast_signed(),
        ])?;
        let key = Arc::new(key);
        self.next.api_keys.insert(key.id, Arc::clone(&key));
        self.changes += 1;
        Ok(key)
    }
}

const PUT: &str = "
    INSERT INTO api_keys (id, project, name, scope, hint, digest, previous_digest, previous_until_us,
                          expires_at_us, created_at_us, updated_at_us)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
    ON CONFLICT (id) DO UPDATE SET
        name = excluded.name, scope = excluded.scope, hint = excluded.hint, digest = excluded.digest,
        previous_digest = excluded.previous_digest, previous_until_us = excluded.previous_until_us,
        expires_at_us = excluded.expires_at_us, updated_at_us = excluded.updated_at_us";

const GET_ALL: &str = "
    SELECT id, project, name, scope, hint, digest, previous_digest, previous_until_us, expires_at_us,
           created_at_us, updated_at_us
    FROM api_keys ORDER BY id";

/// All API keys in the database.
pub(super) fn load(database: &rusqlite::Connection) -> Result<Vec<ApiKey>, LoadError> {
    let mut statement = database.prepare(GET_ALL)?;
    let mut rows = statement.query([])?;
    let mut keys = Vec::new();
    while let Some(row) = rows.next()? {
        keys.push(read(row)?);
    }
    Ok(keys)
}

fn read(row: &Row<'_>) -> Result<ApiKey, LoadError> {
    let id = ApiKeyId(unsigned(row, 0)?);
    let scope: String = row.get(3)?;
    let unknown = || LoadError::Damaged(format!("API key {id}: unknown scope `{scope}`"));
    let time = |column| Ok::<_, rusqlite::Error>(row.get::<_, Option<i64>>(column)?.map(i64::cast_unsigned));
    let previous = match (row.get::<_, Option<[u8; 32]>>(6)?, time(7)?) {
        (Some(digest), Some(until)) => {
            Some(PreviousKey { digest: KeyDigest(digest), until: Timestamp::from_us(until) })
        }
        _ => None,
    };
    Ok(ApiKey {
        id,
        project: ProjectId(unsigned(row, 1)?),
        name: row.get(2)?,
        scope: Scope::from_name(&scope).ok_or_else(unknown)?,
        hint: row.get(4)?,
        digest: KeyDigest(row.get(5)?),
        previous,
        expires_at: time(8)?.map(Timestamp::from_us),
        created_at: Timestamp::from_us(unsigned(row, 9)?),
        updated_at: Timestamp::from_us(unsigned(row, 10)?),
    })
}

fn new_text(id: ApiKeyId) -> Result<Secret, WriteError> {
    let mut random = [0_u64; 4];
    for word in &mut random {
        *word = getrandom::u64()?;
    }
    Ok(key_text(id, random))
}
