//! From records to rows: what a run of the journal comes to, per partition, before it is written.
//!
//! An event that is made, delivered and done within one run becomes one row, written once.

use std::borrow::Cow;
use std::collections::hash_map::Entry;

use hookyard_model::clock::Timestamp;
use hookyard_model::event::EventState;
use hookyard_model::id::{ConnectionId, EventId, RequestId};
use hookyard_model::order::OrderKey;
use hookyard_model::request::Fields;
use hookyard_model::rule::{ClaimKey, Delivered, DiscardCause, Revision, RevisionKey};
use rusqlite::{Connection, OptionalExtension, Row};
use rustc_hash::FxHashMap;

use crate::journal::record::Position;
use crate::stored::request::{self, verdict};
use crate::stored::{attempt, changed::Changed, refused::Refused, routed::Routed};

/// A row of `requests`.
#[derive(Clone, Debug)]
pub(crate) struct RequestRow {
    pub(crate) project: u64,
    pub(crate) source: u64,
    pub(crate) position: Position,
    pub(crate) verdict: u8,
    /// Its method, as sent; none where its head begins with none.
    pub(crate) method: Option<Cow<'static, str>>,
    pub(crate) decision: Option<Decision>,
}

/// What became of a request behind its arrival: the columns that are null before.
#[derive(Clone, Debug, Default)]
pub(crate) struct Decision {
    /// How many events were made of it.
    pub(crate) events: u32,
    /// The verdict it ended with, where verification was pending.
    pub(crate) late: Option<u8>,
    /// Where it was refused after all: the record that says why.
    pub(crate) refused: Option<Position>,
    pub(crate) fields: Fields,
}

/// A row of `events`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EventRow {
    pub(crate) destination: u64,
    pub(crate) project: u64,
    pub(crate) source: u64,
    /// The request's.
    pub(crate) position: Position,
    pub(crate) state: EventState,
    pub(crate) due_us: u64,
    pub(crate) by_hand: bool,
    pub(crate) attempts: u32,
    /// The newest attempt's; segment 0 for none.
    pub(crate) last_position: Position,
    pub(crate) last_status: Option<u16>,
    pub(crate) last_error: Option<u8>,
    pub(crate) last_at_us: Option<u64>,
    /// Why a rule discarded it.
    pub(crate) discarded: Option<DiscardCause>,
    /// Where what rules made of it stands; segment 0 where there are none.
    pub(crate) ruled: Position,
    /// Whether transformations changed its request; what is delivered then stands there too.
    pub(crate) transformed: bool,
    /// What it has in common with those that it goes out before or behind.
    pub(crate) order: Option<OrderKey>,
    /// What it tells of, where its connection wants only the latest.
    pub(crate) revision: Option<Revision>,
    /// Whether a person wants it delivered although it is not.
    pub(crate) regardless: bool,
    /// Where it stands why a rule discarded it when it was about to go out; segment 0 for nowhere.
    pub(crate) overruled: Position,
}

/// An event's row as it will be, and its state in the file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EventChange {
    pub(crate) row: EventRow,
    pub(crate) before: Option<EventState>,
}

/// What is to be written to one partition.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    /// The file can have rows of requests up to this id.
    pub(crate) in_file_up_to: u64,
    pub(crate) requests: FxHashMap<u64, RequestRow>,
    /// Requests of earlier runs that were routed, or refused, in this one.
    pub(crate) decided: FxHashMap<u64, Decision>,
    pub(crate) events: FxHashMap<EventId, EventChange>,
    /// What deduplication is to remember.
    pub(crate) claims: Vec<(ConnectionId, ClaimKey, RequestId)>,
    /// The newest that was delivered of each thing.
    pub(crate) delivered: FxHashMap<(ConnectionId, RevisionKey), Delivered>,
}

/// Whether a request with this verdict is neither routed nor refused any more.
const fn is_final(code: u8) -> bool {
    code != verdict::PENDING && request::proof_of(code).is_none()
}

/// FNV-1a over a provider's event id, for the index; kept in files, so it never changes.
pub(crate) fn hash_of(provider_event_id: &str) -> i64 {
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    provider_event_id.bytes().fold(0xcbf2_9ce4_8422_2325, step) as i64
}

/// A revision as the file has it.
pub(crate) fn revision_column(revision: &Revision) -> [u8; 24] {
    let mut column = [0; 24];
    let (key, at) = column.split_at_mut(16);
    key.copy_from_slice(&revision.of.0);
    at.copy_from_slice(&revision.at.us().to_le_bytes());
    column
}

fn revision_of(column: &[u8]) -> Option<Revision> {
    let (key, at) = column.split_first_chunk()?;
    let at = Timestamp::from_us(u64::from_le_bytes(at.try_into().ok()?));
    Some(Revision { of: RevisionKey(*key), at })
}

