//! The table of providers in `docs/providers/README.md` says what the catalogue says.
//!
//! It reads the files as any TOML, not through the crate, so that it can also be run while the crate's own
//! reading of them is being changed. `HOOKYARD_WRITE_TABLE=1 cargo test -p hookyard-providers --test catalogue`
//! writes the table anew.

use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

use toml::{Table, Value};

const BEGIN: &str =
    "<!-- The table is written by a test: crates/hookyard-providers/tests/catalogue/table.rs -->\n";
const END: &str = "<!-- end of the table -->\n";

type Outcome<T> = Result<T, Box<dyn Error>>;

#[test]
fn the_table_of_providers_is_up_to_date() -> Outcome<()> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/providers/README.md");
    let text = fs::read_to_string(&page)?;
    let (before, rest) = text.split_once(BEGIN).ok_or("the page has no beginning of a table")?;
    let (_, after) = rest.split_once(END).ok_or("the page has no end of a table")?;
    let wanted = format!("{before}{BEGIN}{}{END}{after}", table()?);
    if env::var_os("HOOKYARD_WRITE_TABLE").is_some() {
        fs::write(&page, wanted)?;
    } else {
        assert!(
            text == wanted,
            "docs/providers/README.md is stale; run \
             HOOKYARD_WRITE_TABLE=1 cargo test -p hookyard-providers --test catalogue"
        );
    }
    Ok(())
}

/// The table in Markdown: a row per provider, by name.
fn table() -> Outcome<String> {
    let mut files: Vec<PathBuf> = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("catalogue"))?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    files.sort();
    let mut rows = String::from(
        "| name | provider | how it proves itself | handshake | confidence |\n|---|---|---|---|---|\n",
    );
    for file in &files {
        let name = file.file_stem().and_then(|name| name.to_str()).ok_or("a name that is no text")?;
        let provider: Table = toml::from_str(&fs::read_to_string(file)?)?;
        let title = text(&provider, "title");
        let title = match provider.get("docs").and_then(Value::as_str) {
            Some(docs) => format!("[{title}]({docs})"),
            None => title.to_owned(),
        };
        let schemes: Vec<String> = tables(&provider, "scheme").map(kind).collect();
        let handshakes: Vec<&str> = tables(&provider, "handshake").map(|one| text(one, "name")).collect();
        let confidence = text(&provider, "confidence");
        writeln!(
            rows,
            "| `{name}` | {title} | {} | {} | {confidence} |",
            without_repeats(schemes).join(", "),
            handshakes.join(", ")
        )?;
    }
    Ok(rows)
}

/// What a scheme is, in a word or two.
fn kind(scheme: &Table) -> String {
    let inner = |name: &str| scheme.get(name).and_then(Value::as_table);
    if let Some(signature) = inner("signature") {
        text(signature, "algorithm").to_owned()
    } else if inner("jwt").is_some_and(|jwt| jwt.contains_key("payload")) {
        "detached JWS".to_owned()
    } else if inner("jwt").is_some() {
        "JWT".to_owned()
    } else if let Some(credential) = inner("credential") {
        let basic = credential.get("basic").and_then(Value::as_bool).unwrap_or_default();
        if basic { "HTTP Basic".to_owned() } else { "token".to_owned() }
    } else if let Some(adapter) = inner("adapter") {
        format!("`{}`", text(adapter, "name"))
    } else {
        "nothing".to_owned()
    }
}

fn without_repeats(words: Vec<String>) -> Vec<String> {
    let mut kept: Vec<String> = Vec::new();
    for word in words {
        if !kept.contains(&word) {
            kept.push(word);
        }
    }
    kept
}

fn text<'a>(table: &'a Table, key: &str) -> &'a str {
    table.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn tables<'a>(table: &'a Table, key: &str) -> impl Iterator<Item = &'a Table> {
    table.get(key).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_table)
}
