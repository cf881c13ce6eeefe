//! The stored form of an alert's channel, and what the catalog asks of it.
//!
//! All of it is sealed, since what is secret differs by kind: with Slack it is the URL itself.

use hookyard_model::alert::{Channel, Email, Login, RECIPIENTS_MAX, Security, Slack, Webhook};
use hookyard_model::id::AlertId;
use hookyard_model::secret::Secret;
use serde::{Deserialize, Serialize};

use super::check::{self, Problem};
use super::key::SecretKey;
use super::open::LoadError;
use super::seal::{self, Place, SealError};
use super::signing;

const HOST_CHARS_MAX: usize = 253;
const LOCAL_PART_CHARS_MAX: usize = 64;
const LOGIN_BYTES_MAX: usize = 4096;

/// The stored form. A new one gets a variant of its own, and these stay readable.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum StoredChannel {
    WebhookV1 {
        url: String,
        secret: String,
    },
    SlackV1 {
        url: String,
    },
    EmailV1 {
        host: String,
        port: u16,
        security: String,
        login: Option<(String, String)>,
        from: String,
        to: Vec<String>,
    },
}

/// What cannot be used of a channel. No reason repeats a value that is secret.
pub(super) fn problem(channel: &Channel) -> Option<Problem> {
    let as_setting =
        |setting, problem: Option<Problem>| problem.map(|Problem { reason, .. }| Problem { setting, reason });
    match channel {
        Channel::Webhook(Webhook { url, secret }) => {
            as_setting("channel.url", check::url(url)).or_else(|| {
                let is_hmac = secret.expose().starts_with("whsec_")
                    && signing::problem(std::slice::from_ref(secret)).is_none();
                let reason = "it must be `whsec_` and the base64 of 24 to 64 random bytes; the API makes one where it is left out";
                (!is_hmac).then(|| Problem { setting: "channel.secret", reason: reason.to_owned() })
            })
        }
        Channel::Slack(Slack { url }) => as_setting("channel.url", check::url(url.expose())),
        Channel::Email(email) => email_problem(email),
    }
}

fn email_problem(email: &Email) -> Option<Problem> {
    let wrong = |setting, reason: String| Some(Problem { setting, reason });
    let is_address = email.host.parse::<std::net::IpAddr>().is_ok();
    if !is_address && !is_host(&email.host) {
        let reason = "it must be a host name or an IP address, like `smtp.example.com`, without the port";
        return wrong("channel.host", reason.to_owned());
    }
    if email.port == 0 {
        return wrong("channel.port", "it must be from 1 to 65535".to_owned());
    }
    if let Some(login) = &email.login {
        if login.user.is_empty()
            || login.user.len() > LOGIN_BYTES_MAX
            || login.user.contains(char::is_control)
        {
            return wrong("channel.user", "it must be text without line breaks".to_owned());
        }
        let password = login.password.expose();
        if password.is_empty() || password.len() > LOGIN_BYTES_MAX || password.contains(char::is_control) {
            return wrong("channel.password", "it must be text without line breaks".to_owned());
        }
    }
    if !is_mail_address(&email.from) {
        return wrong("channel.from", not_an_address(&email.from));
    }
    if email.to.is_empty() || email.to.len() > RECIPIENTS_MAX {
        return wrong("channel.to", format!("give 1 to {RECIPIENTS_MAX} addresses"));
    }
    let wrong_one = email.to.iter().find(|address| !is_mail_address(address))?;
    wrong("channel.to", not_an_address(wrong_one))
}

fn not_an_address(text: &str) -> String {
    format!("`{text}` is not an email address, like `ops@example.com`, without a name and without <>")
}

/// Labels of letters, digits and hyphens (RFC 1123, section 2.1).
fn is_host(text: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.len() <= HOST_CHARS_MAX && text.split('.').all(is_label)
}

