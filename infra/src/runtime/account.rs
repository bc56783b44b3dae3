//! The user that Postgres runs as when the server itself is root.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use std::os::unix::fs::MetadataExt as _;
use tokio::process::Command;

use super::RuntimeError;

/// An unprivileged user. Children that run as it lose all other groups.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Account {
    /// Its name, or its number if it has none.
    pub(crate) name: String,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
}

impl Account {
    /// Nobody to change to unless we are root. Then the owner of an existing cluster goes first,
    /// because only the owner can open it.
    pub(crate) async fn for_cluster(cluster: &Path) -> Result<Option<Self>, RuntimeError> {
        if !rustix::process::geteuid().is_root() {
            return Ok(None);
        }
        if let Ok(found) = cluster.metadata()
            && found.uid() != 0
        {
            let (uid, gid) = (found.uid(), found.gid());
            let name = id("-un", &uid.to_string()).await;
            let name = name.unwrap_or_else(|| format!("user {uid}"));
            return Ok(Some(Self { name, uid, gid }));
        }
        for name in ["postgres", "_postgres", "nobody"] {
            if let Some(account) = Self::named(name).await {
                return Ok(Some(account));
            }
        }
        Err(RuntimeError::NoUnprivilegedUser)
    }

    /// Makes the command run as this user.
    pub(crate) fn apply(&self, command: &mut Command) {
        command.uid(self.uid).gid(self.gid);
    }

    /// The nearest directory on the way to `path` that this user may not pass through.
    pub(crate) fn blocked_at(&self, path: &Path) -> Option<PathBuf> {
        let ways: Vec<_> = path.ancestors().collect();
        ways.into_iter()
            .rev()
            .find(|way| !self.may_enter(way))
            .map(Path::to_owned)
    }

    /// What does not exist yet will be made passable, so only what is there can block.
    fn may_enter(&self, dir: &Path) -> bool {
        let Ok(found) = dir.metadata() else {
            return true;
        };
        let bit = match () {
            () if found.uid() == self.uid => 0o100,
            () if found.gid() == self.gid => 0o010,
            () => 0o001,
        };
        found.mode() & bit != 0
    }

    async fn named(name: &str) -> Option<Self> {
        Some(Self {
            name: name.to_owned(),
            uid: number("-u", name).await?,
            gid: number("-g", name).await?,
        })
    }
}

/// macOS prints the ids of `nobody` as negative numbers, which no child may be given: none.
async fn number(which: &str, name: &str) -> Option<u32> {
    id(which, name).await?.parse().ok()
}

/// Asks `id`, which also knows users that are not in `/etc/passwd`.
async fn id(which: &str, user: &str) -> Option<String> {
    let mut command = Command::new("id");
    command.args([which, user]).stderr(Stdio::null());
    let output = command.output().await.ok()?;
    let said = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    (output.status.success() && !said.is_empty()).then_some(said)
}
