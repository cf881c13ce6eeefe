//! Reading a table of the file setting by setting: each getter takes a setting out, checks its kind and
//! bounds, and notes what is wrong; what nobody took is unknown.
//!
//! A getter returns none both for a setting that is missing and for one that is wrong. The caller goes on
//! with a default then, so that one run finds everything: a file with any problem is refused as a whole.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::time::Duration;

use hookyard_providers::nearest;
use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

use super::expand::expand;
use super::problem::Found;
use super::size;

/// What all tables are read with: the environment, and the problems found so far.
pub(super) struct Reader<'e> {
    env: &'e dyn Fn(&str) -> Option<String>,
    pub(super) found: Vec<Found>,
}

impl<'e> Reader<'e> {
    pub(super) fn new(env: &'e dyn Fn(&str) -> Option<String>) -> Self {
        Self { env, found: Vec::new() }
    }

    /// Notes a problem at a byte of the file.
    pub(super) fn note(&mut self, at: usize, message: impl Into<String>) {
        self.found.push(Found { at, message: message.into() });
    }

    fn expanded(&mut self, at: usize, setting: &str, text: &str) -> Option<String> {
        match expand(text, self.env) {
            Ok(expanded) => Some(expanded),
            Err(error) => {
                self.note(at, format!("{setting}: {error}"));
                None
            }
        }
    }
}

/// A value and where it stands.
struct Entry<'d> {
    key_at: usize,
    at: usize,
    value: DeValue<'d>,
}

/// A table that is being read.
pub(super) struct Table<'d> {
    /// Its name, as a prefix of its settings' names; empty for the file as a whole.
    path: String,
    /// Where it begins.
    pub(super) at: usize,
    entries: BTreeMap<String, Entry<'d>>,
    /// Where the settings that were asked for stand; none for those that are missing.
    asked: BTreeMap<&'static str, Option<usize>>,
}

impl<'d> Table<'d> {
    /// The file as a whole.
    pub(super) fn root(document: DeTable<'d>) -> Self {
        Self::new(String::new(), 0, document)
    }

    fn new(path: String, at: usize, table: DeTable<'d>) -> Self {
        let entries = table.into_iter().map(|(key, value)| {
            let entry = Entry { key_at: key.span().start, at: value.span().start, value: value.into_inner() };
            (key.into_inner().into_owned(), entry)
        });
        Self { path, at, entries: entries.collect(), asked: BTreeMap::new() }
    }

    /// An empty table, for one that is not in the file.
    fn missing(path: String) -> Self {
        Self { path, at: 0, entries: BTreeMap::new(), asked: BTreeMap::new() }
    }

    /// The full name of a setting, for messages.
    pub(super) fn name_of(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    /// Where a setting that was asked for stands; the table's beginning where it is missing.
    pub(super) fn place_of(&self, key: &str) -> usize {
        self.asked.get(key).copied().flatten().unwrap_or(self.at)
    }

    /// Whether the setting is there; does not take it.
    pub(super) fn has(&self, key: &str) -> bool {
        self.entries.contains_key(key)
    }

    fn take(&mut self, key: &'static str) -> Option<(usize, DeValue<'d>)> {
        let entry = self.entries.remove(key);
        self.asked.insert(key, entry.as_ref().map(|entry| entry.at));
        entry.map(|entry| (entry.at, entry.value))
    }

    fn wrong(&self, reader: &mut Reader<'_>, key: &str, at: usize, wanted: impl Display) {
        reader.note(at, format!("{}: {wanted}", self.name_of(key)));
    }

    /// Refuses a setting that has no effect here, where it is there.
    pub(super) fn refuse(&mut self, reader: &mut Reader<'_>, key: &str, why: &str) {
        if let Some(entry) = self.entries.remove(key) {
            self.wrong(reader, key, entry.key_at, why);
        }
    }

    /// Refuses what nobody asked for.
    pub(super) fn finish(self, reader: &mut Reader<'_>) {
        for (key, entry) in &self.entries {
            let name = self.name_of(key);
            let message = match nearest(key, self.asked.keys().copied()) {
                Some(near) => format!("unknown setting `{name}`: did you mean `{near}`?"),
                None => {
                    let known: Vec<&str> = self.asked.keys().copied().collect();
                    format!("unknown setting `{name}`: known here are {}", known.join(", "))
                }
            };
            reader.note(entry.key_at, message);
        }
    }

    /// A table within this one; an empty one where it is missing.
    pub(super) fn table(&mut self, reader: &mut Reader<'_>, key: &'static str) -> Table<'d> {
        self.optional_table(reader, key).unwrap_or_else(|| Table::missing(self.name_of(key)))
    }

