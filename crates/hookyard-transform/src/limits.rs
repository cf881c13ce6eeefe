//! Every limit of a script, of one run of it, and of the engine, with its default and the reason for it.

use std::num::NonZeroUsize;
use std::thread;
use std::time::Duration;

/// What one run may take.
///
/// The defaults suit a webhook of some kilobytes with much room to spare. Each is a ceiling, not a reservation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// CPU time of the thread, from the first look at the input to the last look at the result: 250 ms.
    ///
    /// Time in which the thread waits for a processor does not count, so that a busy machine fails no innocent
    /// script. JSON is read at some 90 MB/s and written at some 50 MB/s.
    pub cpu: Duration,
    /// Memory that a run may take beyond what its script takes anyway, in bytes: 64 MiB. A parsed JSON body
    /// takes 5 to 20 times the size of its text.
    pub memory_bytes: usize,
    /// Depth of the native stack, in bytes: 256 KiB, some hundreds of nested calls. At most
    /// [`STACK_BYTES_MAX`](Self::STACK_BYTES_MAX); more is read as that.
    pub stack_bytes: usize,
    /// Longest body that may come out, in bytes: 10 MiB, as what may come in.
    pub output_bytes: usize,
    /// Most lines that are kept of the console: 100.
    pub console_lines: usize,
    /// Most text that is kept of the console, in bytes over all lines: 16 KiB.
    pub console_bytes: usize,
}

impl Limits {
    /// The deepest stack that can be asked for, in bytes; the engine's threads have twice that.
    pub const STACK_BYTES_MAX: usize = 1 << 20;
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            cpu: Duration::from_millis(250),
            memory_bytes: 64 << 20,
            stack_bytes: 256 << 10,
            output_bytes: 10 << 20,
            console_lines: 100,
            console_bytes: 16 << 10,
        }
    }
}

/// Most header lines that may come out of a run.
pub const HEADER_LINES_MAX: usize = 256;

/// Longest headers that may come out of a run, names and values together, in bytes.
pub const HEADER_BYTES_MAX: usize = 64 << 10;

/// Longest path or query that may come out of a run, in bytes.
pub const TARGET_BYTES_MAX: usize = 8 << 10;

/// What an engine may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EngineLimits {
    /// Threads that run scripts: one per processor, at least 2 and at most 8.
    pub threads: NonZeroUsize,
    /// Runs that may wait for a thread, over all scripts: 1,024. Further ones are refused with
    /// [`RunError::Busy`](crate::outcome::RunError::Busy).
    pub waiting_max: usize,
    /// Scripts that each thread keeps ready, the least recently used one giving way: 32, at some 0.5 MB each
    /// and what the script itself takes. Making one ready costs some 2 ms.
    pub ready_max: NonZeroUsize,
    /// Runs that may be left behind because nothing stops them: 4. With so many, the engine starts no new
    /// thread in the place of the one that hangs.
    pub abandoned_max: usize,
}

impl Default for EngineLimits {
    fn default() -> Self {
        let processors = thread::available_parallelism().map_or(2, NonZeroUsize::get);
        Self {
            threads: NonZeroUsize::new(processors.clamp(2, 8)).unwrap_or(NonZeroUsize::MIN),
            waiting_max: 1024,
            ready_max: NonZeroUsize::new(32).unwrap_or(NonZeroUsize::MIN),
            abandoned_max: 4,
        }
    }
}
