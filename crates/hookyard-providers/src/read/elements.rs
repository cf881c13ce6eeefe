//! The elements of a value that holds signatures and other things: `t=123,v1=abc` or `123,abc`.

use crate::read::Why;

/// How many elements are remembered once they are found: a time, and two signatures while a secret is rotated.
const REMEMBERED: usize = 3;

/// A value that was taken apart. The first elements are looked for once, however often they are asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Elements<'a> {
    first: [&'a [u8]; REMEMBERED],
    count: usize,
    /// What stands behind those, where there is more.
    behind: Option<&'a [u8]>,
    kind: ElementKind,
    separator: &'a [u8],
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
    pub(crate) fn new(text: &'a [u8], kind: ElementKind, separator: &'a [u8]) -> Self {
        let mut split = Split { rest: Some(text), separator };
        let mut first = [&b""[..]; REMEMBERED];
        let mut count = 0;
        for (place, element) in first.iter_mut().zip(&mut split) {
            *place = element;
            count += 1;
        }
        Self { first, count, behind: split.rest, kind, separator }
    }

    /// All elements, in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &'a [u8]> {
        let mut first = self.first.iter().take(self.count);
        let mut behind = Split { rest: self.behind, separator: self.separator };
        std::iter::from_fn(move || first.next().copied().or_else(|| behind.next()))
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
    let (found, value) = element.split_at_checked(name.len())?;
    // Looked at before the name: it is one byte, and mostly another.
    let value = value.strip_prefix(b"=")?;
    (found == name).then_some(value)
}

/// Splits at every separator; an empty separator splits nowhere.
pub(crate) fn split<'a>(text: &'a [u8], separator: &'a [u8]) -> impl Iterator<Item = &'a [u8]> + use<'a> {
    Split { rest: Some(text), separator }
}

struct Split<'a> {
    rest: Option<&'a [u8]>,
    separator: &'a [u8],
}

impl<'a> Iterator for Split<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let current = self.rest?;
        let end = match self.separator {
            [] => None,
            [byte] => memchr::memchr(*byte, current),
            separator => memchr::memmem::find(current, separator),
        };
        match end.and_then(|end| current.split_at_checked(end)) {
            Some((element, behind)) => {
                self.rest = behind.get(self.separator.len()..);
                Some(element)
            }
            None => self.rest.take(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_found_by_name_and_by_place() {
        let named = Elements::new(b"t=1,v1=a=b,v1=c,x,e=5,f", ElementKind::Named, b",");
        for (key, found) in [
            ("t", Ok(&b"1"[..])),
            ("v1", Err(Why::Doubled)),
            ("x", Err(Why::Missing)),
            ("e", Ok(b"5")),
            ("f", Err(Why::Missing)),
        ] {
            assert_eq!(named.get(key), found, "{key}");
        }
        let numbered = Elements::new(b"1; a; ; d; ", ElementKind::Numbered, b"; ");
        for (key, found) in [
            ("0", Ok(&b"1"[..])),
            ("2", Ok(b"")),
            ("3", Ok(b"d")),
            ("4", Ok(b"")),
            ("5", Err(Why::Missing)),
            ("t", Err(Why::Missing)),
        ] {
            assert_eq!(numbered.get(key), found, "{key}");
        }
    }

    #[test]
    fn what_is_remembered_and_what_is_behind_it_are_all_there_is() {
        for text in ["", ",", "a", "a,b", "a,b,c", "a,b,c,", "a,b,c,d", "a,,c,d,,f"] {
            let elements = Elements::new(text.as_bytes(), ElementKind::Numbered, b",");
            let expected: Vec<&[u8]> = text.split(',').map(str::as_bytes).collect();
            assert_eq!(elements.iter().collect::<Vec<_>>(), expected, "{text}");
        }
        let whole = Elements::new(b"a,b", ElementKind::Numbered, b"");
        assert_eq!(whole.iter().collect::<Vec<_>>(), [b"a,b"]);
    }
}
