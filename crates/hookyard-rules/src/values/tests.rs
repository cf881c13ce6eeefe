//! Bodies of every form, honest and hostile.

use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::*;
use crate::filter::Filter;

/// The body as JSON; none where it is missing.
fn read(content_type: &str, body: &[u8]) -> Option<Json> {
    let headers = [("Content-Type", content_type.as_bytes())];
    let lines = if content_type.is_empty() { &headers[..0] } else { &headers[..] };
    let values =
        Values::new(Parts { method: "POST", path: "", query: "", headers: lines, topic: None, body });
    let text = values.part(Part::Body)?.to_string();
    Some(serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}")))
}

/// Whether it came out as what is not structured.
fn is_unstructured(content_type: &str, body: &[u8]) -> bool {
    let kind = content_type.split(';').next().unwrap();
    let mut expected = json!({ "size": body.len() });
    if !kind.is_empty() {
        expected["type"] = kind.into();
    }
    if let Ok(text) = std::str::from_utf8(body) {
        expected["text"] = text.into();
    }
    read(content_type, body) == Some(expected)
}

#[test]
fn json_is_read_under_many_names_and_is_what_it_is() {
    let text = br#" {"a": [1, -2, 1.5, 1e3, 18446744073709551615, "\u00e9\n", null, true, {}, []]} "#;
    let expected = json!({ "a": [1, -2, 1.5, 1000, 18446744073709551615_u64, "é\n", null, true, {}, []] });
    for name in
        ["application/json", "APPLICATION/JSON; charset=utf-8", "application/vnd.api+json", "text/plain", ""]
    {
        assert_eq!(read(name, text), Some(expected.clone()), "{name}");
    }
    assert_eq!(read("application/json", b"\xef\xbb\xbf[1]"), Some(json!([1])));
    assert_eq!(read("application/json", b"false"), Some(json!(false)));
    assert!(is_unstructured("text/plain", b"false"));
    assert_eq!(read("application/json", b""), None);
}

#[test]
fn what_is_no_json_is_known_by_size_type_and_text() {
    for body in
        [&b"{"[..], b"{}x", b"[1,]", b"{\"a\": \"\\ud800\"}", b"1e999", b" ", b"\xff\xfe", b"\"\xff\""]
    {
        assert!(is_unstructured("application/json", body), "{body:?}");
    }
    assert!(is_unstructured("image/png", &[0, 159, 146, 150]));
    assert!(is_unstructured("", b"hello"));
    assert_eq!(read("image/png", &[255]), Some(json!({ "size": 1, "type": "image/png" })));
}

