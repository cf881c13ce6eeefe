//! The settings of the process: listeners, limits, storage, delivery, health, log; with their defaults and
//! bounds.
//!
//! Where another crate has a default of its own, that one is taken, so that there is only one.

use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::Duration;

use hookyard_alert::settings::Settings as Alerts;
use hookyard_api::live::{Limits as Live, STREAMS_MAX_MAX};
use hookyard_api::server::Logins;
use hookyard_ingest::limits::Limits;
use hookyard_model::request::HEADER_LINES_MAX;
use hookyard_model::secret::Secret;
use hookyard_outgoing::exchange::AnswerLimits;
use hookyard_route::limits::Limits as VerificationLimits;
use hookyard_store::bookmarks::Settings as Bookmarks;
use hookyard_store::catalog::audit::Settings as Audit;
use hookyard_store::idempotency::Settings as Idempotency;
use hookyard_store::issues::Settings as Issues;
use hookyard_store::search::Settings as Search;
use hookyard_store::series::Settings as Series;
use hookyard_store::store::Options;
use hookyard_transform::limits::{EngineLimits, Limits as RunLimits};
use ipnet::IpNet;
use tracing::Level;

use super::table::{Reader, Table};
use super::{
    Access, Delivery, Health, Log, LogFormat, Server, ServerTls, Storage, Transformations, VerificationCache,
};

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;
const MS: Duration = Duration::from_millis(1);
const S: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);
/// Long enough for everybody, and far from overflowing a timestamp.
const DAYS_MAX: u32 = 36_500;
const DATA_DIR: &str = "hookyard-data";
const ADDRESS: &str = "an IP address and a port, like `127.0.0.1:4400` or `[::]:4400`";

impl Default for Server {
    fn default() -> Self {
        Self {
            public: SocketAddr::from((Ipv4Addr::UNSPECIFIED, 4400)),
            admin: SocketAddr::from((Ipv4Addr::LOCALHOST, 4401)),
            public_url: None,
            admin_key: None,
            data_dir: PathBuf::from(DATA_DIR),
            shutdown_grace: Duration::from_secs(30),
            tls: None,
        }
    }
}

impl Default for Storage {
    fn default() -> Self {
        let Options { segment_bytes, segment_age, retention, reserve_bytes, .. } = Options::new(DATA_DIR);
        Self { segment_bytes, segment_age, retention, reserve_bytes }
    }
}

impl Default for VerificationCache {
    fn default() -> Self {
        Self { keys_max: 1_024, bytes_max: 4 << 20 }
    }
}

impl Default for Transformations {
    fn default() -> Self {
        let VerificationLimits { plans_max, .. } = VerificationLimits::default();
        Self { limits: RunLimits::default(), engine: EngineLimits::default(), at_a_time_max: plans_max }
    }
}

impl Default for Delivery {
    fn default() -> Self {
        let Options { lane_events_max, lane_keys_max, latest_keys_max, lanes_bytes_max, .. } =
            Options::new(DATA_DIR);
        let AnswerLimits { response_body_bytes_max, .. } = AnswerLimits::default();
        Self {
            allow_networks: Vec::new(),
            lane_events_max,
            lane_keys_max,
            latest_keys_max,
            lanes_bytes_max,
            response_body_bytes_max,
        }
    }
}

impl Default for Access {
    fn default() -> Self {
        let Audit { retention, entries_max, .. } = Audit::default();
        Self {
            logins: Logins::default(),
            audit_retention: retention,
            audit_entries_max: entries_max,
            idempotency: Idempotency::default(),
        }
    }
}

impl Default for Log {
    fn default() -> Self {
        Self { format: LogFormat::Text, level: Level::INFO }
    }
}

