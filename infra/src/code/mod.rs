//! Running programs that models write. [`CodeRunner`] is what the tool `python_exec` is made of, and
//! has three adapters: an interpreter without any way out, in worker processes (`monty`), a whole
//! CPython behind namespaces (`bubblewrap`), and somebody else's sandbox (`sandbox_fusion`).
//!
//! Every local run has a process of its own that ends with it: what went wrong in there, or was
//! broken out of, is gone with it. Such a process starts without environment, files and way to
//! others, confines itself before the program begins (`confine`), and is killed from outside when it
//! has not ended by itself (`dialogue`). What it says is bounded and read as a stranger's word.
//!
//! Start reading at `runner`; `tool` is what is offered to models.

mod artifact;
mod bubblewrap;
mod confine;
mod dialogue;
mod host;
mod monty;
mod process;
mod runner;
mod sandbox_fusion;
mod select;
mod sessions;
mod settings;
mod shown;
#[cfg(target_os = "linux")]
mod syscalls;
mod tool;
mod wire;
mod worker;

pub use self::host::WithCode;
pub use self::runner::{Artifact, CodeRunner, Program, Run, RunOutcome};
pub use self::select::{CodeSetupError, select_runner, try_runner};
pub use self::settings::{Approval, CodeLimits, CodeSettings, RunnerKind};
pub use self::tool::PythonExec;
pub use self::worker::code_worker;
