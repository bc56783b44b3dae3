//! Snapshots: advice that may be missing, old, broken or wrong, and changes nothing but time.

use std::time::{Duration, Instant};

use cqrs_es::Aggregate as _;
use jan_commands::store::AppenderLimits;
use jan_domain::Decider;
use jan_domain::conversation::{Conversation, ConversationCommand, ConversationEvent};
use jan_domain::history::Event;
use jan_domain::response::Response;
use sqlx::PgPool;

use super::{World, at, metadata};
use crate::history::samples::samples;

const ID: &str = "conv_long";

/// Writes a stream of so many events at once: the creation, then `following`, a JSON text with the
/// event's number in place of N.
async fn write(pool: &PgPool, events: i64, following: &str) {
    let created = r#"{"Created":{"owner":{"tenant":"default","account":"user_1"},"title":null,"metadata":{},"referrer":null,"at":"2026-01-01T00:00:00Z"}}"#;
    let sql = r"
        insert into events (aggregate_type, aggregate_id, sequence, event_type, event_version,
                            payload, metadata)
        select 'conversation', $1, n, 'ConversationEvent', '1.0',
               case n when 1 then $3 else replace($4, 'N', n::text) end::json,
               $5::json
          from generate_series(1, $2) as n
         order by n";
    sqlx::query(sql)
        .bind(ID)
        .bind(events)
        .bind(created)
        .bind(following)
        .bind(serde_json::to_string(&metadata()).unwrap())
        .execute(pool)
        .await
        .unwrap();
}

const RETITLED: &str = r#"{"TitleChanged":{"title":"title N","at":"2026-01-01T00:00:00Z"}}"#;

async fn loaded(world: &World) -> (Conversation, i64) {
    let loaded = world.conversations.load(ID).await.unwrap();
    (loaded.state, loaded.version)
}

async fn snapshot_version(pool: &PgPool) -> Option<i64> {
    let sql = "select version from snapshots where aggregate_id = $1";
    sqlx::query_scalar(sql)
        .bind(ID)
        .fetch_optional(pool)
        .await
        .unwrap()
}

/// Waits until there is a snapshot of this version.
async fn until_taken(pool: &PgPool, version: i64) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while snapshot_version(pool).await != Some(version) {
        assert!(Instant::now() < deadline, "no snapshot of {version}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

async fn change(pool: &PgPool, assignment: &str) {
    let sql = format!("update snapshots set {assignment}");
    let changed = sqlx::query(&sql).execute(pool).await;
    assert_eq!(changed.unwrap().rows_affected(), 1);
}

#[tokio::test]
async fn a_snapshot_is_used_and_nothing_but_time_depends_on_it() {
    let world = World::start(AppenderLimits::default()).await;
    write(&world.pool, 2_000, RETITLED).await;
    let first = loaded(&world).await;
    assert_eq!(first.1, 2_000);
    until_taken(&world.pool, 2_000).await;
    assert_eq!(loaded(&world).await, first);
    // That it is used shows when it tells something else.
    change(
        &world.pool,
        "state = replace(state, 'title 2000', 'told otherwise')",
    )
    .await;
    let Conversation::Live(live) = loaded(&world).await.0 else {
        panic!("it is alive")
    };
    assert_eq!(live.title.as_deref(), Some("told otherwise"));
    sqlx::query("delete from snapshots")
        .execute(&world.pool)
        .await
        .unwrap();
    assert_eq!(loaded(&world).await, first);
    until_taken(&world.pool, 2_000).await;
    for broken in [
        "schema_hash = 'of another program'",
        "state = '{\"Live\":'",
        "state = '{\"Live\":{}}'",
        "version = 2001",
        "version = 5000",
    ] {
        change(&world.pool, broken).await;
        assert_eq!(loaded(&world).await, first, "{broken}");
        sqlx::query("delete from snapshots")
            .execute(&world.pool)
            .await
            .unwrap();
        assert_eq!(loaded(&world).await, first);
        until_taken(&world.pool, 2_000).await;
    }
}

#[tokio::test]
async fn a_command_on_a_snapshot_goes_on_where_the_stream_ends() {
    let world = World::start(AppenderLimits::default()).await;
    write(&world.pool, 1_200, RETITLED).await;
    loaded(&world).await;
    until_taken(&world.pool, 1_200).await;
    for n in 1..=3 {
        let command = ConversationCommand::Update {
            title: Some(format!("again {n}")),
            metadata: None,
            referrer: None,
            at: at(),
        };
        let done = world.conversations.execute(ID, command, &metadata()).await;
        assert_eq!(done.unwrap().after.version, 1_200 + n);
    }
    let (state, version) = loaded(&world).await;
    let all = world
        .conversations
        .as_of(ID, jan_commands::store::Moment::Head)
        .await;
    let all = all.unwrap().then;
    assert_eq!((state, version), (all.state, all.version));
    // A few events are not worth another one.
    assert_eq!(snapshot_version(&world.pool).await, Some(1_200));
}

#[tokio::test]
async fn a_short_stream_has_none() {
    let world = World::start(AppenderLimits::default()).await;
    write(&world.pool, 999, RETITLED).await;
    loaded(&world).await;
    assert_eq!(snapshot_version(&world.pool).await, None);
    assert_eq!(
        world.conversations.load("conv_none").await.unwrap().version,
        0
    );
}

/// A state that looks otherwise than it did under its number would be read wrongly. Raise the
/// aggregate's `STATE_VERSION` when this fails, and accept the new picture.
#[test]
fn a_states_look_is_the_one_of_its_version() {
    let mut conversation = Conversation::default();
    let mut response = Response::default();
    for event in samples() {
        match event {
            Event::Conversation(ConversationEvent::RunEnded { .. }) => {}
            Event::Conversation(ConversationEvent::Deleted { .. }) => {}
            Event::Conversation(event) => conversation.apply(event),
            Event::Response(event) if response == Response::default() => response.apply(event),
            _ => {}
        }
    }
    let look = |version: u32, state: serde_json::Value| serde_json::json!([version, state]);
    insta::assert_json_snapshot!(
        "conversation_state",
        look(Conversation::STATE_VERSION, serde_json::json!(conversation))
    );
    insta::assert_json_snapshot!(
        "response_state",
        look(Response::STATE_VERSION, serde_json::json!(response))
    );
}
