//! Which condition failed, for a person. Off the hot path: it evaluates again, piece by piece.

use std::cell::Cell;
use std::fmt::{self, Write as _};

use super::STEPS_MAX;
use super::condition::{Condition, Conditions, Operand, Operator, Set};
use super::evaluate::{self, Evaluation};
use super::reference::Places;
use crate::field::escape;
use crate::values::{Document, Value, Values, json_text};

/// The longest path and the longest expectation in a [`Mismatch`], in characters.
pub const MISMATCH_CHARS_MAX: usize = 200;

/// The first condition that an event does not meet. What it says of the request is a type and a size, never a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// What it looked at, as a JSON pointer into the request's parts; empty for the request itself.
    pub path: String,
    /// The operator; `equals` for a plain value, `contains` for what an array should have.
    pub operator: &'static str,
    /// What the filter asked for; cut after [`MISMATCH_CHARS_MAX`] characters.
    pub expected: String,
    /// What was there.
    pub found: Found,
}

/// What stood where a condition failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// The request itself, of which several conditions were asked.
    Request,
    /// Nothing.
    Missing,
    /// `null`
    Null,
    /// `true` or `false`
    Boolean,
    /// A number.
    Number,
    /// A text of so many bytes.
    Text(usize),
    /// An array of so many elements.
    Array(usize),
    /// An object of so many members.
    Object(usize),
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.found {
            Found::Request => f.write_str("the request")?,
            found => write!(f, "{} ({found})", self.path)?,
        }
        write!(f, " does not meet {} {}", self.operator, self.expected)
    }
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Request => f.write_str("a request"),
            Self::Missing => f.write_str("missing"),
            Self::Null => f.write_str("null"),
            Self::Boolean => f.write_str("a boolean"),
            Self::Number => f.write_str("a number"),
            Self::Text(bytes) => write!(f, "a text of {bytes} bytes"),
            Self::Array(items) => write!(f, "an array of {items}"),
            Self::Object(members) => write!(f, "an object of {members}"),
        }
    }
}

impl From<Option<Value<'_>>> for Found {
    fn from(value: Option<Value<'_>>) -> Self {
        match value {
            None => Self::Missing,
            Some(Value::Null) => Self::Null,
            Some(Value::Bool(_)) => Self::Boolean,
            Some(Value::Number(_)) => Self::Number,
            Some(Value::Text(text)) => Self::Text(text.len()),
            Some(Value::Array(items)) => Self::Array(items.len()),
            Some(Value::Object(object)) => Self::Object(object.len()),
        }
    }
}

/// The first of a request's conditions that fails.
pub(super) fn request(conditions: &Conditions, values: &Values<'_>) -> Option<Mismatch> {
    let steps = Cell::new(0);
    if evaluate::request(conditions, values, &steps) && steps.get() <= STEPS_MAX {
        return None;
    }
    if steps.get() > STEPS_MAX {
        return Some(of_request(
            "steps",
            format!("at most {STEPS_MAX}; the request is too large for this filter"),
        ));
    }
    let holds = |conditions| evaluate::request(conditions, values, &steps);
    if conditions.not.as_deref().is_some_and(holds) {
        return Some(of_request("$not", "what it excludes".to_owned()));
    }
    let part = conditions.parts.iter().find_map(|(part, condition)| {
        let root = values.part(*part);
        let evaluation = Evaluation { root, steps: &steps };
        let places = Places::default();
        if evaluation.whole(condition, root, &places) {
            return None;
        }
        Explanation { evaluation, places, path: format!("/{part}") }.whole(condition, root)
    });
    part.or_else(|| conditions.all.iter().find_map(|all| request(all, values))).or_else(|| {
        let any = conditions.any.as_ref()?;
        Some(of_request("$or", format!("any of {} conditions", any.len())))
    })
}

const fn of_request(operator: &'static str, expected: String) -> Mismatch {
    Mismatch { path: String::new(), operator, expected, found: Found::Request }
}

/// Looks for what failed in one value. Inside an array it stops: there every element failed, each in its way.
struct Explanation<'e, 'd> {
    evaluation: Evaluation<'e, 'd>,
    places: Places<'e>,
    path: String,
}

