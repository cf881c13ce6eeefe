//! What the provider says of an event: its id, its topic and its time.
//!
//! Read after the acknowledgement, and never decisive for it: a field that cannot be read is none.

use http::HeaderName;
use http::header::CONTENT_TYPE;

use crate::catalogue;
use crate::configuration::{ConfigError, Configuration};
use crate::definition::{FieldTime, Provider, Unit};
use crate::engine::timestamp;
use crate::read::Reader;
use crate::request::Request;
use crate::settings::Settings;
use crate::template::{Name, Place, Template, Value};

/// The longest id or topic that is read, in bytes.
pub const FIELD_BYTES_MAX: usize = 256;

/// What the provider says of an event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fields {
    /// The id that stays the same when the event is sent again.
    pub id: Option<String>,
    /// What happened, for example `invoice.paid`.
    pub topic: Option<String>,
    /// When it happened, in microseconds since the Unix epoch.
    pub time_us: Option<u64>,
}

/// Reads the fields of one source's requests.
#[derive(Debug)]
pub struct FieldReader {
    settings: Settings,
    id: Vec<Template>,
    topic: Vec<Template>,
    time: Option<(Value, Unit)>,
    /// None where code reads them, which may be any.
    headers: Option<Vec<HeaderName>>,
}

impl FieldReader {
    /// Prepares to read the fields of `configuration`'s provider.
    ///
    /// # Errors
    /// [`ConfigError`] for an unknown provider, or settings that it does not have.
    pub fn new(configuration: &Configuration<'_>) -> Result<Self, ConfigError> {
        let provider = catalogue::find(configuration.provider)?;
        let Provider { fields, .. } = provider;
        let settings = Settings::new(provider, configuration.settings)?;
        let (id, topic) = (templates(&fields.id), templates(&fields.topic));
        let time = fields.time.as_ref().and_then(time_of);
        let values =
            id.iter().chain(&topic).flat_map(Template::values).chain(time.iter().map(|(from, _)| from));
        let headers = headers(values, &settings);
        Ok(Self { settings, id, topic, time, headers })
    }

    /// Whether [`FieldReader::read`] may look for a header with this name, whatever its case. Whoever has header
    /// lines and no map of them can leave the others out.
    pub fn reads_header(&self, name: &str) -> bool {
        let is_it = |known: &HeaderName| known.as_str().eq_ignore_ascii_case(name);
        self.headers.as_ref().is_none_or(|headers| headers.iter().any(is_it))
    }

    /// Reads them from a request.
    pub fn read(&self, request: &Request<'_>) -> Fields {
        let reader = Reader::new(request, &self.settings);
        Fields {
            id: text(&reader, &self.id),
            topic: text(&reader, &self.topic),
            time_us: self.time.as_ref().and_then(|(from, unit)| {
                let text = reader.value(from).ok()?;
                timestamp::parse(&text, *unit)
            }),
        }
    }
}

/// The build script has parsed every one of them before.
pub(crate) fn templates(texts: &[String]) -> Vec<Template> {
    texts.iter().filter_map(|text| Template::parse(text).ok()).collect()
}

/// The headers that these values stand in; none where that may be any.
fn headers<'a>(values: impl Iterator<Item = &'a Value>, settings: &Settings) -> Option<Vec<HeaderName>> {
    let mut names = Vec::new();
    for value in values {
        match &value.place {
            Place::Header(Name::Fixed(name)) => names.push(name.clone()),
            Place::Header(Name::Setting(setting)) => {
                names.extend(settings.get(setting).and_then(|name| name.parse::<HeaderName>().ok()));
            }
            Place::Multipart(_) => names.push(CONTENT_TYPE),
            Place::Adapter(_) => return None,
            _ => {}
        }
    }
    Some(names)
}

fn time_of(time: &FieldTime) -> Option<(Value, Unit)> {
    Some((Value::parse(&time.from).ok()?, time.unit))
}

/// The first template that can be filled with something that is text and not too long. A longer one is
/// not cut: two ids that begin alike would become one.
pub(crate) fn text(reader: &Reader<'_>, templates: &[Template]) -> Option<String> {
    templates.iter().find_map(|template| {
        let filled = reader.template(template).ok()?;
        let text = String::from_utf8(filled).ok()?;
        let usable = !text.is_empty() && text.len() <= FIELD_BYTES_MAX && !text.chars().any(char::is_control);
        usable.then_some(text)
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use http::{HeaderMap, HeaderValue};

    use super::*;

    fn read(provider: &str, headers: &[(&'static str, &str)], body: &str) -> Fields {
        let configuration =
            Configuration { provider, secrets: &[], settings: &BTreeMap::new(), public_url: None };
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, HeaderValue::from_str(value).unwrap());
        }
        let request = Request {
            method: "POST",
            target: "/token",
            headers: &map,
            body: body.as_bytes(),
            public_url: None,
        };
        FieldReader::new(&configuration).unwrap().read(&request)
    }

    fn fields(id: Option<&str>, topic: Option<&str>, time_us: Option<u64>) -> Fields {
        Fields { id: id.map(ToOwned::to_owned), topic: topic.map(ToOwned::to_owned), time_us }
    }

    #[test]
    fn fields_are_read_from_headers_and_body() {
        let body = r#"{"id":"evt_1","created":1700000000,"type":"invoice.paid","data":{"id":"no"}}"#;
        let expected = fields(Some("evt_1"), Some("invoice.paid"), Some(1_700_000_000_000_000));
        assert_eq!(read("stripe", &[], body), expected);
        let headers = [("x-github-delivery", "d-1"), ("x-github-event", "issues")];
        let expected = fields(Some("d-1"), Some("issues.opened"), None);
        assert_eq!(read("github", &headers, r#"{"action":"opened"}"#), expected);
    }

    #[test]
    fn the_first_that_can_be_filled_counts() {
        let headers = [("x-github-event", "push")];
        assert_eq!(read("github", &headers, "{}"), fields(None, Some("push"), None));
        assert_eq!(read("github", &headers, "not json"), fields(None, Some("push"), None));
    }

    #[test]
    fn what_cannot_be_an_id_is_none() {
        let long = "x".repeat(FIELD_BYTES_MAX + 1);
        for id in ["", "a\\nb", &long] {
            assert_eq!(read("stripe", &[], &format!(r#"{{"id":"{id}"}}"#)).id, None);
        }
        for id in ["null", "{}", "[1]"] {
            assert_eq!(read("stripe", &[], &format!(r#"{{"id":{id}}}"#)).id, None);
        }
        assert_eq!(read("stripe", &[], r#"{"id":17}"#).id.as_deref(), Some("17"));
        assert_eq!(read("stripe", &[], "").id, None);
    }
}
