//! Who may call which endpoint, and what the audit log has of it: the one table of that.
//!
//! **Invariant:** an endpoint that is not in it is refused to everybody, and the listener does not start where the
//! router has one that is not in it, or it one that the router has not.

use hookyard_model::access::Scope;
use http::Method;

/// An endpoint.
#[derive(Debug)]
pub(crate) struct Endpoint {
    method: &'static str,
    /// As the router has it, with `{id}`.
    path: &'static str,
    /// Who may call it.
    pub(crate) access: Access,
    /// What the audit log has of it.
    pub(crate) audit: Audit,
}

/// Who may call an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Everybody, and nobody is asked who it is.
    Open,
    /// Everybody; who shows a key shows the right one.
    Anybody,
    /// Whoever has at least this scope.
    Scope(Scope),
}

/// What the audit log has of calls that succeed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Audit {
    /// Nothing: they change nothing, or what they do is traffic and stands in the journal.
    Nothing,
    /// The catalog makes the entry, within the change, under this name.
    WithChange(&'static str),
    /// An entry of this name is made right after.
    After(&'static str),
}

use Access::{Anybody, Open};
use Audit::{After, Nothing, WithChange};
use Scope::{Admin, Operate, Read};

const ENDPOINTS: &[Endpoint] = &[
    on("GET", "/healthz", Open, Nothing),
    on("GET", "/readyz", Open, Nothing),
    of("GET", "/metrics", Read, Nothing),
    // Those of sessions make their entries themselves: whoever calls them may be nobody yet.
    on("GET", "/api/v1/session", Anybody, Nothing),
    on("POST", "/api/v1/session", Anybody, Nothing),
    on("DELETE", "/api/v1/session", Anybody, Nothing),
    of("GET", "/api/v1/api_keys", Admin, Nothing),
    of("POST", "/api/v1/api_keys", Admin, WithChange("api_key.create")),
    of("GET", "/api/v1/api_keys/{id}", Admin, Nothing),
    of("PATCH", "/api/v1/api_keys/{id}", Admin, WithChange("api_key.update")),
    of("DELETE", "/api/v1/api_keys/{id}", Admin, WithChange("api_key.delete")),
    of("POST", "/api/v1/api_keys/{id}/rotate", Admin, WithChange("api_key.rotate")),
    of("GET", "/api/v1/audit_entries", Admin, Nothing),
    of("GET", "/api/v1/settings", Admin, Nothing),
    of("GET", "/api/v1/sources", Read, Nothing),
    of("POST", "/api/v1/sources", Admin, WithChange("source.create")),
    of("GET", "/api/v1/sources/{id}", Read, Nothing),
    of("PATCH", "/api/v1/sources/{id}", Admin, WithChange("source.update")),
    of("DELETE", "/api/v1/sources/{id}", Admin, WithChange("source.delete")),
    of("POST", "/api/v1/sources/{id}/sample", Operate, Nothing),
    of("GET", "/api/v1/destinations", Read, Nothing),
    of("POST", "/api/v1/destinations", Admin, WithChange("destination.create")),
    of("GET", "/api/v1/destinations/{id}", Read, Nothing),
    of("PATCH", "/api/v1/destinations/{id}", Admin, WithChange("destination.update")),
    of("DELETE", "/api/v1/destinations/{id}", Admin, WithChange("destination.delete")),
    of("POST", "/api/v1/destinations/{id}/rotate-secret", Admin, WithChange("destination.rotate_secret")),
    of("POST", "/api/v1/destinations/{id}/pause", Operate, WithChange("destination.pause")),
    of("POST", "/api/v1/destinations/{id}/resume", Operate, WithChange("destination.resume")),
    of("POST", "/api/v1/destinations/{id}/receive", Operate, Nothing),
    of("POST", "/api/v1/destinations/{id}/ack", Operate, Nothing),
    of("POST", "/api/v1/destinations/{id}/nack", Operate, Nothing),
    of("POST", "/api/v1/destinations/{id}/extend", Operate, Nothing),
    of("GET", "/api/v1/destinations/{id}/lane", Read, Nothing),
    of("GET", "/api/v1/lanes", Read, Nothing),
    of("GET", "/api/v1/connections", Read, Nothing),
    of("POST", "/api/v1/connections", Admin, WithChange("connection.create")),
    of("GET", "/api/v1/connections/{id}", Read, Nothing),
    of("PATCH", "/api/v1/connections/{id}", Admin, WithChange("connection.update")),
    of("DELETE", "/api/v1/connections/{id}", Admin, WithChange("connection.delete")),
    of("GET", "/api/v1/configuration", Read, Nothing),
    of("POST", "/api/v1/configuration/plan", Admin, Nothing),
    // An entry of each thing that it changes.
    of("POST", "/api/v1/configuration/apply", Admin, WithChange("configuration.apply")),
    of("POST", "/api/v1/filters/run", Operate, Nothing),
    of("GET", "/api/v1/providers", Read, Nothing),
    of("GET", "/api/v1/providers/{name}", Read, Nothing),
    of("GET", "/api/v1/requests", Read, Nothing),
    of("GET", "/api/v1/requests/histogram", Read, Nothing),
    of("GET", "/api/v1/requests/{id}", Read, Nothing),
    of("GET", "/api/v1/requests/{id}/body", Read, Nothing),
    of("GET", "/api/v1/requests/{id}/head", Read, Nothing),
    of("GET", "/api/v1/events", Read, Nothing),
    of("GET", "/api/v1/events/histogram", Read, Nothing),
    of("GET", "/api/v1/events/{id}", Read, Nothing),
    of("GET", "/api/v1/events/{id}/attempts", Read, Nothing),
    of("GET", "/api/v1/events/{id}/body", Read, Nothing),
    of("POST", "/api/v1/events/{id}/retry", Operate, After("event.retry")),
    of("POST", "/api/v1/events/{id}/cancel", Operate, After("event.cancel")),
    of("POST", "/api/v1/events/{id}/replay", Operate, After("event.replay")),
    of("GET", "/api/v1/attempts/{id}", Read, Nothing),
    of("GET", "/api/v1/bookmarks", Read, Nothing),
    of("POST", "/api/v1/bookmarks", Operate, After("bookmark.create")),
    of("GET", "/api/v1/bookmarks/{id}", Read, Nothing),
    of("PATCH", "/api/v1/bookmarks/{id}", Operate, After("bookmark.update")),
    of("DELETE", "/api/v1/bookmarks/{id}", Operate, After("bookmark.delete")),
    of("GET", "/api/v1/bookmarks/{id}/request", Read, Nothing),
    of("POST", "/api/v1/bookmarks/{id}/trigger", Operate, After("bookmark.trigger")),
    of("GET", "/api/v1/bulk_operations", Read, Nothing),
    of("POST", "/api/v1/bulk_operations", Operate, After("bulk_operation.start")),
    of("POST", "/api/v1/bulk_operations/plan", Operate, Nothing),
    of("GET", "/api/v1/bulk_operations/{id}", Read, Nothing),
    of("POST", "/api/v1/bulk_operations/{id}/cancel", Operate, After("bulk_operation.cancel")),
    of("GET", "/api/v1/issues", Read, Nothing),
    of("GET", "/api/v1/issues/{id}", Read, Nothing),
    of("POST", "/api/v1/issues/{id}/acknowledge", Operate, After("issue.acknowledge")),
    of("POST", "/api/v1/issues/{id}/resolve", Operate, After("issue.resolve")),
    of("GET", "/api/v1/alerts", Read, Nothing),
    of("POST", "/api/v1/alerts", Admin, WithChange("alert.create")),
    of("GET", "/api/v1/alerts/{id}", Read, Nothing),
    of("PATCH", "/api/v1/alerts/{id}", Admin, WithChange("alert.update")),
    of("DELETE", "/api/v1/alerts/{id}", Admin, WithChange("alert.delete")),
    of("POST", "/api/v1/alerts/{id}/test", Operate, After("alert.test")),
    of("POST", "/api/v1/transformations/run", Operate, Nothing),
    of("GET", "/api/v1/transformations/executions", Read, Nothing),
    of("GET", "/api/v1/live", Read, Nothing),
    of("GET", "/api/v1/metrics/series", Read, Nothing),
    of("GET", "/api/v1/metrics/current", Read, Nothing),
    of("GET", "/api/v1/openapi.json", Read, Nothing),
    of("GET", "/api/v1/docs", Read, Nothing),
];

impl Endpoint {
    /// What the catalog calls the endpoint's change.
    pub(crate) const fn action(&self) -> Option<&'static str> {
        match self.audit {
            Audit::WithChange(action) => Some(action),
            Audit::Nothing | Audit::After(_) => None,
        }
    }
}

