use std::fmt;
use std::path::PathBuf;

use super::setting::Source;

/// Why the server does not start with this configuration. Each says where to look and what to
/// write, and none repeats a value, which could be a secret in the wrong place.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file is named but cannot be read.
    #[error("cannot read {}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// The file is not TOML.
    #[error("{} line {line}: {message}", path.display())]
    NotToml {
        /// The file.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
        /// What the parser says, which names characters but quotes no line.
        message: String,
    },
    /// There is no such setting.
    #[error("{place}: there is no setting '{name}'{nearest}")]
    Unknown {
        /// The file, or the command line.
        place: Source,
        /// What was written.
        name: String,
        /// What was probably meant.
        nearest: Nearest,
    },
    /// A value of the wrong kind.
    #[error("'{name}' ({place}) must be {expected}")]
    Wrong {
        /// The setting.
        name: String,
        /// Who said it.
        place: Source,
        /// What would have been right.
        expected: &'static str,
    },
    /// A setting without a default.
    #[error("'{name}' is missing in {place}")]
    Missing {
        /// The setting.
        name: String,
        /// Where it should be.
        place: Source,
    },
    /// `api_key_env` names a variable that is not set.
    #[error("'{name}' ({place}) names the environment variable {variable}, which is not set")]
    UnsetVariable {
        /// The setting.
        name: String,
        /// Who said it.
        place: Source,
        /// The variable.
        variable: String,
    },
}

/// The setting whose name is closest to what was written, if any is close.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nearest(pub(super) Option<String>);

impl fmt::Display for Nearest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(name) => write!(f, "; did you mean '{name}'?"),
            None => f.write_str("; `jan-server config` lists all of them"),
        }
    }
}