pub(super) fn server(mut table: Table<'_>, reader: &mut Reader<'_>, directory: &Path) -> Server {
    let default = Server::default();
    let public = table.parsed(reader, "public", ADDRESS).unwrap_or(default.public);
    let admin = table.parsed(reader, "admin", ADDRESS).unwrap_or(default.admin);
    if public == admin && public.port() != 0 {
        let message = "server.admin: is the public address too; choose another port for one of them";
        reader.note(table.place_of("admin"), message);
    }
    let data_dir = table.text(reader, "data_dir").map_or(default.data_dir, PathBuf::from);
    let server = Server {
        public,
        admin,
        public_url: public_url(&mut table, reader),
        admin_key: table.text(reader, "admin_key").map(Secret::new),
        data_dir: directory.join(data_dir),
        shutdown_grace: table
            .duration(reader, "shutdown_grace", Duration::ZERO..=HOUR)
            .unwrap_or(default.shutdown_grace),
        tls: table.optional_table(reader, "tls").and_then(|tls| server_tls(tls, reader, directory)),
    };
    table.finish(reader);
    server
}

/// A closing slash is what people copy with a URL; it means nothing here.
fn public_url(table: &mut Table<'_>, reader: &mut Reader<'_>) -> Option<String> {
    let url = table.text(reader, "public_url")?;
    let url = url.trim_end_matches('/');
    if let Some(problem) = hookyard_store::catalog::public_url_problem(url) {
        reader.note(table.place_of("public_url"), format!("server.public_url: {}", problem.reason));
    }
    Some(url.to_owned())
}

fn server_tls(mut table: Table<'_>, reader: &mut Reader<'_>, directory: &Path) -> Option<ServerTls> {
    let cert = table.required_text(reader, "cert");
    let key = table.required_text(reader, "key");
    table.finish(reader);
    Some(ServerTls { cert: directory.join(cert?), key: directory.join(key?) })
}

pub(super) fn limits(mut table: Table<'_>, reader: &mut Reader<'_>) -> Limits {
    let default = Limits::default();
    let timeout = MS..=HOUR;
    let limits = Limits {
        body_bytes_max: table.size(reader, "body_bytes_max", 1..=512 * MIB).unwrap_or(default.body_bytes_max),
        header_bytes_max: table
            .size(reader, "header_bytes_max", 8 * KIB..=MIB)
            .unwrap_or(default.header_bytes_max),
        header_lines_max: table
            .count(reader, "header_lines_max", 1..=HEADER_LINES_MAX as u64)
            .unwrap_or(default.header_lines_max),
        header_read_timeout: table
            .duration(reader, "header_read_timeout", timeout.clone())
            .unwrap_or(default.header_read_timeout),
        body_read_timeout: table
            .duration(reader, "body_read_timeout", timeout.clone())
            .unwrap_or(default.body_read_timeout),
        idle_timeout: table.duration(reader, "idle_timeout", timeout).unwrap_or(default.idle_timeout),
        connections_max: table
            .count(reader, "connections_max", 1..=1_000_000)
            .unwrap_or(default.connections_max),
        in_flight_bytes_max: table
            .size(reader, "in_flight_bytes_max", MIB..=64 * GIB)
            .unwrap_or(default.in_flight_bytes_max),
        rejected_per_minute_max: table
            .count(reader, "rejected_per_minute_max", 0..=1_000_000)
            .unwrap_or(default.rejected_per_minute_max),
        rejected_body_bytes_max: table
            .size(reader, "rejected_body_bytes_max", 0..=MIB)
            .unwrap_or(default.rejected_body_bytes_max),
    };
    if limits.in_flight_bytes_max < limits.body_bytes_max {
        let message = "limits.in_flight_bytes_max: must be at least limits.body_bytes_max, or the longest \
                       body could never be taken";
        reader.note(table.place_of("in_flight_bytes_max"), message);
    }
    table.finish(reader);
    limits
}

pub(super) fn storage(mut table: Table<'_>, reader: &mut Reader<'_>) -> Storage {
    let default = Storage::default();
    let storage = Storage {
        segment_bytes: table.size(reader, "segment_bytes", MIB..=2 * GIB).unwrap_or(default.segment_bytes),
        segment_age: table.duration(reader, "segment_age", S..=30 * DAY).unwrap_or(default.segment_age),
        retention: table
            .duration_or(reader, "retention", MINUTE..=DAYS_MAX * DAY, "forever")
            .unwrap_or(default.retention),
        reserve_bytes: table.size(reader, "reserve_bytes", 0..=1024 * GIB).unwrap_or(default.reserve_bytes),
    };
    table.finish(reader);
    storage
}

