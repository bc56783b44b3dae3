use chrono::{DateTime, Utc};
use jan_domain::Owner;
use jan_domain::media::{ContentHash, Media, MediaCommand as C};
use proptest::prelude::*;

use super::streams::{InMemory, InPostgres};
use super::{Model, compare, reached};
use crate::domain::laws::names;
use crate::domain::media::command;

const SEEDS: &str = "proptest-regressions/domain/machines/media.txt";

/// Media as a box on a shelf: nobody's, ready to be filled, full, or on its way to the bin. Boxes say
/// when they are to be looked at.
#[derive(Debug, Clone, Default, PartialEq)]
enum Box {
    #[default]
    None,
    Ready(Owner, DateTime<Utc>),
    Full(Owner, ContentHash, Option<DateTime<Utc>>),
    Bin(Owner),
}

impl Box {
    fn owner(&self) -> Option<&Owner> {
        match self {
            Self::None => None,
            Self::Ready(owner, _) | Self::Full(owner, ..) | Self::Bin(owner) => Some(owner),
        }
    }

    fn to_bin(&self) -> Option<Self> {
        self.owner().cloned().map(Self::Bin)
    }
}

impl Model for Box {
    type Aggregate = Media;

    fn commands() -> BoxedStrategy<C> {
        command().boxed()
    }

    fn after(&self, command: &C) -> Result<Option<Self>, &'static str> {
        match (self, command) {
            (
                Self::None,
                C::Prepare {
                    owner, expires_at, ..
                },
            ) => Ok(Some(Self::Ready(owner.clone(), *expires_at))),
            (_, C::Prepare { owner, .. }) if self.owner() != Some(owner) => Err("AlreadyExists"),
            (Self::Bin(_), C::Prepare { .. } | C::Keep { .. }) => Err("Leaving"),
            (_, C::Prepare { .. }) => Ok(None),
            (Self::None, C::Keep { .. }) => Err("NotFound"),
            (
                Self::Ready(owner, _),
                C::Keep {
                    content,
                    retain_until,
                    ..
                },
            ) => {
                let sha256 = content.sha256.clone();
                Ok(Some(Self::Full(owner.clone(), sha256, *retain_until)))
            }
            (
                Self::Full(owner, sha256, end),
                C::Keep {
                    content,
                    retain_until,
                    ..
                },
            ) => {
                if content.sha256 != *sha256 {
                    return Err("OtherContent");
                }
                let longer = match (end, retain_until) {
                    (Some(end), Some(wanted)) => wanted > end,
                    (end, wanted) => end.is_some() && wanted.is_none(),
                };
                Ok(longer.then(|| Self::Full(owner.clone(), sha256.clone(), *retain_until)))
            }
            (Self::Ready(_, end) | Self::Full(.., Some(end)), C::Expire { at }) => {
                Ok(self.to_bin().filter(|_| end <= at))
            }
            (_, C::Expire { .. }) => Ok(None),
            (Self::Ready(..) | Self::Full(..), C::Delete { .. }) => Ok(self.to_bin()),
            (_, C::Delete { .. }) => Err("NotFound"),
            (Self::Bin(_), C::Purge { .. }) => Ok(Some(Self::None)),
            (_, C::Purge { .. }) => Ok(None),
        }
    }

    fn of(state: &Media) -> Self {
        match state.clone() {
            Media::Absent => Self::None,
            Media::Prepared(prepared) => Self::Ready(prepared.owner, prepared.expires_at),
            Media::Kept(kept) => Self::Full(kept.owner, kept.content.sha256, kept.retain_until),
            Media::Leaving(leaving) => Self::Bin(leaving.owner),
        }
    }
}

#[test]
fn media_lives_as_its_model_says() {
    compare::<InMemory<Media>, Box>(256, SEEDS);
}

#[test]
fn media_in_postgres_lives_as_its_model_says() {
    compare::<InPostgres<Media>, Box>(24, SEEDS);
}

#[test]
fn lives_of_media_come_to_every_outcome() {
    let every = names(&[
        "AlreadyExists",
        "Conflict",
        "Done",
        "Leaving",
        "NoNews",
        "NotFound",
        "OtherContent",
        "Seen",
    ]);
    assert_eq!(reached::<Box>(), every);
}
