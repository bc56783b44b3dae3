//! An event that cannot be folded is set aside with the rest of its stream, and only that.

use chrono::DateTime;
use jan_domain::UserMetadata;
use jan_domain::conversation::{Conversation, ConversationEvent};
use jan_domain::id::ConversationId;
use jan_projections::list_projections;
use sqlx::PgPool;

use super::database::database;
use super::log::{Node, append, append_raw, owner};

pub(super) fn created(title: &str) -> ConversationEvent {
    ConversationEvent::Created {
        owner: owner("ann"),
        title: Some(title.to_owned()),
        metadata: UserMetadata::default(),
        referrer: None,
        at: DateTime::UNIX_EPOCH,
    }
}

pub(super) fn retitled(title: &str) -> ConversationEvent {
    ConversationEvent::TitleChanged {
        title: title.to_owned(),
        at: DateTime::UNIX_EPOCH,
    }
}

fn referred() -> ConversationEvent {
    ConversationEvent::ReferrerChanged {
        referrer: "web".to_owned(),
        at: DateTime::UNIX_EPOCH,
    }
}

/// Twenty streams of two events; `spoil` writes the third event of stream 7, a fourth follows.
pub(super) async fn history_with_a_spoilt_stream(
    pool: &PgPool,
    spoil: impl AsyncFn(&PgPool, &str),
) {
    let mut connection = pool.acquire().await.unwrap();
    for number in 0..20 {
        let id = format!("conv_{number}");
        append::<Conversation>(&mut connection, &id, 1, &created("old")).await;
        append::<Conversation>(&mut connection, &id, 2, &retitled("new")).await;
        if number == 7 {
            spoil(pool, &id).await;
            append::<Conversation>(&mut connection, &id, 4, &referred()).await;
        }
    }
}

async fn titles(node: &Node) -> Vec<Option<String>> {
    let reads = node.running.read_models();
    let mut titles = Vec::new();
    for number in 0..20 {
        let id = ConversationId::parse(&format!("conv_{number}")).unwrap();
        let row = reads.conversations.find(&owner("ann"), &id).await.unwrap();
        titles.push(row.and_then(|row| row.title));
    }
    titles
}

async fn parked(pool: &PgPool) -> Vec<(String, String, i32)> {
    let sql = "select name, aggregate_id, attempts from parked_events order by name, position";
    sqlx::query_as(sql).fetch_all(pool).await.unwrap()
}

fn parked_by(name: &str, attempts: i32) -> (String, String, i32) {
    (name.to_owned(), "conv_7".to_owned(), attempts)
}

#[tokio::test]
async fn a_change_the_database_refuses_parks_its_stream_and_the_rest_goes_on() {
    let (pool, _database) = database().await;
    history_with_a_spoilt_stream(&pool, async |pool, id| {
        let mut connection = pool.acquire().await.unwrap();
        // No text column takes a NUL.
        append::<Conversation>(&mut connection, id, 3, &retitled("a\0b")).await;
    })
    .await;
    let node = Node::start(&pool, "one");
    node.settle().await;

    assert_eq!(titles(&node).await, vec![Some("new".to_owned()); 20]);
    let expected = vec![parked_by("conversations", 3), parked_by("conversations", 0)];
    assert_eq!(parked(&pool).await, expected);
    for status in list_projections(&pool).await.unwrap() {
        let is_spoilt = status.name == "conversations";
        assert_eq!(status.parked_count, if is_spoilt { 2 } else { 0 });
        assert_eq!(
            (status.event_count, status.lag_events),
            (42, 0),
            "{status:?}"
        );
        assert_eq!(status.lease_owner.as_deref(), Some("node_one"));
    }
    node.stop().await;
}

#[tokio::test]
async fn an_event_that_nobody_can_read_parks_its_stream_for_every_projection() {
    let (pool, _database) = database().await;
    history_with_a_spoilt_stream(&pool, async |pool, id| {
        let mut connection = pool.acquire().await.unwrap();
        let stream = ("conversation", id, 3);
        append_raw(
            &mut connection,
            stream,
            ("ConversationPainted", "1.0"),
            "{}",
        )
        .await;
    })
    .await;
    let node = Node::start(&pool, "one");
    node.settle().await;

    assert_eq!(titles(&node).await, vec![Some("new".to_owned()); 20]);
    let names = [
        "accounts",
        "conversations",
        "documents",
        "media",
        "responses",
        "runs",
        "usage",
    ];
    let expected: Vec<_> = names
        .iter()
        .flat_map(|name| [parked_by(name, 1), parked_by(name, 0)])
        .collect();
    assert_eq!(parked(&pool).await, expected);
    node.stop().await;
}

#[tokio::test]
async fn a_parked_stream_stays_parked_after_a_restart() {
    let (pool, _database) = database().await;
    history_with_a_spoilt_stream(&pool, async |pool, id| {
        let mut connection = pool.acquire().await.unwrap();
        append::<Conversation>(&mut connection, id, 3, &retitled("a\0b")).await;
    })
    .await;
    let node = Node::start(&pool, "one");
    node.settle().await;
    node.stop().await;

    let mut connection = pool.acquire().await.unwrap();
    append::<Conversation>(&mut connection, "conv_7", 5, &retitled("late")).await;
    append::<Conversation>(&mut connection, "conv_8", 3, &retitled("late")).await;
    let node = Node::start(&pool, "two");
    node.settle().await;
    let titles = titles(&node).await;
    assert_eq!(titles[7].as_deref(), Some("new"));
    assert_eq!(titles[8].as_deref(), Some("late"));
    assert_eq!(parked(&pool).await.len(), 3);
    node.stop().await;
}
