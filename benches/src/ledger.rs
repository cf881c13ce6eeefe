//! What was sent, acknowledged and delivered, and when: one row per event of a run.
//!
//! Generator and sink live in this process and share the ledger, so a latency is a subtraction of two
//! readings of one monotonic clock, and a lost event is a row that was acknowledged and not delivered.
//! Percentiles are taken from the rows themselves after the run: nothing is sampled or put in buckets.
//!
//! **Invariant:** a row's numbers are written once each; the ledger never grows.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// An event's number within its run; also its row.
pub(crate) type Row = u32;

/// All events of one run.
pub(crate) struct Ledger {
    /// Tells this run's events from those of other runs.
    pub(crate) run: u32,
    zero: Instant,
    next: AtomicU32,
    rows: Vec<Times>,
    delivered: AtomicU64,
    duplicates: AtomicU64,
    strays: AtomicU64,
    newest_delivery_ns: AtomicU64,
    first_delivery_ns: AtomicU64,
}

/// Nanoseconds since the ledger began; 0 for "has not happened".
#[derive(Default)]
struct Times {
    intended_ns: AtomicU64,
    acknowledged_ns: AtomicU64,
    delivered_ns: AtomicU64,
}

/// A stretch of time in nanoseconds of one ledger: from the first, up to and without the second.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window {
    pub(crate) start_ns: u64,
    pub(crate) end_ns: u64,
}

impl Window {
    /// Everything.
    pub(crate) const ALL: Self = Self { start_ns: 0, end_ns: u64::MAX };

    /// Its length in seconds.
    pub(crate) fn seconds(self) -> f64 {
        (self.end_ns - self.start_ns) as f64 / 1e9
    }

    fn contains(self, at_ns: u64) -> bool {
        at_ns >= self.start_ns.max(1) && at_ns < self.end_ns
    }
}

/// What became of a run's events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Accounts {
    /// Acknowledged with 2xx.
    pub(crate) acknowledged: u64,
    /// Different events that reached the sink.
    pub(crate) delivered: u64,
    /// Deliveries beyond the first of each event.
    pub(crate) duplicates: u64,
    /// Acknowledged, and not delivered.
    pub(crate) lost: u64,
    /// Deliveries that bear no number of this run.
    pub(crate) strays: u64,
}

impl Ledger {
    /// A ledger for at most `rows` events.
    pub(crate) fn new(run: u32, rows: Row) -> Self {
        Self {
            run,
            zero: Instant::now(),
            next: AtomicU32::new(0),
            rows: (0..rows).map(|_| Times::default()).collect(),
            delivered: AtomicU64::new(0),
            duplicates: AtomicU64::new(0),
            strays: AtomicU64::new(0),
            newest_delivery_ns: AtomicU64::new(0),
            first_delivery_ns: AtomicU64::new(0),
        }
    }

    /// Nanoseconds since the ledger began, never 0.
    pub(crate) fn now_ns(&self) -> u64 {
        self.at_ns(Instant::now())
    }

    fn at_ns(&self, at: Instant) -> u64 {
        u64::try_from(at.saturating_duration_since(self.zero).as_nanos()).unwrap_or(u64::MAX).max(1)
    }

    /// Takes the next row for an event that should be sent at `intended`; none when the ledger is full.
    pub(crate) fn begin(&self, intended: Instant) -> Option<Row> {
        let row = self.next.fetch_add(1, Ordering::Relaxed);
        self.rows.get(row as usize)?.intended_ns.store(self.at_ns(intended), Ordering::Release);
        Some(row)
    }

    /// Notes that the event was acknowledged with 2xx just now.
    pub(crate) fn acknowledged(&self, row: Row) {
        if let Some(times) = self.rows.get(row as usize) {
            times.acknowledged_ns.store(self.now_ns(), Ordering::Release);
        }
    }

