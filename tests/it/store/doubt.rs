use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use jan_commands::store::AppenderLimits;
use jan_tests::database::ground;

use super::{World, append, create, metadata};

/// Appends of one writer.
const TURNS: u32 = 40;

/// Backends are ended again and again while writers append. Whatever was acknowledged is there once,
/// and nothing is there twice.
#[tokio::test]
async fn a_lost_connection_neither_loses_nor_repeats_an_append() {
    let limits = AppenderLimits {
        attempts: 12,
        ..AppenderLimits::default()
    };
    let world = Arc::new(World::start(limits).await);
    let done = Arc::new(AtomicBool::new(false));
    let breaker = ground().spawn(break_connections(Arc::clone(&world), Arc::clone(&done)));
    let writers: Vec<_> = (0..6)
        .map(|writer| ground().spawn(write(Arc::clone(&world), format!("conv_{writer}"))))
        .collect();
    let mut outcomes = Vec::new();
    for writer in writers {
        outcomes.push(writer.await.unwrap());
    }
    done.store(true, Ordering::Relaxed);
    let ended = breaker.await.unwrap();
    assert!(
        ended > 20,
        "only {ended} connections were lost: the test proves nothing"
    );
    for (id, acknowledged) in outcomes {
        look_at(&world, &id, acknowledged).await;
    }
}

/// Ends every other session of the database, over and over, and counts them.
async fn break_connections(world: Arc<World>, done: Arc<AtomicBool>) -> i64 {
    let sql = "select count(pg_terminate_backend(pid)) from pg_stat_activity
                where datname = current_database() and pid <> pg_backend_pid()";
    let mut ended = 0;
    while !done.load(Ordering::Relaxed) {
        tokio::time::sleep(Duration::from_millis(15)).await;
        let counted = sqlx::query_scalar::<_, i64>(sql).fetch_one(&world.pool);
        // The counter's own connection may be one that was just ended.
        ended += counted.await.unwrap_or(0);
    }
    ended
}

/// Begins a conversation and adds to it; answers how many additions were acknowledged.
async fn write(world: Arc<World>, id: String) -> (String, i64) {
    let conversations = &world.conversations;
    while conversations
        .create(&id, create(), &metadata())
        .await
        .is_err()
    {}
    let mut acknowledged = 0;
    for turn in 0..TURNS {
        let item = append(&format!("msg_{turn}"));
        let taken = conversations.execute(&id, item, &metadata()).await;
        acknowledged += i64::from(taken.is_ok());
    }
    (id, acknowledged)
}

async fn look_at(world: &World, id: &str, acknowledged: i64) {
    let sequences = world.sequences(id).await;
    let events = i64::try_from(sequences.len()).unwrap();
    let gapless: Vec<i64> = (1..=events).collect();
    assert_eq!(sequences, gapless, "{id} has a gap");
    // Events without an acknowledgement may be there; acknowledged ones must be.
    assert!(
        events > acknowledged,
        "{id}: {acknowledged} acknowledged, {events} events"
    );
    let sql = "select count(distinct payload::text) from events where aggregate_id = $1";
    let distinct: i64 = sqlx::query_scalar(sql)
        .bind(id)
        .fetch_one(&world.pool)
        .await
        .unwrap();
    assert_eq!(distinct, events, "{id} has an event twice");
}
