//! Finds the texts of the signatures in a request.

use std::borrow::Cow;

use http::HeaderName;

use crate::configuration::ConfigError;
use crate::definition::{Format, Signature};
use crate::engine::key_text;
use crate::engine::prepare::Site;
use crate::read::elements::{ElementKind, Elements};
use crate::read::{Reader, Unreadable, Why, exactly_one};
use crate::template::{Name, Part, Place, Template, Value};
use crate::verdict::Refusal;

/// The highest number of a numbered header.
const NUMBER_MAX: u8 = 100;

/// Where signatures may stand, and how they make up a value.
pub(super) struct Extractor {
    from: Vec<From>,
    prefix: Option<Template>,
    prefix_optional: bool,
    shape: Shape,
    /// What stands between elements; nothing where the whole value is one signature.
    separator: Vec<u8>,
    /// What stands between several values in one.
    pub(super) repeated: Option<Vec<u8>>,
}

enum From {
    One(Value),
    /// The headers of this name with a number behind it. The place is what refusals name.
    Numbered {
        prefix: String,
        place: Place,
    },
}

enum Shape {
    Plain,
    /// Signatures behind this mark; others are passed over. No mark: all are signatures.
    List(Option<Vec<u8>>),
    /// The elements that begin with this name and its `=`.
    Pairs(Vec<u8>),
    /// From this place on.
    Positional(usize),
}

