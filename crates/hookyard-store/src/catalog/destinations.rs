//! Destinations: create, update, delete; and the form they are stored in.

use std::sync::Arc;
use std::time::Duration;

use hookyard_model::auth::Auth;
use hookyard_model::clock::Timestamp;
use hookyard_model::destination::{Destination, Http, HttpVersion, Pull, Reach, SigningSecret};
use hookyard_model::id::{DestinationId, ProjectId};
use hookyard_model::pacing::Pacing;
use hookyard_model::secret::Secret;
use hookyard_model::source::ManagedBy;
use rusqlite::{Row, params};

use super::Catalog;
use super::auth;
use super::check::{self, Noun, Problem};
use super::key::SecretKey;
use super::open::{LoadError, managed_by_from, managed_by_name, unsigned};
use super::seal::{self, Place};
use super::signing::{self, SigningAlgorithm};
use super::stored_pacing;
use super::write::{Draft, WriteError};

/// What is wanted of a destination.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewDestination {
    /// Its name: 1 to 100 letters, digits, `-`, `_`, `.`; unique among the project's destinations.
    pub name: String,
    /// How events get there; not to be changed later. A timeout is from 1 ms to 1 h and a lease from 1 s to 12 h, in
    /// whole milliseconds.
    pub reach: Reach,
    /// How many attempts run at the same time: 1 to 10,000.
    pub concurrency: u32,
    /// How fast it is sent to, and what is done while it fails.
    pub pacing: Pacing,
    /// Whether it is paused; none to leave that as it is.
    pub paused: Option<bool>,
    /// Standard Webhooks secrets that sign from now on, and no others. Empty to have one made, or to keep
    /// those it has.
    pub signing_secrets: Vec<Secret>,
}

impl NewDestination {
    /// Everything about it that breaks a rule.
    pub fn problems(&self) -> Vec<Problem> {
        let reach = match &self.reach {
            Reach::Http(Http { url, timeout, auth, .. }) => {
                [check::url(url), check::timeout(*timeout), auth::problem(auth, url)]
            }
            Reach::Pull(Pull { lease }) => [check::lease(*lease), check::pulled(&self.pacing), None],
        };
        [
            check::name(&self.name),
            check::concurrency(self.concurrency),
            check::pacing(&self.pacing),
            signing::problem(&self.signing_secrets),
        ]
        .into_iter()
        .chain(reach)
        .flatten()
        .collect()
    }

    /// The setting that would make another destination of `old`, rather than change it.
    fn refuse_another_type(&self, old: &Destination) -> Result<(), WriteError> {
        if self.reach.is_like(&old.reach) {
            return Ok(());
        }
        let reason = format!(
            "a destination of type `{}` stays one: make another destination, of another name, and have the \
             connections lead there",
            old.reach.type_name()
        );
        WriteError::refuse(Noun::Destination, &self.name, vec![Problem { setting: "type", reason }])
    }

    /// The destination this makes of `old`, as if it were not changed by that.
    ///
    /// # Errors
    /// [`WriteError::Invalid`] where it is of another type.
    pub(super) fn replacing(
        self,
        old: &Destination,
        managed_by: ManagedBy,
        now: Timestamp,
    ) -> Result<Destination, WriteError> {
        self.refuse_another_type(old)?;
        let stays = self.reach.url() == old.reach.url();
        Ok(Destination {
            id: old.id,
            project: old.project,
            name: self.name,
            reach: self.reach,
            concurrency: self.concurrency,
            pacing: self.pacing,
            paused_at: paused_at(self.paused, old.paused_at, now),
            failing_since: old.failing_since.filter(|_| stays),
            signing_secrets: match self.signing_secrets.as_slice() {
                [] => old.signing_secrets.clone(),
                _ => all_lasting(self.signing_secrets),
            },
            managed_by,
            created_at: old.created_at,
            updated_at: old.updated_at,
        })
    }

