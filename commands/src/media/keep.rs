use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use jan_domain::caller::Owner;
use jan_domain::id::MediaId;
use jan_domain::media::{
    FileName, KeptMedia, Media, MediaCommand, MediaContent, MediaError, MediaLabel, ObjectPlace,
    Purpose,
};
use jan_domain::metadata::Metadata;
use jan_domain::ports::IdGenerator;

use super::{MediaFailure, MediaShelf, image};
use crate::CommandError;

/// How long bytes that are here already may take to be written.
const WRITTEN_WITHIN: TimeDelta = TimeDelta::hours(1);

/// Media after it was kept.
#[derive(Debug, Clone)]
pub struct KeptHere {
    /// Its id.
    pub id: MediaId,
    /// What is kept.
    pub media: KeptMedia,
    /// Whether the same was kept before.
    pub deduped: bool,
}

/// A file to be kept.
#[derive(Debug, Clone)]
pub struct NewFile {
    /// What is said about it.
    pub label: MediaLabel,
    /// What it says of itself.
    pub media_type: String,
    /// What is in it.
    pub bytes: Bytes,
    /// For how long; `None` until it is deleted.
    pub kept_for: Option<Duration>,
}

/// What is about to be written.
struct Writing {
    id: MediaId,
    label: MediaLabel,
    bytes: Bytes,
    content: MediaContent,
    kept_for: Option<Duration>,
}

impl MediaShelf {
    /// Keeps an image, which is one by its bytes, whatever it is `said` to be. The same image of the
    /// same owner is kept once, and for longer.
    pub async fn keep_image(
        &self,
        (owner, metadata): (&Owner, &Metadata),
        ids: &dyn IdGenerator,
        file_name: Option<FileName>,
        (said, bytes): (&str, Bytes),
    ) -> Result<KeptHere, MediaFailure> {
        let content = image::inspect(said, &bytes, &self.terms)?;
        let writing = Writing {
            id: content.sha256.media_of(owner),
            label: MediaLabel {
                file_name,
                purpose: Purpose::Vision,
            },
            bytes,
            content,
            kept_for: self.terms.kept,
        };
        self.write((owner, metadata), ids, writing).await
    }

    /// Keeps a file under an id of its own: deleting it does nothing to its equals.
    pub async fn keep_file(
        &self,
        (owner, metadata): (&Owner, &Metadata),
        ids: &dyn IdGenerator,
        file: NewFile,
    ) -> Result<KeptHere, MediaFailure> {
        image::require_size(&file.bytes, &self.terms)?;
        let writing = Writing {
            id: ids.media(),
            content: image::inspect("", &file.bytes, &self.terms)
                .unwrap_or_else(|_| image::whole(&file.bytes, &file.media_type)),
            label: file.label,
            bytes: file.bytes,
            kept_for: file.kept_for,
        };
        self.write((owner, metadata), ids, writing).await
    }

    /// Prepares an image to be sent later by whoever has the link, and answers until when.
    pub async fn prepare(
        &self,
        (owner, metadata): (&Owner, &Metadata),
        ids: &dyn IdGenerator,
    ) -> Result<(MediaId, DateTime<Utc>), MediaFailure> {
        self.require_room(owner, 1).await?;
        let id = ids.media();
        let at = self.clock.now();
        let expires_at = at + self.terms.link_valid;
        let label = MediaLabel {
            file_name: None,
            purpose: Purpose::Vision,
        };
        let command = MediaCommand::Prepare {
            owner: owner.clone(),
            place: ObjectPlace::fresh(owner, ids),
            label,
            expires_at,
            at,
        };
        self.streams.create(id.as_str(), command, metadata).await?;
        Ok((id, expires_at))
    }

    /// Takes the bytes of an image that was prepared. The same again is no news.
    pub async fn receive(
        &self,
        id: &MediaId,
        bytes: Bytes,
        of: impl FnOnce(&Owner) -> Metadata,
    ) -> Result<KeptHere, MediaFailure> {
        let content = image::inspect("", &bytes, &self.terms)?;
        let state = self.streams.load(id.as_str()).await?.state;
        let (owner, place) = match state {
            Media::Prepared(prepared) if self.clock.now() < prepared.expires_at => {
                (prepared.owner, prepared.place)
            }
            Media::Kept(kept) if kept.content.sha256 == content.sha256 => {
                return Ok(KeptHere {
                    id: id.clone(),
                    media: kept,
                    deduped: true,
                });
            }
            Media::Kept(_) => {
                return Err(CommandError::Refused(MediaError::OtherContent).into());
            }
            Media::Prepared(_) | Media::Leaving(_) | Media::Absent => {
                return Err(MediaFailure::Link);
            }
        };
        let metadata = of(&owner);
        self.require_room(&owner, content.bytes).await?;
        let key = place.key_of(&content.sha256);
        self.objects.put(&key, bytes, &content.media_type).await?;
        let (media, deduped) = self
            .record(id, (&place, content), self.terms.kept, &metadata)
            .await?;
        Ok(KeptHere {
            id: id.clone(),
            media,
            deduped,
        })
    }

