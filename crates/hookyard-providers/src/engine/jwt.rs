//! Tokens and detached signatures, with what their claims must say.

use std::borrow::Cow;

use serde_json::Value as Json;
use subtle::ConstantTimeEq as _;

use crate::configuration::ConfigError;
use crate::definition::{self, JwtAlgorithm, Unit};
use crate::engine::key_source::{FetchPlan, Found, choice, own_keys};
use crate::engine::prepare::Site;
use crate::engine::{key_text, timestamp};
use crate::jwt::{JwtKeys, KeyChoice, Payload, Times, Token, TokenProblem, check_fetched, check_times};
use crate::key_cache::KeyCache;
use crate::public_key::KeyAlgorithm;
use crate::read::{self, Reader, Unreadable, Why};
use crate::template::{Template, Value};
use crate::verdict::{Refusal, Verdict, Verified};

/// Judges requests by a token that they carry.
pub(crate) struct Jwt {
    from: Vec<Value>,
    prefix: Option<&'static str>,
    algorithms: &'static [JwtAlgorithm],
    keys: Keys,
    payload: Option<Template>,
    unencoded: bool,
    claims: Vec<Claim>,
    times: Times,
    signed_at: Option<(Value, Unit, u64)>,
    /// The secret that claims are compared with, where no key tells which one counts.
    secret: Option<String>,
}

enum Keys {
    /// The keys, and which secret each is.
    Own(JwtKeys, Vec<Option<usize>>),
    Fetched(Box<FetchPlan>),
}

struct Claim {
    /// For the refusal.
    at: &'static str,
    equals: Template,
    optional: bool,
    with_body: bool,
}

/// A signature that holds.
enum Proven {
    By(Option<usize>),
    Needs(Box<crate::KeyRequest>),
}

