//! AWS Signature Version 4 in the `Authorization` header, written after AWS' description of it ("Create a signed
//! AWS API request", IAM user guide) and held against AWS' own test suite and signer.
//!
//! What is signed: method, path, query, `host`, `content-type`, every `x-amz-` header, and the body's hash. Other
//! headers are not, as proxies on the way change them.
//!
//! The receiver signs what it has read, so what can be read in two ways does not go out: a query is encoded anew
//! strictly (a `+` becomes a space, `%20`), and so is the path of a request to S3, which is signed as it stands.
//! For all other services the path is normalised and encoded once more for the signature only.

use bytes::Bytes;
use hookyard_model::auth::AwsSigV4;
use hookyard_model::clock::Timestamp;
use hookyard_model::secret::Secret;
use http::Uri;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderMap, HeaderName, HeaderValue};
use http::uri::PathAndQuery;
use http_body_util::Full;
use ring::{digest, hmac};

use super::{AuthProblem, secret_value};

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
const DATE: HeaderName = HeaderName::from_static("x-amz-date");
const BODY_HASH: HeaderName = HeaderName::from_static("x-amz-content-sha256");
const SECURITY_TOKEN: HeaderName = HeaderName::from_static("x-amz-security-token");

/// Signs with one access key for one service.
#[derive(Clone, Debug)]
pub(crate) struct Signer {
    access_key_id: String,
    /// `AWS4` and the secret access key.
    key: Secret,
    session_token: Option<HeaderValue>,
    region: String,
    service: String,
}

/// What is signed, besides the time.
struct Canonical<'a> {
    method: &'a str,
    path: &'a str,
    query: &'a str,
    /// Lower-case names with their lines, by name.
    headers: &'a [(&'a str, Vec<u8>)],
    body_hash: &'a str,
}

impl Signer {
    pub(super) fn new(aws: &AwsSigV4) -> Result<Self, AuthProblem> {
        let session_token = aws.session_token.as_ref().map(|token| secret_value(token.expose()));
        Ok(Self {
            access_key_id: aws.access_key_id.clone(),
            key: Secret::new(format!("AWS4{}", aws.secret_access_key.expose())),
            session_token: session_token.transpose()?,
            region: aws.region.clone(),
            service: aws.service.clone(),
        })
    }

    fn is_s3(&self) -> bool {
        // S3 itself, on Outposts and Express.
        self.service == "s3" || self.service.starts_with("s3-") || self.service == "s3express"
    }

    /// Signs a request that is otherwise complete.
    pub(super) fn apply(
        &self,
        request: &mut http::Request<Full<Bytes>>,
        body: &[u8],
        now: Timestamp,
    ) -> Result<(), String> {
        let time = amz_time(now)?;
        let body_hash = hex(digest::digest(&digest::SHA256, body).as_ref());
        self.encode_strictly(request.uri_mut())?;
        let value = |text: &str| HeaderValue::try_from(text).map_err(|error| error.to_string());
        let headers = request.headers_mut();
        headers.insert(DATE, value(&time)?);
        headers.insert(BODY_HASH, value(&body_hash)?);
        match &self.session_token {
            Some(token) => drop(headers.insert(SECURITY_TOKEN, token.clone())),
            None => drop(headers.remove(SECURITY_TOKEN)),
        }
        let path = if self.is_s3() {
            request.uri().path().to_owned()
        } else {
            encoded(normalised(request.uri().path()).as_bytes(), true)
        };
        let authorization = self.authorization(
            &time,
            &Canonical {
                method: request.method().as_str(),
                path: &path,
                query: &sorted(request.uri().query().unwrap_or_default()),
                headers: &canonical_headers(request.headers(), is_signed),
                body_hash: &body_hash,
            },
        );
        request.headers_mut().insert(AUTHORIZATION, value(&authorization)?);
        Ok(())
    }

    /// Leaves one way to read the query, and for S3 the path.
    fn encode_strictly(&self, uri: &mut Uri) -> Result<(), String> {
        let path =
            if self.is_s3() { encoded(&decoded(uri.path(), false), true) } else { uri.path().to_owned() };
        let target = match uri.query() {
            None => path,
            Some(query) => {
                let pairs: Vec<String> =
                    pairs(query).map(|(name, value)| format!("{name}={value}")).collect();
                format!("{path}?{}", pairs.join("&"))
            }
        };
        *uri = Uri::from(PathAndQuery::try_from(target).map_err(|error| error.to_string())?);
        Ok(())
    }

