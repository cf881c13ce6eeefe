//! Alerts on the wire.

use std::time::Duration;

use hookyard_model::alert::{Alert, Channel, INTERVAL_DEFAULT};
use hookyard_model::id::ConnectionId;
use hookyard_model::issue::Kind;
use hookyard_model::secret::Secret;
use hookyard_store::alerts::{Mark, Outcome, SendError};
use hookyard_store::catalog::{DeclaredAlert, NewAlert};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::channel::{ChannelFields, ChannelForms, ChannelView};
use crate::body::Object;
use crate::managed::managed_by;
use crate::merge::Field;
use crate::openapi::wrap::Create;
use crate::openapi::{id, names};
use crate::problem::{Kind as ProblemKind, Problem};
use crate::time::Rfc3339;

/// An alert as it is shown.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AlertView {
    #[schema(value_type = id::Alert)]
    id: String,
    name: String,
    #[schema(value_type = Vec<names::IssueKind>)]
    on: Vec<&'static str>,
    #[schema(value_type = Vec<id::Connection>)]
    connection_ids: Vec<String>,
    resolutions: bool,
    interval_ms: u64,
    enabled: bool,
    channel: ChannelView,
    /// When it was told of an issue last, and that was taken.
    last_sent_at: Option<Rfc3339>,
    /// What went wrong since.
    last_error: Option<ErrorView>,
    #[schema(value_type = names::ManagedBy)]
    managed_by: &'static str,
    created_at: Rfc3339,
    updated_at: Rfc3339,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AlertError)]
struct ErrorView {
    at: Rfc3339,
    detail: String,
}

impl AlertView {
    /// Shows an alert and what came of it, and in full the secret that was just generated for it.
    pub(crate) fn new(alert: &Alert, mark: Option<&Mark>, generated: Option<&Secret>) -> Self {
        Self {
            id: alert.id.to_string(),
            name: alert.name.clone(),
            on: alert.on.iter().map(|kind| kind.name()).collect(),
            connection_ids: alert.connections.iter().map(ToString::to_string).collect(),
            resolutions: alert.resolutions,
            interval_ms: u64::try_from(alert.interval.as_millis()).unwrap_or(u64::MAX),
            enabled: alert.enabled,
            channel: ChannelView::new(&alert.channel, generated),
            last_sent_at: mark.and_then(|mark| mark.sent_at).map(Rfc3339),
            last_error: mark
                .and_then(|mark| mark.error.clone())
                .map(|(at, detail)| ErrorView { at: Rfc3339(at), detail }),
            managed_by: managed_by(alert.managed_by),
            created_at: Rfc3339(alert.created_at),
            updated_at: Rfc3339(alert.updated_at),
        }
    }
}

/// What came of a sample.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TrialView {
    /// Whether it was taken.
    sent: bool,
    /// What a server answered, of HTTP or SMTP.
    status: Option<u16>,
    /// Why it was not.
    error: Option<String>,
}

impl TrialView {
    pub(crate) fn new(outcome: Outcome) -> Self {
        match outcome {
            Ok(status) => Self { sent: true, status: Some(status), error: None },
            Err(SendError { status, detail }) => Self { sent: false, status, error: Some(detail) },
        }
    }
}

/// What a body says about an alert.
// No `Debug`: it holds secrets.
#[derive(Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct AlertFields {
    /// 1 to 100 letters, digits, `-`, `_` and `.`; unique.
    #[schema(value_type = Option<String>, pattern = "^[A-Za-z0-9][A-Za-z0-9._-]*$", min_length = 1, max_length = 100)]
    name: Field<String>,
    /// The kinds of issue that it tells of; by default all.
    #[schema(value_type = Option<Vec<names::IssueKind>>, min_items = 1)]
    on: Field<Vec<String>>,
    /// The connections that it tells of; none for all.
    #[schema(value_type = Option<Vec<id::Connection>>, max_items = 100)]
    connection_ids: Field<Vec<String>>,
    /// Whether it also tells that an issue is resolved; `true` by default.
    resolutions: Field<bool>,
    /// An issue that opens again and again is told once in this time; an hour by default.
    #[schema(value_type = Option<u64>, minimum = 0, maximum = 2_592_000_000_u64)]
    interval_ms: Field<u64>,
    /// Whether it tells anything; `true` by default.
    enabled: Field<bool>,
    /// How people are told.
    #[schema(value_type = Option<ChannelForms>)]
    channel: Field<Object<ChannelFields>>,
}

impl Create for AlertFields {
    const NEEDED: &[&str] = &["name", "channel"];
}

