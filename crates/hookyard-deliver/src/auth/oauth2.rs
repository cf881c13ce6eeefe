//! Client credentials (RFC 6749, section 4.4): a token is fetched from the destination's token endpoint, kept
//! until shortly before it ends, and fetched anew where the destination refuses it.
//!
//! ```text
//!   attempt ─► kept and not about to end? ─────────────────────► sent ─► 401? ─► fetched anew ─► sent once more
//!                        └─ no: one fetch, the others wait for it ─┘                (within the same attempt)
//! ```
//! The token belongs to the compiled destination: it goes when the destination's settings change, and with the
//! process. Waiting for it counts towards the attempt's timeout, so a token endpoint that hangs holds up its own
//! destination and no other.
//!
//! **Invariant:** at most one fetch is under way for a destination, and those who waited for one that failed share
//! its failure instead of making their own.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use form_urlencoded::{Serializer, byte_serialize};
use hookyard_model::attempt::{DeliveryError, ErrorKind, Response};
use hookyard_model::auth::{ClientAuth, OAuth2};
use hookyard_model::clock::Timestamp;
use hookyard_model::secret::Secret;
use hookyard_outgoing::endpoint::{Host, Url};
use hookyard_outgoing::fetch::{Fetch, Fetcher};
use http::Method;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use serde::Deserialize;
use tokio::sync::Mutex;

use super::{AuthProblem, basic, bearer};

/// How long a token endpoint may take, where the attempt's timeout is not shorter.
pub(crate) const FETCH_TIMEOUT: Duration = Duration::from_secs(30);
/// The longest answer of a token endpoint, in bytes.
pub(crate) const ANSWER_BYTES_MAX: usize = 64 * 1024;
/// A token is not used in its last minute, or in its last tenth where that is shorter: it has to hold for as long
/// as the request is on its way.
const MARGIN_MAX: Duration = Duration::from_secs(60);
/// How long a token is kept whose end the server does not name.
const LIFETIME_DEFAULT: Duration = Duration::from_secs(3600);
/// How much of a server's own words is passed on, in characters.
const WORDS_MAX: usize = 200;

/// The token of one destination.
pub(crate) struct Tokens {
    request: Fetch,
    /// How many fetches have ended.
    fetches: AtomicU64,
    last: Mutex<Last>,
}

/// What came of the last fetch.
#[derive(Default)]
enum Last {
    #[default]
    Nothing,
    Token(Token),
    Failed(DeliveryError),
}

#[derive(Clone)]
struct Token {
    /// As it stands in `Authorization`.
    value: HeaderValue,
    /// From then on another one is fetched.
    renew_at: Timestamp,
}

/// A token to send, and whether it was fetched just now.
pub(crate) struct Obtained {
    pub(crate) value: HeaderValue,
    pub(crate) is_new: bool,
}

impl Tokens {
    pub(super) fn new(oauth2: &OAuth2) -> Result<Self, AuthProblem> {
        let url = Url::parse(&oauth2.token_url).map_err(AuthProblem::TokenUrl)?;
        let host = match &url.endpoint.host {
            Host::Name(name) => name.to_string(),
            Host::Address(address) => address.to_string(),
        };
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
        let mut form = Serializer::new(String::new());
        form.append_pair("grant_type", "client_credentials");
        for (name, value) in [("scope", &oauth2.scope), ("audience", &oauth2.audience)] {
            form.extend_pairs(value.iter().map(|value| (name, value)));
        }
        let secret = oauth2.client_secret.expose();
        match oauth2.client_auth {
            // Both are encoded like a form before they are joined (RFC 6749, section 2.3.1).
            ClientAuth::Basic => {
                let encoded = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
                let secret = Secret::new(encoded(secret));
                headers.insert(AUTHORIZATION, basic::value(&encoded(&oauth2.client_id), &secret)?);
            }
            ClientAuth::Body => {
                form.append_pair("client_id", &oauth2.client_id).append_pair("client_secret", secret);
            }
        }
        let request = Fetch {
            method: Method::POST,
            url: oauth2.token_url.clone(),
            headers,
            body: Bytes::from(form.finish()),
            hosts: vec![host],
        };
        Ok(Self { request, fetches: AtomicU64::new(0), last: Mutex::default() })
    }

