//! What of the embedded runtime is here, what is missing, what would be used, and why.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::account::Account;
use super::model::locate;
use super::postgres::binaries;
use super::postgres::cluster::major_of;
use super::postgres::placement::{Placement, existing_cluster};
use super::{RuntimeError, RuntimeSettings};

/// The pins that `make setup` installs.
const PINS: &str = include_str!("../../runtime/requirements.txt");

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
        wheels(settings),
        postgres(settings, &cluster).await,
        database(&data_dir, account),
        python_report(python.as_ref()),
        model_server(settings, python.as_ref()),
        model(settings),
    ];
    Detection { parts }
}

fn wheels(settings: &RuntimeSettings) -> PartReport {
    let pins = PINS
        .lines()
        .filter_map(|line| line.trim_end_matches(" \\").split_once("=="));
    let found = pins.map(|(name, pinned)| {
        let stem = name.replace('-', "_");
        match installed_version(&settings.wheels_dir, &stem) {
            Some(version) if version == pinned => {
                let path = settings.wheels_dir.join(&stem);
                Finding::new(
                    Verdict::Chosen,
                    &path,
                    Some(&version),
                    format!("{name}, as pinned"),
                )
            }
            Some(version) => {
                let path = settings.wheels_dir.join(&stem);
                let why = format!("{name} is pinned to {pinned}: run `make setup`");
                Finding::new(Verdict::PassedOver, &path, Some(&version), why)
            }
            None => {
                let why = format!("{name} {pinned} is not installed: run `make setup`");
                Finding::new(Verdict::Unusable, &settings.wheels_dir, None, why)
            }
        }
    });
    PartReport::new(Part::Wheels, found.collect(), "run `make setup`")
}

/// Read from the name of the directory that pip leaves beside a package.
fn installed_version(wheels_dir: &Path, stem: &str) -> Option<String> {
    wheels_dir.read_dir().ok()?.flatten().find_map(|entry| {
        let name = entry.file_name();
        let version = name.to_str()?.strip_prefix(stem)?.strip_prefix('-')?;
        version.strip_suffix(".dist-info").map(str::to_owned)
    })
}

async fn postgres(settings: &RuntimeSettings, cluster: &Path) -> PartReport {
    let needed = major_of(cluster);
    let mut chosen = false;
    let mut found = Vec::new();
    for candidate in binaries::find_all(settings).await {
        let usable = match candidate.binaries {
            Ok(usable) => usable,
            Err(why) => {
                found.push(Finding::new(
                    Verdict::Unusable,
                    &candidate.bin_dir,
                    None,
                    why,
                ));
                continue;
            }
        };
        let fits = needed.is_none_or(|needed| needed == usable.major);
        let (verdict, why) = match (fits, chosen, needed) {
            (false, _, Some(needed)) => (
                Verdict::Unusable,
                format!("the database was made by Postgres {needed}"),
            ),
            (_, true, _) => (
                Verdict::PassedOver,
                "an earlier one is preferred".to_owned(),
            ),
            (_, _, Some(needed)) => (
                Verdict::Chosen,
                format!("the database is Postgres {needed}"),
            ),
            _ if usable.from_wheel => (Verdict::Chosen, "from `make setup`".to_owned()),
            _ => (Verdict::Chosen, "the first one found".to_owned()),
        };
        chosen |= verdict == Verdict::Chosen;
        let version = Some(usable.version.as_str());
        found.push(Finding::new(verdict, &usable.bin_dir, version, why));
    }
    let advice = "run `make setup`, install Postgres 15 or newer, or set DATABASE_URL";
    PartReport::new(Part::Postgres, found, advice)
}

fn database(data_dir: &Path, account: Result<Option<Account>, RuntimeError>) -> PartReport {
    let placed = account.and_then(|account| {
        let placement = Placement::of(data_dir, account.as_ref())?;
        Ok((placement, account))
    });
    let finding = match placed {
        Ok((placement, account)) => placed_database(&placement, account.as_ref()),
        Err(error) => Finding::new(Verdict::Unusable, data_dir, None, error.to_string()),
    };
    PartReport::new(Part::Database, vec![finding], "do as the line above says")
}

