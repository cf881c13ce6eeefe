//! One whole benchmark: which scenarios, how long, and where things lie.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use tempfile::TempDir;

use crate::figures::Figures;
use crate::ledger::{Ledger, Row};
use crate::scenario;
use crate::table;

/// How much is measured.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    /// Times that floor and gateway are measured in turn; figures are medians of these.
    pub(crate) rounds: usize,
    /// Time before each window in which nothing is counted.
    pub(crate) warm_up: Duration,
    /// The window in which a rate is counted.
    pub(crate) window: Duration,
    /// How long a steady load lasts.
    pub(crate) steady: Duration,
    /// How long more is offered than can be delivered.
    pub(crate) overload: Duration,
    /// How many events stand behind a dead destination.
    pub(crate) backlog: Row,
    /// How many events are delivered before the disk is measured.
    pub(crate) stored: Row,
    /// How many events are in the history that is looked at.
    pub(crate) history: Row,
    /// How often each question is asked of it.
    pub(crate) questions: usize,
}

impl Plan {
    const FULL: Self = Self {
        rounds: 3,
        warm_up: Duration::from_secs(2),
        window: Duration::from_secs(8),
        steady: Duration::from_secs(20),
        overload: Duration::from_secs(30),
        backlog: 1_000_000,
        stored: 400_000,
        history: 1_000_000,
        questions: 200,
    };
    const QUICK: Self = Self {
        rounds: 1,
        warm_up: Duration::from_secs(1),
        window: Duration::from_secs(3),
        steady: Duration::from_secs(3),
        overload: Duration::from_secs(6),
        backlog: 100_000,
        stored: 200_000,
        history: 200_000,
        questions: 50,
    };
}

/// What every scenario is given.
pub(crate) struct Bench {
    /// The binary under test.
    pub(crate) hookyard: PathBuf,
    /// How much is measured.
    pub(crate) plan: Plan,
    work: TempDir,
    runs: AtomicU32,
}

impl Bench {
    /// A new directory on the disk that is measured; removed when dropped.
    ///
    /// # Errors
    /// When it cannot be made.
    pub(crate) fn directory(&self, name: &str) -> anyhow::Result<TempDir> {
        tempfile::Builder::new()
            .prefix(&format!("{name}-"))
            .tempdir_in(self.work.path())
            .context("make a directory for a run")
    }

    /// A ledger for at most `rows` events, with a number no other run of this benchmark has.
    pub(crate) fn ledger(&self, rows: Row) -> Arc<Ledger> {
        Arc::new(Ledger::new(self.runs.fetch_add(1, Ordering::Relaxed) + 1, rows))
    }
}

/// Runs the scenarios (all, where none is named), prints the table and writes the figures.
///
/// # Errors
/// When a scenario failed or an acknowledged event was lost. What was measured is printed and written
/// all the same.
pub(crate) fn run(hookyard: &Path, out: &Path, quick: bool, only: &[scenario::Name]) -> anyhow::Result<()> {
    let beside = out.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(beside).with_context(|| format!("make {}", beside.display()))?;
    let beside = beside.canonicalize().with_context(|| format!("find {}", beside.display()))?;
    let work = work_directory(&beside)?;
    let chosen = if only.is_empty() { scenario::Name::ALL.to_vec() } else { only.to_vec() };
    if chosen.iter().any(|name| name.needs_hookyard()) && !hookyard.is_file() {
        bail!("there is no {}: build it with cargo build --release --bin hookyard", hookyard.display());
    }
    let bench = Bench {
        // A relative path would be looked for in the child's directory.
        hookyard: hookyard.canonicalize().unwrap_or_else(|_| hookyard.to_owned()),
        plan: if quick { Plan::QUICK } else { Plan::FULL },
        work,
        runs: AtomicU32::new(0),
    };

    let mut figures = Figures::default();
    let mut failures = Vec::new();
    for name in chosen {
        let began = Instant::now();
        println!("{}", name.title());
        if let Err(error) = name.run(&bench, &mut figures) {
            println!("  failed: {error:#}");
            failures.push(name.as_str());
        }
        println!("  {:.0} s", began.elapsed().as_secs_f64());
    }

    table::print(&figures);
    let json = serde_json::to_string_pretty(&figures.to_json(quick)).context("write JSON")?;
    fs::write(out, json + "\n").with_context(|| format!("write {}", out.display()))?;
    println!("\nfigures: {}", out.display());
    if !failures.is_empty() {
        bail!("these scenarios failed: {}", failures.join(", "));
    }
    match figures.get("lost") {
        Some(lost) if lost > 0.0 => bail!("{lost} acknowledged events were not delivered"),
        _ => Ok(()),
    }
}

const WORK_PREFIX: &str = "hookyard-bench-";

/// A directory for this benchmark. Those of benchmarks that were interrupted are removed: they can hold
/// gigabytes.
fn work_directory(beside: &Path) -> anyhow::Result<TempDir> {
    for entry in fs::read_dir(beside).with_context(|| format!("list {}", beside.display()))?.flatten() {
        let name = entry.file_name();
        let owner = name.to_str().and_then(|name| name.strip_prefix(WORK_PREFIX)?.split_once('-'));
        let owner = owner.and_then(|(pid, _)| pid.parse::<u32>().ok());
        if owner.is_some_and(|pid| !Path::new(&format!("/proc/{pid}")).exists()) {
            fs::remove_dir_all(entry.path()).with_context(|| format!("remove {}", entry.path().display()))?;
        }
    }
    tempfile::Builder::new()
        .prefix(&format!("{WORK_PREFIX}{}-", std::process::id()))
        .tempdir_in(beside)
        .context("make a directory for data")
}
