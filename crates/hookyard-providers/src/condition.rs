//! Conditions: what a request must be like to be a handshake, or to be meant for this source.
//!
//! **Invariant:** what may be a secret is compared in constant time.

use subtle::ConstantTimeEq as _;

use crate::definition;
use crate::read::Reader;
use crate::template::{Template, Value};

/// Something that holds of a request or not.
#[derive(Debug)]
pub(crate) struct Condition {
    pub(crate) value: Value,
    wanted: Wanted,
}

#[derive(Debug)]
enum Wanted {
    There,
    Absent,
    Equals(Template),
    ListedIn(Template),
}

impl Condition {
    pub(crate) fn new(condition: &definition::Condition) -> Result<Self, String> {
        let wanted = match (&condition.equals, &condition.listed_in, condition.absent) {
            (Some(equals), _, _) => Wanted::Equals(Template::parse(equals)?),
            (None, Some(list), _) => Wanted::ListedIn(Template::parse(list)?),
            (None, None, true) => Wanted::Absent,
            (None, None, false) => Wanted::There,
        };
        Ok(Self { value: Value::parse(&condition.value)?, wanted })
    }

    pub(crate) fn holds(&self, reader: &Reader<'_>) -> bool {
        let found = reader.value(&self.value).ok();
        let (found, template) = match (&self.wanted, found) {
            (Wanted::Absent, found) => return found.is_none(),
            (_, None) => return false,
            (Wanted::There, Some(_)) => return true,
            (Wanted::Equals(template) | Wanted::ListedIn(template), Some(found)) => (found, template),
        };
        let Ok(wanted) = reader.template(template) else { return false };
        match &self.wanted {
            Wanted::ListedIn(_) => wanted
                .split(|byte| *byte == b',' || byte.is_ascii_whitespace())
                .filter(|element| !element.is_empty())
                .fold(false, |listed, element| listed | (element == b"*" || same(element, &found))),
            _ => same(&wanted, &found),
        }
    }
}

/// In constant time: one of the two may be a secret.
fn same(one: &[u8], other: &[u8]) -> bool {
    one.ct_eq(other).into()
}
