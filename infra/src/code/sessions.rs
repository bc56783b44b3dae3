use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jan_domain::caller::Owner;
use jan_domain::id::StepId;
use tokio::time::Instant;

use super::runner::Run;

/// What sessions hold, by owner and name. They live as long as this process: another one knows
/// nothing of them, and begins such a session anew.
#[derive(Debug)]
pub(super) struct Sessions {
    kept: Mutex<HashMap<(Owner, String), Kept>>,
    most: usize,
    idle: Duration,
}

#[derive(Debug)]
struct Kept {
    session: Arc<tokio::sync::Mutex<Session>>,
    used: Instant,
}

/// What one session holds.
#[derive(Debug, Default)]
pub(super) struct Session {
    /// Its variables, as its runner writes them; nothing before its first program.
    pub(super) state: Option<String>,
    last: Option<(StepId, Run)>,
}

impl Sessions {
    pub(super) fn new(most: usize, idle: Duration) -> Self {
        Self {
            kept: Mutex::default(),
            most,
            idle,
        }
    }

    /// The session of this name, which may be a new one. Those that were idle for too long are
    /// forgotten now.
    pub(super) fn of(&self, owner: &Owner, name: &str) -> Arc<tokio::sync::Mutex<Session>> {
        let now = Instant::now();
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|_, kept| now.duration_since(kept.used) < self.idle);
        let key = (owner.clone(), name.to_owned());
        if kept.len() >= self.most && !kept.contains_key(&key) {
            let idlest = kept.iter().min_by_key(|(_, kept)| kept.used);
            let idlest = idlest.map(|(key, _)| key.clone());
            idlest.and_then(|key| kept.remove(&key));
        }
        let found = kept.entry(key).or_insert_with(|| Kept {
            session: Arc::default(),
            used: now,
        });
        found.used = now;
        Arc::clone(&found.session)
    }
}

impl Session {
    /// What came of a step that was the last one here: a call made again is not run again.
    pub(super) fn known(&self, step: &StepId) -> Option<Run> {
        let (last, run) = self.last.as_ref()?;
        (last == step).then(|| run.clone())
    }

    /// Takes down what came of a step. Without a new state, the session is as it was before.
    pub(super) fn remember(&mut self, step: StepId, run: &Run, state: Option<String>) {
        if state.is_some() {
            self.state = state;
        }
        self.last = Some((step, run.clone()));
    }
}
