//! A description in words, for people who set up a source: how requests are verified, what the handshakes
//! are, where to put what. Nothing here decides anything.

use std::fmt::Write as _;

use crate::definition::{
    Algorithm, Credential, Encoding, Format, Handshake, Jwt, Key, KeyEncoding, Provider, Scheme, Signature,
};
use crate::template::{Place, Value};

/// What kind of proof a scheme asks for, in a word or two.
pub fn kind(scheme: &Scheme) -> &'static str {
    match scheme {
        Scheme { signature: Some(signature), .. } => algorithm(signature.algorithm),
        Scheme { jwt: Some(jwt), .. } if jwt.payload.is_some() => "detached JWS",
        Scheme { jwt: Some(_), .. } => "JWT",
        Scheme { credential: Some(credential), .. } if credential.basic => "HTTP Basic",
        Scheme { credential: Some(_), .. } => "shared token",
        Scheme { adapter: Some(_), .. } => "of its own",
        _ => "unsigned",
    }
}

/// How requests are verified, in whole sentences.
pub fn scheme(scheme: &Scheme) -> String {
    match scheme {
        Scheme { signature: Some(signature), .. } => self::signature(signature),
        Scheme { jwt: Some(jwt), .. } => self::jwt(jwt),
        Scheme { credential: Some(credential), .. } => self::credential(credential),
        Scheme { adapter: Some(adapter), .. } => {
            format!("The provider's own scheme, `{}`; its document says how it signs.", adapter.name)
        }
        Scheme { unsigned: Some(why), .. } => format!("Nothing is verified. {why}"),
        _ => String::new(),
    }
}

/// What a provider asks of a URL, and the answer, in one sentence.
pub fn handshake(handshake: &Handshake) -> String {
    let mut text = format!("{} ", handshake.method.as_deref().unwrap_or("POST"));
    match &handshake.path {
        Some(path) => text.push_str(path),
        None => text.push_str("to the source's URL"),
    }
    let conditions: Vec<String> = handshake.when.iter().map(condition).collect();
    if !conditions.is_empty() {
        let _ = write!(text, " with {}", conditions.join(" and "));
    }
    if handshake.verified {
        text.push_str(", verified");
    }
    let _ = write!(text, ": answered {}", handshake.respond.status.unwrap_or(200));
    if let Some(body) = &handshake.respond.body {
        let _ = write!(text, " `{}`", body.replace("{{", "{").replace("}}", "}"));
    }
    for (name, value) in &handshake.respond.headers {
        let _ = write!(text, ", `{name}: {value}`");
    }
    if let Some(captured) = &handshake.capture {
        let _ = write!(text, "; {} becomes the source's secret", place(captured));
    }
    if handshake.then.is_some() {
        text.push_str("; then the URL in it is called");
    }
    text + "."
}

fn condition(condition: &crate::definition::Condition) -> String {
    let place = place(&condition.value);
    match (&condition.equals, condition.absent) {
        (_, true) => format!("no {}", place.strip_prefix("the ").unwrap_or(&place)),
        (Some(equals), _) => format!("{place} `{}`", equals.replace("{{", "{").replace("}}", "}")),
        (None, _) => place,
    }
}

fn signature(signature: &Signature) -> String {
    let mut text = format!(
        "{} of `{}`, in {}",
        algorithm(signature.algorithm),
        signature.message,
        encoding(signature.encoding)
    );
    let places: Vec<String> = signature.from.iter().map(|from| place(from)).collect();
    let _ = write!(text, ", in {}", places.join(" or "));
    match (signature.format, &signature.element) {
        (Format::Pairs, Some(element)) => {
            let _ = write!(text, " as the element `{element}`");
        }
        (Format::List, Some(element)) => {
            let _ = write!(text, " behind `{element}`");
        }
        _ => {}
    }
    if let Some(prefix) = &signature.prefix {
        let optional = if signature.prefix_optional { " (which may be missing)" } else { "" };
        let _ = write!(text, " behind `{prefix}`{optional}");
    }
    text.push('.');
    if let Some(how) = key(&signature.key) {
        let _ = write!(text, " {how}");
    }
    match &signature.timestamp {
        Some(timestamp) => {
            let place = place(&timestamp.from);
            match timestamp.tolerance_s {
                Some(tolerance_s) => {
                    let _ = write!(text, " The time in {place} may be {tolerance_s} s off.");
                }
                None => {
                    let _ = write!(text, " The time in {place} is looked at only if `tolerance_s` is set.");
                }
            }
        }
        None => text.push_str(" No time is signed, so a request can be sent again by whoever has it."),
    }
    text
}

