//! Schemas as they are shown: their names, and what stands in them.

use serde_json::{Map, Value, json};

const SCHEMAS: &str = "#/components/schemas/";

/// Enums that bodies hold and answers show: what is unknown in a body is an error.
const STRICT: [&str; 2] = ["Order", "Rule"];

/// Gives all schemas their final form.
pub(super) fn finish(description: &mut Value) {
    let components = super::object(description, "components");
    let Some(Value::Object(mut schemas)) = components.remove("schemas") else { return };
    let problem = <crate::problem::Wire<'static> as utoipa::PartialSchema>::schema();
    schemas.insert("Problem".to_owned(), serde_json::to_value(problem).unwrap_or_default());
    let wrappers: Map<String, Value> = schemas
        .iter()
        .filter(|(name, _)| is_wrapper(name))
        .map(|(name, it)| (name.clone(), it.clone()))
        .collect();
    schemas.retain(|name, _| !is_wrapper(name));
    let mut shown = Map::new();
    for (name, mut schema) in schemas {
        if let Some(row) = name.strip_prefix("List_").or_else(|| name.strip_prefix("Searched_"))
            && let Some(items) = schema.pointer_mut("/properties/data/items")
        {
            *items = json!({"$ref": format!("{SCHEMAS}{row}")});
        }
        if STRICT.contains(&name.as_str()) {
            each_object(&mut schema, &mut |object| {
                drop(object.insert("additionalProperties".to_owned(), false.into()))
            });
        }
        walk(&mut schema, &wrappers);
        match name.as_str() {
            name if name.starts_with("Creating_") => is_given_where_needed(&mut schema),
            name if name.ends_with("Fields") => {}
            _ => is_always_there_where_null(&mut schema),
        }
        shown.insert(shown_name(&name), schema);
    }
    components.insert("schemas".to_owned(), Value::Object(shown));
    walk(&mut description["paths"], &wrappers);
}

fn is_wrapper(name: &str) -> bool {
    name.starts_with("Field_") || name == "Bytes"
}

/// What a schema of this name is called outside.
fn shown_name(name: &str) -> String {
    if let Some(of) = name.strip_prefix("List_") {
        return format!("{}List", shown_name(of));
    }
    if let Some(of) = name.strip_prefix("Searched_") {
        return format!("{}Page", shown_name(of));
    }
    if let Some(of) = name.strip_prefix("Creating_") {
        return format!("New{}", of.strip_suffix("Fields").unwrap_or(of));
    }
    name.strip_suffix("View").unwrap_or(name).to_owned()
}

/// Puts wrappers where they are used, and changes names in references.
fn walk(value: &mut Value, wrappers: &Map<String, Value>) {
    match value {
        Value::Object(fields) => {
            fields.retain(|key, value| key != "default" || !value.is_null());
            // A description or a default beside a single schema.
            if let Some([Value::Object(one)]) =
                fields.get("oneOf").and_then(Value::as_array).map(Vec::as_slice)
            {
                let one = one.clone();
                fields.remove("oneOf");
                fields.extend(one);
                return walk(value, wrappers);
            }
            if let Some(Value::String(reference)) = fields.get("$ref")
                && let Some(name) = reference.strip_prefix(SCHEMAS)
            {
                match wrappers.get(name) {
                    Some(Value::Object(wrapper)) => {
                        let wrapper = wrapper.clone();
                        fields.remove("$ref");
                        for (key, inner) in wrapper {
                            fields.entry(key).or_insert(inner);
                        }
                        return walk(value, wrappers);
                    }
                    _ => {
                        let renamed = format!("{SCHEMAS}{}", shown_name(name));
                        fields.insert("$ref".to_owned(), renamed.into());
                    }
                }
            }
            fields.values_mut().for_each(|value| walk(value, wrappers));
        }
        Value::Array(values) => values.iter_mut().for_each(|value| walk(value, wrappers)),
        _ => {}
    }
}

/// All objects with properties in a schema, also behind `oneOf` and the like.
fn each_object(schema: &mut Value, change: &mut impl FnMut(&mut Map<String, Value>)) {
    let Some(fields) = schema.as_object_mut() else { return };
    if fields.contains_key("properties") {
        change(fields);
    }
    for of in ["oneOf", "anyOf", "allOf"] {
        fields
            .get_mut(of)
            .and_then(Value::as_array_mut)
            .into_iter()
            .flatten()
            .for_each(|it| each_object(it, change));
    }
}

fn is_always_there_where_null(schema: &mut Value) {
    each_object(schema, &mut |object| {
        let properties = object.get("properties").and_then(Value::as_object);
        let nullable = properties.into_iter().flatten().filter(|(_, schema)| takes_null(schema));
        let nullable: Vec<Value> = nullable.map(|(name, _)| name.clone().into()).collect();
        if let Some(required) = object.entry("required").or_insert(Value::Array(Vec::new())).as_array_mut() {
            let missing: Vec<Value> = nullable.into_iter().filter(|name| !required.contains(name)).collect();
            required.extend(missing);
        }
    });
}

fn is_given_where_needed(schema: &mut Value) {
    each_object(schema, &mut |object| {
        let needed = object.get("required").cloned().unwrap_or_default();
        let needed = needed.as_array().into_iter().flatten().filter_map(Value::as_str);
        let Some(Value::Object(properties)) = object.get_mut("properties") else { return };
        for name in needed {
            properties.get_mut(name).into_iter().for_each(without_null);
        }
    });
}

fn is_null(schema: &Value) -> bool {
    schema.get("type").and_then(Value::as_str) == Some("null")
}

fn takes_null(schema: &Value) -> bool {
    let types = schema.get("type").and_then(Value::as_array);
    let among = ["oneOf", "anyOf"].into_iter().filter_map(|of| schema.get(of)?.as_array());
    types.is_some_and(|types| types.iter().any(|it| it == "null")) || among.flatten().any(is_null)
}

/// The same schema, which takes no `null`.
pub(super) fn without_null(schema: &mut Value) {
    let Some(fields) = schema.as_object_mut() else { return };
    if let Some(Value::Array(types)) = fields.get_mut("type") {
        types.retain(|it| it != "null");
        if let [one] = types.as_slice() {
            let one = one.clone();
            fields.insert("type".to_owned(), one);
        }
    }
    for of in ["oneOf", "anyOf"] {
        let Some(Value::Array(alternatives)) = fields.get_mut(of) else { continue };
        alternatives.retain(|it| !is_null(it));
        if let [Value::Object(one)] = alternatives.as_slice() {
            let one = one.clone();
            fields.remove(of);
            fields.extend(one);
        }
    }
}
