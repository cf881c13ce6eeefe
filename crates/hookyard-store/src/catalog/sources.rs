//! Sources: create, update, delete; and the form they are stored in.

use std::collections::BTreeMap;
use std::sync::Arc;

use hookyard_model::clock::Timestamp;
use hookyard_model::id::{ProjectId, SourceId};
use hookyard_model::secret::Secret;
use hookyard_model::source::{Answer, ManagedBy, Source, Verification};
use rusqlite::{Row, params};

use super::Catalog;
use super::check::{self, Noun, Problem};
use super::key::SecretKey;
use super::open::{LoadError, managed_by_from, unsigned};
use super::seal::{self, Place};
use super::write::{Draft, WriteError};

/// What is wanted of a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewSource {
    /// Its name: 1 to 100 letters, digits, `-`, `_`, `.`; unique among the project's sources.
    pub name: String,
    /// The first path segment of its URL: 1 to 128 letters, digits, `-`, `_`; unique over all projects.
    /// None to have one made, or to keep the one it has.
    pub token: Option<String>,
    /// The whole URL that the provider was given, where it is not the server's public URL and the token.
    pub public_url: Option<String>,
    /// How requests are verified; whether the provider takes it was checked before.
    pub verification: Verification,
    /// Methods it takes, in upper case; empty for all.
    pub methods: Vec<String>,
    /// What an accepted request is answered with; none for the request's id.
    pub answer: Option<Answer>,
}

