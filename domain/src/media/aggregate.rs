use chrono::{DateTime, Utc};
use cqrs_es::Aggregate;
use cqrs_es::event_sink::EventSink;
use serde::{Deserialize, Serialize};

use super::{
    MediaCommand, MediaContent, MediaError, MediaEvent, MediaLabel, ObjectKey, ObjectPlace,
};
use crate::caller::Owner;
use crate::decider::{self, Decider};

/// The life of media. What was purged can be prepared again, at another place.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Media {
    /// Not yet, or not any more.
    #[default]
    Absent,
    /// Bytes may come.
    Prepared(PreparedMedia),
    /// Bytes can be read.
    Kept(KeptMedia),
    /// Bytes can be read no more, and may still lie there.
    Leaving(LeavingMedia),
}

/// Media whose bytes have not come yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreparedMedia {
    /// Whose it is.
    pub owner: Owner,
    /// Where the bytes are to lie.
    pub place: ObjectPlace,
    /// What is said about it.
    pub label: MediaLabel,
    /// Until when they must have come.
    pub expires_at: DateTime<Utc>,
}

/// Media that can be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptMedia {
    /// Whose it is.
    pub owner: Owner,
    /// Where the bytes lie.
    pub place: ObjectPlace,
    /// What is said about it.
    pub label: MediaLabel,
    /// What the bytes are.
    pub content: MediaContent,
    /// Until when they are kept; `None` until they are deleted.
    pub retain_until: Option<DateTime<Utc>>,
    /// Since when they lie there.
    pub stored_at: DateTime<Utc>,
}

/// Media that is on its way out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeavingMedia {
    /// Whose it was.
    pub owner: Owner,
    /// Where the bytes lie, if they still do.
    pub place: ObjectPlace,
}

impl Media {
    /// Whose it is or was.
    pub fn owner(&self) -> Option<&Owner> {
        match self {
            Self::Absent => None,
            Self::Prepared(prepared) => Some(&prepared.owner),
            Self::Kept(kept) => Some(&kept.owner),
            Self::Leaving(leaving) => Some(&leaving.owner),
        }
    }

    /// What can be read of it at this moment.
    pub fn readable_at(self, now: DateTime<Utc>) -> Option<KeptMedia> {
        match self {
            Self::Kept(kept) if kept.retain_until.is_none_or(|until| now < until) => Some(kept),
            _ => None,
        }
    }

    fn keep(
        &self,
        (place, content): (&ObjectPlace, MediaContent),
        until: Option<DateTime<Utc>>,
        at: DateTime<Utc>,
    ) -> Result<Vec<MediaEvent>, MediaError> {
        match self {
            Self::Prepared(prepared) if prepared.place == *place => Ok(vec![MediaEvent::Stored {
                content,
                retain_until: until,
                at,
            }]),
            // The life that the bytes were written for is over.
            Self::Prepared(_) => Err(MediaError::NotFound),
            Self::Kept(kept) if kept.content.sha256 != content.sha256 => {
                Err(MediaError::OtherContent)
            }
            Self::Kept(kept) if is_later(until, kept.retain_until) => {
                Ok(vec![MediaEvent::Retained { until, at }])
            }
            Self::Kept(_) => Ok(vec![]),
            Self::Leaving(_) => Err(MediaError::Leaving),
            Self::Absent => Err(MediaError::NotFound),
        }
    }

    fn is_due(&self, at: DateTime<Utc>) -> bool {
        match self {
            Self::Prepared(prepared) => prepared.expires_at <= at,
            Self::Kept(kept) => kept.retain_until.is_some_and(|until| until <= at),
            Self::Absent | Self::Leaving(_) => false,
        }
    }
}

/// Whether the first end comes after the second, where none comes never.
fn is_later(end: Option<DateTime<Utc>>, than: Option<DateTime<Utc>>) -> bool {
    match (end, than) {
        (_, None) => false,
        (None, Some(_)) => true,
        (Some(end), Some(than)) => end > than,
    }
}

