//! The CPU time of a run: what the thread has used, not what has passed, so that waiting for a processor costs
//! a script nothing.
//!
//! The engine asks every 10,000 calls, jumps or steps of a regular expression. Once the budget is spent it stays
//! spent: whatever the script catches, the next question stops it again.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use rquickjs::Runtime;
use rustix::time::{ClockId, clock_gettime};

/// CPU time that this thread has used since it began.
pub(crate) fn thread_cpu() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_nsec).unwrap_or(0))
}

/// What is left of the CPU time of one run.
pub(super) struct Budget {
    started: Cell<Duration>,
    ends: Cell<Duration>,
    spent: Cell<bool>,
}

impl Budget {
    /// A budget that the runtime asks for, already started with [`BUILD_CPU`](super::BUILD_CPU).
    pub(super) fn watch(runtime: &Runtime) -> Rc<Self> {
        let budget = Rc::new(Self {
            started: Cell::new(Duration::ZERO),
            ends: Cell::new(Duration::ZERO),
            spent: Cell::new(false),
        });
        budget.start(super::BUILD_CPU);
        let asked = Rc::clone(&budget);
        runtime.set_interrupt_handler(Some(Box::new(move || asked.is_spent())));
        budget
    }

    pub(super) fn start(&self, cpu: Duration) {
        let now = thread_cpu();
        self.started.set(now);
        self.ends.set(now.saturating_add(cpu));
        self.spent.set(false);
    }

    pub(super) fn used(&self) -> Duration {
        thread_cpu().saturating_sub(self.started.get())
    }

    pub(super) fn is_spent(&self) -> bool {
        if !self.spent.get() && thread_cpu() >= self.ends.get() {
            self.spent.set(true);
        }
        self.spent.get()
    }
}