    /// A table within this one.
    pub(super) fn optional_table(&mut self, reader: &mut Reader<'_>, key: &'static str) -> Option<Table<'d>> {
        match self.take(key)? {
            (at, DeValue::Table(table)) => Some(Table::new(self.name_of(key), at, table)),
            (at, _) => {
                self.wrong(reader, key, at, "must be a table with settings of its own");
                None
            }
        }
    }

    /// The tables of a list like `[[source]]`.
    pub(super) fn tables(&mut self, reader: &mut Reader<'_>, key: &'static str) -> Vec<Table<'d>> {
        let mut tables = Vec::new();
        let Some((at, value)) = self.take(key) else { return tables };
        let DeValue::Array(array) = value else {
            self.wrong(reader, key, at, format!("write `[[{key}]]` before each one, with two brackets"));
            return tables;
        };
        for element in array {
            let at = element.span().start;
            match element.into_inner() {
                DeValue::Table(table) => tables.push(Table::new(self.name_of(key), at, table)),
                _ => self.wrong(reader, key, at, format!("write `[[{key}]]` and its settings below it")),
            }
        }
        tables
    }

    /// A table as it is, or a text that holds JSON, for what TOML cannot say (`null`). Nothing in it is expanded.
    pub(super) fn json(&mut self, reader: &mut Reader<'_>, key: &'static str) -> Option<serde_json::Value> {
        match self.take(key)? {
            (at, DeValue::String(text)) => match serde_json::from_str(&text) {
                Ok(value) => Some(value),
                Err(error) => {
                    self.wrong(reader, key, at, format!("is not JSON: {error}"));
                    None
                }
            },
            (at, value) => {
                let converted = to_json(value);
                if converted.is_none() {
                    self.wrong(reader, key, at, "dates, and numbers that are not finite, are not JSON");
                }
                converted
            }
        }
    }

    /// A text, expanded.
    pub(super) fn text(&mut self, reader: &mut Reader<'_>, key: &'static str) -> Option<String> {
        match self.take(key)? {
            (at, DeValue::String(text)) => reader.expanded(at, &self.name_of(key), &text),
            (at, other) => {
                self.wrong(reader, key, at, format!("must be a text in quotes, not {}", kind(&other)));
                None
            }
        }
    }

    /// A text as it stands, in which a dollar sign is one.
    pub(super) fn text_as_it_stands(&mut self, reader: &mut Reader<'_>, key: &'static str) -> Option<String> {
        match self.take(key)? {
            (_, DeValue::String(text)) => Some(text.into_owned()),
            (at, other) => {
                self.wrong(reader, key, at, format!("must be a text in quotes, not {}", kind(&other)));
                None
            }
        }
    }

    /// A text that must be there.
    pub(super) fn required_text(&mut self, reader: &mut Reader<'_>, key: &'static str) -> Option<String> {
        if !self.has(key) {
            reader.note(self.at, format!("{} is missing: every {} needs one", self.name_of(key), self.path));
        }
        self.text(reader, key)
    }

    /// Anything that is written as a text and says itself what is wrong with one.
    pub(super) fn parsed<T: FromStr>(
        &mut self,
        reader: &mut Reader<'_>,
        key: &'static str,
        wanted: &str,
    ) -> Option<T> {
        let text = self.text(reader, key)?;
        let parsed = text.parse().ok();
        if parsed.is_none() {
            self.wrong(reader, key, self.place_of(key), format!("`{text}` is not {wanted}"));
        }
        parsed
    }

    /// One of a few words.
    pub(super) fn word<T: Copy>(
        &mut self,
        reader: &mut Reader<'_>,
        key: &'static str,
        words: &[(&str, T)],
    ) -> Option<T> {
        let text = self.text(reader, key)?;
        let found = words.iter().find(|(word, _)| *word == text);
        if found.is_none() {
            let known: Vec<String> = words.iter().map(|(word, _)| format!("`{word}`")).collect();
            let message = format!("`{text}` is not one of {}", known.join(", "));
            self.wrong(reader, key, self.place_of(key), message);
        }
        found.map(|(_, meaning)| *meaning)
    }

    /// True or false.
    pub(super) fn boolean(&mut self, reader: &mut Reader<'_>, key: &'static str) -> Option<bool> {
        match self.take(key)? {
            (_, DeValue::Boolean(value)) => Some(value),
            (at, other) => {
                let message = format!("must be `true` or `false`, without quotes, not {}", kind(&other));
                self.wrong(reader, key, at, message);
                None
            }
        }
    }

    /// A whole number within bounds.
    pub(super) fn count<N: TryFrom<u64>>(
        &mut self,
        reader: &mut Reader<'_>,
        key: &'static str,
        bounds: RangeInclusive<u64>,
    ) -> Option<N> {
        let (at, value) = self.take(key)?;
        let number = whole(&value).filter(|number| bounds.contains(number));
        let number = number.and_then(|number| N::try_from(number).ok());
        if number.is_none() {
            let message = format!("must be a whole number from {} to {}", bounds.start(), bounds.end());
            self.wrong(reader, key, at, message);
        }
        number
    }

    /// A number, with or without a fraction.
    pub(super) fn number(&mut self, reader: &mut Reader<'_>, key: &'static str) -> Option<f64> {
        let (at, value) = self.take(key)?;
        let number = match &value {
            DeValue::Float(float) => float.as_str().parse::<f64>().ok(),
            other => whole(other).and_then(|number| u32::try_from(number).ok()).map(f64::from),
        };
        let number = number.filter(|number| number.is_finite());
        if number.is_none() {
            self.wrong(reader, key, at, "must be a number, like `3` or `1.5`");
        }
        number
    }

    /// A size in bytes: a whole number, or a text with a unit.
    pub(super) fn size<N: TryFrom<u64>>(
        &mut self,
        reader: &mut Reader<'_>,
        key: &'static str,
        bounds: RangeInclusive<u64>,
    ) -> Option<N> {
        let (at, value) = self.take(key)?;
        let bytes = match &value {
            DeValue::String(text) => size::parse(&reader.expanded(at, &self.name_of(key), text)?),
            other => whole(other),
        };
        let bytes = bytes.filter(|bytes| bounds.contains(bytes)).and_then(|bytes| N::try_from(bytes).ok());
        if bytes.is_none() {
            let (least, most) = (size::show(*bounds.start()), size::show(*bounds.end()));
            let message =
                format!("must be a size from {least} to {most}, as bytes or like `64KiB` or `10MB`");
            self.wrong(reader, key, at, message);
        }
        bytes
    }

    /// A length of time with its unit.
    pub(super) fn duration(
        &mut self,
        reader: &mut Reader<'_>,
        key: &'static str,
        bounds: RangeInclusive<Duration>,
    ) -> Option<Duration> {
        self.duration_or_word(reader, key, bounds, None).flatten()
    }

    /// A length of time with its unit, or `word` for none.
    pub(super) fn duration_or(
        &mut self,
        reader: &mut Reader<'_>,
        key: &'static str,
        bounds: RangeInclusive<Duration>,
        word: &str,
    ) -> Option<Option<Duration>> {
        self.duration_or_word(reader, key, bounds, Some(word))
    }

    fn duration_or_word(
        &mut self,
        reader: &mut Reader<'_>,
        key: &'static str,
        bounds: RangeInclusive<Duration>,
        word: Option<&str>,
    ) -> Option<Option<Duration>> {
        let (at, value) = self.take(key)?;
        let text = match &value {
            DeValue::String(text) => reader.expanded(at, &self.name_of(key), text)?,
            _ => String::new(),
        };
        if word.is_some_and(|word| word == text) {
            return Some(None);
        }
        let duration = humantime::parse_duration(&text).ok().filter(|duration| bounds.contains(duration));
        if duration.is_none() {
            let [least, most] = [*bounds.start(), *bounds.end()].map(show_duration);
            let or_word = word.map_or(String::new(), |word| format!(", or `{word}`"));
            let message =
                format!("must be a duration from {least} to {most} in quotes, like `30s` or `12h`{or_word}");
            self.wrong(reader, key, at, message);
        }
        duration.map(Some)
    }

    /// A list of texts, expanded; none also where one of them is wrong.
    pub(super) fn texts(&mut self, reader: &mut Reader<'_>, key: &'static str) -> Option<Vec<String>> {
        let (at, value) = self.take(key)?;
        let DeValue::Array(array) = value else {
            self.wrong(reader, key, at, "must be a list in brackets, like `[\"one\", \"two\"]`");
            return None;
        };
        self.each_text(reader, key, array)
    }

    fn each_text(&self, reader: &mut Reader<'_>, key: &str, array: DeArray<'d>) -> Option<Vec<String>> {
        let name = self.name_of(key);
        let mut texts = Some(Vec::new());
        for element in array {
            let at = element.span().start;
            let text = match Spanned::into_inner(element) {
                DeValue::String(text) => reader.expanded(at, &name, &text),
                other => {
                    self.wrong(reader, key, at, format!("must list texts in quotes, not {}", kind(&other)));
                    None
                }
            };
            texts = texts.zip(text).map(|(mut texts, text)| {
                texts.push(text);
                texts
            });
        }
        texts
    }

    /// Takes all settings of the table as texts, whatever their names; none where one of them is wrong.
    pub(super) fn all_texts(mut self, reader: &mut Reader<'_>) -> Option<BTreeMap<String, String>> {
        let mut texts = Some(BTreeMap::new());
        for (key, entry) in std::mem::take(&mut self.entries) {
            let text = match &entry.value {
                DeValue::String(text) => reader.expanded(entry.at, &self.name_of(&key), text),
                DeValue::Boolean(value) => Some(value.to_string()),
                other => {
                    let number = whole(other).map(|number| number.to_string());
                    if number.is_none() {
                        self.wrong(reader, &key, entry.at, "must be a text, a whole number, true or false");
                    }
                    number
                }
            };
            texts = texts.zip(text).map(|(mut texts, text)| {
                texts.insert(key, text);
                texts
            });
        }
        texts
    }
}