impl<'d> Explanation<'_, 'd> {
    /// As [`Evaluation::whole`] sees it.
    fn whole(&self, condition: &Condition, value: Option<Value<'d>>) -> Option<Mismatch> {
        if let Condition::All(set) = condition
            && let Some(not) = &set.not
            && self.evaluation.whole(not, value, &self.places)
        {
            return Some(self.mismatch("$not", describe(not), value));
        }
        self.value(condition, value)
    }

    fn value(&self, condition: &Condition, value: Option<Value<'d>>) -> Option<Mismatch> {
        let is_array = matches!(value, Some(Value::Array(_)));
        match condition {
            Condition::Equals(wanted) => {
                let operator = if is_array { "contains" } else { "equals" };
                Some(self.mismatch(operator, document(wanted), value))
            }
            Condition::Contains(wanted) if is_array => {
                let fails = |wanted: &&Condition| {
                    !self.evaluation.any_element(value, &self.places, |item, places| {
                        self.evaluation.value(wanted, item, places)
                    })
                };
                wanted.iter().find(fails).map(|wanted| self.mismatch("contains", describe(wanted), value))
            }
            Condition::Contains(_) => Some(self.mismatch("contains", describe(condition), value)),
            Condition::All(set) => self.set(set, value, is_array).or_else(|| {
                Some(self.mismatch(if is_array { "contains" } else { "equals" }, describe(condition), value))
            }),
        }
    }

    fn set(&self, set: &Set, value: Option<Value<'d>>, is_array: bool) -> Option<Mismatch> {
        let Self { evaluation, places, .. } = self;
        let operator = set.operators.iter().find(|operator| !evaluation.operator(operator, value, places));
        if let Some(operator) = operator {
            return Some(self.mismatch(operator.name(), operand(operator), value));
        }
        if is_array {
            return None;
        }
        let whole = |condition: &Condition| evaluation.whole(condition, value, places);
        if let Some(not) = set.not.as_ref().filter(|not| whole(not)) {
            return Some(self.mismatch("$not", describe(not), value));
        }
        if let Some(any) = set.any.as_ref().filter(|any| !any.iter().any(whole)) {
            return Some(self.mismatch("$or", format!("any of {} conditions", any.len()), value));
        }
        if let Some(one) = set.all.iter().find(|one| !whole(one)) {
            return self.whole(one, value);
        }
        if let Some(reference) = &set.reference
            && !evaluation.is_like(reference, value, places)
        {
            return Some(self.mismatch("$ref", cut(reference.text()), value));
        }
        self.fields(set, value)
    }

    fn fields(&self, set: &Set, value: Option<Value<'d>>) -> Option<Mismatch> {
        set.fields.iter().find_map(|(name, condition)| {
            let field = match value {
                Some(Value::Object(object)) => object.get(name),
                _ => None,
            };
            let inside = Explanation {
                evaluation: self.evaluation,
                places: self.places,
                path: format!("{}/{}", self.path, escape(name)),
            };
            if self.evaluation.field(condition, field, &self.places) && !value.is_some_and(Value::is_scalar) {
                return None;
            }
            inside.value(condition, field)
        })
    }

    fn mismatch(&self, operator: &'static str, expected: String, value: Option<Value<'d>>) -> Mismatch {
        Mismatch { path: cut(&self.path), operator, expected, found: value.into() }
    }
}

fn describe(condition: &Condition) -> String {
    match condition {
        Condition::Equals(wanted) => document(wanted),
        Condition::Contains(wanted) => format!("all of {} values", wanted.len()),
        Condition::All(set) => match (set.operators.as_slice(), set.fields.as_slice()) {
            ([operator], []) if !set.is_more_than_operators() => {
                cut(&format!("{} {}", operator.name(), operand(operator)))
            }
            ([], [(name, _), rest @ ..]) => match rest.len() {
                0 => cut(&format!("an object with {name} as asked")),
                more => cut(&format!("an object with {name} and {more} more as asked")),
            },
            _ if set.is_empty() => "an object".to_owned(),
            _ => "all of what is asked".to_owned(),
        },
    }
}

fn operand(operator: &Operator) -> String {
    match operator {
        Operator::Equal(operand)
        | Operator::NotEqual(operand)
        | Operator::Greater(operand)
        | Operator::GreaterOrEqual(operand)
        | Operator::Less(operand)
        | Operator::LessOrEqual(operand)
        | Operator::In(operand)
        | Operator::NotIn(operand)
        | Operator::StartsWith(operand)
        | Operator::EndsWith(operand)
        | Operator::Contains(operand) => match operand {
            Operand::Value(value) => document(value),
            Operand::Reference(reference) => cut(&format!("the value of {}", reference.text())),
        },
        Operator::Exist(wanted) => wanted.to_string(),
        Operator::Regex(regex) => cut(regex.as_str()),
        Operator::Size(condition) => describe(condition),
    }
}

fn document(value: &Document<'_>) -> String {
    let mut short = Short::default();
    // An error is the sign that it was cut.
    let _ = value.root().map(|value| json_text(value, &mut short));
    short.text
}

fn cut(text: &str) -> String {
    let mut short = Short::default();
    let _ = short.write_str(text);
    short.text
}

/// Takes so many characters and no more.
#[derive(Default)]
struct Short {
    text: String,
    letters: usize,
}

impl fmt::Write for Short {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for letter in text.chars() {
            self.letters += 1;
            if self.letters > MISMATCH_CHARS_MAX {
                self.text.push('…');
                return Err(fmt::Error);
            }
            self.text.push(letter);
        }
        Ok(())
    }
}
