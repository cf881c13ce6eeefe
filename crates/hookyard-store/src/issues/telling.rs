//! What an alert has told of an issue, and what it tells next: decided here, stored elsewhere.
//!
//! ```text
//!                 due now, or held back until
//!    opens ──►  an interval is over since it      ──► told to be open ──► resolved ──► told to be resolved
//!                 was told last                                    ▲
//!                    │ resolved while held back                    └─ opens again: not told before it is time
//!                    ▼
//!                 nothing is told
//! ```
//! **Invariants**
//! 1. An opening that is not held back is told, also where the issue is resolved before that has worked.
//! 2. A resolution is told only of what was told to be open.

use std::time::Duration;

use hookyard_model::clock::Timestamp;

use crate::alerts::News;

/// How it stands between an alert and an issue.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct State {
    /// What was told, or given up.
    pub(super) number: u64,
    /// That it opened, or opened again, and when, where that is to be told.
    pub(super) opening: Option<(News, Timestamp)>,
    /// Whether its resolution is to be told, behind that.
    pub(super) resolution: bool,
    /// How often it opened since it was told.
    pub(super) openings: u64,
    /// When what comes next is told.
    pub(super) due_at: Timestamp,
    /// When that was tried first.
    pub(super) since: Timestamp,
    /// How often that failed.
    pub(super) tries: u32,
    /// When it was told to be open last.
    pub(super) told_at: Option<Timestamp>,
    /// Whether it was, and not to be resolved since.
    pub(super) is_told: bool,
}

impl State {
    /// What is to be told next; it is due at `due_at`.
    pub(super) fn next(&self) -> Option<News> {
        self.opening.map(|(news, _)| news).or(self.resolution.then_some(News::Resolved))
    }

    /// Takes in what became of the issue at some time.
    pub(super) fn take_in(
        &mut self,
        news: News,
        at: Timestamp,
        now: Timestamp,
        interval: Duration,
        resolutions: bool,
    ) {
        match news {
            News::Opened | News::Reopened => self.opened(news, at, now, interval),
            News::Resolved => self.resolved(now, resolutions),
        }
    }

    fn opened(&mut self, news: News, at: Timestamp, now: Timestamp, interval: Duration) {
        self.openings += 1;
        // What was not told yet no longer holds.
        self.resolution = false;
        if self.opening.is_none() {
            self.opening = Some((news, at));
            self.begin(self.told_at.map_or(now, |told_at| now.max(told_at.plus(interval))));
        }
    }

    fn resolved(&mut self, now: Timestamp, resolutions: bool) {
        let is_held_back = self.tries == 0 && self.due_at > now;
        if self.opening.is_some() && !is_held_back {
            self.resolution = resolutions;
            return;
        }
        self.opening = None;
        if self.is_told && resolutions && !self.resolution {
            self.resolution = true;
            self.begin(now);
        }
    }

    fn begin(&mut self, due_at: Timestamp) {
        (self.due_at, self.since, self.tries) = (due_at, due_at, 0);
    }

    /// Notes that something was told, with so many openings.
    pub(super) fn told(&mut self, news: News, openings: u64, now: Timestamp) {
        match news {
            News::Opened | News::Reopened => {
                self.openings = self.openings.saturating_sub(openings);
                (self.told_at, self.is_told) = (Some(now), true);
                self.end(news, now);
            }
            News::Resolved => {
                self.is_told = false;
                self.end(news, now);
            }
        }
    }

    /// Notes that telling something failed, and when it is tried again.
    pub(super) fn failed(&mut self, news: News, again_at: Timestamp) {
        if self.next() == Some(news) {
            self.tries += 1;
            self.due_at = again_at;
        }
    }

    /// Notes that something is not tried any more.
    pub(super) fn give_up(&mut self, news: News, now: Timestamp) {
        self.is_told = false;
        // What nobody knows to be open needs no end.
        self.resolution = false;
        self.openings = 0;
        self.end(news, now);
    }

