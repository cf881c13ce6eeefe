//! A script that answers lines, as a child process.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Mutex, PoisonError};

use serde_json::Value;

/// What to run where something is missing.
const INSTALL: &str = "run tests-sdk/install.sh (`make test` does)";

/// What pins the packages, and the copy of it beside those that are installed.
const PINS: [(&str, &str, &str); 3] = [
    ("npm", "package-lock.json", "node_modules/.installed-lock.json"),
    ("PyPI", "requirements.txt", ".venv/.installed-requirements.txt"),
    ("PyPI", "openapi/requirements.txt", "openapi/.venv/.installed-requirements.txt"),
];

/// What runs the scripts in Python; the others are run by `node`.
const PYTHON: &str = ".venv/bin/python";

/// One running script.
#[derive(Debug)]
pub(crate) struct LineProcess {
    script: &'static str,
    child: Child,
    pipes: Mutex<Pipes>,
}

#[derive(Debug)]
struct Pipes {
    /// `None` once no more questions come.
    questions: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl LineProcess {
    pub(crate) fn start(script: &'static str) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
        check_installed(folder);
        let program = if script.ends_with(".py") { folder.join(PYTHON) } else { PathBuf::from("node") };
        let mut command = Command::new(&program);
        command.arg(folder.join(script)).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = match command.spawn() {
            Ok(child) => child,
            Err(error) => panic!("`{}` does not start ({error}): {INSTALL}", program.display()),
        };
        let (Some(questions), Some(answers)) = (child.stdin.take(), child.stdout.take()) else {
            panic!("{script} has no pipes, although they were asked for");
        };
        Self {
            script,
            child,
            pipes: Mutex::new(Pipes { questions: Some(questions), answers: BufReader::new(answers) }),
        }
    }

    /// Sends one line and waits for its answer.
    pub(crate) fn ask(&self, question: &Value) -> Value {
        let mut pipes = self.pipes.lock().unwrap_or_else(PoisonError::into_inner);
        let Pipes { questions: Some(questions), answers } = &mut *pipes else {
            panic!("{} was asked after its end", self.script);
        };
        let mut answer = String::new();
        let asked = writeln!(questions, "{question}")
            .and_then(|()| questions.flush())
            .and_then(|()| answers.read_line(&mut answer));
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
        // Without questions it ends, and with it what it has started; killed it would leave that behind.
        self.pipes.get_mut().unwrap_or_else(PoisonError::into_inner).questions = None;
        let _ = self.child.wait();
    }
}

/// Compares the pinned versions with the copies that `install.sh` leaves beside the packages it installed.
pub(crate) fn check_installed(folder: &Path) {
    for (kind, pins, copy) in PINS {
        let wanted = read(folder.join(pins));
        let installed = read(folder.join(copy));
        assert!(wanted.is_some(), "{} is missing", folder.join(pins).display());
        assert!(installed.is_some(), "the {kind} packages of tests-sdk are not installed: {INSTALL}");
        assert!(
            wanted == installed,
            "the {kind} packages of tests-sdk are not those of its {pins}: {INSTALL}"
        );
    }
}

fn read(path: PathBuf) -> Option<Vec<u8>> {
    fs::read(path).ok()
}
