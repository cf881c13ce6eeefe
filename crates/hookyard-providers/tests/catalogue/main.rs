//! The catalogue's files, one by one: what they claim, and what others have published about it.
//!
//! It reads the files themselves, because the vectors in them are not compiled in.

use std::error::Error;
use std::path::Path;
use std::{fs, io};

use hookyard_providers::definition::Provider;

mod examples;
mod table;
mod vectors;

type Outcome<T> = Result<T, Box<dyn Error>>;

/// Every description, by name.
fn descriptions() -> Outcome<Vec<Provider>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("catalogue");
    let mut files: Vec<_> = fs::read_dir(folder)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, io::Error>>()?;
    files.sort();
    files
        .iter()
        .map(|file| {
            let mut provider: Provider = toml::from_str(&fs::read_to_string(file)?)?;
            file.file_stem()
                .and_then(|name| name.to_str())
                .unwrap_or_default()
                .clone_into(&mut provider.name);
            Ok(provider)
        })
        .collect()
}
