//! `[[alert]]`: who is told of which issues, and how.

use std::collections::BTreeMap;

use hookyard_model::alert::{Channel, Email, INTERVAL_DEFAULT, Login, Security, Slack, Webhook};
use hookyard_model::issue::Kind;
use hookyard_model::secret::Secret;
use hookyard_providers::nearest;
use hookyard_store::catalog::DeclaredAlert;

use super::declared::{ANY_DURATION, Places, declare, note_problems};
use super::table::{Reader, Table};

/// Reads one; none where something that it cannot be without is missing or wrong.
pub(super) fn read(
    mut table: Table<'_>,
    reader: &mut Reader<'_>,
    names: &mut Places,
    connections: &Places,
) -> Option<DeclaredAlert> {
    let name = table.required_text(reader, "name");
    let on = kinds(&mut table, reader);
    let named = table.texts(reader, "connections").unwrap_or_default();
    for name in named.iter().filter(|name| !connections.contains_key(*name)) {
        let message = match nearest(name, connections.keys().map(String::as_str)) {
            Some(near) => {
                format!("alert.connections: there is no connection `{name}`: did you mean `{near}`?")
            }
            None => format!(
                "alert.connections: there is no connection `{name}`: declare it with `[[connection]]`"
            ),
        };
        reader.note(table.place_of("connections"), message);
    }
    let resolutions = table.boolean(reader, "resolutions").unwrap_or(true);
    let interval = table.duration(reader, "interval", ANY_DURATION).unwrap_or(INTERVAL_DEFAULT);
    let enabled = table.boolean(reader, "enabled").unwrap_or(true);
    if !table.has("channel") {
        reader.note(
            table.at,
            "alert.channel is missing: say how people are told, like `{ type = \"slack\", … }`",
        );
    }
    let channel = table.optional_table(reader, "channel").and_then(|it| channel(it, reader));
    if let Some(name) = &name {
        declare(name, "alert", &table, reader, names);
    }
    let new = name.zip(channel).map(|(name, channel)| DeclaredAlert {
        name,
        on,
        connections: named,
        resolutions,
        interval,
        enabled,
        channel,
    });
    if let Some(new) = &new {
        note_problems(new.problems(), "alert", &table, reader);
    }
    table.finish(reader);
    new
}

fn kinds(table: &mut Table<'_>, reader: &mut Reader<'_>) -> Vec<Kind> {
    let Some(names) = table.texts(reader, "on") else { return Kind::ALL.to_vec() };
    let kinds: BTreeMap<&str, Kind> = Kind::ALL.into_iter().map(|kind| (kind.name(), kind)).collect();
    for name in names.iter().filter(|name| !kinds.contains_key(name.as_str())) {
        let message = format!("alert.on: `{name}` is not one of {}", Kind::ALL.map(Kind::name).join(", "));
        reader.note(table.place_of("on"), message);
    }
    names.iter().filter_map(|name| kinds.get(name.as_str()).copied()).collect()
}

fn channel(mut table: Table<'_>, reader: &mut Reader<'_>) -> Option<Channel> {
    let types = Channel::TYPES.map(|name| (name, name));
    if !table.has("type") {
        reader.note(table.at, "alert.channel.type is missing: `webhook`, `slack` or `email`");
    }
    let channel = match table.word(reader, "type", &types) {
        Some("webhook") => webhook(&mut table, reader),
        Some("slack") => {
            let url = table.required_text(reader, "url");
            url.map(|url| Channel::Slack(Slack { url: Secret::new(url) }))
        }
        Some(_) => email(&mut table, reader),
        // What belongs here cannot be known.
        None => return None,
    };
    table.finish(reader);
    channel
}

fn webhook(table: &mut Table<'_>, reader: &mut Reader<'_>) -> Option<Channel> {
    let url = table.required_text(reader, "url");
    // One that is made could be looked up nowhere.
    let secret = table.required_text(reader, "secret");
    url.zip(secret).map(|(url, secret)| Channel::Webhook(Webhook { url, secret: Secret::new(secret) }))
}

fn email(table: &mut Table<'_>, reader: &mut Reader<'_>) -> Option<Channel> {
    let host = table.required_text(reader, "host");
    let securities = Security::ALL.map(|security| (security.name(), security));
    let security = table.word(reader, "security", &securities).unwrap_or_default();
    let port = table.count(reader, "port", 1..=u64::from(u16::MAX)).unwrap_or(security.port());
    let user = table.text(reader, "user");
    let password = table.text(reader, "password");
    let from = table.required_text(reader, "from");
    if !table.has("to") {
        reader.note(table.at, "alert.channel.to is missing: say who is told, like `[\"ops@example.com\"]`");
    }
    let to = table.texts(reader, "to");
    if user.is_some() != password.is_some() {
        reader.note(table.at, "alert.channel: `user` and `password` belong together: give both or none");
    }
    let login = user.zip(password).map(|(user, password)| Login { user, password: Secret::new(password) });
    let ((host, from), to) = host.zip(from).zip(to)?;
    Some(Channel::Email(Email { host, port, security, login, from, to }))
}
