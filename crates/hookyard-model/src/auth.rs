//! How a destination is told that it is us: credentials that stand in the request or in the connection, besides
//! the Standard Webhooks signature that every delivery carries.
//!
//! A kind and its settings by name, all of them texts ([`Auth::read`], [`Auth::settings`]), are what the API, the
//! configuration file and the stored form share; this is the one place that knows the names. What is made of a
//! kind when a request goes out is `hookyard-deliver`'s business, and whether a certificate and its key belong
//! together `hookyard-outgoing`'s.
//!
//! **Invariant:** every secret is a [`Secret`], and no error repeats a value that was given for one.

mod hmac;
mod read;

use std::collections::BTreeMap;

use crate::secret::Secret;

pub use hmac::{Algorithm, Encoding, Hmac, Part, Template};
pub use read::AuthError;

use read::Reader;

/// The longest setting, in bytes, other than a certificate or its key.
pub const SETTING_BYTES_MAX: usize = 4096;
/// The longest certificate chain, private key or list of authorities in PEM, in bytes.
pub const PEM_BYTES_MAX: usize = 64 * 1024;

/// How a destination is told that it is us.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Auth {
    /// By the Standard Webhooks signature alone.
    #[default]
    None,
    /// `Authorization: Basic` (RFC 7617).
    Basic {
        /// Without a colon.
        username: String,
        /// May be empty.
        password: Secret,
    },
    /// `Authorization: Bearer` (RFC 6750) with a token that does not change.
    Bearer {
        /// The token.
        token: Secret,
    },
    /// A key in a header or in the query.
    ApiKey {
        /// Where it stands.
        place: Place,
        /// The name of the header or parameter.
        name: String,
        /// The key.
        key: Secret,
    },
    /// A signature in a header of the receiver's own choice.
    Hmac(Hmac),
    /// `Authorization: Bearer` with a token from a token endpoint (RFC 6749, section 4.4).
    OAuth2(OAuth2),
    /// A signature as the services of AWS want it (Signature Version 4).
    AwsSigV4(AwsSigV4),
    /// A client certificate in the TLS handshake.
    Mtls(Mtls),
}

/// Where an API key stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In a header.
    Header,
    /// In the query, as a parameter.
    Query,
}

/// Client credentials, and where a token is had for them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OAuth2 {
    /// Absolute URL of the token endpoint.
    pub token_url: String,
    /// The client's name.
    pub client_id: String,
    /// The client's password.
    pub client_secret: Secret,
    /// How the client shows them.
    pub client_auth: ClientAuth,
    /// The scopes that are asked for, separated by spaces; none to get the server's default.
    pub scope: Option<String>,
    /// Whom the token is for, where the server wants to be told.
    pub audience: Option<String>,
}

/// How a client shows its credentials to the token endpoint (RFC 6749, section 2.3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientAuth {
    /// In the `Authorization` header.
    Basic,
    /// In the body.
    Body,
}

/// An access key of AWS, and what is called with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AwsSigV4 {
    /// The key's public part.
    pub access_key_id: String,
    /// The key's secret part.
    pub secret_access_key: Secret,
    /// What temporary credentials have besides.
    pub session_token: Option<Secret>,
    /// The region, like `eu-central-1`.
    pub region: String,
    /// The service's signing name, like `lambda` or `execute-api`.
    pub service: String,
}

/// A client certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mtls {
    /// The certificate and its intermediates in PEM.
    pub certificate: String,
    /// The private key in PEM.
    pub key: Secret,
    /// The authorities that the destination's own certificate may come from, in PEM; none for those that this
    /// machine trusts.
    pub ca: Option<String>,
}

/// A setting's value, as far as it may be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// Anybody who may see the destination may see it.
    Shown(String),
    /// Nobody may.
    Hidden(Secret),
}

