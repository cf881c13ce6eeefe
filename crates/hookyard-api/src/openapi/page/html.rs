//! HTML as text, escaped where it is not markup, and schemas in it.

use serde_json::{Map, Value};

/// A page as it grows.
#[derive(Default)]
pub(super) struct Html(String);

impl Html {
    /// Markup.
    pub(super) fn raw(&mut self, markup: &str) -> &mut Self {
        self.0.push_str(markup);
        self
    }

    /// What is not markup.
    pub(super) fn text(&mut self, plain: &str) -> &mut Self {
        self.0.push_str(&text(plain));
        self
    }

    /// An element that holds a text; none where there is no text.
    pub(super) fn element(&mut self, name: &str, attributes: &str, plain: &str) -> &mut Self {
        if plain.is_empty() {
            return self;
        }
        self.raw(&format!("<{name} {attributes}>")).text(plain).raw(&format!("</{name}>"))
    }

    /// Paragraphs; what stands in backquotes is code.
    pub(super) fn prose(&mut self, prose: &str) -> &mut Self {
        for paragraph in prose.split("\n\n").filter(|paragraph| !paragraph.trim().is_empty()) {
            self.raw("<p>");
            for (place, part) in paragraph.split('`').enumerate() {
                match place % 2 {
                    0 => self.text(part),
                    _ => self.element("code", "", part),
                };
            }
            self.raw("</p>");
        }
        self
    }

    pub(super) fn finish(&mut self) -> String {
        std::mem::take(&mut self.0)
    }

    /// A schema in all its parts.
    pub(super) fn schema(&mut self, schema: &Value) -> &mut Self {
        let parts =
            ["oneOf", "anyOf", "allOf"].into_iter().find_map(|of| Some((of, schema.get(of)?.as_array()?)));
        if let Some((of, parts)) = parts {
            let between = if of == "allOf" { "and" } else { "or" };
            for (place, part) in parts.iter().enumerate() {
                if place > 0 {
                    self.element("p", "class=\"between\"", between);
                }
                self.prose(part.get("description").and_then(Value::as_str).unwrap_or_default());
                self.schema(part);
            }
            return self;
        }
        match schema.get("properties").and_then(Value::as_object) {
            Some(properties) => self.fields(schema, properties),
            None => self.raw("<p>").kind(schema).raw("</p>"),
        }
    }

    fn fields(&mut self, schema: &Value, properties: &Map<String, Value>) -> &mut Self {
        let needed: Vec<&str> = match schema.get("required").and_then(Value::as_array) {
            Some(names) => names.iter().filter_map(Value::as_str).collect(),
            None => Vec::new(),
        };
        self.raw("<table>");
        for (name, property) in properties {
            self.raw("<tr><th scope=\"row\">").element("code", "", name);
            self.element("small", "", if needed.contains(&name.as_str()) { "" } else { "may be left out" });
            self.raw("</th><td>").kind(property).raw("</td><td>");
            self.prose(property.get("description").and_then(Value::as_str).unwrap_or_default())
                .raw("</td></tr>");
        }
        self.raw("</table>")
    }

    /// A schema in a few words, with links to others.
    pub(super) fn kind(&mut self, schema: &Value) -> &mut Self {
        if let Some(name) =
            schema.get("$ref").and_then(Value::as_str).and_then(|path| path.rsplit('/').next())
        {
            let target = format!("href=\"#schema-{}\"", anchor(name));
            return self.element("a", &target, name);
        }
        for of in ["oneOf", "anyOf"] {
            let Some(parts) = schema.get(of).and_then(Value::as_array) else { continue };
            // `null` reads best behind the others.
            let (nulls, others): (Vec<&Value>, Vec<&Value>) =
                parts.iter().partition(|part| part.get("type").is_some_and(|it| it == "null"));
            return self.joined(others.into_iter().chain(nulls), " or ");
        }
        if let Some(words) = schema.get("enum").and_then(Value::as_array) {
            for (place, word) in words.iter().filter_map(Value::as_str).enumerate() {
                self.raw(if place > 0 { ", " } else { "" }).element("code", "", word);
            }
            return self;
        }
        let types: Vec<&str> = match schema.get("type") {
            Some(Value::String(one)) => vec![one],
            Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).collect(),
            _ => vec!["any"],
        };
        for (place, name) in types.iter().enumerate() {
            self.raw(if place > 0 { " or " } else { "" }).typed(name, schema);
        }
        self
    }

    fn joined<'a>(&mut self, parts: impl Iterator<Item = &'a Value>, between: &str) -> &mut Self {
        for (place, part) in parts.enumerate() {
            self.raw(if place > 0 { between } else { "" }).kind(part);
        }
        self
    }

    /// A type by its name, with the bounds that are its own.
    fn typed(&mut self, name: &str, schema: &Value) -> &mut Self {
        match name {
            "array" => match schema.get("prefixItems").and_then(Value::as_array) {
                Some(items) => self.raw("[").joined(items.iter(), ", ").raw("]"),
                None => self.raw("list of ").kind(schema.get("items").unwrap_or(&Value::Null)),
            },
            "object" => match schema.get("additionalProperties") {
                Some(values @ Value::Object(_)) => self.raw("object of ").kind(values),
                _ => self.raw("object"),
            },
            "null" => self.raw("<code>null</code>"),
            "integer" | "number" => {
                let bound = |key: &str| schema.get(key).map(Value::to_string).unwrap_or_default();
                let (least, most) = (bound("minimum"), bound("maximum"));
                self.text(name);
                match (least.as_str(), most.as_str()) {
                    ("", "") | ("0", "") => self,
                    (least, "") => self.element("small", "", &format!("from {least}")),
                    (least, most) => self.element("small", "", &format!("{least} to {most}")),
                }
            }
            "string" => {
                let form = schema.get("pattern").or_else(|| schema.get("format")).and_then(Value::as_str);
                self.raw("text").element("small", "", form.unwrap_or_default())
            }
            other => self.text(other),
        }
    }
}

/// A text with nothing in it that could be markup.
pub(super) fn text(plain: &str) -> String {
    let mut escaped = String::with_capacity(plain.len());
    for character in plain.chars() {
        match character {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '"' => escaped.push_str("&quot;"),
            other => escaped.push(other),
        }
    }
    escaped
}

/// A name as the target of a link.
pub(super) fn anchor(name: &str) -> String {
    let plain = |character: char| {
        if character.is_ascii_alphanumeric() { character.to_ascii_lowercase() } else { '-' }
    };
    name.chars().map(plain).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn kind(schema: Value) -> String {
        Html::default().kind(&schema).finish()
    }

    #[test]
    fn no_text_is_markup() {
        assert_eq!(
            Html::default().prose("a `<b>` & \"c\"").finish(),
            "<p>a <code >&lt;b&gt;</code> &amp; &quot;c&quot;</p>"
        );
        assert_eq!(anchor("Bulk operations\"><"), "bulk-operations---");
    }

    #[test]
    fn schemas_are_said_in_a_few_words() {
        for (schema, said) in [
            (json!({"type": "integer", "minimum": 1, "maximum": 9}), "integer<small >1 to 9</small>"),
            (json!({"type": ["boolean", "null"]}), "boolean or <code>null</code>"),
            (json!({"type": "array", "items": {"type": "boolean"}}), "list of boolean"),
            (
                json!({"oneOf": [{"type": "null"}, {"$ref": "#/components/schemas/Time"}]}),
                "<a href=\"#schema-time\">Time</a> or <code>null</code>",
            ),
        ] {
            assert_eq!(kind(schema.clone()), said, "{schema}");
        }
    }
}
