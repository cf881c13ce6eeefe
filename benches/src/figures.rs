//! The figures of a benchmark: what each is called, what it is measured in, and what it should reach.

use std::collections::BTreeMap;

use serde_json::{Map, Number, Value, json};

/// A figure as the table knows it.
pub(crate) struct Figure {
    /// Its name in `bench.json`; the unit stands at the end.
    pub(crate) key: &'static str,
    /// What it is, for a reader of the table.
    pub(crate) text: &'static str,
    /// What it should reach.
    pub(crate) goal: Goal,
}

/// What a figure should reach.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Goal {
    /// Nothing: it is there to compare with.
    None,
    /// This or more.
    AtLeast(f64),
    /// This or less.
    AtMost(f64),
    /// From the first to the second.
    Within(f64, f64),
}

impl Goal {
    /// Whether the value reaches it; none where there is no goal.
    pub(crate) fn reached_by(self, value: f64) -> Option<bool> {
        match self {
            Self::None => None,
            Self::AtLeast(least) => Some(value >= least),
            Self::AtMost(most) => Some(value <= most),
            Self::Within(least, most) => Some(value >= least && value <= most),
        }
    }
}

const fn figure(key: &'static str, text: &'static str, goal: Goal) -> Figure {
    Figure { key, text, goal }
}

