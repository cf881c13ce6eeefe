//! What delivery counts.

use hookyard_model::attempt::{Attempt, ErrorKind, Outcome};
use hookyard_model::clock::Timestamp;
use hookyard_model::connection::DisableCause;
use hookyard_model::event::EventState;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OutcomeLabel {
    outcome: &'static str,
}

/// Counters of the deliver stage; clones share them.
#[derive(Clone, Debug)]
pub struct Metrics {
    /// By class of answer (`2xx` … `5xx`), then by [`ErrorKind`]; resolved once.
    answers: [Counter; 6],
    errors: [Counter; ErrorKind::ALL.len()],
    acknowledged: Counter,
    delivered: Counter,
    failed: Counter,
    superseded: Counter,
    under_way: Gauge,
    leases_out: Gauge,
    consumers_waiting: Gauge,
    breakers_open: Gauge,
    breaker_openings: Counter,
    gone: Counter,
    failing: Counter,
    attempt_s: Histogram,
    received_to_delivered_s: Histogram,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CauseLabel {
    cause: &'static str,
}

/// Counts a breaker as open for as long as it lives.
#[derive(Debug)]
pub(crate) struct OpenBreaker(Gauge);

impl Drop for OpenBreaker {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// Counts an attempt as under way for as long as it lives.
#[derive(Debug)]
pub(crate) struct UnderWay(Gauge);

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// Counts a consumer as one who waits for as long as it lives.
#[derive(Debug)]
pub(crate) struct ConsumerWaiting(Gauge);

impl Drop for ConsumerWaiting {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// Counts an event as leased, which is an attempt under way, for as long as it lives.
#[derive(Debug)]
pub(crate) struct LeaseOut {
    leases_out: Gauge,
    _under_way: UnderWay,
}

impl Drop for LeaseOut {
    fn drop(&mut self) {
        self.leases_out.dec();
    }
}

impl Metrics {
    /// Makes the counters and registers them.
    pub fn register(registry: &mut Registry) -> Self {
        let attempts = Family::<OutcomeLabel, Counter>::default();
        let counter = |outcome| attempts.get_or_create(&OutcomeLabel { outcome }).clone();
        let disabled = Family::<CauseLabel, Counter>::default();
        let disabled_for =
            |cause: DisableCause| disabled.get_or_create(&CauseLabel { cause: cause.name() }).clone();
        let buckets = || exponential_buckets(0.000_5, 2.0, 18);
        let metrics = Self {
            answers: ["other", "1xx", "2xx", "3xx", "4xx", "5xx"].map(counter),
            errors: ErrorKind::ALL.map(|kind| counter(kind.name())),
            acknowledged: counter("acknowledged"),
            delivered: Counter::default(),
            failed: Counter::default(),
            superseded: Counter::default(),
            under_way: Gauge::default(),
            leases_out: Gauge::default(),
            consumers_waiting: Gauge::default(),
            breakers_open: Gauge::default(),
            breaker_openings: Counter::default(),
            gone: disabled_for(DisableCause::DestinationGone),
            failing: disabled_for(DisableCause::DestinationFailing),
            attempt_s: Histogram::new(buckets()),
            received_to_delivered_s: Histogram::new(buckets()),
        };
        let registry = registry.sub_registry_with_prefix("hookyard_delivery");
        let about = "Attempts by class of answer or kind of error, or acknowledged";
        registry.register("attempts", about, attempts);
        registry.register("events_delivered", "Events that were delivered", metrics.delivered.clone());
        registry.register("events_failed", "Events that have no tries left", metrics.failed.clone());
        let superseded = metrics.superseded.clone();
        registry.register(
            "events_superseded",
            "Events discarded before an attempt as out of date",
            superseded,
        );
        registry.register("attempts_under_way", "Attempts under way now", metrics.under_way.clone());
        let out = metrics.leases_out.clone();
        registry.register("leases_out", "Events that consumers have and have not answered now", out);
        let waiting = metrics.consumers_waiting.clone();
        registry.register("consumers_waiting", "Calls that wait for events now", waiting);
        let open = metrics.breakers_open.clone();
        registry.register("breakers_open", "Destinations whose breaker is open or half open now", open);
        let openings = metrics.breaker_openings.clone();
        registry.register("breaker_openings", "How often breakers have opened", openings);
        registry.register(
            "connections_disabled",
            "Connections disabled for what their destination did, by cause",
            disabled.clone(),
        );
        registry.register("attempt_seconds", "How long attempts take", metrics.attempt_s.clone());
        registry.register(
            "received_to_delivered_seconds",
            "From a request's last byte to its event's delivery",
            metrics.received_to_delivered_s.clone(),
        );
        metrics
    }

    pub(crate) fn under_way(&self) -> UnderWay {
        self.under_way.inc();
        UnderWay(self.under_way.clone())
    }

    /// An event was discarded when it was about to go out.
    pub(crate) fn superseded(&self) {
        self.superseded.inc();
    }

    pub(crate) fn lease_out(&self) -> LeaseOut {
        self.leases_out.inc();
        LeaseOut { leases_out: self.leases_out.clone(), _under_way: self.under_way() }
    }

    pub(crate) fn consumer_waits(&self) -> ConsumerWaiting {
        self.consumers_waiting.inc();
        ConsumerWaiting(self.consumers_waiting.clone())
    }

    /// A breaker has opened; it counts as open for as long as the answer lives.
    pub(crate) fn breaker_opens(&self) -> OpenBreaker {
        self.breaker_openings.inc();
        self.breakers_open.inc();
        OpenBreaker(self.breakers_open.clone())
    }

    pub(crate) fn connection_disabled(&self, cause: DisableCause) {
        match cause {
            DisableCause::DestinationGone => self.gone.inc(),
            DisableCause::DestinationFailing => self.failing.inc(),
            DisableCause::ByHand | DisableCause::RemovedFromFile => 0,
        };
    }

    pub(crate) fn note(&self, attempt: &Attempt, received_at: Option<Timestamp>, now: Timestamp) {
        let counter = match &attempt.outcome {
            Outcome::Response(response) => self.answers.get(usize::from(response.status / 100)),
            Outcome::Error(error) => {
                ErrorKind::ALL.iter().position(|kind| *kind == error.kind).and_then(|at| self.errors.get(at))
            }
            Outcome::Acknowledged => Some(&self.acknowledged),
        };
        if let Some(counter) = counter.or_else(|| self.answers.first()) {
            counter.inc();
        }
        self.attempt_s.observe(attempt.duration.as_secs_f64());
        match attempt.state {
            EventState::Successful => {
                self.delivered.inc();
                if let Some(received_at) = received_at {
                    self.received_to_delivered_s.observe(now.since(received_at).as_secs_f64());
                }
            }
            EventState::Failed => {
                self.failed.inc();
            }
            _ => {}
        }
    }
}
