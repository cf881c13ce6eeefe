//! A request in the making: values are put where a verifier will read them.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use serde_json::Value as Json;

use crate::adapters::Adapter;
use crate::configuration::{ConfigError, Configuration};
use crate::definition::{self, Example};
use crate::engine::prepare::Site;
use crate::fields;
use crate::read::{Reader, filter, url, xml};
use crate::request::Request;
use crate::settings::Settings;
use crate::sign::{SampleError, SignedRequest, header_map};
use crate::template::{Filter, Name, Place, Value};

/// The token of a source in samples; no scheme but `url` sees it.
const TOKEN: &str = "sample";
const FORM: &str = "application/x-www-form-urlencoded";
const BOUNDARY: &str = "sample-boundary";

/// A request in the making.
pub(super) struct Draft<'a> {
    settings: &'a Settings,
    public_url: Option<&'a str>,
    method: String,
    suffix: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    /// Whether the body is the description's example, and not a person's.
    is_example: bool,
    parts: Vec<(String, String)>,
}

impl<'a> Draft<'a> {
    /// The description's example, with another body where one is given.
    pub(super) fn new(example: &Example, body: Option<&[u8]>, site: &Site<'a>) -> Self {
        let own = example.body.as_deref().unwrap_or_default().as_bytes();
        let mut headers: Vec<(String, String)> =
            example.headers.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
        let (is_example, body) = (body.is_none(), body.unwrap_or(own).to_vec());
        if !body.is_empty() && !example.headers.contains_key("content-type") {
            headers.push(("content-type".to_owned(), "application/json".to_owned()));
        }
        Self {
            settings: site.settings,
            public_url: site.public_url,
            method: example.method.clone().unwrap_or_else(|| "POST".to_owned()),
            suffix: example.suffix.clone(),
            headers,
            body,
            is_example,
            parts: Vec::new(),
        }
    }

