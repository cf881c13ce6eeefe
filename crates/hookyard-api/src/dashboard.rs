//! The dashboard's files, which `web/` is built to: part of the binary, the same for everybody, and without a secret. What
//! they show comes through the API, like any other client's.
//!
//! Every path that is neither a file nor the API's is one of the dashboard's own pages, which its `index.html` draws.

use std::io::Read as _;

use axum::response::{IntoResponse, Response};
use flate2::read::GzDecoder;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};

use crate::problem::{Kind, Problem};

include!(concat!(env!("OUT_DIR"), "/dashboard_files.rs"));

/// One file.
struct File {
    /// Its path in a URL.
    path: &'static str,
    /// Changes with its content.
    etag: &'static str,
    /// Its content, compressed.
    gzip: &'static [u8],
}

/// What draws all pages.
const INDEX: &str = "/index.html";
/// Files below it have the hash of their content in their name.
const HASHED: &str = "/assets/";
/// Nothing comes from elsewhere, nothing is sent elsewhere, and no other page shows these in a frame. The editor makes its
/// style sheets as it runs.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
     img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; manifest-src 'self'; \
     base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
/// What a browser is told where the binary was built without the dashboard.
const MISSING: &str = "Hookyard is running. This binary was built without its dashboard.\n\n\
     To get it: install Node.js 20 or newer, run `make web`, and build Hookyard again.\n\
     The API is at /api/v1, its description at /api/v1/docs.\n";

/// Whether this binary has them.
pub fn is_built() -> bool {
    FILES.iter().any(|file| file.path == INDEX)
}

/// Whether a path is the dashboard's, not the API's or one for machines that watch.
pub(crate) fn is_dashboards(path: &str) -> bool {
    let others = ["/api", "/metrics", "/healthz", "/readyz"];
    !others.iter().any(|other| {
        path.strip_prefix(other).is_some_and(|rest| matches!(rest.as_bytes().first(), None | Some(b'/')))
    })
}

/// The file, or the page, that a path of the dashboard leads to.
pub(crate) async fn serve(method: Method, uri: Uri, headers: HeaderMap) -> Response {
    let path = uri.path();
    if !is_dashboards(path) {
        let detail = format!("there is no path `{path}`: see docs/api.md for those there are");
        return Problem::new(Kind::NotFound, detail).into_response();
    }
    if method != Method::GET && method != Method::HEAD {
        let detail = format!("the path does not take {method}: see `Allow` for what it takes");
        let allowed = HeaderValue::from_static("GET, HEAD");
        return Problem::new(Kind::MethodNotAllowed, detail)
            .and_header(header::ALLOW, allowed)
            .into_response();
    }
    let named = |path: &str| FILES.iter().find(|file| file.path == path);
    match named(path) {
        Some(file) => file.answer(&headers),
        None if path.starts_with(HASHED) => {
            let detail = format!(
                "there is no file `{path}`: reload the page, the dashboard was replaced by another version"
            );
            Problem::new(Kind::NotFound, detail).into_response()
        }
        None => named(INDEX).map_or_else(missing, |index| index.answer(&headers)),
    }
}

fn missing() -> Response {
    let text = HeaderValue::from_static("text/plain; charset=utf-8");
    (StatusCode::NOT_FOUND, [(header::CONTENT_TYPE, text)], MISSING).into_response()
}

impl File {
    fn answer(&self, headers: &HeaderMap) -> Response {
        let is_hashed = self.path.starts_with(HASHED);
        let cached = if is_hashed { "public, max-age=31536000, immutable" } else { "no-cache" };
        let mut answer: Vec<(HeaderName, HeaderValue)> = vec![
            (header::ETAG, HeaderValue::from_static(self.etag)),
            (header::CACHE_CONTROL, HeaderValue::from_static(cached)),
            (header::VARY, HeaderValue::from_static("accept-encoding")),
        ];
        if names(headers, &header::IF_NONE_MATCH, self.etag) {
            return (StatusCode::NOT_MODIFIED, HeaderMap::from_iter(answer)).into_response();
        }
        answer.extend([
            (header::CONTENT_TYPE, HeaderValue::from_static(self.content_type())),
            (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
            (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        ]);
        if names(headers, &header::ACCEPT_ENCODING, "gzip") {
            answer.push((header::CONTENT_ENCODING, HeaderValue::from_static("gzip")));
            return (HeaderMap::from_iter(answer), self.gzip).into_response();
        }
        let mut content = Vec::new();
        match GzDecoder::new(self.gzip).read_to_end(&mut content) {
            Ok(_) => (HeaderMap::from_iter(answer), content).into_response(),
            Err(error) => Problem::internal(&error).into_response(),
        }
    }

    fn content_type(&self) -> &'static str {
        match self.path.rsplit('.').next().unwrap_or_default() {
            "html" => "text/html; charset=utf-8",
            "js" => "text/javascript; charset=utf-8",
            "css" => "text/css; charset=utf-8",
            "svg" => "image/svg+xml",
            "png" => "image/png",
            "ico" => "image/x-icon",
            "woff2" => "font/woff2",
            "json" | "webmanifest" | "map" => "application/json",
            "txt" => "text/plain; charset=utf-8",
            _ => "application/octet-stream",
        }
    }
}

/// Whether a header that is a list has this in it, without regard to parameters.
fn names(headers: &HeaderMap, name: &HeaderName, wanted: &str) -> bool {
    let lines = headers.get_all(name).iter().filter_map(|line| line.to_str().ok());
    let mut items = lines.flat_map(|line| line.split(','));
    items.any(|item| {
        let (item, parameters) = item.split_once(';').unwrap_or((item, ""));
        item.trim().trim_start_matches("W/") == wanted && parameters.replace(' ', "") != "q=0"
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_machines_are_not_the_dashboards() {
        for (path, is_its) in [
            ("/", true),
            ("/requests/req_1", true),
            ("/apis", true),
            ("/api", false),
            ("/api/v1/sources", false),
            ("/metrics", false),
            ("/metrics-page", true),
            ("/healthz", false),
        ] {
            assert_eq!(is_dashboards(path), is_its, "{path}");
        }
    }

    #[test]
    fn gzip_is_taken_where_it_is_named() {
        for (line, taken) in [
            ("gzip, deflate, br", true),
            ("br, gzip;q=0.5", true),
            ("gzip; q=0", false),
            ("identity", false),
            ("xgzip", false),
        ] {
            let headers = HeaderMap::from_iter([(header::ACCEPT_ENCODING, HeaderValue::from_static(line))]);
            assert_eq!(names(&headers, &header::ACCEPT_ENCODING, "gzip"), taken, "{line}");
        }
        assert!(!names(&HeaderMap::new(), &header::ACCEPT_ENCODING, "gzip"));
    }
}
