//! `/api/v1/live`: requests, events and attempts as they happen, as server-sent events (WHATWG HTML, section 9.2).
//!
//! ```text
//!   journal, index ─► hub (one, while somebody listens) ─► stream ─► client
//!                └──────────────────────────────────────────► ▲ (one that resumes, until it has caught up)
//! ```
//!
//! - `hub`: follows the journal for all streams, and keeps the newest rounds.
//! - `stream`: one client's: what it has missed, then what comes, until it is cut.
//! - `message`: how a row is written.
//!
//! **Invariants**
//! 1. Nobody waits for a stream, and without one nothing is done.
//! 2. What is kept for streams is bounded, however many they are and however slow.
//! 3. A stream tells where it has a gap; where it tells of none, it has none.
//! 4. A stream ends with the right of its caller to open it.

mod hub;
mod message;
mod stream;

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use hookyard_store::live::Cursor;
use http::{HeaderMap, HeaderName, HeaderValue, header};
use utoipa::{IntoParams, ToSchema};

use crate::guard::pass::Stay;
use crate::openapi::id;
use crate::problem::{Kind, Problem};
use crate::project::InProject;
use crate::query::{Parameters, Query};
use crate::server::Shared;
pub(crate) use hub::Hub;
use message::{Filter, Type};

/// What the browser sends when it connects anew.
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
/// Keeps nginx from holding messages back.
const ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// As many streams leave connections for other calls, and for those that wait for events.
pub const STREAMS_MAX_MAX: usize = 100;

/// The bounds of live streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Most streams at a time, up to [`STREAMS_MAX_MAX`]; further ones are refused.
    pub streams_max: usize,
    /// Bytes of messages that are kept for all streams together; a stream that is further behind has a gap.
    pub buffer_bytes_max: usize,
    /// Bytes of the journal that a stream goes back to when it is resumed; where more has happened it has a gap.
    pub resume_bytes_max: u64,
    /// How long a stream lasts; who wants more resumes it, and shows its key once more.
    pub stream_time_max: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            streams_max: 64,
            buffer_bytes_max: 8 << 20,
            resume_bytes_max: 64 << 20,
            stream_time_max: Duration::from_secs(15 * 60),
        }
    }
}

/// Each message of a stream.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only described: messages are written as they are sent")]
struct LiveMessage {
    /// `request`, `event`, `attempt`, `gap` or `end`.
    #[schema(nullable = false)]
    event: Option<String>,
    /// Where it goes on behind this one.
    #[schema(nullable = false)]
    id: Option<String>,
    /// JSON: the row, the two ends of a gap, or the reason of an end.
    #[schema(nullable = false)]
    data: Option<String>,
}

/// Watch what happens
///
/// Server-sent events. A message of type `request`, `event` or `attempt` carries the row that a list shows now, whenever
/// it is new or has changed; `gap` says from where to where something is missing. Its `id` is given back as
/// `Last-Event-ID`, or as `after`, to go on behind it. `end` is the last one, where the key or the session that the stream
/// was opened with does not let in any more.
#[utoipa::path(get, path = "/api/v1/live", operation_id = "watch", params(LiveParameters),
    responses((status = 200, body = LiveMessage, content_type = "text/event-stream")))]
pub(crate) async fn live(
    State(api): State<Arc<Shared>>,
    stay: Stay,
    InProject(project): InProject,
    headers: HeaderMap,
    query: Query,
) -> Result<Response, Problem> {
    let (filter, after) = query.read(|query| Ok((filter(query)?, query.optional("after")?)))?;
    let after = match last_event_id(&headers)? {
        // The browser repeats the URL that it was given first; what it has seen since is newer.
        Some(seen) => Some(seen),
        None => after,
    };
    let Ok(slot) = Arc::clone(&api.live.slots).try_acquire_owned() else {
        return Err(Problem::busy(
            "there are as many live streams as there may be: try again when one has ended",
        ));
    };
    let lapse = async move { stay.lapse().await };
    let body = stream::start(api, project, (filter, after), lapse, slot);
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream")),
        (ACCEL_BUFFERING, HeaderValue::from_static("no")),
    ];
    Ok((headers, Body::new(body)).into_response())
}

/// What a stream is narrowed down to, described: what [`live`] reads.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it describes only")]
pub(crate) struct LiveParameters {
    /// Some of `request`, `event` and `attempt`, with commas between; by default all.
    #[param(pattern = "^(request|event|attempt)(,(request|event|attempt))*$")]
    types: Option<String>,
    /// What is of this source.
    #[param(inline)]
    source_id: Option<id::Source>,
    /// What is of this connection.
    #[param(inline)]
    connection_id: Option<id::Connection>,
    /// What is of this destination.
    #[param(inline)]
    destination_id: Option<id::Destination>,
    /// What is of this request.
    #[param(inline)]
    request_id: Option<id::Request>,
    /// The `id` of the message to go on behind; by default from now on.
    #[param(pattern = "^(0|[1-9][0-9]{0,8})-(0|[1-9][0-9]{0,8})$")]
    after: Option<String>,
}

fn filter(query: &mut Parameters) -> Result<Filter, Problem> {
    let types = query.with("types", |text| {
        let types = text.split(',').map(|name| Type::ALL.into_iter().find(|known| known.name() == name));
        let types: Option<Vec<Type>> = types.collect();
        types.ok_or_else(|| {
            format!("expected some of {}, with commas between", Type::ALL.map(Type::name).join(", "))
        })
    })?;
    Ok(Filter {
        types: types.unwrap_or(Type::ALL.to_vec()),
        source: query.optional("source_id")?,
        connection: query.optional("connection_id")?,
        destination: query.optional("destination_id")?,
        request: query.optional("request_id")?,
    })
}

fn last_event_id(headers: &HeaderMap) -> Result<Option<Cursor>, Problem> {
    let Some(value) = headers.get(LAST_EVENT_ID) else { return Ok(None) };
    let cursor = value.to_str().ok().and_then(|text| text.parse().ok());
    cursor.map(Some).ok_or_else(|| {
        let detail = "`Last-Event-ID`: expected the `id` of an earlier message, like `3-65536`";
        Problem::with_field(Kind::InvalidParameter, "Last-Event-ID", detail)
    })
}
