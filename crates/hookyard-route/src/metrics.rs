//! What routing counts.

use hookyard_model::rule::DiscardCause;
use hookyard_outgoing::fetch::FetchError;
use hookyard_store::arrivals::NewEvent;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OutcomeLabel {
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CauseLabel {
    cause: &'static str,
}

type ByOutcome = Family<OutcomeLabel, Counter>;

/// Counters of the route stage; clones share them.
#[derive(Clone, Debug, Default)]
pub struct Metrics {
    requests: Counter,
    events: Counter,
    pub(crate) verified: Counter,
    pub(crate) refused: Counter,
    replays: Counter,
    discarded: Family<CauseLabel, Counter>,
    fetches: ByOutcome,
    follow_ups: ByOutcome,
}

impl Metrics {
    /// Makes the counters and registers them.
    pub fn register(registry: &mut Registry) -> Self {
        let metrics = Self::default();
        let registry = registry.sub_registry_with_prefix("hookyard_route");
        registry.register("requests", "Accepted requests that were routed", metrics.requests.clone());
        registry.register("events", "Events that were made of them", metrics.events.clone());
        registry.register("replays", "Events that went through their rules again", metrics.replays.clone());
        registry.register("discarded", "Events that a rule ended, by cause", metrics.discarded.clone());
        for cause in DiscardCause::ALL {
            drop(metrics.discarded.get_or_create(&CauseLabel { cause: cause.name() }));
        }
        let help = "Requests that were verified after their acknowledgement";
        registry.register("pending_verified", help, metrics.verified.clone());
        let help = "Requests that were rejected after their acknowledgement";
        registry.register("pending_rejected", help, metrics.refused.clone());
        let help =
            "Fetches of keys, by outcome: fetched, refused, held back by the rate, or the kind of error";
        registry.register("key_fetches", help, metrics.fetches.clone());
        let help = "Calls that providers asked for, by outcome: done, or the kind of error";
        registry.register("follow_ups", help, metrics.follow_ups.clone());
        for (family, good) in [(&metrics.fetches, "fetched"), (&metrics.follow_ups, "done")] {
            // Zero from the start, so that a rate can be told from the first one on.
            drop(family.get_or_create(&OutcomeLabel { outcome: good }));
        }
        metrics
    }

    /// Counts a request that was routed to these events.
    pub(crate) fn note_routed(&self, events: &[NewEvent]) {
        self.requests.inc();
        self.events.inc_by(events.len() as u64);
        self.note_discarded(events);
    }

    /// Counts those that rules ended.
    fn note_discarded(&self, events: &[NewEvent]) {
        for cause in events.iter().filter_map(|event| event.ruling.discarded) {
            self.discarded.get_or_create(&CauseLabel { cause: cause.name() }).inc();
        }
    }

    /// Counts an event that went through its rules again.
    pub(crate) fn note_replay(&self, new: &NewEvent) {
        self.replays.inc();
        self.note_discarded(std::slice::from_ref(new));
    }

    /// Counts a fetch of a key, which failed with this kind of error where it did.
    pub(crate) fn note_fetch(&self, outcome: Result<(), &'static str>) {
        let outcome = outcome.err().unwrap_or("fetched");
        self.fetches.get_or_create(&OutcomeLabel { outcome }).inc();
    }

    /// Counts a follow-up.
    pub(crate) fn note_follow_up(&self, outcome: Result<(), &FetchError>) {
        let outcome = outcome.map_or_else(FetchError::name, |()| "done");
        self.follow_ups.get_or_create(&OutcomeLabel { outcome }).inc();
    }
}
