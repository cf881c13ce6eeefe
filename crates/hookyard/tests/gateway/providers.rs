//! Sources of the catalogue's providers, and requests as the providers make them.
//!
//! - `handshakes`: every provider that has one. `answers`: how accepted and refused requests are answered.
//!   `diagnosis`: what the owner is told about a refused one.

mod answers;
mod diagnosis;
mod handshakes;

use std::collections::BTreeMap;

use hookyard_providers::sign::{Wanted, sample};
use hookyard_providers::{Configuration, provider};
use ring::{digest, hmac};
use serde_json::{Value, json};

use crate::client::{Answer, ask_once};
use crate::gateway::{Gateway, Yard};

const URL: &str = "https://hooks.example.com";

/// A request of a provider, and what it is answered.
struct Row {
    provider: &'static str,
    /// Settings beside the examples of those that must be given.
    settings: &'static [(&'static str, &'static str)],
    method: &'static str,
    suffix: &'static str,
    headers: &'static [(&'static str, &'static str)],
    body: &'static str,
    /// Whether the provider signs it.
    signed: bool,
    status: u16,
    /// Header lines that the answer must have.
    answered: &'static [(&'static str, &'static str)],
    expected: Expected,
}

/// A body.
enum Expected {
    Text(&'static str),
    Made(fn() -> String),
}

const ROW: Row = Row {
    provider: "",
    settings: &[],
    method: "POST",
    suffix: "",
    headers: &[],
    body: "",
    signed: false,
    status: 200,
    answered: &[],
    expected: Expected::Text(""),
};

/// The public half of `hookyard-providers/tests/keys/ed25519.pem`, as Discord writes it.
const ED25519: &str = "4f24b843ff070f912bf65ad70f1e962288de785024cd1b3b5873edaee58e91a7";

/// The secret of a provider's source here: the description's example, or the key we can sign with.
fn secret(name: &str) -> &'static str {
    if name == "discord" {
        return ED25519;
    }
    provider(name).unwrap().secret.as_ref().unwrap().example.as_deref().unwrap()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn mac(algorithm: hmac::Algorithm, key: &[u8], text: &str) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(algorithm, key), text.as_bytes()).as_ref().to_vec()
}

fn sha256(text: &str) -> String {
    hex(digest::digest(&digest::SHA256, text.as_bytes()).as_ref())
}

/// A source of every provider in question, at `/PROVIDER`.
fn sources(names: &[&'static str], more: &[(&'static str, &[(&str, &str)])]) -> Yard {
    let mut declared = String::new();
    for name in names {
        let settings = settings_of(name, more);
        let described = provider(name).unwrap_or_else(|| panic!("there is no {name}"));
        let secret = described.secret.as_ref().filter(|secret| !secret.captured);
        let secrets: Vec<&str> = secret.iter().map(|_| self::secret(name)).collect();
        declared.push_str(&format!(
            "[[source]]\nname = \"{name}\"\ntoken = \"{name}\"\nprovider = \"{name}\"\nmethods = [\"PUT\", \"POST\"]\n\
             secrets = {}\n[source.settings]\n",
            json!(secrets)
        ));
        for (name, value) in settings {
            declared.push_str(&format!("{name} = {}\n", json!(value)));
        }
    }
    let mut yard = Yard::new(declared);
    yard.server.push_str(&format!("public_url = \"{URL}\"\n"));
    yard
}

fn settings_of(name: &str, more: &[(&'static str, &[(&str, &str)])]) -> BTreeMap<String, String> {
    let described = provider(name).unwrap();
    let required = described.setting.iter().filter(|setting| setting.required);
    let examples =
        required.map(|setting| (setting.name.clone(), setting.example.clone().unwrap_or_default()));
    let more = more.iter().filter(|(known, _)| *known == name).flat_map(|(_, settings)| *settings);
    examples.chain(more.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))).collect()
}

/// The same request, signed as the provider does.
fn signed(row: &Row, settings: &BTreeMap<String, String>) -> (String, Vec<(String, String)>, Vec<u8>) {
    let secrets: Vec<&str> = vec![secret(row.provider)];
    let url = format!("{URL}/{}", row.provider);
    let configuration =
        Configuration { provider: row.provider, secrets: &secrets, settings, public_url: Some(&url) };
    let private_key = include_str!("../../../hookyard-providers/tests/keys/ed25519.pem");
    let wanted = Wanted {
        body: Some(row.body.as_bytes()),
        private_key: Some(private_key),
        now_s: hookyard_model::clock::Clock::System.now().s(),
        ..Wanted::default()
    };
    let signed = sample(&configuration, &wanted).unwrap_or_else(|error| panic!("{}: {error}", row.provider));
    let headers =
        signed.headers.iter().map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()));
    (signed.suffix, headers.collect(), signed.body)
}

async fn ask(gateway: &Gateway, row: &Row) -> Answer {
    let more = [(row.provider, row.settings)];
    let (suffix, mut headers, body) = if row.signed {
        signed(row, &settings_of(row.provider, &more))
    } else {
        (row.suffix.to_owned(), Vec::new(), row.body.into())
    };
    for (name, value) in row.headers {
        headers.retain(|(known, _)| known != name);
        headers.push(((*name).to_owned(), (*value).to_owned()));
    }
    let headers: Vec<(&str, &str)> =
        headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    ask_once(row.method, &format!("/{}{suffix}", row.provider), gateway.public, &headers, &body).await
}

/// The newest of so many requests, whole. Refused ones are written with whatever is written next.
async fn newest(gateway: &Gateway, count: usize) -> Value {
    let written = |list: &Value| list["data"].as_array().is_some_and(|rows| rows.len() == count);
    let list = gateway.get_until("/api/v1/requests", "refused requests are written", written).await;
    gateway.get(&format!("/api/v1/requests/{}", list["data"][0]["id"].as_str().unwrap())).await
}
