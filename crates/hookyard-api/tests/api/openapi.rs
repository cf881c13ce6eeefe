//! The description of the API against what it describes.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::harness::{Answer, Server};

const COPY: &str = include_str!("../../../../docs/openapi.json");

/// An operation of the description.
struct Operation {
    method: String,
    /// With ids that nothing has.
    path: String,
    parameters: BTreeSet<String>,
    /// The fields of its body, where it takes one.
    fields: Option<BTreeSet<String>>,
}

fn operations(description: &Value) -> Vec<Operation> {
    let mut operations = Vec::new();
    for (path, item) in description["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let mut path = path.clone();
            let mut parameters = BTreeSet::new();
            for parameter in operation["parameters"].as_array().into_iter().flatten() {
                // Headers stand among the components, and are tested with what they do.
                let Some(name) = parameter["name"].as_str() else { continue };
                if parameter["in"] == "path" {
                    path = path.replace(
                        &format!("{{{name}}}"),
                        &text_of(resolved(description, &parameter["schema"])),
                    );
                } else {
                    parameters.insert(name.to_owned());
                }
            }
            let body = operation.pointer("/requestBody/content/application~1json/schema");
            let fields = body.map(|schema| fields(resolved(description, schema)));
            operations.push(Operation { method: method.to_uppercase(), path, parameters, fields });
        }
    }
    operations
}

fn resolved<'a>(description: &'a Value, schema: &'a Value) -> &'a Value {
    match schema["$ref"].as_str() {
        Some(reference) => description.pointer(reference.strip_prefix('#').unwrap()).unwrap(),
        None => schema,
    }
}

/// The fields of an object, in whichever of its forms.
fn fields(schema: &Value) -> BTreeSet<String> {
    if let Some(forms) = schema["oneOf"].as_array() {
        return forms.iter().flat_map(fields).collect();
    }
    schema["properties"].as_object().unwrap_or_else(|| panic!("{schema}")).keys().cloned().collect()
}

/// A text that an id's pattern describes.
fn text_of(schema: &Value) -> String {
    let Some(pattern) = schema["pattern"].as_str() else { return "none".to_owned() };
    let (prefix, _) = pattern.trim_start_matches('^').split_once('_').unwrap();
    let numbers = pattern.matches("{12}").count();
    let end = if prefix == "att" { "_1" } else { "" };
    format!("{prefix}_{}{end}", "0".repeat(13 * numbers))
}

/// The names that a complaint about an unknown one lists.
fn listed(answer: &Answer, behind: &str, separator: char) -> BTreeSet<String> {
    let detail = answer.json()["detail"].as_str().unwrap().to_owned();
    let (_, names) = detail.split_once(behind).unwrap_or_else(|| panic!("{detail}"));
    let names: Vec<&str> = names.split(separator).collect();
    match separator {
        ',' => names.iter().map(|name| name.trim().to_owned()).filter(|name| name != "none").collect(),
        // What stands between pairs of backquotes.
        _ => names.iter().skip(1).step_by(2).map(|name| (*name).to_owned()).collect(),
    }
}

#[tokio::test]
async fn the_copy_for_review_is_what_is_served() {
    let server = Server::start().await;
    let served = server.get("/api/v1/openapi.json").await;
    assert_eq!(served.header("content-type"), "application/json");
    assert!(
        served.body.as_ref() == COPY.trim_end().as_bytes(),
        "the description of the API has changed: renew its copy with \
         `cargo run --bin hookyard -- openapi > docs/openapi.json`, and look at what is different"
    );
}

#[tokio::test]
async fn every_parameter_that_is_read_is_described_and_no_other() {
    let server = Server::start().await;
    let description = server.get("/api/v1/openapi.json").await.json();
    for Operation { method, path, parameters, .. } in operations(&description) {
        let answer = server.call(&method, &format!("{path}?colour=red"), Some(&json!({}))).await;
        assert_eq!(answer.problem().1, "unknown_parameter", "{method} {path}");
        assert_eq!(listed(&answer, "this call takes ", ','), parameters, "{method} {path}");
    }
}

#[tokio::test]
async fn every_field_that_is_read_is_described_and_no_other() {
    let server = Server::start().await;
    let description = server.get("/api/v1/openapi.json").await.json();
    for Operation { method, path, fields, .. } in operations(&description) {
        let Some(fields) = fields else { continue };
        let answer = server.call(&method, &path, Some(&json!({"colour": "red"}))).await;
        assert_eq!(answer.problem().1, "unknown_field", "{method} {path}");
        assert_eq!(listed(&answer, " here: expected", '`'), fields, "{method} {path}");
    }
}

#[tokio::test]
async fn the_page_shows_every_endpoint_and_needs_nothing_from_elsewhere() {
    let server = Server::start().await;
    let description = server.get("/api/v1/openapi.json").await.json();
    let page = server.get("/api/v1/docs").await;
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    assert!(page.header("content-security-policy").starts_with("default-src 'none'; style-src 'sha256-"));
    let text = std::str::from_utf8(&page.body).unwrap();
    for (path, item) in description["paths"].as_object().unwrap() {
        assert!(text.contains(&format!(">{path}</code>")), "{path}");
        for operation in item.as_object().unwrap().values() {
            let name = operation["operationId"].as_str().unwrap().to_lowercase();
            assert!(text.contains(&format!("<article id=\"{name}\">")), "{name}");
        }
    }
    // Every link leads to a place on the page, or to the description itself.
    for link in text.split("href=\"").skip(1).map(|rest| rest.split('"').next().unwrap()) {
        let leads_there = link == "openapi.json" || text.contains(&format!("id=\"{}\"", &link[1..]));
        assert!(leads_there, "{link}");
    }
    for foreign in ["<script", "<img", "<link", "src=", "@import", "url("] {
        assert!(!text.contains(foreign), "{foreign}");
    }
}
