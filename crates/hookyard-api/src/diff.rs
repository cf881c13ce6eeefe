//! What is different between two states of a thing, field by field, as both are shown: so no secret is in it.

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// One field that is different.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub(crate) struct FieldChange {
    /// Its name; `outer.inner` where it stands in an object.
    pub(crate) field: String,
    /// What it was; `null` also where there was none.
    pub(crate) from: Value,
    /// What it is.
    pub(crate) to: Value,
}

impl FieldChange {
    /// A change of a secret, which shows in nothing.
    pub(crate) fn of_a_secret(field: &str) -> Self {
        Self { field: field.to_owned(), from: "(hidden)".into(), to: "(another)".into() }
    }

    /// Whether it is of this field, or within it.
    pub(crate) fn is_of(&self, field: &str) -> bool {
        self.field.strip_prefix(field).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    }
}

/// The fields that are different, in the order of their names. Objects are compared field by field, lists as a whole.
pub(crate) fn changes(from: &Value, to: &Value) -> Vec<FieldChange> {
    let mut found = Vec::new();
    compare("", from, to, &mut found);
    found
}

fn compare(path: &str, from: &Value, to: &Value, found: &mut Vec<FieldChange>) {
    if from == to {
        return;
    }
    let nothing = serde_json::Map::new();
    let (before, after) = match (from, to) {
        (Value::Object(before), Value::Object(after)) => (before, after),
        // What is new or gone as a whole is told field by field too.
        (Value::Null, Value::Object(after)) if path.is_empty() => (&nothing, after),
        (Value::Object(before), Value::Null) if path.is_empty() => (before, &nothing),
        _ => return found.push(FieldChange { field: path.to_owned(), from: from.clone(), to: to.clone() }),
    };
    let mut names: Vec<&String> = before.keys().chain(after.keys()).collect();
    names.sort_unstable();
    names.dedup();
    for name in names {
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        let of = |object: &serde_json::Map<String, Value>| object.get(name).cloned().unwrap_or_default();
        compare(&path, &of(before), &of(after), found);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told(from: Value, to: Value) -> Vec<(String, Value, Value)> {
        changes(&from, &to).into_iter().map(|it| (it.field, it.from, it.to)).collect()
    }

    #[test]
    fn only_what_is_different_is_told_by_its_path() {
        let from = json!({"a": 1, "b": {"c": [1], "d": null}, "e": "x"});
        let to = json!({"a": 1, "b": {"c": [1, 2], "d": null}, "f": {"g": 1}});
        assert_eq!(
            told(from.clone(), to),
            [
                ("b.c".to_owned(), json!([1]), json!([1, 2])),
                ("e".to_owned(), json!("x"), Value::Null),
                ("f".to_owned(), Value::Null, json!({"g": 1})),
            ]
        );
        assert_eq!(told(from.clone(), from), []);
    }

    #[test]
    fn what_is_new_is_told_field_by_field() {
        assert_eq!(told(Value::Null, json!({"a": 1, "b": null})), [("a".to_owned(), Value::Null, json!(1))]);
        assert_eq!(told(json!({"a": 1}), Value::Null), [("a".to_owned(), json!(1), Value::Null)]);
    }
}
