//! Whole files: what they come to, and every problem a person is told about.

use std::collections::BTreeMap;

use hookyard_model::auth::Auth;
use hookyard_model::destination::{Pull, Reach};
use hookyard_model::pacing::{Breaker, Pacing, Rate, RateUnit};
use hookyard_model::retry::{Retry, Schedule};
use hookyard_model::source::Answer;
use hookyard_store::catalog::DeclaredConnection;

use super::*;

const MANUAL: &str = include_str!("../../../../docs/configuration.md");

fn env(name: &str) -> Option<String> {
    let value = match name {
        "ADMIN_KEY" | "HOOKYARD_ADMIN_KEY" => "an-admin-key-of-some-length",
        "SIGNING" | "BILLING_SIGNING_SECRET" => "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "PORT" => "9000",
        name if name.contains("SECRET") => return Some(format!("the value of {name}")),
        _ => return None,
    };
    Some(value.to_owned())
}

fn parse(text: &str) -> Result<Config, Vec<Problem>> {
    Config::parse(text, Path::new(""), &env)
}

/// A file that is not in order: the lines and messages of its problems.
fn problems(text: &str) -> Vec<(usize, String)> {
    let problems = parse(text).expect_err(text);
    problems.into_iter().map(|problem| (problem.line.unwrap(), problem.message)).collect()
}

/// The one problem of a file.
#[track_caller]
fn problem(text: &str) -> (usize, String) {
    let problems = problems(text);
    assert_eq!(problems.len(), 1, "{problems:#?}");
    problems.into_iter().next().unwrap()
}

/// The manual's code blocks that open with this line.
fn blocks(opening: &str) -> Vec<&'static str> {
    let mut blocks = Vec::new();
    let mut rest = MANUAL;
    while let Some((_, after)) = rest.split_once(&format!("\n{opening}\n")) {
        let (block, after) = after.split_once("\n```").unwrap();
        blocks.push(block);
        rest = after;
    }
    blocks
}

#[test]
fn an_empty_file_is_the_default() {
    assert_eq!(parse("").unwrap(), Config::default());
    assert_eq!(parse("# nothing\n[server]\n[limits]\n").unwrap(), Config::default());
}

#[test]
fn the_manual_states_the_defaults() {
    let [defaults] = blocks("```toml defaults")[..] else { panic!("one block of defaults") };
    let config = parse(defaults).unwrap();
    // `./hookyard-data` and `hookyard-data` are one place.
    let data_dir = PathBuf::from("./hookyard-data");
    let default = Config { server: Server { data_dir, ..Server::default() }, ..Config::default() };
    assert_eq!(config, default);
    assert!(default.server.data_dir.ends_with(Server::default().data_dir));
}

/// What the API shows is what the manual states: no setting is missing there, and none has another name.
#[test]
fn the_api_shows_every_setting() {
    let shown = Config::default().shown();
    assert!(shown.iter().all(|it| it.value == it.default));
    let [defaults] = blocks("```toml defaults")[..] else { panic!("one block of defaults") };
    let (mut section, mut stated) = ("", 0);
    for line in defaults.lines().filter(|line| !line.is_empty()) {
        if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            section = name;
            continue;
        }
        let (name, value) = line.split_once(" = ").unwrap();
        let found = shown.iter().find(|it| it.section == section && it.name == name);
        let found = found.unwrap_or_else(|| panic!("{section}.{name}"));
        let value = value.trim_matches('"').trim_start_matches("./");
        let same_time =
            humantime::parse_duration(value).ok().zip(humantime::parse_duration(&found.value).ok());
        let is_same = same_time.is_some_and(|(stated, shown)| stated == shown) || found.value == value;
        assert!(is_same, "{section}.{name}: {value} {}", found.value);
        stated += 1;
    }
    let without: Vec<_> = shown.iter().filter(|it| it.value == "not set").map(|it| it.name).collect();
    assert_eq!(without, ["public_url", "admin_key", "cert", "key"]);
    assert_eq!(shown.len(), stated + without.len());
}

#[test]
fn what_the_api_shows_is_no_secret() {
    let text = "[server]\nadmin_key = 'a-key-that-is-secret'\n[storage]\nretention = 'forever'\n\
                [delivery]\nallow_networks = ['10.0.0.0/8', 'fd00::/8']\n";
    let shown = parse(text).unwrap().shown();
    assert!(!format!("{shown:?}").contains("a-key-that"), "{shown:?}");
    let changed: Vec<_> = shown.iter().filter(|it| it.value != it.default).collect();
    let changed: Vec<_> =
        changed.iter().map(|it| (it.name, it.value.as_str(), it.default.as_str())).collect();
    let expected = [
        ("admin_key", "set", "not set"),
        ("retention", "forever", "30d"),
        ("allow_networks", "[\"10.0.0.0/8\", \"fd00::/8\"]", "[]"),
    ];
    assert_eq!(changed, expected);
}

