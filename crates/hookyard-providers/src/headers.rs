//! Headers that must occur exactly once.
//!
//! Taking the first of several would let an intermediary and the verifier disagree about which one
//! counts, so a doubled header is refused.

use http::{HeaderMap, HeaderName};

use crate::request::Refusal;

/// The value of `name`, which must occur exactly once.
pub(crate) fn exactly_one<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<&'a [u8], Refusal> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else {
        return Err(Refusal::HeaderMissing { header: name.clone() });
    };
    if values.next().is_some() {
        return Err(Refusal::HeaderDoubled { header: name.clone() });
    }
    Ok(value.as_bytes())
}

/// The refusal of a header whose form is wrong.
pub(crate) fn malformed(name: &HeaderName, why: &'static str) -> Refusal {
    Refusal::HeaderMalformed { header: name.clone(), why }
}
