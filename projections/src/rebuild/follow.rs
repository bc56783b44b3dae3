//! Folding the log in order into tables that do not answer reads.

use sqlx::{Connection, PgConnection};

use super::error::RebuildError;
use super::site::Site;
use crate::feed::{Entry, EventPage, PAGE_EVENTS_MAX};
use crate::lease::Lease;
use crate::parking::{self, ParkedEvent, ParkedStreams};

/// Folds everything up to `through`, in transactions of a page each.
pub(super) async fn follow(
    site: &Site,
    lease: &mut Lease,
    through: i64,
) -> Result<(), RebuildError> {
    let mut connection = site.own.acquire().await?;
    let lag = &site.metrics.build_lag;
    lag.record(through - lease.position(), &site.attribute());
    while lease.position() < through {
        let after = lease.position();
        let page = EventPage::read(&mut connection, after, through, PAGE_EVENTS_MAX).await?;
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
    let mut position = after;
    while position < through {
        let page = EventPage::read(connection, position, through, PAGE_EVENTS_MAX).await?;
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

/// Folds once more, in order, the events that change rows of other streams than their own.
pub(super) async fn sweep(site: &Site, through: i64) -> Result<(), RebuildError> {
    if site.definition.sweeps.is_empty() {
        return Ok(());
    }
    let sql = r"
        select position, aggregate_type, aggregate_id, event_type, event_version, payload::text
          from events
         where event_type = any($1)
           and position <= $2
         order by position";
    let rows = sqlx::query(sql)
        .bind(site.definition.sweeps)
        .bind(through)
        .fetch_all(&site.own)
        .await?;
    let entries = rows.iter().map(Entry::of_row);
    let entries = entries.collect::<Result<Vec<_>, _>>()?;
    let changes = site.fold(&entries)?;
    if changes.is_empty() {
        return Ok(());
    }
    let mut connection = site.own.acquire().await?;
    let mut transaction = connection.begin().await?;
    changes.write(&mut transaction).await?;
    Ok(transaction.commit().await?)
}
