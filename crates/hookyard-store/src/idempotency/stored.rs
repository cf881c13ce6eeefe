//! The stored form of an answer: a head in JSON that names its version, behind its length, then the body.

use serde::{Deserialize, Serialize};

use super::Answer;

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Head {
    V1 { status: u16, headers: Vec<(String, Vec<u8>)> },
}

pub(super) fn encode(answer: &Answer) -> Result<Vec<u8>, String> {
    let head = Head::V1 { status: answer.status, headers: answer.headers.clone() };
    let head = serde_json::to_vec(&head).map_err(|error| error.to_string())?;
    let length = u32::try_from(head.len()).map_err(|error| error.to_string())?;
    Ok([&length.to_be_bytes(), head.as_slice(), &answer.body].concat())
}

pub(super) fn decode(bytes: &[u8]) -> Result<Answer, String> {
    let short = || "a kept answer is cut off".to_owned();
    let (length, rest) = bytes.split_first_chunk::<4>().ok_or_else(short)?;
    let (head, body) = rest.split_at_checked(u32::from_be_bytes(*length) as usize).ok_or_else(short)?;
    let Head::V1 { status, headers } = serde_json::from_slice(head).map_err(|error| error.to_string())?;
    Ok(Answer { status, headers, body: body.to_vec() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer() -> Answer {
        Answer { status: 201, headers: vec![("etag".into(), b"\"\xff\"".to_vec())], body: b"{\0}".to_vec() }
    }

    #[test]
    fn an_answer_comes_back_as_it_was() {
        let bytes = encode(&answer()).unwrap();
        assert_eq!(decode(&bytes).unwrap(), answer());
        for end in 0..bytes.len() - 3 {
            assert!(decode(&bytes[..end]).is_err(), "cut at {end}");
        }
    }

    #[test]
    fn an_answer_of_the_first_form_is_read_for_ever() {
        let head = br#"{"v1":{"status":201,"headers":[["etag",[34,255,34]]]}}"#;
        let bytes = [&54_u32.to_be_bytes(), head.as_slice(), b"{\0}"].concat();
        assert_eq!(decode(&bytes).unwrap(), answer());
    }
}
