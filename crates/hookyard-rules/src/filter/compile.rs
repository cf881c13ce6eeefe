//! JSON into conditions. What could never do what it seems to say is refused, with what to write instead.

use regex::RegexBuilder;
use serde_json::{Map, Value as Json};

use super::condition::{Condition, Conditions, Operand, Operator, Set};
use super::reference::Reference;
use super::{
    CONDITIONS_MAX, FILTER_DEPTH_MAX, FilterError, LIST_MAX, REGEX_BYTES_MAX, REGEX_MEMORY_BYTES_MAX,
    REGEXES_MAX,
};
use crate::field::escape;
use crate::values::{Document, Part};

/// The operators, for those who wrote another.
const OPERATORS: &str = "$eq, $neq, $gt, $gte, $lt, $lte, $in, $nin, $startsWith, $endsWith, $exist, $regex, \
                         $contains, $size, $ref, $or, $and and $not";

/// Compiles a whole filter.
pub(super) fn compile(filter: &Json) -> Result<Conditions, FilterError> {
    Compiler::default().request(filter)
}

#[derive(Default)]
struct Compiler {
    /// Where in the filter we are.
    path: Vec<String>,
    /// Whether we are in the headers, where references are in lower case too.
    in_headers: bool,
    conditions: usize,
    regexes: usize,
}

/// What the names of an object are.
#[derive(Clone, Copy)]
enum Names {
    /// Names of headers, whose case does not count.
    Headers,
    /// All others.
    Exact,
}

