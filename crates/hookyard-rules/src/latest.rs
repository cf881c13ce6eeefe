//! Which events tell of the same thing, and as of when: what is needed to deliver only the latest.
//!
//! It says nothing about what was delivered, which is asked of the store: when an event is routed, and again before each
//! attempt of it.

use hookyard_model::clock::Timestamp;
use hookyard_model::rule::{Delivered, LATEST_FIELDS_MAX, Latest, Revision, RevisionKey};

use crate::field::Field;
use crate::key::Hash;
use crate::moment;
use crate::pipeline::Subject;

/// The latest time there is: what stores have room for.
const TIME_MAX: Timestamp = Timestamp::from_us(i64::MAX as u64);

/// Which events tell of the same thing, ready to be applied.
#[derive(Debug)]
pub(crate) struct LatestBy {
    by: Vec<Field>,
    time: Option<Field>,
}

impl LatestBy {
    /// Compiles it.
    ///
    /// # Errors
    /// What is wrong, and what would be right.
    pub(crate) fn compile(latest: &Latest) -> Result<Self, String> {
        let Latest { by, time } = latest;
        if by.is_empty() || by.len() > LATEST_FIELDS_MAX {
            return Err(format!(
                "1 to {LATEST_FIELDS_MAX} fields say which thing an event tells of, such as /body/order/id"
            ));
        }
        let field = |text: &String| text.parse::<Field>().map_err(|error| format!("`{text}`: {error}"));
        let by = by.iter().map(field).collect::<Result<_, _>>()?;
        Ok(Self { by, time: time.as_ref().map(field).transpose()? })
    }

    /// What an event tells of, and as of when.
    ///
    /// # Errors
    /// Why that cannot be told, in a sentence for a person.
    pub(crate) fn revision(&self, subject: &Subject<'_>) -> Result<Revision, String> {
        let mut hash = Hash::new();
        // Times from elsewhere are not compared with these.
        hash.name(&self.time.as_ref().map(ToString::to_string).unwrap_or_default());
        hash.fields(&self.by, &subject.values);
        let Some(key) = hash.finish() else {
            return Err("nothing that says which thing it tells of is in it: not compared".to_owned());
        };
        let at = self.time(subject)?.min(TIME_MAX);
        Ok(Revision { of: RevisionKey(key), at })
    }

    fn time(&self, subject: &Subject<'_>) -> Result<Timestamp, String> {
        let Some(field) = &self.time else {
            let unknown = || "its provider does not say when it happened: not compared".to_owned();
            return subject.provider_time.ok_or_else(unknown);
        };
        let Some(text) = field.read_text(&subject.values) else {
            return Err(format!("there is no time at {field}: not compared"));
        };
        moment::parse(&text).ok_or_else(|| format!("what stands at {field} is no time: not compared"))
    }
}

/// Why an event is stale, in a sentence for a person.
pub fn superseded(revision: &Revision, delivered: &Delivered) -> String {
    let Delivered { at, request } = delivered;
    format!(
        "it is of {}, and the event of {request}, of {}, had been delivered",
        moment::text(revision.at),
        moment::text(*at)
    )
}

#[cfg(test)]
mod tests {
    use hookyard_model::id::RequestId;

    use super::*;
    use crate::values::{Parts, Values};

    const HAPPENED: Timestamp = Timestamp::from_ms(1_700_000_000_000);

    fn revision(by: &[&str], time: Option<&str>, body: &str) -> Result<Revision, String> {
        let by = by.iter().map(|field| (*field).to_owned()).collect();
        let latest = LatestBy::compile(&Latest { by, time: time.map(str::to_owned) }).unwrap();
        let headers: &[(&str, &[u8])] = &[("content-type", b"application/json")];
        let body = body.as_bytes();
        let parts = Parts { method: "POST", path: "", query: "", headers, topic: Some("paid"), body };
        latest.revision(&Subject {
            values: Values::new(parts),
            received_at: HAPPENED,
            provider_event_id: None,
            provider_time: Some(HAPPENED),
        })
    }

    #[test]
    fn events_tell_of_the_same_thing_where_all_fields_are_the_same() {
        let of = |by: &[&str], body: &str| revision(by, None, body).unwrap().of;
        let one = of(&["/body/id"], r#"{"id":7,"n":1}"#);
        assert_eq!(one, of(&["/body/id"], r#"{"n":2,"id":"7"}"#));
        assert_ne!(one, of(&["/body/id"], r#"{"id":8}"#));
        assert_ne!(one, of(&["/body/n"], r#"{"n":7}"#));
        assert_ne!(one, of(&["/body/id", "/topic"], r#"{"id":7}"#));
        let timed = revision(&["/body/id"], Some("/body/at"), r#"{"id":7,"at":1}"#).unwrap();
        assert_ne!(one, timed.of, "times of different fields are not compared");
    }

    #[test]
    fn the_time_is_the_providers_or_that_of_a_field() {
        let at = |time, body| revision(&["/body/id"], time, body).unwrap().at;
        assert_eq!(at(None, r#"{"id":1}"#), HAPPENED);
        let of_field = Some("/body/at");
        assert_eq!(at(of_field, r#"{"id":1,"at":"2023-11-14T22:13:20Z"}"#), HAPPENED);
        assert_eq!(at(of_field, r#"{"id":1,"at":1700000000}"#), HAPPENED);
        assert!(at(of_field, r#"{"id":1,"at":17}"#) < at(of_field, r#"{"id":1,"at":18}"#), "a version");
        assert_eq!(at(of_field, r#"{"id":1,"at":"18446744073709551615"}"#), TIME_MAX);
    }

    #[test]
    fn what_cannot_be_told_is_said() {
        let why = |time, body| revision(&["/body/id"], time, body).unwrap_err();
        assert!(why(None, "{}").starts_with("nothing that says which thing"));
        assert!(why(Some("/body/at"), r#"{"id":1}"#).contains("no time at /body/at"));
        assert!(why(Some("/body/at"), r#"{"id":1,"at":"soon"}"#).contains("at /body/at is no time"));
    }

    #[test]
    fn what_is_no_rule_is_refused() {
        let texts = |fields: &[&str]| fields.iter().map(|field| (*field).to_owned()).collect();
        for (by, time, expected) in [
            (texts(&[]), None, "1 to 16 fields"),
            (texts(&["/topic"; 17]), None, "1 to 16 fields"),
            (texts(&["id"]), None, "`id`: a field begins"),
            (texts(&["/topic"]), Some("at".to_owned()), "`at`: a field begins"),
        ] {
            let refused = LatestBy::compile(&Latest { by, time }).unwrap_err();
            assert!(refused.contains(expected), "{refused}");
        }
    }

    #[test]
    fn the_sentence_names_both_times() {
        let revision = Revision { of: RevisionKey([0; 16]), at: HAPPENED };
        let delivered = Delivered { at: Timestamp::from_ms(1_700_000_005_250), request: RequestId(1) };
        assert_eq!(
            superseded(&revision, &delivered),
            "it is of 2023-11-14T22:13:20.000Z, and the event of req_0000000000001, of \
             2023-11-14T22:13:25.250Z, had been delivered"
        );
    }
}
