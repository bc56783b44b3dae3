//! A read that follows a write sees it, wherever the projection runs.

use std::time::{Duration, Instant};

use chrono::DateTime;
use jan_domain::UserMetadata;
use jan_domain::conversation::{Conversation, ConversationEvent};
use jan_domain::id::ConversationId;
use jan_projections::{Consistency, Freshness, ReadModel, ReadModels, WAIT_MAX};
use sqlx::PgPool;

use super::database::database;
use super::log::{Node, append, fresh, owner};

fn created() -> ConversationEvent {
    ConversationEvent::Created {
        owner: owner("ann"),
        title: None,
        metadata: UserMetadata::default(),
        referrer: None,
        at: DateTime::UNIX_EPOCH,
    }
}

async fn create(pool: &PgPool, number: usize) -> ConversationId {
    let id = ConversationId::parse(&format!("conv_{number}")).unwrap();
    let mut connection = pool.acquire().await.unwrap();
    append::<Conversation>(&mut connection, id.as_str(), 1, &created()).await;
    id
}

async fn sees(reads: &ReadModels, id: &ConversationId) -> bool {
    fresh(reads, ReadModel::Conversations).await;
    reads
        .conversations
        .find(&owner("ann"), id)
        .await
        .unwrap()
        .is_some()
}

#[tokio::test]
async fn a_read_on_the_projecting_node_never_misses_its_own_write() {
    let (pool, _database) = database().await;
    let node = Node::start(&pool, "one");
    let reads = node.running.read_models();
    for number in 0..1_000 {
        let id = create(&pool, number).await;
        // Half of the writes come from another process, as far as this node can tell.
        if number % 2 == 0 {
            node.appended.notify_one();
        }
        assert!(sees(&reads, &id).await, "{id} is missing");
    }
    node.stop().await;
}

#[tokio::test]
async fn a_read_on_another_node_never_misses_its_own_write() {
    let (pool, _database) = database().await;
    let node = Node::start(&pool, "one");
    let reads = ReadModels::elsewhere(&pool);
    for number in 0..60 {
        let id = create(&pool, number).await;
        assert!(sees(&reads, &id).await, "{id} is missing");
    }
    node.stop().await;
}

#[tokio::test]
async fn concurrent_writers_and_readers_on_two_nodes_see_their_own_writes() {
    let (pool, _database) = database().await;
    let nodes = [Node::start(&pool, "one"), Node::start(&pool, "two")];
    let clients = (0..16).map(|client| {
        let reads = nodes[client % 2].running.read_models();
        let (pool, appended) = (pool.clone(), nodes[(client / 2) % 2].appended.clone());
        async move {
            for number in 0..25 {
                let id = create(&pool, client * 1_000 + number).await;
                appended.notify_one();
                assert!(sees(&reads, &id).await, "{id} is missing");
            }
        }
    });
    futures::future::join_all(clients).await;
    for node in nodes {
        node.stop().await;
    }
}

#[tokio::test]
async fn a_rolled_back_position_blocks_nobody() {
    let (pool, _database) = database().await;
    let node = Node::start(&pool, "one");
    node.settle().await;
    let mut transaction = pool.begin().await.unwrap();
    append::<Conversation>(&mut transaction, "conv_never", 1, &created()).await;
    transaction.rollback().await.unwrap();
    let began = Instant::now();
    node.settle().await;
    assert!(began.elapsed() < Duration::from_secs(1));
    node.stop().await;
}

/// Nobody projects: the leases are held by a node that does nothing. (An open transaction would do
/// as well, and would hold up every other test on the same server.)
#[tokio::test]
async fn a_read_that_waited_too_long_says_so() {
    let (pool, _database) = database().await;
    let idle = Node::start(&pool, "idle");
    idle.settle().await;
    let sql = r"
        update projections
           set lease_owner = 'node_idler',
               lease_until = clock_timestamp() + interval '1 h',
               lease_epoch = lease_epoch + 1";
    sqlx::query(sql).execute(&pool).await.unwrap();
    let id = create(&pool, 1).await;

    let reads = idle.running.read_models();
    let reach = |consistency| reads.barrier.reach(ReadModel::Conversations, consistency);
    assert_eq!(
        reach(Consistency::Eventual).await.unwrap(),
        Freshness::Unchecked
    );
    let began = Instant::now();
    assert_eq!(reach(Consistency::Strong).await.unwrap(), Freshness::Stale);
    assert!(began.elapsed() >= WAIT_MAX);

    let sql = "update projections set lease_owner = null";
    sqlx::query(sql).execute(&pool).await.unwrap();
    assert!(sees(&reads, &id).await);
    idle.stop().await;
}
