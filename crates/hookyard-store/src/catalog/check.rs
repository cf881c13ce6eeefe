//! What a source, destination or connection must look like, whoever declares it: the API or the
//! configuration file.
//!
//! Whether a provider exists and takes these secrets and settings is `hookyard-providers`' business.

use std::fmt;
use std::time::Duration;

use hookyard_model::destination::{LEASE_MAX, LEASE_MIN};
use hookyard_model::pacing::{
    BREAKER_COUNT_MAX, BREAKER_TIME_MAX, Breaker, DISABLE_AFTER_MAX, DISABLE_AFTER_MIN, PROBE_WAIT_MIN,
    Pacing, RATE_LIMIT_MAX,
};
use hookyard_model::retry::{
    FAILURES_MAX, RETRIES_MAX, RETRY_AGE_MAX, RETRY_FACTOR_PERCENT_MAX, RETRY_WAIT_MAX, Retry, Schedule,
};
use hookyard_model::rule::{Delay, RULES_MAX, Rule};
use hookyard_model::secret::Secret;
use hookyard_model::source::Answer;
use http::Uri;

const NAME_CHARS_MAX: usize = 100;
const TOKEN_CHARS_MAX: usize = 128;
const METHODS_MAX: usize = 20;
pub(super) const SECRETS_MAX: usize = 16;
const SECRET_BYTES_MAX: usize = 4096;
const SETTINGS_MAX: usize = 50;
const ANSWER_BODY_BYTES_MAX: usize = 64 * 1024;
const URL_BYTES_MAX: usize = 4096;
const TIMEOUT_MAX: Duration = Duration::from_secs(3600);
const CONCURRENCY_MAX: u32 = 10_000;

/// What a message is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Noun {
    /// A project.
    Project,
    /// A source.
    Source,
    /// A destination.
    Destination,
    /// A connection.
    Connection,
    /// An alert.
    Alert,
    /// An API key.
    ApiKey,
}

impl fmt::Display for Noun {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Project => "project",
            Self::Source => "source",
            Self::Destination => "destination",
            Self::Connection => "connection",
            Self::Alert => "alert",
            Self::ApiKey => "API key",
        })
    }
}

/// A setting that breaks its rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The setting's name in the API and the configuration file.
    pub setting: &'static str,
    /// What is wrong, and what would be right.
    pub reason: String,
}

impl Problem {
    pub(super) const NAME: &'static str = "name";

    fn new(setting: &'static str, reason: impl Into<String>) -> Option<Self> {
        Some(Self { setting, reason: reason.into() })
    }
}

/// Letters, digits, `-`, `_`, `.`; the first a letter or digit.
pub(super) fn name(name: &str) -> Option<Problem> {
    let starts_well = name.starts_with(|first: char| first.is_ascii_alphanumeric());
    let all_known = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    if starts_well && all_known && name.len() <= NAME_CHARS_MAX {
        return None;
    }
    Problem::new(
        Problem::NAME,
        format!(
            "use 1 to {NAME_CHARS_MAX} letters, digits, `-`, `_` and `.`, and start with a letter or digit"
        ),
    )
}

/// What can stand in a URL's path as it is.
pub(super) fn token(token: &str) -> Option<Problem> {
    let all_known = token.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    if all_known && (1..=TOKEN_CHARS_MAX).contains(&token.len()) {
        return None;
    }
    Problem::new("token", format!("use 1 to {TOKEN_CHARS_MAX} letters, digits, `-` and `_`"))
}

/// An absolute URL that a provider can be given, and that what follows the token can be appended to.
pub fn public_url(url: &str) -> Option<Problem> {
    let Some(problem) = self::url(url) else {
        return match url.ends_with('/') || url.contains('?') {
            true => Problem::new("public_url", "leave out the query, and the slash at the end"),
            false => None,
        };
    };
    Some(Problem { setting: "public_url", ..problem })
}

/// HTTP tokens (RFC 9110, section 5.6.2) without lower-case letters.
pub(super) fn methods(methods: &[String]) -> Option<Problem> {
    if methods.len() > METHODS_MAX {
        return Problem::new("methods", format!("list at most {METHODS_MAX} methods, or none to allow all"));
    }
    let wrong = methods.iter().find(|method| {
        method.is_empty() || !method.bytes().all(|byte| is_token_byte(byte) && !byte.is_ascii_lowercase())
    })?;
    Problem::new("methods", format!("`{wrong}` is not an HTTP method in upper case, like `POST`"))
}

fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// Bounds only; the rest is the provider's.
pub(super) fn secrets(secrets: &[Secret]) -> Option<Problem> {
    if secrets.len() > SECRETS_MAX {
        return Problem::new("secrets", format!("keep at most {SECRETS_MAX} secrets active at a time"));
    }
    if secrets.iter().any(|secret| secret.expose().is_empty()) {
        return Problem::new("secrets", "a secret is empty: leave it out, or give its value");
    }
    if secrets.iter().any(|secret| secret.expose().len() > SECRET_BYTES_MAX) {
        return Problem::new("secrets", format!("a secret is longer than {SECRET_BYTES_MAX} bytes"));
    }
    None
}

/// Bounds only; the rest is the provider's.
pub(super) fn settings(count: usize) -> Option<Problem> {
    if count <= SETTINGS_MAX {
        return None;
    }
    Problem::new("settings", format!("give at most {SETTINGS_MAX} settings"))
}

/// A success that can be sent as it is.
pub(super) fn answer(answer: &Answer) -> Option<Problem> {
    if !(200..=299).contains(&answer.status) {
        return Problem::new("answer", "the status must be from 200 to 299");
    }
    if matches!(answer.status, 204 | 205) && !answer.body.is_empty() {
        return Problem::new("answer", format!("an answer of status {} has no body", answer.status));
    }
    if answer.body.len() > ANSWER_BODY_BYTES_MAX {
        return Problem::new("answer", format!("the body is longer than {ANSWER_BODY_BYTES_MAX} bytes"));
    }
    let content_type = answer.content_type.as_deref()?;
    if !content_type.is_empty() && content_type.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
        return None;
    }
    Problem::new("answer", "the content type must be ASCII text without line breaks, like `text/plain`")
}

/// An absolute URL that deliveries can be sent to.
pub(super) fn url(url: &str) -> Option<Problem> {
    let wrong = |reason: &str| Problem::new("url", format!("{reason}, like `https://example.com/webhooks`"));
    if url.len() > URL_BYTES_MAX {
        return Problem::new("url", format!("it is longer than {URL_BYTES_MAX} bytes"));
    }
    if url.contains('#') {
        return wrong("a fragment (`#…`) is never sent: leave it out");
    }
    let Ok(parsed) = url.parse::<Uri>() else {
        return wrong("it is not a URL: give an absolute one, without spaces and with other letters encoded");
    };
    if !matches!(parsed.scheme_str(), Some("http" | "https")) {
        return wrong("it must start with `http://` or `https://`");
    }
    let Some(authority) = parsed.authority() else {
        return wrong("it has no host: give an absolute one");
    };
    if authority.as_str().contains('@') {
        return wrong("user name and password in it are not supported: leave them out");
    }
    let has_port = authority.as_str().len() > authority.host().len();
    if authority.host().is_empty() || (has_port && authority.port_u16().is_none_or(|port| port == 0)) {
        return wrong("the host or port in it is not valid");
    }
    None
}

/// Bounds of the time an attempt may take.
pub(super) fn timeout(timeout: Duration) -> Option<Problem> {
    if whole_ms(timeout).is_some_and(|ms| ms > 0) && timeout <= TIMEOUT_MAX {
        return None;
    }
    Problem::new("timeout", "it must be from 1 ms to 1 h, in whole milliseconds")
}

/// Bounds of the time that an event is leased for.
pub(super) fn lease(lease: Duration) -> Option<Problem> {
    if whole_ms(lease).is_some() && (LEASE_MIN..=LEASE_MAX).contains(&lease) {
        return None;
    }
    Problem::new("lease", "it must be from 1 s to 12 h, in whole milliseconds")
}

/// What cannot be wanted of a destination whose events are asked for.
pub(super) fn pulled(pacing: &Pacing) -> Option<Problem> {
    if pacing.breaker.enabled {
        return Problem::new("breaker", "nothing is sent to a destination of type `pull`: leave it out");
    }
    if pacing.slow_start {
        return Problem::new(
            "slow_start",
            "whoever asks a destination of type `pull` sets the pace: leave it out",
        );
    }
    None
}

/// Bounds of the number of attempts at a time.
pub(super) fn concurrency(concurrency: u32) -> Option<Problem> {
    if (1..=CONCURRENCY_MAX).contains(&concurrency) {
        return None;
    }
    Problem::new("concurrency", format!("it must be from 1 to {CONCURRENCY_MAX}"))
}

