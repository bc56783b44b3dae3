use std::path::{Path, PathBuf};

use jan_domain::ports::IdGenerator as _;
use jan_infra::id_generator::UuidV7Ids;

/// A directory of nobody else's, which goes with its world. It is made by whoever writes to it.
pub(super) struct OwnDirectory(PathBuf);

impl OwnDirectory {
    pub(super) fn new() -> Self {
        let name = format!("jan-media-{}", UuidV7Ids.fresh());
        Self(std::env::temp_dir().join(name))
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for OwnDirectory {
    fn drop(&mut self) {
        // Nothing was written if it is not there.
        drop(std::fs::remove_dir_all(&self.0));
    }
}
