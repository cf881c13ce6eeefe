//! Runs every example of docs/filters.md, and asks `simple-json-match` about those that are in its language: it must
//! agree, or disagree where the page says that it deviates.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::fs;

use hookyard_rules::field::Field;
use hookyard_rules::filter::Filter;
use hookyard_rules::values::{Parts, Values};
use hookyard_test_sdk::MatcherProcess;
use serde_json::Value;

/// What the package does not have.
const OURS: [&str; 4] = ["$regex", "$contains", "$size", "$$"];

#[test]
fn every_example_on_the_page_is_true() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/filters.md");
    let page = fs::read_to_string(path).expect("the page is there");
    let oracle = MatcherProcess::start();
    let (mut examples, mut asked, mut deviations) = (0, 0, 0);
    for block in page.split("```json\n").skip(1) {
        let text = block.split("```").next().unwrap();
        let example: Value = serde_json::from_str(text).unwrap_or_else(|error| panic!("{error} in {text}"));
        examples += 1;
        if example.get("value").is_some() {
            check_value(&example);
        } else if let Some(error) = example.get("error") {
            let refused = Filter::compile(&example["filter"]).expect_err(text).to_string();
            assert_eq!(refused, error.as_str().unwrap(), "{text}");
        } else {
            let count = check_filter(&example, &oracle);
            assert!(count.requests > 0, "an example without requests shows nothing: {text}");
            asked += count.asked;
            deviations += usize::from(example.get("deviates").is_some());
        }
    }
    println!(
        "{examples} examples hold; the package was asked {asked} times; {deviations} deviations are shown"
    );
    assert!(examples > 30 && asked > 30 && deviations > 8, "the page has lost its examples");
}

#[derive(Default)]
struct Count {
    requests: usize,
    asked: usize,
}

fn check_filter(example: &Value, oracle: &MatcherProcess) -> Count {
    let filter = Filter::compile(&example["filter"]).unwrap_or_else(|error| panic!("{error}: {example}"));
    let text = example["filter"].to_string();
    let theirs = !OURS.iter().any(|ours| text.contains(ours));
    let mut count = Count::default();
    for (name, expected) in [("passes", true), ("stops", false)] {
        for request in example.get(name).and_then(Value::as_array).into_iter().flatten() {
            count.requests += 1;
            let why = with_values(request, |values| {
                assert_eq!(filter.matches(values), expected, "{request} with {text}");
                filter.explain(values)
            });
            assert_eq!(why.is_none(), expected, "{request} with {text}: {why:?}");
            if let Some(wanted) = example.get("why") {
                assert_eq!(why.unwrap().to_string(), wanted.as_str().unwrap());
            }
            // The package knows one part at a time.
            let parts = example["filter"].as_object().unwrap();
            if let (true, Some(part), Some(body)) =
                (theirs && parts.len() == 1, parts.get("body"), request.get("body"))
            {
                count.asked += 1;
                let deviates = example.get("deviates").is_some();
                assert_eq!(
                    oracle.matches(part, body),
                    expected != deviates,
                    "the package: {body} with {part}"
                );
            }
        }
    }
    count
}

fn check_value(example: &Value) {
    let body: Field = "/body".parse().unwrap();
    with_values(example, |values| {
        let value = body.read(values).unwrap().to_string();
        let value: Value = serde_json::from_str(&value).unwrap();
        assert_eq!(value, example["value"], "{example}");
    });
}

fn with_values<T>(request: &Value, use_them: impl FnOnce(&Values<'_>) -> T) -> T {
    let text = |name: &str| request.get(name).and_then(Value::as_str);
    let (media_type, body) = match (request.get("body"), text("body_text").or_else(|| text("text"))) {
        (Some(body), _) => ("application/json", body.to_string()),
        (None, Some(body)) => (text("type").unwrap_or("application/json"), body.to_owned()),
        (None, None) => ("application/json", String::new()),
    };
    let mut headers = vec![("content-type", media_type.as_bytes())];
    for (name, value) in request.get("headers").and_then(Value::as_object).into_iter().flatten() {
        headers.push((name, value.as_str().unwrap().as_bytes()));
    }
    use_them(&Values::new(Parts {
        method: text("method").unwrap_or("POST"),
        path: text("path").unwrap_or_default(),
        query: text("query").unwrap_or_default(),
        headers: &headers,
        topic: text("topic"),
        body: body.as_bytes(),
    }))
}
