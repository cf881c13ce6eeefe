//! Hookyard as a child process: its configuration file, its data directory, its starts and its ends.

use std::fmt::Write as _;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, bail};
use tempfile::TempDir;

use crate::bench::Bench;
use crate::ledger::wait_until;
use crate::load::Target;
use crate::process::{Process, free_address};

/// The secret that every source of a benchmark verifies with.
pub(crate) const SECRET: &str = "a benchmark's secret is no secret";

/// Hours until a failed event is tried again: within a scenario each event has one attempt.
const RETRY: &str = r#"retry = { custom = ["6h", "6h"] }"#;

const START_PATIENCE: Duration = Duration::from_secs(60);

/// What a scenario wants configured. Sources are named, and reached, by their token.
#[derive(Clone, Debug, Default)]
pub(crate) struct Setup {
    /// Names of sources; each verifies as GitHub's.
    pub(crate) sources: Vec<String>,
    /// Names and addresses of destinations.
    pub(crate) destinations: Vec<(String, SocketAddr)>,
    /// Pairs of source and destination.
    pub(crate) connections: Vec<(String, String)>,
    /// Lines of TOML that each destination has besides.
    pub(crate) each_destination: String,
    /// Lines of TOML that each connection has besides; a retry that is hours away where there are none.
    pub(crate) each_connection: Option<String>,
}

impl Setup {
    /// A handful of each, by name.
    pub(crate) fn of(
        sources: &[&str],
        destinations: &[(&str, SocketAddr)],
        connections: &[(&str, &str)],
    ) -> Self {
        let named = |name: &&str| (*name).to_owned();
        Self {
            sources: sources.iter().map(named).collect(),
            destinations: destinations.iter().map(|(name, at)| (named(name), *at)).collect(),
            connections: connections.iter().map(|(from, to)| (named(from), named(to))).collect(),
            ..Self::default()
        }
    }
}

/// A Hookyard with a data directory of its own, running or not.
pub(crate) struct Gateway {
    hookyard: PathBuf,
    directory: TempDir,
    public: SocketAddr,
    admin: SocketAddr,
    process: Option<Process>,
}

impl Gateway {
    /// Lays out a new, empty data directory with a configuration file; starts nothing.
    ///
    /// # Errors
    /// When files cannot be written or no port is free.
    pub(crate) fn lay_out(bench: &Bench, setup: &Setup) -> anyhow::Result<Self> {
        let directory = bench.directory("hookyard")?;
        let (public, admin) = (free_address()?, free_address()?);
        let gateway = Self { hookyard: bench.hookyard.clone(), directory, public, admin, process: None };
        fs::write(gateway.config_file(), gateway.config(setup)).context("write hookyard.toml")?;
        Ok(gateway)
    }

    /// Lays out a gateway and starts it.
    ///
    /// # Errors
    /// As [`Gateway::lay_out`] and [`Gateway::start`].
    pub(crate) fn launch(bench: &Bench, setup: &Setup) -> anyhow::Result<Self> {
        let mut gateway = Self::lay_out(bench, setup)?;
        gateway.start()?;
        Ok(gateway)
    }

    /// Starts the process and waits until it is ready; returns the time from start to ready.
    ///
    /// # Errors
    /// When it ends or is not ready within a minute.
    pub(crate) fn start(&mut self) -> anyhow::Result<Duration> {
        let mut command = Command::new(&self.hookyard);
        command.arg("serve").arg("--config").arg(self.config_file()).current_dir(self.directory.path());
        let mut process = Process::start("hookyard", command, &self.directory.path().join("hookyard.log"))?;
        let mut gone = None;
        let ready = poll(START_PATIENCE, || {
            gone = process.check().err();
            gone.is_some() || is_ready(self.admin)
        });
        let took = process.started.elapsed();
        if let Some(error) = gone {
            return Err(error);
        }
        if !ready {
            bail!("hookyard is not ready after {START_PATIENCE:?}:\n{}", process.printed());
        }
        self.process = Some(process);
        Ok(took)
    }

    /// The running process.
    ///
    /// # Errors
    /// When it was not started, or was ended.
    pub(crate) fn process(&mut self) -> anyhow::Result<&mut Process> {
        self.process.as_mut().context("hookyard is not running")
    }

    /// Ends the process with SIGKILL; its data stay.
    ///
    /// # Errors
    /// When it does not run.
    pub(crate) fn kill(&mut self) -> anyhow::Result<()> {
        self.process.take().context("hookyard is not running")?.kill()
    }

    /// Ends the process with SIGTERM; its data stay. Returns how long that took.
    ///
    /// # Errors
    /// When it does not run, or ends with an error.
    pub(crate) fn terminate(&mut self) -> anyhow::Result<Duration> {
        self.process.take().context("hookyard is not running")?.terminate()
    }

    /// Where requests for this source go.
    pub(crate) fn target(&self, source: &str) -> Target {
        Target { address: self.public, path: format!("/{source}"), secret: SECRET.to_owned() }
    }

    /// Where its API is.
    pub(crate) fn admin(&self) -> SocketAddr {
        self.admin
    }

    /// Its data directory.
    pub(crate) fn data(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    fn config_file(&self) -> PathBuf {
        self.directory.path().join("hookyard.toml")
    }

    fn config(&self, setup: &Setup) -> String {
        let mut text = format!(
            "[server]\npublic = \"{}\"\nadmin = \"{}\"\ndata_dir = \"{}\"\n\n\
             [delivery]\nallow_networks = [\"127.0.0.0/8\"]\n",
            self.public,
            self.admin,
            self.data().display()
        );
        for source in &setup.sources {
            let _ = write!(
                text,
                "\n[[source]]\nname = \"{source}\"\ntoken = \"{source}\"\nprovider = \"github\"\n\
                 secrets = [\"{SECRET}\"]\n"
            );
        }
        for (name, address) in &setup.destinations {
            let _ = write!(
                text,
                "\n[[destination]]\nname = \"{name}\"\nurl = \"http://{address}/\"\nconcurrency = 64\n{}\n",
                setup.each_destination
            );
        }
        for (source, destination) in &setup.connections {
            let _ = write!(
                text,
                "\n[[connection]]\nsource = \"{source}\"\ndestination = \"{destination}\"\n{}\n",
                setup.each_connection.as_deref().unwrap_or(RETRY)
            );
        }
        text
    }
}

/// Asks every two milliseconds.
fn poll(patience: Duration, mut done: impl FnMut() -> bool) -> bool {
    let deadline = std::time::Instant::now() + patience;
    while !done() {
        if std::time::Instant::now() >= deadline {
            return false;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    true
}

/// Whether `GET /readyz` is answered with 200.
fn is_ready(admin: SocketAddr) -> bool {
    let ask = || {
        let mut stream = TcpStream::connect(admin)?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        stream.write_all(format!("GET /readyz HTTP/1.1\r\nHost: {admin}\r\n\r\n").as_bytes())?;
        let mut status = [0; 12];
        stream.read_exact(&mut status)?;
        std::io::Result::Ok(status)
    };
    ask().is_ok_and(|status| &status == b"HTTP/1.1 200")
}

/// Waits until nothing more can be expected: `done` holds, or for `patience` nothing has moved.
pub(crate) fn wait_for_drain(patience: Duration, progress: impl Fn() -> u64, done: impl Fn(u64) -> bool) {
    let mut newest = progress();
    while !done(newest) {
        let moved = wait_until(patience, || progress() != newest);
        newest = progress();
        if !moved {
            return;
        }
    }
}
