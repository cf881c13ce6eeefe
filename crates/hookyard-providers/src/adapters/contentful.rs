//! What Contentful signs: method, path with query, the headers that `x-contentful-signed-headers` lists, body.
//! <https://www.contentful.com/developers/docs/extensibility/app-framework/request-verification/>
//!
//! The query is encoded as a whole, and then once more with the path: so does `signRequest` of the
//! provider's `@contentful/node-apps-toolkit`.

use std::borrow::Cow;

use super::percent;
use crate::read::{Reader, Why, exactly_one};

const SIGNED: &str = "x-contentful-signed-headers";
const TIMESTAMP: &str = "x-contentful-timestamp";
/// The most headers that may be listed.
const HEADERS_MAX: usize = 64;

pub(super) fn text<'a>(reader: &Reader<'a>) -> Result<Cow<'a, [u8]>, Why> {
    let headers = reader.request().headers;
    let listed = std::str::from_utf8(exactly_one(headers, SIGNED)?)
        .map_err(|_| Why::Malformed("its list of signed headers is no text"))?;
    let names: Vec<&str> = listed.split(',').collect();
    if names.len() > HEADERS_MAX {
        return Err(Why::Malformed("more than 64 headers are signed"));
    }
    // Without them the sender could choose what is signed, and when.
    if !names.contains(&SIGNED) || !names.contains(&TIMESTAMP) {
        return Err(Why::Malformed("its list of signed headers is not signed, or not its time"));
    }
    let target = reader.registered_target();
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    // `uri.split("?")` leaves what stands behind a second question mark out.
    let query = query.split('?').next().unwrap_or_default();
    let mut text = reader.request().method.as_bytes().to_vec();
    text.push(b'\n');
    let whole =
        if query.is_empty() { path.to_owned() } else { format!("{path}?{}", percent::component(query)) };
    text.extend_from_slice(percent::uri(&whole).as_bytes());
    text.push(b'\n');
    for (index, name) in names.iter().enumerate() {
        if index > 0 {
            text.push(b';');
        }
        text.extend_from_slice(name.as_bytes());
        text.push(b':');
        text.extend_from_slice(exactly_one(headers, *name)?.trim_ascii());
    }
    text.push(b'\n');
    text.extend_from_slice(reader.body());
    Ok(Cow::Owned(text))
}
