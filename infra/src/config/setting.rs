use std::fmt;
use std::path::{Path, PathBuf};

use serde::{Serialize, Serializer};

use super::value::Value;

/// One row of a section's table: everything there is to know about a setting.
pub(crate) struct Setting<S> {
    /// Its place in `jan.toml`, with dots.
    pub(crate) name: &'static str,
    /// Its environment variables; the first is ours, the others are names Jan Server's own
    /// services gave to the same thing. The first that is set wins.
    pub(crate) env: &'static [&'static str],
    /// What `jan-server config` prints.
    pub(crate) doc: &'static str,
    /// Where its value lives. The default is whatever stands there before anything is read.
    pub(crate) slot: fn(&mut S) -> &mut dyn Value,
}

/// One setting as it came out, for `jan-server config`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SettingLine {
    /// Its place in `jan.toml`, with dots.
    pub name: String,
    /// Its environment variables, ours first.
    pub env: &'static [&'static str],
    /// The value in force; empty when there is none. Secrets are masked.
    pub value: String,
    /// The value if nobody says anything.
    pub default: String,
    /// Who said it.
    pub source: Source,
    /// What it is for.
    pub doc: &'static str,
}

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// Nobody said anything.
    Default,
    /// The configuration file.
    File(PathBuf),
    /// An environment variable.
    Environment(String),
    /// The command line.
    Flag,
}

impl Source {
    pub(crate) fn file(path: &Path) -> Self {
        Self::File(path.to_owned())
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Environment(variable) => write!(f, "${variable}"),
            Self::Flag => f.write_str("command line"),
        }
    }
}

impl Serialize for Source {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
