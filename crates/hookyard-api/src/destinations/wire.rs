//! Destinations on the wire.

use std::time::Duration;

use hookyard_model::clock::Timestamp;
use hookyard_model::destination::{
    CONCURRENCY_DEFAULT, Destination, LEASES_DEFAULT, OVERLAP_DEFAULT, Pull, Reach, SigningSecret,
};
use hookyard_model::pacing::Pacing;
use hookyard_model::secret::Secret;
use hookyard_model::standing::{BreakerState, Standing};
use hookyard_store::catalog::{NewDestination, SigningAlgorithm};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa::openapi::schema::{Object, OneOfBuilder};
use utoipa::openapi::{RefOr, Schema};

use super::auth::{AuthFields, AuthView};
use super::pacing::{BreakerFields, BreakerView, RateFields, RateView, disable_after};
use super::reach::{OfHttp, OfPull, refuse_of_pull};
use crate::body::Object as Fields;
use crate::managed::managed_by;
use crate::merge::Field;
use crate::openapi::wrap::{Create, form};
use crate::openapi::{id, names};
use crate::problem::Problem;
use crate::secrets::{SigningSecretView, generate};
use crate::time::Rfc3339;

/// A destination as it is shown.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DestinationView {
    #[schema(value_type = id::Destination)]
    id: String,
    name: String,
    /// `http` or `pull`. What only the other type has is not shown.
    #[schema(value_type = names::DestinationType)]
    r#type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    append_path: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    timeout_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    lease_ms: Option<u64>,
    concurrency: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<names::HttpVersion>, nullable = false)]
    http_version: Option<&'static str>,
    rate: Option<RateView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    breaker: Option<BreakerView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    slow_start: Option<bool>,
    /// 0 for never.
    disable_after_ms: u64,
    paused_at: Option<Rfc3339>,
    failing_since: Option<Rfc3339>,
    lane: LaneView,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    auth: Option<AuthView>,
    signing_secrets: Vec<SigningSecretView>,
    /// The secret that this very call made, in full.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    signing_secrets_generated: Vec<String>,
    #[schema(value_type = names::ManagedBy)]
    managed_by: &'static str,
    created_at: Rfc3339,
    updated_at: Rfc3339,
}

