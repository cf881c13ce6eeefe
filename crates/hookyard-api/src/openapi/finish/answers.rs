//! The errors that every call can meet, by what kind of call it is.

use serde_json::{Map, Value, json};

use super::access;

/// Status, name among the shared answers, and when it is.
const PROBLEMS: [(&str, &str, &str); 14] = [
    ("400", "MalformedBody", "The body is not JSON, or broke off."),
    ("401", "Unauthorized", "No key, or not the right one."),
    ("403", "Forbidden", "The key is for less, or the host name or a page of another origin is not allowed."),
    ("404", "NotFound", "Nothing with this id; it may be past retention."),
    ("408", "BodyTimeout", "The body took too long to arrive."),
    ("409", "Conflict", "How things stand does not allow it; `code` says what does not."),
    ("412", "PreconditionFailed", "It is not as `If-Match` says."),
    ("413", "BodyTooLarge", "The body is too long."),
    ("415", "UnsupportedMediaType", "The body is not declared as JSON."),
    ("422", "Unprocessable", "A field or a parameter is unknown, missing or invalid; `field` names it."),
    ("429", "TooManyFailures", "Too many wrong keys came from there."),
    ("500", "Internal", "Something failed here; the cause is in the server's log."),
    ("502", "ListenerUnreachable", "The gateway's own public listener does not answer."),
    ("503", "Unavailable", "Not now: the disk is full or failing, or there is too much to do."),
];

/// Adds to a call the errors that its kind of call can meet and that it does not describe itself.
pub(super) fn add(path: &str, method: &str, operation: &mut Map<String, Value>) {
    let is_open = operation.get("security").is_some();
    let is_writing = access::is_writing(method);
    let has_body = matches!(method, "post" | "patch");
    let declares_body = operation.contains_key("requestBody");
    let Some(Value::Object(answers)) = operation.get_mut("responses") else { return };
    for (status, name, _) in PROBLEMS {
        let is_met = match status {
            "400" | "408" | "413" => has_body,
            "401" | "429" => !is_open,
            "412" => access::takes_if_match(path, method),
            "404" => path.contains('{'),
            "409" => is_writing,
            "502" => path.ends_with("/sample"),
            // Too many may look on, or search.
            "503" => is_writing || matches!(path, "/api/v1/live" | "/api/v1/requests" | "/api/v1/events"),
            "415" => declares_body,
            _ => true,
        };
        if is_met && !answers.contains_key(status) {
            answers.insert(status.to_owned(), json!({"$ref": format!("#/components/responses/{name}")}));
        }
    }
    for (status, answer) in answers.iter_mut() {
        let Some(answer) = answer.as_object_mut().filter(|answer| !answer.contains_key("$ref")) else {
            continue;
        };
        if answer.get("description").and_then(Value::as_str).is_none_or(str::is_empty) {
            answer.insert("description".to_owned(), meaning(status).into());
        }
        if status == "201" {
            let location =
                json!({"description": "Where it is.", "schema": {"type": "string"}, "required": true});
            answer.insert("headers".to_owned(), json!({"Location": location}));
        }
    }
}

fn meaning(status: &str) -> &'static str {
    match status {
        "201" => "It is made.",
        "202" => "It is accepted, durably.",
        "204" => "Done; there is nothing to say.",
        _ => "Done.",
    }
}

/// The answers that calls refer to.
pub(super) fn shared() -> Value {
    let answer = |(status, name, description): (&str, &str, &str)| {
        let header = |about: &str| json!({"description": about, "schema": {"type": "string"}});
        let headers = match status {
            "401" => json!({"WWW-Authenticate": header("How to show a key.")}),
            "429" | "503" => json!({"Retry-After": header("When to try again, in seconds.")}),
            _ => json!({}),
        };
        let content =
            json!({"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}});
        (name.to_owned(), json!({"description": description, "headers": headers, "content": content}))
    };
    Value::Object(PROBLEMS.into_iter().map(answer).collect())
}
