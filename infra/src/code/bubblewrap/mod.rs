//! The whole of CPython, behind namespaces: no network, no files but a read-only system and two small
//! directories that vanish, no other processes. Opt-in, because the kernel itself is all that stands
//! between a program and this machine, and offered only once it has proved to hold.
//!
//! Our own worker gives its place to `bwrap` (`launch`), which gives it to a driver in Python, which
//! runs the program and speaks to us as a worker does.

#[cfg(target_os = "linux")]
mod launch;
mod prove;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures::future::BoxFuture;
use jan_domain::ports::ToolFailure;
use jan_domain::response::EffectClass;
use tokio::sync::Semaphore;

#[cfg(target_os = "linux")]
pub(super) use self::launch::launch;
pub(super) use self::prove::PROOF;
use super::artifact::{is_clean, media_type};
use super::dialogue::converse;
use super::process::{Worker, own_program};
use super::runner::{Artifact, CodeRunner, Program, Run};
use super::settings::{CodeLimits, CodeSettings};
use super::wire::{BoxedJob, File};

/// The kind of worker.
pub(super) const KIND: &str = "bubblewrap";
/// How long a program waits for its turn.
const TURN_MAX: Duration = Duration::from_secs(15);

/// Runs programs by CPython in bubblewrap.
#[derive(Clone)]
pub(super) struct Bubblewrap {
    parts: Arc<Parts>,
}

struct Parts {
    program: PathBuf,
    bubblewrap: PathBuf,
    python: PathBuf,
    limits: CodeLimits,
    places: Semaphore,
}

impl Bubblewrap {
    pub(super) fn new(settings: &CodeSettings) -> io::Result<Self> {
        let program = settings.program.clone();
        let parts = Parts {
            program: program.map_or_else(own_program, Ok)?,
            bubblewrap: settings.bubblewrap.clone(),
            python: settings.python.clone(),
            limits: settings.limits.clone(),
            places: Semaphore::new(settings.runs_max),
        };
        Ok(Self {
            parts: Arc::new(parts),
        })
    }
}

impl CodeRunner for Bubblewrap {
    fn run(&self, program: Program) -> BoxFuture<'static, Result<Run, ToolFailure>> {
        let parts = Arc::clone(&self.parts);
        Box::pin(async move { parts.run(program).await })
    }

    fn describe(&self) -> &'static str {
        "Runs Python 3 with its standard library, in a sandbox without network. What is printed, the \
         value of the last expression and the files written to the current directory are given back. \
         Every program starts anew."
    }

    fn languages(&self) -> &'static [&'static str] {
        &["python"]
    }

    /// Everything that a program could change is gone after it.
    fn effect(&self) -> EffectClass {
        EffectClass::Idempotent
    }
}

impl Parts {
    async fn run(&self, program: Program) -> Result<Run, ToolFailure> {
        let turn = tokio::time::timeout(TURN_MAX, self.places.acquire()).await;
        let Ok(Ok(_turn)) = turn else {
            let words = "too many programs run at once; try again later";
            return Err(ToolFailure::Refused(words.to_owned()));
        };
        let worker = Worker::start(&self.program, KIND).map_err(|error| {
            tracing::error!(error = %error, "a code worker cannot be started");
            ToolFailure::Unreachable
        })?;
        let job = BoxedJob {
            code: program.code,
            bounds: (&self.limits).into(),
            python: self.python.clone(),
            bubblewrap: self.bubblewrap.clone(),
        };
        let heard = converse(worker, &job, &self.limits, 0).await?;
        let files = heard.files.into_iter().take(self.limits.artifacts);
        let artifacts = files.filter_map(artifact).collect();
        let forgotten = program
            .session
            .map(|_| "sessions are not kept here".to_owned());
        Ok(Run {
            artifacts,
            warning: heard.run.warning.clone().or(forgotten),
            ..heard.run
        })
    }
}

/// A file as a stranger names it.
fn artifact(file: File) -> Option<Artifact> {
    if !is_clean(&file.name) {
        return None;
    }
    let bytes = file.bytes.map(|text| STANDARD.decode(text)).transpose();
    Some(Artifact {
        media_type: media_type(&file.name),
        size: file.size,
        bytes: bytes.ok()?,
        name: file.name,
    })
}
