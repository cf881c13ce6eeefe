//! A million stored events: how long lists, filters, histograms and searches take, and what a search costs those who send
//! meanwhile.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context;
use serde_json::Value;

use super::delivery;
use super::settle_accounts;
use crate::api::Api;
use crate::bench::Bench;
use crate::figures::Figures;
use crate::fill::{self, Filled, NEEDLE, RARE_TOPIC};
use crate::gateway::{Gateway, Setup};
use crate::ledger::{Ledger, Window};
use crate::load::open::{self, Pace};
use crate::sink::{Behaviour, Sink};

const SEED: u64 = 1;
const SPAN: Duration = Duration::from_secs(7 * 24 * 3600);
/// The source that is sent to while somebody looks.
pub(super) const BUSY: &str = "busy";
const BUSY_PER_S: u32 = 500;
const BUSY_CONNECTIONS: usize = 16;
/// Windows in a round, with and without a search in turn: a disk that stalls for some milliseconds, which it does now and then
/// by itself, spoils one of them and not all.
const WINDOWS: usize = 5;
/// Requests that a search is to go through.
const SEARCHED: u64 = 100_000;

/// Fills, asks, searches, sends.
///
/// # Errors
/// When the gateway fails, or does not answer.
pub(super) fn run(bench: &Bench, figures: &mut Figures) -> anyhow::Result<()> {
    let lasts = bench.plan.steady / u32::try_from(WINDOWS)?;
    let pace = Pace { per_s: BUSY_PER_S, lasts, connections: BUSY_CONNECTIONS };
    let windows = 2 * WINDOWS * bench.plan.rounds;
    let ledger = bench.ledger(pace.requests() * u32::try_from(windows)? + 1);
    let sink = Sink::start_anywhere(Some(&ledger), Behaviour::Healthy)?;
    let (mut gateway, filled) = start(bench, &sink)?;
    figures.set("history_events", filled.events as f64);
    let mut api = Api::connect(gateway.admin())?;
    ask_all(bench, figures, &mut api, &filled)?;
    for _ in 0..bench.plan.rounds {
        figures.round("history_search_s", search(&mut api, "no such word anywhere")?);
        figures.round("history_search_found_s", search(&mut api, NEEDLE)?);
        figures.round("history_match_s", matching(&mut api)?);
    }
    beside_a_search(bench, figures, &gateway, &ledger, pace)?;
    gateway.process()?.check()?;
    settle_accounts(figures, ledger.accounts());
    Ok(())
}

/// A gateway with the history in it, and a source that can be sent to, whose events go to the sink.
///
/// # Errors
/// When the store cannot be written, or the gateway does not start.
pub(super) fn start(bench: &Bench, sink: &Sink) -> anyhow::Result<(Gateway, Filled)> {
    let setup = Setup::of(&[BUSY], &[("sink", sink.address())], &[(BUSY, "sink")]);
    let mut gateway = Gateway::lay_out(bench, &setup)?;
    let began = Instant::now();
    let filled = fill::fill(&gateway.data(), u64::from(bench.plan.history), SEED, SPAN)?;
    println!(
        "  {} events of {} requests made in {:.1} s",
        filled.events,
        filled.requests,
        began.elapsed().as_secs_f64()
    );
    gateway.start()?;
    Ok((gateway, filled))
}

/// Every kind of question, so many times; the slowest kind is what counts.
fn ask_all(bench: &Bench, figures: &mut Figures, api: &mut Api, filled: &Filled) -> anyhow::Result<()> {
    let provider_event_id = newest_provider_event_id(api)?;
    let (mut p50_ms, mut p99_ms) = (0.0_f64, 0.0_f64);
    for (what, path) in questions(filled, &provider_event_id) {
        let (median_ms, worst_ms) = ask(bench, api, &path)?;
        println!("  {what:<44} p50 {median_ms:>6.2} ms  p99 {worst_ms:>6.2} ms");
        p50_ms = p50_ms.max(median_ms);
        p99_ms = p99_ms.max(worst_ms);
    }
    figures.set("history_list_p50_ms", p50_ms);
    figures.set("history_list_p99_ms", p99_ms);
    for (what, key, path) in [
        ("histogram of events, a day", "history_histogram_day_p99_ms", day("/events/histogram")),
        ("histogram of events, a week", "history_histogram_week_p99_ms", week("/events/histogram")),
        (
            "histogram of requests, a week",
            "history_requests_histogram_week_p99_ms",
            week("/requests/histogram"),
        ),
    ] {
        let (median_ms, worst_ms) = ask(bench, api, &path)?;
        println!("  {what:<44} p50 {median_ms:>6.2} ms  p99 {worst_ms:>6.2} ms");
        figures.set(key, worst_ms);
    }
    Ok(())
}

