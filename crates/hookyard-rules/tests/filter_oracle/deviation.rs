//! Whether a case touches one of the deviations that docs/filters.md lists.
//!
//! It goes through the filter with all values that each part of it may be asked of, and asks for none of them whether it
//! holds: rather a case too many is set aside than a difference excused.

use serde_json::{Map, Value};

use crate::case::Case;

const OPERATORS: [&str; 11] =
    ["$eq", "$neq", "$gt", "$gte", "$lt", "$lte", "$in", "$nin", "$startsWith", "$endsWith", "$exist"];

pub(crate) fn is_touched(case: &Case) -> bool {
    let body = [&case.body];
    whole(&case.filter, &body, true)
}

/// A filter for the body, or in a list of `$or` and its like.
fn whole(filter: &Value, inputs: &[&Value], is_body: bool) -> bool {
    let objects = inputs.iter().any(|input| input.is_object());
    let others = inputs.iter().any(|input| !input.is_object());
    match filter {
        // The package throws over null.
        Value::Null => true,
        // The reference of a value that is no object looks into that value.
        _ if !is_body && others && has_reference(filter) => true,
        // Operators about an object itself are taken for names of fields.
        Value::Object(members) if objects && members.keys().any(|key| is_operator(key) || key == "$ref") => {
            true
        }
        Value::Object(members) => {
            let not = members.get("$not").is_some_and(|not| is_falsy(not) || whole(not, inputs, is_body));
            let mixed = others && is_mixed(members);
            not || mixed || is_unresolved(members, inputs) || rest(members, inputs)
        }
        _ => field(filter, inputs),
    }
}

/// A filter for a field or an element.
fn field(filter: &Value, inputs: &[&Value]) -> bool {
    match filter {
        // What a reference in a list counts its indexes from is not the same in nested arrays.
        Value::Array(_) if has_reference(filter) => true,
        Value::Array(wanted) => wanted.iter().enumerate().any(|(index, wanted)| {
            let elements = inputs.iter().flat_map(|input| match input {
                Value::Array(items) => items.iter().collect(),
                Value::Object(members) => members.get(&index.to_string()).into_iter().collect(),
                _ => Vec::new(),
            });
            field(wanted, &elements.collect::<Vec<_>>())
        }),
        Value::Object(members) => {
            let elements = elements(inputs);
            let scalars = elements.iter().any(|input| !input.is_object());
            let not = members
                .get("$not")
                .is_some_and(|not| is_falsy(not) || scalars || whole(not, &elements, false));
            not || is_unresolved(members, inputs) || is_mixed(members) || rest(members, inputs)
        }
        _ => false,
    }
}

/// Everything in an object but `$not`.
fn rest(members: &Map<String, Value>, inputs: &[&Value]) -> bool {
    let elements = elements(inputs);
    let scalars = elements.iter().any(|input| !input.is_object());
    members.iter().any(|(key, value)| match key.as_str() {
        // A value that is no object never meets $and.
        "$and" if scalars => true,
        "$or" | "$and" => {
            value.as_array().is_some_and(|list| list.iter().any(|one| whole(one, &elements, false)))
        }
        "$not" | "$ref" => false,
        key if is_operator(key) => false,
        name => {
            let values = elements.iter().filter_map(|input| input.get(name)).collect::<Vec<_>>();
            field(value, &values)
        }
    })
}

/// References are not looked up where the value is an array.
fn is_unresolved(members: &Map<String, Value>, inputs: &[&Value]) -> bool {
    inputs.iter().any(|input| input.is_array())
        && members.iter().any(|(key, value)| is_operator(key) && has_reference(value))
}

/// Whether the package would look at some of the keys and not at the others.
fn is_mixed(members: &Map<String, Value>) -> bool {
    let operators = members.keys().filter(|key| is_operator(key)).count();
    let alone = members.contains_key("$or") || members.contains_key("$ref");
    (alone && members.len() > 1) || (operators > 0 && operators < members.len()) || {
        members.contains_key("$not") && members.len() > 1
    }
}

/// The values themselves, and of arrays what is in them.
fn elements<'v>(inputs: &[&'v Value]) -> Vec<&'v Value> {
    inputs
        .iter()
        .flat_map(|input| match input {
            Value::Array(items) => elements(&items.iter().collect::<Vec<_>>()),
            _ => vec![*input],
        })
        .collect()
}

fn is_operator(key: &str) -> bool {
    OPERATORS.contains(&key)
}

fn is_falsy(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(value) => !value,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(_) | Value::Object(_) => false,
    }
}

fn has_reference(filter: &Value) -> bool {
    match filter {
        Value::Object(members) => members.contains_key("$ref") || members.values().any(has_reference),
        Value::Array(items) => items.iter().any(has_reference),
        _ => false,
    }
}
