//! An email in plain text, handed to a mail server.
//!
//! The dialogue is `lettre`'s; the connection is ours, since the guard has to judge the address that is connected to, and
//! TLS is the same as everywhere else (`smtp`).

mod smtp;

use std::time::{Duration, UNIX_EPOCH};

use hookyard_model::alert::Email;
use hookyard_model::clock::Timestamp;
use hookyard_store::alerts::{Outcome, SendError};
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message as Mail};
use lettre::{Address, address::AddressError};

use crate::message::Message;
use crate::send::{Sender, refuse};

/// Sends a message.
pub(crate) async fn send(sender: &Sender, email: &Email, message: &Message, now: Timestamp) -> Outcome {
    let mail = compose(email, message, now)?;
    smtp::send(sender, email, &mail).await
}

fn compose(email: &Email, message: &Message, now: Timestamp) -> Result<Mail, SendError> {
    let mailbox = |address: &str| {
        let parsed: Result<Address, AddressError> = address.parse();
        let parsed =
            parsed.map_err(|error| refuse(format!("`{address}` is not an email address: {error}")))?;
        Ok::<_, SendError>(Mailbox::new(None, parsed))
    };
    let from = mailbox(&email.from)?;
    let id = format!("<{}@{}>", message.id, from.email.domain());
    // Whoever is away does not answer to it (RFC 3834).
    let automatic = HeaderName::new_from_ascii_str("Auto-Submitted");
    let mut builder = Mail::builder()
        .from(from)
        .subject(format!("[Hookyard] {}", message.headline()))
        .date(UNIX_EPOCH + Duration::from_millis(now.ms()))
        .message_id(Some(id))
        .header(ContentType::TEXT_PLAIN)
        .raw_header(HeaderValue::new(automatic, "auto-generated".to_owned()));
    for address in &email.to {
        builder = builder.to(mailbox(address)?);
    }
    builder.body(text(message)).map_err(|error| refuse(format!("the email cannot be written: {error}")))
}

fn text(message: &Message) -> String {
    let mut text = format!("{}\r\n", message.headline());
    for (label, value) in message.details() {
        text.push_str(&format!("\r\n{label}: {value}"));
    }
    text.push_str("\r\n");
    text
}