impl NewSource {
    /// Everything about it that breaks a rule, other than the provider's.
    pub fn problems(&self) -> Vec<Problem> {
        [
            check::name(&self.name),
            self.token.as_deref().and_then(check::token),
            self.public_url.as_deref().and_then(check::public_url),
            check::secrets(&self.verification.secrets),
            check::settings(self.verification.settings.len()),
            check::methods(&self.methods),
            self.answer.as_ref().and_then(check::answer),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    /// The source this makes of `old`, as if it were not changed by that.
    pub(super) fn replacing(self, old: &Source, managed_by: ManagedBy) -> Source {
        Source {
            id: old.id,
            project: old.project,
            name: self.name,
            token: self.token.unwrap_or_else(|| old.token.clone()),
            public_url: self.public_url,
            verification: self.verification,
            methods: self.methods,
            answer: self.answer,
            managed_by,
            created_at: old.created_at,
            updated_at: old.updated_at,
        }
    }

    /// The source this makes where there is none.
    pub(super) fn make(
        self,
        draft: &Draft<'_>,
        project: ProjectId,
        managed_by: ManagedBy,
    ) -> Result<Source, WriteError> {
        Ok(Source {
            id: SourceId(draft.ids.next(draft.now)),
            project,
            name: self.name,
            token: self.token.map_or_else(seal::new_token, Ok)?,
            public_url: self.public_url,
            verification: self.verification,
            methods: self.methods,
            answer: self.answer,
            managed_by,
            created_at: draft.now,
            updated_at: draft.now,
        })
    }
}

impl Catalog {
    /// Makes a source. Durable and in the snapshot when this returns.
    ///
    /// # Errors
    /// [`WriteError`] where it is not valid, its name or token is taken, or it cannot be stored.
    pub async fn create_source(&self, project: ProjectId, new: NewSource) -> Result<Arc<Source>, WriteError> {
        self.write(move |draft| {
            draft.require_project(project)?;
            WriteError::refuse(Noun::Source, &new.name, new.problems())?;
            let source = new.make(draft, project, ManagedBy::Api)?;
            draft.require_free(&source)?;
            draft.put_source(source)
        })
        .await
    }

    /// Replaces all settings of a source, as far as it still is as it was `known` when the new ones were
    /// worked out. Durable and in the snapshot when this returns; nothing happens where nothing is different.
    ///
    /// # Errors
    /// [`WriteError`] where there is none such, it comes from the configuration file, somebody changed it
    /// meanwhile, it is not valid, its name or token is taken, or it cannot be stored.
    pub async fn update_source(
        &self,
        project: ProjectId,
        known: Arc<Source>,
        new: NewSource,
    ) -> Result<Arc<Source>, WriteError> {
        self.write(move |draft| {
            let old = draft.api_source(project, known.id)?;
            if *old != *known {
                return Err(WriteError::ChangedMeanwhile { noun: Noun::Source });
            }
            WriteError::refuse(Noun::Source, &new.name, new.problems())?;
            let source = new.replacing(&old, ManagedBy::Api);
            if source == *old {
                return Ok(old);
            }
            draft.require_free(&source)?;
            draft.put_source(Source { updated_at: draft.now, ..source })
        })
        .await
    }

    /// Gives a source that has no secret the one that a handshake brought, whoever manages it. Says whether
    /// it was taken: a source that has one keeps it. Durable and in the snapshot when this returns.
    ///
    /// # Errors
    /// [`WriteError`] where there is none such, the secret is no secret, or it cannot be stored.
    pub async fn capture_secret(&self, id: SourceId, secret: Secret) -> Result<bool, WriteError> {
        self.write(move |draft| {
            let old = draft.next.sources.get(&id).ok_or(WriteError::NotFound { noun: Noun::Source })?;
            let mut source = Source::clone(old);
            let secrets = &mut source.verification.secrets;
            if !secrets.is_empty() {
                return Ok(false);
            }
            secrets.push(secret);
            let problems = check::secrets(secrets).into_iter().collect();
            WriteError::refuse(Noun::Source, &source.name, problems)?;
            draft.put_source(Source { updated_at: draft.now, ..source })?;
            Ok(true)
        })
        .await
    }

    /// Deletes a source. Its requests stay until retention takes them.
    ///
    /// # Errors
    /// [`WriteError`] where there is none such, it comes from the configuration file, connections use it,
    /// or the database refuses.
    pub async fn delete_source(&self, project: ProjectId, id: SourceId) -> Result<(), WriteError> {
        self.write(move |draft| {
            draft.api_source(project, id)?;
            draft.remove_source(id)
        })
        .await
    }
}

impl Draft<'_> {
    /// The source with this id, if the API may change it.
    fn api_source(&self, project: ProjectId, id: SourceId) -> Result<Arc<Source>, WriteError> {
        let source = self
            .next
            .sources
            .get(&id)
            .filter(|source| source.project == project)
            .ok_or(WriteError::NotFound { noun: Noun::Source })?;
        WriteError::refuse_managed_by_file(Noun::Source, &source.name, source.managed_by)?;
        Ok(Arc::clone(source))
    }

    /// Takes a source away that no connection uses.
    pub(super) fn remove_source(&mut self, id: SourceId) -> Result<(), WriteError> {
        self.require_unused(Noun::Source, |connection| connection.source == id)?;
        self.forget_retired(id)?;
        self.tx.execute("DELETE FROM sources WHERE id = ?1", [id.0.cast_signed()])?;
        self.next.sources.remove(&id);
        self.changes += 1;
        Ok(())
    }

    /// Refuses a name or token that another source has.
    pub(super) fn require_free(&self, source: &Source) -> Result<(), WriteError> {
        for other in self.next.sources.values().filter(|other| other.id != source.id) {
            if other.project == source.project && other.name == source.name {
                return Err(WriteError::NameTaken { noun: Noun::Source, name: source.name.clone() });
            }
            if other.token == source.token {
                return Err(WriteError::TokenTaken);
            }
        }
        Ok(())
    }

    /// Writes a source, new or changed.
    pub(super) fn put_source(&mut self, source: Source) -> Result<Arc<Source>, WriteError> {
        let verification = &source.verification;
        self.retire_secrets(&source)?;
        let secrets = seal::seal_secrets(self.key, place(source.id), &verification.secrets)?;
        let answer = source.answer.as_ref();
        self.tx.prepare_cached(PUT)?.execute(params![
            source.id.0.cast_signed(),
            source.project.0.cast_signed(),
            source.name,
            source.token,
            verification.provider,
            secrets,
            json(&verification.settings)?,
            json(&source.methods)?,
            answer.map(|it| it.status),
            answer.and_then(|it| it.content_type.as_deref()),
            answer.map(|it| it.body.as_str()),
            super::open::managed_by_name(source.managed_by),
            source.created_at.us().cast_signed(),
            source.updated_at.us().cast_signed(),
            source.public_url,
        ])?;
        let source = Arc::new(source);
        self.next.sources.insert(source.id, Arc::clone(&source));
        self.changes += 1;
        Ok(source)
    }

    /// Takes a source's token away until [`Draft::put_source`] gives it the next one, so that sources can
    /// trade their tokens within one transaction. The stand-in can be nobody's token.
    pub(super) fn park_token(&self, id: SourceId) -> Result<(), WriteError> {
        self.tx
            .prepare_cached("UPDATE sources SET token = '!' || id WHERE id = ?1")?
            .execute([id.0.cast_signed()])?;
        Ok(())
    }
}

const PUT: &str = "
    INSERT INTO sources (id, project, name, token, provider, secrets, settings, methods, answer_status,
                         answer_content_type, answer_body, managed_by, created_at_us, updated_at_us,
                         public_url)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)
    ON CONFLICT (id) DO UPDATE SET
        name = excluded.name, token = excluded.token, provider = excluded.provider,
        secrets = excluded.secrets, settings = excluded.settings, methods = excluded.methods,
        answer_status = excluded.answer_status, answer_content_type = excluded.answer_content_type,
        answer_body = excluded.answer_body, managed_by = excluded.managed_by,
        updated_at_us = excluded.updated_at_us, public_url = excluded.public_url";