fn placed_database(placement: &Placement, account: Option<&Account>) -> Finding {
    let major = major_of(&placement.cluster).map(|major| major.to_string());
    let state = if major.is_some() {
        "exists"
    } else {
        "will be made"
    };
    let user = account.map_or_else(
        || "runs as the current user".to_owned(),
        |account| format!("runs as {}, because we are root", account.name),
    );
    let moved = placement
        .moved
        .as_ref()
        .map(|why| format!("; not in the data directory: {why}"));
    let sockets = placement.sockets.display();
    let why = format!(
        "{state}; {user}; socket in {sockets}{}",
        moved.unwrap_or_default()
    );
    Finding::new(Verdict::Chosen, &placement.cluster, major.as_deref(), why)
}

fn python_report(python: Option<&locate::Python>) -> PartReport {
    let found = python.map(|python| {
        let (verdict, why) = if python.fits {
            (Verdict::Chosen, "runs the wheel xllamacpp")
        } else {
            (Verdict::Unusable, "the wheel xllamacpp needs 3.10 or newer")
        };
        Finding::new(verdict, &python.program, Some(&python.version), why)
    });
    let advice = "install Python 3.10 or newer with pip (Debian: python3 python3-pip)";
    PartReport::new(Part::Python, found.into_iter().collect(), advice)
}

fn model_server(settings: &RuntimeSettings, python: Option<&locate::Python>) -> PartReport {
    let mut found = Vec::new();
    if let Some(program) = locate::find_llama_server(settings) {
        found.push(Finding::new(
            Verdict::Chosen,
            &program,
            None,
            "llama-server goes first",
        ));
    }
    if locate::has_wheel(settings) {
        let (verdict, why) = match (python.is_some_and(|python| python.fits), found.is_empty()) {
            (false, _) => (Verdict::Unusable, "needs Python 3.10 or newer"),
            (true, true) => (Verdict::Chosen, "from `make setup`"),
            (true, false) => (Verdict::PassedOver, "llama-server goes first"),
        };
        let version = installed_version(&settings.wheels_dir, "xllamacpp");
        let path = settings.wheels_dir.join("xllamacpp");
        found.push(Finding::new(verdict, &path, version.as_deref(), why));
    }
    let advice = "run `make setup`, install llama.cpp, or set JAN_DEFAULT_NODE_URL";
    PartReport::new(Part::ModelServer, found, advice)
}

fn model(settings: &RuntimeSettings) -> PartReport {
    let why = match settings.model.model_path {
        Some(_) => "named in the settings",
        None => "from `make setup`",
    };
    let found = match locate::choose_model(settings) {
        Ok(path) => vec![Finding::new(Verdict::Chosen, &path, None, why)],
        Err(_) => Vec::new(),
    };
    let advice = "run `make setup`, name a GGUF file, or set JAN_DEFAULT_NODE_URL";
    PartReport::new(Part::Model, found, advice)
}

impl fmt::Display for Detection {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for report in &self.parts {
            write!(out, "{report}")?;
        }
        Ok(())
    }
}

impl fmt::Display for PartReport {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "{}", self.part)?;
        for finding in &self.found {
            writeln!(out, "  {finding}")?;
        }
        match &self.advice {
            Some(advice) => writeln!(out, "  missing  {advice}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = match self.verdict {
            Verdict::Chosen => "chosen ",
            Verdict::PassedOver => "found  ",
            Verdict::Unusable => "no good",
        };
        write!(out, "{verdict}  {}", self.path.display())?;
        if let Some(version) = &self.version {
            write!(out, "  {version}")?;
        }
        write!(out, "  ({})", self.why)
    }
}

impl fmt::Display for Part {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Wheels => "packages of make setup",
            Self::Postgres => "Postgres",
            Self::Database => "database",
            Self::Python => "Python",
            Self::ModelServer => "model server",
            Self::Model => "model",
        })
    }
}
