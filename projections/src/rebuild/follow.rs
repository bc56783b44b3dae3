//! Folding the log in order into tables that do not answer reads.

use sqlx::{Connection, PgConnection};

use super::error::RebuildError;
use super::pace::Pace;
use super::site::Site;
use crate::feed::{EventPage, PAGE_EVENTS_MAX};
use crate::lease::Lease;
use crate::parking::{self, ParkedEvent, ParkedStreams};

/// Folds everything up to `through`, in transactions of a page each, at this pace or without any rest.
pub(super) async fn follow(
    (site, rhythm): (&Site, Option<&Pace>),
    lease: &mut Lease,
    through: i64,
) -> Result<(), RebuildError> {
    let mut connection = site.own.acquire().await?;
    let keyring = site.keyring.as_ref();
    let lag = &site.metrics.build_lag;
    lag.record(through - lease.position(), &site.attribute());
    while lease.position() < through {
        let turn = match rhythm {
            Some(rhythm) => Some(rhythm.turn().await?),
            None => None,
        };
        let after = lease.position();
        let page =
            EventPage::read(&mut connection, keyring, (after, through), PAGE_EVENTS_MAX).await?;
        let changes = site.fold(&page.entries)?;
        let events = i64::try_from(page.entries.len()).expect("a page fits in memory");
        let mut transaction = connection.begin().await?;
        lease
            .advance(&mut transaction, page.through, events)
            .await?;
        if !changes.is_empty()
            && let Err(error) = changes.write(&mut transaction).await
        {
            transaction.rollback().await?;
            return Err(site.blame(&mut connection, &page.entries, error).await);
        }
        transaction.commit().await?;
        lease.committed(page.through);
        lag.record(through - page.through, &site.attribute());
        if let Some(turn) = turn {
            turn.end().await;
        }
    }
    Ok(())
}

/// Folds `(after, through]` inside the caller's transaction, and leaves the checkpoint to it. What
/// the generation has parked goes on to be parked.
pub(super) async fn write_between(
    site: &Site,
    connection: &mut PgConnection,
    (after, through): (i64, i64),
) -> Result<(), RebuildError> {
    let place = (site.definition.name, site.generation);
    let parked = ParkedStreams::load(&mut *connection, place.0, place.1).await?;
    let keyring = site.keyring.as_ref();
    let mut position = after;
    while position < through {
        let page =
            EventPage::read(connection, keyring, (position, through), PAGE_EVENTS_MAX).await?;
        let (followers, entries): (Vec<_>, Vec<_>) = page
            .entries
            .into_iter()
            .partition(|entry| parked.contains(&entry.stream));
        let changes = site.fold(&entries)?;
        if !changes.is_empty() {
            changes.write(connection).await?;
        }
        let followers: Vec<_> = followers.iter().map(ParkedEvent::follower).collect();
        parking::park(connection, place, &followers).await?;
        position = page.through;
    }
    Ok(())
}
