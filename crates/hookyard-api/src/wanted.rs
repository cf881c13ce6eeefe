//! What lists can be restricted to besides ids: read from a parameter, or from a field of a body.

use hookyard_model::attempt::ErrorKind;
use hookyard_model::request::Fields;
use hookyard_model::rule::DiscardCause;
use hookyard_store::history::{Content, ContentError, MATCH_BYTES_MAX, Period, SEARCH_CHARS_MAX, Statuses};
use serde_json::Value;
use utoipa::IntoParams;

use crate::problem::Problem;
use crate::query::Parameters;
use crate::time;

/// Longest method that is known of a request, in bytes.
const METHOD_BYTES_MAX: usize = 32;
/// The most attempts that can be asked for.
pub(crate) const ATTEMPTS_MAX: u32 = 1_000_000;

/// What requests have to be like, described: what [`content`] reads.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it describes only")]
pub(crate) struct ContentParameters {
    /// Of requests that meet this condition of the filter language, as JSON of up to 8 KiB.
    #[param(example = json!(r#"{"body":{"type":"invoice.paid"}}"#))]
    r#match: Option<String>,
    /// Of requests with this text in head or body, whatever its case.
    #[param(min_length = 1, max_length = 256)]
    search: Option<String>,
}

/// What was expected: one of these names.
pub(crate) fn one_of<const N: usize>(names: [&str; N]) -> String {
    format!("expected one of {}", names.join(", "))
}

/// A text that a provider says about an event, as long as such a text is kept.
pub(crate) fn provider_text(text: &str) -> Result<String, String> {
    match text.len() {
        1..=Fields::TEXT_BYTES_MAX => Ok(text.to_owned()),
        _ => Err(format!("expected 1 to {} bytes", Fields::TEXT_BYTES_MAX)),
    }
}

/// A method, as senders write it.
pub(crate) fn method(text: &str) -> Result<String, String> {
    let is_method =
        (1..=METHOD_BYTES_MAX).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
    match is_method {
        true => Ok(text.to_owned()),
        false => Err(format!("expected a method such as `POST`, of up to {METHOD_BYTES_MAX} characters")),
    }
}

/// A status code, `503`, or a class of them, `5xx`.
pub(crate) fn statuses(text: &str) -> Result<Statuses, String> {
    let expected = || "expected a status code such as `503`, or a class of them such as `5xx`".to_owned();
    if let Some(class) = text.strip_suffix("xx") {
        let class = class.parse::<u16>().ok().filter(|class| (1..=9).contains(class)).ok_or_else(expected)?;
        return Ok(Statuses { from: class * 100, to: class * 100 + 99 });
    }
    let status: u16 = text.parse().ok().filter(|status| (100..=999).contains(status)).ok_or_else(expected)?;
    Ok(Statuses { from: status, to: status })
}

/// The same, shown.
pub(crate) fn statuses_text(Statuses { from, to }: Statuses) -> String {
    if from == to { from.to_string() } else { format!("{}xx", from / 100) }
}

/// A kind of delivery error.
pub(crate) fn error_kind(name: &str) -> Result<ErrorKind, String> {
    ErrorKind::from_name(name).ok_or_else(|| one_of(ErrorKind::ALL.map(ErrorKind::name)))
}

/// Why a rule discarded an event.
pub(crate) fn discard_cause(name: &str) -> Result<DiscardCause, String> {
    DiscardCause::from_name(name).ok_or_else(|| one_of(DiscardCause::ALL.map(DiscardCause::name)))
}

/// How many attempts.
pub(crate) fn attempts(number: u32) -> Result<u32, String> {
    match number {
        0..=ATTEMPTS_MAX => Ok(number),
        _ => Err(format!("expected a number from 0 to {ATTEMPTS_MAX}")),
    }
}

/// The same as text.
pub(crate) fn attempts_text(text: &str) -> Result<u32, String> {
    attempts(text.parse().unwrap_or(u32::MAX))
}

/// When requests were stored: `received_after` and `received_before`.
pub(crate) fn received(query: &mut Parameters) -> Result<Period, Problem> {
    let period = Period {
        after: query.with("received_after", time::parse)?,
        before: query.with("received_before", time::parse)?,
    };
    Ok(period)
}

/// What requests have to be like: `match` and `search`.
pub(crate) fn content(query: &mut Parameters) -> Result<Content, Problem> {
    Ok(Content {
        matching: query.with("match", |text| {
            if text.len() > MATCH_BYTES_MAX {
                return Err(format!("expected at most {MATCH_BYTES_MAX} bytes"));
            }
            let not_json =
                |_| "expected a filter as JSON, such as `{\"body\":{\"type\":\"invoice.paid\"}}`".to_owned();
            matching(serde_json::from_str(text).map_err(not_json)?)
        })?,
        search: query.with("search", search)?,
    })
}

/// A filter of the filter language.
pub(crate) fn matching(filter: Value) -> Result<Value, String> {
    check(Content { matching: Some(filter), search: None })
        .and_then(|content| content.matching.ok_or_else(String::new))
}

/// A text to search for.
pub(crate) fn search(text: &str) -> Result<String, String> {
    check(Content { matching: None, search: Some(text.to_owned()) })
        .and_then(|content| content.search.ok_or_else(String::new))
}

fn check(content: Content) -> Result<Content, String> {
    match content.check() {
        Ok(()) => Ok(content),
        Err(ContentError::Search) => Err(format!("expected a text of 1 to {SEARCH_CHARS_MAX} characters")),
        Err(error) => Err(error.to_string()),
    }
}
