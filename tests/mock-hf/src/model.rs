//! A mock model: its scenario, how far its script has run, its slots and its counters.

use std::{
    sync::{
        Arc, OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::Instant,
};

use crate::{
    counters::Counters,
    managed::Endpoint,
    scenario::{Cold, Scenario, Server, Step},
};

#[derive(Debug)]
pub(crate) struct Model {
    pub(crate) key: String,
    pub(crate) scenario: Scenario,
    pub(crate) counters: Arc<Counters>,
    pub(crate) endpoint: Option<Endpoint>,
    scripted: AtomicUsize,
    /// How often `/health` was asked for.
    examined: AtomicUsize,
    /// When somebody first asked for more than its status.
    woken: OnceLock<Instant>,
    slots: Option<Arc<Semaphore>>,
}

impl Model {
    pub(crate) fn new(key: String, scenario: Scenario) -> Self {
        Self {
            key,
            slots: scenario.slots.map(|slots| Arc::new(Semaphore::new(slots.min(Semaphore::MAX_PERMITS)))),
            endpoint: scenario.managed.clone().map(Endpoint::new),
            scenario,
            counters: Arc::default(),
            scripted: AtomicUsize::new(0),
            examined: AtomicUsize::new(0),
            woken: OnceLock::new(),
        }
    }

    pub(crate) fn server(&self) -> Server {
        self.scenario.server
    }

    /// The cold start, if it still lasts, and when it ends.
    pub(crate) fn cold(&self) -> Option<(&Cold, Instant)> {
        let cold = self.scenario.cold.as_ref()?;
        let asked = self.counters.first_request()?;
        let first =
            if self.scenario.status.is_some() { *self.woken.get_or_init(Instant::now) } else { asked };
        let warm_at = first + Duration::from_millis(cold.ms);
        (Instant::now() < warm_at).then_some((cold, warm_at))
    }

    /// The step of the next request: scripted, then for ever, or none for the healthy answer.
    pub(crate) fn next_step(&self) -> Option<&Step> {
        let at = self.scripted.fetch_add(1, Ordering::Relaxed);
        self.scenario.script.get(at).or(self.scenario.then.as_ref())
    }

    /// The step of a `/health` that has steps of its own.
    pub(crate) fn next_health(&self) -> Option<&Step> {
        let steps = &self.scenario.health;
        steps.get(self.examined.fetch_add(1, Ordering::Relaxed)).or(steps.last())
    }

    /// A place among those served at once: `Err` where the real server would turn one away.
    pub(crate) async fn slot(&self) -> Result<Option<OwnedSemaphorePermit>, Full> {
        let Some(slots) = &self.slots else {
            return Ok(None);
        };
        let slots = Arc::clone(slots);
        let slot = if queues(self.server()) {
            slots.acquire_owned().await.ok()
        } else {
            slots.try_acquire_owned().ok()
        };
        slot.map(Some).ok_or(Full)
    }
}

#[derive(Debug)]
pub(crate) struct Full;

/// These have no overloaded answer: further requests wait.
fn queues(server: Server) -> bool {
    matches!(server, Server::Toolkit | Server::Pipelines | Server::LlamaCpp | Server::Vllm)
}
