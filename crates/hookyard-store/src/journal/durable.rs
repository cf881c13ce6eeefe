//! How those who wait for a commit hear of it.
//!
//! The writer wakes one of them, and that one the others. To wake a task from the writer's thread takes a
//! lock that all of the runtime's threads share, and often a system call; on one of those threads it is a
//! push to a queue of its own, from which others help themselves.

use tokio::sync::oneshot;

use crate::accept::Unavailable;

/// What somebody who waits for an entry is told.
pub(crate) type Told = Result<Durable, Unavailable>;

/// An entry is durable, and so are those of others who have not heard of it yet: dropping this tells them.
#[derive(Debug, Default)]
pub(crate) struct Durable {
    others: Vec<oneshot::Sender<Told>>,
}

/// Tells all of these that their entries are durable.
pub(crate) fn tell(mut waiting: Vec<oneshot::Sender<Told>>) {
    if let Some(one) = waiting.pop() {
        // Where that one has gone away, what it was told is dropped here, which tells the others.
        let _ = one.send(Ok(Durable { others: waiting }));
    }
}

impl Drop for Durable {
    fn drop(&mut self) {
        for other in self.others.drain(..) {
            let _ = other.send(Ok(Self::default()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_are_told_whoever_has_gone_away() {
        for gone in 0..8_usize {
            let (senders, receivers): (Vec<_>, Vec<_>) = (0..3).map(|_| oneshot::channel()).unzip();
            let staying = receivers.into_iter().enumerate().filter(|(at, _)| gone & (1 << at) == 0);
            let staying: Vec<_> = staying.map(|(_, receiver)| receiver).collect();
            tell(senders);
            // Those who were not told hear it when the one before them lets go of what it heard.
            for receiver in staying.into_iter().rev() {
                drop(receiver.blocking_recv().unwrap().unwrap());
            }
        }
    }
}
