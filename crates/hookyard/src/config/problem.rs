//! What is wrong in a configuration file, and where.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// All that is wrong in a configuration file. Shown as one line per problem, in the order of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ConfigErrors {
    /// The file.
    pub(crate) path: PathBuf,
    /// The problems; at least one.
    pub(crate) problems: Vec<Problem>,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    /// The line it is on, from 1; none where it is the file as a whole.
    pub(crate) line: Option<usize>,
    /// What is wrong, and what to do.
    pub(crate) message: String,
}

impl ConfigErrors {
    /// The file cannot be read.
    pub(super) fn unreadable(path: &Path, error: &io::Error) -> Self {
        let message = format!("cannot read the configuration file: {error}");
        Self { path: path.to_owned(), problems: vec![Problem { line: None, message }] }
    }
}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.problems.iter().enumerate() {
            if index > 0 {
                out.write_str("\n")?;
            }
            match problem.line {
                Some(line) => write!(out, "{}:{line}: {}", self.path.display(), problem.message)?,
                None => write!(out, "{}: {}", self.path.display(), problem.message)?,
            }
        }
        Ok(())
    }
}

impl std::error::Error for ConfigErrors {}

/// A problem at a byte of the file.
#[derive(Clone, Debug)]
pub(super) struct Found {
    /// The byte's offset.
    pub(super) at: usize,
    /// What is wrong, and what to do.
    pub(super) message: String,
}

/// Puts problems in the order of the file and gives them their lines.
pub(super) fn in_order(text: &str, mut found: Vec<Found>) -> Vec<Problem> {
    found.sort_by_key(|one| one.at);
    found
        .into_iter()
        .map(|Found { at, message }| Problem { line: Some(line_of(text, at)), message })
        .collect()
}

/// What the parser says of a file that is not TOML. Its message, and not the line that it would quote: a
/// secret may stand there.
pub(super) fn from_syntax(text: &str, errors: &[toml::de::Error]) -> Vec<Problem> {
    let found = errors.iter().map(|error| {
        let message = format!("not valid TOML: {}", error.message().replace('\n', ", "));
        Found { at: error.span().map_or(0, |span| span.start), message }
    });
    in_order(text, found.collect())
}

fn line_of(text: &str, at: usize) -> usize {
    1 + text.bytes().take(at).filter(|byte| *byte == b'\n').count()
}
