//! Words that the API knows, as schemas: made of the domain's own lists, so that none is forgotten.

use std::borrow::Cow;

use hookyard_model::access::{Actor, Scope as Scopes};
use hookyard_model::alert::Security;
use hookyard_model::attempt::{ErrorKind as AttemptError, Trigger as AttemptTrigger};
use hookyard_model::connection::DisableCause;
use hookyard_model::destination::HttpVersion as Version;
use hookyard_model::event::EventState as State;
use hookyard_model::execution::Level;
use hookyard_model::issue::Kind;
use hookyard_model::pacing::RateUnit as Unit;
use hookyard_model::request::RejectCause as Cause;
use hookyard_model::rule::{DiscardCause as Discarded, RuleKind as Rule};
use hookyard_model::standing::HeldBy as Held;
use hookyard_store::bulk::OperationState;
use hookyard_store::by_hand::Action;
use hookyard_store::issues;
use utoipa::__dev::ComposeSchema;
use utoipa::ToSchema;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};

macro_rules! names {
    ($($(#[doc = $doc:literal])* $name:ident = $words:expr;)*) => {
        $(
            $(#[doc = $doc])*
            pub(crate) enum $name {}

            impl ComposeSchema for $name {
                fn compose(_: Vec<RefOr<Schema>>) -> RefOr<Schema> {
                    words(concat!($($doc),*), $words)
                }
            }

            impl ToSchema for $name {
                fn name() -> Cow<'static, str> {
                    Cow::Borrowed(stringify!($name))
                }
            }
        )*
    };
}

names! {
    /// Who may change it: the API, or the configuration file only.
    ManagedBy = ["api", "file"];
    /// How events get to a destination.
    DestinationType = ["http", "pull"];
    /// A version of HTTP; `auto` is what the server picks.
    HttpVersion = Version::ALL.map(Version::name);
    /// In which time a rate counts.
    RateUnit = Unit::ALL.map(Unit::name);
    /// What the breaker of a destination is.
    BreakerState = ["closed", "open", "half_open"];
    /// How the lane of a destination stands.
    LaneState = ["paused", "breaker_open", "probing", "running", "idle"];
    /// How a signing secret signs.
    SigningAlgorithm = ["hmac", "ed25519"];
    /// Why a connection is disabled.
    DisabledCause = [
        DisableCause::ByHand.name(),
        DisableCause::DestinationGone.name(),
        DisableCause::DestinationFailing.name(),
        DisableCause::RemovedFromFile.name(),
    ];
    /// What a rule does.
    RuleKind = Rule::ALL.map(Rule::name);
    /// How sure the description of a provider is.
    Confidence = ["high", "medium", "low"];
    /// What became of a request.
    RequestStatus = ["accepted", "pending", "handshake", "rejected"];
    /// Why a request was rejected.
    RejectCause = Cause::ALL.map(Cause::name);
    /// What is known about a request's origin.
    VerificationState = ["verified", "pending", "rejected", "none"];
    /// Where an event stands.
    EventState = State::ALL.map(State::name);
    /// Where a stored event stands, as lists are asked for.
    StoredEventState = State::ALL.into_iter().filter(|state| *state != State::Delivering).map(State::name);
    /// Why an event is held.
    HeldBy = [Held::ConnectionDisabled.name(), Held::DestinationPaused.name(), Held::BreakerOpen.name()];
    /// Why a rule discarded an event.
    DiscardCause = Discarded::ALL.map(Discarded::name);
    /// Why there was no answer to an attempt.
    ErrorKind = AttemptError::ALL.map(AttemptError::name);
    /// Why an attempt was made.
    Trigger = AttemptTrigger::ALL.map(AttemptTrigger::name);
    /// How the waits between attempts grow.
    Schedule = ["exponential", "linear", "custom"];
    /// What a document does to a thing.
    ConfigurationAction = ["create", "update", "delete"];
    /// What a document can have.
    ConfigurationResource = ["source", "destination", "connection", "alert"];
    /// What a lease is.
    LeaseState = ["leased", "acknowledged", "nacked", "expired", "unknown"];
    /// What is done to events.
    BulkAction = Action::ALL.map(Action::name);
    /// What a bulk operation is.
    BulkOperationState = [
        OperationState::Running.name(),
        OperationState::Finished.name(),
        OperationState::Cancelled.name(),
    ];
    /// What fails.
    IssueKind = Kind::ALL.map(Kind::name);
    /// What an issue is.
    IssueState = issues::State::ALL.map(issues::State::name);
    /// How an issue came to be resolved.
    ResolvedBy = [issues::ResolvedBy::Itself.name(), issues::ResolvedBy::Person.name()];
    /// How a connection to a mail server is secured.
    MailSecurity = Security::ALL.map(Security::name);
    /// What a caller may do; each includes those before it.
    Scope = Scopes::ALL.map(Scopes::name);
    /// Who calls.
    CallerType = [Actor::Local.type_name(), Actor::AdminKey.type_name(), "api_key"];
    /// Who did something.
    ActorType = Actor::TYPES;
    /// How important a line of the console is.
    LineLevel = Level::ALL.map(Level::name);
}

/// Failures of an attempt: a status like `503`, a range like `500-599`, or a kind of error.
pub(crate) enum Failures {}

impl ComposeSchema for Failures {
    fn compose(_: Vec<RefOr<Schema>>) -> RefOr<Schema> {
        let kinds = AttemptError::ALL.into_iter().filter(|kind| *kind != AttemptError::Request);
        let kinds = kinds.map(AttemptError::name).collect::<Vec<_>>().join("|");
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some(
                "Failures of an attempt: a status like `503`, a range like `500-599`, or a kind of error.",
            ))
            .pattern(Some(format!("^([1-9][0-9]{{2}}(-[1-9][0-9]{{2}})?|{kinds})$")))
            .into()
    }
}

impl ToSchema for Failures {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("Failures")
    }
}

/// One of these words.
pub(super) fn words(doc: &str, words: impl IntoIterator<Item = &'static str>) -> RefOr<Schema> {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .description(Some(doc.trim()))
        .enum_values(Some(words))
        .into()
}
