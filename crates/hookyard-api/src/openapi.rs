//! The description of the API, OpenAPI 3.1: made of the handlers' annotations and the wire types, so that it says what
//! the code does. `docs/openapi.json` is a copy of it, for review.
//!
//! An endpoint stands in the table of routes with its description or not at all ([`Table::with`]). What holds for every
//! call is added in one place, `finish`: the answers of errors, tags, names of schemas.
//!
//! - `id`, `names`: texts of a known form, as schemas. `paging`: the parameters of lists.
//! - `page`: the description for people.
//! - `wrap`: what is around a value in a body, [`crate::merge::Field`] for example; and bodies that create something.

mod finish;
pub(crate) mod id;
pub(crate) mod names;
pub(crate) mod page;
pub(crate) mod paging;
pub(crate) mod wrap;

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use axum::Router;
use axum::response::IntoResponse;
use http::{HeaderValue, header};
use serde_json::Value;
use utoipa::openapi::{OpenApi, RefOr, Schema};
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter};

use crate::problem::Problem;
use crate::query::NoQuery;
use crate::server::{self, Shared};

/// The table of routes, each with its description.
#[derive(Default)]
pub(crate) struct Table {
    router: OpenApiRouter<Arc<Shared>>,
    schemas: BTreeMap<String, RefOr<Schema>>,
    /// Names that two different schemas have, of which one would hide the other.
    clashes: Vec<String>,
}

impl Table {
    /// Adds the methods of one path: `routes!(list, create)`.
    pub(crate) fn with(mut self, routes: UtoipaMethodRouter<Arc<Shared>>) -> Self {
        for (name, schema) in &routes.0 {
            let known = self.schemas.entry(name.clone()).or_insert_with(|| schema.clone());
            if known != schema {
                self.clashes.push(name.clone());
            }
        }
        Self { router: self.router.routes(routes), ..self }
    }

    /// The routes, without what was said of them.
    pub(crate) fn into_router(self) -> Router<Arc<Shared>> {
        self.router.split_for_parts().0
    }

    fn into_description(self) -> OpenApi {
        self.router.into_openapi()
    }
}

/// All endpoints: method in upper case, and path.
pub(crate) fn endpoints() -> Vec<(String, String)> {
    let description = server::table().into_description();
    let mut endpoints = Vec::new();
    for (path, item) in description.paths.paths {
        for (method, operation) in [
            ("GET", item.get),
            ("PUT", item.put),
            ("POST", item.post),
            ("DELETE", item.delete),
            ("PATCH", item.patch),
        ] {
            endpoints.extend(operation.map(|_| (method.to_owned(), path.clone())));
        }
    }
    endpoints
}

/// The description as JSON text, as it is served and printed.
pub fn text() -> &'static str {
    static TEXT: LazyLock<String> = LazyLock::new(|| format!("{:#}", description()));
    &TEXT
}

fn description() -> Value {
    let described = serde_json::to_value(server::table().into_description());
    // What cannot be written would be empty in the copy that is reviewed.
    finish::finish(described.unwrap_or_default())
}

/// This description
///
/// OpenAPI 3.1, as `hookyard openapi` prints it too.
#[utoipa::path(get, path = "/api/v1/openapi.json", operation_id = "getOpenapi",
    responses((status = 200, body = serde_json::Value)))]
pub(crate) async fn serve(_: NoQuery) -> Result<impl IntoResponse, Problem> {
    Ok(([(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))], text()))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// All values below `value` under the key `key`.
    fn all<'a>(value: &'a Value, key: &str, into: &mut Vec<&'a Value>) {
        match value {
            Value::Object(fields) => {
                into.extend(fields.get(key));
                fields.values().for_each(|value| all(value, key, into));
            }
            Value::Array(values) => values.iter().for_each(|value| all(value, key, into)),
            _ => {}
        }
    }

    #[test]
    fn no_schema_hides_another() {
        assert_eq!(server::table().clashes, Vec::<String>::new(), "give one of them `#[schema(as = …)]`");
    }

    #[test]
    fn every_reference_leads_somewhere_and_every_schema_is_used() {
        let description = description();
        let mut references = Vec::new();
        all(&description, "$ref", &mut references);
        let used: BTreeSet<&str> = references.iter().filter_map(|it| it.as_str()).collect();
        for reference in &used {
            let pointer = reference.strip_prefix('#').unwrap();
            assert!(description.pointer(pointer).is_some(), "{reference}");
        }
        for name in description["components"]["schemas"].as_object().unwrap().keys() {
            assert!(used.contains(format!("#/components/schemas/{name}").as_str()), "{name}");
        }
    }

    #[test]
    fn every_operation_has_a_name_of_its_own_a_tag_and_a_summary() {
        let description = description();
        let mut names = BTreeSet::new();
        for (path, item) in description["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                let name = operation["operationId"].as_str().unwrap();
                assert!(names.insert(name.to_owned()), "{name}");
                assert!(
                    !operation["tags"].as_array().unwrap().is_empty(),
                    "{method} {path}: add a tag in finish.rs"
                );
                let summary = operation["summary"].as_str().unwrap();
                assert!(!summary.ends_with('.') && !summary.contains('`'), "{method} {path}: {summary}");
            }
        }
    }
}
