"""Where JSON Schema and JSON differ, what would only cost time, and a check of our own."""

import itertools

import schemathesis

# Codes of what has the wrong form.
OF_FORM = {"unknown_field", "unknown_parameter", "duplicate_parameter", "invalid_parameter", "malformed_body"}
WAIT_MS_MAX = 20_000
CALLS = itertools.count()


@schemathesis.hook
def before_load_schema(context, schema):
    """`PATCH` takes two media types of the same schema: one of them is enough."""
    for item in schema["paths"].values():
        item.get("patch", {}).get("requestBody", {}).get("content", {}).pop("application/merge-patch+json", None)


@schemathesis.hook
def map_body(context, body):
    return whole(body)


@schemathesis.hook
def before_call(context, case, kwargs):
    """What a schema cannot say, and what would only cost time."""
    if case.meta is not None and case.meta.generation.mode.is_positive:
        mean_something(case)
    # Nobody sends events meanwhile, so that a consumer would wait as long as it may.
    if case.operation.label.endswith("/receive") and isinstance(case.body, dict):
        wait_ms = case.body.get("wait_ms")
        if type(wait_ms) is int and 0 < wait_ms <= WAIT_MS_MAX:
            case.body["wait_ms"] = 1


def mean_something(case):
    """One idempotency key is good for one call, a filter is JSON in a text, a time ends behind its beginning, and series are of one thing."""
    if case.headers is not None and "Idempotency-Key" in case.headers:
        case.headers["Idempotency-Key"] = f"call-{next(CALLS)}"
    query = case.query or {}
    if isinstance(query.get("match"), str):
        query["match"] = '{"method": "POST"}'
    if "from" in query:
        query.pop("to", None)
    if case.operation.label.endswith("/metrics/series") and "source_id" in query:
        query.pop("connection_id", None)
        query.pop("destination_id", None)
    elif case.operation.label.endswith("/metrics/series") and "connection_id" in query:
        query.pop("destination_id", None)


def whole(value):
    """JSON Schema takes 5.0 for an integer. Whoever means an integer writes none of these."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {key: whole(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [whole(inner) for inner in value]
    return value


@schemathesis.check
def what_is_described_has_the_right_form(context, response, case):
    """A call that the description allows may be refused for what it means, never for its form."""
    if response.status_code in (400, 422) and case.meta is not None and case.meta.generation.mode.is_positive:
        problem = response.json()
        if problem["code"] in OF_FORM:
            raise AssertionError(f"refused for its form: {problem['detail']}")
