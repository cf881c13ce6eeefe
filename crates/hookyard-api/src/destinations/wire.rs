//! Destinations on the wire.

use std::time::Duration;

use hookyard_model::auth::Auth;
use hookyard_model::clock::Timestamp;
use hookyard_model::destination::{
    CONCURRENCY_DEFAULT, Destination, HttpVersion, OVERLAP_DEFAULT, SigningSecret, TIMEOUT_DEFAULT,
};
use hookyard_model::pacing::Pacing;
use hookyard_model::secret::Secret;
use hookyard_model::standing::{BreakerState, Standing};
use hookyard_store::catalog::{NewDestination, SigningAlgorithm};
use serde::{Deserialize, Serialize};

use super::auth::{AuthFields, AuthView};
use super::pacing::{BreakerFields, BreakerView, RateFields, RateView, disable_after};
use crate::body::Object;
use crate::managed::managed_by;
use crate::merge::Field;
use crate::problem::Problem;
use crate::secrets::{SigningSecretView, generate};
use crate::time::Rfc3339;

/// A destination as it is shown.
#[derive(Debug, Serialize)]
pub(crate) struct DestinationView {
    id: String,
    name: String,
    url: String,
    append_path: bool,
    timeout_ms: u64,
    concurrency: u32,
    http_version: &'static str,
    rate: Option<RateView>,
    breaker: BreakerView,
    slow_start: bool,
    /// 0 for never.
    disable_after_ms: u64,
    paused_at: Option<Rfc3339>,
    failing_since: Option<Rfc3339>,
    lane: LaneView,
    auth: AuthView,
    signing_secrets: Vec<SigningSecretView>,
    /// The secret that this very call made, in full.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    signing_secrets_generated: Vec<String>,
    managed_by: &'static str,
    created_at: Rfc3339,
    updated_at: Rfc3339,
}

/// How its lane stands at this moment.
#[derive(Debug, Serialize)]
struct LaneView {
    /// `closed`, `open` or `half_open`.
    breaker: &'static str,
    breaker_open_since: Option<Rfc3339>,
    next_probe_at: Option<Rfc3339>,
    /// How many attempts may run at the same time now, while that is fewer than `concurrency`.
    slowed_to: Option<u32>,
}

impl From<Standing> for LaneView {
    fn from(standing: Standing) -> Self {
        let breaker = standing.breaker;
        let next_probe_at = match breaker {
            BreakerState::Open { next_probe_at, .. } => Some(Rfc3339(next_probe_at)),
            BreakerState::Closed | BreakerState::HalfOpen { .. } => None,
        };
        Self {
            breaker: breaker.name(),
            breaker_open_since: breaker.since().map(Rfc3339),
            next_probe_at,
            slowed_to: standing.slowed_to,
        }
    }
}

impl DestinationView {
    /// Shows a destination and how its lane stands, with the secrets that sign now, and in full the one that
    /// was just generated for it.
    pub(crate) fn new(
        destination: &Destination,
        standing: Standing,
        generated: Option<&Secret>,
        now: Timestamp,
    ) -> Self {
        let pacing = &destination.pacing;
        let signing = destination.signing_secrets.iter().filter(|secret| secret.signs_at(now));
        Self {
            id: destination.id.to_string(),
            name: destination.name.clone(),
            url: destination.url.clone(),
            append_path: destination.append_path,
            timeout_ms: ms(destination.timeout),
            concurrency: destination.concurrency,
            http_version: destination.http_version.name(),
            rate: pacing.rate.map(RateView::from),
            breaker: BreakerView::from(pacing.breaker),
            slow_start: pacing.slow_start,
            disable_after_ms: pacing.disable_after.map_or(0, ms),
            paused_at: destination.paused_at.map(Rfc3339),
            failing_since: destination.failing_since.map(Rfc3339),
            lane: LaneView::from(standing),
            auth: AuthView::new(&destination.auth),
            signing_secrets: signing.map(SigningSecretView::new).collect(),
            signing_secrets_generated: generated
                .map(|secret| secret.expose().to_owned())
                .into_iter()
                .collect(),
            managed_by: managed_by(destination.managed_by),
            created_at: Rfc3339(destination.created_at),
            updated_at: Rfc3339(destination.updated_at),
        }
    }
}

/// What a body says about a destination. No `Debug`: it holds secrets.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct DestinationFields {
    name: Field<String>,
    url: Field<String>,
    append_path: Field<bool>,
    timeout_ms: Field<u64>,
    concurrency: Field<u32>,
    http_version: Field<String>,
    rate: Field<Object<RateFields>>,
    breaker: Field<Object<BreakerFields>>,
    slow_start: Field<bool>,
    disable_after_ms: Field<u64>,
    paused: Field<bool>,
    signing_secrets: Field<Vec<String>>,
    auth: Field<AuthFields>,
}

/// What a body says about a rotation. No `Debug`: it holds a secret.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RotationFields {
    algorithm: Field<String>,
    overlap_ms: Field<u64>,
    secret: Field<String>,
}