impl Jwt {
    pub(crate) fn new(
        jwt: &'static definition::Jwt,
        tolerance_s: Option<u64>,
        site: &Site<'_>,
    ) -> Result<Self, ConfigError> {
        let claim = |claim: &'static definition::Claim| -> Result<Claim, ConfigError> {
            Ok(Claim {
                at: &claim.at,
                equals: site.template(&claim.equals)?,
                optional: claim.optional,
                with_body: claim.with_body,
            })
        };
        let stamped = jwt.timestamp.as_ref();
        let signed_at = match (stamped, tolerance_s) {
            (Some(stamp), Some(tolerance_s)) => Some((site.value(&stamp.from)?, stamp.unit, tolerance_s)),
            _ => None,
        };
        let issued_within_s = if stamped.is_some() { None } else { tolerance_s };
        Ok(Self {
            from: jwt.from.iter().map(|from| site.value(from)).collect::<Result<_, _>>()?,
            prefix: jwt.prefix.as_deref(),
            algorithms: &jwt.algorithms,
            keys: Keys::new(jwt, site)?,
            payload: jwt.payload.as_ref().map(|payload| site.template(payload)).transpose()?,
            unencoded: jwt.unencoded,
            claims: jwt.claim.iter().map(claim).collect::<Result<_, _>>()?,
            times: Times { issued_within_s, expires: jwt.expires },
            signed_at,
            secret: site.secrets.first().map(|secret| (*secret).to_owned()),
        })
    }

    pub(crate) fn verify(&self, reader: Reader<'_>, cache: &KeyCache, now_s: u64) -> Verdict {
        self.judge(&reader, cache, now_s).unwrap_or_else(Verdict::Refused)
    }

    fn judge(&self, reader: &Reader<'_>, cache: &KeyCache, now_s: u64) -> Result<Verdict, Refusal> {
        let text = self.text(reader)?;
        let token = Token::parse(&text).map_err(refused)?;
        let algorithm = token.algorithm(self.algorithms).map_err(refused)?;
        let reader = reader.with_token(read::Token { header: &token.header_json, payload: b"" });
        let detached = self.payload.as_ref().map(|payload| reader.template(payload)).transpose()?;
        let payload = match &detached {
            None => Payload::Within,
            Some(bytes) if self.unencoded => Payload::Unencoded(bytes),
            Some(bytes) => Payload::Detached(bytes),
        };
        let signed = token.signed(payload).map_err(refused)?;
        let secret = match self.prove(&token, algorithm, &signed, &reader, cache, now_s)? {
            Proven::By(secret) => secret,
            Proven::Needs(request) => return Ok(Verdict::KeyNeeded(request)),
        };
        self.check_signed_at(&reader, now_s)?;
        if detached.is_none() {
            let (claims, json) = token.claims().map_err(refused)?;
            check_times(&claims, self.times, now_s).map_err(refused)?;
            let token = read::Token { header: &token.header_json, payload: &json };
            self.check_claims(&claims, &reader.with_token(token))?;
        }
        Ok(Verdict::Verified(Verified { secret }))
    }

    /// The token's text, which stands at exactly one of the places.
    fn text<'r>(&'r self, reader: &Reader<'r>) -> Result<Cow<'r, [u8]>, Refusal> {
        let mut found: Option<(&Value, Cow<'r, [u8]>)> = None;
        let mut missing = None;
        for from in &self.from {
            match reader.value(from) {
                Ok(_) if found.is_some() => {
                    return Err(Unreadable { place: &from.place, why: Why::Doubled }.into());
                }
                Ok(text) => found = Some((from, text)),
                Err(unreadable) if unreadable.why == Why::Missing => {
                    missing = missing.or(Some(unreadable));
                }
                Err(unreadable) => return Err(unreadable.into()),
            }
        }
        let (from, text) = match (found, missing) {
            (Some(found), _) => found,
            (None, Some(missing)) => return Err(missing.into()),
            (None, None) => return Err(Refusal::TokenRefused { why: "there is none".to_owned() }),
        };
        let Some(prefix) = self.prefix else { return Ok(text) };
        // The name of a scheme has no case (RFC 9110, section 11.1).
        let begins =
            text.get(..prefix.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(prefix.as_bytes()));
        if !begins {
            let why = format!("it does not begin with `{prefix}`").into();
            return Err(Refusal::ValueMalformed { place: from.place.clone(), why });
        }
        Ok(match text {
            Cow::Borrowed(text) => Cow::Borrowed(text.get(prefix.len()..).unwrap_or_default()),
            Cow::Owned(mut text) => Cow::Owned(text.split_off(prefix.len())),
        })
    }

    fn prove(
        &self,
        token: &Token<'_>,
        algorithm: JwtAlgorithm,
        signed: &[u8],
        reader: &Reader<'_>,
        cache: &KeyCache,
        now_s: u64,
    ) -> Result<Proven, Refusal> {
        let plan = match &self.keys {
            Keys::Own(keys, secrets) => {
                let index = keys.find(algorithm, signed, token).map_err(refused)?;
                return Ok(Proven::By(secrets.get(index).copied().flatten()));
            }
            Keys::Fetched(plan) => plan,
        };
        let (keys, request) = match plan.look_up(reader, cache, now_s)? {
            Found::Keys(keys, request) => (keys, request),
            Found::Needed(request) => return Ok(Proven::Needs(request)),
        };
        let stated = plan.key_id(reader)?;
        let id = stated.as_deref().or_else(|| token.key_id().map(str::as_bytes));
        let choice = choice(id);
        match check_fetched(&keys.keys, choice, algorithm, signed, token, now_s) {
            Ok(()) => Ok(Proven::By(None)),
            Err(TokenProblem::UnknownKey) if keys.may_be_outdated(now_s) => Ok(Proven::Needs(request)),
            Err(TokenProblem::Signature)
                if choice == KeyChoice::Any && plan.is_fixed() && keys.may_be_replaced(now_s) =>
            {
                Ok(Proven::Needs(request))
            }
            Err(problem) => Err(refused(problem)),
        }
    }

    fn check_signed_at(&self, reader: &Reader<'_>, now_s: u64) -> Result<(), Refusal> {
        let Some((from, unit, tolerance_s)) = &self.signed_at else { return Ok(()) };
        let malformed =
            || Unreadable { place: &from.place, why: Why::Malformed(timestamp::complaint(*unit)) };
        let signed_us = timestamp::parse(&reader.value(from)?, *unit).ok_or_else(malformed)?;
        timestamp::check(signed_us, now_s, *tolerance_s)
    }

    fn check_claims(&self, claims: &Json, reader: &Reader<'_>) -> Result<(), Refusal> {
        let reader = match &self.secret {
            Some(secret) => reader.with_secret(secret),
            None => *reader,
        };
        for claim in &self.claims {
            if claim.with_body && reader.request().body.is_empty() {
                continue;
            }
            let expected = reader.template(&claim.equals)?;
            let holds = match claims.pointer(claim.at) {
                None => claim.optional,
                Some(Json::Array(elements)) => elements.iter().any(|element| says(element, &expected)),
                Some(value) => says(value, &expected),
            };
            if !holds {
                return Err(refused(TokenProblem::Claim(claim.at)));
            }
        }
        Ok(())
    }
}

