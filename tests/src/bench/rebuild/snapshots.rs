use std::sync::Arc;
use std::time::{Duration, Instant};

use jan_commands::store::{AppenderLimits, EventLog, Store};
use jan_domain::conversation::Conversation;
use jan_domain::metadata::Metadata;
use jan_infra::id_generator::UuidV7Ids;
use sqlx::PgPool;
use tokio::sync::Notify;
use tokio::time::sleep;
use tokio_util::task::TaskTracker;

use super::say;
use crate::synthetic::owner;

/// Events of a stream.
const EVENTS: i64 = 100_000;
/// Loads of which the fastest counts.
const ROUNDS: u32 = 5;
const RETITLED: &str = r#"{"TitleChanged":{"title":"title N","at":"2026-01-01T00:00:00Z"}}"#;
const APPENDED: &str = r#"{"ItemsAppended":{"items":[{"id":"msg_N","status":"completed","type":"message","role":"user","content":[{"type":"input_text","text":"What is said here is about as long as what people say."}]}],"response":null,"at":"2026-01-01T00:00:00Z"}}"#;

/// Loads long streams, from their first event and from a snapshot, and tells what both take.
pub(super) async fn measure(pool: &PgPool) -> anyhow::Result<()> {
    let tracker = TaskTracker::new();
    let log = EventLog::start(
        pool.clone(),
        Arc::new(UuidV7Ids),
        Arc::new(Notify::new()),
        AppenderLimits::default(),
        &tracker,
    );
    let store: Store<Conversation> = Store::new(log);
    for (what, id, following) in [
        ("small events on few items", "conv_long_titles", RETITLED),
        ("an item each", "conv_long_items", APPENDED),
    ] {
        write(pool, id, following).await?;
        let begun = Instant::now();
        let first = store.load(id).await?;
        let folded = begun.elapsed();
        until_taken(pool, id).await?;
        let mut fastest = Duration::MAX;
        for _ in 0..ROUNDS {
            let begun = Instant::now();
            let again = store.load(id).await?;
            fastest = fastest.min(begun.elapsed());
            anyhow::ensure!(
                again.state == first.state,
                "a snapshot tells something else"
            );
        }
        say(format_args!(
            "a stream of {EVENTS} events, {what}: folded whole in {folded:.1?}, loaded from its \
             snapshot in {fastest:.1?}"
        ))?;
    }
    Ok(())
}

async fn write(pool: &PgPool, id: &str, following: &str) -> anyhow::Result<()> {
    let created = r#"{"Created":{"owner":{"tenant":"default","account":"user_1"},"title":null,"metadata":{},"referrer":null,"at":"2026-01-01T00:00:00Z"}}"#;
    let sql = r"
        insert into events (aggregate_type, aggregate_id, sequence, event_type, event_version,
                            payload, metadata)
        select 'conversation', $1, n, 'ConversationEvent', '1.0',
               case n when 1 then $3 else replace($4, 'N', n::text) end::json,
               $5::json
          from generate_series(1, $2) as n
         order by n";
    let metadata = serde_json::to_string(&Metadata::of_system(&owner(), "bench"))?;
    sqlx::query(sql)
        .bind(id)
        .bind(EVENTS)
        .bind(created)
        .bind(following)
        .bind(metadata)
        .execute(pool)
        .await?;
    Ok(())
}

async fn until_taken(pool: &PgPool, id: &str) -> anyhow::Result<()> {
    let sql = "select exists (select from snapshots where aggregate_id = $1)";
    while !sqlx::query_scalar::<_, bool>(sql)
        .bind(id)
        .fetch_one(pool)
        .await?
    {
        sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}
