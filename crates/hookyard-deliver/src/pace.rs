//! How fast a lane may go: its pause, its breaker, its slow start and its rate, in one place.
//!
//! A lane is *free* while none of them restrains it: its workers then take events by themselves, and nothing
//! here stands between one event and the next but the counting of outcomes. Otherwise it is *governed*: its
//! dispatcher asks for a [`Turn`] before each attempt, and gives the event to a worker.
//!
//! The decisions are the pure machines of `rate`, `breaker` and `slow_start`; this file feeds them the time,
//! and tells the others what has changed: the queue and the idle workers whether the lane is governed, and
//! whoever looks how it stands.

mod breaker;
mod rate;
mod slow_start;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hookyard_model::attempt::{ErrorKind, Outcome};
use hookyard_model::clock::{Clock, Timestamp};
use hookyard_model::destination::Destination;
use hookyard_model::pacing::Pacing;
use hookyard_model::standing::{BreakerState, Standing};
use hookyard_store::lanes::Lane as Queue;
use tokio::time::Instant;

use self::breaker::{Breaker, Input};
use self::rate::Rate;
use self::slow_start::SlowStart;
use crate::idle::Idle;
use crate::metrics::{Metrics, OpenBreaker};

/// What a governed lane may do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// Make an attempt.
    Go,
    /// Nothing before this.
    At(Instant),
    /// Nothing before an attempt ends, or the destination is changed.
    Wait,
}

/// When a lane comes to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Birth {
    /// With the process: what was sent before is not known, and there may be a backlog.
    WithTheProcess,
    /// With its destination, while the process runs.
    WithItsDestination,
}

/// Those who have to know how the lane goes.
#[derive(Clone, Debug)]
pub(crate) struct Listeners {
    pub(crate) queue: Arc<Queue>,
    pub(crate) idle: Arc<Idle>,
    pub(crate) clock: Clock,
    pub(crate) metrics: Metrics,
}

#[derive(Debug)]
struct State {
    pacing: Pacing,
    concurrency: u32,
    paused: bool,
    rate: Option<Rate>,
    breaker: Breaker,
    slow: Option<SlowStart>,
    /// Whether the slow start is that of the process, which ends where there turns out to be no backlog.
    starting: bool,
    /// When the breaker opened, on the wall clock, and counted for as long as this is kept.
    opened: Option<(Timestamp, OpenBreaker)>,
    governed: bool,
    told: Standing,
}

/// How fast a lane may go.
#[derive(Debug)]
pub(crate) struct Pace {
    /// What times are counted from.
    began: Instant,
    listeners: Listeners,
    state: Mutex<State>,
}

/// A probe that is to be made. Dropped before its end is noted, it was not made.
#[derive(Debug)]
pub(crate) struct Probe(Option<Arc<Pace>>);

impl Drop for Probe {
    fn drop(&mut self) {
        if let Some(pace) = self.0.take() {
            pace.with(|state, now| state.breaker_after(Input::ProbeDropped, now));
        }
    }
}

/// Whether an outcome says that the destination, not just this event, is in trouble; none where it says nothing
/// about the destination, which was not asked.
fn trouble(outcome: &Outcome) -> Option<bool> {
    match outcome {
        Outcome::Response(response) => Some(response.status >= 500 || response.status == 429),
        Outcome::Error(error) if error.kind == ErrorKind::Request => None,
        Outcome::Error(_) => Some(true),
        Outcome::Acknowledged => Some(false),
    }
}

impl State {
    fn new(destination: &Destination, birth: Birth) -> Self {
        let pacing = destination.pacing.clone();
        let starts_slowly = birth == Birth::WithTheProcess && pacing.slow_start;
        let rate = pacing.rate.map(|rate| match birth {
            Birth::WithTheProcess => Rate::exhausted(rate, Duration::ZERO),
            Birth::WithItsDestination => Rate::rested(rate, Duration::ZERO),
        });
        Self {
            concurrency: destination.concurrency.max(1),
            paused: destination.paused_at.is_some(),
            rate,
            breaker: Breaker::default(),
            slow: starts_slowly.then(|| SlowStart::new(Duration::ZERO)),
            starting: starts_slowly,
            opened: None,
            governed: false,
            told: Standing::default(),
            pacing,
        }
    }

