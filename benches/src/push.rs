//! The request that is sent over and over: a push event as GitHub would send it, 1 KB of JSON, signed.
//!
//! Every request bears its own number, in the body and in `X-GitHub-Delivery`, so that nothing between
//! generator and sink can mistake one for another. Numbers that are alike in their last four digits are of one
//! repository, by `X-GitHub-Hook-Installation-Target-ID`: there are [`REPOSITORIES`]. The number stands at the very end of the body: the
//! signature's hash over what comes before it is computed once, and stamping a new number costs two or
//! three blocks of SHA-256 instead of eighteen. The generator must cost little, as it shares the cores
//! with what it measures.

use ring::hmac;

use crate::ledger::Row;

/// Length of the body in bytes.
pub(crate) const BODY_BYTES: usize = 1024;

/// How many repositories events are of: event after event, in turn.
pub(crate) const REPOSITORIES: Row = 10_000;

/// `"` and `}`: what follows the number in the body.
const CLOSING_BYTES: usize = 2;
const NUMBER_DIGITS: usize = 16;
const SIGNATURE_DIGITS: usize = 64;

/// The bytes of one request, into which numbers are stamped.
#[derive(Clone)]
pub(crate) struct Push {
    bytes: Vec<u8>,
    /// HMAC over the body up to the number.
    begun: hmac::Context,
    run: u32,
    repository_at: usize,
    delivery_at: usize,
    signature_at: usize,
    number_at: usize,
}

impl Push {
    /// A push event of this run for `host` and `path`, signed with `secret`.
    pub(crate) fn new(run: u32, host: &str, path: &str, secret: &str) -> Self {
        let body = body();
        let (unnumbered, _) = body.split_at(BODY_BYTES - NUMBER_DIGITS - CLOSING_BYTES);
        let mut begun = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()));
        begun.update(unnumbered.as_bytes());

        let mut text = format!(
            "POST {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: GitHub-Hookshot/4f2c9d1\r\nAccept: */*\r\n\
             Content-Type: application/json\r\nX-GitHub-Event: push\r\nX-GitHub-Hook-ID: 418230771\r\n\
             X-GitHub-Hook-Installation-Target-Type: repository\r\n\
             X-GitHub-Hook-Installation-Target-ID: 73190"
        );
        let repository_at = text.len();
        text.push_str(&format!("0000\r\nX-GitHub-Delivery: {run:08x}-0000-4000-8000-"));
        let delivery_at = text.len();
        text.push_str("000000000000\r\nX-Hub-Signature-256: sha256=");
        let signature_at = text.len();
        text.push_str(&"0".repeat(SIGNATURE_DIGITS));
        text.push_str(&format!("\r\nContent-Length: {BODY_BYTES}\r\n\r\n{body}"));
        let number_at = text.len() - NUMBER_DIGITS - CLOSING_BYTES;
        Self { bytes: text.into_bytes(), begun, run, repository_at, delivery_at, signature_at, number_at }
    }

    /// The whole request, head and body, for the event in this row.
    pub(crate) fn stamp(&mut self, row: Row) -> &[u8] {
        let number = (u64::from(self.run) << 32) | u64::from(row);
        put_digits(&mut self.bytes, self.repository_at, row % REPOSITORIES);
        put_hex(&mut self.bytes, self.delivery_at + 4, &row.to_be_bytes());
        put_hex(&mut self.bytes, self.number_at, &number.to_be_bytes());
        let mut signing = self.begun.clone();
        signing.update(self.bytes.get(self.number_at..).unwrap_or_default());
        put_hex(&mut self.bytes, self.signature_at, signing.sign().as_ref());
        &self.bytes
    }
}

/// The run and row that a delivered body bears; none where it is not one of ours.
pub(crate) fn stamp_of(body: &[u8]) -> Option<(u32, Row)> {
    let end = body.len().checked_sub(CLOSING_BYTES)?;
    let digits = body.get(end.checked_sub(NUMBER_DIGITS)?..end)?;
    let mut number = 0u64;
    for digit in digits {
        number = (number << 4) | u64::from(char::from(*digit).to_digit(16)?);
    }
    Some(((number >> 32) as u32, number as Row))
}

