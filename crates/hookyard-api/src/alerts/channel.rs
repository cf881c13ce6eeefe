//! An alert's channel on the wire: `{"type": …}` and that type's settings. What is secret comes in and is never shown but
//! as a hint.

use std::borrow::Cow;

use hookyard_model::alert::{Channel, Email, Login, Security, Slack, Webhook};
use hookyard_model::secret::Secret;
use hookyard_store::catalog::SigningAlgorithm;
use serde::{Deserialize, Serialize};
use utoipa::__dev::ComposeSchema;
use utoipa::openapi::schema::OneOfBuilder;
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema as _, ToSchema};

use crate::merge::Field;
use crate::openapi::names;
use crate::openapi::wrap::form;
use crate::problem::{Kind, Problem};
use crate::secrets::{SecretHint, generate, hint};

/// The settings of each type.
const SETTINGS: [(&str, &[&str]); 3] = [
    ("webhook", &["url", "secret"]),
    ("slack", &["url"]),
    ("email", &["host", "port", "security", "user", "password", "from", "to"]),
];

/// A channel as it is shown.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "type", rename_all = "lowercase")]
pub(super) enum ChannelView {
    Webhook {
        url: String,
        secret: SecretHint,
        /// The secret that this very call made, in full.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schema(nullable = false)]
        secret_generated: Option<String>,
    },
    Slack {
        url: SecretHint,
    },
    Email {
        host: String,
        port: u16,
        #[schema(value_type = names::MailSecurity)]
        security: &'static str,
        user: Option<String>,
        from: String,
        to: Vec<String>,
    },
}

impl ChannelView {
    pub(super) fn new(channel: &Channel, generated: Option<&Secret>) -> Self {
        match channel {
            Channel::Webhook(Webhook { url, secret }) => Self::Webhook {
                url: url.clone(),
                secret: hint(secret),
                secret_generated: generated.map(|secret| secret.expose().to_owned()),
            },
            Channel::Slack(Slack { url }) => Self::Slack { url: hint(url) },
            Channel::Email(Email { host, port, security, login, from, to }) => Self::Email {
                host: host.clone(),
                port: *port,
                security: security.name(),
                user: login.as_ref().map(|login| login.user.clone()),
                from: from.clone(),
                to: to.clone(),
            },
        }
    }
}

/// What a body says about a channel.
// No `Debug`: it holds secrets.
#[derive(Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct ChannelFields {
    /// How; needed for a new alert.
    r#type: Field<String>,
    /// Of `webhook` and `slack`: where to.
    url: Field<String>,
    /// Of `webhook`: what signs; `null` has a new one made.
    secret: Field<String>,
    /// Of `email`: the mail server.
    host: Field<String>,
    /// Of `email`: by default that of the security.
    #[schema(value_type = Option<u16>, minimum = 1)]
    port: Field<u16>,
    /// Of `email`: how the connection is secured.
    #[schema(value_type = Option<names::MailSecurity>)]
    security: Field<String>,
    /// Of `email`: the login's name; `null` for no login.
    user: Field<String>,
    /// Of `email`: the login's password.
    password: Field<String>,
    from: Field<String>,
    /// Of `email`: the recipients.
    #[schema(value_type = Option<Vec<String>>, min_items = 1, max_items = 20)]
    to: Field<Vec<String>>,
}

/// The forms that a channel has in a body: one for each type, and one that changes settings of the present type.
pub(super) enum ChannelForms {}

impl ComposeSchema for ChannelForms {
    fn compose(_: Vec<RefOr<Schema>>) -> RefOr<Schema> {
        let RefOr::T(Schema::Object(all)) = ChannelFields::schema() else { return ChannelFields::schema() };
        let mut forms = OneOfBuilder::new();
        for (name, settings) in SETTINGS {
            let mut form = form(&all, "type", name, settings);
            form.required.push("type".to_owned());
            forms = forms.item(form);
        }
        let mut changes = all;
        changes.properties.remove("type");
        let about = "How people are told: a type and its settings. Without a type, settings of the present one change.";
        forms.item(changes).description(Some(about)).into()
    }
}

impl ToSchema for ChannelForms {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("ChannelFields")
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        ChannelFields::schemas(schemas);
    }
}

