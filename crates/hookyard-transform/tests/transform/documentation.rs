//! Every example of docs/transformations.md is run.
//!
//! A block of JavaScript is a script. The block of JSON in front of it is the request's body (or all of the
//! request, where it has a `body`), the block behind it what becomes of it.

use bytes::Bytes;
use hookyard_transform::input::Body;
use hookyard_transform::limits::Limits;
use serde_json::Value;

use crate::harness::{Harness, json};

struct Block {
    language: String,
    text: String,
}

fn blocks(page: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        if let Some(language) = line.strip_prefix("```") {
            let text: Vec<_> = lines.by_ref().take_while(|line| *line != "```").collect();
            blocks.push(Block { language: language.to_owned(), text: text.join("\n") });
        }
    }
    blocks
}

fn read(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[tokio::test]
async fn every_example_does_what_the_page_says() {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/transformations.md"))
        .unwrap();
    let blocks = blocks(&page);
    let engine = Harness::new();
    let mut examples = 0;
    for (at, block) in blocks.iter().enumerate().filter(|(_, block)| block.language == "js") {
        let input = read(&blocks[at - 1].text);
        let expected = read(&blocks[at + 1].text);
        assert_eq!((blocks[at - 1].language.as_str(), blocks[at + 1].language.as_str()), ("json", "json"));
        let is_request = input.get("body").is_some();
        let mut request = json(&if is_request { input["body"].to_string() } else { input.to_string() });
        if let Some(text) = input["body"].as_str() {
            request.request.body = Body::Text(Bytes::copy_from_slice(text.as_bytes()));
        }
        request.request.headers.clear();
        for (name, value) in input["headers"].as_object().into_iter().flatten() {
            request.request.headers.push((name.clone(), value.as_str().unwrap().to_owned()));
        }
        let outcome = engine.run_within(&block.text, request, Limits::default()).await;
        match (outcome, expected.get("error")) {
            (Ok(outcome), None) => {
                let body: Value = serde_json::from_slice(&outcome.request.body.bytes()).unwrap();
                assert_eq!(&body, expected.get("body").unwrap_or(&expected), "{}", block.text);
                for (name, value) in expected["headers"].as_object().into_iter().flatten() {
                    let found = outcome.request.headers.iter().find(|(known, _)| known == name);
                    assert_eq!(
                        found.map(|(_, value)| value.as_str()),
                        value.as_str(),
                        "{name}: {}",
                        block.text
                    );
                }
                if let Some(path) = expected.get("path") {
                    assert_eq!(outcome.request.path.as_str(), path.as_str().unwrap());
                }
            }
            (Err(failure), Some(error)) => {
                assert_eq!(failure.message, error.as_str().unwrap(), "{}", block.text)
            }
            (outcome, _) => panic!("{outcome:?}: {}", block.text),
        }
        examples += 1;
    }
    assert!(examples >= 6, "{examples}");
}
