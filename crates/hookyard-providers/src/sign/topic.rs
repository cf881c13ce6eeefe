//! A sample of a topic: its parts are put where the description reads them.

use crate::sign::SampleError;
use crate::sign::draft::Draft;
use crate::template::{Part, Template, Value};

/// Puts a topic; of the ways in which the provider tells it, the first one that can tell this one.
pub(super) fn put(draft: &mut Draft<'_>, ways: &[String], topic: &str) -> Result<(), SampleError> {
    if ways.is_empty() {
        return Err(SampleError::Impossible("its requests have no topic: leave it out".to_owned()));
    }
    // The build script has parsed every one of them before.
    let templates = ways.iter().filter_map(|text| Template::parse(text).ok());
    for template in templates {
        let Some(texts) = split(&template.parts, topic) else { continue };
        for (value, text) in texts {
            draft.put(value, text)?;
        }
        break;
    }
    // What tells the topic in another way may stand there already.
    if draft.topic(ways)?.as_deref() == Some(topic) {
        return Ok(());
    }
    Err(SampleError::Impossible(format!(
        "no sample of the topic `{topic}` can be made: give a body that has it"
    )))
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