/// Every figure, in the order of the table.
pub(crate) const CATALOGUE: &[Figure] = &[
    figure("ingest_per_s", "acknowledged per second, 64 connections", Goal::None),
    figure("floor_ingest_per_s", "  bare hyper server", Goal::None),
    figure("ingest_ratio", "  ratio", Goal::AtLeast(0.60)),
    figure("ingest_cpu_us", "  processor time per event, µs", Goal::None),
    figure("floor_ingest_cpu_us", "  bare hyper server, µs", Goal::None),
    figure("tools_ingest_cpu_us", "  the generator beside that server, µs", Goal::None),
    figure("e2e_per_s", "delivered per second while 64 connections send", Goal::None),
    figure("floor_e2e_per_s", "  bare relay", Goal::None),
    figure("e2e_ratio", "  ratio", Goal::AtLeast(0.70)),
    figure("e2e_acknowledged_per_s", "  acknowledged per second meanwhile", Goal::None),
    figure("e2e_with_drain_per_s", "  delivered per second, first to last event", Goal::None),
    figure("e2e_cpu_us", "  processor time per event, µs", Goal::None),
    figure("floor_e2e_cpu_us", "  bare relay, µs", Goal::None),
    figure("tools_e2e_cpu_us", "  generator and sink beside that relay, µs", Goal::None),
    figure("rules_none_per_s", "delivered per second without rules, in turn with these:", Goal::None),
    figure("rules_filter_ratio", "  one filter, ratio to that", Goal::AtLeast(0.9)),
    figure(
        "rules_transform_ratio",
        "  one transformation that passes on what it is given",
        Goal::AtLeast(0.5),
    ),
    figure("rules_transform_change_ratio", "  one that reads and changes the body", Goal::None),
    figure("rules_order_ratio", "  in order by key, 10,000 keys", Goal::AtLeast(0.85)),
    figure("rules_out_of_order", "  out of order, of those by key", Goal::AtMost(0.0)),
    figure(
        "throttled_per_s",
        "delivered per second with a rate of 100/s, 60 s long",
        Goal::Within(98.0, 102.0),
    ),
    figure("p50_ms_at_50", "received → delivered at 50/s, p50 ms", Goal::AtMost(2.0)),
    figure("p99_ms_at_50", "  p99 ms", Goal::AtMost(6.0)),
    figure("ack_p50_ms_at_50", "  acknowledged, p50 ms", Goal::None),
    figure("ack_p99_ms_at_50", "  acknowledged, p99 ms", Goal::AtMost(3.0)),
    figure("floor_p50_ms_at_50", "  bare relay, p50 ms", Goal::None),
    figure("floor_p99_ms_at_50", "  bare relay, p99 ms", Goal::None),
    figure("p50_ms_at_1000", "received → delivered at 1,000/s, p50 ms", Goal::None),
    figure("p99_ms_at_1000", "  p99 ms", Goal::None),
    figure("ack_p50_ms_at_1000", "  acknowledged, p50 ms", Goal::None),
    figure("ack_p99_ms_at_1000", "  acknowledged, p99 ms", Goal::None),
    figure("floor_p50_ms_at_1000", "  bare relay, p50 ms", Goal::None),
    figure("floor_p99_ms_at_1000", "  bare relay, p99 ms", Goal::None),
    figure("overload_delivered_per_s", "delivered per second while 256 connections overload it", Goal::None),
    figure("overload_acknowledged_per_s", "  acknowledged per second meanwhile", Goal::None),
    figure("overload_delivery_ratio", "  delivered, to its own maximum", Goal::AtLeast(0.6)),
    figure("overload_backlog", "  events waiting when the overload ends", Goal::None),
    figure("overload_drain_per_s", "  delivered per second afterwards", Goal::None),
    figure("overload_rss_max_mb", "  most resident memory, MB", Goal::None),
    figure("backlog_events", "events behind a dead destination", Goal::None),
    figure("rss_1m_backlog_mb", "  resident memory, MB", Goal::AtMost(300.0)),
    figure("rss_1m_backlog_max_mb", "  most resident memory until then, MB", Goal::None),
    figure("healthy_p99_ms_before", "  another destination at 200/s before, p99 ms", Goal::None),
    figure("healthy_p99_ms_during", "  with the backlog, p99 ms", Goal::None),
    figure("healthy_p99_ratio", "  ratio", Goal::AtMost(1.5)),
    figure("healthy_p99_ms_while_failing", "  while the dead one is still tried, p99 ms", Goal::None),
    figure("restart_1m_ready_ms", "  killed and started again, to ready, ms", Goal::AtMost(3000.0)),
    figure("restart_1m_rss_mb", "  resident memory then, MB", Goal::None),
    figure("restart_1m_clean_ready_ms", "  stopped in order and started again, to ready, ms", Goal::None),
    figure("crash_resume_ms", "killed: ready → first event goes out again, ms", Goal::AtMost(1000.0)),
    figure("crash_ready_ms", "  start → ready, ms", Goal::None),
    figure("crash_undelivered", "  acknowledged events it had not delivered", Goal::None),
    figure("crash_duplicates", "  delivered twice", Goal::None),
    figure("crash_drain_per_s", "  delivered per second afterwards", Goal::None),
    figure("recovery_events", "events in order by key behind a destination that comes back", Goal::None),
    figure("recovery_first_s", "  back → first delivery, s", Goal::None),
    figure("recovery_s", "  back → all delivered, s", Goal::None),
    figure("recovery_max_per_s", "  most deliveries in a second", Goal::None),
    figure("recovery_out_of_order", "  out of order within their key", Goal::AtMost(0.0)),
    figure("recovery_healthy_p99_ms_before", "  another destination at 200/s before, p99 ms", Goal::None),
    figure("recovery_healthy_p99_ms_dead", "  while it is dead, p99 ms", Goal::None),
    figure("recovery_healthy_p99_ms_back", "  while it catches up, p99 ms", Goal::None),
    figure("isolation_alone_p50_ms", "a healthy destination alone at 100/s, p50 ms", Goal::None),
    figure("isolation_alone_p99_ms", "  p99 ms", Goal::None),
    figure("isolation_p50_ms", "  beside a hanging, a failing and an endless one, p50 ms", Goal::None),
    figure("isolation_p99_ms", "  p99 ms", Goal::None),
    figure("many_without_p50_ms", "980 of 1,000 destinations, all healthy, at 800/s, p50 ms", Goal::None),
    figure("many_without_p99_ms", "  p99 ms", Goal::None),
    figure("many_p50_ms", "  while ten of the others hang and ten fail, p50 ms", Goal::None),
    figure("many_p99_ms", "  p99 ms", Goal::None),
    figure("many_p99_ratio", "  ratio of p99", Goal::AtMost(1.3)),
    figure("history_events", "events stored, and looked at:", Goal::None),
    figure("history_list_p50_ms", "  the slowest kind of list, p50 ms", Goal::None),
    figure("history_list_p99_ms", "  p99 ms", Goal::AtMost(50.0)),
    figure("history_histogram_day_p99_ms", "  a day's events over time, p99 ms", Goal::None),
    figure("history_histogram_week_p99_ms", "  a week's events over time, all there are, p99 ms", Goal::None),
    figure("history_requests_histogram_week_p99_ms", "  a week's requests over time, p99 ms", Goal::None),
    figure(
        "history_search_s",
        "  100,000 requests searched for a text that is in none, s",
        Goal::AtMost(2.0),
    ),
    figure("history_search_found_s", "  for one that is in few, s", Goal::AtMost(2.0)),
    figure("history_match_s", "  for a value in their bodies, s", Goal::None),
    figure("history_ingest_p99_ms", "  acknowledged at 500/s without a search, p99 ms", Goal::None),
    figure("history_ingest_p99_ms_during_search", "  while one goes on and on, p99 ms", Goal::None),
    figure("history_ingest_p99_ratio", "  ratio", Goal::AtMost(1.5)),
    figure(
        "dashboard_code_kb",
        "the dashboard's scripts and styles, all of them, gzip, KB",
        Goal::AtMost(400.0),
    ),
    figure("dashboard_fonts_kb", "  its fonts, KB", Goal::None),
    figure(
        "dashboard_first_paint_ms",
        "  first paint with that history, nothing cached, ms",
        Goal::AtMost(1000.0),
    ),
    figure("dashboard_largest_paint_ms", "  the largest thing on the page, ms", Goal::None),
    figure(
        "dashboard_frame_p99_ms",
        "  1,000 events/s on the page, from frame to frame, p99 ms",
        Goal::AtMost(100.0),
    ),
    figure("dashboard_frame_max_ms", "  at most, ms", Goal::AtMost(500.0)),
    figure("dashboard_key_max_ms", "  from a key to the frame after it, at most, ms", Goal::AtMost(500.0)),
    figure("ready_ms", "cold start to ready, ms", Goal::AtMost(200.0)),
    figure("rss_idle_mb", "resident memory, idle, MB", Goal::AtMost(40.0)),
    figure("disk_bytes_per_event", "disk per delivered 1 KB event, bytes", Goal::AtMost(3072.0)),
    figure("disk_prepared_mb", "  of the directory, prepared and still empty, MB", Goal::None),
    figure("rss_after_load_mb", "resident memory after that load, MB", Goal::None),
    figure("duplicates", "delivered more than once, without a crash", Goal::None),
    figure("lost", "acknowledged and not delivered", Goal::AtMost(0.0)),
];

