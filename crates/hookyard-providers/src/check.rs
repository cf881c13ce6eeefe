//! What a description must keep to beyond its grammar. Run by the build script, so that a provider
//! that cannot work does not compile.

use std::collections::BTreeSet;

use crate::definition::{
    Algorithm, Credential, Fetch, Format, Handshake, Jwt, JwtAlgorithm, KeyEncoding, Provider, Respond,
    Scheme, Signature,
};
use crate::template::{Filter, Name, Part, Place, Template, Value};

/// What a template stands for, which decides what may occur in it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Use {
    /// A signed message or what a token or credential must say.
    Message,
    /// The text of a key.
    Key,
    /// An answer, or what is called after it.
    Answer,
    /// Event id, topic or time.
    Field,
}

/// Checks a description.
///
/// # Errors
/// Sentences, each of which says where something is wrong and what.
pub(crate) fn check(provider: &Provider) -> Result<(), Vec<String>> {
    let mut problems = Problems { provider, found: Vec::new() };
    problems.provider();
    for (index, scheme) in provider.scheme.iter().enumerate() {
        problems
            .scheme(&format!("scheme {}", scheme.name.clone().unwrap_or_else(|| index.to_string())), scheme);
    }
    for handshake in &provider.handshake {
        problems.handshake(&format!("handshake {}", handshake.name), handshake);
    }
    problems.answer();
    problems.fields();
    if problems.found.is_empty() { Ok(()) } else { Err(problems.found) }
}

struct Problems<'a> {
    provider: &'a Provider,
    found: Vec<String>,
}

