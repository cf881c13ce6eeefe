//! Which requests are meant: the parameters of the list and of the histogram.

use hookyard_model::request::RejectCause;
use hookyard_store::history::{RequestFilter, RequestKind};

use utoipa::IntoParams;

use crate::openapi::{id, names};
use crate::problem::Problem;
use crate::query::Parameters;
use crate::wanted;

/// Which requests are listed, described: what [`of_index`] reads.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it describes only")]
pub(crate) struct RequestParameters {
    /// Of this source.
    #[param(inline)]
    source_id: Option<id::Source>,
    /// With this status.
    #[param(inline)]
    status: Option<names::RequestStatus>,
    /// Rejected for this.
    #[param(inline)]
    cause: Option<names::RejectCause>,
    /// With this id of the provider's.
    #[param(min_length = 1, max_length = 256)]
    provider_event_id: Option<String>,
    /// Of this kind, as the provider calls it.
    #[param(min_length = 1, max_length = 256)]
    topic: Option<String>,
    /// With this method, as sent.
    #[param(pattern = "^[!-~]{1,32}$")]
    method: Option<String>,
    /// Stored at this time or later.
    #[param(format = DateTime)]
    received_after: Option<String>,
    /// Stored before this time.
    #[param(format = DateTime)]
    received_before: Option<String>,
    /// Only those that somebody bookmarked.
    bookmarked: Option<bool>,
}

/// The filter that a list's parameters ask for.
pub(crate) fn of_parameters(query: &mut Parameters) -> Result<RequestFilter, Problem> {
    let filter = of_index(query)?;
    Ok(RequestFilter { content: wanted::content(query)?, ..filter })
}

/// The same without what requests themselves have to be like.
pub(crate) fn of_index(query: &mut Parameters) -> Result<RequestFilter, Problem> {
    Ok(RequestFilter {
        source: query.optional("source_id")?,
        kind: query.with("status", |name| {
            let kind = RequestKind::ALL.into_iter().find(|kind| kind.name() == name);
            kind.ok_or_else(|| wanted::one_of(RequestKind::ALL.map(RequestKind::name)))
        })?,
        cause: query.with("cause", |name| {
            let cause = RejectCause::ALL.into_iter().find(|cause| cause.name() == name);
            cause.ok_or_else(|| wanted::one_of(RejectCause::ALL.map(RejectCause::name)))
        })?,
        provider_event_id: query.with("provider_event_id", wanted::provider_text)?,
        topic: query.with("topic", wanted::provider_text)?,
        method: query.with("method", wanted::method)?,
        received: wanted::received(query)?,
        is_bookmarked: query.optional("bookmarked")?.unwrap_or_default(),
        ..RequestFilter::default()
    })
}
