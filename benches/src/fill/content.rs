//! What a generated history consists of: few busy sources and many quiet ones, topics, bodies of words, and ends.
//!
//! A generator of its own (SplitMix64) rather than a crate's: what a seed gives must never change.

use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr};

use bytes::Bytes;
use hookyard_model::attempt::ErrorKind;
use hookyard_model::event::EventState;
use hookyard_model::request::Fields;
use hookyard_model::rule::DiscardCause;

/// A word that one body of ten thousand has.
pub(crate) const NEEDLE: &str = "zanzibar";
/// A topic that one request of twenty thousand has.
pub(crate) const RARE_TOPIC: &str = "payout.reversed";
/// Where requests come from.
pub(super) const REMOTE: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 7));
/// How many requests are made for an event, refused ones too.
pub(super) const REQUESTS_PER_EVENT: f64 = 0.577;

/// The sources, the busiest first: each has two thirds of what those before leave, and the last one in ten thousand.
pub(super) const SOURCES: [&str; 12] = [
    "shop",
    "billing",
    "repository",
    "chat",
    "tickets",
    "mail",
    "calendar",
    "survey",
    "forms",
    "devices",
    "archive",
    "audit",
];

const TOPICS: [&str; 8] = [
    "order.created",
    "order.paid",
    "order.refunded",
    "invoice.paid",
    "invoice.failed",
    "customer.created",
    "customer.updated",
    "subscription.renewed",
];

const WORDS: [&str; 48] = [
    "amber", "anchor", "basket", "beacon", "bridge", "candle", "canvas", "cedar", "circle", "copper",
    "coral", "cotton", "delta", "ember", "engine", "fabric", "falcon", "feather", "garden", "ginger",
    "granite", "harbor", "hazel", "island", "jasmine", "kettle", "ladder", "lantern", "marble", "meadow",
    "mirror", "nectar", "orchid", "paper", "pebble", "pepper", "quartz", "ribbon", "saddle", "silver",
    "spruce", "temple", "thistle", "timber", "tulip", "velvet", "walnut", "willow",
];

/// How an event ends that is attempted.
pub(super) enum End {
    /// The destination answered with this status.
    Answered(u16),
    /// It did not.
    Unanswered(ErrorKind),
    /// A person ended it.
    Cancelled,
}

/// How many connections a source has; the third of one is disabled.
pub(super) const fn ways_of(source: usize) -> usize {
    match source {
        0 => 2,
        1 => 1,
        2 => 2,
        3 => 3,
        _ => 1,
    }
}

/// Makes what a history consists of, one after the other.
pub(super) struct Content {
    state: u64,
    made: u64,
}

impl Content {
    pub(super) const fn new(seed: u64) -> Self {
        Self { state: seed, made: 0 }
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    fn pick<T: Copy>(&mut self, of: &[T]) -> Option<T> {
        let nth = self.below(of.len() as u64) as usize;
        of.get(nth).copied()
    }

    /// At which source the next request comes in.
    pub(super) fn source(&mut self) -> usize {
        if self.below(10_000) == 0 {
            return SOURCES.len() - 1;
        }
        let mut source = 0;
        while source < SOURCES.len() - 2 && self.below(3) == 0 {
            source += 1;
        }
        source
    }

    /// Head and body of a request.
    pub(super) fn request(&mut self, source: usize) -> (Bytes, Bytes) {
        self.made += 1;
        let body = self.body();
        let name = SOURCES.get(source).copied().unwrap_or("shop");
        let method = if self.below(200) == 0 { "PUT" } else { "POST" };
        let delivery = self.next();
        let head = format!(
            "{method} /{name}-token/hooks?shard={} HTTP/1.1\r\nHost: hooks.example.com\r\nUser-Agent: Provider/1.0\r\n\
             Accept: */*\r\nContent-Type: application/json\r\nContent-Length: {}\r\nX-Delivery-Id: {delivery:016x}\r\n\
             X-Signature: sha256={:016x}{:016x}{:016x}{:016x}\r\n\r\n",
            self.below(16),
            body.len(),
            self.next(),
            self.next(),
            self.next(),
            self.next(),
        );
        (head.into(), body.into())
    }

    fn body(&mut self) -> String {
        let mut body = String::with_capacity(1_400);
        let kind = self.pick(&TOPICS).unwrap_or_default();
        let made = self.made;
        let _ = write!(
            body,
            r#"{{"id":"evt_{:016x}","number":{},"type":"{kind}","livemode":true,"data":{{"object":{{"id":"obj_{:016x}","amount":{},"currency":"eur","customer":{{"id":"cus_{:08x}","email":"{}.{}@example.com"}},"note":""#,
            self.next(),
            made,
            self.next(),
            self.below(100_000),
            self.below(50_000),
            self.pick(&WORDS).unwrap_or_default(),
            self.pick(&WORDS).unwrap_or_default(),
        );
        let words = 40 + self.below(160);
        let needle = if self.below(10_000) == 0 { self.below(words) } else { words };
        for word in 0..words {
            let next = if word == needle { NEEDLE } else { self.pick(&WORDS).unwrap_or_default() };
            body.push_str(next);
            body.push(' ');
        }
        body.push_str(r#"end"}}}"#);
        body
    }

    /// What the provider says about a request.
    pub(super) fn fields(&mut self, source: usize) -> Fields {
        let topic = match self.below(20_000) {
            0 => RARE_TOPIC.to_owned(),
            other => {
                let kind = TOPICS.get(other as usize % TOPICS.len()).copied().unwrap_or_default();
                if source == 0 {
                    kind.to_owned()
                } else {
                    format!("{}.{kind}", SOURCES.get(source).copied().unwrap_or("shop"))
                }
            }
        };
        Fields {
            provider_event_id: Some(format!("evt_{:016x}", self.next())),
            topic: Some(topic),
            provider_time: None,
        }
    }

    /// How an event begins, and why a rule discarded it.
    pub(super) fn beginning(&mut self) -> (EventState, Option<DiscardCause>) {
        match self.below(1_000) {
            0..20 => (EventState::Discarded, Some(DiscardCause::Filtered)),
            20..30 => (EventState::Discarded, Some(DiscardCause::Duplicate)),
            30 => (EventState::Discarded, Some(DiscardCause::TransformError)),
            31..36 => (EventState::Scheduled, None),
            _ => (EventState::Queued, None),
        }
    }

    /// How an event ends that is attempted, and with which attempt.
    pub(super) fn end(&mut self) -> (u32, End) {
        let retried = 1 + self.below(6) as u32;
        match self.below(1_000) {
            0..5 => (1, End::Cancelled),
            5..30 => (
                7,
                End::Answered([500, 502, 503, 429, 404].get(self.below(5) as usize).copied().unwrap_or(500)),
            ),
            30..40 => {
                (7, End::Unanswered(if self.below(4) == 0 { ErrorKind::Tls } else { ErrorKind::Timeout }))
            }
            40 => (7, End::Answered(418)),
            41..80 => (retried, End::Answered(200)),
            80..100 => (1, End::Answered(204)),
            _ => (1, End::Answered(200)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_same_and_another_seed_another() {
        let made = |seed| {
            let mut content = Content::new(seed);
            (0..50)
                .map(|_| {
                    let source = content.source();
                    (content.request(source), content.fields(source))
                })
                .collect::<Vec<_>>()
        };
        assert_eq!(made(1), made(1));
        assert_ne!(made(1), made(2));
        for ((head, body), _) in made(3) {
            assert!(hookyard_model::request::Head::parse(&head).is_ok());
            assert!(serde_json::from_slice::<serde_json::Value>(&body).is_ok());
        }
    }
}