/// Bounds of how fast, and what is done about failure.
pub(super) fn pacing(pacing: &Pacing) -> Option<Problem> {
    if let Some(rate) = pacing.rate {
        let counts = 1..=RATE_LIMIT_MAX;
        if !counts.contains(&rate.limit) || !counts.contains(&rate.burst) {
            return Problem::new("rate", format!("limit and burst must be from 1 to {RATE_LIMIT_MAX}"));
        }
    }
    if let Some(after) = pacing.disable_after
        && (whole_ms(after).is_none() || !(DISABLE_AFTER_MIN..=DISABLE_AFTER_MAX).contains(&after))
    {
        return Problem::new("disable_after", "it must be from 1 h to 365 days, in whole milliseconds");
    }
    breaker(&pacing.breaker)
}

fn breaker(breaker: &Breaker) -> Option<Problem> {
    let is_time = |time: Duration| whole_ms(time).is_some_and(|ms| ms > 0) && time <= BREAKER_TIME_MAX;
    let Breaker { window, probe_first, probe_max, .. } = *breaker;
    if breaker.consecutive_failures > BREAKER_COUNT_MAX
        || !(1..=BREAKER_COUNT_MAX).contains(&breaker.attempts_min)
    {
        return Problem::new("breaker", format!("counts must be from 1 to {BREAKER_COUNT_MAX}"));
    }
    if breaker.error_percent > 100 {
        return Problem::new(
            "breaker",
            "the share of failures must be from 1 to 100 %, or 0 to leave it out",
        );
    }
    if !is_time(window) || !is_time(probe_first) || !is_time(probe_max) {
        return Problem::new("breaker", "durations must be from 1 ms to 24 h, in whole milliseconds");
    }
    if probe_first < PROBE_WAIT_MIN || probe_first > probe_max {
        return Problem::new(
            "breaker",
            "the first probe must come after 10 ms or more, and the longest wait is longer",
        );
    }
    if breaker.enabled && breaker.consecutive_failures == 0 && breaker.error_percent == 0 {
        return Problem::new(
            "breaker",
            "nothing opens it: give a count or a share of failures, or disable it",
        );
    }
    None
}

/// Everything about a connection that breaks a rule, other than what it joins.
pub(super) fn connection(given_name: &str, given_rules: &[Rule], given_retry: &Retry) -> Vec<Problem> {
    [name(given_name), rules(given_rules), retry(given_retry)].into_iter().flatten().collect()
}

/// Bounds of the rules. Whether they can be compiled is `hookyard-rules`' business.
fn rules(rules: &[Rule]) -> Option<Problem> {
    if rules.len() > RULES_MAX {
        return Problem::new("rules", format!("at most {RULES_MAX} rules are possible"));
    }
    let is_whole = |rule: &Rule| match rule {
        Rule::Filter { .. } | Rule::Delay(Delay::Until(_)) | Rule::Transform { .. } => true,
        Rule::Deduplicate { window, .. } => whole_ms(*window).is_some(),
        Rule::Stale { older_than, .. } => older_than.is_none_or(|age| whole_ms(age).is_some()),
        Rule::Delay(Delay::For(delay)) => whole_ms(*delay).is_some(),
    };
    match rules.iter().all(is_whole) {
        true => None,
        false => Problem::new("rules", "times are in whole milliseconds"),
    }
}

/// Bounds of the schedule and of what it depends on.
pub(super) fn retry(retry: &Retry) -> Option<Problem> {
    if retry.retry_on.len() > FAILURES_MAX || retry.give_up_on.len() > FAILURES_MAX {
        let reason = format!("`retry_on` and `give_up_on` list at most {FAILURES_MAX} kinds of failure each");
        return Problem::new("retry", reason);
    }
    if let Some(age) = retry.max_age
        && (whole_ms(age).is_none_or(|ms| ms == 0) || age > RETRY_AGE_MAX)
    {
        return Problem::new("retry", "`max_age` must be from 1 ms to 365 days, in whole milliseconds");
    }
    schedule(&retry.schedule)
}

