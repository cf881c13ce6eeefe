//! Walks through conditions and values side by side.
//!
//! There are two ways in, as in `simple-json-match`. [`Evaluation::whole`] looks at a part of a request, and at what
//! `$or`, `$and` and `$not` stand for: there `$not` is about the value itself. [`Evaluation::value`] looks at a field or
//! an element: there an array passes if one of its elements does, also with `$not`.
//!
//! The work is counted, since a reference can compare each of many values with each of many others. When it is too
//! much, everything fails quickly and the filter as a whole does not pass.

use std::cell::Cell;
use std::cmp::Ordering;

use super::STEPS_MAX;
use super::compare;
use super::condition::{Condition, Conditions, Operand, Operator, Set};
use super::reference::{Places, Reference};
use crate::values::{Number, Object, Value, Values};

/// Whether everything asked of a request holds.
pub(super) fn request(conditions: &Conditions, values: &Values<'_>, steps: &Cell<u64>) -> bool {
    if let Some(not) = &conditions.not
        && request(not, values, steps)
    {
        return false;
    }
    conditions.parts.iter().all(|(part, condition)| {
        let root = values.part(*part);
        Evaluation { root, steps }.whole(condition, root, &Places::default())
    }) && conditions.all.iter().all(|all| request(all, values, steps))
        && conditions.any.as_ref().is_none_or(|any| any.iter().any(|one| request(one, values, steps)))
}

/// One part of a request against its condition. A value of `None` is missing.
#[derive(Clone, Copy)]
pub(super) struct Evaluation<'e, 'd> {
    pub(super) root: Option<Value<'d>>,
    pub(super) steps: &'e Cell<u64>,
}

