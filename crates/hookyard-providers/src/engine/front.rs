//! What every signature scheme begins with: the signatures, the time and the message of a request.
//!
//! The message is a template that is not filled here: whoever checks the signatures feeds its pieces into
//! a hash, so that a body is not copied.
//!
//! **Invariants:** nothing is guessed. A value that is there twice, a signature in another form, a list
//! without a signature: refused, whatever else the request holds.

mod extract;

use std::borrow::Cow;

use http::{HeaderMap, HeaderName};

use crate::configuration::ConfigError;
use crate::definition::{Signature, Unit};
use crate::engine::content;
use crate::engine::front::extract::Extractor;
use crate::engine::prepare::Site;
use crate::engine::signatures::{SIGNATURES_MAX, TOO_MANY};
use crate::engine::timestamp;
use crate::read::elements::split;
use crate::read::{Reader, Unreadable, Why};
use crate::template::{Name, Place, Template, Value};
use crate::verdict::Refusal;

/// Where in a request everything stands.
pub(crate) struct Front {
    /// The same under each family of header names; the first is the usual one.
    families: Vec<Family>,
    /// Where older signatures stand that are not looked at.
    outdated: Vec<Value>,
    content_decoded: bool,
}

struct Family {
    /// The headers by which a request shows that it uses this family; empty where there is one only.
    headers: Vec<HeaderName>,
    extractor: Extractor,
    time: Option<Time>,
    message: Template,
}

struct Time {
    from: Value,
    unit: Unit,
    tolerance_s: Option<u64>,
}

impl Front {
    pub(crate) fn new(
        signature: &Signature,
        tolerance_s: Option<u64>,
        site: &Site<'_>,
    ) -> Result<Self, ConfigError> {
        let message = site.template(&signature.message)?;
        Self::with_message(signature, message, tolerance_s, site)
    }

    /// The same with a message that is already taken apart.
    pub(crate) fn with_message(
        signature: &Signature,
        message: Template,
        tolerance_s: Option<u64>,
        site: &Site<'_>,
    ) -> Result<Self, ConfigError> {
        let outdated = signature.outdated.iter().map(|value| site.value(value)).collect::<Result<_, _>>()?;
        let mut families = Vec::with_capacity(signature.header_families.len().max(1));
        match signature.header_families.as_slice() {
            [] => families.push(Family::new(signature, message, tolerance_s, site)?),
            [usual, ..] => {
                for family in &signature.header_families {
                    let named = in_family(signature, usual, family);
                    let message = site.template(&named.message)?;
                    let mut compiled = Family::new(&named, message, tolerance_s, site)?;
                    compiled.name_headers(family);
                    families.push(compiled);
                }
            }
        }
        Ok(Self { families, outdated, content_decoded: signature.content_decoded })
    }

    /// Finds everything in a request. `push` gets the text of each signature, into what `collect` made;
    /// `prove` at the end what was collected, a reader and the template of the message. Where a value
    /// repeats itself, each repetition is proved for itself, and one that holds is enough.
    pub(crate) fn judge<S, R>(
        &self,
        reader: Reader<'_>,
        now_s: u64,
        collect: impl Fn() -> S,
        push: impl Fn(&mut S, &[u8]) -> Result<(), &'static str>,
        prove: impl Fn(&S, &Reader<'_>, &Template) -> Result<R, Refusal>,
    ) -> Result<R, Refusal> {
        let decoded: Cow<'_, [u8]>;
        let mut reader = reader;
        if self.content_decoded {
            let request = *reader.request();
            decoded = content::decoded(request.headers, request.body)
                .map_err(|why| Refusal::from(Unreadable { place: &Place::Body, why }))?;
            reader = reader.with_body(&decoded);
        }
        let family = self.family(reader.headers()).ok_or(Refusal::NoSecretYet)?;
        if let Some(between) = &family.extractor.repeated {
            return family.judge_each(reader, now_s, between, collect, push, prove);
        }
        let mut collected = collect();
        match family.extractor.first(&reader, |text| push(&mut collected, text)) {
            Ok((text, at)) => {
                let elements = family.extractor.elements(&text);
                family.extractor.signatures(&elements, at, &mut |text| push(&mut collected, text))?;
                let reader = reader.with_elements(&elements);
                family.prove(reader, now_s, |reader, message| prove(&collected, reader, message))
            }
            Err(missing @ Refusal::ValueMissing { .. }) => Err(self.if_outdated(&reader, missing)),
            Err(refusal) => Err(refusal),
        }
    }

    /// Whether reading the message costs no more than its length: no JSON, forms or filters in it.
    pub(crate) fn is_message_plain(&self) -> bool {
        self.families.iter().all(|family| family.message.values().into_iter().all(is_plain))
    }

    /// The family whose headers the request has. A header of one never completes another, because then
    /// two receivers could understand one request differently.
    fn family(&self, headers: &HeaderMap) -> Option<&Family> {
        let (usual, others) = self.families.split_first()?;
        let used = |family: &&Family| family.headers.iter().any(|name| headers.contains_key(name));
        if others.is_empty() || used(&usual) {
            return Some(usual);
        }
        others.iter().find(used).or(Some(usual))
    }

    fn if_outdated(&self, reader: &Reader<'_>, missing: Refusal) -> Refusal {
        let Refusal::ValueMissing { place: needed } = missing else { return missing };
        match self.outdated.iter().find(|value| reader.value(value).is_ok()) {
            Some(value) => Refusal::SignatureOutdated { place: value.place.clone(), needed },
            None => Refusal::ValueMissing { place: needed },
        }
    }
}

impl Family {
    fn new(
        signature: &Signature,
        message: Template,
        tolerance_s: Option<u64>,
        site: &Site<'_>,
    ) -> Result<Self, ConfigError> {
        let time = match &signature.timestamp {
            Some(stamp) => Some(Time { from: site.value(&stamp.from)?, unit: stamp.unit, tolerance_s }),
            None => None,
        };
        Ok(Self { headers: Vec::new(), extractor: Extractor::new(signature, site)?, time, message })
    }

