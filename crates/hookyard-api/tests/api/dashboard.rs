//! The dashboard's files: for everybody, on every path that is not the API's.

use hookyard_api::dashboard::is_built;

use crate::harness::Server;

const KEY: &str = "the-admin-key-of-this-test";

#[tokio::test]
async fn its_pages_need_no_key_and_may_be_linked_to() {
    let server = Server::with_key(KEY).await;
    for path in ["/", "/index.html", "/requests/req_0000000000000", "/events?state=failed"] {
        let headers = [("host", "hooks.example"), ("sec-fetch-site", "cross-site")];
        let answer = server.send("GET", path, &headers, "").await;
        // Without it, each of its pages says how to get it.
        if is_built() {
            assert_eq!(answer.status, 200, "{path} {answer:?}");
            assert_eq!(answer.header("content-type"), "text/html; charset=utf-8", "{path}");
            assert!(answer.header("content-security-policy").starts_with("default-src 'none'"), "{path}");
            let etag = answer.header("etag").to_owned();
            let again = [("host", "hooks.example"), ("if-none-match", etag.as_str())];
            assert_eq!(server.send("GET", path, &again, "").await.status, 304, "{path}");
        } else {
            assert_eq!(answer.status, 404, "{path} {answer:?}");
            assert!(String::from_utf8_lossy(&answer.body).contains("make web"), "{path} {answer:?}");
        }
    }
}

#[tokio::test]
async fn what_is_no_page_of_its_own_is_a_problem() {
    let server = Server::start().await;
    for (method, path, expected) in [
        ("GET", "/assets/index-of-another-version.js", (404, "not_found")),
        ("POST", "/", (405, "method_not_allowed")),
        ("GET", "/api/v1/nowhere", (404, "not_found")),
    ] {
        let answer = server.send(method, path, &[("host", "localhost")], "").await;
        assert_eq!(answer.problem(), (expected.0, expected.1.to_owned(), None), "{method} {path}");
    }
}
