//! Bodies behind a content coding (RFC 9110, section 8.4.1), decompressed up to a bound.

use std::borrow::Cow;
use std::io::Read;

use flate2::read::{DeflateDecoder, GzDecoder, ZlibDecoder};
use http::HeaderMap;
use http::header::CONTENT_ENCODING;

use crate::read::{Why, exactly_one};

/// The most bytes a body is decompressed to: four times the gateway's default limit for one. A small body
/// can stand for a very large one.
pub(crate) const DECODED_BYTES_MAX: u64 = 40 << 20;

const TOO_LONG: Why = Why::Malformed("it is longer than 40 MiB when decompressed");
const BROKEN: Why = Why::Malformed("it is not compressed as its content-encoding says");

/// The body as it was before its content coding.
pub(crate) fn decoded<'a>(headers: &HeaderMap, body: &'a [u8]) -> Result<Cow<'a, [u8]>, Why> {
    let coding = match exactly_one(headers, CONTENT_ENCODING) {
        Ok(coding) => coding.trim_ascii(),
        Err(Why::Missing) => return Ok(Cow::Borrowed(body)),
        Err(why) => return Err(why),
    };
    if coding.eq_ignore_ascii_case(b"identity") || coding.is_empty() {
        Ok(Cow::Borrowed(body))
    } else if coding.eq_ignore_ascii_case(b"gzip") || coding.eq_ignore_ascii_case(b"x-gzip") {
        read(GzDecoder::new(body))
    } else if coding.eq_ignore_ascii_case(b"deflate") {
        // The name means the zlib format; some senders leave its two bytes of head out.
        read(ZlibDecoder::new(body)).or_else(|why| match why {
            TOO_LONG => Err(TOO_LONG),
            _ => read(DeflateDecoder::new(body)),
        })
    } else {
        Err(Why::Malformed("its content-encoding is neither gzip nor deflate"))
    }
}

fn read(decoder: impl Read) -> Result<Cow<'static, [u8]>, Why> {
    let mut bytes = Vec::new();
    let read = decoder.take(DECODED_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(|_| BROKEN)?;
    if read as u64 > DECODED_BYTES_MAX { Err(TOO_LONG) } else { Ok(Cow::Owned(bytes)) }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
    use http::HeaderValue;

    use super::*;

    fn judged(coding: &'static str, body: &[u8]) -> Result<Vec<u8>, Why> {
        let headers = HeaderMap::from_iter([(CONTENT_ENCODING, HeaderValue::from_static(coding))]);
        decoded(&headers, body).map(Cow::into_owned)
    }

    fn gzip(body: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(body).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn every_coding_comes_back_as_it_was() {
        let body = b"{\"a\":1}".repeat(100);
        assert_eq!(judged("gzip", &gzip(&body)).as_ref(), Ok(&body));
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(&body).unwrap();
        assert_eq!(judged("Deflate", &encoder.finish().unwrap()).as_ref(), Ok(&body));
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(&body).unwrap();
        assert_eq!(judged("deflate", &encoder.finish().unwrap()).as_ref(), Ok(&body));
        assert_eq!(judged("identity", &body).as_ref(), Ok(&body));
        assert_eq!(decoded(&HeaderMap::new(), &body).as_deref(), Ok(&*body));
    }

    #[test]
    fn bombs_and_broken_bodies_are_refused() {
        let bomb = gzip(&vec![0; usize::try_from(DECODED_BYTES_MAX).unwrap() + 1]);
        assert!(bomb.len() < 1 << 20);
        assert_eq!(judged("gzip", &bomb), Err(TOO_LONG));
        let whole = gzip(b"abc");
        assert_eq!(judged("gzip", &whole[..whole.len() - 1]), Err(BROKEN));
        assert_eq!(judged("gzip", b"abc"), Err(BROKEN));
        assert!(judged("br", b"abc").is_err());
        assert!(judged("gzip, gzip", &gzip(&whole)).is_err());
    }
}