    /// The destination this makes where there is none.
    pub(super) fn make(
        self,
        draft: &Draft<'_>,
        project: ProjectId,
        managed_by: ManagedBy,
    ) -> Result<Destination, WriteError> {
        let signing_secrets = match self.signing_secrets.as_slice() {
            [] => vec![SigningAlgorithm::default().new_secret()?],
            _ => self.signing_secrets,
        };
        Ok(Destination {
            id: DestinationId(draft.ids.next(draft.now)),
            project,
            name: self.name,
            reach: self.reach,
            concurrency: self.concurrency,
            pacing: self.pacing,
            paused_at: paused_at(self.paused, None, draft.now),
            failing_since: None,
            signing_secrets: all_lasting(signing_secrets),
            managed_by,
            created_at: draft.now,
            updated_at: draft.now,
        })
    }
}

fn all_lasting(secrets: Vec<Secret>) -> Vec<SigningSecret> {
    secrets.into_iter().map(signing::lasting).collect()
}

/// Since when a destination is paused that was so since `old`.
fn paused_at(paused: Option<bool>, old: Option<Timestamp>, now: Timestamp) -> Option<Timestamp> {
    match paused {
        None => old,
        Some(true) => old.or(Some(now)),
        Some(false) => None,
    }
}

impl Catalog {
    /// Makes a destination. Durable and in the snapshot when this returns.
    ///
    /// # Errors
    /// [`WriteError`] where it is not valid, its name is taken, or it cannot be stored.
    pub async fn create_destination(
        &self,
        project: ProjectId,
        new: NewDestination,
    ) -> Result<Arc<Destination>, WriteError> {
        self.write(move |draft| {
            draft.require_project(project)?;
            WriteError::refuse(Noun::Destination, &new.name, new.problems())?;
            let destination = new.make(draft, project, ManagedBy::Api)?;
            draft.require_free_destination_name(&destination)?;
            draft.put_destination(destination)
        })
        .await
    }

    /// Replaces all settings of a destination. Durable and in the snapshot when this returns; nothing
    /// happens where nothing is different.
    ///
    /// # Errors
    /// [`WriteError`] where there is none such, it comes from the configuration file, it is not valid or of another
    /// type, its name is taken, or it cannot be stored.
    pub async fn update_destination(
        &self,
        project: ProjectId,
        id: DestinationId,
        new: NewDestination,
    ) -> Result<Arc<Destination>, WriteError> {
        self.write(move |draft| {
            let old = draft.api_destination(project, id)?;
            WriteError::refuse(Noun::Destination, &new.name, new.problems())?;
            let destination = new.replacing(&old, ManagedBy::Api, draft.now)?;
            if destination == *old {
                return Ok(old);
            }
            draft.require_free_destination_name(&destination)?;
            draft.put_destination(Destination { updated_at: draft.now, ..destination })
        })
        .await
    }

    /// Pauses a destination, or resumes it, also where the configuration file declares it. Durable and in the
    /// snapshot when this returns; nothing happens where it is so already.
    ///
    /// # Errors
    /// [`WriteError`] where there is none such, or the database refuses.
    pub async fn pause_destination(
        &self,
        project: ProjectId,
        id: DestinationId,
        paused: bool,
    ) -> Result<Arc<Destination>, WriteError> {
        self.write(move |draft| {
            let old = draft.destination(project, id)?;
            if old.paused_at.is_some() == paused {
                return Ok(old);
            }
            let paused_at = paused_at(Some(paused), None, draft.now);
            draft.put_destination(Destination {
                paused_at,
                updated_at: draft.now,
                ..Destination::clone(&old)
            })
        })
        .await
    }

    /// Notes since when every attempt at a destination, of whatever project, has failed; none where one was
    /// delivered. It is not a change of what a person configured, so `updated_at` stays.
    ///
    /// # Errors
    /// [`WriteError`] where there is none such, or the database refuses.
    pub async fn note_failing(
        &self,
        id: DestinationId,
        failing_since: Option<Timestamp>,
    ) -> Result<(), WriteError> {
        self.write(move |draft| {
            let old = draft.next.destinations.get(&id).map(Arc::clone);
            let old = old.ok_or(WriteError::NotFound { noun: Noun::Destination })?;
            if old.failing_since != failing_since {
                draft.put_destination(Destination { failing_since, ..Destination::clone(&old) })?;
            }
            Ok(())
        })
        .await
    }

