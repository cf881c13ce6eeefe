//! One client's stream: what it has missed since it was cut, then what happens, until one of the two has enough.
//!
//! It waits for its client, and nobody waits for it: what is to be sent next lies in the journal, or with the hub. It
//! ends when the client goes, when it may not be here any more, when it is too slow for the hub, at its time, and when the
//! listener stops.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use hookyard_model::id::ProjectId;
use hookyard_store::live::{Cursor, RowsError};
use hyper::body::{Body, Frame};
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio::time::{sleep, timeout};

use super::hub::{Heard, Round};
use super::message::{self, Filter};
use crate::guard::pass::Lapse;
use crate::server::Shared;

/// How long nothing is sent, at most.
const SILENCE_MAX: Duration = Duration::from_secs(15);
/// How soon a client is to come back after its stream broke.
const COME_BACK_AFTER: Duration = Duration::from_secs(1);
/// How long a client that may not be here any more may take to be told so.
const LAST_WORD_MAX: Duration = Duration::from_secs(1);
/// How long to wait where the store cannot be read.
const RETRY_EVERY: Duration = Duration::from_secs(1);

/// The body of an answer that goes on.
#[derive(Debug)]
pub(super) struct Sent(mpsc::Receiver<Bytes>);

impl Body for Sent {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let bytes = ready!(self.0.poll_recv(context));
        Poll::Ready(bytes.map(|bytes| Ok(Frame::data(bytes))))
    }
}

/// Why a stream ends.
struct Ended;

struct Stream {
    api: Arc<Shared>,
    project: ProjectId,
    filter: Filter,
    client: mpsc::Sender<Bytes>,
    /// Behind what was sent, or passed over.
    reached: Cursor,
}

/// Starts a stream, behind the cursor where there is one, until `lapse`.
pub(super) fn start(
    api: Arc<Shared>,
    project: ProjectId,
    (filter, after): (Filter, Option<Cursor>),
    lapse: impl Future<Output = Lapse> + Send + 'static,
    slot: OwnedSemaphorePermit,
) -> Sent {
    let (client, sent) = mpsc::channel(1);
    let reached = after.unwrap_or_else(|| api.store.now());
    let mut stream = Stream { api, project, filter, client, reached };
    tokio::spawn(async move {
        let mut stopping = stream.api.stopping.subscribe();
        let (client, time_max) = (stream.client.clone(), stream.api.live.limits.stream_time_max);
        let lapse = tokio::select! {
            lapse = lapse => Some(lapse),
            _ended = stream.run(after.is_some()) => None,
            () = client.closed() => None,
            () = sleep(time_max) => None,
            _stopped = stopping.wait_for(|stop| *stop) => None,
        };
        if let Some(lapse) = lapse {
            // Whoever does not even take that in time is cut without a word.
            let _ = timeout(LAST_WORD_MAX, client.send(message::end(lapse))).await;
        }
        drop(slot);
    });
    Sent(sent)
}

impl Stream {
    async fn run(&mut self, resumes: bool) -> Ended {
        let Err(ended) = self.send_all(resumes).await;
        ended
    }

    async fn send_all(&mut self, resumes: bool) -> Result<std::convert::Infallible, Ended> {
        let hub = Arc::clone(&self.api.live);
        // Before anything is read: what comes meanwhile is kept.
        let (mut listener, heard_from) = hub.listen(&self.api.store, self.project);
        self.send(message::beginning(self.reached, COME_BACK_AFTER.as_millis())).await?;
        if resumes {
            self.catch_up(heard_from).await?;
        }
        loop {
            match timeout(SILENCE_MAX, listener.next()).await {
                Err(_elapsed) => self.send(message::sign_of_life(self.reached)).await?,
                Ok(Heard::Round(round)) => self.tell(&round).await?,
                Ok(Heard::Missed(to)) => {
                    self.tell_gap(to).await?;
                    return Err(Ended);
                }
            }
        }
    }

    /// Sends what has happened since the cursor, at least up to where the hub goes on.
    async fn catch_up(&mut self, heard_from: Cursor) -> Result<(), Ended> {
        let bytes_max = self.api.live.limits.resume_bytes_max;
        let mut rows = loop {
            match self.api.store.rows_behind(self.project, self.reached, bytes_max).await {
                Ok(rows) => break rows,
                Err(RowsError::Gone) => return self.tell_gap(self.api.store.now()).await,
                Err(RowsError::Read(error)) => self.wait_for_the_store(&error).await,
            }
        };
        while rows.reached() < heard_from && !rows.is_at_end() {
            match rows.next().await {
                Ok(round) => self.tell(&Round::new(&self.api.store, &round)).await?,
                Err(RowsError::Gone) => return self.tell_gap(self.api.store.now()).await,
                Err(RowsError::Read(error)) => self.wait_for_the_store(&error).await,
            }
        }
        Ok(())
    }

    async fn wait_for_the_store(&self, error: &(dyn std::fmt::Display + Sync)) {
        tracing::error!(%error, "a live stream stands still until that works again");
        sleep(RETRY_EVERY).await;
    }

    /// Sends those messages of a round that the client wants and has not seen.
    async fn tell(&mut self, round: &Round) -> Result<(), Ended> {
        if round.is_gap && self.reached < round.to {
            return self.tell_gap(round.to).await;
        }
        let mut bytes = BytesMut::new();
        for message in &round.messages {
            if message.at >= self.reached && self.filter.wants(message) {
                bytes.extend_from_slice(&message.bytes);
            }
        }
        self.reached = self.reached.max(round.to);
        if bytes.is_empty() { Ok(()) } else { self.send(bytes.freeze()).await }
    }

    async fn tell_gap(&mut self, to: Cursor) -> Result<(), Ended> {
        let gap = message::gap(self.reached, to);
        self.reached = to;
        self.send(gap).await
    }

    async fn send(&self, bytes: Bytes) -> Result<(), Ended> {
        self.client.send(bytes).await.map_err(|_gone| Ended)
    }
}
