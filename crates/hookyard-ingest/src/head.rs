//! The head of a request as it will be stored: the bytes from the wire where they are known, otherwise
//! written anew from what hyper parsed.
//!
//! hyper's header map keeps neither the case of names nor how lines of different names interleave. For
//! HTTP/1.1 the raw head is therefore cut out of the stream beside hyper ([`crate::framing`]), and used
//! only if it says exactly what hyper understood: same version, method, target, and the same values in
//! the same order for every name. At the first difference the raw heads of that connection are given up
//! for good: what was verified must be what is stored, and a request must not be able to smuggle another.
//!
//! HTTP/2 sends no such text. Its head is written in the form of HTTP/1.1, `:authority` as the first line
//! (`host`), then all header lines in lower case; order is kept among names by their first line and among
//! lines of one name.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::mem::MaybeUninit;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::{BufMut, Bytes, BytesMut};
use hookyard_model::request::HEADER_LINES_MAX;
use http::header::HOST;
use http::request::Parts;
use http::{HeaderMap, Uri, Version};

/// Raw heads on their way from a connection's stream to its service, in order.
///
/// They are never more than fit into what hyper reads ahead: the wire is only read when hyper asks.
#[derive(Debug, Default)]
pub(crate) struct RawHeads {
    waiting: Mutex<VecDeque<Bytes>>,
    lost: AtomicBool,
}

impl RawHeads {
    /// Adds the next head of the stream.
    pub(crate) fn push(&self, head: Bytes) {
        self.waiting().push_back(head);
    }

    /// No more heads are wanted, and those that wait are worth nothing.
    pub(crate) fn give_up(&self) {
        self.lost.store(true, Ordering::Release);
        *self.waiting() = VecDeque::new();
    }

    /// Whether heads are not wanted any more.
    pub(crate) fn is_lost(&self) -> bool {
        self.lost.load(Ordering::Acquire)
    }

    fn take(&self) -> Option<Bytes> {
        if self.is_lost() { None } else { self.waiting().pop_front() }
    }

    fn waiting(&self) -> MutexGuard<'_, VecDeque<Bytes>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The head of the request that hyper hands over next on this connection.
pub(crate) fn of(request: &Parts, target: &str, raw_heads: &RawHeads) -> Bytes {
    if request.version < Version::HTTP_2 {
        match raw_heads.take() {
            Some(raw) if says_the_same(&raw, request, target) => return raw,
            _ => raw_heads.give_up(),
        }
    }
    written(request, target)
}

/// The request target as it stood in the request line, as far as hyper keeps it.
pub(crate) fn target(uri: &Uri) -> Cow<'_, str> {
    match (uri.scheme(), uri.path_and_query()) {
        (None, Some(path)) => Cow::Borrowed(path.as_str()),
        _ => Cow::Owned(uri.to_string()),
    }
}

/// The target of an HTTP/2 request: `:path`. Its `:scheme` and `:authority` are no part of it.
pub(crate) fn path(uri: &Uri) -> &str {
    uri.path_and_query().map_or("/", |path| path.as_str())
}

fn says_the_same(raw: &[u8], request: &Parts, target: &str) -> bool {
    let mut lines = [const { MaybeUninit::uninit() }; HEADER_LINES_MAX];
    let mut parsed = httparse::Request::new(&mut []);
    let Ok(httparse::Status::Complete(length)) = parsed.parse_with_uninit_headers(raw, &mut lines) else {
        return false;
    };
    let version = if request.version == Version::HTTP_11 { 1 } else { 0 };
    length == raw.len()
        && parsed.version == Some(version)
        && parsed.method == Some(request.method.as_str())
        && parsed.path == Some(target)
        && has_crlf_only(raw)
        && (are_equal_in_order(parsed.headers, &request.headers)
            || are_equal_by_name(parsed.headers, &request.headers))
}

/// Every line ends with CRLF, as the stored form promises; hyper also takes a bare LF.
fn has_crlf_only(raw: &[u8]) -> bool {
    memchr::memchr_iter(b'\n', raw).all(|end| end > 0 && raw.get(end - 1) == Some(&b'\r'))
}

