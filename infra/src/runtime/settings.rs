//! What the embedded runtime is told. It reads no environment of its own.

use std::ffi::OsString;
use std::path::PathBuf;

/// Where the embedded parts live and how they run.
#[derive(Debug, Clone)]
pub struct RuntimeSettings {
    /// Holds the database, the wheels, and small files about running children (`JAN_DATA_DIR`).
    pub data_dir: PathBuf,
    /// Where `make setup` put the wheels; `<data_dir>/runtime` unless a test shares one set.
    pub wheels_dir: PathBuf,
    /// The `PATH` in which Postgres, `llama-server` and `python3` are looked for.
    pub search_path: OsString,
    /// The supervised database.
    pub postgres: PostgresSettings,
    /// The supervised model server.
    pub model: ModelSettings,
}

/// How the supervised Postgres is chosen and tuned.
#[derive(Debug, Clone)]
pub struct PostgresSettings {
    /// A directory with `postgres` and `initdb` that is used instead of looking for one.
    pub bin_dir: Option<PathBuf>,
    /// Whether what was committed survives a power cut. Only throw-away clusters say no; a
    /// `kill -9` loses nothing either way.
    pub durable: bool,
    /// Shared memory for pages.
    pub shared_buffers_mb: u32,
    /// Sessions at once, over all pools and tools.
    pub connections_max: u32,
}

/// How the supervised model server is chosen and sized.
#[derive(Debug, Clone)]
pub struct ModelSettings {
    /// A GGUF file that is served instead of the one in the wheel.
    pub model_path: Option<PathBuf>,
    /// A `llama-server` that is used instead of looking for one.
    pub llama_server: Option<PathBuf>,
    /// A Python 3.10 or newer that is used instead of `python3` on the search path.
    pub python: Option<PathBuf>,
    /// The id under which the model answers.
    pub alias: String,
    /// Tokens of context, shared by all requests answered at once.
    pub context_tokens: u32,
    /// Requests answered at once; more of them wait.
    pub parallel: u32,
    /// Compute threads; all cores but one if not said.
    pub threads: Option<usize>,
}

impl RuntimeSettings {
    /// The defaults for a data directory, with programs looked for in `search_path`.
    pub fn new(data_dir: impl Into<PathBuf>, search_path: impl Into<OsString>) -> Self {
        let data_dir = data_dir.into();
        Self {
            wheels_dir: data_dir.join("runtime"),
            data_dir,
            search_path: search_path.into(),
            postgres: PostgresSettings::default(),
            model: ModelSettings::default(),
        }
    }

    /// A cluster for tests: small, fast, and free to lose everything in a power cut.
    #[must_use]
    pub fn throw_away(mut self) -> Self {
        self.postgres.durable = false;
        self.postgres.shared_buffers_mb = 64;
        self
    }
}

impl Default for PostgresSettings {
    fn default() -> Self {
        Self {
            bin_dir: None,
            durable: true,
            shared_buffers_mb: 192,
            connections_max: 100,
        }
    }
}

impl Default for ModelSettings {
    fn default() -> Self {
        Self {
            model_path: None,
            llama_server: None,
            python: None,
            alias: "smollm2-135m".to_owned(),
            context_tokens: 8192,
            parallel: 4,
            threads: None,
        }
    }
}
