//! What filtering costs: ten conditions on a JSON body of 1 KB, with the reading of the body, and its parts.
//! `cargo bench -p hookyard-rules --bench filter`

#![expect(clippy::expect_used, reason = "a benchmark that cannot start fails")]

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use hookyard_rules::field::Field;
use hookyard_rules::filter::Filter;
use hookyard_rules::values::{Part, Parts, Values};
use serde_json::json;

/// 1 KB, of the shape that shops and payment providers send.
const BODY: &str = r#"{
  "id": "evt_1PqHhC2eZvKYlo2C8gSqz0aB", "object": "event", "api_version": "2024-06-20", "created": 1723456789,
  "type": "invoice.paid", "livemode": true, "pending_webhooks": 1,
  "request": {"id": "req_9mXkQw2nLz", "idempotency_key": "a1b2c3d4-e5f6-7890-abcd-ef1234567890"},
  "data": {"object": {"id": "in_1PqHhB2eZvKYlo2C", "object": "invoice", "amount_due": 12900, "amount_paid": 12900,
    "currency": "eur", "customer": "cus_QhXbE3vN0pTq7L", "customer_email": "ann@example.com", "status": "paid",
    "billing_reason": "subscription_cycle", "number": "B7D1-0042", "paid": true, "attempt_count": 1,
    "hosted_invoice_url": "https://invoices.example.com/i/acct_1032D82eZvKYlo2C/live_YWNjdF8xMDMyRDgyZVp2S1lsbzJDLF9RaFhi",
    "lines": {"has_more": false, "data": [
      {"id": "il_1", "amount": 9900, "description": "Team plan", "quantity": 3, "proration": false},
      {"id": "il_2", "amount": 3000, "description": "Storage, 100 GB", "quantity": 1, "proration": false}]},
    "metadata": {"region": "eu-west", "tier": "gold", "source": "web"}, "discount": null}}}"#;

fn ten_conditions() -> serde_json::Value {
    json!({ "body": {
        "type": { "$startsWith": "invoice." },
        "livemode": true,
        "request": { "id": { "$exist": true } },
        "data": { "object": {
            "status": { "$in": ["paid", "open"] },
            "amount_paid": { "$gte": 10_000 },
            "currency": { "$neq": "usd" },
            "discount": null,
            "lines": { "data": { "quantity": { "$gt": 0 }, "id": "il_2" } },
            "metadata": { "tier": "gold" }
        } }
    } })
}

fn bench(criterion: &mut Criterion) {
    let body: String = BODY.split("\n").map(str::trim_start).collect();
    assert!((1000..1200).contains(&body.len()), "the body has {} bytes", body.len());
    let headers = [("content-type", &b"application/json"[..])];
    let parts = Parts {
        method: "POST",
        path: "",
        query: "",
        headers: &headers,
        topic: Some("invoice.paid"),
        body: body.as_bytes(),
    };
    let filter = Filter::compile(&ten_conditions()).expect("a filter");
    assert_eq!(filter.explain(&Values::new(parts)), None);

    criterion.bench_function("read and match ten conditions", |bencher| {
        bencher.iter(|| filter.matches(&Values::new(black_box(parts))));
    });
    criterion.bench_function("read the body", |bencher| {
        bencher.iter(|| Values::new(black_box(parts)).part(Part::Body).is_some());
    });
    let values = Values::new(parts);
    criterion.bench_function("match ten conditions on a body that was read", |bencher| {
        bencher.iter(|| filter.matches(black_box(&values)));
    });
    criterion.bench_function("read the body as serde_json::Value, to compare", |bencher| {
        bencher.iter(|| serde_json::from_slice::<serde_json::Value>(black_box(parts.body)).is_ok());
    });
    let topic = Filter::compile(&json!({ "topic": { "$startsWith": "invoice." } })).expect("a filter");
    criterion.bench_function("match the topic alone", |bencher| {
        bencher.iter(|| topic.matches(&Values::new(black_box(parts))));
    });
    let key: Field = "/body/data/object/customer".parse().expect("a field");
    criterion.bench_function("read the body and a field", |bencher| {
        bencher.iter(|| key.read(&Values::new(black_box(parts))).is_some());
    });
}

criterion_group!(benches, bench);
criterion_main!(benches);
