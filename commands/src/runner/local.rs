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
    /// Places for runs in the background.
    pub(crate) places: Arc<Semaphore>,
    /// Rung when a run waits, or a place is free.
    pub(crate) bell: Notify,
    /// Says that this process is about to stop.
    pub(crate) handing_over: CancellationToken,
    /// Runs of this process that it has let go of and nobody else has.
    let_go: Mutex<Vec<ResponseId>>,
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
            places: Arc::new(Semaphore::new(places)),
            bell: Notify::new(),
            handing_over: CancellationToken::new(),
            let_go: Mutex::default(),
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

    /// Ends the entry of a run. One that was `let_go` must be looked at again here: nobody else takes
    /// up what a living process carries.
    pub(crate) fn leave(&self, id: &ResponseId, let_go: bool) {
        self.lock().remove(id);
        if let_go {
            let mut runs = self.let_go.lock().unwrap_or_else(PoisonError::into_inner);
            runs.push(id.clone());
        }
        self.bell.notify_one();
    }

    /// The runs to be looked at again.
    pub(crate) fn take_let_go(&self) -> Vec<ResponseId> {
        let mut runs = self.let_go.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut runs)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<ResponseId, LocalRun>> {
        self.by_id.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
