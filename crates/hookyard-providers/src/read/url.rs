//! Parts of the request target and of the registered URL. Nothing is decoded or put in order: what is
//! signed is what was sent.

use std::borrow::Cow;

/// The path of a target: what stands before the `?`.
pub(crate) fn path(target: &str) -> &str {
    let origin = origin_form(target);
    origin.split_once('?').map_or(origin, |(path, _)| path)
}

/// The query of a target: what stands behind the first `?`, or nothing.
pub(crate) fn query(target: &str) -> &str {
    target.split_once('?').map_or("", |(_, query)| query)
}

/// What follows the source's token, the first segment of the path, in a target.
pub(crate) fn suffix(target: &str) -> &str {
    let origin = origin_form(target);
    let path = origin.strip_prefix('/').unwrap_or(origin);
    path.find(['/', '?']).and_then(|start| path.get(start..)).unwrap_or("")
}

/// The registered URL with what followed the token in a request.
pub(crate) fn joined<'a>(public_url: &'a str, suffix: &str) -> Cow<'a, [u8]> {
    if suffix.is_empty() {
        Cow::Borrowed(public_url.as_bytes())
    } else {
        Cow::Owned([public_url.as_bytes(), suffix.as_bytes()].concat())
    }
}

/// The host of a URL, with the port where one is written.
pub(crate) fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    authority.rsplit_once('@').map_or(authority, |(_, host)| host)
}

/// Path and query of a target, which may be in absolute form (RFC 9112, section 3.2.2).
pub(crate) fn origin_form(target: &str) -> &str {
    let Some((_, rest)) = target.split_once("://").filter(|_| !target.starts_with('/')) else {
        return target;
    };
    rest.find(['/', '?']).and_then(|start| rest.get(start..)).unwrap_or("")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_target_comes_apart() {
        for (target, expected_path, expected_query, expected_suffix) in [
            ("/tok", "/tok", "", ""),
            ("/tok/", "/tok/", "", "/"),
            ("/tok/a/b?c=/d?e", "/tok/a/b", "c=/d?e", "/a/b?c=/d?e"),
            ("/tok?x=1", "/tok", "x=1", "?x=1"),
            ("http://host:1/tok/a?b", "/tok/a", "b", "/a?b"),
            ("/tok?u=http://x/y", "/tok", "u=http://x/y", "?u=http://x/y"),
            ("http://host", "", "", ""),
            ("*", "*", "", ""),
            ("", "", "", ""),
        ] {
            assert_eq!(
                (path(target), query(target), suffix(target)),
                (expected_path, expected_query, expected_suffix)
            );
        }
    }

    #[test]
    fn a_url_is_what_is_registered_and_what_followed() {
        assert_eq!(&*joined("https://a.example/t", "/b?c"), b"https://a.example/t/b?c");
        for (url, expected) in
            [("https://a.example:8443/t", "a.example:8443"), ("http://u:p@b?x", "b"), ("c/d", "c"), ("", "")]
        {
            assert_eq!(host(url), expected);
        }
    }
}