/// A dot-atom and a host name (RFC 5321, section 4.1.2): no quotes, no address literals, ASCII only.
fn is_mail_address(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    let is_atom = |atom: &str| {
        !atom.is_empty()
            && atom.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+/=?^_`{|}~-".contains(&byte))
    };
    local.len() <= LOCAL_PART_CHARS_MAX && local.split('.').all(is_atom) && is_host(domain)
}

/// The sealed form.
pub(super) fn encode(key: &SecretKey, id: AlertId, channel: &Channel) -> Result<Vec<u8>, SealError> {
    let stored = match channel.clone() {
        Channel::Webhook(Webhook { url, secret }) => {
            StoredChannel::WebhookV1 { url, secret: secret.expose().to_owned() }
        }
        Channel::Slack(Slack { url }) => StoredChannel::SlackV1 { url: url.expose().to_owned() },
        Channel::Email(Email { host, port, security, login, from, to }) => StoredChannel::EmailV1 {
            host,
            port,
            security: security.name().to_owned(),
            login: login.map(|login| (login.user, login.password.expose().to_owned())),
            from,
            to,
        },
    };
    let plain = serde_json::to_vec(&stored).map_err(|_| SealError::TooLong)?;
    seal::seal(key, place(id), &plain)
}

/// What [`encode`] made for the same alert.
pub(super) fn decode(key: &SecretKey, id: AlertId, sealed: &[u8]) -> Result<Channel, LoadError> {
    let damaged = |what: String| LoadError::Damaged(format!("alert {id}: channel: {what}"));
    let plain = seal::unseal(key, place(id), sealed).map_err(|error| damaged(error.to_string()))?;
    // serde_json repeats values in its messages.
    let stored = serde_json::from_slice(&plain).map_err(|_| damaged("its form is unknown".to_owned()))?;
    Ok(match stored {
        StoredChannel::WebhookV1 { url, secret } => {
            Channel::Webhook(Webhook { url, secret: Secret::new(secret) })
        }
        StoredChannel::SlackV1 { url } => Channel::Slack(Slack { url: Secret::new(url) }),
        StoredChannel::EmailV1 { host, port, security, login, from, to } => {
            let security = Security::from_name(&security);
            let security = security.ok_or_else(|| damaged("its security is unknown".to_owned()))?;
            let login = login.map(|(user, password)| Login { user, password: Secret::new(password) });
            Channel::Email(Email { host, port, security, login, from, to })
        }
    })
}

const fn place(id: AlertId) -> Place {
    Place { table: "alerts", column: "channel", row: id.0 }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    fn key() -> SecretKey {
        SecretKey::from_base64(&STANDARD.encode([9; 32])).unwrap()
    }

    fn email() -> Email {
        Email {
            host: "smtp.example.com".to_owned(),
            port: 587,
            security: Security::StartTls,
            login: Some(Login { user: "u".to_owned(), password: Secret::new("hunter2") }),
            from: "hookyard@example.com".to_owned(),
            to: vec!["ops@example.com".to_owned()],
        }
    }

    #[test]
    fn the_first_forms_are_read_for_ever() {
        let secret = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
        for (plain, channel) in [
            (
                format!(r#"{{"webhook_v1":{{"url":"https://a.test/","secret":"{secret}"}}}}"#),
                Channel::Webhook(Webhook { url: "https://a.test/".to_owned(), secret: Secret::new(secret) }),
            ),
            (
                r#"{"slack_v1":{"url":"https://hooks.slack.test/x"}}"#.to_owned(),
                Channel::Slack(Slack { url: Secret::new("https://hooks.slack.test/x") }),
            ),
            (
                concat!(
                    r#"{"email_v1":{"host":"smtp.example.com","port":587,"security":"starttls","#,
                    r#""login":["u","hunter2"],"from":"hookyard@example.com","to":["ops@example.com"]}}"#
                )
                .to_owned(),
                Channel::Email(email()),
            ),
        ] {
            let sealed = seal::seal(&key(), place(AlertId(3)), plain.as_bytes()).unwrap();
            assert_eq!(decode(&key(), AlertId(3), &sealed).unwrap(), channel);
            assert_eq!(problem(&channel), None);
            let again = encode(&key(), AlertId(3), &channel).unwrap();
            assert_eq!(seal::unseal(&key(), place(AlertId(3)), &again).unwrap(), plain.as_bytes());
            assert!(decode(&key(), AlertId(4), &sealed).is_err(), "it opens nowhere else");
        }
        for plain in [r#"{"email_v2":{"host":"hunter2"}}"#, r#"{"slack_v1":{"url":["hunter2"]}}"#] {
            let sealed = seal::seal(&key(), place(AlertId(3)), plain.as_bytes()).unwrap();
            let LoadError::Damaged(what) = decode(&key(), AlertId(3), &sealed).unwrap_err() else { panic!() };
            assert!(!what.contains("hunter2"), "{what}");
        }
    }

    #[test]
    fn what_cannot_be_used_is_named_and_no_secret_repeated() {
        let webhook = |url: &str, secret: &str| {
            Channel::Webhook(Webhook { url: url.to_owned(), secret: Secret::new(secret) })
        };
        let with = |change: fn(&mut Email)| {
            let mut email = email();
            change(&mut email);
            Channel::Email(email)
        };
        let long = || vec!["a@b.test".to_owned(); RECIPIENTS_MAX + 1];
        assert_eq!(long().len(), 21);
        for (channel, setting) in [
            (webhook("a.test", "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"), "channel.url"),
            (webhook("https://a.test/", "hunter2"), "channel.secret"),
            (webhook("https://a.test/", &format!("whsk_{}", STANDARD.encode([7; 32]))), "channel.secret"),
            (Channel::Slack(Slack { url: Secret::new("hunter2") }), "channel.url"),
            (with(|it| it.host = "smtp.example.com:25".to_owned()), "channel.host"),
            (with(|it| it.host = String::new()), "channel.host"),
            (with(|it| it.port = 0), "channel.port"),
            (with(|it| it.login.as_mut().unwrap().user = "a\r\nb".to_owned()), "channel.user"),
            (with(|it| it.login.as_mut().unwrap().password = Secret::new("")), "channel.password"),
            (with(|it| it.from = "Ops <ops@example.com>".to_owned()), "channel.from"),
            (with(|it| it.to = Vec::new()), "channel.to"),
            (with(|it| it.to = vec!["a@b.test".to_owned(); 21]), "channel.to"),
            (with(|it| it.to.push("ops@ex ample.com".to_owned())), "channel.to"),
            (with(|it| it.to.push("ops\r\n@example.com".to_owned())), "channel.to"),
        ] {
            let problem = problem(&channel).unwrap_or_else(|| panic!("{channel:?}"));
            assert_eq!(problem.setting, setting, "{channel:?}");
            assert!(!problem.reason.contains("hunter2"), "{problem:?}");
        }
        for host in ["10.0.0.1", "::1", "localhost", "a-b.example.com"] {
            assert_eq!(problem(&Channel::Email(Email { host: host.to_owned(), ..email() })), None, "{host}");
        }
    }
}
