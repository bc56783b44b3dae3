use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use jan_domain::media::{ObjectKey, ObjectPrefix};
use jan_domain::ports::{IdGenerator, ObjectFailure, ObjectStore, ServedAs};
use tokio::fs;
use tokio::io::AsyncWriteExt;

use crate::id_generator::UuidV7Ids;

/// Objects as files of a directory, each under its key. Several nodes may share one.
#[derive(Debug, Clone)]
pub struct MediaDirectory {
    root: PathBuf,
}

impl MediaDirectory {
    /// The directory; it is made once something is written to it.
    pub fn new(root: PathBuf) -> Self {
        Self { root }
    }

    /// Keys are hex digits and slashes, so this is below the root.
    fn path_of(&self, key: &str) -> PathBuf {
        self.root.join(key)
    }

    /// Writes beside its place, then moves it there: nobody reads half of it. On disk before it
    /// answers, its name included.
    async fn write(&self, key: &ObjectKey, bytes: &Bytes) -> io::Result<()> {
        let path = self.path_of(key.as_str());
        let place = path.parent().expect("a key has two slashes");
        make_private(place).await?;
        let part = place.join(format!("{}.part", UuidV7Ids.fresh()));
        let mut file = fs::File::create_new(&part).await?;
        let written = async {
            file.write_all(bytes).await?;
            file.sync_all().await?;
            fs::rename(&part, &path).await?;
            sync_directory(place).await
        };
        let written = written.await;
        if written.is_err() {
            // What cannot be removed now goes with its place.
            drop(fs::remove_file(&part).await);
        }
        written
    }

    async fn read(&self, key: &ObjectKey) -> io::Result<Option<Bytes>> {
        match fs::read(self.path_of(key.as_str())).await {
            Ok(bytes) => Ok(Some(bytes.into())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn remove(&self, prefix: &ObjectPrefix) -> io::Result<u64> {
        let path = self.path_of(prefix.as_str());
        let removed = tokio::task::spawn_blocking(move || -> io::Result<u64> {
            let files = count_files(&path)?;
            std::fs::remove_dir_all(&path)?;
            Ok(files)
        });
        match removed.await.map_err(io::Error::other)? {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
            removed => removed,
        }
    }
}

/// Nobody but the server's user reads what callers keep.
async fn make_private(place: &Path) -> io::Result<()> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(place)
        .await
}

async fn sync_directory(path: &Path) -> io::Result<()> {
    fs::File::open(path).await?.sync_all().await
}

fn count_files(path: &Path) -> io::Result<u64> {
    let mut files = 0;
    for entry in std::fs::read_dir(path)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            files += count_files(&entry.path())?;
        } else {
            files += 1;
        }
    }
    Ok(files)
}

fn failed(error: io::Error) -> ObjectFailure {
    ObjectFailure(Box::new(error))
}

impl ObjectStore for MediaDirectory {
    fn put<'a>(
        &'a self,
        key: &'a ObjectKey,
        bytes: Bytes,
        _media_type: &'a str,
    ) -> BoxFuture<'a, Result<(), ObjectFailure>> {
        async move { self.write(key, &bytes).await.map_err(failed) }.boxed()
    }

    fn get<'a>(
        &'a self,
        key: &'a ObjectKey,
    ) -> BoxFuture<'a, Result<Option<Bytes>, ObjectFailure>> {
        async move { self.read(key).await.map_err(failed) }.boxed()
    }

    fn delete_below<'a>(
        &'a self,
        prefix: &'a ObjectPrefix,
    ) -> BoxFuture<'a, Result<u64, ObjectFailure>> {
        async move { self.remove(prefix).await.map_err(failed) }.boxed()
    }

    fn presign<'a>(
        &'a self,
        _key: &'a ObjectKey,
        _served: &'a ServedAs,
        _valid_for: Duration,
    ) -> BoxFuture<'a, Result<Option<String>, ObjectFailure>> {
        std::future::ready(Ok(None)).boxed()
    }
}
