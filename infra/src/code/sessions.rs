use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jan_domain::caller::Owner;
use jan_domain::id::StepId;
use jan_domain::ports::{CodeSession, CodeSessionStore, ReadFailure};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::runner::{Run, RunOutcome};

const NOT_KEPT: &str = "what this program changed of its session is not kept";
const OVERTAKEN: &str = "another program of this session ran at the same time, so what this one \
    changed of the session is not kept";

/// What sessions hold, by owner and name. With a store, every process knows them; without, they live
/// as long as this process.
pub(super) struct Sessions {
    kept: Mutex<HashMap<(Owner, String), Kept>>,
    store: Option<Arc<dyn CodeSessionStore>>,
    most: usize,
    idle: Duration,
}

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
    version: i64,
}

/// A session as it is kept elsewhere.
#[derive(Serialize, Deserialize)]
struct Picture {
    state: Option<String>,
    last: Option<(StepId, KeptRun)>,
}

/// What came of the last program. One that left files is run again rather than told again.
#[derive(Serialize, Deserialize)]
struct KeptRun {
    outcome: RunOutcome,
    stdout: String,
    stderr: String,
    output_cut: bool,
    value: Option<String>,
    error: Option<String>,
    warning: Option<String>,
    took: Duration,
    peak_memory_bytes: Option<u64>,
}

impl Sessions {
    pub(super) fn new(
        store: Option<Arc<dyn CodeSessionStore>>,
        most: usize,
        idle: Duration,
    ) -> Self {
        Self {
            kept: Mutex::default(),
            store,
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

    /// Brings a session to where programs in other processes have left it.
    pub(super) async fn refresh(
        &self,
        (owner, name): (&Owner, &str),
        session: &mut Session,
    ) -> Result<(), ReadFailure> {
        let Some(store) = &self.store else {
            return Ok(());
        };
        let found = store.find(owner, name).await?;
        *session = found
            .as_ref()
            .map_or_else(Session::default, Session::of_picture);
        Ok(())
    }

    /// Keeps a session for other processes; answers what its owner should know if that fails.
    pub(super) async fn keep(
        &self,
        (owner, name): (&Owner, &str),
        session: &Session,
    ) -> Option<&'static str> {
        let store = self.store.as_ref()?;
        let kept = CodeSession {
            version: session.version,
            picture: session.picture(),
        };
        match store.keep(owner, name, &kept).await {
            Ok(true) => None,
            Ok(false) => Some(OVERTAKEN),
            Err(failure) => {
                let error = &failure as &dyn std::error::Error;
                tracing::warn!(error, "a session of programs is not kept: {failure}");
                Some(NOT_KEPT)
            }
        }
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
        self.version += 1;
    }

    fn picture(&self) -> Vec<u8> {
        let last = self.last.as_ref();
        let last = last.filter(|(_, run)| run.artifacts.is_empty());
        let picture = Picture {
            state: self.state.clone(),
            last: last.map(|(step, run)| (step.clone(), KeptRun::of(run))),
        };
        serde_json::to_vec(&picture).unwrap_or_default()
    }

    /// A picture of a form that is not known here holds nothing; the next one takes its place.
    fn of_picture(kept: &CodeSession) -> Self {
        let picture: Option<Picture> = serde_json::from_slice(&kept.picture).ok();
        let (state, last) = picture.map_or((None, None), |picture| (picture.state, picture.last));
        Self {
            state,
            last: last.map(|(step, run)| (step, run.into_run())),
            version: kept.version,
        }
    }
}

impl KeptRun {
    fn of(run: &Run) -> Self {
        let run = run.clone();
        Self {
            outcome: run.outcome,
            stdout: run.stdout,
            stderr: run.stderr,
            output_cut: run.output_cut,
            value: run.value,
            error: run.error,
            warning: run.warning,
            took: run.took,
            peak_memory_bytes: run.peak_memory_bytes,
        }
    }

    fn into_run(self) -> Run {
        Run {
            outcome: self.outcome,
            stdout: self.stdout,
            stderr: self.stderr,
            output_cut: self.output_cut,
            value: self.value,
            error: self.error,
            artifacts: Vec::new(),
            warning: self.warning,
            took: self.took,
            peak_memory_bytes: self.peak_memory_bytes,
        }
    }
}
