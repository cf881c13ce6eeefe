//! What holds for the whole description, so that no endpoint has to say it: who may call, what errors look like, which
//! group an endpoint belongs to, and what schemas are called.
//!
//! - `XView` is shown as `X`, a page of it as `XList`; `XFields` is what changes one, and `NewX` what creates one.
//! - [`crate::merge::Field`] is no schema of its own: it stands where it is used.
//! - What an answer shows as `null` is always in it; what it may leave out is never `null`.

mod access;
mod answers;
mod links;
mod schemas;

use serde_json::{Map, Value, json};

/// The groups of endpoints, each with the path segments behind `/api/v1/` (or the whole path) that belong to it.
const TAGS: [(&str, &str, &[&str]); 17] = [
    ("Sources", "Where webhooks come in.", &["sources"]),
    ("Destinations", "Where events go, and how consumers ask for them.", &["destinations"]),
    ("Connections", "Sources joined to destinations, with rules, order and retries.", &["connections"]),
    ("Configuration", "All of it as one document.", &["configuration"]),
    ("Providers", "What a source can verify.", &["providers"]),
    ("Requests", "What arrived, byte for byte.", &["requests"]),
    ("Events", "Requests on their way along connections.", &["events"]),
    ("Attempts", "Each try to deliver an event.", &["attempts"]),
    ("Transformations", "Trying a transformation or a filter.", &["transformations", "filters"]),
    ("Bookmarks", "Requests that people keep.", &["bookmarks"]),
    ("Bulk operations", "One change to many events.", &["bulk_operations"]),
    ("Issues", "What fails, until it works again.", &["issues"]),
    ("Alerts", "Who is told of issues.", &["alerts"]),
    ("Access", "Keys, logins, and who did what.", &["api_keys", "session", "audit_entries"]),
    ("Settings", "What the process was started with.", &["settings"]),
    ("Live", "What happens, as it happens, and how deliveries go.", &["live", "lanes"]),
    (
        "Watching",
        "For machines that watch, and for programs that call.",
        &["healthz", "readyz", "metrics", "openapi.json", "docs"],
    ),
];

const ABOUT: &str = "The gateway's API on the admin listener. Everything is about the project `default`.\n\n\
    A body is a JSON object of at most 1 MiB; unknown fields and parameters are errors. `PATCH` merges (RFC 7396): what \
    is left out stays, `null` goes back to the default. Times are RFC 3339 in UTC; fields that end in `_ms` are \
    milliseconds. For the next page of a list, give `next` back as `after` or `before`. Errors are \
    `application/problem+json` with a stable `code`.";

/// Completes what was collected from the handlers.
pub(super) fn finish(mut description: Value) -> Value {
    schemas::finish(&mut description);
    for (path, item) in object(&mut description, "paths") {
        for (method, operation) in item.as_object_mut().into_iter().flatten() {
            let Some(operation) = operation.as_object_mut() else { continue };
            if operation.get("tags").and_then(Value::as_array).is_none_or(Vec::is_empty) {
                operation.insert("tags".to_owned(), tag_of(path).into_iter().collect());
            }
            answers::add(path, method, operation);
            access::add(path, method, operation);
            body(method, operation);
        }
    }
    links::add(object(&mut description, "paths"));
    let components = object(&mut description, "components");
    components.insert("parameters".to_owned(), access::shared_parameters());
    components.insert("responses".to_owned(), answers::shared());
    components.insert("securitySchemes".to_owned(), security_schemes());
    let mut first = json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Hookyard",
            "version": env!("CARGO_PKG_VERSION"),
            "description": ABOUT,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "security": [{"bearer": []}, {"basic": []}, {"session": []}],
    });
    if let (Value::Object(first), Value::Object(rest)) = (&mut first, description) {
        first.insert("tags".to_owned(), tags());
        first.extend(rest.into_iter().filter(|(name, _)| name == "paths" || name == "components"));
    }
    first
}

/// The object under this key, which is made where there is none.
fn object<'a>(of: &'a mut Value, key: &str) -> &'a mut Map<String, Value> {
    if !of.is_object() {
        *of = json!({});
    }
    let field = &mut of[key];
    if !field.is_object() {
        *field = json!({});
    }
    match field {
        Value::Object(fields) => fields,
        _ => unreachable!("it was made an object"),
    }
}

fn tags() -> Value {
    TAGS.iter().map(|(name, about, _)| json!({"name": name, "description": about})).collect()
}

fn tag_of(path: &str) -> Option<&'static str> {
    let behind = path.strip_prefix("/api/v1/").unwrap_or(path.trim_start_matches('/'));
    let segment = behind.split('/').next().unwrap_or_default();
    TAGS.iter().find(|(_, _, segments)| segments.contains(&segment)).map(|(name, ..)| *name)
}

/// A body is never `null`, and one of `PATCH` may be declared as what it is.
fn body(method: &str, operation: &mut Map<String, Value>) {
    let content = operation.get_mut("requestBody").and_then(|body| body.get_mut("content"));
    let Some(Value::Object(content)) = content else { return };
    let Some(json) = content.get_mut("application/json") else { return };
    json.get_mut("schema").into_iter().for_each(schemas::without_null);
    if method == "patch" {
        let json = json.clone();
        content.insert("application/merge-patch+json".to_owned(), json);
    }
}

fn security_schemes() -> Value {
    json!({
        "bearer": {"type": "http", "scheme": "bearer", "description": "A key. None is needed on loopback without an admin key."},
        "basic": {"type": "http", "scheme": "basic", "description": "A key as the password, with any user name."},
        "session": {"type": "apiKey", "in": "cookie", "name": "hookyard_session", "description": "A login of the dashboard."},
    })
}
