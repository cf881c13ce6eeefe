//! What Plivo signs in version 3, without the nonce: the URL with its query sorted, and the form sorted.
//! <https://www.plivo.com/docs/messaging/concepts/signature-validation>
//!
//! The separators follow the provider's own packages: a `?` where there is a query or a form, a `.`
//! between the two only where there are both.

use std::borrow::Cow;

use super::percent::javascript_order;
use crate::read::{Reader, Why};

/// The most parameters that are put in order.
const PARAMETERS_MAX: usize = 10_000;

pub(super) fn text<'a>(reader: &Reader<'a>) -> Result<Cow<'a, [u8]>, Why> {
    let url = reader.url()?;
    let url = std::str::from_utf8(&url).map_err(|_| Why::Malformed("it is no text"))?;
    let (base, query) = url.split_once('?').unwrap_or((url, ""));
    let query: Vec<String> =
        sorted(query.as_bytes())?.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    let form = if reader.request().method == "GET" { Vec::new() } else { sorted(reader.body())? };
    let mut text = base.to_owned();
    if !query.is_empty() || !form.is_empty() {
        text.push('?');
        text.push_str(&query.join("&"));
    }
    if !query.is_empty() && !form.is_empty() {
        text.push('.');
    }
    for (name, value) in &form {
        text.push_str(name);
        text.push_str(value);
    }
    Ok(Cow::Owned(text.into_bytes()))
}

/// Name and value, decoded.
type Parameter<'a> = (Cow<'a, str>, Cow<'a, str>);

/// Parameters by name and, among those of one name, by value.
fn sorted(text: &[u8]) -> Result<Vec<Parameter<'_>>, Why> {
    let mut parameters: Vec<_> = form_urlencoded::parse(text).take(PARAMETERS_MAX + 1).collect();
    if parameters.len() > PARAMETERS_MAX {
        return Err(Why::Malformed("it has more than 10000 parameters"));
    }
    parameters.sort_by(|(one, first), (other, second)| {
        javascript_order(one, other).then_with(|| javascript_order(first, second))
    });
    Ok(parameters)
}