fn day(path: &str) -> String {
    format!("{path}?buckets=60")
}

fn week(path: &str) -> String {
    format!("{path}?buckets=168&from=2000-01-01T00:00:00Z")
}

/// Lists with the filters that people use: what is common, what is rare, and what there is nothing of.
fn questions(filled: &Filled, provider_event_id: &str) -> Vec<(&'static str, String)> {
    let Filled { rare_source, rare_connection, rare_destination, common_source, common_connection, .. } =
        filled;
    vec![
        ("events", "/events".to_owned()),
        ("events, 250 of them", "/events?limit=250".to_owned()),
        ("events, three days ago", format!("/events?received_before={}", days_ago(3))),
        ("events that failed", "/events?state=failed".to_owned()),
        ("events that are held", "/events?state=held".to_owned()),
        ("events that are queued (none)", "/events?state=queued".to_owned()),
        ("events of a common source", format!("/events?source_id={common_source}")),
        ("events of a rare source", format!("/events?source_id={rare_source}")),
        ("events of a common connection", format!("/events?connection_id={common_connection}")),
        ("events of a rare connection", format!("/events?connection_id={rare_connection}")),
        ("events of a rare destination", format!("/events?destination_id={rare_destination}")),
        ("events of a common topic", "/events?topic=order.paid".to_owned()),
        ("events of a rare topic", format!("/events?topic={RARE_TOPIC}")),
        ("events of a topic that there is not", "/events?topic=no.such.topic".to_owned()),
        ("events with a provider's event id", format!("/events?provider_event_id={provider_event_id}")),
        ("events answered 5xx", "/events?last_status=5xx".to_owned()),
        ("events answered 418", "/events?last_status=418".to_owned()),
        ("events that failed with TLS", "/events?last_error=tls".to_owned()),
        ("events with seven attempts", "/events?attempts_min=7".to_owned()),
        ("events whose transformation failed", "/events?discarded=transform_error".to_owned()),
        (
            "failed events of a rare source, answered 5xx",
            format!("/events?source_id={rare_source}&state=failed&last_status=5xx"),
        ),
        ("requests", "/requests".to_owned()),
        ("requests, 250 of them", "/requests?limit=250".to_owned()),
        ("requests that were rejected", "/requests?status=rejected".to_owned()),
        ("requests of a rare source", format!("/requests?source_id={rare_source}")),
        ("requests of a rare topic", format!("/requests?topic={RARE_TOPIC}")),
        ("requests with a rare method", "/requests?method=PUT".to_owned()),
        ("requests with a provider's event id", format!("/requests?provider_event_id={provider_event_id}")),
    ]
}

fn days_ago(days: u64) -> String {
    // To the day: the histogram's buckets would do, but nothing here depends on the hour.
    let now = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default().as_secs() - days * 24 * 3600;
    let (days, second) = (now / 86_400, now % 86_400);
    let (year, month, day) = civil(days);
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", second / 3600, second / 60 % 60, second % 60)
}

/// Year, month and day of a number of days since 1970 (Howard Hinnant's `civil_from_days`).
fn civil(days: u64) -> (u64, u64, u64) {
    let shifted = days + 719_468;
    let era = shifted / 146_097;
    let of_era = shifted % 146_097;
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year + era * 400 + u64::from(month <= 2), month, day)
}

fn newest_provider_event_id(api: &mut Api) -> anyhow::Result<String> {
    let page = api.get("/requests?status=accepted&limit=1")?;
    let id = page.pointer("/data/0/provider_event_id").and_then(Value::as_str);
    id.map(str::to_owned).context("no request with a provider's event id")
}