impl Compiler {
    fn request(&mut self, filter: &Json) -> Result<Conditions, FilterError> {
        let Json::Object(members) = filter else {
            return Err(self.error(r#"a filter is an object with the parts that it looks at, such as {"body": {"type": "order.paid"}}"#));
        };
        let mut conditions = Conditions::default();
        for (key, value) in members {
            self.inside(key, |this| match (key.as_str(), Part::named(key)) {
                (_, Some(part)) => {
                    this.in_headers = part == Part::Headers;
                    let names = if this.in_headers { Names::Headers } else { Names::Exact };
                    conditions.parts.push((part, this.condition(value, names)?));
                    Ok(())
                }
                ("$not", _) => {
                    conditions.not = Some(Box::new(this.request(value)?));
                    Ok(())
                }
                ("$or", _) => this.list(value, Self::request).map(|any| conditions.any = Some(any)),
                ("$and", _) => this.list(value, Self::request).map(|all| conditions.all = all),
                _ => Err(this.error(&format!(
                    "the parts of a request are body, headers, query, path, topic and method; a field of the body is \
                     written {{\"body\": {{{}: …}}}}",
                    Json::from(key.as_str())
                ))),
            })?;
        }
        Ok(conditions)
    }

    fn condition(&mut self, value: &Json, names: Names) -> Result<Condition, FilterError> {
        self.count()?;
        match value {
            Json::Object(members) => self.set(members, names).map(|set| Condition::All(Box::new(set))),
            Json::Array(items) => {
                let items = items.iter().enumerate().map(|(index, item)| {
                    self.inside(&index.to_string(), |this| this.condition(item, Names::Exact))
                });
                items.collect::<Result<_, _>>().map(Condition::Contains)
            }
            scalar => Ok(Condition::Equals(Document::from(scalar))),
        }
    }

    fn set(&mut self, members: &Map<String, Json>, names: Names) -> Result<Set, FilterError> {
        let mut set = Set::default();
        for (key, value) in members {
            self.inside(key, |this| {
                match (key.as_str(), key.strip_prefix("$$")) {
                    ("$not", _) => set.not = Some(this.condition(value, names)?),
                    ("$or", _) => set.any = Some(this.list(value, |this, one| this.condition(one, names))?),
                    ("$and", _) => set.all = this.list(value, |this, one| this.condition(one, names))?,
                    ("$ref", _) => set.reference = Some(this.reference(value)?),
                    (_, Some(name)) => {
                        set.fields.push((format!("${name}"), this.condition(value, Names::Exact)?));
                    }
                    (name, _) if name.starts_with('$') => set.operators.push(this.operator(name, value)?),
                    (name, _) => {
                        let name = match names {
                            Names::Headers => name.to_ascii_lowercase(),
                            Names::Exact => name.to_owned(),
                        };
                        set.fields.push((name, this.condition(value, Names::Exact)?));
                    }
                }
                Ok(())
            })?;
        }
        Ok(set)
    }

    fn operator(&mut self, name: &str, value: &Json) -> Result<Operator, FilterError> {
        self.count()?;
        let operator = match name {
            "$eq" => Operator::Equal,
            "$neq" => Operator::NotEqual,
            "$gt" => Operator::Greater,
            "$gte" => Operator::GreaterOrEqual,
            "$lt" => Operator::Less,
            "$lte" => Operator::LessOrEqual,
            "$in" => Operator::In,
            "$nin" => Operator::NotIn,
            "$startsWith" => Operator::StartsWith,
            "$endsWith" => Operator::EndsWith,
            "$contains" => Operator::Contains,
            "$exist" => {
                let Json::Bool(wanted) = value else {
                    return Err(self.error("$exist takes true or false"));
                };
                return Ok(Operator::Exist(*wanted));
            }
            "$regex" => return self.regex(value),
            "$size" => return self.size(value),
            _ => {
                return Err(self.error(&format!(
                    "there is no operator {name}; there are {OPERATORS}; a field of this name is written ${name}"
                )));
            }
        };
        self.operand(name, value).map(operator)
    }

    fn operand(&mut self, name: &str, value: &Json) -> Result<Operand, FilterError> {
        if let Json::Object(members) = value
            && let Some(reference) = members.get("$ref")
        {
            return if members.len() == 1 {
                self.inside("$ref", |this| this.reference(reference)).map(Operand::Reference)
            } else {
                Err(self.error("$ref stands alone: {\"$ref\": \"order.total\"}"))
            };
        }
        let text = |value: &Json| value.is_string();
        let text_or_number = |value: &Json| value.is_string() || value.is_number();
        let list_of = |of: fn(&Json) -> bool| value.as_array().is_some_and(|items| items.iter().all(of));
        let (fits, takes) = match name {
            "$gt" | "$gte" | "$lt" | "$lte" => (text_or_number(value), "a number or a text"),
            "$in" | "$nin" => (
                text_or_number(value) || list_of(|item| item.is_string() || item.is_number()),
                "a list of texts and numbers, or a text to look for in a text; for true, false and null use $or",
            ),
            "$startsWith" | "$endsWith" => (
                text(value) || list_of(Json::is_string),
                "a text, or a list of texts of which one has to fit",
            ),
            "$contains" => (
                !value.is_array() && !value.is_object(),
                "a text, a number, true, false or null; of a list all of which are contained, leave $contains out",
            ),
            _ => (
                value.as_object().is_none_or(|members| members.keys().all(|key| !key.starts_with('$'))),
                "a value, and no operators",
            ),
        };
        if !fits {
            return Err(self.error(&format!("{name} takes {takes}, or {{\"$ref\": …}}")));
        }
        self.measure(value, self.path.len())?;
        Ok(Operand::Value(Document::from(value)))
    }

    /// What is kept as it is has the limits of the filter too.
    fn measure(&self, value: &Json, depth: usize) -> Result<(), FilterError> {
        if depth > FILTER_DEPTH_MAX {
            return Err(self.too_deep());
        }
        let within = |length: usize| {
            let problem = format!("it has {length} entries; {LIST_MAX} are the most");
            if length > LIST_MAX { Err(self.error(&problem)) } else { Ok(()) }
        };
        match value {
            Json::Array(items) => {
                within(items.len())?;
                items.iter().try_for_each(|item| self.measure(item, depth + 1))
            }
            Json::Object(members) => {
                within(members.len())?;
                members.values().try_for_each(|value| self.measure(value, depth + 1))
            }
            _ => Ok(()),
        }
    }

    fn regex(&mut self, value: &Json) -> Result<Operator, FilterError> {
        let Json::String(pattern) = value else {
            return Err(self.error("$regex takes a regular expression as a text, such as \"^refs/heads/\""));
        };
        if pattern.len() > REGEX_BYTES_MAX {
            return Err(self.error(&format!("a regular expression has at most {REGEX_BYTES_MAX} bytes")));
        }
        self.regexes += 1;
        if self.regexes > REGEXES_MAX {
            return Err(self.error(&format!("a filter has at most {REGEXES_MAX} regular expressions")));
        }
        RegexBuilder::new(pattern)
            .size_limit(REGEX_MEMORY_BYTES_MAX)
            .dfa_size_limit(REGEX_MEMORY_BYTES_MAX)
            .build()
            .map(Operator::Regex)
            .map_err(|error| {
                let why = match &error {
                    regex::Error::CompiledTooBig(_) => {
                        "it is too large; use fewer or smaller repetitions".to_owned()
                    }
                    // The last line says what is wrong; those before it draw where.
                    other => other.to_string().lines().last().unwrap_or_default().to_owned(),
                };
                self.error(&format!(
                    "the regular expression cannot be used: {}; look-around and back-references do not exist here",
                    why.trim_start_matches("error: ")
                ))
            })
    }

    fn size(&mut self, value: &Json) -> Result<Operator, FilterError> {
        let fits = match value {
            Json::Number(number) => number.is_u64(),
            Json::Object(members) => {
                !members.is_empty()
                    && members.keys().all(|key| {
                        matches!(
                            key.as_str(),
                            "$eq" | "$neq" | "$gt" | "$gte" | "$lt" | "$lte" | "$in" | "$nin" | "$ref"
                        )
                    })
            }
            _ => false,
        };
        if !fits {
            return Err(self.error("$size takes a whole number, or what to compare it with: {\"$gte\": 2}"));
        }
        self.condition(value, Names::Exact).map(Operator::Size)
    }

    fn reference(&self, value: &Json) -> Result<Reference, FilterError> {
        let Json::String(text) = value else {
            return Err(self.error("$ref takes the path of another value as a text, such as \"order.total\""));
        };
        Reference::parse(text, self.in_headers).map_err(|problem| self.error(problem))
    }

    fn list<T>(
        &mut self,
        value: &Json,
        mut one: impl FnMut(&mut Self, &Json) -> Result<T, FilterError>,
    ) -> Result<Vec<T>, FilterError> {
        let Some(items) = value.as_array().filter(|items| !items.is_empty()) else {
            return Err(self.error("here stands a list with at least one condition: [{…}, {…}]"));
        };
        let items = items.iter().enumerate();
        items.map(|(index, item)| self.inside(&index.to_string(), |this| one(this, item))).collect()
    }

    fn inside<T>(
        &mut self,
        step: &str,
        work: impl FnOnce(&mut Self) -> Result<T, FilterError>,
    ) -> Result<T, FilterError> {
        self.path.push(step.to_owned());
        let done = if self.path.len() > FILTER_DEPTH_MAX { Err(self.too_deep()) } else { work(self) };
        self.path.pop();
        done
    }

    fn count(&mut self) -> Result<(), FilterError> {
        self.conditions += 1;
        if self.conditions > CONDITIONS_MAX {
            return Err(self.error(&format!("a filter has at most {CONDITIONS_MAX} conditions")));
        }
        Ok(())
    }

    fn too_deep(&self) -> FilterError {
        self.error(&format!("a filter is at most {FILTER_DEPTH_MAX} deep"))
    }

    fn error(&self, problem: &str) -> FilterError {
        let path = self.path.iter().fold(String::new(), |path, step| path + "/" + &escape(step));
        FilterError { path, problem: problem.to_owned() }
    }
}
