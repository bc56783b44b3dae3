//! Making the cluster, all or nothing.

use std::path::Path;

use tokio::process::Command;

use super::binaries::Binaries;
use super::directory::{make_private, must_belong_to};
use crate::runtime::RuntimeError;
use crate::runtime::account::Account;

/// The superuser of the embedded cluster. Who can open its socket directory needs no password.
pub(crate) const SUPERUSER: &str = "jan";

/// The major version that made the cluster, if there is one.
pub(crate) fn major_of(cluster: &Path) -> Option<u32> {
    std::fs::read_to_string(cluster.join("PG_VERSION"))
        .ok()?
        .trim()
        .parse()
        .ok()
}

/// Makes the cluster unless it is there. It is made beside its place and moved there when it is
/// whole, so a crash in between leaves nothing half made.
pub(crate) async fn ensure(
    cluster: &Path,
    binaries: &Binaries,
    account: Option<&Account>,
    durable: bool,
) -> Result<(), RuntimeError> {
    if major_of(cluster).is_some() {
        return must_belong_to(cluster, account);
    }
    let draft = cluster.with_extension("new");
    if draft.exists() {
        std::fs::remove_dir_all(&draft).map_err(RuntimeError::io("remove", &draft))?;
    }
    make_private(&draft, account)?;
    tracing::info!(
        "making a new database in {} (Postgres {})",
        cluster.display(),
        binaries.version
    );
    initdb(&draft, binaries, account, durable).await?;
    std::fs::rename(&draft, cluster).map_err(RuntimeError::io("move into place", cluster))
}

async fn initdb(
    draft: &Path,
    binaries: &Binaries,
    account: Option<&Account>,
    durable: bool,
) -> Result<(), RuntimeError> {
    let program = binaries.bin_dir.join("initdb");
    let mut command = Command::new(&program);
    command
        .arg("--pgdata")
        .arg(draft)
        .args([
            "--username",
            SUPERUSER,
            "--encoding",
            "UTF8",
            "--locale",
            "C",
        ])
        .args(["--auth-local", "trust", "--auth-host", "reject"])
        .env_clear()
        .env("LC_ALL", "C")
        .current_dir("/");
    // Sorts by bytes, like C, and still knows the letters of all languages.
    if binaries.major >= 17 {
        command.args([
            "--locale-provider",
            "builtin",
            "--builtin-locale",
            "C.UTF-8",
        ]);
    }
    if !durable {
        command.arg("--no-sync");
    }
    if let Some(account) = account {
        account.apply(&mut command);
    }
    let output = command
        .output()
        .await
        .map_err(RuntimeError::io("run", &program))?;
    if output.status.success() {
        return Ok(());
    }
    let said = [output.stdout, output.stderr].concat();
    let output = String::from_utf8_lossy(&said).trim().to_owned();
    Err(RuntimeError::Initdb {
        cluster: draft.to_owned(),
        output,
    })
}
