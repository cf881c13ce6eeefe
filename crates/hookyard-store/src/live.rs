//! Watching what happens as it happens: requests and attempts, once they are durable.
//!
//! - here: for who reads along, from one moment on.
//! - `rows`: for who keeps lists up to date, also from an earlier moment on. `cursor`: such a moment as text.

mod cursor;
mod rows;

use hookyard_model::attempt::Attempt;
use hookyard_model::id::RequestId;
use hookyard_model::request::{RejectCause, Request};
use tracing::error;

use crate::journal::follow::Item;
use crate::journal::record::{Kind, Position};
use crate::store::Store;
use crate::stored::refused::Refused;
use crate::stored::{attempt, request};

pub use cursor::{Cursor, NoCursor};
pub use rows::{About, Content, Round, Row, Rows, RowsError};

/// Something that has just become durable.
#[derive(Clone, Debug)]
pub enum Happening {
    /// A request arrived, accepted or rejected.
    Request(Box<Request>),
    /// An attempt was made.
    Attempt(Box<Attempt>),
    /// A request whose verification was pending is refused.
    Refused {
        /// Which one.
        request: RequestId,
        /// The kind of refusal.
        cause: RejectCause,
        /// The reason in a sentence.
        detail: String,
    },
}

/// What happens from one moment on, in order. A slow reader misses nothing: it reads from the journal.
#[derive(Debug)]
pub struct Live {
    store: Store,
    position: Position,
}

impl Store {
    /// Everything that happens from now on.
    pub fn live(&self) -> Live {
        Live { store: self.clone(), position: self.inner.journal.tail.committed().0 }
    }
}

impl Live {
    /// What has happened since the last call, at least one thing. Cancel-safe.
    pub async fn next(&mut self) -> Vec<Happening> {
        let store = self.store.clone();
        loop {
            let grown = store.inner.journal.tail.grown.notified();
            tokio::pin!(grown);
            grown.as_mut().enable();
            match store.inner.journal.tail.next(self.position) {
                Ok(Some(batch)) => {
                    let mut happenings = Vec::new();
                    let mut items = batch.items();
                    for item in items.by_ref() {
                        happenings.extend(read(item));
                    }
                    self.position = items.reached();
                    if !happenings.is_empty() {
                        return happenings;
                    }
                }
                Ok(None) => grown.await,
                Err(error) => {
                    error!(%error, "the journal cannot be followed");
                    grown.await;
                }
            }
        }
    }
}

fn read(item: Item) -> Option<Happening> {
    let Item::Record { kind, id, payload, .. } = item else { return None };
    match kind {
        Kind::Request => request::decode(id, payload).ok().map(|it| Happening::Request(Box::new(it))),
        Kind::Attempt => attempt::decode(payload).ok().map(|it| Happening::Attempt(Box::new(it.attempt))),
        Kind::Refused => Refused::decode(payload)
            .ok()
            .map(|Refused { request, cause, detail, .. }| Happening::Refused { request, cause, detail }),
        Kind::Routed | Kind::Changed | Kind::Replayed => None,
    }
}
