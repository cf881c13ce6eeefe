//! What is made of a request behind its acknowledgement: its proof, where that is pending, and what its
//! provider says about it.
//!
//! The sources' verifiers are made when they are first needed, and again when a source has changed.

use std::sync::{Arc, Mutex, PoisonError};

use hookyard_model::clock::Timestamp;
use hookyard_model::id::SourceId;
use hookyard_model::request::{Fields, Head, Proof, Request};
use hookyard_model::source::Source;
use hookyard_providers::{
    Call, Configuration, FieldReader, Handshakes, KeyCache, KeyRequest, Outcome, Refusal, Verdict, Verifier,
};
use hookyard_store::catalog::Snapshot;
use http::{HeaderMap, HeaderName, HeaderValue};
use rustc_hash::FxHashMap;

/// What a pending request proves.
#[derive(Debug)]
pub(crate) enum Judgement {
    /// It comes from its provider, or its source takes everything.
    Accepted(Proof),
    /// It is a verified handshake of its provider: not routed. What is to be called for it.
    Handshake(Option<Call>),
    /// It is not its provider's; the reason in a sentence for the source's owner.
    Refused(String),
    /// That can be told only with this.
    KeyNeeded(Box<KeyRequest>),
    /// That cannot be told now: the source is not set up completely.
    NotNow(String),
}

/// The verifiers of all sources; clones share them.
#[derive(Clone, Debug)]
pub(crate) struct Verifiers {
    keys: KeyCache,
    /// What sources' URLs begin with, without a closing slash.
    public_url: Option<Arc<str>>,
    known: Arc<Mutex<FxHashMap<SourceId, Arc<Judge>>>>,
}

/// What judges the requests of one source.
#[derive(Debug)]
pub(crate) struct Judge {
    source: Arc<Source>,
    keys: KeyCache,
    /// The URL that the provider was given.
    url: Option<String>,
    verifier: Result<Verifier, String>,
    handshakes: Option<Handshakes>,
    fields: Option<FieldReader>,
}

impl Verifiers {
    pub(crate) fn new(keys: KeyCache, public_url: Option<String>) -> Self {
        Self { keys, public_url: public_url.map(Arc::from), known: Arc::default() }
    }

    /// What judges the requests of this source; none where it was deleted.
    pub(crate) fn of(&self, snapshot: &Snapshot, source: SourceId) -> Option<Arc<Judge>> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let source = snapshot.sources.get(&source)?;
        if let Some(judge) = known.get(&source.id).filter(|judge| Arc::ptr_eq(&judge.source, source)) {
            return Some(Arc::clone(judge));
        }
        known.retain(|id, _| snapshot.sources.contains_key(id));
        let judge = Arc::new(Judge::new(source, self.keys.clone(), self.public_url.as_deref()));
        known.insert(source.id, Arc::clone(&judge));
        Some(judge)
    }

    /// What its provider says about the event in an accepted request.
    pub(crate) fn fields(&self, snapshot: &Snapshot, request: &Request) -> Fields {
        let judge = request.source.and_then(|source| self.of(snapshot, source));
        judge.map(|judge| judge.fields(request)).unwrap_or_default()
    }
}

impl Judge {
    fn new(source: &Arc<Source>, keys: KeyCache, public_url: Option<&str>) -> Self {
        let verification = &source.verification;
        let url = source.url(public_url);
        let configuration = Configuration {
            provider: &verification.provider,
            secrets: &verification.exposed_secrets(),
            settings: &verification.settings,
            public_url: url.as_deref(),
        };
        Self {
            verifier: Verifier::new(&configuration).map_err(|error| error.to_string()),
            handshakes: Handshakes::new(&configuration).ok().filter(|handshakes| !handshakes.is_empty()),
            fields: FieldReader::new(&configuration).ok(),
            source: Arc::clone(source),
            keys,
            url,
        }
    }

    /// Decides about a pending request, as of its arrival.
    pub(crate) fn judge(&self, request: &Request) -> Judgement {
        let verifier = match &self.verifier {
            Ok(verifier) => verifier,
            Err(why) => return Judgement::NotNow(why.clone()),
        };
        let Some(parsed) = Parsed::new(request, |_| true) else {
            return Judgement::Refused("its head cannot be read".to_owned());
        };
        let asked = parsed.as_asked(request, self.url.as_deref());
        let verify = || verifier.verify(&asked, &self.keys, request.received_at.s());
        match self.handshakes.as_ref().and_then(|handshakes| handshakes.answer(&asked, verify)) {
            Some(Outcome::Unverified(refusal)) => return refused(&refusal),
            Some(Outcome::KeyNeeded(key)) => return Judgement::KeyNeeded(key),
            Some(Outcome::Answered(answered)) => {
                return answered.refused.map_or(Judgement::Handshake(answered.then), Judgement::Refused);
            }
            None => {}
        }
        match verify() {
            Verdict::Verified(_) if verifier.is_unsigned() => Judgement::Accepted(Proof::NotAsked),
            Verdict::Verified(_) => Judgement::Accepted(Proof::Verified),
            Verdict::Refused(refusal) => refused(&refusal),
            Verdict::KeyNeeded(key) => Judgement::KeyNeeded(key),
        }
    }

    /// What the provider says about the event in an accepted request.
    pub(crate) fn fields(&self, request: &Request) -> Fields {
        let Some(reader) = &self.fields else { return Fields::default() };
        let Some(parsed) = Parsed::new(request, |name| reader.reads_header(name)) else {
            return Fields::default();
        };
        let read = reader.read(&parsed.as_asked(request, self.url.as_deref()));
        Fields {
            provider_event_id: read.id,
            topic: read.topic,
            provider_time: read.time_us.map(Timestamp::from_us),
        }
    }
}

fn refused(refusal: &Refusal) -> Judgement {
    Judgement::Refused(refusal.to_string())
}

/// A stored head as verifiers want it.
struct Parsed<'a> {
    method: &'a str,
    target: &'a str,
    headers: HeaderMap,
}

impl<'a> Parsed<'a> {
    /// With those of its headers that are `wanted`.
    fn new(request: &'a Request, wanted: impl Fn(&str) -> bool) -> Option<Self> {
        let head = Head::parse(&request.head).ok()?;
        let mut headers = HeaderMap::new();
        for (name, value) in head.headers.iter().filter(|(name, _)| wanted(name)) {
            let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
            headers.append(name, HeaderValue::from_bytes(value).ok()?);
        }
        Some(Self { method: head.method, target: head.target, headers })
    }

    fn as_asked(&'a self, request: &'a Request, url: Option<&'a str>) -> hookyard_providers::Request<'a> {
        let Self { method, target, headers } = self;
        hookyard_providers::Request { method, target, headers, body: &request.body, public_url: url }
    }
}