    fn configure(&mut self, destination: &Destination, now: Duration) {
        let before = std::mem::replace(&mut self.pacing, destination.pacing.clone());
        if before.rate != self.pacing.rate {
            self.rate = self.pacing.rate.map(|settings| match &self.rate {
                Some(rate) => rate.changed(settings, now),
                None => Rate::rested(settings, now),
            });
        }
        if before.breaker != self.pacing.breaker {
            self.breaker = Breaker::default();
        }
        self.concurrency = destination.concurrency.max(1);
        let was_paused = std::mem::replace(&mut self.paused, destination.paused_at.is_some());
        if was_paused && !self.paused {
            self.start_slowly(now);
        }
        if !self.pacing.slow_start {
            self.slow = None;
        }
    }

    fn start_slowly(&mut self, now: Duration) {
        self.slow = self.pacing.slow_start.then(|| SlowStart::new(now));
        self.starting = false;
    }

    fn breaker_after(&mut self, input: Input, now: Duration) {
        let before = std::mem::take(&mut self.breaker);
        let was_closed = before.is_closed();
        self.breaker = before.after(input, &self.pacing.breaker, now);
        if !was_closed && self.breaker.is_closed() {
            self.start_slowly(now);
        }
    }

    fn ended(&mut self, trouble: bool, was_probe: bool, now: Duration) {
        let input = if was_probe { Input::ProbeEnded { trouble } } else { Input::Ended { trouble } };
        // A probe that succeeds begins the slow start, and is not counted in it.
        if let Some(slow) = self.slow.take() {
            self.slow = slow.note(trouble, self.concurrency, now);
        }
        self.breaker_after(input, now);
    }

    /// What may be done now, while `busy` attempts are under way; a time means nothing before it.
    fn turn(&self, busy: usize, now: Duration) -> Result<(), Option<Duration>> {
        let concurrency = usize::try_from(self.concurrency).unwrap_or(usize::MAX);
        let window = self.slow.as_ref().map_or(self.concurrency, SlowStart::window).min(self.concurrency);
        let allowed = match &self.breaker {
            Breaker::Closed(_) => usize::try_from(window).unwrap_or(usize::MAX),
            // What still hangs from before the breaker opened does not keep a probe back.
            Breaker::Open { probe_at, .. } if *probe_at <= now => concurrency,
            Breaker::Open { probe_at, .. } if !self.paused => return Err(Some(*probe_at)),
            Breaker::Open { .. } | Breaker::HalfOpen { .. } => 0,
        };
        if self.paused || busy >= allowed {
            return Err(None);
        }
        match self.rate.as_ref().map(Rate::next_at) {
            Some(at) if at > now => Err(Some(at)),
            _ => Ok(()),
        }
    }

    /// An event goes out; whether it is a probe.
    fn begin(&mut self, now: Duration) -> bool {
        if let Some(rate) = &mut self.rate {
            rate.take(now);
        }
        let is_probe = matches!(self.breaker, Breaker::Open { .. });
        if is_probe {
            self.breaker_after(Input::ProbeBegins, now);
        }
        is_probe
    }

    const fn is_governed(&self) -> bool {
        self.paused || self.rate.is_some() || self.slow.is_some() || !self.breaker.is_closed()
    }

    fn standing(&self, now: Duration, clock: &Clock) -> Standing {
        let since = || self.opened.as_ref().map_or_else(|| clock.now(), |(since, _)| *since);
        let breaker = match &self.breaker {
            Breaker::Closed(_) => BreakerState::Closed,
            Breaker::HalfOpen { .. } => BreakerState::HalfOpen { since: since() },
            Breaker::Open { probe_at, .. } => BreakerState::Open {
                since: since(),
                next_probe_at: clock.now().plus(probe_at.saturating_sub(now)),
            },
        };
        let slowed = self.slow.as_ref().map(SlowStart::window).filter(|window| *window < self.concurrency);
        Standing { breaker, slowed_to: slowed }
    }
}

impl Pace {
    pub(crate) fn new(destination: &Destination, birth: Birth, listeners: Listeners) -> Self {
        let state = Mutex::new(State::new(destination, birth));
        let pace = Self { began: Instant::now(), listeners, state };
        pace.with(|_, _| {});
        pace
    }

