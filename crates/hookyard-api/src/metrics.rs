//! `/metrics`: what all stages count, and how the store is doing, as OpenMetrics text.
//!
//! `/api/v1/metrics/…` is for people: [`series`] over time, and what goes on now ([`current`]).
//!
//! **Invariant:** a scrape costs the same however much is stored.

pub(crate) mod current;
pub(crate) mod series;

use std::fmt;
use std::sync::Arc;

use axum::extract::State;
use axum::response::IntoResponse;
use hookyard_model::clock::Clock;
use hookyard_store::store::Store;
use http::header;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric, text};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::{Registry, Unit};

use crate::problem::Problem;
use crate::query::NoQuery;
use crate::server::Shared;

const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The metrics that are read from the store at each scrape; a registry of their own, since the stages'
/// is closed by the time it comes here.
#[derive(Debug)]
pub(crate) struct StoreMetrics(Registry);

impl StoreMetrics {
    /// The metrics of this store.
    pub(crate) fn new(store: Store, clock: Clock) -> Self {
        let mut registry = Registry::default();
        registry.register_collector(Box::new(StoreCollector { store, clock }));
        Self(registry)
    }
}

/// Metrics of all stages
///
/// As OpenMetrics text.
#[utoipa::path(get, path = "/metrics", operation_id = "getMetrics",
    responses((status = 200, body = String, content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8")))]
pub(crate) async fn metrics(
    State(api): State<Arc<Shared>>,
    _: NoQuery,
) -> Result<impl IntoResponse, Problem> {
    let text = encode(&api.registry, &api.store_metrics).map_err(|error| Problem::internal(&error))?;
    Ok(([(header::CONTENT_TYPE, OPEN_METRICS)], text))
}

fn encode(stages: &Registry, store: &StoreMetrics) -> Result<String, fmt::Error> {
    let mut text = String::new();
    text::encode_registry(&mut text, stages)?;
    text::encode_registry(&mut text, &store.0)?;
    text::encode_eof(&mut text)?;
    Ok(text)
}

#[derive(Debug)]
struct StoreCollector {
    store: Store,
    clock: Clock,
}

impl Collector for StoreCollector {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let health = self.store.health();
        let age = health.oldest_undelivered_at.map(|at| self.clock.now().since(at)).unwrap_or_default();
        let mut gauge = |name, help, unit: Option<&Unit>, value: f64| {
            let gauge = ConstGauge::new(value);
            gauge.encode(encoder.encode_descriptor(name, help, unit, gauge.metric_type())?)
        };
        gauge(
            "hookyard_undelivered_events",
            "Events that are not delivered yet",
            None,
            health.undelivered as f64,
        )?;
        gauge(
            "hookyard_oldest_undelivered_age",
            "Age of the oldest request with an undelivered event; 0 where there is none",
            Some(&Unit::Seconds),
            age.as_secs_f64(),
        )?;
        let age = health.oldest_pending_at.map(|at| self.clock.now().since(at)).unwrap_or_default();
        gauge(
            "hookyard_pending_requests",
            "Requests that wait for a key that verifies them",
            None,
            health.pending as f64,
        )?;
        gauge(
            "hookyard_oldest_pending_age",
            "Age of the oldest of them; 0 where there is none",
            Some(&Unit::Seconds),
            age.as_secs_f64(),
        )?;
        gauge(
            "hookyard_open_issues",
            "Issues that are neither acknowledged nor resolved",
            None,
            health.open_issues as f64,
        )?;
        gauge(
            "hookyard_index_lag",
            "Journal bytes that the index has yet to take in",
            Some(&Unit::Bytes),
            health.index_lag_bytes as f64,
        )?;
        let available = if health.unavailable.is_none() { 1.0 } else { 0.0 };
        gauge("hookyard_store_available", "Whether the store takes requests", None, available)?;
        let searches = self.store.searches();
        gauge(
            "hookyard_searches_under_way",
            "Searches that read requests now",
            None,
            searches.under_way as f64,
        )?;
        let stats = self.store.stats();
        gauge(
            "hookyard_journal",
            "Size of all journal segments",
            Some(&Unit::Bytes),
            stats.journal_bytes as f64,
        )?;
        let (_, damaged) = self.store.damages();
        for (name, help, count) in [
            ("hookyard_journal_commits", "Commits: writes followed by a sync", stats.commits),
            ("hookyard_journal_records", "Records in them", stats.records),
            ("hookyard_journal_write_failures", "Writes and syncs that failed", stats.write_failures),
            ("hookyard_journal_damages", "Damaged places met while reading", damaged),
            (
                "hookyard_rejections_dropped",
                "Rejected requests not noted because too many waited",
                stats.rejections_dropped,
            ),
            (
                "hookyard_searches_abandoned",
                "Searches stopped because their callers had gone away",
                searches.abandoned,
            ),
            (
                "hookyard_searches_refused",
                "Searches refused because too many were under way",
                searches.refused,
            ),
        ] {
            let counter = ConstCounter::new(count);
            counter.encode(encoder.encode_descriptor(name, help, None, counter.metric_type())?)?;
        }
        Ok(())
    }
}
