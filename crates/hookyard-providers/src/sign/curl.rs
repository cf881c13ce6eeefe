//! A sample as a `curl` command that can be pasted into a POSIX shell.

use std::fmt::Write as _;

use crate::sign::SignedRequest;

/// A sample that no shell can be given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a header or the body is not text, so it cannot be printed")]
pub struct NotText;

impl SignedRequest {
    /// The command that sends it to a source's URL, which has no closing slash.
    ///
    /// # Errors
    /// [`NotText`] where it cannot be written as one.
    pub fn curl(&self, url: &str) -> Result<String, NotText> {
        let mut command =
            format!("curl -X {} {}", quoted(&self.method), quoted(&format!("{url}{}", self.suffix)));
        for (name, value) in &self.headers {
            let value = std::str::from_utf8(value.as_bytes()).map_err(|_| NotText)?;
            // With `name:` curl sends no such header; one that is empty is written with a semicolon.
            let line = if value.is_empty() { format!("{name};") } else { format!("{name}: {value}") };
            let _ = write!(command, " \\\n  -H {}", quoted(&line));
        }
        if !self.headers.contains_key("content-type") && !self.body.is_empty() {
            // curl would add one of its own.
            let _ = write!(command, " \\\n  -H 'content-type:'");
        }
        if !self.body.is_empty() {
            let body = std::str::from_utf8(&self.body).map_err(|_| NotText)?;
            // Unlike `-d` it takes a body that begins with `@` as it is.
            let _ = write!(command, " \\\n  --data-raw {}", quoted(body));
        }
        Ok(command)
    }
}

/// One word of a POSIX shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_survive_the_shell() {
        assert_eq!(quoted("it's"), r"'it'\''s'");
        assert_eq!(quoted("$(rm -rf /) `x` \\ \"\n"), "'$(rm -rf /) `x` \\ \"\n'");
    }
}
