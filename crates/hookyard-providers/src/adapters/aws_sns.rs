//! What Amazon SNS signs: names and values of some members, each on a line of its own.
//! Everybody can make a topic, and all topics are signed with the same keys, so the topic must be the one
//! in the setting `topic_arn`.
//! <https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message-verify-message-signature.html>

use std::borrow::Cow;

use crate::read::{Reader, Why, json};

const NOTIFICATION: &[&str] = &["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"];
const CONFIRMATION: &[&str] =
    &["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"];

pub(super) fn text<'a>(reader: &Reader<'a>) -> Result<Cow<'a, [u8]>, Why> {
    let member = |name: &str| json::text(reader.body(), &format!("/{name}"));
    let names = match &*member("Type")? {
        b"Notification" => NOTIFICATION,
        b"SubscriptionConfirmation" | b"UnsubscribeConfirmation" => CONFIRMATION,
        _ => return Err(Why::Malformed("its Type is none that SNS signs")),
    };
    if !is_ours(&member("TopicArn")?, reader.setting("topic_arn").unwrap_or_default()) {
        return Err(Why::Malformed("its TopicArn is not the topic of this source"));
    }
    let mut text = Vec::new();
    for name in names {
        let value = match member(name) {
            // Messages without a subject are signed without its name.
            Err(Why::Missing) if *name == "Subject" => continue,
            value => value?,
        };
        for piece in [name.as_bytes(), b"\n", &value, b"\n"] {
            text.extend_from_slice(piece);
        }
    }
    Ok(Cow::Owned(text))
}

/// Whether a topic is the one that is configured, or one of an account's where that ends in `:*`.
fn is_ours(arn: &[u8], configured: &str) -> bool {
    match configured.strip_suffix('*') {
        Some(account) if account.ends_with(':') => arn.starts_with(account.as_bytes()),
        _ => arn == configured.as_bytes(),
    }
}
