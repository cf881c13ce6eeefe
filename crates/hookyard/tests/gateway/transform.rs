//! Transformations on connections: what code makes of a request is what is delivered, shown, kept and delivered again;
//! and code that fails or takes its time is nobody else's trouble.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::gateway::{Gateway, OPEN_SOURCE, Yard, leg};
use crate::sink::{Act, OK, Sink};

/// A source `in` with one connection that has these rules, to `out`, which has these settings.
fn yard(sink: &Sink, destination: &str, rules: &str) -> Yard {
    Yard::new(format!("{OPEN_SOURCE}{}", leg("out", sink, destination, &format!("rules = [{rules}]"))))
}

/// The event of a request, in that state, with all that is known of it.
async fn explained(gateway: &Gateway, request: &str, state: &str) -> Value {
    let event = gateway.event_in(request, state).await;
    gateway.get(&path_of(&event, "")).await
}

fn path_of(event: &Value, rest: &str) -> String {
    format!("/api/v1/events/{}{rest}", event["id"].as_str().unwrap())
}

const ENRICH: &str = r#"{ transform = { env = { KEY = "k-${SECRET}" }, code = '''
export default (request, context) => {
  console.log("amount", request.body.amount);
  request.body.amount /= 100;
  request.headers["x-from"] = `${context.source.name} ${process.env.KEY}`;
  request.path = "/orders";
  return request;
};
''' } }, { filter = { body = { amount = { "$lt" = 5 } } } }"#;

#[tokio::test]
async fn what_code_makes_of_a_request_is_delivered_and_shown() {
    let mut sink = Sink::start(OK).await;
    let mut yard = yard(&sink, "append_path = true", ENRICH);
    yard.env.insert("SECRET".to_owned(), "hunter2".to_owned());
    let gateway = yard.start().await;
    let small = gateway.take(br#"{"amount": 450, "id": 12345678901234567890}"#).await;
    let delivery = sink.next().await;
    assert_eq!(String::from_utf8_lossy(&delivery.body), r#"{"amount":4.5,"id":12345678901234567000}"#);
    assert_eq!(delivery.header("x-from"), Some("in k-hunter2"));
    assert!(delivery.target.ends_with("/orders"), "{}", delivery.target);

    let event = explained(&gateway, &small, "successful").await;
    let step = &event["rules"][0];
    assert_eq!(
        (&step["type"], &step["detail"]),
        (&json!("transform"), &json!("it changed path, headers, body"))
    );
    assert_eq!(step["execution"]["console"], json!([{"level": "log", "text": "amount 450"}]));
    assert_eq!(event["transformed"]["path"], "/orders");
    assert_eq!(event["transformed"]["body"]["text"], r#"{"amount":4.5,"id":12345678901234567000}"#);
    let raw = gateway.call("GET", &path_of(&event, "/body"), "").await;
    assert_eq!(raw.body, delivery.body);
    let request = gateway.get(&format!("/api/v1/requests/{small}")).await;
    assert_eq!(request["body"]["text"], r#"{"amount": 450, "id": 12345678901234567890}"#);

    // The filter behind it sees what the code made.
    let large = gateway.take(br#"{"amount": 500}"#).await;
    let event = explained(&gateway, &large, "discarded").await;
    assert_eq!((&event["discarded"], event["rules"].as_array().unwrap().len()), (&json!("filtered"), 2));

    // Both ran, and the newest run is the first.
    let runs = gateway.get("/api/v1/transformations/executions").await;
    assert_eq!(
        (runs["data"].as_array().unwrap().len(), &runs["progress"]["complete"]),
        (2, &json!(true)),
        "{runs}"
    );
    let (newest, oldest) = (&runs["data"][0], &runs["data"][1]);
    assert_eq!((&newest["event_id"], &newest["failure"]), (&event["id"], &Value::Null));
    assert_eq!(oldest["console"], json!([{"level": "log", "text": "amount 450"}]));
    let failed = gateway.get("/api/v1/transformations/executions?failed=true").await;
    assert_eq!((&failed["data"], &failed["progress"]["searched"]), (&json!([]), &json!(2)));
    let first = gateway.get("/api/v1/transformations/executions?limit=1").await;
    assert_eq!(&first["data"], &json!([newest]));
    let before = first["next"].as_str().unwrap();
    let rest = gateway.get(&format!("/api/v1/transformations/executions?limit=1&before={before}")).await;
    assert_eq!(&rest["data"], &json!([oldest]));

    // Variables are for the code alone.
    let connections = gateway.get("/api/v1/connections").await;
    assert_eq!(connections["data"][0]["rules"][0]["env"], json!({"KEY": null}));
    assert!(!connections.to_string().contains("hunter2"));
    let ended = gateway.stop().await;
    assert!(!ended.stderr.contains("hunter2"));
}

#[tokio::test]
async fn code_that_fails_ends_the_event_until_it_is_mended_and_replayed() {
    let mut sink = Sink::start(OK).await;
    let yard = Yard::new("");
    let gateway = yard.start().await;
    let new = async |path: &str, fields: Value| {
        let made = gateway.call("POST", path, &fields.to_string()).await;
        assert_eq!(made.status, 201, "{}", made.text());
        made.json()
    };
    let source = new("/api/v1/sources", json!({"name": "in", "token": "in", "provider": "none"})).await;
    let destination = new("/api/v1/destinations", json!({"name": "out", "url": sink.url()})).await;
    let rule = |code: &str| json!([{"type": "transform", "code": code, "env": {"KEY": "hunter2"}}]);
    let code =
        "export default (request) => {\n  console.warn('no total');\n  throw new TypeError('no total');\n}";
    let connection = json!({
        "name": "both", "source_id": source["id"], "destination_id": destination["id"], "rules": rule(code),
    });
    let connection = new("/api/v1/connections", connection).await;
    let path = format!("/api/v1/connections/{}", connection["id"].as_str().unwrap());

    let failed = gateway.take(br#"{"n":1}"#).await;
    let event = explained(&gateway, &failed, "discarded").await;
    assert_eq!((&event["discarded"], &event["transformed"]), (&json!("transform_error"), &Value::Null));
    let step = &event["rules"][0];
    let why = step["detail"].as_str().unwrap();
    assert!(why.starts_with("threw: TypeError: no total (line 3, column "), "{why}");
    assert_eq!(step["execution"]["console"], json!([{"level": "warn", "text": "no total"}]));

    let runs = gateway.get("/api/v1/transformations/executions?failed=true").await;
    assert_eq!(
        (&runs["data"][0]["event_id"], &runs["data"][0]["failure"]),
        (&event["id"], &step["detail"]),
        "{runs}"
    );

    // There is nothing that could be delivered.
    let retried = gateway.call("POST", &path_of(&event, "/retry"), "").await;
    assert_eq!(
        (retried.status, &retried.json()["code"]),
        (409, &json!("event_not_retryable")),
        "{}",
        retried.text()
    );
    assert!(retried.text().contains("replay it"), "{}", retried.text());

    let broken = json!({"rules": rule("export default (request) => {")}).to_string();
    let refused = gateway.call("PATCH", &path, &broken).await;
    assert_eq!(
        (refused.status, &refused.json()["field"]),
        (422, &json!("rules[0].code")),
        "{}",
        refused.text()
    );
    // What is shown can be sent back: null keeps the variable.
    let mended = json!({"rules": [{
        "type": "transform", "env": {"KEY": null},
        "code": "export default () => ({ body: process.env.KEY })",
    }]});
    let patched = gateway.call("PATCH", &path, &mended.to_string()).await;
    assert_eq!((patched.status, &patched.json()["rules"]), (200, &mended["rules"]), "{}", patched.text());
    let replayed = gateway.call("POST", &path_of(&event, "/replay"), "").await;
    assert_eq!((replayed.status, &replayed.json()["state"]), (202, &json!("queued")), "{}", replayed.text());
    assert_eq!(sink.next().await.body, b"hunter2");
    let event = explained(&gateway, &failed, "successful").await;
    assert_eq!(
        (&event["discarded"], &event["rules"][0]["detail"]),
        (&Value::Null, &json!("it changed body"))
    );
    assert!(sink.already().is_none());
}

/// Ten requests that code numbers anew, which fit neither into the lane's memory nor into the desk's.
#[tokio::test]
async fn what_was_made_is_delivered_again_after_a_failure_and_a_crash() {
    let sink = Sink::start(Act::Answer(500, "not now")).await;
    let rules = r#"{ transform = { code = "export default (request) => ({ body: { made: request.body.n, pad: 'x'.repeat(2000) } })" } }"#;
    let destination =
        leg("out", &sink, "concurrency = 1", &format!("rules = [{rules}]\nretry = {{ custom = [\"1h\"] }}"));
    let mut yard = Yard::new(format!("{OPEN_SOURCE}{destination}"));
    yard.settings.push_str(
        "lanes_bytes_max = \"1MiB\"\nlane_events_max = 2\n[verification]\npending_requests_max = 3\n",
    );
    let gateway = yard.start().await;
    let mut requests = Vec::new();
    for n in 0..10 {
        requests.push(gateway.take(json!({"n": n}).to_string().as_bytes()).await);
    }
    for request in &requests {
        let tried = gateway.event_in(request, "scheduled").await;
        assert!(tried["attempts"].as_u64().unwrap() >= 1);
    }
    gateway.process.kill();

    let mut sink = sink;
    while sink.already().is_some() {}
    sink.act(OK);
    let gateway = yard.start().await;
    for request in &requests {
        let event = gateway.get(&format!("/api/v1/events?request_id={request}")).await["data"][0].clone();
        if event["state"] == "scheduled" {
            gateway.call("POST", &path_of(&event, "/retry"), "").await;
        }
        gateway.event_in(request, "successful").await;
    }
    let mut delivered = BTreeSet::new();
    while let Some(delivery) = sink.already() {
        let body: Value = serde_json::from_slice(&delivery.body).unwrap();
        assert_eq!(body["pad"].as_str().unwrap().len(), 2000);
        delivered.insert(body["made"].as_u64().unwrap());
    }
    assert_eq!(delivered, (0..10).collect());
}

#[tokio::test]
async fn code_that_takes_its_time_holds_up_its_own_source_only() {
    let mut sink = Sink::start(OK).await;
    let slow = r#"rules = [{ transform = { code = "export default () => { for (;;) {} }" } }]"#;
    let yard = Yard::new(format!(
        "{OPEN_SOURCE}[[source]]\nname = \"other\"\ntoken = \"other\"\n{}{}",
        leg("slow", &sink, "", slow),
        leg("out", &sink, "", "").replace("source = \"in\"", "source = \"other\""),
    ));
    let gateway = yard.start().await;
    let mut requests = Vec::new();
    for _ in 0..40 {
        requests.push(gateway.take(b"{}").await);
    }
    let answer = gateway.post("/other", &[], b"quick").await;
    assert_eq!(answer.status, 200);
    assert_eq!(sink.next().await.body, b"quick");
    // Forty runs take ten seconds of a processor.
    let ended = gateway.get("/api/v1/events?state=discarded&limit=100").await;
    assert!(ended["data"].as_array().unwrap().len() < requests.len(), "the quick one waited for all others");
    let event = explained(&gateway, &requests[0], "discarded").await;
    assert!(event["rules"][0]["detail"].as_str().unwrap().starts_with("cpu_limit: "), "{event}");
}

#[tokio::test]
async fn requests_leave_code_in_the_order_of_their_arrival() {
    let mut sink = Sink::start(OK).await;
    // The first ones take the longest.
    let rules = r#"{ transform = { code = "export default (request) => { for (let i = 0; i < (40 - request.body.n) * 20000; i++); return { body: [request.body.n] }; }" } }"#;
    let mut yard = yard(&sink, "concurrency = 1", rules);
    yard.settings
        .push_str("[verification]\npending_requests_max = 8\n[transformations]\nat_a_time_max = 4\n");
    let gateway = yard.start().await;
    for n in 0..40 {
        gateway.take(json!({"n": n}).to_string().as_bytes()).await;
    }
    for n in 0..40 {
        assert_eq!(String::from_utf8_lossy(&sink.next().await.body), format!("[{n}]"));
    }
    assert!(sink.already().is_none());
}
