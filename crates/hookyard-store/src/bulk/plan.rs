//! What a bulk operation would do, before it is started. Nothing is changed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use hookyard_model::clock::Timestamp;
use hookyard_model::event::EventState;
use hookyard_model::id::{ConnectionId, DestinationId, EventId, ProjectId, RequestId};

use super::judge::{LeftOut, Standing, left_out};
use super::{COUNTED_MAX, NewOperation, Operation, Order, SAMPLE_MAX, StartError};
use crate::catalog::Snapshot;
use crate::history::{EVERY, EventSummary, ListError, LookUpError, Query, ReadError};
use crate::index::fold::EventRow;
use crate::index::scan::Scan;
use crate::index::tally::{Group, tally_in};
use crate::index::wish::{self, Wish};
use crate::search::{Caller, Work};
use crate::store::{Inner, Store};

/// Events that a step reads at a time.
pub(super) const PAGE_EVENTS: usize = 250;

/// What an operation would do.
#[derive(Clone, Debug)]
pub struct Plan {
    /// No request that the plan looked at has a greater id.
    pub up_to: RequestId,
    /// How many events the query finds.
    pub matched: u64,
    /// Whether there are not more; the counts are minima otherwise.
    pub is_exact: bool,
    /// How many in each state, as people are shown it, in the order of the states.
    pub states: Vec<(EventState, u64)>,
    /// To how many something would be done.
    pub to_do: u64,
    /// How many would be left out, by the reason.
    pub left_out: BTreeMap<LeftOut, u64>,
    /// The newest of those to which something would be done, looked for among the newest that the query finds.
    pub sample: Vec<EventSummary>,
}

/// Events that were counted, and the newest of them.
#[derive(Default)]
struct Counted {
    groups: Vec<Group>,
    newest: Vec<(EventId, EventRow)>,
    is_exact: bool,
}

impl Store {
    /// What an operation would do at this moment. Where requests have to be read for it, it counts no longer than a
    /// search may take.
    ///
    /// # Errors
    /// [`ListError`] where the index cannot be read, or too many search.
    pub async fn plan_bulk(&self, project: ProjectId, order: Order) -> Result<Plan, ListError> {
        // What has ended a moment ago is to be counted as such.
        self.settle().await;
        let up_to = self.newest_up_to(order.up_to);
        let snapshot = self.catalog().snapshot();
        let caller = Caller::default();
        let gone = caller.gone();
        let slot = match order.filter.content.is_wanted() {
            true => Some(self.inner.searches.slot(&caller).await?),
            false => None,
        };
        let plan = self
            .look_up_behind(move |inner| {
                let _slot = &slot;
                let query = inner.bulk_query(project, &order, before(up_to))?;
                let counted = inner.count_events(&query, &gone)?;
                let page = counted.newest.iter();
                let to_do = page.filter(|(id, row)| inner.left_out(&order, &snapshot, *id, row).is_none());
                let sample = to_do.take(SAMPLE_MAX).map(|(id, row)| inner.event_summary(*id, row));
                let sample = sample.collect::<Result<_, _>>()?;
                Ok(inner.sum_up(&order, &snapshot, &counted, up_to, sample))
            })
            .await?;
        drop(caller);
        Ok(plan)
    }

    /// Starts an operation; it is durable when this returns, and is carried out by [`Store::run_bulk_operations`].
    ///
    /// # Errors
    /// [`StartError`] where another one is running, or there is more to do than was expected.
    pub async fn start_bulk(&self, project: ProjectId, new: NewOperation) -> Result<Operation, StartError> {
        let plan = self.plan_bulk(project, new.order.clone()).await?;
        let is_more = |max: &u64| plan.to_do > *max || !plan.is_exact;
        if let Some(events_max) = new.events_max.filter(is_more) {
            let (action, is_exact) = (new.order.action, plan.is_exact);
            return Err(StartError::MoreEvents { action, to_do: plan.to_do, is_exact, events_max });
        }
        let order = Order { up_to: Some(plan.up_to), ..new.order };
        let operations = Arc::clone(&self.inner.bulk);
        operations.start(project, order, new.rate_per_s, &plan).await
    }

