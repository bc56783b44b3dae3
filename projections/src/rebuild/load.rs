//! Taking whole streams in: several ranges of them at once, each page in one transaction with the
//! checkpoint of its range, so that whoever goes on after a death goes on where it happened.

use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection, PgConnection};

use super::copy_rows::CopyRows;
use super::error::RebuildError;
use super::pace::Pace;
use super::site::Site;
use crate::feed::{Entry, IN_ORDER, StreamPage, StreamRange};
use crate::projection::{Course, Folding, Streams};

/// A range of streams, and how far it is taken in.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(super) struct Shard {
    number: i32,
    range_end: Option<String>,
    /// The last stream that is in.
    cursor: String,
}

/// The ranges that are not finished.
pub(super) async fn unfinished(site: &Site) -> Result<Vec<Shard>, sqlx::Error> {
    let sql = r"
        select shard as number, range_end, cursor
          from projection_shards
         where name = $1
           and generation = $2
           and not finished
         order by shard";
    sqlx::query_as(sql)
        .bind(site.definition.name)
        .bind(site.generation)
        .fetch_all(&site.pool)
        .await
}

/// Takes in what is left of a range, up to position `through`.
pub(super) async fn load(
    (site, pace): (&Site, &Pace),
    streams: Streams,
    (shard, through): (Shard, i64),
) -> Result<(), RebuildError> {
    let reads = (*site.own.connect_options()).clone().options(IN_ORDER);
    Loader {
        site,
        pace,
        streams,
        through,
        writer: PgConnection::connect_with(&site.own.connect_options()).await?,
        shard,
    }
    .run(&reads)
    .await
}

struct Loader<'s> {
    site: &'s Site,
    pace: &'s Pace,
    streams: Streams,
    through: i64,
    shard: Shard,
    writer: PgConnection,
}

/// Whole streams, folded and ready to be written.
struct Batch {
    entries: Vec<Entry>,
    changes: Changed,
    /// The last of them.
    cursor: String,
    finished: bool,
}

enum Changed {
    Rows(CopyRows),
    Changes(Box<dyn Folding>),
}

/// What is constant about the pages of a range.
struct Rest<'r> {
    streams: Streams,
    until: Option<&'r str>,
    through: i64,
}

impl Rest<'_> {
    fn after<'a>(&'a self, after: (&'a str, i64)) -> StreamRange<'a> {
        StreamRange {
            streams: self.streams,
            after,
            until: self.until,
            through: self.through,
        }
    }
}

impl Loader<'_> {
    async fn run(mut self, reads: &PgConnectOptions) -> Result<(), RebuildError> {
        let mut reader = PgConnection::connect_with(reads).await?;
        let until = self.shard.range_end.clone();
        let cursor = self.shard.cursor.clone();
        let (streams, through) = (self.streams, self.through);
        let rest = Rest {
            streams,
            until: until.as_deref(),
            through,
        };
        let keyring = self.site.keyring.as_ref();
        let first = rest.after((&cursor, i64::MAX));
        let mut page = first.read(&mut reader, keyring).await?;
        let mut carried: Vec<Entry> = Vec::new();
        while page.full {
            let turn = self.pace.turn().await?;
            let StreamPage {
                entries,
                last_sequence,
                ..
            } = page;
            carried.extend(entries);
            let last = carried.last().expect("a full page holds events");
            let last = last.stream.aggregate_id.clone();
            let begins = carried
                .iter()
                .rposition(|entry| entry.stream.aggregate_id != last);
            let after = (last.as_str(), last_sequence);
            page = if let Some(end) = begins {
                let unfinished = carried.split_off(end + 1);
                let batch = self.batch(std::mem::replace(&mut carried, unfinished), false)?;
                let next = rest.after(after);
                // The next page is read while this one is written.
                let (page, committed) =
                    futures::join!(next.read(&mut reader, keyring), self.commit(batch));
                committed?;
                page?
            } else {
                rest.after(after).read(&mut reader, keyring).await?
            };
            turn.end().await;
        }
        carried.extend(page.entries);
        let batch = self.batch(carried, true)?;
        self.commit(batch).await?;
        reader.close().await?;
        Ok(self.writer.close().await?)
    }

    fn batch(&self, entries: Vec<Entry>, finished: bool) -> Result<Batch, RebuildError> {
        let changes = self.changed(&entries)?;
        let last = entries
            .last()
            .map(|entry| entry.stream.aggregate_id.clone());
        Ok(Batch {
            cursor: last.unwrap_or_else(|| self.shard.cursor.clone()),
            entries,
            changes,
            finished,
        })
    }

    fn changed(&self, entries: &[Entry]) -> Result<Changed, RebuildError> {
        let changes = self.site.fold(entries)?;
        if !matches!(self.site.definition.course, Course::Copied(_)) {
            return Ok(Changed::Changes(changes));
        }
        let mut rows = CopyRows::default();
        changes.copy(&mut rows);
        Ok(Changed::Rows(rows))
    }

    async fn commit(&mut self, batch: Batch) -> Result<(), RebuildError> {
        let Batch {
            entries,
            changes,
            cursor,
            finished,
        } = batch;
        let mut transaction = self.writer.begin().await?;
        let place = (self.site, &self.shard);
        checkpoint(&mut transaction, place, (&cursor, entries.len(), finished)).await?;
        let written = match changes {
            Changed::Rows(rows) => rows.send(&mut transaction).await,
            Changed::Changes(changes) => changes.write(&mut transaction).await,
        };
        if let Err(error) = written {
            transaction.rollback().await?;
            return Err(self.blame(&entries, error).await);
        }
        transaction.commit().await?;
        let events = entries.len() as u64;
        self.site
            .metrics
            .events_loaded
            .add(events, &self.site.attribute());
        self.shard.cursor = cursor;
        Ok(())
    }

    /// Which event is to blame: the stream is found first, because there are no indexes yet by
    /// which single events could find their rows.
    async fn blame(&mut self, entries: &[Entry], error: sqlx::Error) -> RebuildError {
        for stream in entries.chunk_by(|one, next| one.stream == next.stream) {
            match self.fails(stream).await {
                Ok(false) => {}
                Ok(true) => return self.site.blame(&mut self.writer, stream, error).await,
                Err(other) => return other,
            }
        }
        error.into()
    }

    async fn fails(&mut self, stream: &[Entry]) -> Result<bool, RebuildError> {
        let Changed::Rows(rows) = self.changed(stream)? else {
            return Ok(true);
        };
        let mut transaction = self.writer.begin().await?;
        let sent = rows.send(&mut transaction).await;
        transaction.rollback().await?;
        Ok(sent.is_err())
    }
}

/// Moves a range's checkpoint, unless somebody else has.
async fn checkpoint(
    connection: &mut PgConnection,
    (site, shard): (&Site, &Shard),
    (cursor, events, finished): (&str, usize, bool),
) -> Result<(), RebuildError> {
    let sql = r"
        update projection_shards
           set cursor = $5,
               events_done = events_done + $6,
               finished = $7
         where name = $1
           and generation = $2
           and shard = $3
           and cursor = $4
           and not finished";
    let moved = sqlx::query(sql)
        .bind(site.definition.name)
        .bind(site.generation)
        .bind(shard.number)
        .bind(&shard.cursor)
        .bind(cursor)
        .bind(i64::try_from(events).expect("a page fits in memory"))
        .bind(finished)
        .execute(connection)
        .await?;
    if moved.rows_affected() == 1 {
        Ok(())
    } else {
        Err(RebuildError::Taken)
    }
}
