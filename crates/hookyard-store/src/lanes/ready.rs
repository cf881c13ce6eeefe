//! An event that may be delivered, and what is delivered of it: in memory as long as lanes may keep so much, otherwise
//! read from the journal once more.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use hookyard_model::attempt::Trigger;
use hookyard_model::event::EventState;
use hookyard_model::id::{DestinationId, EventId};
use hookyard_model::order::OrderKey;
use hookyard_model::request::Request;
use hookyard_model::rule::Revision;

use super::shares::Line;
use crate::arrivals::{Arrived, NewEvent};
use crate::history::ReadError;
use crate::index::fold::EventRow;
use crate::journal::read;
use crate::journal::record::Position;
use crate::store::{Inner, Store};

/// An event that may be delivered now.
#[derive(Clone, Debug)]
pub struct Ready {
    /// Its identity.
    pub event: EventId,
    /// Where it goes.
    pub destination: DestinationId,
    /// How many attempts were made before.
    pub attempts: u32,
    /// Why the next attempt is made.
    pub trigger: Trigger,
    pub(super) line: Line,
    pub(super) order: Option<OrderKey>,
    /// What it tells of, where its connection wants only the latest; few have one.
    pub(super) revision: Option<Box<Revision>>,
    /// Whether a person wants it delivered although it is not.
    pub(super) regardless: bool,
    /// What is delivered, as far as it is in memory.
    pub(super) request: Option<Arc<Request>>,
    pub(super) content: Content,
    /// The request's, as it arrived.
    pub(super) position: Position,
    pub(super) last_position: Position,
}

/// Where what is delivered can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Content {
    /// It is the request as it arrived.
    AsItCame,
    /// Transformations made it; it stands in this record, of which fresh events do not know the position.
    Transformed(Option<Position>),
}

impl Ready {
    /// An event of a request that has just been routed.
    pub(crate) fn fresh(id: EventId, event: &NewEvent, arrived: &Arrived) -> Self {
        let (request, content) = match &event.transformed {
            None => (&arrived.request, Content::AsItCame),
            Some(transformed) => (transformed, Content::Transformed(None)),
        };
        Self {
            event: id,
            destination: event.destination,
            attempts: 0,
            trigger: Trigger::Initial,
            line: Line::Fresh,
            order: event.order,
            revision: event.ruling.revision.map(Box::new),
            regardless: false,
            request: Some(Arc::clone(request)),
            content,
            position: arrived.position,
            last_position: Position::default(),
        }
    }

    pub(super) fn loaded(event: EventId, row: &EventRow) -> Self {
        let trigger = match (row.by_hand, row.attempts) {
            (true, _) => Trigger::Manual,
            (false, 0) => Trigger::Initial,
            (false, _) => Trigger::Retry,
        };
        Self {
            event,
            destination: DestinationId(row.destination),
            attempts: row.attempts,
            trigger,
            line: if matches!(row.state, EventState::Scheduled) { Line::Due } else { Line::Fresh },
            order: row.order,
            revision: row.revision.map(Box::new),
            regardless: row.regardless,
            request: None,
            content: if row.transformed { Content::Transformed(Some(row.ruled)) } else { Content::AsItCame },
            position: row.position,
            last_position: row.last_position,
        }
    }

    /// One for tests, of which nothing is in memory.
    #[cfg(test)]
    pub(super) fn bare(event: EventId, line: Line) -> Self {
        Self {
            event,
            destination: DestinationId(1),
            attempts: 0,
            trigger: Trigger::Initial,
            line,
            order: None,
            revision: None,
            regardless: false,
            request: None,
            content: Content::AsItCame,
            position: Position::default(),
            last_position: Position::default(),
        }
    }

    /// What it tells of, where its connection wants only the latest.
    pub fn revision(&self) -> Option<&Revision> {
        self.revision.as_deref()
    }

    /// The same where a newer one is to end it, and nobody wants it delivered regardless.
    pub fn may_be_superseded(&self) -> Option<&Revision> {
        self.revision().filter(|_| !self.regardless)
    }

    /// Lets go of what is delivered, where that was read and the event is not to be put back.
    pub fn forget_request(&mut self) {
        self.request = None;
    }

    pub(super) fn bytes(&self) -> usize {
        self.request.as_ref().map_or(0, |request| request.head.len() + request.body.len())
    }
}

impl Store {
    /// The request of an event that a lane handed out.
    ///
    /// # Errors
    /// [`ReadError`] where its record is damaged or cannot be read.
    pub async fn request_of(&self, ready: &Ready) -> Result<Arc<Request>, ReadError> {
        if let Some(request) = &ready.request {
            return Ok(Arc::clone(request));
        }
        let inner = Arc::clone(&self.inner);
        let ready = ready.clone();
        let read = tokio::task::spawn_blocking(move || {
            inner.read_content(&mut read::Reader::new(&inner.journal.directory), &ready)
        });
        read.await.map_err(|error| ReadError(error.to_string()))?.map(Arc::new)
    }
}

impl Inner {
    /// Counts the request's bytes, or lets go of them where lanes keep too many already. False where they are too
    /// many and cannot be read again: then they are counted.
    pub(super) fn account(&self, ready: &mut Ready) -> bool {
        let bytes = ready.bytes();
        let is_too_much = self.lanes_bytes.load(Ordering::Relaxed) + bytes > self.lanes_bytes_max;
        if is_too_much && ready.content != Content::Transformed(None) {
            ready.request = None;
            return true;
        }
        self.lanes_bytes.fetch_add(bytes, Ordering::Relaxed);
        !is_too_much
    }

    /// The opposite of [`Inner::account`], for an event that leaves a lane's queue.
    pub(super) fn forget_bytes(&self, ready: &Ready) {
        self.lanes_bytes.fetch_sub(ready.bytes(), Ordering::Relaxed);
    }

    /// Reads what is delivered.
    fn read_content(&self, reader: &mut read::Reader<'_>, ready: &Ready) -> Result<Request, ReadError> {
        let request = self
            .read_request(reader, ready.event.request.0, ready.position)
            .map_err(|error| ReadError(error.to_string()))?;
        let Content::Transformed(Some(ruled)) = ready.content else { return Ok(request) };
        let transformed = self.leg(reader, ready.event, ruled)?.transformed;
        let transformed =
            transformed.ok_or_else(|| ReadError("the index points at another record".to_owned()))?;
        Ok(transformed.applied_to(request))
    }

    /// Reads the request of an event where it takes at most `bytes_max`; a failure shows at the attempt.
    pub(super) fn load_request(
        &self,
        reader: &mut read::Reader<'_>,
        mut ready: Ready,
        bytes_max: usize,
    ) -> Ready {
        if bytes_max > 0
            && let Ok(request) = self.read_content(reader, &ready)
            && request.head.len() + request.body.len() <= bytes_max
        {
            ready.request = Some(Arc::new(request));
        }
        ready
    }
}
