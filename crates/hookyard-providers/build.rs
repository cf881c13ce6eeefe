//! Reads every description in `catalogue/`, refuses what the language does not have or the checks do not
//! pass, and writes one table of names and descriptions, which the crate compiles in.

#![expect(unreachable_pub, reason = "the modules are the crate's own, read a second time")]

#[path = "src/check.rs"]
mod check;
#[path = "src/definition.rs"]
mod definition;
#[path = "src/template.rs"]
mod template;

use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

use definition::Provider;
use serde_json::Value;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=catalogue");
    println!("cargo::rerun-if-changed=src/definition");
    for source in ["check", "definition", "template"] {
        println!("cargo::rerun-if-changed=src/{source}.rs");
    }
    let mut files: Vec<PathBuf> =
        fs::read_dir("catalogue")?.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?;
    files.retain(|file| file.extension().is_some_and(|extension| extension == "toml"));
    files.sort_by_key(|file| file.file_stem().map(ToOwned::to_owned));

    let mut table = String::from("&[\n");
    let mut problems = Vec::new();
    for file in &files {
        match read(file) {
            Ok(provider) => {
                let description = without_empty(serde_json::to_value(&provider)?).to_string();
                writeln!(table, "({:?}, {description:?}),", provider.name)?;
            }
            Err(found) => problems.extend(found),
        }
    }
    for problem in &problems {
        println!("cargo::error={problem}");
    }
    table.push(']');
    fs::write(Path::new(&env::var("OUT_DIR")?).join("catalogue.rs"), table)?;
    Ok(())
}

/// Leaves out what is not given: the defaults bring it back.
fn without_empty(value: Value) -> Value {
    let is_empty = |value: &Value| match value {
        Value::Null => true,
        Value::Array(elements) => elements.is_empty(),
        Value::Object(members) => members.is_empty(),
        _ => false,
    };
    match value {
        Value::Object(members) => members
            .into_iter()
            .map(|(name, value)| (name, without_empty(value)))
            .filter(|(_, value)| !is_empty(value))
            .collect(),
        Value::Array(elements) => elements.into_iter().map(without_empty).collect(),
        other => other,
    }
}

fn read(file: &Path) -> Result<Provider, Vec<String>> {
    let name = file.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
    let said = |what: String| vec![format!("{}: {}", file.display(), what.replace('\n', " "))];
    let text = fs::read_to_string(file).map_err(|error| said(error.to_string()))?;
    let mut provider: Provider = toml::from_str(&text).map_err(|error| said(error.to_string()))?;
    if !provider.name.is_empty() {
        return Err(said("`name` is the file's name and is not written in it".to_owned()));
    }
    provider.name = name.to_owned();
    check::check(&provider)?;
    Ok(provider)
}
