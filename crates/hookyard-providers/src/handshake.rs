//! Handshakes: what providers ask of a URL before, or between, their webhooks, and what they are answered.
//!
//! A handshake is answered at once and never routed. One that makes its answer with the source's secret
//! signs text that its sender chose; the description bounds that text, so that no answer is ever a
//! signature that would pass for the provider's.
//!
//! **Invariants:** what is compared with a secret is compared in constant time; a value that a handshake
//! brings becomes the source's secret only where it has none.

use http::{Method, StatusCode};

use crate::answer::{Answer, Compiled};
use crate::condition::Condition;
use crate::configuration::{ConfigError, Configuration};
use crate::definition::{self, Characters, Chosen};
use crate::engine::key_text;
use crate::engine::prepare::Site;
use crate::key_cache::{KeyRequest, check_host};
use crate::read::{Reader, url};
use crate::request::Request;
use crate::settings::Settings;
use crate::template::{Template, Value};
use crate::verdict::{Refusal, Verdict};

/// Longest value that can become a secret, in bytes.
const CAPTURED_BYTES_MAX: usize = 512;

/// The handshakes of one source.
#[derive(Debug)]
pub struct Handshakes {
    settings: Settings,
    has_secret: bool,
    /// The first secret, and the key that the scheme makes of it.
    secret: Option<Box<str>>,
    key: Option<Vec<u8>>,
    known: Vec<Known>,
}

/// One handshake, taken apart.
#[derive(Debug)]
struct Known {
    name: &'static str,
    method: Method,
    path: Option<&'static str>,
    verified: bool,
    when: Vec<Condition>,
    expect: Vec<Condition>,
    text: Option<Template>,
    signs: Option<(Value, &'static Chosen)>,
    capture: Option<Value>,
    respond: Compiled,
    otherwise: Compiled,
    then: Option<(Template, &'static [String])>,
}

/// What became of a request that is a handshake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is answered.
    Answered(HandshakeAnswer),
    /// It is not the provider's.
    Unverified(Refusal),
    /// Whether it is the provider's can only be said with a key.
    KeyNeeded(Box<KeyRequest>),
}

/// The answer to a handshake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HandshakeAnswer {
    /// The handshake's name.
    pub name: &'static str,
    /// What is sent.
    pub answer: Answer,
    /// What has to become the source's secret, durably, before the answer is sent.
    pub capture: Option<String>,
    /// Why the answer is a refusal, in a sentence for the source's owner; none where it is not.
    pub refused: Option<String>,
    /// What is called once the request is durable.
    pub then: Option<Call>,
}

/// A call that completes a handshake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// The URL to get. It is `https`, and its host is one of `hosts`.
    pub url: String,
    /// The hosts that the description allows, `*.` standing for any subdomain.
    pub hosts: Vec<String>,
}

impl Handshakes {
    /// The handshakes of a source.
    ///
    /// # Errors
    /// [`ConfigError`] where there is no such provider, or a setting or secret is wrong.
    pub fn new(configuration: &Configuration<'_>) -> Result<Self, ConfigError> {
        let provider = configuration.described()?;
        let settings = Settings::new(provider, configuration.settings)?;
        let secret = configuration.secrets.first();
        let signs = provider.handshake.iter().any(|handshake| handshake.signs.is_some());
        let key = if signs { signing_key(&settings, configuration)? } else { None };
        let compile = |handshake: &'static definition::Handshake| {
            Known::new(handshake).map_err(|why| ConfigError::BadDescription { provider: &provider.name, why })
        };
        Ok(Self {
            has_secret: secret.is_some(),
            secret: secret.map(|secret| Box::from(*secret)),
            key,
            known: provider.handshake.iter().map(compile).collect::<Result<_, _>>()?,
            settings,
        })
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    /// Whether one of them comes with this method; such a method is always taken.
    pub fn takes(&self, method: &str) -> bool {
        self.known.iter().any(|known| known.path.is_none() && known.method.as_str() == method)
    }

    /// Whether one of them is asked of the host, and not of the source's URL.
    pub fn asks_host(&self) -> bool {
        self.known.iter().any(|known| known.path.is_some())
    }

    /// Answers the request if it is a handshake at the source's URL. `verified` is asked for those that
    /// must be verified.
    pub fn answer(&self, request: &Request<'_>, verified: impl FnOnce() -> Verdict) -> Option<Outcome> {
        let reader = self.reader(request);
        let known = self.known.iter().find(|known| known.path.is_none() && known.is(&reader))?;
        if known.verified {
            match verified() {
                Verdict::Verified(_) => {}
                Verdict::Refused(refusal) => return Some(Outcome::Unverified(refusal)),
                Verdict::KeyNeeded(key) => return Some(Outcome::KeyNeeded(key)),
            }
        }
        Some(Outcome::Answered(self.answer_to(known, reader)))
    }

    /// Answers a question that a provider asks the host, at a path that is no source's.
    pub fn answer_for_host(&self, request: &Request<'_>) -> Option<HandshakeAnswer> {
        let path = url::path(request.target);
        let reader = self.reader(request);
        let known = self.known.iter().find(|known| known.path == Some(path) && known.is(&reader))?;
        Some(self.answer_to(known, reader))
    }

