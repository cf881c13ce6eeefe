//! Where the public keys of a scheme come from: the source's secrets, the description, or a document that
//! has to be fetched.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::adapters::percent;
use crate::configuration::ConfigError;
use crate::definition::{Fetch, FetchFormat, Key, KeyEncoding};
use crate::engine::key_text;
use crate::engine::prepare::Site;
use crate::jwt::KeyChoice;
use crate::key_cache::{
    AuthorizeRequest, CacheKey, FetchedKeys, KeyCache, KeyRequest, Known, check_host, host,
};
use crate::public_key::{KeyAlgorithm, PublicKey};
use crate::read::{Reader, Unreadable, Why, filter};
use crate::template::{Part, Place, Template, Value};
use crate::verdict::Refusal;

/// How long a document may be kept where the description does not say, in seconds.
const MAX_AGE_S: u64 = 86_400;

/// A key that needs no fetching.
pub(crate) struct OwnKey {
    /// Which secret it is, counted from 0; none where the provider has published it.
    pub(crate) secret: Option<usize>,
    pub(crate) key: PublicKey,
}

/// The keys that the description or the source's secrets hold; each of a type that one of the
/// algorithms takes.
pub(crate) fn own_keys(
    key: &Key,
    algorithms: &[KeyAlgorithm],
    site: &Site<'_>,
) -> Result<Vec<OwnKey>, ConfigError> {
    let fits = |key: &PublicKey| algorithms.iter().any(|algorithm| key.fits(*algorithm));
    if !key.published.is_empty() {
        let read = |pem: &String| PublicKey::from_pem(pem).ok().filter(fits);
        let keys: Option<Vec<_>> =
            key.published.iter().map(|pem| read(pem).map(|key| OwnKey { secret: None, key })).collect();
        return keys.ok_or_else(|| site.bad_description("a published key cannot be used"));
    }
    let strip = key.strip.as_deref().unwrap_or_default().as_bytes();
    key_text::texts(&key.text, site)?
        .into_iter()
        .map(|(secret, text)| {
            let bare = text.strip_prefix(strip).unwrap_or(&text);
            let read = decode(bare, key.encoding).and_then(|key| {
                if fits(&key) { Ok(key) } else { Err("is a key of another type than this provider's") }
            });
            read.map(|key| OwnKey { secret, key }).map_err(|why| key_text::bad(site, secret, why.to_owned()))
        })
        .collect()
}

fn decode(text: &[u8], encoding: KeyEncoding) -> Result<PublicKey, &'static str> {
    let text = text.trim_ascii();
    // A PEM text is one whatever is expected: owners paste what they have.
    if encoding == KeyEncoding::Pem || text.starts_with(b"-----BEGIN ") {
        let text = std::str::from_utf8(text).map_err(|_| "is not PEM")?;
        // As it comes out of many a `.env` file.
        return PublicKey::from_pem(&text.replace("\\n", "\n"));
    }
    let bytes = match encoding {
        KeyEncoding::Hex => key_text::decode_hex(text).ok_or("is not hex")?,
        _ => filter::unbase64(text).ok_or("is not base64")?,
    };
    PublicKey::from_bytes(&bytes)
}

/// A document to fetch, as far as it is known before a request.
pub(crate) struct FetchPlan {
    url: Template,
    /// Whether the source's owner chose the URL's host.
    by_owner: bool,
    /// Whether all requests lead to the same document.
    fixed: Option<Box<(CacheKey, KeyRequest)>>,
    method: String,
    headers: Vec<(String, Template)>,
    body: Option<Template>,
    authorize: Option<AuthorizeRequest>,
    hosts: Vec<String>,
    format: FetchFormat,
    pointer: Option<String>,
    names: Vec<String>,
    key_id: Option<Value>,
    max_age_s: u64,
    /// The secret that calls are made with.
    secret: Option<String>,
}

