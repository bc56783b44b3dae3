use chrono::{DateTime, Utc};
use jan_domain::Owner;
use jan_domain::media::{ContentHash, Media, MediaCommand as C, ObjectPlace};
use proptest::prelude::*;

use super::streams::{InMemory, InPostgres};
use super::{Model, compare, reached};
use crate::domain::laws::names;
use crate::domain::media::command;

const SEEDS: &str = "proptest-regressions/domain/machines/media.txt";

/// Media as a box on a shelf, if there is one: whose it is, where it stands, and what is in it.
#[derive(Debug, Clone, Default, PartialEq)]
struct Box(Option<(Owner, ObjectPlace, Inside)>);

/// A box is ready to be filled, full, or on its way to the bin. The first two say when they are to be
/// looked at.
#[derive(Debug, Clone, PartialEq)]
enum Inside {
    Nothing(DateTime<Utc>),
    Bytes(ContentHash, Option<DateTime<Utc>>),
    Leftovers,
}

impl Box {
    fn with(owner: &Owner, place: &ObjectPlace, inside: Inside) -> Self {
        Self(Some((owner.clone(), place.clone(), inside)))
    }

    /// After something was said of a box that is there.
    fn touched(
        (owner, stands, inside): &(Owner, ObjectPlace, Inside),
        command: &C,
    ) -> Result<Option<Self>, &'static str> {
        let now = |inside| Ok(Some(Self::with(owner, stands, inside)));
        match (inside, command) {
            (_, C::Prepare { owner: other, .. }) if other != owner => Err("AlreadyExists"),
            (Inside::Leftovers, C::Prepare { .. } | C::Keep { .. }) => Err("Leaving"),
            (_, C::Prepare { .. }) => Ok(None),
            (Inside::Nothing(_), C::Keep { place, .. }) if place != stands => Err("NotFound"),
            (
                Inside::Nothing(_),
                C::Keep {
                    content,
                    retain_until,
                    ..
                },
            ) => now(Inside::Bytes(content.sha256.clone(), *retain_until)),
            (Inside::Bytes(hash, _), C::Keep { content, .. }) if content.sha256 != *hash => {
                Err("OtherContent")
            }
            (Inside::Bytes(hash, end), C::Keep { retain_until, .. }) => {
                let longer = match (end, retain_until) {
                    (Some(end), Some(wanted)) => wanted > end,
                    (end, wanted) => end.is_some() && wanted.is_none(),
                };
                if longer {
                    now(Inside::Bytes(hash.clone(), *retain_until))
                } else {
                    Ok(None)
                }
            }
            (Inside::Nothing(end) | Inside::Bytes(_, Some(end)), C::Expire { at }) if end <= at => {
                now(Inside::Leftovers)
            }
            (_, C::Expire { .. }) => Ok(None),
            (Inside::Leftovers, C::Delete { .. }) => Err("NotFound"),
            (_, C::Delete { .. }) => now(Inside::Leftovers),
            (Inside::Leftovers, C::Purge { place, .. }) if place == stands => Ok(Some(Self(None))),
            (_, C::Purge { .. }) => Ok(None),
        }
    }
}

impl Model for Box {
    type Aggregate = Media;

    fn commands() -> BoxedStrategy<C> {
        command().boxed()
    }

    fn after(&self, command: &C) -> Result<Option<Self>, &'static str> {
        match (&self.0, command) {
            (Some(there), command) => Self::touched(there, command),
            (
                None,
                C::Prepare {
                    owner,
                    place,
                    expires_at,
                    ..
                },
            ) => Ok(Some(Self::with(owner, place, Inside::Nothing(*expires_at)))),
            (None, C::Keep { .. } | C::Delete { .. }) => Err("NotFound"),
            (None, C::Expire { .. } | C::Purge { .. }) => Ok(None),
        }
    }

    fn of(state: &Media) -> Self {
        match state {
            Media::Absent => Self(None),
            Media::Prepared(it) => Self::with(&it.owner, &it.place, Inside::Nothing(it.expires_at)),
            Media::Kept(it) => {
                let inside = Inside::Bytes(it.content.sha256.clone(), it.retain_until);
                Self::with(&it.owner, &it.place, inside)
            }
            Media::Leaving(it) => Self::with(&it.owner, &it.place, Inside::Leftovers),
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