    /// Changes something, and tells the listeners what became of it, in the order of the changes.
    fn with<T>(&self, change: impl FnOnce(&mut State, Duration) -> T) -> T {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.began.elapsed();
        let result = change(&mut state, now);
        if state.is_governed() || state.governed {
            self.listeners.hear(&mut state, now);
        }
        result
    }

    /// Whether events are given to workers, instead of taken by them.
    pub(crate) fn is_governed(&self) -> bool {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).governed
    }

    /// Takes over a changed destination.
    pub(crate) fn configure(&self, destination: &Destination) {
        self.with(|state, now| state.configure(destination, now));
    }

    /// Earlier runs left so many events: where they could all go out at once, nothing has to start slowly.
    pub(crate) fn begins_with(&self, left_over: u64) {
        self.with(|state, _| {
            if state.starting && left_over <= u64::from(state.concurrency) {
                state.slow = None;
            }
            state.starting = false;
        });
    }

    /// What may be done now, while `busy` attempts are under way.
    pub(crate) fn turn(&self, busy: usize) -> Turn {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match state.turn(busy, self.began.elapsed()) {
            Ok(()) => Turn::Go,
            Err(Some(at)) => Turn::At(self.began + at),
            Err(None) => Turn::Wait,
        }
    }

    /// There is nothing to send, after a [`Turn::Go`].
    pub(crate) fn rest(&self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(rate) = &mut state.rate {
            rate.rest();
        }
    }

    /// An event goes out, after a [`Turn::Go`]; it is a probe where the breaker is open.
    pub(crate) fn begin(self: &Arc<Self>) -> Option<Probe> {
        let is_probe = self.with(State::begin);
        is_probe.then(|| Probe(Some(Arc::clone(self))))
    }

    /// Notes how an attempt ended.
    pub(crate) fn note(&self, outcome: &Outcome, probe: Option<Probe>) {
        let Some(trouble) = trouble(outcome) else { return };
        let was_probe = probe.is_some_and(|mut probe| probe.0.take().is_some());
        self.with(|state, now| state.ended(trouble, was_probe, now));
    }
}

