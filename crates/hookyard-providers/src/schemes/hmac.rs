//! Any provider that signs with HMAC and puts one signature into one header.
//!
//! What is signed is a template over the body and, where wanted, the timestamp, the method and the
//! request target. The body must be part of it: a signature over anything less would let the body be
//! exchanged.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderName;
use ring::hmac;

use crate::catalogue::{ProviderInfo, SettingInfo};
use crate::config::ConfigError;
use crate::headers::{exactly_one, malformed};
use crate::keys::Keys;
use crate::request::{Refusal, Request, Verified};
use crate::schemes::Scheme;
use crate::settings::{Settings, TOLERANCE};
use crate::signatures::Encoding;
use crate::timestamp;

pub(crate) const INFO: ProviderInfo = ProviderInfo {
    name: "hmac",
    title: "HMAC (generic)",
    secrets_required: true,
    settings: &[
        SettingInfo {
            name: "header",
            required: true,
            default: None,
            meaning: "The header that holds the signature.",
        },
        SettingInfo {
            name: "algorithm",
            required: false,
            default: Some("sha256"),
            meaning: "The hash function: `sha1`, `sha256`, `sha384` or `sha512`.",
        },
        SettingInfo {
            name: "encoding",
            required: false,
            default: Some("hex"),
            meaning: "How the signature is written: `hex` (lower case) or `base64` (standard alphabet, \
                      padded).",
        },
        SettingInfo {
            name: "prefix",
            required: false,
            default: Some(""),
            meaning: "What stands before the signature in the header, for example `sha256=`.",
        },
        SettingInfo {
            name: "message",
            required: false,
            default: Some("{body}"),
            meaning: "What is signed: text with `{body}` and, where wanted, `{timestamp}`, `{method}` and \
                      `{target}` (path and query), each at most once.",
        },
        SettingInfo {
            name: "timestamp_header",
            required: false,
            default: None,
            meaning: "The header that holds the timestamp in seconds; needed for `{timestamp}`.",
        },
        TOLERANCE,
        SettingInfo {
            name: "secret_encoding",
            required: false,
            default: Some("utf8"),
            meaning: "How the key is written in the secret: `utf8` (the text itself), `hex` or `base64`.",
        },
    ],
    build: |secrets, settings| Ok(Scheme::Hmac(Hmac::new(secrets, settings)?)),
};

pub(crate) struct Hmac {
    keys: Keys,
    header: HeaderName,
    encoding: Encoding,
    prefix: Box<[u8]>,
    message: Vec<Piece>,
    timestamp: Option<TimestampHeader>,
}

struct TimestampHeader {
    name: HeaderName,
    tolerance_s: u64,
}

/// A piece of the signed message.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(Box<[u8]>),
    Body,
    Timestamp,
    Method,
    Target,
}

const PLACEHOLDERS: [(&str, Piece); 4] = [
    ("{body}", Piece::Body),
    ("{timestamp}", Piece::Timestamp),
    ("{method}", Piece::Method),
    ("{target}", Piece::Target),
];

#[derive(Clone, Copy)]
enum SecretEncoding {
    Utf8,
    Hex,
    Base64,
}

impl Hmac {
    fn new(secrets: &[&str], settings: &Settings<'_>) -> Result<Self, ConfigError> {
        let algorithm = settings.one_of(
            "algorithm",
            &[
                ("sha1", hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY),
                ("sha256", hmac::HMAC_SHA256),
                ("sha384", hmac::HMAC_SHA384),
                ("sha512", hmac::HMAC_SHA512),
            ],
        )?;
        let secret_encoding = settings.one_of(
            "secret_encoding",
            &[
                ("utf8", SecretEncoding::Utf8),
                ("hex", SecretEncoding::Hex),
                ("base64", SecretEncoding::Base64),
            ],
        )?;
        let message = parse_message(settings.get("message").unwrap_or_default())
            .map_err(|why| settings.bad("message", why))?;
        let Some(header) = settings.header("header")? else { return Err(settings.missing("header", "")) };
        Ok(Self {
            keys: Keys::new(INFO.name, algorithm, secrets, |text| decode_secret(text, secret_encoding))?,
            header,
            encoding: settings.one_of("encoding", &[("hex", Encoding::Hex), ("base64", Encoding::Base64)])?,
            prefix: settings.get("prefix").unwrap_or_default().as_bytes().into(),
            timestamp: timestamp_header(settings, message.contains(&Piece::Timestamp))?,
            message,
        })
    }

