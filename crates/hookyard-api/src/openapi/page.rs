//! `GET /api/v1/docs`: the description as a page to read. It is made here of the same description, so that it never says
//! something else; it has no scripts, and nothing comes from elsewhere.

mod html;

use std::sync::LazyLock;

use axum::response::IntoResponse;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderValue, header};
use ring::digest::{SHA256, digest};
use serde_json::Value;

use self::html::{Html, anchor, text};
use crate::problem::Problem;
use crate::query::NoQuery;

const STYLE: &str = include_str!("page/style.css");
const METHODS: [&str; 4] = ["get", "post", "patch", "delete"];

/// A page to read this description
#[utoipa::path(get, path = "/api/v1/docs", operation_id = "getDocs",
    responses((status = 200, body = String, content_type = "text/html; charset=utf-8")))]
pub(crate) async fn serve(_: NoQuery) -> Result<impl IntoResponse, Problem> {
    static PAGE: LazyLock<String> = LazyLock::new(|| page(&super::description()));
    static POLICY: LazyLock<String> = LazyLock::new(policy);
    let policy = HeaderValue::from_str(&POLICY).map_err(|error| Problem::internal(&error))?;
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    ];
    Ok((headers, PAGE.as_str()))
}

/// Nothing but the page's own style.
fn policy() -> String {
    let style = STANDARD.encode(digest(&SHA256, STYLE.as_bytes()));
    format!(
        "default-src 'none'; style-src 'sha256-{style}'; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'"
    )
}

fn page(description: &Value) -> String {
    let mut html = Html::default();
    html.raw("<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Hookyard API</title>")
        .raw("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><style>")
        .raw(STYLE)
        .raw("</style></head><body><a class=\"skip\" href=\"#content\">To the content</a><nav aria-label=\"Endpoints\">");
    html.raw("<a class=\"home\" href=\"#content\">Hookyard API</a>");
    for tag in list(description, "/tags") {
        let name = string(tag, "/name");
        html.raw("<p>").element("a", &format!("href=\"#{}\"", anchor(name)), name).raw("</p><ul>");
        each_operation(description, name, |method, path, operation| {
            let target = string(operation, "/operationId");
            html.raw("<li><a href=\"#").raw(&anchor(target)).raw("\">");
            html.element("b", &format!("class=\"{method}\""), method).raw(" ");
            html.element("span", &format!("title=\"{}\"", text(path)), string(operation, "/summary"));
            html.raw("</a></li>");
        });
        html.raw("</ul>");
    }
    html.raw(
        "<p><a href=\"#schemas\">Schemas</a></p></nav><main id=\"content\"><header><h1>Hookyard API</h1>",
    );
    html.raw("<p class=\"version\">version ").text(string(description, "/info/version"));
    html.raw(" · OpenAPI 3.1: <a href=\"openapi.json\">openapi.json</a></p>");
    html.prose(string(description, "/info/description"));
    html.raw("</header>");
    for tag in list(description, "/tags") {
        let name = string(tag, "/name");
        html.raw("<section>").element("h2", &format!("id=\"{}\"", anchor(name)), name);
        html.prose(string(tag, "/description"));
        each_operation(description, name, |method, path, operation| {
            endpoint(&mut html, description, method, path, operation)
        });
        html.raw("</section>");
    }
    schemas(&mut html, description);
    html.raw("</main></body></html>").finish()
}

fn each_operation(description: &Value, tag: &str, mut with: impl FnMut(&str, &str, &Value)) {
    for (path, item) in fields(description, "/paths") {
        for method in METHODS {
            let Some(operation) = item.get(method) else { continue };
            if list(operation, "/tags").any(|of| of == tag) {
                with(method, path, operation);
            }
        }
    }
}

