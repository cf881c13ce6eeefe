//! `$ref`: another value of the same part of the request, by the subset of JSONPath that names one value.
//!
//! `a.b`, `a[0]`, `a.0`, `a['any name']`, `a.length`, `a[*]` and `a.*` (the first), `..a` (the first of that name,
//! however deep) and `a[$index]` (the place in the array, or the arrays, that is being looked through). As in
//! `simple-json-match`, what is not found is null. Slices, unions and expressions are refused when compiled.

use crate::values::{Number, Object, Value};

/// The longest reference, in bytes.
pub(super) const REFERENCE_BYTES_MAX: usize = 512;

/// Where the value is.
#[derive(Debug)]
pub(super) struct Reference {
    text: String,
    steps: Vec<Step>,
}

#[derive(Debug, PartialEq, Eq)]
enum Step {
    /// The member of this name; of an array `length`, or an element by its number as a name.
    Member(String),
    /// `[0]`: an element of an array.
    Element(usize),
    /// `.0`: an element of an array, or a member.
    Numbered(String),
    /// `[$index]`
    Current,
    /// The first of all.
    First,
    /// The first of this name, however deep.
    Descendant(String),
}

/// The places in the arrays that are being looked through, innermost first.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Places<'p> {
    innermost: Option<(usize, &'p Places<'p>)>,
}

impl<'p> Places<'p> {
    pub(super) const fn inside(&'p self, index: usize) -> Self {
        Self { innermost: Some((index, self)) }
    }

    fn outermost_first(&self) -> Vec<usize> {
        let mut places = Vec::new();
        let mut at = self;
        while let Some((index, outer)) = at.innermost {
            places.push(index);
            at = outer;
        }
        places.reverse();
        places
    }
}

impl Reference {
    /// Reads a reference; names of headers are brought into lower case.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn parse(text: &str, lower_case: bool) -> Result<Self, &'static str> {
        if text.len() > REFERENCE_BYTES_MAX {
            return Err("a reference has at most 512 bytes");
        }
        let mut steps = Parser { rest: text }.steps()?;
        if let (true, Some(Step::Member(name))) = (lower_case, steps.first_mut()) {
            name.make_ascii_lowercase();
        }
        Ok(Self { text: text.to_owned(), steps })
    }

    /// How it is written.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// The value, and how many values were looked at. None where there is nothing to look into, or no array for a
    /// `$index`.
    pub(super) fn resolve<'d>(
        &self,
        root: Option<Value<'d>>,
        places: &Places<'_>,
    ) -> (Option<Value<'d>>, u64) {
        let mut seen = 1;
        let Some(root) = root.filter(|root| !root.is_scalar()) else {
            return (None, seen);
        };
        let mut places =
            if self.steps.contains(&Step::Current) { places.outermost_first() } else { Vec::new() }
                .into_iter();
        let mut at = Some(root);
        for step in &self.steps {
            let element;
            let step = if *step == Step::Current {
                let Some(place) = places.next() else {
                    return (None, seen);
                };
                element = Step::Element(place);
                &element
            } else {
                step
            };
            at = at.and_then(|value| value_at(step, value, &mut seen));
        }
        (Some(at.unwrap_or(Value::Null)), seen)
    }
}

fn value_at<'d>(step: &Step, value: Value<'d>, seen: &mut u64) -> Option<Value<'d>> {
    match (step, value) {
        (Step::Member(name) | Step::Numbered(name), Value::Object(object)) => member(object, name, seen),
        (Step::Member(name), Value::Array(items)) if name == "length" => {
            let length = items.len();
            *seen += length as u64;
            i64::try_from(length).ok().map(|length| Value::Number(Number::Integer(length)))
        }
        (Step::Member(name) | Step::Numbered(name), Value::Array(items)) => {
            let index = name.parse().ok().filter(|index: &usize| index.to_string() == *name)?;
            *seen += index as u64;
            items.get(index)
        }
        (Step::Element(index), Value::Array(items)) => {
            *seen += *index as u64;
            items.get(*index)
        }
        (Step::First, Value::Array(items)) => items.get(0),
        (Step::First, Value::Object(object)) => {
            members(object, seen).into_iter().next().map(|(_, value)| value)
        }
        (Step::Descendant(name), value) => descendant(name, value, seen),
        _ => None,
    }
}

fn member<'d>(object: Object<'d>, name: &str, seen: &mut u64) -> Option<Value<'d>> {
    let (value, members) = object.find(name);
    *seen += members as u64;
    value
}

fn members<'d>(object: Object<'d>, seen: &mut u64) -> Vec<(&'d str, Value<'d>)> {
    let members = object.members();
    *seen += members.len() as u64;
    members
}

/// Level by level where they are siblings, otherwise in the order of the text.
fn descendant<'d>(name: &str, value: Value<'d>, seen: &mut u64) -> Option<Value<'d>> {
    *seen += 1;
    match value {
        Value::Array(items) => items.iter().find_map(|item| descendant(name, item, seen)),
        Value::Object(object) => member(object, name, seen).or_else(|| {
            members(object, seen).into_iter().find_map(|(_, value)| descendant(name, value, seen))
        }),
        _ => None,
    }
}

struct Parser<'t> {
    rest: &'t str,
}

