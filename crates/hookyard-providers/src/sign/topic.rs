//! A sample of a topic: its parts are put where the description reads them.

use crate::fields::templates;
use crate::sign::SampleError;
use crate::sign::draft::Draft;
use crate::template::{Part, Template, Value};

/// Puts a topic; of the ways in which the provider tells it, the first one that can tell this one.
pub(super) fn put(draft: &mut Draft<'_>, ways: &[String], topic: &str) -> Result<(), SampleError> {
    if ways.is_empty() {
        return Err(SampleError::Impossible("its requests have no topic: leave it out".to_owned()));
    }
    let templates = templates(ways);
    for (place, template) in templates.iter().enumerate() {
        let Some(texts) = split(&template.parts, topic) else { continue };
        // What the example tells in a way that is asked first: GitHub's `push` has no action.
        for value in templates.iter().take(place).flat_map(Template::values) {
            draft.leave_out(value);
        }
        for (value, text) in texts {
            draft.put(value, text)?;
        }
        break;
    }
    // What tells the topic in another way may stand there already.
    match draft.topic(ways)? {
        Some(other) if other == topic => Ok(()),
        Some(other) => Err(SampleError::Impossible(format!(
            "with this body the topic is `{other}`: give a body of the topic `{topic}`"
        ))),
        None => Err(SampleError::Impossible(format!(
            "no sample of the topic `{topic}` can be made: give a body that has it"
        ))),
    }
}

/// Which value is to be which piece of the text; none where the text does not fit.
fn split<'p, 't>(parts: &'p [Part], text: &'t str) -> Option<Vec<(&'p Value, &'t str)>> {
    let (mut texts, mut rest) = (Vec::new(), text);
    let mut parts = parts.iter().peekable();
    while let Some(part) = parts.next() {
        match part {
            Part::Text(fixed) => rest = rest.strip_prefix(fixed.as_str())?,
            Part::Value(value) => {
                let end = match parts.peek() {
                    None => rest.len(),
                    Some(Part::Text(fixed)) => rest.find(fixed.as_str())?,
                    // Where the one ends and the other begins nobody can tell.
                    Some(Part::Value(_) | Part::Optional(_)) => return None,
                };
                let (piece, behind) = rest.split_at_checked(end)?;
                texts.push((value, piece));
                rest = behind;
            }
            Part::Optional(_) => return None,
        }
    }
    (rest.is_empty() && texts.iter().all(|(_, piece)| !piece.is_empty())).then_some(texts)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use crate::sign::{SampleError, SignedRequest, Wanted, sample};
    use crate::{Configuration, FieldReader, Request};

    const NO_SETTINGS: &BTreeMap<String, String> = &BTreeMap::new();
    const GITHUB: Configuration<'_> =
        Configuration { provider: "github", secrets: &["secret"], settings: NO_SETTINGS, public_url: None };

    fn github(topic: &str, body: Option<&[u8]>) -> Result<SignedRequest, SampleError> {
        sample(&GITHUB, &Wanted { body, topic: Some(topic), ..Wanted::default() })
    }

    fn topic_of(signed: &SignedRequest) -> Option<String> {
        let target = signed.target("sample");
        let request = Request {
            method: &signed.method,
            target: &target,
            headers: &signed.headers,
            body: &signed.body,
            public_url: None,
        };
        FieldReader::new(&GITHUB).unwrap().read(&request).topic
    }

    #[test]
    fn a_topic_that_the_examples_body_contradicts_is_made_without_that() {
        for topic in ["issues.opened", "issues.closed", "release.published", "push", "ping"] {
            assert_eq!(topic_of(&github(topic, None).unwrap()).as_deref(), Some(topic));
        }
        let push = github("push", None).unwrap();
        assert!(!String::from_utf8(push.body).unwrap().contains("action"));
    }

    #[test]
    fn a_persons_body_stays_as_it_is() {
        let body = br#"{"ref": "refs/heads/main"}"#;
        assert_eq!(github("push", Some(body)).unwrap().body, body);
        assert_eq!(
            github("push", Some(br#"{"action": "opened"}"#)).unwrap_err().to_string(),
            "with this body the topic is `push.opened`: give a body of the topic `push`"
        );
        assert_eq!(
            github("issues.opened", Some(b"no JSON")).unwrap_err().to_string(),
            "the body is not JSON"
        );
    }
}