impl Auth {
    /// All kinds by name, each with its settings; those that are needed first.
    pub const KINDS: [(&'static str, &'static [&'static str]); 8] = [
        ("none", &[]),
        ("basic", &["username", "password"]),
        ("bearer", &["token"]),
        ("api_key", &["name", "key", "in"]),
        ("hmac", &["secret", "header", "algorithm", "encoding", "prefix", "message", "timestamp_header"]),
        ("oauth2", &["token_url", "client_id", "client_secret", "client_auth", "scope", "audience"]),
        ("aws_sigv4", &["access_key_id", "secret_access_key", "region", "service", "session_token"]),
        ("mtls", &["certificate", "key", "ca"]),
    ];

    /// The kind's name in the API, the configuration file and the stored form.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Basic { .. } => "basic",
            Self::Bearer { .. } => "bearer",
            Self::ApiKey { .. } => "api_key",
            Self::Hmac(_) => "hmac",
            Self::OAuth2(_) => "oauth2",
            Self::AwsSigV4(_) => "aws_sigv4",
            Self::Mtls(_) => "mtls",
        }
    }

    /// Makes one of a kind and its settings.
    ///
    /// # Errors
    /// [`AuthError`] where the kind is unknown, a setting is unknown or missing, or its value cannot be used.
    pub fn read(kind: &str, settings: &BTreeMap<String, String>) -> Result<Self, AuthError> {
        let reader = Reader::new(kind, settings)?;
        match kind {
            "basic" => Ok(Self::Basic {
                username: reader.username("username")?,
                password: Secret::new(reader.optional("password")?.unwrap_or_default()),
            }),
            "bearer" => Ok(Self::Bearer { token: reader.token("token")? }),
            "api_key" => {
                let place = reader.word("in", &[("header", Place::Header), ("query", Place::Query)])?;
                Ok(match place {
                    Place::Header => {
                        Self::ApiKey { place, name: reader.header("name")?, key: reader.header_text("key")? }
                    }
                    Place::Query => {
                        Self::ApiKey { place, name: reader.text("name")?, key: reader.secret("key")? }
                    }
                })
            }
            "hmac" => Hmac::read(&reader).map(Self::Hmac),
            "oauth2" => Ok(Self::OAuth2(OAuth2 {
                token_url: reader.text("token_url")?,
                client_id: reader.text("client_id")?,
                client_secret: reader.secret("client_secret")?,
                client_auth: reader
                    .word("client_auth", &[("basic", ClientAuth::Basic), ("body", ClientAuth::Body)])?,
                scope: reader.optional("scope")?,
                audience: reader.optional("audience")?,
            })),
            "aws_sigv4" => Ok(Self::AwsSigV4(AwsSigV4 {
                access_key_id: reader.scope("access_key_id")?,
                secret_access_key: reader.secret("secret_access_key")?,
                session_token: reader.optional_header_text("session_token")?,
                region: reader.scope("region")?,
                service: reader.scope("service")?,
            })),
            "mtls" => Ok(Self::Mtls(Mtls {
                certificate: reader.pem("certificate")?,
                key: Secret::new(reader.pem("key")?),
                ca: reader.optional_pem("ca")?,
            })),
            _ => Ok(Self::None),
        }
    }

    /// The settings that [`Auth::read`] makes the same of, less those that have no value.
    pub fn settings(&self) -> Vec<(&'static str, Value)> {
        let shown = |text: &str| Value::Shown(text.to_owned());
        let hidden = |secret: &Secret| Value::Hidden(secret.clone());
        match self {
            Self::None => Vec::new(),
            Self::Basic { username, password } => {
                vec![("username", shown(username)), ("password", hidden(password))]
            }
            Self::Bearer { token } => vec![("token", hidden(token))],
            Self::ApiKey { place, name, key } => {
                let place = match place {
                    Place::Header => "header",
                    Place::Query => "query",
                };
                vec![("name", shown(name)), ("key", hidden(key)), ("in", shown(place))]
            }
            Self::Hmac(hmac) => hmac.settings(),
            Self::OAuth2(oauth2) => {
                let client_auth = match oauth2.client_auth {
                    ClientAuth::Basic => "basic",
                    ClientAuth::Body => "body",
                };
                let mut settings = vec![
                    ("token_url", shown(&oauth2.token_url)),
                    ("client_id", shown(&oauth2.client_id)),
                    ("client_secret", hidden(&oauth2.client_secret)),
                    ("client_auth", shown(client_auth)),
                ];
                settings.extend(oauth2.scope.as_deref().map(|scope| ("scope", shown(scope))));
                settings.extend(oauth2.audience.as_deref().map(|audience| ("audience", shown(audience))));
                settings
            }
            Self::AwsSigV4(aws) => {
                let mut settings = vec![
                    ("access_key_id", shown(&aws.access_key_id)),
                    ("secret_access_key", hidden(&aws.secret_access_key)),
                    ("region", shown(&aws.region)),
                    ("service", shown(&aws.service)),
                ];
                settings.extend(aws.session_token.as_ref().map(|token| ("session_token", hidden(token))));
                settings
            }
            Self::Mtls(mtls) => {
                let mut settings =
                    vec![("certificate", shown(&mtls.certificate)), ("key", hidden(&mtls.key))];
                settings.extend(mtls.ca.as_deref().map(|ca| ("ca", shown(ca))));
                settings
            }
        }
    }
}

