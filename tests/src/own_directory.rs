use std::path::{Path, PathBuf};

use jan_domain::ports::IdGenerator as _;
use jan_infra::id_generator::UuidV7Ids;

/// A directory of nobody else's, which goes with its world. It is made by whoever writes to it.
pub struct OwnDirectory(PathBuf);

impl OwnDirectory {
    /// A fresh one, not made yet.
    pub fn fresh() -> Self {
        let name = format!("jan-media-{}", UuidV7Ids.fresh());
        Self(std::env::temp_dir().join(name))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for OwnDirectory {
    fn drop(&mut self) {
        // Nothing was written if it is not there.
        drop(std::fs::remove_dir_all(&self.0));
    }
}