pub(super) fn transformations(mut table: Table<'_>, reader: &mut Reader<'_>) -> Transformations {
    let default = Transformations::default();
    let RunLimits { cpu, memory_bytes, output_bytes, .. } = default.limits;
    let transformations = Transformations {
        limits: RunLimits {
            cpu: table.duration(reader, "cpu_max", MS..=10 * S).unwrap_or(cpu),
            memory_bytes: table.size(reader, "memory_bytes_max", MIB..=4 * GIB).unwrap_or(memory_bytes),
            output_bytes: table.size(reader, "output_bytes_max", KIB..=64 * MIB).unwrap_or(output_bytes),
            ..default.limits
        },
        engine: EngineLimits {
            threads: table
                .count(reader, "threads", 1..=256)
                .and_then(NonZeroUsize::new)
                .unwrap_or(default.engine.threads),
            ..default.engine
        },
        at_a_time_max: table.count(reader, "at_a_time_max", 1..=10_000).unwrap_or(default.at_a_time_max),
    };
    table.finish(reader);
    transformations
}

pub(super) fn verification(
    mut table: Table<'_>,
    reader: &mut Reader<'_>,
) -> (VerificationLimits, VerificationCache) {
    let default = VerificationLimits::default();
    let wait = MS..=HOUR;
    let limits = VerificationLimits {
        fetch_timeout: table
            .duration(reader, "fetch_timeout", MS..=10 * MINUTE)
            .unwrap_or(default.fetch_timeout),
        fetches_max: table.count(reader, "fetches_max", 1..=1_000).unwrap_or(default.fetches_max),
        fetches_per_minute_max: table
            .count(reader, "fetches_per_minute_max", 1..=60_000)
            .unwrap_or(default.fetches_per_minute_max),
        retry_first: table.duration(reader, "retry_first", wait.clone()).unwrap_or(default.retry_first),
        retry_max: table.duration(reader, "retry_max", wait).unwrap_or(default.retry_max),
        pending_age_max: table
            .duration(reader, "pending_age_max", S..=30 * DAY)
            .unwrap_or(default.pending_age_max),
        plans_max: default.plans_max,
        pending_requests_max: table
            .count(reader, "pending_requests_max", 1..=1_000_000)
            .unwrap_or(default.pending_requests_max),
        pending_bytes_max: table
            .size(reader, "pending_bytes_max", KIB..=64 * GIB)
            .unwrap_or(default.pending_bytes_max),
    };
    if limits.retry_max < limits.retry_first {
        let message = "verification.retry_max: must be at least verification.retry_first";
        reader.note(table.place_of("retry_max"), message);
    }
    let default = VerificationCache::default();
    let cache = VerificationCache {
        keys_max: table.count(reader, "cache_keys_max", 1..=1_000_000).unwrap_or(default.keys_max),
        bytes_max: table.size(reader, "cache_bytes_max", 64 * KIB..=GIB).unwrap_or(default.bytes_max),
    };
    table.finish(reader);
    (limits, cache)
}

pub(super) fn delivery(mut table: Table<'_>, reader: &mut Reader<'_>) -> Delivery {
    let default = Delivery::default();
    let delivery = Delivery {
        allow_networks: networks(&mut table, reader, "allow_networks"),
        lane_events_max: table
            .count(reader, "lane_events_max", 1..=1_000_000)
            .unwrap_or(default.lane_events_max),
        lane_keys_max: table.count(reader, "lane_keys_max", 1..=10_000_000).unwrap_or(default.lane_keys_max),
        latest_keys_max: table
            .count(reader, "latest_keys_max", 1..=10_000_000)
            .unwrap_or(default.latest_keys_max),
        lanes_bytes_max: table
            .size(reader, "lanes_bytes_max", MIB..=64 * GIB)
            .unwrap_or(default.lanes_bytes_max),
        response_body_bytes_max: table
            .size(reader, "response_body_bytes_max", 0..=MIB)
            .unwrap_or(default.response_body_bytes_max),
    };
    table.finish(reader);
    delivery
}

