use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use jan_commands::store::AppenderLimits;
use jan_tests::database::ground;

use super::{World, append, create, metadata};

/// Backends are ended again and again while writers append. Whatever was acknowledged is there once,
/// and nothing is there twice.
#[tokio::test]
async fn a_lost_connection_neither_loses_nor_repeats_an_append() {
    let world = Arc::new(
        World::start(AppenderLimits {
            attempts: 12,
            ..AppenderLimits::default()
        })
        .await,
    );
    let done = Arc::new(AtomicBool::new(false));
    let breaker = {
        let (world, done) = (Arc::clone(&world), Arc::clone(&done));
        ground().spawn(async move {
            let mut ended = 0_i64;
            while !done.load(Ordering::Relaxed) {
                tokio::time::sleep(Duration::from_millis(15)).await;
                let sql = "select count(pg_terminate_backend(pid)) from pg_stat_activity
                            where datname = current_database() and pid <> pg_backend_pid()";
                ended += sqlx::query_scalar::<_, i64>(sql)
                    .fetch_one(&world.pool)
                    .await
                    .unwrap_or(0);
            }
            ended
        })
    };
    let writers: Vec<_> = (0..6)
        .map(|writer| {
            let world = Arc::clone(&world);
            ground().spawn(async move {
                let id = format!("conv_{writer}");
                let mut acknowledged = 0;
                let mut begun = false;
                for turn in 0..40 {
                    if !begun {
                        begun = world
                            .conversations
                            .create(&id, create(), &metadata())
                            .await
                            .is_ok();
                        continue;
                    }
                    let item = append(&format!("msg_{turn}"));
                    let taken = world.conversations.execute(&id, item, &metadata()).await;
                    acknowledged += i64::from(taken.is_ok());
                }
                (id, acknowledged)
            })
        })
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
        let mut sequences = world.sequences(&id).await;
        let events = i64::try_from(sequences.len()).unwrap();
        assert_eq!(
            sequences,
            (1..=events).collect::<Vec<i64>>(),
            "{id} has a gap"
        );
        sequences.clear();
        // Events without an acknowledgement may be there; acknowledged ones must be.
        assert!(
            events > acknowledged,
            "{id}: {acknowledged} acknowledged, {events} events"
        );
        let distinct: i64 = sqlx::query_scalar(
            "select count(distinct payload::text) from events where aggregate_id = $1",
        )
        .bind(&id)
        .fetch_one(&world.pool)
        .await
        .unwrap();
        assert_eq!(distinct, events, "{id} has an event twice");
    }
}
