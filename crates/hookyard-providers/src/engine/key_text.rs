//! The bytes of a key, made of a secret's text as the description says.

use ring::digest;

use crate::configuration::ConfigError;
use crate::definition::{Digest, Key, KeyEncoding};
use crate::engine::prepare::Site;
use crate::read::{Reader, filter};
use crate::request::Request;
use crate::template::{Place, Template};

/// One key of a source.
pub(crate) struct KeyBytes {
    /// Which secret it was made of, counted from 0; none where it was made of settings alone.
    pub(crate) secret: Option<usize>,
    pub(crate) bytes: Vec<u8>,
}

/// The keys of a source: one of each secret, or a single one where no secret is part of them.
pub(crate) fn keys(key: &Key, site: &Site<'_>) -> Result<Vec<KeyBytes>, ConfigError> {
    let strip = key.strip.as_deref();
    texts(&key.text, site)?
        .into_iter()
        .map(|(secret, text)| {
            let bare = strip.and_then(|strip| text.strip_prefix(strip.as_bytes())).unwrap_or(&text);
            let bytes = decode(bare, key.encoding).map_err(|why| {
                let why = match strip {
                    Some(strip) => format!("{why}, with or without `{strip}` before it"),
                    None => why.to_owned(),
                };
                bad(site, secret, why)
            })?;
            // An empty key would be one that everybody knows.
            if bytes.is_empty() {
                return Err(bad(site, secret, "is empty".to_owned()));
            }
            let bytes = match key.derive {
                Some(how) => digest(how, &bytes),
                None => bytes,
            };
            Ok(KeyBytes { secret, bytes })
        })
        .collect()
}

/// Which secret is in a text, where one is, and the text.
pub(crate) type Text = (Option<usize>, Vec<u8>);

/// A template over secret and settings, filled once for each secret; once in all where it names none.
pub(crate) fn texts(text: &str, site: &Site<'_>) -> Result<Vec<Text>, ConfigError> {
    let template = site.template(text)?;
    if !template.values().iter().any(|value| value.place == Place::Secret) {
        return Ok(vec![(None, filled(&template, None, site)?)]);
    }
    let of_each = site.secrets.iter().enumerate();
    of_each.map(|(index, secret)| Ok((Some(index), filled(&template, Some(secret), site)?))).collect()
}

fn filled(template: &Template, secret: Option<&str>, site: &Site<'_>) -> Result<Vec<u8>, ConfigError> {
    let headers = http::HeaderMap::new();
    let nothing = Request { method: "", target: "", headers: &headers, body: b"", public_url: None };
    let mut reader = Reader::new(&nothing, site.settings);
    if let Some(secret) = secret {
        reader = reader.with_secret(secret);
    }
    reader.template(template).map_err(|unreadable| match unreadable.place {
        Place::Setting(name) => site.settings.missing(name, "the key is made with it"),
        other => site.bad_description(format!("{other} cannot be part of a key")),
    })
}

pub(crate) fn bad(site: &Site<'_>, secret: Option<usize>, why: String) -> ConfigError {
    match secret {
        Some(index) => ConfigError::MalformedSecret { provider: site.provider(), index, why },
        None => site.bad_description(format!("its key {why}")),
    }
}

fn decode(text: &[u8], encoding: KeyEncoding) -> Result<Vec<u8>, &'static str> {
    match encoding {
        KeyEncoding::Raw => Ok(text.to_vec()),
        KeyEncoding::Hex => decode_hex(text).ok_or("is not hex"),
        KeyEncoding::Base64 => filter::unbase64(text).ok_or("is not base64"),
        KeyEncoding::Pem => Err("is a PEM text, which is no shared key"),
    }
}

/// Hex of any length and of either case, as people paste it.
pub(crate) fn decode_hex(text: &[u8]) -> Option<Vec<u8>> {
    let (pairs, rest) = text.as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    let digit = |digit: u8| char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)).collect()
}

/// The digest of some bytes.
pub(crate) fn digest(how: Digest, bytes: &[u8]) -> Vec<u8> {
    let algorithm = match how {
        Digest::Md5 => return filter::md5(bytes),
        Digest::Sha1 => &digest::SHA1_FOR_LEGACY_USE_ONLY,
        Digest::Sha256 => &digest::SHA256,
        Digest::Sha512 => &digest::SHA512,
    };
    digest::digest(algorithm, bytes).as_ref().to_vec()
}
