//! The outgoing request: the original one, addressed to the destination and signed.
//!
//! Headers go out in their order (lines of one name together, as HTTP allows), less those that belong to
//! one hop, followed by Hookyard's own. `docs/delivery.md` has the list for users; the two tables here are
//! the truth.

use bytes::Bytes;
use hookyard_model::attempt::{DeliveryError, ErrorKind};
use hookyard_model::request::{Head, Request};
use http::header::{HeaderMap, HeaderName, HeaderValue};
use http::{Method, Uri};
use http_body_util::Full;

use crate::send::Shipment;
use crate::sign;
use crate::target::Target;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");

// Hookyard's own, made once: a name that is given as text is looked up each time.
const WEBHOOK_ID: HeaderName = HeaderName::from_static("webhook-id");
const WEBHOOK_TIMESTAMP: HeaderName = HeaderName::from_static("webhook-timestamp");
const WEBHOOK_SIGNATURE: HeaderName = HeaderName::from_static("webhook-signature");
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const ATTEMPT: HeaderName = HeaderName::from_static("hookyard-attempt");
const TRIGGER: HeaderName = HeaderName::from_static("hookyard-trigger");

/// What becomes of an original header line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Treatment {
    /// It goes out as it came.
    Keep,
    /// It does not go out.
    Drop,
    /// It goes out under this name, because Hookyard sends its own under the original one.
    Rename(&'static str),
    /// It becomes part of the list that ends with the sender's address.
    ForwardedFor,
}

/// Decides by the lower-case name.
fn treatment(name: &str) -> Treatment {
    match name {
        // Hop-by-hop (RFC 9110, section 7.6.1), and what HTTP/2 upgrades leave behind.
        "connection" | "keep-alive" | "proxy-connection" | "proxy-authenticate" | "proxy-authorization"
        | "te" | "trailer" | "transfer-encoding" | "upgrade" | "http2-settings"
        // About this hop's framing and addressing; set anew where needed.
        | "host" | "content-length" | "expect"
        // Another Hookyard's count of its own attempts.
        | "hookyard-attempt" | "hookyard-trigger" => Treatment::Drop,
        "webhook-id" => Treatment::Rename("hookyard-original-webhook-id"),
        "webhook-timestamp" => Treatment::Rename("hookyard-original-webhook-timestamp"),
        "webhook-signature" => Treatment::Rename("hookyard-original-webhook-signature"),
        "idempotency-key" => Treatment::Rename("hookyard-original-idempotency-key"),
        "x-forwarded-for" => Treatment::ForwardedFor,
        _ => Treatment::Keep,
    }
}

/// Builds the request of one attempt; `token` is what was fetched for a destination that takes one.
///
/// # Errors
/// [`ErrorKind::Request`] where the stored head cannot be read or put into HTTP/1.1.
pub(crate) fn build(
    target: &Target,
    shipment: &Shipment<'_>,
    token: Option<&HeaderValue>,
) -> Result<http::Request<Full<Bytes>>, DeliveryError> {
    let original = shipment.request;
    let head = Head::parse(&original.head).map_err(|error| refuse(error.to_string()))?;
    let method = Method::from_bytes(head.method.as_bytes()).map_err(|error| refuse(error.to_string()))?;
    if method == Method::CONNECT {
        return Err(refuse("the method CONNECT asks for a tunnel and cannot be delivered".to_owned()));
    }
    let path = target.path_for(head.suffix()).map_err(refuse)?;

    let mut headers = HeaderMap::with_capacity(head.headers.len() + 12);
    headers.append(http::header::HOST, target.host_header.clone());
    add_original(&mut headers, &head, original)?;
    add_length(&mut headers, &method, original.body.len());
    add_own(&mut headers, &target.keys, shipment)?;

    let mut request = http::Request::new(Full::new(original.body.clone()));
    *request.method_mut() = method;
    *request.uri_mut() = Uri::from(path);
    *request.headers_mut() = headers;
    target.auth.apply(&mut request, shipment, token)?;
    Ok(request)
}