impl AlertFields {
    /// The alert that results, from nothing or from the one there is, and the secret that was generated for want of
    /// another.
    ///
    /// # Errors
    /// A missing field, or a value that cannot be used.
    pub(crate) fn onto(self, current: Option<&Alert>) -> Result<(NewAlert, Option<Secret>), Problem> {
        let name = self.name.required(current.map(|it| it.name.clone()), "name")?;
        let all = || Kind::ALL.to_vec();
        let on = match self.on {
            Field::Keep => current.map_or_else(all, |it| it.on.clone()),
            Field::Reset => all(),
            Field::Set(names) => names.iter().map(|name| kind(name)).collect::<Result<_, _>>()?,
        };
        let connections = match self.connection_ids {
            Field::Keep => current.map(|it| it.connections.clone()).unwrap_or_default(),
            Field::Reset => Vec::new(),
            Field::Set(ids) => ids.iter().map(|id| connection(id)).collect::<Result<_, _>>()?,
        };
        let interval = match self.interval_ms {
            Field::Keep => current.map_or(INTERVAL_DEFAULT, |it| it.interval),
            Field::Reset => INTERVAL_DEFAULT,
            Field::Set(ms) => Duration::from_millis(ms),
        };
        let (channel, generated) = match (self.channel, current) {
            (Field::Set(Object(fields)), current) => fields.onto(current.map(|it| &it.channel))?,
            (Field::Keep, Some(current)) => (current.channel.clone(), None),
            (Field::Keep | Field::Reset, None) => return Err(Problem::missing_field("channel")),
            (Field::Reset, Some(_)) => {
                let reason = "it has no default to go back to: give a value or leave it out";
                return Err(Problem::invalid_field("channel", reason));
            }
        };
        let new = NewAlert {
            name,
            on,
            connections,
            resolutions: self.resolutions.over(current.is_none_or(|it| it.resolutions), true),
            interval,
            enabled: self.enabled.over(current.is_none_or(|it| it.enabled), true),
            channel,
        };
        Ok((new, generated))
    }
}

/// What a document says about an alert; its connections are named. No `Debug`: it holds secrets.
#[derive(Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct DeclaredAlertFields {
    #[schema(value_type = String, required, pattern = "^[A-Za-z0-9][A-Za-z0-9._-]*$", min_length = 1, max_length = 100)]
    name: Field<String>,
    #[schema(value_type = Option<Vec<names::IssueKind>>, min_items = 1)]
    on: Field<Vec<String>>,
    #[schema(value_type = Option<Vec<String>>, max_items = 100)]
    connections: Field<Vec<String>>,
    resolutions: Field<bool>,
    #[schema(value_type = Option<u64>, minimum = 0, maximum = 2_592_000_000_u64)]
    interval_ms: Field<u64>,
    enabled: Field<bool>,
    #[schema(value_type = Option<ChannelForms>)]
    channel: Field<Object<ChannelFields>>,
}

impl DeclaredAlertFields {
    /// The name it gives.
    pub(crate) fn name(&self) -> Option<&str> {
        self.name.given().map(String::as_str)
    }

    /// The alert that it declares, and the secret that was generated for want of another; the channel that there is knows
    /// what of it is never shown.
    ///
    /// # Errors
    /// A missing field, or a value that cannot be used.
    pub(crate) fn declared(
        self,
        current: Option<&Channel>,
    ) -> Result<(DeclaredAlert, Option<Secret>), Problem> {
        let (channel, generated) = match (self.channel, current) {
            (Field::Set(Object(fields)), current) => fields.onto(current)?,
            (Field::Keep | Field::Reset, Some(current)) => (current.clone(), None),
            (Field::Keep | Field::Reset, None) => return Err(Problem::missing_field("channel")),
        };
        let all = Kind::ALL.map(|kind| kind.name().to_owned()).to_vec();
        let on = self.on.over(all.clone(), all);
        let alert = DeclaredAlert {
            name: self.name.required(None, "name")?,
            on: on.iter().map(|name| kind(name)).collect::<Result<_, _>>()?,
            connections: self.connections.over(Vec::new(), Vec::new()),
            resolutions: self.resolutions.over(true, true),
            interval: self.interval_ms.over_option(None).map_or(INTERVAL_DEFAULT, Duration::from_millis),
            enabled: self.enabled.over(true, true),
            channel,
        };
        Ok((alert, generated))
    }
}

fn kind(name: &str) -> Result<Kind, Problem> {
    Kind::from_name(name).ok_or_else(|| {
        Problem::invalid_field("on", format!("each is one of {}", Kind::ALL.map(Kind::name).join(", ")))
    })
}

/// Text that is no id cannot refer to anything, so it is the same error as an id nothing has.
fn connection(id: &str) -> Result<ConnectionId, Problem> {
    id.parse().map_err(|error| {
        Problem::with_field(
            ProblemKind::UnknownReference,
            "connection_ids",
            format!("`connection_ids`: {error}"),
        )
    })
}
