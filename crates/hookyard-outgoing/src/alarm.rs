//! The timer of an attempt, made once for each connection.
//!
//! A new tokio timer for each attempt is entered into the runtime's timer wheel and taken out again,
//! under its lock. One that is kept stands there with an old deadline; when that comes, it is simply
//! set again. With a timeout of 30 s this is once in 30 s instead of once an attempt.

use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use tokio::time::{Instant, Sleep, sleep_until};

/// A deadline, and a timer that goes off at it or before.
#[derive(Debug)]
pub struct Alarm {
    deadline: Instant,
    timer: Pin<Box<Sleep>>,
}

impl Alarm {
    /// An alarm at `deadline`; uses the timer of `earlier` where there is one.
    pub fn at(deadline: Instant, earlier: Option<Self>) -> Self {
        let Some(mut alarm) = earlier else {
            return Self { deadline, timer: Box::pin(sleep_until(deadline)) };
        };
        alarm.deadline = deadline;
        if alarm.timer.deadline() > deadline {
            alarm.timer.as_mut().reset(deadline);
        }
        alarm
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        while self.timer.as_mut().poll(cx).is_ready() {
            if Instant::now() >= self.deadline {
                return Poll::Ready(());
            }
            self.timer.as_mut().reset(self.deadline);
        }
        Poll::Pending
    }

    /// What `work` comes to, or none where the deadline comes first.
    pub async fn unless<W: Future>(&mut self, work: W) -> Option<W::Output> {
        let mut work = pin!(work);
        std::future::poll_fn(|cx| match work.as_mut().poll(cx) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending => self.poll(cx).map(|()| None),
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_kept_timer_keeps_to_the_new_deadline() {
        let start = Instant::now();
        let never = std::future::pending::<()>;
        let mut first = Alarm::at(start + Duration::from_secs(30), None);
        assert_eq!(first.unless(async { 1 }).await, Some(1));
        let mut later = Alarm::at(start + Duration::from_secs(50), Some(first));
        assert_eq!(later.unless(never()).await, None);
        assert_eq!(start.elapsed(), Duration::from_secs(50));
        let mut sooner = Alarm::at(start + Duration::from_secs(90), Some(later));
        assert_eq!(sooner.unless(async {}).await, Some(()));
        let mut sooner = Alarm::at(start + Duration::from_secs(60), Some(sooner));
        assert_eq!(sooner.unless(never()).await, None);
        assert_eq!(start.elapsed(), Duration::from_secs(60));
    }
}
