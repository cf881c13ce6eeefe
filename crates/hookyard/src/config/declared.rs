//! `[[source]]`, `[[destination]]` and `[[connection]]`: what each says, and how they and `[[alert]]` fit together.
//!
//! Rules that hold for the API too stand in the catalog and in `hookyard-providers`, and are only asked
//! here; this file knows what a person must be told about the file.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::path::Path;
use std::time::Duration;

use hookyard_model::destination::{
    CONCURRENCY_DEFAULT, Http, HttpVersion, LEASE_DEFAULT, LEASES_DEFAULT, Pull, Reach, TIMEOUT_DEFAULT,
};
use hookyard_model::pacing::{Breaker, Pacing, RATE_LIMIT_MAX, Rate, RateUnit};
use hookyard_model::retry::{Failures, Retry, Schedule};
use hookyard_model::secret::Secret;
use hookyard_model::source::{Answer, Verification};
use hookyard_providers::{ConfigError, Configuration, Verifier, nearest};
use hookyard_store::catalog::{Declared, DeclaredConnection, NewDestination, NewSource, Problem};

use super::auth;
use super::table::{Reader, Table};

/// The catalog has narrower bounds, and says so itself.
pub(super) const ANY_DURATION: RangeInclusive<Duration> =
    Duration::ZERO..=Duration::from_secs(36_500 * 24 * 3600);

/// Where names of one kind were declared; empty at first.
pub(super) type Places = BTreeMap<String, usize>;

/// Reads everything the file declares; `directory` is what its paths are taken from.
pub(super) fn read(file: &mut Table<'_>, reader: &mut Reader<'_>, directory: &Path) -> Declared {
    let mut declared = Declared::default();
    let mut sources = Places::new();
    let mut tokens = Places::new();
    for table in file.tables(reader, "source") {
        declared.sources.extend(source(table, reader, &mut sources, &mut tokens));
    }
    let mut destinations = Places::new();
    for table in file.tables(reader, "destination") {
        declared.destinations.extend(destination(table, reader, &mut destinations, directory));
    }
    let mut connections = Places::new();
    let mut unused = destinations.clone();
    for table in file.tables(reader, "connection") {
        let known = Known { sources: &sources, destinations: &destinations, directory };
        declared.connections.extend(connection(table, reader, &mut connections, &known, &mut unused));
    }
    let mut alerts = Places::new();
    for table in file.tables(reader, "alert") {
        declared.alerts.extend(super::alert::read(table, reader, &mut alerts, &connections));
    }
    for (name, at) in unused {
        let message = format!(
            "no connection uses the destination `{name}`: add a `[[connection]]` to it, or remove it"
        );
        reader.note(at, message);
    }
    declared
}

fn source(
    mut table: Table<'_>,
    reader: &mut Reader<'_>,
    names: &mut Places,
    tokens: &mut Places,
) -> Option<NewSource> {
    let name = table.required_text(reader, "name");
    let token = table.text(reader, "token");
    let public_url = table.text(reader, "public_url");
    let verification = verification(&mut table, reader, public_url.as_deref());
    let methods = table.texts(reader, "methods").unwrap_or_default();
    let answer = table.optional_table(reader, "answer").and_then(|answer_table| answer(answer_table, reader));
    if let Some(token) = &token
        && tokens.insert(token.clone(), table.at).is_some()
    {
        let message = "source.token: another source has this token: choose a different one";
        reader.note(table.place_of("token"), message);
    }
    let new = name.map(|name| NewSource { name, token, public_url, verification, methods, answer });
    if let Some(new) = &new {
        declare(&new.name, "source", &table, reader, names);
        note_problems(new.problems(), "source", &table, reader);
    }
    table.finish(reader);
    new
}

/// Whether every source whose provider signs the URL knows its URL; `server` is the server's, which the
/// command line may have given.
///
/// # Errors
/// A sentence that names the source.
pub(crate) fn check_urls(declared: &Declared, server: Option<&str>) -> Result<(), String> {
    for source in &declared.sources {
        let token = source.token.as_deref().unwrap_or_default();
        let url = hookyard_model::source::url(source.public_url.as_deref(), server, token);
        let verifier = Verifier::new(&Configuration {
            provider: &source.verification.provider,
            secrets: &source.verification.exposed_secrets(),
            settings: &source.verification.settings,
            public_url: url.as_deref(),
        });
        if let Err(error) = verifier {
            return Err(format!("source `{}`: {error}", source.name));
        }
    }
    Ok(())
}

