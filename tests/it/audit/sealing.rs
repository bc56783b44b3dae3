use std::time::Duration;

use jan_projections::audit::{Checkpoint, VerifyWish};
use sqlx::PgPool;
use tokio::task::JoinSet;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::{Work, World};

#[tokio::test]
async fn a_silent_log_has_no_seals() {
    let world = World::start().await;
    let work = Work::of([world.sealer("one", 10)]);
    sleep(Duration::from_millis(200)).await;
    work.stop().await;
    assert_eq!(world.number("select count(*) from event_seals").await, 0);
    let verified = world.verify().await.unwrap();
    assert_eq!(
        (verified.seals, verified.events, verified.unsealed),
        (0, 0, 0)
    );
}

#[tokio::test]
async fn what_is_not_sealed_yet_is_said() {
    let world = World::start().await;
    world.append(25).await;
    world.seal(10).await;
    world.append(3).await;
    let verified = world.verify().await.unwrap();
    assert_eq!((verified.seals, verified.events), (3, 25));
    assert_eq!((verified.through, verified.unsealed), (25, 3));
    let from = VerifyWish {
        from: Some(11),
        checkpoint: None,
    };
    let verified = world.verify_as(&from).await.unwrap();
    assert_eq!((verified.seals, verified.events), (2, 15));
    let beyond = VerifyWish {
        from: Some(1_000),
        checkpoint: None,
    };
    let verified = world.verify_as(&beyond).await.unwrap();
    assert_eq!((verified.seals, verified.unsealed), (0, 3));
}

#[tokio::test]
async fn sealing_goes_on_after_its_node_has_died() {
    let world = World::start().await;
    world.append(25).await;
    let mut sealer = world.sealer("one", 10);
    sealer.tuning.lease = Duration::from_millis(300);
    let mut dying = JoinSet::new();
    dying.spawn(sealer.run(CancellationToken::new()));
    world.until_sealed().await;
    dying.shutdown().await;
    world.append(25).await;
    // The lease of the dead node runs out first.
    let work = Work::of([world.sealer("two", 10)]);
    world.until_sealed().await;
    work.stop().await;
    assert_eq!(world.verify().await.unwrap().events, 50);
    let owner: String = sqlx::query_scalar("select lease_owner from event_sealer")
        .fetch_one(&world.pool)
        .await
        .unwrap();
    assert_eq!(owner, "node_two");
}

/// As if they were one node, so that the lease lets each of them seal while the others do.
#[tokio::test(flavor = "multi_thread")]
async fn nodes_that_seal_at_once_never_fork_the_chain() {
    let world = World::start().await;
    let eager = || {
        let mut sealer = world.sealer("one", 7);
        sealer.tuning.pace = Duration::from_millis(1);
        sealer
    };
    let work = Work::of([eager(), eager(), eager()]);
    for _ in 0..40 {
        world.append(5).await;
        // A check of a log that goes on finds nothing that is not there yet.
        world.verify().await.unwrap();
    }
    world.until_sealed().await;
    work.stop().await;
    let verified = world.verify().await.unwrap();
    assert_eq!((verified.events, verified.unsealed), (200, 0));
}

/// Appends now and then, and takes back every fifth.
async fn write(pool: PgPool, writer: u64) {
    for n in 0..30 {
        let mut transaction = pool.begin().await.unwrap();
        let sql = r#"
            insert into events (aggregate_type, aggregate_id, sequence, event_type, event_version,
                                payload, metadata)
            values ('conversation', $1, 1, 'E', '1.0', '{}', '{"tenant_id":"t"}')"#;
        sqlx::query(sql)
            .bind(format!("conv_{writer}_{n}"))
            .execute(&mut *transaction)
            .await
            .unwrap();
        sleep(Duration::from_millis((writer * 7 + n * 13) % 29)).await;
        if (writer + n).is_multiple_of(5) {
            transaction.rollback().await.unwrap();
        } else {
            transaction.commit().await.unwrap();
        }
    }
}

