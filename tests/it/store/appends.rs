use std::sync::Arc;

use jan_commands::store::{AppendError, AppenderLimits, Loaded};
use jan_domain::conversation::Conversation;
use jan_tests::database::ground;

use super::{World, append, create, metadata};

#[tokio::test]
async fn writers_of_one_stream_lose_nothing_and_leave_no_gap() {
    let world = Arc::new(World::start(AppenderLimits::default()).await);
    world
        .conversations
        .create("conv_1", create(), &metadata())
        .await
        .unwrap();
    let writers = (0..8).map(|writer| {
        let world = Arc::clone(&world);
        ground().spawn(async move {
            for turn in 0..5 {
                let item = append(&format!("msg_{writer}_{turn}"));
                world
                    .conversations
                    .execute("conv_1", item, &metadata())
                    .await
                    .unwrap();
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
    assert_eq!(
        world.sequences("conv_1").await,
        (1..=41).collect::<Vec<i64>>()
    );
    let loaded = world.conversations.load("conv_1").await.unwrap();
    let Conversation::Live(live) = loaded.state else {
        panic!("it is live")
    };
    assert_eq!(live.items.len(), 40);
}

#[tokio::test]
async fn a_conflicting_append_takes_none_of_its_batch_with_it() {
    // One lane and a first statement under way, so that the rest travels as one batch.
    let limits = AppenderLimits {
        lanes: 1,
        ..AppenderLimits::default()
    };
    let world = World::start(limits).await;
    let log = world.conversations.log().clone();
    let stale = Loaded::<Conversation>::new("conv_taken");
    world
        .conversations
        .create("conv_taken", create(), &metadata())
        .await
        .unwrap();
    let mut tickets = Vec::new();
    for turn in 0..20 {
        let mut stream = match turn {
            7 => stale.clone(),
            _ => Loaded::new(&format!("conv_{turn}")),
        };
        let events = stream.decide(create(), &metadata(), &log).await.unwrap();
        tickets.push((turn, log.submit(events).await));
    }
    for (turn, ticket) in tickets {
        match ticket.await {
            Ok(_) => assert_ne!(turn, 7),
            Err(error) => {
                assert!(matches!(error, AppendError::Conflict), "{error}");
                assert_eq!(turn, 7);
            }
        }
    }
    assert_eq!(world.sequences("conv_taken").await, [1]);
    for turn in (0..20).filter(|turn| *turn != 7) {
        assert_eq!(world.sequences(&format!("conv_{turn}")).await, [1]);
    }
}

#[tokio::test]
async fn of_appends_to_one_place_the_first_succeeds_and_the_others_conflict() {
    let world = World::start(AppenderLimits::default()).await;
    let log = world.conversations.log().clone();
    let mut tickets = Vec::new();
    for _ in 0..8 {
        let mut stream = Loaded::<Conversation>::new("conv_1");
        let events = stream.decide(create(), &metadata(), &log).await.unwrap();
        tickets.push(log.submit(events).await);
    }
    let mut outcomes = Vec::new();
    for ticket in tickets {
        outcomes.push(ticket.await);
    }
    assert!(outcomes[0].is_ok());
    for outcome in &outcomes[1..] {
        assert!(matches!(outcome, Err(AppendError::Conflict)), "{outcome:?}");
    }
    assert_eq!(world.sequences("conv_1").await, [1]);
}

#[tokio::test]
async fn events_of_several_streams_are_appended_together_or_not_at_all() {
    let world = World::start(AppenderLimits::default()).await;
    let log = world.conversations.log().clone();
    world
        .conversations
        .create("conv_taken", create(), &metadata())
        .await
        .unwrap();
    let mut fresh = Loaded::<Conversation>::new("conv_fresh");
    let mut stale = Loaded::<Conversation>::new("conv_taken");
    let mut events = fresh.decide(create(), &metadata(), &log).await.unwrap();
    events.extend(stale.decide(create(), &metadata(), &log).await.unwrap());
    let refused = log.submit(events).await.await;
    assert!(matches!(refused, Err(AppendError::Conflict)));
    assert_eq!(world.sequences("conv_fresh").await, [0_i64; 0]);
}

#[tokio::test]
async fn a_command_that_was_accepted_before_adds_nothing() {
    let world = World::start(AppenderLimits::default()).await;
    let first = world
        .conversations
        .create("conv_1", create(), &metadata())
        .await
        .unwrap();
    let again = world
        .conversations
        .create("conv_1", create(), &metadata())
        .await
        .unwrap();
    assert!(first.position.is_some());
    assert_eq!(again.position, None);
    assert_eq!(again.after.version, first.after.version);
    assert_eq!(world.sequences("conv_1").await, [1]);
}

#[tokio::test]
async fn an_append_is_carried_out_when_nobody_waits_for_it() {
    let world = World::start(AppenderLimits::default()).await;
    let log = world.conversations.log().clone();
    let mut stream = Loaded::<Conversation>::new("conv_1");
    let events = stream.decide(create(), &metadata(), &log).await.unwrap();
    drop(log.submit(events).await);
    // The one writer is first in, first out per lane; a later append on both lanes is behind it.
    for turn in 0..4 {
        world
            .conversations
            .create(&format!("conv_later_{turn}"), create(), &metadata())
            .await
            .unwrap();
    }
    assert_eq!(world.sequences("conv_1").await, [1]);
}

#[tokio::test]
async fn an_event_keeps_its_bytes_and_its_provenance() {
    let world = World::start(AppenderLimits::default()).await;
    let mut metadata = metadata();
    metadata.traceparent =
        Some("00-11111111111111111111111111111111-2222222222222222-01".to_owned());
    world
        .conversations
        .create("conv_1", create(), &metadata)
        .await
        .unwrap();
    let row: (String, String, String, Option<String>, Option<String>) = sqlx::query_as(
        "select payload::text, metadata::text, tenant_id, owner_id, correlation_id from events",
    )
    .fetch_one(&world.pool)
    .await
    .unwrap();
    assert!(
        row.0
            .starts_with(r#"{"Created":{"owner":{"tenant":"default","account":"user_1"}"#),
        "{}",
        row.0
    );
    assert_eq!(row.1, serde_json::to_string(&metadata).unwrap());
    assert_eq!(
        (row.2.as_str(), row.3.as_deref(), row.4.as_deref()),
        ("default", Some("user_1"), Some("test"))
    );
}
