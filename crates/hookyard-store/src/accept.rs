//! Ingest's side of the store: make a request durable, or note why it was refused.
//!
//! **Invariant:** [`Store::accept`] returns an id only after the request's bytes have been
//! `fdatasync`ed. Refused requests and answered handshakes are written with whatever is written next, and
//! nobody waits for them.

use std::net::IpAddr;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use hookyard_model::clock::Timestamp;
use hookyard_model::id::{ProjectId, RequestId, SourceId};
use hookyard_model::request::{Proof, RejectCause};

use crate::journal::queue::Class;
use crate::journal::record::Kind;
use crate::store::Store;
use crate::stored::request;

/// What senders are told to wait while the process restarts, in seconds.
const CLOSING_RETRY_AFTER_S: u32 = 5;

/// A request that is to be made durable: verified, or to be verified before it is routed.
#[derive(Debug)]
pub struct Arrival {
    /// The source's project.
    pub project: ProjectId,
    /// The source it came in at.
    pub source: SourceId,
    /// What was proved. None where a key has to be fetched first: its verification is then pending.
    pub proof: Option<Proof>,
    /// When its last byte had arrived.
    pub received_at: Timestamp,
    /// The sender's address as the socket had it.
    pub remote: IpAddr,
    /// Request line and header lines as they came, up to and with the empty line.
    pub head: Bytes,
    /// The body, transfer coding removed.
    pub body: Bytes,
}

/// A refused request that is to be noted for the person who asks why.
#[derive(Debug)]
pub struct Rejection {
    /// The source's project, or the `default` project where no source was found.
    pub project: ProjectId,
    /// The source, where one was found.
    pub source: Option<SourceId>,
    /// When it was refused.
    pub received_at: Timestamp,
    /// The sender's address as the socket had it.
    pub remote: IpAddr,
    /// Request line and header lines as they came, up to and with the empty line.
    pub head: Bytes,
    /// As much of the body as is to be kept.
    pub body: Bytes,
    /// How long the body was, as far as it was read, in bytes.
    pub body_bytes: u64,
    /// The kind of refusal.
    pub cause: RejectCause,
    /// The reason in a sentence, for the source's owner.
    pub detail: String,
}

/// A provider's handshake that is answered; noted for the person who sets the source up.
#[derive(Debug)]
pub struct Answered {
    /// The source's project.
    pub project: ProjectId,
    /// The source it came in at.
    pub source: SourceId,
    /// When its last byte had arrived.
    pub received_at: Timestamp,
    /// The sender's address as the socket had it.
    pub remote: IpAddr,
    /// Request line and header lines as they came, up to and with the empty line.
    pub head: Bytes,
    /// As much of the body as is to be kept.
    pub body: Bytes,
    /// How long the body was, in bytes.
    pub body_bytes: u64,
    /// What kind of handshake it was, for a person.
    pub detail: String,
}

/// The store cannot take a request now: the disk is full or failing, too much is waiting, or it closes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the store cannot take requests: {cause}; try again in {retry_after_s} s")]
pub struct Unavailable {
    /// What is wrong, for logs and readiness; not for the sender.
    pub cause: String,
    /// When it is worth trying again, in seconds.
    pub retry_after_s: u32,
}

impl Store {
    /// Makes a request durable. The id is returned only after its bytes were synced to disk.
    ///
    /// # Errors
    /// [`Unavailable`] where that cannot be done now; the request is then not stored, and is never routed.
    pub async fn accept(&self, arrival: Arrival) -> Result<RequestId, Unavailable> {
        let (head, body) = request::encode_accepted(&arrival);
        // Whatever buffers it shares with its connection are free for the next request.
        drop(arrival);
        let (id, done) = self.inner.journal.queue.append_awaited(Kind::Request, head, body)?;
        match done.await {
            Ok(told) => told.map(|_durable| RequestId(id)),
            Err(_dropped) => Err(Unavailable {
                cause: "the store is closing".to_owned(),
                retry_after_s: CLOSING_RETRY_AFTER_S,
            }),
        }
    }

    /// Notes a refused request. It is dropped, and counted, where too many are waiting to be written.
    pub fn reject(&self, rejection: Rejection) {
        let head = request::encode_rejected(&rejection);
        self.note(head, rejection.body);
    }

    /// Notes a handshake that is answered. Nobody waits for that, as nothing depends on it; it is dropped,
    /// and counted, like a refused request.
    pub fn note_answered(&self, answered: Answered) {
        let head = request::encode_answered(&answered);
        self.note(head, answered.body);
    }

    fn note(&self, head: Vec<u8>, body: Bytes) {
        let noted = self.inner.journal.queue.append(Kind::Request, Class::Droppable, head, body);
        if noted.is_none() {
            self.inner.rejections_dropped.fetch_add(1, Ordering::Relaxed);
        }
    }
}