    /// Deletes a destination. Its events stay until retention takes them.
    ///
    /// # Errors
    /// [`WriteError`] where there is none such, it comes from the configuration file, connections use it,
    /// or the database refuses.
    pub async fn delete_destination(&self, project: ProjectId, id: DestinationId) -> Result<(), WriteError> {
        self.write(move |draft| {
            draft.api_destination(project, id)?;
            draft.remove_destination(id)
        })
        .await
    }
}

impl Draft<'_> {
    fn destination(&self, project: ProjectId, id: DestinationId) -> Result<Arc<Destination>, WriteError> {
        self.next
            .destinations
            .get(&id)
            .filter(|destination| destination.project == project)
            .map(Arc::clone)
            .ok_or(WriteError::NotFound { noun: Noun::Destination })
    }

    /// The destination with this id, if the API may change it.
    pub(super) fn api_destination(
        &self,
        project: ProjectId,
        id: DestinationId,
    ) -> Result<Arc<Destination>, WriteError> {
        let destination = self.destination(project, id)?;
        WriteError::refuse_managed_by_file(Noun::Destination, &destination.name, destination.managed_by)?;
        Ok(destination)
    }

    /// Takes a destination away that no connection uses.
    pub(super) fn remove_destination(&mut self, id: DestinationId) -> Result<(), WriteError> {
        self.require_unused(Noun::Destination, |connection| connection.destination == id)?;
        self.tx.execute("DELETE FROM destinations WHERE id = ?1", [id.0.cast_signed()])?;
        self.next.destinations.remove(&id);
        self.changes += 1;
        Ok(())
    }

    pub(super) fn require_free_destination_name(&self, destination: &Destination) -> Result<(), WriteError> {
        match self.next.destination_named(destination.project, &destination.name) {
            Some(other) if other.id != destination.id => {
                Err(WriteError::NameTaken { noun: Noun::Destination, name: destination.name.clone() })
            }
            _ => Ok(()),
        }
    }

    /// Writes a destination, new or changed.
    pub(super) fn put_destination(
        &mut self,
        destination: Destination,
    ) -> Result<Arc<Destination>, WriteError> {
        let secrets: Vec<Secret> = destination.signing_secrets.iter().map(|it| it.secret.clone()).collect();
        let secrets = seal::seal_secrets(self.key, place(destination.id), &secrets)?;
        let whole_ms = |duration| {
            let ms = check::whole_ms(duration).map(u64::cast_signed);
            ms.ok_or_else(|| WriteError::Storage("a duration has a fraction of a millisecond".to_owned()))
        };
        let (url, append_path, timeout_ms, http_version, auth, lease_ms) = match &destination.reach {
            Reach::Http(Http { url, append_path, timeout, http_version, auth }) => {
                (url.as_str(), *append_path, whole_ms(*timeout)?, *http_version, auth, None)
            }
            Reach::Pull(Pull { lease }) => {
                ("", false, 0, HttpVersion::default(), &Auth::None, Some(whole_ms(*lease)?))
            }
        };
        self.tx.prepare_cached(PUT)?.execute(params![
            destination.id.0.cast_signed(),
            destination.project.0.cast_signed(),
            destination.name,
            url,
            append_path,
            timeout_ms,
            destination.concurrency,
            secrets,
            managed_by_name(destination.managed_by),
            destination.created_at.us().cast_signed(),
            destination.updated_at.us().cast_signed(),
            stored_pacing::encode(&destination.pacing)?,
            destination.paused_at.map(|at| at.us().cast_signed()),
            destination.failing_since.map(|at| at.us().cast_signed()),
            auth::encode(self.key, destination.id, auth)?,
            signing::encode_ends(&destination.signing_secrets)?,
            http_version.name(),
            lease_ms,
        ])?;
        let destination = Arc::new(destination);
        self.next.destinations.insert(destination.id, Arc::clone(&destination));
        self.changes += 1;
        Ok(destination)
    }
}

