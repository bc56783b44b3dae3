//! A stretch of history, read and decoded once.

use std::collections::{BTreeSet, HashMap};

use futures::{Stream as Rows, StreamExt, TryStreamExt};
use jan_domain::history::{self, DecodeError, Event};
use jan_domain::ports::{KeyState, Keyring};
use jan_domain::sealed::{Place, SealBroken};
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};

use super::opening::{self, NoKeyYet};

/// Most events of one page.
pub(crate) const PAGE_EVENTS_MAX: u32 = 2_000;
/// Where a page ends early, in bytes of text: prompts may carry pictures, and two thousand of
/// those do not belong in memory at once.
pub(super) const PAGE_BYTES_MAX: usize = 16 * 1024 * 1024;

/// All events with a position in `(after, through]`.
#[derive(Debug)]
pub(crate) struct EventPage {
    pub(crate) after: i64,
    pub(crate) through: i64,
    pub(crate) entries: Vec<Entry>,
}

/// One place of a page. What cannot be read is still there, so that nobody passes it unseen.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) position: i64,
    pub(crate) stream: Stream,
    pub(crate) event: Result<Event, DecodeError>,
}

/// The name of one aggregate's history.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Stream {
    pub(crate) aggregate_type: String,
    pub(crate) aggregate_id: String,
}

impl EventPage {
    /// Reads what follows `after`. `settled` is where the gate stands; the page ends there or
    /// earlier, when it is full. Provenance is left where it is: no read model shows it.
    ///
    /// What belongs to an owner that is being erased is a tombstone, sealed or not, from the moment
    /// that is planned: an erasure is told after it was planned, so nothing that stands behind it is
    /// ever taken in.
    pub(crate) async fn read(
        connection: &mut PgConnection,
        keyring: &dyn Keyring,
        (after, settled): (i64, i64),
        events_max: u32,
    ) -> Result<Self, sqlx::Error> {
        let sql =
            format!("{SELECT} where position > $1 and position <= $2 order by position limit $3");
        let rows = sqlx::query(&sql)
            .bind(after)
            .bind(settled)
            .bind(i64::from(events_max))
            .fetch(connection);
        let rows = rows.map(|row| Entry::read(&row?, keyring));
        let (read, through) = take_page(rows, settled, events_max).await?;
        let entries = open_closed(read, keyring).await?;
        Ok(Self {
            after,
            through,
            entries,
        })
    }
}

/// An entry, or what it takes a key to read.
pub(super) enum Read {
    Entry(Entry),
    Closed(Closed),
}

/// A sealed event whose key is not remembered here.
pub(super) struct Closed {
    position: i64,
    stream: Stream,
    sequence: i64,
    event_type: String,
    event_version: String,
    payload: String,
    key: String,
}

/// What an entry is read from, for whoever adds which events are wanted.
pub(crate) const SELECT: &str = r"
    select position, aggregate_type, aggregate_id, event_type, event_version, payload::text,
           sequence,
           exists (select
                     from erasures
                    where erasures.tenant_id = events.tenant_id
                      and erasures.account_id = events.owner_id) as erased
      from events";

impl Entry {
    /// Decodes rows of [`SELECT`].
    pub(crate) async fn of_rows(
        rows: &[PgRow],
        keyring: &dyn Keyring,
    ) -> Result<Vec<Self>, sqlx::Error> {
        let read = rows.iter().map(|row| Ok(Self::read(row, keyring)?.item));
        open_closed(read.collect::<Result<_, sqlx::Error>>()?, keyring).await
    }

    /// Decodes a row where it lies, and says how large it is.
    pub(super) fn read(row: &PgRow, keyring: &dyn Keyring) -> Result<Placed<Read>, sqlx::Error> {
        let place = Place {
            aggregate_type: row.try_get(1)?,
            aggregate_id: row.try_get(2)?,
            sequence: row.try_get(6)?,
            event_type: row.try_get(3)?,
            event_version: row.try_get(4)?,
        };
        let payload: &str = row.try_get(5)?;
        let erased: bool = row.try_get(7)?;
        let position = row.try_get(0)?;
        let stream = Stream {
            aggregate_type: place.aggregate_type.to_owned(),
            aggregate_id: place.aggregate_id.to_owned(),
        };
        let item = if erased && place.event_type != history::ERASED {
            Read::Entry(Self {
                position,
                stream,
                event: Ok(Event::Tombstone),
            })
        } else {
            match opening::decode(&place, payload, |id| keyring.remembered(id)) {
                Ok(event) => Read::Entry(Self {
                    position,
                    stream,
                    event,
                }),
                Err(NoKeyYet(key)) => Read::Closed(Closed {
                    position,
                    stream,
                    sequence: place.sequence,
                    event_type: place.event_type.to_owned(),
                    event_version: place.event_version.to_owned(),
                    payload: payload.to_owned(),
                    key,
                }),
            }
        };
        Ok(Placed {
            position,
            bytes: payload.len(),
            item,
        })
    }
}

/// Looks the missing keys up, and reads what was closed without them.
pub(super) async fn open_closed(
    read: Vec<Read>,
    keyring: &dyn Keyring,
) -> Result<Vec<Entry>, sqlx::Error> {
    let closed = read.iter().filter_map(|read| match read {
        Read::Entry(_) => None,
        Read::Closed(closed) => Some(closed.key.clone()),
    });
    let missing: Vec<String> = closed.collect::<BTreeSet<_>>().into_iter().collect();
    let keys = opening::find(keyring, &missing).await?;
    let entries = read.into_iter().map(|read| match read {
        Read::Entry(entry) => entry,
        Read::Closed(closed) => closed.open(&keys),
    });
    Ok(entries.collect())
}

impl Closed {
    fn open(self, keys: &HashMap<String, KeyState>) -> Entry {
        let place = Place {
            aggregate_type: &self.stream.aggregate_type,
            aggregate_id: &self.stream.aggregate_id,
            sequence: self.sequence,
            event_type: &self.event_type,
            event_version: &self.event_version,
        };
        let decoded = opening::decode(&place, &self.payload, |id| keys.get(id).cloned());
        let event = decoded.unwrap_or_else(|NoKeyYet(key)| {
            Err(DecodeError::Sealed {
                event_type: self.event_type.clone(),
                source: SealBroken::NoKey(key),
            })
        });
        Entry {
            position: self.position,
            stream: self.stream,
            event,
        }
    }
}

/// Something on a page, with what the page needs to know of it.
pub(super) struct Placed<T> {
    pub(super) position: i64,
    pub(super) bytes: usize,
    pub(super) item: T,
}

/// Takes rows until the page is full, and answers the position through which they are all:
/// `settled`, or the last of them when the page was full before.
pub(super) async fn take_page<T>(
    mut rows: impl Rows<Item = Result<Placed<T>, sqlx::Error>> + Unpin,
    settled: i64,
    events_max: u32,
) -> Result<(Vec<T>, i64), sqlx::Error> {
    let mut items = Vec::new();
    let (mut last, mut bytes) = (settled, 0);
    while let Some(placed) = rows.try_next().await? {
        last = placed.position;
        bytes += placed.bytes;
        items.push(placed.item);
        if bytes >= PAGE_BYTES_MAX {
            return Ok((items, last));
        }
    }
    let full = u32::try_from(items.len()) == Ok(events_max);
    Ok((items, if full { last } else { settled }))
}
