//! Form fields and query parameters, taken apart as the WHATWG's URL Standard says
//! (`application/x-www-form-urlencoded`): `+` is a space, and what is not UTF-8 becomes U+FFFD.
//!
//! Names are taken as they are: `data[email]` is a name, not a path.

use std::borrow::Cow;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::document::{Document, TooManyValues};

/// The most fields that are read; what follows is not seen.
const FIELDS_MAX: usize = 10_000;

/// A form as an object: a field that comes several times is an array.
pub(super) fn read(form: &[u8]) -> Document<'_> {
    object(form_urlencoded::parse(form).take(FIELDS_MAX).map(|(name, value)| (name, Field::Text(value))))
        .unwrap_or_default()
}

/// What a field of a form holds.
pub(super) enum Field<'a> {
    /// Its text.
    Text(Cow<'a, str>),
    /// A file; only its size, its type and its name are kept.
    File { bytes: usize, media_type: Option<Cow<'a, str>>, name: Option<Cow<'a, str>> },
}

/// Groups fields by name, in the order in which the names first come.
pub(super) fn object<'a>(
    fields: impl Iterator<Item = (Cow<'a, str>, Field<'a>)>,
) -> Result<Document<'a>, TooManyValues> {
    let mut places = HashMap::<Cow<'a, str>, usize>::new();
    let mut named = Vec::<(Cow<'a, str>, Vec<Field<'a>>)>::new();
    for (name, field) in fields {
        match places.entry(name) {
            Entry::Occupied(known) => {
                if let Some((_, fields)) = named.get_mut(*known.get()) {
                    fields.push(field);
                }
            }
            Entry::Vacant(new) => {
                named.push((new.key().clone(), vec![field]));
                new.insert(named.len() - 1);
            }
        }
    }
    let mut document = Document::default();
    let object = document.open_object()?;
    for (name, fields) in named {
        document.text(name)?;
        let array = if fields.len() > 1 { Some(document.open_array()?) } else { None };
        for field in fields {
            push(field, &mut document)?;
        }
        if let Some(array) = array {
            document.close(array);
        }
    }
    document.close(object);
    Ok(document)
}

fn push<'a>(field: Field<'a>, document: &mut Document<'a>) -> Result<(), TooManyValues> {
    match field {
        Field::Text(text) => document.text(text),
        Field::File { bytes, media_type, name } => {
            let object = document.open_object()?;
            super::body::size_and_type(bytes, media_type, document)?;
            if let Some(name) = name {
                document.text("filename")?;
                document.text(name)?;
            }
            document.close(object);
            Ok(())
        }
    }
}
