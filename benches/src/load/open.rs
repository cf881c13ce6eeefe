//! Open loop: requests go out at a steady rate, each measured from when it should have gone out.
//!
//! Every connection is a blocking thread that takes the next point in time and sleeps until then. An
//! event loop would be cheaper, but its timers are a millisecond coarse, and here a millisecond is the
//! result; at the rates of this loop the threads cost next to nothing.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::anyhow;

use super::{Target, Trouble, Unacknowledged};
use crate::ledger::Ledger;
use crate::os;
use crate::push::Push;
use crate::wire;

/// How long an answer is awaited.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);

/// A steady load.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    /// Requests per second.
    pub(crate) per_s: u32,
    /// How long it lasts.
    pub(crate) lasts: Duration,
    /// Connections it is spread over; more than can be waiting for an answer at once.
    pub(crate) connections: usize,
}

impl Pace {
    /// How many requests that makes.
    pub(crate) fn requests(self) -> u32 {
        (f64::from(self.per_s) * self.lasts.as_secs_f64()) as u32
    }
}

/// Sends at this pace, to the targets in turn; returns when the last request is answered. All targets are of
/// one server.
///
/// # Errors
/// When a thread panicked. Refusals and broken connections are counted, not errors.
pub(crate) fn send(targets: &[Target], ledger: &Arc<Ledger>, pace: Pace) -> anyhow::Result<Unacknowledged> {
    let schedule = Schedule {
        began: Instant::now() + Duration::from_millis(50),
        per_s: f64::from(pace.per_s),
        requests: u64::from(pace.requests()),
        next: AtomicU64::new(0),
    };
    let trouble = Trouble::default();
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..pace.connections)
            .map(|_| scope.spawn(|| keep_sending(targets, ledger, &schedule, &trouble)))
            .collect();
        for thread in threads {
            thread.join().map_err(|_| anyhow!("a thread of the load panicked"))?;
        }
        Ok(trouble.counts())
    })
}

/// The points in time at which requests are due.
struct Schedule {
    began: Instant,
    per_s: f64,
    requests: u64,
    next: AtomicU64,
}

impl Schedule {
    /// The next point in time nobody has taken; none at the end.
    fn take(&self) -> Option<Instant> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let after = Duration::from_secs_f64(number as f64 / self.per_s);
        (number < self.requests).then(|| self.began + after)
    }
}

fn keep_sending(targets: &[Target], ledger: &Ledger, schedule: &Schedule, trouble: &Trouble) {
    os::wake_precisely();
    let mut pushes: Vec<_> = targets.iter().map(|target| (target, target.push(ledger.run))).collect();
    let mut stream = targets.first().and_then(|target| connect(target).ok());
    while let Some(due) = schedule.take() {
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        let Some(row) = ledger.begin(due) else { return };
        let nth = row as usize % targets.len().max(1);
        let Some((target, push)) = pushes.get_mut(nth) else { return };
        match exchange(&mut stream, target, push, row) {
            Ok(answer) if (200..300).contains(&answer.status) => ledger.acknowledged(row),
            Ok(_) => trouble.refused(),
            Err(_) => {
                trouble.broken();
                stream = None;
            }
        }
    }
}

fn connect(target: &Target) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(target.address)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(ANSWER_TIMEOUT))?;
    Ok(stream)
}

/// Sends one request and reads its answer, over the open connection or a new one.
fn exchange(
    stream: &mut Option<TcpStream>,
    target: &Target,
    push: &mut Push,
    row: u32,
) -> io::Result<wire::Message> {
    let open = match stream {
        Some(open) => open,
        None => stream.insert(connect(target)?),
    };
    open.write_all(push.stamp(row))?;
    let mut buffer = Vec::with_capacity(4096);
    let mut chunk = [0; 4096];
    loop {
        let read = open.read(&mut chunk)?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        buffer.extend_from_slice(chunk.get(..read).unwrap_or_default());
        if let Some(answer) = wire::answer(&buffer)?.filter(|answer| answer.bytes <= buffer.len()) {
            if !answer.keep_alive {
                *stream = None;
            }
            return Ok(answer);
        }
    }
}
