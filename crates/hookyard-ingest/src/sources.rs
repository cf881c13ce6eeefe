//! The sources by token, ready for use: verifiers built, answers made. Looking one up takes no lock.

use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use bytes::Bytes;
use hookyard_model::id::ProjectId;
use hookyard_model::source::{self, Source};
use hookyard_providers::Verifier;
use hookyard_store::catalog::{Catalog, Snapshot};
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method, Response, StatusCode};
use http_body_util::Full;
use rustc_hash::FxHashMap;
use tokio::sync::watch;

use crate::answer::Answer;

/// The sources, as of the newest catalog that was seen.
#[derive(Debug)]
pub(crate) struct Sources {
    catalog: Catalog,
    table: ArcSwap<Table>,
    /// Held while a new table is made, so that an older one never replaces a newer.
    renewing: Mutex<()>,
}

#[derive(Debug)]
struct Table {
    version: u64,
    default_project: ProjectId,
    by_token: FxHashMap<Box<str>, Arc<Entry>>,
}

/// One source, ready for use.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) source: Arc<Source>,
    /// None where the settings make no verifier: then nothing is accepted.
    pub(crate) verifier: Option<Verifier>,
    /// The value of `Allow`.
    pub(crate) allow: HeaderValue,
    custom_answer: Option<CustomAnswer>,
}

#[derive(Debug)]
struct CustomAnswer {
    status: StatusCode,
    content_type: Option<HeaderValue>,
    body: Bytes,
}

impl Sources {
    /// The sources in `catalog`.
    pub(crate) fn new(catalog: Catalog) -> Self {
        let table = Table::of(&catalog.snapshot(), None);
        Self { catalog, table: ArcSwap::from_pointee(table), renewing: Mutex::new(()) }
    }

    /// Tells when [`Sources::refresh`] has something to do.
    pub(crate) fn changes(&self) -> watch::Receiver<Arc<Snapshot>> {
        let mut changes = self.catalog.subscribe();
        // Whatever was written between the first table and now.
        changes.mark_changed();
        changes
    }

    /// The source with this token. A miss looks whether the catalog has moved on: who has just been told
    /// a new source's URL can use it.
    pub(crate) fn find(&self, token: &str) -> Option<Arc<Entry>> {
        if let Some(entry) = self.table.load().by_token.get(token) {
            return Some(Arc::clone(entry));
        }
        if self.catalog.snapshot().version == self.table.load().version {
            return None;
        }
        self.refresh();
        self.table.load().by_token.get(token).map(Arc::clone)
    }

    /// The project of requests that belong to no source.
    pub(crate) fn default_project(&self) -> ProjectId {
        self.table.load().default_project
    }

    /// Takes over the catalog as it is now. What has not changed is kept as it is.
    pub(crate) fn refresh(&self) {
        let _renewing = self.renewing.lock().unwrap_or_else(PoisonError::into_inner);
        let snapshot = self.catalog.snapshot();
        let table = self.table.load();
        if snapshot.version != table.version {
            self.table.store(Arc::new(Table::of(&snapshot, Some(&table))));
        }
    }
}

impl Table {
    fn of(snapshot: &Snapshot, known: Option<&Self>) -> Self {
        let entry_of = |source: &Arc<Source>| {
            known
                .and_then(|table| table.by_token.get(source.token.as_str()))
                .filter(|entry| Arc::ptr_eq(&entry.source, source))
                .map_or_else(|| Arc::new(Entry::new(source)), Arc::clone)
        };
        Self {
            version: snapshot.version,
            default_project: snapshot.default_project,
            by_token: snapshot
                .sources
                .values()
                .map(|source| (source.token.as_str().into(), entry_of(source)))
                .collect(),
        }
    }
}

impl Entry {
    fn new(source: &Arc<Source>) -> Self {
        let verification = &source.verification;
        let secrets: Vec<&str> = verification.secrets.iter().map(|secret| secret.expose()).collect();
        let verifier = Verifier::new(&verification.provider, &secrets, &verification.settings)
            .inspect_err(|error| {
                tracing::error!(
                    source = %source.id, name = source.name, %error,
                    "source accepts nothing: its verification settings are unusable"
                );
            })
            .ok();
        Self {
            source: Arc::clone(source),
            verifier,
            allow: HeaderValue::from_str(&source.methods.join(", ")).unwrap_or(HeaderValue::from_static("")),
            custom_answer: source.answer.as_ref().map(CustomAnswer::new),
        }
    }

    /// Whether the source takes this method.
    pub(crate) fn takes(&self, method: &Method) -> bool {
        self.source.methods.is_empty() || self.source.methods.iter().any(|known| known == method.as_str())
    }

    /// What an accepted request is answered with, where that is not the request's id.
    pub(crate) fn custom_answer(&self) -> Option<Answer> {
        let custom = self.custom_answer.as_ref()?;
        let mut answer = Response::new(Full::new(custom.body.clone()));
        *answer.status_mut() = custom.status;
        if let Some(content_type) = &custom.content_type {
            answer.headers_mut().insert(CONTENT_TYPE, content_type.clone());
        }
        Some(answer)
    }
}

impl CustomAnswer {
    /// The catalog checks answers before it stores them. Should it let one through that HTTP cannot
    /// carry, what can be carried is sent: the request is accepted all the same.
    fn new(answer: &source::Answer) -> Self {
        let status = StatusCode::from_u16(answer.status).ok().filter(StatusCode::is_success);
        let content_type = answer.content_type.as_deref().and_then(|text| HeaderValue::from_str(text).ok());
        Self {
            status: status.unwrap_or(StatusCode::OK),
            content_type,
            body: Bytes::copy_from_slice(answer.body.as_bytes()),
        }
    }
}

#[cfg(test)]
mod tests {
    use hookyard_model::source::Verification;
    use hookyard_store::catalog::NewSource;
    use hookyard_store::store::{Options, Store};

    use super::*;

    async fn create(catalog: &Catalog, name: &str) {
        let new = NewSource {
            name: name.to_owned(),
            token: Some(name.to_owned()),
            verification: Verification { provider: "none".to_owned(), ..Verification::default() },
            methods: Vec::new(),
            answer: None,
        };
        catalog.create_source(catalog.snapshot().default_project, new).await.unwrap();
    }

    #[tokio::test]
    async fn a_new_source_is_found_before_anybody_refreshed_and_the_others_stay_as_they_are() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(Options::new(directory.path())).unwrap();
        create(store.catalog(), "old").await;
        let sources = Sources::new(store.catalog().clone());
        let old = sources.find("old").unwrap();
        assert!(sources.find("new").is_none());
        create(store.catalog(), "new").await;
        assert!(sources.find("new").is_some());
        assert!(Arc::ptr_eq(&old, &sources.find("old").unwrap()));
    }
}
