//! What a call shows: a key in `Authorization`, or the cookie of a session. Pure.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, header};

use super::single;

/// The cookie of a session.
pub(crate) const COOKIE: &str = "hookyard_session";
/// The longest key that is looked at, in bytes.
const KEY_BYTES_MAX: usize = 4096;

/// What a call shows.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Shown {
    /// Nothing, or only a cookie.
    Nothing,
    /// A key.
    Key(String),
    /// An `Authorization` that cannot be read as one, or two of them.
    Unreadable,
}

/// The key in `Authorization`: `Bearer`, or `Basic` with the key as password.
pub(super) fn key(headers: &HeaderMap) -> Shown {
    if !headers.contains_key(header::AUTHORIZATION) {
        return Shown::Nothing;
    }
    let read = || {
        let (scheme, value) = single(headers, &header::AUTHORIZATION)?.split_once(' ')?;
        if scheme.eq_ignore_ascii_case("bearer") {
            return Some(value.trim().to_owned());
        }
        if !scheme.eq_ignore_ascii_case("basic") {
            return None;
        }
        let decoded = String::from_utf8(STANDARD.decode(value.trim()).ok()?).ok()?;
        decoded.split_once(':').map(|(_, password)| password.to_owned())
    };
    match read() {
        Some(key) if (1..=KEY_BYTES_MAX).contains(&key.len()) => Shown::Key(key),
        _ => Shown::Unreadable,
    }
}

/// The tokens of sessions in the cookies. There may be several, where another service of the same host set one too.
pub(crate) fn session_tokens(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    let cookies = lines.flat_map(|line| line.split(';'));
    cookies.filter_map(|cookie| cookie.trim().strip_prefix(COOKIE)?.strip_prefix('='))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: &'static str, values: &[&str]) -> HeaderMap {
        let values = values.iter().map(|value| (name.parse().unwrap(), value.parse().unwrap()));
        values.collect()
    }

    #[test]
    fn keys_are_read_from_either_scheme() {
        for (values, expected) in [
            (&[][..], Shown::Nothing),
            (&["Bearer k"], Shown::Key("k".to_owned())),
            (&["bearer  k "], Shown::Key("k".to_owned())),
            (&["Basic YWRtaW46aw=="], Shown::Key("k".to_owned())),
            (&["Basic Oms="], Shown::Key("k".to_owned())),
            (&["Basic Omo6aw=="], Shown::Key("j:k".to_owned())),
            (&["Bearer"], Shown::Unreadable),
            (&["Bearer "], Shown::Unreadable),
            (&["Basic Og=="], Shown::Unreadable),
            (&["Basic aw=="], Shown::Unreadable),
            (&["Basic k"], Shown::Unreadable),
            (&["Digest k"], Shown::Unreadable),
            (&["k"], Shown::Unreadable),
            (&[""], Shown::Unreadable),
            (&["Bearer k", "Bearer k"], Shown::Unreadable),
        ] {
            assert_eq!(key(&headers("authorization", values)), expected, "{values:?}");
        }
        let long = format!("Bearer {}", "k".repeat(KEY_BYTES_MAX + 1));
        assert_eq!(key(&headers("authorization", &[&long])), Shown::Unreadable);
    }

    #[test]
    fn the_cookie_is_found_among_others() {
        let found =
            |values| session_tokens(&headers("cookie", values)).map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(found(&["a=b; hookyard_session=t; c=d"]), ["t"]);
        assert_eq!(found(&["hookyard_session=t", "hookyard_session=u"]), ["t", "u"]);
        assert!(found(&["xhookyard_session=t; hookyard_sessions=t; a=hookyard_session=t"]).is_empty());
    }
}
