use std::time::Duration;

use jan_commands::runner::NodeLease;
use jan_commands::store::{AppenderLimits, Claim, IdempotencyKey, IdempotencyKeys, Outcome};
use jan_domain::id::NodeId;

use super::{World, owner};

fn key(body: u8) -> IdempotencyKey {
    IdempotencyKey {
        owner: owner(),
        route: "POST /v1/conversations".to_owned(),
        key: "k".to_owned(),
        body_hash: [body; 32],
    }
}

fn node(name: &str) -> NodeId {
    NodeId::parse(&format!("node_{name}")).unwrap()
}

#[tokio::test]
async fn a_key_is_carried_out_once_and_answered_ever_after() {
    let world = World::start(AppenderLimits::default()).await;
    let keys = IdempotencyKeys::new(world.pool.clone(), node("a"));
    let _alive = lease(&world, "a").await;
    assert_eq!(keys.claim(&key(1)).await.unwrap(), Claim::Ours);
    assert_eq!(keys.claim(&key(1)).await.unwrap(), Claim::InFlight);
    assert_eq!(keys.claim(&key(2)).await.unwrap(), Claim::OtherBody);
    let outcome = Outcome {
        status: 200,
        body: Some(b"{}".to_vec()),
    };
    keys.finish(&key(1), &outcome).await.unwrap();
    assert_eq!(keys.claim(&key(1)).await.unwrap(), Claim::Finished(outcome));
    assert_eq!(keys.claim(&key(2)).await.unwrap(), Claim::OtherBody);
}

#[tokio::test]
async fn a_key_that_was_given_back_can_be_claimed_again() {
    let world = World::start(AppenderLimits::default()).await;
    let keys = IdempotencyKeys::new(world.pool.clone(), node("a"));
    let _alive = lease(&world, "a").await;
    assert_eq!(keys.claim(&key(1)).await.unwrap(), Claim::Ours);
    keys.release(&key(1)).await.unwrap();
    assert_eq!(keys.claim(&key(2)).await.unwrap(), Claim::Ours);
}

#[tokio::test]
async fn the_key_of_a_dead_process_is_taken_over_once() {
    let world = World::start(AppenderLimits::default()).await;
    let dead = IdempotencyKeys::new(world.pool.clone(), node("dead"));
    assert_eq!(dead.claim(&key(1)).await.unwrap(), Claim::Ours);
    let _alive = lease(&world, "b").await;
    let living = IdempotencyKeys::new(world.pool.clone(), node("b"));
    assert_eq!(living.claim(&key(2)).await.unwrap(), Claim::OtherBody);
    assert_eq!(living.claim(&key(1)).await.unwrap(), Claim::Ours);
    assert_eq!(living.claim(&key(1)).await.unwrap(), Claim::InFlight);
}

#[tokio::test]
async fn who_lost_a_claim_neither_answers_nor_releases_it() {
    let world = World::start(AppenderLimits::default()).await;
    let late = IdempotencyKeys::new(world.pool.clone(), node("late"));
    assert_eq!(late.claim(&key(1)).await.unwrap(), Claim::Ours);
    let _alive = lease(&world, "b").await;
    let holder = IdempotencyKeys::new(world.pool.clone(), node("b"));
    assert_eq!(holder.claim(&key(1)).await.unwrap(), Claim::Ours);
    let outcome = |status| Outcome { status, body: None };
    late.finish(&key(1), &outcome(200)).await.unwrap();
    assert_eq!(holder.claim(&key(1)).await.unwrap(), Claim::InFlight);
    late.release(&key(1)).await.unwrap();
    assert_eq!(holder.claim(&key(1)).await.unwrap(), Claim::InFlight);
    holder.finish(&key(1), &outcome(201)).await.unwrap();
    let kept = Claim::Finished(outcome(201));
    assert_eq!(late.claim(&key(1)).await.unwrap(), kept);
}

async fn lease(world: &World, name: &str) -> NodeLease {
    NodeLease::take(world.pool.clone(), node(name), Duration::from_mins(1))
        .await
        .unwrap()
}
