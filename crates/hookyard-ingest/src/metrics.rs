//! What ingest counts. Every handle is resolved when it is registered, so that counting on the way of a
//! request is one atomic addition, and a scrape costs the same whatever has happened.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use hookyard_model::request::RejectCause;
use prometheus_client::encoding::{EncodeMetric, MetricEncoder};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

/// Ingest's counters; clones share them.
#[derive(Clone, Debug)]
pub struct Metrics {
    pub(crate) accepted: Counter,
    rejected: [Counter; RejectCause::ALL.len()],
    pub(crate) handshakes: Counter,
    pub(crate) store_unavailable: Counter,
    pub(crate) source_unavailable: Counter,
    pub(crate) no_room: Counter,
    pub(crate) incomplete: Counter,
    pub(crate) suppressed: Counter,
    pub(crate) turned_away: Counter,
    pub(crate) connections_open: Gauge<i64, AtomicI64>,
    pub(crate) in_flight_bytes: Gauge<i64, AtomicI64>,
    pub(crate) ack: Latency,
}

type ByCause = Family<[(&'static str, &'static str); 1], Counter>;

impl Metrics {
    /// Registers ingest's metrics, all named `hookyard_ingest_…`.
    pub fn register(registry: &mut Registry) -> Self {
        let rejected = ByCause::default();
        let failed = ByCause::default();
        let failed_by = |cause| failed.get_or_create_owned(&[("cause", cause)]);
        let metrics = Self {
            accepted: Counter::default(),
            rejected: RejectCause::ALL.map(|cause| rejected.get_or_create_owned(&[("cause", cause.name())])),
            handshakes: Counter::default(),
            store_unavailable: failed_by("store_unavailable"),
            source_unavailable: failed_by("source_unavailable"),
            no_room: failed_by("in_flight_bytes"),
            incomplete: failed_by("body_incomplete"),
            suppressed: Counter::default(),
            turned_away: Counter::default(),
            connections_open: Gauge::default(),
            in_flight_bytes: Gauge::default(),
            ack: Latency::default(),
        };
        let mut add = Names { registry };
        add.one("requests_accepted", "Requests durable and acknowledged", metrics.accepted.clone());
        add.one("handshakes_answered", "Handshakes of providers answered", metrics.handshakes.clone());
        add.one("requests_rejected", "Requests refused, by cause", rejected);
        add.one("requests_failed", "Requests neither accepted nor refused, by cause", failed);
        add.one(
            "rejections_suppressed",
            "Refused requests that were not recorded",
            metrics.suppressed.clone(),
        );
        add.one("connections_turned_away", "Connections over the limit", metrics.turned_away.clone());
        add.one("connections_open", "Connections open now", metrics.connections_open.clone());
        add.one("in_flight_bytes", "Bytes of bodies in memory now", metrics.in_flight_bytes.clone());
        add.one("ack_seconds", "From a request's last byte to its acknowledgement", metrics.ack.clone());
        metrics
    }

    /// The counter of requests refused for this cause.
    pub(crate) fn rejected(&self, cause: RejectCause) -> &Counter {
        let [unknown_source, method, verification, body, key] = &self.rejected;
        match cause {
            RejectCause::UnknownSource => unknown_source,
            RejectCause::MethodNotAllowed => method,
            RejectCause::VerificationFailed => verification,
            RejectCause::BodyTooLarge => body,
            RejectCause::KeyUnavailable => key,
        }
    }
}

struct Names<'a> {
    registry: &'a mut Registry,
}

impl Names<'_> {
    fn one<M>(&mut self, name: &str, help: &str, metric: M)
    where
        M: EncodeMetric + fmt::Debug + Send + Sync + 'static,
    {
        self.registry.register(format!("hookyard_ingest_{name}"), help, metric);
    }
}

/// Upper bounds of the buckets, in microseconds; a last bucket takes the rest.
const BOUNDS_US: [u64; 14] = [
    100, 250, 500, 1_000, 2_000, 3_000, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 1_000_000, 5_000_000,
];

/// A histogram of durations. The client library's own takes a lock for each observation.
#[derive(Clone, Debug, Default)]
pub(crate) struct Latency {
    counts: Arc<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    buckets: [AtomicU64; BOUNDS_US.len()],
    slower: AtomicU64,
    sum_us: AtomicU64,
}

impl Latency {
    /// Counts one duration.
    pub(crate) fn observe(&self, took: Duration) {
        let us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let place = BOUNDS_US.partition_point(|bound_us| *bound_us < us);
        let bucket = self.counts.buckets.get(place).unwrap_or(&self.counts.slower);
        bucket.fetch_add(1, Ordering::Relaxed);
        self.counts.sum_us.fetch_add(us, Ordering::Relaxed);
    }
}

impl EncodeMetric for Latency {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> fmt::Result {
        let counts = &*self.counts;
        let bounds = BOUNDS_US.iter().map(|us| Duration::from_micros(*us).as_secs_f64());
        let buckets: Vec<(f64, u64)> = bounds
            .chain([f64::INFINITY])
            .zip(counts.buckets.iter().chain([&counts.slower]))
            .map(|(bound, count)| (bound, count.load(Ordering::Relaxed)))
            .collect();
        let sum = Duration::from_micros(counts.sum_us.load(Ordering::Relaxed)).as_secs_f64();
        let count = buckets.iter().map(|(_, count)| count).sum();
        encoder.encode_histogram::<[(&str, &str); 0]>(sum, count, &buckets, None)
    }

    fn metric_type(&self) -> MetricType {
        MetricType::Histogram
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_cause_has_its_own_counter_and_the_text_is_complete() {
        let mut registry = Registry::default();
        let metrics = Metrics::register(&mut registry);
        for (count, cause) in RejectCause::ALL.into_iter().enumerate() {
            metrics.rejected(cause).inc_by(count as u64 + 1);
        }
        metrics.ack.observe(Duration::from_micros(250));
        metrics.ack.observe(Duration::from_micros(251));
        metrics.ack.observe(Duration::from_secs(9));
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &registry).unwrap();
        for (count, cause) in RejectCause::ALL.into_iter().enumerate() {
            let line = format!(
                "hookyard_ingest_requests_rejected_total{{cause=\"{}\"}} {}\n",
                cause.name(),
                count + 1
            );
            assert!(text.contains(&line), "{line} in {text}");
        }
        assert!(text.contains("hookyard_ingest_ack_seconds_bucket{le=\"0.00025\"} 1\n"), "{text}");
        assert!(text.contains("hookyard_ingest_ack_seconds_bucket{le=\"0.0005\"} 2\n"), "{text}");
        assert!(text.contains("hookyard_ingest_ack_seconds_bucket{le=\"5.0\"} 2\n"), "{text}");
        assert!(text.contains("hookyard_ingest_ack_seconds_bucket{le=\"+Inf\"} 3\n"), "{text}");
        assert!(text.contains("hookyard_ingest_ack_seconds_sum 9.000501\n"), "{text}");
    }
}
