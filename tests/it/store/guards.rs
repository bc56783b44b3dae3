use jan_commands::store::AppenderLimits;
use sqlx::error::DatabaseError;

use super::{World, create, metadata};

#[tokio::test]
async fn history_cannot_be_rewritten() {
    let world = World::start(AppenderLimits::default()).await;
    world
        .conversations
        .create("conv_1", create(), &metadata())
        .await
        .unwrap();
    for statement in [
        "update events set payload = '{}'",
        "update events set recorded_at = now() where position = 1",
        "delete from events",
        "truncate events",
    ] {
        let refused = sqlx::query(statement)
            .execute(&world.pool)
            .await
            .unwrap_err();
        let code = refused.as_database_error().and_then(DatabaseError::code);
        assert_eq!(code.as_deref(), Some("42501"), "{statement}: {refused}");
    }
    assert_eq!(world.sequences("conv_1").await, [1]);
}

#[tokio::test]
async fn an_event_without_a_tenant_is_refused_by_the_database() {
    let world = World::start(AppenderLimits::default()).await;
    let insert = "insert into events (aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata)
                  values ('conversation', 'conv_1', 1, 'ConversationDeleted', '1.0', '{}', $1::json)";
    let refused = sqlx::query(insert).bind("{}").execute(&world.pool).await;
    assert!(refused.is_err(), "no tenant");
    // The columns that postgres-es knows are enough for all others to have their values.
    let taken = sqlx::query(insert)
        .bind(r#"{"tenant_id":"default"}"#)
        .execute(&world.pool)
        .await;
    assert_eq!(taken.unwrap().rows_affected(), 1);
}

#[tokio::test]
async fn positions_are_drawn_after_transaction_ids() {
    let world = World::start(AppenderLimits::default()).await;
    let columns: Vec<String> = sqlx::query_scalar(
        "select column_name::text from information_schema.columns
          where table_name = 'events' and column_name in ('xid', 'position')
          order by ordinal_position",
    )
    .fetch_all(&world.pool)
    .await
    .unwrap();
    assert_eq!(columns, ["xid", "position"], "the feed's gate relies on it");
}
