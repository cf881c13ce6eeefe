//! The sources by token, ready for use: verifiers built, answers made. Looking one up takes no lock.

use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use bytes::Bytes;
use hookyard_model::id::{ProjectId, RequestId};
use hookyard_model::source::{self, Source};
use hookyard_providers::{AcceptedAnswer, Configuration, Handshakes, Request, Verifier};
use hookyard_store::catalog::{Catalog, Snapshot};
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method, Response, StatusCode};
use http_body_util::Full;
use rustc_hash::FxHashMap;
use tokio::sync::watch;

use crate::answer::{self, Answer};
use crate::handshake;

/// The sources, as of the newest catalog that was seen.
#[derive(Debug)]
pub(crate) struct Sources {
    catalog: Catalog,
    /// What sources' URLs begin with, without a closing slash.
    public_url: Option<String>,
    table: ArcSwap<Table>,
    /// Held while a new table is made, so that an older one never replaces a newer.
    renewing: Mutex<()>,
}

#[derive(Debug)]
struct Table {
    version: u64,
    default_project: ProjectId,
    by_token: FxHashMap<Box<str>, Arc<Entry>>,
    /// Those whose providers also ask the host.
    asked_at_host: Vec<Arc<Entry>>,
}

/// One source, ready for use.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) source: Arc<Source>,
    /// The URL that the provider was given.
    pub(crate) url: Option<String>,
    /// None where the settings make no verifier: then nothing is accepted.
    pub(crate) verifier: Option<Verifier>,
    /// What the provider asks of the URL; none where the settings make none.
    pub(crate) handshakes: Option<Handshakes>,
    /// What the provider wants to be answered; none where any success will do.
    wished: Option<AcceptedAnswer>,
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
    pub(crate) fn new(catalog: Catalog, public_url: Option<String>) -> Self {
        let table = Table::of(&catalog.snapshot(), None, public_url.as_deref());
        Self { catalog, public_url, table: ArcSwap::from_pointee(table), renewing: Mutex::new(()) }
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

    /// The sources whose providers also ask the host, oldest first.
    pub(crate) fn asked_at_host(&self) -> Vec<Arc<Entry>> {
        self.table.load().asked_at_host.clone()
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
            self.table.store(Arc::new(Table::of(&snapshot, Some(&table), self.public_url.as_deref())));
        }
    }
}

impl Table {
    fn of(snapshot: &Snapshot, known: Option<&Self>, public_url: Option<&str>) -> Self {
        let entry_of = |source: &Arc<Source>| {
            known
                .and_then(|table| table.by_token.get(source.token.as_str()))
                .filter(|entry| Arc::ptr_eq(&entry.source, source))
                .map_or_else(|| Arc::new(Entry::new(source, public_url)), Arc::clone)
        };
        let by_token: FxHashMap<Box<str>, Arc<Entry>> = snapshot
            .sources
            .values()
            .map(|source| (source.token.as_str().into(), entry_of(source)))
            .collect();
        let is_asked = |entry: &&Arc<Entry>| entry.handshakes.as_ref().is_some_and(Handshakes::asks_host);
        let mut asked_at_host: Vec<_> = by_token.values().filter(is_asked).map(Arc::clone).collect();
        asked_at_host.sort_unstable_by_key(|entry| entry.source.id);
        Self { version: snapshot.version, default_project: snapshot.default_project, by_token, asked_at_host }
    }
}

impl Entry {
    fn new(source: &Arc<Source>, public_url: Option<&str>) -> Self {
        let verification = &source.verification;
        let url = source.url(public_url);
        let configuration = Configuration {
            provider: &verification.provider,
            secrets: &verification.exposed_secrets(),
            settings: &verification.settings,
            public_url: url.as_deref(),
        };
        let verifier = Verifier::new(&configuration).inspect_err(|error| {
            tracing::error!(
                source = %source.id, name = source.name, %error,
                "source accepts nothing: its verification settings are unusable"
            );
        });
        // Whatever keeps these from being made keeps the verifier from it too, and is said there.
        let handshakes = Handshakes::new(&configuration).ok().filter(|handshakes| !handshakes.is_empty());
        let wished = AcceptedAnswer::new(&configuration).ok();
        Self {
            source: Arc::clone(source),
            verifier: verifier.ok(),
            handshakes,
            wished,
            allow: HeaderValue::from_str(&source.methods.join(", ")).unwrap_or(HeaderValue::from_static("")),
            custom_answer: source.answer.as_ref().map(CustomAnswer::new),
            url,
        }
    }

    /// Whether the source takes this method.
    pub(crate) fn takes(&self, method: &Method) -> bool {
        let asks = |handshakes: &Handshakes| handshakes.takes(method.as_str());
        self.takes_webhooks(method) || self.handshakes.as_ref().is_some_and(asks)
    }

    /// Whether it takes this method for more than handshakes.
    pub(crate) fn takes_webhooks(&self, method: &Method) -> bool {
        self.source.methods.is_empty() || self.source.methods.iter().any(|known| known == method.as_str())
    }

    /// Whether an accepted request is answered with more than its id, so that it is still needed then.
    pub(crate) fn answers_itself(&self) -> bool {
        self.custom_answer.is_some() || self.wished.as_ref().is_some_and(|wished| !wished.is_plain())
    }

    /// What an accepted request is answered with: as the owner says, or else as the provider wants it.
    pub(crate) fn answer(&self, request: &Request<'_>, id: RequestId) -> Answer {
        if let Some(answer) = self.custom_answer() {
            return answer;
        }
        match self.wished.as_ref().filter(|wished| !wished.is_plain()) {
            Some(wished) => {
                let filled = wished.accepted(request, &id.to_string());
                if filled.body.is_some() {
                    handshake::sent(filled)
                } else {
                    answer::accepted_with(id, filled)
                }
            }
            None => answer::accepted(id),
        }
    }

    /// The status for a request that is not verified, where the provider wants another than 401.
    pub(crate) fn refused_status(&self) -> Option<StatusCode> {
        self.wished.as_ref()?.refused_status()
    }

    fn custom_answer(&self) -> Option<Answer> {
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
            public_url: None,
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
        let sources = Sources::new(store.catalog().clone(), None);
        let old = sources.find("old").unwrap();
        assert!(sources.find("new").is_none());
        create(store.catalog(), "new").await;
        assert!(sources.find("new").is_some());
        assert!(Arc::ptr_eq(&old, &sources.find("old").unwrap()));
    }
}
