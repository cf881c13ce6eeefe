//! The real binary as a child process: started, watched line by line, signalled, and never left behind.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use tokio::sync::watch;

/// How long anything may take before a test says that it does not happen at all.
pub(crate) const GUARD: Duration = Duration::from_secs(90);

/// Waits for something that has to happen; panics with `what` where it never does.
pub(crate) async fn within<T>(what: &str, work: impl Future<Output = T>) -> T {
    match tokio::time::timeout(GUARD, work).await {
        Ok(done) => done,
        Err(_elapsed) => panic!("it never came to this: {what}"),
    }
}

/// A running `hookyard`, killed when dropped.
pub(crate) struct Process {
    child: Child,
    pub(crate) stdout: Lines,
    pub(crate) stderr: Lines,
}

/// What a process that ended by itself left behind.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Process {
    /// Starts the binary in a directory, with nothing in the environment but what is given.
    pub(crate) fn start(directory: &Path, args: &[&str], env: &BTreeMap<String, String>) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hookyard"));
        command.args(args).current_dir(directory).env_clear().envs(env);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        die_with_parent(&mut command);
        let mut child = command.spawn().unwrap();
        let stdout = Lines::read(child.stdout.take().unwrap());
        let stderr = Lines::read(child.stderr.take().unwrap());
        Self { child, stdout, stderr }
    }

    /// Runs the binary to its end.
    pub(crate) async fn run(directory: &Path, args: &[&str], env: &BTreeMap<String, String>) -> Ended {
        Self::start(directory, args, env).ended().await
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// SIGKILL: no last words.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// SIGTERM: asks it to stop.
    #[expect(unsafe_code, reason = "the standard library sends no signal but SIGKILL")]
    pub(crate) fn terminate(&self) {
        let pid = i32::try_from(self.child.id()).unwrap();
        // SAFETY: kill(2) takes two numbers; the child has not been waited for, so its id is its own.
        assert_eq!(unsafe { libc::kill(pid, libc::SIGTERM) }, 0);
    }

    /// Waits for the process to end by itself.
    pub(crate) async fn ended(mut self) -> Ended {
        let stdout = within("the process ends", self.stdout.all()).await;
        let stderr = within("the process ends", self.stderr.all()).await;
        // Both pipes are closed, so it has ended or is about to.
        let status = self.child.wait().unwrap();
        Ended { status, stdout, stderr }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            println!("hookyard said:\n{}", self.stderr.so_far());
        }
    }
}

/// Elsewhere a test that is killed leaves its gateway behind.
#[cfg(not(target_os = "linux"))]
fn die_with_parent(_: &mut Command) {}

/// Has the kernel kill the child when the test dies without a chance to.
#[cfg(target_os = "linux")]
#[expect(unsafe_code, reason = "pre_exec is unsafe by signature")]
fn die_with_parent(command: &mut Command) {
    // SAFETY: between fork and exec only prctl(2) is called, which is async-signal-safe.
    unsafe {
        command.pre_exec(|| match libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) {
            0 => Ok(()),
            _ => Err(std::io::Error::last_os_error()),
        });
    }
}

#[derive(Debug, Default)]
struct Pipe {
    lines: Vec<String>,
    ended: bool,
}

/// The lines a process has written to one of its pipes.
pub(crate) struct Lines(watch::Receiver<Pipe>);

impl Lines {
    fn read(pipe: impl Read + Send + 'static) -> Self {
        let (sender, receiver) = watch::channel(Pipe::default());
        std::thread::spawn(move || {
            for line in BufReader::new(pipe).lines() {
                let Ok(line) = line else { break };
                sender.send_modify(|read| read.lines.push(line));
            }
            sender.send_modify(|read| read.ended = true);
        });
        Self(receiver)
    }

    /// What `find` makes of the first line it takes, of those there are and those to come.
    pub(crate) async fn find<T>(&self, what: &str, find: impl Fn(&str) -> Option<T>) -> T {
        let search = async {
            let mut receiver = self.0.clone();
            let mut searched = 0;
            loop {
                {
                    let read = receiver.borrow_and_update();
                    if let Some(found) = read.lines[searched..].iter().find_map(|line| find(line)) {
                        return found;
                    }
                    searched = read.lines.len();
                    assert!(!read.ended, "the process ended without {what}:\n{}", read.lines.join("\n"));
                }
                receiver.changed().await.unwrap();
            }
        };
        within(what, search).await
    }

    /// Waits for a line that contains `part`.
    pub(crate) async fn containing(&self, part: &str) -> String {
        self.find(part, |line| line.contains(part).then(|| line.to_owned())).await
    }

    /// What has been written so far.
    pub(crate) fn so_far(&self) -> String {
        self.0.borrow().lines.join("\n")
    }

    async fn all(&mut self) -> String {
        let read = self.0.wait_for(|read| read.ended).await.unwrap();
        read.lines.join("\n")
    }
}
