//! What Atlassian digests into the claim `qsh`: method, path and sorted query.
//! <https://developer.atlassian.com/cloud/jira/platform/understanding-jwt-for-connect-apps/>
//!
//! The path begins behind the app's base URL, which is the setting `base_url`.

use std::borrow::Cow;

use super::percent::{javascript_order, rfc3986};
use crate::read::{Reader, Why, url};

/// The most parameters that are put in order.
const PARAMETERS_MAX: usize = 10_000;

pub(super) fn text<'a>(reader: &Reader<'a>) -> Result<Cow<'a, [u8]>, Why> {
    let target = reader.registered_target();
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let base = url::path(reader.setting("base_url").unwrap_or_default());
    let base = base.strip_suffix('/').unwrap_or(base);
    let text = format!(
        "{}&{}&{}",
        reader.request().method.to_ascii_uppercase(),
        canonical_path(path.strip_prefix(base).unwrap_or(path)),
        canonical_query(query)?
    );
    Ok(Cow::Owned(text.into_bytes()))
}

fn canonical_path(path: &str) -> String {
    let path = path.replace('&', "%26");
    let path = if path.starts_with('/') { path } else { format!("/{path}") };
    match path.strip_suffix('/') {
        Some(without) if !without.is_empty() => without.to_owned(),
        _ => path,
    }
}

fn canonical_query(query: &str) -> Result<String, Why> {
    let mut parameters: Vec<_> = form_urlencoded::parse(query.as_bytes())
        .filter(|(name, _)| name != "jwt")
        .take(PARAMETERS_MAX + 1)
        .collect();
    if parameters.len() > PARAMETERS_MAX {
        return Err(Why::Malformed("it has more than 10000 parameters"));
    }
    parameters.sort_by(|(one, first), (other, second)| {
        javascript_order(one, other).then_with(|| javascript_order(first, second))
    });
    let mut text = String::with_capacity(query.len());
    let mut before: Option<&str> = None;
    for (name, value) in &parameters {
        if before == Some(name) {
            text.push(',');
        } else {
            if before.is_some() {
                text.push('&');
            }
            text.push_str(&rfc3986(name));
            text.push('=');
        }
        text.push_str(&rfc3986(value));
        before = Some(name);
    }
    Ok(text)
}
