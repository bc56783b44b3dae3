//! Histories stream by stream, for what is built from nothing: in the order of their ids, each from
//! its first event.

use futures::TryStreamExt;
use jan_domain::ports::Keyring;
use sqlx::{PgConnection, Postgres, QueryBuilder, Row};

use super::page::{Entry, PAGE_BYTES_MAX, SELECT, open_closed};
use crate::projection::Streams;

/// Most events of one page.
const PAGE_EVENTS_MAX: usize = 5_000;

/// What is left to read of some streams.
pub(crate) struct StreamRange<'r> {
    pub(crate) streams: Streams,
    /// The last event that was read, by stream and place in it.
    pub(crate) after: (&'r str, i64),
    /// The last stream of the range; none where it goes on for ever.
    pub(crate) until: Option<&'r str>,
    /// Later positions are not there yet.
    pub(crate) through: i64,
}

/// Events of consecutive streams. The last stream may go on with the next page.
pub(crate) struct StreamPage {
    pub(crate) entries: Vec<Entry>,
    /// The place of the last event in its stream.
    pub(crate) last_sequence: i64,
    /// Whether there may be more.
    pub(crate) full: bool,
}

impl StreamRange<'_> {
    /// Reads the next page. The connection must be kept from sorting: see [`IN_ORDER`].
    pub(crate) async fn read(
        &self,
        connection: &mut PgConnection,
        keyring: &dyn Keyring,
    ) -> Result<StreamPage, sqlx::Error> {
        let mut query = self.query();
        let mut rows = query.build().fetch(connection);
        let mut page = StreamPage {
            entries: Vec::new(),
            last_sequence: 0,
            full: false,
        };
        let (mut read, mut bytes) = (Vec::new(), 0);
        while let Some(row) = rows.try_next().await? {
            let placed = Entry::read(&row, keyring)?;
            bytes += placed.bytes;
            read.push(placed.item);
            page.last_sequence = row.try_get(6)?;
            page.full = bytes >= PAGE_BYTES_MAX || read.len() == PAGE_EVENTS_MAX;
            if page.full {
                break;
            }
        }
        drop(rows);
        page.entries = open_closed(read, keyring).await?;
        Ok(page)
    }

    fn query(&self) -> QueryBuilder<'_, Postgres> {
        let mut query = QueryBuilder::new(SELECT);
        query
            .push(" where aggregate_type = ")
            .push_bind(self.streams.aggregate_type)
            .push(" and (aggregate_id, sequence) > (")
            .push_bind(self.after.0)
            .push(", ")
            .push_bind(self.after.1)
            .push(") and position <= ")
            .push_bind(self.through);
        if let Some(until) = self.until {
            query.push(" and aggregate_id <= ").push_bind(until);
        }
        if !self.streams.prefix.is_empty() {
            query
                .push(" and starts_with(aggregate_id, ")
                .push_bind(self.streams.prefix)
                .push(")");
        }
        query
            .push(" order by aggregate_id, sequence limit ")
            .push_bind(i64::try_from(PAGE_EVENTS_MAX).expect("a page is small"));
        query
    }
}

/// Settings of a connection that reads streams: by the index of streams, whatever is known about
/// the table, because a page that is sorted reads everything.
pub(crate) const IN_ORDER: [(&str, &str); 3] = [
    ("enable_sort", "off"),
    ("enable_bitmapscan", "off"),
    ("enable_seqscan", "off"),
];