#[test]
fn the_manual_leaves_out_no_setting() {
    let text = "[x]\n[server]\nx=1\n[server.tls]\nx=1\ncert='a'\nkey='b'\n[limits]\nx=1\n[storage]\nx=1\n\
                [verification]\nx=1\n[transformations]\nx=1\n[delivery]\nx=1\n[search]\nx=1\n[bookmarks]\nx=1\n[issues]\nx=1\n[alerts]\nx=1\n[access]\nx=1\n[live]\nx=1\n[series]\nx=1\n[health]\nx=1\n[log]\nx=1\n[[source]]\nx=1\nname='a'\nanswer={x=1}\n\
                [[destination]]\nx=1\nname='a'\nurl='http://a'\nrate={limit=1,x=1}\nbreaker={x=1}\n\
                [[destination]]\nx=1\nname='b'\ntype='pull'\n\
                [[connection]]\nx=1\nsource='a'\ndestination='a'\nretry={exponential={x=1}, x=1}\n\
                [[connection]]\nsource='a'\ndestination='b'\nname='b'\nretry={linear={x=1}}\n\
                [[alert]]\nname='a'\nx=1\nchannel={x=1,type='webhook',url='http://a',secret='${SIGNING}'}\n\
                [[alert]]\nname='b'\nchannel={x=1,type='slack',url='http://a'}\n\
                [[alert]]\nname='c'\nchannel={x=1,type='email',host='a',from='a@b',to=['a@b']}\n";
    let mut settings = 0;
    for (_, message) in problems(text) {
        let (_, known) = message.split_once("known here are ").unwrap_or_else(|| panic!("{message}"));
        for setting in known.split(", ") {
            let is_section = ["server", "limits", "storage", "verification", "transformations", "delivery"]
                .contains(&setting)
                || [
                    "search",
                    "bookmarks",
                    "issues",
                    "alerts",
                    "access",
                    "live",
                    "series",
                    "health",
                    "log",
                    "source",
                    "destination",
                    "connection",
                    "alert",
                ]
                .contains(&setting);
            let is_shown = MANUAL.contains(&format!("`{setting}`"))
                || MANUAL.contains(&format!("{setting} = "))
                || MANUAL.contains(&format!("[server.{setting}]"));
            assert!(is_section || is_shown, "{setting}");
            settings += 1;
        }
    }
    assert!(settings > 50, "{settings}");
}

#[test]
fn the_manual_names_every_setting_of_the_providers_it_shows() {
    for name in ["none", "github", "stripe", "standard-webhooks", "hmac"] {
        let row = MANUAL.lines().find(|line| line.starts_with(&format!("| `{name}` |")));
        let row = row.unwrap_or_else(|| panic!("{name}"));
        for setting in hookyard_providers::settings_of(hookyard_providers::provider(name).unwrap()) {
            assert!(row.contains(&format!("`{}`", setting.name)), "{name} {}", setting.name);
        }
    }
}

#[test]
fn the_manual_names_every_authentication_and_its_settings() {
    let manual = include_str!("../../../../docs/destinations.md");
    for (kind, settings) in Auth::KINDS.iter().filter(|(kind, _)| *kind != "none") {
        let section = manual.split_once(&format!("\n## `{kind}`\n")).unwrap_or_else(|| panic!("{kind}")).1;
        let section = section.split("\n## ").next().unwrap();
        for setting in *settings {
            assert!(section.contains(&format!("\n| `{setting}` |")), "{kind} {setting}");
        }
    }
    let billing = parse(blocks("```toml")[1]).unwrap().declared().destinations.swap_remove(0);
    assert_eq!(billing.reach.http().unwrap().auth.kind(), "api_key");
}

#[test]
fn a_source_whose_provider_signs_the_url_must_know_it() {
    let source = "[[source]]\nname = 'board'\nprovider = 'trello'\nsecrets = ['s']\n";
    let refused = parse(source).unwrap().check_urls().unwrap_err();
    assert!(refused.starts_with("source `board`: ") && refused.contains("`public_url`"), "{refused}");
    let by_server = format!("[server]\npublic_url = 'https://hooks.example'\n{source}");
    assert_eq!(parse(&by_server).unwrap().check_urls(), Ok(()));
    let by_source = format!("{source}public_url = 'https://hooks.example/board'\n");
    assert_eq!(parse(&by_source).unwrap().check_urls(), Ok(()));
}

/// A file with one connection that says this.
fn with_connection(says: &str) -> String {
    format!(
        "[[source]]\nname='a'\n[[destination]]\nname='b'\nurl='http://b'\n\
         [[connection]]\nsource='a'\ndestination='b'\n{says}\n"
    )
}

#[test]
fn rules_that_cannot_be_used_are_pointed_at() {
    for (rules, expected) in [
        ("{ filter = { cookies = {} } }", "connection.rules.filter: /cookies"),
        ("{ filter = 'no' }", "connection.rules.filter: is not JSON"),
        ("{ filter = { body = { at = 2020-01-01 } } }", "dates"),
        ("{ deduplicate = {} }", "connection.rules.deduplicate.window: missing"),
        ("{ deduplicate = { window = '1s', by = [] } }", "unknown setting `connection.rules.deduplicate.by`"),
        ("{ stale = { older_than = '0s' } }", "connection.rules.stale: the greatest age"),
        ("{ stale = {} }", "connection.rules.stale: give the greatest age"),
        ("{ stale = { latest = {} } }", "connection.rules.stale: 1 to 16 fields"),
        ("{ stale = { latest = { fields = ['id'] } } }", "connection.rules.stale: `id`: a field begins"),
        (
            "{ stale = { latest = { key = ['/topic'] } } }",
            "unknown setting `connection.rules.stale.latest.key`",
        ),
        (
            "{ stale = { latest = { fields = ['/topic'] } } }, { stale = { latest = { fields = ['/path'] } } }",
            "connection.rules: rule 2: another rule says already",
        ),
        ("{ delay = { for = '1s', until = '/body/at' } }", "unknown setting `connection.rules.delay.for`"),
        ("{ delay = { until = 'at' } }", "connection.rules.delay: `at`: a field begins"),
        ("{ sort = {} }", "unknown setting `connection.rules.sort`"),
        ("{}", "a rule is one of"),
        ("{ stale = { older_than = '1s' }, delay = { for = '1s' } }", "a rule is one of"),
    ] {
        let found = problems(&with_connection(&format!("rules = [{rules}]")));
        assert!(found.iter().any(|(_, message)| message.contains(expected)), "{rules}: {found:?}");
    }
}

