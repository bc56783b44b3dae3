//! What of the embedded runtime is here, what is missing, what would be used, and why.

mod part;
mod text;

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::RuntimeSettings;
use super::account::Account;
use super::model::locate;
use super::postgres::placement::existing_cluster;

/// The answer of [`detect`], for `jan-server doctor` as text or JSON.
#[derive(Debug, Clone, Serialize)]
pub struct Detection {
    /// One report per part, in the order in which they are needed.
    pub parts: Vec<PartReport>,
}

/// What was found for one part.
#[derive(Debug, Clone, Serialize)]
pub struct PartReport {
    /// Which part.
    pub part: Part,
    /// Everything that was found, the preferred one first.
    pub found: Vec<Finding>,
    /// What to do, if nothing here can be used.
    pub advice: Option<String>,
}

/// A part of the embedded runtime.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// The packages that `make setup` installs.
    Wheels,
    /// The database programs.
    Postgres,
    /// Where the database lives, and as whom it runs.
    Database,
    /// The interpreter for the wheel's model server.
    Python,
    /// What serves the model.
    ModelServer,
    /// The GGUF file.
    Model,
}

/// One thing that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What became of it.
    pub verdict: Verdict,
    /// Where it is.
    pub path: PathBuf,
    /// Its version, where it has one.
    pub version: Option<String>,
    /// Why it was chosen or not.
    pub why: String,
}

/// What became of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It would be used.
    Chosen,
    /// It could be used, but something else goes first.
    PassedOver,
    /// It cannot be used.
    Unusable,
}

impl Detection {
    /// Whether both the database and the model could be started.
    pub fn is_complete(&self) -> bool {
        let needed = |report: &&PartReport| {
            matches!(
                report.part,
                Part::Postgres | Part::Database | Part::ModelServer | Part::Model
            )
        };
        self.parts
            .iter()
            .filter(needed)
            .all(|report| report.chosen().is_some())
    }
}

impl PartReport {
    /// What would be used.
    pub fn chosen(&self) -> Option<&Finding> {
        self.found
            .iter()
            .find(|finding| finding.verdict == Verdict::Chosen)
    }

    fn new(part: Part, found: Vec<Finding>, advice: &str) -> Self {
        let missing = !found
            .iter()
            .any(|finding| finding.verdict == Verdict::Chosen);
        Self {
            part,
            found,
            advice: missing.then(|| advice.to_owned()),
        }
    }
}

impl Finding {
    fn new(verdict: Verdict, path: &Path, version: Option<&str>, why: impl Into<String>) -> Self {
        let (path, version) = (path.to_owned(), version.map(str::to_owned));
        Self {
            verdict,
            path,
            version,
            why: why.into(),
        }
    }
}

/// Looks for every part. Starts nothing and changes nothing.
pub async fn detect(settings: &RuntimeSettings) -> Detection {
    let data_dir = std::path::absolute(&settings.data_dir).unwrap_or(settings.data_dir.clone());
    let cluster = existing_cluster(&data_dir);
    let account = Account::for_cluster(&cluster).await;
    let python = locate::find_python(settings).await;
    let parts = vec![
        part::wheels(settings),
        part::postgres(settings, &cluster).await,
        part::database(&data_dir, account),
        part::python(python.as_ref()),
        part::model_server(settings, python.as_ref()),
        part::model(settings),
    ];
    Detection { parts }
}
