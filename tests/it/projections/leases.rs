//! Several nodes share the projections: one projects each, and others take over.

use std::time::Duration;

use chrono::DateTime;
use jan_domain::UserMetadata;
use jan_domain::conversation::{Conversation, ConversationEvent};
use jan_projections::{Consistency, Freshness, ReadModel, Tuning, list_projections};
use sqlx::PgPool;
use tokio::runtime::{Builder, Runtime};
use tokio::time::{Instant, sleep};

use super::database::database;
use super::log::{Node, append, owner};

fn short_lease() -> Tuning {
    Tuning {
        lease: Duration::from_secs(2),
        ..Tuning::default()
    }
}

async fn append_created(pool: &PgPool, number: i64) {
    let event = ConversationEvent::Created {
        owner: owner("ann"),
        title: None,
        metadata: UserMetadata::default(),
        referrer: None,
        at: DateTime::UNIX_EPOCH,
    };
    let mut connection = pool.acquire().await.unwrap();
    append::<Conversation>(&mut connection, &format!("conv_{number}"), 1, &event).await;
}

async fn folded(pool: &PgPool) -> i64 {
    let sql = "select count(*) from conversations";
    sqlx::query_scalar(sql).fetch_one(pool).await.unwrap()
}

async fn owners(pool: &PgPool) -> Vec<Option<String>> {
    let statuses = list_projections(pool).await.unwrap();
    statuses
        .into_iter()
        .map(|status| status.lease_owner)
        .collect()
}

async fn eventually(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let until = Instant::now() + Duration::from_secs(8);
    while !holds().await {
        assert!(Instant::now() < until, "{what}");
        sleep(Duration::from_millis(20)).await;
    }
}

/// A node in a runtime of its own, which can die without a word.
fn mortal(pool: &PgPool, name: &'static str) -> Runtime {
    let runtime = Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let options = (*pool.connect_options()).clone();
    runtime.spawn(async move {
        let pool = sqlx::PgPool::connect_with(options).await.unwrap();
        let _node = Node::tuned(&pool, name, short_lease());
        std::future::pending::<()>().await;
    });
    runtime
}

#[tokio::test]
async fn a_dead_owner_is_taken_over_and_nothing_is_folded_twice() {
    let (pool, _database) = database().await;
    let doomed = mortal(&pool, "doomed");
    eventually("the first node claims everything", async || {
        owners(&pool).await == vec![Some("node_doomed".to_owned()); ReadModel::ALL.len()]
    })
    .await;
    let heir = Node::tuned(&pool, "heir", short_lease());
    for number in 0..50 {
        append_created(&pool, number).await;
    }
    eventually("the first node folds", async || folded(&pool).await > 0).await;
    doomed.shutdown_background();
    for number in 50..100 {
        append_created(&pool, number).await;
    }
    eventually("the second node takes over", async || {
        folded(&pool).await == 100
    })
    .await;
    eventually("all leases move", async || {
        owners(&pool).await == vec![Some("node_heir".to_owned()); ReadModel::ALL.len()]
    })
    .await;
    eventually("all of them fold the rest", async || {
        let statuses = list_projections(&pool).await.unwrap();
        statuses.iter().all(|status| status.event_count >= 100)
    })
    .await;
    let statuses = list_projections(&pool).await.unwrap();
    assert!(
        statuses.iter().all(|status| status.event_count == 100),
        "{statuses:?}"
    );
    heir.stop().await;
}

#[tokio::test]
async fn a_clean_shutdown_hands_over_without_waiting_for_the_lease() {
    let (pool, _database) = database().await;
    let first = Node::start(&pool, "first");
    first.settle().await;
    let second = Node::start(&pool, "second");
    first.stop().await;
    eventually("the second node claims everything", async || {
        owners(&pool).await == vec![Some("node_second".to_owned()); ReadModel::ALL.len()]
    })
    .await;
    append_created(&pool, 1).await;
    second.settle().await;
    second.stop().await;
    assert_eq!(owners(&pool).await, vec![None; ReadModel::ALL.len()]);
}

#[tokio::test]
async fn a_node_whose_lease_was_taken_changes_nothing() {
    let (pool, _database) = database().await;
    let zombie = Node::start(&pool, "zombie");
    append_created(&pool, 1).await;
    zombie.settle().await;
    let sql = r"
        update projections
           set lease_owner = 'node_thief',
               lease_epoch = lease_epoch + 1,
               lease_until = clock_timestamp() + interval '3 s'";
    sqlx::query(sql).execute(&pool).await.unwrap();
    append_created(&pool, 2).await;
    let barrier = zombie.running.read_models().barrier;
    let reached = barrier
        .reach(ReadModel::Conversations, Consistency::Strong)
        .await;
    assert_eq!(reached.unwrap(), Freshness::Stale);
    assert_eq!(folded(&pool).await, 1);
    eventually(
        "the node claims again when the other is silent",
        async || folded(&pool).await == 2,
    )
    .await;
    zombie.stop().await;
}

#[tokio::test]
async fn a_node_that_loses_its_connections_goes_on() {
    let (pool, _database) = database().await;
    let node = Node::start(&pool, "one");
    append_created(&pool, 1).await;
    node.settle().await;
    let sql = r"
        select pg_terminate_backend(pid)
          from pg_stat_activity
         where datname = current_database()
           and pid <> pg_backend_pid()";
    sqlx::query(sql).execute(&pool).await.unwrap();
    eventually("the log takes events again", async || {
        let sql = "select 1";
        sqlx::query(sql).execute(&pool).await.is_ok()
    })
    .await;
    append_created(&pool, 2).await;
    eventually("the projection goes on", async || folded(&pool).await == 2).await;
    node.stop().await;
}
