//! `/healthz` and `/readyz`: for whoever restarts the process, and for whoever sends it traffic.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use hookyard_model::clock::Timestamp;
use hookyard_store::health::Health;
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use crate::problem::Problem;
use crate::query::NoQuery;
use crate::server::Shared;

/// The answer of `/healthz`.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Alive {
    status: &'static str,
}

/// The answer of `/readyz`.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Readiness {
    status: &'static str,
    reasons: Vec<Reason>,
}

/// One reason for not being ready.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
struct Reason {
    code: &'static str,
    detail: String,
}

/// Whether the process runs
#[utoipa::path(get, path = "/healthz", operation_id = "getHealth", security(()),
    responses((status = 200, body = Alive)))]
pub(crate) async fn healthz(_: NoQuery) -> Result<Json<Alive>, Problem> {
    Ok(Json(Alive { status: "ok" }))
}

/// Whether it can take traffic
///
/// Or the reasons why not.
#[utoipa::path(get, path = "/readyz", operation_id = "getReadiness", security(()),
    responses(
        (status = 200, body = Readiness),
        (status = 503, description = "Not ready.", body = Readiness),
    ))]
pub(crate) async fn readyz(
    State(api): State<Arc<Shared>>,
    _: NoQuery,
) -> Result<(StatusCode, Json<Readiness>), Problem> {
    let readiness = judge(&api.store.health(), api.undelivered_age_max, api.clock.now());
    let status = if readiness.reasons.is_empty() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    Ok((status, Json(readiness)))
}

fn judge(health: &Health, undelivered_age_max: Option<Duration>, now: Timestamp) -> Readiness {
    let mut reasons = Vec::new();
    if let Some(cause) = &health.unavailable {
        let detail = format!("the store takes no requests: {cause}");
        reasons.push(Reason { code: "store_unavailable", detail });
    }
    if health.recovering {
        let detail = "the index is being brought up to date after the start: wait".to_owned();
        reasons.push(Reason { code: "recovering", detail });
    }
    let age = health.oldest_undelivered_at.map(|at| now.since(at));
    if let (Some(age), Some(max)) = (age, undelivered_age_max)
        && age > max
    {
        let detail = format!(
            "the oldest of {} undelivered events is {} s old, and {} s are allowed: see /api/v1/events",
            health.undelivered,
            age.as_secs(),
            max.as_secs()
        );
        reasons.push(Reason { code: "undelivered_too_old", detail });
    }
    Readiness { status: if reasons.is_empty() { "ready" } else { "not_ready" }, reasons }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reason_stands_alone() {
        let now = Timestamp::from_ms(100_000);
        let old = Some(Timestamp::from_ms(89_999));
        let young = Some(Timestamp::from_ms(90_000));
        let max = Some(Duration::from_secs(10));
        let health = Health::default;
        for (health, max, expected) in [
            (health(), max, vec![]),
            (Health { oldest_undelivered_at: young, ..health() }, max, vec![]),
            (Health { oldest_undelivered_at: old, ..health() }, max, vec!["undelivered_too_old"]),
            (Health { oldest_undelivered_at: old, ..health() }, None, vec![]),
            (Health { recovering: true, ..health() }, max, vec!["recovering"]),
            (
                Health { unavailable: Some("disk full".to_owned()), recovering: true, ..health() },
                max,
                vec!["store_unavailable", "recovering"],
            ),
        ] {
            let readiness = judge(&health, max, now);
            let codes: Vec<_> = readiness.reasons.iter().map(|reason| reason.code).collect();
            assert_eq!(codes, expected, "{health:?}");
            assert_eq!(readiness.status == "ready", codes.is_empty());
        }
    }
}
