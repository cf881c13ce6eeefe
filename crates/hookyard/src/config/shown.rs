//! Every setting of the process as it would be written in the file, for the API to show. Secrets are only set or not
//! set. What the file declares is not among them: the API has that as sources, destinations, connections and alerts.

use std::fmt::Display;
use std::time::Duration;

use hookyard_api::settings::Setting;
use ipnet::IpNet;

use super::size;
use super::table::show_duration;
use super::{Access, Config, LogFormat, Server};

/// What puts the settings of a section where they are gathered.
type Put = fn(&Config, &mut Section<'_>);

/// A setting that is not there.
const NOT_SET: &str = "not set";

/// The settings of one section, in the making.
struct Section<'a> {
    name: &'static str,
    into: &'a mut Vec<(&'static str, &'static str, String)>,
}

impl Section<'_> {
    fn put(&mut self, name: &'static str, value: impl Display) {
        self.into.push((self.name, name, value.to_string()));
    }

    fn bytes(&mut self, name: &'static str, bytes: impl TryInto<u64>) {
        self.put(name, size::show(bytes.try_into().unwrap_or(u64::MAX)));
    }

    fn time(&mut self, name: &'static str, time: Duration) {
        self.put(name, show_duration(time));
    }

    fn time_or(&mut self, name: &'static str, time: Option<Duration>, word: &str) {
        self.put(name, time.map_or_else(|| word.to_owned(), show_duration));
    }

    fn networks(&mut self, name: &'static str, networks: &[IpNet]) {
        let networks: Vec<String> = networks.iter().map(|it| format!("\"{it}\"")).collect();
        self.put(name, format!("[{}]", networks.join(", ")));
    }

    fn optional(&mut self, name: &'static str, value: Option<impl Display>) {
        self.put(name, value.map_or_else(|| NOT_SET.to_owned(), |value| value.to_string()));
    }
}

impl Config {
    /// Every setting, with what it is where nothing is said.
    pub(crate) fn shown(&self) -> Vec<Setting> {
        let defaults = Self::default().values();
        let setting = |((section, name, value), (_, _, default))| Setting { section, name, value, default };
        self.values().into_iter().zip(defaults).map(setting).collect()
    }

    fn values(&self) -> Vec<(&'static str, &'static str, String)> {
        let mut into = Vec::new();
        for (name, put) in Self::SECTIONS {
            put(self, &mut Section { name, into: &mut into });
        }
        into
    }

