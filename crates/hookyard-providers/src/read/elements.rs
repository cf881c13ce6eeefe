//! The elements of a value that holds signatures and other things: `t=123,v1=abc` or `123,abc`.

use crate::read::Why;

/// A value and how it comes apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Elements<'a> {
    pub(crate) text: &'a [u8],
    pub(crate) kind: ElementKind,
    pub(crate) separator: &'a [u8],
}

/// How elements are known from each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ElementKind {
    /// By a name before `=`.
    Named,
    /// By their place, from 0.
    Numbered,
}

impl<'a> Elements<'a> {
    /// All elements, in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        split(self.text, self.separator)
    }

    /// The element of this name or number; a name must occur once.
    pub(crate) fn get(&self, key: &str) -> Result<&'a [u8], Why> {
        match self.kind {
            ElementKind::Numbered => {
                let index: usize = key.parse().map_err(|_| Why::Missing)?;
                self.iter().nth(index).ok_or(Why::Missing)
            }
            ElementKind::Named => {
                let mut named = self.iter().filter_map(|element| value_of(element, key.as_bytes()));
                let first = named.next().ok_or(Why::Missing)?;
                if named.next().is_some() { Err(Why::Doubled) } else { Ok(first) }
            }
        }
    }
}

/// The value of an element of this name.
pub(crate) fn value_of<'a>(element: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    element.strip_prefix(name)?.strip_prefix(b"=")
}

/// Splits at every separator; an empty separator splits nowhere.
pub(crate) fn split<'a>(text: &'a [u8], separator: &'a [u8]) -> impl Iterator<Item = &'a [u8]> + use<'a> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let current = rest?;
        let end = match separator {
            [] => None,
            [byte] => memchr::memchr(*byte, current),
            _ => memchr::memmem::find(current, separator),
        };
        let element = match end.and_then(|end| current.split_at_checked(end)) {
            Some((element, behind)) => {
                rest = behind.get(separator.len()..);
                element
            }
            None => {
                rest = None;
                current
            }
        };
        Some(element)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_found_by_name_and_by_place() {
        let named = Elements { text: b"t=1,v1=a=b,v1=c,x", kind: ElementKind::Named, separator: b"," };
        assert_eq!(named.get("t"), Ok(&b"1"[..]));
        assert_eq!(named.get("v1"), Err(Why::Doubled));
        assert_eq!(named.get("x"), Err(Why::Missing));
        let numbered = Elements { text: b"1; a; ", kind: ElementKind::Numbered, separator: b"; " };
        assert_eq!(numbered.get("0"), Ok(&b"1"[..]));
        assert_eq!(numbered.get("2"), Ok(&b""[..]));
        assert_eq!(numbered.get("3"), Err(Why::Missing));
        assert_eq!(numbered.get("t"), Err(Why::Missing));
    }
}