    /// Lets `read` read from the request as it is now.
    pub(super) fn read<T>(
        &self,
        read: impl FnOnce(Reader<'_>) -> Result<T, SampleError>,
    ) -> Result<T, SampleError> {
        let headers = self.header_map()?;
        let target = format!("/{TOKEN}{}", self.suffix);
        read(Reader::new(&self.request(&headers, &target), self.settings))
    }

    /// The topic that it tells of as it is now, in one of these ways.
    pub(super) fn topic(&self, ways: &[String]) -> Result<Option<String>, SampleError> {
        self.read(|reader| Ok(fields::text(&reader, &fields::templates(ways))))
    }

    fn request<'r>(&'r self, headers: &'r HeaderMap, target: &'r str) -> Request<'r> {
        Request { method: &self.method, target, headers, body: &self.body, public_url: self.public_url }
    }

    /// Puts a text where `value` will find it, filters included.
    pub(super) fn put(&mut self, value: &Value, text: &str) -> Result<(), SampleError> {
        let existing = |filters: &[Filter]| {
            let value = Value { place: value.place.clone(), filters: filters.to_vec() };
            self.read(|reader| Ok(reader.value(&value).ok().map(std::borrow::Cow::into_owned)))
                .map(|bytes| bytes.and_then(|bytes| String::from_utf8(bytes).ok()))
        };
        // An example may hold it already.
        if existing(&value.filters)?.as_deref() == Some(text) && !value.filters.is_empty() {
            return Ok(());
        }
        let text = unfiltered(&value.filters, existing(&[])?.as_deref(), text)?;
        match &value.place {
            Place::Header(name) => {
                self.put_header(&self.header_name(name)?, text);
                Ok(())
            }
            Place::Query(name) => self.put_query(name, &text),
            Place::Form(name) => {
                self.put_form(name, &text);
                Ok(())
            }
            Place::Body => {
                self.body = text.into_bytes();
                Ok(())
            }
            Place::Multipart(name) => {
                self.put_part(name, &text);
                Ok(())
            }
            Place::Json(pointer) | Place::JsonRaw(pointer) => self.put_json(pointer, &text),
            other => Err(SampleError::Impossible(format!("a sample cannot put anything into {other}"))),
        }
    }

    /// Takes a member out of the example's JSON; a person's body stays as it is.
    pub(super) fn leave_out(&mut self, value: &Value) {
        let (true, Place::Json(pointer)) = (self.is_example, &value.place) else { return };
        let Ok(mut json) = serde_json::from_slice::<Json>(&self.body) else { return };
        let Some((parent, name)) = pointer.rsplit_once('/') else { return };
        let Some(members) = json.pointer_mut(parent).and_then(Json::as_object_mut) else { return };
        if members.remove(name).is_some() {
            self.body = json.to_string().into_bytes();
        }
    }

    /// Puts what a condition wants; of a list the first.
    pub(super) fn satisfy(
        &mut self,
        condition: &definition::Condition,
        site: &Site<'_>,
    ) -> Result<(), SampleError> {
        let Some(wanted) = condition.equals.as_ref().or(condition.listed_in.as_ref()) else { return Ok(()) };
        let wanted = site.template(wanted)?;
        let text = self.read(|reader| {
            let unfilled = |error: crate::read::Unreadable<'_>| {
                SampleError::Impossible(crate::verdict::Refusal::from(error).to_string())
            };
            reader.template(&wanted).map_err(unfilled)
        })?;
        let text = String::from_utf8_lossy(&text).into_owned();
        let first =
            text.split(|letter: char| letter == ',' || letter.is_whitespace()).next().unwrap_or_default();
        self.put(&site.value(&condition.value)?, first)
    }

    /// Sees to it that everything that a message is made of is there.
    pub(super) fn complete(&mut self, values: &[&Value]) -> Result<(), SampleError> {
        for value in values {
            let missing = self.read(|reader| Ok(reader.value(value).is_err()))?;
            let can_be_put = matches!(
                value.place,
                Place::Header(_) | Place::Query(_) | Place::Form(_) | Place::Multipart(_) | Place::Json(_)
            );
            if missing && can_be_put {
                self.put(value, "sample-1")?;
            }
        }
        Ok(())
    }

    pub(super) fn finish(self) -> Result<SignedRequest, SampleError> {
        let headers = self.header_map()?;
        Ok(SignedRequest { method: self.method, suffix: self.suffix, headers, body: self.body })
    }

    /// Lets an adapter sign.
    pub(super) fn adapt(
        &mut self,
        adapter: &definition::Adapter,
        configuration: &Configuration<'_>,
    ) -> Result<(), SampleError> {
        let own =
            Adapter::new(adapter, configuration).map_err(|(index, why)| ConfigError::MalformedSecret {
                provider: &self.settings.provider().name,
                index,
                why: why.to_owned(),
            })?;
        let url = format!("{}{}", self.public_url.unwrap_or_default(), self.suffix);
        let headers = self.header_map()?;
        let signed = own.sign(&self.method, &url, &headers, &self.body).ok_or_else(|| {
            SampleError::Impossible(format!("only the provider itself can sign for `{}`", adapter.name))
        })?;
        for (name, value) in signed.headers {
            self.put_header(name, value);
        }
        self.body = signed.body;
        Ok(())
    }

    fn header_map(&self) -> Result<HeaderMap, SampleError> {
        header_map(&self.headers)
            .ok_or_else(|| SampleError::Impossible("a header of the sample cannot be sent".to_owned()))
    }

    fn header_name(&self, name: &Name) -> Result<String, SampleError> {
        match name {
            Name::Fixed(name) => Ok(name.as_str().to_owned()),
            Name::Setting(setting) => self
                .settings
                .get(setting)
                .map(str::to_ascii_lowercase)
                .ok_or_else(|| SampleError::Impossible(format!("the setting `{setting}` is not given"))),
        }
    }

    fn put_header(&mut self, name: &str, text: String) {
        self.headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        self.headers.push((name.to_owned(), text));
    }

    fn put_query(&mut self, name: &str, text: &str) -> Result<(), SampleError> {
        let target = format!("/{TOKEN}{}", self.suffix);
        let path = url::path(&target).strip_prefix(&format!("/{TOKEN}")).unwrap_or_default().to_owned();
        let query = with_parameter(url::query(&target), name, text);
        self.suffix = format!("{path}?{query}");
        Ok(())
    }

    fn put_form(&mut self, name: &str, text: &str) {
        let form = if self.has_type(FORM) { std::str::from_utf8(&self.body).unwrap_or_default() } else { "" };
        self.body = with_parameter(form, name, text).into_bytes();
        self.set_type(FORM);
    }

    /// Multipart bodies are made anew, part by part: no example is one.
    fn put_part(&mut self, name: &str, text: &str) {
        self.parts.retain(|(known, _)| known != name);
        self.parts.push((name.to_owned(), text.to_owned()));
        let mut body = String::new();
        for (name, text) in &self.parts {
            let _ = write!(
                body,
                "--{BOUNDARY}\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{text}\r\n"
            );
        }
        self.body = format!("{body}--{BOUNDARY}--\r\n").into_bytes();
        self.set_type(&format!("multipart/form-data; boundary={BOUNDARY}"));
    }

    fn has_type(&self, wanted: &str) -> bool {
        let line = self.headers.iter().find(|(name, _)| name == "content-type");
        line.is_some_and(|(_, value)| value.starts_with(wanted))
    }

    fn set_type(&mut self, text: &str) {
        self.put_header("content-type", text.to_owned());
    }

    fn put_json(&mut self, pointer: &str, text: &str) -> Result<(), SampleError> {
        let is_other = self.body.is_empty() || self.has_type(FORM);
        let bytes: &[u8] = if is_other { b"{}" } else { &self.body };
        let mut json: Json = serde_json::from_slice(bytes)
            .map_err(|_| SampleError::Impossible("the body is not JSON".to_owned()))?;
        self.set_type("application/json");
        let steps: Vec<&str> = pointer.split('/').skip(1).collect();
        put_at(&mut json, &steps, text);
        self.body = json.to_string().into_bytes();
        Ok(())
    }
}

