//! Form fields and query parameters, taken apart as the WHATWG's URL Standard says
//! (`application/x-www-form-urlencoded`): `+` is a space, and what is not UTF-8 becomes U+FFFD.

use std::borrow::Cow;

use crate::read::Why;

/// The most fields that are put in order; more are refused.
const SORTED_FIELDS_MAX: usize = 10_000;

/// The only field of this name, decoded: as with headers, of two it is unclear which one counts.
pub(super) fn only<'a>(form: &'a [u8], name: &str) -> Result<Cow<'a, [u8]>, Why> {
    let mut named = form_urlencoded::parse(form).filter(|(known, _)| known == name);
    let (_, value) = named.next().ok_or(Why::Missing)?;
    if named.next().is_some() { Err(Why::Doubled) } else { Ok(bytes(value)) }
}

/// Names and values of all fields, sorted by name and then by value, with nothing between them.
pub(super) fn sorted(form: &[u8]) -> Result<Cow<'static, [u8]>, Why> {
    let mut fields: Vec<_> = form_urlencoded::parse(form).take(SORTED_FIELDS_MAX + 1).collect();
    if fields.len() > SORTED_FIELDS_MAX {
        return Err(Why::Malformed("it has more than 10000 fields"));
    }
    fields.sort_unstable();
    let mut text = Vec::with_capacity(form.len());
    for (name, value) in &fields {
        text.extend_from_slice(name.as_bytes());
        text.extend_from_slice(value.as_bytes());
    }
    Ok(Cow::Owned(text))
}

fn bytes(text: Cow<'_, str>) -> Cow<'_, [u8]> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
        Cow::Owned(text) => Cow::Owned(text.into_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_values_are_decoded_and_none_may_be_doubled() {
        let form = b"a=1+2&%62=%C3%A9&c&=d&e=%zz";
        for (name, value) in [("a", "1 2"), ("b", "\u{e9}"), ("c", ""), ("", "d"), ("e", "%zz")] {
            assert_eq!(only(form, name).unwrap(), value.as_bytes());
        }
        assert_eq!(only(form, "f"), Err(Why::Missing));
        assert_eq!(only(b"a=1&%61=1", "a"), Err(Why::Doubled));
        assert!(matches!(only(form, "c"), Ok(Cow::Borrowed(_))));
    }

    #[test]
    fn fields_are_sorted_and_their_number_has_a_bound() {
        assert_eq!(&*sorted(b"b=2&a=1&a=0&B=+").unwrap(), b"B a0a1b2");
        assert!(sorted(&b"a&".repeat(SORTED_FIELDS_MAX)).is_ok());
        assert!(sorted(&b"a&".repeat(SORTED_FIELDS_MAX + 1)).is_err());
    }
}