const PUT: &str = "
    INSERT INTO destinations (id, project, name, url, append_path, timeout_ms, concurrency, signing_secrets,
                              managed_by, created_at_us, updated_at_us, pacing, paused_at_us, failing_since_us,
                              auth, signing_ends, http_version, lease_ms)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)
    ON CONFLICT (id) DO UPDATE SET
        name = excluded.name, url = excluded.url, append_path = excluded.append_path,
        timeout_ms = excluded.timeout_ms, concurrency = excluded.concurrency,
        signing_secrets = excluded.signing_secrets, managed_by = excluded.managed_by,
        updated_at_us = excluded.updated_at_us, pacing = excluded.pacing,
        paused_at_us = excluded.paused_at_us, failing_since_us = excluded.failing_since_us,
        auth = excluded.auth, signing_ends = excluded.signing_ends, http_version = excluded.http_version,
        lease_ms = excluded.lease_ms";

const GET_ALL: &str = "
    SELECT id, project, name, url, append_path, timeout_ms, concurrency, signing_secrets, managed_by,
           created_at_us, updated_at_us, pacing, paused_at_us, failing_since_us, auth, signing_ends, http_version,
           lease_ms
    FROM destinations ORDER BY id";

/// All destinations in the database.
pub(super) fn load(database: &rusqlite::Connection, key: &SecretKey) -> Result<Vec<Destination>, LoadError> {
    let mut statement = database.prepare(GET_ALL)?;
    let mut rows = statement.query([])?;
    let mut destinations = Vec::new();
    while let Some(row) = rows.next()? {
        destinations.push(read(row, key)?);
    }
    Ok(destinations)
}

fn read(row: &Row<'_>, key: &SecretKey) -> Result<Destination, LoadError> {
    let id = DestinationId(unsigned(row, 0)?);
    let signing_secrets = seal::unseal_secrets(key, place(id), &row.get::<_, Vec<u8>>(7)?)
        .map_err(|error| LoadError::Damaged(format!("destination {id}: signing secrets: {error}")))?;
    Ok(Destination {
        id,
        project: ProjectId(unsigned(row, 1)?),
        name: row.get(2)?,
        reach: reach(row, key, id)?,
        concurrency: row.get(6)?,
        pacing: stored_pacing::decode(row.get_ref(11)?.as_str_or_null()?)
            .map_err(|error| LoadError::Damaged(format!("destination {id}: pacing: {error}")))?,
        paused_at: time(row, 12)?,
        failing_since: time(row, 13)?,
        signing_secrets: signing::decode(signing_secrets, row.get_ref(15)?.as_str()?)?,
        managed_by: managed_by_from(row, 8)?,
        created_at: Timestamp::from_us(unsigned(row, 9)?),
        updated_at: Timestamp::from_us(unsigned(row, 10)?),
    })
}

fn reach(row: &Row<'_>, key: &SecretKey, id: DestinationId) -> Result<Reach, LoadError> {
    if let Some(lease_ms) = row.get::<_, Option<i64>>(17)? {
        return Ok(Reach::Pull(Pull { lease: Duration::from_millis(lease_ms.cast_unsigned()) }));
    }
    Ok(Reach::Http(Http {
        url: row.get(3)?,
        append_path: row.get(4)?,
        timeout: Duration::from_millis(unsigned(row, 5)?),
        http_version: http_version(row, 16)?,
        auth: auth::decode(key, id, row.get_ref(14)?.as_blob_or_null()?)?,
    }))
}

fn http_version(row: &Row<'_>, column: usize) -> Result<HttpVersion, LoadError> {
    let name: String = row.get(column)?;
    let version = HttpVersion::from_name(&name);
    version.ok_or_else(|| LoadError::Damaged(format!("`{name}` is no version of HTTP")))
}

fn time(row: &Row<'_>, column: usize) -> Result<Option<Timestamp>, rusqlite::Error> {
    let us: Option<i64> = row.get(column)?;
    Ok(us.map(|us| Timestamp::from_us(us.cast_unsigned())))
}

const fn place(id: DestinationId) -> Place {
    Place { table: "destinations", column: "signing_secrets", row: id.0 }
}