/// The usual case: no name has its lines apart, so the map has them as they came.
fn are_equal_in_order(lines: &[httparse::Header<'_>], headers: &HeaderMap) -> bool {
    lines.len() == headers.len()
        && lines.iter().zip(headers).all(|(line, (name, value))| {
            name.as_str().eq_ignore_ascii_case(line.name) && value.as_bytes() == line.value
        })
}

/// For every name the same values in the same order, and no line more on either side.
fn are_equal_by_name(lines: &[httparse::Header<'_>], headers: &HeaderMap) -> bool {
    lines.len() == headers.len()
        && headers.keys().all(|name| {
            let in_raw = lines.iter().filter(|line| name.as_str().eq_ignore_ascii_case(line.name));
            let in_map = headers.get_all(name).iter().map(|value| value.as_bytes());
            in_raw.map(|line| line.value).eq(in_map)
        })
}

fn written(request: &Parts, target: &str) -> Bytes {
    let lines: usize =
        request.headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
    let authority = request.uri.authority().filter(|_| request.version == Version::HTTP_2);
    let mut head = BytesMut::with_capacity(
        request.method.as_str().len()
            + target.len()
            + lines
            + authority.map_or(0, |authority| authority.as_str().len())
            + 32,
    );
    for part in [request.method.as_str(), " ", target] {
        head.put_slice(part.as_bytes());
    }
    head.put_slice(if request.version == Version::HTTP_10 { b" HTTP/1.0\r\n" } else { b" HTTP/1.1\r\n" });
    if let Some(authority) = authority {
        put_line(&mut head, "host", authority.as_str().as_bytes());
    }
    for (name, value) in &request.headers {
        // With HTTP/2, `:authority` takes the place of `host` (RFC 9113, section 8.3.1).
        if authority.is_none() || name != HOST {
            put_line(&mut head, name.as_str(), value.as_bytes());
        }
    }
    head.put_slice(b"\r\n");
    head.freeze()
}

fn put_line(head: &mut BytesMut, name: &str, value: &[u8]) {
    head.put_slice(name.as_bytes());
    head.put_slice(b": ");
    head.put_slice(value);
    head.put_slice(b"\r\n");
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn parts(version: Version, target: &str, lines: &[(&str, &str)]) -> Parts {
        let mut request = Request::builder().method("POST").version(version).uri(target);
        for (name, value) in lines {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap().into_parts().0
    }

    fn stored(raw: &[u8], request: &Parts) -> (Bytes, bool) {
        let raw_heads = RawHeads::default();
        raw_heads.push(Bytes::copy_from_slice(raw));
        let head = of(request, &target(&request.uri), &raw_heads);
        (head, raw_heads.is_lost())
    }

    #[test]
    fn the_raw_head_is_kept_with_case_and_interleaved_duplicates() {
        let raw = b"POST /t?a HTTP/1.1\r\nX-A: 1\r\nhOst:x \r\nx-a: 2\r\nX-a:\r\n\r\n";
        let request =
            parts(Version::HTTP_11, "/t?a", &[("x-a", "1"), ("host", "x"), ("x-a", "2"), ("x-a", "")]);
        assert_eq!(stored(raw, &request), (Bytes::from_static(raw), false));
    }

    #[test]
    fn any_difference_gives_up_the_raw_heads() {
        let request = parts(Version::HTTP_11, "/t", &[("a", "1"), ("b", "2"), ("a", "3")]);
        for raw in [
            "PUT /t HTTP/1.1\r\na: 1\r\nb: 2\r\na: 3\r\n\r\n",
            "POST /T HTTP/1.1\r\na: 1\r\nb: 2\r\na: 3\r\n\r\n",
            "POST /t HTTP/1.0\r\na: 1\r\nb: 2\r\na: 3\r\n\r\n",
            "POST /t HTTP/1.1\r\na: 3\r\nb: 2\r\na: 1\r\n\r\n",
            "POST /t HTTP/1.1\r\na: 1\r\nb: 2\r\n\r\n",
            "POST /t HTTP/1.1\r\na: 1\r\nb: 2\r\na: 3\r\na: 3\r\n\r\n",
            "POST /t HTTP/1.1\r\na: 1\r\nb: 2\r\nb: 3\r\n\r\n",
            "POST /t HTTP/1.1\r\na: 1\r\nb: 2\r\nc: 3\r\n\r\n",
            "POST /t HTTP/1.1\na: 1\r\nb: 2\r\na: 3\r\n\r\n",
            "POST /t HTTP/1.1\r\na: 1\r\nb: 2\r\na: 3\r\n\r\nx",
        ] {
            let (head, lost) = stored(raw.as_bytes(), &request);
            assert_eq!(&head[..], b"POST /t HTTP/1.1\r\na: 1\r\na: 3\r\nb: 2\r\n\r\n", "{raw}");
            assert!(lost, "{raw}");
        }
    }

    #[test]
    fn an_http2_head_begins_with_its_host() {
        let request =
            parts(Version::HTTP_2, "https://h:1/t?a=b", &[("x", "1"), ("host", "other"), ("y", "2")]);
        let head = of(&request, path(&request.uri), &RawHeads::default());
        assert_eq!(&head[..], b"POST /t?a=b HTTP/1.1\r\nhost: h:1\r\nx: 1\r\ny: 2\r\n\r\n");
    }

    #[test]
    fn targets_keep_their_form() {
        for form in ["/", "/a//b?c#", "*", "http://h:1/a?b"] {
            let expected = form.trim_end_matches('#');
            assert_eq!(target(&form.parse().unwrap()), expected);
        }
    }
}
