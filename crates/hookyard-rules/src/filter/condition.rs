//! What a filter is compiled to. Pure data.

use regex::Regex;

use super::reference::Reference;
use crate::values::{Document, Part};

/// What is asked of a request; all of it must hold.
#[derive(Debug, Default)]
pub(super) struct Conditions {
    pub(super) parts: Vec<(Part, Condition)>,
    pub(super) not: Option<Box<Conditions>>,
    pub(super) any: Option<Vec<Conditions>>,
    pub(super) all: Vec<Conditions>,
}

/// What is asked of a value.
#[derive(Debug)]
pub(super) enum Condition {
    /// It is this null, boolean, number or text, or contains it.
    Equals(Document<'static>),
    /// It contains all of these.
    Contains(Vec<Condition>),
    /// All of this holds.
    All(Box<Set>),
}

/// An object of a filter.
#[derive(Debug, Default)]
pub(super) struct Set {
    pub(super) not: Option<Condition>,
    pub(super) any: Option<Vec<Condition>>,
    pub(super) all: Vec<Condition>,
    pub(super) reference: Option<Reference>,
    pub(super) operators: Vec<Operator>,
    pub(super) fields: Vec<(String, Condition)>,
}

impl Set {
    /// Whether there is something besides operators.
    pub(super) fn is_more_than_operators(&self) -> bool {
        self.not.is_some() || self.asks_of_elements()
    }

    /// Whether there is something besides operators and `$not`.
    pub(super) fn asks_of_elements(&self) -> bool {
        self.any.is_some() || !self.all.is_empty() || self.reference.is_some() || !self.fields.is_empty()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.operators.is_empty() && !self.is_more_than_operators()
    }

    /// Whether it can hold where nothing is.
    pub(super) fn takes_nothing(&self) -> bool {
        self.operators.iter().any(|operator| matches!(operator, Operator::Exist(false)))
    }
}

/// An operator and what it compares with.
#[derive(Debug)]
pub(super) enum Operator {
    Equal(Operand),
    NotEqual(Operand),
    Greater(Operand),
    GreaterOrEqual(Operand),
    Less(Operand),
    LessOrEqual(Operand),
    In(Operand),
    NotIn(Operand),
    StartsWith(Operand),
    EndsWith(Operand),
    Contains(Operand),
    Exist(bool),
    Regex(Regex),
    Size(Condition),
}

impl Operator {
    /// How it is written.
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::Equal(_) => "$eq",
            Self::NotEqual(_) => "$neq",
            Self::Greater(_) => "$gt",
            Self::GreaterOrEqual(_) => "$gte",
            Self::Less(_) => "$lt",
            Self::LessOrEqual(_) => "$lte",
            Self::In(_) => "$in",
            Self::NotIn(_) => "$nin",
            Self::StartsWith(_) => "$startsWith",
            Self::EndsWith(_) => "$endsWith",
            Self::Contains(_) => "$contains",
            Self::Exist(_) => "$exist",
            Self::Regex(_) => "$regex",
            Self::Size(_) => "$size",
        }
    }
}

/// What an operator compares with.
#[derive(Debug)]
pub(super) enum Operand {
    /// A value of the filter.
    Value(Document<'static>),
    /// Another value of the same part of the request.
    Reference(Reference),
}
