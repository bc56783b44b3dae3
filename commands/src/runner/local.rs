use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jan_domain::id::ResponseId;
use tokio::sync::{Notify, Semaphore};
use tokio_util::sync::CancellationToken;

use crate::run::{RunChannel, Signals};

/// The runs that this process carries.
#[derive(Debug)]
pub(crate) struct LocalRuns {
    by_id: Mutex<HashMap<ResponseId, LocalRun>>,
    /// Runs whose intent is on its way to the log.
    beginning: Mutex<Vec<ResponseId>>,
    /// Places for runs in the background.
    pub(crate) places: Arc<Semaphore>,
    /// Rung when a run waits, or a place is free.
    pub(crate) bell: Notify,
    /// Says that this process is about to stop.
    pub(crate) handing_over: CancellationToken,
}

/// One of them.
#[derive(Debug, Clone)]
pub(crate) struct LocalRun {
    pub(crate) channel: Arc<RunChannel>,
    pub(crate) signals: Signals,
}

impl LocalRuns {
    pub(crate) fn new(places: usize) -> Self {
        Self {
            by_id: Mutex::default(),
            beginning: Mutex::default(),
            places: Arc::new(Semaphore::new(places)),
            bell: Notify::new(),
            handing_over: CancellationToken::new(),
        }
    }

    pub(crate) fn find(&self, id: &ResponseId) -> Option<LocalRun> {
        self.lock().get(id).cloned()
    }

    pub(crate) fn ids(&self) -> Vec<ResponseId> {
        self.lock().keys().cloned().collect()
    }

    /// Enters a run; refused when it is carried here already.
    pub(crate) fn enter(&self, id: &ResponseId, run: LocalRun) -> bool {
        let mut runs = self.lock();
        let free = !runs.contains_key(id);
        if free {
            runs.insert(id.clone(), run);
        }
        free
    }

    /// Ends the entry of a run. One that has no ending is taken up again, by whoever sees it first.
    pub(crate) fn leave(&self, id: &ResponseId) {
        self.lock().remove(id);
    }

    /// Holds a run that is about to begin, from before its intent until it is carried.
    pub(crate) fn begin(&self, id: &ResponseId) {
        self.beginning().push(id.clone());
    }

    /// Ends that hold.
    pub(crate) fn begun(&self, id: &ResponseId) {
        let mut beginning = self.beginning();
        if let Some(at) = beginning.iter().position(|known| known == id) {
            beginning.swap_remove(at);
        }
    }

    /// The runs that this process carries or is about to: all of its runs but those it has lost.
    pub(crate) fn held(&self) -> Vec<ResponseId> {
        // What begins may be carried at any moment, so it is looked at first.
        let mut held = self.beginning().clone();
        held.extend(self.ids());
        held
    }

    /// Whether it carries this one, or is about to.
    pub(crate) fn holds(&self, id: &ResponseId) -> bool {
        self.beginning().contains(id) || self.lock().contains_key(id)
    }

    fn beginning(&self) -> MutexGuard<'_, Vec<ResponseId>> {
        let held = self.beginning.lock();
        held.unwrap_or_else(PoisonError::into_inner)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<ResponseId, LocalRun>> {
        self.by_id.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
