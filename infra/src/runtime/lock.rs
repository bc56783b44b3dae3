//! One server per data directory, held by the operating system so that a crash releases it.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::path::Path;

use super::RuntimeError;

/// An advisory lock on a file that names the process holding it. Dropping it lets go.
#[derive(Debug)]
pub(crate) struct InstanceLock {
    file: File,
}

impl InstanceLock {
    /// Claims `<dir>/<part>.lock`, or says who has it.
    pub(crate) fn take(dir: &Path, part: &str) -> Result<Self, RuntimeError> {
        let path = dir.join(format!("{part}.lock"));
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(RuntimeError::io("open", &path))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(RuntimeError::InUse {
                    dir: dir.to_owned(),
                    holder: holder(&mut file),
                });
            }
            Err(TryLockError::Error(source)) => {
                return Err(RuntimeError::io("lock", &path)(source));
            }
        }
        write_holder(&mut file).map_err(RuntimeError::io("write", &path))?;
        Ok(Self { file })
    }
}

impl Drop for InstanceLock {
    /// Closing the file would not do: a child that another thread is just starting holds a copy of
    /// it until it becomes its program, and the lock would last as long.
    fn drop(&mut self) {
        if let Err(error) = self.file.unlock() {
            tracing::debug!(error = %error, "a lock was left to the end of the process");
        }
    }
}

fn write_holder(file: &mut File) -> std::io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    writeln!(file, "{}", std::process::id())
}

fn holder(file: &mut File) -> String {
    let mut text = String::new();
    match file.read_to_string(&mut text) {
        Ok(_) if !text.trim().is_empty() => text.trim().to_owned(),
        _ => "unknown".to_owned(),
    }
}
