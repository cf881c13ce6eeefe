//! What the page and the oracle do not show: limits, refusals, work that would not end, and what is said of a mismatch.

use serde_json::{Value as Json, json};

use super::*;
use crate::values::Parts;

fn with_body<T>(body: &Json, use_it: impl FnOnce(&Values<'_>) -> T) -> T {
    let body = body.to_string();
    use_it(&Values::new(Parts {
        method: "POST",
        path: "",
        query: "",
        headers: &[("content-type", b"application/json"), ("X-A", b"1"), ("x-a", b"2")],
        topic: None,
        body: body.as_bytes(),
    }))
}

fn passes(filter: Json, body: &Json) -> bool {
    let filter = Filter::compile(&filter).unwrap();
    with_body(body, |values| {
        let passes = filter.matches(values);
        assert_eq!(filter.explain(values).is_none(), passes);
        passes
    })
}

fn refused(filter: &Json) -> FilterError {
    Filter::compile(filter).expect_err(&filter.to_string())
}

#[test]
fn what_can_not_do_what_it_says_is_refused_with_its_place() {
    for (filter, path) in [
        (json!(null), ""),
        (json!([]), ""),
        (json!({ "cookies": {} }), "/cookies"),
        (json!({ "$or": [{ "body": 1 }, { "id": 1 }] }), "/$or/1/id"),
        (json!({ "$and": [] }), "/$and"),
        (json!({ "$not": 5 }), "/$not"),
        (json!({ "body": { "a": { "$eqq": 1 } } }), "/body/a/$eqq"),
        (json!({ "body": { "a/b~": { "$": 1 } } }), "/body/a~1b~0/$"),
        (json!({ "body": { "a": [1, { "$gte": true }] } }), "/body/a/1/$gte"),
        (json!({ "body": { "$or": [] } }), "/body/$or"),
        (json!({ "body": { "$in": [1, null] } }), "/body/$in"),
        (json!({ "body": { "$nin": true } }), "/body/$nin"),
        (json!({ "body": { "$startsWith": 1 } }), "/body/$startsWith"),
        (json!({ "body": { "$endsWith": ["a", 1] } }), "/body/$endsWith"),
        (json!({ "body": { "$exist": 1 } }), "/body/$exist"),
        (json!({ "body": { "$exist": { "$ref": "a" } } }), "/body/$exist"),
        (json!({ "body": { "$eq": { "$gt": 1 } } }), "/body/$eq"),
        (json!({ "body": { "$eq": { "$ref": "a", "b": 1 } } }), "/body/$eq"),
        (json!({ "body": { "$eq": { "$ref": "a[1:]" } } }), "/body/$eq/$ref"),
        (json!({ "body": { "$ref": 1 } }), "/body/$ref"),
        (json!({ "body": { "$ref": "" } }), "/body/$ref"),
        (json!({ "body": { "$contains": ["a"] } }), "/body/$contains"),
        (json!({ "body": { "$size": -1 } }), "/body/$size"),
        (json!({ "body": { "$size": {} } }), "/body/$size"),
        (json!({ "body": { "$size": { "a": 1 } } }), "/body/$size"),
        (json!({ "body": { "$size": { "$gt": null } } }), "/body/$size/$gt"),
        (json!({ "body": { "$regex": "(" } }), "/body/$regex"),
        (json!({ "body": { "$regex": 1 } }), "/body/$regex"),
    ] {
        let error = refused(&filter);
        assert_eq!(error.path, path, "{filter}: {error}");
        assert!(!error.problem.ends_with('.'), "{error}");
    }
}

#[test]
fn each_limit_holds_and_what_is_within_it_is_taken() {
    let nested = |depth: usize| (0..depth).fold(json!(1), |inside, _| json!({ "a": inside }));
    assert!(Filter::compile(&json!({ "body": nested(FILTER_DEPTH_MAX - 1) })).is_ok());
    assert!(refused(&json!({ "body": nested(FILTER_DEPTH_MAX) })).problem.contains("32 deep"));
    assert!(refused(&json!({ "body": { "$eq": nested(FILTER_DEPTH_MAX) } })).problem.contains("32 deep"));
    assert!(refused(&json!({ "body": nested(100_000 / 1_000) })).problem.contains("32 deep"));

    let many =
        |count: usize| json!({ "body": (0..count).map(|n| (n.to_string(), json!(n))).collect::<Json>() });
    assert!(Filter::compile(&many(CONDITIONS_MAX - 1)).is_ok());
    assert!(refused(&many(CONDITIONS_MAX)).problem.contains("1000 conditions"));

    let listed = |count: usize| json!({ "body": { "$in": vec![1; count] } });
    assert!(Filter::compile(&listed(LIST_MAX)).is_ok());
    assert!(refused(&listed(LIST_MAX + 1)).problem.contains("1000 are the most"));

    let regexes = |count: usize| json!({ "body": vec![json!({ "$regex": "a" }); count] });
    assert!(Filter::compile(&regexes(REGEXES_MAX)).is_ok());
    assert!(refused(&regexes(REGEXES_MAX + 1)).problem.contains("20 regular expressions"));
    assert!(
        refused(&json!({ "body": { "$regex": "a".repeat(REGEX_BYTES_MAX + 1) } }))
            .problem
            .contains("1024 bytes")
    );
    assert!(refused(&json!({ "body": { "$regex": "(?:a{100}){100}{100}" } })).problem.contains("too large"));
    assert!(refused(&json!({ "body": { "$ref": "a".repeat(513) } })).problem.contains("512 bytes"));
}

#[test]
fn a_pattern_that_blows_up_elsewhere_is_linear_here() {
    let body = json!({ "a": "a".repeat(100_000) });
    assert!(!passes(json!({ "body": { "a": { "$regex": "^(a+)+$|^(a|aa)*b$" }, "b": 1 } }), &body));
    assert!(!passes(json!({ "body": { "a": { "$regex": "(x+x+)+y" } } }), &body));
}

#[test]
fn work_that_would_not_end_ends_and_does_not_pass() {
    let numbers: Vec<u32> = (0..20_000).collect();
    // Each of one list is looked for in the other.
    let body = json!({ "a": { "x": numbers }, "b": { "x": numbers } });
    for filter in
        [json!({ "body": { "a": { "$ref": "b" } } }), json!({ "$not": { "body": { "a": { "$ref": "b" } } } })]
    {
        let filter = Filter::compile(&filter).unwrap();
        with_body(&body, |values| {
            assert!(!filter.matches(values));
            let why = filter.explain(values).unwrap();
            assert_eq!((why.operator, why.found), ("steps", Found::Request));
            assert!(why.to_string().contains("too large for this filter"), "{why}");
        });
    }
    // An honest body of the same size is far from it.
    assert!(passes(
        json!({ "body": { "a": { "x": [0, 19_999] }, "b": { "x": { "$size": 20_000 } } } }),
        &body
    ));
}

#[test]
fn each_pair_of_many_elements_and_a_long_text_is_counted() {
    let text = " ".repeat(100_000) + "x";
    let body = json!({ "a": (0..1_000).collect::<Vec<_>>(), "b": text, "c": vec![json!({}); 1_000] });
    for reference in [
        json!({ "a": { "$ref": "b" } }),
        json!({ "a": { "$or": [{ "$gt": { "$ref": "b" } }] } }),
        json!({ "c": { "$or": [{ "$eq": { "$ref": "a" } }] } }),
        json!({ "a": { "$or": [{ "$eq": { "$ref": "$..none" } }] } }),
    ] {
        assert!(!passes(json!({ "body": reference }), &body), "{reference}");
    }
}

#[test]
fn a_deep_body_is_looked_through_within_the_stack() {
    let deep = (0..120).fold(json!([1]), |inside, _| json!([inside]));
    let worker = std::thread::Builder::new().stack_size(512 * 1024).spawn(move || {
        assert!(passes(json!({ "body": 1 }), &deep));
        assert!(!passes(json!({ "body": { "$or": [{ "$and": [2] }, { "a": [{ "b": [[3]] }] }] } }), &deep));
        assert!(!passes(json!({ "body": { "$ref": "$" } }), &deep));
        assert!(passes(json!({ "body": { "$eq": { "$ref": "$" } } }), &deep));
    });
    worker.unwrap().join().unwrap();
}

#[test]
fn headers_are_found_in_any_case_and_several_lines_are_one() {
    let body = json!({});
    assert!(passes(json!({ "headers": { "X-a": "1, 2" } }), &body));
    assert!(passes(json!({ "headers": { "$or": [{ "X-B": 1 }, { "X-A": { "$endsWith": "2" } }] } }), &body));
    assert!(passes(json!({ "headers": { "x-a": { "$eq": { "$ref": "['X-A']" } } } }), &body));
}

#[test]
fn a_body_that_is_missing_has_no_fields() {
    let filter = |filter| Filter::compile(&filter).unwrap();
    let values = Values::new(Parts { method: "", path: "", query: "", headers: &[], topic: None, body: b"" });
    for (condition, expected) in [
        (json!({ "$exist": false }), true),
        (json!({ "$exist": true }), false),
        (json!({ "a": { "$exist": false } }), true),
        (json!({ "a": 1 }), false),
        (json!({ "$not": { "a": 1 } }), true),
        (json!({ "$or": [null, { "$exist": false }] }), true),
        (json!(null), false),
        (json!({ "$regex": "" }), false),
    ] {
        assert_eq!(filter(json!({ "body": condition })).matches(&values), expected, "{condition}");
        assert_eq!(filter(json!({ "topic": condition })).matches(&values), expected, "{condition}");
    }
    assert!(filter(json!({})).matches(&values));
}

#[test]
fn a_mismatch_says_where_and_what_but_never_the_text_of_the_request() {
    let secret = "s3cret";
    let body = json!({ "a": { "b/c": secret }, "l": [secret, { "x": 1 }], "n": 5, "o": { "x": 1 } });
    for (condition, expected) in [
        (json!({ "a": { "b/c": "x" } }), "/body/a/b~1c (a text of 6 bytes) does not meet equals \"x\""),
        (json!({ "a": { "d": { "$gt": 1 } } }), "/body/a/d (missing) does not meet $gt 1"),
        (json!({ "n": { "x": 1 } }), "/body/n/x (missing) does not meet equals 1"),
        (json!({ "n": { "$not": { "$lt": 9 } } }), "/body/n (a number) does not meet $not $lt 9"),
        (json!({ "n": { "$or": [1, 2] } }), "/body/n (a number) does not meet $or any of 2 conditions"),
        (json!({ "n": { "$and": [5, { "$in": [4] }] } }), "/body/n (a number) does not meet $in [4]"),
        (json!({ "n": { "$eq": { "$ref": "a" } } }), "/body/n (a number) does not meet $eq the value of a"),
        (json!({ "n": { "$ref": "a" } }), "/body/n (a number) does not meet $ref a"),
        (json!({ "n": {} }), "/body/n (a number) does not meet equals an object"),
        (json!({ "l": ["x", 1] }), "/body/l (an array of 2) does not meet contains \"x\""),
        (
            json!({ "l": { "x": 2 } }),
            "/body/l (an array of 2) does not meet contains an object with x as asked",
        ),
        (json!({ "l": { "$size": { "$gt": 2 } } }), "/body/l (an array of 2) does not meet $size $gt 2"),
        (json!({ "o": 1 }), "/body/o (an object of 1) does not meet equals 1"),
        (
            json!({ "$not": { "n": 5 } }),
            "/body (an object of 4) does not meet $not an object with n as asked",
        ),
    ] {
        let filter = Filter::compile(&json!({ "body": condition })).unwrap();
        let why = with_body(&body, |values| filter.explain(values)).unwrap_or_else(|| panic!("{condition}"));
        assert_eq!(why.to_string(), expected, "{condition}");
        assert!(!format!("{why:?}").contains(secret), "{why:?}");
    }
    let long = json!({ "body": { "k".repeat(5_000): { "$in": vec!["é".repeat(1_000); 3] } } });
    let why = with_body(&body, |values| Filter::compile(&long).unwrap().explain(values)).unwrap();
    assert_eq!(why.path.chars().count(), MISMATCH_CHARS_MAX + 1);
    assert_eq!(why.expected.chars().count(), MISMATCH_CHARS_MAX + 1);
    let top = Filter::compile(&json!({ "$or": [{ "topic": "a" }, { "topic": "b" }] })).unwrap();
    let why = with_body(&body, |values| top.explain(values)).unwrap();
    assert_eq!(why.to_string(), "the request does not meet $or any of 2 conditions");
}