/// What is to sign from now on, and for how long the secrets before it go on.
pub(crate) struct Rotation {
    pub(crate) secret: Secret,
    /// Whether the receiver has to be told the secret: it was made here, and it verifies with it.
    pub(crate) is_told: bool,
    pub(crate) overlap: Duration,
}

impl RotationFields {
    /// The rotation that results for a destination.
    ///
    /// # Errors
    /// An unknown algorithm, or one beside a secret that has its own.
    pub(crate) fn of(self, destination: &Destination) -> Result<Rotation, Problem> {
        let overlap = self.overlap_ms.over_option(None).map_or(OVERLAP_DEFAULT, Duration::from_millis);
        let named = self.algorithm.over_option(None);
        if let Some(secret) = self.secret.over_option(None) {
            if named.is_some() {
                let reason = "a secret that is given has its own: leave one of the two out";
                return Err(Problem::invalid_field("algorithm", reason));
            }
            return Ok(Rotation { secret: Secret::new(secret), is_told: false, overlap });
        }
        let is_ed25519 = |secret: &SigningSecret| secret.public_key.is_some();
        let algorithm = match named.as_deref() {
            Some("hmac") => SigningAlgorithm::Hmac,
            Some("ed25519") => SigningAlgorithm::Ed25519,
            None if destination.signing_secrets.first().is_some_and(is_ed25519) => SigningAlgorithm::Ed25519,
            None => SigningAlgorithm::Hmac,
            Some(_) => return Err(Problem::invalid_field("algorithm", "expected `hmac` or `ed25519`")),
        };
        let secret = generate(algorithm)?;
        Ok(Rotation { secret, is_told: algorithm == SigningAlgorithm::Hmac, overlap })
    }
}

impl DestinationFields {
    /// The destination that results, from nothing or from the one there is, and the signing secret that
    /// was generated for want of another.
    ///
    /// # Errors
    /// A missing field.
    pub(crate) fn onto(
        self,
        current: Option<&Destination>,
    ) -> Result<(NewDestination, Option<Secret>), Problem> {
        let name = self.name.required(current.map(|it| it.name.clone()), "name")?;
        let url = self.url.required(current.map(|it| it.url.clone()), "url")?;
        let timeout = match self.timeout_ms {
            Field::Keep => current.map_or(TIMEOUT_DEFAULT, |it| it.timeout),
            Field::Reset => TIMEOUT_DEFAULT,
            Field::Set(ms) => Duration::from_millis(ms),
        };
        let concurrency = current.map_or(CONCURRENCY_DEFAULT, |it| it.concurrency);
        let (signing_secrets, generated) = match (self.signing_secrets, current) {
            (Field::Set(secrets), _) if secrets.is_empty() => {
                let reason = "give at least one, or `null` to have one made";
                return Err(Problem::invalid_field("signing_secrets", reason));
            }
            (Field::Set(secrets), _) => (secrets.into_iter().map(Secret::new).collect(), None),
            (Field::Keep, Some(_)) => (Vec::new(), None),
            (Field::Keep, None) | (Field::Reset, _) => {
                let generated = generate(SigningAlgorithm::default())?;
                (vec![generated.clone()], Some(generated))
            }
        };
        let auth = match (self.auth, current) {
            (Field::Set(fields), current) => fields.onto(current.map_or(&Auth::None, |it| &it.auth))?,
            (Field::Keep, Some(current)) => current.auth.clone(),
            (Field::Keep, None) | (Field::Reset, _) => Auth::None,
        };
        let before = current.map(|it| it.pacing.clone()).unwrap_or_default();
        let default = Pacing::default();
        let pacing = Pacing {
            rate: RateFields::onto(self.rate, before.rate)?,
            breaker: BreakerFields::onto(self.breaker, before.breaker),
            slow_start: self.slow_start.over(before.slow_start, default.slow_start),
            disable_after: disable_after(self.disable_after_ms, before.disable_after),
        };
        let new = NewDestination {
            name,
            url,
            append_path: self.append_path.over(current.is_some_and(|it| it.append_path), false),
            timeout,
            concurrency: self.concurrency.over(concurrency, CONCURRENCY_DEFAULT),
            http_version: http_version(self.http_version, current)?,
            pacing,
            paused: match self.paused {
                Field::Keep => None,
                given => Some(given.over(false, false)),
            },
            signing_secrets,
            auth,
        };
        Ok((new, generated))
    }
}

fn http_version(field: Field<String>, current: Option<&Destination>) -> Result<HttpVersion, Problem> {
    let default = HttpVersion::default().name().to_owned();
    let before = current.map_or(HttpVersion::default(), |it| it.http_version).name().to_owned();
    let reason = "expected `auto`, `1.1` or `2`, as a text";
    HttpVersion::from_name(&field.over(before, default))
        .ok_or_else(|| Problem::invalid_field("http_version", reason))
}

pub(super) fn ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
