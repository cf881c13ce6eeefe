//! A body, and a filter made for it so that the two fit often.
//!
//! Both are made of a list of numbers, so that proptest can shrink the numbers: where they end, everything is the
//! first of its alternatives, which is the smallest.

use serde_json::{Map, Value, json};

const DEPTH_MAX: u32 = 3;
const KEYS: [&str; 6] = ["a", "b", "c", "k-b", "1", "0"];
const TEXTS: [&str; 20] = [
    "",
    "a",
    "ab",
    "abc",
    "b",
    "0",
    "1",
    " 1 ",
    "1.0",
    "10",
    "9",
    "true",
    "null",
    "0x1",
    "1e1",
    "\u{ff21}",
    "\u{1f600}",
    "[1]",
    "A",
    "-1",
];

/// What is compared.
#[derive(Debug)]
pub(crate) struct Case {
    pub(crate) filter: Value,
    pub(crate) body: Value,
}

impl Case {
    pub(crate) fn new(choices: Vec<u32>) -> Self {
        let mut make = Make { choices: choices.into_iter() };
        let body = make.body(0);
        let mut paths = Vec::new();
        paths_of(&body, String::new(), &mut paths);
        let filter = make.filter(&body, &At { paths: &paths, indexes: String::new(), depth: 0, whole: true });
        Self { filter, body }
    }
}

struct Make {
    choices: std::vec::IntoIter<u32>,
}

/// Where in the filter we are.
struct At<'p> {
    /// References to everything in the body.
    paths: &'p [String],
    /// The path to here with `$index` for the arrays on the way.
    indexes: String,
    depth: u32,
    /// Whether it is the body itself, or what `$or` and its like stand for.
    whole: bool,
}

impl At<'_> {
    fn inside(&self, step: &str) -> At<'_> {
        At {
            paths: self.paths,
            indexes: format!("{}{step}", self.indexes),
            depth: self.depth + 1,
            whole: false,
        }
    }

    fn same(&self) -> At<'_> {
        At { paths: self.paths, indexes: self.indexes.clone(), depth: self.depth + 1, whole: true }
    }
}

fn paths_of(value: &Value, path: String, paths: &mut Vec<String>) {
    match value {
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                paths_of(item, format!("{path}[{index}]"), paths);
            }
            paths.push(format!("{}[*]", or_root(&path)));
            paths.push(format!("{}.length", or_root(&path)));
        }
        Value::Object(members) => {
            for (name, value) in members {
                paths_of(value, format!("{path}[\"{name}\"]"), paths);
                if name.starts_with(char::is_alphabetic) && !name.contains('-') {
                    paths.push(format!("$..{name}"));
                }
            }
            paths.push(format!("{}.*", or_root(&path)));
        }
        _ => {}
    }
    paths.push(or_root(&path));
}

fn or_root(path: &str) -> String {
    format!("${path}")
}

impl Make {
    fn below(&mut self, end: u32) -> u32 {
        self.choices.next().unwrap_or(0) % end
    }