    async fn write(
        &self,
        (owner, metadata): (&Owner, &Metadata),
        ids: &dyn IdGenerator,
        writing: Writing,
    ) -> Result<KeptHere, MediaFailure> {
        let id = &writing.id;
        self.require_room(owner, writing.content.bytes).await?;
        let at = self.clock.now();
        let command = MediaCommand::Prepare {
            owner: owner.clone(),
            place: ObjectPlace::fresh(owner, ids),
            label: writing.label,
            expires_at: at + WRITTEN_WITHIN,
            at,
        };
        let content = writing.content;
        let place = match self.prepared_as(id, command, metadata).await? {
            Media::Kept(kept) => kept.place,
            Media::Prepared(prepared) => {
                self.crash.pass("media.after_prepare");
                let key = prepared.place.key_of(&content.sha256);
                let bytes = writing.bytes;
                self.objects.put(&key, bytes, &content.media_type).await?;
                self.crash.pass("media.after_put");
                prepared.place
            }
            Media::Leaving(_) | Media::Absent => return Err(MediaFailure::NotFound),
        };
        let (media, deduped) = self
            .record(id, (&place, content), writing.kept_for, metadata)
            .await?;
        Ok(KeptHere {
            id: writing.id,
            media,
            deduped,
        })
    }

    /// The media after it was prepared; what is left of an earlier life goes first.
    async fn prepared_as(
        &self,
        id: &MediaId,
        command: MediaCommand,
        metadata: &Metadata,
    ) -> Result<Media, MediaFailure> {
        let streams = &self.streams;
        let executed = streams.create(id.as_str(), command.clone(), metadata).await;
        let executed = match executed {
            Err(CommandError::Refused(MediaError::Leaving)) => {
                self.remover.purge(id, metadata).await?;
                streams.execute(id.as_str(), command, metadata).await
            }
            executed => executed,
        };
        Ok(executed?.after.state)
    }

    /// Records that bytes lie where they belong. Where that is depends on what they are, so two who
    /// write at once cannot spoil each other's.
    async fn record(
        &self,
        id: &MediaId,
        (place, content): (&ObjectPlace, MediaContent),
        kept_for: Option<Duration>,
        metadata: &Metadata,
    ) -> Result<(KeptMedia, bool), MediaFailure> {
        let at = self.clock.now();
        let command = MediaCommand::Keep {
            place: place.clone(),
            content,
            retain_until: kept_for.map(|kept_for| at + kept_for),
            at,
        };
        let kept = self.streams.execute(id.as_str(), command, metadata).await;
        let kept = match kept.map(|executed| executed.after.state) {
            Ok(Media::Kept(media)) => Some(media),
            Ok(_) | Err(CommandError::Refused(MediaError::NotFound | MediaError::Leaving)) => None,
            Err(error) => return Err(error.into()),
        };
        self.crash.pass("media.after_keep");
        if kept.as_ref().is_none_or(|media| media.place != *place) {
            // The life that our bytes were for ended meanwhile, perhaps before they came to lie there.
            self.objects.delete_below(&place.prefix()).await?;
        }
        let ended = || CommandError::Refused(MediaError::Leaving);
        let media = kept.ok_or_else(ended)?;
        let deduped = media.stored_at != at;
        Ok((media, deduped))
    }

    /// Calls at the same moment may exceed the bound by a piece each, which no stream of its own is
    /// worth.
    async fn require_room(&self, owner: &Owner, bytes: u64) -> Result<(), MediaFailure> {
        let held = self.index.bytes_of(owner).await?;
        if held.saturating_add(bytes) <= self.terms.owner_bytes_max {
            Ok(())
        } else {
            Err(MediaFailure::Full(self.terms.owner_bytes_max))
        }
    }
}
