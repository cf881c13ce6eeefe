//! Closed loop: every connection sends its next request when the last one is answered.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime;
use tokio::task::JoinSet;

use super::{Target, Trouble, Unacknowledged};
use crate::ledger::Ledger;
use crate::push::Push;
use crate::wire;

/// How long a connection pauses after a refusal or a failure, so that it does not spin.
const PAUSE: Duration = Duration::from_millis(5);
/// How long answers are awaited once the load was told to stop.
const LAST_ANSWERS: Duration = Duration::from_secs(10);

/// A load that runs on a thread of its own until it is stopped or its ledger is full.
pub(crate) struct Closed {
    stop: Arc<AtomicBool>,
    trouble: Arc<Trouble>,
    thread: JoinHandle<anyhow::Result<()>>,
}

impl Closed {
    /// Starts sending over `connections` connections.
    ///
    /// # Errors
    /// When the thread cannot be started. A target that does not answer is counted, not an error.
    pub(crate) fn start(target: &Target, ledger: &Arc<Ledger>, connections: usize) -> anyhow::Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let trouble = Arc::new(Trouble::default());
        let shared = Shared {
            target: target.clone(),
            ledger: Arc::clone(ledger),
            stop: Arc::clone(&stop),
            trouble: Arc::clone(&trouble),
        };
        let thread = std::thread::Builder::new()
            .name("closed-load".into())
            .spawn(move || drive(shared, connections))
            .context("start the load's thread")?;
        Ok(Self { stop, trouble, thread })
    }

    /// Whether it ended by itself: its ledger is full.
    pub(crate) fn is_finished(&self) -> bool {
        self.thread.is_finished()
    }

    /// Lets requests under way finish, sends no more, and says what was not acknowledged.
    ///
    /// # Errors
    /// When the load itself failed.
    pub(crate) fn stop(self) -> anyhow::Result<Unacknowledged> {
        self.stop.store(true, Ordering::Release);
        self.thread.join().map_err(|_| anyhow!("the load's thread panicked"))??;
        Ok(self.trouble.counts())
    }
}

#[derive(Clone)]
struct Shared {
    target: Target,
    ledger: Arc<Ledger>,
    stop: Arc<AtomicBool>,
    trouble: Arc<Trouble>,
}

impl Shared {
    fn stopped(&self) -> bool {
        self.stop.load(Ordering::Acquire)
    }
}

fn drive(shared: Shared, connections: usize) -> anyhow::Result<()> {
    let runtime = runtime::Builder::new_current_thread().enable_all().build().context("build a runtime")?;
    runtime.block_on(async {
        let mut tasks = JoinSet::new();
        for _ in 0..connections {
            tasks.spawn(connect_and_send(shared.clone()));
        }
        let all = async { while tasks.join_next().await.is_some() {} };
        tokio::select! {
            () = all => {}
            () = patience(&shared) => {}
        }
    });
    Ok(())
}

/// Ends some time after the load was told to stop: a server that answers no more must not hold it.
async fn patience(shared: &Shared) {
    while !shared.stopped() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    tokio::time::sleep(LAST_ANSWERS).await;
}

/// Keeps one connection busy, and makes it anew when it breaks.
async fn connect_and_send(shared: Shared) {
    let mut push = shared.target.push(shared.ledger.run);
    while !shared.stopped() {
        let done = match TcpStream::connect(shared.target.address).await {
            Ok(stream) => send_all(stream, &mut push, &shared).await,
            Err(error) => Err(error),
        };
        match done {
            Ok(Ended::Exhausted) => return,
            Ok(Ended::Closed) => {}
            Err(_) => {
                shared.trouble.broken();
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

enum Ended {
    /// No more to send: stopped, or the ledger is full.
    Exhausted,
    /// The server closes the connection after a whole answer.
    Closed,
}

async fn send_all(mut stream: TcpStream, push: &mut Push, shared: &Shared) -> io::Result<Ended> {
    stream.set_nodelay(true)?;
    let mut buffer = Vec::with_capacity(4096);
    loop {
        if shared.stopped() {
            return Ok(Ended::Exhausted);
        }
        let Some(row) = shared.ledger.begin(Instant::now()) else {
            return Ok(Ended::Exhausted);
        };
        stream.write_all(push.stamp(row)).await?;
        let answer = read_answer(&mut stream, &mut buffer).await?;
        if (200..300).contains(&answer.status) {
            shared.ledger.acknowledged(row);
        } else {
            shared.trouble.refused();
            tokio::time::sleep(PAUSE).await;
        }
        if !answer.keep_alive {
            return Ok(Ended::Closed);
        }
    }
}

async fn read_answer(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> io::Result<wire::Message> {
    buffer.clear();
    loop {
        if stream.read_buf(buffer).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if let Some(answer) = wire::answer(buffer)?.filter(|answer| answer.bytes <= buffer.len()) {
            return Ok(answer);
        }
    }
}