/// A push event of exactly [`BODY_BYTES`], its number still zero.
fn body() -> String {
    let mut body =
        String::from(r#"{"ref":"refs/heads/main","before":"9f1c0f8e6f3a4f5c9f6b8a1d2c3e4f5061728394","#);
    body.push_str(r#""after":"1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e","created":false,"deleted":false,"#);
    body.push_str(r#""forced":false,"repository":{"id":731905526,"name":"yard","full_name":"acme/yard","#);
    body.push_str(r#""private":true,"default_branch":"main"},"pusher":{"name":"ada"},"commits":[{"id":"#);
    body.push_str(r#""1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e","distinct":true,"message":""#);
    let closing = r#""}],"number":""#;
    let filled = BODY_BYTES - closing.len() - NUMBER_DIGITS - CLOSING_BYTES;
    while body.len() < filled {
        body.push_str("carry the load. ");
    }
    body.truncate(filled);
    body.push_str(closing);
    body.push_str(&"0".repeat(NUMBER_DIGITS));
    body.push_str("\"}");
    body
}

/// Writes the last four decimal digits of `value` into `bytes` at `at`.
fn put_digits(bytes: &mut [u8], at: usize, value: u32) {
    for (place, power) in (at..).zip([1_000, 100, 10, 1]) {
        if let Some(digit) = bytes.get_mut(place) {
            *digit = b'0' + (value / power % 10) as u8;
        }
    }
}

/// Writes `value` as lower-case hexadecimal digits into `bytes` at `at`.
fn put_hex(bytes: &mut [u8], at: usize, value: &[u8]) {
    const DIGITS: [u8; 16] = *b"0123456789abcdef";
    let Some(places) = bytes.get_mut(at..at + 2 * value.len()) else { return };
    for (pair, byte) in places.chunks_exact_mut(2).zip(value) {
        let halves =
            [byte >> 4, byte & 15].map(|half| DIGITS.get(usize::from(half)).copied().unwrap_or(b'0'));
        pair.copy_from_slice(&halves);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_stamped_request_is_signed_numbered_and_well_formed() {
        let mut push = Push::new(3, "127.0.0.1:4400", "/bench", "shh");
        let key = hmac::Key::new(hmac::HMAC_SHA256, b"shh");
        for row in [0, 1, 77, 1_000_000, u32::MAX] {
            let bytes = push.stamp(row).to_vec();
            let mut lines = [httparse::EMPTY_HEADER; 32];
            let mut head = httparse::Request::new(&mut lines);
            let head_bytes = head.parse(&bytes).unwrap().unwrap();
            let body = &bytes[head_bytes..];
            assert_eq!(body.len(), BODY_BYTES);
            assert_eq!(stamp_of(body), Some((3, row)));

            let json: serde_json::Value = serde_json::from_slice(body).unwrap();
            assert_eq!(json["number"], format!("{:016x}", (3u64 << 32) | u64::from(row)));
            let value = |name: &str| {
                let line = head.headers.iter().find(|line| line.name == name).unwrap();
                String::from_utf8(line.value.to_vec()).unwrap()
            };
            let digest = value("X-Hub-Signature-256").strip_prefix("sha256=").unwrap().to_owned();
            let expected: String =
                hmac::sign(&key, body).as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!(digest, expected);
            assert_eq!(value("X-GitHub-Delivery"), format!("00000003-0000-4000-8000-{row:012x}"));
            assert_eq!(value("Content-Length"), BODY_BYTES.to_string());
        }
    }

    #[test]
    fn foreign_bodies_bear_no_stamp() {
        assert_eq!(stamp_of(b""), None);
        assert_eq!(stamp_of(br#"{"hello":"world, this is not hex"}"#), None);
    }
}