    /// Notes a delivery that bears this run and row (or none that can be read).
    pub(crate) fn delivered(&self, stamp: Option<(u32, Row)>) {
        let row = stamp.filter(|(run, _)| *run == self.run).and_then(|(_, row)| self.rows.get(row as usize));
        let Some(times) = row else {
            self.strays.fetch_add(1, Ordering::Relaxed);
            return;
        };
        let now_ns = self.now_ns();
        let first =
            times.delivered_ns.compare_exchange(0, now_ns, Ordering::AcqRel, Ordering::Relaxed).is_ok();
        if !first {
            self.duplicates.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let _ = self.first_delivery_ns.compare_exchange(0, now_ns, Ordering::AcqRel, Ordering::Relaxed);
        self.newest_delivery_ns.fetch_max(now_ns, Ordering::Relaxed);
        self.delivered.fetch_add(1, Ordering::Release);
    }

    /// How many different events have been delivered so far.
    pub(crate) fn delivered_count(&self) -> u64 {
        self.delivered.load(Ordering::Acquire)
    }

    /// When the first event was delivered, in nanoseconds; none while there is none.
    pub(crate) fn first_delivery_ns(&self) -> Option<u64> {
        Some(self.first_delivery_ns.load(Ordering::Acquire)).filter(|at_ns| *at_ns > 0)
    }

    /// When the newest first delivery of an event happened, in nanoseconds; 0 while there is none.
    pub(crate) fn newest_delivery_ns(&self) -> u64 {
        self.newest_delivery_ns.load(Ordering::Acquire)
    }

    /// Counts everything; O(rows).
    pub(crate) fn accounts(&self) -> Accounts {
        let mut accounts = Accounts {
            acknowledged: 0,
            delivered: 0,
            duplicates: self.duplicates.load(Ordering::Acquire),
            lost: 0,
            strays: self.strays.load(Ordering::Acquire),
        };
        for times in self.begun() {
            let acknowledged = times.acknowledged_ns.load(Ordering::Acquire) > 0;
            let delivered = times.delivered_ns.load(Ordering::Acquire) > 0;
            accounts.acknowledged += u64::from(acknowledged);
            accounts.delivered += u64::from(delivered);
            accounts.lost += u64::from(acknowledged && !delivered);
        }
        accounts
    }

    /// How many events were acknowledged within the window.
    pub(crate) fn acknowledged_in(&self, window: Window) -> u64 {
        self.count(window, |times| &times.acknowledged_ns)
    }

    /// How many events were delivered, for the first time, within the window.
    pub(crate) fn delivered_in(&self, window: Window) -> u64 {
        self.count(window, |times| &times.delivered_ns)
    }

    /// Intended send → acknowledged, of the events intended within the window.
    pub(crate) fn acknowledge_latency(&self, window: Window) -> Latency {
        self.latency(window, |times| &times.acknowledged_ns)
    }

    /// Intended send → first seen by the sink, of the events intended within the window.
    pub(crate) fn delivery_latency(&self, window: Window) -> Latency {
        self.latency(window, |times| &times.delivered_ns)
    }

    /// How many events were delivered before one that was sent earlier and is alike in its row's remainder by `keys`;
    /// those that were not delivered do not count.
    pub(crate) fn out_of_order(&self, keys: Row) -> u64 {
        let mut newest_ns = vec![0; keys as usize];
        let mut count = 0;
        for (row, times) in self.begun().enumerate() {
            let delivered_ns = times.delivered_ns.load(Ordering::Acquire);
            let Some(newest_ns) = newest_ns.get_mut(row % keys as usize).filter(|_| delivered_ns > 0) else {
                continue;
            };
            count += u64::from(delivered_ns < *newest_ns);
            *newest_ns = delivered_ns.max(*newest_ns);
        }
        count
    }

    /// First deliveries in each whole second from `start_ns` on, up to the last one.
    pub(crate) fn deliveries_by_second(&self, start_ns: u64) -> Vec<u64> {
        let mut counts = Vec::new();
        for times in self.begun() {
            let delivered_ns = times.delivered_ns.load(Ordering::Acquire);
            let Some(after_ns) = delivered_ns.checked_sub(start_ns).filter(|_| delivered_ns > 0) else {
                continue;
            };
            let second = (after_ns / 1_000_000_000) as usize;
            if counts.len() <= second {
                counts.resize(second + 1, 0);
            }
            if let Some(count) = counts.get_mut(second) {
                *count += 1;
            }
        }
        counts
    }

    fn begun(&self) -> impl Iterator<Item = &Times> {
        self.rows.iter().take(self.next.load(Ordering::Acquire) as usize)
    }

    fn count(&self, window: Window, moment: impl Fn(&Times) -> &AtomicU64) -> u64 {
        self.begun().filter(|times| window.contains(moment(times).load(Ordering::Acquire))).count() as u64
    }

    fn latency(&self, window: Window, moment: impl Fn(&Times) -> &AtomicU64) -> Latency {
        let mut sorted_ns: Vec<u64> = self
            .begun()
            .filter(|times| window.contains(times.intended_ns.load(Ordering::Acquire)))
            .filter_map(|times| {
                let ended_ns = moment(times).load(Ordering::Acquire);
                let began_ns = times.intended_ns.load(Ordering::Acquire);
                (ended_ns > 0).then(|| ended_ns.saturating_sub(began_ns))
            })
            .collect();
        sorted_ns.sort_unstable();
        Latency { sorted_ns }
    }
}

/// A set of latencies.
#[derive(Default)]
pub(crate) struct Latency {
    sorted_ns: Vec<u64>,
}

impl Latency {
    /// The smallest latency that `percent` of all do not exceed, in milliseconds; `NaN` of none.
    pub(crate) fn percentile_ms(&self, percent: f64) -> f64 {
        let rank = (percent / 100.0 * self.sorted_ns.len() as f64).ceil() as usize;
        self.sorted_ns.get(rank.saturating_sub(1)).map_or(f64::NAN, |ns| *ns as f64 / 1e6)
    }