const GET_ALL: &str = "
    SELECT id, project, name, token, provider, secrets, settings, methods, answer_status,
           answer_content_type, answer_body, managed_by, created_at_us, updated_at_us, public_url
    FROM sources ORDER BY id";

/// All sources in the database.
pub(super) fn load(database: &rusqlite::Connection, key: &SecretKey) -> Result<Vec<Source>, LoadError> {
    let mut statement = database.prepare(GET_ALL)?;
    let mut rows = statement.query([])?;
    let mut sources = Vec::new();
    while let Some(row) = rows.next()? {
        sources.push(read(row, key)?);
    }
    Ok(sources)
}

fn read(row: &Row<'_>, key: &SecretKey) -> Result<Source, LoadError> {
    let id = SourceId(unsigned(row, 0)?);
    let damaged = |what: String| LoadError::Damaged(format!("source {id}: {what}"));
    let secrets = seal::unseal_secrets(key, place(id), &row.get::<_, Vec<u8>>(5)?)
        .map_err(|error| damaged(format!("secrets: {error}")))?;
    let settings: BTreeMap<String, String> = serde_json::from_str(row.get_ref(6)?.as_str()?)
        .map_err(|error| damaged(format!("settings: {error}")))?;
    let methods: Vec<String> = serde_json::from_str(row.get_ref(7)?.as_str()?)
        .map_err(|error| damaged(format!("methods: {error}")))?;
    let answer = match row.get::<_, Option<u16>>(8)? {
        Some(status) => Some(Answer { status, content_type: row.get(9)?, body: row.get(10)? }),
        None => None,
    };
    Ok(Source {
        id,
        project: ProjectId(unsigned(row, 1)?),
        name: row.get(2)?,
        token: row.get(3)?,
        public_url: row.get(14)?,
        verification: Verification { provider: row.get(4)?, secrets, settings },
        methods,
        answer,
        managed_by: managed_by_from(row, 11)?,
        created_at: Timestamp::from_us(unsigned(row, 12)?),
        updated_at: Timestamp::from_us(unsigned(row, 13)?),
    })
}

pub(super) const fn place(id: SourceId) -> Place {
    Place { table: "sources", column: "secrets", row: id.0 }
}

fn json(value: &impl serde::Serialize) -> Result<String, WriteError> {
    serde_json::to_string(value).map_err(|error| WriteError::Storage(error.to_string()))
}