impl ChannelFields {
    /// The channel that results, and the secret that was generated for want of another. Settings merge into those of
    /// the same type; another type begins with none.
    ///
    /// # Errors
    /// A type or setting that is unknown, missing, or cannot be used.
    pub(super) fn onto(mut self, current: Option<&Channel>) -> Result<(Channel, Option<Secret>), Problem> {
        let r#type = std::mem::take(&mut self.r#type);
        let name = r#type.required(current.map(|it| it.type_name().to_owned()), "channel.type")?;
        let current = current.filter(|current| current.type_name() == name);
        match (&*name, current) {
            ("webhook", Some(Channel::Webhook(current))) => self.webhook(Some(current)),
            ("webhook", _) => self.webhook(None),
            ("slack", Some(Channel::Slack(current))) => Ok((self.slack(Some(current))?, None)),
            ("slack", _) => Ok((self.slack(None)?, None)),
            ("email", Some(Channel::Email(current))) => Ok((self.email(Some(current))?, None)),
            ("email", _) => Ok((self.email(None)?, None)),
            _ => {
                let known = Channel::TYPES.join(", ");
                Err(Problem::invalid_field("channel.type", format!("expected one of {known}")))
            }
        }
    }

    fn webhook(self, current: Option<&Webhook>) -> Result<(Channel, Option<Secret>), Problem> {
        self.refuse_others("webhook")?;
        let url = self.url.required(current.map(|it| it.url.clone()), "channel.url")?;
        let (secret, generated) = match (self.secret, current) {
            (Field::Set(secret), _) => (Secret::new(secret), None),
            (Field::Keep, Some(current)) => (current.secret.clone(), None),
            (Field::Keep, None) | (Field::Reset, _) => {
                let generated = generate(SigningAlgorithm::Hmac)?;
                (generated.clone(), Some(generated))
            }
        };
        Ok((Channel::Webhook(Webhook { url, secret }), generated))
    }

    fn slack(self, current: Option<&Slack>) -> Result<Channel, Problem> {
        self.refuse_others("slack")?;
        let url = self.url.required(current.map(|it| it.url.expose().to_owned()), "channel.url")?;
        Ok(Channel::Slack(Slack { url: Secret::new(url) }))
    }

    fn email(self, current: Option<&Email>) -> Result<Channel, Problem> {
        self.refuse_others("email")?;
        let security = match &self.security {
            Field::Keep => current.map(|it| it.security).unwrap_or_default(),
            Field::Reset => Security::default(),
            Field::Set(name) => Security::from_name(name).ok_or_else(|| {
                let known = Security::ALL.map(Security::name).join(", ");
                Problem::invalid_field("channel.security", format!("expected one of {known}"))
            })?,
        };
        // The port goes with the security, unless somebody has chosen one.
        let kept = current.filter(|it| it.security == security).map_or(security.port(), |it| it.port);
        let login = current.and_then(|it| it.login.as_ref());
        let is_without = matches!(self.user, Field::Reset);
        let user = self.user.over_option(login.map(|it| it.user.clone()));
        let password = login.map(|it| it.password.expose().to_owned()).filter(|_| !is_without);
        let login = match (user, self.password.over_option(password)) {
            (Some(user), Some(password)) => Some(Login { user, password: Secret::new(password) }),
            (None, None) => None,
            (Some(_), None) => return Err(Problem::missing_field("channel.password")),
            (None, Some(_)) => return Err(Problem::missing_field("channel.user")),
        };
        Ok(Channel::Email(Email {
            host: self.host.required(current.map(|it| it.host.clone()), "channel.host")?,
            port: self.port.over(kept, security.port()),
            security,
            login,
            from: self.from.required(current.map(|it| it.from.clone()), "channel.from")?,
            to: self.to.required(current.map(|it| it.to.clone()), "channel.to")?,
        }))
    }

