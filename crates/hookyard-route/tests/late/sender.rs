//! Two providers whose keys have to be fetched, as senders: Circle, where each key has a URL of its own, and
//! Amazon SNS, which asks to be called back.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{CertificateParams, KeyPair, PKCS_RSA_SHA256};
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair,
};
use rustls_pki_types::PrivatePkcs8KeyDer;
use rustls_pki_types::pem::PemObject as _;

use crate::key_server::Act;

/// What stands before a P-256 point in the DER form of a public key (RFC 5480).
const P256: &str = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE";
const RSA_KEY: &str = include_str!("../../../hookyard-providers/tests/keys/rsa.pem");
pub(crate) const TOPIC: &str = "arn:aws:sns:us-east-1:123456789012:orders";

/// A head and a body.
pub(crate) type Message = (String, String);

/// Circle, with one of its keys.
pub(crate) struct Circle {
    key: EcdsaKeyPair,
}

impl Circle {
    pub(crate) fn new() -> Self {
        let random = SystemRandom::new();
        let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random).unwrap();
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, document.as_ref(), &random);
        Self { key: key.unwrap() }
    }

    /// How the key server answers when it gives the key.
    pub(crate) fn key(&self) -> Act {
        let mut der = STANDARD.decode(P256).unwrap();
        // The point's first byte closes the prefix.
        der.extend_from_slice(self.key.public_key().as_ref().strip_prefix(&[4]).unwrap());
        Act::Answer(200, format!("{{\"data\":{{\"publicKey\":\"{}\"}}}}", STANDARD.encode(der)))
    }

    /// A notification that is signed with the key, which goes by this name.
    pub(crate) fn sign(&self, key_id: &str, event: &str) -> Message {
        let body = format!("{{\"notificationId\":\"{event}\",\"notificationType\":\"payments\"}}");
        let signature = self.key.sign(&SystemRandom::new(), body.as_bytes()).unwrap();
        let head = format!(
            "POST /circle HTTP/1.1\r\nHost: here\r\nX-Circle-Key-Id: {key_id}\r\n\
             X-Circle-Signature: {}\r\nContent-Length: {}\r\n\r\n",
            STANDARD.encode(signature),
            body.len()
        );
        (head, body)
    }
}

/// The certificate of SNS, as it is served.
pub(crate) fn sns_certificate() -> Act {
    let key = KeyPair::from_pkcs8_pem_and_sign_algo(RSA_KEY, &PKCS_RSA_SHA256).unwrap();
    let made = CertificateParams::new(vec!["sns.amazonaws.com".to_owned()]).unwrap().self_signed(&key);
    Act::Answer(200, made.unwrap().pem())
}

/// A signed question of SNS whether the source wants the topic's messages.
pub(crate) fn sns_confirmation(subscribe_path: &str) -> Message {
    let host = "https://sns.us-east-1.amazonaws.com";
    let subscribe = format!("{host}/{subscribe_path}");
    let fields = [
        ("Message", "You have chosen to subscribe."),
        ("MessageId", "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324"),
        ("SubscribeURL", &subscribe),
        ("Timestamp", "2026-01-01T00:00:00.000Z"),
        ("Token", "2336412f37"),
        ("TopicArn", TOPIC),
        ("Type", "SubscriptionConfirmation"),
    ];
    let text: String = fields.iter().map(|(name, value)| format!("{name}\n{value}\n")).collect();
    let key = PrivatePkcs8KeyDer::from_pem_slice(RSA_KEY.as_bytes()).unwrap();
    let key = RsaKeyPair::from_pkcs8(key.secret_pkcs8_der()).unwrap();
    let mut signature = vec![0; key.public().modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text.as_bytes(), &mut signature).unwrap();
    let members: String = fields.iter().map(|(name, value)| format!("\"{name}\":\"{value}\",")).collect();
    let body = format!(
        "{{{members}\"SignatureVersion\":\"2\",\"Signature\":\"{}\",\"SigningCertURL\":\"{host}/key.pem\"}}",
        STANDARD.encode(signature)
    );
    let head = format!("POST /sns HTTP/1.1\r\nHost: here\r\nContent-Length: {}\r\n\r\n", body.len());
    (head, body)
}
