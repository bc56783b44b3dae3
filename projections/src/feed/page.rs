//! A stretch of history, read and decoded once.

use futures::{Stream as Rows, StreamExt, TryStreamExt};
use jan_domain::history::{self, DecodeError, Event};
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};

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
    pub(crate) async fn read(
        connection: &mut PgConnection,
        after: i64,
        settled: i64,
        events_max: u32,
    ) -> Result<Self, sqlx::Error> {
        let sql = r"
            select position, aggregate_type, aggregate_id, event_type, event_version, payload::text
              from events
             where position > $1
               and position <= $2
             order by position
             limit $3";
        let rows = sqlx::query(sql)
            .bind(after)
            .bind(settled)
            .bind(i64::from(events_max))
            .fetch(connection);
        let rows = rows.map(|row| Entry::read(&row?));
        let (entries, through) = take_page(rows, settled, events_max).await?;
        Ok(Self {
            after,
            through,
            entries,
        })
    }
}

impl Entry {
    /// Decodes a row where it lies.
    pub(crate) fn of_row(row: &PgRow) -> Result<Self, sqlx::Error> {
        Ok(Self::read(row)?.item)
    }

    /// Decodes a row where it lies, and says how large it is.
    pub(super) fn read(row: &PgRow) -> Result<Placed<Self>, sqlx::Error> {
        let (aggregate_type, aggregate_id): (&str, &str) = (row.try_get(1)?, row.try_get(2)?);
        let (event_type, event_version): (&str, &str) = (row.try_get(3)?, row.try_get(4)?);
        let payload: &str = row.try_get(5)?;
        let position = row.try_get(0)?;
        let entry = Self {
            position,
            stream: Stream {
                aggregate_type: aggregate_type.to_owned(),
                aggregate_id: aggregate_id.to_owned(),
            },
            event: history::decode(aggregate_type, event_type, event_version, payload),
        };
        Ok(Placed {
            position,
            bytes: payload.len(),
            item: entry,
        })
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