/// What a look-up brings.
pub(crate) enum Found {
    /// Keys; and what to fetch should they prove too old.
    Keys(Arc<FetchedKeys>, Box<KeyRequest>),
    /// Nothing yet.
    Needed(Box<KeyRequest>),
}

impl FetchPlan {
    pub(crate) fn new(fetch: &'static Fetch, site: &Site<'_>) -> Result<Self, ConfigError> {
        let url = site.template(&fetch.url)?;
        let named = |headers: &'static std::collections::BTreeMap<String, String>| {
            headers.iter().map(|(name, text)| Ok((name.clone(), site.template(text)?)))
        };
        let mut plan = Self {
            by_owner: matches!(
                url.parts.first(),
                Some(Part::Value(Value { place: Place::Setting(_) | Place::Secret, .. }))
            ),
            url,
            fixed: None,
            method: fetch.method.clone().unwrap_or_else(|| "GET".to_owned()),
            headers: named(&fetch.headers).collect::<Result<_, ConfigError>>()?,
            body: fetch.body.as_ref().map(|body| site.template(body)).transpose()?,
            authorize: None,
            hosts: fetch.hosts.clone(),
            format: fetch.format,
            pointer: fetch.pointer.clone(),
            names: fetch.names.clone(),
            key_id: fetch.key_id.as_ref().map(|value| site.value(value)).transpose()?,
            max_age_s: fetch.max_age_s.unwrap_or(MAX_AGE_S),
            secret: site.secrets.first().map(|secret| (*secret).to_owned()),
        };
        let first = |text: &str| -> Result<String, ConfigError> {
            let texts = key_text::texts(text, site)?;
            let text = texts.into_iter().next().map(|(_, bytes)| bytes).unwrap_or_default();
            String::from_utf8(text).map_err(|_| site.bad_description("what it is fetched with is no text"))
        };
        if let Some(authorize) = &fetch.authorize {
            let named = |(name, text): (&String, &String)| Ok((name.clone(), first(text)?));
            let mut headers = authorize.headers.iter().map(named).collect::<Result<Vec<_>, ConfigError>>()?;
            if let Some(basic) = &authorize.basic {
                let basic = format!("Basic {}", STANDARD.encode(first(basic)?));
                headers.push(("authorization".to_owned(), basic));
            }
            plan.authorize = Some(AuthorizeRequest {
                url: first(&authorize.url)?,
                headers,
                body: first(&authorize.body)?,
                pointer: authorize.pointer.clone().unwrap_or_else(|| "/access_token".to_owned()),
            });
        }
        plan.fix(site);
        Ok(plan)
    }

    /// Makes the request at once where it is the same for all.
    fn fix(&mut self, site: &Site<'_>) {
        let templates =
            [&self.url].into_iter().chain(&self.body).chain(self.headers.iter().map(|(_, text)| text));
        let mut values = templates.flat_map(Template::values);
        if !values.all(|value| matches!(value.place, Place::Setting(_) | Place::Secret)) {
            return;
        }
        let headers = http::HeaderMap::new();
        let nothing =
            crate::Request { method: "", target: "", headers: &headers, body: b"", public_url: None };
        if let Ok(request) = self.request(&Reader::new(&nothing, site.settings)) {
            self.fixed = Some(Box::new((request.cache_key(), request)));
        }
    }

    /// What is known of the document.
    pub(crate) fn look_up(
        &self,
        reader: &Reader<'_>,
        cache: &KeyCache,
        now_s: u64,
    ) -> Result<Found, Refusal> {
        let (key, request) = match &self.fixed {
            Some(fixed) => (fixed.0, fixed.1.clone()),
            None => {
                let request = self.request(reader)?;
                (request.cache_key(), request)
            }
        };
        match cache.get(&key, now_s) {
            Known::Keys(keys) => Ok(Found::Keys(keys, Box::new(request))),
            Known::Nothing => Ok(Found::Needed(Box::new(request))),
            Known::Absent => Err(Refusal::KeyRefused { why: "the provider has no such key".to_owned() }),
        }
    }

    /// Whether every request leads to the same document.
    pub(crate) fn is_fixed(&self) -> bool {
        self.fixed.is_some()
    }

    /// The id of the key, where the description says where it stands.
    pub(crate) fn key_id<'r>(
        &self,
        reader: &Reader<'r>,
    ) -> Result<Option<std::borrow::Cow<'r, [u8]>>, Refusal> {
        match &self.key_id {
            Some(value) => Ok(Some(reader.value(value)?)),
            None => Ok(None),
        }
    }

    fn request(&self, reader: &Reader<'_>) -> Result<KeyRequest, Refusal> {
        let reader = match &self.secret {
            Some(secret) => reader.with_secret(secret),
            None => *reader,
        };
        let url = self.filled_url(&reader)?;
        let hosts = self.pinned(&url)?;
        let text = |template: &Template| -> Result<String, Refusal> {
            let place = || template.values().first().map_or(Place::Secret, |value| value.place.clone());
            String::from_utf8(reader.template(template)?)
                .map_err(|_| Refusal::ValueMalformed { place: place(), why: "it is no text".into() })
        };
        let headers = self.headers.iter().map(|(name, value)| Ok((name.clone(), text(value)?)));
        Ok(KeyRequest {
            url,
            method: self.method.clone(),
            headers: headers.collect::<Result<_, Refusal>>()?,
            body: self.body.as_ref().map(text).transpose()?,
            authorize: self.authorize.clone(),
            hosts,
            format: self.format,
            pointer: self.pointer.clone(),
            names: self.names.clone(),
            max_age_s: self.max_age_s,
        })
    }

    /// The URL. What stands in front is a URL itself; everything behind is a part of the path, and encoded
    /// so that it stays one.
    fn filled_url(&self, reader: &Reader<'_>) -> Result<String, Refusal> {
        let mut url = String::new();
        for (index, part) in self.url.parts.iter().enumerate() {
            let value = match part {
                Part::Text(text) => {
                    url.push_str(text);
                    continue;
                }
                Part::Value(value) => value,
                // The grammar allows it; no description has one in a URL.
                Part::Optional(_) => continue,
            };
            let malformed = |why| Refusal::from(Unreadable { place: &value.place, why: Why::Malformed(why) });
            let read = reader.value(value)?;
            let text = std::str::from_utf8(&read).map_err(|_| malformed("it is no text"))?;
            if index == 0 {
                url.push_str(text);
            } else if text.is_empty() || text.split('/').any(|segment| matches!(segment, "." | "..")) {
                return Err(malformed("it cannot be part of a URL"));
            } else {
                url.push_str(&percent::path(text));
            }
        }
        Ok(url)
    }

    /// The hosts that may be asked, of which the URL's is one.
    fn pinned(&self, url: &str) -> Result<Vec<String>, Refusal> {
        let refused = |why: crate::HostProblem| Refusal::KeyRefused { why: why.to_string() };
        if !self.hosts.is_empty() {
            check_host(url, &self.hosts).map_err(refused)?;
            return Ok(self.hosts.clone());
        }
        if self.by_owner {
            // An owner's host may be one of their own network; the outgoing guard decides.
            let behind = url.split_once("://").map_or(url, |(_, rest)| rest);
            let authority = behind.split(['/', '?', '#']).next().unwrap_or_default();
            let name = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
            let host = match name.rsplit_once(':') {
                Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
                _ => name,
            };
            return Ok(vec![host.to_owned()]);
        }
        Ok(vec![host(url).map_err(refused)?.to_owned()])
    }
}

/// How to choose among fetched keys by an id that stands in the request.
pub(crate) fn choice(id: Option<&[u8]>) -> KeyChoice<'_> {
    match id.map(std::str::from_utf8) {
        Some(Ok(id)) => KeyChoice::Id(id),
        // An id that is no text names no key.
        Some(Err(_)) => KeyChoice::Id("\u{fffd}"),
        None => KeyChoice::Any,
    }
}
