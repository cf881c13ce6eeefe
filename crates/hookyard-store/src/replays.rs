//! Replays: an event's request goes through today's rules of its connection once more.
//!
//! Somebody asks ([`Store::replay`]), the route stage applies the rules, and the record that says what came of it is
//! durable when the one who asked hears so. A process that dies before that has changed nothing.

use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use hookyard_model::event::{EventState, NotAllowed};
use hookyard_model::id::{DestinationId, EventId, ProjectId};
use hookyard_model::request::Fields;
use tokio::sync::{mpsc, oneshot};

use crate::accept::Unavailable;
use crate::arrivals::{Arrived, NewEvent};
use crate::by_hand::ByHandError;
use crate::history::{EventSummary, ReadError};
use crate::index::query;
use crate::journal::read;
use crate::journal::record::Kind;
use crate::store::Store;
use crate::stored::routed::Routed;

/// Replays that wait for the route stage; who asks for more waits as well.
const WAITING_MAX: usize = 64;
/// When to ask again while routing is not running, in seconds.
const RETRY_AFTER_S: u32 = 5;

/// An event that is to go through its rules once more.
#[derive(Debug)]
pub struct Replay {
    /// Its request.
    pub arrived: Arrived,
    /// Which of that request's events.
    pub event: EventId,
    destination: DestinationId,
    answer: oneshot::Sender<Result<NewEvent, Unavailable>>,
}

/// The way from those who ask to the route stage.
#[derive(Debug)]
pub(crate) struct Replays {
    asked: mpsc::Sender<Replay>,
    to_be_taken: Mutex<Option<mpsc::Receiver<Replay>>>,
}

impl Default for Replays {
    fn default() -> Self {
        let (asked, to_be_taken) = mpsc::channel(WAITING_MAX);
        Self { asked, to_be_taken: Mutex::new(Some(to_be_taken)) }
    }
}

fn not_running() -> Unavailable {
    Unavailable { cause: "routing is not running".to_owned(), retry_after_s: RETRY_AFTER_S }
}

impl Store {
    /// The events to be replayed, for the one route stage. None where it was taken before.
    pub fn replays(&self) -> Option<mpsc::Receiver<Replay>> {
        self.inner.replays.to_be_taken.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Sends the request of an event that has ended through the rules of its connection as they are now. What they
    /// make of it is durable when this returns: queued, scheduled or discarded.
    ///
    /// # Errors
    /// [`ByHandError`] where it cannot be: the event still waits, its connection is disabled or deleted, its request
    /// is past retention.
    pub async fn replay(&self, project: ProjectId, event: EventId) -> Result<EventSummary, ByHandError> {
        let summary = self.event(project, event).await?.ok_or(ByHandError::NotFound)?;
        // What still waits may be in its lane's memory, and goes as it was.
        if summary.state.is_undelivered() {
            return Err(NotAllowed { state: summary.state }.into());
        }
        self.require_deliverable(event.connection)?;
        let id = event.request;
        let arrived = self
            .look_up(move |inner| {
                let Some(row) = query::request(&inner.index.index, id.0)? else { return Ok(None) };
                let mut reader = read::Reader::new(&inner.journal.directory);
                match inner.read_request(&mut reader, id.0, row.position) {
                    Ok(request) => Ok(Some(Arrived { request: request.into(), position: row.position })),
                    Err(read::Error::Gone(_)) => Ok(None),
                    Err(error) => Err(ReadError(error.to_string()).into()),
                }
            })
            .await?;
        let arrived = arrived.ok_or(ByHandError::NotFound)?;
        if self.inner.replays.to_be_taken.lock().unwrap_or_else(PoisonError::into_inner).is_some() {
            return Err(not_running().into());
        }
        let (answer, answered) = oneshot::channel();
        let replay = Replay { arrived, event, destination: summary.destination, answer };
        self.inner.replays.asked.send(replay).await.map_err(|_gone| not_running())?;
        let new = answered.await.map_err(|_gone| not_running())??;
        Ok(EventSummary { state: new.state, due_at: new.due_at, discarded: new.ruling.discarded, ..summary })
    }

    /// Records what today's rules made of an event, and has its lane look for it.
    pub async fn record_replayed(&self, replay: Replay, fields: Fields, new: NewEvent) {
        let Replay { arrived, destination, answer, .. } = replay;
        let request = &arrived.request;
        let Some(source) = request.source else { return };
        let replayed = Routed {
            request: request.id,
            position: arrived.position,
            project: request.project,
            source,
            proof: None,
            fields,
            events: vec![new.leg(request)],
        };
        let recorded = async {
            let queue = &self.inner.journal.queue;
            let (id, done) = queue.append_awaited(Kind::Replayed, replayed.encode(), Bytes::new())?;
            self.inner.claims.written(&new, id);
            done.await.map_err(|_closing| not_running())??;
            Ok(new)
        };
        let recorded = recorded.await;
        if recorded.as_ref().is_ok_and(|new| matches!(new.state, EventState::Queued | EventState::Scheduled))
        {
            self.lane(destination).wake();
        }
        // Who asked may be gone; the event goes its way nevertheless.
        let _ = answer.send(recorded);
    }
}
