//! What waits in a lane's memory, and which of it comes next: the one place where that is decided.
//!
//! Each connection has its *share*, in two *lines*: events that have just come, and those whose time has come,
//! which are retries. Connections take turns, and so do the two lines of one connection; within a line the
//! first in is the first out. So neither a connection with a million events nor a storm of retries delays the
//! others by more than a turn.
//!
//! **Invariant:** a connection has a turn exactly while something of it waits.

use std::collections::VecDeque;

use hookyard_model::id::ConnectionId;
use rustc_hash::FxHashMap;

use super::Ready;

/// Shares without events that are kept, with their memory, for the next one.
const EMPTY_SHARES_KEPT: usize = 16;

/// Which line of its connection an event stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Line {
    /// It has just come, or was queued by a person.
    Fresh,
    /// It was scheduled, and its time has come.
    Due,
}

impl Line {
    pub(super) const BOTH: [Self; 2] = [Self::Fresh, Self::Due];
}

/// A line of a connection.
pub(super) type Place = (ConnectionId, Line);

#[derive(Debug, Default)]
struct Share {
    fresh: VecDeque<Ready>,
    due: VecDeque<Ready>,
    due_is_next: bool,
}

impl Share {
    fn is_empty(&self) -> bool {
        self.fresh.is_empty() && self.due.is_empty()
    }

    fn line(&self, line: Line) -> &VecDeque<Ready> {
        match line {
            Line::Fresh => &self.fresh,
            Line::Due => &self.due,
        }
    }

    fn line_mut(&mut self, line: Line) -> &mut VecDeque<Ready> {
        match line {
            Line::Fresh => &mut self.fresh,
            Line::Due => &mut self.due,
        }
    }

    fn pop(&mut self) -> Option<Ready> {
        let (first, then) =
            if self.due_is_next { (Line::Due, Line::Fresh) } else { (Line::Fresh, Line::Due) };
        let ready = self.line_mut(first).pop_front().or_else(|| self.line_mut(then).pop_front())?;
        self.due_is_next = ready.line == Line::Fresh;
        Some(ready)
    }
}

/// The events that wait in memory.
#[derive(Debug, Default)]
pub(super) struct Shares {
    of: FxHashMap<ConnectionId, Share>,
    /// The connections of which something waits; the first is next.
    turns: VecDeque<ConnectionId>,
    len: usize,
}

impl Shares {
    pub(super) const fn len(&self) -> usize {
        self.len
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The event whose turn it is.
    pub(super) fn pop(&mut self) -> Option<Ready> {
        let connection = self.turns.pop_front()?;
        let share = self.of.get_mut(&connection)?;
        let ready = share.pop()?;
        self.len -= 1;
        if !share.is_empty() {
            self.turns.push_back(connection);
        } else if self.of.len() > EMPTY_SHARES_KEPT {
            self.of.remove(&connection);
        }
        Some(ready)
    }

    /// Puts an event at the end of its line.
    pub(super) fn push(&mut self, ready: Ready) {
        let connection = ready.event.connection;
        let share = self.of.entry(connection).or_default();
        if share.is_empty() {
            self.turns.push_back(connection);
        }
        share.line_mut(ready.line).push_back(ready);
        self.len += 1;
    }

    /// Makes an event the next one.
    pub(super) fn push_first(&mut self, ready: Ready) {
        let connection = ready.event.connection;
        self.turns.retain(|other| *other != connection);
        self.turns.push_front(connection);
        let share = self.of.entry(connection).or_default();
        share.due_is_next = ready.line == Line::Due;
        share.line_mut(ready.line).push_front(ready);
        self.len += 1;
    }

    /// How many events stand in a line.
    pub(super) fn len_of(&self, (connection, line): Place) -> usize {
        self.of.get(&connection).map_or(0, |share| share.line(line).len())
    }

    /// The lines in which something waits, and how much.
    pub(super) fn lines(&self) -> impl Iterator<Item = (Place, usize)> {
        let of_share = |(connection, share): (&ConnectionId, &Share)| {
            let connection = *connection;
            Line::BOTH.map(|line| ((connection, line), share.line(line).len()))
        };
        self.of.iter().flat_map(of_share).filter(|(_, len)| *len > 0)
    }

    /// Gives up the last event of the longest line for one that stands in `place`, unless that would leave
    /// the two lines no more alike than they are.
    pub(super) fn give_way_to(&mut self, place: Place) -> Option<Ready> {
        let own = self.len_of(place);
        let ((connection, line), longest) = self.lines().max_by_key(|(place, len)| (*len, *place))?;
        if longest <= own + 1 {
            return None;
        }
        let ready = self.of.get_mut(&connection)?.line_mut(line).pop_back()?;
        self.len -= 1;
        Some(ready)
    }

    /// Keeps only the events for which `keep` says so.
    pub(super) fn retain(&mut self, mut keep: impl FnMut(&Ready) -> bool) {
        for share in self.of.values_mut() {
            share.fresh.retain(&mut keep);
            share.due.retain(&mut keep);
        }
        let Self { of, turns, len } = self;
        turns.retain(|connection| of.get(connection).is_some_and(|share| !share.is_empty()));
        *len = of.values().map(|share| share.fresh.len() + share.due.len()).sum();
    }

    /// Takes everything out.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = Ready> + use<> {
        let all = std::mem::take(self);
        all.of.into_values().flat_map(|share| share.fresh.into_iter().chain(share.due))
    }
}