impl PartialEq for Endpoint {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
    }
}

const fn on(method: &'static str, path: &'static str, access: Access, audit: Audit) -> Endpoint {
    Endpoint { method, path, access, audit }
}

const fn of(method: &'static str, path: &'static str, scope: Scope, audit: Audit) -> Endpoint {
    on(method, path, Access::Scope(scope), audit)
}

/// The endpoint that the router has found.
pub(crate) fn find(method: &Method, path: &str) -> Option<&'static Endpoint> {
    let method = if method == Method::HEAD { "GET" } else { method.as_str() };
    ENDPOINTS.iter().find(|endpoint| endpoint.method == method && endpoint.path == path)
}

/// Whether the router may have this path, for whatever method.
pub(crate) fn has_path(path: &str) -> bool {
    ENDPOINTS.iter().any(|endpoint| endpoint.path == path)
}

/// Compares the table with the router's endpoints, each a method in upper case and a path.
///
/// # Errors
/// What is missing where.
pub(crate) fn check(routed: &[(String, String)]) -> Result<(), String> {
    let is_routed =
        |it: &Endpoint| routed.iter().any(|(method, path)| it.method == method && it.path == path);
    let is_known =
        |(method, path): &(String, String)| ENDPOINTS.iter().any(|it| it.method == method && it.path == path);
    let unknown = routed.iter().filter(|it| !is_known(it));
    let unknown =
        unknown.map(|(method, path)| format!("{method} {path} has no scope: add it to endpoints.rs"));
    let gone = ENDPOINTS.iter().filter(|it| !is_routed(it));
    let gone = gone.map(|it| format!("{} {} is in endpoints.rs and not in the router", it.method, it.path));
    let wrong: Vec<String> = unknown.chain(gone).collect();
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("; ")) }
}