/// What the filters make `text` of, as little different as can be from what there is.
fn unfiltered(filters: &[Filter], existing: Option<&str>, text: &str) -> Result<String, SampleError> {
    let Some((filter, rest)) = filters.split_first() else { return Ok(text.to_owned()) };
    Ok(match filter {
        Filter::Trim | Filter::Lower | Filter::Upper => unfiltered(rest, existing, text)?,
        Filter::After(before) => format!("{before}{}", unfiltered(rest, None, text)?),
        Filter::Before(after) => format!("{}{after}", unfiltered(rest, None, text)?),
        Filter::Unbase64 => {
            let decoded = existing.and_then(|text| filter::unbase64(text.as_bytes()));
            let decoded = decoded.and_then(|bytes| String::from_utf8(bytes).ok());
            STANDARD.encode(unfiltered(rest, decoded.as_deref(), text)?)
        }
        Filter::Unpercent => {
            form_urlencoded::byte_serialize(unfiltered(rest, None, text)?.as_bytes()).collect()
        }
        Filter::Json(pointer) => {
            let parsed = existing.and_then(|text| serde_json::from_str(text).ok());
            let mut json = parsed.unwrap_or_else(|| Json::Object(serde_json::Map::new()));
            let inner = json.pointer(pointer).and_then(Json::as_str).map(ToOwned::to_owned);
            let inner = unfiltered(rest, inner.as_deref(), text)?;
            put_at(&mut json, &pointer.split('/').skip(1).collect::<Vec<_>>(), &inner);
            json.to_string()
        }
        Filter::Xml(path) => {
            let none = || SampleError::Impossible(format!("the body has no element `{path}`"));
            let whole = existing.ok_or_else(none)?;
            let old = xml::text(whole.as_bytes(), path).map_err(|_| none())?;
            let old = format!(">{}<", String::from_utf8_lossy(&old));
            whole.replacen(&old, &format!(">{}<", unfiltered(rest, None, text)?), 1)
        }
        other => return Err(SampleError::Impossible(format!("a sample cannot undo {other:?}"))),
    })
}

/// Puts a text at a JSON pointer and makes what is missing on the way. A number stays one.
fn put_at(json: &mut Json, steps: &[&str], text: &str) {
    let Some((step, rest)) = steps.split_first() else {
        let number = json.is_number().then(|| text.parse().ok()).flatten();
        *json = number.map_or_else(|| Json::String(text.to_owned()), Json::Number);
        return;
    };
    match json {
        Json::Array(elements) if *step == "*" => {
            elements.iter_mut().for_each(|element| put_at(element, rest, text));
        }
        Json::Array(elements) => {
            if let Some(element) = step.parse().ok().and_then(|index: usize| elements.get_mut(index)) {
                put_at(element, rest, text);
            }
        }
        Json::Object(members) => {
            let name = step.replace("~1", "/").replace("~0", "~");
            put_at(members.entry(name).or_insert(Json::Null), rest, text);
        }
        other => {
            *other = Json::Object(serde_json::Map::new());
            put_at(other, steps, text);
        }
    }
}

/// A query or form with one parameter more, which takes the place of those of its name.
fn with_parameter(query: &str, name: &str, text: &str) -> String {
    let mut kept = String::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let is_same = form_urlencoded::parse(pair.as_bytes()).next().is_some_and(|(known, _)| known == name);
        if !is_same {
            let _ = write!(kept, "{pair}&");
        }
    }
    let pair: String = form_urlencoded::Serializer::new(String::new()).append_pair(name, text).finish();
    kept + &pair
}