    /// All of both.
    pub(crate) fn with(mut self, others: Self) -> Self {
        self.sorted_ns.extend(others.sorted_ns);
        self.sorted_ns.sort_unstable();
        self
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.sorted_ns.len()
    }
}

/// Waits until `done` holds, looking every few milliseconds; `false` when `patience` ran out first.
pub(crate) fn wait_until(patience: Duration, mut done: impl FnMut() -> bool) -> bool {
    let deadline = Instant::now() + patience;
    while !done() {
        if Instant::now() >= deadline {
            return false;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_tell_lost_duplicate_and_stray_apart() {
        let ledger = Ledger::new(7, 4);
        let rows: Vec<Row> = (0..4).map(|_| ledger.begin(Instant::now()).unwrap()).collect();
        assert_eq!(ledger.begin(Instant::now()), None, "a full ledger gives no row");
        for row in &rows[..3] {
            ledger.acknowledged(*row);
        }
        ledger.delivered(Some((7, rows[0])));
        ledger.delivered(Some((7, rows[0])));
        ledger.delivered(Some((7, rows[3])));
        ledger.delivered(Some((6, rows[1])));
        ledger.delivered(Some((7, 99)));
        ledger.delivered(None);
        let expected = Accounts { acknowledged: 3, delivered: 2, duplicates: 1, lost: 2, strays: 3 };
        assert_eq!(ledger.accounts(), expected);
        assert_eq!(ledger.delivered_count(), 2);
        assert_eq!(ledger.delivered_in(Window::ALL), 2);
        assert_eq!(ledger.delivery_latency(Window::ALL).count(), 2);
    }

    #[test]
    fn what_overtakes_an_earlier_one_of_its_key_is_out_of_order() {
        let ledger = Ledger::new(7, 6);
        let rows: Vec<Row> = (0..6).map(|_| ledger.begin(Instant::now()).unwrap()).collect();
        // Of two keys: 0, 2, 4 and 1, 3, 5. 4 overtakes 2; 5 is never delivered.
        for row in [1, 0, 4, 3, 2] {
            ledger.delivered(Some((7, rows[row])));
            std::thread::sleep(Duration::from_micros(2));
        }
        assert_eq!(ledger.out_of_order(2), 1);
        assert_eq!(ledger.out_of_order(6), 0);
        assert_eq!(ledger.deliveries_by_second(0).iter().sum::<u64>(), 5);
    }

    #[test]
    fn percentiles_are_the_nearest_rank() {
        let latency = Latency { sorted_ns: (1..=200).map(|ms| ms * 1_000_000).collect() };
        assert_eq!(latency.percentile_ms(50.0), 100.0);
        assert_eq!(latency.percentile_ms(99.0), 198.0);
        assert_eq!(latency.percentile_ms(100.0), 200.0);
        assert!(Latency::default().percentile_ms(50.0).is_nan());
        let both =
            Latency { sorted_ns: vec![3_000_000] }.with(Latency { sorted_ns: vec![1_000_000, 2_000_000] });
        assert_eq!([34.0, 100.0].map(|percent| both.percentile_ms(percent)), [2.0, 3.0]);
    }

    #[test]
    fn latency_runs_from_the_intended_time() {
        let ledger = Ledger::new(0, 1);
        let row = ledger.begin(Instant::now() - Duration::from_millis(0)).unwrap();
        ledger.acknowledged(row);
        let late = Ledger::new(0, 1);
        let intended = late.zero;
        let row = late.begin(intended).unwrap();
        late.acknowledged(row);
        let measured_ms = late.acknowledge_latency(Window::ALL).percentile_ms(50.0);
        let whole_ms = late.zero.elapsed().as_secs_f64() * 1e3;
        assert!(measured_ms > 0.0 && measured_ms <= whole_ms, "{measured_ms} of {whole_ms}");
    }
}