fn endpoint(html: &mut Html, description: &Value, method: &str, path: &str, operation: &Value) {
    let id = anchor(string(operation, "/operationId"));
    html.raw("<article id=\"").raw(&id).raw("\"><h3><a href=\"#").raw(&id).raw("\">");
    html.text(string(operation, "/summary")).raw("</a></h3><p class=\"call\">");
    html.element("b", &format!("class=\"{method}\""), method).raw(" ").element("code", "", path).raw("</p>");
    html.prose(string(operation, "/description"));
    parameters(html, operation);
    if let Some(body) = operation.pointer("/requestBody/content/application~1json/schema") {
        let is_needed = operation.pointer("/requestBody/required") == Some(&Value::Bool(true));
        html.raw("<h4>Body</h4><details><summary>").kind(body);
        html.raw(if is_needed { "</summary>" } else { "; may be left out</summary>" });
        html.schema(resolved(description, body)).raw("</details>");
    }
    answers(html, operation);
    html.raw("</article>");
}

fn parameters(html: &mut Html, operation: &Value) {
    if list(operation, "/parameters").next().is_none() {
        return;
    }
    html.raw("<h4>Parameters</h4><table>");
    for parameter in list(operation, "/parameters") {
        html.raw("<tr><th scope=\"row\">").element("code", "", string(parameter, "/name"));
        html.element("small", "", if parameter["in"] == "path" { "in the path" } else { "" });
        html.raw("</th><td>").kind(&parameter["schema"]).raw("</td><td>");
        html.prose(string(parameter, "/description")).raw("</td></tr>");
    }
    html.raw("</table>");
}

fn answers(html: &mut Html, operation: &Value) {
    let all = || fields(operation, "/responses");
    html.raw("<h4>Answers</h4><table>");
    for (status, answer) in all().filter(|(_, answer)| answer.get("$ref").is_none()) {
        html.raw("<tr><th scope=\"row\">").element("code", "", status).raw("</th><td>");
        html.prose(string(answer, "/description"));
        for (media_type, content) in fields(answer, "/content") {
            html.raw("<p>").kind(&content["schema"]);
            if media_type != "application/json" {
                html.raw(" ").element("small", "", media_type);
            }
            html.raw("</p>");
        }
        html.raw("</td></tr>");
    }
    html.raw("</table>");
    let problems: Vec<&str> =
        all().filter(|(_, answer)| answer.get("$ref").is_some()).map(|(status, _)| status.as_str()).collect();
    html.raw("<p class=\"problems\">Errors: ").element("code", "", &problems.join(" "));
    html.raw(", each a <a href=\"#schema-problem\">Problem</a></p>");
}

fn schemas(html: &mut Html, description: &Value) {
    html.raw("<section><h2 id=\"schemas\">Schemas</h2>");
    for (name, schema) in fields(description, "/components/schemas") {
        let id = format!("schema-{}", anchor(name));
        html.raw("<article id=\"")
            .raw(&id)
            .raw("\"><h3><a href=\"#")
            .raw(&id)
            .raw("\">")
            .text(name)
            .raw("</a></h3>");
        html.prose(string(schema, "/description"));
        html.schema(schema);
        html.raw("</article>");
    }
    html.raw("</section>");
}

/// What a reference leads to; any other schema is what it is.
fn resolved<'a>(description: &'a Value, schema: &'a Value) -> &'a Value {
    let pointer = schema.get("$ref").and_then(Value::as_str).and_then(|path| path.strip_prefix('#'));
    pointer.and_then(|pointer| description.pointer(pointer)).unwrap_or(schema)
}

fn list<'a>(of: &'a Value, pointer: &str) -> impl Iterator<Item = &'a Value> {
    of.pointer(pointer).and_then(Value::as_array).into_iter().flatten()
}

fn fields<'a>(of: &'a Value, pointer: &str) -> impl Iterator<Item = (&'a String, &'a Value)> {
    of.pointer(pointer).and_then(Value::as_object).into_iter().flatten()
}

fn string<'a>(of: &'a Value, pointer: &str) -> &'a str {
    of.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}