impl Listeners {
    fn hear(&self, state: &mut State, now: Duration) {
        match (&state.opened, state.breaker.is_closed()) {
            (None, false) => state.opened = Some((self.clock.now(), self.metrics.breaker_opens())),
            (Some(_), true) => state.opened = None,
            (None, true) | (Some(_), false) => {}
        }
        let governed = state.is_governed();
        if governed != state.governed {
            state.governed = governed;
            self.queue.govern(governed);
            self.idle.govern(governed);
            self.idle.wake();
        }
        let standing = state.standing(now, &self.clock);
        if standing != state.told {
            state.told = standing;
            self.queue.tell(standing);
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use hookyard_model::attempt::{DeliveryError, Response};
    use hookyard_model::destination::{Http, Reach};
    use hookyard_model::id::{DestinationId, ProjectId};
    use hookyard_model::pacing::{Breaker as BreakerSettings, Rate as RateSettings, RateUnit};
    use hookyard_model::source::ManagedBy;
    use proptest::prelude::*;

    use super::*;

    fn destination(concurrency: u32, pacing: Pacing) -> Destination {
        Destination {
            id: DestinationId(1),
            project: ProjectId(1),
            name: "test".into(),
            reach: Reach::Http(Http::at("http://a.test/")),
            concurrency,
            pacing,
            paused_at: None,
            failing_since: None,
            signing_secrets: vec![],
            managed_by: ManagedBy::Api,
            created_at: Timestamp::default(),
            updated_at: Timestamp::default(),
        }
    }

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn what_says_that_a_destination_is_in_trouble() {
        let answered = |status| {
            let empty = Bytes::new();
            trouble(&Outcome::Response(Response {
                status,
                headers: empty.clone(),
                body: empty,
                body_truncated: false,
            }))
        };
        let troubles: Vec<u16> = [200, 301, 404, 410, 429, 499, 500, 503]
            .into_iter()
            .filter(|it| answered(*it) == Some(true))
            .collect();
        assert_eq!(troubles, [429, 500, 503]);
        for kind in ErrorKind::ALL {
            let outcome = Outcome::Error(DeliveryError { kind, detail: String::new() });
            assert_eq!(trouble(&outcome), (kind != ErrorKind::Request).then_some(true));
        }
    }

    #[test]
    fn a_pause_holds_everything_and_a_resumption_starts_slowly() {
        let mut paused = destination(16, Pacing::default());
        let mut state = State::new(&paused, Birth::WithItsDestination);
        assert!(!state.is_governed());
        paused.paused_at = Some(Timestamp::default());
        state.configure(&paused, ms(1));
        assert_eq!((state.turn(0, ms(1)), state.is_governed()), (Err(None), true));
        paused.paused_at = None;
        state.configure(&paused, ms(2));
        assert_eq!((state.turn(0, ms(2)), state.turn(1, ms(2))), (Ok(()), Err(None)));
        paused.pacing.slow_start = false;
        state.configure(&paused, ms(3));
        assert_eq!(
            (state.turn(15, ms(3)), state.turn(16, ms(3)), state.is_governed()),
            (Ok(()), Err(None), false)
        );
    }

    #[test]
    fn a_process_starts_slowly_and_without_a_burst() {
        let rate = Some(RateSettings { limit: 10, per: RateUnit::Second, burst: 5 });
        let of = destination(16, Pacing { rate, ..Pacing::default() });
        let state = State::new(&of, Birth::WithTheProcess);
        assert_eq!(state.turn(0, ms(0)), Err(Some(ms(100))));
        assert_eq!((state.turn(0, ms(100)), state.turn(1, ms(100))), (Ok(()), Err(None)));
        assert_eq!(State::new(&of, Birth::WithItsDestination).turn(15, ms(0)), Ok(()));
    }

    #[test]
    fn what_still_hangs_keeps_no_probe_back() {
        let mut state = State::new(&destination(4, Pacing::default()), Birth::WithItsDestination);
        for _ in 0..20 {
            state.ended(true, false, ms(0));
        }
        assert_eq!(state.turn(3, ms(0)), Err(Some(ms(1_000))));
        assert_eq!(state.turn(3, ms(1_000)), Ok(()));
        assert!(state.begin(ms(1_000)));
        assert_eq!(state.turn(3, ms(1_000)), Err(None));
        state.ended(false, true, ms(1_001));
        assert_eq!((state.turn(0, ms(1_001)), state.turn(1, ms(1_001))), (Ok(()), Err(None)));
    }

    proptest! {
        #[test]
        fn concurrency_is_never_exceeded_and_one_probe_is_made_at_a_time(
            concurrency in 1_u32..9, limit in proptest::option::of(1_u32..2_000), slow in any::<bool>(),
            steps in proptest::collection::vec((0_u8..10, 0_u64..300), 0..400),
        ) {
            let breaker = BreakerSettings { consecutive_failures: 4, probe_first: ms(20), probe_max: ms(90), ..BreakerSettings::default() };
            let rate = limit.map(|limit| RateSettings { limit, per: RateUnit::Second, burst: 3 });
            let birth = if slow { Birth::WithTheProcess } else { Birth::WithItsDestination };
            let mut state = State::new(&destination(concurrency, Pacing { rate, breaker, ..Pacing::default() }), birth);
            let (mut now, mut busy, mut probes, mut begun) = (Duration::ZERO, 0, 0, 0);
            for (step, waited_ms) in steps {
                now += ms(waited_ms);
                match step {
                    // An attempt ends; the probe first, where there is one.
                    0..=3 if busy > 0 => {
                        busy -= 1;
                        let was_probe = probes > 0;
                        probes = 0;
                        state.ended(step < 2, was_probe, now);
                    }
                    _ => while state.turn(busy, now).is_ok() {
                        busy += 1;
                        begun += 1;
                        probes += usize::from(state.begin(now));
                    },
                }
                prop_assert!(busy <= concurrency as usize && probes <= 1);
                if let Some(limit) = limit {
                    let allowed = f64::from(limit) * (now + rate::LATE_MAX).as_secs_f64() + 3.0;
                    prop_assert!(f64::from(begun) <= allowed + 1e-6);
                }
            }
        }
    }
}