    /// The newest request that can be meant: nothing that arrives later is.
    fn newest_up_to(&self, asked: Option<RequestId>) -> RequestId {
        let newest = RequestId(self.inner.journal.tail.committed().1);
        asked.map_or(newest, |asked| asked.min(newest))
    }
}

fn group_of(event: EventId, row: &EventRow, now: Timestamp) -> Group {
    Group {
        state: row.state,
        connection: event.connection,
        destination: DestinationId(row.destination),
        is_due: row.state == EventState::Scheduled && row.due_us <= now.us(),
        discarded: row.discarded,
        count: 1,
    }
}

/// Where reading begins that goes from this request to older ones.
pub(super) const fn before(up_to: RequestId) -> EventId {
    EventId { request: RequestId(up_to.0.saturating_add(1)), connection: ConnectionId(0) }
}

impl Inner {
    /// How the events are looked for that an operation has still to look at.
    pub(super) fn bulk_query(
        &self,
        project: ProjectId,
        order: &Order,
        before: EventId,
    ) -> Result<Query, ReadError> {
        Ok(self.event_query(project, &order.filter)?.before_event(Some(before)))
    }

    /// Counts events, up to [`COUNTED_MAX`].
    fn count_events(&self, query: &Query, gone: &Arc<AtomicBool>) -> Result<Counted, LookUpError> {
        let now = self.clock.now();
        let mut work = match query.probe {
            Some(_) => self.work(query, gone),
            None => Work::until_done(Arc::clone(gone)),
        };
        let mut counted = Counted::default();
        if query.probe.is_none() {
            counted.newest = self.gather_events(query, &mut self.work(query, gone), PAGE_EVENTS)?.rows;
        }
        let mut scan = Scan::new(&self.index.index, query.bounds.clone(), work.reads_bodies());
        let mut matched = 0;
        while let Some(run) = scan.next()? {
            let wish = Wish { conditions: &query.conditions, through: query.through, limit: EVERY };
            let groups = if query.probe.is_some() {
                let found = self.probe_events(query, wish::events_in(&run, wish)?)?;
                let groups = found.iter().map(|(event, row)| group_of(*event, row, now)).collect();
                let room = PAGE_EVENTS.saturating_sub(counted.newest.len());
                counted.newest.extend(found.into_iter().take(room));
                groups
            } else {
                tally_in(&run, wish, now)?
            };
            matched += groups.iter().map(|group: &Group| group.count).sum::<u64>();
            counted.groups.extend(groups);
            if matched >= COUNTED_MAX || work.is_over() {
                return Ok(counted);
            }
            work.rest();
        }
        counted.is_exact = true;
        Ok(counted)
    }

    /// Why an event is left out; none where it is not.
    pub(super) fn left_out(
        &self,
        order: &Order,
        snapshot: &Snapshot,
        event: EventId,
        row: &EventRow,
    ) -> Option<LeftOut> {
        let is_due = row.state == EventState::Scheduled && row.due_us <= self.clock.now().us();
        let (state, discarded, connection) = (row.state, row.discarded, event.connection);
        left_out(order, snapshot, Standing { state, is_due, discarded, connection })
    }

    fn sum_up(
        &self,
        order: &Order,
        snapshot: &Snapshot,
        counted: &Counted,
        up_to: RequestId,
        sample: Vec<EventSummary>,
    ) -> Plan {
        let withheld: BTreeSet<_> = self.all_withheld().into_iter().collect();
        let (mut matched, mut to_do) = (0, 0);
        let (mut by_code, mut reasons) = (BTreeMap::new(), BTreeMap::new());
        for group in &counted.groups {
            let Group { state, connection, destination, is_due, discarded, count } = *group;
            let could_go = state == EventState::Queued || is_due;
            let shown = if could_go && withheld.contains(&destination) { EventState::Held } else { state };
            *by_code.entry(shown.code()).or_insert(0) += count;
            matched += count;
            match left_out(order, snapshot, Standing { state, is_due, discarded, connection }) {
                Some(why) => *reasons.entry(why).or_insert(0) += count,
                None => to_do += count,
            }
        }
        let named = |(code, count)| Some((EventState::from_code(code)?, count));
        Plan {
            up_to,
            matched,
            is_exact: counted.is_exact,
            states: by_code.into_iter().filter_map(named).collect(),
            to_do,
            left_out: reasons,
            sample,
        }
    }
}
