//! Processes under test: started, watched through `/proc`, and ended whatever happens.

use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

use crate::ledger::wait_until;
use crate::os;

/// Ports that are handed out: below the range from which the kernel takes the near ends of outgoing
/// connections, so that a million refused connections cannot by chance meet themselves.
const PORTS: std::ops::Range<u16> = 21_000..32_000;

/// A child process; killed when dropped.
pub(crate) struct Process {
    child: Child,
    name: &'static str,
    log: PathBuf,
    /// When it was started.
    pub(crate) started: Instant,
}

impl Process {
    /// Starts the command with what it prints going to the file `log`. Call it from the main thread.
    ///
    /// # Errors
    /// When it cannot be started.
    pub(crate) fn start(name: &'static str, mut command: Command, log: &Path) -> anyhow::Result<Self> {
        let output = File::options().create(true).append(true).open(log).context("open a log")?;
        let errors = output.try_clone().context("open a log")?;
        command.stdin(Stdio::null()).stdout(output).stderr(errors);
        os::die_with_parent(&mut command);
        let started = Instant::now();
        let child = command.spawn().with_context(|| format!("start {command:?}"))?;
        Ok(Self { child, name, log: log.to_owned(), started })
    }

    /// Fails, with the end of what it printed, when the process is gone.
    ///
    /// # Errors
    /// When it has ended.
    pub(crate) fn check(&mut self) -> anyhow::Result<()> {
        match self.child.try_wait().context("look after a child process")? {
            None => Ok(()),
            Some(status) => bail!("{} ended with {status}:\n{}", self.name, self.printed()),
        }
    }

    /// The end of what it printed.
    pub(crate) fn printed(&self) -> String {
        let text = fs::read(&self.log).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let lines: Vec<&str> = text.lines().collect();
        lines.get(lines.len().saturating_sub(20)..).unwrap_or_default().join("\n")
    }

    /// Ends it with SIGKILL and waits for it.
    ///
    /// # Errors
    /// When that fails.
    pub(crate) fn kill(mut self) -> anyhow::Result<()> {
        self.child.kill().with_context(|| format!("kill {}", self.name))?;
        self.child.wait().with_context(|| format!("wait for {}", self.name))?;
        Ok(())
    }

    /// Ends it with SIGTERM and waits for it; returns how long that took.
    ///
    /// # Errors
    /// When it does not end in a minute, or not with success.
    pub(crate) fn terminate(mut self) -> anyhow::Result<Duration> {
        let asked = Instant::now();
        os::terminate(self.child.id());
        let mut ended = None;
        wait_until(Duration::from_secs(60), || {
            ended = self.child.try_wait().ok().flatten();
            ended.is_some()
        });
        match ended {
            None => bail!("{} does not end on SIGTERM:\n{}", self.name, self.printed()),
            Some(status) if !status.success() => {
                bail!("{} ended with {status} on SIGTERM:\n{}", self.name, self.printed())
            }
            Some(_) => Ok(asked.elapsed()),
        }
    }

    /// Processor time used so far, of all its threads, in seconds.
    ///
    /// # Errors
    /// When `/proc` cannot be read, for instance because the process is gone.
    pub(crate) fn cpu_s(&self) -> anyhow::Result<f64> {
        cpu_s(self.child.id()).with_context(|| format!("read the processor time of {}", self.name))
    }

    /// Resident memory now, in MB of 10^6 bytes.
    ///
    /// # Errors
    /// As [`Process::cpu_s`].
    pub(crate) fn resident_mb(&self) -> anyhow::Result<f64> {
        self.status_mb("VmRSS:")
    }

    /// The most resident memory it ever had, in MB of 10^6 bytes.
    ///
    /// # Errors
    /// As [`Process::cpu_s`].
    pub(crate) fn resident_max_mb(&self) -> anyhow::Result<f64> {
        self.status_mb("VmHWM:")
    }

    fn status_mb(&self, field: &str) -> anyhow::Result<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))
            .with_context(|| format!("read the memory of {}", self.name))?;
        let line = status.lines().find_map(|line| line.strip_prefix(field));
        let kib = line.and_then(|value| value.trim().trim_end_matches(" kB").parse::<f64>().ok());
        Ok(kib.with_context(|| format!("no {field} of {}", self.name))? * 1024.0 / 1e6)
    }

    /// Waits until the process has next to nothing left to do: under 5 % of one core for half a second.
    /// Returns whether it came to that within `patience`.
    ///
    /// # Errors
    /// When the process is gone.
    pub(crate) fn settle(&mut self, patience: Duration) -> anyhow::Result<bool> {
        const LOOK: Duration = Duration::from_millis(500);
        let deadline = Instant::now() + patience;
        loop {
            let before_s = self.cpu_s()?;
            std::thread::sleep(LOOK);
            self.check()?;
            if self.cpu_s()? - before_s < 0.05 * LOOK.as_secs_f64() {
                return Ok(true);
            }
            if Instant::now() >= deadline {
                return Ok(false);
            }
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Processor time used so far by this process itself: by generator and sink, in seconds.
///
/// # Errors
/// When `/proc` cannot be read.
pub(crate) fn own_cpu_s() -> anyhow::Result<f64> {
    cpu_s(std::process::id()).context("read this program's processor time")
}

fn cpu_s(pid: u32) -> std::io::Result<f64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The second field is the name in parentheses, which may hold anything; utime and stime are the
    // 14th and 15th (proc(5)).
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let fields = after_name.split_whitespace().skip(11).take(2);
    let ticks: u64 = fields.filter_map(|field| field.parse::<u64>().ok()).sum();
    Ok(ticks as f64 / os::ticks_per_s())
}

/// An address of 127.0.0.1 on which nobody listens, handed out once.
///
/// # Errors
/// When no port is free.
pub(crate) fn free_address() -> anyhow::Result<SocketAddr> {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let spread = u16::try_from(std::process::id() % 9_000).unwrap_or(0);
    for _ in PORTS {
        let offset = NEXT.fetch_add(1, Ordering::Relaxed).wrapping_add(spread) % (PORTS.end - PORTS.start);
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, PORTS.start + offset));
        if TcpListener::bind(address).is_ok() {
            return Ok(address);
        }
    }
    bail!("no free port between {} and {}", PORTS.start, PORTS.end)
}

/// Waits until somebody accepts connections at `address`.
///
/// # Errors
/// When the process ends first, or nobody does within ten seconds.
pub(crate) fn wait_listening(process: &mut Process, address: SocketAddr) -> anyhow::Result<()> {
    let mut gone = None;
    let listening = wait_until(Duration::from_secs(10), || {
        gone = process.check().err();
        gone.is_some() || std::net::TcpStream::connect(address).is_ok()
    });
    match gone {
        Some(error) => Err(error),
        None if !listening => bail!("{} does not listen on {address}:\n{}", process.name, process.printed()),
        None => Ok(()),
    }
}