    /// What is told next begins anew; where something else has come in between, that stays as it is.
    fn end(&mut self, news: News, now: Timestamp) {
        self.number += 1;
        if self.next() != Some(news) {
            return;
        }
        match news {
            News::Opened | News::Reopened => self.opening = None,
            News::Resolved => self.resolution = false,
        }
        self.begin(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    const fn at(minutes: u64) -> Timestamp {
        Timestamp::from_ms(1_760_000_000_000 + minutes * 60_000)
    }

    /// An issue whose alert tells resolutions, and opening at most once an hour.
    fn happens(state: &mut State, news: News, minutes: u64) {
        state.take_in(news, at(minutes), at(minutes), HOUR, true);
    }

    fn next(state: &State) -> Option<(News, Timestamp)> {
        state.next().map(|news| (news, state.due_at))
    }

    fn opened_and_told() -> State {
        let mut state = State::default();
        happens(&mut state, News::Opened, 0);
        assert_eq!(next(&state), Some((News::Opened, at(0))));
        state.told(News::Opened, state.openings, at(0));
        assert_eq!((next(&state), state.openings, state.number), (None, 0, 1));
        state
    }

    #[test]
    fn what_opens_is_told_and_then_its_resolution() {
        let mut state = opened_and_told();
        happens(&mut state, News::Resolved, 1);
        assert_eq!(next(&state), Some((News::Resolved, at(1))));
        state.told(News::Resolved, 0, at(1));
        assert_eq!((next(&state), state.is_told, state.number), (None, false, 2));
        // What was not told to be open is not told to be over.
        happens(&mut state, News::Resolved, 2);
        assert_eq!(next(&state), None);
    }

    #[test]
    fn what_flaps_is_told_once_in_an_interval_and_only_where_it_is_still_open() {
        let mut state = opened_and_told();
        happens(&mut state, News::Resolved, 1);
        state.told(News::Resolved, 0, at(1));
        for minutes in [2, 4, 6] {
            happens(&mut state, News::Reopened, minutes);
            assert_eq!(next(&state), Some((News::Reopened, at(60))));
            happens(&mut state, News::Resolved, minutes + 1);
            assert_eq!(next(&state), None);
        }
        happens(&mut state, News::Reopened, 8);
        assert_eq!((next(&state), state.openings), (Some((News::Reopened, at(60))), 4));
        state.told(News::Reopened, 4, at(60));
        assert_eq!((next(&state), state.openings, state.told_at), (None, 0, Some(at(60))));
        happens(&mut state, News::Resolved, 300);
        state.told(News::Resolved, 0, at(300));
        happens(&mut state, News::Reopened, 301);
        assert_eq!(next(&state), Some((News::Reopened, at(301))), "the interval is over");
    }

    #[test]
    fn an_opening_that_fails_is_told_though_it_is_over_and_the_resolution_behind_it() {
        let mut state = State::default();
        happens(&mut state, News::Opened, 0);
        state.failed(News::Opened, at(1));
        happens(&mut state, News::Resolved, 0);
        assert_eq!((next(&state), state.tries), (Some((News::Opened, at(1))), 1));
        state.told(News::Opened, 1, at(2));
        assert_eq!((next(&state), state.tries), (Some((News::Resolved, at(2))), 0));
        // It opens again before that could be told.
        state.failed(News::Resolved, at(3));
        happens(&mut state, News::Reopened, 3);
        assert_eq!((next(&state), state.tries), (Some((News::Reopened, at(62))), 0));
        // It is over again: that it had opened was told, that it was over was not.
        happens(&mut state, News::Resolved, 4);
        assert_eq!(next(&state), Some((News::Resolved, at(4))));
    }

    #[test]
    fn what_comes_while_something_is_being_told_is_not_lost() {
        let mut state = opened_and_told();
        happens(&mut state, News::Resolved, 1);
        happens(&mut state, News::Reopened, 1);
        // The resolution was on its way, and arrives.
        state.told(News::Resolved, 0, at(2));
        assert_eq!(next(&state), Some((News::Reopened, at(60))));
        let mut state = opened_and_told();
        happens(&mut state, News::Resolved, 1);
        happens(&mut state, News::Reopened, 1);
        state.failed(News::Resolved, at(5));
        assert_eq!(next(&state), Some((News::Reopened, at(60))));
    }

    #[test]
    fn what_is_given_up_is_not_told_to_be_over() {
        let mut state = State::default();
        happens(&mut state, News::Opened, 0);
        state.failed(News::Opened, at(1));
        happens(&mut state, News::Resolved, 1);
        state.give_up(News::Opened, at(2));
        assert_eq!((next(&state), state.number), (None, 1));
        happens(&mut state, News::Reopened, 3);
        assert_eq!(next(&state), Some((News::Reopened, at(3))), "nothing was told, so nothing is held back");
    }

    #[test]
    fn resolutions_are_told_only_where_they_are_wanted() {
        let mut state = opened_and_told();
        state.take_in(News::Resolved, at(1), at(1), HOUR, false);
        assert_eq!(next(&state), None);
        state.take_in(News::Reopened, at(2), at(2), HOUR, false);
        state.take_in(News::Resolved, at(3), at(3), HOUR, false);
        assert_eq!(next(&state), None);
    }
}