impl Keys {
    fn new(jwt: &'static definition::Jwt, site: &Site<'_>) -> Result<Self, ConfigError> {
        if let Some(fetch) = &jwt.key.fetch {
            return Ok(Self::Fetched(Box::new(FetchPlan::new(fetch, site)?)));
        }
        let public: Option<Vec<KeyAlgorithm>> =
            jwt.algorithms.iter().map(|algorithm| KeyAlgorithm::of_jwt(*algorithm)).collect();
        let (keys, secrets) = match public {
            Some(algorithms) => {
                let keys = own_keys(&jwt.key, &algorithms, site)?;
                let secrets: Vec<_> = keys.iter().map(|own| own.secret).collect();
                (JwtKeys::Public(keys.into_iter().map(|own| own.key).collect()), secrets)
            }
            None => {
                let keys = key_text::keys(&jwt.key, site)?;
                // A public key as the secret of an HMAC would be one that everybody knows.
                if let Some(pem) = keys.iter().find(|key| key.bytes.starts_with(b"-----BEGIN ")) {
                    let why = "is a public key; the shared secret is needed".to_owned();
                    return Err(key_text::bad(site, pem.secret, why));
                }
                let secrets: Vec<_> = keys.iter().map(|key| key.secret).collect();
                let bytes: Vec<Vec<u8>> = keys.into_iter().map(|key| key.bytes).collect();
                (JwtKeys::shared(&bytes, &jwt.algorithms), secrets)
            }
        };
        if secrets.is_empty() {
            return Err(ConfigError::NoSecret { provider: site.provider() });
        }
        Ok(Self::Own(keys, secrets))
    }
}

fn says(value: &Json, expected: &[u8]) -> bool {
    let text = match value {
        Json::String(text) => Cow::Borrowed(text.as_str()),
        Json::Number(number) => Cow::Owned(number.to_string()),
        Json::Bool(truth) => Cow::Borrowed(if *truth { "true" } else { "false" }),
        Json::Null | Json::Array(_) | Json::Object(_) => return false,
    };
    // Some senders pad the base64 of a digest and some do not; the token's signature holds either way.
    bool::from(unpadded(text.as_bytes()).ct_eq(unpadded(expected)))
}

fn unpadded(mut text: &[u8]) -> &[u8] {
    while let [start @ .., b'='] = text {
        text = start;
    }
    text
}

fn refused(problem: TokenProblem) -> Refusal {
    Refusal::TokenRefused { why: problem.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_is_compared_without_the_padding_of_base64() {
        let digest = "qK78N0k3pNKI8zN62Fq2Gm-_LtWkJk1z9ykio3zZvY4";
        for text in [digest.to_owned(), format!("{digest}=")] {
            assert!(says(&Json::String(text.clone()), digest.as_bytes()), "{text}");
            assert!(says(&Json::String(digest.to_owned()), text.as_bytes()), "{text}");
        }
        assert!(!says(&Json::String(format!("={digest}")), digest.as_bytes()));
        assert!(!says(&Json::String(String::new()), digest.as_bytes()));
    }
}