/// A value that holds signatures, and where it stands.
type Held<'r, 's> = (Cow<'r, [u8]>, Stands<'r, 's>);

/// Where a value stands: written out only for a refusal.
#[derive(Clone, Copy)]
pub(super) enum Stands<'r, 's> {
    At(&'s Place),
    /// In one of several numbered headers.
    Under(&'r HeaderName),
}

impl Stands<'_, '_> {
    pub(super) fn place(self) -> Place {
        match self {
            Self::At(place) => place.clone(),
            Self::Under(name) => Place::Header(Name::Fixed(name.clone())),
        }
    }
}

impl Extractor {
    pub(super) fn new(signature: &Signature, site: &Site<'_>) -> Result<Self, ConfigError> {
        let from = signature.from.iter().map(|from| From::new(from, site)).collect::<Result<_, _>>()?;
        let prefix = signature.prefix.as_ref().map(|prefix| site.template(prefix)).transpose()?;
        let element = signature.element.as_deref();
        let needed = || element.ok_or_else(|| site.bad_description("its format needs `element`"));
        let shape = match signature.format {
            Format::Plain => Shape::Plain,
            Format::List => {
                let marks = element.map(|mark| key_text::texts(mark, site)).transpose()?;
                Shape::List(marks.and_then(|marks| marks.into_iter().next()).map(|(_, mark)| mark))
            }
            Format::Pairs => Shape::Pairs(format!("{}=", needed()?).into_bytes()),
            Format::Positional => match needed()?.parse() {
                Ok(first) => Shape::Positional(first),
                Err(_) => return Err(site.bad_description("its `element` is not a number")),
            },
        };
        let separator = match shape {
            Shape::Plain => Vec::new(),
            _ => signature.separator.as_deref().unwrap_or(",").as_bytes().to_vec(),
        };
        let repeated = signature.repeated.as_ref().map(|repeated| repeated.as_bytes().to_vec());
        Ok(Self { from, prefix, prefix_optional: signature.prefix_optional, shape, separator, repeated })
    }

    /// The values it looks at.
    pub(super) fn values(&self) -> impl Iterator<Item = &Value> {
        self.from.iter().filter_map(|from| match from {
            From::One(value) => Some(value),
            From::Numbered { .. } => None,
        })
    }

    /// Gives back the first value that holds signatures, and hands the texts of those in all others to
    /// `push`.
    pub(super) fn first<'r, 's>(
        &'s self,
        reader: &Reader<'r>,
        mut push: impl FnMut(&[u8]) -> Result<(), &'static str>,
    ) -> Result<Held<'r, 's>, Refusal> {
        let mut first = None;
        self.each(reader, |text, place| match first {
            None => {
                first = Some((text, place));
                Ok(())
            }
            Some(_) => self.signatures(&self.elements(&text), place, &mut push),
        })?;
        first.ok_or_else(|| Refusal::ValueMissing { place: self.first_place() })
    }

    /// The values that hold signatures, where one holds several such values.
    pub(super) fn held<'r, 's>(&'s self, reader: &Reader<'r>) -> Result<Vec<Held<'r, 's>>, Refusal> {
        let mut held = Vec::new();
        self.each(reader, |text, place| {
            held.push((text, place));
            Ok(())
        })?;
        if held.is_empty() { Err(Refusal::ValueMissing { place: self.first_place() }) } else { Ok(held) }
    }

    /// Takes apart a value that holds signatures.
    pub(super) fn elements<'r>(&'r self, text: &'r [u8]) -> Elements<'r> {
        let kind = match self.shape {
            Shape::Pairs(_) => ElementKind::Named,
            Shape::Plain | Shape::List(_) | Shape::Positional(_) => ElementKind::Numbered,
        };
        Elements::new(text, kind, &self.separator)
    }

    /// Hands over every value that is there, without its prefix.
    fn each<'r, 's>(
        &'s self,
        reader: &Reader<'r>,
        mut take: impl FnMut(Cow<'r, [u8]>, Stands<'r, 's>) -> Result<(), Refusal>,
    ) -> Result<(), Refusal> {
        for from in &self.from {
            match from {
                From::One(value) => match reader.value(value) {
                    Ok(text) => {
                        let at = Stands::At(&value.place);
                        take(self.without_prefix(reader, text, at)?, at)?;
                    }
                    Err(Unreadable { why: Why::Missing, .. }) => {}
                    Err(unreadable) => return Err(unreadable.into()),
                },
                From::Numbered { prefix, .. } => {
                    let headers = reader.headers();
                    for name in headers.keys().filter(|name| is_numbered(name.as_str(), prefix)) {
                        let at = Stands::Under(name);
                        let text = exactly_one(headers, name)
                            .map_err(|why| Refusal::from(Unreadable { place: &at.place(), why }))?;
                        take(self.without_prefix(reader, Cow::Borrowed(text), at)?, at)?;
                    }
                }
            }
        }
        Ok(())
    }

    fn first_place(&self) -> Place {
        match self.from.first() {
            Some(From::One(value)) => value.place.clone(),
            Some(From::Numbered { place, .. }) => place.clone(),
            None => Place::Body,
        }
    }

    fn without_prefix<'r>(
        &self,
        reader: &Reader<'r>,
        text: Cow<'r, [u8]>,
        at: Stands<'_, '_>,
    ) -> Result<Cow<'r, [u8]>, Refusal> {
        let Some(prefix) = &self.prefix else { return Ok(text) };
        let filled: Cow<'_, [u8]> = match prefix.parts.as_slice() {
            [] => return Ok(text),
            [Part::Text(fixed)] => Cow::Borrowed(fixed.as_bytes()),
            _ => Cow::Owned(reader.template(prefix)?),
        };
        let bare = match &text {
            Cow::Borrowed(bytes) => bytes.strip_prefix(&*filled).map(Cow::Borrowed),
            Cow::Owned(bytes) => bytes.strip_prefix(&*filled).map(|bare| Cow::Owned(bare.to_vec())),
        };
        match bare {
            Some(bare) => Ok(bare),
            None if self.prefix_optional => Ok(text),
            None => {
                let why = format!("it does not begin with `{}`", String::from_utf8_lossy(&filled));
                Err(Refusal::ValueMalformed { place: at.place(), why: why.into() })
            }
        }
    }

    /// Hands the text of each signature in one value to `push`; at least one.
    pub(super) fn signatures(
        &self,
        elements: &Elements<'_>,
        at: Stands<'_, '_>,
        push: &mut impl FnMut(&[u8]) -> Result<(), &'static str>,
    ) -> Result<(), Refusal> {
        let malformed = |why: Cow<'static, str>| Refusal::ValueMalformed { place: at.place(), why };
        let mut count = 0_usize;
        let mut found = |signature: &[u8]| {
            count += 1;
            push(signature).map_err(|why| malformed(Cow::Borrowed(why)))
        };
        match &self.shape {
            Shape::Plain => elements.iter().try_for_each(found)?,
            Shape::List(mark) => {
                for element in elements.iter() {
                    if element.is_empty() {
                        return Err(malformed(Cow::Borrowed("it is a list with an empty element")));
                    }
                    match mark {
                        None => found(element)?,
                        Some(mark) => {
                            if let Some(signature) = element.strip_prefix(mark.as_slice()) {
                                found(signature)?;
                            }
                        }
                    }
                }
            }
            Shape::Pairs(name) => {
                for element in elements.iter() {
                    if let Some(signature) = element.strip_prefix(name.as_slice()) {
                        found(signature)?;
                    }
                }
            }
            Shape::Positional(first) => elements.iter().skip(*first).try_for_each(found)?,
        }
        if count == 0 { Err(malformed(self.none_there())) } else { Ok(()) }
    }

    fn none_there(&self) -> Cow<'static, str> {
        match &self.shape {
            Shape::List(Some(name)) | Shape::Pairs(name) => {
                let name = String::from_utf8_lossy(name);
                format!("it holds no `{}` signature", name.trim_end_matches([',', '='])).into()
            }
            _ => Cow::Borrowed("it holds no signature"),
        }
    }
}

impl From {
    fn new(text: &str, site: &Site<'_>) -> Result<Self, ConfigError> {
        let Some(pattern) = text.strip_prefix("headers:") else { return Ok(Self::One(site.value(text)?)) };
        let Some(prefix) = pattern.strip_suffix('*') else {
            return Err(site.bad_description("`headers:` needs a `*` at its end"));
        };
        let first = HeaderName::from_bytes(format!("{prefix}1").as_bytes());
        let first = first.map_err(|_| site.bad_description("`headers:` needs the name of a header"))?;
        let place = Place::Header(Name::Fixed(first));
        Ok(Self::Numbered { prefix: prefix.to_owned(), place })
    }
}

/// Whether a header's name is the prefix and a number from 1 to [`NUMBER_MAX`].
fn is_numbered(name: &str, prefix: &str) -> bool {
    let number = name.strip_prefix(prefix).filter(|digits| !digits.starts_with(['0', '+']));
    number.and_then(|digits| digits.parse::<u8>().ok()).is_some_and(|number| number <= NUMBER_MAX)
}
