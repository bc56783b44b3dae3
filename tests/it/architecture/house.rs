//! What lies on the ground floor, and what no file may be called.

use std::collections::BTreeSet;
use std::fs;

use super::assert_none;
use super::source::{ROOMS, entries, repository};

/// Everything at the top of the repository besides hidden files and Cargo's own output.
const GROUND_FLOOR: &[&str] = &[
    "Cargo.lock",
    "Cargo.toml",
    "Makefile",
    "README.md",
    "api",
    "clippy.toml",
    "commands",
    "deny.toml",
    "domain",
    "infra",
    "migrations",
    "projections",
    "rustfmt.toml",
    "tests",
];

/// Names of drawers: what lies in them has no home because its noun is missing.
const DRAWERS: &[&str] = &[
    "utils", "common", "helpers", "misc", "shared", "types", "manager", "base", "core",
];

#[test]
fn the_ground_floor_holds_the_rooms_and_nothing_else() {
    let found: BTreeSet<_> = fs::read_dir(repository())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .filter(|name| !name.starts_with('.') && name != "target")
        .collect();
    let planned: BTreeSet<_> = GROUND_FLOOR.iter().map(|&name| name.to_owned()).collect();
    assert_eq!(found, planned);
}

#[test]
fn no_file_or_folder_is_a_drawer() {
    let violations: Vec<_> = ROOMS
        .iter()
        .flat_map(|room| entries(room))
        .filter(|path| {
            let name = path.rsplit('/').next().unwrap_or_default();
            let stem = name.split('.').next().unwrap_or_default();
            DRAWERS.contains(&stem)
        })
        .collect();
    assert_none(&violations);
}