    /// The header's value.
    fn authorization(&self, time: &str, canonical: &Canonical<'_>) -> String {
        let Self { access_key_id, region, service, .. } = self;
        let date = time.get(..8).unwrap_or_default();
        let scope = format!("{date}/{region}/{service}/aws4_request");
        let names: Vec<&str> = canonical.headers.iter().map(|(name, _)| *name).collect();
        let names = names.join(";");
        let request_hash = hex(digest::digest(&digest::SHA256, &canonical.bytes(&names)).as_ref());
        let to_sign = format!("{ALGORITHM}\n{time}\n{scope}\n{request_hash}");
        let mut key = hmac::Key::new(hmac::HMAC_SHA256, self.key.expose().as_bytes());
        for part in [date, region, service, "aws4_request"] {
            key = hmac::Key::new(hmac::HMAC_SHA256, hmac::sign(&key, part.as_bytes()).as_ref());
        }
        let signature = hex(hmac::sign(&key, to_sign.as_bytes()).as_ref());
        format!(
            "{ALGORITHM} Credential={access_key_id}/{scope}, SignedHeaders={names}, Signature={signature}"
        )
    }
}

impl Canonical<'_> {
    /// The canonical request.
    fn bytes(&self, names: &str) -> Vec<u8> {
        let mut bytes = Vec::new();
        for line in [self.method, self.path, self.query] {
            bytes.extend_from_slice(line.as_bytes());
            bytes.push(b'\n');
        }
        for (name, value) in self.headers {
            bytes.extend_from_slice(name.as_bytes());
            bytes.push(b':');
            bytes.extend_from_slice(value);
            bytes.push(b'\n');
        }
        bytes.push(b'\n');
        bytes.extend_from_slice(format!("{names}\n{}", self.body_hash).as_bytes());
        bytes
    }
}

fn is_signed(name: &HeaderName) -> bool {
    *name == HOST || *name == CONTENT_TYPE || name.as_str().starts_with("x-amz-")
}

/// These headers by name, each with its lines as one.
fn canonical_headers(headers: &HeaderMap, is_wanted: fn(&HeaderName) -> bool) -> Vec<(&str, Vec<u8>)> {
    let mut names: Vec<&HeaderName> = headers.keys().filter(|name| is_wanted(name)).collect();
    names.sort_unstable_by_key(|name| name.as_str());
    let line = |name: &HeaderName| {
        let lines: Vec<Vec<u8>> =
            headers.get_all(name).iter().map(|value| single_spaced(value.as_bytes())).collect();
        lines.join(&b',')
    };
    names.into_iter().map(|name| (name.as_str(), line(name))).collect()
}

/// Without spaces at the ends, and with one where there are several.
fn single_spaced(value: &[u8]) -> Vec<u8> {
    let mut spaced: Vec<u8> = Vec::with_capacity(value.len());
    for byte in value.trim_ascii() {
        if *byte != b' ' || spaced.last() != Some(&b' ') {
            spaced.push(*byte);
        }
    }
    spaced
}

/// The pairs of a query in their order, strictly encoded.
fn pairs(query: &str) -> impl Iterator<Item = (String, String)> {
    let strict = |text: &str| encoded(&decoded(text, true), false);
    query.split('&').filter(|pair| !pair.is_empty()).map(move |pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (strict(name), strict(value))
    })
}

/// The canonical query: by name, then by value.
fn sorted(query: &str) -> String {
    let mut pairs: Vec<(String, String)> = pairs(query).collect();
    pairs.sort_unstable();
    let pairs: Vec<String> = pairs.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    pairs.join("&")
}

/// A path without empty, `.` and `..` segments (RFC 3986, section 5.2.4).
fn normalised(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => drop(kept.pop()),
            other => kept.push(other),
        }
    }
    let closing = if path.ends_with('/') && !kept.is_empty() { "/" } else { "" };
    format!("/{}{closing}", kept.join("/"))
}

/// The bytes that a part of a URL stands for. A `%` that begins no escape is itself.
fn decoded(text: &str, plus_is_space: bool) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        let escaped = match (byte, after) {
            (b'%', [high, low, after @ ..]) => nibble(*high).zip(nibble(*low)).map(|pair| (pair, after)),
            _ => None,
        };
        match escaped {
            Some(((high, low), after)) => {
                bytes.push(high * 16 + low);
                rest = after;
            }
            None if *byte == b'+' && plus_is_space => bytes.push(b' '),
            None => bytes.push(*byte),
        }
    }
    bytes
}

