use std::time::Duration;

use futures::future::BoxFuture;
use jan_domain::caller::Owner;
use jan_domain::id::StepId;
use jan_domain::ports::ToolFailure;
use jan_domain::response::EffectClass;
use serde::{Deserialize, Serialize};

/// Whoever runs programs that nobody has read, without letting them near anything of ours.
///
/// Whatever a program does is a [`Run`]; a failure says that there was none, or that nobody knows.
pub trait CodeRunner: Send + Sync {
    /// Runs a program once. Dropping the future ends it.
    fn run(&self, program: Program) -> BoxFuture<'static, Result<Run, ToolFailure>>;

    /// What programs can expect, in words for a model.
    fn describe(&self) -> &'static str;

    /// The languages it runs, the usual one first.
    fn languages(&self) -> &'static [&'static str];

    /// What may be done after a crash.
    fn effect(&self) -> EffectClass;
}

/// A program to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// On whose behalf. Sessions are kept apart by it.
    pub owner: Owner,
    /// The same for a run that is repeated after a crash.
    pub step: StepId,
    /// One of the runner's.
    pub language: String,
    /// Its text.
    pub code: String,
    /// The session whose variables it sees, and adds to.
    pub session: Option<String>,
    /// Whether what it leaves in its session may be kept beyond this process.
    pub keeps_session: bool,
}

/// What came of a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// How it ended.
    pub outcome: RunOutcome,
    /// What it printed, up to the limit.
    pub stdout: String,
    /// The same of its errors; the traceback of what it did not catch is there.
    pub stderr: String,
    /// Whether it printed more than is kept.
    pub output_cut: bool,
    /// The value of its last expression, as Python writes it.
    pub value: Option<String>,
    /// In one line, why it did not finish.
    pub error: Option<String>,
    /// The files it left.
    pub artifacts: Vec<Artifact>,
    /// What its caller should know besides.
    pub warning: Option<String>,
    /// How long it took, its start included.
    pub took: Duration,
    /// The most memory its process held.
    pub peak_memory_bytes: Option<u64>,
}

/// How a program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunOutcome {
    /// It came to its end.
    Finished,
    /// It is no program, or raised what it did not catch.
    Raised,
    /// It took longer than it may.
    TimedOut,
    /// It wanted more memory than it may have.
    OutOfMemory,
    /// Its process died otherwise.
    Killed,
}

impl RunOutcome {
    /// Its name in results.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Finished => "finished",
            Self::Raised => "raised",
            Self::TimedOut => "timed_out",
            Self::OutOfMemory => "out_of_memory",
            Self::Killed => "killed",
        }
    }
}

/// A file that a program left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Artifact {
    /// Its path in the program's directory: relative, and nothing but names and slashes.
    pub name: String,
    /// Its media type, from the name.
    pub media_type: &'static str,
    /// Its size, also when its bytes are not here.
    pub size: u64,
    /// Its bytes, as long as all of them together stay within the limit.
    pub bytes: Option<Vec<u8>>,
}
