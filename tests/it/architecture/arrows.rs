//! Which crate may know which. Arrows point downward only, and Cargo's own account of the
//! workspace is the witness.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde::Deserialize;

use super::assert_none;
use super::source::repository;

struct Room {
    name: &'static str,
    may_import: &'static [&'static str],
    never: &'static [&'static str],
}

const ROOMS: [Room; 6] = [
    Room {
        name: "jan-domain",
        may_import: &[],
        never: &[
            "sqlx",
            "postgres-es",
            "axum",
            "hyper",
            "tower",
            "http",
            "reqwest",
            "aws",
            "rand",
            "uuid",
            "tokio",
        ],
    },
    Room {
        name: "jan-commands",
        may_import: &["jan-domain"],
        never: &["axum", "hyper", "tower", "http", "reqwest", "aws"],
    },
    Room {
        name: "jan-projections",
        may_import: &["jan-domain"],
        never: &["axum", "hyper", "tower", "http", "reqwest", "aws"],
    },
    Room {
        name: "jan-infra",
        may_import: &["jan-domain"],
        never: &["axum", "cqrs-es", "postgres-es"],
    },
    Room {
        name: "jan-api",
        may_import: &["jan-domain", "jan-commands", "jan-projections", "jan-infra"],
        never: &["sqlx", "postgres-es", "reqwest", "aws"],
    },
    Room {
        name: "jan-tests",
        may_import: &[
            "jan-domain",
            "jan-commands",
            "jan-projections",
            "jan-infra",
            "jan-api",
        ],
        never: &[],
    },
];

#[derive(Deserialize)]
struct Workspace {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    name: String,
}

/// What each of our crates depends on, for any purpose.
fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let told = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--format-version", "1"])
        .current_dir(repository())
        .output()
        .unwrap();
    assert!(
        told.status.success(),
        "{}",
        String::from_utf8_lossy(&told.stderr)
    );
    let workspace: Workspace = serde_json::from_slice(&told.stdout).unwrap();
    workspace
        .packages
        .into_iter()
        .map(|package| {
            let names = package.dependencies.into_iter().map(|needed| needed.name);
            (package.name, names.collect())
        })
        .collect()
}

/// Whether `name` is `family` or one of its crates: `aws` stands for `aws-sdk-s3` too.
fn belongs(name: &str, family: &str) -> bool {
    name.strip_prefix(family)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
}

#[test]
fn every_crate_is_a_room_and_every_room_a_crate() {
    let crates: BTreeSet<_> = dependencies().into_keys().collect();
    let rooms: BTreeSet<_> = ROOMS.iter().map(|room| room.name.to_owned()).collect();
    assert_eq!(crates, rooms);
}

#[test]
fn a_room_imports_only_the_rooms_below_it() {
    let dependencies = dependencies();
    let violations: Vec<_> = ROOMS
        .iter()
        .flat_map(|room| dependencies[room.name].iter().map(move |name| (room, name)))
        .filter(|(room, name)| {
            name.starts_with("jan-") && !room.may_import.contains(&name.as_str())
        })
        .map(|(room, name)| format!("{} imports {name}", room.name))
        .collect();
    assert_none(&violations);
}

#[test]
fn a_room_never_imports_what_would_tie_it_down() {
    let dependencies = dependencies();
    let violations: Vec<_> = ROOMS
        .iter()
        .flat_map(|room| dependencies[room.name].iter().map(move |name| (room, name)))
        .filter(|(room, name)| room.never.iter().any(|family| belongs(name, family)))
        .map(|(room, name)| format!("{} imports {name}", room.name))
        .collect();
    assert_none(&violations);
}

#[test]
fn only_infra_and_the_tests_speak_http_as_a_client() {
    let clients: Vec<_> = dependencies()
        .into_iter()
        .filter(|(_, needed)| needed.contains("reqwest"))
        .map(|(name, _)| name)
        .collect();
    assert_eq!(clients, ["jan-infra", "jan-tests"]);
}
