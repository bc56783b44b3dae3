use std::time::{Duration, Instant};

use sqlx::PgPool;

use super::appends::{APPENDERS, Appends};
use super::build::build;
use super::{enter_live, rate, say};

/// A read model, and the statements that make its largest table in the database alone.
pub(super) struct Subject {
    name: &'static str,
    baseline: [&'static str; 3],
}

pub(super) const SUBJECTS: [Subject; 2] = [
    Subject {
        name: "conversations",
        baseline: [
            "create table baseline_items (like conversation_items)",
            r"
            insert into baseline_items
            select aggregate_id,
                   2 * (sequence - 2) + item.place,
                   item.value ->> 'id',
                   item.value::text,
                   (payload -> 'ItemsAppended' ->> 'at')::timestamptz
              from events
             cross join json_array_elements(payload -> 'ItemsAppended' -> 'items')
                        with ordinality as item (value, place)
             where aggregate_type = 'conversation'
               and event_type = 'ConversationItemsAppended'",
            "alter table baseline_items add primary key (conversation_id, ordinal)",
        ],
    },
    Subject {
        name: "usage",
        baseline: [
            "create table baseline_usage (like usage including all)",
            r"
            insert into baseline_usage
            select asked.payload -> 'Requested' -> 'call' -> 'owner' ->> 'tenant',
                   asked.payload -> 'Requested' -> 'call' -> 'owner' ->> 'account',
                   asked.payload -> 'Requested' -> 'call' ->> 'model',
                   (asked.payload -> 'Requested' ->> 'at')::timestamptz::date,
                   count(*), count(*), 0, 0,
                   sum((told.payload -> 'Completed' -> 'usage' ->> 'input_tokens')::bigint),
                   sum((told.payload -> 'Completed' -> 'usage' ->> 'cached_tokens')::bigint),
                   sum((told.payload -> 'Completed' -> 'usage' ->> 'output_tokens')::bigint),
                   sum((told.payload -> 'Completed' -> 'usage' ->> 'reasoning_tokens')::bigint)
              from events as asked
              join events as told using (aggregate_type, aggregate_id)
             where aggregate_type = 'response'
               and asked.sequence = 1
               and told.sequence = 2
             group by 1, 2, 3, 4",
            "analyze baseline_usage",
        ],
    },
];

impl Subject {
    /// Builds it alone, then while others append, and tells what both cost.
    pub(super) async fn measure(&self, pool: &PgPool, shards: u8) -> anyhow::Result<()> {
        let kind = match self.name {
            "usage" => "response",
            _ => "conversation",
        };
        let sql = "select count(*) from events where aggregate_type = $1";
        let events: i64 = sqlx::query_scalar(sql).bind(kind).fetch_one(pool).await?;
        enter_live(pool, self.name).await?;
        let (alone, memory) = build(pool, self.name, shards).await?;
        let baseline = self.baseline(pool).await?;
        say(format_args!(
            "{}: {events} events in {alone:.1?}: {:.0} events/s, peak memory {} MB",
            self.name,
            rate(events, alone),
            memory / 1024
        ))?;
        say(format_args!(
            "  one statement of the database's own: {baseline:.1?}, {:.0} events/s: we are at {:.2} of it",
            rate(events, baseline),
            baseline.as_secs_f64() / alone.as_secs_f64()
        ))?;
        self.measure_beside_appends(pool, (events, shards)).await
    }

    async fn baseline(&self, pool: &PgPool) -> anyhow::Result<Duration> {
        let began = Instant::now();
        for sql in self.baseline {
            sqlx::query(sql).execute(pool).await?;
        }
        Ok(began.elapsed())
    }

    async fn measure_beside_appends(
        &self,
        pool: &PgPool,
        (events, shards): (i64, u8),
    ) -> anyhow::Result<()> {
        let appends = Appends::start(pool, self.name);
        let first = appends.quiet_rate().await;
        let before = appends.mark();
        let (loaded, _) = build(pool, self.name, shards).await?;
        let busy = appends.rate_since(before);
        // A log that grows takes appends more slowly, whatever else is done.
        let last = appends.quiet_rate().await;
        appends.stop().await;
        let quiet = f64::midpoint(first, last);
        say(format_args!(
            "  with {APPENDERS} connections appending: {:.0} events/s; appends {first:.0}/s \
             before and {last:.0}/s after, {busy:.0}/s meanwhile: {:.0} % lost",
            rate(events, loaded),
            100.0 * (1.0 - busy / quiet)
        ))
    }
}