/// Asks the provider only where everything it is asked about could be read.
fn verification(table: &mut Table<'_>, reader: &mut Reader<'_>, public_url: Option<&str>) -> Verification {
    let found_before = reader.found.len();
    let provider = table.text(reader, "provider").unwrap_or_else(|| "none".to_owned());
    let secrets = table.texts(reader, "secrets").unwrap_or_default();
    let settings = table.optional_table(reader, "settings").and_then(|settings| settings.all_texts(reader));
    let settings = settings.unwrap_or_default();
    if reader.found.len() == found_before {
        let exposed: Vec<&str> = secrets.iter().map(String::as_str).collect();
        let configuration =
            Configuration { provider: &provider, secrets: &exposed, settings: &settings, public_url };
        if let Err(error) = Verifier::new(&configuration) {
            let setting = match error {
                // The server's own URL may still come from the command line: `check_urls`.
                ConfigError::NoPublicUrl { .. } => None,
                ConfigError::UnknownProvider { .. } | ConfigError::BadDescription { .. } => Some("provider"),
                ConfigError::NoSecret { .. }
                | ConfigError::BadSecret { .. }
                | ConfigError::MalformedSecret { .. } => Some("secrets"),
                ConfigError::UnknownSetting { .. }
                | ConfigError::MissingSetting { .. }
                | ConfigError::BadSetting { .. } => Some("settings"),
            };
            if let Some(setting) = setting {
                reader.note(table.place_of(setting), format!("source.{setting}: {error}"));
            }
        }
    }
    Verification { provider, secrets: secrets.into_iter().map(Secret::new).collect(), settings }
}

fn answer(mut table: Table<'_>, reader: &mut Reader<'_>) -> Option<Answer> {
    let answer = Answer {
        status: table.count(reader, "status", 200..=299).unwrap_or(200),
        content_type: table.text(reader, "content_type"),
        body: table.text(reader, "body").unwrap_or_default(),
    };
    table.finish(reader);
    Some(answer)
}

fn destination(
    mut table: Table<'_>,
    reader: &mut Reader<'_>,
    names: &mut Places,
    directory: &Path,
) -> Option<NewDestination> {
    let name = table.required_text(reader, "name");
    let types = [("http", false), ("pull", true)];
    let is_pull = table.word(reader, "type", &types).unwrap_or(false);
    let reach = match is_pull {
        true => Some(pull(&mut table, reader)),
        false => http(&mut table, reader, directory),
    };
    let concurrency_default = if is_pull { LEASES_DEFAULT } else { CONCURRENCY_DEFAULT };
    let concurrency =
        table.count(reader, "concurrency", 0..=u64::from(u32::MAX)).unwrap_or(concurrency_default);
    let pacing = pacing(&mut table, reader, is_pull);
    let paused = table.boolean(reader, "paused");
    let secrets = table.texts(reader, "signing_secrets").unwrap_or_default();
    let signing_secrets: Vec<Secret> = secrets.into_iter().map(Secret::new).collect();
    if let Some(name) = &name {
        declare(name, "destination", &table, reader, names);
    }
    let new = name.zip(reach).map(|(name, reach)| NewDestination {
        name,
        reach,
        concurrency,
        pacing,
        paused,
        signing_secrets,
    });
    if let Some(new) = &new {
        note_problems(new.problems(), "destination", &table, reader);
    }
    table.finish(reader);
    new
}

/// What a destination has that events are sent to.
fn http(table: &mut Table<'_>, reader: &mut Reader<'_>, directory: &Path) -> Option<Reach> {
    let url = table.required_text(reader, "url");
    let append_path = table.boolean(reader, "append_path").unwrap_or(false);
    let timeout = table.duration(reader, "timeout", ANY_DURATION).unwrap_or(TIMEOUT_DEFAULT);
    let auth = table.optional_table(reader, "auth").and_then(|it| auth::read(it, reader, directory));
    let versions = HttpVersion::ALL.map(|version| (version.name(), version));
    let http_version = table.word(reader, "http_version", &versions).unwrap_or_default();
    table.refuse(
        reader,
        "lease",
        "only a destination of type `pull` has it: leave it out, or say `type = \"pull\"`",
    );
    url.map(|url| {
        Reach::Http(Http { url, append_path, timeout, http_version, auth: auth.unwrap_or_default() })
    })
}

/// What a destination has whose events are asked for.
fn pull(table: &mut Table<'_>, reader: &mut Reader<'_>) -> Reach {
    let lease = table.duration(reader, "lease", ANY_DURATION).unwrap_or(LEASE_DEFAULT);
    for key in ["url", "append_path", "timeout", "http_version", "auth", "breaker", "slow_start"] {
        let why = "a destination of type `pull` does not have it, as nothing is sent to it: leave it out";
        table.refuse(reader, key, why);
    }
    Reach::Pull(Pull { lease })
}

