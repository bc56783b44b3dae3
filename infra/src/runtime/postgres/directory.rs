//! Directories with the right owner and no more openness than needed, whatever the umask.

use std::fs::{DirBuilder, Permissions};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::Path;

use crate::runtime::RuntimeError;
use crate::runtime::account::Account;

/// Makes a directory below `top` and opens all from `top` down for passing through.
pub(crate) fn make_passable(dir: &Path, top: &Path) -> Result<(), RuntimeError> {
    std::fs::create_dir_all(dir).map_err(RuntimeError::io("make the directory", dir))?;
    for way in dir.ancestors().take_while(|way| way.starts_with(top)) {
        std::fs::set_permissions(way, Permissions::from_mode(0o755))
            .map_err(RuntimeError::io("open to others", way))?;
    }
    Ok(())
}

/// Makes a directory that only the account (or we) can enter. One that is there already must be
/// theirs: in `/tmp` somebody else could have made it first.
pub(crate) fn make_private(dir: &Path, account: Option<&Account>) -> Result<(), RuntimeError> {
    match DirBuilder::new().mode(0o700).create(dir) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => {
            return Err(RuntimeError::io("make the directory", dir)(error));
        }
        _ => {}
    }
    // Ours but not given away yet: just made, or left by a crash in this very place.
    if let Some(account) = account
        && owner_of(dir)? == our_uid()
    {
        std::os::unix::fs::lchown(dir, Some(account.uid), Some(account.gid))
            .map_err(RuntimeError::io("give away", dir))?;
    }
    must_belong_to(dir, account)?;
    std::fs::set_permissions(dir, Permissions::from_mode(0o700))
        .map_err(RuntimeError::io("close to others", dir))
}

/// Refuses a directory that is not the account's (or ours), and a link that poses as one.
pub(crate) fn must_belong_to(dir: &Path, account: Option<&Account>) -> Result<(), RuntimeError> {
    let expected = account.map_or_else(our_uid, |account| account.uid);
    let owner = owner_of(dir)?;
    if owner == expected && !dir.is_symlink() {
        return Ok(());
    }
    let path = dir.to_owned();
    Err(RuntimeError::ForeignOwner {
        path,
        owner,
        expected,
    })
}

fn owner_of(dir: &Path) -> Result<u32, RuntimeError> {
    let found = dir
        .symlink_metadata()
        .map_err(RuntimeError::io("look at", dir))?;
    Ok(found.uid())
}

fn our_uid() -> u32 {
    rustix::process::geteuid().as_raw()
}