fn schedule(schedule: &Schedule) -> Option<Problem> {
    let is_wait = |wait: Duration| whole_ms(wait).is_some_and(|ms| ms > 0) && wait <= RETRY_WAIT_MAX;
    let wrong_wait =
        || Problem::new("retry", "each wait must be from 1 ms to 30 days, in whole milliseconds");
    let (first, max, retries) = match schedule {
        Schedule::Custom(waits) if waits.len() > RETRIES_MAX as usize => (None, None, u32::MAX),
        Schedule::Custom(waits) if !waits.iter().all(|wait| is_wait(*wait)) => return wrong_wait(),
        Schedule::Custom(_) => return None,
        Schedule::Exponential { factor_percent, .. }
            if !(100..=RETRY_FACTOR_PERCENT_MAX).contains(factor_percent) =>
        {
            return Problem::new("retry", "the factor must be from 1 to 100");
        }
        Schedule::Linear { step, .. } if !step.is_zero() && !is_wait(*step) => return wrong_wait(),
        Schedule::Exponential { first, max, retries, .. } | Schedule::Linear { first, max, retries, .. } => {
            (Some(*first), Some(*max), *retries)
        }
    };
    if [first, max].into_iter().flatten().any(|wait| !is_wait(wait)) {
        return wrong_wait();
    }
    if first > max {
        return Problem::new("retry", "the first wait is longer than the longest one (`max`)");
    }
    if retries > RETRIES_MAX {
        return Problem::new("retry", format!("at most {RETRIES_MAX} retries are possible"));
    }
    None
}

/// The stored form of a duration; none where it has a fraction of a millisecond.
pub(super) fn whole_ms(duration: Duration) -> Option<u64> {
    let ms = u64::try_from(duration.as_millis()).ok()?;
    (Duration::from_millis(ms) == duration).then_some(ms)
}

#[cfg(test)]
mod tests {
    use hookyard_model::pacing::{Rate, RateUnit};
    use hookyard_model::retry::Failures;

    use super::*;

    #[test]
    fn names_and_tokens() {
        for good in ["a", "0", "GitHub", "a-b_c.d", &"x".repeat(100)] {
            assert_eq!(name(good), None, "{good}");
        }
        for bad in ["", "-a", ".a", "_a", "a b", "a/b", "ä", "a\n", &"x".repeat(101)] {
            assert!(name(bad).is_some(), "{bad}");
        }
        for good in ["a", "-", "A_b-9", &"x".repeat(128)] {
            assert_eq!(token(good), None, "{good}");
        }
        for bad in ["", "a.b", "a/b", "a b", "é", &"x".repeat(129)] {
            assert!(token(bad).is_some(), "{bad}");
        }
    }

    #[test]
    fn methods_are_upper_case_tokens() {
        let check = |list: &[&str]| methods(&list.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>());
        assert_eq!(check(&[]), None);
        assert_eq!(check(&["POST", "M-SEARCH", "X!"]), None);
        for bad in ["post", "PO ST", "", "PÖST", "POST\r\n"] {
            assert!(check(&["GET", bad]).is_some(), "{bad}");
        }
        assert!(check(&["GET"; 21]).is_some());
    }

    #[test]
    fn urls() {
        for good in [
            "http://localhost",
            "https://example.com/a?b=c&d",
            "http://127.0.0.1:3000/",
            "http://[::1]:80/x",
            "HTTPS://EXAMPLE.COM:65535",
        ] {
            assert_eq!(url(good), None, "{good}");
        }
        for bad in [
            "",
            "/webhooks",
            "example.com/x",
            "ftp://example.com/",
            "https://user:pw@example.com/",
            "https://example.com/#here",
            "https://example.com:99999/",
            "https://example.com:0/",
            "https://example.com:/",
            "https:///x",
            "https://:80/",
            "https://exa mple.com/",
            "https://bücher.example/",
            &format!("https://example.com/{}", "x".repeat(5000)),
        ] {
            assert!(url(bad).is_some(), "{bad}");
        }
    }

    #[test]
    fn public_urls_can_be_appended_to() {
        assert_eq!(public_url("https://example.com/hooks/stripe"), None);
        assert_eq!(public_url("https://example.com"), None);
        for bad in ["https://example.com/", "https://example.com/a?b", "example.com/a", "https://a#b"] {
            assert_eq!(public_url(bad).unwrap().setting, "public_url", "{bad}");
        }
    }

    #[test]
    fn durations_and_counts() {
        assert_eq!(timeout(Duration::from_millis(1)), None);
        assert_eq!(timeout(Duration::from_secs(3600)), None);
        for bad in [Duration::ZERO, Duration::from_micros(1500), Duration::from_secs(3601)] {
            assert!(timeout(bad).is_some(), "{bad:?}");
        }
        assert_eq!(concurrency(1), None);
        assert!(concurrency(0).is_some());
        assert!(concurrency(10_001).is_some());
    }