/// How long a question takes: the median and the 99th percentile, in milliseconds.
fn ask(bench: &Bench, api: &mut Api, path: &str) -> anyhow::Result<(f64, f64)> {
    let mut took_ms = Vec::new();
    // Once more, so that what is cold at the first does not count.
    for nth in 0..=bench.plan.questions {
        let began = Instant::now();
        api.get(path)?;
        if nth > 0 {
            took_ms.push(began.elapsed().as_secs_f64() * 1e3);
        }
    }
    took_ms.sort_unstable_by(f64::total_cmp);
    let at = |percent: usize| {
        let rank = (took_ms.len() * percent).div_ceil(100);
        took_ms.get(rank.saturating_sub(1)).copied().unwrap_or(f64::NAN)
    };
    Ok((at(50), at(99)))
}

/// How long it takes to search for a word in the newest requests, as far as there are so many.
fn search(api: &mut Api, word: &str) -> anyhow::Result<f64> {
    let word = word.replace(' ', "+");
    go_through(api, &format!("/requests?limit=250&search={word}"))
}

/// The same for a value in their bodies.
fn matching(api: &mut Api) -> anyhow::Result<f64> {
    // {"body":{"data":{"object":{"currency":"usd"}}}}
    let filter =
        "%7B%22body%22%3A%7B%22data%22%3A%7B%22object%22%3A%7B%22currency%22%3A%22usd%22%7D%7D%7D%7D";
    go_through(api, &format!("/requests?limit=250&match={filter}"))
}

fn go_through(api: &mut Api, path: &str) -> anyhow::Result<f64> {
    let began = Instant::now();
    let (mut searched, mut before) = (0, String::new());
    while searched < SEARCHED {
        let page = api.get(&format!("{path}{before}"))?;
        searched += page.pointer("/progress/searched").and_then(Value::as_u64).context("no progress")?;
        match page.get("next").and_then(Value::as_str) {
            Some(next) => before = format!("&before={next}"),
            None => break,
        }
    }
    Ok(began.elapsed().as_secs_f64())
}

/// What those who send notice of a search, window by window in turn with none.
fn beside_a_search(
    bench: &Bench,
    figures: &mut Figures,
    gateway: &Gateway,
    ledger: &Arc<Ledger>,
    pace: Pace,
) -> anyhow::Result<()> {
    let mut searched = 0;
    for _ in 0..WINDOWS * bench.plan.rounds {
        let without_ms = acknowledged_p99_ms(gateway, ledger, pace)?;
        let stop = AtomicBool::new(false);
        let with_ms = std::thread::scope(|scope| {
            let searching = scope.spawn(|| keep_searching(gateway, &stop));
            let with_ms = acknowledged_p99_ms(gateway, ledger, pace);
            stop.store(true, Ordering::Relaxed);
            searched += searching.join().map_err(|_| anyhow::anyhow!("the search panicked"))??;
            with_ms
        })?;
        figures.round("history_ingest_p99_ms", without_ms);
        figures.round("history_ingest_p99_ms_during_search", with_ms);
        figures.round("history_ingest_p99_ratio", with_ms / without_ms);
    }
    println!("  {searched} requests searched meanwhile");
    Ok(())
}

fn acknowledged_p99_ms(gateway: &Gateway, ledger: &Arc<Ledger>, pace: Pace) -> anyhow::Result<f64> {
    let start_ns = ledger.now_ns();
    open::send(&[gateway.target(BUSY)], ledger, pace)?;
    delivery::drain(ledger);
    Ok(ledger.acknowledge_latency(Window { start_ns, end_ns: ledger.now_ns() }).percentile_ms(99.0))
}

/// Searches for what there is not, over and over.
fn keep_searching(gateway: &Gateway, stop: &AtomicBool) -> anyhow::Result<u64> {
    let mut api = Api::connect(gateway.admin())?;
    let (mut searched, mut before) = (0, String::new());
    while !stop.load(Ordering::Relaxed) {
        let page = api.get(&format!("/requests?limit=250&search=no+such+word+anywhere{before}"))?;
        searched += page.pointer("/progress/searched").and_then(Value::as_u64).unwrap_or_default();
        let next = page.get("next").and_then(Value::as_str);
        before = next.map_or_else(String::new, |next| format!("&before={next}"));
    }
    Ok(searched)
}

#[cfg(test)]
mod tests {
    use super::civil;

    #[test]
    fn days_are_dates() {
        for (days, date) in
            [(0, (1970, 1, 1)), (59, (1970, 3, 1)), (19_782, (2024, 2, 29)), (20_833, (2027, 1, 15))]
        {
            assert_eq!(civil(days), date);
        }
    }
}
