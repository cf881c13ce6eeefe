//! What a source is configured with, so that it takes what a case's SDK signs.
//!
//! A case has what an SDK is given: a secret, and perhaps settings. Most of the catalogue asks for the
//! same. Where a key is fetched, the source has no secret, and what would be fetched is in the request.

use std::collections::BTreeMap;

use crate::case::Case;
use crate::request::SignedRequest;

/// A source's configuration.
#[derive(Clone, Debug, Default)]
pub struct Configured {
    /// Its secrets.
    pub secrets: Vec<String>,
    /// Its settings.
    pub settings: BTreeMap<String, String>,
}

impl Case {
    /// The configuration with these secrets in place of the case's own, at a gateway whose URL without a
    /// path is `origin`.
    pub fn configured(&self, secrets: &[&str], origin: &str) -> Configured {
        let mut settings = self.settings.clone();
        // Twilio's two ways are told apart by the request, and are one scheme.
        let scheme = self.scheme.clone().filter(|_| self.provider != "twilio");
        settings.extend(scheme.map(|scheme| ("scheme".to_owned(), scheme)));
        let mut set = |name: &str, value: &str| settings.insert(name.to_owned(), value.to_owned());
        let mut secrets: Vec<String> = secrets.iter().map(|secret| (*secret).to_owned()).collect();
        match self.provider.as_str() {
            "paypal" => {
                // What PayPal calls the webhook's id is all that its SDK is given.
                set("webhook_id", secrets.last().unwrap_or(&self.secret));
                settings.remove("cert_url");
                secrets.clear();
            }
            "aws-sns" => {
                set("topic_arn", "arn:aws:sns:us-east-1:123456789012:MyTopic");
                secrets.clear();
            }
            "saleor" => {
                set("saleor_url", "https://shop.saleor.example");
                secrets.clear();
            }
            "truelayer" => secrets.clear(),
            "jira-connect" => drop(set("base_url", origin)),
            "ebay" => {
                set("client_id", "client");
                set("verification_token", &"v".repeat(32));
                secrets = vec!["client-secret".to_owned()];
            }
            _ => {}
        }
        Configured { secrets, settings }
    }

    /// Whether the key is fetched, and a source without it can only say that it needs it.
    pub fn key_is_fetched(&self) -> bool {
        ["paypal", "aws-sns", "saleor", "truelayer", "ebay"].contains(&self.provider.as_str())
    }

    /// The document that the key's address would answer with, for a request that was signed with `secret`.
    pub fn document(&self, sent: &SignedRequest, secret: &str) -> String {
        match (&sent.certificate, self.provider.as_str()) {
            (Some(certificate), "paypal") => certificate.clone(),
            (_, "ebay") => format!(r#"{{"key":{secret:?},"algorithm":"ECDSA","digest":"SHA1"}}"#),
            // Here the document is the secret itself: a certificate or a set of keys.
            _ => secret.to_owned(),
        }
    }
}