#[test]
fn the_examples_of_the_manual_hold() {
    let [first, second, rules] = blocks("```toml")[..] else { panic!("three examples") };
    let config = parse(first).unwrap();
    assert_eq!(config.server.admin_key, Some(Secret::new("an-admin-key-of-some-length")));
    assert_eq!(config.declared().connections[0].name, "github-to-shop");

    let declared = parse(second).unwrap().declared();
    let [stripe, legacy] = declared.sources.as_slice() else { panic!("{declared:#?}") };
    assert_eq!(stripe.token.as_deref(), Some("stripe-7c1e"));
    assert_eq!(stripe.verification.provider, "stripe");
    assert_eq!(stripe.verification.secrets.len(), 2);
    assert_eq!(stripe.verification.settings, BTreeMap::from([("tolerance_s".into(), "600".into())]));
    assert_eq!(stripe.methods, ["POST"]);
    let answer = Answer {
        status: 200,
        content_type: Some("application/json".to_owned()),
        body: r#"{"received":true}"#.to_owned(),
    };
    assert_eq!(stripe.answer.as_ref(), Some(&answer));
    assert_eq!(legacy.verification.settings["header"], "X-Signature");
    assert_eq!((&legacy.token, &legacy.answer), (&None, &None));
    let [billing] = declared.destinations.as_slice() else { panic!("{declared:#?}") };
    let http = billing.reach.http().unwrap();
    assert_eq!((http.timeout, billing.concurrency), (Duration::from_secs(10), 16));
    let rate = Some(Rate { limit: 100, per: RateUnit::Second, burst: 10 });
    assert_eq!((&billing.pacing, billing.paused), (&Pacing { rate, ..Pacing::default() }, None));
    assert_eq!(billing.signing_secrets[0].expose(), "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    let custom = [1, 60, 600, 3600].map(Duration::from_secs).to_vec();
    let legacy_retry = Retry {
        retry_on: ["429", "500-599", "timeout"].map(|text| text.parse().unwrap()).to_vec(),
        max_age: Some(Duration::from_secs(24 * 3600)),
        ..Retry::on(Schedule::Custom(custom))
    };
    let connection = |name: &str, source: &str, retry| DeclaredConnection {
        rules: Vec::new(),
        order: hookyard_model::order::Order::Free,
        name: name.to_owned(),
        source: source.to_owned(),
        destination: "billing".to_owned(),
        retry,
        enabled: true,
    };
    assert_eq!(
        declared.connections,
        [
            connection("payments", "stripe", Retry::default()),
            connection("legacy-to-billing", "legacy", legacy_retry)
        ]
    );

    let declared = parse(&with_connection(rules)).unwrap().declared();
    let kinds: Vec<_> = declared.connections[0].rules.iter().map(|rule| rule.kind().name()).collect();
    assert_eq!(kinds, ["filter", "deduplicate", "stale", "delay", "transform"]);
}

#[test]
fn how_a_destination_is_sent_to_arrives() {
    let declare = |settings: &str| {
        let text = format!(
            "[[source]]\nname='a'\n[[destination]]\nname='a'\nurl='http://a'\n{settings}\n\
             [[connection]]\nsource='a'\ndestination='a'\n"
        );
        parse(&text).map(|config| config.declared().destinations.remove(0))
    };
    let new = declare(
        "rate = { limit = 9, per = 'minute' }\nslow_start = false\ndisable_after = 'off'\npaused = false\n\
         breaker = { enabled = false, consecutive_failures = 1, error_percent = 2, window = '3s', \
         attempts_min = 4, probe_first = '5s', probe_max = '6s' }",
    )
    .unwrap();
    let breaker = Breaker {
        enabled: false,
        consecutive_failures: 1,
        error_percent: 2,
        window: Duration::from_secs(3),
        attempts_min: 4,
        probe_first: Duration::from_secs(5),
        probe_max: Duration::from_secs(6),
    };
    let rate = Some(Rate { limit: 9, per: RateUnit::Minute, burst: 1 });
    assert_eq!(new.pacing, Pacing { rate, breaker, slow_start: false, disable_after: None });
    assert_eq!(new.paused, Some(false));
    let plain = declare("").unwrap();
    assert_eq!((plain.pacing, plain.paused), (Pacing::default(), None));
    for (settings, message) in [
        ("rate = {}", "destination.rate.limit is missing"),
        ("rate = { limit = 0 }", "destination.rate.limit: must be a whole number from 1 to 1000000"),
        ("rate = { limit = 1, per = 'day' }", "`day` is not one of `second`, `minute`, `hour`"),
        ("breaker = { error_percent = 101 }", "destination.breaker: the share of failures"),
        ("breaker = { consecutive_failures = 0, error_percent = 0 }", "nothing opens it"),
        ("disable_after = '1m'", "destination.disable_after: it must be from 1 h"),
    ] {
        let error = format!("{:?}", declare(settings).unwrap_err());
        assert!(error.contains(message), "{settings}: {error}");
    }
}

#[test]
fn a_destination_that_is_pulled_from_has_what_it_needs_and_no_more() {
    let declare = |settings: &str| {
        let text = format!(
            "[[source]]\nname='a'\n[[destination]]\nname='a'\n{settings}\n\
             [[connection]]\nsource='a'\ndestination='a'\n"
        );
        parse(&text).map(|config| config.declared().destinations.remove(0))
    };
    let plain = declare("type='pull'").unwrap();
    assert_eq!(plain.reach, Reach::Pull(Pull { lease: Duration::from_secs(30) }));
    assert_eq!((plain.concurrency, plain.pacing), (1_000, Pacing::pulled()));
    let new = declare(
        "type='pull'\nlease='2m'\nconcurrency=3\nrate={limit=9}\ndisable_after='off'\npaused=true\n\
         signing_secrets=['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw']",
    )
    .unwrap();
    assert_eq!(new.reach, Reach::Pull(Pull { lease: Duration::from_secs(120) }));
    let rate = Some(Rate { limit: 9, per: RateUnit::Second, burst: 1 });
    assert_eq!(new.pacing, Pacing { rate, disable_after: None, ..Pacing::pulled() });
    assert_eq!((new.concurrency, new.paused, new.signing_secrets.len()), (3, Some(true), 1));
    for (settings, message) in [
        ("type='queue'", "`queue` is not one of `http`, `pull`"),
        ("type='pull'\nlease='999ms'", "destination.lease: it must be from 1 s to 12 h"),
        ("type='pull'\nlease='13h'", "destination.lease: it must be from 1 s to 12 h"),
        ("url='http://a'\nlease='1m'", "destination.lease: only a destination of type `pull` has it"),
        ("type='pull'\nurl='http://a'", "destination.url: a destination of type `pull` does not have it"),
        ("type='pull'\nappend_path=true", "destination.append_path: a destination of type `pull` does"),
        ("type='pull'\ntimeout='1s'", "destination.timeout: a destination of type `pull` does not have it"),
        ("type='pull'\nauth={kind='bearer'}", "destination.auth: a destination of type `pull` does not"),
        ("type='pull'\nbreaker={}", "destination.breaker: a destination of type `pull` does not have it"),
        ("type='pull'\nslow_start=false", "destination.slow_start: a destination of type `pull` does not"),
        ("", "destination.url is missing"),
    ] {
        let error = format!("{:?}", declare(settings).unwrap_err());
        assert!(error.contains(message), "{settings}: {error}");
    }
}

#[test]
fn every_setting_arrives() {
    let text = r#"
[server]
public = "127.0.0.1:${PORT}"
admin = "[::1]:0"
public_url = "https://hooks.example.com/"
admin_key = "${ADMIN_KEY}"
data_dir = "/var/lib/hookyard"
shutdown_grace = "1m"
tls = { cert = "cert.pem", key = "/etc/key.pem" }
[limits]
body_bytes_max = 1_000
header_bytes_max = "8KiB"
header_lines_max = 256
header_read_timeout = "1s"
body_read_timeout = "2s"
idle_timeout = "3s"
connections_max = 4
in_flight_bytes_max = "5MiB"
rejected_per_minute_max = 0
rejected_body_bytes_max = 7
[storage]
segment_bytes = "1MiB"
segment_age = "9s"
retention = "forever"
reserve_bytes = 10
[verification]
fetch_timeout = "14s"
cache_keys_max = 15
cache_bytes_max = "1MiB"
fetches_max = 16
fetches_per_minute_max = 600
retry_first = "17ms"
retry_max = "18s"
pending_age_max = "19m"
pending_requests_max = 20
pending_bytes_max = "21KiB"
[transformations]
cpu_max = "22ms"
memory_bytes_max = "23MiB"
output_bytes_max = "24KiB"
threads = 25
at_a_time_max = 26
[delivery]
allow_networks = ["127.0.0.0/8", "fd00::/8"]
lane_events_max = 11
lane_keys_max = 13
latest_keys_max = 15
lanes_bytes_max = "12MiB"
response_body_bytes_max = 13
[health]
undelivered_age_max = "6h"
[search]
at_a_time_max = 32
wait_max = "33ms"
index_time_max = "34ms"
bodies_time_max = "35ms"
histogram_time_max = "36ms"
busy_percent = 37
[bookmarks]
count_max = 38
bytes_max = "39KiB"
[issues]
rejected_max = 50
backpressure_age_max = "15m"
outbox_max = 27000
[alerts]
timeout = "28s"
retry_first = "29ms"
retry_max = "30s"
retry_age_max = "31m"
[access]
failures_per_minute_max = 32
failure_delay = "33ms"
session_lifetime = "34m"
sessions_max = 35
trusted_proxies = ["10.1.2.3/32", "fd00::/8"]
audit_retention = "forever"
audit_entries_max = 37000
idempotency_lifetime = "38h"
idempotency_answers_max = 39
idempotency_bytes_max = "40MiB"
idempotency_answer_bytes_max = "41KiB"
[live]
streams_max = 32
buffer_bytes_max = "33MiB"
resume_bytes_max = "34MiB"
stream_time_max = "35m"
[series]
retention = "36d"
rows_max = 37000
subjects_max = 38
[log]
format = "json"
level = "warn"
"#;
    let config = Config::parse(text, Path::new("/etc/hookyard"), &env).unwrap();
    let s = Duration::from_secs;
    let expected = Config {
        server: Server {
            public: "127.0.0.1:9000".parse().unwrap(),
            admin: "[::1]:0".parse().unwrap(),
            public_url: Some("https://hooks.example.com".to_owned()),
            admin_key: Some(Secret::new("an-admin-key-of-some-length")),
            data_dir: "/var/lib/hookyard".into(),
            shutdown_grace: s(60),
            tls: Some(ServerTls { cert: "/etc/hookyard/cert.pem".into(), key: "/etc/key.pem".into() }),
        },
        limits: Limits {
            body_bytes_max: 1_000,
            header_bytes_max: 8 << 10,
            header_lines_max: 256,
            header_read_timeout: s(1),
            body_read_timeout: s(2),
            idle_timeout: s(3),
            connections_max: 4,
            in_flight_bytes_max: 5 << 20,
            rejected_per_minute_max: 0,
            rejected_body_bytes_max: 7,
        },
        storage: Storage { segment_bytes: 1 << 20, segment_age: s(9), retention: None, reserve_bytes: 10 },
        verification: VerificationLimits {
            fetch_timeout: s(14),
            fetches_max: 16,
            fetches_per_minute_max: 600,
            retry_first: Duration::from_millis(17),
            retry_max: s(18),
            pending_age_max: s(19 * 60),
            plans_max: VerificationLimits::default().plans_max,
            pending_requests_max: 20,
            pending_bytes_max: 21 << 10,
        },
        verification_cache: VerificationCache { keys_max: 15, bytes_max: 1 << 20 },
        transformations: Transformations {
            limits: RunLimits {
                cpu: Duration::from_millis(22),
                memory_bytes: 23 << 20,
                output_bytes: 24 << 10,
                ..RunLimits::default()
            },
            engine: EngineLimits {
                threads: std::num::NonZeroUsize::new(25).unwrap(),
                ..EngineLimits::default()
            },
            at_a_time_max: 26,
        },
        delivery: Delivery {
            allow_networks: vec!["127.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()],
            lane_events_max: 11,
            lane_keys_max: 13,
            latest_keys_max: 15,
            lanes_bytes_max: 12 << 20,
            response_body_bytes_max: 13,
        },
        access: Access {
            logins: Logins {
                failures_per_minute_max: 32,
                failure_delay: Duration::from_millis(33),
                session_lifetime: s(34 * 60),
                sessions_max: 35,
                trusted_proxies: vec!["10.1.2.3/32".parse().unwrap(), "fd00::/8".parse().unwrap()],
            },
            audit_retention: None,
            audit_entries_max: 37_000,
            idempotency: Idempotency {
                lifetime: s(38 * 3600),
                answers_max: 39,
                bytes_max: 40 << 20,
                answer_bytes_max: 41 << 10,
            },
        },
        search: Search {
            at_a_time_max: 32,
            wait_max: Duration::from_millis(33),
            index_time_max: Duration::from_millis(34),
            bodies_time_max: Duration::from_millis(35),
            histogram_time_max: Duration::from_millis(36),
            busy_percent: 37,
        },
        bookmarks: Bookmarks { count_max: 38, bytes_max: 39 << 10 },
        issues: Issues { rejected_max: 50, backpressure_age_max: Some(s(15 * 60)), outbox_max: 27_000 },
        alerts: Alerts {
            timeout: s(28),
            retry_first: Duration::from_millis(29),
            retry_max: s(30),
            retry_age_max: s(31 * 60),
        },
        live: Live {
            streams_max: 32,
            buffer_bytes_max: 33 << 20,
            resume_bytes_max: 34 << 20,
            stream_time_max: s(35 * 60),
        },
        series: Series { retention: s(36 * 24 * 3600), rows_max: 37_000, subjects_max: 38 },
        health: Health { undelivered_age_max: Some(s(6 * 3600)) },
        log: Log { format: LogFormat::Json, level: tracing::Level::WARN },
        declared: Declared::default(),
    };
    assert_eq!(config, expected);
    let default = Config::parse("", Path::new("/etc/hookyard"), &env).unwrap();
    assert_eq!(default.server.data_dir, Path::new("/etc/hookyard/hookyard-data"));
}

#[test]
fn single_settings_that_are_wrong() {
    for (text, line, message) in [
        (
            "[server]\npublic = 'localhost:4400'",
            2,
            "server.public: `localhost:4400` is not an IP address and",
        ),
        ("[server]\npublic = 4400", 2, "server.public: must be a text in quotes, not a number"),
        ("[server]\n\nadmin = '0.0.0.0:4400'", 3, "server.admin: is the public address too"),
        ("[server]\npublic_url = 'hooks.example.com'", 2, "server.public_url: it must start with"),
        ("[server]\npublic_url = 'https://a.example/?x=1'", 2, "server.public_url: leave out the query"),
        ("[server]\nshutdown_grace = 30", 2, "must be a duration from 0s to 1h in quotes"),
        ("[server]\nshutdown_grace = '2h'", 2, "must be a duration from 0s to 1h in quotes"),
        ("[server.tls]\ncert = 'x'", 1, "server.tls.key is missing"),
        ("server = 3", 1, "server: must be a table"),
        ("[limits]\nbody_bytes_max = '10 megabytes'", 2, "must be a size from 1 to 512MiB"),
        ("[limits]\nbody_bytes_max = -1", 2, "must be a size"),
        ("[limits]\nheader_bytes_max = 1", 2, "must be a size from 8KiB to 1MiB"),
        ("[limits]\nheader_lines_max = 257", 2, "must be a whole number from 1 to 256"),
        ("[limits]\nheader_lines_max = 1.5", 2, "must be a whole number"),
        ("[limits]\nin_flight_bytes_max = '1MiB'", 2, "must be at least limits.body_bytes_max"),
        ("[verification]\nretry_max = '500ms'", 2, "must be at least verification.retry_first"),
        ("[verification]\nfetch_timout = '5s'", 2, "did you mean `fetch_timeout`?"),
        ("[storage]\nretention = 'never'", 2, "must be a duration from 1m to 36500d in quotes"),
        ("[storage]\nsegment_bytes = '4GiB'", 2, "must be a size from 1MiB to 2"),
        ("[delivery]\nallow_networks = ['10.0.0.1']", 2, "`10.0.0.1` is not a network"),
        (
            "[access]\ntrusted_proxies = ['10.0.0.1']",
            2,
            "access.trusted_proxies: `10.0.0.1` is not a network",
        ),
        ("[delivery]\nallow_networks = ['10.0.0.1/8']", 2, "write `10.0.0.0/8`"),
        ("[delivery]\nallow_networks = '10.0.0.0/8'", 2, "must be a list in brackets"),
        ("[delivery]\nallow_networks = [\n  1]", 3, "must list texts in quotes, not a number"),
        ("[alerts]\nretry_max = '1s'", 2, "must be at least alerts.retry_first"),
        ("[access]\naudit_retention = '1h'", 2, "must be a duration from 1d to 36500d in quotes"),
        ("[access]\nsession_lifetime = '60d'", 2, "must be a duration from 1m to 30d in quotes"),
        ("[issues]\nrejected_max = 0", 2, "1"),
        ("[issues]\nbackpressure_age_max = 'none'", 2, "like `30s` or `12h`, or `off`"),
        ("[health]\nundelivered_age_max = 'none'", 2, "like `30s` or `12h`, or `off`"),
        ("[log]\nlevel = 'verbose'", 2, "`verbose` is not one of `error`, `warn`, `info`"),
        ("[log]\nformat = 'xml'", 2, "`xml` is not one of `text`, `json`"),
    ] {
        let (found_line, found) = problem(text);
        assert!(found.contains(message), "{text}: {found}");
        assert_eq!(found_line, line, "{text}: {found}");
    }
}

#[test]
fn unknown_settings_name_the_nearest_known_one() {
    for (text, line, message) in [
        ("[serve]\n", 1, "unknown setting `serve`: did you mean `server`?"),
        ("\n[[sources]]\nname = 'x'", 2, "unknown setting `sources`: did you mean `source`?"),
        ("[server]\nadminkey = 'x'", 2, "unknown setting `server.adminkey`: did you mean `admin_key`?"),
        ("[limits]\nbody_max = 1", 2, "unknown setting `limits.body_max`"),
        ("[log]\ncolour = true", 2, "known here are format, level"),
        (
            "[[source]]\nname = 'a'\nsecret = 'x'",
            3,
            "unknown setting `source.secret`: did you mean `secrets`?",
        ),
        ("[[source]]\nname = 'a'\nanswer = { code = 200 }", 3, "unknown setting `source.answer.code`"),
    ] {
        let (found_line, found) = problem(text);
        assert!(found.contains(message), "{text}: {found}");
        assert_eq!(found_line, line, "{text}: {found}");
    }
}

const FITTING: &str = "[[source]]
name = 'a'
[[destination]]
name = 'd'
url = 'https://example.com/'
[[connection]]
source = 'a'
destination = 'd'
";

#[test]
fn declarations_that_are_wrong() {
    assert!(parse(FITTING).is_ok());
    for (extra, line, message) in [
        ("retry = { custom = ['1s', 'soon'] }", 9, "`soon` is not a duration"),
        ("retry = { custom = ['0s'] }", 9, "connection.retry: each wait must be from 1 ms"),
        ("retry = { custom = [], exponential = {} }", 9, "give one of `exponential"),
        ("retry = { linear = {}, custom = [] }", 9, "give one of `exponential"),
        ("retry = { linear = { step = '31d' } }", 9, "each wait must be from 1 ms"),
        ("retry = { retry_on = ['503', '5xx'] }", 9, "connection.retry.retry_on: `5xx` names no failure"),
        (
            "retry = { give_up_on = ['200-299'] }",
            9,
            "connection.retry.give_up_on: `200-299` names no failure",
        ),
        ("retry = { max_age = '400d' }", 9, "`max_age` must be from 1 ms to 365 days"),
        ("retry = { exponential = { factor = 0.5 } }", 9, "the factor must be from 1 to 1000"),
        ("retry = { exponential = { factor = nan } }", 9, "must be a number"),
        ("retry = { exponential = { first = '13h' } }", 9, "the first wait is longer"),
        ("retry = { exponential = { retries = 5000 } }", 9, "at most 100 retries"),
        ("enabled = 'yes'", 9, "must be `true` or `false`"),
        ("name = ''", 9, "connection.name: use 1 to 100"),
        ("[[source]]\nname = 'a'", 10, "another source has the name `a`"),
        ("[[source]]\nname = 'b c'", 10, "source.name: use 1 to 100"),
        ("[[source]]\ntoken = 'x'", 9, "source.name is missing"),
        ("[[source]]\nname = 'b'\ntoken = 'a/b'", 11, "source.token: use 1 to 128"),
        (
            "[[source]]\nname = 'b'\ntoken = 't'\n[[source]]\nname = 'c'\ntoken = 't'",
            14,
            "another source has this token",
        ),
        ("[[source]]\nname = 'b'\nmethods = ['post']", 11, "`post` is not an HTTP method in upper case"),
        ("[[source]]\nname = 'b'\nanswer = { status = 404 }", 11, "must be a whole number from 200 to 299"),
        ("[[source]]\nname = 'b'\nprovider = 'githab'", 11, "there is no provider `githab`"),
        ("[[source]]\nname = 'b'\nprovider = 'github'", 9, "needs at least one secret"),
        (
            "[[source]]\nname = 'b'\nprovider = 'github'\nsecrets = ['x']\nsettings = { x = '1' }",
            13,
            "has no setting `x`",
        ),
        ("[[source]]\nname = 'b'\nsettings = { x = [] }", 11, "must be a text, a whole number"),
        ("[[destination]]\nname = 'e'\nurl = 'https://e/'", 9, "no connection uses the destination `e`"),
        ("[[connection]]\nsource = 'a'\ndestination = 'd'", 9, "another connection has the name `a-to-d`"),
        ("[[connection]]\nname = 'x'\nsource = 'A'\ndestination = 'd'", 11, "did you mean `a`?"),
        (
            "[[connection]]\nname = 'x'\nsource = 'a'\ndestination = 'nobody'",
            12,
            "there is no destination `nobody`",
        ),
        ("[[connection]]\nname = 'x'\nsource = 'a'", 9, "connection.destination is missing"),
    ] {
        let (found_line, found) = problem(&format!("{FITTING}{extra}\n"));
        assert!(found.contains(message), "{extra}: {found}");
        assert_eq!(found_line, line, "{extra}: {found}");
    }
    for (from, to, line, message) in [
        ("https://example.com/", "example.com", 5, "destination.url: it must start with"),
        ("name = 'd'", "name = 'd'\ntimeout = '2h'", 5, "destination.timeout: it must be from 1 ms to 1 h"),
        (
            "name = 'd'",
            "name = 'd'\nhttp_version = '3'",
            5,
            "destination.http_version: `3` is not one of `auto`, `1.1`, `2`",
        ),
        ("name = 'd'", "name = 'd'\nconcurrency = 0", 5, "destination.concurrency: it must be from 1"),
        ("name = 'd'", "name = 'd'\nsigning_secrets = ['x']", 5, "must be `whsec_`"),
        ("[[source]]", "[source]", 1, "write `[[source]]` before each one"),
    ] {
        let (found_line, found) = problems(&FITTING.replace(from, to)).into_iter().next().unwrap();
        assert!(found.contains(message), "{to}: {found}");
        assert_eq!(found_line, line, "{to}: {found}");
    }
}

#[test]
fn the_alerts_of_the_manuals_hold() {
    use hookyard_model::alert::{Channel, Email, Security};
    use hookyard_model::issue::Kind;

    let [example] = blocks("```toml alerts")[..] else { panic!("one example of an alert") };
    let with = |alerts: &str| {
        parse(&format!("{FITTING}name = 'payments'\n{alerts}")).map(|config| config.declared().alerts)
    };
    let [alert] = with(&example.replace("ONCALL_SECRET_URL", "PORT")).unwrap_err().try_into().unwrap();
    assert!(alert.message.contains("alert.channel.url: it must start with"), "{alert:?}");
    let [alert] =
        with(&example.replace("${ONCALL_SECRET_URL}", "https://a.test/x")).unwrap().try_into().unwrap();
    assert_eq!(
        (alert.on, alert.connections),
        (vec![Kind::Delivery, Kind::Disabled], vec!["payments".to_owned()])
    );
    assert_eq!((alert.interval, alert.resolutions), (Duration::from_secs(3600), true));

    let (_, manual) = include_str!("../../../../docs/alerts.md").split_once("```toml\n").unwrap();
    let (block, _) = manual.split_once("\n```").unwrap();
    let block = block.replace("${SLACK_WEBHOOK_URL}", "https://a.test/x");
    let block = block.replace("${PAGER_SIGNING_SECRET}", "${SIGNING}");
    let alerts = with(&block).unwrap();
    let [_, _, mail] = alerts.as_slice() else { panic!("{alerts:#?}") };
    let Channel::Email(Email { security, port, login, .. }) = &mail.channel else { panic!("{mail:#?}") };
    assert_eq!((*security, *port, mail.resolutions), (Security::StartTls, 587, false));
    assert_eq!(login.as_ref().unwrap().password.expose(), "the value of SMTP_SECRET");
}

#[test]
fn alerts_that_are_wrong() {
    for (extra, line, message) in [
        ("[[alert]]\nchannel = { type = 'slack', url = 'http://a' }", 9, "alert.name is missing"),
        ("[[alert]]\nname = 'a'", 9, "alert.channel is missing"),
        ("[[alert]]\nname = 'a'\nchannel = { url = 'http://a' }", 11, "alert.channel.type is missing"),
        (
            "[[alert]]\nname = 'a'\nchannel = { type = 'pager' }",
            11,
            "`pager` is not one of `webhook`, `slack`",
        ),
        (
            "[[alert]]\nname = 'a'\nchannel = { type = 'webhook', url = 'http://a' }",
            11,
            "channel.secret is missing",
        ),
        (
            "[[alert]]\nname = 'a'\nchannel = { type = 'webhook', url = 'http://a', secret = 'x' }",
            11,
            "alert.channel.secret: it must be `whsec_`",
        ),
        (
            "[[alert]]\nname = 'a'\nchannel = { type = 'slack', url = 'http://a', secret = 'x' }",
            11,
            "unknown setting `alert.channel.secret`",
        ),
        (
            "[[alert]]\nname = 'a'\non = ['weather']\nchannel = { type = 'slack', url = 'http://a' }",
            11,
            "alert.on: `weather` is not one of delivery",
        ),
        (
            "[[alert]]\nname = 'a'\nconnections = ['A-to-d']\nchannel = { type = 'slack', url = 'http://a' }",
            11,
            "did you mean `a-to-d`?",
        ),
        (
            "[[alert]]\nname = 'a'\ninterval = '31d'\nchannel = { type = 'slack', url = 'http://a' }",
            11,
            "alert.interval: it must be at most 30 days",
        ),
        (
            "[[alert]]\nname = 'a'\nchannel = { type = 'email', host = 'a', from = 'a@b', to = ['a@b'], user = 'u' }",
            11,
            "`user` and `password` belong together",
        ),
        (
            "[[alert]]\nname = 'a'\nchannel = { type = 'slack', url = 'http://a' }\n[[alert]]\nname = 'a'\nchannel = { type = 'slack', url = 'http://a' }",
            13,
            "another alert has the name `a`",
        ),
    ] {
        let found = problems(&format!("{FITTING}{extra}\n"));
        let found = found
            .iter()
            .find(|(_, found)| found.contains(message))
            .unwrap_or_else(|| panic!("{extra}: {found:?}"));
        assert_eq!(found.0, line, "{extra}: {found:?}");
    }
}

#[test]
fn all_problems_are_reported_together_in_the_order_of_the_file() {
    let text = "[server]
public = 'x'
[limits]
bodybytes_max = 1
[[source]]
name = 'a b'
provider = 'github'
secrets = ['${MISSING}']
colour = 'red'
[[destination]]
name = 'd'
url = 'ftp://x/'
timeout = 3
[[connection]]
source = 'nobody'
destination = 'd'
enabled = 1
[lag]
";
    let lines: Vec<usize> = problems(text).into_iter().map(|(line, _)| line).collect();
    assert_eq!(lines, [2, 4, 6, 8, 9, 12, 13, 15, 17, 18]);
}

#[test]
fn a_missing_variable_is_named_with_its_setting_and_line() {
    let (line, message) =
        problem("[[source]]\nname = 'a'\nprovider = 'stripe'\nsecrets = [\n  '${STRIPE}',\n]");
    assert_eq!(line, 5);
    assert!(message.contains("source.secrets: the environment variable `STRIPE` is not set"), "{message}");
    let (_, message) = problem("[server]\nadmin_key = 'pa$word'");
    assert!(message.contains("write `$$`") && !message.contains("word'"), "{message}");
    let config = parse("[server]\nadmin_key = 'pa$$word'").unwrap();
    assert_eq!(config.server.admin_key, Some(Secret::new("pa$word")));
}

#[test]
fn no_message_holds_a_secret() {
    let text = "[server]\nadmin_key = 'hunter2hunter2'\npublic = 1\n[[source]]\nname = 'a'\nprovider = 'github'\n\
                secrets = ['hunter2hunter2', '']\n[[destination]]\nname = 'd'\nurl = 'x'\n\
                signing_secrets = ['hunter2hunter2']\n";
    let found = problems(text);
    assert!(found.len() >= 4, "{found:#?}");
    assert!(found.iter().all(|(_, message)| !message.contains("hunter2")), "{found:#?}");
    let broken = problems("[server]\nadmin_key = 'hunter2hunter2' hunter2\n");
    assert!(broken.iter().all(|(_, message)| !message.contains("hunter2")), "{broken:#?}");
    let config = parse("[server]\nadmin_key = 'hunter2hunter2'").unwrap();
    assert!(!format!("{config:?}").contains("hunter2"));
}

#[test]
fn what_is_not_toml_is_reported_with_its_lines() {
    let found = problems("[server]\npublic = \n[limits\nx = 1\n");
    let lines: Vec<usize> = found.iter().map(|(line, _)| *line).collect();
    assert_eq!(lines, [2, 3], "{found:#?}");
    assert!(found.iter().all(|(_, message)| message.starts_with("not valid TOML: ")), "{found:#?}");
    assert_eq!(problem("[log]\nlevel = 'info'\nlevel = 'warn'").0, 3);
}

#[test]
fn files_are_read_and_errors_show_path_and_line() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("hookyard.toml");
    let error = Config::load(&path, &env).unwrap_err().to_string();
    assert!(error.starts_with(&format!("{}: cannot read", path.display())), "{error}");

    std::fs::write(&path, "[server]\npublic = 1\nadmin = 2\n").unwrap();
    let error = Config::load(&path, &env).unwrap_err().to_string();
    let lines: Vec<&str> = error.lines().collect();
    assert_eq!(lines.len(), 2, "{error}");
    assert!(lines[0].starts_with(&format!("{}:2: server.public: ", path.display())), "{error}");
    assert!(lines[1].starts_with(&format!("{}:3: server.admin: ", path.display())), "{error}");

    std::fs::write(&path, "[server]\ndata_dir = 'data'\n").unwrap();
    let config = Config::load(&path, &env).unwrap();
    assert_eq!(config.server.data_dir, directory.path().join("data"));
}

#[test]
fn the_admin_listener_needs_a_key_beyond_loopback() {
    let server = |admin: &str, key: Option<&str>| Server {
        admin: admin.parse().unwrap(),
        admin_key: key.map(Secret::new),
        ..Server::default()
    };
    let long = Some("sixteen-chars-ok");
    for (admin, key) in [("127.0.0.1:1", None), ("[::1]:1", None), ("0.0.0.0:1", long), ("127.0.0.1:1", long)]
    {
        assert_eq!(server(admin, key).check(), Ok(()), "{admin}");
    }
    for admin in ["0.0.0.0:1", "[::]:1", "192.168.1.1:1"] {
        assert!(matches!(server(admin, None).check(), Err(AdminKeyError::Missing(_))), "{admin}");
    }
    assert_eq!(server("127.0.0.1:1", Some("short")).check(), Err(AdminKeyError::Short(16)));
    // A store that is there may have API keys, which are looked at once it is open.
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("catalog.sqlite"), "").unwrap();
    let used = Server { data_dir: directory.path().to_owned(), ..server("0.0.0.0:1", None) };
    assert_eq!(used.check(), Ok(()));
    assert_eq!(used.check_api_keys(true), Ok(()));
    assert!(matches!(used.check_api_keys(false), Err(AdminKeyError::Missing(_))));
    assert_eq!(server("127.0.0.1:1", None).check_api_keys(false), Ok(()));
    assert_eq!(server("0.0.0.0:1", long).check_api_keys(false), Ok(()));
}