    /// A token that is good at `now`, and is not the one that the destination has `refused`.
    ///
    /// # Errors
    /// [`ErrorKind::Token`] where the token endpoint gives none.
    pub(crate) async fn obtain(
        &self,
        fetcher: &Fetcher,
        now: Timestamp,
        refused: Option<&HeaderValue>,
    ) -> Result<Obtained, DeliveryError> {
        let fetches = self.fetches.load(Ordering::Acquire);
        let mut last = self.last.lock().await;
        match &*last {
            Last::Token(token) if now < token.renew_at && refused.is_none_or(|it| *it != token.value) => {
                return Ok(Obtained { value: token.value.clone(), is_new: false });
            }
            Last::Failed(error) if self.fetches.load(Ordering::Acquire) > fetches => {
                return Err(error.clone());
            }
            _ => {}
        }
        let fetched = self.fetch(fetcher, now).await;
        self.fetches.fetch_add(1, Ordering::AcqRel);
        match fetched {
            Ok(token) => {
                *last = Last::Token(token.clone());
                Ok(Obtained { value: token.value, is_new: true })
            }
            Err(detail) => {
                let error = DeliveryError { kind: ErrorKind::Token, detail };
                *last = Last::Failed(error.clone());
                Err(error)
            }
        }
    }

    async fn fetch(&self, fetcher: &Fetcher, now: Timestamp) -> Result<Token, String> {
        let answer = fetcher.ask(&self.request).await;
        let answer = answer.map_err(|error| format!("the token endpoint cannot be asked: {error}"))?;
        read(&answer, now)
    }
}

/// A successful answer (RFC 6749, section 5.1), or one that says why it is none (section 5.2).
#[derive(Deserialize)]
struct Document {
    access_token: Option<String>,
    token_type: Option<String>,
    expires_in: Option<Seconds>,
    error: Option<String>,
    error_description: Option<String>,
}

/// Some servers write the number as a text.
struct Seconds(u64);

impl<'de> Deserialize<'de> for Seconds {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = serde_json::Value::deserialize(deserializer)?;
        let seconds = match &value {
            serde_json::Value::Number(number) => number.as_f64(),
            serde_json::Value::String(text) => text.parse().ok(),
            _ => None,
        };
        // Casting saturates: negative is none left, and too large is long enough.
        seconds
            .map(|seconds| Self(seconds as u64))
            .ok_or_else(|| serde::de::Error::custom("no number of seconds"))
    }
}

fn read(answer: &Response, now: Timestamp) -> Result<Token, String> {
    let document: Option<Document> = serde_json::from_slice(&answer.body).ok();
    if !(200..300).contains(&answer.status) {
        let why =
            document.and_then(|it| it.error.map(|error| in_its_own_words(&error, it.error_description)));
        return Err(format!("the token endpoint answered {}{}", answer.status, why.unwrap_or_default()));
    }
    let document = document.ok_or("the token endpoint's answer is not the JSON that RFC 6749 asks for")?;
    let token_type = document.token_type.unwrap_or_default();
    if !token_type.eq_ignore_ascii_case("bearer") {
        let token_type = printable(&token_type);
        return Err(format!(
            "the token endpoint gave a token of the type `{token_type}`, and only `Bearer` is known"
        ));
    }
    let token = document.access_token.filter(|token| !token.is_empty());
    let token = token.ok_or("the token endpoint's answer holds no access_token")?;
    let value = bearer::value(&token).map_err(|_| "the token endpoint's token does not fit into a header")?;
    let lifetime = document.expires_in.map_or(LIFETIME_DEFAULT, |seconds| Duration::from_secs(seconds.0));
    let margin = MARGIN_MAX.min(lifetime / 10);
    Ok(Token { value, renew_at: now.plus(lifetime.saturating_sub(margin)) })
}

fn in_its_own_words(error: &str, description: Option<String>) -> String {
    let description = description.map_or(String::new(), |text| format!(" ({})", printable(&text)));
    format!(": {}{description}", printable(error))
}

/// A stranger's words, bounded, in one line.
fn printable(text: &str) -> String {
    text.chars().filter(|character| !character.is_control()).take(WORDS_MAX).collect()
}