/// The values that were measured.
#[derive(Debug, Default)]
pub(crate) struct Figures {
    values: BTreeMap<&'static str, f64>,
    rounds: BTreeMap<&'static str, Vec<f64>>,
}

impl Figures {
    /// Sets a figure.
    pub(crate) fn set(&mut self, key: &'static str, value: f64) {
        debug_assert!(CATALOGUE.iter().any(|figure| figure.key == key), "{key} is not in the catalogue");
        self.values.insert(key, value);
    }

    /// Adds to a figure that counts over all scenarios.
    pub(crate) fn add(&mut self, key: &'static str, value: u64) {
        let sum = self.get(key).unwrap_or(0.0) + value as f64;
        self.set(key, sum);
    }

    /// Notes one round's value of a figure and sets the figure to the median of its rounds so far.
    pub(crate) fn round(&mut self, key: &'static str, value: f64) {
        let rounds = self.rounds.entry(key).or_default();
        rounds.push(value);
        let middle = median(rounds);
        self.set(key, middle);
    }

    /// Keeps a course of values beside the figures' rounds.
    pub(crate) fn course(&mut self, name: &'static str, values: Vec<f64>) {
        self.rounds.insert(name, values);
    }

    /// A figure, where it was measured.
    pub(crate) fn get(&self, key: &str) -> Option<f64> {
        self.values.get(key).copied()
    }

    /// The figures by name, each round's values under `rounds`, and what they were measured on.
    pub(crate) fn to_json(&self, quick: bool) -> Value {
        let number =
            |value: f64| Number::from_f64((value * 1e4).round() / 1e4).map_or(Value::Null, Value::Number);
        let mut object = Map::new();
        object
            .insert("machine".into(), json!({ "cores": cores(), "processor": processor(), "quick": quick }));
        for (key, value) in &self.values {
            object.insert((*key).into(), number(*value));
        }
        let rounds = self
            .rounds
            .iter()
            .map(|(key, values)| ((*key).to_owned(), values.iter().map(|value| number(*value)).collect()));
        object.insert("rounds".into(), Value::Object(rounds.collect()));
        Value::Object(object)
    }
}

/// Cores this process may use.
pub(crate) fn cores() -> usize {
    std::thread::available_parallelism().map_or(0, usize::from)
}

/// What the processor calls itself.
pub(crate) fn processor() -> String {
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = text.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    name.map_or_else(|| "unknown".to_owned(), |(_, name)| name.trim().to_owned())
}

/// The median; the mean of the middle two of an even number, `NaN` of none.
fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = |index: usize| sorted.get(index).copied().unwrap_or(f64::NAN);
    match sorted.len() {
        0 => f64::NAN,
        odd if odd % 2 == 1 => middle(odd / 2),
        even => (middle(even / 2 - 1) + middle(even / 2)) / 2.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_is_the_median_of_its_rounds() {
        let mut figures = Figures::default();
        for value in [3.0, 1.0, 2.0] {
            figures.round("ingest_ratio", value);
        }
        assert_eq!(figures.get("ingest_ratio"), Some(2.0));
        assert_eq!(figures.to_json(true)["rounds"]["ingest_ratio"], json!([3.0, 1.0, 2.0]));
        assert_eq!(median(&[4.0, 1.0]), 2.5);
        assert!(median(&[]).is_nan());
    }

    #[test]
    fn goals_hold_at_their_edge_and_fail_for_nothing_measured() {
        assert_eq!(Goal::AtLeast(0.6).reached_by(0.6), Some(true));
        assert_eq!(Goal::AtMost(3.0).reached_by(3.1), Some(false));
        assert_eq!(Goal::AtMost(3.0).reached_by(f64::NAN), Some(false));
        let within = Goal::Within(98.0, 102.0);
        assert_eq!(
            [97.9, 98.0, 102.0, 102.1].map(|value| within.reached_by(value)),
            [Some(false), Some(true), Some(true), Some(false)]
        );
        assert_eq!(Goal::None.reached_by(1.0), None);
    }
}
