//! The generic provider `hmac`: a scheme that stands in the source's settings instead of a description.
//!
//! What is signed is a template over the body and, where wanted, the timestamp, the method and the
//! request target. The body must be part of it: a signature over anything less would let the body be
//! exchanged.

use crate::configuration::ConfigError;
use crate::definition::{Algorithm, Encoding, Format, Key, KeyEncoding, Signature, Timestamp, Unit};
use crate::engine::front::Front;
use crate::engine::prepare::Site;
use crate::engine::symmetric::Symmetric;
use crate::settings::TOLERANCE;
use crate::template::{Part, Place, Template, Value};

/// The older language of this provider's messages, which sources are configured in.
const PLACEHOLDERS: [(&str, Place); 4] = [
    ("{body}", Place::Body),
    ("{timestamp}", Place::Timestamp),
    ("{method}", Place::Method),
    ("{target}", Place::Target),
];

/// Makes a scheme of the settings.
pub(super) fn compile(tolerance_s: Option<u64>, site: &Site<'_>) -> Result<Symmetric, ConfigError> {
    let (signature, message) = described(tolerance_s, site)?;
    let front = Front::with_message(&signature, message, tolerance_s, site)?;
    Symmetric::with_front(front, &signature, site).map_err(|error| match error {
        ConfigError::MalformedSecret { provider, index, why } if why.starts_with("is not") => {
            ConfigError::MalformedSecret { provider, index, why: format!("{why}, as `secret_encoding` says") }
        }
        other => other,
    })
}

/// The description that the settings make up, and the message it signs.
pub(crate) fn described(
    tolerance_s: Option<u64>,
    site: &Site<'_>,
) -> Result<(Signature, Template), ConfigError> {
    let settings = site.settings;
    let chosen = |name: &str| settings.get(name).unwrap_or_default();
    let message = parse(chosen("message")).map_err(|why| settings.bad("message", why))?;
    let algorithm = match chosen("algorithm") {
        "sha1" => Algorithm::HmacSha1,
        "sha384" => Algorithm::HmacSha384,
        "sha512" => Algorithm::HmacSha512,
        _ => Algorithm::HmacSha256,
    };
    let encoding = if chosen("encoding") == "base64" { Encoding::Base64 } else { Encoding::Hex };
    let key_encoding = match chosen("secret_encoding") {
        "hex" => KeyEncoding::Hex,
        "base64" => KeyEncoding::Base64,
        _ => KeyEncoding::Raw,
    };
    let signature = Signature {
        algorithm,
        from: vec!["header:$header".to_owned()],
        prefix: settings.get("prefix").filter(|prefix| !prefix.is_empty()).map(escaped),
        prefix_optional: false,
        format: Format::Plain,
        separator: None,
        repeated: None,
        element: None,
        encoding,
        message: String::new(),
        hashed: None,
        content_decoded: false,
        key: Key { encoding: key_encoding, ..Key::default() },
        timestamp: timestamp(tolerance_s, &message, site)?,
        outdated: Vec::new(),
        header_families: Vec::new(),
    };
    Ok((signature, message))
}

/// The timestamp, which there is exactly where the message has one: an unsigned one could be set to
/// anything.
fn timestamp(
    tolerance_s: Option<u64>,
    message: &Template,
    site: &Site<'_>,
) -> Result<Option<Timestamp>, ConfigError> {
    let settings = site.settings;
    if message.has(&Place::Timestamp) {
        if settings.get("timestamp_header").is_none() {
            return Err(settings.missing("timestamp_header", "the message has a `{timestamp}`"));
        }
        let from = "header:$timestamp_header".to_owned();
        return Ok(Some(Timestamp { from, unit: Unit::S, tolerance_s }));
    }
    for name in ["timestamp_header", TOLERANCE] {
        if settings.get(name).is_some() {
            return Err(settings.bad(name, "it has no effect without `{timestamp}` in the message"));
        }
    }
    Ok(None)
}

/// A text as a template that stands for it.
fn escaped(text: &str) -> String {
    text.replace('{', "{{").replace('}', "}}")
}

/// Cuts a message into parts. The error is a clause that says what is wrong.
fn parse(text: &str) -> Result<Template, &'static str> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some((before, placeholder)) = rest.find('{').and_then(|brace| rest.split_at_checked(brace)) {
        if !before.is_empty() {
            parts.push(Part::Text(before.to_owned()));
        }
        let Some((name, place)) = PLACEHOLDERS.into_iter().find(|(name, _)| placeholder.starts_with(name))
        else {
            return Err("`{` begins one of `{body}`, `{timestamp}`, `{method}` and `{target}` only");
        };
        let part = Part::Value(Value { place, filters: Vec::new() });
        if parts.contains(&part) {
            return Err("each placeholder can stand there only once");
        }
        parts.push(part);
        rest = placeholder.strip_prefix(name).unwrap_or_default();
    }
    if !rest.is_empty() {
        parts.push(Part::Text(rest.to_owned()));
    }
    let template = Template { parts };
    if template.has(&Place::Body) { Ok(template) } else { Err("it must contain `{body}`") }
}
