use std::sync::Arc;

use jan_domain::caller::Owner;
use jan_domain::id::MediaId;
use jan_domain::media::{Media, MediaCommand, MediaError};
use jan_domain::metadata::Metadata;
use jan_domain::ports::{Clock, ObjectStore};

use super::{MediaFailure, MediaShelf};
use crate::crash::CrashPoints;
use crate::store::{EventLog, Store};

/// Takes media away: that it goes is recorded, its bytes are deleted, and that they are gone is
/// recorded. It needs a log, and no server around it. Cheap to clone.
#[derive(Clone)]
pub struct MediaRemover {
    streams: Store<Media>,
    objects: Arc<dyn ObjectStore>,
    clock: Arc<dyn Clock>,
    crash: CrashPoints,
}

impl MediaRemover {
    /// Takes away what is in this log and this object store.
    pub fn new(
        log: &EventLog,
        objects: Arc<dyn ObjectStore>,
        clock: Arc<dyn Clock>,
        crash: CrashPoints,
    ) -> Self {
        Self {
            streams: Store::new(log.clone()),
            objects,
            clock,
            crash,
        }
    }

    /// Gives up media whose time is over, and finishes what was begun. Answers whether its bytes went.
    pub async fn give_up(&self, id: &MediaId, metadata: &Metadata) -> Result<bool, MediaFailure> {
        let command = MediaCommand::Expire {
            at: self.clock.now(),
        };
        let executed = self.streams.execute(id.as_str(), command, metadata).await?;
        match executed.after.state {
            Media::Leaving(_) => self.purge(id, metadata).await.map(|()| true),
            Media::Absent | Media::Prepared(_) | Media::Kept(_) => Ok(false),
        }
    }

    /// Deletes the bytes of media that is on its way out, and records that they are gone.
    pub(super) async fn purge(
        &self,
        id: &MediaId,
        metadata: &Metadata,
    ) -> Result<(), MediaFailure> {
        let state = self.streams.load(id.as_str()).await?.state;
        let Media::Leaving(leaving) = state else {
            return Ok(());
        };
        self.objects.delete_below(&leaving.place.prefix()).await?;
        self.crash.pass("media.after_bytes");
        let command = MediaCommand::Purge {
            place: leaving.place,
            at: self.clock.now(),
        };
        self.streams.execute(id.as_str(), command, metadata).await?;
        self.crash.pass("media.after_purge");
        Ok(())
    }
}

impl MediaShelf {
    /// Keeps one of an owner's media no longer. Once it is recorded nobody can read it; bytes that
    /// could not be deleted at once are deleted by a later sweep.
    pub async fn delete(
        &self,
        (owner, metadata): (&Owner, &Metadata),
        id: &MediaId,
    ) -> Result<(), MediaFailure> {
        let at = self.clock.now();
        let own = |state: &Media| match state.clone().readable_at(at) {
            Some(kept) if kept.owner == *owner => Ok(()),
            _ => Err(MediaError::NotFound),
        };
        let command = MediaCommand::Delete { at };
        self.streams
            .execute_when(id.as_str(), command, metadata, own)
            .await?;
        self.crash.pass("media.after_delete");
        if let Err(failure) = self.remover.purge(id, metadata).await {
            tracing::warn!(media = %id, error = %failure, "bytes of deleted media still lie there");
        }
        Ok(())
    }
}
