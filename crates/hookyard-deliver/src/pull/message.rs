//! What a consumer is given of an event: what an HTTP delivery would carry, less the addressing.

use hookyard_model::attempt::DeliveryError;
use hookyard_model::request::Head;
use hookyard_store::lanes::Message;
use http::HeaderMap;

use crate::outgoing::{add_original, add_own, refuse};
use crate::send::Shipment;
use crate::sign;

/// The message of one attempt, signed with these keys.
///
/// # Errors
/// [`hookyard_model::attempt::ErrorKind::Request`] where the stored head cannot be read.
pub(super) fn message(keys: &[sign::Key], shipment: &Shipment<'_>) -> Result<Message, DeliveryError> {
    let original = shipment.request;
    let head = Head::parse(&original.head).map_err(|error| refuse(error.to_string()))?;
    let mut headers = HeaderMap::with_capacity(head.headers.len() + 12);
    add_original(&mut headers, &head, original)?;
    add_own(&mut headers, keys, shipment)?;
    let (path, query) = match head.suffix().split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (head.suffix(), None),
    };
    Ok(Message {
        method: head.method.to_owned(),
        path: path.to_owned(),
        query: query.map(str::to_owned),
        headers,
        body: original.body.clone(),
        received_at: original.received_at,
    })
}
