//! Whether the database still refuses to rewrite what is append only.

use sqlx::PgPool;

use super::leaf::Place;

const TRIGGERS: [&str; 4] = [
    "events_are_append_only",
    "events_are_not_truncated",
    "event_seals_are_append_only",
    "event_seals_are_not_truncated",
];

/// The triggers that are gone or disabled, and the columns of `events` that no longer follow from
/// `metadata` by themselves.
pub(crate) async fn missing(pool: &PgPool) -> Result<Vec<String>, sqlx::Error> {
    let sql = r"
        select 'the trigger ' || name
          from unnest($1::text[]) as name
         where not exists (select from pg_trigger
                            where tgname = name
                              and tgrelid in ('events'::regclass, 'event_seals'::regclass)
                              and tgenabled in ('O', 'A'))
         union all
        select 'the generated column ' || attname
          from pg_attribute
         where attrelid = 'events'::regclass
           and attname in ('tenant_id', 'owner_id', 'actor_id', 'correlation_id', 'causation_id',
                           'command_id')
           and attgenerated <> 's'";
    sqlx::query_scalar(sql)
        .bind(&TRIGGERS[..])
        .fetch_all(pool)
        .await
}

/// An event at a position that was never drawn: they begin at 1.
pub(crate) async fn before_the_beginning(pool: &PgPool) -> Result<Option<Place>, sqlx::Error> {
    let sql = r"
        select position, aggregate_id, sequence, event_type
          from events
         where position < 1
         order by position
         limit 1";
    let row: Option<(i64, String, i64, String)> = sqlx::query_as(sql).fetch_optional(pool).await?;
    Ok(row.map(|(position, stream, sequence, event_type)| Place {
        position,
        stream,
        sequence,
        event_type,
    }))
}