fn nibble(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

/// Everything but RFC 3986's unreserved characters as `%XX`.
fn encoded(bytes: &[u8], keep_slashes: bool) -> String {
    let mut text = String::with_capacity(bytes.len());
    for byte in bytes {
        let is_unreserved = byte.is_ascii_alphanumeric() || b"-._~".contains(byte);
        if is_unreserved || (keep_slashes && *byte == b'/') {
            text.push(char::from(*byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
    }
    text
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// ISO 8601 without punctuation, like `20150830T123600Z`.
fn amz_time(now: Timestamp) -> Result<String, String> {
    let seconds = i64::try_from(now.s()).unwrap_or(i64::MAX);
    let time = jiff::Timestamp::from_second(seconds)
        .map_err(|error| format!("the time cannot be written: {error}"))?;
    Ok(time.strftime("%Y%m%dT%H%M%SZ").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2015-08-30T12:36:00Z, the time of AWS' test suite.
    const NOW: Timestamp = Timestamp::from_ms(1_440_938_160_000);

    fn signer(service: &str) -> Signer {
        Signer::new(&AwsSigV4 {
            access_key_id: "AKIDEXAMPLE".to_owned(),
            secret_access_key: Secret::new("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
            session_token: None,
            region: "us-east-1".to_owned(),
            service: service.to_owned(),
        })
        .unwrap()
    }

    fn request(method: &str, target: &str, headers: &[(&str, &str)]) -> http::Request<Full<Bytes>> {
        let mut request = http::Request::builder().method(method).uri(target);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(Full::default()).unwrap()
    }

    /// The signature of a request that has the headers which AWS' test suite signs, and only those.
    fn signature(request: &http::Request<Full<Bytes>>, normalise: bool, body: &str) -> String {
        let path = request.uri().path();
        let path = if normalise { normalised(path) } else { path.to_owned() };
        let authorization = signer("service").authorization(
            &amz_time(NOW).unwrap(),
            &Canonical {
                method: request.method().as_str(),
                path: &encoded(path.as_bytes(), true),
                query: &sorted(request.uri().query().unwrap_or_default()),
                headers: &canonical_headers(request.headers(), |_| true),
                body_hash: &hex(digest::digest(&digest::SHA256, body.as_bytes()).as_ref()),
            },
        );
        authorization.rsplit_once("Signature=").unwrap().1.to_owned()
    }

    /// `tests/aws-signing-test-suite/v4` of github.com/awslabs/aws-c-auth, less what an HTTP library does not let
    /// through (folded header lines, raw spaces and non-ASCII characters in paths).
    #[test]
    fn signatures_are_those_of_awss_test_suite() {
        let unreserved = "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
        let (as_path, as_query) = (format!("/{unreserved}"), format!("/?{unreserved}={unreserved}"));
        let token = "6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267";
        let none: &[(&str, &str)] = &[];
        for (method, target, normalise, headers, expected) in [
            ("GET", "/", true, none, "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
            (
                "GET",
                "/example/..",
                true,
                none,
                "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
            ),
            (
                "GET",
                "/example1/example2/../..",
                true,
                none,
                "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
            ),
            (
                "GET",
                "/example1/example2/../..",
                false,
                none,
                "dc33e0856fd4baca4d7aa2146c38958283844764f38c74252a333df5e613003b",
            ),
            (
                "GET",
                "/example/..",
                false,
                none,
                "eca7ead57bb5aa5c8e28007acd4ff04e1ff9a0ff3b237ec1554a184887ff9282",
            ),
            ("GET", "/./", true, none, "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
            ("GET", "/./", false, none, "68714168e6557f8f2de0ef956fc24dc2593a4bd2961f8df51898d8a134695145"),
            ("GET", "//", true, none, "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
            ("GET", "//", false, none, "c88bcd3d312d75078c0cd961d6deae3f4c754924b01669efcfcb439fd5e5b76e"),
            (
                "GET",
                "/./example",
                true,
                none,
                "ef75d96142cf21edca26f06005da7988e4f8dc83a165a80865db7089db637ec5",
            ),
            (
                "GET",
                "/./example",
                false,
                none,
                "beb03f223f7deae4146464f06e29eebbee9c8afbe15c290cf07aa8b119e14cff",
            ),
            (
                "GET",
                "//example//",
                true,
                none,
                "9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84",
            ),
            (
                "GET",
                "//example//",
                false,
                none,
                "87cca117541a147f6df867677d98a7d80dff226d2bfca9e4ffa899665623c7e5",
            ),
            ("GET", &as_path, true, none, "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f"),
            (
                "GET",
                &as_query,
                true,
                none,
                "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197",
            ),
            (
                "GET",
                "/?Param1=value1",
                true,
                none,
                "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb",
            ),
            (
                "GET",
                "/?Param-3=Value3&Param=Value2&%E1%88%B4=Value1",
                true,
                none,
                "371d3713e185cc334048618a97f809c9ffe339c62934c032af5a0e595648fcac",
            ),
            (
                "GET",
                "/?Param2=value2&Param1=value1",
                true,
                none,
                "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
            ),
            (
                "GET",
                "/?%E1%88%B4=bar",
                true,
                none,
                "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04",
            ),
            (
                "GET",
                "/",
                true,
                &[("My-Header1", "value2"), ("My-Header1", "value2"), ("My-Header1", "value1")],
                "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea",
            ),
            (
                "GET",
                "/",
                true,
                &[
                    ("My-Header1", "value4"),
                    ("My-Header1", "value1"),
                    ("My-Header1", "value3"),
                    ("My-Header1", "value2"),
                ],
                "08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01",
            ),
            (
                "GET",
                "/",
                true,
                &[("My-Header1", " value1"), ("My-Header2", " \"a   b   c\"")],
                "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736",
            ),
            (
                "GET",
                "/",
                true,
                &[("X-Amz-Security-Token", token)],
                "07ec1639c89043aa0e3e2de82b96708f198cceab042d4a97044c66dd9f74e7f8",
            ),
            ("POST", "/", true, none, "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
            (
                "POST",
                "/",
                true,
                &[("My-Header1", "VALUE1")],
                "cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d",
            ),
            (
                "POST",
                "/?Param1=value1",
                true,
                none,
                "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11",
            ),
        ] {
            let common = [("Host", "example.amazonaws.com"), ("X-Amz-Date", "20150830T123600Z")];
            let request = request(method, target, &[&common[..], headers].concat());
            assert_eq!(signature(&request, normalise, ""), expected, "{method} {target} {headers:?}");
        }
        let form = [
            ("Host", "example.amazonaws.com"),
            ("X-Amz-Date", "20150830T123600Z"),
            ("X-Amz-Content-Sha256", "9095672bbd1f56dfc5b65f3e153adc8731a4a654192329106275f4c7b24d0b6e"),
            ("Content-Length", "13"),
            ("Content-Type", "application/x-www-form-urlencoded"),
        ];
        let expected = "d3875051da38690788ef43de4db0d8f280229d82040bfac253562e56c3f20e0b";
        assert_eq!(signature(&request("POST", "/", &form), true, "Param1=value1"), expected);
    }

    fn sent(service: &str, target: &str) -> http::Request<Full<Bytes>> {
        let headers = [("host", "a.test"), ("x-amz-security-token", "the sender's"), ("user-agent", "x")];
        let mut request = request("POST", target, &headers);
        signer(service).apply(&mut request, b"body", NOW).unwrap();
        request
    }

    #[test]
    fn what_can_be_read_in_two_ways_does_not_go_out() {
        for (service, target, expected) in [
            ("lambda", "/a:b/%7Ec?x=a+b&y&=z&&p=%zz", "/a:b/%7Ec?x=a%20b&y=&=z&p=%25zz"),
            ("s3", "/a:b/%7Ec+d//%2F?x=1", "/a%3Ab/~c%2Bd///?x=1"),
            ("lambda", "/", "/"),
        ] {
            assert_eq!(sent(service, target).uri(), expected, "{service}");
        }
    }

    #[test]
    fn the_senders_own_credentials_give_way() {
        let request = sent("lambda", "/");
        assert!(!request.headers().contains_key("x-amz-security-token"));
        let authorization = request.headers()["authorization"].to_str().unwrap();
        let head = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/lambda/aws4_request, \
                    SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature=";
        assert!(authorization.starts_with(head), "{authorization}");
        assert!(!format!("{:?}", signer("lambda")).contains("wJalr"));
    }
}
