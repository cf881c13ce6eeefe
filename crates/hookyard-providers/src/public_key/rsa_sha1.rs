//! RSA signatures with PKCS#1 v1.5 padding over SHA-1, for samples: ring makes none, and rightly so.
//!
//! This is RFC 8017, section 8.2.1, in the plainest way: neither fast nor constant in time, which a sample made
//! with a key for trying things out does not need. Nothing else may use it.

use crypto_bigint::modular::{BoxedMontyForm, BoxedMontyParams};
use crypto_bigint::{BoxedUint, Odd};
use ring::digest;
use x509_cert::der::asn1::{AnyRef, OctetStringRef, UintRef};
use x509_cert::der::{Decode as _, Reader as _, SliceReader};

/// DigestInfo of SHA-1 (RFC 8017, section 9.2, note 1), up to the digest.
const DIGEST_INFO: [u8; 15] =
    [0x30, 0x21, 0x30, 0x09, 0x06, 0x05, 0x2b, 0x0e, 0x03, 0x02, 0x1a, 0x05, 0x00, 0x04, 0x14];

/// Signs with a key in PKCS#8; none where it is no RSA key.
pub(super) fn sign(pkcs8: &[u8], message: &[u8]) -> Option<Vec<u8>> {
    let (modulus, exponent) = numbers(pkcs8)?;
    let digest = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, message);
    let padding = modulus.len().checked_sub(3 + DIGEST_INFO.len() + digest.as_ref().len())?;
    let mut encoded = vec![0, 1];
    encoded.extend(std::iter::repeat_n(0xff, padding));
    encoded.push(0);
    encoded.extend_from_slice(&DIGEST_INFO);
    encoded.extend_from_slice(digest.as_ref());
    let bits = u32::try_from(modulus.len() * 8).ok()?;
    let number = |bytes: &[u8]| BoxedUint::from_be_slice(bytes, bits).ok();
    let odd: Option<Odd<BoxedUint>> = Odd::new(number(&modulus)?).into();
    let params = BoxedMontyParams::new_vartime(odd?);
    let signature = BoxedMontyForm::new(number(&encoded)?, &params).pow(&number(&exponent)?).retrieve();
    Some(signature.to_be_bytes().to_vec())
}

/// Modulus and private exponent (RFC 5958, RFC 8017, appendix A.1.2).
fn numbers(pkcs8: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let mut reader = SliceReader::new(pkcs8).ok()?;
    let key = reader.sequence(|key: &mut SliceReader<'_>| -> x509_cert::der::Result<_> {
        let (_, _) = (UintRef::decode(key)?, AnyRef::decode(key)?);
        let inner = <&OctetStringRef>::decode(key)?;
        // Attributes may follow; they are of no interest.
        key.read_slice(key.remaining_len())?;
        Ok(inner.as_bytes().to_vec())
    });
    let key = key.ok()?;
    let mut reader = SliceReader::new(&key).ok()?;
    let numbers = reader.sequence(|numbers: &mut SliceReader<'_>| -> x509_cert::der::Result<_> {
        UintRef::decode(numbers)?;
        let modulus = UintRef::decode(numbers)?.as_bytes().to_vec();
        UintRef::decode(numbers)?;
        let exponent = UintRef::decode(numbers)?.as_bytes().to_vec();
        numbers.read_slice(numbers.remaining_len())?;
        Ok((modulus, exponent))
    });
    numbers.ok()
}
