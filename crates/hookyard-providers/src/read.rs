//! Reads values and fills templates: what stands at a place of a request, and what is made of it.
//!
//! A reader borrows all it reads from and parses nothing ahead: JSON, forms and parts are walked through
//! when a value in them is asked for, without building a tree. What stands in a request as it is comes
//! back borrowed; only decoding and filters make copies.
//!
//! **Invariants:** the time for one value is linear in the size of the request, and so is the memory;
//! no bytes cause a panic or deep recursion. One header, parameter or form field of a name, or a
//! refusal. Of several members of one name in a JSON object the last counts, as with most parsers; of
//! several parts of one name the first.

pub(crate) mod elements;
pub(crate) mod filter;
mod form;
pub(crate) mod json;
mod json_sorted;
mod multipart;
pub(crate) mod url;
pub(crate) mod xml;

pub(crate) use filter::hex;

use std::borrow::Cow;

use http::header::{AsHeaderName, HeaderMap};

use crate::adapters;
use crate::read::elements::Elements;
use crate::request::Request;
use crate::settings::Settings;
use crate::template::{Name, Part, Place, Template, Value};
use crate::verdict::Refusal;

/// Reads from one request, and from what is known beside it.
#[derive(Clone, Copy)]
pub(crate) struct Reader<'a> {
    request: &'a Request<'a>,
    settings: &'a Settings,
    body: &'a [u8],
    secret: Option<&'a str>,
    key: Option<&'a [u8]>,
    text: Option<&'a [u8]>,
    timestamp: Option<&'a [u8]>,
    elements: Option<&'a Elements<'a>>,
    token: Option<Token<'a>>,
    request_id: Option<&'a str>,
}

/// The two JSON texts of a token.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Token<'a> {
    pub(crate) header: &'a [u8],
    pub(crate) payload: &'a [u8],
}

/// A value that cannot be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unreadable<'v> {
    pub(crate) place: &'v Place,
    pub(crate) why: Why,
}

/// Why a value cannot be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Why {
    /// It stands nowhere.
    Missing,
    /// It stands there more than once, and it is unclear which one counts.
    Doubled,
    /// It does not have its form: a clause whose subject is the place.
    Malformed(&'static str),
}

impl From<Unreadable<'_>> for Refusal {
    fn from(unreadable: Unreadable<'_>) -> Self {
        let place = unreadable.place.clone();
        match unreadable.why {
            Why::Missing => Self::ValueMissing { place },
            Why::Doubled => Self::ValueDoubled { place },
            Why::Malformed(why) => Self::ValueMalformed { place, why: Cow::Borrowed(why) },
        }
    }
}

impl<'a> Reader<'a> {
    /// Reads from a request as it arrived.
    pub(crate) fn new(request: &'a Request<'a>, settings: &'a Settings) -> Self {
        Self {
            request,
            settings,
            body: request.body,
            secret: None,
            key: None,
            text: None,
            timestamp: None,
            elements: None,
            token: None,
            request_id: None,
        }
    }

    /// Takes another body, for example the decompressed one.
    pub(crate) fn with_body(self, body: &'a [u8]) -> Self {
        Self { body, ..self }
    }

    /// Knows the secret, or else the one secret that counts.
    pub(crate) fn with_secret(self, secret: &'a str) -> Self {
        Self { secret: Some(secret), ..self }
    }

    /// Knows the key that answers are signed with, where that is not the secret's text.
    pub(crate) fn with_key(self, key: &'a [u8]) -> Self {
        Self { key: Some(key), ..self }
    }

    /// Knows a handshake's `text`.
    pub(crate) fn with_text(self, text: &'a [u8]) -> Self {
        Self { text: Some(text), ..self }
    }

    /// Knows the text of the signed time.
    pub(crate) fn with_timestamp(self, timestamp: &'a [u8]) -> Self {
        Self { timestamp: Some(timestamp), ..self }
    }

    /// Knows what stands beside the signature.
    pub(crate) fn with_elements(self, elements: &'a Elements<'a>) -> Self {
        Self { elements: Some(elements), ..self }
    }

    /// Knows the token.
    pub(crate) fn with_token(self, token: Token<'a>) -> Self {
        Self { token: Some(token), ..self }
    }

    /// Knows the id under which the request was stored.
    pub(crate) fn with_request_id(self, request_id: &'a str) -> Self {
        Self { request_id: Some(request_id), ..self }
    }