impl Decider for Media {
    fn decide(&self, command: MediaCommand) -> Result<Vec<MediaEvent>, MediaError> {
        use MediaCommand as C;
        use MediaEvent as E;
        match (self, command) {
            (Self::Prepared(_) | Self::Kept(_) | Self::Leaving(_), C::Prepare { owner, .. })
                if self.owner() != Some(&owner) =>
            {
                Err(MediaError::AlreadyExists)
            }
            // Whoever prepares the same again goes on with what was prepared, or kept.
            (Self::Prepared(_) | Self::Kept(_), C::Prepare { .. }) => Ok(vec![]),
            (Self::Leaving(_), C::Prepare { .. }) => Err(MediaError::Leaving),
            (
                Self::Absent,
                C::Prepare {
                    owner,
                    place,
                    label,
                    expires_at,
                    at,
                },
            ) => Ok(vec![E::UploadPrepared {
                owner,
                place,
                label,
                expires_at,
                at,
            }]),
            (
                _,
                C::Keep {
                    place,
                    content,
                    retain_until,
                    at,
                },
            ) => self.keep((&place, content), retain_until, at),
            (_, C::Expire { at }) if self.is_due(at) => Ok(vec![E::Expired { at }]),
            (_, C::Expire { .. }) => Ok(vec![]),
            (Self::Prepared(_) | Self::Kept(_), C::Delete { at }) => Ok(vec![E::Deleted { at }]),
            (Self::Leaving(_) | Self::Absent, C::Delete { .. }) => Err(MediaError::NotFound),
            (Self::Leaving(leaving), C::Purge { place, at }) if leaving.place == place => {
                Ok(vec![E::Purged { at }])
            }
            (_, C::Purge { .. }) => Ok(vec![]),
        }
    }
}

impl Aggregate for Media {
    const TYPE: &'static str = "media";
    type Command = MediaCommand;
    type Event = MediaEvent;
    type Error = MediaError;
    type Services = ();

    async fn handle(
        &mut self,
        command: MediaCommand,
        (): &(),
        sink: &EventSink<Self>,
    ) -> Result<(), MediaError> {
        decider::handle(self, command, sink).await
    }

    fn apply(&mut self, event: MediaEvent) {
        let before = std::mem::take(self);
        *self = match (before, event) {
            (
                _,
                MediaEvent::UploadPrepared {
                    owner,
                    place,
                    label,
                    expires_at,
                    ..
                },
            ) => Self::Prepared(PreparedMedia {
                owner,
                place,
                label,
                expires_at,
            }),
            (
                Self::Prepared(prepared),
                MediaEvent::Stored {
                    content,
                    retain_until,
                    at,
                },
            ) => Self::Kept(KeptMedia {
                owner: prepared.owner,
                place: prepared.place,
                label: prepared.label,
                content,
                retain_until,
                stored_at: at,
            }),
            (Self::Kept(kept), MediaEvent::Retained { until, .. }) => Self::Kept(KeptMedia {
                retain_until: until,
                ..kept
            }),
            (before, MediaEvent::Expired { .. } | MediaEvent::Deleted { .. }) => before.leaving(),
            (_, MediaEvent::Purged { .. }) => Self::Absent,
            (before, MediaEvent::Stored { .. } | MediaEvent::Retained { .. }) => before,
        };
    }
}

impl KeptMedia {
    /// Where its bytes lie.
    pub fn key(&self) -> ObjectKey {
        self.place.key_of(&self.content.sha256)
    }
}

impl Media {
    fn leaving(self) -> Self {
        match self {
            Self::Prepared(PreparedMedia { owner, place, .. })
            | Self::Kept(KeptMedia { owner, place, .. }) => {
                Self::Leaving(LeavingMedia { owner, place })
            }
            other => other,
        }
    }
}
