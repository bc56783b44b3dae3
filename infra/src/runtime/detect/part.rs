//! Looking for one part at a time.

use std::path::Path;

use super::{Finding, Part, PartReport, Verdict};
use crate::runtime::account::Account;
use crate::runtime::model::locate;
use crate::runtime::postgres::binaries;
use crate::runtime::postgres::cluster::major_of;
use crate::runtime::postgres::placement::Placement;
use crate::runtime::{RuntimeError, RuntimeSettings};

/// The pins that `make setup` installs.
const PINS: &str = include_str!("../../../runtime/requirements.txt");

pub(super) fn wheels(settings: &RuntimeSettings) -> PartReport {
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

pub(super) async fn postgres(settings: &RuntimeSettings, cluster: &Path) -> PartReport {
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

pub(super) fn database(
    data_dir: &Path,
    account: Result<Option<Account>, RuntimeError>,
) -> PartReport {
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

pub(super) fn python(python: Option<&locate::Python>) -> PartReport {
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

pub(super) fn model_server(
    settings: &RuntimeSettings,
    python: Option<&locate::Python>,
) -> PartReport {
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

pub(super) fn model(settings: &RuntimeSettings) -> PartReport {
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