    fn reader<'a>(&'a self, request: &'a Request<'a>) -> Reader<'a> {
        let reader = Reader::new(request, &self.settings);
        let reader = self.secret.as_deref().map_or(reader, |secret| reader.with_secret(secret));
        self.key.as_deref().map_or(reader, |key| reader.with_key(key))
    }

    fn answer_to(&self, known: &Known, reader: Reader<'_>) -> HandshakeAnswer {
        let text = known.text.as_ref().and_then(|text| reader.template(text).ok());
        let reader = match &text {
            Some(text) => reader.with_text(text),
            None => reader,
        };
        let answered =
            |answer| HandshakeAnswer { name: known.name, answer, capture: None, refused: None, then: None };
        match known.good(&reader, self.has_secret) {
            Ok((answer, capture, then)) => HandshakeAnswer { capture, then, ..answered(answer) },
            Err(why) => {
                let empty = Answer { status: StatusCode::FORBIDDEN, headers: Vec::new(), body: None };
                let answer = known.otherwise.fill(&reader).unwrap_or(empty);
                HandshakeAnswer { refused: Some(why), ..answered(answer) }
            }
        }
    }
}

/// The key that the scheme in use makes of the first secret; none where it is the secret's own text.
fn signing_key(
    settings: &Settings,
    configuration: &Configuration<'_>,
) -> Result<Option<Vec<u8>>, ConfigError> {
    let Some(signature) = &settings.scheme()?.signature else { return Ok(None) };
    let site = Site { settings, secrets: configuration.secrets, public_url: configuration.public_url };
    let first = key_text::keys(&signature.key, &site)?.into_iter().next();
    Ok(first.map(|key| key.bytes))
}

type Good = (Answer, Option<String>, Option<Call>);

impl Known {
    fn new(handshake: &'static definition::Handshake) -> Result<Self, String> {
        let conditions = |conditions: &[definition::Condition]| {
            conditions.iter().map(Condition::new).collect::<Result<Vec<_>, _>>()
        };
        let method = handshake.method.as_deref().unwrap_or("POST");
        let otherwise = handshake.otherwise.clone().unwrap_or_default();
        Ok(Self {
            name: &handshake.name,
            method: method.parse().map_err(|_| format!("`{method}` is not a method"))?,
            path: handshake.path.as_deref(),
            verified: handshake.verified,
            when: conditions(&handshake.when)?,
            expect: conditions(&handshake.expect)?,
            text: handshake.text.as_deref().map(Template::parse).transpose()?,
            signs: match &handshake.signs {
                Some(chosen) => Some((Value::parse(&chosen.value)?, chosen)),
                None => None,
            },
            capture: handshake.capture.as_deref().map(Value::parse).transpose()?,
            respond: Compiled::new(&handshake.respond, StatusCode::OK)?,
            otherwise: Compiled::new(&otherwise, StatusCode::FORBIDDEN)?,
            then: match &handshake.then {
                Some(then) => Some((Template::parse(&then.get)?, then.hosts.as_slice())),
                None => None,
            },
        })
    }

    fn is(&self, reader: &Reader<'_>) -> bool {
        reader.request().method == self.method.as_str()
            && self.when.iter().all(|condition| condition.holds(reader))
    }

    fn good(&self, reader: &Reader<'_>, has_secret: bool) -> Result<Good, String> {
        if let Some(condition) = self.expect.iter().find(|condition| !condition.holds(reader)) {
            return Err(format!("{} is not what the source expects", condition.value.place));
        }
        if let Some((value, chosen)) = &self.signs {
            let text = reader.value(value).map_err(|unreadable| Refusal::from(unreadable).to_string())?;
            within_bounds(&text, chosen).map_err(|why| format!("{} {why}", value.place))?;
        }
        let capture = self.capture.as_ref().map(|value| captured(reader, value, has_secret)).transpose()?;
        let then = self.then.as_ref().map(|(url, hosts)| call(reader, url, hosts)).transpose()?;
        Ok((self.respond.fill(reader)?, capture, then))
    }
}

/// Keeps an answer from being a signature that would pass for the provider's.
fn within_bounds(text: &[u8], chosen: &Chosen) -> Result<(), String> {
    let fits: fn(&u8) -> bool = match chosen.characters {
        Characters::Hex => |byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
        Characters::Token => |byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'),
        Characters::Base64 => {
            |byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'+' | b'/' | b'=')
        }
    };
    if text.is_empty() || text.len() > chosen.bytes_max {
        return Err(format!("has {} bytes, and is signed only with 1 to {}", text.len(), chosen.bytes_max));
    }
    if !text.iter().all(fits) {
        return Err("holds characters that a signed message could hold, and is not signed".to_owned());
    }
    Ok(())
}

fn captured(reader: &Reader<'_>, value: &Value, has_secret: bool) -> Result<String, String> {
    if has_secret {
        return Err(
            "the source has a secret already: remove it, and the next handshake brings its own".to_owned()
        );
    }
    let bytes = reader.value(value).map_err(|unreadable| Refusal::from(unreadable).to_string())?;
    let is_secret = (1..=CAPTURED_BYTES_MAX).contains(&bytes.len()) && bytes.iter().all(u8::is_ascii_graphic);
    if !is_secret {
        return Err(format!("{} is not a secret", value.place));
    }
    String::from_utf8(bytes.into_owned()).map_err(|_| format!("{} is not text", value.place))
}

fn call(reader: &Reader<'_>, template: &Template, hosts: &[String]) -> Result<Call, String> {
    let bytes = reader.template(template).map_err(|unreadable| Refusal::from(unreadable).to_string())?;
    let url = String::from_utf8(bytes).map_err(|_| "the URL to call is not text".to_owned())?;
    match check_host(&url, hosts) {
        Ok(()) => Ok(Call { url, hosts: hosts.to_vec() }),
        Err(problem) => Err(format!("`{url}` is not called: {problem}")),
    }
}

#[cfg(test)]
mod tests;
