//! An incoming webhook as Slack has it: JSON with a `text`, which other chats take too.
//!
//! **Invariant:** the URL is a secret, so nothing that is said about a failure holds it.

use bytes::Bytes;
use hookyard_model::alert::Slack;
use hookyard_store::alerts::Outcome;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use serde::Serialize;

use crate::message::Message;
use crate::send::{Sender, refuse};

#[derive(Debug, Serialize)]
struct Body {
    text: String,
}

/// Sends a message.
pub(crate) async fn send(sender: &Sender, slack: &Slack, message: &Message) -> Outcome {
    let body = Body { text: text(&message.headline(), &message.details()) };
    let body = serde_json::to_vec(&body).map_err(|error| refuse(error.to_string()))?;
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let url = slack.url.expose();
    // What an answer could repeat of the URL: all of it, and what stands behind the host.
    let path = url.splitn(4, '/').nth(3).unwrap_or_default();
    sender.post(url, headers, Bytes::from(body), &[url, path]).await
}

/// Slack's own markup, with a line for each detail.
fn text(headline: &str, details: &[(&str, String)]) -> String {
    let mut text = format!("*{}*", escape(headline));
    for (label, value) in details {
        text.push_str(&format!("\n{label}: {}", escape(value)));
    }
    text
}

/// The three characters that mean something to Slack (https://docs.slack.dev/messaging/formatting-message-text).
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_means_something_to_slack_is_escaped() {
        let text = text("a <!channel> & b", &[("Cause", "<https://evil.test|click>".to_owned())]);
        assert_eq!(text, "*a &lt;!channel&gt; &amp; b*\nCause: &lt;https://evil.test|click&gt;");
    }
}
