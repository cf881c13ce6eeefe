//! Bulk operations on the wire.

use std::collections::BTreeMap;

use hookyard_model::event::EventState;
use hookyard_model::id::RequestId;
use hookyard_store::bulk::{
    self, Failure, LeftOut, NewOperation, Operation, Order, Plan, Progress, RATE_PER_S_DEFAULT,
    RATE_PER_S_MAX,
};
use hookyard_store::by_hand::Action;
use hookyard_store::catalog::audit::Change;
use hookyard_store::store::Store;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::body::Object;
use crate::events::EventView;
use crate::events::filter::FilterFields;
use crate::openapi::{id, names};
use crate::problem::Problem;
use crate::time::Rfc3339;

/// What is to be planned.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(as = BulkOrderFields)]
pub(crate) struct OrderFields {
    /// What is done.
    #[schema(value_type = names::BulkAction, required)]
    action: Option<String>,
    /// To which events; all of them where nothing is said in it.
    #[schema(value_type = FilterFields, required)]
    query: Option<Object<FilterFields>>,
    /// Whether successful events are sent once more.
    include_successful: bool,
    /// Only events of this request and older ones; by default the newest there is.
    #[schema(value_type = Option<id::Request>)]
    up_to: Option<String>,
}

/// What is to be started.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(as = BulkStartFields)]
pub(crate) struct StartFields {
    /// What is done.
    #[schema(value_type = names::BulkAction, required)]
    action: Option<String>,
    /// To which events; all of them where nothing is said in it.
    #[schema(value_type = FilterFields, required)]
    query: Option<Object<FilterFields>>,
    /// Whether successful events are sent once more.
    include_successful: bool,
    /// Only events of this request and older ones; by default the newest there is.
    #[schema(value_type = Option<id::Request>)]
    up_to: Option<String>,
    /// At most so many events per second; 100 by default.
    #[schema(minimum = 1, maximum = 10_000)]
    rate_per_s: Option<u32>,
    /// It is not started where there is more to do than this.
    #[schema(maximum = 999_999)]
    events_max: Option<u64>,
}

/// A plan as it is shown.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BulkPlan)]
pub(crate) struct PlanView {
    #[schema(value_type = names::BulkAction)]
    action: &'static str,
    query: FilterFields,
    include_successful: bool,
    #[schema(value_type = id::Request)]
    up_to: String,
    matched: u64,
    to_do: u64,
    /// False where there are at least as many.
    exact: bool,
    #[schema(value_type = BTreeMap<String, u64>)]
    states: BTreeMap<&'static str, u64>,
    #[schema(value_type = BTreeMap<String, u64>)]
    left_out: BTreeMap<&'static str, u64>,
    sample: Vec<EventView>,
}

/// An operation as it is shown.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BulkOperation)]
pub(crate) struct OperationView {
    #[schema(value_type = id::BulkOperation)]
    id: String,
    #[schema(value_type = names::BulkAction)]
    action: &'static str,
    query: FilterFields,
    include_successful: bool,
    #[schema(value_type = Option<id::Request>)]
    up_to: Option<String>,
    rate_per_s: u32,
    #[schema(value_type = names::BulkOperationState)]
    state: &'static str,
    /// Why it does not get on at the moment.
    stalled: Option<String>,
    matched: u64,
    to_do: u64,
    exact: bool,
    done: u64,
    #[schema(value_type = BTreeMap<String, u64>)]
    left_out: BTreeMap<&'static str, u64>,
    #[schema(value_type = BTreeMap<String, u64>)]
    failed: BTreeMap<&'static str, u64>,
    started_at: Rfc3339,
    ended_at: Option<Rfc3339>,
}

