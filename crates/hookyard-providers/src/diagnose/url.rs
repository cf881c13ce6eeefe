//! Does the URL that was signed differ from the one the source has?

use super::{Case, Finding, finding};
use crate::configuration::Configuration;
use crate::request::Request;

/// What the signed URL is, if another one fits.
pub(super) fn find(case: &Case<'_>) -> Option<Finding> {
    let url = case.configuration.public_url?;
    let request = &case.evidence.request;
    let holds = |url: &str, target: &str| {
        let configuration = Configuration { public_url: Some(url), ..*case.configuration };
        let request = Request { public_url: Some(url), target, ..*request };
        case.holds(&configuration, &request)
    };
    if !case.signs_url() {
        return None;
    }
    for (candidate, how) in candidates(url, request) {
        if candidate != url && holds(&candidate, request.target) {
            return finding(
                format!("the signature matches the URL `{candidate}`: {how}"),
                format!("give the provider `{url}`, or set the source's `public_url` to the other"),
            );
        }
    }
    let (path, query) = request.target.split_once('?')?;
    (!query.is_empty() && holds(url, path)).then(|| Finding {
        reason: "the signature matches the URL without its query".to_owned(),
        suggestion: "something on the way adds a query, or the provider was given the URL without one"
            .to_owned(),
    })
}

impl Case<'_> {
    pub(super) fn signs_url(&self) -> bool {
        let bare = Configuration { public_url: None, ..*self.configuration };
        matches!(crate::Verifier::new(&bare), Err(crate::ConfigError::NoPublicUrl { .. }))
    }
}

/// URLs that people give to providers instead.
fn candidates(url: &str, request: &Request<'_>) -> Vec<(String, &'static str)> {
    let mut candidates = Vec::new();
    let other_scheme = match url.split_once("://") {
        Some(("https", rest)) => format!("http://{rest}"),
        Some((_, rest)) => format!("https://{rest}"),
        None => return candidates,
    };
    candidates.push((other_scheme, "http and https differ"));
    candidates.push((format!("{url}/"), "a slash at the end"));
    let (scheme, rest) = url.split_once("://").unwrap_or_default();
    let (authority, path) = rest.find('/').and_then(|at| rest.split_at_checked(at)).unwrap_or((rest, ""));
    match authority.rsplit_once(':') {
        Some((host, _)) => candidates.push((format!("{scheme}://{host}{path}"), "without the port")),
        None => {
            let port = if scheme == "https" { 443 } else { 80 };
            candidates.push((format!("{scheme}://{authority}:{port}{path}"), "with the port"));
        }
    }
    let header = |name: &str| request.headers.get(name).and_then(|value| value.to_str().ok());
    for host in [header("host"), header("x-forwarded-host")].into_iter().flatten() {
        for scheme in ["https", "http"] {
            candidates.push((format!("{scheme}://{host}{path}"), "the host differs"));
            let token: String = request.target.split(['?', '/']).nth(1).unwrap_or_default().to_owned();
            candidates.push((format!("{scheme}://{host}/{token}"), "the path differs"));
        }
    }
    candidates
}
