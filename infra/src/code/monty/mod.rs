//! The usual runner: monty, a Python that has no way to files, environment, network or other
//! processes, in worker processes, since an interpreter that fails takes its process with it.
//!
//! A worker is this program under another name (`jan-server code-worker`). It runs one program and
//! ends; some stand ready, so that nobody waits for a start. What a session holds is not kept in a
//! process but as monty's own picture of it, in the database or the server's memory, so a session costs
//! nothing while it is idle and survives the death of any worker.

mod interpret;
mod mouth;
mod worker;

use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::future::BoxFuture;
use jan_domain::ports::{CodeSessionStore, ToolFailure};
use jan_domain::response::EffectClass;
use tokio::sync::Semaphore;

pub(super) use self::worker::work;
use super::dialogue::converse;
use super::process::{Worker, own_program};
use super::runner::{CodeRunner, Program, Run};
use super::sessions::Sessions;
use super::settings::{CodeLimits, CodeSettings};
use super::wire::{Bounds, Job};

/// The kind of worker.
pub(super) const KIND: &str = "monty";
/// How long a program waits for its turn.
const TURN_MAX: Duration = Duration::from_secs(15);

/// Runs programs by monty.
#[derive(Clone)]
pub(super) struct Monty {
    parts: Arc<Parts>,
}

struct Parts {
    program: PathBuf,
    limits: CodeLimits,
    places: Semaphore,
    ready: Mutex<Vec<Worker>>,
    ready_max: usize,
    sessions: Sessions,
    /// Those of runs of which nothing may be kept: they are no others' and end with this process.
    passing_sessions: Sessions,
    session_bytes_max: usize,
}

impl Monty {
    /// Starts the workers that stand ready. To be called within a runtime.
    pub(super) fn start(
        settings: &CodeSettings,
        store: Option<Arc<dyn CodeSessionStore>>,
    ) -> io::Result<Self> {
        let program = settings.program.clone();
        let parts = Parts {
            program: program.map_or_else(own_program, Ok)?,
            limits: settings.limits.clone(),
            places: Semaphore::new(settings.runs_max),
            ready: Mutex::default(),
            ready_max: settings.workers,
            sessions: Sessions::new(store, settings.sessions_max, settings.session_idle),
            passing_sessions: Sessions::new(None, settings.sessions_max, settings.session_idle),
            session_bytes_max: settings.session_bytes_max,
        };
        parts.make_ready()?;
        Ok(Self {
            parts: Arc::new(parts),
        })
    }
}

impl CodeRunner for Monty {
    fn run(&self, program: Program) -> BoxFuture<'static, Result<Run, ToolFailure>> {
        let parts = Arc::clone(&self.parts);
        Box::pin(async move { parts.run(program).await })
    }

    fn describe(&self) -> &'static str {
        "Runs Python 3 in a sandbox without files, network and packages. There are functions, \
         classes, comprehensions, f-strings, async, and of the standard library math, json, re, \
         datetime, collections, itertools, functools, dataclasses, base64, unicodedata and typing; \
         there are no generators (yield), match statements, eval or random. What is printed and the \
         value of the last expression are given back."
    }

    fn languages(&self) -> &'static [&'static str] {
        &["python"]
    }

    /// A program changes nothing but its session, and the session remembers its last step.
    fn effect(&self) -> EffectClass {
        EffectClass::Idempotent
    }
}

impl Parts {
    async fn run(&self, program: Program) -> Result<Run, ToolFailure> {
        let Some(name) = &program.session else {
            let job = self.job(program.code, None, None);
            return Ok(self.work(&job).await?.0);
        };
        // Programs of one session run one after the other.
        let sessions = if program.keeps_session {
            &self.sessions
        } else {
            &self.passing_sessions
        };
        let session = sessions.of(&program.owner, name);
        let mut session = session.lock().await;
        let place = (&program.owner, name.as_str());
        let refreshed = sessions.refresh(place, &mut session).await;
        refreshed.map_err(|failure| {
            let error = &failure as &dyn std::error::Error;
            tracing::warn!(error, "a session of programs cannot be read: {failure}");
            ToolFailure::Unreachable
        })?;
        if let Some(known) = session.known(&program.step) {
            return Ok(known);
        }
        let keep = Some(self.session_bytes_max);
        let job = self.job(program.code.clone(), session.state.clone(), keep);
        let (mut run, state) = self.work(&job).await?;
        session.remember(program.step, &run, state);
        if let Some(warning) = sessions.keep(place, &session).await {
            let warnings = run.warning.take().into_iter();
            let warnings: Vec<_> = warnings.chain([warning.to_owned()]).collect();
            run.warning = Some(warnings.join("; "));
        }
        Ok(run)
    }

    fn job(&self, code: String, session: Option<String>, keep: Option<usize>) -> Job {
        Job {
            code,
            session,
            keep_session_bytes: keep,
            bounds: Bounds::from(&self.limits),
        }
    }

    async fn work(&self, job: &Job) -> Result<(Run, Option<String>), ToolFailure> {
        let turn = tokio::time::timeout(TURN_MAX, self.places.acquire()).await;
        let Ok(Ok(_turn)) = turn else {
            let words = "too many programs run at once; try again later";
            return Err(ToolFailure::Refused(words.to_owned()));
        };
        let worker = self.take_worker().map_err(|error| {
            tracing::error!(error = %error, "a code worker cannot be started");
            ToolFailure::Unreachable
        })?;
        let heard = converse(worker, job, &self.limits, self.session_bytes_max).await?;
        Ok((heard.run, heard.session))
    }

    /// A worker that has heard nothing yet, and others in its place.
    fn take_worker(&self) -> io::Result<Worker> {
        let waiting = {
            let mut ready = self.ready.lock().unwrap_or_else(PoisonError::into_inner);
            ready.retain_mut(Worker::is_alive);
            ready.pop()
        };
        let worker = waiting.map_or_else(|| Worker::start(&self.program, KIND), Ok)?;
        if let Err(error) = self.make_ready() {
            tracing::warn!(error = %error, "no code worker stands ready");
        }
        Ok(worker)
    }

    fn make_ready(&self) -> io::Result<()> {
        let mut ready = self.ready.lock().unwrap_or_else(PoisonError::into_inner);
        while ready.len() < self.ready_max {
            ready.push(Worker::start(&self.program, KIND)?);
        }
        Ok(())
    }
}