    fn one_of<'a, T: ?Sized>(&mut self, all: &[&'a T]) -> &'a T {
        let end = u32::try_from(all.len()).unwrap();
        all[self.below(end) as usize]
    }

    fn scalar(&mut self) -> Value {
        match self.below(8) {
            0 => json!(self.below(3)),
            1..=3 => json!(self.one_of(&TEXTS)),
            4 => json!(self.below(2) == 1),
            5 => Value::Null,
            6 => json!([-1.0, 0.5, 10.0, 1e21, 9.0, -0.0][self.below(6) as usize]),
            _ => json!(self.below(12)),
        }
    }

    fn body(&mut self, depth: u32) -> Value {
        match self.below(if depth == 0 { 8 } else { 5 }) {
            1 | 2 | 5.. if depth < DEPTH_MAX => {
                let length = 1 + self.below(4);
                let members = (0..length).map(|_| (self.one_of(&KEYS).to_owned(), self.body(depth + 1)));
                Value::Object(members.collect())
            }
            3 if depth < DEPTH_MAX => (0..self.below(4)).map(|_| self.body(depth + 1)).collect(),
            _ => self.scalar(),
        }
    }

    /// A filter for this value, which meets it more often than not.
    fn filter(&mut self, value: &Value, at: &At<'_>) -> Value {
        // Conditions of the other kinds are for where they mean something.
        if at.depth < 5 {
            match self.below(14) {
                1 => return self.any_of(value, at),
                2 if at.whole || value.is_object() => {
                    return json!({ "$not": self.filter(&Value::Null, &at.same()) });
                }
                3 if value.is_object() => {
                    return json!({ "$and": [self.filter(value, &at.same()), self.filter(value, &at.same())] });
                }
                4 if !(at.whole && value.is_object()) => return json!({ "$ref": self.reference(at) }),
                5 => return self.scalar_filter(at),
                _ => {}
            }
        }
        match value {
            Value::Object(members) => self.of_object(members, at),
            Value::Array(items) => self.of_array(items, at),
            scalar => self.of_scalar(scalar, at),
        }
    }

    fn any_of(&mut self, value: &Value, at: &At<'_>) -> Value {
        let item = match value {
            Value::Array(items) if !items.is_empty() => &items[self.below(items.len() as u32) as usize],
            other => other,
        };
        let (first, second) = (self.filter(item, &at.same()), self.scalar_filter(&at.same()));
        json!({ "$or": if self.below(2) == 0 { [first, second] } else { [second, first] } })
    }

    /// One that has nothing to do with the value.
    fn scalar_filter(&mut self, at: &At<'_>) -> Value {
        let value = self.scalar();
        self.of_scalar(&value, at)
    }

    fn reference(&mut self, at: &At<'_>) -> String {
        if self.below(3) == 0 && !at.indexes.is_empty() && at.indexes.contains("$index") {
            // A sibling, or the value itself, by its place in the arrays.
            let (start, _) = at.indexes.rsplit_once(['.', '[']).unwrap_or(("", ""));
            if self.below(2) == 0 && start.contains("$index]") {
                return format!("${start}[\"{}\"]", self.one_of(&KEYS));
            }
            return format!("${}", at.indexes);
        }
        match self.below(8) {
            1 => format!("$[\"{}\"]", self.one_of(&KEYS)),
            _ => {
                let end = u32::try_from(at.paths.len()).unwrap();
                at.paths[self.below(end) as usize].clone()
            }
        }
    }

    fn of_object(&mut self, members: &Map<String, Value>, at: &At<'_>) -> Value {
        if !at.whole && self.below(8) == 7 {
            let operator = ["$eq", "$neq", "$exist"][self.below(3) as usize];
            return match operator {
                "$exist" => json!({ operator: self.below(4) > 0 }),
                _ => json!({ operator: members }),
            };
        }
        let mut filter = Map::new();
        for (name, value) in members {
            if self.below(2) == 0 {
                let inside = at.inside(&format!("[\"{name}\"]"));
                filter.insert(name.clone(), self.filter(value, &inside));
            }
        }
        if self.below(6) == 5 {
            let name = self.one_of(&KEYS);
            let absent = !members.contains_key(name) && self.below(4) > 0;
            let condition = match self.below(3) {
                0 => json!({ "$exist": !absent }),
                1 => json!({ "$exist": !absent, "$eq": self.scalar() }),
                _ => json!({ "$exist": !absent, "$neq": self.scalar() }),
            };
            filter.insert(name.to_owned(), condition);
        }
        if at.whole && self.below(8) == 7 {
            filter.insert("$not".into(), self.filter(&Value::Null, &at.same()));
        }
        Value::Object(filter)
    }

    fn of_array(&mut self, items: &[Value], at: &At<'_>) -> Value {
        let inside = at.inside("[$index]");
        match self.below(8) {
            0 => json!({ (["$eq", "$neq"][self.below(2) as usize]): items }),
            1 => json!({ "$exist": self.below(4) > 0 }),
            2 | 3 => {
                items.iter().filter(|_| self.choices.next().unwrap_or(0).is_multiple_of(2)).cloned().collect()
            }
            4 => {
                let mut wanted = Vec::new();
                for item in items {
                    if self.below(2) == 0 {
                        wanted.push(self.filter(item, &inside));
                    }
                }
                Value::Array(wanted)
            }
            _ if items.is_empty() => self.scalar(),
            _ => {
                let item = &items[self.below(items.len() as u32) as usize];
                self.filter(item, &inside)
            }
        }
    }

    fn of_scalar(&mut self, value: &Value, at: &At<'_>) -> Value {
        let same = if self.below(4) == 3 { self.scalar() } else { value.clone() };
        let text = same.as_str().map_or_else(|| same.to_string(), str::to_owned);
        let part: String = text.chars().take(1).collect();
        match self.below(13) {
            0..=3 => same,
            4 => json!({ (["$eq", "$neq"][self.below(2) as usize]): same }),
            5 | 6 => {
                let operator = ["$gte", "$lte", "$gt", "$lt"][self.below(4) as usize];
                let operand = if self.below(2) == 0 { self.scalar() } else { same };
                if operand.is_string() || operand.is_number() {
                    json!({ operator: operand })
                } else {
                    operand
                }
            }
            7 => {
                let operator = ["$in", "$nin"][self.below(2) as usize];
                match self.below(4) {
                    0 => json!({ operator: part }),
                    1 => json!({ operator: self.below(12) }),
                    _ => json!({ operator: [text, part, self.below(3)] }),
                }
            }
            8 => json!({ "$in": [same.as_f64().unwrap_or(0.0), text] }),
            9 => json!({ "$startsWith": if self.below(2) == 0 { json!(part) } else { json!(["x", part]) } }),
            10 => {
                let end: String = text.chars().last().into_iter().collect();
                json!({ "$endsWith": if self.below(2) == 0 { json!(end) } else { json!([end, "x"]) } })
            }
            11 => json!({ "$exist": self.below(4) > 0 }),
            _ => {
                let operator =
                    ["$eq", "$neq", "$gte", "$lte", "$gt", "$lt", "$in", "$nin", "$startsWith", "$endsWith"];
                let operator = operator[self.below(10) as usize];
                json!({ operator: { "$ref": self.reference(at) } })
            }
        }
    }
}
