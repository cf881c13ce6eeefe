//! The connections that the workers of one lane share, where the server speaks HTTP/2.
//!
//! A worker that has an attempt to make is given a seat on the connection that it holds, or else on the first that has
//! one free. Where none has, one more is opened, by one worker at a time: the others wait for it, since they will
//! probably find room on it, and where it fails they would for the same reason. Not so where the server picks HTTP/1.1:
//! then each opens its own, as soon as that is known.
//!
//! **Invariants**
//! 1. Here connections are only known, not held. One is open as long as a worker sits on it or holds it, and
//!    a worker lets go of what it holds before it opens another: there are never more connections than workers.
//! 2. They belong to one compiled target of one lane; what waits here waits for that lane only.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use hookyard_model::attempt::{DeliveryError, ErrorKind};
use hookyard_model::destination::HttpVersion;
use http::uri::Scheme;
use tokio::sync::OwnedMutexGuard;
use tokio::time::Instant;

use crate::connector::Connector;
use crate::endpoint::Endpoint;
use crate::http1::OpenConnection;
use crate::http2::{Connection, Seat};
use crate::identity::Identity;
use crate::stage::Stage;
use crate::stream::Stream;
use crate::tls::{HTTP2, Offer};

/// The shared connections of one lane.
#[derive(Debug)]
pub struct SharedConnections {
    offer: Offer,
    /// In the order in which they were opened.
    known: Mutex<Vec<Weak<Connection>>>,
    /// Had by whoever opens one, until the server has said how many requests it takes.
    opening: Arc<tokio::sync::Mutex<Option<Failure>>>,
    /// Whether the server picked HTTP/1.1 when it was asked last.
    prefers_http1: AtomicBool,
}

/// How the last opening failed.
#[derive(Debug)]
struct Failure {
    at: Instant,
    error: DeliveryError,
}

type Turn = OwnedMutexGuard<Option<Failure>>;

/// Where a connection is to lead, and within what time.
#[derive(Clone, Copy, Debug)]
pub struct Way<'a> {
    /// Makes it.
    pub connector: &'a Connector,
    /// To here.
    pub endpoint: &'a Arc<Endpoint>,
    /// Who we are where TLS asks.
    pub identity: Option<&'a Identity>,
    /// When the attempt ends.
    pub deadline: Instant,
}

/// What an attempt is made over.
#[derive(Debug)]
pub enum Found {
    /// Room on a shared connection.
    Seat(Seat),
    /// A new connection of its own: the server speaks HTTP/1.1.
    Own(OpenConnection),
}

impl SharedConnections {
    /// None where nothing but HTTP/1.1 is spoken.
    pub fn new(version: HttpVersion, endpoint: &Endpoint) -> Option<Self> {
        let offer = match version {
            HttpVersion::Auto if endpoint.tls.is_some() => Offer::Either,
            HttpVersion::Auto | HttpVersion::One => return None,
            HttpVersion::Two => Offer::Http2,
        };
        let (known, opening) = (Mutex::default(), Arc::default());
        Some(Self { offer, known, opening, prefers_http1: AtomicBool::new(false) })
    }

    /// Finds a seat or opens a connection. `held` is the connection that the worker holds, `but_not` another one that
    /// is not to be used; `stage` says how far it came.
    ///
    /// # Errors
    /// As [`Connector::open`].
    pub async fn find(
        &self,
        held: Option<Arc<Connection>>,
        but_not: Option<&Weak<Connection>>,
        way: Way<'_>,
        stage: &mut Stage,
    ) -> Result<Found, DeliveryError> {
        if let Some(seat) = held.as_ref().and_then(Connection::seat).or_else(|| self.seat(but_not)) {
            return Ok(Found::Seat(seat));
        }
        drop(held);
        if self.prefers_http1() {
            return self.open(None, way, stage).await;
        }
        *stage = Stage::Sharing;
        let came = Instant::now();
        let turn = Arc::clone(&self.opening).lock_owned().await;
        if let Some(seat) = self.seat(but_not) {
            return Ok(Found::Seat(seat));
        }
        match &*turn {
            Some(failure) if failure.at >= came => Err(failure.error.clone()),
            _ => self.open(Some(turn).filter(|_| !self.prefers_http1()), way, stage).await,
        }
    }

    fn prefers_http1(&self) -> bool {
        self.prefers_http1.load(Ordering::Relaxed)
    }

    /// A seat on the first connection that has one.
    fn seat(&self, but_not: Option<&Weak<Connection>>) -> Option<Seat> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|one| one.strong_count() > 0);
        let wanted = known.iter().filter(|one| but_not.is_none_or(|not| !Weak::ptr_eq(one, not)));
        wanted.filter_map(Weak::upgrade).find_map(|one| one.seat())
    }

    async fn open(
        &self,
        mut turn: Option<Turn>,
        way: Way<'_>,
        stage: &mut Stage,
    ) -> Result<Found, DeliveryError> {
        let Way { connector, endpoint, identity, deadline } = way;
        let stream = connector.reach(endpoint, identity, self.offer, deadline, stage).await;
        let stream = stream.and_then(|stream| self.accepted(stream)).inspect_err(|error| {
            if let Some(turn) = &mut turn {
                **turn = Some(Failure { at: Instant::now(), error: error.clone() });
            }
        })?;
        let speaks_http2 = self.offer == Offer::Http2 || stream.picked() == Some(HTTP2);
        self.prefers_http1.store(!speaks_http2, Ordering::Relaxed);
        if !speaks_http2 {
            drop(turn);
            let own = OpenConnection::start(stream, Arc::clone(endpoint), connector.limits()).await?;
            return Ok(Found::Own(own));
        }
        let scheme = if endpoint.tls.is_some() { Scheme::HTTPS } else { Scheme::HTTP };
        let seat = Connection::start(stream, scheme, connector.limits(), turn).await?;
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.push(Arc::downgrade(seat.connection()));
        drop(known);
        Ok(Found::Seat(seat))
    }

    /// The connection, where the server did not turn down HTTP/2 although it must speak it.
    fn accepted(&self, stream: Stream) -> Result<Stream, DeliveryError> {
        let is_turned_down = stream.is_tls() && stream.picked() != Some(HTTP2);
        if self.offer == Offer::Http2 && is_turned_down {
            let detail = "the server does not offer HTTP/2: set the destination's http_version to `auto`";
            return Err(DeliveryError { kind: ErrorKind::Protocol, detail: detail.to_owned() });
        }
        Ok(stream)
    }
}
