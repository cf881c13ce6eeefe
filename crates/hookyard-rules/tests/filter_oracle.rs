//! Filters against npm's `simple-json-match`, in thousands of generated cases, of which a good part passes.
//!
//! A case is a body and a filter made for it. Cases that touch a documented deviation are set aside
//! (`filter_oracle/deviation.rs`); each deviation is shown by an example in docs/filters.md, where the package is asked
//! as well (`filter_page.rs`). A failing case is printed with the command that runs it again.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on fails")]

#[path = "filter_oracle/case.rs"]
mod case;
#[path = "filter_oracle/deviation.rs"]
mod deviation;

use std::cell::Cell;
use std::env;

use case::Case;
use hookyard_rules::filter::Filter;
use hookyard_rules::values::{Parts, Values};
use hookyard_test_sdk::MatcherProcess;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestError, TestRunner};
use serde_json::{Value, json};

const CASES: u32 = 10_000;
/// How many numbers decide what a case is made of.
const CHOICES_MAX: usize = 120;
/// One case as JSON, to run it alone.
const CASE_VARIABLE: &str = "HOOKYARD_FILTER_CASE";

#[test]
fn filters_decide_as_the_package_does() {
    let oracle = MatcherProcess::start();
    if let Ok(text) = env::var(CASE_VARIABLE) {
        let case: Value = serde_json::from_str(&text).expect("the case is JSON");
        let case = Case { filter: case["filter"].clone(), body: case["body"].clone() };
        println!("set aside as a deviation: {}", deviation::is_touched(&case));
        assert_eq!(
            passes(&case),
            oracle.matches(&case.filter, &case.body),
            "ours is left, the package's right"
        );
        return;
    }
    let (compared, passed, aside) = (Cell::new(0_u32), Cell::new(0_u32), Cell::new(0_u32));
    let mut runner = TestRunner::new(Config { failure_persistence: None, ..Config::with_cases(CASES) });
    let outcome = runner.run(&prop::collection::vec(any::<u32>(), 0..CHOICES_MAX), |choices| {
        let case = Case::new(choices);
        if deviation::is_touched(&case) {
            aside.set(aside.get() + 1);
            return Ok(());
        }
        let (ours, theirs) = (passes(&case), oracle.matches(&case.filter, &case.body));
        compared.set(compared.get() + 1);
        passed.set(passed.get() + u32::from(theirs));
        prop_assert_eq!(ours, theirs);
        Ok(())
    });
    if let Err(TestError::Fail(reason, choices)) = outcome {
        let Case { filter, body } = Case::new(choices);
        let case = json!({ "filter": filter, "body": body }).to_string().replace('\'', r"'\''");
        panic!(
            "{reason}\n{CASE_VARIABLE}='{case}' cargo test -p hookyard-rules --test filter_oracle -- --nocapture"
        );
    }
    outcome.expect("the cases ran");
    let (compared, passed, aside) = (compared.get(), passed.get(), aside.get());
    println!("{compared} filters decided as simple-json-match does; {passed} passed, {aside} were set aside");
    assert!(passed * 4 >= compared, "only {passed} of {compared} cases pass: the test has become weak");
    assert!(
        (compared - passed) * 4 >= compared,
        "{passed} of {compared} cases pass: the test has become weak"
    );
    assert!(aside * 4 <= CASES, "{aside} of {CASES} cases are deviations: the test has become weak");
}

fn passes(case: &Case) -> bool {
    let filter = Filter::compile(&json!({ "body": case.filter }))
        .unwrap_or_else(|error| panic!("{} is no filter: {error}", case.filter));
    let body = case.body.to_string();
    let values = Values::new(Parts {
        method: "POST",
        path: "",
        query: "",
        headers: &[("content-type", b"application/json")],
        topic: None,
        body: body.as_bytes(),
    });
    let passes = filter.matches(&values);
    let why = filter.explain(&values);
    assert_eq!(why.is_none(), passes, "{} of {body} with {}", why.unwrap(), case.filter);
    passes
}
