//! A signature over parts of the request, put where it is looked for.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

use crate::configuration::ConfigError;
use crate::definition::{Encoding, Format, Signature};
use crate::engine::prepare::Site;
use crate::engine::{key_text, mac};
use crate::public_key::{KeyAlgorithm, PrivateKey};
use crate::read::elements::{ElementKind, Elements};
use crate::read::{Reader, filter};
use crate::sign::draft::Draft;
use crate::sign::{SampleError, Wanted, time};
use crate::template::{Place, Template, Value};
use crate::verdict::Refusal;

/// What stands at places beside the signature that the description gives no meaning.
const FILLER: &str = "1";

/// Signs the draft.
pub(super) fn sign(
    draft: &mut Draft<'_>,
    signature: &Signature,
    message: &Template,
    wanted: &Wanted<'_>,
    site: &Site<'_>,
) -> Result<(), SampleError> {
    let impossible = |why: &str| SampleError::Impossible(why.to_owned());
    let timestamp = match &signature.timestamp {
        Some(stamp) => Some((site.value(&stamp.from)?, time::written(wanted.now_s, stamp.unit))),
        None => None,
    };
    if let Some((value, text)) = &timestamp
        && !matches!(value.place, Place::Signature(_))
    {
        draft.put(value, text)?;
    }
    draft.complete(&message.values())?;
    let first =
        signature.from.first().map(|from| site.value(from.strip_prefix("headers:").map_or(from, |_| "body")));
    if let Some(Ok(from @ Value { place: Place::Json(_), .. })) = &first {
        // A body is written anew when something is put into it; what is signed must be that one.
        draft.put(from, "")?;
    }
    let beside = beside(signature, message, timestamp.as_ref());
    let elements = elements(signature, &beside);
    let tag = draft.read(|reader| {
        let reader = match &timestamp {
            Some((_, text)) => reader.with_timestamp(text.as_bytes()),
            None => reader,
        };
        let reader = match &elements {
            Some(elements) => reader.with_elements(elements),
            None => reader,
        };
        make(signature, message, &reader, wanted, site)
    })?;
    let written = written(&tag, signature.encoding);
    let prefix = match &signature.prefix {
        None => String::new(),
        Some(prefix) => draft.read(|reader| {
            let bytes = reader.template(&site.template(prefix)?).map_err(|error| unfilled(error.into()))?;
            String::from_utf8(bytes).map_err(|_| impossible("the prefix is not text"))
        })?,
    };
    let text = beside + &prefix + &named(signature, &written, site)?;
    let from = signature.from.first().ok_or_else(|| impossible("nobody says where the signature stands"))?;
    let from = match from.strip_prefix("headers:") {
        Some(numbered) => format!("header:{}", numbered.replace('*', "1")),
        None => from.clone(),
    };
    draft.put(&site.value(&from)?, &text)
}

fn unfilled(refusal: Refusal) -> SampleError {
    SampleError::Impossible(format!("the message cannot be made: {refusal}"))
}

/// The signature's bytes.
fn make(
    signature: &Signature,
    message: &Template,
    reader: &Reader<'_>,
    wanted: &Wanted<'_>,
    site: &Site<'_>,
) -> Result<Vec<u8>, SampleError> {
    let filled = |reader: &Reader<'_>| reader.template(message).map_err(|error| unfilled(error.into()));
    let no_secret = || SampleError::Config(ConfigError::NoSecret { provider: site.provider() });
    if KeyAlgorithm::of_signature(signature.algorithm).is_some() {
        let pem = wanted.private_key.ok_or(SampleError::PrivateKeyNeeded(site.provider()))?;
        let key = PrivateKey::from_pem(pem)
            .map_err(|why| SampleError::Impossible(format!("the private key {why}")))?;
        let message = hashed(signature, filled(reader)?);
        return KeyAlgorithm::of_signature(signature.algorithm)
            .and_then(|algorithm| key.sign(algorithm, &message))
            .ok_or_else(|| SampleError::Impossible("the private key is of another type".to_owned()));
    }
    let key = match mac::Hash::of(signature.algorithm) {
        Some(hash) => mac::MacKey::Hash(hash),
        None => {
            let keys = key_text::keys(&signature.key, site)?;
            let key = keys.first().ok_or_else(no_secret)?;
            mac::MacKey::hmac(signature.algorithm, &key.bytes).ok_or_else(no_secret)?
        }
    };
    let reader = site.secrets.first().map_or(*reader, |secret| reader.with_secret(secret));
    let message = hashed(signature, filled(&reader)?);
    let tag = key.tag(|take| {
        take(&message);
        Ok::<_, SampleError>(())
    })?;
    Ok(tag.as_bytes().to_vec())
}

/// The message, or its digest where a provider hashes twice.
fn hashed(signature: &Signature, message: Vec<u8>) -> Vec<u8> {
    match signature.hashed {
        Some(digest) => key_text::digest(digest, &message),
        None => message,
    }
}

/// What stands before the signature in its value: `t=123,`, or `123,`.
fn beside(signature: &Signature, message: &Template, timestamp: Option<&(Value, String)>) -> String {
    let separator = separator(signature);
    let mut keys: Vec<(&str, &str)> = Vec::new();
    if let Some((Value { place: Place::Signature(key), .. }, text)) = timestamp {
        keys.push((key, text));
    }
    for value in message.values() {
        if let Place::Signature(key) = &value.place
            && !keys.iter().any(|(known, _)| known == key)
        {
            keys.push((key, FILLER));
        }
    }
    match signature.format {
        Format::Plain | Format::List => String::new(),
        Format::Pairs => keys.iter().map(|(key, text)| format!("{key}={text}{separator}")).collect(),
        Format::Positional => {
            let count = signature.element.as_ref().and_then(|element| element.parse::<usize>().ok());
            (0..count.unwrap_or_default())
                .map(|place| {
                    let known = keys.iter().find(|(key, _)| *key == place.to_string());
                    format!("{}{separator}", known.map_or(FILLER, |(_, text)| text))
                })
                .collect()
        }
    }
}

fn named(signature: &Signature, written: &str, site: &Site<'_>) -> Result<String, SampleError> {
    Ok(match (signature.format, signature.element.as_deref()) {
        (Format::Pairs, Some(name)) => format!("{name}={written}"),
        (Format::List, Some(mark)) => {
            let marks = key_text::texts(mark, site)?;
            let mark = marks.first().map(|(_, mark)| String::from_utf8_lossy(mark).into_owned());
            format!("{}{written}", mark.unwrap_or_default())
        }
        _ => written.to_owned(),
    })
}

fn elements<'a>(signature: &'a Signature, beside: &'a str) -> Option<Elements<'a>> {
    let kind = match signature.format {
        Format::Pairs => ElementKind::Named,
        Format::Positional => ElementKind::Numbered,
        Format::Plain | Format::List => return None,
    };
    Some(Elements::new(beside.as_bytes(), kind, separator(signature).as_bytes()))
}

fn separator(signature: &Signature) -> &str {
    signature.separator.as_deref().unwrap_or(",")
}

fn written(tag: &[u8], encoding: Encoding) -> String {
    match encoding {
        Encoding::Hex | Encoding::HexAny => filter::hex(tag),
        Encoding::HexUpper => filter::hex(tag).to_ascii_uppercase(),
        Encoding::Hex0x => format!("0x{}", filter::hex(tag)),
        Encoding::Base64 => STANDARD.encode(tag),
        Encoding::Base64url => URL_SAFE_NO_PAD.encode(tag),
        Encoding::Base64Hex => STANDARD.encode(filter::hex(tag)),
    }
}