/// Columns of `events`, in the order that [`EventRow::read`] takes.
pub(crate) const EVENT_COLUMNS: &str = "request, connection, destination, project, source, position, state, \
    due_us, by_hand, attempts, last_position, last_status, last_error, last_at_us, discarded, ruled, \
    transformed, order_key, revision, regardless, overruled";

impl EventRow {
    /// Reads a row that was selected as [`EVENT_COLUMNS`].
    pub(crate) fn read(row: &Row<'_>) -> rusqlite::Result<(EventId, Self)> {
        let event = EventId {
            request: RequestId(row.get::<_, i64>(0)? as u64),
            connection: ConnectionId(row.get::<_, i64>(1)? as u64),
        };
        let state: u8 = row.get(6)?;
        let state = EventState::from_code(state)
            .ok_or(rusqlite::Error::IntegralValueOutOfRange(6, i64::from(state)))?;
        let columns = Self {
            destination: row.get::<_, i64>(2)? as u64,
            project: row.get::<_, i64>(3)? as u64,
            source: row.get::<_, i64>(4)? as u64,
            position: Position::from_u64(row.get::<_, i64>(5)? as u64),
            state,
            due_us: row.get::<_, i64>(7)? as u64,
            by_hand: row.get(8)?,
            attempts: row.get(9)?,
            last_position: Position::from_u64(row.get::<_, i64>(10)? as u64),
            last_status: row.get(11)?,
            last_error: row.get(12)?,
            last_at_us: row.get::<_, Option<i64>>(13)?.map(|us| us as u64),
            discarded: row.get::<_, Option<u8>>(14)?.and_then(DiscardCause::from_code),
            ruled: Position::from_u64(row.get::<_, Option<i64>>(15)?.unwrap_or(0) as u64),
            transformed: row.get(16)?,
            order: OrderKey::from_stored(row.get::<_, Option<i64>>(17)?.unwrap_or(0) as u64),
            revision: row.get_ref(18)?.as_blob_or_null()?.and_then(revision_of),
            regardless: row.get(19)?,
            overruled: Position::from_u64(row.get::<_, Option<i64>>(20)?.unwrap_or(0) as u64),
        };
        Ok((event, columns))
    }

    /// The row in the file, if it is there.
    pub(crate) fn load(connection: &Connection, event: EventId) -> rusqlite::Result<Option<Self>> {
        connection
            .prepare_cached(&format!(
                "SELECT {EVENT_COLUMNS} FROM events WHERE request = ?1 AND connection = ?2"
            ))?
            .query_row((event.request.0 as i64, event.connection.0 as i64), Self::read)
            .optional()
            .map(|found| found.map(|(_, row)| row))
    }
}

impl Changes {
    pub(crate) fn is_empty(&self) -> bool {
        self.requests.is_empty()
            && self.decided.is_empty()
            && self.events.is_empty()
            && self.claims.is_empty()
            && self.delivered.is_empty()
    }

    /// Forgets everything but the memory that it was in.
    pub(crate) fn clear(&mut self) {
        let Self { in_file_up_to: _, requests, decided, events, claims, delivered } = self;
        requests.clear();
        decided.clear();
        events.clear();
        claims.clear();
        delivered.clear();
    }

    /// Whether the file cannot have rows of this request.
    pub(crate) const fn is_new(&self, request: u64) -> bool {
        request > self.in_file_up_to
    }

    /// A request arrived.
    pub(crate) fn request(&mut self, id: u64, position: Position, outline: request::Outline) {
        let row = RequestRow {
            project: outline.project.0,
            source: outline.source.map_or(0, |source| source.0),
            position,
            verdict: outline.verdict,
            method: outline.method,
            decision: is_final(outline.verdict).then(Decision::default),
        };
        self.requests.insert(id, row);
    }

    /// A request was routed.
    pub(crate) fn routed(
        &mut self,
        file: &Connection,
        position: Position,
        routed: &Routed,
    ) -> rusqlite::Result<()> {
        let decision = Decision {
            events: routed.events.len() as u32,
            late: routed.proof.map(request::accepted_code),
            refused: None,
            fields: routed.fields.clone(),
        };
        self.decided(routed.request, decision);
        let is_new = self.is_new(routed.request.0);
        for leg in &routed.events {
            let event = EventId { request: routed.request, connection: leg.connection };
            let claims = leg.ruling.claims.iter().map(|key| (leg.connection, *key, routed.request));
            self.claims.extend(claims);
            if self.events.contains_key(&event) || (!is_new && EventRow::load(file, event)?.is_some()) {
                continue;
            }
            let row = EventRow {
                destination: leg.destination.0,
                project: routed.project.0,
                source: routed.source.0,
                position: routed.position,
                state: leg.state,
                due_us: leg.due_at.us(),
                by_hand: false,
                attempts: 0,
                last_position: Position::default(),
                last_status: None,
                last_error: None,
                last_at_us: None,
                discarded: leg.ruling.discarded,
                ruled: if leg.ruling.steps.is_empty() { Position::default() } else { position },
                transformed: leg.transformed.is_some(),
                order: leg.order,
                revision: leg.ruling.revision,
                regardless: false,
                overruled: Position::default(),
            };
            self.events.insert(event, EventChange { row, before: None });
        }
        Ok(())
    }

