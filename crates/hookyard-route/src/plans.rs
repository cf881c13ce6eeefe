//! The requests of one source on their way through rules: several at a time, recorded in the order of their arrival.
//!
//! A transformation takes its time on another thread, so that one request after the other would leave processors
//! idle. What has been planned waits here for those that arrived before.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use hookyard_model::request::{Fields, Proof};
use hookyard_store::arrivals::{Arrived, NewEvent};
use hookyard_store::catalog::Snapshot;
use tokio::task::JoinHandle;
use tracing::error;

use crate::plan::Planner;

/// When a request is planned once more that could not be, which no request should bring about.
const TRY_AGAIN_AFTER: Duration = Duration::from_secs(5);

/// A request that is to be planned.
#[derive(Clone)]
pub(crate) struct ToPlan {
    pub(crate) arrived: Arrived,
    /// What became of its verification, where that was pending.
    pub(crate) proof: Option<Proof>,
    pub(crate) fields: Fields,
    pub(crate) snapshot: Arc<Snapshot>,
}

/// A request and its events.
pub(crate) struct Planned {
    pub(crate) arrived: Arrived,
    pub(crate) proof: Option<Proof>,
    pub(crate) fields: Fields,
    pub(crate) events: Vec<NewEvent>,
}

/// What is to be planned, and what is being planned, both oldest first.
pub(crate) struct Plans {
    planner: Planner,
    at_a_time: usize,
    waiting: VecDeque<ToPlan>,
    running: VecDeque<(ToPlan, JoinHandle<Planned>)>,
}

impl Plans {
    pub(crate) const fn new(planner: Planner, at_a_time: usize) -> Self {
        Self { planner, at_a_time, waiting: VecDeque::new(), running: VecDeque::new() }
    }

    pub(crate) fn push(&mut self, request: ToPlan) {
        self.waiting.push_back(request);
        self.start();
    }

    /// The oldest request, once it is planned; waits for ever where there is none. Cancel-safe.
    pub(crate) async fn next(&mut self) -> Planned {
        loop {
            let Some((request, oldest)) = self.running.front_mut() else {
                return std::future::pending().await;
            };
            match (&mut *oldest).await {
                Ok(planned) => {
                    self.running.pop_front();
                    self.start();
                    return planned;
                }
                Err(error) => {
                    error!(request = %request.arrived.request.id, %error, "a request cannot be routed; it is tried again");
                    let (planner, request) = (self.planner.clone(), request.clone());
                    *oldest = tokio::spawn(async move {
                        tokio::time::sleep(TRY_AGAIN_AFTER).await;
                        plan(planner, request).await
                    });
                }
            }
        }
    }

    fn start(&mut self) {
        while self.running.len() < self.at_a_time
            && let Some(request) = self.waiting.pop_front()
        {
            let planning = tokio::spawn(plan(self.planner.clone(), request.clone()));
            self.running.push_back((request, planning));
        }
    }
}

impl Drop for Plans {
    fn drop(&mut self) {
        self.running.iter().for_each(|(_, planning)| planning.abort());
    }
}

async fn plan(planner: Planner, request: ToPlan) -> Planned {
    let ToPlan { arrived, proof, fields, snapshot } = request;
    let mut events = Vec::new();
    planner.plan(&snapshot, &arrived.request, &fields, &mut events).await;
    Planned { arrived, proof, fields, events }
}
