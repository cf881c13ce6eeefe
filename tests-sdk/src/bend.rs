//! What has to be refused: a signed request with one thing wrong.

use serde_json::Value;

use crate::case::{Case, Place, SignedBody};
use crate::request::{SignRequest, SignedRequest};
use crate::signer::Signer;

/// How much older than tolerated an old timestamp is.
const TOO_OLD_S: u64 = 120;
const OTHER_HOST: &str = "other.example";
const OTHER_PATH: &str = "/changed";
const OTHER_QUERY: &str = "?changed=1";

/// One thing that is wrong with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bend {
    /// One bit of the body is another.
    FlippedByte,
    /// The body is the same JSON value, written in other bytes.
    ReserialisedJson,
    /// It was signed for another host.
    ChangedHost,
    /// It was signed for another path.
    ChangedPath,
    /// It was signed for another query.
    ChangedQuery,
    /// It was signed with another secret.
    OtherSecret,
    /// It was signed longer ago than is tolerated.
    OldTimestamp,
    /// The signature is not there.
    MissingSignature,
    /// The signature is there twice.
    DoubledSignature,
    /// The signature's end is cut off.
    TruncatedSignature,
    /// The signature's capital letters are small and its small ones capital.
    WrongCase,
}

impl Bend {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::FlippedByte,
        Self::ReserialisedJson,
        Self::ChangedHost,
        Self::ChangedPath,
        Self::ChangedQuery,
        Self::OtherSecret,
        Self::OldTimestamp,
        Self::MissingSignature,
        Self::DoubledSignature,
        Self::TruncatedSignature,
        Self::WrongCase,
    ];

    /// For messages, and for `lax` in a signer.
    pub fn name(self) -> &'static str {
        match self {
            Self::FlippedByte => "flipped byte",
            Self::ReserialisedJson => "re-serialised JSON",
            Self::ChangedHost => "changed host",
            Self::ChangedPath => "changed path",
            Self::ChangedQuery => "changed query",
            Self::OtherSecret => "other secret",
            Self::OldTimestamp => "old timestamp",
            Self::MissingSignature => "missing signature",
            Self::DoubledSignature => "doubled signature",
            Self::TruncatedSignature => "truncated signature",
            Self::WrongCase => "wrong case",
        }
    }

    /// `request` signed and bent; `None` where that is not wrong (a changed byte of a body that is not signed) or
    /// cannot be done (another JSON form of a body that is no JSON).
    ///
    /// # Panics
    /// Where the request cannot be signed.
    pub fn bent(self, signer: &Signer, case: &Case, request: &SignRequest) -> Option<SignedRequest> {
        match self {
            Self::ChangedHost if case.signs.host => Some(signed_for(signer, request, &OtherUrl::Host)),
            Self::ChangedPath if case.signs.path => Some(signed_for(signer, request, &OtherUrl::Path)),
            Self::ChangedQuery if case.signs.query => Some(signed_for(signer, request, &OtherUrl::Query)),
            Self::ChangedHost | Self::ChangedPath | Self::ChangedQuery => None,
            Self::OtherSecret => {
                Some(signer.sign(&SignRequest { secret: case.other_secret.clone(), ..request.clone() }))
            }
            Self::OldTimestamp => {
                let age_s = case.timestamp?.tolerance_s? + TOO_OLD_S;
                let timestamp_s = request.timestamp_s.saturating_sub(age_s);
                Some(signer.sign(&SignRequest { timestamp_s, ..request.clone() }))
            }
            _ => self.of_signed(case, signer.sign(request)),
        }
    }

    /// The bends that need no other signature: what is left of `signed`, or `None` as in [`Self::bent`].
    fn of_signed(self, case: &Case, signed: SignedRequest) -> Option<SignedRequest> {
        match self {
            Self::FlippedByte => flipped(case, signed),
            Self::ReserialisedJson => reserialised(case, signed),
            Self::MissingSignature => without_signature(case, signed),
            Self::DoubledSignature => with_two_signatures(case, signed),
            Self::TruncatedSignature => {
                with_signature(case, signed, |it| it.get(..it.len().checked_sub(4)?).map(str::to_owned))
            }
            Self::WrongCase => with_signature(case, signed, |it| Some(swapped_case(it))),
            _ => None,
        }
    }
}

