//! What TrueLayer signs: method, path, the headers that the token's `tl_headers` lists, body.
//! <https://docs.truelayer.com/docs/configure-webhooks-for-your-integration>
//!
//! The time of sending must be among the headers, as the provider's own packages demand.

use std::borrow::Cow;

use crate::read::{Reader, Why, exactly_one, json};

const TIMESTAMP: &str = "x-tl-webhook-timestamp";
/// The most headers that may be listed.
const HEADERS_MAX: usize = 64;

pub(super) fn text<'a>(reader: &Reader<'a>) -> Result<Cow<'a, [u8]>, Why> {
    let token = reader.token_header().ok_or(Why::Missing)?;
    if &*json::text(token, "/tl_version")? != b"2" {
        return Err(Why::Malformed("its version is not 2"));
    }
    let listed = json::text(token, "/tl_headers")?;
    let listed =
        std::str::from_utf8(&listed).map_err(|_| Why::Malformed("its list of headers is no text"))?;
    let names: Vec<&str> = listed.split(',').filter(|name| !name.is_empty()).collect();
    if names.len() > HEADERS_MAX {
        return Err(Why::Malformed("more than 64 headers are signed"));
    }
    if !names.iter().any(|name| name.eq_ignore_ascii_case(TIMESTAMP)) {
        return Err(Why::Malformed("its time of sending is not signed"));
    }
    let target = reader.registered_target();
    let path = target.split('?').next().unwrap_or_default();
    let mut text = format!("{} {path}\n", reader.request().method).into_bytes();
    for name in names {
        text.extend_from_slice(name.as_bytes());
        text.extend_from_slice(b": ");
        text.extend_from_slice(exactly_one(reader.request().headers, name)?);
        text.push(b'\n');
    }
    text.extend_from_slice(reader.body());
    Ok(Cow::Owned(text))
}