/// The original headers, less those that belong to one hop.
pub(crate) fn add_original(
    headers: &mut HeaderMap,
    head: &Head<'_>,
    original: &Request,
) -> Result<(), DeliveryError> {
    let named_by_connection = named_by_connection(head);
    let mut forwarded_for = Vec::new();
    for (name, value) in &head.headers {
        if named_by_connection.iter().any(|named| named.eq_ignore_ascii_case(name)) {
            continue;
        }
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|error| refuse(error.to_string()))?;
        match treatment(name.as_str()) {
            Treatment::Keep => drop(headers.append(name, shared_value(&original.head, value)?)),
            Treatment::Rename(name) => drop(headers.append(name, shared_value(&original.head, value)?)),
            Treatment::Drop => {}
            Treatment::ForwardedFor => {
                forwarded_for.extend_from_slice(value);
                forwarded_for.extend_from_slice(b", ");
            }
        }
    }
    forwarded_for.extend_from_slice(original.remote.to_string().as_bytes());
    headers.append(
        FORWARDED_FOR,
        HeaderValue::try_from(forwarded_for).map_err(|error| refuse(error.to_string()))?,
    );
    if !headers.contains_key(FORWARDED_HOST)
        && let Some(host) = head.header("host").filter(|host| !host.is_empty())
    {
        headers.append(FORWARDED_HOST, shared_value(&original.head, host)?);
    }
    Ok(())
}

/// The header names that the `Connection` lines declare to be hop-by-hop.
fn named_by_connection<'a>(head: &Head<'a>) -> Vec<&'a str> {
    let lines = head.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("connection"));
    lines
        .filter_map(|(_, value)| std::str::from_utf8(value).ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .collect()
}

/// A value that shares the stored head's memory.
fn shared_value(head: &Bytes, value: &[u8]) -> Result<HeaderValue, DeliveryError> {
    // An empty value need not point into the head, so there is nothing to share.
    let shared = if value.is_empty() { Bytes::new() } else { head.slice_ref(value) };
    HeaderValue::from_maybe_shared(shared).map_err(|error| refuse(error.to_string()))
}

/// A length, except for a body that is empty where the method expects none (RFC 9110, section 8.6).
fn add_length(headers: &mut HeaderMap, method: &Method, body_bytes: usize) {
    let expects_none =
        matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS | Method::TRACE | Method::DELETE);
    if body_bytes > 0 || !expects_none {
        headers.append(http::header::CONTENT_LENGTH, HeaderValue::from(body_bytes));
    }
}

/// Hookyard's own headers.
pub(crate) fn add_own(
    headers: &mut HeaderMap,
    keys: &[sign::Key],
    shipment: &Shipment<'_>,
) -> Result<(), DeliveryError> {
    let value = |text: String| {
        HeaderValue::from_maybe_shared(Bytes::from(text)).map_err(|error| refuse(error.to_string()))
    };
    let id = shipment.event.to_string();
    let timestamp_s = shipment.now.s().to_string();
    let signature = sign::signature(keys, &id, &timestamp_s, &shipment.request.body, shipment.now);
    let id = value(id)?;
    headers.append(WEBHOOK_ID, id.clone());
    headers.append(WEBHOOK_TIMESTAMP, value(timestamp_s)?);
    headers.append(WEBHOOK_SIGNATURE, value(signature)?);
    headers.append(IDEMPOTENCY_KEY, id);
    headers.append(ATTEMPT, HeaderValue::from(shipment.number));
    headers.append(TRIGGER, HeaderValue::from_static(shipment.trigger.name()));
    Ok(())
}

pub(crate) fn refuse(detail: String) -> DeliveryError {
    DeliveryError { kind: ErrorKind::Request, detail }
}
