//! What EasyPost signs: the body, with `"weight": 12` as `"weight": 12.0`. The signer writes weights as
//! numbers with a fraction, and what is sent then lost it; the provider's own packages put it back.

use std::borrow::Cow;

use crate::read::{Reader, Why};

const NAME: &[u8] = b"\"weight\":";

pub(super) fn text<'a>(reader: &Reader<'a>) -> Result<Cow<'a, [u8]>, Why> {
    let body = reader.body();
    let mut text = Vec::new();
    let mut copied = 0;
    for start in memchr::memmem::find_iter(body, NAME) {
        let number = start + NAME.len();
        let Some(after) = body.get(number..) else { break };
        let spaces = leading(after, u8::is_ascii_whitespace);
        let Some(after) = after.get(spaces..) else { break };
        let digits = leading(after, u8::is_ascii_digit);
        let Some(after) = after.get(digits..) else { break };
        let trailing = leading(after, u8::is_ascii_whitespace);
        if digits == 0 || !matches!(after.get(trailing), Some(b',' | b'}')) {
            continue;
        }
        // White space behind the number is dropped with it.
        text.extend_from_slice(body.get(copied..number + spaces + digits).unwrap_or_default());
        text.extend_from_slice(b".0");
        copied = number + spaces + digits + trailing;
    }
    if copied == 0 {
        return Ok(Cow::Borrowed(body));
    }
    text.extend_from_slice(body.get(copied..).unwrap_or_default());
    Ok(Cow::Owned(text))
}

fn leading(bytes: &[u8], is: impl Fn(&u8) -> bool) -> usize {
    bytes.iter().take_while(|byte| is(byte)).count()
}