/// How its lane stands at this moment.
#[derive(Debug, Serialize, ToSchema)]
struct LaneView {
    /// `closed`, `open` or `half_open`.
    #[schema(value_type = names::BreakerState)]
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
        let (http, lease) = match &destination.reach {
            Reach::Http(http) => (Some(http), None),
            Reach::Pull(Pull { lease }) => (None, Some(*lease)),
        };
        Self {
            id: destination.id.to_string(),
            name: destination.name.clone(),
            r#type: destination.reach.type_name(),
            url: http.map(|http| http.url.clone()),
            append_path: http.map(|http| http.append_path),
            timeout_ms: http.map(|http| ms(http.timeout)),
            lease_ms: lease.map(ms),
            concurrency: destination.concurrency,
            http_version: http.map(|http| http.http_version.name()),
            rate: pacing.rate.map(RateView::from),
            breaker: http.map(|_| BreakerView::from(pacing.breaker)),
            slow_start: http.map(|_| pacing.slow_start),
            disable_after_ms: pacing.disable_after.map_or(0, ms),
            paused_at: destination.paused_at.map(Rfc3339),
            failing_since: destination.failing_since.map(Rfc3339),
            lane: LaneView::from(standing),
            auth: http.map(|http| AuthView::new(&http.auth)),
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

/// What a body says about a destination.
// No `Debug`: it holds secrets.
#[derive(Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct DestinationFields {
    /// 1 to 100 letters, digits, `-`, `_` and `.`; unique.
    #[schema(value_type = Option<String>, pattern = "^[A-Za-z0-9][A-Za-z0-9._-]*$", min_length = 1, max_length = 100)]
    name: Field<String>,
    /// `http` by default; a destination keeps its type.
    #[schema(value_type = Option<names::DestinationType>)]
    r#type: Field<String>,
    /// Of type `http`: needed; absolute, without user info and fragment.
    #[schema(value_type = Option<String>, pattern = "^[Hh][Tt][Tt][Pp][Ss]?://[^/?#@]+", max_length = 4096)]
    url: Field<String>,
    /// Of type `http`: whether the path behind the source's token, and the query, are appended to the URL.
    append_path: Field<bool>,
    /// Of type `http`: how long one attempt may take; 30,000 by default.
    #[schema(value_type = Option<u64>, minimum = 1, maximum = 3_600_000)]
    timeout_ms: Field<u64>,
    /// Of type `pull`: how long a consumer has an event where it asks for no other time; 30,000 by default.
    #[schema(value_type = Option<u64>, minimum = 1000, maximum = 43_200_000)]
    lease_ms: Field<u64>,
    /// Attempts at the same time, 16 by default; of type `pull` events that consumers have at the same time, 1,000 by
    /// default.
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 10_000)]
    concurrency: Field<u32>,
    /// Of type `http`: the version that is spoken.
    #[schema(value_type = Option<names::HttpVersion>)]
    http_version: Field<String>,
    /// How many attempts in which time; `null` for as fast as it takes them.
    #[schema(value_type = Option<RateFields>)]
    rate: Field<Fields<RateFields>>,
    /// Of type `http`: what is done while it fails.
    #[schema(value_type = Option<BreakerFields>)]
    breaker: Field<Fields<BreakerFields>>,
    /// Of type `http`: whether concurrency grows from one after an outage.
    slow_start: Field<bool>,
    /// After how long a time of nothing but failure its connections are disabled: 0 for never, or 3,600,000 and more;
    /// 5 days by default.
    #[schema(value_type = Option<u64>, minimum = 0, maximum = 31_536_000_000_u64)]
    disable_after_ms: Field<u64>,
    /// Whether it is paused.
    paused: Field<bool>,
    /// Standard Webhooks secrets (`whsec_…`, `whsk_…`), all of which sign; by default one is made.
    #[schema(value_type = Option<Vec<String>>, min_items = 1, max_items = 16)]
    signing_secrets: Field<Vec<String>>,
    /// Of type `http`: how it is told besides that it is us.
    #[schema(value_type = Option<AuthFields>)]
    auth: Field<AuthFields>,
}

/// What a body says about a rotation.
// No `Debug`: it holds a secret.
#[derive(Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RotationFields {
    /// By default that of the secret that signs now.
    #[schema(value_type = Option<names::SigningAlgorithm>)]
    algorithm: Field<String>,
    /// How long the secrets before it go on signing; 24 hours by default.
    #[schema(value_type = Option<u64>, minimum = 0, maximum = 2_592_000_000_u64)]
    overlap_ms: Field<u64>,
    /// The new secret, where you bring it yourself; without `algorithm`.
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

impl Create for DestinationFields {
    const NEEDED: &[&str] = &["name"];

    fn forms(all: Object) -> RefOr<Schema> {
        let others = |left_out: &[&str]| -> Vec<&str> {
            all.properties.keys().map(String::as_str).filter(|name| !left_out.contains(name)).collect()
        };
        let mut http = form(&all, "type", "http", &others(&["lease_ms"]));
        http.description = Some("A destination that events are sent to.".to_owned());
        http.required.push("url".to_owned());
        let of_http = ["url", "append_path", "timeout_ms", "http_version", "auth", "breaker", "slow_start"];
        let mut pull = form(&all, "type", "pull", &others(&of_http));
        pull.description = Some("A destination whose events consumers ask for.".to_owned());
        pull.required.push("type".to_owned());
        OneOfBuilder::new().item(http).item(pull).into()
    }
}

impl DestinationFields {
    /// The name it gives.
    pub(crate) fn name(&self) -> Option<&str> {
        self.name.given().map(String::as_str)
    }

    /// As [`DestinationFields::onto`], where no authentication means that there is none.
    ///
    /// # Errors
    /// As there.
    pub(crate) fn declared(
        mut self,
        current: Option<&Destination>,
    ) -> Result<(NewDestination, Option<Secret>), Problem> {
        let is_http = current.is_some_and(|current| current.reach.http().is_some());
        if is_http && self.auth.given().is_none() {
            self.auth = Field::Reset;
        }
        self.onto(current)
    }

