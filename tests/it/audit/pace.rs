//! How fast the check is, and what searching costs an append. Run by hand:
//! `cargo it -- audit::pace --ignored --nocapture`.

use std::time::{Duration, Instant};

use jan_projections::audit::{Verifier, VerifyWish};

use super::World;

const EVENTS: i64 = 300_000;
/// Bytes of a payload, as a short exchange has them.
const PAYLOAD_BYTES: usize = 400;

/// The indexes that searching would need on the log itself.
const INDEXES: &str = "
    create index on events (tenant_id, owner_id, position);
    create index on events (actor_id, position);
    create index on events ((metadata ->> 'api_key_id'), position);
    create index on events ((metadata ->> 'request_id'), position);
    create index on events (correlation_id, position);
    create index on events (aggregate_id, position);
    create index on events (event_type, position);
    create index on events (recorded_at);";

/// Adds events as the store would, and says how long it took.
async fn fill(world: &World, first: i64, count: i64) -> Duration {
    let began = Instant::now();
    let sql = r#"
        insert into events
               (aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata)
        select 'conversation', 'conv_' || n / 10, 1 + n % 10, 'ConversationItemsAppended', '1.0',
               ('{"ItemsAppended":"' || repeat('x', $3) || '"}')::json,
               format('{"tenant_id":"default","owner_id":"user_%s","actor_id":"user_%s","correlation_id":"%s","causation_id":"%s","command_id":"%s","request_id":"%s"}',
                      n % 100, n % 100, n, n, n, n)::json
          from generate_series($1, $1 + $2 - 1) as n"#;
    sqlx::query(sql)
        .bind(first)
        .bind(count)
        .bind(i32::try_from(PAYLOAD_BYTES).unwrap())
        .execute(&world.pool)
        .await
        .unwrap();
    began.elapsed()
}

#[expect(clippy::print_stdout, reason = "the figures are for people")]
#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes a minute and proves nothing; it measures"]
async fn the_check_keeps_up() {
    let world = World::start().await;
    fill(&world, 0, EVENTS).await;
    let began = Instant::now();
    world.seal(1_000).await;
    println!(
        "sealed and indexed: {:.0} events/s",
        rate(EVENTS, began.elapsed())
    );
    sqlx::raw_sql("vacuum analyze")
        .execute(&world.pool)
        .await
        .unwrap();
    let verifier = Verifier {
        pool: world.pool.clone(),
        keys: vec![world.public_key()],
    };
    let wish = VerifyWish::default();
    let extent = verifier.extent(&wish).await.unwrap();
    for round in 1..=3 {
        let began = Instant::now();
        verifier.verify(&wish, &extent, |_| ()).await.unwrap();
        let checked = began.elapsed();
        let began = Instant::now();
        verifier.read_only(&extent).await.unwrap();
        let read = began.elapsed();
        println!(
            "round {round}: verified {:.0} events/s, read alone {:.0} events/s",
            rate(EVENTS, checked),
            rate(EVENTS, read)
        );
    }
}

#[expect(clippy::print_stdout, reason = "the figures are for people")]
#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes a minute and proves nothing; it measures"]
async fn an_append_pays_for_no_index() {
    let world = World::start().await;
    let (batch, rounds) = (250, 40);
    let mut first = 0;
    let mut run = async || {
        let mut took = Duration::ZERO;
        for _ in 0..rounds {
            took += fill(&world, first, batch).await;
            first += batch;
        }
        took / rounds
    };
    run().await;
    let plain = run().await;
    sqlx::raw_sql(INDEXES).execute(&world.pool).await.unwrap();
    let indexed = run().await;
    println!("an append of {batch} events: {plain:?}; with indexes for searching: {indexed:?}");
}

#[expect(clippy::cast_precision_loss, reason = "a rate has a few digits")]
fn rate(events: i64, took: Duration) -> f64 {
    events as f64 / took.as_secs_f64()
}
