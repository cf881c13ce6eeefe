//! Reading the requests of a run to see whether they are what is looked for: forward through the journal, as disks like
//! it, and many records at a time where they lie together.

use hookyard_model::id::{EventId, RequestId};
use hookyard_model::request::Request;
use tracing::error;

use super::filter::Query;
use super::{LookUpError, RequestSummary, summarize};
use crate::index::fold::{EventRow, RequestRow};
use crate::index::wish;
use crate::journal::read;
use crate::journal::record::{Kind, Position};
use crate::store::Inner;
use crate::stored::request;

/// Records as near to each other as this are read together, in bytes.
const NEAR_BYTES: u32 = 64 << 10;

/// Reads requests at ascending positions.
struct Requests<'a> {
    reader: read::Reader<'a>,
}

impl Requests<'_> {
    /// The request at a position; none where it cannot be read, or went meanwhile. `next` is where the next one lies.
    fn read(&mut self, id: u64, position: Position, next: Option<Position>) -> Option<Request> {
        let is_near = next.is_some_and(|next| {
            next.segment == position.segment && next.offset.saturating_sub(position.offset) <= NEAR_BYTES
        });
        let record = if is_near { self.reader.record_ahead(position) } else { self.reader.record(position) };
        let decoded = record.and_then(|record| match record.kind {
            Kind::Request if record.id == id => {
                request::decode(id, record.payload).map_err(|_undecodable| read::Error::Damaged(position))
            }
            _ => Err(read::Error::Damaged(position)),
        });
        match decoded {
            Ok(request) => Some(request),
            Err(read::Error::Gone(_)) => None,
            Err(error) => {
                error!(request = %RequestId(id), %error, "a request cannot be searched");
                None
            }
        }
    }
}

impl Inner {
    /// Those of a run's requests that are what is looked for, newest first.
    pub(super) fn probe_requests(
        &self,
        query: &Query,
        found: Vec<(u64, RequestRow)>,
        limit: usize,
    ) -> Result<Vec<RequestSummary>, LookUpError> {
        let Some(probe) = &query.probe else { return Ok(Vec::new()) };
        let mut requests = Requests { reader: read::Reader::new(&self.journal.directory) };
        let mut rows = Vec::new();
        let mut found = found.into_iter().rev().peekable();
        while let Some((id, row)) = found.next() {
            let next = found.peek().map(|(_, next)| next.position);
            let Some(request) = requests.read(id, row.position, next) else { continue };
            let topic = row.decision.as_ref().and_then(|decision| decision.fields.topic.as_deref());
            if probe.finds(&request, topic) {
                rows.push(summarize(&request, &row));
            }
        }
        rows.reverse();
        rows.truncate(limit);
        Ok(rows)
    }

    /// Those of a run's events whose requests are what is looked for, newest first.
    pub(crate) fn probe_events(
        &self,
        query: &Query,
        found: Vec<(EventId, EventRow)>,
    ) -> Result<Vec<(EventId, EventRow)>, LookUpError> {
        let Some(probe) = &query.probe else { return Ok(found) };
        let mut requests = Requests { reader: read::Reader::new(&self.journal.directory) };
        let mut rows = Vec::new();
        // Of one request all events are, or none.
        let mut newest: Option<(RequestId, bool)> = None;
        let mut found = found.into_iter().rev().peekable();
        while let Some((event, row)) = found.next() {
            let known = newest.filter(|(request, _)| *request == event.request).map(|(_, is_found)| is_found);
            let is_found = match known {
                Some(is_found) => is_found,
                None => {
                    let next = found.peek().map(|(_, next)| next.position);
                    let topic = match probe.wants_topic() {
                        true => wish::topic(&self.index.index, event.request.0)?,
                        false => None,
                    };
                    let request = requests.read(event.request.0, row.position, next);
                    request.is_some_and(|request| probe.finds(&request, topic.as_deref()))
                }
            };
            newest = Some((event.request, is_found));
            if is_found {
                rows.push((event, row));
            }
        }
        rows.reverse();
        Ok(rows)
    }
}