    pub(crate) fn verify(&self, request: &Request<'_>, now_s: u64) -> Result<Verified, Refusal> {
        let Some(text) = exactly_one(request.headers, &self.header)?.strip_prefix(&*self.prefix) else {
            return Err(malformed(&self.header, "it does not begin with the source's prefix"));
        };
        let mut signatures = self.keys.signatures();
        signatures.push(text, self.encoding).map_err(|why| malformed(&self.header, why))?;
        let mut signed_at: &[u8] = b"";
        if let Some(TimestampHeader { name, tolerance_s }) = &self.timestamp {
            signed_at = exactly_one(request.headers, name)?;
            timestamp::check(name, signed_at, now_s, *tolerance_s)?;
        }
        self.keys.find(&signatures, |message| {
            for piece in &self.message {
                message.update(match piece {
                    Piece::Text(text) => text,
                    Piece::Body => request.body,
                    Piece::Timestamp => signed_at,
                    Piece::Method => request.method.as_bytes(),
                    Piece::Target => request.target.as_bytes(),
                });
            }
        })
    }
}

/// The timestamp's header, which there is exactly where the message has a timestamp: an unsigned one
/// could be set to anything.
fn timestamp_header(settings: &Settings<'_>, signed: bool) -> Result<Option<TimestampHeader>, ConfigError> {
    if signed {
        let Some(name) = settings.header("timestamp_header")? else {
            return Err(settings.missing("timestamp_header", "the message has a `{timestamp}`"));
        };
        return Ok(Some(TimestampHeader { name, tolerance_s: settings.tolerance_s()? }));
    }
    for name in ["timestamp_header", TOLERANCE.name] {
        if settings.given(name).is_some() {
            return Err(settings.bad(name, "it has no effect without `{timestamp}` in the message"));
        }
    }
    Ok(None)
}

/// Cuts a template into pieces. The error is a clause that says what is wrong.
fn parse_message(template: &str) -> Result<Vec<Piece>, &'static str> {
    let mut pieces = Vec::new();
    let mut rest = template;
    while let Some(brace) = rest.find('{') {
        let (text, placeholder) = rest.split_at(brace);
        if !text.is_empty() {
            pieces.push(Piece::Text(text.as_bytes().into()));
        }
        let Some((name, piece)) = PLACEHOLDERS.into_iter().find(|(name, _)| placeholder.starts_with(name))
        else {
            return Err("`{` begins one of `{body}`, `{timestamp}`, `{method}` and `{target}` only");
        };
        if pieces.contains(&piece) {
            return Err("each placeholder can stand there only once");
        }
        pieces.push(piece);
        rest = placeholder.strip_prefix(name).unwrap_or_default();
    }
    if !rest.is_empty() {
        pieces.push(Piece::Text(rest.as_bytes().into()));
    }
    if pieces.contains(&Piece::Body) { Ok(pieces) } else { Err("it must contain `{body}`") }
}

fn decode_secret(text: &str, encoding: SecretEncoding) -> Result<Vec<u8>, &'static str> {
    match encoding {
        SecretEncoding::Utf8 => Ok(text.as_bytes().to_vec()),
        SecretEncoding::Hex => decode_hex(text).ok_or("is not hex, as `secret_encoding` says"),
        SecretEncoding::Base64 => {
            STANDARD.decode(text).map_err(|_| "is not padded standard base64, as `secret_encoding` says")
        }
    }
}

/// Hex of any length and of either case, as people paste it.
fn decode_hex(text: &str) -> Option<Vec<u8>> {
    let digits = text.chars().map(|digit| digit.to_digit(16)).collect::<Option<Vec<_>>>()?;
    let (pairs, rest) = digits.as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    pairs.iter().map(|[high, low]| u8::try_from(high << 4 | low).ok()).collect()
}