/// Lines of which something may wait in the index only.
#[derive(Debug, Default)]
pub(super) struct Behind {
    /// All of them: nobody has looked yet, or somebody knows that there is something new.
    pub(super) all: bool,
    lines: rustc_hash::FxHashSet<Place>,
}

impl Behind {
    /// Nobody has looked yet.
    pub(super) fn everything() -> Self {
        Self { all: true, ..Self::default() }
    }

    pub(super) fn any(&self) -> bool {
        self.all || !self.lines.is_empty()
    }

    pub(super) fn has(&self, place: Place) -> bool {
        self.all || (!self.lines.is_empty() && self.lines.contains(&place))
    }

    pub(super) fn add(&mut self, place: Place) {
        self.lines.insert(place);
    }

    /// Whether the index should be looked at: there is room for many, or a line that has nothing in memory
    /// would have to wait for others to become shorter.
    pub(super) fn wants_look(&self, waiting: &Shares, events_max: usize) -> bool {
        if waiting.len() <= events_max / 2 {
            return self.any();
        }
        let starves = || self.lines.iter().any(|place| waiting.len_of(*place) == 0);
        (self.all && waiting.len() < events_max) || (waiting.len() <= events_max / 4 * 3 && starves())
    }
}

#[cfg(test)]
mod tests {
    use hookyard_model::id::{EventId, RequestId};
    use proptest::prelude::*;

    use super::*;

    fn event(connection: u64, line: Line, number: u64) -> Ready {
        Ready::bare(EventId { request: RequestId(number), connection: ConnectionId(connection) }, line)
    }

    fn numbers(shares: &mut Shares) -> Vec<u64> {
        std::iter::from_fn(|| shares.pop()).map(|ready| ready.event.request.0).collect()
    }

    #[test]
    fn connections_take_turns_and_so_do_fresh_events_and_retries() {
        let mut shares = Shares::default();
        for number in 0..4 {
            shares.push(event(1, Line::Fresh, number));
            shares.push(event(1, Line::Due, 10 + number));
        }
        shares.push(event(2, Line::Fresh, 20));
        shares.push(event(3, Line::Due, 30));
        assert_eq!(numbers(&mut shares), [0, 20, 30, 10, 1, 11, 2, 12, 3, 13]);
        assert!(shares.is_empty() && shares.pop().is_none());
    }

    #[test]
    fn what_is_put_back_is_next() {
        let mut shares = Shares::default();
        for (connection, line, number) in [(1, Line::Fresh, 1), (2, Line::Fresh, 2), (2, Line::Due, 3)] {
            shares.push(event(connection, line, number));
        }
        shares.push_first(event(2, Line::Due, 4));
        shares.push_first(event(5, Line::Fresh, 5));
        assert_eq!(numbers(&mut shares), [5, 4, 1, 2, 3]);
    }

    #[test]
    fn the_longest_line_gives_way_to_a_shorter_one() {
        let mut shares = Shares::default();
        for number in 0..3 {
            shares.push(event(1, Line::Due, number));
        }
        shares.push(event(2, Line::Fresh, 9));
        let given_up = |shares: &mut Shares, connection, line| {
            shares.give_way_to((ConnectionId(connection), line)).map(|ready| ready.event.request.0)
        };
        assert_eq!(given_up(&mut shares, 1, Line::Due), None);
        assert_eq!(given_up(&mut shares, 1, Line::Fresh), Some(2));
        assert_eq!(given_up(&mut shares, 2, Line::Fresh), None);
        assert_eq!(given_up(&mut shares, 3, Line::Fresh), Some(1));
        assert_eq!(given_up(&mut shares, 3, Line::Fresh), None);
        assert_eq!(numbers(&mut shares), [0, 9]);
    }

    proptest! {
        #[test]
        fn nothing_is_lost_and_nobody_waits_longer_than_a_turn_of_all(
            pushed in proptest::collection::vec((0_u64..5, any::<bool>()), 0..200),
        ) {
            let mut shares = Shares::default();
            for (number, (connection, due)) in pushed.iter().enumerate() {
                let line = if *due { Line::Due } else { Line::Fresh };
                shares.push(event(*connection, line, number as u64));
            }
            prop_assert_eq!(shares.len(), pushed.len());
            let popped: Vec<Ready> = std::iter::from_fn(|| shares.pop()).collect();
            prop_assert_eq!(popped.len(), pushed.len());
            for connection in 0..5 {
                for line in Line::BOTH {
                    let own: Vec<(usize, u64)> = popped
                        .iter()
                        .enumerate()
                        .filter(|(_, it)| it.event.connection.0 == connection && it.line == line)
                        .map(|(at, it)| (at, it.event.request.0))
                        .collect();
                    // In the order in which they came; at most a turn of each connection between two, twice
                    // where the connection's other line has its turn.
                    prop_assert!(own.windows(2).all(|two| two[0].1 < two[1].1 && two[1].0 - two[0].0 <= 10));
                    prop_assert!(own.first().is_none_or(|(at, _)| *at < 10));
                }
            }
        }
    }
}