impl OrderFields {
    pub(crate) fn order(self) -> Result<Order, Problem> {
        let action = self.action.ok_or_else(|| Problem::missing_field("action"))?;
        let action = Action::from_name(&action).ok_or_else(|| {
            let known = Action::ALL.map(Action::name).join(", ");
            Problem::invalid_field("action", format!("expected one of {known}"))
        })?;
        // All events is something that has to be said.
        let Object(query) = self.query.ok_or_else(|| Problem::missing_field("query"))?;
        let up_to = self.up_to.map(|text| text.parse::<RequestId>()).transpose();
        let up_to = up_to.map_err(|error| Problem::invalid_field("up_to", error))?;
        if self.include_successful && action == Action::Cancel {
            return Err(Problem::invalid_field("include_successful", "what has ended cannot be cancelled"));
        }
        Ok(Order { action, filter: query.filter()?, include_successful: self.include_successful, up_to })
    }
}

impl StartFields {
    pub(crate) fn operation(self) -> Result<NewOperation, Problem> {
        let Self { action, query, include_successful, up_to, rate_per_s, events_max } = self;
        let order = OrderFields { action, query, include_successful, up_to }.order()?;
        let rate_per_s = rate_per_s.unwrap_or(RATE_PER_S_DEFAULT);
        if !(1..=RATE_PER_S_MAX).contains(&rate_per_s) {
            let reason = format!("expected a number from 1 to {RATE_PER_S_MAX}");
            return Err(Problem::invalid_field("rate_per_s", reason));
        }
        if events_max.is_some_and(|max| max >= bulk::COUNTED_MAX) {
            let reason =
                format!("expected a number below {}, as far as events are counted", bulk::COUNTED_MAX);
            return Err(Problem::invalid_field("events_max", reason));
        }
        Ok(NewOperation { order, rate_per_s, events_max })
    }
}

impl PlanView {
    /// Shows a plan; the store says which events of the sample are held.
    pub(crate) fn new(store: &Store, order: &Order, plan: Plan) -> Self {
        Self {
            action: order.action.name(),
            query: FilterFields::of(&order.filter),
            include_successful: order.include_successful,
            up_to: plan.up_to.to_string(),
            matched: plan.matched,
            to_do: plan.to_do,
            exact: plan.is_exact,
            states: named(plan.states.iter().map(|(state, count)| (*state, count)), EventState::name),
            left_out: named(&plan.left_out, |why| why.name()),
            sample: plan.sample.iter().map(|event| EventView::new(store, event)).collect(),
        }
    }
}

impl OperationView {
    pub(crate) fn new(operation: &Operation) -> Self {
        let Operation { order, progress: Progress { done, left_out, failed }, .. } = operation;
        Self {
            id: operation.id.to_string(),
            action: order.action.name(),
            query: FilterFields::of(&order.filter),
            include_successful: order.include_successful,
            up_to: order.up_to.map(|id| id.to_string()),
            rate_per_s: operation.rate_per_s,
            state: operation.state.name(),
            stalled: operation.stalled.clone(),
            matched: operation.matched,
            to_do: operation.to_do,
            exact: operation.is_exact,
            done: *done,
            left_out: named(left_out, |why: &LeftOut| why.name()),
            failed: named(failed, |why: &Failure| why.name()),
            started_at: Rfc3339(operation.started_at),
            ended_at: operation.ended_at.map(Rfc3339),
        }
    }
}

impl OperationView {
    /// What was ordered, for the audit log.
    pub(crate) fn ordered(&self) -> Vec<Change> {
        let change = |field: &str, to: Value| Change { field: field.to_owned(), from: Value::Null, to };
        vec![
            change("action", self.action.into()),
            change("include_successful", self.include_successful.into()),
            change("query", serde_json::to_value(&self.query).unwrap_or_default()),
        ]
    }
}

/// Counts by the names of what was counted.
fn named<'a, T>(
    counts: impl IntoIterator<Item = (T, &'a u64)>,
    name: impl Fn(T) -> &'static str,
) -> BTreeMap<&'static str, u64> {
    counts.into_iter().map(|(what, count)| (name(what), *count)).collect()
}