impl Problems<'_> {
    fn say(&mut self, place: &str, what: impl AsRef<str>) {
        self.found.push(format!("{}: {place}: {}", self.provider.name, what.as_ref()));
    }

    fn require(&mut self, holds: bool, place: &str, what: &str) {
        if !holds {
            self.say(place, what);
        }
    }

    fn provider(&mut self) {
        let provider = self.provider;
        let is_slug = |text: &str| text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'));
        self.require(is_slug(&provider.name), "name", "the file's name is not of `a-z 0-9 -`");
        self.require(!provider.scheme.is_empty(), "scheme", "there is none");
        let mut names = BTreeSet::new();
        for scheme in &provider.scheme {
            self.require(names.insert(scheme.name.clone()), "scheme", "two have the same name");
            let several = provider.scheme.len() > 1;
            self.require(
                scheme.name.is_some() == several,
                "scheme",
                "a name is for one of several, and needed there",
            );
        }
        let mut names = BTreeSet::from(["scheme", "tolerance_s"]);
        for setting in &provider.setting {
            self.require(
                names.insert(&setting.name),
                "setting",
                "two have the same name, or one of the engine's",
            );
            self.require(
                !(setting.required && setting.default.is_some()),
                &setting.name,
                "required and a default",
            );
            let example = setting.example.as_ref().or(setting.default.as_ref());
            self.require(
                !setting.required || example.is_some(),
                &setting.name,
                "a required setting needs an example",
            );
        }
    }

    fn scheme(&mut self, place: &str, scheme: &Scheme) {
        let given = [
            scheme.signature.is_some(),
            scheme.jwt.is_some(),
            scheme.credential.is_some(),
            scheme.adapter.is_some(),
            scheme.unsigned.is_some(),
        ];
        self.require(
            given.iter().filter(|given| **given).count() == 1,
            place,
            "exactly one kind must be given",
        );
        for condition in &scheme.require {
            self.value(place, &condition.value, Use::Message);
            for template in condition.equals.iter().chain(&condition.listed_in) {
                self.template(place, template, Use::Key);
            }
        }
        if let Some(signature) = &scheme.signature {
            self.signature(place, signature);
        }
        if let Some(jwt) = &scheme.jwt {
            self.jwt(place, jwt);
        }
        if let Some(credential) = &scheme.credential {
            self.credential(place, credential);
        }
    }

    fn signature(&mut self, place: &str, signature: &Signature) {
        self.require(!signature.from.is_empty(), place, "`from` is empty");
        for from in &signature.from {
            self.value(place, from.strip_prefix("headers:").map_or(from.as_str(), |_| "body"), Use::Message);
        }
        if let (Format::List, Some(element)) = (signature.format, &signature.element) {
            self.template(place, element, Use::Key);
        }
        for outdated in &signature.outdated {
            self.value(place, outdated, Use::Message);
        }
        self.require(signature.header_families.len() != 1, place, "one family of headers is none");
        if let Some(prefix) = &signature.prefix {
            self.template(place, prefix, Use::Message);
        }
        let named = matches!(signature.format, Format::Pairs | Format::Positional);
        self.require(!named || signature.element.is_some(), place, "this format needs `element`");
        let several = signature.format != Format::Plain;
        self.require(
            several || signature.repeated.is_none(),
            place,
            "`repeated` is for formats with elements",
        );
        let Some(message) = self.template(place, &signature.message, Use::Message) else { return };
        let hash = matches!(
            signature.algorithm,
            Algorithm::Md5 | Algorithm::Sha1 | Algorithm::Sha256 | Algorithm::Sha512 | Algorithm::Keccak256
        );
        let keyed = message.values().iter().any(|value| value.place == Place::Secret);
        self.require(!hash || keyed, place, "a plain hash needs `{secret}` in the message");
        self.require(hash || !keyed, place, "`{secret}` in the message is for plain hashes");
        self.require(
            signature.timestamp.is_some() || !message.has(&Place::Timestamp),
            place,
            "`{timestamp}` needs a `timestamp`",
        );
        let beside = message.values().iter().any(|value| matches!(value.place, Place::Signature(_)));
        self.require(named || !beside, place, "there is nothing beside a signature in this format");
        if let Some(timestamp) = &signature.timestamp
            && let Some(from) = self.value(place, &timestamp.from, Use::Message)
        {
            let signed = message.has(&Place::Timestamp) || message.has(&from.place) || by_adapter(&message);
            let within_body =
                message.has(&Place::Body) && matches!(from.place, Place::Json(_) | Place::Form(_));
            self.require(signed || within_body, place, "the timestamp is not part of the message");
        }
        self.key(place, &signature.key, is_public_key(signature.algorithm));
    }

    fn jwt(&mut self, place: &str, jwt: &Jwt) {
        self.require(!jwt.from.is_empty(), place, "`from` is empty");
        for from in &jwt.from {
            self.value(place, from, Use::Message);
        }
        self.require(!jwt.algorithms.is_empty(), place, "`algorithms` is empty");
        if let Some(payload) = &jwt.payload {
            self.template(place, payload, Use::Message);
        }
        self.require(jwt.payload.is_some() || !jwt.unencoded, place, "`unencoded` is for a detached payload");
        if let Some(timestamp) = &jwt.timestamp
            && let Some(from) = self.value(place, &timestamp.from, Use::Message)
        {
            let in_payload = jwt.payload.as_ref().and_then(|payload| Template::parse(payload).ok());
            let signed = matches!(from.place, Place::Token(_) | Place::TokenHeader(_))
                || in_payload.is_some_and(|payload| {
                    payload.has(&from.place) || payload.has(&Place::Timestamp) || by_adapter(&payload)
                });
            self.require(signed, place, "the timestamp is not part of what is signed");
        }
        let shared = |algorithm: &JwtAlgorithm| {
            matches!(algorithm, JwtAlgorithm::HS256 | JwtAlgorithm::HS384 | JwtAlgorithm::HS512)
        };
        let (some, all) = (jwt.algorithms.iter().any(shared), jwt.algorithms.iter().all(shared));
        self.require(some == all, place, "algorithms with a shared secret and with a public key do not mix");
        self.require(
            !some || (jwt.key.fetch.is_none() && jwt.key.published.is_empty()),
            place,
            "a shared secret is neither fetched nor published",
        );
        for claim in &jwt.claim {
            self.require(claim.at.starts_with('/'), place, "a claim's `at` is a JSON pointer");
            self.template(place, &claim.equals, Use::Message);
        }
        self.key(place, &jwt.key, !some);
    }

    fn credential(&mut self, place: &str, credential: &Credential) {
        self.value(place, &credential.from, Use::Message);
        if let Some(equals) = self.template(place, &credential.equals, Use::Key) {
            let secret = |value: &&Value| matches!(value.place, Place::Secret | Place::Setting(_));
            self.require(
                equals.values().iter().any(secret),
                place,
                "a credential is compared with something secret",
            );
        }
        self.require(self.provider.secret.is_some(), place, "a credential needs a `secret`");
    }

    fn key(&mut self, place: &str, key: &crate::definition::Key, public: bool) {
        self.template(place, &key.text, Use::Key);
        let from_secret = key.published.is_empty() && key.fetch.is_none();
        self.require(!from_secret || self.provider.secret.is_some(), place, "the key needs a `secret`");
        self.require(
            !public || !from_secret || key.encoding != KeyEncoding::Raw,
            place,
            "a public key has an encoding",
        );
        if let Some(fetch) = &key.fetch {
            self.fetch(place, fetch);
        }
    }

    fn fetch(&mut self, place: &str, fetch: &Fetch) {
        let Some(url) = self.template(place, &fetch.url, Use::Answer) else { return };
        let fixed_host = matches!(url.parts.first(), Some(Part::Text(text))
            if text.strip_prefix("https://").is_some_and(|rest| rest.contains('/')));
        let by_owner = matches!(url.parts.first(), Some(Part::Value(Value { place: Place::Setting(_), .. })));
        self.require(
            fixed_host || by_owner || !fetch.hosts.is_empty(),
            place,
            "a URL from a request needs `hosts`",
        );
        for text in fetch.headers.values().chain(&fetch.body) {
            self.template(place, text, Use::Answer);
        }
        if let Some(authorize) = &fetch.authorize {
            let encrypted = authorize.url.starts_with("https://");
            self.require(encrypted, place, "the URL of `authorize` is not https");
            let texts = [&authorize.url, &authorize.body].into_iter().chain(&authorize.basic);
            for text in authorize.headers.values().chain(texts) {
                self.template(place, text, Use::Key);
            }
        }
        if let Some(key_id) = &fetch.key_id {
            self.value(place, key_id, Use::Message);
        }
    }

    fn handshake(&mut self, place: &str, handshake: &Handshake) {
        for condition in handshake.when.iter().chain(&handshake.expect) {
            self.value(place, &condition.value, Use::Message);
            for template in condition.equals.iter().chain(&condition.listed_in) {
                self.template(place, template, Use::Answer);
            }
            let kinds = [condition.equals.is_some(), condition.listed_in.is_some(), condition.absent];
            self.require(
                kinds.iter().filter(|given| **given).count() < 2,
                place,
                "a condition has one of `equals`, `listed_in` and `absent`",
            );
        }
        if let Some(text) = &handshake.text {
            self.template(place, text, Use::Message);
        }
        let mut signing = self.respond(place, &handshake.respond);
        if let Some(otherwise) = &handshake.otherwise {
            signing |= self.respond(place, otherwise);
        }
        self.require(
            !signing || handshake.signs.is_some() || handshake.verified,
            place,
            "an answer made with the secret needs `signs`",
        );
        if let Some(signs) = &handshake.signs {
            self.value(place, &signs.value, Use::Message);
        }
        if let Some(capture) = &handshake.capture {
            self.value(place, capture, Use::Message);
            let captured = self.provider.secret.as_ref().is_some_and(|secret| secret.captured);
            self.require(captured, place, "`capture` needs `secret.captured`");
        }
        if let Some(then) = &handshake.then {
            self.template(place, &then.get, Use::Answer);
            self.require(
                !then.hosts.is_empty() && handshake.verified,
                place,
                "`then` needs `hosts` and `verified`",
            );
        }
    }

    /// Whether the answer is made with the source's secret.
    fn respond(&mut self, place: &str, respond: &Respond) -> bool {
        let mut signing = false;
        for text in respond.headers.values().chain(&respond.body) {
            if let Some(template) = self.template(place, text, Use::Answer) {
                let by_secret = |filter: &Filter| matches!(filter, Filter::HmacSha1 | Filter::HmacSha256);
                signing |= template.values().iter().any(|value| value.filters.iter().any(by_secret));
            }
        }
        signing
    }

    fn answer(&mut self) {
        let answer = &self.provider.answer;
        for text in answer.headers.values().chain(&answer.body) {
            self.template("answer", text, Use::Answer);
        }
    }

    fn fields(&mut self) {
        let fields = &self.provider.fields;
        for text in fields.id.iter().chain(&fields.topic) {
            self.template("fields", text, Use::Field);
        }
        if let Some(time) = &fields.time {
            self.value("fields", &time.from, Use::Field);
        }
    }

    fn template(&mut self, place: &str, text: &str, purpose: Use) -> Option<Template> {
        match Template::parse(text) {
            Ok(template) => {
                for value in template.values() {
                    self.allowed(place, value, purpose);
                }
                Some(template)
            }
            Err(why) => {
                self.say(place, format!("`{text}`: {why}"));
                None
            }
        }
    }

    fn value(&mut self, place: &str, text: &str, purpose: Use) -> Option<Value> {
        match Value::parse(text) {
            Ok(value) => {
                self.allowed(place, &value, purpose);
                Some(value)
            }
            Err(why) => {
                self.say(place, why);
                None
            }
        }
    }

    /// Whether a value can be had where the template is used.
    fn allowed(&mut self, place: &str, value: &Value, purpose: Use) {
        let (key, field) = (purpose == Use::Key, purpose == Use::Field);
        let fits = match &value.place {
            Place::Secret => !field,
            Place::Setting(_) => true,
            Place::RequestId | Place::Text => purpose == Use::Answer,
            Place::Timestamp | Place::Signature(_) => purpose == Use::Message,
            _ => !key,
        };
        self.require(fits, place, &format!("{:?} cannot be used here", value.place));
        if let Place::Setting(name) | Place::Header(Name::Setting(name)) = &value.place {
            let known = self.provider.setting.iter().any(|setting| setting.name == *name);
            self.require(known, place, &format!("there is no setting `{name}`"));
        }
    }
}

/// Whether an adapter puts the text together. Those that have a time see to it that it is signed.
fn by_adapter(template: &Template) -> bool {
    template.values().iter().any(|value| matches!(value.place, Place::Adapter(_)))
}

fn is_public_key(algorithm: Algorithm) -> bool {
    matches!(
        algorithm,
        Algorithm::Ed25519
            | Algorithm::EcdsaP256Sha256
            | Algorithm::EcdsaP256Sha1
            | Algorithm::RsaPkcs1Sha1
            | Algorithm::RsaPkcs1Sha256
            | Algorithm::RsaPkcs1Sha512
            | Algorithm::RsaPssSha512
    )
}
