//! The URL as HubSpot signs it in version 3: with a few escaped characters decoded, all others as sent.
//! <https://developers.hubspot.com/docs/apps/developer-platform/build-apps/authentication/request-validation>

use std::borrow::Cow;

use crate::read::{Reader, Why};

/// What is decoded: `: / ? @ ! $ ' ( ) * , ;`.
const DECODED: &[u8] = b":/?@!$'()*,;";

pub(super) fn text<'a>(reader: &Reader<'a>) -> Result<Cow<'a, [u8]>, Why> {
    let url = reader.url()?;
    if !url.contains(&b'%') {
        return Ok(url);
    }
    let mut text = Vec::with_capacity(url.len());
    let mut rest: &[u8] = &url;
    while let Some((byte, after)) = rest.split_first() {
        let escaped = if *byte == b'%' { after.split_at_checked(2) } else { None };
        let decoded = escaped.and_then(|(digits, behind)| {
            let byte = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
            DECODED.contains(&byte).then_some((byte, behind))
        });
        let (byte, behind) = decoded.unwrap_or((*byte, after));
        text.push(byte);
        rest = behind;
    }
    Ok(Cow::Owned(text))
}
