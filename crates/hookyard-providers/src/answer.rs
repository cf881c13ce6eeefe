//! What a provider is answered: an answer's templates, filled from the request.
//!
//! **Invariants:** nothing that a sender chose can end a header line or begin another one; an answer is
//! at most [`BODY_BYTES_MAX`] long, whatever the request holds.

use http::{HeaderName, HeaderValue, StatusCode, header};

use crate::configuration::{ConfigError, Configuration};
use crate::definition::{self, Respond};
use crate::read::Reader;
use crate::request::Request;
use crate::settings::Settings;
use crate::template::{Part, Template};

/// Longest body of an answer, in bytes. The longest that a provider is known to ask for is 1 KiB.
pub(crate) const BODY_BYTES_MAX: usize = 64 << 10;

/// An answer, ready to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status code.
    pub status: StatusCode,
    /// The headers, the media type of the body among them.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// The body; none where it is left to whoever sends the answer.
    pub body: Option<Vec<u8>>,
}

/// What a provider wants to be answered.
#[derive(Clone, Debug)]
pub struct AcceptedAnswer {
    settings: Settings,
    accepted: Compiled,
    refused: Option<StatusCode>,
    is_plain: bool,
}

impl AcceptedAnswer {
    /// The answers that the provider of this configuration wants.
    ///
    /// # Errors
    /// [`ConfigError`] where there is no such provider or a setting is wrong.
    pub fn new(configuration: &Configuration<'_>) -> Result<Self, ConfigError> {
        let provider = configuration.described()?;
        let definition::Answer { status, content_type, body, headers, refused_status, retries: _ } =
            provider.answer.clone();
        let is_plain = status.is_none() && content_type.is_none() && body.is_none() && headers.is_empty();
        let respond = Respond { status, content_type, body, headers };
        Ok(Self {
            settings: Settings::new(provider, configuration.settings)?,
            accepted: Compiled::new(&respond, StatusCode::OK)
                .map_err(|why| ConfigError::BadDescription { provider: &provider.name, why })?,
            refused: refused_status.and_then(|status| StatusCode::from_u16(status).ok()),
            is_plain,
        })
    }

    /// Whether any success will do.
    pub fn is_plain(&self) -> bool {
        self.is_plain
    }

    /// What an accepted request is answered. What cannot be filled is left out: the request is accepted
    /// all the same.
    pub fn accepted(&self, request: &Request<'_>, request_id: &str) -> Answer {
        self.accepted.fill_in_part(&Reader::new(request, &self.settings).with_request_id(request_id))
    }

    /// The status for a request that is not verified, where the provider wants another than 401.
    pub fn refused_status(&self) -> Option<StatusCode> {
        self.refused
    }
}

/// An answer's templates.
#[derive(Clone, Debug)]
pub(crate) struct Compiled {
    status: StatusCode,
    content_type: Option<HeaderValue>,
    headers: Vec<(HeaderName, Template)>,
    body: Option<Template>,
}

impl Compiled {
    /// Takes a description's answer apart.
    pub(crate) fn new(respond: &Respond, status: StatusCode) -> Result<Self, String> {
        let mut headers = Vec::with_capacity(respond.headers.len());
        for (name, text) in &respond.headers {
            let name = name.parse().map_err(|_| format!("`{name}` is not the name of a header"))?;
            headers.push((name, Template::parse(text)?));
        }
        let body = respond.body.as_deref().map(Template::parse).transpose()?;
        let has_body = body.as_ref().is_some_and(|body| !body.parts.is_empty());
        let content_type = respond.content_type.as_deref().or(has_body.then_some("text/plain"));
        let status = match respond.status {
            None => status,
            Some(code) => StatusCode::from_u16(code).map_err(|_| format!("{code} is not a status"))?,
        };
        Ok(Self {
            status,
            content_type: content_type
                .map(HeaderValue::from_str)
                .transpose()
                .map_err(|_| "the media type cannot be sent".to_owned())?,
            headers,
            body,
        })
    }

    /// The answer to what `reader` reads from.
    ///
    /// # Errors
    /// A sentence that says what cannot be answered with.
    pub(crate) fn fill(&self, reader: &Reader<'_>) -> Result<Answer, String> {
        let mut headers = self.content_type_line();
        for (name, template) in &self.headers {
            headers.push((name.clone(), header_value(name, template, reader)?));
        }
        let body = self.body.as_ref().map(|template| body(template, reader)).transpose()?;
        Ok(Answer { status: self.status, headers, body })
    }

    fn fill_in_part(&self, reader: &Reader<'_>) -> Answer {
        let mut headers = self.content_type_line();
        let filled = self
            .headers
            .iter()
            .filter_map(|(name, template)| Some((name.clone(), header_value(name, template, reader).ok()?)));
        headers.extend(filled);
        let body = self.body.as_ref().map(|template| body(template, reader).unwrap_or_default());
        Answer { status: self.status, headers, body }
    }

    fn content_type_line(&self) -> Vec<(HeaderName, HeaderValue)> {
        let lines = self.content_type.iter().map(|value| (header::CONTENT_TYPE, value.clone()));
        lines.collect()
    }
}

/// A header value is what HTTP can carry: no line break, no other control character.
fn header_value(name: &HeaderName, template: &Template, reader: &Reader<'_>) -> Result<HeaderValue, String> {
    let filled = fill(template, reader)?;
    HeaderValue::from_bytes(&filled)
        .map_err(|_| format!("what the header `{name}` would hold cannot be sent"))
}

fn body(template: &Template, reader: &Reader<'_>) -> Result<Vec<u8>, String> {
    fill(template, reader)
}

fn fill(template: &Template, reader: &Reader<'_>) -> Result<Vec<u8>, String> {
    if let [Part::Text(text)] = template.parts.as_slice() {
        return Ok(text.clone().into_bytes());
    }
    let filled = reader
        .template(template)
        .map_err(|unreadable| crate::verdict::Refusal::from(unreadable).to_string())?;
    if filled.len() > BODY_BYTES_MAX {
        return Err(format!("the answer would be longer than {BODY_BYTES_MAX} bytes"));
    }
    Ok(filled)
}