fn networks(table: &mut Table<'_>, reader: &mut Reader<'_>, key: &'static str) -> Vec<IpNet> {
    let name = table.name_of(key);
    let mut networks = Vec::new();
    for text in table.texts(reader, key).unwrap_or_default() {
        let message = match text.parse::<IpNet>() {
            Ok(network) if network.trunc() == network => {
                networks.push(network);
                continue;
            }
            Ok(network) => {
                format!("{name}: `{text}` has address bits behind its prefix: write `{}`", network.trunc())
            }
            Err(_) => format!(
                "{name}: `{text}` is not a network: write one like `127.0.0.0/8`, or `10.1.2.3/32` for one \
                 address"
            ),
        };
        reader.note(table.place_of(key), message);
    }
    networks
}

pub(super) fn search(mut table: Table<'_>, reader: &mut Reader<'_>) -> Search {
    let default = Search::default();
    let time = MS..=MINUTE;
    let search = Search {
        at_a_time_max: table.count(reader, "at_a_time_max", 1..=256).unwrap_or(default.at_a_time_max),
        wait_max: table.duration(reader, "wait_max", Duration::ZERO..=MINUTE).unwrap_or(default.wait_max),
        index_time_max: table
            .duration(reader, "index_time_max", time.clone())
            .unwrap_or(default.index_time_max),
        bodies_time_max: table
            .duration(reader, "bodies_time_max", time.clone())
            .unwrap_or(default.bodies_time_max),
        histogram_time_max: table
            .duration(reader, "histogram_time_max", time)
            .unwrap_or(default.histogram_time_max),
        busy_percent: table.count(reader, "busy_percent", 1..=100).unwrap_or(default.busy_percent),
    };
    table.finish(reader);
    search
}

pub(super) fn bookmarks(mut table: Table<'_>, reader: &mut Reader<'_>) -> Bookmarks {
    let default = Bookmarks::default();
    let bookmarks = Bookmarks {
        count_max: table.count(reader, "count_max", 0..=100_000).unwrap_or(default.count_max),
        bytes_max: table.size(reader, "bytes_max", 0..=64 * GIB).unwrap_or(default.bytes_max),
    };
    table.finish(reader);
    bookmarks
}

pub(super) fn issues(mut table: Table<'_>, reader: &mut Reader<'_>) -> Issues {
    let default = Issues::default();
    let issues = Issues {
        rejected_max: table.count(reader, "rejected_max", 1..=1_000_000).unwrap_or(default.rejected_max),
        backpressure_age_max: table
            .duration_or(reader, "backpressure_age_max", S..=DAYS_MAX * DAY, "off")
            .unwrap_or(default.backpressure_age_max),
        outbox_max: table.count(reader, "outbox_max", 100..=10_000_000).unwrap_or(default.outbox_max),
    };
    table.finish(reader);
    issues
}

pub(super) fn alerts(mut table: Table<'_>, reader: &mut Reader<'_>) -> Alerts {
    let default = Alerts::default();
    let wait = MS..=DAY;
    let alerts = Alerts {
        timeout: table.duration(reader, "timeout", MS..=10 * MINUTE).unwrap_or(default.timeout),
        retry_first: table.duration(reader, "retry_first", wait.clone()).unwrap_or(default.retry_first),
        retry_max: table.duration(reader, "retry_max", wait).unwrap_or(default.retry_max),
        retry_age_max: table
            .duration(reader, "retry_age_max", Duration::ZERO..=30 * DAY)
            .unwrap_or(default.retry_age_max),
    };
    if alerts.retry_max < alerts.retry_first {
        let message = "alerts.retry_max: must be at least alerts.retry_first";
        reader.note(table.place_of("retry_max"), message);
    }
    table.finish(reader);
    alerts
}

