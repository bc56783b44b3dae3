//! The embedded default: a real Postgres and a real local model as supervised children.
//!
//! Nothing here is needed when `DATABASE_URL` and a provider are configured. The two parts start
//! separately ([`EmbeddedPostgres::start`], [`LocalModel::start`]); each holds a lock on the data
//! directory, restarts its child with back-off, and leaves no child behind when the server is
//! gone, `kill -9` included: a leash (`leash.rs`) ends the child, and a child that still got away
//! is ended by the next start. [`detect`] tells what would be used, for `jan-server doctor`.

mod account;
mod detect;
mod error;
mod leash;
mod lock;
mod model;
mod output;
mod postgres;
mod process;
mod settings;
mod supervisor;

use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

pub use self::detect::{Detection, Finding, Part, PartReport, Verdict, detect};
pub use self::error::RuntimeError;
pub use self::model::LocalModel;
pub use self::postgres::EmbeddedPostgres;
pub use self::settings::{ModelSettings, PostgresSettings, RuntimeSettings};
pub use self::supervisor::ChildState;

/// Makes the data directory if need be and gives its canonical path, which names it for locks and
/// children alike. As root it is left passable, because Postgres then runs as somebody else.
fn claim_data_dir(data_dir: &Path) -> Result<PathBuf, RuntimeError> {
    let mode = if rustix::process::geteuid().is_root() {
        0o755
    } else {
        0o700
    };
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(mode)
        .create(data_dir)
        .map_err(RuntimeError::io("make the directory", data_dir))?;
    data_dir
        .canonicalize()
        .map_err(RuntimeError::io("find", data_dir))
}
