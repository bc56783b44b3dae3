use std::sync::Arc;

use jan_domain::id::ResponseId;
use sqlx::PgPool;

use crate::run::StreamEvent;

/// The streams of runs in the background, written down before anyone reads them.
#[derive(Debug, Clone)]
pub struct StreamLog {
    pool: PgPool,
}

impl StreamLog {
    /// The log in this database.
    pub fn new(pool: PgPool) -> Self {
        Self { pool }
    }

    /// Writes down events, the first of which has the number `first`. Answers how many of them are
    /// there: all, or as many as an earlier try has written whose answer was lost. `None` says that
    /// this process has lost the run and must not tell anything any more.
    pub(crate) async fn append(
        &self,
        id: &ResponseId,
        epoch: u32,
        first: u64,
        events: &[Arc<StreamEvent>],
    ) -> Result<Option<usize>, sqlx::Error> {
        let text = serde_json::to_string(events).expect("stream events have text keys");
        let sql = r"
            with written as (
                insert into stream_log (response_id, first_sequence, events, count, epoch)
                select $1, $2, $3, $4, $5
                 where not exists (select
                                     from stream_log
                                    where response_id = $1
                                      and (epoch > $5 or first_sequence + count > $2))
                    on conflict do nothing
                returning count)
            select count from written
             union all
            select count
              from stream_log
             where response_id = $1 and first_sequence = $2 and epoch = $5";
        let there: Option<i32> = sqlx::query_scalar(sql)
            .bind(id.as_str())
            .bind(i64::try_from(first).unwrap_or(i64::MAX))
            .bind(text)
            .bind(i32::try_from(events.len()).unwrap_or(i32::MAX))
            .bind(i32::try_from(epoch).unwrap_or(i32::MAX))
            .fetch_optional(&self.pool)
            .await?;
        Ok(there.map(|count| usize::try_from(count).unwrap_or_default()))
    }

    /// What was written down of a stream that goes on in `epoch`. Who carried the run before can
    /// write nothing behind it.
    pub(crate) async fn take_over(
        &self,
        id: &ResponseId,
        epoch: u32,
    ) -> Result<Vec<StreamEvent>, sqlx::Error> {
        let sql = r"
            update stream_log
               set epoch = $2
             where response_id = $1
               and epoch < $2
               and first_sequence = (select max(first_sequence)
                                       from stream_log
                                      where response_id = $1)";
        sqlx::query(sql)
            .bind(id.as_str())
            .bind(i32::try_from(epoch).unwrap_or(i32::MAX))
            .execute(&self.pool)
            .await?;
        let told = self.read(id, 0).await?;
        Ok(told.into_iter().map(|(_, event)| event).collect())
    }

    /// What was written down of a stream from number `from` on, with the number of the first event
    /// that is answered; events before `from` may come first.
    pub async fn read(
        &self,
        id: &ResponseId,
        from: u64,
    ) -> Result<Vec<(u64, StreamEvent)>, sqlx::Error> {
        let sql = r"
            select first_sequence, events
              from stream_log
             where response_id = $1
               and first_sequence + count > $2
             order by first_sequence";
        let rows: Vec<(i64, String)> = sqlx::query_as(sql)
            .bind(id.as_str())
            .bind(i64::try_from(from).unwrap_or(i64::MAX))
            .fetch_all(&self.pool)
            .await?;
        let mut told = Vec::new();
        for (first, text) in rows {
            let events: Vec<StreamEvent> =
                serde_json::from_str(&text).map_err(|error| sqlx::Error::Decode(error.into()))?;
            let numbers = first.unsigned_abs()..;
            told.extend(numbers.zip(events).filter(|(number, _)| *number >= from));
        }
        Ok(told)
    }

    /// Forgets one stream.
    pub(crate) async fn forget(&self, id: &ResponseId) -> Result<(), sqlx::Error> {
        sqlx::query("delete from stream_log where response_id = $1")
            .bind(id.as_str())
            .execute(&self.pool)
            .await?;
        Ok(())
    }
}