#[test]
fn of_two_members_with_one_key_the_last_counts() {
    let body = br#"{"a": 1, "b": 2, "a": 3}"#;
    let values = Values::new(Parts { method: "", path: "", query: "", headers: &[], topic: None, body });
    let Some(Value::Object(object)) = values.part(Part::Body) else { panic!("no object") };
    assert_eq!(object.get("a").unwrap().to_string(), "3");
    assert_eq!(object.len(), 2);
    assert_eq!(Value::Object(object).to_string(), r#"{"a":3,"b":2}"#);
}

#[test]
fn xml_is_read_as_documented_and_refused_where_it_is_none() {
    let read = |text: &str| read("application/soap+xml", text.as_bytes());
    assert_eq!(read("<a> x <b>1</b> y </a>"), Some(json!({ "a": { "b": "1", "#text": "x  y" } })));
    assert_eq!(read("<a b='1'/>"), Some(json!({ "a": { "@b": "1" } })));
    assert_eq!(read("\u{feff}<a>&#65;&lt;</a>"), Some(json!({ "a": "A<" })));
    assert_eq!(read("<!-- c --><a><?p?></a>"), Some(json!({ "a": "" })));
    assert_eq!(read("<x:a y:b='&quot;' xmlns:y='u'/>"), Some(json!({ "a": { "@b": "\"" } })));
    for bad in [
        "",
        "x",
        "<a>",
        "<a></b>",
        "<a/><b/>",
        "<a/>x",
        "<a>&b;</a>",
        "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>",
        "<a b=1/>",
    ] {
        assert!(bad.is_empty() || is_unstructured("text/xml", bad.as_bytes()), "{bad}");
    }
}

#[test]
fn forms_are_bounded_and_multipart_has_to_be_whole() {
    let kind = "application/x-www-form-urlencoded";
    assert_eq!(read(kind, b"a=1&a=2&b=%C3%A9+x&c"), Some(json!({ "a": ["1", "2"], "b": "é x", "c": "" })));
    let Some(Json::Object(fields)) =
        read(kind, (0..20_000).map(|n| format!("f{n}=1&")).collect::<String>().as_bytes())
    else {
        panic!("no object")
    };
    assert_eq!(fields.len(), 10_000);
    let multipart = "multipart/form-data; boundary=xx";
    let part = "--xx\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n";
    assert_eq!(read(multipart, format!("{part}{part}--xx--").as_bytes()), Some(json!({ "a": ["1", "1"] })));
    let nameless = part.replace("name", "nome") + "--xx--";
    for bad in [part, "no boundary", &nameless, &(part.repeat(1_001) + "--xx--")] {
        assert!(is_unstructured(multipart, bad.as_bytes()), "{bad}");
    }
}

#[test]
fn depth_and_number_of_values_have_their_limits() {
    let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
    assert!(read("application/json", nested(DEPTH_MAX).as_bytes()).unwrap().is_array());
    assert!(is_unstructured("application/json", nested(DEPTH_MAX + 1).as_bytes()));
    assert!(is_unstructured("application/json", "[".repeat(5_000_000).as_bytes()));
    let elements = |depth: usize| "<a>".repeat(depth) + &"</a>".repeat(depth);
    assert!(read("text/xml", elements(DEPTH_MAX).as_bytes()).unwrap()["a"].is_object());
    assert!(is_unstructured("text/xml", elements(DEPTH_MAX + 1).as_bytes()));
    let many = |count: usize| format!("[{}1]", "1,".repeat(count - 2));
    assert_eq!(
        read("application/json", many(VALUES_MAX).as_bytes()).unwrap().as_array().unwrap().len(),
        VALUES_MAX - 1
    );
    assert!(is_unstructured("application/json", many(VALUES_MAX + 1).as_bytes()));
    assert!(is_unstructured("text/xml", format!("<a>{}</a>", "<b/>".repeat(250_000)).as_bytes()));
}

#[test]
fn a_part_is_read_when_it_is_asked_for() {
    let headers = [("content-type", &b"application/json"[..])];
    let values = Values::new(Parts {
        method: "GET",
        path: "/x",
        query: "a=1",
        headers: &headers,
        topic: None,
        body: b"{}",
    });
    let compile = |filter: Json| Filter::compile(&filter).unwrap();
    assert!(compile(json!({ "path": "/x", "method": "GET" })).matches(&values));
    assert!(values.headers.get().is_none() && values.body.get().is_none());
    assert!(compile(json!({ "headers": { "Content-Type": { "$exist": true } } })).matches(&values));
    assert!(values.query.get().is_none());
    assert!(compile(json!({ "query": { "a": 1 } })).matches(&values));
    assert!(values.query.get().is_some() && values.body.get().is_none());
}

proptest! {
    #[test]
    fn json_comes_out_as_it_went_in(text in "[\\PC\n\t\"\\\\]{0,20}", number in any::<f64>(), integer in any::<i64>()) {
        let body = json!({ "text": text, "list": [integer, text], text.clone(): null });
        prop_assert_eq!(read("application/json", body.to_string().as_bytes()), Some(body));
        let read = read("application/json", json!([number]).to_string().as_bytes()).unwrap();
        prop_assert_eq!(read[0].as_f64(), Some(number));
    }

    #[test]
    fn no_bytes_panic(
        kind in prop::sample::select(vec![
            "application/json", "text/xml", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded", "",
        ]),
        body in "(<[a/!?]|>|&[a-z#0-9]{0,3};|\"|=|\\]\\]>|<!\\[CDATA\\[|--x|\r\n|name|:|\\{|\\}|\\[|,|1|é){0,30}",
    ) {
        read(kind, body.as_bytes());
    }
}