/// Transactions that end in another order than they drew their positions, or come to nothing.
#[tokio::test(flavor = "multi_thread")]
async fn seals_cover_exactly_what_has_settled_while_others_append() {
    let world = World::start().await;
    let work = Work::of([world.sealer("one", 7)]);
    let mut writers = JoinSet::new();
    for writer in 0..4 {
        writers.spawn(write(world.pool.clone(), writer));
    }
    writers.join_all().await;
    world.until_sealed().await;
    work.stop().await;
    let events = world.number("select count(*) from events").await;
    assert_eq!(events, 96);
    let verified = world.verify().await.unwrap();
    assert_eq!(verified.events.cast_signed(), events);
    assert_eq!(
        world
            .number("select sum(event_count)::bigint from event_seals")
            .await,
        events
    );
    assert_eq!(
        world.number("select count(*) from audit_index").await,
        events
    );
}

#[tokio::test]
async fn no_more_is_sealed_when_seals_were_taken_away() {
    let world = World::start().await;
    world.append(20).await;
    world.seal(10).await;
    let mut session = world.pool.acquire().await.unwrap();
    sqlx::raw_sql(
        "set session_replication_role = replica; delete from event_seals where number = 2;
         set session_replication_role = origin",
    )
    .execute(&mut *session)
    .await
    .unwrap();
    world.append(5).await;
    let work = Work::of([world.sealer("two", 10)]);
    sleep(Duration::from_millis(300)).await;
    work.stop().await;
    assert_eq!(world.number("select max(number) from event_seals").await, 1);
    let fault = world.verify().await.unwrap_err().to_string();
    assert_eq!(fault, "the seals after number 1 are gone: 2 were made");
}

#[tokio::test]
async fn a_checkpoint_is_a_note_that_says_what_it_says() {
    let world = World::start().await;
    world.append(25).await;
    world.seal(10).await;
    let taken = Checkpoint::take(&world.pool, &*world.key).await.unwrap();
    assert_eq!((taken.size, taken.position), (3, 25));
    let text = taken.to_string();
    let read: Checkpoint = text.parse().unwrap();
    assert_eq!(read, taken);
    assert!(read.is_signed_by_one_of(&[world.public_key()]));
    assert!(!read.is_signed_by_one_of(&[super::key().public_key().into()]));
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines[..2], ["jan-server/event-log", "3"]);
    for (from, to) in [
        ("\n3\n", "\n2\n"),
        ("position 25", "position 26"),
        ("time 2", "time 3"),
    ] {
        let bent = text.replacen(from, to, 1);
        let accepted = bent.parse::<Checkpoint>();
        let accepted = accepted.is_ok_and(|bent| bent.is_signed_by_one_of(&[world.public_key()]));
        assert!(!accepted, "{bent}");
    }
    for wrong in [
        "",
        "jan-server/event-log\n3\n",
        &text[1..],
        &format!("{text} "),
    ] {
        assert!(wrong.parse::<Checkpoint>().is_err(), "{wrong}");
    }
}

#[tokio::test]
async fn seals_are_only_inserted() {
    let world = World::start().await;
    world.append(5).await;
    world.seal(10).await;
    for statement in [
        "update event_seals set root = root",
        "update events set payload = payload",
        "delete from event_seals",
        "truncate event_seals",
        "truncate events, event_seals cascade",
        "insert into event_seals select * from event_seals
             on conflict (number) do update set sealed_at = now()",
        "merge into events using (select 1 as position) as one on events.position = one.position
             when matched then delete",
        "with gone as (delete from events returning 1) select * from gone",
    ] {
        let refused = sqlx::query(statement)
            .execute(&world.pool)
            .await
            .unwrap_err();
        let refused = refused.as_database_error().unwrap();
        assert_eq!(
            refused.code().as_deref(),
            Some("42501"),
            "{statement}: {refused}"
        );
    }
}