    /// Proves the message of a request whose signatures were found.
    fn prove<R>(
        &self,
        reader: Reader<'_>,
        now_s: u64,
        prove: impl Fn(&Reader<'_>, &Template) -> Result<R, Refusal>,
    ) -> Result<R, Refusal> {
        let mut reader = reader;
        let signed_at: Cow<'_, [u8]>;
        if let Some(time) = &self.time {
            signed_at = time.read(&reader, now_s)?;
            reader = reader.with_timestamp(&signed_at);
        }
        prove(&reader, &self.message)
    }

    /// Proves each of several values in one.
    fn judge_each<S, R>(
        &self,
        reader: Reader<'_>,
        now_s: u64,
        between: &[u8],
        collect: impl Fn() -> S,
        push: impl Fn(&mut S, &[u8]) -> Result<(), &'static str>,
        prove: impl Fn(&S, &Reader<'_>, &Template) -> Result<R, Refusal>,
    ) -> Result<R, Refusal> {
        let held = self.extractor.held(&reader)?;
        let mut judged = None;
        let one_of_each = held.iter().flat_map(|(text, at)| split(text, between).map(move |one| (one, *at)));
        for (index, (text, at)) in one_of_each.enumerate() {
            if index >= SIGNATURES_MAX {
                return Err(Refusal::ValueMalformed { place: at.place(), why: TOO_MANY.into() });
            }
            let mut collected = collect();
            let elements = self.extractor.elements(text);
            self.extractor.signatures(&elements, at, &mut |text| push(&mut collected, text))?;
            let reader = reader.with_elements(&elements);
            let proved = self.prove(reader, now_s, |reader, message| prove(&collected, reader, message));
            match (&judged, &proved) {
                (None | Some(Err(_)), Ok(_)) | (None, Err(_)) => judged = Some(proved),
                _ => {}
            }
        }
        judged.unwrap_or(Err(Refusal::NoSignatureMatches { secrets: 0, signatures: 0 }))
    }

    fn name_headers(&mut self, prefix: &str) {
        let mut values = self.message.values();
        values.extend(self.extractor.values());
        values.extend(self.time.as_ref().map(|time| &time.from));
        let names = values.into_iter().filter_map(|value| match &value.place {
            Place::Header(Name::Fixed(name)) if name.as_str().starts_with(prefix) => Some(name.clone()),
            _ => None,
        });
        self.headers = names.collect();
    }
}

impl Time {
    /// The text of the signed time, which is looked at where there is a tolerance.
    fn read<'r>(&'r self, reader: &Reader<'r>, now_s: u64) -> Result<Cow<'r, [u8]>, Refusal> {
        let text = reader.value(&self.from)?;
        if let Some(tolerance_s) = self.tolerance_s {
            let malformed = || Unreadable {
                place: &self.from.place,
                why: Why::Malformed(timestamp::complaint(self.unit)),
            };
            let signed_us = timestamp::parse(&text, self.unit).ok_or_else(malformed)?;
            timestamp::check(signed_us, now_s, tolerance_s)?;
        }
        Ok(text)
    }
}

/// A description with the headers of one family under the names of another.
fn in_family(signature: &Signature, usual: &str, family: &str) -> Signature {
    let (usual, other) = (format!("header:{usual}"), format!("header:{family}"));
    let mut named = signature.clone();
    for text in named.from.iter_mut().chain([&mut named.message]) {
        *text = text.replace(&usual, &other);
    }
    if let Some(timestamp) = &mut named.timestamp {
        timestamp.from = timestamp.from.replace(&usual, &other);
    }
    named
}

fn is_plain(value: &Value) -> bool {
    let is_direct = matches!(
        value.place,
        Place::Body
            | Place::Method
            | Place::Url
            | Place::BaseUrl
            | Place::Host
            | Place::Target
            | Place::Path
            | Place::QueryString
            | Place::Secret
            | Place::Timestamp
            | Place::Header(_)
            | Place::Setting(_)
            | Place::Signature(_)
    );
    is_direct && value.filters.is_empty()
}