impl fmt::Debug for Tokens {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The request's body may hold the client's secret.
        out.debug_struct("Tokens").field("url", &self.request.url).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_ms(1_000_000);

    fn client(client_auth: ClientAuth) -> OAuth2 {
        OAuth2 {
            token_url: "https://login.test:8443/oauth/token?tenant=a".to_owned(),
            client_id: "a client:1".to_owned(),
            client_secret: Secret::new("s&cret ü"),
            client_auth,
            scope: Some("read write".to_owned()),
            audience: None,
        }
    }

    fn answer(status: u16, body: &str) -> Result<(HeaderValue, u64), String> {
        let body = Bytes::from(body.to_owned());
        let answer = Response { status, headers: Bytes::new(), body, body_truncated: false };
        read(&answer, NOW).map(|token| (token.value, token.renew_at.since(NOW).as_secs()))
    }

    #[test]
    fn credentials_are_shown_as_the_rfc_has_them() {
        let basic = Tokens::new(&client(ClientAuth::Basic)).unwrap();
        assert_eq!(basic.request.body, "grant_type=client_credentials&scope=read+write");
        // a+client%3A1:s%26cret+%C3%BC
        let expected = "Basic YStjbGllbnQlM0ExOnMlMjZjcmV0KyVDMyVCQw==";
        assert_eq!(basic.request.headers[AUTHORIZATION], expected);
        assert_eq!(basic.request.hosts, ["login.test"]);
        let body = Tokens::new(&client(ClientAuth::Body)).unwrap();
        let expected = "grant_type=client_credentials&scope=read+write&client_id=a+client%3A1\
                        &client_secret=s%26cret+%C3%BC";
        assert_eq!(body.request.body, expected);
        assert!(!body.request.headers.contains_key(AUTHORIZATION));
        assert!(!format!("{basic:?} {body:?}").contains("cret"));
    }

    #[test]
    fn a_token_is_renewed_shortly_before_its_end() {
        for (expires_in, renewed_after_s) in [
            ("\"expires_in\":3600,", 3540),
            ("\"expires_in\":\"3600\",", 3540),
            ("\"expires_in\":100.5,", 90),
            ("\"expires_in\":1,", 0),
            ("\"expires_in\":0,", 0),
            ("\"expires_in\":-5,", 0),
            ("", 3540),
        ] {
            let body =
                format!("{{{expires_in}\"access_token\":\"abc\",\"token_type\":\"bearer\",\"more\":[1]}}");
            assert_eq!(
                answer(200, &body),
                Ok((HeaderValue::from_static("Bearer abc"), renewed_after_s)),
                "{body}"
            );
        }
        let (_, far) =
            answer(201, r#"{"access_token":"a","token_type":"Bearer","expires_in":1e300}"#).unwrap();
        assert!(far > 1_000_000_000);
    }

    #[test]
    fn what_is_no_token_is_explained() {
        for (status, body, part) in [
            (
                401,
                r#"{"error":"invalid_client","error_description":"who\nis that"}"#,
                "401: invalid_client (whois that)",
            ),
            (400, r#"{"error":"invalid_scope"}"#, "answered 400: invalid_scope"),
            (503, "<html>busy</html>", "answered 503"),
            (302, "", "answered 302"),
            (200, "<html>", "not the JSON"),
            (200, r#"{"access_token":"a"}"#, "type ``"),
            (200, r#"{"access_token":"a","token_type":"mac"}"#, "type `mac`"),
            (200, r#"{"token_type":"bearer"}"#, "holds no access_token"),
            (200, r#"{"token_type":"bearer","access_token":""}"#, "holds no access_token"),
            (200, r#"{"token_type":"bearer","access_token":"a\r\nb: c"}"#, "does not fit into a header"),
            (200, r#"{"token_type":"bearer","access_token":"a","expires_in":"soon"}"#, "not the JSON"),
        ] {
            let error = answer(status, body).unwrap_err();
            assert!(error.contains(part), "{error} has no `{part}`");
        }
        let long = format!(r#"{{"error":"{}"}}"#, "x".repeat(5000));
        assert!(answer(400, &long).unwrap_err().len() < 300);
    }
}