/// Part of the URL that is another when the request is signed than when it is sent.
enum OtherUrl {
    Host,
    Path,
    Query,
}

impl OtherUrl {
    fn change(&self, url: &str) -> String {
        let (scheme, rest) = url.split_once("://").unwrap_or(("http", url));
        let at = rest.find('/').unwrap_or(rest.len());
        let (host, target) = rest.split_at(at);
        let (path, query) =
            target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query)));
        let old = query.map_or(String::new(), |query| format!("?{query}"));
        match self {
            Self::Host => format!("{scheme}://{OTHER_HOST}{target}"),
            Self::Path => format!("{scheme}://{host}{path}{OTHER_PATH}{old}"),
            Self::Query => format!("{scheme}://{host}{path}{OTHER_QUERY}{}", old.replacen('?', "&", 1)),
        }
    }

    /// Undoes the change in a URL to whose query the signer may have added.
    fn restore(&self, signed: &str, original: &str) -> String {
        match self {
            Self::Host => {
                let host = original.split("://").nth(1).and_then(|rest| rest.split('/').next());
                signed.replacen(OTHER_HOST, host.unwrap_or_default(), 1)
            }
            Self::Path => signed.replacen(OTHER_PATH, "", 1),
            Self::Query => {
                let first = format!("{OTHER_QUERY}&");
                let (what, with) =
                    if signed.contains(&first) { (first.as_str(), "?") } else { (OTHER_QUERY, "") };
                signed.replacen(what, with, 1)
            }
        }
    }
}

fn signed_for(signer: &Signer, request: &SignRequest, other: &OtherUrl) -> SignedRequest {
    let mut signed = signer.sign(&SignRequest { url: other.change(&request.url), ..request.clone() });
    signed.url = other.restore(&signed.url, &request.url);
    signed
}

/// Flips a bit of a letter or digit, so that the body stays text: in the middle, or in the piece that is signed.
fn flipped(case: &Case, mut signed: SignedRequest) -> Option<SignedRequest> {
    let start = match (&case.covered, case.signs.body) {
        (_, SignedBody::None) => return None,
        (Some(covered), _) => find(&signed.body, covered.as_bytes())?,
        (None, _) => signed.body.len() / 2,
    };
    let byte = signed.body.iter_mut().skip(start).find(|byte| byte.is_ascii_alphanumeric())?;
    *byte ^= 1;
    Some(signed)
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}

fn reserialised(case: &Case, mut signed: SignedRequest) -> Option<SignedRequest> {
    if case.signs.body != SignedBody::Bytes {
        return None;
    }
    let value: Value = serde_json::from_slice(&signed.body).ok()?;
    let written = serde_json::to_vec_pretty(&value).ok()?;
    (written != signed.body).then(|| {
        signed.body = written;
        signed
    })
}

fn without_signature(case: &Case, mut signed: SignedRequest) -> Option<SignedRequest> {
    match &case.signature {
        Place::Header(header) => signed.headers.retain(|(name, _)| !name.eq_ignore_ascii_case(header)),
        Place::Form(field) => {
            let form = String::from_utf8(signed.body).ok()?;
            let kept: Vec<&str> = form.split('&').filter(|pair| !is_of(pair, field)).collect();
            signed.body = kept.join("&").into_bytes();
        }
        Place::After(before) => {
            let body = String::from_utf8(signed.body).ok()?;
            let old = format!("{before}{}", value_after(&body, before)?);
            signed.body = body.replacen(&old, before, 1).into_bytes();
        }
        Place::Body(_) => signed.body.clear(),
    }
    Some(signed)
}