    /// Refuses what belongs to another type.
    fn refuse_others(&self, name: &str) -> Result<(), Problem> {
        let known =
            SETTINGS.iter().find(|(of, _)| *of == name).map_or(&[] as &[&str], |(_, settings)| settings);
        let given = [
            ("url", self.url != Field::Keep),
            ("secret", self.secret != Field::Keep),
            ("host", self.host != Field::Keep),
            ("port", self.port != Field::Keep),
            ("security", self.security != Field::Keep),
            ("user", self.user != Field::Keep),
            ("password", self.password != Field::Keep),
            ("from", self.from != Field::Keep),
            ("to", self.to != Field::Keep),
        ];
        match given.into_iter().find(|(setting, is_given)| *is_given && !known.contains(setting)) {
            None => Ok(()),
            Some((setting, _)) => {
                let field = format!("channel.{setting}");
                let detail =
                    format!("`{field}` is not a setting of the type `{name}`: expected {}", known.join(", "));
                Err(Problem::with_field(Kind::UnknownField, &field, detail))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::*;

    fn after(current: Option<&Channel>, change: Json) -> Result<Channel, (Kind, Option<String>)> {
        let fields: ChannelFields = serde_json::from_value(change).unwrap();
        let read = fields.onto(current).map(|(channel, _)| channel);
        read.map_err(|problem| (problem.kind(), problem.field().map(str::to_owned)))
    }

    fn shown(channel: &Channel) -> Json {
        serde_json::to_value(ChannelView::new(channel, None)).unwrap()
    }

    #[test]
    fn settings_merge_within_a_type_and_secrets_are_hints() {
        let first = json!({"type": "email", "host": "a.test", "user": "me", "password": "hunter2",
                           "from": "a@a.test", "to": ["b@a.test"]});
        let email = after(None, first).unwrap();
        let view = |port: u16, security: &str, user: Json| {
            json!({"type": "email", "host": "a.test", "port": port, "security": security, "user": user,
                   "from": "a@a.test", "to": ["b@a.test"]})
        };
        assert_eq!(shown(&email), view(587, "starttls", json!("me")));
        let email = after(Some(&email), json!({"security": "tls"})).unwrap();
        assert_eq!(shown(&email), view(465, "tls", json!("me")));
        let email = after(Some(&email), json!({"port": 2465, "user": "you"})).unwrap();
        assert_eq!(shown(&email), view(2465, "tls", json!("you")));
        let Channel::Email(Email { login: Some(login), .. }) = &email else { panic!("{email:?}") };
        assert_eq!(login.password.expose(), "hunter2");
        let email = after(Some(&email), json!({"user": null})).unwrap();
        assert_eq!(shown(&email), view(2465, "tls", Json::Null));

        let slack =
            after(Some(&email), json!({"type": "slack", "url": "https://hooks.slack.test/hunter2-x"}));
        let slack = slack.unwrap();
        assert_eq!(shown(&slack), json!({"type": "slack", "url": {"hint": "…r2-x"}}));
        let webhook = after(Some(&slack), json!({"type": "webhook", "url": "https://a.test/"})).unwrap();
        let Channel::Webhook(Webhook { secret, .. }) = &webhook else { panic!("{webhook:?}") };
        assert!(secret.expose().starts_with("whsec_"));
        let moved = after(Some(&webhook), json!({"url": "https://b.test/"})).unwrap();
        let Channel::Webhook(Webhook { secret: kept, .. }) = &moved else { panic!("{moved:?}") };
        assert_eq!(kept, secret);
        let renewed = after(Some(&webhook), json!({"secret": null})).unwrap();
        assert_ne!(renewed, webhook);
    }

    #[test]
    fn what_does_not_fit_is_refused_by_name() {
        let slack = after(None, json!({"type": "slack", "url": "https://a.test/"})).unwrap();
        for (current, change, kind, field) in [
            (None, json!({"url": "https://a.test/"}), Kind::MissingField, "channel.type"),
            (None, json!({"type": "pager"}), Kind::InvalidField, "channel.type"),
            (Some(&slack), json!({"type": null}), Kind::InvalidField, "channel.type"),
            (Some(&slack), json!({"url": null}), Kind::InvalidField, "channel.url"),
            (Some(&slack), json!({"secret": "x"}), Kind::UnknownField, "channel.secret"),
            (Some(&slack), json!({"type": "webhook"}), Kind::MissingField, "channel.url"),
            (None, json!({"type": "email", "url": "x"}), Kind::UnknownField, "channel.url"),
            (None, json!({"type": "email", "host": "a"}), Kind::MissingField, "channel.from"),
            (None, json!({"type": "email", "security": "ssl"}), Kind::InvalidField, "channel.security"),
            (None, json!({"type": "email", "user": "u"}), Kind::MissingField, "channel.password"),
            (None, json!({"type": "email", "password": "p"}), Kind::MissingField, "channel.user"),
        ] {
            assert_eq!(after(current, change.clone()), Err((kind, Some(field.to_owned()))), "{change}");
        }
    }
}