impl Value {
    /// The text itself, also of a secret: to store it, or to read it again.
    pub fn expose(&self) -> &str {
        match self {
            Self::Shown(text) => text,
            Self::Hidden(secret) => secret.expose(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One of each kind, with every setting.
    pub(super) fn all() -> Vec<(&'static str, Vec<(&'static str, &'static str)>)> {
        let pem = "-----BEGIN SOMETHING-----\nAAAA\n-----END SOMETHING-----\n";
        vec![
            ("none", vec![]),
            ("basic", vec![("username", "me"), ("password", "pass:word")]),
            ("bearer", vec![("token", "abc.def")]),
            ("api_key", vec![("name", "X-Api-Key"), ("key", "k e y"), ("in", "header")]),
            ("api_key", vec![("name", "a&b"), ("key", "k&y=1"), ("in", "query")]),
            (
                "hmac",
                vec![
                    ("secret", "s"),
                    ("header", "Stripe-Signature"),
                    ("algorithm", "sha512"),
                    ("encoding", "base64"),
                    ("prefix", "t={timestamp},v1="),
                    ("message", "{timestamp}.{body}"),
                    ("timestamp_header", "X-Time"),
                ],
            ),
            (
                "oauth2",
                vec![
                    ("token_url", "https://login.test/token"),
                    ("client_id", "me"),
                    ("client_secret", "s"),
                    ("client_auth", "body"),
                    ("scope", "a b"),
                    ("audience", "https://api.test"),
                ],
            ),
            (
                "aws_sigv4",
                vec![
                    ("access_key_id", "AKIDEXAMPLE"),
                    ("secret_access_key", "wJalr/XUt+n"),
                    ("region", "eu-central-1"),
                    ("service", "lambda"),
                    ("session_token", "t0ken=="),
                ],
            ),
            ("mtls", vec![("certificate", pem), ("key", pem), ("ca", pem)]),
        ]
    }

    fn map(settings: &[(&str, &str)]) -> BTreeMap<String, String> {
        settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn every_setting_comes_back_as_it_was_read() {
        for (kind, settings) in all() {
            let auth = Auth::read(kind, &map(&settings)).unwrap();
            assert_eq!(auth.kind(), kind);
            let again: Vec<(&str, String)> =
                auth.settings().into_iter().map(|(name, value)| (name, value.expose().to_owned())).collect();
            let given: Vec<(&str, String)> =
                settings.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
            assert_eq!(again, given, "{kind}");
            let names: Vec<&str> = settings.iter().map(|(name, _)| *name).collect();
            assert!(Auth::KINDS.contains(&(kind, names.as_slice())), "{kind}");
        }
        let shown: Vec<&str> = all().iter().map(|(kind, _)| *kind).collect();
        assert!(Auth::KINDS.iter().all(|(kind, _)| shown.contains(kind)));
    }

    #[test]
    fn secrets_are_hidden_and_nothing_else() {
        let mut hidden = Vec::new();
        for (kind, settings) in all() {
            let auth = Auth::read(kind, &map(&settings)).unwrap();
            let secret = auth.settings().into_iter().filter(|(_, value)| matches!(value, Value::Hidden(_)));
            hidden.extend(secret.map(|(name, _)| name));
        }
        let expected = [
            "password",
            "token",
            "key",
            "key",
            "secret",
            "client_secret",
            "secret_access_key",
            "session_token",
            "key",
        ];
        assert_eq!(hidden, expected);
    }

    #[test]
    fn what_is_left_out_has_its_default_or_is_missed_by_name() {
        let minimal = |kind: &str, settings: &[(&str, &str)]| Auth::read(kind, &map(settings)).unwrap();
        let basic = minimal("basic", &[("username", "key")]);
        assert_eq!(basic, Auth::Basic { username: "key".into(), password: Secret::new("") });
        let hmac = minimal("hmac", &[("secret", "s"), ("header", "X-Sig")]).settings();
        let plain: Vec<&str> = hmac.iter().map(|(_, value)| value.expose()).collect();
        assert_eq!(plain, ["s", "X-Sig", "sha256", "hex", "", "{body}"]);
        for (kind, settings) in all() {
            for (left_out, _) in &settings {
                let rest: Vec<_> = settings.iter().copied().filter(|(name, _)| name != left_out).collect();
                if let Err(error) = Auth::read(kind, &map(&rest)) {
                    assert_eq!(error.setting(), *left_out, "{kind}");
                    assert!(error.to_string().contains("is missing"), "{error}");
                }
            }
        }
    }

    #[test]
    fn what_cannot_be_used_is_refused_by_name_and_not_repeated() {
        for (kind, changed, value, part) in [
            ("basic", "username", "a:b", "colon"),
            ("basic", "username", "a\r\nb", "line breaks"),
            ("basic", "password", "hunter2\n", "line breaks"),
            ("bearer", "token", "hunter2 hunter2", "printable ASCII"),
            ("bearer", "token", "", "empty"),
            ("api_key", "key", "hunter2\n", "printable ASCII"),
            ("api_key", "name", "X Key", "not a header name"),
            ("api_key", "name", "webhook-signature", "Hookyard sends"),
            ("api_key", "in", "cookie", "`header` or `query`"),
            ("hmac", "header", "Content-Length", "Hookyard sends"),
            ("hmac", "timestamp_header", "Host", "Hookyard sends"),
            ("hmac", "algorithm", "md5", "`sha256`, `sha1` or `sha512`"),
            ("hmac", "message", "{timestamp}", "`{body}`"),
            ("hmac", "message", "{body}{path}", "`{path}`"),
            ("hmac", "prefix", "{body}", "`{body}`"),
            ("hmac", "prefix", "ä", "printable ASCII"),
            ("oauth2", "client_secret", "", "empty"),
            ("aws_sigv4", "region", "eu/central", "letters, digits"),
            ("mtls", "key", "hunter2", "-----BEGIN"),
        ] {
            let (_, mut settings) = all().into_iter().find(|(name, _)| *name == kind).unwrap();
            settings.retain(|(name, _)| *name != changed);
            settings.push((changed, value));
            let error = Auth::read(kind, &map(&settings)).unwrap_err();
            assert_eq!(error.setting(), changed, "{error}");
            assert!(error.to_string().contains(part), "{error} has no `{part}`");
            assert!(!format!("{error} {error:?}").contains("hunter2"), "{error:?}");
        }
        let long = "x".repeat(SETTING_BYTES_MAX + 1);
        let error = Auth::read("bearer", &map(&[("token", &long)])).unwrap_err();
        assert!(error.to_string().contains("4096 bytes"), "{error}");
    }

    #[test]
    fn unknown_kinds_and_settings_are_named_with_the_known_ones() {
        let error = Auth::read("digest", &map(&[])).unwrap_err();
        assert!(error.to_string().contains("`basic`") && error.to_string().contains("`mtls`"), "{error}");
        assert_eq!(error.setting(), "kind");
        let error = Auth::read("bearer", &map(&[("tokne", "x")])).unwrap_err();
        assert_eq!(error.setting(), "tokne");
        assert!(error.to_string().contains("`token`"), "{error}");
        let error = Auth::read("none", &map(&[("token", "x")])).unwrap_err();
        assert!(error.to_string().contains("has no settings"), "{error}");
    }
}
