use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

/// Why a file with a secret is of no use.
#[derive(Debug, thiserror::Error)]
pub enum SecretFileError {
    /// It cannot be read, or not be made.
    #[error("cannot {act} the {what} {}", path.display())]
    File {
        /// What was tried.
        act: &'static str,
        /// What is in it.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// Others on the machine could read it.
    #[error("the {what} {} is open to others (mode {mode:o}): run `chmod 600` on it", path.display())]
    Exposed {
        /// What is in it.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
}

/// Keys take hundreds of bytes at most.
const FILE_BYTES_MAX: u64 = 8192;

/// Nobody else may read it and the group may not replace it. A group may read it, because that is
/// how Kubernetes hands a secret to a process that is not root.
const MODE_REFUSED: u32 = 0o027;

/// Reads a secret that only we, or a group of ours, can read.
pub(super) fn read(what: &'static str, path: &Path) -> Result<Vec<u8>, SecretFileError> {
    let failed = |source| SecretFileError::File {
        act: "read",
        what,
        path: path.to_owned(),
        source,
    };
    let file = File::open(path).map_err(failed)?;
    let mode = file.metadata().map_err(failed)?.permissions().mode() & 0o777;
    if mode & MODE_REFUSED != 0 {
        let path = path.to_owned();
        return Err(SecretFileError::Exposed { what, path, mode });
    }
    let mut secret = Vec::new();
    file.take(FILE_BYTES_MAX)
        .read_to_end(&mut secret)
        .map_err(failed)?;
    Ok(secret)
}

/// Makes a secret that only we can read, unless one is there. Of several processes that start at
/// once, one makes it and all take it.
pub(super) fn make_if_missing(
    what: &'static str,
    path: &Path,
    fresh: impl FnOnce() -> String,
) -> Result<(), SecretFileError> {
    if path.exists() {
        return Ok(());
    }
    let made = make(path, &fresh()).map_err(|source| SecretFileError::File {
        act: "make",
        what,
        path: path.to_owned(),
        source,
    })?;
    if made {
        tracing::info!("made a {what} at {}", path.display());
    }
    Ok(())
}

/// Puts a whole secret at `path` or nothing, and leaves one alone that is there by now.
fn make(path: &Path, text: &str) -> io::Result<bool> {
    let directory = path.parent().ok_or(ErrorKind::InvalidInput)?;
    if let Some(data_dir) = directory.parent() {
        fs::create_dir_all(data_dir)?;
    }
    if !directory.exists() {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(directory)?;
    }
    let draft = path.with_extension(format!("draft-{:016x}", rand::random::<u64>()));
    let mut options = OpenOptions::new();
    let mut file = options
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&draft)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    let linked = fs::hard_link(&draft, path);
    fs::remove_file(&draft)?;
    match linked {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error),
        Ok(()) => Ok(true),
    }
}
