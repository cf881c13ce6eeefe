//! Which hosts a key may be fetched from.
//!
//! Asked when the request for a key is made, and again by whoever connects. Senders choose some of
//! these URLs (PayPal, SNS), so the text is held to a form that no two URL parsers read differently.

/// Why a URL is not fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HostProblem {
    /// It is not plain `https://host/path`.
    #[error("the key's URL is not a plain https URL")]
    NotPlain,
    /// Its host is none of the provider's.
    #[error("the key's URL names a host that is not the provider's")]
    OtherHost,
}

/// The longest URL.
const URL_BYTES_MAX: usize = 2048;

/// Whether `url` is a plain https URL on the usual port whose host is one of `hosts`.
///
/// In a pattern a `*.` in front stands for one or more labels, a `*` elsewhere for exactly one:
/// `sns.*.amazonaws.com` is no bucket of somebody's.
///
/// # Errors
/// [`HostProblem`].
pub fn check_host<H: AsRef<str>>(url: &str, hosts: &[H]) -> Result<(), HostProblem> {
    let host = host(url)?;
    if hosts.iter().any(|pattern| fits(host, pattern.as_ref())) {
        Ok(())
    } else {
        Err(HostProblem::OtherHost)
    }
}

/// The host of a plain https URL, as it is written.
pub(crate) fn host(url: &str) -> Result<&str, HostProblem> {
    let plain =
        |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'\\' | b'#' | b'<' | b'>' | b'"' | b'`');
    let rest = url.strip_prefix("https://").filter(|_| url.len() <= URL_BYTES_MAX && url.bytes().all(plain));
    let (authority, _) = rest.and_then(|rest| rest.split_once('/')).ok_or(HostProblem::NotPlain)?;
    let host = authority.strip_suffix(":443").unwrap_or(authority);
    let label = |label: &str| {
        !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    // A name of letters at its end: no address in any of its spellings.
    let named =
        host.rsplit('.').next().is_some_and(|last| last.bytes().all(|byte| byte.is_ascii_alphabetic()));
    if host.contains('.') && named && host.split('.').all(label) {
        Ok(host)
    } else {
        Err(HostProblem::NotPlain)
    }
}

fn fits(host: &str, pattern: &str) -> bool {
    let same = |label: &str, pattern: &str| pattern == "*" || label.eq_ignore_ascii_case(pattern);
    let (mut labels, mut patterns) = (host.rsplit('.'), pattern.rsplit('.').peekable());
    while let Some(pattern) = patterns.next() {
        let Some(label) = labels.next() else { return false };
        if pattern == "*" && patterns.peek().is_none() {
            return true;
        }
        if !same(label, pattern) {
            return false;
        }
    }
    labels.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(url: &str, pattern: &str) -> bool {
        check_host(url, &[pattern]).is_ok()
    }

    #[test]
    fn patterns_are_held_to() {
        assert!(allowed("https://api.paypal.com/v1/certs/CERT-1", "api.paypal.com"));
        assert!(allowed("https://API.PayPal.com:443/x", "api.paypal.com"));
        assert!(allowed("https://a.b.paypal.com/x", "*.paypal.com"));
        assert!(!allowed("https://paypal.com/x", "*.paypal.com"));
        assert!(allowed("https://sns.eu-west-1.amazonaws.com/k.pem", "sns.*.amazonaws.com"));
        for other in [
            "https://sns.s3.eu-west-1.amazonaws.com/k.pem",
            "https://mine.s3.amazonaws.com/k.pem",
            "https://sns.eu-west-1.amazonaws.com.evil.example/k.pem",
            "https://amazonaws.com/k.pem",
        ] {
            assert_eq!(check_host(other, &["sns.*.amazonaws.com"]), Err(HostProblem::OtherHost), "{other}");
        }
    }

    #[test]
    fn what_parsers_could_read_differently_is_refused() {
        for url in [
            "http://api.paypal.com/x",
            "https://api.paypal.com",
            "https://api.paypal.com@evil.example/x",
            "https://evil.example\\@api.paypal.com/x",
            "https://evil.example#.api.paypal.com/x",
            "https://evil.example?.api.paypal.com/x",
            "https://api.paypal.com:8443/x",
            "https://api.paypal.com./x",
            "https://api..paypal.com/x",
            "https:///api.paypal.com/x",
            "HTTPS://api.paypal.com/x",
            "https://api.paypal.com/x y",
            "https://api.paypal.com/x\r\nhost: evil.example",
            "https://api.p\u{430}ypal.com/x",
            "https://169.254.169.254/x",
            "https://[::1]/x",
            "https://0x7f.1/x",
            "",
        ] {
            assert!(!allowed(url, "*.paypal.com"), "{url}");
            assert_eq!(host(url), Err(HostProblem::NotPlain), "{url}");
        }
        assert!(host(&format!("https://api.paypal.com/{}", "x".repeat(URL_BYTES_MAX))).is_err());
    }
}
