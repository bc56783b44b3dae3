//! The event log as an operator reads it.

use futures::StreamExt;
use jan_projections::{EventFilter, EventTail};

use super::database::database;
use super::log::append_raw;
use super::responses::twelve_responses;

#[tokio::test]
async fn the_event_log_is_read_by_stream_by_type_and_by_trace() {
    let (pool, _database) = database().await;
    twelve_responses(&pool).await;
    let trace = "0af7651916cd43dd8448eb211c80319c";
    let mut connection = pool.acquire().await.unwrap();
    append_raw(
        &mut connection,
        ("response", "chatcmpl-x", 1),
        ("Odd", "1.0"),
        "{}",
    )
    .await;
    let sql = r"
        insert into events
               (aggregate_type, aggregate_id, sequence, event_type, event_version, payload,
                metadata)
        values ('response', 'chatcmpl-x', 2, 'Odd', '1.0', '{}',
                json_build_object('tenant_id', 'default', 'traceparent', $1::text))";
    let traceparent = format!("00-{trace}-b7ad6b7169203331-01");
    sqlx::query(sql)
        .bind(traceparent)
        .execute(&mut *connection)
        .await
        .unwrap();

    let tail = EventTail::new(pool.clone());
    let stream = tail.stream("chatcmpl-0").await.unwrap();
    let types: Vec<&str> = stream
        .iter()
        .map(|event| event.event_type.as_str())
        .collect();
    assert_eq!(types, ["ResponseRequested", "ResponseCompleted"]);
    let filter = EventFilter {
        event_type: Some("ResponseCompleted".to_owned()),
        aggregate_id: None,
    };
    let last = tail.last(3, &filter).await.unwrap();
    let streams: Vec<&str> = last
        .iter()
        .map(|event| event.aggregate_id.as_str())
        .collect();
    assert_eq!(streams, ["chatcmpl-4", "chatcmpl-5", "chatcmpl-6"]);
    let traced = tail.of_trace(trace).await.unwrap();
    assert_eq!((traced.len(), traced[0].sequence), (1, 2));
    let followed: Vec<_> = tail.follow(0, filter).take(7).collect().await;
    assert_eq!(followed.len(), 7);
}
