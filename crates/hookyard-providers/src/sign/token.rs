//! A signed token, or a detached signature, put where it is looked for.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value as Json};

use crate::configuration::ConfigError;
use crate::definition::{Algorithm, Jwt, JwtAlgorithm};
use crate::engine::prepare::Site;
use crate::engine::{key_text, mac};
use crate::public_key::{KeyAlgorithm, PrivateKey};
use crate::read::Token;
use crate::sign::draft::Draft;
use crate::sign::{SampleError, Wanted, time};
use crate::template::Place;
use crate::verdict::Refusal;

/// How long a token holds, in seconds.
const LIFE_S: u64 = 300;

/// Signs the draft.
pub(super) fn sign(
    draft: &mut Draft<'_>,
    jwt: &Jwt,
    wanted: &Wanted<'_>,
    site: &Site<'_>,
) -> Result<(), SampleError> {
    let impossible = |why: &str| SampleError::Impossible(why.to_owned());
    let algorithm = *jwt.algorithms.first().ok_or_else(|| impossible("no algorithm is accepted"))?;
    let mut header = Map::from_iter([("alg".to_owned(), Json::String(format!("{algorithm:?}")))]);
    if jwt.unencoded {
        header.insert("b64".to_owned(), Json::Bool(false));
        header.insert("crit".to_owned(), Json::Array(vec![Json::String("b64".to_owned())]));
    }
    let example = &site.settings.provider().example.token_header;
    header.extend(example.iter().map(|(name, text)| (name.clone(), Json::String(text.clone()))));
    if let Some(stamp) = &jwt.timestamp {
        let (value, text) = (site.value(&stamp.from)?, time::written(wanted.now_s, stamp.unit));
        match &value.place {
            Place::TokenHeader(pointer) => {
                let number = text.parse::<u64>().map_or(Json::String(text), Json::from);
                header.insert(pointer.trim_start_matches('/').to_owned(), number);
            }
            _ => draft.put(&value, &text)?,
        }
    }
    let header = Json::Object(header).to_string();
    let payload = match &jwt.payload {
        None => claims(draft, jwt, wanted, site)?.to_string().into_bytes(),
        Some(payload) => {
            let payload = site.template(payload)?;
            draft.complete(&payload.values())?;
            let token = Token { header: header.as_bytes(), payload: b"" };
            draft.read(|reader| {
                let reader = reader.with_token(token);
                reader.template(&payload).map_err(|error| unfilled(error.into()))
            })?
        }
    };
    let header = URL_SAFE_NO_PAD.encode(header);
    let encoded = URL_SAFE_NO_PAD.encode(&payload);
    let mut input = format!("{header}.").into_bytes();
    input.extend_from_slice(if jwt.unencoded { &payload } else { encoded.as_bytes() });
    let signature = URL_SAFE_NO_PAD.encode(made(jwt, algorithm, &input, wanted, site)?);
    let carried = if jwt.payload.is_some() { "" } else { &encoded };
    let prefix = jwt.prefix.as_deref().unwrap_or_default();
    let from = jwt.from.first().ok_or_else(|| impossible("nobody says where the token stands"))?;
    draft.put(&site.value(from)?, &format!("{prefix}{header}.{carried}.{signature}"))
}

fn unfilled(refusal: Refusal) -> SampleError {
    SampleError::Impossible(format!("the token cannot be made: {refusal}"))
}

/// Claims that say what they must.
fn claims(draft: &Draft<'_>, jwt: &Jwt, wanted: &Wanted<'_>, site: &Site<'_>) -> Result<Json, SampleError> {
    let mut claims = Json::Object(Map::new());
    for (name, time_s) in [("iat", wanted.now_s), ("exp", wanted.now_s + LIFE_S)] {
        insert(&mut claims, &format!("/{name}"), Json::from(time_s));
    }
    for claim in &jwt.claim {
        let template = site.template(&claim.equals)?;
        let about_secret = template.values().iter().any(|value| value.place == Place::Secret);
        let secret = site.secrets.first().filter(|_| about_secret);
        let text = draft.read(|reader| {
            let reader = secret.map_or(reader, |secret| reader.with_secret(secret));
            reader.template(&template).map_err(|error| unfilled(error.into()))
        });
        let text = match text {
            Ok(text) => text,
            Err(_) if claim.optional => continue,
            Err(error) => return Err(error),
        };
        insert(&mut claims, &claim.at, Json::String(String::from_utf8_lossy(&text).into_owned()));
    }
    Ok(claims)
}

fn insert(claims: &mut Json, pointer: &str, value: Json) {
    let mut place = claims;
    for step in pointer.split('/').skip(1) {
        if !place.is_object() {
            *place = Json::Object(Map::new());
        }
        let Json::Object(members) = place else { return };
        place = members.entry(step.replace("~1", "/").replace("~0", "~")).or_insert(Json::Null);
    }
    *place = value;
}

fn made(
    jwt: &Jwt,
    algorithm: JwtAlgorithm,
    input: &[u8],
    wanted: &Wanted<'_>,
    site: &Site<'_>,
) -> Result<Vec<u8>, SampleError> {
    let hmac = match algorithm {
        JwtAlgorithm::HS256 => Algorithm::HmacSha256,
        JwtAlgorithm::HS384 => Algorithm::HmacSha384,
        JwtAlgorithm::HS512 => Algorithm::HmacSha512,
        _ => {
            let pem = wanted.private_key.ok_or(SampleError::PrivateKeyNeeded(site.provider()))?;
            let key = PrivateKey::from_pem(pem)
                .map_err(|why| SampleError::Impossible(format!("the private key {why}")))?;
            return KeyAlgorithm::of_jwt(algorithm)
                .and_then(|algorithm| key.sign(algorithm, input))
                .ok_or_else(|| SampleError::Impossible("the private key is of another type".to_owned()));
        }
    };
    let keys = key_text::keys(&jwt.key, site)?;
    let no_secret = || ConfigError::NoSecret { provider: site.provider() };
    let key = keys.first().and_then(|key| mac::MacKey::hmac(hmac, &key.bytes)).ok_or_else(no_secret)?;
    let tag = key.tag(|take| {
        take(input);
        Ok::<_, SampleError>(())
    })?;
    Ok(tag.as_bytes().to_vec())
}