fn pacing(table: &mut Table<'_>, reader: &mut Reader<'_>, is_pull: bool) -> Pacing {
    let default = if is_pull { Pacing::pulled() } else { Pacing::default() };
    let rate = table.optional_table(reader, "rate").and_then(|table| rate(table, reader));
    let disable_after =
        table.duration_or(reader, "disable_after", ANY_DURATION, "off").unwrap_or(default.disable_after);
    if is_pull {
        return Pacing { rate, disable_after, ..default };
    }
    Pacing {
        rate,
        breaker: breaker(table.table(reader, "breaker"), reader),
        slow_start: table.boolean(reader, "slow_start").unwrap_or(default.slow_start),
        disable_after,
    }
}

fn rate(mut table: Table<'_>, reader: &mut Reader<'_>) -> Option<Rate> {
    let counts = 1..=u64::from(RATE_LIMIT_MAX);
    if !table.has("limit") {
        reader.note(table.at, "destination.rate.limit is missing: every rate needs one, like `limit = 100`");
    }
    let limit = table.count(reader, "limit", counts.clone());
    let units = RateUnit::ALL.map(|unit| (unit.name(), unit));
    let per = table.word(reader, "per", &units).unwrap_or(RateUnit::Second);
    let burst = table.count(reader, "burst", counts).unwrap_or(1);
    table.finish(reader);
    limit.map(|limit| Rate { limit, per, burst })
}

fn breaker(mut table: Table<'_>, reader: &mut Reader<'_>) -> Breaker {
    let default = Breaker::default();
    let any = 0..=u64::from(u32::MAX);
    let breaker = Breaker {
        enabled: table.boolean(reader, "enabled").unwrap_or(default.enabled),
        consecutive_failures: table
            .count(reader, "consecutive_failures", any.clone())
            .unwrap_or(default.consecutive_failures),
        error_percent: table.count(reader, "error_percent", any.clone()).unwrap_or(default.error_percent),
        window: table.duration(reader, "window", ANY_DURATION).unwrap_or(default.window),
        attempts_min: table.count(reader, "attempts_min", any).unwrap_or(default.attempts_min),
        probe_first: table.duration(reader, "probe_first", ANY_DURATION).unwrap_or(default.probe_first),
        probe_max: table.duration(reader, "probe_max", ANY_DURATION).unwrap_or(default.probe_max),
    };
    table.finish(reader);
    breaker
}

/// What a connection can join.
struct Known<'a> {
    sources: &'a Places,
    destinations: &'a Places,
    /// What paths are taken from.
    directory: &'a Path,
}

fn connection(
    mut table: Table<'_>,
    reader: &mut Reader<'_>,
    names: &mut Places,
    known: &Known<'_>,
    unused: &mut Places,
) -> Option<DeclaredConnection> {
    let is_named = table.has("name");
    let name = table.text(reader, "name");
    let source = table.required_text(reader, "source");
    let destination = table.required_text(reader, "destination");
    let enabled = table.boolean(reader, "enabled").unwrap_or(true);
    let rules = super::rules::read(&mut table, reader, known.directory);
    let order = super::order::read(&mut table, reader);
    let retry = table.optional_table(reader, "retry").and_then(|retry_table| retry(retry_table, reader));
    require_known("source", source.as_deref(), known.sources, &table, reader);
    require_known("destination", destination.as_deref(), known.destinations, &table, reader);
    match destination.as_deref().and_then(|name| known.destinations.get_key_value(name)) {
        Some((name, _)) => {
            unused.remove(name);
        }
        // Which one was meant cannot be known, so none is called unused.
        None => unused.clear(),
    }
    let new = source.zip(destination).and_then(|(source, destination)| {
        let default_name = || format!("{source}-to-{destination}");
        let name = if is_named { name? } else { default_name() };
        let retry = retry.unwrap_or_default();
        Some(DeclaredConnection { name, source, destination, rules, order, retry, enabled })
    });
    if let Some(new) = &new {
        declare(&new.name, "connection", &table, reader, names);
        note_problems(new.problems(), "connection", &table, reader);
    }
    table.finish(reader);
    new
}