/// The number an integer stands for; none where it is negative, too large, or no integer.
fn whole(value: &DeValue<'_>) -> Option<u64> {
    let DeValue::Integer(integer) = value else { return None };
    u64::from_str_radix(integer.as_str(), integer.radix()).ok()
}

/// What JSON can say of a value.
fn to_json(value: DeValue<'_>) -> Option<serde_json::Value> {
    Some(match value {
        DeValue::String(text) => text.into_owned().into(),
        DeValue::Boolean(value) => value.into(),
        DeValue::Integer(integer) => {
            i64::from_str_radix(integer.as_str(), integer.radix()).ok().map(serde_json::Value::from)?
        }
        DeValue::Float(float) => {
            let float: f64 = float.as_str().parse().ok()?;
            serde_json::Number::from_f64(float).map(serde_json::Value::Number)?
        }
        DeValue::Datetime(_) => return None,
        DeValue::Array(array) => {
            array.into_iter().map(|element| to_json(element.into_inner())).collect::<Option<Vec<_>>>()?.into()
        }
        DeValue::Table(table) => {
            let members = table
                .into_iter()
                .map(|(key, value)| Some((key.into_inner().into_owned(), to_json(value.into_inner())?)));
            members.collect::<Option<serde_json::Map<_, _>>>()?.into()
        }
    })
}

/// Like humantime, but without its years and months, which are of no fixed length.
pub(super) fn show_duration(duration: Duration) -> String {
    const DAY_S: u64 = 24 * 3600;
    match duration.as_secs() {
        seconds if seconds > 0 && seconds.is_multiple_of(DAY_S) => format!("{}d", seconds / DAY_S),
        _ => humantime::format_duration(duration).to_string(),
    }
}

fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) | DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}
