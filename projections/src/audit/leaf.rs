//! What of an event is sealed: every stored column that says something of its own, byte for byte.
//!
//! The data of a leaf are the event's columns in the order of [`COLUMNS`], each with its length in
//! four bytes before it: numbers as eight bytes, ids as sixteen, texts and JSON as the bytes that are
//! stored, `recorded_at` as the microseconds since 2000 that Postgres keeps. That is a row of
//! Postgres's binary COPY without its count of columns, so rows are hashed where they arrive. The
//! generated columns follow from `metadata`.

use futures::{Stream, StreamExt as _, TryStreamExt as _};
use sqlx::PgConnection;

use super::merkle::{Hash, leaf_hash};
use super::proved_event::ProvedEvent;

/// The sealed columns.
const COLUMNS: &str = "position, xid, event_id, aggregate_type, aggregate_id, sequence, \
     event_type, event_version, payload, metadata, recorded_at";
/// How many they are.
pub(crate) const COLUMNS_COUNT: usize = 11;
/// The microseconds from 1970 to Postgres's first day.
const MICROS_AT_2000: i64 = 946_684_800_000_000;
/// What comes before the first row: a signature, flags, and the length of nothing.
const COPY_HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";

/// The sealed columns of one event, as they came.
pub(crate) struct Leaf<B>(B);

/// Where an event stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Among all events.
    pub position: i64,
    /// Its stream.
    pub stream: String,
    /// In its stream.
    pub sequence: i64,
    /// What it is.
    pub event_type: String,
}

impl<B: AsRef<[u8]>> Leaf<B> {
    pub(crate) fn hash(&self) -> Hash {
        leaf_hash(&[self.data()])
    }

    /// The hash it would have at another position.
    pub(crate) fn hash_at(&self, position: i64) -> Hash {
        let (length, rest) = self.data().split_at(4);
        leaf_hash(&[length, &position.to_be_bytes(), &rest[8..]])
    }

    pub(crate) fn position(&self) -> Option<i64> {
        number(self.columns().next()?)
    }

    pub(crate) fn place(&self) -> Option<Place> {
        let columns: Vec<_> = self.columns().collect();
        let text = |at: usize| columns.get(at).map(|text| String::from_utf8_lossy(text));
        Some(Place {
            position: self.position()?,
            stream: text(4)?.into_owned(),
            sequence: number(columns.get(5)?)?,
            event_type: text(6)?.into_owned(),
        })
    }

    fn data(&self) -> &[u8] {
        self.0.as_ref()
    }

    fn columns(&self) -> impl Iterator<Item = &[u8]> {
        let mut rest = self.data();
        std::iter::from_fn(move || {
            let (length, tail) = rest.split_first_chunk()?;
            let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
            let (column, tail) = tail.split_at_checked(length)?;
            rest = tail;
            Some(column)
        })
    }
}

fn number(column: &[u8]) -> Option<i64> {
    Some(i64::from_be_bytes(column.try_into().ok()?))
}

/// The data of an event's leaf, from its columns.
pub(crate) fn leaf_data(event: &ProvedEvent) -> Vec<u8> {
    let since_2000 = event.recorded_at.timestamp_micros() - MICROS_AT_2000;
    let columns: [&[u8]; COLUMNS_COUNT] = [
        &event.position.to_be_bytes(),
        &event.xid.to_be_bytes(),
        event.event_id.as_bytes(),
        event.aggregate_type.as_bytes(),
        event.aggregate_id.as_bytes(),
        &event.sequence.to_be_bytes(),
        event.event_type.as_bytes(),
        event.event_version.as_bytes(),
        event.payload.as_bytes(),
        event.metadata.as_bytes(),
        &since_2000.to_be_bytes(),
    ];
    let mut data = Vec::new();
    for column in columns {
        let length = u32::try_from(column.len()).expect("Postgres's columns are below a gigabyte");
        data.extend(length.to_be_bytes());
        data.extend(column);
    }
    data
}

/// Reads the events with positions in `(after, through]`, at most so many, in their order.
pub(crate) async fn read_leaves(
    connection: &mut PgConnection,
    (after, through): (i64, i64),
    events_max: u32,
) -> Result<impl Stream<Item = Result<Leaf<impl AsRef<[u8]>>, sqlx::Error>>, sqlx::Error> {
    let sql = format!(
        "copy (select {COLUMNS} from events where position > {after} and position <= {through} \
         order by position limit {events_max}) to stdout (format binary)"
    );
    let rows = connection.copy_out_raw(&sql).await?;
    // Postgres sends a message for each row; before the first one, in the same message, a header.
    let mut first = true;
    let rows = rows.map_ok(move |mut message| {
        if std::mem::take(&mut first) && message.starts_with(COPY_HEADER) {
            drop(message.split_to(COPY_HEADER.len()));
        }
        message
    });
    let rows = rows.map(|message| {
        let mut message = message?;
        match message
            .get(..2)
            .map(|count| i16::from_be_bytes([count[0], count[1]]))
        {
            Some(-1) | None => Ok(None),
            Some(count) if usize::try_from(count) == Ok(COLUMNS_COUNT) => {
                Ok(Some(Leaf(message.split_off(2))))
            }
            Some(_) => Err(sqlx::Error::Protocol("a row has other columns".to_owned())),
        }
    });
    Ok(rows.try_filter_map(async |leaf| Ok(leaf)))
}