    const SECTIONS: [(&'static str, Put); 16] = [
        ("server", Self::server),
        ("server.tls", Self::tls),
        ("limits", Self::limits),
        ("storage", Self::storage),
        ("verification", Self::verification),
        ("transformations", Self::transformations),
        ("delivery", Self::delivery),
        ("issues", Self::told),
        ("alerts", Self::telling),
        ("access", Self::access),
        ("search", Self::search),
        ("bookmarks", Self::bookmarks),
        ("live", Self::live),
        ("series", Self::series),
        ("health", Self::health),
        ("log", Self::log),
    ];

    fn tls(&self, to: &mut Section<'_>) {
        let tls = self.server.tls.as_ref();
        to.optional("cert", tls.map(|tls| tls.cert.display()));
        to.optional("key", tls.map(|tls| tls.key.display()));
    }

    fn search(&self, to: &mut Section<'_>) {
        to.put("at_a_time_max", self.search.at_a_time_max);
        to.time("wait_max", self.search.wait_max);
        to.time("index_time_max", self.search.index_time_max);
        to.time("bodies_time_max", self.search.bodies_time_max);
        to.time("histogram_time_max", self.search.histogram_time_max);
        to.put("busy_percent", self.search.busy_percent);
    }

    fn bookmarks(&self, to: &mut Section<'_>) {
        to.put("count_max", self.bookmarks.count_max);
        to.bytes("bytes_max", self.bookmarks.bytes_max);
    }

    fn live(&self, to: &mut Section<'_>) {
        to.put("streams_max", self.live.streams_max);
        to.bytes("buffer_bytes_max", self.live.buffer_bytes_max as u64);
        to.bytes("resume_bytes_max", self.live.resume_bytes_max);
        to.time("stream_time_max", self.live.stream_time_max);
    }

    fn series(&self, to: &mut Section<'_>) {
        to.time("retention", self.series.retention);
        to.put("rows_max", self.series.rows_max);
        to.put("subjects_max", self.series.subjects_max);
    }

    fn health(&self, to: &mut Section<'_>) {
        to.time_or("undelivered_age_max", self.health.undelivered_age_max, "off");
    }

    fn log(&self, to: &mut Section<'_>) {
        to.put("format", if self.log.format == LogFormat::Json { "json" } else { "text" });
        to.put("level", self.log.level.to_string().to_lowercase());
    }

    fn server(&self, to: &mut Section<'_>) {
        let Server { public, admin, public_url, admin_key, data_dir, shutdown_grace, tls: _ } = &self.server;
        to.put("public", public);
        to.put("admin", admin);
        to.optional("public_url", public_url.as_ref());
        to.optional("admin_key", admin_key.as_ref().map(|_| "set"));
        to.put("data_dir", data_dir.display());
        to.time("shutdown_grace", *shutdown_grace);
    }

    fn limits(&self, to: &mut Section<'_>) {
        let limits = &self.limits;
        to.bytes("body_bytes_max", limits.body_bytes_max as u64);
        to.bytes("header_bytes_max", limits.header_bytes_max as u64);
        to.put("header_lines_max", limits.header_lines_max);
        to.time("header_read_timeout", limits.header_read_timeout);
        to.time("body_read_timeout", limits.body_read_timeout);
        to.time("idle_timeout", limits.idle_timeout);
        to.put("connections_max", limits.connections_max);
        to.bytes("in_flight_bytes_max", limits.in_flight_bytes_max as u64);
        to.put("rejected_per_minute_max", limits.rejected_per_minute_max);
        to.bytes("rejected_body_bytes_max", limits.rejected_body_bytes_max as u64);
    }

    fn storage(&self, to: &mut Section<'_>) {
        let storage = &self.storage;
        to.bytes("segment_bytes", storage.segment_bytes);
        to.time("segment_age", storage.segment_age);
        to.time_or("retention", storage.retention, "forever");
        to.bytes("reserve_bytes", storage.reserve_bytes);
    }

    fn verification(&self, to: &mut Section<'_>) {
        let (limits, cache) = (&self.verification, &self.verification_cache);
        to.time("fetch_timeout", limits.fetch_timeout);
        to.put("fetches_max", limits.fetches_max);
        to.put("fetches_per_minute_max", limits.fetches_per_minute_max);
        to.time("retry_first", limits.retry_first);
        to.time("retry_max", limits.retry_max);
        to.time("pending_age_max", limits.pending_age_max);
        to.put("pending_requests_max", limits.pending_requests_max);
        to.bytes("pending_bytes_max", limits.pending_bytes_max as u64);
        to.put("cache_keys_max", cache.keys_max);
        to.bytes("cache_bytes_max", cache.bytes_max as u64);
    }

    fn transformations(&self, to: &mut Section<'_>) {
        let transformations = &self.transformations;
        to.time("cpu_max", transformations.limits.cpu);
        to.bytes("memory_bytes_max", transformations.limits.memory_bytes as u64);
        to.bytes("output_bytes_max", transformations.limits.output_bytes as u64);
        to.put("threads", transformations.engine.threads);
        to.put("at_a_time_max", transformations.at_a_time_max);
    }

    fn delivery(&self, to: &mut Section<'_>) {
        let delivery = &self.delivery;
        to.networks("allow_networks", &delivery.allow_networks);
        to.put("lane_events_max", delivery.lane_events_max);
        to.put("lane_keys_max", delivery.lane_keys_max);
        to.put("latest_keys_max", delivery.latest_keys_max);
        to.bytes("lanes_bytes_max", delivery.lanes_bytes_max as u64);
        to.bytes("response_body_bytes_max", delivery.response_body_bytes_max as u64);
    }

    fn told(&self, to: &mut Section<'_>) {
        to.put("rejected_max", self.issues.rejected_max);
        to.time_or("backpressure_age_max", self.issues.backpressure_age_max, "off");
        to.put("outbox_max", self.issues.outbox_max);
    }

    fn telling(&self, to: &mut Section<'_>) {
        to.time("timeout", self.alerts.timeout);
        to.time("retry_first", self.alerts.retry_first);
        to.time("retry_max", self.alerts.retry_max);
        to.time("retry_age_max", self.alerts.retry_age_max);
    }

    fn access(&self, to: &mut Section<'_>) {
        let Access { logins, audit_retention, audit_entries_max, idempotency } = &self.access;
        to.put("failures_per_minute_max", logins.failures_per_minute_max);
        to.time("failure_delay", logins.failure_delay);
        to.time("session_lifetime", logins.session_lifetime);
        to.put("sessions_max", logins.sessions_max);
        to.networks("trusted_proxies", &logins.trusted_proxies);
        to.time_or("audit_retention", *audit_retention, "forever");
        to.put("audit_entries_max", audit_entries_max);
        to.time("idempotency_lifetime", idempotency.lifetime);
        to.put("idempotency_answers_max", idempotency.answers_max);
        to.bytes("idempotency_bytes_max", idempotency.bytes_max);
        to.bytes("idempotency_answer_bytes_max", idempotency.answer_bytes_max as u64);
    }
}
