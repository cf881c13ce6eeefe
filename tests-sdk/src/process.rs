//! A script that answers lines, as a child process.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Mutex, PoisonError};

use serde_json::Value;

/// What to run where something is missing.
const INSTALL: &str = "run tests-sdk/install.sh (`make test` does)";

/// One running script.
#[derive(Debug)]
pub(crate) struct LineProcess {
    script: &'static str,
    child: Child,
    pipes: Mutex<Pipes>,
}

#[derive(Debug)]
struct Pipes {
    questions: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl LineProcess {
    pub(crate) fn start(script: &'static str) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
        check_installed(folder);
        let mut command = Command::new("node");
        command.arg(folder.join(script)).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = match command.spawn() {
            Ok(child) => child,
            Err(error) => panic!("`node` does not start ({error}): {INSTALL}"),
        };
        let (Some(questions), Some(answers)) = (child.stdin.take(), child.stdout.take()) else {
            panic!("{script} has no pipes, although they were asked for");
        };
        Self { script, child, pipes: Mutex::new(Pipes { questions, answers: BufReader::new(answers) }) }
    }

    /// Sends one line and waits for its answer.
    pub(crate) fn ask(&self, question: &Value) -> Value {
        let mut pipes = self.pipes.lock().unwrap_or_else(PoisonError::into_inner);
        let mut answer = String::new();
        let asked = writeln!(pipes.questions, "{question}")
            .and_then(|()| pipes.questions.flush())
            .and_then(|()| pipes.answers.read_line(&mut answer));
        match asked {
            Ok(0) => panic!("{} ended; its reason stands above", self.script),
            Err(error) => panic!("{} cannot be asked ({error}); its reason stands above", self.script),
            Ok(_) => {}
        }
        match serde_json::from_str(&answer) {
            Ok(answer) => answer,
            Err(error) => panic!("{} did not answer with JSON ({error}): {answer}", self.script),
        }
    }
}

impl Drop for LineProcess {
    fn drop(&mut self) {
        // It keeps nothing, so there is nothing to wait for but the end itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Compares the lock file with the copy that `install.sh` leaves beside the packages it installed.
fn check_installed(folder: &Path) {
    let wanted = read(folder.join("package-lock.json"));
    let installed = read(folder.join("node_modules/.installed-lock.json"));
    assert!(wanted.is_some(), "{} is missing", folder.join("package-lock.json").display());
    assert!(installed.is_some(), "the npm packages of tests-sdk are not installed: {INSTALL}");
    assert!(wanted == installed, "the npm packages of tests-sdk are not those of its lock file: {INSTALL}");
}

fn read(path: PathBuf) -> Option<Vec<u8>> {
    fs::read(path).ok()
}