    /// A request whose verification was pending is refused.
    pub(crate) fn refused(&mut self, position: Position, refused: &Refused) {
        let decision =
            Decision { late: Some(refused.cause.code()), refused: Some(position), ..Decision::default() };
        self.decided(refused.request, decision);
    }

    fn decided(&mut self, request: RequestId, decision: Decision) {
        match self.requests.get_mut(&request.0) {
            Some(row) => row.decision = Some(decision),
            None => {
                self.decided.insert(request.0, decision);
            }
        }
    }

    /// The event's row, here or in the file; none where its beginning was never read.
    fn event(&mut self, file: &Connection, event: EventId) -> rusqlite::Result<Option<&mut EventRow>> {
        match self.events.entry(event) {
            Entry::Occupied(change) => Ok(Some(&mut change.into_mut().row)),
            Entry::Vacant(place) => {
                let Some(row) = EventRow::load(file, event)? else { return Ok(None) };
                Ok(Some(&mut place.insert(EventChange { row, before: Some(row.state) }).row))
            }
        }
    }

    /// An attempt was made. False where the event is unknown.
    pub(crate) fn attempt(
        &mut self,
        file: &Connection,
        position: Position,
        outline: &attempt::Outline,
    ) -> rusqlite::Result<bool> {
        let Some(row) = self.event(file, outline.event)? else { return Ok(false) };
        // Cancelled while the attempt was under way: it is the last one, whatever came of it.
        if row.state != EventState::Cancelled || !outline.state.is_undelivered() {
            row.state = outline.state;
            row.due_us = outline.due_at.us();
            row.by_hand = false;
        }
        row.attempts = outline.number;
        row.last_position = position;
        row.last_status = outline.status;
        row.last_error = outline.error.map(|kind| kind.code());
        row.last_at_us = Some(outline.started_at.us());
        if outline.state == EventState::Successful
            && let Some(revision) = row.revision
        {
            self.delivered(outline.event, revision);
        }
        Ok(true)
    }

    /// An event was delivered. Of two of the same time the first stays.
    fn delivered(&mut self, event: EventId, revision: Revision) {
        let delivered = Delivered { at: revision.at, request: event.request };
        match self.delivered.entry((event.connection, revision.of)) {
            Entry::Vacant(place) => drop(place.insert(delivered)),
            Entry::Occupied(newest) if delivered.at <= newest.get().at => {}
            Entry::Occupied(mut newest) => drop(newest.insert(delivered)),
        }
    }

    /// Events went through their rules once more. False where one is unknown.
    pub(crate) fn replayed(
        &mut self,
        file: &Connection,
        position: Position,
        replayed: &Routed,
    ) -> rusqlite::Result<bool> {
        for leg in &replayed.events {
            let event = EventId { request: replayed.request, connection: leg.connection };
            let Some(row) = self.event(file, event)? else { return Ok(false) };
            row.state = leg.state;
            row.due_us = leg.due_at.us();
            row.by_hand = true;
            row.discarded = leg.ruling.discarded;
            row.ruled = if leg.ruling.steps.is_empty() { Position::default() } else { position };
            row.transformed = leg.transformed.is_some();
            row.order = leg.order;
            row.revision = leg.ruling.revision;
            row.regardless = false;
            row.overruled = Position::default();
            let claims = leg.ruling.claims.iter().map(|key| (leg.connection, *key, replayed.request));
            self.claims.extend(claims);
        }
        Ok(true)
    }

    /// An event changed state without an attempt. False where it is unknown.
    pub(crate) fn changed(
        &mut self,
        file: &Connection,
        position: Position,
        changed: &Changed,
    ) -> rusqlite::Result<bool> {
        let Some(row) = self.event(file, changed.event)? else { return Ok(false) };
        // An attempt that was under way may have ended the event before this was written.
        let is_retry = changed.by_hand && changed.state == EventState::Queued;
        if !row.state.is_undelivered() && !is_retry {
            return Ok(true);
        }
        if is_retry {
            row.discarded = None;
            row.regardless = changed.regardless;
        }
        if let Some(discarded) = &changed.discarded {
            row.discarded = Some(discarded.cause);
            row.overruled = position;
        }
        row.state = changed.state;
        row.due_us = changed.due_at.us();
        row.by_hand = changed.by_hand;
        Ok(true)
    }
}
