//! The few calls into the operating system that the standard library does not have.
//!
//! All of this crate's unsafe code; each function is safe to call with any argument. Linux only, as is
//! the rest of the benchmark (`/proc`).

use std::io;
use std::os::unix::process::CommandExt;
use std::process::Command;

/// Makes the child die with this process, however this process ends. The child must be started from
/// the main thread: the signal is tied to the life of the thread that started it.
#[expect(
    unsafe_code,
    reason = "pre_exec is unsafe: only async-signal-safe calls are allowed in it, as prctl is"
)]
pub(crate) fn die_with_parent(command: &mut Command) {
    unsafe {
        command.pre_exec(|| match libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) {
            0 => Ok(()),
            _ => Err(io::Error::last_os_error()),
        });
    }
}

/// Lets this thread's sleeps end within some microseconds of their time, not the usual 50.
#[expect(unsafe_code, reason = "prctl with plain integers; it changes nothing but this thread's timer slack")]
pub(crate) fn wake_precisely() {
    unsafe {
        libc::prctl(libc::PR_SET_TIMERSLACK, 1_000);
    }
}

/// Asks a process to end, with SIGTERM.
#[expect(
    unsafe_code,
    reason = "kill with plain integers; the process is a child that was not yet waited for"
)]
pub(crate) fn terminate(pid: u32) {
    if let Ok(pid) = libc::pid_t::try_from(pid) {
        unsafe {
            libc::kill(pid, libc::SIGTERM);
        }
    }
}

/// How many ticks of processor time `/proc` counts per second.
#[expect(unsafe_code, reason = "sysconf with a plain integer")]
pub(crate) fn ticks_per_s() -> f64 {
    match unsafe { libc::sysconf(libc::_SC_CLK_TCK) } {
        ticks if ticks > 0 => ticks as f64,
        _ => 100.0,
    }
}

/// Waits until everything that was written is on the disk.
#[expect(unsafe_code, reason = "sync takes nothing and cannot fail")]
pub(crate) fn sync() {
    unsafe {
        libc::sync();
    }
}