/// What is said of most that cannot be read.
const FORM: &str = "a reference is a path such as order.total, items[0].id or items[$index].id; a name with other \
                    characters than letters, digits and _ is quoted: ['created-at']";

impl<'t> Parser<'t> {
    fn steps(mut self) -> Result<Vec<Step>, &'static str> {
        let mut steps = Vec::new();
        if !self.takes("$") && !self.rest.starts_with('[') {
            steps.push(match self.name() {
                Some(name) => Step::Member(name),
                None => Step::Numbered(self.digits().ok_or(FORM)?),
            });
        }
        while !self.rest.is_empty() {
            let step = if self.takes("..") {
                Step::Descendant(self.name().ok_or("behind .. stands a name: ..total")?)
            } else if self.takes(".*") {
                Step::First
            } else if self.takes(".") {
                match self.name() {
                    Some(name) => Step::Member(name),
                    None => Step::Numbered(self.digits().ok_or(FORM)?),
                }
            } else {
                self.bracket()?
            };
            steps.push(step);
        }
        Ok(steps)
    }

    fn bracket(&mut self) -> Result<Step, &'static str> {
        if !self.takes("[") {
            return Err(FORM);
        }
        let step = if self.takes("*") {
            Step::First
        } else if self.takes("$index") {
            Step::Current
        } else if let Some(digits) = self.digits() {
            Step::Element(digits.parse().map_err(|_| FORM)?)
        } else if let Some(name) = self.quoted() {
            Step::Member(name)
        } else {
            return Err(
                "in brackets stands one place: [0], [*], [$index] or ['name']; slices, lists and expressions \
                        are not supported",
            );
        };
        if self.takes("]") { Ok(step) } else { Err(FORM) }
    }

    fn takes(&mut self, start: &str) -> bool {
        self.rest.strip_prefix(start).map(|rest| self.rest = rest).is_some()
    }

    fn while_all(&mut self, belongs: impl Fn(u8) -> bool) -> Option<&'t str> {
        let length = self.rest.bytes().take_while(|byte| belongs(*byte)).count();
        let (taken, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        (length > 0).then_some(taken)
    }

    fn name(&mut self) -> Option<String> {
        let first = self.rest.bytes().next()?;
        (first.is_ascii_alphabetic() || first == b'_')
            .then(|| self.while_all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'))?
            .map(str::to_owned)
    }

    fn digits(&mut self) -> Option<String> {
        if let Some(rest) = self.rest.strip_prefix('0') {
            self.rest = rest;
            return Some("0".to_owned());
        }
        self.while_all(|byte| byte.is_ascii_digit()).map(str::to_owned)
    }

    fn quoted(&mut self) -> Option<String> {
        let quote = ['\'', '"'].into_iter().find(|quote| self.rest.starts_with(*quote))?;
        let inside = self.rest.strip_prefix(quote)?;
        let (name, rest) = inside.split_once(quote)?;
        self.rest = rest;
        // The package keeps escapes as they stand, so that none has a meaning.
        (!name.contains('\\')).then(|| name.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::Document;

    #[test]
    fn each_form_finds_what_the_package_finds() {
        let document = Document::from(&serde_json::json!({
            "a": [{ "id": 1 }, { "x": 2, "id": 3 }],
            "o": { "z": 1, "5": 2, "k-b": 7, "l": [9, 8] },
            "0": { "n": 4 },
            "length": 6
        }));
        let outer = Places::default();
        let places = outer.inside(1);
        for (text, expected) in [
            ("a[0].id", "1"),
            ("a[1].x", "2"),
            ("a.1.x", "2"),
            ("a[*].id", "1"),
            ("a[*].x", "null"),
            ("a.*.id", "1"),
            ("a[$index].id", "3"),
            ("a.length", "2"),
            ("length", "6"),
            ("o.*", "2"),
            ("o[*]", "2"),
            ("o['k-b']", "7"),
            ("['o'].l[*]", "9"),
            ("o.5", "2"),
            ("o[5]", "null"),
            ("o['5']", "2"),
            ("a[\"0\"].id", "1"),
            ("$..x", "2"),
            ("a..id", "1"),
            ("0.n", "4"),
            ("$.a[5]", "null"),
            ("o.z.y", "null"),
        ] {
            let reference = Reference::parse(text, false).unwrap();
            let (value, _) = reference.resolve(document.root(), &places);
            assert_eq!(value.unwrap().to_string(), expected, "{text}");
        }
        let two = Reference::parse("a[$index][$index]", false).unwrap();
        assert!(two.resolve(document.root(), &places).0.is_none(), "one array is not two");
        assert!(two.resolve(Some(Value::Null), &places).0.is_none());
    }

    #[test]
    fn what_is_no_reference_is_refused() {
        for text in [
            "",
            "$.",
            "a b",
            " a",
            "$a",
            "..a",
            ".a",
            "a[01]",
            "a[ 0]",
            "a[-1]",
            "a[1:2]",
            "a[0,1]",
            "a[?(@.x)]",
            "a[(@.length-1)]",
            "*.q",
            "a-b",
            "a[0",
            "a['b]",
            "a['b\\'']",
            "é",
            "..*",
            "a..[0]",
            "a[$inde]",
        ] {
            assert!(Reference::parse(text, false).is_err(), "{text:?}");
        }
    }
}
