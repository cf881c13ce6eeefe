//! `/api/v1/destinations/{id}/receive`, `…/ack`, `…/nack`, `…/extend`: events that consumers ask for, and what they
//! say became of them.

mod wire;

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use hookyard_model::destination::Reach;
use hookyard_model::id::{DestinationId, ProjectId};
use hookyard_store::lanes::{ChangeError, ChangeTo, Lane, NotServed};

use crate::body::{JsonBody, OptionalBody};
use crate::destinations;
use crate::guard::pass::Stay;
use crate::openapi::id;
use crate::problem::{Kind, Problem};
use crate::project::{Id, InProject};
use crate::query::NoQuery;
use crate::server::Shared;
use wire::{AcknowledgedFields, ExtendedFields, LeasesView, NackedFields, ReceiveFields, ReceivedView};

/// Ask for events
///
/// Of a destination of type `pull`: it waits for events, and answers as soon as there is one, or none in time.
#[utoipa::path(post, path = "/api/v1/destinations/{id}/receive", operation_id = "receiveEvents",
    params(("id" = id::Destination, Path)),
    request_body = Option<ReceiveFields>,
    responses((status = 200, body = ReceivedView)))]
pub(crate) async fn receive(
    State(api): State<Arc<Shared>>,
    stay: Stay,
    InProject(project): InProject,
    Id(id): Id<DestinationId>,
    _: NoQuery,
    OptionalBody(fields): OptionalBody<ReceiveFields>,
) -> Result<Json<ReceivedView>, Problem> {
    let wanted = fields.read()?;
    let lane = lane(&api, project, id)?;
    let Ok(_place) = api.receiving.try_acquire() else {
        return Err(Problem::busy("too many calls wait for events: let fewer consumers wait at a time"));
    };
    let received = tokio::select! {
        biased;
        lapse = stay.lapse() => return Err(stay.refusal(lapse)),
        received = lane.receive(wanted.events_max, wanted.lease, wanted.wait) => received,
    };
    match received {
        Ok(events) => Ok(Json(ReceivedView::new(events))),
        Err(error @ NotServed) => Err(not_served(&api, project, id, error.into())),
    }
}

/// Say that events are delivered
#[utoipa::path(post, path = "/api/v1/destinations/{id}/ack", operation_id = "acknowledgeEvents",
    params(("id" = id::Destination, Path)),
    request_body = AcknowledgedFields,
    responses((status = 200, body = LeasesView)))]
pub(crate) async fn acknowledge(
    State(api): State<Arc<Shared>>,
    InProject(project): InProject,
    Id(id): Id<DestinationId>,
    _: NoQuery,
    JsonBody(fields): JsonBody<AcknowledgedFields>,
) -> Result<Json<LeasesView>, Problem> {
    change(&api, project, id, fields.lease_ids, ChangeTo::Acknowledged).await
}

/// Say that attempts have failed
#[utoipa::path(post, path = "/api/v1/destinations/{id}/nack", operation_id = "refuseEvents",
    params(("id" = id::Destination, Path)),
    request_body = NackedFields,
    responses((status = 200, body = LeasesView)))]
pub(crate) async fn refuse(
    State(api): State<Arc<Shared>>,
    InProject(project): InProject,
    Id(id): Id<DestinationId>,
    _: NoQuery,
    JsonBody(fields): JsonBody<NackedFields>,
) -> Result<Json<LeasesView>, Problem> {
    let (lease_ids, to) = fields.read()?;
    change(&api, project, id, lease_ids, to).await
}

/// Have leases end later, or sooner
#[utoipa::path(post, path = "/api/v1/destinations/{id}/extend", operation_id = "extendLeases",
    params(("id" = id::Destination, Path)),
    request_body = ExtendedFields,
    responses((status = 200, body = LeasesView)))]
pub(crate) async fn extend(
    State(api): State<Arc<Shared>>,
    InProject(project): InProject,
    Id(id): Id<DestinationId>,
    _: NoQuery,
    JsonBody(fields): JsonBody<ExtendedFields>,
) -> Result<Json<LeasesView>, Problem> {
    let (lease_ids, to) = fields.read()?;
    change(&api, project, id, lease_ids, to).await
}

async fn change(
    api: &Shared,
    project: ProjectId,
    id: DestinationId,
    lease_ids: Option<Vec<String>>,
    to: ChangeTo,
) -> Result<Json<LeasesView>, Problem> {
    let leases = wire::lease_ids(lease_ids)?;
    let lane = lane(api, project, id)?;
    match lane.change_leases(leases.clone(), to).await {
        Ok(states) => Ok(Json(LeasesView::new(&leases, &states))),
        Err(error @ ChangeError::NotServed(_)) => Err(not_served(api, project, id, error.into())),
        Err(error) => Err(error.into()),
    }
}

/// The lane of a destination whose events can be asked for.
fn lane(api: &Shared, project: ProjectId, id: DestinationId) -> Result<Arc<Lane>, Problem> {
    let destination = destinations::find(api, project, id)?;
    match destination.reach {
        Reach::Pull(_) => Ok(api.store.lane(id)),
        Reach::Http(_) => {
            let detail =
                format!("events are sent to `{}`: only those of type `pull` are asked for", destination.name);
            Err(Problem::new(Kind::NotAPullDestination, detail))
        }
    }
}

/// Nobody serves a destination: it was deleted meanwhile, or else this.
fn not_served(api: &Shared, project: ProjectId, id: DestinationId, otherwise: Problem) -> Problem {
    destinations::find(api, project, id).err().unwrap_or(otherwise)
}