fn key(key: &Key) -> Option<String> {
    let how = match (&key.fetch, key.published.is_empty(), key.encoding) {
        (Some(fetch), _, _) => format!("The key is fetched from `{}`.", fetch.url),
        (None, false, _) => "The key is one that the provider has published for everybody.".to_owned(),
        (None, true, KeyEncoding::Raw) if key.text == "{secret}" && key.derive.is_none() => return None,
        (None, true, KeyEncoding::Raw) => format!("The key is `{}`.", key.text),
        (None, true, KeyEncoding::Hex) => "The key is written in hex in the secret.".to_owned(),
        (None, true, KeyEncoding::Base64) => match &key.strip {
            Some(strip) => format!("The key is what base64 behind `{strip}` in the secret says."),
            None => "The key is written in base64 in the secret.".to_owned(),
        },
        (None, true, KeyEncoding::Pem) => "The secret is a public key, as PEM.".to_owned(),
    };
    let derived = key.derive.map(|digest| format!(" Its {digest:?} is the key.").replace("Sha", "SHA-"));
    Some(how + &derived.unwrap_or_default())
}

fn jwt(jwt: &Jwt) -> String {
    let algorithms: Vec<String> = jwt.algorithms.iter().map(|algorithm| format!("{algorithm:?}")).collect();
    let places: Vec<String> = jwt.from.iter().map(|from| place(from)).collect();
    let what = if jwt.payload.is_some() { "A detached signature" } else { "A signed token" };
    let mut text = format!("{what} ({}) in {}", algorithms.join(", "), places.join(" or "));
    if let Some(prefix) = &jwt.prefix {
        let _ = write!(text, " behind `{}`", prefix.trim_end());
    }
    if let Some(payload) = &jwt.payload {
        let _ = write!(text, ", over `{payload}`");
    }
    text.push('.');
    if let Some(how) = key(&jwt.key) {
        let _ = write!(text, " {how}");
    }
    for claim in &jwt.claim {
        let _ = write!(text, " The claim `{}` must be `{}`.", claim.at, claim.equals);
    }
    text
}

fn credential(credential: &Credential) -> String {
    let place = place(&credential.from);
    let prefix = credential.prefix.as_ref().map(|prefix| format!(" behind `{}`", prefix.trim_end()));
    let how = if credential.basic { ", as HTTP Basic" } else { "" };
    format!(
        "`{}` stands in {place}{}{how}. Nothing is signed: whoever sees a request can make others.",
        credential.equals,
        prefix.unwrap_or_default()
    )
}

/// A value's place in words; the value as it is written where that says more.
fn place(text: &str) -> String {
    if let Some(numbered) = text.strip_prefix("headers:") {
        return format!("the headers `{numbered}`");
    }
    match Value::parse(text) {
        Ok(Value { place: Place::Header(crate::template::Name::Setting(setting)), .. }) => {
            format!("the header that the setting `{setting}` names")
        }
        Ok(value) => value.place.to_string(),
        Err(_) => format!("`{text}`"),
    }
}

const fn encoding(encoding: Encoding) -> &'static str {
    match encoding {
        Encoding::Hex => "lower-case hex",
        Encoding::HexUpper => "upper-case hex",
        Encoding::HexAny => "hex",
        Encoding::Hex0x => "hex behind `0x`",
        Encoding::Base64 => "base64",
        Encoding::Base64url => "base64 for URLs",
        Encoding::Base64Hex => "base64 of hex",
    }
}

pub(crate) const fn algorithm(algorithm: Algorithm) -> &'static str {
    match algorithm {
        Algorithm::HmacMd5 => "HMAC-MD5",
        Algorithm::HmacSha1 => "HMAC-SHA1",
        Algorithm::HmacSha256 => "HMAC-SHA256",
        Algorithm::HmacSha384 => "HMAC-SHA384",
        Algorithm::HmacSha512 => "HMAC-SHA512",
        Algorithm::Md5 => "MD5 with the secret in it",
        Algorithm::Sha1 => "SHA-1 with the secret in it",
        Algorithm::Sha256 => "SHA-256 with the secret in it",
        Algorithm::Sha512 => "SHA-512 with the secret in it",
        Algorithm::Keccak256 => "Keccak-256 with the secret in it",
        Algorithm::Ed25519 => "Ed25519",
        Algorithm::EcdsaP256Sha256 => "ECDSA P-256 SHA-256",
        Algorithm::EcdsaP256Sha1 => "ECDSA P-256 SHA-1",
        Algorithm::RsaPkcs1Sha1 => "RSA SHA-1",
        Algorithm::RsaPkcs1Sha256 => "RSA SHA-256",
        Algorithm::RsaPkcs1Sha512 => "RSA SHA-512",
        Algorithm::RsaPssSha512 => "RSA-PSS SHA-512",
    }
}

/// What a source of this provider can show about its proof: the kinds of its schemes, each once.
pub fn kinds(provider: &Provider) -> Vec<&'static str> {
    let mut kinds: Vec<_> = provider.scheme.iter().map(kind).collect();
    kinds.dedup();
    kinds
}