    /// The request's headers.
    pub(crate) fn headers(&self) -> &'a HeaderMap {
        self.request.headers
    }

    /// The request that is read.
    pub(crate) fn request(&self) -> &'a Request<'a> {
        self.request
    }

    /// The body that is read.
    pub(crate) fn body(&self) -> &'a [u8] {
        self.body
    }

    /// A setting's value, or its default.
    pub(crate) fn setting(&self, name: &str) -> Option<&'a str> {
        self.settings.get(name)
    }

    /// The header of the token, as JSON.
    pub(crate) fn token_header(&self) -> Option<&'a [u8]> {
        self.token.map(|token| token.header)
    }

    /// The URL as it is registered with the provider, and what followed it.
    pub(crate) fn url(&self) -> Result<Cow<'a, [u8]>, Why> {
        let public_url = self.request.public_url.ok_or(Why::Missing)?;
        Ok(url::joined(public_url, url::suffix(self.request.target)))
    }

    /// Path and query of that URL; as they arrived where none is known.
    pub(crate) fn registered_target(&self) -> Cow<'a, str> {
        match self.url() {
            Ok(Cow::Borrowed(url)) => std::str::from_utf8(url)
                .map_or(Cow::Borrowed(self.request.target), |url| Cow::Borrowed(url::origin_form(url))),
            Ok(Cow::Owned(url)) => String::from_utf8(url).map_or(Cow::Borrowed(self.request.target), |url| {
                Cow::Owned(url::origin_form(&url).to_owned())
            }),
            Err(_) => Cow::Borrowed(self.request.target),
        }
    }

    /// One value. Where a `*` makes it several, they stand behind each other.
    pub(crate) fn value<'v>(&self, value: &'v Value) -> Result<Cow<'a, [u8]>, Unreadable<'v>> {
        let because = |why| Unreadable { place: &value.place, why };
        let mut read = match &value.place {
            // What every scheme asks for, without a call.
            Place::Header(name) => self.header(name).map(Cow::Borrowed),
            place => self.place(place),
        }
        .map_err(because)?;
        for filter in &value.filters {
            read = filter::apply(filter, read, self.signing_key()).map_err(because)?;
        }
        Ok(read)
    }

    /// All values, where a `*` makes it several; at least one.
    pub(crate) fn values<'v>(&self, value: &'v Value) -> Result<Vec<Cow<'a, [u8]>>, Unreadable<'v>> {
        let because = |why| Unreadable { place: &value.place, why };
        let mut read = match &value.place {
            Place::Json(pointer) => json::texts(self.body, pointer).map_err(because)?,
            _ => vec![self.place(&value.place).map_err(because)?],
        };
        for filter in &value.filters {
            for one in &mut read {
                *one = filter::apply(filter, std::mem::take(one), self.signing_key()).map_err(because)?;
            }
        }
        Ok(read)
    }

    /// Hands a filled template over in pieces. After an error the pieces so far are of no use.
    pub(crate) fn feed<'v>(
        &self,
        template: &'v Template,
        take: &mut impl FnMut(&[u8]),
    ) -> Result<(), Unreadable<'v>> {
        for part in &template.parts {
            match part {
                Part::Text(text) => take(text.as_bytes()),
                Part::Value(value) => match self.at_hand(value) {
                    Some(bytes) => take(bytes),
                    None => take(&self.filled(value)?),
                },
                Part::Optional(parts) => self.feed_group(parts, take)?,
            }
        }
        Ok(())
    }

    /// What nearly every message is made of, where it need not be looked for.
    fn at_hand(&self, value: &Value) -> Option<&'a [u8]> {
        match &value.place {
            Place::Body if value.filters.is_empty() => Some(self.body),
            Place::Timestamp if value.filters.is_empty() => self.timestamp,
            _ => None,
        }
    }

    /// A filled template as bytes.
    pub(crate) fn template<'v>(&self, template: &'v Template) -> Result<Vec<u8>, Unreadable<'v>> {
        let mut bytes = Vec::new();
        self.feed(template, &mut |piece| bytes.extend_from_slice(piece))?;
        Ok(bytes)
    }

    /// A value in a message. An empty header would let its neighbours change places unnoticed, and no
    /// sender means it.
    fn filled<'v>(&self, value: &'v Value) -> Result<Cow<'a, [u8]>, Unreadable<'v>> {
        let read = self.value(value)?;
        if read.is_empty() && matches!(value.place, Place::Header(_)) {
            return Err(Unreadable { place: &value.place, why: Why::Malformed("it is empty") });
        }
        Ok(read)
    }

    /// A group is left out where a value in it stands nowhere or is empty.
    fn feed_group<'v>(&self, parts: &'v [Part], take: &mut impl FnMut(&[u8])) -> Result<(), Unreadable<'v>> {
        let mut pieces = Vec::with_capacity(parts.len());
        for part in parts {
            match part {
                Part::Text(text) => pieces.push(Cow::Borrowed(text.as_bytes())),
                Part::Value(value) => match self.value(value) {
                    Ok(read) if read.is_empty() => return Ok(()),
                    Ok(read) => pieces.push(read),
                    Err(Unreadable { why: Why::Missing, .. }) => return Ok(()),
                    Err(unreadable) => return Err(unreadable),
                },
                // The grammar has no group in a group.
                Part::Optional(_) => {}
            }
        }
        for piece in &pieces {
            take(piece);
        }
        Ok(())
    }

    fn place(&self, place: &Place) -> Result<Cow<'a, [u8]>, Why> {
        let request = self.request;
        let known = |bytes: Option<&'a [u8]>| bytes.map(Cow::Borrowed).ok_or(Why::Missing);
        let text =
            |text: Option<&'a str>| text.map(|text| Cow::Borrowed(text.as_bytes())).ok_or(Why::Missing);
        match place {
            Place::Body => Ok(Cow::Borrowed(self.body)),
            Place::Method => text(Some(request.method)),
            Place::Target => text(Some(request.target)),
            Place::Path => text(Some(url::path(request.target))),
            Place::QueryString => text(Some(url::query(request.target))),
            Place::Url => self.url(),
            Place::UrlTarget => Ok(match self.registered_target() {
                Cow::Borrowed(target) => Cow::Borrowed(target.as_bytes()),
                Cow::Owned(target) => Cow::Owned(target.into_bytes()),
            }),
            Place::BaseUrl => text(request.public_url),
            Place::Host => text(request.public_url.map(url::host)),
            Place::Secret => text(self.secret),
            Place::Timestamp => known(self.timestamp),
            Place::Header(name) => self.header(name).map(Cow::Borrowed),
            Place::Query(name) => form::only(url::query(request.target).as_bytes(), name),
            Place::Form(name) => form::only(self.body, name),
            Place::QuerySorted => form::sorted(url::query(request.target).as_bytes()),
            Place::FormSorted => form::sorted(self.body),
            Place::Multipart(name) => {
                let content_type = exactly_one(request.headers, "content-type")?;
                multipart::part(content_type, self.body, name).map(Cow::Borrowed)
            }
            Place::Json(pointer) => json::text(self.body, pointer),
            Place::JsonRaw(pointer) => json::raw(self.body, pointer),
            Place::Signature(key) => self.elements.ok_or(Why::Missing)?.get(key).map(Cow::Borrowed),
            Place::Token(pointer) => json::text(self.token.ok_or(Why::Missing)?.payload, pointer),
            Place::TokenHeader(pointer) => json::text(self.token.ok_or(Why::Missing)?.header, pointer),
            Place::Setting(name) => text(self.settings.get(name)),
            Place::Text => known(self.text),
            Place::Adapter(name) => adapters::text(name, self),
            Place::RequestId => text(self.request_id),
        }
    }

    fn signing_key(&self) -> Option<&'a [u8]> {
        self.key.or(self.secret.map(str::as_bytes))
    }

    fn header(&self, name: &Name) -> Result<&'a [u8], Why> {
        match name {
            Name::Fixed(name) => exactly_one(self.request.headers, name),
            Name::Setting(setting) => {
                exactly_one(self.request.headers, self.settings.get(setting).ok_or(Why::Missing)?)
            }
        }
    }
}

/// The value of a header, which must occur exactly once: taking the first of several would let an
/// intermediary and this crate disagree about which one counts.
pub(crate) fn exactly_one(headers: &HeaderMap, name: impl AsHeaderName) -> Result<&[u8], Why> {
    let mut values = headers.get_all(name).iter();
    let value = values.next().ok_or(Why::Missing)?;
    if values.next().is_some() { Err(Why::Doubled) } else { Ok(value.as_bytes()) }
}
