//! What an answer's ids are for, as OpenAPI links: what is made can be looked at, changed and deleted, and so can what a
//! list shows.

use serde_json::{Map, Value, json};

/// An endpoint with one placeholder in its path.
struct Target {
    /// The path in front of the placeholder.
    collection: String,
    placeholder: String,
    operation: String,
}

/// Adds to answers that show ids what can be done with those.
pub(super) fn add(paths: &mut Map<String, Value>) {
    let targets: Vec<Target> = paths.iter().flat_map(|(path, item)| targets(path, item)).collect();
    for (path, item) in paths.iter_mut() {
        for (method, status, row) in [("post", "201", ""), ("get", "200", "/data/0")] {
            let answer =
                item.pointer_mut(&format!("/{method}/responses/{status}")).and_then(Value::as_object_mut);
            let Some(answer) = answer else { continue };
            let shows_rows =
                answer.get("content").is_some_and(|content| content.to_string().contains("List\""));
            if method == "get" && !shows_rows {
                continue;
            }
            let links: Map<String, Value> = targets
                .iter()
                .filter(|target| target.takes_rows_of(path))
                .map(|target| target.link(row))
                .collect();
            if !links.is_empty() {
                answer.insert("links".to_owned(), Value::Object(links));
            }
        }
    }
}

fn targets(path: &str, item: &Value) -> Vec<Target> {
    let Some((collection, rest)) = path.split_once("/{") else { return Vec::new() };
    let placeholder = rest.split('}').next().unwrap_or_default();
    let operations = item.as_object().into_iter().flat_map(Map::values);
    let names = operations.filter_map(|operation| operation.get("operationId")?.as_str());
    let target = |name: &str| Target {
        collection: collection.to_owned(),
        placeholder: placeholder.to_owned(),
        operation: name.to_owned(),
    };
    names.map(target).collect()
}

impl Target {
    /// Whether the rows at this path are what the placeholder stands for: `/events/{id}/attempts` shows what is also
    /// below `/attempts`.
    fn takes_rows_of(&self, path: &str) -> bool {
        let last = |path: &str| path.rsplit('/').next().map(str::to_owned);
        path == self.collection || (path.contains('{') && last(path) == last(&self.collection))
    }

    fn link(&self, row: &str) -> (String, Value) {
        let Self { placeholder, operation, .. } = self;
        let value = format!("$response.body#{row}/{placeholder}");
        (operation.clone(), json!({"operationId": operation, "parameters": {placeholder: value}}))
    }
}