fn with_two_signatures(case: &Case, mut signed: SignedRequest) -> Option<SignedRequest> {
    match &case.signature {
        Place::Header(header) => {
            let found = signed.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case(header))?;
            signed.headers.push(found.clone());
        }
        Place::Form(field) => {
            let form = String::from_utf8(signed.body).ok()?;
            let pair = form.split('&').find(|pair| is_of(pair, field))?;
            signed.body = format!("{form}&{pair}").into_bytes();
        }
        Place::After(_) | Place::Body(_) => return None,
    }
    Some(signed)
}

fn is_of(pair: &str, field: &str) -> bool {
    pair.split('=').next() == Some(field)
}

fn value_after<'a>(body: &'a str, before: &str) -> Option<&'a str> {
    body.split_once(before)?.1.split('"').next()
}

/// Replaces the signature itself, without what stands around it, by what `edit` makes of it.
fn with_signature(
    case: &Case,
    mut signed: SignedRequest,
    edit: impl Fn(&str) -> Option<String>,
) -> Option<SignedRequest> {
    let edited = |value: &str| {
        let old = signature_in(value, &case.encoding)?;
        let new = edit(old)?;
        (new != old).then(|| value.replacen(old, &new, 1))
    };
    match &case.signature {
        Place::Header(header) => {
            let (_, value) = signed.headers.iter_mut().find(|(name, _)| name.eq_ignore_ascii_case(header))?;
            *value = edited(value)?;
        }
        Place::Form(field) => {
            let form = String::from_utf8(signed.body).ok()?;
            let pair = form.split('&').find(|pair| is_of(pair, field))?;
            signed.body = form.replacen(pair, &edited(pair)?, 1).into_bytes();
        }
        Place::After(before) => {
            let body = String::from_utf8(signed.body).ok()?;
            let old = value_after(&body, before)?;
            signed.body = body.replacen(old, &edited(old)?, 1).into_bytes();
        }
        Place::Body(_) => signed.body = edited(std::str::from_utf8(&signed.body).ok()?)?.into_bytes(),
    }
    Some(signed)
}

/// The signature in a value like `t=1700000000,v1=5257a8…`: its longest run of the encoding's letters; of a JWT the
/// last part.
fn signature_in<'a>(value: &'a str, encoding: &str) -> Option<&'a str> {
    let is_part = |c: char| match encoding {
        "hex" => c.is_ascii_hexdigit(),
        _ => c.is_ascii_alphanumeric() || "+/_-".contains(c),
    };
    let mut runs = value.split(|c| !is_part(c));
    if encoding == "jwt" {
        return runs.next_back();
    }
    runs.max_by_key(|run| run.len()).filter(|run| !run.is_empty())
}

fn swapped_case(text: &str) -> String {
    let swapped =
        |c: char| if c.is_ascii_lowercase() { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() };
    text.chars().map(swapped).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_url_is_restored() {
        for url in ["http://a:1/in", "http://a:1/in?b=c", "https://a/in?x&y"] {
            for other in [OtherUrl::Host, OtherUrl::Path, OtherUrl::Query] {
                let changed = other.change(url);
                assert_ne!(changed, url);
                assert_eq!(other.restore(&changed, url), url);
                let join = if changed.contains('?') { '&' } else { '?' };
                let added = other.restore(&format!("{changed}{join}bodySHA256=ab"), url);
                assert_eq!(added, format!("{url}{}bodySHA256=ab", if url.contains('?') { '&' } else { '?' }));
            }
        }
    }

    #[test]
    fn the_signature_is_found_in_what_stands_around_it() {
        assert_eq!(signature_in("t=1700000000,v1=00ffab12cd34ef", "hex"), Some("00ffab12cd34ef"));
        assert_eq!(
            signature_in("v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=", "base64").map(str::len),
            Some(43)
        );
        assert_eq!(signature_in("Bearer aaaa.bbbbbbbbbb.cc", "jwt"), Some("cc"));
        assert_eq!(signature_in("sha256=abcdef0123", "hex"), Some("abcdef0123"));
    }
}
