//! The one engine of a process, started by the first run: who has no transformation has none of its threads.

use std::sync::{Arc, Mutex, PoisonError};

use crate::engine::Engine;
use crate::input::Input;
use crate::limits::{EngineLimits, Limits};
use crate::outcome::{Outcome, RunError};
use crate::script::Script;

/// Runs scripts within the same limits. Clones share the engine.
#[derive(Clone, Debug, Default)]
pub struct Runner {
    engine_limits: EngineLimits,
    limits: Limits,
    engine: Arc<Mutex<Option<Engine>>>,
}

impl Runner {
    /// A runner without threads yet.
    pub fn new(engine_limits: EngineLimits, limits: Limits) -> Self {
        Self { engine_limits, limits, engine: Arc::default() }
    }

    /// Runs a script once, as [`Engine::run`] does.
    ///
    /// # Errors
    /// As there, and [`RunError::NoThread`] where the engine cannot be started.
    pub async fn run(&self, script: &Script, input: impl Into<Arc<Input>>) -> Result<Outcome, RunError> {
        self.engine()?.run(script, input, self.limits).await
    }

    fn engine(&self) -> Result<Engine, RunError> {
        let mut engine = self.engine.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(engine) = &*engine {
            return Ok(engine.clone());
        }
        let started =
            Engine::start(self.engine_limits).map_err(|error| RunError::NoThread(error.to_string()))?;
        Ok(engine.insert(started).clone())
    }
}
