//! What Amazon SNS signs: names and values of some members, each on a line of its own.
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