    #[test]
    fn pacing_is_within_bounds() {
        let s = Duration::from_secs;
        let rate = |limit, burst| Some(Rate { limit, per: RateUnit::Minute, burst });
        let with = |rate, disable_after| pacing(&Pacing { rate, disable_after, ..Pacing::default() });
        assert_eq!(with(None, None), None);
        assert_eq!(with(rate(1, 1), Some(s(3600))), None);
        assert_eq!(with(rate(1_000_000, 1_000_000), Some(s(365 * 86_400))), None);
        for (limit, burst) in [(0, 1), (1, 0), (1_000_001, 1), (1, 1_000_001)] {
            assert_eq!(with(rate(limit, burst), None).unwrap().setting, "rate");
        }
        for after in [s(0), s(3599), s(366 * 86_400)] {
            assert_eq!(with(None, Some(after)).unwrap().setting, "disable_after");
        }
        let good = Breaker::default();
        assert_eq!(breaker(&Breaker { consecutive_failures: 0, ..good }), None);
        assert_eq!(breaker(&Breaker { error_percent: 0, ..good }), None);
        assert_eq!(breaker(&Breaker { probe_first: s(30), ..good }), None);
        let nothing = Breaker { consecutive_failures: 0, error_percent: 0, ..good };
        assert_eq!(breaker(&Breaker { enabled: false, ..nothing }), None);
        for bad in [
            nothing,
            Breaker { consecutive_failures: 1_000_001, ..good },
            Breaker { error_percent: 101, ..good },
            Breaker { attempts_min: 0, ..good },
            Breaker { window: s(0), ..good },
            Breaker { probe_first: Duration::from_millis(9), ..good },
            Breaker { probe_first: s(31), ..good },
            Breaker { probe_max: s(86_401), ..good },
        ] {
            assert!(breaker(&bad).is_some(), "{bad:?}");
        }
    }

    #[test]
    fn answers() {
        let good = Answer { status: 200, content_type: Some("text/plain".into()), body: "ok".into() };
        assert_eq!(answer(&good), None);
        assert_eq!(answer(&Answer { status: 204, content_type: None, body: String::new() }), None);
        for bad in [
            Answer { status: 199, ..good.clone() },
            Answer { status: 300, ..good.clone() },
            Answer { status: 204, ..good.clone() },
            Answer { content_type: Some("a\r\nb".into()), ..good.clone() },
            Answer { content_type: Some(String::new()), ..good.clone() },
            Answer { body: "x".repeat(65 * 1024), ..good },
        ] {
            assert!(answer(&bad).is_some(), "{bad:?}");
        }
    }

    #[test]
    fn retries() {
        let s = Duration::from_secs;
        let exponential = |first, factor_percent, max, retries| {
            schedule(&Schedule::Exponential { first, factor_percent, max, retries })
        };
        let linear =
            |first, step, max, retries| schedule(&Schedule::Linear { first, step, max, retries }).is_none();
        let custom = |waits| schedule(&Schedule::Custom(waits));
        assert_eq!(retry(&Retry::default()), None);
        assert_eq!(schedule(&Schedule::linear()), None);
        assert_eq!(custom(vec![]), None);
        assert_eq!(custom(vec![s(1), s(60)]), None);
        assert_eq!(exponential(s(1), 100, s(1), 0), None);
        assert!(linear(s(1), s(0), s(1), 100) && linear(s(1), s(1), s(30 * 86_400), 0));
        assert!(exponential(s(0), 200, s(9), 3).is_some());
        assert!(exponential(s(10), 200, s(9), 3).is_some());
        assert!(exponential(s(1), 99, s(9), 3).is_some());
        assert!(exponential(s(1), 10_001, s(9), 3).is_some());
        assert!(exponential(s(1), 200, s(9), 101).is_some());
        assert!(exponential(s(1), 200, s(31 * 86_400), 3).is_some());
        assert!(!linear(s(0), s(1), s(9), 3) && !linear(s(10), s(1), s(9), 3));
        assert!(!linear(s(1), s(1), s(9), 101) && !linear(s(1), Duration::from_micros(1), s(9), 3));
        assert!(custom(vec![s(1), s(0)]).is_some());
        assert!(custom(vec![s(1); 101]).is_some());
        let timeout: Failures = "timeout".parse().unwrap();
        for bad in [
            Retry { retry_on: vec![timeout; 51], ..Retry::default() },
            Retry { give_up_on: vec![timeout; 51], ..Retry::default() },
            Retry { max_age: Some(s(0)), ..Retry::default() },
            Retry { max_age: Some(s(366 * 86_400)), ..Retry::default() },
        ] {
            assert!(retry(&bad).is_some(), "{bad:?}");
        }
    }
}