fn retry(mut table: Table<'_>, reader: &mut Reader<'_>) -> Option<Retry> {
    let named = ["exponential", "linear", "custom"].into_iter().filter(|name| table.has(name)).count();
    let exponential = table.optional_table(reader, "exponential").map(|it| exponential(it, reader));
    let linear = table.optional_table(reader, "linear").map(|it| linear(it, reader));
    let custom = table.texts(reader, "custom").and_then(|texts| custom(&texts, &table, reader));
    if named > 1 {
        let message =
            "connection.retry: give one of `exponential = { … }`, `linear = { … }` and `custom = [ … ]`";
        reader.note(table.at, message);
    }
    let retry = Retry {
        schedule: exponential.or(linear).or(custom).unwrap_or_default(),
        retry_on: failures(&mut table, reader, "retry_on"),
        give_up_on: failures(&mut table, reader, "give_up_on"),
        max_age: table.duration(reader, "max_age", ANY_DURATION),
    };
    table.finish(reader);
    Some(retry)
}

fn exponential(mut table: Table<'_>, reader: &mut Reader<'_>) -> Schedule {
    let mut schedule = Schedule::default();
    if let Schedule::Exponential { first, factor_percent, max, retries } = &mut schedule {
        *first = table.duration(reader, "first", ANY_DURATION).unwrap_or(*first);
        *max = table.duration(reader, "max", ANY_DURATION).unwrap_or(*max);
        *retries = table.count(reader, "retries", 0..=u64::from(u32::MAX)).unwrap_or(*retries);
        if let Some(factor) = table.number(reader, "factor") {
            let percent = (factor * 100.0).round();
            if (100.0..=100_000.0).contains(&percent) {
                *factor_percent = percent as u32;
            } else {
                reader.note(table.place_of("factor"), "connection.retry: the factor must be from 1 to 1000");
            }
        }
    }
    table.finish(reader);
    schedule
}

fn linear(mut table: Table<'_>, reader: &mut Reader<'_>) -> Schedule {
    let mut schedule = Schedule::linear();
    if let Schedule::Linear { first, step, max, retries } = &mut schedule {
        *first = table.duration(reader, "first", ANY_DURATION).unwrap_or(*first);
        *step = table.duration(reader, "step", ANY_DURATION).unwrap_or(*step);
        *max = table.duration(reader, "max", ANY_DURATION).unwrap_or(*max);
        *retries = table.count(reader, "retries", 0..=u64::from(u32::MAX)).unwrap_or(*retries);
    }
    table.finish(reader);
    schedule
}

fn custom(texts: &[String], table: &Table<'_>, reader: &mut Reader<'_>) -> Option<Schedule> {
    let mut waits = Vec::with_capacity(texts.len());
    for text in texts {
        let Ok(wait) = humantime::parse_duration(text) else {
            let message =
                format!("connection.retry.custom: `{text}` is not a duration: write one like `30s` or `12h`");
            reader.note(table.place_of("custom"), message);
            return None;
        };
        waits.push(wait);
    }
    Some(Schedule::Custom(waits))
}

fn failures(table: &mut Table<'_>, reader: &mut Reader<'_>, key: &'static str) -> Vec<Failures> {
    let mut failures = Vec::new();
    for text in table.texts(reader, key).unwrap_or_default() {
        match text.parse() {
            Ok(some) => failures.push(some),
            Err(error) => reader.note(table.place_of(key), format!("connection.retry.{key}: {error}")),
        }
    }
    failures
}

/// Notes a name, and refuses it where it was noted before.
pub(super) fn declare(
    name: &str,
    noun: &str,
    table: &Table<'_>,
    reader: &mut Reader<'_>,
    names: &mut Places,
) {
    if names.insert(name.to_owned(), table.at).is_some() {
        let message = format!("{noun}.name: another {noun} has the name `{name}`: choose a different one");
        reader.note(table.place_of("name"), message);
    }
}

fn require_known(
    noun: &'static str,
    name: Option<&str>,
    known: &Places,
    table: &Table<'_>,
    reader: &mut Reader<'_>,
) {
    let Some(name) = name.filter(|name| !known.contains_key(*name)) else { return };
    let message = match nearest(name, known.keys().map(String::as_str)) {
        Some(near) => format!("connection.{noun}: there is no {noun} `{name}`: did you mean `{near}`?"),
        None => format!("connection.{noun}: there is no {noun} `{name}`: declare it with `[[{noun}]]`"),
    };
    reader.note(table.place_of(noun), message);
}

/// Passes on what the catalog has against a declaration.
pub(super) fn note_problems(problems: Vec<Problem>, noun: &str, table: &Table<'_>, reader: &mut Reader<'_>) {
    for Problem { setting, reason } in problems {
        let outermost = setting.split('.').next().unwrap_or(setting);
        reader.note(table.place_of(outermost), format!("{noun}.{setting}: {reason}"));
    }
}
