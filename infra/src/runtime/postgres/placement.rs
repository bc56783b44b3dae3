//! Where the cluster and its socket live, so that the user who runs Postgres can reach them.

use std::fs::{DirBuilder, Permissions};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use crate::runtime::RuntimeError;
use crate::runtime::account::Account;

/// `sun_path` holds 104 bytes on macOS (108 on Linux), the last of them a NUL.
const SOCKET_PATH_BYTES_MAX: usize = 103;
const SOCKET_NAME: &str = "/.s.PGSQL.5432";
/// Where root keeps what an unprivileged user must reach.
const SHARED_HOME: &str = "/var/lib/jan-server";

/// The directories of one cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Placement {
    /// Parent of the two below; the data directory unless its way is barred.
    pub(crate) home: PathBuf,
    /// Postgres' own directory.
    pub(crate) cluster: PathBuf,
    /// Holds the socket, open to its owner only.
    pub(crate) sockets: PathBuf,
    /// Which directory bars the way to the data directory, if one does.
    pub(crate) moved_because_of: Option<PathBuf>,
}

impl Placement {
    /// Decides for an existing data directory, given by its canonical path.
    pub(crate) fn of(data_dir: &Path, account: Option<&Account>) -> Self {
        let barred = account.and_then(|account| account.blocked_at(data_dir));
        let home = match barred {
            Some(_) => Path::new(SHARED_HOME).join(digest(data_dir)),
            None => data_dir.to_owned(),
        };
        let mut sockets = home.join("run");
        if sockets.as_os_str().len() + SOCKET_NAME.len() > SOCKET_PATH_BYTES_MAX {
            sockets = PathBuf::from(format!("/tmp/jan-{}", digest(data_dir)));
        }
        Self {
            cluster: home.join("postgres"),
            home,
            sockets,
            moved_because_of: barred,
        }
    }

    /// Makes the directories and says in the log what is not where one would look for it.
    pub(crate) fn make(
        &self,
        data_dir: &Path,
        account: Option<&Account>,
    ) -> Result<(), RuntimeError> {
        if let (Some(barrier), Some(account)) = (&self.moved_because_of, account) {
            let (home, user) = (self.home.display(), &account.name);
            let barrier = barrier.display();
            tracing::warn!(
                "running as root, so Postgres runs as {user}, who may not enter {barrier}: the \
                 database lives in {home} instead"
            );
            make_passable(&self.home)?;
            let pointer = data_dir.join("postgres.moved");
            std::fs::write(&pointer, format!("{}\n", self.cluster.display()))
                .map_err(RuntimeError::io("write", &pointer))?;
        }
        if self.sockets.parent() != Some(&self.home) {
            let (long, short) = (self.home.join("run"), &self.sockets);
            tracing::info!(
                "{} is too long for a socket ({SOCKET_PATH_BYTES_MAX} bytes at most): using {}",
                long.display(),
                short.display()
            );
        }
        make_private(&self.sockets, account)
    }
}

/// Where a copy of the wheel goes that the unprivileged user cannot reach where it is.
pub(crate) fn reachable_copy_of(pginstall: &Path, version: &str) -> PathBuf {
    Path::new(SHARED_HOME).join(format!("postgres-{version}-{}", digest(pginstall)))
}

/// Makes a directory and its parents open to all for passing through.
pub(crate) fn make_passable(dir: &Path) -> Result<(), RuntimeError> {
    let making = DirBuilder::new().recursive(true).mode(0o755).create(dir);
    making.map_err(RuntimeError::io("make the directory", dir))
}

/// Makes a directory that only the account (or we) can enter. One that is there already must be
/// theirs: in `/tmp` somebody else could have made it first.
pub(crate) fn make_private(dir: &Path, account: Option<&Account>) -> Result<(), RuntimeError> {
    let expected = account.map_or_else(|| rustix::process::geteuid().as_raw(), |a| a.uid);
    match DirBuilder::new().mode(0o700).create(dir) {
        Ok(()) => give(dir, account)?,
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        Err(error) => return Err(RuntimeError::io("make the directory", dir)(error)),
    }
    let found = dir
        .symlink_metadata()
        .map_err(RuntimeError::io("look at", dir))?;
    if !found.is_dir() || found.uid() != expected {
        let (path, owner) = (dir.to_owned(), found.uid());
        return Err(RuntimeError::ForeignOwner {
            path,
            owner,
            expected,
        });
    }
    std::fs::set_permissions(dir, Permissions::from_mode(0o700))
        .map_err(RuntimeError::io("close to others", dir))
}

fn give(dir: &Path, account: Option<&Account>) -> Result<(), RuntimeError> {
    let Some(account) = account else {
        return Ok(());
    };
    std::os::unix::fs::chown(dir, Some(account.uid), Some(account.gid))
        .map_err(RuntimeError::io("give away", dir))
}

/// A short name for a path, the same every time.
fn digest(path: &Path) -> String {
    let hash = Sha256::digest(path.as_os_str().as_encoded_bytes());
    let (start, _) = hash
        .split_first_chunk()
        .expect("a SHA-256 hash has 32 bytes");
    format!("{:016x}", u64::from_be_bytes(*start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_data_directory_keeps_its_socket() {
        let placement = Placement::of(Path::new("/srv/jan"), None);
        assert_eq!(placement.sockets, Path::new("/srv/jan/run"));
        assert_eq!(placement.cluster, Path::new("/srv/jan/postgres"));
    }

    #[test]
    fn a_socket_path_that_would_not_fit_is_replaced_by_a_short_one() {
        let fits = format!(
            "/{}",
            "d".repeat(SOCKET_PATH_BYTES_MAX - SOCKET_NAME.len() - 5)
        );
        let placement = Placement::of(Path::new(&fits), None);
        assert_eq!(placement.sockets, Path::new(&fits).join("run"));
        let long = format!("{fits}d");
        let placement = Placement::of(Path::new(&long), None);
        assert_eq!(placement.sockets.parent(), Some(Path::new("/tmp")));
    }
}
