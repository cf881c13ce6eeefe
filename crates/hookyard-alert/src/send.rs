//! Sending one message, through whatever channel, within a time limit.
//!
//! **Invariant:** the guard is asked about every address. Without TLS only networks of its allow list are reached: what
//! fails, and for whom, is nobody's business on the way.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hookyard_model::alert::{Alert, Channel};
use hookyard_model::clock::Timestamp;
use hookyard_outgoing::connector::Connector;
use hookyard_outgoing::endpoint::{Host, Url};
use hookyard_outgoing::fetch::{Fetch, FetchError, Fetcher};
use hookyard_store::alerts::{Outcome, SendError};
use http::Method;
use http::header::{HeaderMap, HeaderValue, USER_AGENT};

use crate::message::Message;
use crate::{email, slack, webhook};

/// Who we are; chats refuse those who do not say.
const OURSELVES: &str = concat!("Hookyard/", env!("CARGO_PKG_VERSION"));
/// How much of an answer is read.
const ANSWER_BYTES_MAX: usize = 4096;
/// How much of it is repeated where it says why something failed.
const REPEATED_CHARS_MAX: usize = 200;

/// Sends messages; cheap to clone.
#[derive(Clone, Debug)]
pub struct Sender {
    pub(crate) encrypted: Connector,
    /// For connections without TLS.
    pub(crate) plain: Connector,
    fetcher: Fetcher,
    pub(crate) timeout: Duration,
}

impl Sender {
    /// A sender over the connections of `connector`; each message takes at most `timeout`.
    pub fn new(connector: &Connector, timeout: Duration) -> Self {
        Self {
            encrypted: connector.clone(),
            plain: connector.with(connector.guard().only_allowed(), *connector.limits()),
            fetcher: Fetcher::new(connector, timeout, ANSWER_BYTES_MAX),
            timeout,
        }
    }

    /// Sends a message as an alert says.
    pub(crate) async fn send(&self, alert: &Arc<Alert>, message: &Message, now: Timestamp) -> Outcome {
        match &alert.channel {
            Channel::Webhook(webhook) => webhook::send(self, webhook, message, now).await,
            Channel::Slack(slack) => slack::send(self, slack, message).await,
            Channel::Email(email) => email::send(self, email, message, now).await,
        }
    }

    /// Posts a body; nothing of `secrets` is in what is said about a failure.
    pub(crate) async fn post(
        &self,
        url: &str,
        mut headers: HeaderMap,
        body: Bytes,
        secrets: &[&str],
    ) -> Outcome {
        // The error would repeat it.
        let parsed =
            Url::parse(url).map_err(|_| refuse("its URL cannot be used: give it another one".to_owned()))?;
        let host = match &parsed.endpoint.host {
            Host::Name(name) => name.to_string(),
            Host::Address(address) => address.to_string(),
        };
        headers.insert(USER_AGENT, HeaderValue::from_static(OURSELVES));
        let wanted = Fetch { method: Method::POST, url: url.to_owned(), headers, body, hosts: vec![host] };
        let answer = self.fetcher.ask(&wanted).await.map_err(|error| match error {
            FetchError::Url(_) => refuse("its URL cannot be used: give it another one".to_owned()),
            other => refuse(other.to_string()),
        })?;
        if (200..300).contains(&answer.status) {
            return Ok(answer.status);
        }
        let mut detail = format!("the answer has status {}", answer.status);
        let said = one_line(&String::from_utf8_lossy(&answer.body));
        if !said.is_empty() && !secrets.iter().any(|secret| !secret.is_empty() && said.contains(secret)) {
            detail.push_str(&format!(": {said}"));
        }
        Err(SendError { status: Some(answer.status), detail })
    }
}

/// Nothing was answered.
pub(crate) const fn refuse(detail: String) -> SendError {
    SendError { status: None, detail }
}

/// The beginning of a text, without line breaks and other control characters.
pub(crate) fn one_line(text: &str) -> String {
    let cleaned = text.split(|c: char| c.is_control() || c.is_whitespace());
    let words: Vec<&str> = cleaned.filter(|word| !word.is_empty()).collect();
    words.join(" ").chars().take(REPEATED_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_repeated_is_one_short_line() {
        assert_eq!(one_line(" no\r\n such \u{0} thing\u{1b}[31m "), "no such thing [31m");
        assert_eq!(one_line(&"é".repeat(1_000)).chars().count(), REPEATED_CHARS_MAX);
    }
}