pub(super) fn access(mut table: Table<'_>, reader: &mut Reader<'_>) -> Access {
    let default = Access::default();
    let (logins, idempotency) = (default.logins, default.idempotency);
    let access = Access {
        logins: Logins {
            failures_per_minute_max: table
                .count(reader, "failures_per_minute_max", 1..=1_000_000)
                .unwrap_or(logins.failures_per_minute_max),
            failure_delay: table
                .duration(reader, "failure_delay", Duration::ZERO..=MINUTE)
                .unwrap_or(logins.failure_delay),
            session_lifetime: table
                .duration(reader, "session_lifetime", MINUTE..=30 * DAY)
                .unwrap_or(logins.session_lifetime),
            sessions_max: table.count(reader, "sessions_max", 1..=1_000_000).unwrap_or(logins.sessions_max),
            trusted_proxies: networks(&mut table, reader, "trusted_proxies"),
        },
        audit_retention: table
            .duration_or(reader, "audit_retention", DAY..=DAYS_MAX * DAY, "forever")
            .unwrap_or(default.audit_retention),
        audit_entries_max: table
            .count(reader, "audit_entries_max", 1_000..=100_000_000)
            .unwrap_or(default.audit_entries_max),
        idempotency: Idempotency {
            lifetime: table
                .duration(reader, "idempotency_lifetime", MINUTE..=30 * DAY)
                .unwrap_or(idempotency.lifetime),
            answers_max: table
                .count(reader, "idempotency_answers_max", 1..=10_000_000)
                .unwrap_or(idempotency.answers_max),
            bytes_max: table
                .size(reader, "idempotency_bytes_max", MIB..=64 * GIB)
                .unwrap_or(idempotency.bytes_max),
            answer_bytes_max: table
                .size(reader, "idempotency_answer_bytes_max", KIB..=64 * MIB)
                .unwrap_or(idempotency.answer_bytes_max),
        },
    };
    table.finish(reader);
    access
}

pub(super) fn live(mut table: Table<'_>, reader: &mut Reader<'_>) -> Live {
    let default = Live::default();
    let live = Live {
        streams_max: table
            .count(reader, "streams_max", 1..=STREAMS_MAX_MAX as u64)
            .unwrap_or(default.streams_max),
        buffer_bytes_max: table
            .size(reader, "buffer_bytes_max", 64 * KIB..=GIB)
            .unwrap_or(default.buffer_bytes_max),
        resume_bytes_max: table
            .size(reader, "resume_bytes_max", 0..=1024 * GIB)
            .unwrap_or(default.resume_bytes_max),
        stream_time_max: table
            .duration(reader, "stream_time_max", S..=DAY)
            .unwrap_or(default.stream_time_max),
    };
    table.finish(reader);
    live
}

pub(super) fn series(mut table: Table<'_>, reader: &mut Reader<'_>) -> Series {
    let default = Series::default();
    let series = Series {
        retention: table.duration(reader, "retention", HOUR..=3_660 * DAY).unwrap_or(default.retention),
        rows_max: table.count(reader, "rows_max", 1_000..=1_000_000_000).unwrap_or(default.rows_max),
        subjects_max: table.count(reader, "subjects_max", 1..=100_000).unwrap_or(default.subjects_max),
    };
    table.finish(reader);
    series
}

pub(super) fn health(mut table: Table<'_>, reader: &mut Reader<'_>) -> Health {
    let undelivered_age_max =
        table.duration_or(reader, "undelivered_age_max", S..=DAYS_MAX * DAY, "off").flatten();
    table.finish(reader);
    Health { undelivered_age_max }
}

pub(super) fn log(mut table: Table<'_>, reader: &mut Reader<'_>) -> Log {
    let default = Log::default();
    let formats = [("text", LogFormat::Text), ("json", LogFormat::Json)];
    let levels = [
        ("error", Level::ERROR),
        ("warn", Level::WARN),
        ("info", Level::INFO),
        ("debug", Level::DEBUG),
        ("trace", Level::TRACE),
    ];
    let log = Log {
        format: table.word(reader, "format", &formats).unwrap_or(default.format),
        level: table.word(reader, "level", &levels).unwrap_or(default.level),
    };
    table.finish(reader);
    log
}
