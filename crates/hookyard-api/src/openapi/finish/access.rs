//! What a call needs to be made, and its conditions: scopes as the table of endpoints has them, idempotency keys, and tags.

use http::Method;
use serde_json::{Map, Value, json};

use crate::endpoints::{self, Access};

/// Collections whose members have tags.
const TAGGED: [&str; 5] = ["sources", "destinations", "connections", "alerts", "api_keys"];
/// Actions on them that take conditions.
const CONDITIONAL: [&str; 4] = ["pause", "resume", "rotate", "rotate-secret"];

/// Adds to a call its scope, its conditions, and the tags of its answers.
pub(super) fn add(path: &str, method: &str, operation: &mut Map<String, Value>) {
    let upper = method.to_uppercase();
    let endpoint =
        Method::from_bytes(upper.as_bytes()).ok().and_then(|method| endpoints::find(&method, path));
    let access = endpoint.map(|endpoint| endpoint.access);
    let security = match access {
        Some(Access::Scope(scope)) => {
            let needed = json!([scope.name()]);
            Some(json!([{"bearer": needed}, {"basic": needed}, {"session": needed}]))
        }
        Some(Access::Anybody) => Some(json!([{}, {"bearer": []}, {"basic": []}, {"session": []}])),
        Some(Access::Open) | None => None,
    };
    operation.extend(security.map(|security| ("security".to_owned(), security)));
    let mut headers = Vec::new();
    if is_writing(method) && matches!(access, Some(Access::Scope(_))) {
        headers.push("IdempotencyKey");
    }
    if takes_if_match(path, method) {
        headers.push("IfMatch");
    }
    if takes_if_none_match(path, method) {
        headers.push("IfNoneMatch");
    }
    if let Value::Array(parameters) = operation.entry("parameters").or_insert_with(|| json!([])) {
        parameters
            .extend(headers.iter().map(|name| json!({"$ref": format!("#/components/parameters/{name}")})));
        if parameters.is_empty() {
            operation.remove("parameters");
        }
    }
    let Some(Value::Object(answers)) = operation.get_mut("responses") else { return };
    if takes_if_none_match(path, method) {
        let unchanged =
            json!({"description": "It is what `If-None-Match` has.", "headers": {"ETag": etag()}});
        answers.insert("304".to_owned(), unchanged);
    }
    let shows_one = takes_if_match(path, method) && method != "delete"
        || takes_if_none_match(path, method)
        || method == "post" && of_tagged(path).is_some_and(<[&str]>::is_empty);
    for status in ["200", "201"].into_iter().filter(|_| shows_one) {
        if let Some(Value::Object(answer)) = answers.get_mut(status)
            && let Value::Object(headers) = answer.entry("headers").or_insert_with(|| json!({}))
        {
            headers.insert("ETag".to_owned(), etag());
        }
    }
}

/// The headers that calls refer to.
pub(super) fn shared_parameters() -> Value {
    let header = |name: &str, description: &str, schema: Value| json!({"name": name, "in": "header", "required": false, "description": description, "schema": schema});
    let tags = || json!({"type": "string"});
    json!({
        "IdempotencyKey": header(
            "Idempotency-Key",
            "The call is made once, however often it is sent with the same key.",
            json!({"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"}),
        ),
        "IfMatch": header("If-Match", "An `ETag`: made only where the configuration is still that.", tags()),
        "IfNoneMatch": header("If-None-Match", "An `ETag`: not shown once more where it is still that.", tags()),
    })
}

/// Whether a call changes something.
pub(super) fn is_writing(method: &str) -> bool {
    matches!(method, "post" | "patch" | "delete")
}

/// Whether a call takes `If-Match`.
pub(super) fn takes_if_match(path: &str, method: &str) -> bool {
    match of_tagged(path) {
        Some(["{id}"]) => matches!(method, "patch" | "delete"),
        Some(["{id}", action]) => method == "post" && CONDITIONAL.contains(action),
        _ => false,
    }
}

fn takes_if_none_match(path: &str, method: &str) -> bool {
    method == "get" && of_tagged(path) == Some(&["{id}"])
}

/// What stands behind a collection whose members have tags.
fn of_tagged(path: &str) -> Option<&'static [&'static str]> {
    let (collection, behind) = {
        let rest = path.strip_prefix("/api/v1/")?;
        rest.split_once('/').unwrap_or((rest, ""))
    };
    if !TAGGED.contains(&collection) {
        return None;
    }
    const FORMS: [&[&str]; 6] = [
        &[],
        &["{id}"],
        &["{id}", "pause"],
        &["{id}", "resume"],
        &["{id}", "rotate"],
        &["{id}", "rotate-secret"],
    ];
    FORMS.into_iter().find(|form| form.join("/") == behind)
}

fn etag() -> Value {
    json!({"description": "What to give as `If-Match` and `If-None-Match`.", "schema": {"type": "string"}})
}