    /// The destination that results, from nothing or from the one there is, and the signing secret that
    /// was generated for want of another.
    ///
    /// # Errors
    /// A missing field, or one that a destination of its type does not have.
    pub(crate) fn onto(
        self,
        current: Option<&Destination>,
    ) -> Result<(NewDestination, Option<Secret>), Problem> {
        let name = self.name.required(current.map(|it| it.name.clone()), "name")?;
        let is_pull = is_pull(self.r#type, current)?;
        let (signing_secrets, generated) = signing_secrets(self.signing_secrets, current)?;
        let of_http = OfHttp {
            url: self.url,
            append_path: self.append_path,
            timeout_ms: self.timeout_ms,
            http_version: self.http_version,
            auth: self.auth,
        };
        let of_pull = OfPull { lease_ms: self.lease_ms };
        let before = current.map(|it| &it.reach);
        let reach = if is_pull {
            of_http.refuse()?;
            refuse_of_pull(&self.breaker, "breaker")?;
            refuse_of_pull(&self.slow_start, "slow_start")?;
            Reach::Pull(of_pull.onto(before))
        } else {
            of_pull.refuse()?;
            Reach::Http(of_http.onto(before.and_then(Reach::http))?)
        };
        let (concurrency_default, default) = match is_pull {
            true => (LEASES_DEFAULT, Pacing::pulled()),
            false => (CONCURRENCY_DEFAULT, Pacing::default()),
        };
        let concurrency = current.map_or(concurrency_default, |it| it.concurrency);
        let before = current.map_or_else(|| default.clone(), |it| it.pacing.clone());
        let pacing = Pacing {
            rate: RateFields::onto(self.rate, before.rate)?,
            breaker: BreakerFields::onto(self.breaker, before.breaker),
            slow_start: self.slow_start.over(before.slow_start, default.slow_start),
            disable_after: disable_after(self.disable_after_ms, before.disable_after),
        };
        let new = NewDestination {
            name,
            reach,
            concurrency: self.concurrency.over(concurrency, concurrency_default),
            pacing,
            paused: match self.paused {
                Field::Keep => None,
                given => Some(given.over(false, false)),
            },
            signing_secrets,
        };
        Ok((new, generated))
    }
}

/// Whether its events are asked for. Its type is settled when it is made, and may be said again.
fn is_pull(said: Field<String>, current: Option<&Destination>) -> Result<bool, Problem> {
    let before = current.map(|it| it.reach.type_name());
    let named = match &said {
        Field::Keep => before.unwrap_or("http"),
        Field::Reset => "http",
        Field::Set(named) => named.as_str(),
    };
    match (named, before) {
        ("http" | "pull", Some(before)) if named != before => {
            let reason = format!(
                "a destination of type `{before}` stays one: make another destination, and have the \
                 connections lead there"
            );
            Err(Problem::invalid_field("type", reason))
        }
        ("pull", _) => Ok(true),
        ("http", _) => Ok(false),
        _ => Err(Problem::invalid_field("type", "expected `http` or `pull`")),
    }
}

/// The signing secrets that are given, and the one that is generated where none are; none of both where it keeps
/// those that it has.
fn signing_secrets(
    said: Field<Vec<String>>,
    current: Option<&Destination>,
) -> Result<(Vec<Secret>, Option<Secret>), Problem> {
    match (said, current) {
        (Field::Set(secrets), _) if secrets.is_empty() => {
            let reason = "give at least one, or `null` to have one made";
            Err(Problem::invalid_field("signing_secrets", reason))
        }
        (Field::Set(secrets), _) => Ok((secrets.into_iter().map(Secret::new).collect(), None)),
        (Field::Keep, Some(_)) => Ok((Vec::new(), None)),
        (Field::Keep, None) | (Field::Reset, _) => {
            let generated = generate(SigningAlgorithm::default())?;
            Ok((vec![generated.clone()], Some(generated)))
        }
    }
}

pub(super) fn ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