impl<'d> Evaluation<'_, 'd> {
    /// Whether a whole value meets a condition.
    pub(super) fn whole(self, condition: &Condition, value: Option<Value<'d>>, places: &Places<'_>) -> bool {
        let Condition::All(set) = condition else {
            return self.value(condition, value, places);
        };
        if let Some(not) = &set.not
            && self.whole(not, value, places)
        {
            return false;
        }
        let only_not = set.not.is_some() && set.operators.is_empty() && !set.asks_of_elements();
        only_not || self.rest(set, value, places)
    }

    /// All but `$not`, which was looked at.
    fn rest(self, set: &Set, value: Option<Value<'d>>, places: &Places<'_>) -> bool {
        match value {
            Some(Value::Array(_)) => {
                self.operators(set, value, places)
                    && ((!set.operators.is_empty() && !set.asks_of_elements())
                        || self.any_element(value, places, |item, places| self.but_not(set, item, places)))
            }
            _ => self.operators(set, value, places) && self.but_not(set, value, places),
        }
    }

    /// Whether a field or an element meets a condition.
    pub(super) fn value(self, condition: &Condition, value: Option<Value<'d>>, places: &Places<'_>) -> bool {
        if !self.takes(1) {
            return false;
        }
        match (condition, value) {
            (Condition::Equals(_), Some(Value::Array(_))) => {
                self.any_element(value, places, |item, places| self.value(condition, item, places))
            }
            (Condition::Equals(wanted), _) => {
                wanted.root().zip(value).is_some_and(|(wanted, value)| self.loosely_equal(value, wanted))
            }
            (Condition::Contains(wanted), Some(Value::Array(_))) => wanted.iter().all(|wanted| {
                self.any_element(value, places, |item, places| self.value(wanted, item, places))
            }),
            // An object has its numbers as names: what PHP makes of an array.
            (Condition::Contains(wanted), Some(Value::Object(object))) => wanted
                .iter()
                .enumerate()
                .all(|(index, wanted)| self.field(wanted, self.member(object, &index.to_string()), places)),
            (Condition::Contains(_), _) => false,
            (Condition::All(set), _) => self.set(set, value, places),
        }
    }

    /// Whether a field or an element meets all of a set.
    pub(super) fn set(self, set: &Set, value: Option<Value<'d>>, places: &Places<'_>) -> bool {
        match value {
            Some(Value::Array(_)) => {
                self.operators(set, value, places)
                    && ((!set.operators.is_empty() && !set.is_more_than_operators())
                        || self.any_element(value, places, |item, places| self.element(set, item, places)))
            }
            _ => self.operators(set, value, places) && self.element(set, value, places),
        }
    }

    /// All but the operators, which were asked of the array.
    fn element(self, set: &Set, value: Option<Value<'d>>, places: &Places<'_>) -> bool {
        if let Some(Value::Array(_)) = value {
            return self.any_element(value, places, |item, places| self.element(set, item, places));
        }
        set.not.as_ref().is_none_or(|not| !self.whole(not, value, places)) && self.but_not(set, value, places)
    }

    /// `$or`, `$and`, `$ref` and fields, of an element in however many arrays.
    fn but_not(self, set: &Set, value: Option<Value<'d>>, places: &Places<'_>) -> bool {
        if let Some(Value::Array(_)) = value {
            return self.any_element(value, places, |item, places| self.but_not(set, item, places));
        }
        self.takes(1)
            && set.any.as_ref().is_none_or(|any| any.iter().any(|one| self.whole(one, value, places)))
            && set.all.iter().all(|one| self.whole(one, value, places))
            && set.reference.as_ref().is_none_or(|reference| self.is_like(reference, value, places))
            && self.fields(set, value, places)
    }

    fn fields(self, set: &Set, value: Option<Value<'d>>, places: &Places<'_>) -> bool {
        match value {
            Some(Value::Object(object)) => set
                .fields
                .iter()
                .all(|(name, condition)| self.field(condition, self.member(object, name), places)),
            None => set.fields.iter().all(|(_, condition)| self.field(condition, None, places)),
            // An empty set asks for an object.
            Some(_) => set.fields.is_empty() && !set.is_empty(),
        }
    }

    /// A field that is missing meets nothing but `$exist: false`.
    pub(super) fn field(self, condition: &Condition, value: Option<Value<'d>>, places: &Places<'_>) -> bool {
        let expected = value.is_some() || matches!(condition, Condition::All(set) if set.takes_nothing());
        expected && self.value(condition, value, places)
    }

    pub(super) fn any_element(
        self,
        value: Option<Value<'d>>,
        places: &Places<'_>,
        meets: impl Fn(Option<Value<'d>>, &Places<'_>) -> bool,
    ) -> bool {
        let Some(Value::Array(items)) = value else {
            return false;
        };
        items.iter().enumerate().any(|(index, item)| meets(Some(item), &places.inside(index)))
    }

    /// Whether a value is like what a reference names.
    pub(super) fn is_like(
        self,
        reference: &Reference,
        value: Option<Value<'d>>,
        places: &Places<'_>,
    ) -> bool {
        self.resolve(reference, places).is_some_and(|wanted| self.alike(value, wanted))
    }

    /// Whether a value is like another of the request, which is read like a filter without operators.
    fn alike(self, value: Option<Value<'d>>, wanted: Value<'d>) -> bool {
        let Some(value) = value.filter(|_| self.takes(1)) else {
            return false;
        };
        match (value, wanted) {
            (Value::Array(items), Value::Array(wanted)) => {
                wanted.iter().all(|wanted| items.iter().any(|item| self.alike(Some(item), wanted)))
            }
            (Value::Array(items), _) => items.iter().any(|item| self.alike(Some(item), wanted)),
            (Value::Object(object), Value::Array(wanted)) => wanted
                .iter()
                .enumerate()
                .all(|(index, wanted)| self.alike(self.member(object, &index.to_string()), wanted)),
            (Value::Object(object), Value::Object(wanted)) => {
                self.takes(Value::Object(wanted).weight())
                    && wanted
                        .by_key()
                        .into_iter()
                        .all(|(name, wanted)| self.alike(self.member(object, name), wanted))
            }
            _ => self.loosely_equal(value, wanted),
        }
    }

    fn operators(self, set: &Set, value: Option<Value<'d>>, places: &Places<'_>) -> bool {
        set.operators.iter().all(|operator| self.operator(operator, value, places))
    }

    /// Whether an operator holds; one that does not know a type of value does not, nor does its opposite.
    pub(super) fn operator(self, operator: &Operator, value: Option<Value<'d>>, places: &Places<'_>) -> bool {
        let holds = |operand, holds: fn(Self, Option<Value<'_>>, Value<'_>) -> bool| {
            self.operand(operand, places, |wanted| holds(self, value, wanted))
        };
        let knows = |operand, holds: fn(Self, Value<'_>, Value<'_>) -> Option<bool>| {
            value.is_some_and(|value| {
                self.operand(operand, places, |wanted| holds(self, value, wanted) == Some(true))
            })
        };
        match operator {
            Operator::Exist(wanted) => value.is_some() == *wanted,
            Operator::Equal(operand) => holds(operand, Self::equal),
            Operator::NotEqual(operand) => holds(operand, |this, value, wanted| !this.equal(value, wanted)),
            Operator::Greater(operand) => knows(operand, |this, a, b| this.order(a, b).map(Ordering::is_gt)),
            Operator::GreaterOrEqual(operand) => {
                knows(operand, |this, a, b| this.order(a, b).map(Ordering::is_ge))
            }
            Operator::Less(operand) => knows(operand, |this, a, b| this.order(a, b).map(Ordering::is_lt)),
            Operator::LessOrEqual(operand) => {
                knows(operand, |this, a, b| this.order(a, b).map(Ordering::is_le))
            }
            Operator::In(operand) => knows(operand, Self::is_in),
            Operator::NotIn(operand) => knows(operand, |this, a, b| this.is_in(a, b).map(|is_in| !is_in)),
            Operator::StartsWith(operand) => {
                knows(operand, |_, a, b| any_text(a, b, |text, start| text.starts_with(start)))
            }
            Operator::EndsWith(operand) => {
                knows(operand, |_, a, b| any_text(a, b, |text, end| text.ends_with(end)))
            }
            Operator::Contains(operand) => knows(operand, Self::contains),
            Operator::Regex(regex) => {
                matches!(value, Some(Value::Text(text)) if self.goes_through(Value::Text(text)) && regex.is_match(text))
            }
            Operator::Size(condition) => value
                .filter(|value| self.goes_through(*value))
                .and_then(size)
                .is_some_and(|size| self.value(condition, Some(size), places)),
        }
    }

    /// Compares with what stands in the filter or in the request; false where that is nowhere.
    fn operand(self, operand: &Operand, places: &Places<'_>, holds: impl FnOnce(Value<'_>) -> bool) -> bool {
        match operand {
            Operand::Value(document) => document.root().is_some_and(holds),
            Operand::Reference(reference) => self.resolve(reference, places).is_some_and(holds),
        }
    }

    fn resolve(self, reference: &Reference, places: &Places<'_>) -> Option<Value<'d>> {
        let (value, seen) = reference.resolve(self.root, places);
        value.filter(|_| self.takes(seen))
    }

    fn loosely_equal(self, value: Value<'_>, wanted: Value<'_>) -> bool {
        value.is_scalar()
            && wanted.is_scalar()
            && self.goes_through(value)
            && self.goes_through(wanted)
            && compare::loosely_equal(value, wanted)
    }

    fn equal(self, value: Option<Value<'_>>, wanted: Value<'_>) -> bool {
        value.is_none_or(|value| self.goes_through(value))
            && self.goes_through(wanted)
            && compare::equal(value, wanted)
    }

    fn order(self, value: Value<'_>, wanted: Value<'_>) -> Option<Ordering> {
        let scalars = value.is_scalar() && wanted.is_scalar();
        (scalars && self.goes_through(value) && self.goes_through(wanted))
            .then(|| compare::order(value, wanted))
            .flatten()
    }

    /// Whether it is among what is listed, or a text that stands in it.
    fn is_in(self, value: Value<'_>, wanted: Value<'_>) -> Option<bool> {
        if !value.is_scalar() || !self.goes_through(value) || !self.goes_through(wanted) {
            return None;
        }
        match (value, wanted) {
            (_, Value::Array(items)) => items
                .iter()
                .all(|item| matches!(item, Value::Text(_) | Value::Number(_)))
                .then(|| items.iter().any(|item| compare::strictly_equal(value, item))),
            (Value::Text(text), Value::Text(_) | Value::Number(_)) => {
                Some(text.contains(&*wanted.to_text()?))
            }
            _ => None,
        }
    }

    fn contains(self, value: Value<'_>, wanted: Value<'_>) -> Option<bool> {
        match value {
            Value::Array(items) => Some(items.iter().any(|item| self.equal(Some(item), wanted))),
            Value::Text(text) if self.goes_through(value) => Some(text.contains(&*wanted.to_text()?)),
            _ => None,
        }
    }

    fn member(self, object: Object<'d>, name: &str) -> Option<Value<'d>> {
        let (value, seen) = object.find(name);
        value.filter(|_| self.takes(seen as u64))
    }

    /// Whether there is work left for going through all of a value.
    fn goes_through(self, value: Value<'_>) -> bool {
        self.takes(value.weight())
    }

    /// Whether there is work left for so many steps.
    fn takes(self, steps: u64) -> bool {
        let total = self.steps.get().saturating_add(steps);
        self.steps.set(total);
        total <= STEPS_MAX
    }
}

/// Whether it holds of a text and one of those that are wanted.
fn any_text(value: Value<'_>, wanted: Value<'_>, holds: fn(&str, &str) -> bool) -> Option<bool> {
    let Value::Text(text) = value else {
        return None;
    };
    match wanted {
        Value::Text(wanted) => Some(holds(text, wanted)),
        Value::Array(items) => items.iter().try_fold(false, |found, item| match item {
            Value::Text(wanted) => Some(found || holds(text, wanted)),
            _ => None,
        }),
        _ => None,
    }
}

/// Elements, members or letters.
fn size(value: Value<'_>) -> Option<Value<'static>> {
    let size = match value {
        Value::Array(items) => items.len(),
        Value::Object(object) => object.len(),
        Value::Text(text) => text.chars().count(),
        Value::Null | Value::Bool(_) | Value::Number(_) => return None,
    };
    i64::try_from(size).ok().map(|size| Value::Number(Number::Integer(size)))
}
